"""The Card pane: the complete card of a character, as its author wrote it. Knows only the card."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from rpterm.cards.card import CharacterCard
from rpterm.cards.lore.rules import world_name
from rpterm.tui import markup, text
from rpterm.tui.widgets.portrait import ROWS, Portrait


class CardPane(VerticalScroll, can_focus=True):
    """The portrait and the card as one scrolling text."""

    DEFAULT_CSS = """
    CardPane { scrollbar-size-vertical: 1; }
    CardPane Static { padding: 0 1 1 1; }
    CardPane Portrait { margin: 0 1 1 1; }
    """

    def __init__(self) -> None:
        super().__init__(name="card")
        self._picture, self._body = Portrait(), Static(markup=False)
        self._shown = Content("")

    def compose(self) -> Iterable[Widget]:
        yield self._picture
        yield self._body

    def show(self, card: CharacterCard, note: str = "", portrait: Path | None = None) -> None:
        """Show a card with its portrait, and a note about the last save of its file."""
        self._picture.show(portrait, min(ROWS, self.app.size.height // 2 - 2))
        head = f"{text.harmless(note)}\n\n" if note else ""
        self._shown = Content.styled(head, "$text-warning") + describe(card)
        self._body.update(self._shown)

    def highlight_line(self, line: str) -> None:
        """Highlight a line of the card and scroll to it; do nothing if it is not shown."""
        at, length = _find(self._shown.plain, line)
        if at < 0:
            return
        self._body.update(self._shown.stylize("reverse", at, at + length))
        above = self._shown[:at].get_height({}, max(1, self._body.content_size.width))
        above += self._body.virtual_region.y
        self.scroll_to(y=max(0, above - self.size.height // 3), animate=False)


def _find(plain: str, line: str) -> tuple[int, int]:
    """Position and length of a line, or of its longest piece between names; (-1, 0) if absent.

    A macro such as ``{{user}}`` may be shown as a name.
    """
    target = " ".join(markup.roleplay(line).plain.split())
    if own_line := re.search(rf"(?m)^\W*({re.escape(target)})$", plain):
        return own_line.start(1), len(target)
    parts = re.split(r"\{\{.*?\}\}|\b[A-Z]\w+\b", target)
    for piece in (each.strip() for each in [target, *sorted(parts, key=len, reverse=True)]):
        if len(piece) > 8 and (at := plain.find(piece)) >= 0:
            return at, len(piece)
    return -1, 0


def describe(card: CharacterCard) -> Content:
    """The complete card as one text."""
    parts: list[Content] = [Content.styled(text.harmless(card.name), "bold $text-primary")]
    if card.tagline:
        parts.append(Content.styled(text.harmless(card.tagline), f"italic {text.MUTED}"))
    parts.append(Content(""))
    for heading, body in _sections(card):
        parts += [Content.styled(heading.upper(), f"bold {text.MUTED}"), body, Content("")]
    return Content("\n").join(parts)


def _sections(card: CharacterCard) -> Iterable[tuple[str, Content]]:
    for heading, prose in (("Description", card.description), ("Scenario", card.scenario)):
        if prose:
            yield heading, markup.roleplay(prose.strip())
    for heading, lines in (
        ("Attributes", card.attributes), ("Relations", card.relations), ("Style", card.style),
        ("Limits", card.limits),
    ):  # fmt: skip
        if lines:
            yield f"{heading}  {len(lines)}", _bullets(lines)
    if card.knows_until:
        yield "Knows until", Content(text.harmless(card.knows_until))
    if card.greetings:
        yield f"Greetings  {len(card.greetings)}", _bullets(card.greetings)
    if card.examples:
        yield f"Examples  {len(card.examples)}", _examples(card)
    if card.lorebook.entries:
        yield f"Lore  {len(card.lorebook.entries)}", _lore(card)
    for heading, prose in (
        ("System prompt", card.system_prompt),
        ("Post-history instructions", card.post_history_instructions),
    ):
        if prose:
            yield heading, markup.roleplay(prose.strip())
    about = [f"version {card.version}" if card.version else "", card.creator, *card.tags]
    if any(about):
        yield "About", Content(text.harmless(" · ".join(part for part in about if part)))


def _bullets(lines: Iterable[str]) -> Content:
    return Content("\n").join(
        Content.assemble(("· ", text.FAINT), markup.roleplay(" ".join(line.split())))
        for line in lines
    )


def _examples(card: CharacterCard) -> Content:
    shown: list[Content] = []
    for number, example in enumerate(card.examples, 1):
        pinned = "  pinned" if example.pinned else ""
        shown.append(Content.styled(f"{number}{pinned}", text.MUTED))
        for who, line in example.dialogue:
            name, style = (
                ("You", "$text-secondary") if who == "user" else (card.char, "$text-primary")
            )
            shown.append(Content.assemble((f"{name}: ", style), markup.roleplay(line)))
    return Content("\n").join(shown)


def _lore(card: CharacterCard) -> Content:
    shown: list[Content] = []
    for entry in card.lorebook.entries:
        fires = "always" if entry.constant else ", ".join(entry.keys)
        name = entry.name or (entry.keys[0] if entry.keys else "entry")
        state = "" if entry.enabled else "  off"
        state += f"  · {world_name(entry.world)}" if entry.world else ""
        shown.append(Content.assemble(
            (text.harmless(name), "bold"), (text.harmless(f"  {fires}{state}"), text.MUTED)
        ))  # fmt: skip
        shown.append(markup.roleplay(entry.content.strip()))
    return Content("\n").join(shown)
