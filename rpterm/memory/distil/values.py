"""The value of a plain statement: cut out of its clause, checked, and put into the third person."""

from __future__ import annotations

import re

from rpterm.memory.distil.word_lists import LANGUAGES
from rpterm.text.calendar_names import MONTHS

_SUBORDINATE = re.compile(
    r"\s*(?:,|\s(?:because|since|when|whenever|which|who|where|while|though|although|but|"
    r"so(?! many)|until|what (?:is|are|do|about)|how (?:about|are|is)|(?:do|are|can|did|have) you|"
    r"after|before|if|that|unless|whereas|and (?:I|i|my|we|it|he|she|they|that|so|then))\b).*$"
)
_TIME_PHRASE = re.compile(
    r"\s+(?:(?:last|this|next) (?:week|month|year|spring|summer|autumn|fall|winter|night|"
    r"[A-Z]\w+)|yesterday|today|tomorrow|recently|lately|(?:in|since) \d{4}|"
    r"(?:for )?(?:(?:over|almost|nearly|about|more than) )?"
    r"(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|"
    r"\w+ty|some|several|many|a few) (?:days?|weeks?|months?|years?)(?: ago| now)?|"
    rf"in (?:{'|'.join(MONTHS)})(?: \d{{4}})?)$"
)
_SECOND_VERB = re.compile(
    r" (?:and|but|or) (?:\w+ing|\w+ed|ha(?:ve|d|s)|am|was|were|got?|went|left|quit|want|need|try|"
    r"do|did|can|will|run|drive|make|take)\b.*$"
)
_FILLER = re.compile(
    r"\s+(?:now|too|as well|anyway|again|at the moment|these days|nowadays|you know|actually|"
    r"really|very much|so much|a lot|most of all|more than anything|by the way|myself|either|"
    r"any ?more|any longer|better|the best|the most|at all|yet|please|thanks|thank you|of course)$",
    re.IGNORECASE,
)
_VAGUE_TEXT = (
    "you it that this these those your yours his her hers him them their he she they we us "
    "something someone somebody anything everything nothing one here there how what when where "
    "why who whom whoever whatever being having not to "
)
_VAGUE = frozenset(_VAGUE_TEXT.split())
_THIRD_PERSON = {"my": "their", "mine": "theirs", "me": "them", "myself": "themselves", "i": "they",
        "i'm": "they are", "i've": "they have", "our": "their"}  # fmt: skip
_IDIOMS_TEXT = (
    "hope fear peace sin denial misery dread harmony luxury poverty squalor exile past present "
    "future moment now shadow shadows dark clouds dreams tears pieces point conclusion night home "
    "noon last least first once times silence secret general "
)
IDIOMS = frozenset(_IDIOMS_TEXT.split())
_NUMBERS_TEXT = (
    "twenty thirty forty fifty sixty seventy eighty ninety ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen "
)
_NUMBERS = frozenset(_NUMBERS_TEXT.split())
_DEICTIC_TEXT = (
    "them they it its this these those that there here him her he she you your ton lot one "
    "ones thing things stuff part way"
)
_DEICTIC = frozenset(_DEICTIC_TEXT.split())
_PREPOSITIONS = frozenset(
    ["to", "of", "with", "for", "in", "on", "at", "by", "from", "about", "like"]
)
_RELATIVES = frozenset(["that", "which", "who", "whom", "where", "when", "if"])
_MAX_WORDS = 9

_NO_NAME = re.compile(
    rf"^(?:{'|'.join(LANGUAGES.split())}|Swiss|Belgian|Jewish|Sagittarius|Aquarius|Gemini|Virgo|"
    r"Aries|Leo|Libra|Scorpio|Taurus|Pisces|Cancer|Capricorn|Muslim|Hindu|Sikh|Mormon|Protestant|"
    r"Dane|Swede|Finn|Pole|Scot|Turk|Serb|Croat|God|Death|Satan|Santa|Batman|Sorry|Fine|Okay|Sure|"
    r"Ready|Back|Here|Done|Good)$|(?:an|ish|ese|ic|ist|i)$"
)
PROPER = re.compile(r"[A-ZÀ-ÖØ-Þ][\w'’.-]*")


