"""What narration beside a quotation says of its speaker: "said Mr. Darcy", "she asked". Pure.

It reads words and knows nobody: a name, a pronoun or a noun ("the old lady") comes out as it
stands. Only English is read; a clause that names its speaker far from the verb is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rpterm.novels.speech import Paragraph

Kind = Literal["name", "pronoun", "narrator", "noun"]

_SAID = (
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
SAID = frozenset(_SAID.split())
_HE_TEXT = (
    "mr sir lord captain colonel uncle father king prince duke count monsieur master baron "
    "sergeant lieutenant reverend rev brother squire comrade"
)
_SHE_TEXT = (
    "mrs miss ms lady madam madame aunt mother queen princess mademoiselle mlle mme baroness "
    "countess duchess sister"
)
HE, SHE = frozenset(_HE_TEXT.split()), frozenset(_SHE_TEXT.split())
TITLES = HE | SHE | {"dr", "doctor", "inspector", "professor", "general", "major", "st"}
_MEN_TEXT = (
    "man gentleman boy fellow lad father brother son husband uncle nephew grandfather king "
    "prince lord knight vicar priest monk sailor mariner soldier policeman constable landlord "
    "waiter butler footman coachman cabman porter clerk squire captain colonel beadle "
    "undertaker jew frenchman englishman bridegroom widower guv'nor papa"
)
_WOMEN_TEXT = (
    "woman lady girl mother sister daughter wife aunt niece grandmother queen princess "
    "landlady housemaid maid nurse governess matron housekeeper widow bride hostess mamma "
    "nursemaid"
)
MEN, WOMEN = frozenset(_MEN_TEXT.split()), frozenset(_WOMEN_TEXT.split())
WORD = r"[A-Z][\w’'-]*[\w]"
_NO_TEXT = (
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
NO_NAMES = frozenset(_NO_TEXT.split())
TITLE = r"(?:" + "|".join(sorted({t.capitalize() for t in TITLES})) + r")\b\.?"
NAME = rf"(?:the\s+)?(?:{TITLE}\s+)?(?:{WORD})(?:\s+(?:(?:de|van|von|le|la)\s+)?{WORD}){{0,3}}"
_VERB = rf"(?:{'|'.join(sorted(SAID))})"
_NOUN = r"(?:the|an?|his|her|my|our|their|this|that)(?:\s+[a-z][a-z’'-]*){1,4}"
_WHO = (
    rf"(?P<name>(?:(?:poor|old|little|young|dear)\s+)?{NAME})"
    rf"|(?P<pro>[Hh]e|[Ss]he|I)|(?P<noun>{_NOUN})"
)
_AFTER = re.compile(rf"^\W*(?:then\s+|and\s+)?{_VERB}\s+(?:out\s+|in\s+)?(?:{_WHO})(?![\w’'])")
_SHORT = (
    r"(?:the|an?|his|her|my|our|their|this|that|The|An?|His|Her|My|Our|This)"
    r"(?:\s+[a-z][a-z’'-]*){1,4}?"
)
_BEFORE = re.compile(
    rf"^\W*(?:(?:and|but|then|so|at\s+last)[\s,]+)?(?:{_WHO.replace(_NOUN, _SHORT)})"
    rf"(?:\s+(?:\w+ly|then|only|at\s+once|again|now|even|also|just|merely|never|always|had|"
    rf"would)){{0,2}}\s+{_VERB}\b"
)
_LED = re.compile(
    rf"^\W*(?:(?:and|but|then|so|at\s+last|here|\w+ly)[\s,]+)?(?:{_WHO.replace(_NOUN, _SHORT)})\s"
    rf"(?:.*\W)?{_VERB}\b[^.!?]*[,:;—-]*$"
)
_ANSWER = re.compile(
    r"^\W*(?:was|were|came)\s+(my|his|her)\s+(?:\w+\s+)?"
    r"(?:reply|answer|response|question|retort|comment|remark|rejoinder|exclamation|cry)\b"
)
_ANY = re.compile(rf"^\W*[a-z]+ed\s+({NAME})(?=[\s,.;:!?]|$)")
_CLOSE_LED = re.compile(
    rf"\b(?:(?P<pro>he|she|I|He|She)|(?P<name>{NAME})|(?P<noun>{_SHORT}))"
    rf"\s+(?:\w+ly\s+|only\s+|then\s+|at\s+last\s+)?{_VERB}\b[^.!?;]{{0,60}}[,:;—-]$"
)
_STOPS_TEXT = (
    "with to in as and at from who when after of for on by that which while whom then a an "
    "the but or if his her my so very again at last aloud into out up down had was"
)
_STOPS = frozenset(_STOPS_TEXT.split())
_NO_NOUNS_TEXT = (
    "other others first second last latter former same one two reply answer voice words question "
    "way moment time next exclamation tone whole"
)
_NO_NOUNS = frozenset(_NO_NOUNS_TEXT.split())
_LAST_SENTENCE = re.compile(r"(?:^|[.!?]\s+)([^.!?]*(?:(?:Mrs?|Dr|St)\.[^.!?]*)*)$")


@dataclass(frozen=True, slots=True)
class Tag:
    """Who speaks, in the book's own word.

    Attributes:
        text: The name, ``he`` or ``she``, or a noun with ``the``; "" is the narrator's "I".
    """

    kind: Kind
    text: str = ""


def tag_of(paragraph: Paragraph, before: Paragraph | None = None) -> Tag | None:
    """What the narration of a paragraph says of its speaker; a name goes before a pronoun.

    Args:
        before: The paragraph before it, which may lead to a quotation: "He turned, and said:".
    """
    found = [tag for at in range(len(paragraph.told)) for tag in _at(paragraph, at)]
    if not found and before is not None and not before.said and before.text.endswith((":", ",")):
        found = [tag] if (tag := led(before.text)) else []
    order: tuple[Kind, ...] = ("name", "narrator", "pronoun", "noun")
    return min(found, key=lambda tag: order.index(tag.kind), default=None)


def _at(paragraph: Paragraph, at: int) -> list[Tag]:
    told, last = paragraph.told[at], len(paragraph.told) - 1
    tag = (read(told) if at else None) or (led(told) if at < last else None)
    return [tag] if tag else []


def read(told: str) -> Tag | None:
    """The speaker in narration right after a quotation: "said Mr. Darcy", "he replied"."""
    return _tag(_AFTER.match(told) or _BEFORE.match(told)) or _answered(told)


def _answered(told: str) -> Tag | None:
    """ "was his reply"; "corroborated Flora", whatever the verb."""
    if (found := _ANSWER.match(told)) is not None:
        own = found[1]
        return Tag("narrator") if own == "my" else Tag("pronoun", "he" if own == "his" else "she")
    found = _ANY.match(told)
    return Tag("name", name) if found is not None and (name := _name(found[1])) else None


def led(told: str) -> Tag | None:
    """The speaker in narration right before a quotation: "Mr. Darcy bowed, and said:"."""
    sentence = _LAST_SENTENCE.search(told)
    if sentence is None:
        return None
    begins = sentence[1].strip()
    if not begins:
        return None
    clause = begins.rsplit(";", 1)[-1]
    found = _CLOSE_LED.search(begins) or _LED.match(clause) or _LED.match(begins)
    return _tag(found)


def _tag(found: re.Match[str] | None) -> Tag | None:
    if found is None:
        return None
    if found["pro"]:
        return Tag("narrator") if found["pro"] == "I" else Tag("pronoun", found["pro"].lower())
    if found["noun"]:
        noun = _noun(found["noun"])
        return Tag("noun", noun) if noun else None
    name = _name(found["name"])
    return Tag("name", name) if name else None


def _name(text: str) -> str:
    words = text.split()
    while words and words[0] in ("poor", "old", "little", "young", "dear"):
        words = words[1:]
    name = " ".join(words).removesuffix("'s").removesuffix("’s")
    return "" if not words or words[0] in NO_NAMES or name in ("Mr", "Mrs", "Dr") else name


def _noun(text: str) -> str:
    """ "an old man with" is "the old man"; "" where the noun is no person."""
    first, *words = text.lower().split()
    kept: list[str] = []
    for word in words:
        if word in _STOPS or word in SAID or word.endswith(("ly", "ing")):
            break
        kept.append(word)
    if not kept or kept[-1] in _NO_NOUNS:
        return ""
    own = first if first in ("his", "her", "my", "our", "their") else "the"
    return " ".join([own, *kept])


def female(noun: str) -> bool | None:
    """Whether a noun is a woman's, where the word tells."""
    word = noun.split()[-1]
    return True if word in WOMEN else False if word in MEN else None
