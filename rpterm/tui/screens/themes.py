"""Choose the colours; the marked theme is shown at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual import on
from textual.app import App
from textual.widgets import OptionList

from rpterm.tui.screens.chooser import Choice, Chooser
from rpterm.tui.screens.dialog import telling


async def choose(app: App[Any], keep: Callable[[str, str], object] | None) -> None:
    """Let the user choose the colours of a program.

    Args:
        keep: Told the setting and what was chosen.
    """
    before = app.theme
    done = await app.push_screen_wait(ThemePicker(sorted(app.available_themes), before))
    app.theme = done.id if done else before
    if done and keep is not None:
        with telling(app.screen):
            keep("theme", app.theme)


class ThemePicker(Chooser):
    """A list of themes with a live preview behind it."""

    DEFAULT_CSS = """
    ThemePicker { background: transparent; align: right middle; }
    ThemePicker #box { width: 36; }
    """

    def __init__(self, names: Sequence[str], now: str) -> None:
        first = [name for name in ("lamplight", "paper") if name in names]
        rest = [name for name in names if name not in first]
        choices = [Choice(name, name) for name in [*first, *rest]]
        super().__init__("Colours", choices, marked=now, takes="choose")

    @on(OptionList.OptionHighlighted)
    def preview(self, event: OptionList.OptionHighlighted) -> None:
        if event.option.id and self.is_attached:
            self.app.theme = event.option.id
