"""Commands on chats as a whole: find, open, begin, rename, delete, and their settings.

Each opens a list or a form (greetings, branches, author's note, persona, characters) and carries
out what the user decides there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm.humanize import counted
from rpterm.tui.screens.chat import files, navigation, opening, replies, require
from rpterm.tui.screens.chooser import Choice, Chooser
from rpterm.tui.screens.confirm import CANNOT_UNDO, Confirm
from rpterm.tui.screens.form import Field, Form
from rpterm.types import AuthorNote, Persona

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.screen import ChatScreen


async def choose_chat(chat: ChatScreen) -> None:
    """Show the list of chats, and open, begin, rename or delete one."""
    from rpterm.tui.screens.chats import ChatsScreen

    session, at = require.session(chat), ""
    while True:
        screen = ChatsScreen(chat.ask, session.store, session.chat_id, at)
        done = await chat.app.push_screen_wait(screen)
        if done is None:
            return None
        if done.action == "new":
            return await new_chat(chat)
        chat_id, at = int(done.id), done.id
        if done.action == "open" and (turn_id := screen.found.get(done.id)):
            return await navigation.go_to_turn(chat, chat_id, turn_id)
        if done.action == "open":
            return await open_chat(chat, chat_id)
        if done.action == "rename":
            await rename_chat(chat, chat_id)
        elif done.action == "delete" and await delete_chat(chat, chat_id):
            if chat_id == session.chat_id:
                return None
            at = done.near


async def open_chat(chat: ChatScreen, chat_id: int) -> None:
    """Switch to another chat."""
    session = chat.session
    if session is not None and chat_id != session.chat_id:
        await opening.switch_chat(chat, None, chat_id)


async def new_chat(chat: ChatScreen) -> None:
    """Begin a new chat with this character, unless nothing has been said in this one yet."""
    session = require.session(chat)
    if await chat.ask(_is_untouched, session):
        raise require.Refusal("Nothing was said here yet: this chat is new.")
    await _begin(chat, session)


async def _begin(chat: ChatScreen, session: Session) -> None:
    path = chat.state.chat.card_path if chat.state.chat else None
    await opening.switch_chat(chat, path or session.card.name, opening.NEW_CHAT)


def _is_untouched(session: Session) -> bool:
    """Whether the chat has nothing but its greetings."""
    return session.chat.length <= 1 and all(turn.role != "user" for turn in session.path())


async def delete_chat(chat: ChatScreen, chat_id: int) -> bool:
    """Delete a chat after asking; returns whether it was deleted.

    If it is the open chat, a new one is begun in its place.
    """
    session = require.session(chat)
    if chat_id == session.chat_id:
        require.idle(chat)
    record = await chat.ask(session.store.chat, chat_id)
    name, turns = record.heading or record.card_name, counted(record.length, "turn")
    question = f"Delete “{name}” with its {turns}?"
    if not await chat.app.push_screen_wait(Confirm(question, CANNOT_UNDO, {"y": "Delete"})):
        return False
    await chat.ask(session.delete_chat, chat_id)
    if chat_id == session.chat_id:
        await _begin(chat, session)
    return True


async def rename(chat: ChatScreen) -> None:
    """Rename this chat."""
    await rename_chat(chat, require.session(chat).chat_id)


async def rename_chat(chat: ChatScreen, chat_id: int) -> None:
    """Ask for a title and set it."""
    session = require.session(chat)
    record = await chat.ask(session.store.chat, chat_id)
    heading = f"Rename “{record.heading or 'Untitled'}”"
    if chat_id == session.chat_id:
        heading = "Rename this chat"

    async def store(values: dict[str, str]) -> None:
        await chat.ask(session.store.update_chat, chat_id, title=values["title"].strip())
        await replies.refresh_transcript(chat)

    field = Field("title", "Title", record.title)
    await chat.app.push_screen_wait(Form(heading, [field], store))


async def choose_greeting(chat: ChatScreen) -> None:
    """Choose one of the card's greetings, which are the versions of the first turn."""
    session = require.session(chat)
    require.idle(chat)
    path = await chat.ask(session.path)
    first = path[0] if path else None
    if first is None or first.role != "assistant":
        raise require.Refusal("This character has no greeting.")
    versions = await chat.ask(session.store.siblings, first.id)
    choices = [Choice(str(turn.id), turn.text, whole=True) for turn in versions]
    done = await chat.app.push_screen_wait(
        Chooser("Choose a greeting", choices, marked=str(first.id), takes="choose")
    )
    if done is not None and done.id != str(first.id):
        await chat.ask(session.select, int(done.id))
        await replies.refresh_transcript(chat)


async def choose_branch(chat: ChatScreen) -> None:
    """Show the tree of branches and switch to one."""
    from rpterm.tui.screens.branches import BranchesScreen

    session = require.session(chat)
    require.idle(chat)
    leaf = (await chat.ask(lambda: session.chat)).leaf_id
    tree = await chat.ask(session.store.tree, session.chat_id)
    done = await chat.app.push_screen_wait(BranchesScreen(tree, leaf))
    if done is not None:
        await navigation.show_branch(chat, session.select, int(done.id))
        chat.transcript.scroll_to_end()


