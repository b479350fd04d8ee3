"""Reads speech tags, the narration that names a quotation's speaker: "said Mr. Darcy". Pure.

It knows words and no people: a name, a pronoun or a noun ("the old lady") is returned as it stands.
Only English is read, and a clause that names its speaker far from the verb is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rpterm.novels.quotations import Paragraph
from rpterm.novels.titles import TITLES

Kind = Literal["name", "pronoun", "narrator", "noun"]

_SPEECH_VERBS_TEXT = (
    "said says cried cries replied asked answered exclaimed observed remarked returned continued "
    "added whispered murmured muttered repeated began resumed rejoined shouted called declared "
    "demanded inquired enquired interrupted responded retorted suggested sighed growled screamed "
    "roared gasped thought went sobbed faltered laughed explained agreed announced protested "
    "pleaded persisted concluded ejaculated snapped stammered admitted insisted commented "
    "groaned moaned urged hissed grunted breathed ventured proposed assented pursued proceeded "
    "panted grumbled mumbled stuttered chuckled sneered wailed howled bawled yelled screeched "
    "shrieked thundered croaked piped lisped drawled reasoned mused reflected wondered "
    "acknowledged affirmed confessed corrected cautioned warned advised argued asserted "
    "assured begged implored "
    "bellowed commanded ordered complained echoed finished intervened interposed interjected "
    "lamented objected offered prayed prompted queried questioned quoted recited remonstrated "
    "reported scolded scoffed snarled stormed spoke swore teased whimpered whined vowed uttered "
    "reiterated quavered sniffed sniggered giggled blurted stated chimed broke burst"
)
SPEECH_VERBS = frozenset(_SPEECH_VERBS_TEXT.split())
_MALE_NOUNS_TEXT = (
    "man gentleman boy fellow lad father brother son husband uncle nephew grandfather king "
    "prince lord knight vicar priest monk sailor mariner soldier policeman constable landlord "
    "waiter butler footman coachman cabman porter clerk squire captain colonel beadle "
    "undertaker jew frenchman englishman bridegroom widower guv'nor papa"
)
_FEMALE_NOUNS_TEXT = (
    "woman lady girl mother sister daughter wife aunt niece grandmother queen princess "
    "landlady housemaid maid nurse governess matron housekeeper widow bride hostess mamma "
    "nursemaid"
)
MALE_NOUNS = frozenset(_MALE_NOUNS_TEXT.split())
FEMALE_NOUNS = frozenset(_FEMALE_NOUNS_TEXT.split())
WORD = r"[A-Z](?:[\w’']|-(?!-))*\w"
_NO_NAMES_TEXT = (
    "I He She They It We You The A An His Her My Our Their And But Then There This That So "
    "Not No Yes Oh Ah Well If When What Who How Why Where At In On For To As Now One All "
    "After Before While With Without Upon Having Being Here Once Still Yet Again From By "
    "Perhaps Suddenly Presently Nobody Somebody Everybody Such Some Every Many Most Much "
    "These Those Both Either Neither Another Nothing Something Everything Only Even Just Next "
    "Soon Never Ever Always Though Although Because Since Until Till Unless Whether Which "
    "Whose Whom Mine Good Great Little Poor Dear Old Young Of Or Nor Very Too Like Let Come "
    "Do Is Was Are Were Be Had Have Did Two Three Four Will Would Could Should May Might Must "
    "Can Shall Its Your Me Him Them Us"
)
NO_NAMES = frozenset(_NO_NAMES_TEXT.split())
_SHORT_TITLES = "Mr|Mrs|Ms|Dr|St|Mlle|Mme|Rev"
"""Titles that are abbreviations, written with a full stop and never alone."""
TITLE = (
    rf"(?:(?:{_SHORT_TITLES})\b\.?|(?:"
    + "|".join(sorted({t.capitalize() for t in TITLES} - set(_SHORT_TITLES.split("|"))))
    + r")\b(?!\.))"
)
_NEVER_ALONE = frozenset((*_SHORT_TITLES.split("|"), "Miss", "Sir"))
_PARTICLES = ("de", "van", "von", "le", "la", "St.")
_PARTICLE = rf"(?:(?:{'|'.join(map(re.escape, _PARTICLES))})\s+)*"
NAME = rf"(?:the\s+)?(?:{TITLE}\s+)?(?:{WORD})(?:\s+{_PARTICLE}{WORD}){{0,3}}"
_MOTIONS = frozenset(("went", "broke", "burst", "chimed"))
"""Verbs that mean speech only with "on", "in" or "out"."""
_VERB = (
    rf"(?:(?:{'|'.join(sorted(_MOTIONS))})\s+(?:on|in|out)"
    rf"|{'|'.join(sorted(SPEECH_VERBS - _MOTIONS))})"
)
_NOUN = r"(?:the|an?|his|her|my|our|their|this|that)(?:\s+[a-z][a-z’'-]*){1,4}"
_SPEAKER = (
    rf"(?P<name>(?:(?:the|an?)\s+[a-z]+\s+(?=[A-Z])|(?:poor|old|little|young|dear)\s+)?{NAME})"
    rf"|(?P<pro>[Hh]e|[Ss]he|I)|(?P<noun>{_NOUN})"
)
_VERB_FIRST = re.compile(
    rf"^\W*(?:then\s+|and\s+)?{_VERB}\s+(?:out\s+|in\s+)?(?:{_SPEAKER})(?![\w’'])"
)
"""As in “said Mr. Darcy”."""
_SHORT_NOUN = (
    r"(?:the|an?|his|her|my|our|their|this|that|The|An?|His|Her|My|Our|This)"
    r"(?:\s+(?!s?he\b)[a-z][a-z’'-]*){1,4}?"
)
_SHORT_SPEAKER = _SPEAKER.replace(_NOUN, _SHORT_NOUN)
_SPEAKER_FIRST = re.compile(
    rf"^\W*(?:(?:and|but|then|so|at\s+last)[\s,]+)?(?:{_SHORT_SPEAKER})"
    rf"(?:\s+(?:\w+ly|then|only|at\s+once|again|now|even|also|just|merely|never|always|had|"
    rf"would)){{0,2}}\s+{_VERB}\b"
)
"""As in “Mr. Darcy then replied”."""
_LEADING_SPEAKER = _SHORT_SPEAKER.replace("(?P<name>", r"(?P<name>(?!(?:He|She|I)\b)")
"""Before a quotation "He" may be the speaker; after one, "He bowed" begins a new sentence."""
_LEADING_TAG = re.compile(
    rf"^\W*(?:(?:and|but|then|so|at\s+last|here|\w+ly)[\s,]+)?(?:{_LEADING_SPEAKER})\s"
    rf"(?:.*\W)?{_VERB}\b[^.!?]*[,:;—-]*$"
)
"""As in “Mr. Darcy bowed, and said:”."""
_REPLY_NOUN = re.compile(
    rf"^\W*(?:was|were|came)\s+(?:(my|his|her)|({NAME})['’]s)\s+(?:\w+\s+){{0,2}}"
    r"(?:reply|answer|response|question|retort|comment|remark|rejoinder|exclamation|cry)\b"
)
"""As in “was his reply” and “was Anna's only answer”."""
_ANY_VERB_NAME = re.compile(rf"^\W*[a-z]+ed\s+({NAME})(?=[\s,.;:!?]|$)")
"""As in “corroborated Flora”."""
_ADJACENT_TAG = re.compile(
    rf"\b(?:(?P<pro>he|she|I|He|She)|(?P<name>{NAME})|(?P<noun>{_SHORT_NOUN}))"
    rf"\s+(?:\w+ly\s+|only\s+|then\s+|at\s+last\s+)?{_VERB}\b[^.!?;]{{0,60}}[,:;—-]?$"
)
"""As in “… he rose, and she said:”."""
_NOUN_END_TEXT = (
    "with to in as and at from who when after of for on by that which while whom then a an "
    "the but or if his her my so very again at last aloud into out up down had was"
)
_NOUN_END = frozenset(_NOUN_END_TEXT.split())
"""Words at which the noun phrase of a speaker ends."""
_NO_PERSON_TEXT = (
    "other others first second last latter former same one two reply answer voice words question "
    "way moment time next exclamation tone whole"
)
_NO_PERSON = frozenset(_NO_PERSON_TEXT.split())
"""Nouns that are not people."""
_LAST_SENTENCE = re.compile(r"(?:^|[.!?]\s+)([^.!?]*(?:(?:Mrs?|Dr|St)\.[^.!?]*)*)$")


