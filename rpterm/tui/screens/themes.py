"""The dialog to choose a colour theme, with a live preview."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual import on
from textual.app import App
from textual.widgets import OptionList

from rpterm.tui.screens.chooser import Choice, Chooser
from rpterm.tui.screens.dialog import errors_as_notices


async def choose(app: App[Any], keep: Callable[[str, str], object] | None) -> None:
    """Let the user choose the theme of an app.

    Args:
        keep: Stores a setting: called with ``"theme"`` and the chosen name.
    """
    before = app.theme
    done = await app.push_screen_wait(ThemePicker(sorted(app.available_themes), before))
    app.theme = done.id if done else before
    if done and keep is not None:
        with errors_as_notices(app.screen):
            keep("theme", app.theme)


class ThemePicker(Chooser):
    """A list of themes; the highlighted one is applied at once."""

    DEFAULT_CSS = """
    ThemePicker { background: transparent; align: right middle; }
    ThemePicker #box { width: 36; }
    """

    def __init__(self, names: Sequence[str], current: str) -> None:
        own = [name for name in ("lamplight", "paper") if name in names]
        others = [name for name in names if name not in own]
        choices = [Choice(name, name) for name in [*own, *others]]
        super().__init__("Colours", choices, marked=current, takes="choose")

    @on(OptionList.OptionHighlighted)
    def preview(self, event: OptionList.OptionHighlighted) -> None:
        if event.option.id and self.is_attached:
            self.app.theme = event.option.id
