"""The line of keys at the bottom, made from the registry for what can be done now.

It is told which commands; a click runs one. While one writes a command it shows how that may go
on. Knows no chat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from rpterm.tui import key_names, keys, text


class KeyHints(Static):
    """``⏎ send  ^R again …``, as many as fit."""

    DEFAULT_CSS = """
    KeyHints {
        height: 1; padding: 0 2; color: $text-muted;
        link-style: none; link-style-hover: none; link-color: $text-muted;
        link-color-hover: $foreground; link-background-hover: $panel;
    }
    """

    class Clicked(Message):
        """A hint was clicked."""

        def __init__(self, command: str) -> None:
            super().__init__()
            self.command = command

    def __init__(self, overrides: Mapping[str, str], *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._overrides = overrides
        self._shown: tuple[str, ...] = ()
        self._words: tuple[str, ...] = ()
        self._about = ""

    def show(self, commands: Sequence[str]) -> None:
        """Show these commands; two that share a label share a hint (``←→ swipe``)."""
        self._change(tuple(commands), (), "")

    def complete(self, words: Sequence[str], about: str) -> None:
        """Show instead what one may be about to write, and what it does where that is clear."""
        self._change((), tuple(words), about)

    def _change(self, shown: tuple[str, ...], words: tuple[str, ...], about: str) -> None:
        if (shown, words, about) != (self._shown, self._words, self._about):
            self._shown, self._words, self._about = shown, words, about
            self._draw()

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    def action_hint(self, command: str) -> None:
        self.post_message(self.Clicked(command))

    def _draw(self) -> None:
        if self._words or self._about:
            self.update(self._completing())
        else:
            self._draw_hints()

    def _completing(self) -> Content:
        """As many words as fit, or the only one with what it does."""
        room = max(1, self.size.width - 4)
        shown = [("   ".join(self._words), "bold $text-primary")] if self._words else []
        about = f"   {self._about}" if shown and self._about else self._about
        return Content.assemble(*shown, about).truncate(room, ellipsis=True)

    def _draw_hints(self) -> None:
        room = self.size.width
        hints: list[Content] = []
        shown_keys = self._keys()
        for label, commands in self._labels().items():
            shown = "".join(key_names.short(shown_keys[name]) for name in commands)
            hint = Content.assemble(
                text.link(shown, f"hint('{commands[-1]}')", "bold $text-primary"),
                " ",
                text.link(label, f"hint('{commands[-1]}')"),
            )
            room -= hint.cell_length + 3
            if room < -3:
                break
            hints.append(hint)
        self.update(Content("   ").join(hints))

    def _keys(self) -> dict[str, str]:
        """The first key of each command that none before it has: that one would get it."""
        chosen: dict[str, str] = {}
        for name in self._shown:
            own = keys.keys_of(keys.BY_ID[name], self._overrides)
            chosen[name] = next((key for key in own if key not in chosen.values()), own[0])
        return chosen

    def _labels(self) -> dict[str, list[str]]:
        labels: dict[str, list[str]] = {}
        for name in self._shown:
            labels.setdefault(keys.BY_ID[name].label, []).append(name)
        return labels
