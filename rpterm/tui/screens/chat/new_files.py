"""Dialogs that create a character's card or a world in the user's folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rpterm import paths
from rpterm.cards.authoring import new_card
from rpterm.errors import RptermError
from rpterm.tui.screens.form import Field, Form

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen


async def write_character(chat: ChatScreen) -> str | None:
    """Ask for the outlines of a new character; returns the path of its card.

    Returns:
        ``None`` if the user left the form.
    """
    fields = [
        Field("name", "Name", check=_name_check(world=False)),
        Field("tagline", "In one line, who are they?"),
        Field("description", "What should the model know about them?", lines=3),
        Field("greeting", "What do they say or do first?", lines=3),
    ]

    async def store(values: dict[str, str]) -> str:
        file = new_card.new_file(values["name"], None, paths.find())
        text = new_card.blank_card(
            values["name"], values["tagline"], values["description"], values["greeting"]
        )
        await chat.ask(new_card.write_file, file, text)
        opens = f"{chat.key_name('edit-card')} opens it in your editor"
        chat.say(f"The card is {file}. {opens}: examples make the voice.")
        return str(file)

    return await chat.app.push_screen_wait(Form("A new character", fields, store))


async def write_world(chat: ChatScreen) -> str | None:
    """Ask for the name of a new world; returns the name of its file, as ``write_character``."""
    fields = [Field("name", "Name", check=_name_check(world=True))]

    async def store(values: dict[str, str]) -> str:
        file = new_card.new_file(values["name"], None, paths.find(), world=True)
        await chat.ask(new_card.write_file, file, new_card.blank_world(values["name"]))
        chat.say(f"Write its lore into {file}. When you save it, this chat follows.")
        return file.stem

    return await chat.app.push_screen_wait(Form("A new world", fields, store))


def _name_check(*, world: bool) -> Callable[[str], str]:
    """What is wrong with the name of a new file, as a sentence, or ""."""

    def check(name: str) -> str:
        try:
            new_card.new_file(name, None, paths.find(), world=world)
        except RptermError as error:
            return str(error)
        return ""

    return check
