"""Prints a card, its token costs, and the differences between two cards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rpterm.cards.card import CharacterCard
from rpterm.cards.checks.lint import static_tokens, tokens
from rpterm.cards.diff import Change
from rpterm.cards.lore.rules import world_name
from rpterm.cli import rich_out
from rpterm.cli.token_counter import TokenCounter
from rpterm.humanize import counted

_STYLES = {"added": "green", "removed": "red", "changed": "yellow"}
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def print_card(card: CharacterCard, counter: TokenCounter, shown: rich_out.Output) -> None:
    """Print the complete card, part by part, each with its number of tokens."""
    costs = tokens(card, counter.count)
    full = f"  ({card.name})" if card.nickname else ""
    shown.say(rich_out.text(card.char, "bold") + rich_out.text(full, "dim"))
    if card.tagline:
        shown.say(card.tagline, "italic")
    for title, cost_name, lines in _parts(card):
        if lines:
            cost = costs.get(cost_name)
            shown.say()
            about = "" if counter.exact else "about "
            tokens_text = f"  {about}{cost:,} tokens" if cost else ""
            shown.say(rich_out.text(title, "bold cyan") + rich_out.text(tokens_text, "dim"))
            for line in lines:
                shown.say(line.strip())
    shown.say()
    print_costs(card, counter, shown)


def _parts(card: CharacterCard) -> Iterator[tuple[str, str, list[str]]]:
    """The parts of a card: title, name of the cost, and lines."""
    for name in ("description", "scenario"):
        yield name.capitalize(), f"card.{name}", _unless_blank(getattr(card, name))
    for name in ("attributes", "relations", "style", "limits"):
        yield name.capitalize(), f"card.{name}", [f"- {line}" for line in getattr(card, name)]
    yield "Knows until", "card.knows_until", _unless_blank(card.knows_until)
    yield "System prompt", "card.system_prompt", _unless_blank(card.system_prompt)
    last = "post_history_instructions"
    yield "Post-history instructions", f"card.{last}", _unless_blank(getattr(card, last))
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
    notes = _unless_blank(card.creator_notes)
    yield "About", "", _unless_blank(" · ".join(filter(None, about))) + notes


def _unless_blank(text: str) -> list[str]:
    return [text] if text.strip() else []


def _numbered(texts: Sequence[str]) -> Iterator[str]:
    return (f"{number}. {text.strip()}" for number, text in enumerate(texts, 1))


def print_costs(card: CharacterCard, counter: TokenCounter, shown: rich_out.Output) -> None:
    """Print the tokens of each part and when it is in the prompt."""
    costs = tokens(card, counter.count)
    lines: list[tuple[object, ...]] = [
        (name.removeprefix("card."), f"{cost:,}", _when_in_prompt(name))
        for name, cost in costs.items()
    ]
    total = rich_out.text(f"{static_tokens(costs):,}", "bold")
    lines.append((rich_out.text("on every turn", "bold"), total, counter.by))
    shown.table(("part", "tokens", "in the prompt"), lines, numbers=(1,))


def _when_in_prompt(name: str) -> str:
    if name.startswith("card.") or name == "lore.constant":
        return "every turn"
    return {
        "examples": "while they fit",
        "lore": "when its keys are mentioned",
        "greetings": "as the first turn",
    }.get(name, "")


def print_differences(
    changes: Sequence[Change], counter: TokenCounter, before: CharacterCard, after: CharacterCard,
    shown: rich_out.Output,
) -> None:  # fmt: skip
    """Print each change with both texts and its token difference, then the total."""
    about = "" if counter.exact else "about "
    for change in changes:
        cost = change.tokens(counter.count)
        tokens_text = f"  {about}{cost:+,} tokens" if cost else ""
        style = _STYLES[change.kind]
        head = rich_out.text(f"{_SIGNS[change.kind]} {change.field}", f"bold {style}")
        shown.say(head + rich_out.text(tokens_text, "dim"))
        for sign, content, colour in (("-", change.old, "red"), ("+", change.new, "green")):
            for line in content.splitlines():
                shown.say(f"  {sign} {line}", colour)
    old, new = (static_tokens(tokens(card, counter.count)) for card in (before, after))
    shown.say(
        f"{counted(len(changes), 'change')}; {about}{old:,} → {new:,} tokens on every turn "
        f"({new - old:+,}; {counter.by})."
    )
