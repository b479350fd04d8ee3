"""What a book tells of somebody: looks, age, work, ways, and what the others say of them. Pure.

A claim is a sentence of the book, or its first clause, that begins with the person and holds for
more than a moment, as far as its words can tell. It is never worded anew; with it comes the whole
sentence it was cut from. Whether the last chapter takes it back, nobody here knows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rpterm.novels.book import Book
from rpterm.novels.people import Person
from rpterm.novels.speech import Paragraph
from rpterm.sentences import sentences

Kind = Literal["age", "looks", "work", "manner", "habit", "being", "own"]

_LEAST, _MOST = 5, 45
"""Words of a sentence that is a claim, and the most that one may have before it is cut."""
_SHORT = 22
"""Words from which on a sentence is cut at its first clause."""
_KIN_TEXT = (
    "father mother brother sister son daughter husband wife uncle aunt cousin nephew niece "
    "friend master servant governess ward guardian partner rival enemy neighbour teacher "
    "pupil lover companion colleague guest widow widower grandmother grandfather stepmother "
    "stepfather"
)
KIN = re.compile(rf"\b(?:{_KIN_TEXT.replace(' ', '|')})s?\b")
_TIE_TEXT = (
    "loved loves hated hates liked likes admired admires despised trusted feared married "
    "engaged respected envied distrusted adored pitied esteemed dreaded friendship affection "
    "attached"
)
TIE = re.compile(rf"\b(?:{_TIE_TEXT.replace(' ', '|')})\b")
_LOOKS_TEXT = (
    "eye eyes hair face figure beard moustache whiskers nose complexion forehead brow brows "
    "chin cheek cheeks lips hand hands fingers shoulders tall stout thin slender lean pale "
    "handsome beautiful pretty plain dressed wore wears spectacles freckled freckles "
    "countenance features stature build height bald gaunt ugly lame"
)
_MANNER_TEXT = (
    "temper voice manner manners character disposition spirit spirits humour nature proud shy "
    "gentle kind clever vain silent quiet lively amiable selfish patient generous stern grave "
    "cheerful fond talkative talker agreeable sensible intelligent understanding imagination "
    "vanity pride conceited humble obstinate stubborn honest warm-hearted affectionate "
    "sincere cautious brave timid ignorant indolent good-natured ill-tempered restless "
    "reserved sceptical conceit courage patience contempt heart "
    "benevolent harmless practical dreamer fool modest polite"
)
_WORK_TEXT = (
    "clergyman doctor physician surgeon lawyer attorney solicitor detective merchant farmer "
    "officer soldier sailor teacher schoolmaster printer manufacturer banker clerk servant "
    "housekeeper landlord landlady poet writer author artist painter student professor "
    "inspector policeman profession trade business beadle rector vicar curate weaver "
    "shopkeeper partner member gentleman capitalist master musician pianist philosopher "
    "chemist anarchist tutor nurse cook"
)
_AGE = re.compile(
    r"\byears? (?:old|of age)\b|\baged\b|\bof age\b|\b(?:middle-aged|elderly|young|old) "
    r"(?:man|woman|lady|gentleman|girl|boy|fellow)\b|\b(?:of|about|nearly|past|over|under|only) "
    r"(?:\w+teen|twelve|twenty|thirty|forty|fifty|sixty|seventy|eighty)\b",
)
_HABIT = re.compile(
    r"\b(?:always|never|often|usually|generally|used to|seldom|rarely|every (?:day|morning|evening|"
    r"night|week|year)|in the habit|accustomed|lived|owned|loved|hated|feared|disliked)\b"
)
_IS = (
    r"(?:was|is|are|were|have|had|has|loved|hated|lived|lives|wore|wears|owned|feared|never|always"
    r"|seldom|often|possessed)"
)
_LASTS = re.compile(
    r"^(?:,[^,]{3,80},)?\s+(?:\w+ly\s+)?"
    + _IS
    + r"\s+(?:an?|the|so|very|not|no|of|by|in the habit|"
    r"reckoned|considered|known|been|never|always|one|neither|quite|rather|most|too|as|all|"
    r"naturally|his|her|born|fond|\w+(?:,|\s+and|\s+but|\.|;)|[a-z-]+)\b"
)
_MOMENT = re.compile(
    r"\b(?:now|just|already|moment|minutes?|suddenly|again|this (?:morning|evening|time|day)|"
    r"to-?day|to-?night|to-?morrow|yesterday|at last|at first|soon|presently|instantly|"
    r"that (?:day|night|morning|evening)|next (?:day|morning)|a little|"
    r"than (?:usual|ever|before)|towards?|tense|"
    r"as (?:she|he) \w+ed|had (?:good reason|to)|hardly|hit|o’clock|o'clock)\b"
    r"|\b(?:was|were|is) (?:not )?(?:\w+ing|sure|glad|sorry|gone|going|obliged|forced|able|unable|"
    r"(?!dressed (?!by)|considered|reckoned|known|born|named|called|famed|freckled|gifted)"
    r"(?:\w+ly )?\w+ed|"
    r"about|surprised|astonished|startled|afraid|ready|right|wrong|there|here|left|seen|told|asked|"
    r"silent|dead|alone|up|down|out|off|on|at|still)\b"
    r"|\bhad (?:not )?(?!been\b|always\b|never\b|lived\b)(?:\w+ed|come|gone|made|taken|said|told|"
    r"seen|left|got|given|found|heard|met|done|put|begun|thought|sent|brought|felt|known|become|run)\b",
)
_BODY = (
    "eyes|hair|face|figure|beard|moustache|nose|complexion|forehead|chin|cheeks|lips|hands|fingers|"
    "voice|manner|manners|temper|mind|disposition|character|features|countenance|age"
)
_OWN = re.compile(
    rf"^\s+(?:[a-z-]+,?\s+){{0,3}}(?:{_BODY})(?:,[^,]{{3,80}},)?\s+(?:was|were|had|is|are)\b"
)
_BEGINS = re.compile(
    r"^[\W]*(?:(?:Why|And|But|Now|Indeed|For|Yet|Thus|So|Then|Well|Oh|Yes|No),?\s+|Poor\s+|Old\s+|Dear\s+)*"
)
_PRONOUN = re.compile(r"^\W*(?:(?:And|But|For|Yet)\s+)?(He|She|His|Her|I)\b")
_TOLD_OF = re.compile(r"\s+(?:was|is|has|had|never|always)\b")
_BESIDE = re.compile(
    r"^,\s+((?:an?|the)\s+[^,;:.]{6,70}|(?:[a-z-]+,\s+)+and\s+[a-z-]+"
    r"|who (?:was|is|had|has) [^,;:.]{6,90}),\s+(?!and\b)"
)
_SELF = re.compile(
    r"^I(?:\s+(?:(?:never|always)\s+(?!\w+ed\b|saw\b|met\b|heard\b|knew\b|thought\b|felt\b|was\b|"
    r"said\b|had\b|did\b|could\b|would\b|shall\b|will\b|can\b|in\b)\w|hate\b|love\b|detest\b|"
    r"abhor\b|despise\b|adore\b|play\b|prefer\b|crave\b|pride myself\b|make it a\b|rely\b|trust\b|"
    r"fear\b|cannot live\b|have a (?:great|curious|weakness|habit|theory|passion|dread|horror)\b|"
    r"cannot bear\b|can't bear\b|was born\b|"
    r"have always\b|(?:do not|don't|don’t) (?:like|care|believe)\b)|(?:\s+am|'m|’m)\s+(?:not\s+)?"
    r"(?:an?|the|very fond|fond|no|always|never)\s+\w)"
)
"""What people say of themselves that is more than an answer."""
_ONESELF_LEAST, _ONESELF_MOST = 3, 24
SURE = 0.9
"""The chance from which on a line may stand for its speaker."""
_YOU_ARE = re.compile(
    r"^((?:But\s+|Why,\s+)?You|(?:But|Why,)\s+you)(?=\s+(?:\w+ly\s+)?(?:are|were|have always)\b)"
)
_YOU = re.compile(
    r"\b(?:you|your|this|that|these|those|here|it|him|her|them|he|she)\b", re.IGNORECASE
)
"""Words that lean on what was said before."""
_ASKS = re.compile(r"[“”\"]")
_WORDS: dict[Kind, re.Pattern[str]] = {
    "age": _AGE,
    "looks": re.compile(rf"\b(?:{_LOOKS_TEXT.replace(' ', '|')})\b"),
    "work": re.compile(
        rf"\b(?:was|is|are|been) (?:an?|the|by) [^;,]{{0,80}}\b(?:{_WORK_TEXT.replace(' ', '|')})\b"
    ),
    "manner": re.compile(rf"\b(?:{_MANNER_TEXT.replace(' ', '|')})\b"),
    "habit": _HABIT,
    "being": re.compile(
        r"\b(?:was|is|am|are|been) (?:(?:really|indeed|truly|always) )?(?:an?|one of|the|no) [^;]*"
        r"\b(?:man|woman|girl|boy|person|creature|lady|child|fellow|sort|kind|people|friend|fool)\b"
    ),
}  # fmt: skip
_WORDS_BESIDE: dict[Kind, re.Pattern[str]] = {
    **_WORDS, "work": re.compile(rf"\b(?:{_WORK_TEXT.replace(' ', '|')})\b")
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that is told of somebody.

    Attributes:
        text: In the book's words, with the name in the place of a pronoun.
        evidence: The whole sentence as it stands.
        kind: What it is about.
        told_by: Who says it; "" is a narration without "I".
        at: The paragraph.
    """

    text: str
    evidence: str
    kind: Kind
    told_by: str = ""
    at: int = 0