def trim(value: str) -> str:
    """The value without what follows it in the clause: reasons, times, fillers."""
    value = _SUBORDINATE.sub("", value).strip(" ,.;:!")
    previous = ""
    while value != previous:
        previous = value
        value = _FILLER.sub("", _TIME_PHRASE.sub("", value)).strip(" ,")
    return value


def trim_place(value: str) -> str:
    """A place without what else is said about the speaker: "Leeds and work from home"."""
    return _SECOND_VERB.sub("", value)


def third_person(value: str) -> str:
    """Put a value into the third person: ``my two cats`` → ``their two cats``."""
    return re.sub(
        r"\b(?:I['’](?:m|ve)|my|mine|me|myself|I|our)\b",
        lambda found: _THIRD_PERSON[found[0].lower().replace("’", "'")],
        value,
        flags=re.IGNORECASE,
    )


def with_listener(value: str, listener: str) -> str:
    """Put the listener's name in the place of "you", except in a bare ``tell you``."""
    if re.fullmatch(r"(?:tell|show|ask|give|let|answer|remind|promise|teach) you", value):
        return value
    named = re.sub(r"\byour\b", lambda _: f"{listener}'s", value, flags=re.IGNORECASE)
    return re.sub(r"\byou\b", lambda _: listener, named, flags=re.IGNORECASE)


def is_thing(value: str) -> bool:
    """Whether the words name something by themselves, not only by what was said before."""
    words = value.lower().split()
    return bool(words) and len(words) <= _MAX_WORDS and words[0] not in _VAGUE and (
        len(words) > 1 or words[0] not in ("a", "an", "the", "my")
    )  # fmt: skip


def is_self_contained(value: str, said: str) -> bool:
    """Whether the value keeps its meaning outside the conversation: no "them", no "the color".

    Args:
        said: What was said from the value on, to the end of the clause.
    """
    words, rest = value.lower().split(), said[len(value) :].split()
    if not words or _DEICTIC.intersection(words) or words[-1] in _PREPOSITIONS:
        return False
    if rest and rest[0].lower().strip(",") in _RELATIVES:
        return False
    return words[0] not in ("the", "all", "both", "our") or (len(words) == 2 and not rest)


def is_place(value: str) -> bool:
    """Whether the words can be a place: a name, or a noun with an article; no idiom."""
    words = value.split()
    if not is_thing(value) or words[-1].lower() in IDIOMS:
        return False
    if PROPER.match(words[0]) or words[0].lower() in ("a", "an", "my", "the"):
        return any(PROPER.match(word) for word in words) or words[0].lower() != "the" or (
            len(words) > 2
        )  # fmt: skip
    return len(words) <= 2 and value == value.lower()


def is_proper(value: str) -> bool:
    """Whether the words begin with a capital or a digit, apart from articles."""
    words = [w for w in value.split() if w.lower() not in ("a", "an", "the", "in", "on", "near")]
    return bool(words) and len(value.split()) <= _MAX_WORDS and (
        bool(PROPER.match(words[0])) or words[0][0].isdigit()
    )  # fmt: skip


def is_name(value: str) -> bool:
    """Whether the words are one to four capitalised ones, such as a person's name."""
    words = value.split()
    small = ("of", "de", "van", "von", "la", "the", "der", "da", "di")
    return 1 <= len(words) <= 4 and all(PROPER.match(w) or w in small for w in words)


def is_own_name(value: str) -> bool:
    """Whether what follows "I am" is a name, and not "Roman Catholic" or "Dutch"."""
    words = value.split()
    return is_name(value) and words[0] != "The" and not any(map(_NO_NAME.search, words))


def is_age(value: str) -> bool:
    """Whether it is a plausible number of years of age."""
    if value.isdecimal():
        return len(value) <= 3 and 3 <= int(value) <= 120
    return value.lower().partition("-")[0] in _NUMBERS
