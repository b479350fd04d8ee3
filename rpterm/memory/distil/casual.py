"""Casual English as people type it in a chat, rewritten in the spelling that the rules know.

"im tom btw" becomes "I'm tom by the way", "my sisters name is anna" "my sister's name is Anna". A
name is given its capital only where grammar leaves no doubt that it is one, and only in a text
whose writer uses no capitals inside sentences. Texts in other languages are returned unchanged.
"""

from __future__ import annotations

import re

from rpterm.memory.distil.word_lists import KIN, PETS, alternatives

_SPELLINGS = {
    "im": "I'm", "ive": "I've", "dont": "don't", "doesnt": "doesn't", "didnt": "didn't",
    "isnt": "isn't", "arent": "aren't", "wasnt": "wasn't", "cant": "can't", "wont": "won't",
    "havent": "haven't", "hasnt": "hasn't", "wouldnt": "wouldn't", "couldnt": "couldn't",
    "whats": "what's", "wheres": "where's", "whos": "who's", "hows": "how's", "whens": "when's",
    "thats": "that's", "hes": "he's", "shes": "she's",
    "theyre": "they're", "youre": "you're", "lets": "let's", "u": "you", "ur": "your",
    "cuz": "because", "coz": "because", "cos": "because", "bc": "because",
    "btw": "by the way", "tmrw": "tomorrow", "tmr": "tomorrow", "bday": "birthday",
    "fav": "favourite", "fave": "favourite", "bf": "boyfriend", "gf": "girlfriend",
}  # fmt: skip
_SPELLED = re.compile(rf"(?<![\w'’.])(?:{'|'.join(_SPELLINGS)})(?![\w'’])", re.IGNORECASE)
_WILL = re.compile(
    r"(?:(?<=^)|(?<=[,.!?;] )|(?<=promise ))"
    r"ill(?= (?:be|bring|buy|call|come|do|get|give|go|help|make|meet|see|send|show|"
    r"take|tell|visit|wait|write)\b)",
    re.IGNORECASE,
)
_OWNER = re.compile(
    rf"\b(my (?:\w+ )?(?:{alternatives(KIN)}|{alternatives(PETS)}))s(?= name\b)", re.IGNORECASE
)
_OTHER_LANGUAGE = re.compile(r"\b(?:ich|und|ist|nicht|wir|der|das|el|es|une?|les|je|het|een|och)\b")
_CAPITAL_INSIDE = re.compile(r"(?<=[^\s.!?…*\"”“(])\s+(?!I\b)[A-Z]")
_NAME_CUE = re.compile(
    r"\b((?:name(?: is|['’]s)|call me|called|named|(?:I['’]m|I am|come) (?:originally )?from|"
    r"moved to|(?:live|lived|living|born|grew up) in) )"
    r"(?!(?:not?|an?|the|my|your|his|her|its|our|their|this|that|it|here|there|home|town|hell|"
    r"me|us|you|him|them|i|he|she|they|we|space|nowhere|abroad|prison|jail|outside|another|far|"
    r"last|after|secret|unimportant|irrelevant|unknown|nothing|work|school|church|bed|fear|peace|"
    r"sin)\b)((?:new|san|los|las|santa|saint|st|south|north|east|west) )?([a-z])"
    r"(?=[\w'’-]+(?:$|[,.!?;]|[ ](?:and|but|with|now|by|since|for|last|from|so|because|when)\b))",
    re.IGNORECASE,
)


def write_out(text: str) -> str:
    """The text with the usual spellings, and with capitals where its names lack them."""
    if _OTHER_LANGUAGE.search(text):
        return text
    text = _SPELLED.sub(_spelled, text)
    text = _OWNER.sub(r"\1's", _WILL.sub("I'll", text))
    if _CAPITAL_INSIDE.search(text):
        return text
    return _NAME_CUE.sub(_capitalised, text)


def _spelled(found: re.Match[str]) -> str:
    word = _SPELLINGS[found[0].lower()]
    return word[0].upper() + word[1:] if found[0][0].isupper() else word


def _capitalised(found: re.Match[str]) -> str:
    return found[1] + (found[2] or "").capitalize() + found[3].upper()
