"""What is done with an example: pin, exclude, edit, keep an exchange, with and without.

What stands in the card's file is changed in the file, so that its author sees it in an editor and
in git; what belongs to one chat is kept in the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui import keys
from rpterm.tui.screens.chat import examples, replies
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.types import Intent, Status, Turn

if TYPE_CHECKING:
    from rpterm.cards.card import Example
    from rpterm.chat.session import Session
    from rpterm.examples.records import Exemplar, Row
    from rpterm.scoring.scorer import Score
    from rpterm.store.example_marks import Mark
    from rpterm.tui.screens.chat.screen import ChatScreen
    from rpterm.types import Member


async def pin(chat: ChatScreen) -> None:
    """Pin the marked example in this chat, or no longer."""
    row = _row(chat)
    if row is not None:
        await _mark(chat, row.exemplar, None if row.place == "pinned" else "pinned")


async def exclude(chat: ChatScreen) -> None:
    """Leave the marked example out of this chat, or no longer."""
    row = _row(chat)
    if row is not None:
        await _mark(chat, row.exemplar, None if row.place == "excluded" else "excluded")


async def edit(chat: ChatScreen) -> None:
    """Change the words of an example of the card, in its file."""
    from rpterm.cards.card import Example
    from rpterm.examples.records import card_key
    from rpterm.tui.screens.form import Field, Form

    row, session = _row(chat), chat.session
    if row is None or session is None:
        return
    found = row.exemplar
    if not found.number:
        chat.say("This is what was said. Edit the turn itself, or keep it as an example first.")
        return
    lines = found.example.dialogue
    fields = [
        Field(f"line{at}", "You" if who == "user" else chat.card.char if chat.card else "They",
              line, lines=3)
        for at, (who, line) in enumerate(lines)
    ]  # fmt: skip
    given = await chat.app.push_screen_wait(
        Form(f"Example {found.number}", fields, chat.settings.keys)
    )
    if given is None:
        return
    if chat.session is not session:
        chat.say("Nothing was changed: another chat was opened meanwhile.")
        return
    wanted = tuple((who, given[f"line{at}"].strip()) for at, (who, _) in enumerate(lines))
    example = Example(wanted, found.example.pinned)
    if example != found.example:
        editor = examples.editor_of(chat, session)
        told = await chat.ask(editor.change, found.example, example)
        if (pane := examples.pane_of(chat)) is not None:
            pane.renamed(found.key, card_key(example))
        await examples.card_written(chat, told)


async def keep(chat: ChatScreen) -> None:
    """Write the selected or last exchange into the card of who replied, as an example."""
    session, turn = chat.session, replies.target_turn(chat)
    if session is None or turn is None:
        chat.say("There is no exchange yet.")
        return
    from rpterm.examples.pool import exchange

    if turn.status is not Status.COMPLETE:
        goes = keys.shown("continue", chat.settings.keys)
        chat.say(f"This reply breaks off: let it go on ({goes}) or edit it, then keep it.")
        return
    found = await chat.ask(exchange, session.store, turn)
    if found is None:
        chat.say("Choose a reply to something you said: only an exchange makes an example.")
        return
    member = _member(session, turn)
    if member is not None and member.narrator:
        chat.say(f"{member.speaker} tells the scene; only what a character says is an example.")
        return
    example = _without_names(found.example, replies.user_name(chat))
    name = member.card_name if member is not None else ""
    await examples.card_written(
        chat, await chat.ask(examples.editor_of(chat, session).add, example, name), name
    )


async def undo(chat: ChatScreen) -> None:
    """Take back the last change of the examples of a card."""
    editor = chat.examples_editor
    ours = editor is not None and editor.session is chat.session
    edit = await chat.ask(editor.undo) if editor is not None and ours else None
    if edit is None:
        chat.say("Nothing to take back: the card was not changed from here, or was saved since.")
        return
    await examples.card_written(chat, "Taken back.", edit.member)


async def pin_nearest(chat: ChatScreen, turn: Turn, score: Score) -> None:
    """Pin the card's example that shows best what a reply missed."""
    from rpterm.cards import macros
    from rpterm.scoring import findings
    from rpterm.tui import text

    session, provider = chat.session, examples.provider_of(chat)
    if session is None or provider is None:
        return
    card = session.card
    if (other := _member(session, turn)) is not None:
        chat.say(
            f"Only examples of {card.char} can be pinned here: those of {other.speaker} stand in "
            "the prompt anyway, as many as fit."
        )
        return
    wanted = " ".join(findings.lines(score)) if findings.weakest(score) == "persona" else ""
    asked = chat.transcript.turns
    said = next((t.text for t in reversed(asked) if t.id == turn.parent_id), "")
    found = await chat.ask(provider.nearest, card, session.chat, wanted or said, turn.text)
    if found is None:
        chat.say("The card has no example left to pin. Keep a good exchange as one first.")
        return
    await _mark(chat, found, "pinned")
    words = macros.expand(found.said, char=card.char, user=replies.user_name(chat))
    shown = text.one_line(words, 80)
    chat.say(f"Example {found.number} is pinned: “{shown}” It counts from the next reply.")


