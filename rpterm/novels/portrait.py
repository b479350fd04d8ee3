"""A card made of a book's own words: what somebody says, and what is told of them. Pure.

Nothing is invented. Claims are sentences of the book with where they stand, or gather single words
of it; ties are worded by rule from the sentence above them; examples are its exchanges.
Rules cannot tell what matters, or what the last chapter changes: it is a draft for its writer's
eyes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rpterm.cards.card import CharacterCard, Lorebook, LoreEntry
from rpterm.novels import exchanges
from rpterm.novels.book import Book
from rpterm.novels.claims import Kind
from rpterm.novels.lasting import KIN
from rpterm.novels.names import titled
from rpterm.novels.people import Person
from rpterm.novels.reading import SURE
from rpterm.novels.speakers import Line
from rpterm.novels.style import style
from rpterm.novels.ties import Tie
from rpterm.novels.told import Claim, Told, best
from rpterm.novels.ways import style_of
from rpterm.novels.years import latest
from rpterm.scoring.texts import content_stems
from rpterm.sentences import sentences

_MOST: dict[Kind, int] = {
    "age": 1, "looks": 3, "work": 3, "being": 3, "manner": 5, "habit": 4, "own": 6
}  # fmt: skip
"""Claims of each kind that a card has."""
_WORTH, _ENOUGH, _LESS, _FEWER, _LITTLE = 2.0, 10, 1.3, 3, 0.8
"""What a claim must be worth to stand in a card; what it must where there are not so
many, and where there are hardly any."""
_DESCRIBED: tuple[tuple[Kind, ...], ...] = (
    ("work", "age", "being"),
    ("looks",),
    ("manner", "habit"),
)
"""Kinds of which a description tells something each."""
_SENTENCES, _PROSE = 5, 110
"""Sentences of a description, and words from which on it has enough."""
_ALIKE = 0.6
"""Share of a claim's telling words that one chosen before may have in common with it."""
_TAGLINE = 16
"""Words of a tagline."""
_RARELY = 1.2
"""How often the usual name and the full ones must be used, to one use of the usual one."""
_ODD = re.compile(r"^the |\w{4,}\. |^(?:Sir|Lady) ")
"""Names that are hardly anybody's: read over the end of a sentence, or of another family's head."""
_COMMON = ("mr", "mrs", "miss", "ms")
_ALSO = 4
"""Other names that a card tells."""
_FEW = 2
"""Claims of the narration that are too few to describe somebody without what others say."""
_TAGGED: tuple[Kind, ...] = ("work", "age", "looks", "being")
_IS_A = re.compile(r"[^,;:’']+ (?:was|is|had been)(?: \w+ly)? (an? [^;:]+[.!])$")
_TIE_TEXT = (
    "loved loves hated hates liked likes admired admires despised trusted feared married "
    "engaged respected envied distrusted adored pitied esteemed dreaded friendship affection "
    "attached"
)
TIE = re.compile(rf"\b(?:{_TIE_TEXT.replace(' ', '|')})\b")
_RELATIONS, _TIES, _PEOPLE = 12, 7, 8
_CALLED, _CALLINGS = 6, 3
"""Others of whom is told how they are called, and how often they must be."""
_POLITE = ("sir", "ma'am", "ma’am")
_VIEW_LEAST, _VIEW_MOST = 5, 22
"""Words of what somebody says of another."""
_SCENE_FAR, _SCENE_MOST = 8, 70
"""Paragraphs before the first greeting where its scene may be told, and its words."""
_UNCLEAR = re.compile(r"\W*(?:He|She|It|They|His|Her|This|That|But|And|So|Then|These|There)\b")
_TELLER = re.compile(r"\b(?:I|me|my|we|us|our)\b")
_SETTING = re.compile(
    r"\b(?:room|house|garden|street|road|fire|fireplace|table|window|door|hall|parlour|kitchen|inn|"
    r"tavern|park|wood|field|river|shore|beach|ship|carriage|coach|cab|train|station|church|school|"
    r"castle|tower|hotel|terrace|bench|morning|evening|night|afternoon|breakfast|dinner|supper|tea|"
    r"ball|party|walk|library|study|shop|market|bridge|hill|path|lane|arrived|entered)\b"
)


@dataclass(frozen=True, slots=True)
class Portrait:
    """A card and where its claims come from.

    Attributes:
        notes: For a line of the card, the sentence of the book behind it.
        lines: How often the person speaks in the book.
    """

    card: CharacterCard
    notes: Mapping[str, str]
    lines: int


