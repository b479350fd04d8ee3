"""Drafts a card from a book: what somebody says, and what the book says about them. Pure.

Nothing is invented. Claims are sentences of the book with their source, or collect single words of
it; relations are worded by rule from their source sentence; examples are exchanges of the book.
Rules cannot tell what matters or what the last chapter changes, so the result is a draft for the
author to review.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rpterm.cards.card import CharacterCard, Lorebook, LoreEntry
from rpterm.novels import exchanges
from rpterm.novels.attribution import SURE, Line
from rpterm.novels.book import Book
from rpterm.novels.book_claims import BookClaims, Claim, best
from rpterm.novels.claims import Kind
from rpterm.novels.mannerisms import mannerisms
from rpterm.novels.names import is_short_for
from rpterm.novels.people import Person
from rpterm.novels.relations import Relation
from rpterm.novels.style import speech_style
from rpterm.novels.titles import split_title
from rpterm.novels.trait_patterns import KIN
from rpterm.novels.years import latest_year
from rpterm.scoring.texts import content_stems
from rpterm.text.sentences import sentences

_MAX_CLAIMS: dict[Kind, int] = {
    "age": 1, "looks": 3, "work": 3, "being": 3, "manner": 5, "habit": 4, "own": 6
}  # fmt: skip
"""Most claims of each kind in a card."""
_MIN_WORTH, _ENOUGH_CLAIMS = 2.0, 10
"""Least worth of a claim once a card has that many."""
_MIN_WORTH_IF_FEW, _FEW_CLAIMS = 1.3, 3
"""Least worth of a claim once a card has that many."""
_MIN_WORTH_IF_NONE = 0.8
"""Least worth of the first few claims."""
_DESCRIPTION_KINDS: tuple[tuple[Kind, ...], ...] = (
    ("work", "age", "being"),
    ("looks",),
    ("manner", "habit"),
)
"""Kinds of claims that a description takes one each from."""
_MAX_DESCRIPTION_SENTENCES, _MAX_DESCRIPTION_WORDS = 5, 110
"""Sentences and words of a description at most."""
_MAX_OVERLAP = 0.6
"""Share of a claim's content words that a claim chosen before may also contain."""
_MAX_TAGLINE_WORDS = 16
"""Words of a tagline at most."""
_FULL_NAME_RATIO, _MIN_FULL_NAMES = 1.2, 3
"""Least uses of the usual and the full names together, per use of the usual one, and of a full name
that does not contain the usual name."""
_UNRELIABLE_NAME = re.compile(r"^the |\w{4,}\. |^(?:Sir|Lady) ")
"""Names that are hardly anybody's: read across the end of a sentence, or of a family's head."""
_COMMON_TITLES = ("mr", "mrs", "miss", "ms")
_MAX_OTHER_NAMES, _MIN_NARRATED = 4, 2
"""Other names listed in a card, and narrated claims without which others are heard."""
_TAGLINE_KINDS: tuple[Kind, ...] = ("work", "age", "looks", "being")
_IS_A = re.compile(r"[^,;:’']+ (?:was|is|had been)(?: \w+ly)? (an? [^;:]+[.!])$")
_RELATION_VERBS_TEXT = (
    "loved loves hated hates liked likes admired admires despised trusted feared married "
    "engaged respected envied distrusted adored pitied esteemed dreaded friendship affection "
    "attached"
)
RELATION_VERB = re.compile(rf"\b(?:{_RELATION_VERBS_TEXT.replace(' ', '|')})\b")
_MAX_RELATIONS, _MAX_KIN_RELATIONS, _MAX_LORE_PEOPLE = 12, 7, 8
_MAX_CALLED, _MIN_CALLINGS, _MAX_COMPANY = 6, 3, 2
"""People whose form of address is listed, how often it must be used, and people in a company."""
_TO_FACE = re.compile(r"(?:\w+,?\s)?[Yy]ou\b")
"""What is said to somebody's face, which makes no sense to anybody else."""
_FORMAL_ADDRESSES = ("sir", "ma'am", "ma’am")
_MIN_VIEW_WORDS, _MAX_VIEW_WORDS = 5, 22
"""Words of what somebody says about another person."""
_SCENE_PARAGRAPHS, _MAX_SCENE_WORDS = 8, 70
"""Paragraphs before the first greeting that may set its scene, and words of the scene."""
_DEPENDENT_START = re.compile(
    r"\W*(?:He|She|It|They|His|Her|This|That|But|And|So|Then|These|There)\b"
)
_FIRST_PERSON = re.compile(r"\b(?:I|me|my|we|us|our)\b")
_SETTING = re.compile(
    r"\b(?:room|house|garden|street|road|fire|fireplace|table|window|door|hall|parlour|kitchen|inn|"
    r"tavern|park|wood|field|river|shore|beach|ship|carriage|coach|cab|train|station|church|school|"
    r"castle|tower|hotel|terrace|bench|morning|evening|night|afternoon|breakfast|dinner|supper|tea|"
    r"ball|party|walk|library|study|shop|market|bridge|hill|path|lane|arrived|entered)\b"
)