@dataclass(frozen=True, slots=True)
class SpeechTag:
    """Who speaks, in the book's own word.

    Attributes:
        text: The name, ``he`` or ``she``, or a noun with ``the``; "" is the narrator's "I".
    """

    kind: Kind
    text: str = ""


def tag_of(paragraph: Paragraph, before: Paragraph | None = None) -> SpeechTag | None:
    """The speech tag in a paragraph's narration; a name has priority over a pronoun.

    Args:
        before: The previous paragraph, which may introduce a quotation: "He turned, and said:".
    """
    tags = [tag for at in range(len(paragraph.narration_parts)) if (tag := _tag_in(paragraph, at))]
    introduction = before.narration_parts[-1] if before is not None else ""
    if not tags and introduction and _is_unfinished(introduction):
        tags = [tag] if (tag := tag_before(introduction)) else []
    order: tuple[Kind, ...] = ("name", "narrator", "pronoun", "noun")
    return min(tags, key=lambda tag: order.index(tag.kind), default=None)


def _is_unfinished(text: str) -> bool:
    """Whether a paragraph ends before its last sentence does."""
    return not text.endswith((".", "!", "?", "…", ")", "”", '"', "’", "'", "_", "*"))


def _tag_in(paragraph: Paragraph, at: int) -> SpeechTag | None:
    """The tag in one piece of narration."""
    piece, last = paragraph.narration_parts[at], len(paragraph.narration_parts) - 1
    return (tag_after(piece) if at else None) or (tag_before(piece) if at < last else None)


