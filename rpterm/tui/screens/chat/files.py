"""Files of a chat, from within the program: its card in an editor, the chat itself as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rpterm.tui.external import edit_file
from rpterm.tui.screens.chat import examples, replies

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen


async def edit_card(chat: ChatScreen) -> None:
    """Open the card's file in the user's own editor; what was saved is told as any save of it.

    Of a card that comes with rpterm a copy is edited, and the chat goes on with the copy.
    """
    session = chat.session
    if session is None or replies.occupied(chat):
        return
    before = (await chat.ask(lambda: session.chat)).card_path
    path = await chat.ask(examples.editor_of(chat, session).own_file)
    if str(path) != before:
        await examples.written(chat, f"This chat goes on with your own copy of the card, {path}.")
    edit_file(chat.app, path)
    chat.follower.tick()


async def export_chat(chat: ChatScreen) -> None:
    """Ask for a format and a file, and write the chat into it."""
    from rpterm.moving import exporting
    from rpterm.tui.screens.form import Field, Form

    session = chat.session
    if session is None:
        return

    def unknown(form: str) -> str:
        return "" if form in exporting.FORMATS else "Write md, jsonl or log."

    record = await chat.ask(lambda: session.chat)
    file = exporting.place("", record, "md").with_suffix("")
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
    from rpterm.moving import exporting
    from rpterm.paths import FileThere
    from rpterm.tui.screens.confirm import Confirm

    session = chat.session
    if session is None:
        return

    def write(force: bool) -> Path | str:
        try:
            return exporting.export(session.store, session.chat_id, form, written, force=force)
        except FileThere as there:
            return str(there)

    done = await chat.ask(write, False)
    if isinstance(done, str):
        if not await chat.app.push_screen_wait(Confirm(done, "Write over it?", yes="Write")):
            return
        done = await chat.ask(write, True)
    chat.say(f"This chat was written to {done}.")