@dataclass(frozen=True, slots=True)
class Portrait:
    """A card and the sources of its claims.

    Attributes:
        notes: For a line of the card, the sentence of the book behind it.
        lines: How many lines the person has in the book.
    """

    card: CharacterCard
    notes: Mapping[str, str]
    lines: int


def draft_card(
    book: Book, person: Person, source: str, year: str = "", asked: str = ""
) -> Portrait:
    """The draft of a card.

    Args:
        source: The book's title, for the notes.
        year: A year after which the person knows nothing; "" takes the latest that the book
            suggests.
        asked: The name that the reader gave.
    """
    book_claims = BookClaims(book)
    name = full_name(book, person, asked)
    guessed_year = None if year else latest_year(book.paragraphs)
    kin_relations = book_claims.relations_of(person)
    claims = _select_claims(book_claims.of(person), book_claims.gathered(person, name))
    relation_claims, rest = _split_relations(book, person, claims, kin_relations)
    description = _description_claims(rest)
    attributes = _attribute_claims([each for each in rest if each not in description])
    openings = exchanges.greetings(book, person)
    own = book.lines_of(person)
    others = [line for line in book.lines if line.speaker not in (None, person)]
    opinions = _opinions(book, person, [*kin_relations, *relation_claims])
    relations = [relation.text for relation in kin_relations[:_MAX_KIN_RELATIONS]]
    relations += map(_claim_line, [*relation_claims, *opinions])
    card = CharacterCard(
        name=_capitalised(name),
        nickname=_capitalised(person.name) if person.name != name else "",
        tagline=_tagline([*description, *attributes], source),
        description=_prose(person, description) or _company(book, person, name, source),
        scenario=_scene_before(book, person, openings),
        knows_until=guessed_year[0] if guessed_year else year,
        greetings=tuple(text for _, text in openings),
        attributes=(*_other_names_line(book, person, name), *map(_claim_line, attributes)),
        relations=(*relations, *_forms_of_address(book, person))[:_MAX_RELATIONS],
        style=(*speech_style(_speeches(own), _speeches(others)), *mannerisms(own, others)),
        limits=("{{char}} never decides what {{user}} says, does or feels.",),
        examples=tuple(exchanges.examples(book, person)),
        lorebook=Lorebook(tuple(_lore_entries(book, person, book_claims))),
        tags=("novel",),
        creator_notes=f"Drafted by rules from {source}: in the book's own words.",
    )
    notes = {_claim_line(each): each.evidence for each in [*attributes, *relation_claims]}
    notes |= {relation.text: relation.evidence for relation in kin_relations}
    if guessed_year:
        guess, evidence = guessed_year
        notes[guess] = f"This is a guess; correct it if it is wrong. The book says: {evidence}"
    if description:
        notes[card.description] = " ".join(each.evidence for each in description)
    return Portrait(card, notes, len(own))