def tag_after(narration: str) -> SpeechTag | None:
    """The speaker in narration right after a quotation: "said Mr. Darcy", "he replied"."""
    match = _VERB_FIRST.match(narration) or _SPEAKER_FIRST.match(narration)
    return _tag_of_match(match) or _unusual_tag(narration)


def _unusual_tag(narration: str) -> SpeechTag | None:
    """Tags without a speech verb: "was his reply"; "corroborated Flora", whatever the verb."""
    if (found := _REPLY_NOUN.match(narration)) is not None:
        own = found[1]
        if own is None:
            return SpeechTag("name", name) if (name := _clean_name(found[2])) else None
        return (
            SpeechTag("narrator")
            if own == "my"
            else SpeechTag("pronoun", "he" if own == "his" else "she")
        )
    found = _ANY_VERB_NAME.match(narration)
    return (
        SpeechTag("name", name) if found is not None and (name := _clean_name(found[1])) else None
    )


def tag_before(narration: str) -> SpeechTag | None:
    """The speaker in narration right before a quotation: "Mr. Darcy bowed, and said:"."""
    sentence = _LAST_SENTENCE.search(narration)
    if sentence is None:
        return None
    text = sentence[1].strip()
    if not text:
        return None
    clause = text.rsplit(";", 1)[-1]
    found = _ADJACENT_TAG.search(text) or _LEADING_TAG.match(clause) or _LEADING_TAG.match(text)
    return _tag_of_match(found)


def _tag_of_match(found: re.Match[str] | None) -> SpeechTag | None:
    if found is None:
        return None
    if found["pro"]:
        return (
            SpeechTag("narrator")
            if found["pro"] == "I"
            else SpeechTag("pronoun", found["pro"].lower())
        )
    if found["noun"]:
        noun = _clean_noun(found["noun"])
        return SpeechTag("noun", noun) if noun else None
    name = _clean_name(found["name"])
    return SpeechTag("name", name) if name else None


def _clean_name(text: str) -> str:
    """ "poor Anna" becomes "Anna", "the gentle Mrs. Orme" "Mrs. Orme", and "the old Colonel" "the
    Colonel"; "" if it is no name."""
    first, *rest = text.split()
    words = [word for word in (first, *rest) if not word[0].islower() or word in _PARTICLES]
    if first == "the" and (len(words) == 1 or rest[0][0].isupper()):
        words = ["the", *words]
    name = " ".join(words).removesuffix("'s").removesuffix("’s")
    return "" if not words or words[0] in NO_NAMES or name in _NEVER_ALONE else name


def _clean_noun(text: str) -> str:
    """ "an old man with" becomes "the old man"; "" if the noun is not a person."""
    first, *words = text.lower().split()
    kept: list[str] = []
    for word in words:
        if word in _NOUN_END or word in SPEECH_VERBS or word.endswith(("ly", "ing")):
            break
        kept.append(word)
    if not kept or kept[-1] in _NO_PERSON:
        return ""
    determiner = first if first in ("his", "her", "my", "our", "their") else "the"
    return " ".join([determiner, *kept])


def noun_gender(noun: str) -> bool | None:
    """The gender that a noun implies, if any; ``True`` is a woman."""
    word = noun.split()[-1]
    return True if word in FEMALE_NOUNS else False if word in MALE_NOUNS else None
