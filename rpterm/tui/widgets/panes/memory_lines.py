"""Formats memories for the Memory pane: rows of its list, and the marked memory in full."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual.content import Content

from rpterm.humanize import counted
from rpterm.tui import markup, text
from rpterm.tui.widgets.panes.list_pane import pane_action

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rpterm.memory.overview import OverviewItem
    from rpterm.store.memory.distilled import Detail
    from rpterm.store.memory.files import BlockedPhrase
    from rpterm.store.memory.records import Memory

REASONS = {
    "words": ("━", "$text-primary"),
    "meaning": ("═", "$text-accent"),
    "time": ("╍", "$text-secondary"),
    "beside": ("─", "$text-primary"),
    "pinned": ("◆", "$text-warning"),
    "rest": ("·", text.MUTED),
}
_REASON_NAMES = {"beside": "next to a match", "rest": "same conversation"}
"""Reasons whose names are not clear by themselves."""
_SMALLEST_SHARE = 0.05
"""Smaller shares of a reason are not shown in the list."""


def entry(item: OverviewItem, width: int) -> Content:
    """A row of two lines: speaker, reasons and tokens or date; then the text."""
    row = item.row
    right = _tokens_or_date(item)
    left = Content.assemble(mark(row), (_speaker(row), "bold" if item.used else ""))
    why = _reasons(item) if item.used else Content.styled(_flags(item), text.MUTED)
    if why.plain:
        left = Content.assemble(left, "  ", why)
    left = left.truncate(max(4, width - len(right) - 1), ellipsis=True)
    is_unavailable = item.on_other_branch or item.from_hidden_turn or row.superseded_by
    style = text.FAINT if is_unavailable else "$foreground 85%"
    words = Content.styled("  " + text.one_line(row.text, 2 * width), style)
    head = text.justify(left, (right, text.MUTED), width)
    return Content.assemble(head, "\n", words.truncate(width, ellipsis=True))


def blocked(block: BlockedPhrase, width: int) -> Content:
    """The row of a phrase that is never mentioned."""
    line = Content.assemble(("⊘ ", "$text-error"), f"“{text.one_line(block.phrase)}”")
    return line.truncate(width, ellipsis=True)


def mark(row: Memory) -> Content:
    """The first two cells of a row: whether the memory is hidden, pinned or superseded."""
    if row.hidden:
        return Content.styled("⊘ ", "$text-error")
    if row.pinned:
        return Content.styled("◆ ", "$text-warning")
    return Content.styled("↻ " if row.superseded_by else "▸ ", text.FAINT)


def detail(item: OverviewItem, width: int, *, chat_id: int) -> Content:
    """A memory in full: text, why it is in the prompt, where it comes from, what it replaced.

    Args:
        item: The memory.
        width: Cells of a line.
        chat_id: The open chat.
    """
    row = item.row
    parts = [markup.roleplay(row.text.strip()[:1200])]
    if item.used:
        parts.append(_why(item, width))
    parts.append(Content.styled(source(row, chat_id), text.MUTED))
    if item.detail is not None:
        parts.append(Content.styled(_extraction(item.detail), text.MUTED))
    for old in item.earlier:
        parts.append(_version("earlier", old))
    if item.later is not None:
        parts.append(_version("now", item.later))
    return Content("\n").join(parts)


def source(row: Memory, chat_id: int) -> str:
    """A sentence that says where a memory comes from; ``chat_id`` is the open chat."""
    day = time.strftime("%d %b %Y", time.localtime(row.created_at)).lstrip("0")
    if row.kind == "document":
        return f"From {text.harmless(row.place)}."
    if row.turn_id is None:
        author = "Written by the model" if row.by_model else "Written by hand"
        return f"{author}, {day}."
    chat = "this chat" if row.chat_id == chat_id else f"chat {row.chat_id}"
    how = "Said in" if row.kind == "turn" else "Extracted from"
    author = "  Written by the model." if row.by_model else ""
    return f"{how} {chat}, {day}.{author}"


def _extraction(detail: Detail) -> str:
    """How a memory was extracted from what was said, and from which words."""
    if detail.edited:
        method = "Edited by you"
    elif detail.method == "model":
        method = "Extracted by the model"
    else:
        method = "Extracted by fixed rules"
    quote = f", from “{text.one_line(detail.quote, 160)}”" if detail.quote else ""
    cited = counted(len(detail.evidence), "memory", "memories")
    cites = f", citing {cited}" if detail.evidence else ""
    return f"{method}{quote}{cites}."


def kinds_row(kinds: Sequence[str], chosen: str, counts: dict[str, int]) -> Content:
    """The kinds to choose from, as links; kinds without memories are left out."""
    cells: list[Content] = []
    for kind in kinds:
        if kind != "all" and not counts.get(kind) and kind != chosen:
            continue
        style = "bold reverse" if kind == chosen else text.MUTED
        cells.append(text.link(f" {_plural(kind)} ", pane_action("kind", kind), style))
    return Content("").join(cells)


def _tokens_or_date(item: OverviewItem) -> str:
    if item.used and item.used.tokens:
        return f"{item.used.tokens:,}"
    if item.used:
        return "no room"
    return time.strftime("%d %b", time.localtime(item.row.created_at)).lstrip("0")


def _speaker(row: Memory) -> str:
    if row.kind == "document":
        return text.one_line(row.place.partition(", ")[0], 40)
    name = text.one_line(row.speaker, 40)
    if row.kind == "turn":
        return name or "turn"
    return f"{row.kind} · {name}" if name else row.kind


def _flags(item: OverviewItem) -> str:
    """What is special about a memory."""
    row = item.row
    flags = ["other branch"] if item.on_other_branch else []
    flags += ["from a hidden turn"] if item.from_hidden_turn else []
    flags += ["by the model"] if row.by_model else []
    flags += ["shared"] if row.shared else []
    flags += ["replaced"] if row.superseded_by else []
    if row.kind == "document":
        flags.append(text.one_line(row.place.partition(", ")[2], 60))
    return " · ".join(flag for flag in flags if flag)


def _reasons(item: OverviewItem) -> Content:
    """``words 62% · meaning 30%``, or the reason in the prompt's ledger if that is all."""
    assert item.used is not None
    if item.recalled is None or not item.used.tokens:
        return Content.styled(text.one_line(item.used.why, 80), text.MUTED)
    parts = [
        (f"{name} {share:.0%}" if name != "pinned" else "pinned", REASONS[name][1])
        for name, share in item.recalled.shares
        if share >= _SMALLEST_SHARE and name != "rest"
    ]
    return Content(" · ").join(Content.styled(*part) for part in parts)