def sketch(book: Book, person: Person, source: str, year: str = "", asked: str = "") -> Portrait:
    """The draft of a card.

    Args:
        source: What the book is called, for the notes.
        year: What the person knows nothing after; "" is as late as the book's own dates tell.
        asked: The name that the reader gave.
    """
    told = Told(book)
    name = full_name(book, person, asked)
    guessed = None if year else latest(book.paragraphs)
    ties, loose = told.ties_of(person), _loose(told.of(person), told.gathered(person, name))
    tied, rest = _parted(book, person, loose, ties)
    described = _described(rest)
    attributes = _chosen([each for each in rest if each not in described])
    openings = exchanges.greetings(book, person)
    own, others = _lines(book, person)
    relations = [tie.text for tie in ties[:_TIES]]
    relations += map(_worded, [*tied, *_views(book, person, [*ties, *tied])])
    card = CharacterCard(
        name=_shown(name),
        nickname=_shown(person.name) if person.name != name else "",
        tagline=_tagline([*described, *attributes], source),
        description=_prose(person, described),
        scenario=_scene(book, person, openings),
        knows_until=guessed[0] if guessed else year,
        greetings=tuple(text for _, text in openings),
        attributes=(*_also(book, person, name), *map(_worded, attributes)),
        relations=(*relations, *_calls(book, person))[:_RELATIONS],
        style=(*style(_spoken(own), _spoken(others)), *style_of(own, others)),
        limits=("{{char}} never decides what {{user}} says, does or feels.",),
        examples=tuple(exchanges.examples(book, person)),
        lorebook=Lorebook(tuple(_others(book, person, told))),
        tags=("novel",),
        creator_notes=f"Drafted by rules from {source}: in the book's own words.",
    )
    notes = {_worded(each): each.evidence for each in [*attributes, *tied]}
    notes |= {tie.text: tie.evidence for tie in ties}
    if guessed:
        notes[guessed[0]] = f"Guessed; change it where it is wrong. The book says: {guessed[1]}"
    notes[card.description] = " ".join(each.evidence for each in described)
    return Portrait(card, notes, len(own))


# Names --------------------------------------------------------------------------------------
def full_name(book: Book, person: Person, asked: str = "") -> str:
    """The name with a first and a last name that the reader asked for, or that the book uses most,
    without "Mr." where the book leaves it away, too; or else the usual name. Somebody who is "Mr.
    Orme" nearly everywhere is so here, too: his first name may be his brother's."""
    able = [name for name in person.names if len(titled(name)[1]) > 1]
    if asked in able:
        return asked
    counts = _uses(book, [*able, person.name])
    if titled(person.name)[0] and counts.total() < _RARELY * counts[person.name]:
        return person.name
    plain = [name for name in able if titled(name)[0] not in _COMMON] or able
    usual = set(titled(person.name)[1])
    fitting = [name for name in plain if usual <= set(name.split())]
    return max(fitting or plain, key=lambda name: (counts[name], name), default=person.name)


def _uses(book: Book, names: Collection[str]) -> Counter[str]:
    """How often a book uses each of some names, the longest at each place."""
    longest = sorted(names, key=lambda name: (-len(name), name))
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)")
    return Counter(name for each in book.paragraphs for name in pattern.findall(each.text))


def _also(book: Book, person: Person, name: str) -> Iterator[str]:
    """The other names, the usual ones first."""
    counts = _uses(book, person.names)
    known = {name, person.name, *titled(name)[1]}
    others = [
        each for each, _ in counts.most_common() if each not in known and not _ODD.search(each)
    ]
    if others:
        yield f"{_shown(name)} is also called {', '.join(others[:_ALSO])}."


def _shown(name: str) -> str:
    return f"The{name[3:]}" if name.startswith("the ") else name


def _names(person: Person) -> str:
    """A pattern of somebody's names, the longest first."""
    return "|".join(sorted(map(re.escape, person.names), key=lambda name: (-len(name), name)))


