"""The compositor renders what Textual would, but fewer widgets."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual._compositor import Compositor
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from tui_support import Stage, running

from rpterm.tui.app import RptermApp
from rpterm.tui.compositor import NarrowCompositor
from rpterm.tui.widgets.turn import TurnView

pytestmark = pytest.mark.frames

SIZES = [(80, 24), (120, 36), (200, 50)]


def regions(width: int, height: int) -> Iterator[Region]:
    rng = random.Random(f"{width}×{height}")
    yield from (Region(0, 0, width, height), Region(0, height - 1, width, 1), Region(3, 0, 1, 1))
    for _ in range(25):
        x, y = rng.randrange(width), rng.randrange(height)
        yield Region(x, y, rng.randint(1, width - x), rng.randint(1, height - y))


def drawn(compositor: Compositor, changed: Region) -> dict[tuple[int, int], Strip]:
    """What is sent to the terminal for a change: by line and column."""
    compositor._dirty_regions = {changed}
    update = compositor.render_partial_update()
    assert update is not None
    found: dict[tuple[int, int], Strip] = {}
    for y, left, right in update.spans:
        ends = dict(zip(update.chops[y], update.chop_ends[y], strict=True))
        for x, strip in update.chops[y].items():
            if x < right and ends[x] > left:
                assert strip is not None, f"nothing is drawn at column {x} of line {y}"
                found[x, y] = strip
    return found


@pytest.mark.parametrize("size", SIZES)
async def test_every_change_is_rendered_as_textual_would(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Stage(tmp_path, turns=12).app()
    async with running(app, size=size) as pilot:
        for pane in ("", "f2", "f3"):
            if pane:
                await pilot.press(pane)
                await pilot.pause()
            compositor = app.chat._compositor
            assert isinstance(compositor, NarrowCompositor)
            for changed in regions(*size):
                narrow = drawn(compositor, changed)
                with monkeypatch.context() as patch:
                    patch.setattr(NarrowCompositor, "_get_renders", Compositor._get_renders)
                    assert narrow == drawn(compositor, changed), changed


async def test_a_change_of_one_turn_renders_only_that_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app: RptermApp = Stage(tmp_path, turns=12).app()
    async with running(app):
        compositor = app.chat._compositor
        turns = [each for each in compositor.visible_widgets if isinstance(each, TurnView)]
        region, clip = compositor.visible_widgets[turns[1]]
        asked: list[Widget] = []
        for kind in {type(each) for each in compositor.visible_widgets}:
            render = kind.render_lines

            def noted(widget: Widget, crop: Region, render=render) -> list[Strip]:  # type: ignore[no-untyped-def]
                asked.append(widget)
                strips: list[Strip] = render(widget, crop)
                return strips

            monkeypatch.setattr(kind, "render_lines", noted)
        drawn(compositor, region.intersection(clip))
        assert set(asked) == {turns[1]}