def _why(item: OverviewItem, width: int) -> Content:
    """Why a memory was recalled: a bar of the reasons' shares, its legend, and the evidence."""
    assert item.used is not None
    evidence = Content.styled(text.one_line(item.used.why, 300), text.MUTED)
    if item.recalled is None or len(item.recalled.shares) < 2:
        return evidence
    return Content("\n").join([_bar(item.recalled.shares, width), _legend(item, width), evidence])


def _bar(shares: Iterable[tuple[str, float]], width: int) -> Content:
    left = width
    parts: list[tuple[str, str]] = []
    for name, share in shares:
        sign, style = REASONS[name]
        cells = min(left, max(1, round(share * width)))
        left -= cells
        parts.append((sign * cells, style))
    return Content.assemble(*parts)


def _legend(item: OverviewItem, width: int) -> Content:
    assert item.recalled is not None
    cells = [
        Content.assemble((f"{REASONS[name][0]} ", REASONS[name][1]),
                         (f"{_REASON_NAMES.get(name, name)} {share:.0%}", text.MUTED))
        for name, share in item.recalled.shares
    ]  # fmt: skip
    return text.flow(cells, width)


def _version(name: str, row: Memory) -> Content:
    """An earlier or later version of a memory."""
    since = f", since turn {row.turn_id}" if name == "now" and row.turn_id else ""
    return Content.assemble(
        (f"{name}: ", "bold $text-secondary"), text.one_line(row.text, 200), (since, text.MUTED)
    )


def _plural(kind: str) -> str:
    plurals = {"all": "all", "summary": "summaries"}
    return plurals.get(kind, f"{kind}s")
