"""What a person plainly stated in a turn: declarative clauses, one thing each. Knows English only.

Everything in doubt is left out: questions, conditions, wishes, guesses, jokes, stage directions
between asterisks, remarks in brackets, and words put into somebody else's mouth. A fact that is
missed costs little, because the turn itself stays recallable; a wrong one misleads for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rpterm.sentences import sentences

_ASIDE = re.compile(r"\*+[^*]*\*+|\([^)]*\)|\[[^\]]*\]|```.*?```|(?m:^>.*$)", re.DOTALL)
_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]*)[\"”“»]")
_QUOTE_MARK = re.compile(r"[\"“”„«»]")
_BREAK = re.compile(r"\s+[-–—]+\s+|;\s*|[—]")
_CLAUSE = re.compile(
    r"(?:,\s*(?:(?:and|but|so|though|because|since|for|yet)\s+)?|\s+(?:and|but|because|though)\s+)"
    r"(?=(?:now\s+|then\s+)?(?:I|i|I['’](?:m|ve|d|ll)|my|we)\b)"
    # What has no subject of its own is left out: "I love herring and hate the dark".
    r"|\s+(?:and|but)\s+(?=(?:also\s+|really\s+)?(?:hate|dislike|detest|despise|adore|enjoy|"
    r"prefer|(?:love|like)\s+(?:the|my|to|a|an|it|when|how))\b(?!-))"
)
_REPORTING = (
    r"(?:says?|said|asks?|asked|tells?|told|writes?|wrote|replie[sd]|shout(?:s|ed)|"
    r"whisper(?:s|ed)|claim(?:s|ed)|thinks?|thought|believe[sd]?|insist(?:s|ed)|sings?|sang|"
    r"hears?|heard|quote[sd]?)"
)
_REPORTED = re.compile(rf"(?<![\w'’])(?![Ii]\b)[\w'’]+\s+(?:\w+\s+)?{_REPORTING}\b")
_TOLD_BY_ME = re.compile(rf"\b[Ii](?:['’]ve)?\s+(?:\w+\s+)?{_REPORTING}\b")
_UNREAL = re.compile(
    r"\b(?:if|unless|wish(?:ed|es)?|would(?:n['’]t)?|could(?:n['’]t)?|might|maybe|perhaps|"
    r"probably|possibly|suppos(?:e|ed|ing)|imagin(?:e|ed|ing)|pretend(?:ed|ing|s)?|"
    r"dream(?:ed|t|ing|s)?|hopefully|as though|let['’]?s say|what about|not sure|"
    r"until you|someday|one day|in another life|in my next life|play(?:ing)? the (?:part|role)|"
    r"[Ii] (?:think|guess|believe|bet|reckon|fear|doubt)|[Ii]['’]d)\b",
    re.IGNORECASE,
)
_WORDY = re.compile(r"[^\W_]")
_JOKE = re.compile(
    r"\b(?:jok(?:e|ed|es|ing)|kidding|ha(?:ha)+|hehe|lol|lmao|rofl|sarcas\w+|lied|lying|"
    r"once upon a time|true or false|two truths)\b|[;:]-?[)P]|[😂🤣😜😉]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """One plain statement.

    Attributes:
        text: As it was said, without the mark at its end.
        place: Its number in the turn, from 0.
    """

    text: str
    place: int


def clauses(text: str) -> list[Clause]:
    """The plain statements of a turn, in order."""
    if _JOKE.search(text):
        return []
    found = [part for sentence in _sentences(text) for part in _parts(sentence)]
    return [Clause(part, place) for place, part in enumerate(found)]


def _sentences(text: str) -> Iterator[str]:
    plain = _ASIDE.sub(" ", text)
    # Speech that the narration gives to somebody else is theirs; other quotation marks hold a
    # title, a name, or the user's own speech.
    outside = _QUOTED.sub(" ", plain)
    if _REPORTED.search(outside):
        plain = outside
    for sentence in sentences(_QUOTE_MARK.sub("", plain)):
        yield from (part.strip() for part in _BREAK.split(sentence))


def _parts(sentence: str) -> Iterator[str]:
    if not sentence or sentence.endswith("?") or _UNREAL.search(sentence):
        return
    for part in _CLAUSE.split(sentence.rstrip(".!…, ")):
        part = part.strip(" ,:")
        if _REPORTED.search(part) or _TOLD_BY_ME.search(part):
            return  # It, and what follows, may be somebody's opinion of the speaker.
        if _WORDY.search(part):
            yield part
