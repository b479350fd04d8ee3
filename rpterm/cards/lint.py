"""What could be better in a card that is valid.

``lint`` finds things a person would want to know before playing; the reader's problems come
before it. It reads no files and needs no model; with ``count`` it says what each part costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rpterm.cards.card import CharacterCard
from rpterm.cards.checks import voice
from rpterm.cards.checks.contradictions import contradictions
from rpterm.cards.checks.finding import Finding
from rpterm.cards.checks.lore import lore
from rpterm.cards.describe import sections
from rpterm.cards.locate import Path, Places, locate
from rpterm.cards.lore.rules import Rules
from rpterm.cards.problems import Problem
from rpterm.cards.reader import spell
from rpterm.cards.worlds import World

_LARGE = 2000
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
    """Look a card over.

    Args:
        count: Tokens of a text by the current model; without it costs are not told.
        text: The card's TOML, for line numbers.
        origin: What problems call the file.
        worlds: Those whose lore the card has, too: what is wrong with it stands in their files.

    Returns:
        Problems with a severity, the worst first, then in the order of the file.
    """
    found = [*_missing(card), *voice.greetings(card), *voice.examples(card), *voice.macros(card),
             *contradictions(card), *lore(card, count), *_tests(card)]  # fmt: skip
    if count:
        found += _costs(card, count)
    where = _Where(card, text, origin, worlds)
    problems = [
        Problem(*where(path), message, remedy, severity)
        for path, severity, message, remedy in found
    ]
    files = [origin, *(str(world.path) for world in worlds)]
    return sorted(
        problems, key=lambda each: (_ORDER[each.severity], files.index(each.file), each.line)
    )


def lint_world(world: CharacterCard, text: str, origin: str) -> list[Problem]:
    """Look over a world alone, as ``cards.worlds.book`` reads it."""
    where = _Where(world, text, origin, ())
    found = [
        Problem(*where(path), message, remedy, severity)
        for path, severity, message, remedy in lore(world, None)
        if path[2:] != ("characters",)  # It is for any character.
    ]
    return sorted(found, key=lambda each: (_ORDER[each.severity], each.line))


class _Where:
    """File, line and field of what was found: lore of a world stands in the world's file."""

    def __init__(
        self, card: CharacterCard, text: str, origin: str, worlds: Sequence[World]
    ) -> None:
        self._entries = card.lorebook.entries
        self._origin, self._places = origin, locate(text) if text else Places()
        self._worlds = {world.name: (world, locate(world.text)) for world in worlds}

    def __call__(self, path: Path) -> tuple[str, int, str]:
        known = None
        if path[:1] == ("lore",) and len(path) > 1:
            entry = self._entries[int(path[1])]
            known = self._worlds.get(entry.world)
        if known is None:
            return self._origin, self._places.line(path), spell(path)
        world, places = known
        told = [(each.keys, each.content) for each in world.book.entries]
        path = ("lore", told.index((entry.keys, entry.content)), *path[2:])
        return str(world.path), places.line(path), spell(path)


def tokens(card: CharacterCard, count: Count) -> dict[str, int]:
    """What each part costs, by the names of ``describe.sections`` and a few more.

    The parts that stand in the prompt on every turn come first; ``greetings`` is the longest one,
    ``examples`` and ``lore`` are all of them together.
    """
    costs = {source: count(part) for source, part in sections(card)}
    for field in ("system_prompt", "post_history_instructions"):
        if getattr(card, field):
            costs[f"card.{field}"] = count(getattr(card, field))
    entries = [rule.entry for rule in Rules(card.lorebook, str).all if not rule.never]
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
    """Of ``tokens``, what stands in the prompt on every turn."""
    return sum(
        n for name, n in costs.items() if name.startswith("card.") or name == "lore.constant"
    )


def _missing(card: CharacterCard) -> Iterator[Finding]:
    if not (card.description.strip() or card.attributes):
        remedy = "Add a description and attributes."
        yield Finding((), "warning", "The card says nothing about the character.", remedy)
    if not (card.attributes or card.relations):
        message = "Without attributes and relations no reply can be checked against the card."
        yield Finding((), "note", message, "Add [persona] with one claim a line.")


def _tests(card: CharacterCard) -> Iterator[Finding]:
    names = [probe.name for probe in card.tests]
    for at, name in enumerate(names):
        if name and name in names[:at]:
            message = f"There is another test named {name}."
            yield Finding(("test", at, "name"), "warning", message, "Give it another name.")


_PATHS: dict[str, Path] = {
    "card.attributes": ("persona", "attributes"),
    "card.relations": ("persona", "relations"),
    "card.style": ("persona", "style"),
    "lore.constant": ("lore",),
}


def _costs(card: CharacterCard, count: Count) -> Iterator[Finding]:
    costs = tokens(card, count)
    for name, cost in costs.items():
        path = _PATHS.get(name, (name.removeprefix("card."),))
        yield Finding(path, "note", f"{cost:,} tokens.")
    total = static_tokens(costs)
    message = f"{total:,} tokens of the card are in the prompt on every turn."
    if total > _LARGE:
        remedy = "A small model follows a short card better: move parts to [[lore]]."
        yield Finding((), "warning", message, remedy)
    else:
        yield Finding((), "note", message)
