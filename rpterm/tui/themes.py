"""rpterm's own two themes, registered next to Textual's, and the style of notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.theme import Theme

if TYPE_CHECKING:
    from textual.app import App

LAMPLIGHT = Theme(
    name="lamplight",
    primary="#8fb6d9",
    secondary="#a3c293",
    accent="#e6b673",
    warning="#e0a458",
    error="#e3787f",
    success="#8fc187",
    foreground="#e4dfd5",
    background="#16151a",
    surface="#1d1c22",
    panel="#27252e",
    dark=True,
    variables={
        "scrollbar": "#2f2d37",
        "scrollbar-hover": "#45424f",
        "scrollbar-active": "#5a5666",
        "scrollbar-background": "#16151a",
        "scrollbar-background-hover": "#16151a",
        "scrollbar-background-active": "#16151a",
        "scrollbar-corner-color": "#16151a",
        "block-cursor-background": "#34323d",
        "block-cursor-foreground": "#f2ede3",
        "block-cursor-text-style": "none",
        "input-selection-background": "#8fb6d9 30%",
        # Opaque: in the style of a text, Textual 8.2.8 ignores the alpha of a theme's variable.
        "foreground-disabled": "#807c79",
        "text-disabled": "#e4dfd5 56%",
    },
)

PAPER = Theme(
    name="paper",
    primary="#2c5f86",
    secondary="#4d6b2a",
    accent="#97560f",
    warning="#8f5a0a",
    error="#a62f3b",
    success="#38753a",
    foreground="#2b2823",
    background="#faf7f0",
    surface="#f3efe5",
    panel="#e9e4d7",
    dark=False,
    variables={
        "scrollbar": "#ddd6c6",
        "scrollbar-hover": "#c9c0ab",
        "scrollbar-active": "#b3a88f",
        "scrollbar-background": "#faf7f0",
        "scrollbar-background-hover": "#faf7f0",
        "scrollbar-background-active": "#faf7f0",
        "scrollbar-corner-color": "#faf7f0",
        "block-cursor-background": "#e3dccb",
        "block-cursor-foreground": "#1f1c18",
        "block-cursor-text-style": "none",
        "input-selection-background": "#2c5f86 25%",
        "foreground-disabled": "#78746c",
        "text-disabled": "#2b2823 68%",
    },
)

THEMES = (LAMPLIGHT, PAPER)
DEFAULT = LAMPLIGHT.name
TOASTS = """
    ToastRack {
        dock: top; align: right top; margin: 1 0 0 0; scrollbar-size-vertical: 0;
    }
    ToastHolder { max-width: 80; }
    Toast { background: $panel; width: auto; max-width: 75%; padding: 0 1; }
"""
"""Style of notifications, for the ``CSS`` of an app."""

ANSI_CURSOR = """
    OptionList:ansi > .option-list--option-highlighted { color: ansi_default; }
    OptionList:ansi:dark > .option-list--option-highlighted { background: ansi_blue; }
    OptionList:ansi:light > .option-list--option-highlighted { background: ansi_cyan; }
    PaneList:ansi > .option-list--option-highlighted { background: ansi_default; }
    PaneList:ansi:dark:focus > .option-list--option-highlighted { background: ansi_blue; }
    PaneList:ansi:light:focus > .option-list--option-highlighted { background: ansi_cyan; }
"""
"""The marked row of lists in the terminal's own colours, for the ``CSS`` of an app.

These colours have no alpha: muted text would have the colour of Textual's own cursor.
"""


def names() -> list[str]:
    """The names of all themes that can be chosen."""
    from textual.theme import BUILTIN_THEMES

    return sorted({theme.name for theme in THEMES} | set(BUILTIN_THEMES))


def apply(app: App[None], name: str) -> None:
    """Register the themes and apply the one of this name, or the default if there is none."""
    for theme in THEMES:
        app.register_theme(theme)
    app.theme = name if name in app.available_themes else DEFAULT
