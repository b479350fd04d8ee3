"""The line of keys at the bottom, made from the registry for what can be done now.

It is told which commands; a click runs one. While one writes a command it shows how that may go
on. Knows no chat. Where not all fit the last ones go, but the way out and the way to all other keys
stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from rpterm.tui import key_names, keys, text

STAY = frozenset(("stop", "back", "turn-leave", "judge-leave", "palette", "help"))
"""Commands whose hints go last."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A key and what it does."""

    shown: Content
    stays: bool = False


class KeyHints(Static):
    """``⏎ send  ^R retry …``, as many as fit."""

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
        self._fixed: tuple[tuple[str, str], ...] = ()
        self._words: tuple[str, ...] = ()
        self._about = ""

    def show(self, commands: Sequence[str], fixed: Sequence[tuple[str, str]] = ()) -> None:
        """Show these commands; two that share a label share a hint (``←→ swipe``).

        Args:
            fixed: Keys that are no commands, and what they do; they come first.
        """
        self._change(tuple(commands), tuple(fixed), (), "")

    def complete(self, words: Sequence[str], about: str) -> None:
        """Show instead what one may be about to write, and what it does where that is clear."""
        self._change((), (), tuple(words), about)

    def _change(
        self,
        shown: tuple[str, ...],
        fixed: tuple[tuple[str, str], ...],
        words: tuple[str, ...],
        about: str,
    ) -> None:
        before = self._shown, self._fixed, self._words, self._about
        if (shown, fixed, words, about) != before:
            self._shown, self._fixed, self._words, self._about = shown, fixed, words, about
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
        shown_keys = self._keys()
        hints = [
            Hint(Content.assemble((shown, "bold $text-primary"), f" {label}"))
            for shown, label in self._fixed
        ]
        for label, commands in self._labels().items():
            shown = "".join(key_names.short(shown_keys[name]) for name in commands)
            action = f"hint('{commands[-1]}')"
            drawn = text.key_link(shown, label, action)
            hints.append(Hint(drawn, not STAY.isdisjoint(commands)))
        self.update(fit(hints, self.size.width))

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


def fit(hints: Sequence[Hint], room: int) -> Content:
    """Join the hints, closer together and with fewer of them where they need more room."""
    kept, gap = list(hints), 3
    while kept and _width(kept, gap) > room:
        if gap == 3:
            gap = 2
        else:
            kept.remove(next((hint for hint in reversed(kept) if not hint.stays), kept[-1]))
    return Content(" " * gap).join(hint.shown for hint in kept)


def _width(hints: Sequence[Hint], gap: int) -> int:
    return sum(hint.shown.cell_length + gap for hint in hints) - gap
