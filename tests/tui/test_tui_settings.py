"""Settings changed during a chat, by the dialog and by ``/set``."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Input
from tui_support import CARD, Stage, notices, phase, running, say, screen_text, send, wait_until

from rpterm.chat.live_settings import NAMES, LiveSettings, description
from rpterm.models import starter
from rpterm.tui.app import RptermApp


def test_every_setting_in_the_dialog_has_a_description() -> None:
    assert [name for name in NAMES if not description(name)] == []


def sampled(stage: Stage, name: str) -> object:
    """A sampler of the last reply the engine made."""
    return getattr(stage.engine.requests[-1].sampling, name)


async def opened(pilot: Pilot[None], app: RptermApp, search: str) -> None:
    """The dialog, at the first setting that has these words."""
    await pilot.press("alt+s")
    await wait_until(pilot, lambda: "⏎ change" in screen_text(app))
    app.screen.query_one("#search", Input).value = search
    await pilot.pause()


async def test_a_changed_value_is_saved_and_used_from_the_next_reply(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (100, 30)) as pilot:
        await opened(pilot, app, "temperature")
        assert "Randomness: higher is more surprising" in screen_text(app)
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen.query("#field-value"))
        app.screen.query_one("#field-value", Input).value = "11"
        await pilot.press("enter")
        await wait_until(pilot, lambda: "must be between 0 and 10" in notices(app))
        app.screen.query_one("#field-value", Input).value = "1.5"
        await pilot.press("enter")
        await wait_until(pilot, lambda: "temperature is 1.5, starting with" in notices(app))
        await wait_until(pilot, lambda: "config.toml" in screen_text(app))
        await pilot.press("escape")
        await say(pilot, app, "Hello")
        assert sampled(stage, "temperature") == 1.5
        assert "temperature = 1.5" in (stage.folder / "config.toml").read_text()

        await opened(pilot, app, "temperature")
        await pilot.press("ctrl+z")
        await wait_until(pilot, lambda: "temperature is 0.8, starting with" in notices(app))
        await pilot.press("escape")
        assert "temperature" not in (stage.folder / "config.toml").read_text()


async def test_a_setting_overridden_elsewhere_says_so(stage: Stage) -> None:
    stage.card = replace(CARD, sampling={"temperature": 0.4})
    flagged = replace(stage.settings, sampling=replace(stage.settings.sampling, top_k=5))
    stage.settings = flagged
    file = stage.folder / "config.toml"
    live_settings = LiveSettings(flagged, file, flags={"sampling.top_k": 5}, take=stage.retune)
    app = stage.app(stage.card, live_settings=live_settings)
    async with running(app, (100, 40)) as pilot:
        await pilot.press("alt+s")
        await wait_until(pilot, lambda: "Mara Venn's card" in screen_text(app))
        assert "the command line" in screen_text(app)
        await pilot.press("escape")
        await say_command(pilot, app, "/set top_k 9")
        await wait_until(pilot, lambda: "but the command line sets it to 5 here" in notices(app))
        await say(pilot, app, "Hello")
        assert (sampled(stage, "temperature"), sampled(stage, "top_k")) == (0.4, 5)


async def test_a_setting_changed_in_a_chat_overrides_the_card_until_quitting(
    stage: Stage,
) -> None:
    stage.card = replace(CARD, sampling={"temperature": 0.4})
    app = stage.app(stage.card)
    async with running(app, (120, 40)) as pilot:
        await say_command(pilot, app, "/set temperature 0.9")
        await wait_until(pilot, lambda: "temperature is 0.9, starting with" in notices(app))
        await wait_until(pilot, lambda: "the card's own 0.4 counts again" in notices(app))
        await say(pilot, app, "Hello")
        assert sampled(stage, "temperature") == 0.9
        await pilot.press("alt+s")
        await wait_until(pilot, lambda: "config.toml" in screen_text(app))
        await pilot.press("escape")
        await say_command(pilot, app, "/set temperature default")
        await wait_until(
            pilot, lambda: "temperature" not in (stage.folder / "config.toml").read_text()
        )
        await say(pilot, app, "And now?")
        assert sampled(stage, "temperature") == 0.4


async def test_toggling_memory_reopens_the_chat(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (100, 30)) as pilot:
        await say(pilot, app, "Hello")
        before = stage.session
        await opened(pilot, app, "memory")
        await pilot.press("enter")
        await wait_until(pilot, lambda: stage.session is not before)
        await pilot.press("escape")
        await wait_until(pilot, lambda: phase(app) == "ready")
        assert stage.session.settings.memory is False
        assert stage.session.chat_id == before.chat_id
        assert "memory is off, starting with the next reply" in notices(app)


async def say_command(pilot: Pilot[None], app: RptermApp, line: str) -> None:
    await send(pilot, app, line)
    await wait_until(pilot, lambda: app.chat.input.empty)


async def test_another_model_is_loaded_in_the_same_chat(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RPTERM_HOME", str(stage.folder))
    models = stage.folder / "models"
    models.mkdir()
    (models / "Tiny-1B.gguf").symlink_to(starter.llm_path(None))
    (models / "Broken.gguf").write_bytes(b"GGUF")
    app = stage.app()
    async with running(app, (100, 30)) as pilot:
        await say(pilot, app, "Hello")
        before = stage.session
        await opened(pilot, app, "GGUF file")
        await pilot.press("enter")
        await wait_until(pilot, lambda: "Tiny-1B" in screen_text(app))
        app.screen.query_one("#search", Input).value = "tiny"
        await pilot.pause()
        await pilot.press("enter")
        await wait_until(pilot, lambda: "Tiny-1B, starting with the next reply" in notices(app))
        await wait_until(pilot, lambda: stage.session is not before)
        await pilot.press("escape")
        await wait_until(pilot, lambda: phase(app) == "ready")
        assert stage.session.settings.model == "Tiny-1B"
        assert stage.session.chat_id == before.chat_id
        await send(pilot, app, "/set model Huge")
        await wait_until(pilot, lambda: "There is no model 'Huge'" in notices(app))
        await send(pilot, app, "/set model Broken")
        await wait_until(pilot, lambda: "Broken.gguf" in notices(app))
        await send(pilot, app, "/set adapter nowhere.gguf")
        await wait_until(pilot, lambda: "There is no adapter file nowhere.gguf" in notices(app))
        assert 'model = "Tiny-1B"' in (stage.folder / "config.toml").read_text()


async def test_a_profile_is_chosen_and_removed_during_a_chat(stage: Stage) -> None:
    folder = stage.folder / "profiles"
    folder.mkdir()
    (folder / "wild.toml").write_text("candidates = 6\n[sampling]\ntemperature = 1.3\n")
    app = stage.app()
    async with running(app, (100, 30)) as pilot:
        await opened(pilot, app, "folder profiles")
        await pilot.press("enter")
        await wait_until(pilot, lambda: "wild" in screen_text(app))
        await pilot.press("down", "enter")
        await wait_until(pilot, lambda: "profile is wild" in notices(app))
        await pilot.press("escape")
        await wait_until(pilot, lambda: phase(app) == "ready")
        assert stage.session.settings.candidates == 6
        await say(pilot, app, "Hello")
        assert sampled(stage, "temperature") == 1.3
        await say_command(pilot, app, "/set temperature 0.9")
        await wait_until(pilot, lambda: "but profile wild sets it to 1.3 here" in notices(app))
        await say_command(pilot, app, "/set profile default")
        await wait_until(pilot, lambda: "profile is none" in notices(app))
        await wait_until(pilot, lambda: phase(app) == "ready")
        await say(pilot, app, "Hello again")
        assert sampled(stage, "temperature") == 0.9
        await send(pilot, app, "/set profile wilt")
        await wait_until(pilot, lambda: "no profile 'wilt'" in notices(app))
