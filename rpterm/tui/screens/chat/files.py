"""Cards, worlds and chats in files: edits or writes a card, begins a world, exports the chat."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rpterm import paths
from rpterm.cards.authoring import new_card
from rpterm.tui.external_editor import edit_file
from rpterm.tui.screens.chat import examples, require
from rpterm.tui.screens.chooser import Choice, Chooser
from rpterm.tui.screens.confirm import Confirm
from rpterm.tui.screens.form import Field, Form, problem_of

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.screen import ChatScreen


async def edit_card(chat: ChatScreen) -> None:
    """Open a card's file in the user's editor; the follower then reports what was saved.

    With several characters it asks whose card. For a card that comes with rpterm, a copy is edited,
    and the chat uses the copy from then on.
    """
    session = require.session(chat)
    require.idle(chat)
    editor = examples.editor_of(chat, session)
    member = await _whose_card(chat, session)
    if member is None or chat.session is not session:
        return
    before = await chat.ask(editor.file, member)
    path = await chat.ask(editor.own_file, member)
    if path != before:
        summary = f"This chat now uses your own copy of the card, {path}."
        await examples.card_written(chat, summary, member)
    edit_file(chat.app, path)
    chat.poller.tick()


async def _whose_card(chat: ChatScreen, session: Session) -> str | None:
    """Ask whose card is meant: a card name, "" for the chat's own, ``None`` if cancelled."""
    lead, *others = session.scene.present
    if not others:
        return ""
    editor = examples.editor_of(chat, session)
    files = {lead.card_name: await chat.ask(editor.file)}
    files |= {each.card_name: await chat.ask(editor.file, each.card_name) for each in others}
    choices = [Choice(name, name, str(file or "It has no file.")) for name, file in files.items()]
    done = await chat.app.push_screen_wait(Chooser(
        "Whose card?", choices, takes="edit",
        empty="No character matches.",
    ))  # fmt: skip
    return None if done is None else "" if done.id == lead.card_name else done.id


async def write_character(chat: ChatScreen) -> str | None:
    """Ask for the outlines of a new character; returns the path of its card.

    Returns:
        ``None`` if the user left the form.
    """
    fields = [
        Field("name", "Name", check=lambda name: problem_of(lambda: _new_file(name))),
        Field("tagline", "In one line, who are they?"),
        Field("description", "What should the model know about them?", lines=3),
        Field("greeting", "What do they say or do first?", lines=3),
    ]

    async def store(values: dict[str, str]) -> str:
        file = _new_file(values["name"])
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
    fields = [
        Field("name", "Name", check=lambda name: problem_of(lambda: _new_file(name, world=True)))
    ]

    async def store(values: dict[str, str]) -> str:
        file = _new_file(values["name"], world=True)
        await chat.ask(new_card.write_file, file, new_card.blank_world(values["name"]))
        chat.say(f"Write its lore into {file}. When you save it, this chat follows.")
        return file.stem

    return await chat.app.push_screen_wait(Form("A new world", fields, store))


def _new_file(name: str, *, world: bool = False) -> Path:
    return new_card.new_file(name, None, paths.find(), world=world)


async def export_chat(chat: ChatScreen) -> None:
    """Ask for a format and a file, and export the chat."""
    from rpterm.transfer import chat_export

    session = require.session(chat)

    def problem(form: str) -> str:
        return "" if form in chat_export.FORMATS else "The format must be md, jsonl or log."

    record = await chat.ask(lambda: session.chat)
    file = chat_export.target_file("", record, "md").with_suffix("")
    fields = [
        Field("path", "File; without an ending it gets the format's", str(file)),
        Field("form", "Format: md to read, jsonl with every turn, log for other programs", "md",
              check=problem),
    ]  # fmt: skip
    values = await chat.app.push_screen_wait(Form("Export this chat", fields))
    if values is not None:
        await export(chat, values["form"].strip(), values["path"])


async def export(chat: ChatScreen, form: str, target: str) -> None:
    """Write the chat to a file; overwrite an existing file only after asking."""
    from rpterm.paths import FileAlreadyExists
    from rpterm.transfer import chat_export

    session = require.session(chat)

    def write(force: bool) -> Path | FileAlreadyExists:
        try:
            return chat_export.export(session.store, session.chat_id, form, target, force=force)
        except FileAlreadyExists as error:
            return error

    result = await chat.ask(write, False)
    if isinstance(result, FileAlreadyExists):
        question = Confirm(str(result), "Overwrite it?", {"y": "Overwrite"})
        if not await chat.app.push_screen_wait(question):
            return
        result = await chat.ask(write, True)
    chat.say(f"This chat was written to {result}.")
