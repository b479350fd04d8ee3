"""The hint line at the bottom, generated from the key registry for the commands available now.

A click on a hint runs its command. While the user types a command, the line shows its completions
instead. If not all hints fit, the last ones are dropped, but those that lead out of the current
state or to the help stay longest. Knows no chat.
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
"""Commands whose hints are dropped last."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A key and its label; ``stays`` if it is dropped last."""

    shown: Content
    stays: bool = False


class KeyHints(Static):
    """The hint line: ``⏎ send  ^R retry …``, as many hints as fit."""

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
            commands: Ids of the key registry, the most important first.
            fixed: Keys outside the registry with their labels; they come first.
        """
        self._update_shown(tuple(commands), tuple(fixed), (), "")

    def complete(self, words: Sequence[str], about: str) -> None:
        """Show completions of a typed command, and its description once it is unambiguous."""
        self._update_shown((), (), tuple(words), about)

    def _update_shown(
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
            self.update(self._completions())
        else:
            self._draw_hints()

    def _completions(self) -> Content:
        """As many completions as fit, or the only one with its description."""
        room = max(1, self.size.width - 4)
        shown = [("   ".join(self._words), "bold $text-primary")] if self._words else []
        about = f"   {self._about}" if shown and self._about else self._about
        return Content.assemble(*shown, about).truncate(room, ellipsis=True)

    def _draw_hints(self) -> None:
        chosen_keys = self._choose_keys()
        hints = [
            Hint(Content.assemble((key, "bold $text-primary"), f" {label}"))
            for key, label in self._fixed
        ]
        for label, commands in self._commands_by_label().items():
            shown = "".join(key_names.display_short(chosen_keys[name]) for name in commands)
            link = text.key_link(shown, label, f"hint('{commands[-1]}')")
            hints.append(Hint(link, not STAY.isdisjoint(commands)))
        self.update(fit(hints, self.size.width))

    def _choose_keys(self) -> dict[str, str]:
        """For each command its first key that no earlier command takes."""
        chosen: dict[str, str] = {}
        for name in self._shown:
            own = keys.keys_of(keys.BY_ID[name], self._overrides)
            chosen[name] = next((key for key in own if key not in chosen.values()), own[0])
        return chosen

    def _commands_by_label(self) -> dict[str, list[str]]:
        labels: dict[str, list[str]] = {}
        for name in self._shown:
            labels.setdefault(keys.BY_ID[name].label, []).append(name)
        return labels


def fit(hints: Sequence[Hint], room: int) -> Content:
    """Join the hints; if they need more room, with smaller gaps and then with fewer hints."""
    kept, gap = list(hints), 3
    while kept and _width(kept, gap) > room:
        if gap == 3:
            gap = 2
        else:
            kept.remove(next((hint for hint in reversed(kept) if not hint.stays), kept[-1]))
    return Content(" " * gap).join(hint.shown for hint in kept)


def _width(hints: Sequence[Hint], gap: int) -> int:
    return sum(hint.shown.cell_length + gap for hint in hints) - gap
