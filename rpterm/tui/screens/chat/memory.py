"""The Memory pane at work: what it shows, and what the user does to memories.

All reading and writing is done in a thread; the pane gets a finished ``Overview``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm import paths
from rpterm.plural import counted
from rpterm.tui import text
from rpterm.tui.lane import Lane
from rpterm.tui.screens.chat import panes, way
from rpterm.tui.screens.confirm import Confirm
from rpterm.tui.screens.form import Field, Form
from rpterm.tui.widgets.panes.memory import MemoryPane
from rpterm.types import RptermError

if TYPE_CHECKING:
    from rpterm.memory.facade import Memory
    from rpterm.memory.overview import Item, Overview
    from rpterm.store.memory_files import Block
    from rpterm.tui.screens.chat.screen import ChatScreen

_NONE = "This chat has no memory: `memory = false` in the settings, or it is still opening."
_QUOTED = 160
"""Characters of a memory shown when asking whether to forget it."""


async def toggle(chat: ChatScreen) -> None:
    """Open the pane with the keys in it; go to it; or close it."""
    pane = chat.panes.pane("memory")
    if isinstance(pane, MemoryPane) and not pane.has_focus_within:
        pane.listed.focus()
        return
    opened = await chat.panes.toggle("memory", lambda: MemoryPane(chat.settings.keys))
    if isinstance(opened, MemoryPane):
        opened.listed.focus()
        await refresh(chat)
        panes.want_preview(chat, after=0.0)
    else:
        chat.input.focus()


async def refresh(chat: ChatScreen) -> None:
    """Read everything again and show it; of several wishes only the last one is shown."""
    pane, session = chat.panes.pane("memory"), chat.session
    if not isinstance(pane, MemoryPane):
        return
    memory = session.memory if session is not None else None
    if session is None or memory is None:
        pane.say(_NONE)
        return
    pane.wishes += 1
    wish, prompt = pane.wishes, chat.state.recalled
    query, kinds = pane.query_text, pane.chosen_kinds

    def read() -> Overview | None:
        from rpterm.memory.overview import overview

        if pane.wishes != wish:
            return None
        view = overview(memory, prompt, query, kinds)
        failed = session.distiller.error if session.distiller is not None else ""
        return replace(view, error=view.error or failed)

    try:
        view = await chat.previews.call(read)
    except RptermError as error:
        pane.say(str(error))
        return
    if view is not None and pane.is_attached and chat.session is session:
        pane.show(view, session.chat_id)


def changed(chat: ChatScreen) -> None:
    """Something happened that the pane may show."""
    if isinstance(chat.panes.pane("memory"), MemoryPane):
        chat.work(refresh(chat), "memory")


# What the user does to memories ----------------------------------------------------------------
async def wanted(chat: ChatScreen, event: MemoryPane.Wanted) -> None:
    """Carry out a key of the pane."""
    memory, item = _memory(chat), event.item
    if memory is None:
        return
    if event.command == "memory-add":
        await add(chat)
    elif event.command == "memory-never":
        await _never(chat, memory, item, event.block)
    elif item is None:
        chat.say("Mark a memory first.")
    elif event.command == "memory-open":
        await _open(chat, item)
    elif event.command == "memory-pin":
        await chat.ask(memory.pin, item.row.id, not item.row.pinned)
    elif event.command == "memory-edit":
        await _edit(chat, memory, item)
    elif event.command == "memory-forget":
        await _forget(chat, memory, item)
    await refresh(chat)


async def _open(chat: ChatScreen, item: Item) -> None:
    """Go to the turn a memory comes from, in another chat, too."""
    row = item.row
    if row.turn_id is None or row.chat_id is None:
        chat.say(f"From {row.place}." if row.place else "This memory comes from no turn.")
        return
    await way.go(chat, row.chat_id, row.turn_id)


async def add(chat: ChatScreen) -> None:
    """Write a memory by hand."""
    memory = _memory(chat)
    if memory is None:
        return
    fields = [Field("text", f"What {memory.character} should remember", lines=4)]
    given = await chat.app.push_screen_wait(Form("A new memory", fields, chat.settings.keys))
    if given is not None and given["text"].strip():
        await chat.ask(memory.add, given["text"])
        await refresh(chat)


async def add_file(chat: ChatScreen) -> None:
    """Give the character a file; reading it is done beside the chat."""
    memory = _memory(chat)
    if memory is None:
        return
    label = "A .txt, .md, .html, .pdf or .epub file"
    fields = [Field("path", label, check=_no_file)]
    given = await chat.app.push_screen_wait(
        Form(f"A file for {memory.character}", fields, chat.settings.keys)
    )
    if given is None or not given["path"].strip():
        return
    path = paths.written(given["path"])
    chat.say(f"Reading {path.name}…")
    lane = Lane("file", lambda error: None)  # ``call`` hands every error on

    def give() -> str:
        from rpterm.memory.bank.bank import give

        done = give(memory, path)
        if done.how == "unchanged":
            return f"{done.file.name} is there already, and did not change."
        return f"{done.file.name} was {done.how}: {counted(done.file.pieces, 'piece')}."

    async def wait() -> None:
        try:
            chat.say(await lane.call(give))
        finally:
            lane.close()
            await refresh(chat)

    chat.work(wait(), "memory-file")


def _no_file(written: str) -> str:
    """Why this is no file that can be read; nothing written is nothing wanted."""
    from rpterm.memory.bank.bank import check_readable

    try:
        if written:
            check_readable(paths.written(written))
    except RptermError as error:
        return str(error)
    return ""


async def _never(chat: ChatScreen, memory: Memory, item: Item | None, block: Block | None) -> None:
    """Block a phrase or the memory itself; on what is blocked, allow it again."""
    if block is not None:
        await chat.ask(memory.unblock, block.id)
        chat.say(f"“{block.phrase}” may be recalled again.")
        return
    if item is not None and item.row.hidden:
        await chat.ask(memory.never_mention, item.row.id, False)
        chat.say("It may be recalled again.")
        return
    label = "A word or phrase" if item is None else "A word or phrase; empty: only this memory"
    given = await chat.app.push_screen_wait(
        Form("Never mention", [Field("phrase", label)], chat.settings.keys)
    )
    if given is None:
        return
    if given["phrase"].strip():
        await chat.ask(memory.block, given["phrase"])
    elif item is not None:
        await chat.ask(memory.never_mention, item.row.id)


async def _edit(chat: ChatScreen, memory: Memory, item: Item) -> None:
    if item.row.kind == "turn":
        chat.say("This is what was said: edit the turn itself, Enter goes there.")
        return
    fields = [Field("text", "The new words; the old ones leave the disk", item.row.text, lines=5)]
    given = await chat.app.push_screen_wait(Form("Edit a memory", fields, chat.settings.keys))
    if given is not None and given["text"].strip() not in ("", item.row.text):
        await chat.ask(memory.edit, item.row.id, given["text"])


async def _forget(chat: ChatScreen, memory: Memory, item: Item) -> None:
    row = item.row
    if row.kind == "document" and row.file_id is not None:
        await _forget_file(chat, memory, item, row.file_id)
        return
    stays = " What was said stays in its chat." if row.kind == "turn" else ""
    detail = f"“{text.one_line(row.text, _QUOTED)}”\n\nIt cannot be undone.{stays}"
    if await chat.app.push_screen_wait(Confirm("Forget this, for good?", detail, yes="Forget")):
        await chat.ask(memory.forget, row.id)


async def _forget_file(chat: ChatScreen, memory: Memory, item: Item, file_id: int) -> None:
    name = item.row.place.partition(", ")[0]
    question = f"Forget all of {name}, for good?"
    detail = "All its pieces go. The file itself stays where it is."
    if await chat.app.push_screen_wait(Confirm(question, detail, yes="Forget")):
        await chat.ask(memory.remove_file, file_id)


def _memory(chat: ChatScreen) -> Memory | None:
    if chat.session is None or chat.session.memory is None:
        chat.say(_NONE)
        return None
    return chat.session.memory
