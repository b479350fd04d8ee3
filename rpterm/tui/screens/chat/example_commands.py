"""Commands on example dialogues: pin, exclude, edit, add an exchange, compare with and without.

Examples of the card are changed in the card's file, so that its author sees the change in an editor
and in git. What concerns a single chat is kept in the store.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm.tui.screens.chat import card_changes, examples, replies, require
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.tui.screens.form import Field, Form
from rpterm.types import Intent, Status, Turn

if TYPE_CHECKING:
    from rpterm.cards.card import Example
    from rpterm.chat.session import Session
    from rpterm.examples.records import Exemplar, Row
    from rpterm.scoring.scorer import Score
    from rpterm.store.example_settings import Mark
    from rpterm.tui.screens.chat.screen import ChatScreen
    from rpterm.types import Member


async def toggle_mark(chat: ChatScreen, *, mark: Mark) -> None:
    """Pin the marked example in this chat or exclude it; undo that if it is so already."""
    row = _marked_row(chat)
    await _mark(chat, row.exemplar, None if row.place == mark else mark)


async def edit(chat: ChatScreen) -> None:
    """Edit the text of an example of the card, in its file."""
    from rpterm.examples.records import card_key

    session, exemplar = require.session(chat), _marked_row(chat).exemplar
    if not exemplar.number:
        raise require.Refusal(
            "This example comes from a chat. Edit the turn itself, or keep it as an example first."
        )
    lines = exemplar.example.dialogue
    fields = [
        Field(f"line{at}", "You" if who == "user" else chat.card.char if chat.card else "They",
              line, lines=3)
        for at, (who, line) in enumerate(lines)
    ]  # fmt: skip

    async def store(values: dict[str, str]) -> None:
        if chat.session is not session:
            raise require.Refusal("Nothing was changed: another chat was opened meanwhile.")
        edited = tuple((who, values[f"line{at}"].strip()) for at, (who, _) in enumerate(lines))
        example = replace(exemplar.example, dialogue=edited)
        if example != exemplar.example:
            editor = examples.editor_of(chat, session)
            summary = await chat.ask(editor.change, exemplar.example, example)
            if (pane := examples.pane_of(chat)) is not None:
                pane.renamed(exemplar.key, card_key(example))
            await card_changes.card_written(chat, summary)

    await chat.app.push_screen_wait(Form(f"Example {exemplar.number}", fields, store))


async def keep(chat: ChatScreen) -> None:
    """Add the selected or last exchange as an example to the card of the character who replied."""
    from rpterm.examples.pool import exchange

    session, turn = require.session(chat), replies.target_turn(chat)
    if turn is None:
        raise require.Refusal("There is no exchange yet.")
    if turn.status is not Status.COMPLETE:
        raise require.Refusal(
            f"This reply breaks off: continue it ({chat.key_name('continue')}) or edit it, then "
            "keep it."
        )
    exemplar = await chat.ask(exchange, session.store, turn)
    if exemplar is None:
        raise require.Refusal("Choose a reply to something you said: an example needs both lines.")
    member = _other_member(session, turn)
    if member is not None and member.narrator:
        raise require.Refusal(
            f"{member.speaker} is a narrator; only a character's replies become examples."
        )
    example = _with_user_macro(exemplar.example, replies.user_name(chat))
    name = member.card_name if member is not None else ""
    await card_changes.card_written(
        chat, await chat.ask(examples.editor_of(chat, session).add, example, name), name
    )


async def undo(chat: ChatScreen) -> None:
    """Undo the last change of a card's examples."""
    editor = chat.examples_editor
    ours = editor is not None and editor.session is chat.session
    edit = await chat.ask(editor.undo) if editor is not None and ours else None
    if edit is None:
        raise require.Refusal(
            "Nothing to undo: the card was not changed from here, or was saved since then."
        )
    await card_changes.card_written(chat, "The last change is undone.", edit.member)