# Names --------------------------------------------------------------------------------------
def full_name(book: Book, person: Person, asked: str = "") -> str:
    """The name for the card: the full form, used most, of the name asked for or used most.

    A full name has a first and a last name, and goes without "Mr." if the book also leaves it out.
    Somebody who is "Mr. Orme" nearly everywhere keeps that name: a first name may be his brother's.
    """
    usual = asked if asked in person.names else person.name
    full_names = [name for name in person.names if len(split_title(name)[1]) > 1]
    if asked in full_names:
        return asked
    counts = _name_counts(book, [*full_names, usual])
    if split_title(usual)[0] and counts.total() < _FULL_NAME_RATIO * counts[usual]:
        return usual
    untitled = [name for name in full_names if split_title(name)[0] not in _COMMON_TITLES]
    candidates = [name for name in untitled or full_names if is_short_for(usual, name)]
    fitting = [name for name in candidates if {*split_title(usual)[1]} <= {*name.split()}]
    others = [name for name in candidates if counts[name] >= _MIN_FULL_NAMES]
    return max(fitting or others, key=lambda name: (counts[name], name), default=usual)


def _name_counts(book: Book, names: Collection[str]) -> Counter[str]:
    """How often a book uses each of some names; where several match, the longest counts."""
    longest = sorted(names, key=lambda name: (-len(name), name))
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)")
    return Counter(name for each in book.paragraphs for name in pattern.findall(each.text))


def _other_names_line(book: Book, person: Person, name: str) -> Iterator[str]:
    """A sentence with the other names, the most used first."""
    counts = _name_counts(book, person.names)
    known = {name, person.name, *split_title(name)[1]}
    others = [
        each
        for each, _ in counts.most_common()
        if each not in known and not _UNRELIABLE_NAME.search(each)
    ]
    if others:
        yield f"{_capitalised(name)} is also called {', '.join(others[:_MAX_OTHER_NAMES])}."


def _capitalised(name: str) -> str:
    return f"The{name[3:]}" if name.startswith("the ") else name


def _names_pattern(person: Person) -> str:
    """A regular expression for a person's names, the longest first."""
    return "|".join(sorted(map(re.escape, person.names), key=lambda name: (-len(name), name)))


# Claims -------------------------------------------------------------------------------------
def _prose(person: Person, claims: Sequence[Claim]) -> str:
    """Claims as prose: from the second sentence on, "she" or "he" replaces the name."""
    pronoun = {True: "She", False: "He"}.get(person.female) if person.female is not None else None
    texts = [_claim_line(claim) for claim in claims]
    if pronoun is None:
        return " ".join(texts)
    leading_name = re.compile(rf"^(?:{_names_pattern(person)})(?=\s[a-z])")
    return " ".join([*texts[:1], *(leading_name.sub(pronoun, text) for text in texts[1:])])


def _company(book: Book, person: Person, name: str, source: str) -> str:
    """What is certain about somebody whom the book does not describe: whom they talk with."""
    others = [each.name for each in _interlocutors(book, person)[:_MAX_COMPANY]]
    company = f", who talks mostly with {' and '.join(others)}" if others else ""
    return f"{_capitalised(name)} is a character of “{source}”{company}."


def _claim_line(claim: Claim) -> str:
    """A claim as a line of the card; what somebody says is quoted, with the speaker."""
    text = _capitalised(claim.text.replace("_", ""))
    return f"{_capitalised(claim.told_by)}: “{text}”" if claim.told_by else text


def _select_claims(claims: Sequence[Claim], gathered: Sequence[Claim]) -> list[Claim]:
    """Claims worth having, none a repetition; weaker ones are kept only while there are few."""
    kept: list[Claim] = []
    seen: list[set[str]] = []
    for claim in sorted([*claims, *gathered], key=lambda each: -each.worth):
        words = set(content_stems(claim.text))
        repeats = any(len(words & other) > _MAX_OVERLAP * len(words) for other in seen)
        if claim.worth >= _least_worth(len(kept)) and not repeats:
            kept.append(claim)
            seen.append(words)
    return sorted(kept, key=lambda each: each.index)


def _least_worth(count: int) -> float:
    """What a claim must be worth when a card has that many."""
    if count >= _ENOUGH_CLAIMS:
        return _MIN_WORTH
    return _MIN_WORTH_IF_FEW if count >= _FEW_CLAIMS else _MIN_WORTH_IF_NONE


