"""Changes settings during a chat: the settings dialog, and the effect of a change on the chat."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rpterm.chat.live_settings import DEFAULT, MODEL, PROFILE, problem_with
from rpterm.tui.screens.chat import opening, preview, require
from rpterm.tui.screens.chooser import Choice, Chooser
from rpterm.tui.screens.form import Field, Form

if TYPE_CHECKING:
    from rpterm.chat.live_settings import LiveSetting, LiveSettings
    from rpterm.tui.screens.chat.screen import ChatScreen


async def choose_setting(chat: ChatScreen) -> None:
    """Show the list of settings and change one after the other."""
    from rpterm.tui.screens.settings import SettingsScreen

    live_settings, at = _live_settings(chat), ""
    while True:
        found = await chat.ask(live_settings.all_effective, chat.card)
        shown = {each.name: each for each in found}
        screen = SettingsScreen(found, at)
        done = await chat.app.push_screen_wait(screen)
        if done is None:
            return
        at = done.id
        text = await _ask_value(chat, shown[at]) if done.action == "open" else DEFAULT
        if text is not None:
            await change_setting(chat, at, text)


async def change_setting(chat: ChatScreen, name: str, text: str) -> None:
    """Change a setting and apply it to the chat.

    Raises:
        ConfigError: There is no such setting, the value is invalid, or it cannot be stored.
    """
    live_settings = _live_settings(chat)
    changed = await chat.ask(live_settings.change, name, text, chat.card)
    chat.settings = live_settings.settings
    takes_effect = changed.takes_effect
    can_reopen = not chat.state.busy and chat.state.editor is None
    if takes_effect == "opening" and chat.session is not None and can_reopen:
        # Memory, scores and model are set up when a chat is opened, so it is reopened.
        await opening.switch_chat(chat, None, chat.session.chat_id)
        takes_effect = "reply"
    chat.say(changed.describe(takes_effect))
    preview.request_preview(chat, always=True)


async def show_setting(chat: ChatScreen, name: str) -> None:
    """Show the value of a setting.

    Raises:
        ConfigError: There is no such setting.
    """
    chat.say((await chat.ask(_live_settings(chat).effective, name, chat.card)).describe())


async def _ask_value(chat: ChatScreen, setting: LiveSetting) -> str | None:
    """Ask for a new value, or toggle a switch; ``None`` if nothing changes."""
    from rpterm.config.toml_text import as_typed

    if setting.name == MODEL:
        return await _choose_model(chat, setting)
    if setting.name == PROFILE:
        return await _choose_profile(chat, setting)
    if setting.is_switch:
        return "off" if setting.value else "on"
    current = as_typed(setting.value)
    fields = [Field("value", setting.about, current, check=partial(problem_with, setting.name))]
    values = await chat.app.push_screen_wait(Form(setting.label, fields))
    return None if values is None or values["value"] == current else values["value"].strip()


async def _choose_model(chat: ChatScreen, setting: LiveSetting) -> str | None:
    """Choose one of the models on this machine or of the server; ``None`` if unchanged."""
    from rpterm import paths
    from rpterm.humanize import byte_size
    from rpterm.models import library

    if chat.settings.engine == "remote":
        served = chat.state.info.detail.get("models", "") if chat.state.info else ""
        title, names = "Models of the server", {"": served.partition(", ")[0]}
        choices = [Choice(name, name) for name in served.split(", ") if name]
    else:
        models = await chat.ask(library.list_models, paths.find().models)
        title = "Models on this machine; rpterm models pull gets others"
        choices = [Choice(each.name, each.name, right=byte_size(each.size)) for each in models]
        names = {"": "starter", **{str(each.path): each.name for each in models}}
    return await _choose_other(
        chat, title, choices, names.get(str(setting.value), str(setting.value))
    )


async def _choose_profile(chat: ChatScreen, setting: LiveSetting) -> str | None:
    """Choose a profile of the config file, or none; ``None`` if unchanged."""
    from rpterm import config

    names = await chat.ask(config.profiles, _live_settings(chat).file)
    title = "Profiles; rpterm config set NAME VALUE --profile creates one"
    choices = [Choice(DEFAULT, "none"), *(Choice(name, name) for name in names)]
    return await _choose_other(chat, title, choices, str(setting.value) or DEFAULT)


async def _choose_other(
    chat: ChatScreen, title: str, choices: list[Choice], current: str
) -> str | None:
    """Let the user choose from a list; ``None`` if the choice is the current value."""
    done = await chat.app.push_screen_wait(Chooser(title, choices, marked=current))
    return None if done is None or done.id == current else done.id


def _live_settings(chat: ChatScreen) -> LiveSettings:
    if chat.live_settings is None:
        raise require.Refusal("Settings cannot be changed here.")
    return chat.live_settings
