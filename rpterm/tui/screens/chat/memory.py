"""The Memory pane: fills it, and runs its commands.

All reading and writing happens in threads; the pane gets a finished ``Overview``.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rpterm import paths
from rpterm.errors import RptermError
from rpterm.humanize import counted
from rpterm.tui import text
from rpterm.tui.screens.chat import navigation, require
from rpterm.tui.screens.confirm import CANNOT_UNDO, Confirm
from rpterm.tui.screens.form import Field, Form, problem_of
from rpterm.tui.worker_thread import WorkerThread

if TYPE_CHECKING:
    from rpterm.memory.character_memory import CharacterMemory
    from rpterm.memory.overview import Overview, OverviewItem
    from rpterm.store.memory.files import BlockedPhrase
    from rpterm.tui.screens.chat.screen import ChatScreen
    from rpterm.tui.widgets.panes.memory import MemoryPane

_QUOTED = 160
"""How many characters of a memory are shown when asking whether to forget it."""


async def refresh(chat: ChatScreen) -> None:
    """Reload and show everything; of several requests at once only the last one is shown."""
    pane: MemoryPane | None = chat.panes.pane("memory")
    if pane is None:
        return
    try:
        session, memory = require.session(chat), memory_of(chat)
    except require.Refusal as refusal:
        pane.show_problem(str(refusal))
        return
    pane.requests += 1
    request, prompt = pane.requests, chat.state.recalled
    query, kinds = pane.query_text, pane.chosen_kinds

    def read() -> Overview | None:
        from rpterm.memory.overview import overview

        if pane.requests != request:
            return None
        view = overview(memory, prompt, query, kinds)
        failed = session.distiller.error if session.distiller is not None else ""
        return replace(view, error=view.error or failed)

    try:
        view = await chat.previews.call(read)
    except RptermError as error:
        pane.show_problem(str(error))
        return
    if view is not None and pane.is_attached and chat.session is session:
        pane.show(view, session.chat_id)


def memory_of(chat: ChatScreen) -> CharacterMemory:
    if (memory := require.session(chat).memory) is None:
        raise require.Refusal("This chat has no memory: the settings have `memory = false`.")
    return memory


# Commands --------------------------------------------------------------------------------------
def run(chat: ChatScreen, *, name: str) -> Coroutine[Any, Any, None]:
    """Run a command of the pane on the row that is marked now: the next key may move the mark."""
    pane: MemoryPane | None = chat.panes.pane("memory")
    item, block = pane.marked if pane is not None else (None, None)
    return _run(chat, name, item, block)


async def _run(
    chat: ChatScreen, name: str, item: OverviewItem | None, block: BlockedPhrase | None
) -> None:
    memory = memory_of(chat)
    if name == "memory-add":
        await _add(chat, memory)
    elif name == "memory-never":
        await _never(chat, memory, item, block)
    elif item is None:
        raise require.Refusal("Mark a memory first.")
    elif name == "memory-open":
        await _open(chat, item)
    elif name == "memory-pin":
        await chat.ask(memory.mark, item.row.id, "pinned", not item.row.pinned)
    elif name == "memory-edit":
        await _edit(chat, memory, item)
    elif name == "memory-forget":
        await _forget(chat, memory, item)
    await refresh(chat)


async def _open(chat: ChatScreen, item: OverviewItem) -> None:
    """Go to the turn that a memory comes from, even in another chat."""
    row = item.row
    if row.turn_id is None or row.chat_id is None:
        chat.say(f"From {row.place}." if row.place else "This memory does not come from a turn.")
        return
    await navigation.go_to_turn(chat, row.chat_id, row.turn_id)


async def _add(chat: ChatScreen, memory: CharacterMemory) -> None:
    """Let the user write a memory."""
    fields = [Field("text", f"What {memory.character} should remember", lines=4)]

    async def store(values: dict[str, str]) -> None:
        if values["text"].strip():
            await chat.ask(memory.add, values["text"])

    await chat.app.push_screen_wait(Form("A new memory", fields, store))


async def add_file(chat: ChatScreen) -> None:
    """Give the character a file, which is read in the background."""
    memory = memory_of(chat)
    label = "A .txt, .md, .html, .pdf or .epub file"
    fields = [Field("path", label, check=_path_problem)]
    values = await chat.app.push_screen_wait(Form(f"A file for {memory.character}", fields))
    if values is None or not values["path"].strip():
        return
    path = paths.parse_path(values["path"])
    chat.say(f"Reading {path.name}…")
    lane = WorkerThread("file", lambda error: None)  # ``call`` raises every error.

    def add_to_bank() -> str:
        from rpterm.memory.bank.files import add_file

        done = add_file(memory, path)
        if done.how == "unchanged":
            return f"{done.file.name} is already there and has not changed."
        return f"{done.file.name} was {done.how}: {counted(done.file.pieces, 'piece')}."

    async def add_and_report() -> None:
        try:
            chat.say(await lane.call(add_to_bank))
        finally:
            lane.close()
            await refresh(chat)

    chat.work(add_and_report(), "memory-file")


def _path_problem(path: str) -> str:
    """Why the file cannot be read; "" if it can, and for an empty path, which adds nothing."""
    from rpterm.memory.bank.files import check_readable

    return problem_of(lambda: check_readable(paths.parse_path(path))) if path else ""


async def _never(
    chat: ChatScreen,
    memory: CharacterMemory,
    item: OverviewItem | None,
    block: BlockedPhrase | None,
) -> None:
    """Block a phrase or the memory itself; unblock it if it is blocked."""
    if block is not None:
        await chat.ask(memory.unblock, block.id)
        chat.say(f"“{block.phrase}” may be recalled again.")
        return
    if item is not None and item.row.hidden:
        await chat.ask(memory.mark, item.row.id, "hidden", False)
        chat.say("It may be recalled again.")
        return
    label = "A word or phrase" if item is None else "A word or phrase; empty: only this memory"

    async def store(values: dict[str, str]) -> None:
        if values["phrase"].strip():
            await chat.ask(memory.block, values["phrase"])
        elif item is not None:
            await chat.ask(memory.mark, item.row.id, "hidden")

    await chat.app.push_screen_wait(Form("Never mention", [Field("phrase", label)], store))


async def _edit(chat: ChatScreen, memory: CharacterMemory, item: OverviewItem) -> None:
    if item.row.kind == "turn":
        chat.say("This memory is a turn: edit the turn itself, Enter goes there.")
        return
    label = "The new text; the old one is deleted from the disk"
    fields = [Field("text", label, item.row.text, lines=5)]

    async def store(values: dict[str, str]) -> None:
        if values["text"].strip() not in ("", item.row.text):
            await chat.ask(memory.edit, item.row.id, values["text"])

    await chat.app.push_screen_wait(Form("Edit a memory", fields, store))


async def _forget(chat: ChatScreen, memory: CharacterMemory, item: OverviewItem) -> None:
    row = item.row
    if row.kind == "document" and row.file_id is not None:
        await _forget_file(chat, memory, item, row.file_id)
        return
    stays = " The turn itself stays in its chat." if row.kind == "turn" else ""
    detail = f"“{text.one_line(row.text, _QUOTED)}”\n\n{CANNOT_UNDO}{stays}"
    if await chat.app.push_screen_wait(Confirm("Forget this, for good?", detail, {"y": "Forget"})):
        await chat.ask(memory.forget, row.id)


async def _forget_file(
    chat: ChatScreen, memory: CharacterMemory, item: OverviewItem, file_id: int
) -> None:
    name = item.row.place.partition(", ")[0]
    question = f"Forget all of {name}, for good?"
    detail = "All its pieces are forgotten. The file itself stays where it is."
    if await chat.app.push_screen_wait(Confirm(question, detail, {"y": "Forget"})):
        await chat.ask(memory.remove_file, file_id)