class Told:
    """What a book tells of each of its people; read once, asked often."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._lines = {line.paragraph.at: line for line in book.lines}
        self._about: dict[str, list[Claim]] = {}
        self._last: dict[bool, Person | None] = {}
        for paragraph in book.paragraphs:
            self._read(paragraph)

    def of(self, person: Person) -> list[Claim]:
        """All claims about somebody, in the book's order, each once."""
        return list({claim.text: claim for claim in self._about.get(person.name, ())}.values())

    def _read(self, paragraph: Paragraph) -> None:
        line = self._lines.get(paragraph.at)
        speaker = line.speaker if line is not None else None
        if not _PRONOUN.match(paragraph.text):
            self._last = {}
        if speaker is not None and speaker.female is not None:
            self._last = {speaker.female: speaker}
        for told in paragraph.told:
            for sentence in sentences(told):
                self._narrated(sentence, paragraph)
        if speaker is not None:
            for sentence in (each for said in paragraph.said for each in sentences(said)):
                self._said(sentence, speaker, paragraph)

    def _narrated(self, sentence: str, paragraph: Paragraph) -> None:
        """Keep a sentence of the narration if it begins with somebody."""
        found = _BEGINS.match(sentence)
        at = found.end() if found else 0
        named = self.book.people.mentions(sentence)
        person = named[0][1] if named and named[0][0] in (at, at + 4) else None
        if person is not None:
            name = _name_at(sentence, named[0][0], person)
            self._keep(person, sentence[named[0][0] :], len(name), sentence, paragraph)
        elif (pronoun := _PRONOUN.match(sentence)) is not None:
            self._by_pronoun(pronoun, sentence, paragraph)
        self._follow(person, [each for _, each in named])

    def _by_pronoun(self, pronoun: re.Match[str], sentence: str, paragraph: Paragraph) -> None:
        word = pronoun[1].lower()
        narrator = self.book.people.narrator
        if word in ("i", "my"):
            if narrator is not None and word == "i":
                self._keep(narrator, sentence, 1, sentence, paragraph, narrator.name)
            return
        person = self._last.get(word in ("she", "her"))
        if person is None:
            return
        owns = word in ("his", "her")
        name = f"{person.name}'s" if owns else person.name
        self._keep(person, name + sentence[pronoun.end(1) :], len(name), sentence, paragraph)

    def _follow(self, person: Person | None, named: Sequence[Person]) -> None:
        """Whom "he" and "she" mean after a sentence; nobody where two could be meant."""
        for each in named:
            if each.female is not None and each != self._last.get(each.female):
                self._last[each.female] = None
        if person is not None and person.female is not None:
            others = {each.name for each in named if each.female == person.female}
            self._last[person.female] = person if others == {person.name} else None

    def _said(self, sentence: str, speaker: Person, paragraph: Paragraph) -> None:
        """Keep what one says of another, or of oneself."""
        line = self._lines[paragraph.at]
        if _SELF.match(sentence) and line.chance >= SURE:
            self._keep_own(sentence, speaker, paragraph)
            return
        asked = self.book.lines[line.answers].speaker if line.answers is not None else None
        if (you := _YOU_ARE.match(sentence)) and asked is not None and line.chance >= SURE:
            self._keep(asked, sentence, you.end(1), sentence, paragraph, speaker.name)
            return
        found = _BEGINS.match(sentence)
        named = self.book.people.mentions(sentence)
        if not named or named[0][0] != (found.end() if found else 0) or named[0][1] == speaker:
            return
        at, person = named[0]
        name = _name_at(sentence, at, person)
        if _TOLD_OF.match(sentence[at + len(name) :]):
            self._keep(person, sentence[at:], len(name), sentence, paragraph, speaker.name)

    def _keep_own(self, sentence: str, speaker: Person, paragraph: Paragraph) -> None:
        words = len(sentence.split())
        if not _ONESELF_LEAST <= words <= _ONESELF_MOST or not sentence.endswith((".", "!")):
            return
        if not _MOMENT.search(sentence) and not _YOU.search(sentence):
            claim = Claim(sentence, sentence, "own", speaker.name, paragraph.at)
            self._about.setdefault(speaker.name, []).append(claim)

    def _keep(
        self,
        person: Person,
        told: str,
        ends: int,
        sentence: str,
        paragraph: Paragraph,
        told_by: str = "",
    ) -> None:
        found = _claim(told, ends)
        if found is not None and not _ASKS.search(told):
            kind, text = found
            claim = Claim(text, sentence, kind, told_by, paragraph.at)
            self._about.setdefault(person.name, []).append(claim)


