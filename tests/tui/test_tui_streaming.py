"""A growing reply renders like the complete text, and keys are drawn before it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content
from textual.screen import Screen
from textual.selection import Selection
from textual.style import Style
from textual.visual import RenderOptions
from tui_support import Stage, running, wait_until

from rpterm.tui import markup
from rpterm.tui.widgets.status import Phase
from rpterm.tui.widgets.streaming_content import StreamingContent
from rpterm.types import Status, Turn

pytestmark = pytest.mark.frames

HEAD = Content.assemble(("Mara Venn", "bold"))
PIECES = ["*", "**", "_", "`", '"', " ", "\n", "\n\n", "\n\n\n", "word ", "日本 ", "é", "\x1b",
          "words that take more than one line "]  # fmt: skip


def drawn(content: Content, selection: Selection | None = None) -> list[list[object]]:
    """The lines with their styles, 20 cells wide."""
    options = RenderOptions(lambda _: Style(bold=True), {}, selection, Style(reverse=True))
    return [list(strip) for strip in content.render_strips(20, None, Style(), options)]


@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_streaming_content_renders_like_the_whole_text(pieces: list[str]) -> None:
    shown, source = StreamingContent(HEAD, ""), ""
    for piece in pieces:
        source += piece
        shown = StreamingContent(HEAD, source, before=shown)
        body = markup.roleplay(source, streaming=True) + Content("▍", [])
        whole = Content.assemble(HEAD, "\n", body)
        assert shown.plain == whole.plain
        assert shown.get_height({}, 20) == whole.get_height({}, 20)
        assert drawn(shown) == drawn(whole)
    everything = Selection(None, None)
    assert drawn(shown, everything) == drawn(Content(shown.plain, list(shown.spans)), everything)


def test_finished_paragraphs_are_not_styled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    roleplay = markup.roleplay

    def noted(source: str, **kwargs: bool) -> Content:
        read.append(source)
        return roleplay(source, **kwargs)

    shown = StreamingContent(HEAD, "One.\n\nTwo.\n\nThr")
    monkeypatch.setattr(markup, "roleplay", noted)
    StreamingContent(HEAD, "One.\n\nTwo.\n\nThree.", before=shown)
    assert read == ["Three."]


async def test_a_pending_key_is_drawn_before_the_growing_reply(tmp_path: Path) -> None:
    app = Stage(tmp_path).app()
    async with running(app) as pilot:
        view = app.chat.transcript.view(app.chat.transcript.turns[-1].id)
        assert view is not None
        view.grow("Now", wait=True)
        assert "Now" not in str(view.content)
        await wait_until(pilot, lambda: "Now" in str(view.content))


async def test_a_key_without_effect_on_the_input_delays_the_reply_by_one_frame_only(
    tmp_path: Path,
) -> None:
    app = Stage(tmp_path, turns=20).app()
    async with running(app) as pilot:
        await pilot.press("pageup")
        await wait_until(pilot, lambda: not app.chat.input.undrawn)


async def test_a_delayed_draw_does_not_overwrite_the_final_text(tmp_path: Path) -> None:
    app = Stage(tmp_path).app()
    async with running(app) as pilot:
        await wait_until(pilot, lambda: app.chat.state.figures.phase is Phase.READY)
        view = app.chat.transcript.view(app.chat.transcript.turns[-1].id)
        assert view is not None
        view.grow("Half of", wait=True)
        view.show(
            Turn(99, 1, None, "assistant", "Mara Venn", "Half of it.", status=Status.COMPLETE)
        )
        drawn: list[bool] = []
        app.chat.call_after_refresh(lambda: drawn.append(True))
        await wait_until(pilot, lambda: drawn)
        assert str(view.content).endswith("Half of it.")


async def test_a_new_line_of_a_reply_triggers_one_layout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layouts: list[bool] = []
    refresh_layout = Screen._refresh_layout

    def counted(screen: Screen[object], *args: bool, **kwargs: bool) -> None:
        layouts.append(True)
        refresh_layout(screen, *args, **kwargs)  # type: ignore[arg-type]

    app = Stage(tmp_path, turns=20).app()
    async with running(app) as pilot:
        view = app.chat.transcript.view(app.chat.transcript.turns[-1].id)
        assert view is not None

        async def grow(lines: int) -> None:
            view.grow("line\n" * lines + "x")
            await wait_until(pilot, lambda: view.content_size.height == lines + 2)
            idle: list[bool] = []
            app.chat.call_after_refresh(idle.append, True)
            await wait_until(pilot, lambda: idle)

        await grow(1)  # What opening the chat left to do is done with it.
        monkeypatch.setattr(Screen, "_refresh_layout", counted)
        for lines in range(2, 12):
            await grow(lines)
        assert 10 <= len(layouts) < 15  # Something else may need one; each line twice made 20.
        assert app.chat.transcript.is_vertical_scroll_end