def _split_relations(
    book: Book, person: Person, claims: Sequence[Claim], kin_relations: Sequence[Relation]
) -> tuple[list[Claim], list[Claim]]:
    """Claims about a relation to somebody without a known tie, and the claims about no relation."""
    known = {name for each in kin_relations for name in (each.person, each.other)} | {person.name}
    relation_claims: list[Claim] = []
    rest: list[Claim] = []
    for claim in claims:
        named = {each.name for _, each in book.people.mentions(claim.text)} - {person.name}
        is_relation = KIN.search(claim.text) or RELATION_VERB.search(claim.text)
        if not (named and is_relation):
            rest.append(claim)
        elif not named <= known:
            relation_claims.append(claim)
    return relation_claims, rest


def _description_claims(claims: Sequence[Claim]) -> list[Claim]:
    """The best narrated claims of each kind, then of all; claims by others if there are few."""
    narrated = [claim for claim in claims if not claim.told_by]
    chosen = [each for kinds in _DESCRIPTION_KINDS for each in best(narrated, 1, kinds)]
    told = [each for each in claims if each.told_by and not _TO_FACE.match(each.text)]
    by_others = [each for each in told if each.kind != "own"]
    more = [each for each in sorted(narrated, key=lambda each: -each.worth) if each not in chosen]
    for each in [*more, *(by_others if len(narrated) < _MIN_NARRATED else ())]:
        words = sum(len(claim.text.split()) for claim in [*chosen, each])
        if len(chosen) < _MAX_DESCRIPTION_SENTENCES and words <= _MAX_DESCRIPTION_WORDS:
            chosen.append(each)
    order = {kind: index for index, kinds in enumerate(_DESCRIPTION_KINDS) for kind in kinds}
    return sorted(chosen, key=lambda claim: (order[claim.kind], claim.index))


def _attribute_claims(claims: Sequence[Claim]) -> list[Claim]:
    """A few claims of each kind, the best ones, in the book's order."""
    return [each for kind, most in _MAX_CLAIMS.items() for each in best(claims, most, (kind,))]


def _tagline(claims: Sequence[Claim], source: str) -> str:
    """What somebody is in a few words, or a statement about themselves; else where they come
    from."""
    narrated = sorted((each for each in claims if not each.told_by), key=lambda each: -each.worth)
    for text in (each.text for each in narrated if each.kind in _TAGLINE_KINDS):
        found = _IS_A.match(text)
        if found is not None and len(found[1].split()) <= _MAX_TAGLINE_WORDS:
            return f"{found[1][0].upper()}{found[1][1:]} Out of {source}."
    own = [each for each in claims if each.kind == "own"]
    short = [each for each in own if len(each.text.split()) <= _MAX_TAGLINE_WORDS]
    best_own = max(short, key=lambda each: each.worth, default=None)
    quote = f"“{best_own.text.replace('_', '')}” " if best_own is not None else ""
    return f"{quote}Out of {source}."


# Other people -------------------------------------------------------------------------------
def _opinions(
    book: Book, person: Person, statements: Sequence[Claim | Relation]
) -> Iterator[Claim]:
    """What the person says about each of the others, unless the statements mention them."""
    mentioned = {p.name for each in statements for _, p in book.people.mentions(each.text)}
    for other in _interlocutors(book, person):
        if other.name not in mentioned and (opinion := _opinion(book, person, other)) is not None:
            yield opinion


def _opinion(book: Book, person: Person, other: Person) -> Claim | None:
    """The first lasting thing that the person says about another: who they are, or whose kin."""
    names = _names_pattern(other)
    opinion = re.compile(
        rf"^(?:{names}) (?:is|was|has been) (?:an?|the|my|our|so|very|one)\b"
        rf"|\b(?:my|our) (?:\w+ )?(?:{KIN.pattern}),? (?:{names})\b"
    )
    for line in book.lines_of(person):
        for sentence in sentences(line.paragraph.speech) if line.probability >= SURE else ():
            fits = _MIN_VIEW_WORDS <= len(sentence.split()) <= _MAX_VIEW_WORDS
            is_statement = sentence[-1] in ".!" and not sentence.startswith("If ")
            if fits and is_statement and opinion.search(sentence):
                return Claim(sentence, sentence, "own", person.name, line.paragraph.index)
    return None


