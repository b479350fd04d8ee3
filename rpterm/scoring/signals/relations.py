"""Whether a reply gives somebody another part in the character's life than the card does.

By rule: names and roles ("my sister Inês", "Tomás is her master") are read from the card's lines
and from the reply. A known name in a role that goes with none of its own, another name in a role
that only one person has, kin ("my aunt") of whom the card tells nothing of the kind, or a tie told
of another known person, is a break. It knows about seventy roles, in English; ties in other words
("she bore me two sons") are missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rpterm.scoring.records import NOTHING, Cost, Dimension, Evidence, Fact, Reading, Scene
from rpterm.scoring.texts import content, words
from rpterm.sentences import placed

_KIN = (
    "wife spouse bride", "husband spouse bridegroom", "mother mum mom mamma", "father dad papa",
    "brother half-brother twin", "sister half-sister twin", "son boy", "daughter girl", "uncle",
    "aunt", "cousin", "nephew", "niece", "grandmother grandma", "grandfather grandpa",
    "grandson grandchild", "granddaughter grandchild", "stepmother", "stepfather", "stepson",
    "stepdaughter", "mother-in-law", "father-in-law", "brother-in-law", "sister-in-law",
    "son-in-law", "daughter-in-law", "widow", "godfather", "godmother",
)  # fmt: skip
_ALIKE = (
    *_KIN,
    "fiancé fiancee fiancée betrothed", "lover sweetheart beloved mistress",
    "friend companion ally comrade biographer confidant confidante colleague partner",
    "enemy rival foe adversary nemesis", "teacher master tutor mentor professor",
    "pupil student apprentice disciple", "servant maid butler valet page attendant slave",
    "landlady housekeeper landlord", "employer boss chief patron lord king queen empress emperor",
    "clerk assistant secretary employee conductor", "neighbour neighbor", "doctor physician",
    "captain", "guard",
)  # fmt: skip
_ONLY_ONE_TEXT = "wife husband mother father landlady employer king queen emperor"
_ONLY_ONE = frozenset(_ONLY_ONE_TEXT.split())
_GROUPS: dict[str, set[int]] = {}
for _at, _words in enumerate(_ALIKE):
    for _word in _words.split():
        _GROUPS.setdefault(_word, set()).add(_at)
_KIN_ROLES = frozenset(" ".join(_KIN).split())
_ROLES = "|".join(sorted(map(re.escape, _GROUPS), key=len, reverse=True))
_ROLE = rf"(?!twin (?:brother|sister))(?:{_ROLES})(?![\w-])"
_CAPITAL = r"[A-ZÀ-Þ][\w’'-]+"
_BEFORE = "Dr Mr Mrs Miss Lady Lord Sir Dona Don Saint St Captain Professor"
_ALSO_BEFORE = (
    "Inspector Engineer King Queen Prince Princess Emperor Empress Sultan Shah Brother Sister Old "
    "Young Doctor Count"
)
_TITLES = frozenset(f"{_BEFORE} {_ALSO_BEFORE}".split())
_NAME = rf"(?:(?:{'|'.join(_BEFORE.split())})\.? )?{_CAPITAL}(?: {_CAPITAL}){{0,2}}"
_WHOLE_NAME = re.compile(rf"{_CAPITAL}(?: (?:(?:no|de|da|di|van|von|ibn|al) )?{_CAPITAL})*")
_WHOSE = (
    r"(?P<whose>(?i:my|his|her|their)|[A-ZÀ-Þ][\w-]+['’]s)"
    r"(?: (?!own )[a-zà-þ-]+,?){0,3}?(?: own)?"
)
_IS = r"(?:is |was |is called |was called |named |called )?"
_BECAME = r"(?:(?:is|was|became|has been|had been|remains) )?(?:once |formerly |now )?"
_PATTERNS = (
    re.compile(rf"{_WHOSE} (?P<role>{_ROLE}),? {_IS}(?P<name>{_NAME})"),
    re.compile(
        rf"(?P<name>{_NAME})(?:, (?:the|an?) [a-z -]{{2,30}})?,? (?:who )?{_BECAME}"
        rf"{_WHOSE} (?P<role>{_ROLE})"
    ),
    re.compile(
        rf"(?P<name>{_NAME}),? (?:is|was) (?:a|an|the) (?:[a-z-]+ ){{0,2}}(?P<role>{_ROLE}) "
        r"(?:of|to) (?:mine|me|his|hers|[A-Z])"
    ),
    re.compile(rf"^(?P<role>{_ROLE}) ?[:=] ?(?P<name>{_NAME})"),
)
_FIRST_TEXT = (
    "The A An And But He She It They I My His Her Their We You That This There When Then If In On "
    "At Of As Never Not No Yes Once After Before With To For From By Every Each All One Two What "
    "Who"
)
_FIRST = frozenset(_FIRST_TEXT.split())


@dataclass(frozen=True, slots=True)
class _Tie:
    said: str
    name: frozenset[str]
    role: str
    mine: bool
    start: int
    end: int


class Relations:
    """Value: 0.8 where a name and a role do not go together, else 0."""

    name = "relations"
    dimension: Dimension = "persona"
    cost: Cost = "words"

    def measure(self, reply: str, scene: Scene) -> Reading:
        own = frozenset(scene.char.split())
        known = [(tie, fact) for fact in scene.facts for tie in _ties(_cased(fact.text), own)]
        named = [(_names(fact.text, own), fact) for fact in scene.facts]
        if not reply.strip() or not any(names for names, _ in named):
            return NOTHING
        found = [
            Evidence(tie.start, tie.end, why, fact.source, fact.text)
            for tie in _ties(reply, own)
            for why, fact in (*_clashes(tie, known), *_no_kin(tie, known, named, scene))
        ]
        found += _swapped(reply, [each for each in named if each[0]], own)
        return Reading(0.8 if found else 0.0, 0.5, tuple(found))


def _ties(text: str, own: frozenset[str]) -> Iterator[_Tie]:
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            name = frozenset(match["name"].replace("’", "'").removesuffix("'s").split()) - _FIRST
            if name and not name <= own:
                mine = match.groupdict().get("whose", "").lower() == "my"
                yield _Tie(match["name"], name, match["role"], mine, match.start(), match.end())


def _cased(text: str) -> str:
    """A line like "Brother: Mycroft" with its role as the patterns want it."""
    head, sign, rest = text.partition(":")
    return f"{head.lower()}:{rest}" if sign and head.lower() in _GROUPS else text


def _clashes(tie: _Tie, known: list[tuple[_Tie, Fact]]) -> Iterator[tuple[str, Fact]]:
    same = [(each, fact) for each, fact in known if each.name & tie.name]
    if same:
        roles = set().union(*(_GROUPS[each.role] for each, _ in same))
        if not roles & _GROUPS[tie.role]:
            yield f"the card knows {tie.said} as {same[0][0].role}", same[0][1]
        return
    if tie.role in _ONLY_ONE:
        for each, fact in known:
            if each.role == tie.role:
                yield f"the {tie.role} has another name", fact
                return


def _no_kin(
    tie: _Tie,
    known: list[tuple[_Tie, Fact]],
    named: list[tuple[frozenset[str], Fact]],
    scene: Scene,
) -> Iterator[tuple[str, Fact]]:
    """Of kin a card would say so: whom it names without a word of it is none."""
    if not tie.mine or tie.role not in _KIN_ROLES or any(each.name & tie.name for each, _ in known):
        return
    name = tie.name - _TITLES
    told = [fact for names, fact in named if names & name]
    spoken = (*scene.own_lines, *(text for own, text in scene.history if own))
    lines = [fact.text for fact in told]
    lines += [line for line in spoken if name & frozenset(re.findall(r"[\w’'-]+", line))]
    if told and not any(_says(line, tie.role) for line in lines):
        yield f"the card names {tie.said}, and not as {tie.role}", told[0]


def _says(text: str, role: str) -> bool:
    return any(_GROUPS.get(word, set()) & _GROUPS[role] for word in words(text))


def _names(text: str, own: frozenset[str]) -> frozenset[str]:
    """Capitalised words; the first of a text counts only where it is no common word."""
    found = re.findall(r"\b[A-ZÀ-Þ][\w’-]*[a-zà-þ]", text)
    return frozenset(word.split("’")[0] for word in found) - _FIRST - own


def _swapped(
    reply: str, lines: list[tuple[frozenset[str], Fact]], own: frozenset[str]
) -> list[Evidence]:
    """Sentences that tell a line of the card, but of another of its people."""
    people = frozenset().union(*(_subject(fact.text, own) for _, fact in lines))
    unsaid = frozenset(content(" ".join(people | own | _TITLES)))
    found = []
    for start, sentence in placed(reply):
        said = _names(sentence, own) & people
        rare = frozenset(content(sentence)) - unsaid
        for names, fact in lines if said else ():
            line = frozenset(content(fact.text)) - unsaid
            # Places count where they are said; they are not asked for.
            asked = max(2, 0.6 * len(line - frozenset(content(" ".join(names)))))
            if not said & names and len(rare & line) >= asked:
                note = "the card tells this of another person"
                found.append(Evidence(start, start + len(sentence), note, fact.source, fact.text))
    return found


def _subject(line: str, own: frozenset[str]) -> frozenset[str]:
    """The first name of a line, whom it is about; its other names may be places."""
    found = (_names(match[0], own) - _TITLES for match in _WHOLE_NAME.finditer(line))
    return next((names for names in found if names), frozenset())
