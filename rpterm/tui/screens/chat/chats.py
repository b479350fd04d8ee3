"""Commands on whole chats: find, open, new, rename, greeting, branches, note, persona, character.

Each opens a list or a form and does what was decided there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm.plural import counted
from rpterm.tui.screens.chat import navigation, opening, replies
from rpterm.types import AuthorNote, Persona

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.screen import ChatScreen


async def choose_chat(chat: ChatScreen) -> None:
    """The list of chats: open one, begin one, rename, delete."""
    from rpterm.tui.screens.chats import ChatsScreen

    session = _open(chat)
    if session is None:
        return None
    at = ""
    while True:
        screen = ChatsScreen(chat.ask, session.store, session.chat_id, chat.settings.keys, at)
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
    """Go to another chat."""
    session = chat.session
    if session is not None and chat_id != session.chat_id:
        await opening.switch_chat(chat, None, chat_id)


async def new_chat(chat: ChatScreen) -> None:
    """Begin a new chat with this character, unless nothing was said in this one yet."""
    if (session := _open(chat)) is not None:
        if await chat.ask(_is_untouched, session):
            chat.say("Nothing was said here yet: this chat is new.")
            return
        await _begin(chat, session)


async def _begin(chat: ChatScreen, session: Session) -> None:
    path = chat.state.chat.card_path if chat.state.chat else None
    await opening.switch_chat(chat, path or session.card.name, opening.NEW_CHAT)


def _is_untouched(session: Session) -> bool:
    """Whether there is nothing but greetings."""
    return session.chat.length <= 1 and all(turn.role != "user" for turn in session.path())


async def delete_chat(chat: ChatScreen, chat_id: int) -> bool:
    """Delete a chat after asking; whether it is gone. Another one is begun for the open one."""
    from rpterm.tui.screens.confirm import Confirm

    session = _open(chat)
    if session is None or (chat_id == session.chat_id and replies.refuse_while_busy(chat)):
        return False
    what = await chat.ask(session.store.chat, chat_id)
    question = f"Delete “{what.heading or what.card_name}” with its {counted(what.length, 'turn')}?"
    if not await chat.app.push_screen_wait(Confirm(question, "It cannot be undone.", yes="Delete")):
        return False
    current = chat_id == session.chat_id
    await chat.ask(session.delete_chat, chat_id)
    if current:
        await _begin(chat, session)
    return True


async def rename(chat: ChatScreen) -> None:
    """Rename this chat."""
    if (session := _open(chat)) is not None:
        await rename_chat(chat, session.chat_id)


async def rename_chat(chat: ChatScreen, chat_id: int) -> None:
    """Ask for a title and set it."""
    from rpterm.tui.screens.form import Field, Form

    session = _open(chat)
    if session is None:
        return
    what = await chat.ask(session.store.chat, chat_id)
    named = f"Rename “{what.heading or 'Untitled'}”"
    heading = "Rename this chat" if chat_id == session.chat_id else named
    given = await chat.app.push_screen_wait(
        Form(heading, [Field("title", "Title", what.title)], chat.settings.keys)
    )
    if given is None:
        return
    if chat_id == session.chat_id:
        await chat.ask(session.rename, given["title"].strip())
    else:
        await chat.ask(session.store.update_chat, chat_id, title=given["title"].strip())
    await replies.refresh_transcript(chat)


async def choose_greeting(chat: ChatScreen) -> None:
    """The card's greetings in a list; they are the versions of the first turn."""
    from rpterm.tui.screens.chooser import Choice, Chooser

    session = _open(chat)
    if session is None or replies.refuse_while_busy(chat):
        return
    path = await chat.ask(session.path)
    first = path[0] if path else None
    if first is None or first.role != "assistant":
        chat.say("This character has no greeting.")
        return
    versions = await chat.ask(session.store.siblings, first.id)
    choices = [Choice(str(turn.id), turn.text, whole=True) for turn in versions]
    done = await chat.app.push_screen_wait(
        Chooser("Choose a greeting", choices, marked=str(first.id), takes="choose")
    )
    if done is not None and done.id != str(first.id):
        await chat.ask(session.select, int(done.id))
        await replies.refresh_transcript(chat)


async def choose_branch(chat: ChatScreen) -> None:
    """The tree of branches; go to one."""
    from rpterm.tui.screens.branches import BranchesScreen

    session = _open(chat)
    if session is None or replies.refuse_while_busy(chat):
        return
    leaf = (await chat.ask(lambda: session.chat)).leaf_id
    tree = await chat.ask(session.store.tree, session.chat_id)
    done = await chat.app.push_screen_wait(BranchesScreen(tree, leaf, chat.settings.keys))
    if done is not None:
        await navigation.show_branch(chat, session.select, int(done.id))
        chat.transcript.to_end()