def _forms_of_address(book: Book, person: Person) -> Iterator[str]:
    """How the person addresses those they talk with most."""
    for other in _interlocutors(book, person)[:_MAX_CALLED]:
        lines = [line for line in book.lines_of(person) if _replies_to(book, line, other)]
        counts = Counter(name for line in lines for name in _addresses_in(line, other))
        usual = [name for name, count in counts.most_common(2) if count >= _MIN_CALLINGS]
        if set(usual) - {other.name, *_FORMAL_ADDRESSES}:
            forms = " or ".join(f"“{each}”" for each in usual)
            yield f"{_capitalised(person.name)} calls {other.name} {forms}."


def _replies_to(book: Book, line: Line, other: Person) -> bool:
    """Whether a line surely answers another person's."""
    before = book.lines[line.replies_to] if line.replies_to is not None else line
    return before.speaker == other and min(line.probability, before.probability) >= SURE


def _addresses_in(line: Line, other: Person) -> list[str]:
    """How the other person is addressed in a line, without the capital of a sentence start."""
    address = re.compile(
        r"(?:^|[,.!?;—-]\s*|\b(?:[Oo]h|[Yy]es|[Nn]o|[Ww]ell),?\s)"
        rf"((?:[Mm]y\s)?(?:(?:[Dd]ear|[Gg]ood|[Oo]ld)\s)?(?:{_names_pattern(other)})"
        r"|my (?:dear|love|child|boy|friend)|sir|ma[’']am|papa|mamma)(?=\s*[,.!?;—-]|$)"
    )
    found = address.findall(line.paragraph.speech)
    return [re.sub(r"^(?:My|Dear|Good|Old)\b", lambda m: m[0].lower(), each) for each in found]


def _interlocutors(book: Book, person: Person) -> list[Person]:
    """Those this person talks with, most lines first."""
    answers = [line.replies_to for line in book.lines_of(person) if line.replies_to is not None]
    others = filter(None, (book.lines[at].speaker for at in answers))
    counts = Counter(other for other in others if other != person)
    return sorted(counts, key=lambda other: (-counts[other], other.name))


def _lore_entries(book: Book, person: Person, book_claims: BookClaims) -> Iterator[LoreEntry]:
    """Entries about the people this person talks with: the best claims about each."""
    for other in _interlocutors(book, person)[:_MAX_LORE_PEOPLE]:
        told = [each for each in book_claims.of(other) if not _TO_FACE.match(each.text)]
        claims = _description_claims(_select_claims(told, ()))[:2]
        if claims:
            text = " ".join(map(_claim_line, claims))
            yield LoreEntry(tuple(sorted(other.names)), text, name=_capitalised(other.name))


# The scene ----------------------------------------------------------------------------------
def _scene_before(book: Book, person: Person, openings: Sequence[tuple[Line, str]]) -> str:
    """Where the first greeting is said, as the paragraphs before it describe it."""
    if not openings:
        return ""
    at = openings[0][0].paragraph.index
    for paragraph in reversed(book.paragraphs[max(0, at - _SCENE_PARAGRAPHS) : at]):
        narrated = [] if paragraph.quotes else sentences(paragraph.text.replace("_", ""))
        while narrated and _DEPENDENT_START.match(narrated[0]):
            narrated = narrated[1:]
        narrated = [each for each in narrated if not _FIRST_PERSON.search(each)]
        kept: list[str] = []
        for sentence in narrated:
            if sum(len(each.split()) for each in [*kept, sentence]) > _MAX_SCENE_WORDS:
                break
            kept.append(sentence)
        if _SETTING.search(" ".join(kept)):
            return exchanges.with_macros(book, person, openings[0][0], " ".join(kept))
    return ""


def _speeches(lines: Sequence[Line]) -> list[str]:
    return [line.paragraph.speech for line in lines]
