"""Portraits: pictures drawn with block characters, and the places that show them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from tui_support import CARD, Stage, running, say, screen_text, wait_until

from rpterm.cards.exchange.containers import pictures
from rpterm.tui import block_picture
from rpterm.tui.app import RptermApp
from rpterm.tui.screens.picker import CharacterPicker
from rpterm.tui.widgets.panes.card import CardPane
from rpterm.tui.widgets.portrait import Portrait
from rpterm.tui.widgets.title_page import TitlePage

RED, BLUE = (200, 0, 0), (0, 0, 200)


def _picture(path: Path, *pixels: tuple[int, ...], size: tuple[int, int] = (2, 2)) -> Path:
    image = Image.new("RGBA" if len(pixels[0]) == 4 else "RGB", size)
    image.putdata(pixels)
    image.save(path)
    return path


@pytest.mark.parametrize(
    ("pixels", "block", "colour", "behind"),
    [
        ((RED, BLUE, BLUE, BLUE), "▘", RED, BLUE),
        ((RED, RED, BLUE, BLUE), "▀", RED, BLUE),
        ((RED, BLUE, RED, BLUE), "▌", RED, BLUE),
        ((BLUE, BLUE, BLUE, RED), "▛", BLUE, RED),
    ],
)
def test_a_cell_shows_two_colours_in_their_places(
    tmp_path: Path,
    pixels: tuple[tuple[int, ...], ...],
    block: str,
    colour: tuple[int, ...],
    behind: tuple[int, ...],
) -> None:
    (strip,) = block_picture.draw(_picture(tmp_path / "a.png", *pixels), 1, 1, "#000000")
    (segment,) = strip
    assert segment.text == block
    style = segment.style
    assert style is not None and style.color is not None and style.bgcolor is not None
    assert (style.color.triplet, style.bgcolor.triplet) == (colour, behind)


def test_transparent_parts_have_the_colour_behind_them(tmp_path: Path) -> None:
    path = _picture(tmp_path / "a.png", *[(255, 0, 0, 0)] * 4)
    (strip,) = block_picture.draw(path, 1, 1, "#0000c8")
    style = strip._segments[0].style
    assert style is not None and style.bgcolor is not None
    assert style.bgcolor.triplet == BLUE


@pytest.mark.parametrize(
    ("size", "cells"), [((400, 600), (24, 18)), ((100, 100), (24, 12)), ((10, 500), (1, 18))]
)
def test_a_picture_keeps_its_proportions(size: tuple[int, int], cells: tuple[int, int]) -> None:
    assert block_picture.fit(*size, 24, 18) == cells


def test_what_is_no_picture_is_not_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(_picture(tmp_path / "a.png", *[RED] * 4).read_bytes()[:50])
    text = tmp_path / "text.png"
    text.write_text("not a picture")
    for path in (broken, text, tmp_path, tmp_path / "missing.png"):
        assert block_picture.draw(path, 9, 9, "#000000") == []
    monkeypatch.setattr(pictures, "MAX_PIXELS", 3)
    assert block_picture.draw(tmp_path / "a.png", 9, 9, "#000000") == []


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal with all colours, whatever the tests run in."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def pictured(tmp_path: Path, colours: None) -> Stage:
    _picture(tmp_path / "mara.png", *[RED] * 600, size=(20, 30))
    path = str(tmp_path / "mara.toml")
    return Stage(tmp_path, card=replace(CARD, portrait="mara.png"), card_path=path)


def _shown(app: RptermApp, place: str) -> bool:
    return any(each.display and each.size.height for each in app.screen.query(f"{place} Portrait"))


async def test_a_new_chat_begins_with_the_portrait(pictured: Stage) -> None:
    app = pictured.app()
    async with running(app, (100, 40)) as pilot:
        await wait_until(pilot, lambda: _shown(app, "#transcript"))
        assert "You are late" in screen_text(app)
        assert "A storm, and one knock" in screen_text(app)
        assert "2 greetings · 1 example · 1 lore entry" in screen_text(app)
        assert app.chat.transcript.max_scroll_y == 0
        await say(pilot, app, "Good evening.")
        assert _shown(app, "#transcript")


async def test_a_long_scenario_makes_the_head_no_higher_than_the_portrait(pictured: Stage) -> None:
    pictured.card = replace(pictured.card, scenario="{{user}} knocks. " * 60)
    app = pictured.app(pictured.card)
    async with running(app, (60, 40)) as pilot:
        await wait_until(pilot, lambda: _shown(app, "#transcript"))
        assert "Ansel knocks." in screen_text(app)
        page = app.screen.query_one(TitlePage)
        assert page.size.height == page.query_one(Portrait).size.height


async def test_without_a_portrait_a_new_chat_begins_with_the_greeting(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (100, 40)):
        assert not app.screen.query_one(TitlePage).display


@pytest.mark.parametrize("height", [12, 18])
async def test_the_portrait_pushes_no_turn_out_of_view(pictured: Stage, height: int) -> None:
    app = pictured.app()
    async with running(app, (80, height)) as pilot:
        await pilot.app.workers.wait_for_complete()
        assert app.chat.transcript.max_scroll_y == 0


async def test_the_card_pane_shows_the_portrait_above_the_card(pictured: Stage) -> None:
    app = pictured.app()
    async with running(app, (120, 30)) as pilot:
        await pilot.press("f3")
        await wait_until(pilot, lambda: _shown(app, "CardPane"))
        pane = app.chat.query_one(CardPane)
        pane.highlight_line("Counts ships that never arrive")
        await pilot.pause()
        assert "Counts ships that never arrive" in screen_text(app)


async def test_without_colours_there_is_no_portrait(
    pictured: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = pictured.app()
    async with running(app, (100, 40)) as pilot:
        await pilot.app.workers.wait_for_complete()
        assert not _shown(app, "#transcript")
        app.push_screen(picker := CharacterPicker())
        await wait_until(pilot, lambda: "Sherlock Holmes" in screen_text(app))
        assert not picker.query_one("#side").display


async def test_the_list_of_characters_shows_the_marked_ones_portrait(
    stage: Stage, colours: None
) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        app.push_screen(picker := CharacterPicker())
        await wait_until(pilot, lambda: _shown(app, "#side"))
        first = picker.query_one(Portrait)._strips
        await pilot.press("down")
        await wait_until(pilot, lambda: picker.query_one(Portrait)._strips != first)
        await pilot.resize_terminal(80, 24)
        await wait_until(pilot, lambda: not picker.query_one("#side").display)


async def test_the_portrait_fits_above_a_greeting_that_is_not_laid_out_yet(
    pictured: Stage,
) -> None:
    app = pictured.app()
    async with running(app, (100, 40)) as pilot:
        await wait_until(pilot, lambda: _shown(app, "#transcript"))
        transcript, path = app.chat.transcript, pictured.folder / "mara.png"
        await transcript.show(
            [replace(transcript.turns[0], text="A long story.\n\n" * 10)], more=False
        )
        transcript.introduce(pictured.card, "Ansel", path)
        await app.workers.wait_for_complete()
        await wait_until(pilot, lambda: "A long story" in screen_text(app))
        assert transcript.max_scroll_y == 0
        assert _shown(app, "#transcript")


async def test_the_portrait_of_a_new_chat_follows_the_size_of_the_terminal(
    pictured: Stage,
) -> None:
    app = pictured.app()
    async with running(app, (100, 40)) as pilot:
        await wait_until(pilot, lambda: _shown(app, "#transcript"))
        await pilot.resize_terminal(100, 22)
        await wait_until(pilot, lambda: app.chat.transcript.max_scroll_y == 0)
        await pilot.resize_terminal(100, 40)
        await wait_until(pilot, lambda: app.screen.query_one(TitlePage).size.height == 18)