async def aside(chat: ChatScreen) -> None:
    """The same turn with and without examples, beside each other."""
    from rpterm.chat.aside import differ

    session, turn = chat.session, replies.target_turn(chat)
    if session is None or replies.refuse_while_busy(chat):
        return
    if turn is None or turn.role != "assistant" or turn.parent_id is None:
        chat.say("Choose a reply to something you said: it is made twice, with and without.")
        return
    if not await chat.ask(differ, session, turn.id):
        chat.say("No example stands in the prompt of this reply: without any it is the same one.")
        return
    if replies.refuse_while_busy(chat):  # One may have been asked for meanwhile.
        return
    if chat.panes.covers:
        chat.panes.close_last()
    chat.input.focus()
    await replies.start(
        chat,
        ScreenRequest(Intent.REGENERATE, turn_id=turn.id, candidates=2, compare_examples=True),
    )


# Helpers ---------------------------------------------------------------------------------------
def _row(chat: ChatScreen) -> Row | None:
    pane = examples.pane_of(chat)
    row = pane.row if pane is not None else None
    if row is None:
        chat.say("Mark an example first.")
    return row


async def _mark(chat: ChatScreen, found: Exemplar, mark: Mark | None) -> None:
    session, provider = chat.session, examples.provider_of(chat)
    if session is None or provider is None:
        return
    if mark == "pinned" and found.chat_id == session.chat_id:
        chat.say("This was said in this very chat; the model would copy it. Keep it as an example "
                 "of the card instead.")  # fmt: skip
        return
    if mark is None and found.example.pinned:
        chat.say("The card itself pins this one: edit the card to change that.")
        return
    await chat.ask(provider.mark, session.chat_id, found.key, mark)
    await examples.examples_changed(chat)


def _member(session: Session, turn: Turn) -> Member | None:
    """Which other one of several characters said a reply; ``None``: the chat's own."""
    from rpterm.group import owner

    cast = session.scene.cast
    member = owner(cast, turn) if cast is not None else None
    return None if cast is None or member == cast.members[0] else member


def _without_names(example: Example, user: str) -> Example:
    """An exchange as a card would have it: whoever plays next takes the user's place."""
    import re

    from rpterm.cards.card import Example as Made

    if len(user) < 3:
        return example
    name = re.compile(rf"\b{re.escape(user)}\b")
    lines = tuple(
        (who, name.sub("{{user}}", line.replace("{{", "{ {"))) for who, line in example.dialogue
    )
    return Made(lines, example.pinned)


COMMANDS = {
    "example-pin": pin,
    "example-exclude": exclude,
    "example-edit": edit,
    "example-undo": undo,
    "example-aside": aside,
    "example-more": examples.more,
    "example-fewer": examples.fewer,
    "example-larger": examples.larger,
    "example-smaller": examples.smaller,
}
"""What the keys of the pane do."""
