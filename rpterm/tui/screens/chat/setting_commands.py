"""Settings that are changed while one chats: the dialog, and what a change does to the chat."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rpterm.tui.screens.chat import opening, panes
from rpterm.tuning import DEFAULT, MODEL, PROFILE, problem

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen
    from rpterm.tui.screens.chooser import Choice
    from rpterm.tuning import Knob, Tuning


async def choose_setting(chat: ChatScreen) -> None:
    """The list of settings: change one after the other."""
    from rpterm.tui.screens.settings import SettingsScreen

    if (tuning := _tuning(chat)) is None:
        return
    at = ""
    while True:
        knobs = {knob.name: knob for knob in await chat.ask(tuning.knobs, chat.card)}
        screen = SettingsScreen(list(knobs.values()), chat.settings.keys, at)
        done = await chat.app.push_screen_wait(screen)
        if done is None:
            return
        at = done.id
        text = await _asked(chat, knobs[at]) if done.action == "open" else DEFAULT
        if text is not None:
            await change_setting(chat, at, text)


async def change_setting(chat: ChatScreen, name: str, text: str) -> None:
    """Change a setting; the chat goes on with it.

    Raises:
        ConfigError: There is no such setting, the value does not fit, or it cannot be kept.
    """
    if (tuning := _tuning(chat)) is None:
        return
    changed = await chat.ask(tuning.change, name, text, chat.card)
    chat.settings = tuning.settings
    counts = changed.counts
    free = not chat.state.busy and chat.state.editor is None
    if counts == "opening" and chat.session is not None and free:
        # Memory, scores and model come with the chat: it is opened again.
        await opening.switch_chat(chat, None, chat.session.chat_id)
        counts = "reply"
    chat.say(changed.told(counts))
    panes.request_preview(chat, always=True)


async def show_setting(chat: ChatScreen, name: str) -> None:
    """Say how a setting stands.

    Raises:
        ConfigError: There is none of that name.
    """
    if (tuning := _tuning(chat)) is not None:
        chat.say((await chat.ask(tuning.knob, name, chat.card)).told())


async def _asked(chat: ChatScreen, knob: Knob) -> str | None:
    """The value one wants; a switch is turned at once."""
    from rpterm.config.text import typed
    from rpterm.tui.screens.form import Field, Form

    if knob.name == MODEL:
        return await _model(chat, knob)
    if knob.name == PROFILE:
        return await _profile(chat, knob)
    if knob.is_switch:
        return "off" if knob.value else "on"
    now = typed(knob.value)
    fields = [Field("value", knob.about, now, check=partial(problem, knob.name))]
    given = await chat.app.push_screen_wait(Form(knob.label, fields, chat.settings.keys))
    return None if given is None or given["value"] == now else given["value"].strip()


async def _model(chat: ChatScreen, knob: Knob) -> str | None:
    """Another one of the models that are here; the one in use only in place of another."""
    from rpterm import paths
    from rpterm.models import library
    from rpterm.plural import sized
    from rpterm.tui.screens.chooser import Choice

    if chat.settings.engine == "remote":
        served = chat.state.info.detail.get("models", "") if chat.state.info else ""
        title, names = "Models of the server", {"": served.partition(", ")[0]}
        choices = [Choice(name, name) for name in served.split(", ") if name]
    else:
        models = await chat.ask(library.list_models, paths.find().models)
        title = "Models here; rpterm models pull gets others"
        choices = [Choice(each.name, each.name, right=sized(each.size)) for each in models]
        names = {"": "starter", **{str(each.path): each.name for each in models}}
    return await _other(chat, title, choices, names.get(str(knob.value), str(knob.value)))


async def _profile(chat: ChatScreen, knob: Knob) -> str | None:
    """Another one of the profiles that are here, or none."""
    from rpterm import config
    from rpterm.tui.screens.chooser import Choice

    if (tuning := _tuning(chat)) is None:
        return None
    names = await chat.ask(config.profiles, tuning.file)
    title = "Profiles; rpterm config set NAME VALUE --profile begins one"
    choices = [Choice(DEFAULT, "none"), *(Choice(name, name) for name in names)]
    return await _other(chat, title, choices, str(knob.value) or DEFAULT)


async def _other(chat: ChatScreen, title: str, choices: list[Choice], now: str) -> str | None:
    """The one chosen from a list, where it is another than the one in use."""
    from rpterm.tui.screens.chooser import Chooser

    done = await chat.app.push_screen_wait(Chooser(title, choices, marked=now))
    return None if done is None or done.id == now else done.id


def _tuning(chat: ChatScreen) -> Tuning | None:
    if chat.tuning is None:
        chat.say("Settings cannot be changed here.")
    return chat.tuning
