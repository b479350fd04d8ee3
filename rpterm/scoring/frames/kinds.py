"""Values of one kind: another colour, animal, relative, weekday or number than the known one. Pure.

English and Chinese; the kinds are in ``kinds.toml``, and the numbers of one unit are a kind, too. A
value of the reply that nobody has named so far clashes with the known values of its kind in the
line that is nearest in words, if this line has enough in common with the sentence and the turn it
answers (or is of "my" or "your" people), and unless the reply also names the known one. A quality
(``_QUALITIES``) is one of a thing: the clauses of both values have to name it, for a grey park is
no other blue room. Unlike in the other frames, the structure of a sentence plays no part, nor does
it matter whom a line is about.

It finds 92 of 1,190 wrong replies by several authors and flags 10 of 1,720 right ones. Values with
less in common are mostly mentions and contradict nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import fsum

from rpterm.scoring.frames.known import LONGEST_CLAIM, is_negated, is_unreal
from rpterm.scoring.frames.numbers import CHINESE_NUMBER, NUMBER, chinese_number, number
from rpterm.scoring.resources import load_toml
from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.signal import Evidence
from rpterm.scoring.texts import content_stems
from rpterm.scoring.word_frequency import rarity
from rpterm.text.sentences import with_offsets
from rpterm.text.unspaced import UNSPACED

_ANCHOR = 3.0
"""The least summed rarity of the words in common."""
_QUALITIES_TEXT = "colour metal gem limb hour drink vehicle weapon subject language"
_QUALITIES = frozenset(_QUALITIES_TEXT.split())
"""Kinds of which every thing has a value of its own."""
_THING = 2.0
"""The least rarity of a word that names a thing."""
_KIN = ("spouse", "child", "sibling")
"""Kinds of people: "your wife" is about the same as "my husband", whatever else is said."""
_COUNT = "# "
"""Before the unit of a number, as the name of a kind."""
_CLAUSE_END = re.compile(
    r"[,;，；、。！？.!?—\n]|(?<!hundred )(?<!thousand )\b(?:and|but)\b", re.IGNORECASE
)
_GREETING = re.compile(
    r"\bgood[- ](?:morning|afternoon|evening|night)\b|"
    r"^\W*(?:morning|afternoon|evening)(?: \w+)?\W*$|(?:早上|上午|中午|下午|晚上)好"
)
"""Names an hour, but tells nothing that happens then."""
_CHINESE_NOT = re.compile("[不没别无非未]")
_OWNED = re.compile(r"\b(?:my|your) (?:\w+ )?$", re.IGNORECASE)
""" "I'd be glad to meet your brother" supposes that there is one."""
_I_AM = re.compile("我[^，。]{0,3}[是当做][^，。]{0,6}$")
""" "我是医生": others have other trades."""
_WORD = re.compile(r"[a-z]+")
_OLD = re.compile(r"s?[ -](?:old|of age)\b", re.IGNORECASE)
"""An age is no duration."""
_AT_AGE = re.compile(r"\bwhen (?:I|you|s?he|they) (?:was|were) (?:only |just )?$", re.IGNORECASE)
_CLOCK = re.compile(r" ?(?:[ap](?:m\b|$)|o['’]clock)", re.IGNORECASE)
""" "Nine p.m.": the clause ends with its first full stop."""
_NUMBERED = re.compile(
    r"\b(room|pier|platform|gate|chapter|table|page|level|floor|flat|line|cell|sector|bay|dock) $",
    re.IGNORECASE,
)
""" "Room four"."""
_WE_ARE = re.compile(r"\bwe(?:['’]re| are| were) (?:only |just )?$", re.IGNORECASE)
_SIDE = re.compile(
    r"\b(left|right)[ -](hand|arm|leg|foot|knee|eye|ear|shoulder|ankle|wrist|hip|elbow|cheek)\b"
)
_UNIT = re.compile(r"[ -](?:(?:of|more|whole|long|good) )?([a-z]{3,})", re.IGNORECASE)
_CHINESE_UNIT = re.compile(
    "年级|小时|分钟|公斤|个(?:晚上|月|星期|人|孩子|儿子|女儿)|[岁年天月号点度分块元次只条匹位层楼斤里米间排套本辆晚]"
)


@dataclass(frozen=True, slots=True)
class Value:
    """A value that a text names.

    Attributes:
        kind: A key of ``kinds.toml``, or the unit of a number.
        name: The first of its synonyms, or the number.
        start, end: Its span in the text.
        clause: The text of its clause.
        denied: Whether its clause is negated.
    """

    kind: str
    name: str
    start: int
    end: int
    clause: str
    denied: bool

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.name

    @property
    def is_count(self) -> bool:
        """Whether it is a number."""
        return self.kind.startswith(_COUNT)


def other_values(reply: str, scene: ReplyScene) -> Iterator[Evidence]:
    """Where the reply names another value than the known one."""
    known, named = _known_values(scene)
    said = [
        (start, sentence, value)
        for start, sentence in with_offsets(reply)
        if len(sentence) <= LONGEST_CLAIM
        for value in values(sentence)
        if not is_unreal(sentence) or _OWNED.search(sentence[: value.start])
    ]
    present = {value.key for _, _, value in said}
    names = _marks(f"{scene.char} {scene.user}")
    for start, sentence, value in said:
        if value.denied or value.key in named or value.kind not in known:
            continue
        if value.kind == "trade" and not _I_AM.search(sentence[: value.start]):
            continue
        owned = _OWNED.search(sentence[: value.start])
        lines = known[value.kind]
        if owned and owned[0].lower().startswith("your"):  # A card in the second person means "my".
            lines = [fact for fact in lines if fact.source.startswith("turn:")]
        if not lines:
            continue
        about = (_marks(sentence) | _marks(scene.last)) - names - _marks(value.name)
        common, nearest = _nearest(about, lines)
        others = [each for each in values(nearest.text) if each.kind == value.kind]
        if value.kind in _QUALITIES:
            things = {each for each in _marks(value.clause) - names if rarity(each) >= _THING}
            if all(things.isdisjoint(_marks(each.clause)) for each in others):
                continue
        elif common < _ANCHOR and not (value.kind in _KIN and owned):
            continue
        if value.kind == "hour" and _numbers(sentence) & _numbers(nearest.text):
            continue  # "At three every night" is at three in the morning.
        if any(each.key in present for each in others) or (
            value.is_count and int(value.name) in _numbers(nearest.text)
        ):
            continue  # Both are true: "three coins, two of them later".
        note = "another number" if value.is_count else f"another {value.kind}"
        span = start + value.start, start + value.end
        yield Evidence(*span, note, nearest.source, nearest.text)


def _known_values(scene: ReplyScene) -> tuple[dict[str, list[Fact]], set[tuple[str, str]]]:
    """For each kind, the lines that affirm a value of it; and every value named so far."""
    lines: dict[str, dict[str, Fact]] = {}
    named = {value.key for value in values(scene.last)}
    for fact in scene.known:
        for value in values(fact.text):
            named.add(value.key)
            if not value.denied:
                lines.setdefault(value.kind, {})[fact.text] = fact
    return {kind: [*facts.values()] for kind, facts in lines.items()}, named


def _nearest(about: frozenset[str], lines: Sequence[Fact]) -> tuple[float, Fact]:
    """The line with most in common, and the summed rarity of that."""
    common = [fsum(map(rarity, about & _marks(fact.text))) for fact in lines]
    best = max(range(len(lines)), key=common.__getitem__)
    return common[best], lines[best]


def _numbers(text: str) -> set[int | None]:
    return {number(match.group()) for match in NUMBER.finditer(text)}


@lru_cache(maxsize=8192)
def values(text: str) -> tuple[Value, ...]:
    """The values of a text."""
    ends = [*(match.span() for match in _CLAUSE_END.finditer(text)), (len(text), len(text))]
    found: list[Value] = []
    start = 0
    for end, following in ends:
        clause = text[start:end]
        if spans := [*_kind_words(clause.lower()), *_counts(clause)]:
            denied = is_negated(clause) or bool(_CHINESE_NOT.search(clause))
            found += [
                Value(kind, name, start + first, start + last, clause, denied)
                for kind, name, first, last in spans
            ]
        start = following
    return tuple(found)


def _kind_words(clause: str) -> Iterator[tuple[str, str, int, int]]:
    """The words of ``kinds.toml`` in a clause."""
    clause = _GREETING.sub(lambda greeting: " " * len(greeting[0]), clause)
    for pattern in (_WORD, _chinese_words()):
        for match in pattern.finditer(clause):
            if match.group() in _words():
                yield *_words()[match.group()], *match.span()
    for match in _SIDE.finditer(clause):
        yield f"side ({match[2]})", match[1], *match.span()


def _counts(clause: str) -> Iterator[tuple[str, str, int, int]]:
    """The numbers from two up, with their units as kinds."""
    for match in NUMBER.finditer(clause):
        kind = _unit(clause, *match.span())
        if kind and (count := number(match.group()) or 0) > 1:
            yield kind, str(count), *match.span()
    for match in CHINESE_NUMBER.finditer(clause) if not clause.isascii() else ():
        unit = _CHINESE_UNIT.match(clause, match.end())
        if unit and (count := chinese_number(match.group())) > 1:
            yield f"{_COUNT}{unit.group()}", str(count), match.start(), unit.end()


def _unit(clause: str, start: int, end: int) -> str:
    """What a number counts, as the name of a kind; "" if that is not said."""
    if numbered := _NUMBERED.search(clause[:start]):
        return f"{_COUNT}{numbered[1].lower()}"
    if _WE_ARE.search(clause[:start]):
        return f"{_COUNT}of us"
    if _CLOCK.match(clause, end):
        return f"{_COUNT}o'clock"
    unit = _UNIT.match(clause, end)
    if unit is None:
        return f"{_COUNT}then" if _AT_AGE.search(clause[:start]) else ""
    if _OLD.match(clause, unit.end(1)):
        return f"{_COUNT}age"
    stems = content_stems(unit[1])
    return f"{_COUNT}{stems[0]}" if stems else ""


@lru_cache(maxsize=8192)
def _marks(text: str) -> frozenset[str]:
    """The content words of a text; of scripts without spaces, the characters."""
    stems = (stem for stem in content_stems(text) if not UNSPACED.search(stem))
    return frozenset([*stems, *UNSPACED.findall(text)])


@lru_cache(maxsize=1)
def _words() -> Mapping[str, tuple[str, str]]:
    """The kind and value of each word."""
    return {
        word: (kind, entry.split()[0])
        for kind, entries in load_toml("kinds.toml").items()
        for entry in entries
        for word in entry.split()
    }


@lru_cache(maxsize=1)
def _chinese_words() -> re.Pattern[str]:
    words = sorted((word for word in _words() if not word.isascii()), key=len, reverse=True)
    return re.compile("|".join(words))