async def write_note(chat: ChatScreen, proposed: str = "") -> None:
    """Ask for the author's note and its depth; ``proposed`` is appended to the present note."""
    session = require.session(chat)
    note = (await chat.ask(lambda: session.chat)).note
    text = "\n".join(part for part in (note.text, proposed) if part)
    fields = [
        Field("text", "What the model should keep in mind", text, lines=5),
        Field("depth", "Depth: 0 is right before your message and costs nothing", str(note.depth),
              check=lambda depth: "" if (depth or "0").isdecimal() else "Depth: write a number."),
    ]  # fmt: skip

    async def store(values: dict[str, str]) -> None:
        depth = max(0, int(values["depth"] or 0))
        await keep_note(chat, session, AuthorNote(values["text"].strip(), depth))

    await chat.app.push_screen_wait(Form("Author's note", fields, store))


async def keep_note(chat: ChatScreen, session: Session, note: AuthorNote) -> None:
    """Set the author's note."""
    await chat.ask(session.set_note, note)
    await replies.refresh_transcript(chat)
    chat.say("The note counts from the next reply." if note.text else "The note is removed.")


async def choose_persona(chat: ChatScreen) -> None:
    """Choose, write, change or forget the persona that the user has in this chat."""
    session = require.session(chat)
    current = (await chat.ask(lambda: session.chat)).persona
    known = {p.name: p for p in await chat.ask(session.store.personas)}
    known.setdefault(current.name, current)
    choices = [Choice(p.name, p.name, p.description) for p in known.values()]
    done = await chat.app.push_screen_wait(
        Chooser("Who are you?", choices, marked=current.name, takes="choose",
                actions=("list-new", "list-rename", "list-delete"))
    )  # fmt: skip
    if done is None:
        return
    if done.action == "delete":
        await _forget_persona(chat, session, done.id, current.name)
        return
    chosen = known[done.id] if done.action != "new" else None
    if done.action in ("new", "rename"):
        names = frozenset(known) - {done.id if done.action == "rename" else ""}
        chosen = await _write_persona(chat, session, chosen, names)
    if chosen is None:
        return
    if done.action == "rename" and done.id != current.name:
        chat.say(f"{chosen.name} is changed. You are still {current.name} in this chat.")
    else:
        await chat.ask(session.set_persona, chosen)
        await show_persona(chat, chosen)


async def show_persona(chat: ChatScreen, persona: Persona) -> None:
    """Show who the user is now."""
    await replies.refresh_transcript(chat)
    chat.say(f"You are {persona.name} from the next turn.")


async def _forget_persona(chat: ChatScreen, session: Session, name: str, current: str) -> None:
    if name == current:
        raise require.Refusal(f"You are {name} in this chat: choose another persona first.")
    question = f"Forget {name} and what you wrote about them?"
    if await chat.app.push_screen_wait(Confirm(question, CANNOT_UNDO, {"y": "Forget"})):
        await chat.ask(session.store.delete_persona, name)
        chat.say(f"{name} is forgotten.")


async def _write_persona(
    chat: ChatScreen, session: Session, old: Persona | None, taken: frozenset[str]
) -> Persona | None:
    """Ask for a new persona, or for changes of an old one, and store it.

    Args:
        taken: The names of the other personas, which are refused.
    """

    def problem(name: str) -> str:
        return f"Name: {name} is in use already." if name in taken else ""

    start = old or Persona("", "")
    fields = [
        Field("name", "Name", start.name, check=problem),
        Field("description", "What the character may know about you", start.description, lines=4),
    ]

    async def store(values: dict[str, str]) -> Persona | None:
        name, description = values["name"].strip(), values["description"].strip()
        if not name:
            return None
        persona = replace(start, name=name, description=description)
        await chat.ask(session.store.put_persona, persona)
        if old is not None and old.name != name:
            await chat.ask(session.store.delete_persona, old.name)
        return persona

    return await chat.app.push_screen_wait(Form("You in this chat", fields, store))


async def choose_character(chat: ChatScreen) -> None:
    """Show the list of characters and open a chat with one, maybe a new one.

    Without a card, leaving the list quits.
    """
    from rpterm.tui.screens.picker import CharacterPicker

    heading = "Characters" if chat.card else "Who do you want to talk to?"
    path = chat.state.chat.card_path if chat.state.chat else None
    while True:
        picker = CharacterPicker(heading, marked=path or "", actions=("list-new",))
        done = await chat.app.push_screen_wait(picker)
        if done is None:
            if chat.card is None:
                chat.app.exit()
            return
        target = done.id if done.action == "open" else await files.write_character(chat)
        if target is not None:
            await opening.switch_chat(chat, target, None)
            return