async def write_note(chat: ChatScreen, proposed: str = "") -> None:
    """Ask for the author's note and its depth; ``proposed`` is put below what stands there."""
    from rpterm.tui.screens.form import Field, Form

    session = _open(chat)
    if session is None:
        return
    note = (await chat.ask(lambda: session.chat)).note
    begun = "\n".join(part for part in (note.text, proposed) if part)
    fields = [
        Field("text", "What the model should keep in mind", begun, lines=5),
        Field("depth", "Depth: 0 is right before your words, and costs nothing", str(note.depth),
              number=True),
    ]  # fmt: skip
    given = await chat.app.push_screen_wait(Form("Author's note", fields, chat.settings.keys))
    if given is not None:
        await keep_note(
            chat, session, AuthorNote(given["text"].strip(), max(0, int(given["depth"] or 0)))
        )


async def keep_note(chat: ChatScreen, session: Session, note: AuthorNote) -> None:
    """Set the author's note."""
    await chat.ask(session.set_note, note)
    chat.say("The note counts from the next reply." if note.text else "No note.")


async def choose_persona(chat: ChatScreen) -> None:
    """Choose, write or change who the user is."""
    from rpterm.tui.screens.chooser import Choice, Chooser

    session = _open(chat)
    if session is None:
        return
    now = (await chat.ask(lambda: session.chat)).persona
    known = {p.name: p for p in await chat.ask(session.store.personas)}
    known.setdefault(now.name, now)
    choices = [Choice(p.name, p.name, p.description) for p in known.values()]
    done = await chat.app.push_screen_wait(
        Chooser("Who are you?", choices, marked=now.name, takes="choose",
                actions=("list-new", "list-rename", "list-delete"), overrides=chat.settings.keys)
    )  # fmt: skip
    if done is None:
        return
    if done.action == "delete":
        await _forget_persona(chat, session, done.id, now.name)
        return
    chosen = known[done.id] if done.action != "new" else None
    if done.action in ("new", "rename"):
        names = frozenset(known) - {done.id if done.action == "rename" else ""}
        chosen = await _write_persona(chat, chosen, names)
    if chosen is None:
        return
    if done.action == "rename" and done.id != now.name:
        chat.say(f"{chosen.name} is changed. You are still {now.name} in this chat.")
    else:
        await chat.ask(session.set_persona, chosen)
        chat.say(f"You are {chosen.name} from the next turn.")


async def _forget_persona(chat: ChatScreen, session: Session, name: str, now: str) -> None:
    from rpterm.tui.screens.confirm import Confirm

    if name == now:
        chat.say(f"You are {name} in this chat: be somebody else first.")
        return
    question = f"Forget {name} and what you wrote about them?"
    if await chat.app.push_screen_wait(Confirm(question, "It cannot be undone.", yes="Forget")):
        await chat.ask(session.store.delete_persona, name)
        chat.say(f"{name} is forgotten.")


async def _write_persona(
    chat: ChatScreen, old: Persona | None, taken: frozenset[str]
) -> Persona | None:
    """A new persona, or an old one with other words; names that are ``taken`` stay their own."""
    from rpterm.tui.screens.form import Field, Form

    session = chat.session
    start = old or Persona("", "")
    fields = [
        Field("name", "Name", start.name, taken=taken),
        Field("description", "What the character may know about you", start.description, lines=4),
    ]
    given = await chat.app.push_screen_wait(Form("You in this chat", fields, chat.settings.keys))
    if given is None or session is None or not given["name"].strip():
        return None
    persona = replace(start, name=given["name"].strip(), description=given["description"].strip())
    await chat.ask(session.store.put_persona, persona)
    if old is not None and old.name != persona.name:
        await chat.ask(session.store.delete_persona, old.name)
    return persona


async def choose_character(chat: ChatScreen) -> None:
    """The list of characters; talk to one."""
    from rpterm.tui.screens.picker import CharacterPicker

    done = await chat.app.push_screen_wait(CharacterPicker(first=chat.card is None))
    if done is None:
        if chat.card is None:
            chat.app.exit()
        return
    await opening.switch_chat(chat, done.id, None)


def _open(chat: ChatScreen) -> Session | None:
    if chat.session is None:
        chat.say("The chat is still opening.")
    return chat.session
