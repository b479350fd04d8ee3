"""Slash commands in the input."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import pytest
from tui_support import (
    Stage,
    notices,
    phase,
    running,
    say,
    screen_text,
    send,
    texts,
    type_text,
    wait_until,
)

from rpterm.tui.app import RptermApp
from rpterm.tui.keys import BY_ID
from rpterm.tui.screens.chat.slash_completion import command_of, names, suggestions
from rpterm.tui.screens.chooser import Chooser
from rpterm.types import Persona


async def test_a_command_runs_by_its_id_and_leaves_the_input_empty(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await type_text(pilot, "/note")
        await pilot.press("enter")
        await wait_until(pilot, lambda: "Author's note" in screen_text(app))
        await pilot.press("escape")
        assert app.chat.input.text == ""
        await type_text(pilot, "/help")
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen is not app.chat)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("/regenrate", "did you mean /regenerate?"),
        ("/me waves", "needs two"),
        ("/chats be brief", "/chats takes nothing after it"),
        ("/set temperature 11", "must be between 0 and 10"),
        ("/set temprature 1", "did you mean sampling.temperature?"),
        ("/set threads 2", "rpterm config set threads"),
    ],
)
async def test_an_invalid_command_stays_in_the_input(stage: Stage, written: str, told: str) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await type_text(pilot, written)
        await pilot.press("enter")
        await wait_until(pilot, lambda: told in notices(app))
        assert app.chat.input.text == written
        assert len(texts(app)) == 1


async def test_a_command_refused_while_a_reply_is_written_stays_in_the_input(
    stage: Stage,
) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        app.chat.state.keeping = True  # As while a candidate is kept before the next reply.
        await send(pilot, app, "/world london")
        await wait_until(pilot, lambda: "Still writing" in notices(app))
        assert app.chat.input.text == "/world london"
        app.chat.state.keeping = False


@pytest.mark.parametrize("written", ["/note Keep it short", "/rename The knock", "/export-chat md"])
async def test_a_command_given_while_the_chat_opens_says_so_and_stays_in_the_input(
    tmp_path: Path, written: str
) -> None:
    stage = Stage(tmp_path, gate=threading.Event())
    app = stage.app()
    async with running(app, (120, 40), ready=False) as pilot:
        await send(pilot, app, written)
        await wait_until(pilot, lambda: "The chat is still opening." in notices(app))
        assert app.chat.input.text == written


async def test_a_persona_is_written_or_taken_by_its_name(stage: Stage) -> None:
    app = stage.app()
    mary = Persona("Mary", "A painter.")
    async with running(app, (120, 40)) as pilot:
        for line, persona in (
            ("/persona Mary: A painter.", mary),
            ("/persona Tom", Persona("Tom")),
            ("/persona Mary", mary),
        ):
            await send(pilot, app, line)
            await wait_until(pilot, partial(_is_persona, stage, persona))
        await send(pilot, app, "/persona : nobody")
        await wait_until(pilot, lambda: "Say /persona NAME: DESCRIPTION." in notices(app))
        assert app.chat.input.text == "/persona : nobody"
    assert "You are Tom from the next turn." in notices(app)


def _is_persona(stage: Stage, persona: Persona) -> bool:
    return stage.session.chat.persona == persona


@pytest.mark.parametrize(
    ("written", "command"),
    [
        ("memory", "pane-memory"), ("prompt", "pane-prompt"), ("card", "pane-card"),
        ("examples", "pane-examples"), ("consistency", "pane-consistency"), ("chats", "chats"),
        ("reroll", "regenerate"), ("lorebook", "world"), ("world-info", "world"),
        ("note", "note"), ("nonsense", "nonsense"),
    ],
)  # fmt: skip
def test_a_command_is_found_by_every_name_that_only_it_has(written: str, command: str) -> None:
    assert command_of(written) == command
    if command in names():
        assert suggestions(f"/{written}", {})[0][0].word == f"/{command}"


async def test_another_programs_name_takes_the_same_arguments(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await send(pilot, app, "/lorebook nowhere")
        await wait_until(pilot, lambda: "cannot name other worlds" in notices(app))


async def test_two_slashes_send_one(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "//me waves")
        await wait_until(pilot, lambda: phase(app) == "ready")
        assert texts(app)[1] == "/me waves"


@pytest.mark.parametrize("key", ["ctrl+g", "alt+d"])
async def test_a_command_in_the_input_is_run_and_never_sent(stage: Stage, key: str) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await type_text(pilot, "/note")
        await pilot.press(key)
        await wait_until(pilot, lambda: "Author's note" in screen_text(app))
        assert app.chat.input.text == "" and len(texts(app)) == 1


async def test_commands_take_arguments(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        for line in ("/note Keep it short", "/rename The knock", "/set temperature 0.9"):
            await send(pilot, app, line)
            await wait_until(pilot, lambda: app.chat.input.empty)
        await wait_until(pilot, lambda: "temperature is 0.9" in notices(app))
        chat = stage.session.chat
        assert (chat.note.text, chat.title) == ("Keep it short", "The knock")
        assert stage.session.settings.sampling.temperature == 0.9
        await send(pilot, app, "/note -")
        await wait_until(pilot, lambda: "The note is removed." in notices(app))
        assert stage.session.chat.note.text == ""


async def test_a_reply_is_regenerated_with_a_hint_in_ones_own_words(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Hello")
        await wait_until(pilot, lambda: phase(app) == "ready")
        await send(pilot, app, "/regenerate shorter, and he is angry")
        await wait_until(pilot, lambda: phase(app) == "ready" and len(stage.session.path()) == 3)
        await wait_until(pilot, lambda: stage.session.path()[-1].swipes == 2)
        prompt = app.chat.state.prompt
        assert prompt is not None and "[shorter, and he is angry]" in prompt.text
        assert app.chat.input.empty


async def test_commands_and_settings_are_suggested_and_completed(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await type_text(pilot, "/re")
        await wait_until(pilot, lambda: "/regenerate " in hints(app))
        assert "generates another reply" in hints(app) and "Ctrl+R" in hints(app)
        assert "-here" not in hints(app)
        await type_text(pilot, "n")
        await pilot.press("tab")
        assert app.chat.input.text == "/rename "
        await wait_until(pilot, lambda: "renames this chat" in hints(app))
        app.chat.input.put("/set dry_m")
        await pilot.press("tab")
        assert app.chat.input.text == "/set dry_multiplier "
        await wait_until(pilot, lambda: "How strongly DRY penalizes" in hints(app))
        app.chat.input.put("/zz")
        await wait_until(pilot, lambda: "There is no such command" in hints(app))
        app.chat.input.put("/prompt")
        await pilot.press("tab")
        assert app.chat.input.text == "/pane-prompt"
        app.chat.input.put("//me")
        await wait_until(pilot, lambda: "⏎ send" in hints(app))


async def test_every_listed_slash_command_exists() -> None:
    assert {"send", "back", "branch-here"}.isdisjoint(names())
    assert set(names()) - {"set"} <= set(BY_ID)


async def test_of_many_commands_the_first_are_listed(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (80, 24)) as pilot:
        await type_text(pilot, "/")
        await wait_until(pilot, lambda: "/set " in hints(app))
        assert hints(app).count("/") >= 7
        assert f"… {len(names()) - 7} more" in hints(app)
        await pilot.resize_terminal(80, 15)
        await wait_until(pilot, lambda: "more" not in hints(app))
        assert hints(app).count("/") == 3
        await pilot.press("backspace")
        await wait_until(pilot, lambda: "^R retry" in hints(app))
        assert len(hints(app).splitlines()) == 1


async def test_a_pane_shows_its_own_keys_while_a_command_waits_in_the_input(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (80, 24)) as pilot:
        await type_text(pilot, "/note")
        await wait_until(pilot, lambda: "author's note" in hints(app))
        await pilot.press("alt+m")
        await wait_until(pilot, lambda: "Esc back" in hints(app))
        await pilot.press("escape")
        await wait_until(pilot, lambda: "author's note" in hints(app))


def hints(app: RptermApp) -> str:
    """The screen below the status line."""
    return screen_text(app).split("scripted", 1)[-1].split("\n", 1)[-1]


async def test_a_click_on_a_suggestion_runs_it_or_waits_for_its_arguments(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:

        async def click(word: str) -> None:
            await wait_until(pilot, lambda: word in hints(app))
            lines = screen_text(app).splitlines()
            row = next(y for y in range(len(lines) - 1, 0, -1) if word in lines[y])
            await pilot.click(offset=(lines[row].index(word) + 1, row))
            await pilot.pause()

        await type_text(pilot, "/no")
        await click("/note")
        assert app.chat.input.text == "/note " and app.chat.input.has_focus
        app.chat.input.put("/set temp")
        await click("temperature")
        assert app.chat.input.text == "/set temperature "
        app.chat.input.put("/them")
        await click("/theme")
        await wait_until(pilot, lambda: isinstance(app.screen, Chooser))
        assert app.chat.input.text == ""