def _name_at(text: str, at: int, person: Person) -> str:
    """The name of a person that stands at a place, the longest that does."""
    able = [name for name in person.names if text.startswith((name, f"T{name[1:]}"), at)]
    return max(able, key=len, default=person.name)


def _claim(told: str, ends: int) -> tuple[Kind, str] | None:
    """The kind of a sentence and what is kept of it; ``None`` where it holds for a moment alone.

    Args:
        ends: Where the words for the person end.
    """
    if not _LEAST <= len(told.split()) <= _MOST or told.endswith(("?", ":", ",")):
        return None
    beside = _BESIDE.match(told[ends:])
    if beside is not None and not _MOMENT.search(beside[1]):
        text = f"{told[:ends]}, {beside[1]}."
        kind = next(
            (each for each, words in _WORDS_BESIDE.items() if words.search(beside[1])), None
        )
        return (kind, text) if kind is not None else None
    text = _cut(told)
    rest = text[ends:]
    lasts = _OWN.match(rest) if told[:ends].endswith(("'s", "’s")) else _LASTS.match(rest)
    if not lasts or _MOMENT.search(text):
        return None
    kind = next((kind for kind, words in _WORDS.items() if words.search(rest)), None)
    return (kind, text) if kind is not None else None


def _cut(text: str) -> str:
    """A long sentence up to the end of its first clause."""
    if len(text.split()) <= _SHORT:
        return text
    for mark in re.finditer(
        r";|:|--|—|, (?:and|but|for|so|who|which|when|while|as|though)\b", text
    ):
        if len(text[: mark.start()].split()) >= _LEAST + 1:
            return text[: mark.start()].rstrip(" ,") + "."
    return text


def first(found: Sequence[Claim], kind: Kind) -> Claim | None:
    """The narration's first claim of a kind: people are described when they come in."""
    return next((each for each in found if each.kind == kind and not each.told_by), None)