async def pin_nearest(chat: ChatScreen, turn: Turn, score: Score) -> None:
    """Pin the card's example that best shows what a reply missed."""
    from rpterm.cards import macros
    from rpterm.scoring import findings
    from rpterm.tui import text

    session, provider = chat.session, examples.provider_of(chat)
    if session is None or provider is None:
        return
    card = session.card
    if (other := _other_member(session, turn)) is not None:
        raise require.Refusal(
            f"Only examples of {card.char} can be pinned here. The prompt contains as many of "
            f"{other.speaker}'s as fit anyway."
        )
    missed = (
        " ".join(findings.broken_lines(score))
        if findings.weakest_dimension(score) == "persona"
        else ""
    )
    turns = chat.transcript.turns
    said = next((t.text for t in reversed(turns) if t.id == turn.parent_id), "")
    exemplar = await chat.ask(provider.nearest, card, session.chat, missed or said, turn.text)
    if exemplar is None:
        raise require.Refusal(
            "The card has no example left to pin. Keep a good exchange as an example first."
        )
    await _mark(chat, exemplar, "pinned")
    words = macros.expand(exemplar.reply, char=card.char, user=replies.user_name(chat))
    shown = text.one_line(words, 80)
    chat.say(f"Example {exemplar.number} is pinned: “{shown}” It counts from the next reply.")


async def compare(chat: ChatScreen) -> None:
    """Generate the reply with and without examples and show both next to each other."""
    from rpterm.chat.example_comparison import uses_examples

    session, turn = require.session(chat), replies.target_turn(chat)
    require.idle(chat)
    if turn is None or turn.role != "assistant" or turn.parent_id is None:
        raise require.Refusal(
            "Choose a reply to something you said: it is made with and without examples."
        )
    if not await chat.ask(uses_examples, session, turn.id):
        raise require.Refusal(
            "The prompt of this reply contains no example, so there is nothing to compare."
        )
    require.idle(chat)  # A reply may have been started meanwhile.
    if chat.panes.covers:
        chat.panes.close_last()
    chat.input.focus()
    await replies.start(
        chat,
        ScreenRequest(Intent.REGENERATE, turn_id=turn.id, candidates=2, compare_examples=True),
    )


# Helpers ---------------------------------------------------------------------------------------
def _marked_row(chat: ChatScreen) -> Row:
    pane = examples.pane_of(chat)
    if pane is None or pane.row is None:
        raise require.Refusal("Mark an example first.")
    return pane.row


async def _mark(chat: ChatScreen, exemplar: Exemplar, mark: Mark | None) -> None:
    session, provider = chat.session, examples.provider_of(chat)
    if session is None or provider is None:
        return
    if mark == "pinned" and exemplar.chat_id == session.chat_id:
        raise require.Refusal(
            "This was said in this very chat, so the model would copy it. Keep it as an example of "
            "the card instead."
        )
    if mark is None and exemplar.example.pinned:
        raise require.Refusal("The card itself pins this example: edit the card to change that.")
    await chat.ask(provider.mark, session.chat_id, exemplar.key, mark)
    await examples.examples_changed(chat)


def _other_member(session: Session, turn: Turn) -> Member | None:
    """The member who said a reply; ``None`` if it was the chat's own character."""
    from rpterm.prompt.perspective import speaker_of

    cast = session.scene.cast
    member = speaker_of(cast, turn) if cast is not None else None
    return None if cast is None or member == cast.members[0] else member


def _with_user_macro(example: Example, user: str) -> Example:
    """Replace the user's name with ``{{user}}``, so that the example fits any user."""
    if len(user) < 3:
        return example
    name = re.compile(rf"\b{re.escape(user)}\b")
    lines = tuple(
        (who, name.sub("{{user}}", line.replace("{{", "{ {"))) for who, line in example.dialogue
    )
    return replace(example, dialogue=lines)
