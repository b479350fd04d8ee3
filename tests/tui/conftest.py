"""The stage that most tests of the TUI use; a file that needs another one defines its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual._compositor import Compositor
from tui_support import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture(autouse=True)
def no_frames(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Render no frames, which nobody sees and which take a quarter of a test's time.

    ``screen_text`` renders what a test looks at. The mark ``frames`` renders them all the same.
    """
    if request.node.get_closest_marker("frames"):
        return

    def skip(compositor: Compositor, *_: object, **__: object) -> None:
        compositor._dirty_regions.clear()

    monkeypatch.setattr(Compositor, "render_update", skip)
