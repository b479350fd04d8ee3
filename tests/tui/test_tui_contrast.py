"""Rpterm's own themes are readable: contrasts computed from the cells of the screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.color import Color
from textual.pilot import Pilot
from tui_support import Stage, phase, running, screen_text, wait_until

from rpterm.chat.session import Session
from rpterm.config import Settings
from rpterm.examples.provider import ExampleProvider
from rpterm.tui import themes
from rpterm.tui.screens.chooser import Choice, Chooser

READ, TOLD = 3.0, 4.5
"""Least contrast of any text, and of a placeholder that says something (WCAG 2.2, 1.4.3)."""
MARKS = frozenset("▸▾‹›·")


class Exampled(Stage):
    """A stage whose sessions have examples."""

    def open(self, target: str | None, chat_id: int | None) -> Session:
        session = super().open(target, chat_id)
        session.examples = session._prompter._examples = ExampleProvider(session.store)
        return session


@pytest.fixture(params=[theme.name for theme in themes.THEMES])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    return Exampled(tmp_path, turns=6, settings=Settings(theme=request.param))


def luminance(colour: Color) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    parts = [part / 255 for part in colour.get_truecolor()]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrasts(app: Any) -> Iterator[tuple[str, float]]:
    """Each piece of text on the screen, or in the box in front of it, with its contrast.

    Lines of boxes and bars are no text.
    """
    front = next((box.region for box in app.screen.query("#box")), app.screen.region)
    strips = app.screen._compositor.render_strips()[front.y : front.bottom]
    for strip in strips:
        for piece, style, _ in strip.crop(front.x, front.right):
            is_text = any(char.isalnum() or char in MARKS for char in piece)
            if is_text and style is not None and style.color and style.bgcolor:
                light, dark = sorted((luminance(style.color), luminance(style.bgcolor)))[::-1]
                yield piece.strip(), (light + 0.05) / (dark + 0.05)


def readable(app: Any, *told: str) -> None:
    """Nothing on the screen is too pale, and ``told`` is there and a good deal stronger.

    The cursor stands on the first letter of a placeholder.
    """
    found = dict(sorted(contrasts(app), key=lambda each: -each[1]))
    assert not {piece: ratio for piece, ratio in found.items() if ratio < READ}
    for wanted in told:
        assert any(wanted in piece and ratio >= TOLD for piece, ratio in found.items())


async def shown(pilot: Pilot[Any], key: str, words: str) -> None:
    """Press a key and wait for what it shows."""
    await pilot.press(key)
    await wait_until(pilot, lambda: words in screen_text(pilot.app))


async def test_text_of_the_chat_and_the_placeholder_has_enough_contrast(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        readable(app, "rite to Mara Venn…")
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: "2/2" in screen_text(app) and phase(app) == "ready")
        readable(app)
        await shown(pilot, "ctrl+up", "e edit")
        readable(app)


@pytest.mark.parametrize(
    ("key", "words"),
    [("alt+m", "search all"), ("alt+x", "Far enough"), ("f2", "▸"), ("f3", "1911")],
)
async def test_text_in_all_panes_has_enough_contrast(stage: Stage, key: str, words: str) -> None:
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await shown(pilot, key, words)
        await pilot.press("tab")
        await pilot.pause()
        readable(app)


async def test_faint_marks_are_fainter_than_the_text_beside_them(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await shown(pilot, "f2", "▸")
        found = list(contrasts(app))
        strongest = max(ratio for piece, ratio in found if piece == "▸")
        assert strongest < min(ratio for piece, ratio in found if piece == "system") / 2


async def test_text_in_the_review_has_enough_contrast(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: "2/2" in screen_text(app) and phase(app) == "ready")
        await shown(pilot, "alt+v", "1 of 4")
        readable(app)
        await pilot.press("space", "space", "space")
        await wait_until(pilot, lambda: "4 of 4" in screen_text(app))
        readable(app)


async def test_text_in_lists_and_forms_has_enough_contrast(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        app.push_screen(Chooser("Branches", [Choice("1", "a turn", "said", "now", "‹ 1 ")]))
        await wait_until(pilot, lambda: "a turn" in screen_text(app))
        readable(app, "ype to search")
        await pilot.press("escape")
        await shown(pilot, "f5", "Depth")
        readable(app)


@pytest.mark.parametrize(("theme", "behind"), [("ansi-dark", "blue"), ("ansi-light", "cyan")])
async def test_in_the_terminals_own_colours_muted_text_is_seen_on_the_marked_row(
    tmp_path: Path, theme: str, behind: str
) -> None:
    app = Stage(tmp_path, settings=Settings(theme=theme)).app()
    async with running(app) as pilot:
        app.push_screen(Chooser("Branches", [Choice("1", "a turn", "what was said")]))
        await wait_until(pilot, lambda: "what was said" in screen_text(app))
        strips = app.screen._compositor.render_strips()
        (style,) = (style for strip in strips for piece, style, _ in strip if "was said" in piece)
        assert style is not None and style.color and style.bgcolor
        assert style.bgcolor.number == Color.parse(behind).number != style.color.number
