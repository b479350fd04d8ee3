"""``relations``: the reply gives a person another role in the character's life than the card does.

- Measures: pairs of name and role ("my sister Inês", "Tomás is her master") in the reply against
  those on the card. A violation is a known name in a role incompatible with its known roles;
  another name in a role that only one person can have; a known person called kin ("my aunt Vera")
  without anything on the card or in the chat that says so; or a card line told of another person.
- Value: 0.8 if found, else 0. Confidence: 0.5; 0 if the card names nobody. Cost: words.
- Method: rules written for rpterm, with about seventy roles.
- Blind spots: relations in other words ("she bore me two sons"); languages other than English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.scoring.texts import content_stems, words
from rpterm.text.accents import unaccented
from rpterm.text.sentences import with_offsets

_KIN = (
    "wife spouse bride", "husband spouse bridegroom", "mother mum mom mamma", "father dad papa",
    "brother half-brother twin", "sister half-sister twin", "son boy", "daughter girl", "uncle",
    "aunt", "cousin", "nephew", "niece", "grandmother grandma", "grandfather grandpa",
    "grandson grandchild", "granddaughter grandchild", "stepmother", "stepfather", "stepson",
    "stepdaughter", "mother-in-law", "father-in-law", "brother-in-law", "sister-in-law",
    "son-in-law", "daughter-in-law", "widow", "godfather", "godmother",
)  # fmt: skip
_SYNONYMS = (
    *_KIN,
    "fiancé fiancee fiancée betrothed", "lover sweetheart beloved mistress",
    "friend companion ally comrade biographer confidant confidante colleague partner",
    "enemy rival foe adversary nemesis", "teacher master tutor mentor professor",
    "pupil student apprentice disciple", "servant maid butler valet page attendant slave",
    "landlady housekeeper landlord", "employer boss chief patron lord king queen empress emperor",
    "clerk assistant secretary employee conductor", "neighbour neighbor", "doctor physician",
    "captain", "guard",
)  # fmt: skip
_UNIQUE_TEXT = "wife husband mother father landlady employer king queen emperor"
_UNIQUE_ROLES = frozenset(_UNIQUE_TEXT.split())
_GROUPS: dict[str, set[int]] = {}
"""The groups of synonyms that each role belongs to; roles without a common group clash."""
for _index, _words in enumerate(_SYNONYMS):
    for _word in _words.split():
        _GROUPS.setdefault(_word, set()).add(_index)
_KIN_ROLES = frozenset(" ".join(_KIN).split())
_ROLES = "|".join(sorted(map(re.escape, _GROUPS), key=len, reverse=True))
_ROLE = rf"(?!twin (?:brother|sister))(?:{_ROLES})(?![\w-]|['’]s\b)"
_CAPITAL = r"[A-ZÀ-Þ][\w’'-]+"
_NAME_TITLES = "Dr Mr Mrs Miss Lady Lord Sir Dona Don Saint St Captain Professor"
_OTHER_TITLES = (
    "Inspector Engineer King Queen Prince Princess Emperor Empress Sultan Shah Brother Sister Old "
    "Young Doctor Count"
)
_TITLES = frozenset(f"{_NAME_TITLES} {_OTHER_TITLES}".split())
_NAME = rf"(?:(?:{'|'.join(_NAME_TITLES.split())})\.? )?{_CAPITAL}(?: {_CAPITAL}){{0,2}}"
_FULL_NAME = re.compile(rf"{_CAPITAL}(?: (?:(?:no|de|da|di|van|von|ibn|al) )?{_CAPITAL})*")
_WHOSE = (
    r"(?P<whose>(?i:my|his|her|their)|[A-ZÀ-Þ][\w-]+['’]s)"
    r"(?: (?!(?:own|my|his|her|their|your|who|and)\b)[a-zà-þ-]+,?){0,3}?(?: own)?"
)
_IS = r"(?:is |was |is called |was called |named |called )?"
_BECAME = r"(?:(?:is|was|became|has been|had been|remains) )?(?:once |formerly |now )?"
_NO_PLACE = "".join(rf"(?<!\b{word} )" for word in ("in", "at", "from", "to", "near"))
_PATTERNS = (
    re.compile(rf"{_WHOSE} (?P<role>{_ROLE}),? {_IS}(?P<name>{_NAME})"),
    re.compile(
        rf"{_NO_PLACE}(?P<name>{_NAME})(?:, (?:the|an?) [a-z -]{{2,30}})?,? (?:who )?{_BECAME}"
        rf"{_WHOSE} (?P<role>{_ROLE})"
    ),
    re.compile(
        rf"(?P<name>{_NAME}),? (?:is|was) (?:a|an|the) (?:[a-z-]+ ){{0,2}}(?P<role>{_ROLE}) "
        r"(?:of|to) (?:mine|me|his|hers|[A-Z])"
    ),
    re.compile(rf"^(?P<role>{_ROLE}) ?[:=] ?[\[(\"“]*(?P<name>{_NAME})"),
)
_SENTENCE_STARTERS_TEXT = (
    "The A An And But He She It They I My His Her Their We You That This There When Then If In On "
    "At Of As Never Not No Yes Once After Before With To For From By Every Each All One Two What "
    "Who"
)
_SENTENCE_STARTERS = frozenset(_SENTENCE_STARTERS_TEXT.split())


_OF_I = re.compile(
    r"(?:(?:^|[,;:–—])\W*(?:and |but )?|\b(?:and|but|so|because|before|when|while|since) )I\b"
    r"(?:(?!\b(?:his|hers?|him|s?he|theirs?|them|they)\b)[^,;:–—])*(?=[,;:–—]|$)"
)
"""Clauses that tell something of the character itself, and of nobody else."""
_I_AM = re.compile(rf"\b(?:I am|I['’]m|[Mm]y name is|[Cc]all me) {_FULL_NAME.pattern}")


@dataclass(frozen=True, slots=True)
class _Tie:
    """A name in a role.

    Attributes:
        written: The name as written.
        name: Its words.
        mine: Whether it says "my".
        start, end: Its span in the text.
    """

    written: str
    name: frozenset[str]
    role: str
    mine: bool
    start: int
    end: int


class Relations:
    """See the module."""

    name = "relations"
    dimension: Dimension = "persona"
    cost: Cost = "words"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        own = frozenset(unaccented(scene.char).split())
        known = [(tie, fact) for fact in scene.facts for tie in _ties(_lower_role(fact.text), own)]
        named = [(_names(fact.text, own), fact) for fact in scene.facts]
        if not reply.strip() or not any(names for names, _ in named):
            return NO_DATA
        evidence = [
            Evidence(tie.start, tie.end, why, fact.source, fact.text)
            for tie in _ties(reply, own)
            for why, fact in (*_clashes(tie, known), *_unknown_kin(tie, known, named, scene))
        ]
        evidence += _told_of_another(reply, [each for each in named if each[0]], own)
        return Reading(0.8 if evidence else 0.0, 0.5, tuple(evidence))


def _ties(text: str, own: frozenset[str]) -> Iterator[_Tie]:
    """The ties in a text, but for those of the character itself, whose name is ``own``."""
    for pattern in _PATTERNS:
        for match in pattern.finditer(unaccented(text)):
            said = match["name"].replace("’", "'").removesuffix("'s")
            name = frozenset(said.split()) - _SENTENCE_STARTERS
            if name and not name <= own:
                mine = match.groupdict().get("whose", "").lower() == "my"
                yield _Tie(match["name"], name, match["role"], mine, match.start(), match.end())


def _lower_role(text: str) -> str:
    """A line like "Brother: Mycroft" with the role in lower case, as the patterns expect it."""
    head, colon, tail = text.partition(":")
    return f"{head.lower()}:{tail}" if colon and head.lower() in _GROUPS else text


def _clashes(tie: _Tie, known: list[tuple[_Tie, Fact]]) -> Iterator[tuple[str, Fact]]:
    """A known name in an incompatible role, or a unique role with another name."""
    same_name = [(each, fact) for each, fact in known if each.name & tie.name]
    if same_name:
        groups = set().union(*(_GROUPS[each.role] for each, _ in same_name))
        if not groups & _GROUPS[tie.role]:
            first, fact = same_name[0]
            yield f"the card knows {tie.written} as {first.role}", fact
        return
    if tie.role in _UNIQUE_ROLES:
        for each, fact in known:
            if each.role == tie.role:
                yield f"the {tie.role} has another name", fact
                return


def _unknown_kin(
    tie: _Tie,
    known: list[tuple[_Tie, Fact]],
    named: list[tuple[frozenset[str], Fact]],
    scene: ReplyScene,
) -> Iterator[tuple[str, Fact]]:
    """A known person called kin, although neither the card nor the character ever said so.

    A card would say so: a person it names without mentioning kinship is no kin.
    """
    if not tie.mine or tie.role not in _KIN_ROLES or any(each.name & tie.name for each, _ in known):
        return
    name = tie.name - _TITLES
    facts = [fact for names, fact in named if names & name]
    lines = [fact.text for fact in facts]
    lines += [line for line in scene.own_texts if name & frozenset(re.findall(r"[\w’'-]+", line))]
    if facts and not any(_mentions(line, tie.role) for line in lines):
        yield f"the card names {tie.written}, and not as {tie.role}", facts[0]


def _mentions(text: str, role: str) -> bool:
    """Whether a text contains the role or a synonym."""
    return any(_GROUPS.get(word, set()) & _GROUPS[role] for word in words(text))


def _names(text: str, own: frozenset[str]) -> frozenset[str]:
    """The capitalised words of a text without accents, but for ``own`` and common first words."""
    found = re.findall(r"\b[A-ZÀ-Þ][\w’-]*[a-zà-þ]", unaccented(text))
    return frozenset(word.split("’")[0] for word in found) - _SENTENCE_STARTERS - own


def _told_of_another(
    reply: str, lines: list[tuple[frozenset[str], Fact]], own: frozenset[str]
) -> list[Evidence]:
    """Sentences that tell a line of the card, but of another person on the card.

    Args:
        lines: The card's lines that name somebody, with the names.
    """
    people = frozenset().union(*(_subject(fact.text, own) for _, fact in lines))
    ignored = frozenset(content_stems(" ".join(people | own | _TITLES)))
    told = [(names, fact, frozenset(content_stems(fact.text)) - ignored) for names, fact in lines]
    evidence = []
    for start, sentence in with_offsets(reply):
        mentioned = _names(_I_AM.sub("", sentence), own) & people
        said = frozenset(content_stems(_OF_I.sub("", sentence))) - ignored
        true = max((len(said & line) for names, _, line in told if names & mentioned), default=0)
        for names, fact, line in told if mentioned else ():
            # Names of places count if they are said, but are neither required nor enough.
            deeds = line - frozenset(content_stems(" ".join(names)))
            required = max(2, 0.6 * len(deeds), true + 1)
            named = _first_name(fact.text, own) & _names(sentence, own)
            if not named and said & deeds and len(said & line) >= required:
                note = "the card tells this of another person"
                end = start + len(sentence)
                evidence.append(Evidence(start, end, note, fact.source, fact.text))
    return evidence


def _first_name(line: str, own: frozenset[str]) -> frozenset[str]:
    """The first name in a line, which most often is the person it is about."""
    found = (_names(match[0], own) - _TITLES for match in _FULL_NAME.finditer(line))
    return next((names for names in found if names), frozenset())


def _subject(line: str, own: frozenset[str]) -> frozenset[str]:
    """The name a line begins with: the person it is about. Other names in it may be places."""
    match = _FULL_NAME.match(line)
    return frozenset() if match is None else _names(match[0], own) - _TITLES
