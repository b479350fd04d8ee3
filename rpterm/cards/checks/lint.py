"""Lints a valid card: finds what its author would want to improve before playing.

Problems that make a card invalid are the reader's job and come first. The linter reads no files
and needs no model; if it is given ``count``, it also reports the tokens each part costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from rpterm.cards.card import CharacterCard
from rpterm.cards.checks import voice
from rpterm.cards.checks.contradictions import contradictions
from rpterm.cards.checks.finding import CardFinding
from rpterm.cards.checks.lore import lore
from rpterm.cards.describe import sections
from rpterm.cards.format.locate import LineNumbers, Path, locate
from rpterm.cards.format.reader import path_in_words
from rpterm.cards.lore.rules import LoreRules
from rpterm.cards.problems import Problem
from rpterm.cards.worlds import World

_MANY_TOKENS = 2000
_ORDER = {"error": 0, "warning": 1, "note": 2}

Count = Callable[[str], int]


def lint(
    card: CharacterCard,
    count: Count | None = None,
    *,
    text: str = "",
    origin: str = "card.toml",
    worlds: Sequence[World] = (),
) -> list[Problem]:
    """Lint a card.

    Args:
        count: Counts the tokens of a text for the current model; without it costs are omitted.
        text: The card's TOML, for line numbers.
        origin: The file name that problems show.
        worlds: The worlds whose lore the card includes; problems in it refer to their files.

    Returns:
        Problems with their severity, the worst first, then in file order.
    """
    found = [
        *_missing_parts(card), *voice.greetings(card), *voice.examples(card), *voice.macros(card),
        *voice.variables(card), *contradictions(card), *lore(card, count), *_duplicate_tests(card),
    ]  # fmt: skip
    if count:
        found += _costs(card, count)
    return _in_order(found, _Locations(card, text, origin, worlds))


def lint_world(world: CharacterCard, text: str, origin: str) -> list[Problem]:
    """Lint a world by itself, as ``cards.worlds.parse_world`` reads it."""
    # A world may be used with any character.
    found = [each for each in lore(world, None) if each.path[2:] != ("characters",)]
    return _in_order(found, _Locations(world, text, origin, ()))


def _in_order(found: Iterable[CardFinding], locations: _Locations) -> list[Problem]:
    """The findings with their places, the worst first, then in file order."""
    problems = [
        Problem(*locations.find(path), message, remedy, severity)
        for path, severity, message, remedy in found
    ]
    return sorted(
        problems,
        key=lambda each: (_ORDER[each.severity], locations.files.index(each.file), each.line),
    )


class _Locations:
    """Finds the file, line and field of a finding; lore of a world is in the world's file."""

    def __init__(
        self, card: CharacterCard, text: str, origin: str, worlds: Sequence[World]
    ) -> None:
        self._entries = card.lorebook.entries
        self._origin, self._places = origin, locate(text) if text else LineNumbers()
        self.files = [origin, *(str(world.path) for world in worlds)]
        self._worlds = {world.name: (world, locate(world.text)) for world in worlds}

    def find(self, path: Path) -> tuple[str, int, str]:
        in_world = None
        if path[:1] == ("lore",) and len(path) > 1:
            entry = self._entries[int(path[1])]
            in_world = self._worlds.get(entry.world)
        if in_world is None:
            return self._origin, self._places.line(path), path_in_words(path)
        world, places = in_world
        entries = [(each.keys, each.content) for each in world.book.entries]
        path = ("lore", entries.index((entry.keys, entry.content)), *path[2:])
        return str(world.path), places.line(path), path_in_words(path)


def tokens(card: CharacterCard, count: Count) -> dict[str, int]:
    """The tokens of each part, keyed by the sources of ``describe.sections`` and a few more.

    The parts that are in the prompt on every turn come first. ``greetings`` is the cost of the
    longest greeting; ``examples`` and ``lore`` are totals.
    """
    costs = {source: count(part) for source, part in sections(card)}
    for field in ("system_prompt", "post_history_instructions"):
        if getattr(card, field):
            costs[f"card.{field}"] = count(getattr(card, field))
    entries = [rule.entry for rule in LoreRules(card.lorebook, str).all if not rule.never_reason]
    lists = {
        "lore.constant": [entry.content for entry in entries if entry.constant],
        "lore": [entry.content for entry in entries if not entry.constant],
        "examples": [line for example in card.examples for _, line in example.dialogue],
    }
    costs |= {name: sum(map(count, texts)) for name, texts in lists.items() if texts}
    if card.greetings:
        costs["greetings"] = max(map(count, card.greetings))
    return costs


def static_tokens(costs: dict[str, int]) -> int:
    """The sum of those costs of ``tokens`` that are in the prompt on every turn."""
    return sum(
        n for name, n in costs.items() if name.startswith("card.") or name == "lore.constant"
    )


def _missing_parts(card: CharacterCard) -> Iterator[CardFinding]:
    if not (card.description.strip() or card.attributes):
        remedy = "Add a description and attributes."
        yield CardFinding((), "warning", "The card says nothing about the character.", remedy)
    if not (card.attributes or card.relations):
        message = "Without attributes and relations no reply can be checked against the card."
        yield CardFinding((), "note", message, "Add [persona] with one claim per line.")


def _duplicate_tests(card: CharacterCard) -> Iterator[CardFinding]:
    names = [probe.name for probe in card.tests]
    for at, name in enumerate(names):
        if name and name in names[:at]:
            message = f"Another test is also named {name}."
            yield CardFinding(("test", at, "name"), "warning", message, "Give it another name.")


_PATHS: dict[str, Path] = {
    "card.attributes": ("persona", "attributes"),
    "card.relations": ("persona", "relations"),
    "card.style": ("persona", "style"),
    "lore.constant": ("lore",),
}


def _costs(card: CharacterCard, count: Count) -> Iterator[CardFinding]:
    costs = tokens(card, count)
    for name, cost in costs.items():
        path = _PATHS.get(name, (name.removeprefix("card."),))
        yield CardFinding(path, "note", f"{cost:,} tokens.")
    total = static_tokens(costs)
    message = f"{total:,} tokens of this card are in the prompt on every turn."
    if total > _MANY_TOKENS:
        remedy = "Move parts to [[lore]]: a small model follows a short card better."
        yield CardFinding((), "warning", message, remedy)
    else:
        yield CardFinding((), "note", message)