# Claims -------------------------------------------------------------------------------------
def _prose(person: Person, claims: Sequence[Claim]) -> str:
    """Claims as prose: after the first sentence "she" or "he" stands for the name, as in a book."""
    pronoun = {True: "She", False: "He"}.get(person.female) if person.female is not None else None
    texts = [_worded(claim) for claim in claims]
    if pronoun is None:
        return " ".join(texts)
    begins = re.compile(rf"^(?:{_names(person)})(?=\s[a-z])")
    return " ".join([*texts[:1], *(begins.sub(pronoun, text) for text in texts[1:])])


def _worded(claim: Claim) -> str:
    """A claim as a line of the card: what somebody says is in quotes, with who says it."""
    text = claim.text.replace("_", "")
    return f"{claim.told_by}: “{text}”" if claim.told_by else text


def _loose(claims: Sequence[Claim], gathered: Sequence[Claim]) -> list[Claim]:
    """Claims that are worth telling, the lesser ones only where there are few; none that says what
    another one says."""
    kept: list[Claim] = []
    seen: list[set[str]] = []
    for claim in sorted([*claims, *gathered], key=lambda each: -each.worth):
        telling = set(content_stems(claim.text))
        least = _WORTH if len(kept) >= _ENOUGH else _LESS if len(kept) >= _FEWER else _LITTLE
        able = claim.worth >= least
        if able and not any(len(telling & each) > _ALIKE * len(telling) for each in seen):
            kept.append(claim)
            seen.append(telling)
    return sorted(kept, key=lambda each: each.at)


def _parted(
    book: Book, person: Person, claims: Sequence[Claim], ties: Sequence[Tie]
) -> tuple[list[Claim], list[Claim]]:
    """Claims about the person and another one of whom no tie is told, and the rest."""
    known = {name for tie in ties for name in (tie.person, tie.other)} | {person.name}
    tied: list[Claim] = []
    rest: list[Claim] = []
    for claim in claims:
        named = {each.name for _, each in book.people.mentions(claim.text)} - {person.name}
        is_tie = KIN.search(claim.text) or TIE.search(claim.text)
        if not (named and is_tie):
            rest.append(claim)
        elif not named <= known:
            tied.append(claim)
    return tied, rest


def _described(claims: Sequence[Claim]) -> list[Claim]:
    """The best of each kind that the narration tells, then the best of all; where it tells
    little, what others say."""
    told = [claim for claim in claims if not claim.told_by]
    found = [each for kinds in _DESCRIBED for each in best(told, 1, kinds)]
    others = [each for each in claims if each.told_by and each.kind != "own"]
    more = [each for each in sorted(told, key=lambda each: -each.worth) if each not in found]
    for each in [*more, *(others if len(told) < _FEW else ())]:
        words = sum(len(claim.text.split()) for claim in found)
        if len(found) < _SENTENCES and words + len(each.text.split()) <= _PROSE:
            found.append(each)
    order = {kind: at for at, kinds in enumerate(_DESCRIBED) for kind in kinds}
    return sorted(found, key=lambda claim: (order[claim.kind], claim.at))


def _chosen(claims: Sequence[Claim]) -> list[Claim]:
    """A few claims of each kind, the best ones, in the book's order."""
    return [each for kind, most in _MOST.items() for each in best(claims, most, (kind,))]


def _tagline(claims: Sequence[Claim], source: str) -> str:
    """What somebody is, in a few words, or says of themselves; else where they come from."""
    told = sorted((each for each in claims if not each.told_by), key=lambda each: -each.worth)
    for text in (each.text for each in told if each.kind in _TAGGED):
        found = _IS_A.match(text)
        if found is not None and len(found[1].split()) <= _TAGLINE:
            return f"{found[1][0].upper()}{found[1][1:]} Out of {source}."
    said = [each for each in claims if each.kind == "own" and len(each.text.split()) <= _TAGLINE]
    best_said = max(said, key=lambda each: each.worth, default=None)
    quote = f"“{best_said.text.replace('_', '')}” " if best_said is not None else ""
    return f"{quote}Out of {source}."


# The others ---------------------------------------------------------------------------------
def _views(book: Book, person: Person, ties: Sequence[Claim | Tie]) -> Iterator[Claim]:
    """What the person says of each of the others, where nothing is told of the two."""
    told = {p.name for tie in ties for _, p in book.people.mentions(tie.text)}
    for other in _met(book, person):
        if other.name not in told and (view := _view(book, person, other)) is not None:
            yield view


