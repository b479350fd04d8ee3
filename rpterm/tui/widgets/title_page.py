"""The head of a new chat: the portrait, and beside it who this is and where the story begins."""

from __future__ import annotations

from pathlib import Path

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from rpterm.cards.card import CharacterCard
from rpterm.cards.macros import expand
from rpterm.humanize import counted
from rpterm.tui import text
from rpterm.tui.widgets.portrait import ROWS, Portrait

ROOMY = 12
"""Rows from which on the scenario has room beside the portrait."""
_SCENARIO = 260
"""Most characters of the scenario."""


class TitlePage(Horizontal):
    """A portrait with a caption; nothing at all where no portrait can be shown."""

    DEFAULT_CSS = """
    TitlePage { height: auto; display: none; margin: 0 0 1 2; }
    TitlePage #caption { width: 1fr; height: auto; padding: 0 2 0 3; }
    """

    def compose(self) -> ComposeResult:
        yield Portrait()
        yield Static(id="caption", markup=False)

    @work(exclusive=True, group="title")
    async def show(self, card: CharacterCard, user: str, portrait: Path | None, rows: int) -> None:
        """Show a card with the portrait in a file, at most ``rows`` high; hide if there is none."""
        picture = self.query_one(Portrait)
        await picture.load(portrait, min(ROWS, rows))
        beside = self.query_one("#caption", Static)
        beside.styles.max_height = picture.rows
        beside.update(caption(card, user, scene=picture.rows >= ROOMY))
        self.display = picture.display


def caption(card: CharacterCard, user: str, *, scene: bool) -> Content:
    """Name, tagline, the ``scene`` if wanted, and what else the card has.

    Args:
        user: The name that ``{{user}}`` stands for.
    """
    parts = [Content.styled(text.harmless(card.name), "bold $text-primary")]
    if card.tagline:
        parts.append(Content.styled(text.one_line(card.tagline), f"italic {text.ACTION}"))
    if scene and card.scenario:
        scenario = expand(card.scenario, char=card.char, user=user)
        parts += [Content(""), Content.styled(text.one_line(scenario, _SCENARIO), text.MUTED)]
    facts = [
        counted(len(card.greetings), "greeting", "greetings"),
        counted(len(card.examples), "example", "examples"),
        counted(len(card.lorebook.entries), "lore entry", "lore entries"),
    ]
    shown = " · ".join(fact for fact in facts if not fact.startswith("0 "))
    if shown:
        parts += [Content(""), Content.styled(shown, text.FAINT)]
    return Content("\n").join(parts)
