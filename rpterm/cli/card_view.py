"""How a card, its costs and the difference between two cards are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from rpterm.cards.card import CharacterCard
from rpterm.cards.diff import Change
from rpterm.cards.lint import static_tokens, tokens
from rpterm.cards.lore.rules import world_name
from rpterm.cli import rich_out
from rpterm.cli.counting import Counter
from rpterm.plural import counted

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"added": "green", "removed": "red", "changed": "yellow"}
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def show(card: CharacterCard, counter: Counter, shown: Console) -> None:
    """The whole card, part by part, each with its tokens."""
    costs = tokens(card, counter.count)
    full = f"  ({card.name})" if card.nickname else ""
    shown.print(rich_out.text(card.char, "bold") + rich_out.text(full, "dim"))
    if card.tagline:
        shown.print(rich_out.text(card.tagline, "italic"))
    for title, cost_name, lines in _parts(card):
        if lines:
            cost = costs.get(cost_name)
            shown.print()
            shown.print(_heading(title, cost, counter))
            for line in lines:
                shown.print(rich_out.text(line.strip()))
    shown.print()
    costs_table(card, counter, shown)


def _heading(title: str, cost: int | None, counter: Counter) -> object:
    about = "" if counter.exact else "about "
    told = f"  {about}{cost:,} tokens" if cost else ""
    return rich_out.text(title, "bold cyan") + rich_out.text(told, "dim")


def _parts(card: CharacterCard) -> Iterator[tuple[str, str, list[str]]]:
    """Title, name of its cost, and lines."""
    for name in ("description", "scenario"):
        yield name.capitalize(), f"card.{name}", _some(getattr(card, name))
    for name in ("attributes", "relations", "style", "limits"):
        yield name.capitalize(), f"card.{name}", [f"- {line}" for line in getattr(card, name)]
    yield "Knows until", "card.knows_until", _some(card.knows_until)
    yield "System prompt", "card.system_prompt", _some(card.system_prompt)
    last = "post_history_instructions"
    yield "Last instructions", f"card.{last}", _some(card.post_history_instructions)
    yield "Greetings", "greetings", list(_numbered(card.greetings))
    yield "Group greetings", "", list(_numbered(card.group_greetings))
    yield (
        "Examples",
        "examples",
        [
            f"{'You' if role == 'user' else card.char}: {line.strip()}"
            for example in card.examples
            for role, line in example.dialogue
        ],
    )
    entries = card.lorebook.entries
    yield (
        "Lore",
        "lore",
        [
            f"[{'always' if e.constant else ', '.join(e.keys)}{'' if e.enabled else ', off'}"
            f"{f' · {world_name(e.world)}' if e.world else ''}] {e.content.strip()}"
            for e in entries
        ],
    )
    yield "Tests", "", [f"- {probe.name or ' / '.join(probe.user)}" for probe in card.tests]
    yield "Samplers", "", [f"{name} = {value}" for name, value in card.sampling.items()]
    about = [card.creator, f"version {card.version}" if card.version else "", ", ".join(card.tags)]
    yield "About", "", _some(" · ".join(filter(None, about))) + _some(card.creator_notes)


def _some(text: str) -> list[str]:
    return [text] if text.strip() else []


def _numbered(texts: Sequence[str]) -> Iterator[str]:
    return (f"{number}. {text.strip()}" for number, text in enumerate(texts, 1))


def costs_table(card: CharacterCard, counter: Counter, shown: Console) -> None:
    """What each part costs, and what stands in the prompt on every turn."""
    costs = tokens(card, counter.count)
    lines: list[tuple[object, ...]] = [
        (name.removeprefix("card."), f"{cost:,}", "every turn" if _always(name) else _when(name))
        for name, cost in costs.items()
    ]
    total = rich_out.text(f"{static_tokens(costs):,}", "bold")
    lines.append((rich_out.text("on every turn", "bold"), total, counter.by))
    shown.print(rich_out.rows(("part", "tokens", "in the prompt"), lines, numbers=(1,)))


def _always(name: str) -> bool:
    return name.startswith("card.") or name == "lore.constant"


def _when(name: str) -> str:
    return {
        "examples": "while they fit", "lore": "when keys are said", "greetings": "as the first turn"
    }.get(name, "")  # fmt: skip


def differences(
    changes: Sequence[Change], counter: Counter, before: CharacterCard, after: CharacterCard,
    shown: Console,
) -> None:  # fmt: skip
    """Every change with both texts and its cost, then the total."""
    about = "" if counter.exact else "about "
    for change in changes:
        cost = change.tokens(counter.count)
        told = f"  {about}{cost:+,} tokens" if cost else ""
        style = _STYLES[change.kind]
        head = rich_out.text(f"{_SIGNS[change.kind]} {change.field}", f"bold {style}")
        shown.print(head + rich_out.text(told, "dim"))
        for sign, content, colour in (("-", change.old, "red"), ("+", change.new, "green")):
            for line in content.splitlines():
                shown.print(rich_out.text(f"  {sign} {line}", colour))
    old, new = (_static(card, counter.count) for card in (before, after))
    many = counted(len(changes), "change")
    shown.print(
        f"{many}; {about}{old:,} → {new:,} tokens on every turn ({new - old:+,}; {counter.by})."
    )


def _static(card: CharacterCard, count: Callable[[str], int]) -> int:
    return static_tokens(tokens(card, count))