def _view(book: Book, person: Person, other: Person) -> Claim | None:
    """The first lasting thing that the person says of another one: who they are, or whose kin."""
    names = _names(other)
    is_told = re.compile(rf"^(?:{names}) (?:is|was|has been) (?:an?|the|my|our|so|very|one)\b")
    is_kin = re.compile(rf"\b(?:my|our) (?:\w+ )?(?:{KIN.pattern}),? (?:{names})\b")
    for line in book.lines_of(person):
        for sentence in sentences(line.paragraph.speech) if line.chance >= SURE else ():
            fits = _VIEW_LEAST <= len(sentence.split()) <= _VIEW_MOST and sentence[-1] in ".!"
            fits = fits and not sentence.startswith("If ")
            if fits and (is_told.search(sentence) or is_kin.search(sentence)):
                return Claim(sentence, sentence, "own", person.name, line.paragraph.at)
    return None


def _calls(book: Book, person: Person) -> Iterator[str]:
    """How the person calls those they talk with most."""
    for other in _met(book, person)[:_CALLED]:
        talk = [line for line in book.lines_of(person) if _answers(book, line, other)]
        counts = Counter(name for line in talk for name in _callings(line, other))
        usual = [name for name, count in counts.most_common(2) if count >= _CALLINGS]
        if set(usual) - {other.name, *_POLITE}:
            said = " or ".join(f"“{each}”" for each in usual)
            yield f"{_shown(person.name)} calls {other.name} {said}."


def _answers(book: Book, line: Line, other: Person) -> bool:
    return line.answers is not None and book.lines[line.answers].speaker == other


def _callings(line: Line, other: Person) -> list[str]:
    """What the other is called in a line, without a capital that only begins a sentence."""
    called = re.compile(
        r"(?:^|[,.!?;—-]\s*|\b(?:[Oo]h|[Yy]es|[Nn]o|[Ww]ell),?\s)"
        rf"((?:[Mm]y\s)?(?:(?:[Dd]ear|[Gg]ood|[Oo]ld)\s)?(?:{_names(other)})"
        r"|my (?:dear|love|child|boy|friend)|sir|ma[’']am|papa|mamma)(?=\s*[,.!?;—-]|$)"
    )
    found = called.findall(line.paragraph.speech)
    return [re.sub(r"^(?:My|Dear|Good|Old)\b", lambda m: m[0].lower(), each) for each in found]


def _met(book: Book, person: Person) -> list[Person]:
    """Whom this person talks with, most first."""
    met: Counter[str] = Counter()
    for line in book.lines_of(person):
        other = book.lines[line.answers].speaker if line.answers is not None else None
        if other is not None and other != person:
            met[other.name] += 1
    known = {each.name: each for each in book.people.persons}
    return [known[name] for name, _ in sorted(met.items(), key=lambda item: (-item[1], item[0]))]


def _others(book: Book, person: Person, told: Told) -> Iterator[LoreEntry]:
    """The people this person talks with, by the first claims about them."""
    for other in _met(book, person)[:_PEOPLE]:
        claims = [claim.text for claim in _described(_loose(told.of(other), ()))][:2]
        if claims:
            yield LoreEntry(tuple(sorted(other.names)), " ".join(claims), name=_shown(other.name))


# The scene ----------------------------------------------------------------------------------
def _scene(book: Book, person: Person, openings: Sequence[tuple[Line, str]]) -> str:
    """Where the first greeting is said, as the book tells it in the paragraphs before."""
    if not openings:
        return ""
    at = openings[0][0].paragraph.at
    for paragraph in reversed(book.paragraphs[max(0, at - _SCENE_FAR) : at]):
        told = [] if paragraph.said else sentences(paragraph.text.replace("_", ""))
        while told and _UNCLEAR.match(told[0]):
            told = told[1:]
        told = [each for each in told if not _TELLER.search(each)]
        kept: list[str] = []
        for sentence in told:
            if sum(len(each.split()) for each in [*kept, sentence]) > _SCENE_MOST:
                break
            kept.append(sentence)
        if _SETTING.search(" ".join(kept)):
            return exchanges.with_macros(book, person, openings[0][0], " ".join(kept))
    return ""


def _lines(book: Book, person: Person) -> tuple[list[Line], list[Line]]:
    """What the person says, and what everybody else does."""
    own = [line for line in book.lines if line.speaker == person]
    return own, [line for line in book.lines if line.speaker not in (None, person)]


def _spoken(lines: Sequence[Line]) -> list[str]:
    return [line.paragraph.speech for line in lines]
