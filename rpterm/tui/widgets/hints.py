"""The hint line at the bottom, generated from the key registry for the commands available now.

A click on a hint runs its command. While the user types a command, its completions are listed here
instead, each with what it does; a click takes one. If not all hints fit, the last ones are dropped,
but those that lead out of the current state or to the help stay longest. Clicks run the screen's
actions ``hint`` and ``complete``. Knows no chat.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content
from textual.style import Style

from rpterm.tui import key_names, keys, text
from rpterm.tui.widgets.fitted_text import FittedText

STAY = frozenset(("stop", "back", "turn-leave", "judge-leave", "palette", "help"))
"""Commands whose hints are dropped last."""


MOST_COMPLETIONS = 8
"""Rows for completions; a short terminal shows the first of them."""
MIN_WIDTH_WITH_KEYS = 70
"""Cells from which on a completion is listed with its key."""


class Completion(NamedTuple):
    """What a typed command may become, what that does, and the key that does the same."""

    word: str
    about: str = ""
    key: str = ""


class Hint(NamedTuple):
    """A key and its label; ``stays`` if it is dropped last."""

    shown: Content
    stays: bool = False


class KeyHints(FittedText):
    """The hint line: ``⏎ send  ^R retry …``, as many hints as fit."""

    DEFAULT_CSS = "KeyHints { min-height: 1; padding: 0 2; color: $text-muted; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[str, ...] = ()
        self._fixed: tuple[tuple[str, str], ...] = ()
        self._completions: tuple[Completion, ...] | None = None
        self._problem = ""

    def show(self, commands: Sequence[str], fixed: Sequence[tuple[str, str]] = ()) -> None:
        """Show these commands; two that share a label share a hint (``←→ swipe``).

        Args:
            commands: Ids of the key registry, the most important first.
            fixed: Keys outside the registry with their labels; they come first.
        """
        shown = tuple(commands), tuple(fixed), None
        if shown != (self._shown, self._fixed, self._completions):
            self._shown, self._fixed, self._completions = shown
            self._draw()

    def complete(self, completions: Sequence[Completion], problem: str) -> None:
        """List completions of a typed command, or say why there are none."""
        listed = tuple(completions), problem
        if listed != (self._completions, self._problem):
            self._completions, self._problem = listed
            self._draw()

    def _draw(self) -> None:
        width = max(1, self.size.width)
        if self._completions:
            self.update(completion_list(self._completions, width))
        elif self._completions is not None:
            self.update(Content(self._problem).truncate(width, ellipsis=True))
        else:
            self._draw_hints()

    def _draw_hints(self) -> None:
        chosen_keys = self._choose_keys()
        hints = [
            Hint(Content.assemble((key, "bold $text-primary"), f" {label}"))
            for key, label in self._fixed
        ]
        for label, commands in self._commands_by_label().items():
            names = [key_names.display_short(chosen_keys[name]) for name in commands]
            shown = "".join(names)
            if len(shown) > 2 and shown in "123456789":
                shown = f"{shown[0]}-{shown[-1]}"
            link = text.key_link(shown, label, f"screen.hint('{commands[-1]}')")
            hints.append(Hint(link, not STAY.isdisjoint(commands)))
        self.update(fit(hints, self.size.width))

    def _choose_keys(self) -> dict[str, str]:
        """For each command its first key that no earlier command takes."""
        chosen: dict[str, str] = {}
        for name in self._shown:
            own = keys.keys_of(keys.BY_ID[name], keys.of_user(self))
            chosen[name] = next((key for key in own if key not in chosen.values()), own[0])
        return chosen

    def _commands_by_label(self) -> dict[str, list[str]]:
        labels: dict[str, list[str]] = {}
        for name in self._shown:
            labels.setdefault(keys.BY_ID[name].label, []).append(name)
        return labels


def completion_list(found: Sequence[Completion], width: int) -> Content:
    """A row for each completion; if there are too many, the last row says how many are left."""
    rows = MOST_COMPLETIONS
    listed = found if len(found) <= rows else found[: rows - 1]
    longest = max(len(each.word) for each in listed)
    lines = [_completion_row(each, longest, width) for each in listed]
    if left := len(found) - len(listed):
        lines.append(Content.styled(f"… {left} more", text.MUTED))
    return Content("\n").join(lines)


def _completion_row(completion: Completion, longest: int, width: int) -> Content:
    word = Content.styled(completion.word.ljust(longest), "bold $text-primary")
    key = Content.styled(completion.key, text.MUTED)
    room = width - key.cell_length - 2 if key and width > MIN_WIDTH_WITH_KEYS else width
    row = Content.assemble(word, "   ", completion.about).truncate(max(1, room), ellipsis=True)
    row = row if room == width else text.justify(row, key, width)
    return row.stylize(Style.from_meta({"@click": f"screen.complete({completion.word!r})"}))


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
