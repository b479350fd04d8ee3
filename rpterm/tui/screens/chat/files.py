"""Files of a chat, from within the program: its card in an editor, the chat itself as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rpterm.tui.external import edit_file
from rpterm.tui.screens.chat import examples, replies

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.screen import ChatScreen


async def edit_card(chat: ChatScreen) -> None:
    """Open a card's file in the user's own editor; what was saved is told as any save of it.

    Of several characters it asks whose. Of a card that comes with rpterm a copy is edited, and the
    chat goes on with the copy.
    """
    session = chat.session
    if session is None or replies.occupied(chat):
        return
    editor = examples.editor_of(chat, session)
    member = await _whose_card(chat, session)
    if member is None or chat.session is not session:
        return
    before = await chat.ask(editor.file, member)
    path = await chat.ask(editor.own_file, member)
    if path != before:
        told = f"This chat goes on with your own copy of the card, {path}."
        await examples.written(chat, told, member)
    edit_file(chat.app, path)
    chat.follower.tick()


async def _whose_card(chat: ChatScreen, session: Session) -> str | None:
    """The card name of one of several characters, "" for the chat's own, ``None`` for none."""
    from rpterm.tui.screens.chooser import Choice, Chooser

    lead, *others = session.scene.present
    if not others:
        return ""
    editor = examples.editor_of(chat, session)
    files = {lead.card_name: await chat.ask(editor.file)}
    files |= {each.card_name: await chat.ask(editor.file, each.card_name) for each in others}
    choices = [Choice(name, name, str(file or "It has no file.")) for name, file in files.items()]
    done = await chat.app.push_screen_wait(Chooser(
        "Whose card?", choices, takes="edit", overrides=chat.settings.keys,
        empty="No character matches.",
    ))  # fmt: skip
    return None if done is None else "" if done.id == lead.card_name else done.id


async def export_chat(chat: ChatScreen) -> None:
    """Ask for a format and a file, and write the chat into it."""
    from rpterm.transfer import chat_export
    from rpterm.tui.screens.form import Field, Form

    session = chat.session
    if session is None:
        return

    def unknown(form: str) -> str:
        return "" if form in chat_export.FORMATS else "Write md, jsonl or log."

    record = await chat.ask(lambda: session.chat)
    file = chat_export.target_file("", record, "md").with_suffix("")
    fields = [
        Field("path", "File; its ending is that of the format where you write none", str(file)),
        Field("form", "Format: md to read, jsonl with every turn, log for other programs", "md",
              check=unknown),
    ]  # fmt: skip
    given = await chat.app.push_screen_wait(Form("Export this chat", fields, chat.settings.keys))
    if given is not None:
        await export(chat, given["form"].strip(), given["path"])


async def export(chat: ChatScreen, form: str, written: str) -> None:
    """Write the chat into a file, over one that is there only after asking."""
    from rpterm.paths import FileThere
    from rpterm.transfer import chat_export
    from rpterm.tui.screens.confirm import Confirm

    session = chat.session
    if session is None:
        return

    def write(force: bool) -> Path | str:
        try:
            return chat_export.export(session.store, session.chat_id, form, written, force=force)
        except FileThere as there:
            return str(there)

    done = await chat.ask(write, False)
    if isinstance(done, str):
        if not await chat.app.push_screen_wait(Confirm(done, "Write over it?", yes="Write")):
            return
        done = await chat.ask(write, True)
    chat.say(f"This chat was written to {done}.")
