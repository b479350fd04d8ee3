"""The dialog with the settings of a running chat, with a description of the marked one."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static

from rpterm.chat.live_settings import NAMES, PROFILE, LiveSetting
from rpterm.tui import text
from rpterm.tui.screens.chooser import Choice, Chooser


class SettingsScreen(Chooser):
    """Choose a setting to change or to reset to its default."""

    DEFAULT_CSS = """
    SettingsScreen #about { dock: bottom; height: 3; margin: 1 0 0 0; padding: 0 1;
        color: $text-muted; }
    SettingsScreen.-short #about { height: 2; margin: 0; }
    """

    def __init__(self, shown: Sequence[LiveSetting], at: str) -> None:
        self._settings = {each.name: each for each in shown}
        choices = [
            Choice(each.name, each.label, each.about, group=_group(each.name)) for each in shown
        ]
        super().__init__(
            "Settings", choices, at=at, actions=("list-default",),
            empty="No setting matches.", takes="change",
        )  # fmt: skip

    def below(self) -> ComposeResult:
        yield Static(id="about", markup=False)

    def line(self, choice: Choice, width: int) -> Content:
        """The setting's name and value, and where the value comes from unless it is the default."""
        setting = self._settings[choice.id]
        value = (text.one_line(setting.shown), "bold" if setting.origin else "")
        origin = Content.styled(setting.origin, text.MUTED)
        head = Content.assemble(f" {setting.label:<20} ", value)
        head = head.truncate(max(32, width - origin.cell_length - 4), ellipsis=True)
        origin = origin.truncate(max(0, width - head.cell_length - 4), ellipsis=True)
        return text.justify(head, origin, width - 1)

    @on(OptionList.OptionHighlighted)
    def tell(self, event: OptionList.OptionHighlighted) -> None:
        """Show the description of the marked setting."""
        self.query_one("#about", Static).update(self._settings[event.option.id or ""].about)


def _group(name: str) -> str:
    """The heading of a setting; the samplers that are changed most come first and need none."""
    if not name.startswith("sampling."):
        return "Chat and model"
    return "" if NAMES.index(name) < NAMES.index(PROFILE) else "More samplers"
