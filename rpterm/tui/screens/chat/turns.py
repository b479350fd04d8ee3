"""Commands on single turns: select, swipe, edit, branch, copy, hide and delete, show its thoughts;
and loading older history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.chat import slash
from rpterm.errors import RptermError
from rpterm.tui import text
from rpterm.tui.external_editor import edit_outside
from rpterm.tui.screens.chat import candidates, frame, replies, require
from rpterm.tui.screens.chat.state import WINDOW, ScreenRequest
from rpterm.tui.widgets.turn_editor import TurnEditor
from rpterm.types import Intent, Turn

if TYPE_CHECKING:
    from rpterm.store.turn_removal import FollowingTurns
    from rpterm.tui.screens.chat.screen import ChatScreen


# Selection -------------------------------------------------------------------------------------
def select(chat: ChatScreen, turn: Turn | None) -> None:
    """Select a turn, or none; the very next key already acts on it."""
    chat.transcript.select(turn)
    if turn is not None and turn.id > 0 and chat.session is not None:
        chat.session.rater.mark_seen(turn.id)
    chat.set_focus(chat.input if turn is None else chat.transcript)
    chat.refresh_hints()


def select_previous(chat: ChatScreen) -> None:
    """Select the turn above."""
    if (turn := chat.transcript.step(-1)) is not None:
        select(chat, turn)
        if chat.transcript.turns[0].id == turn.id:
            chat.transcript.request_history()


def select_next(chat: ChatScreen) -> None:
    """Select the turn below; after the last one comes the input."""
    select(chat, chat.transcript.step(1))
    if chat.transcript.selected is None:
        chat.transcript.scroll_to_end()


async def back(chat: ChatScreen) -> None:
    """Leave the innermost of: the selection, the candidates, a pane."""
    if chat.transcript.selected is not None:
        select(chat, None)
        chat.transcript.scroll_to_end()
    elif chat.state.choosing is not None:
        await candidates.leave_candidates(chat)
    else:
        chat.panes.close_last()
        (chat.state.editor or chat.input).focus()


# Versions --------------------------------------------------------------------------------------
async def swipe(chat: ChatScreen, *, step: int) -> None:
    """Show the previous (-1) or next (1) version, or mark that candidate."""
    if chat.state.choosing is not None:
        chat.state.choosing.move(step)
        return
    turn = chat.transcript.selected or replies.last_turn(chat, "assistant")
    if turn is not None:
        await swipe_turn(chat, turn, step)


async def swipe_turn(chat: ChatScreen, turn: Turn, step: int) -> None:
    """Show the sibling of a turn and what follows it."""
    session = require.session(chat)
    require.idle(chat)
    if turn.swipes < 2:
        raise require.Refusal(
            f"There is only this version. {chat.key_name('regenerate')} makes another one."
        )
    sibling = await chat.ask(session.swipe, turn.id, step)
    if sibling is None:
        raise require.Refusal(f"This is the {'last' if step > 0 else 'first'} version.")
    if chat.transcript.selected is not None:
        chat.transcript.selected = sibling
    await frame.clear_below(chat)  # An error there was about the other version.
    await replies.refresh_transcript(chat)


# Editing ---------------------------------------------------------------------------------------
async def edit_last(chat: ChatScreen) -> None:
    """Edit the user's last turn."""
    require.no_choice(chat)
    turn = replies.last_turn(chat, "user")
    if turn is None:
        raise require.Refusal("You have not said anything yet.")
    await edit_turn(chat, turn)


async def edit(chat: ChatScreen) -> None:
    """Edit the selected turn."""
    turn = replies.target_turn(chat)
    if turn is None:
        return
    if turn is chat.state.marked and not chat.state.busy:
        await candidates.choose(chat, turn)  # A candidate is not in the transcript yet.
    await edit_turn(chat, turn)


async def edit_turn(chat: ChatScreen, turn: Turn) -> None:
    """Replace the view of a turn by an editor."""
    require.idle(chat)
    view = chat.transcript.view(turn.id)
    if view is None:
        return
    chat.transcript.select(None)
    editor = chat.state.editor = TurnEditor(turn)
    await chat.transcript.replace_view(view, editor)
    editor.focus(scroll_visible=False)  # The editor scrolls into view once it is laid out.


async def close_editor(chat: ChatScreen, turn: Turn, text: str | None) -> None:
    """Close the editor, and keep its text as a new version unless it is ``None``."""
    editor, chat.state.editor = chat.state.editor, None
    chat.state.keeping = text is not None
    if editor is not None:
        # Hidden first: removing a text area while a repaint of it is pending fails.
        editor.display = False
        chat.call_after_refresh(editor.remove)
    if (view := chat.transcript.view(turn.id)) is not None:
        await chat.transcript.replace_view(view, None)
    chat.input.focus()
    if text is not None:
        await keep_edit(chat, turn, text)
    chat.refresh_hints()


async def keep_edit(chat: ChatScreen, turn: Turn, text: str) -> None:
    """Store an edit as a new version; after an edit of the user's turn, generate a new reply.

    An edit that cannot be stored is put into the input.
    """
    try:
        with require.holding(chat):
            await chat.ask(require.session(chat).edit, turn.id, text)
            await replies.refresh_transcript(chat)
    except RptermError:
        replies.prepend_to_input(chat, slash.escaped(text))
        raise
    if turn.role == "user":
        await replies.start(chat, ScreenRequest(Intent.REGENERATE))


async def edit_outside_here(chat: ChatScreen) -> None:
    """Open in the external editor: the card in a focused pane, the selected turn, or the draft."""
    if chat.panes.active == "card":
        from rpterm.tui.screens.chat import files

        await files.edit_card(chat)
        return
    turn = chat.transcript.selected
    if turn is None:
        _edit_draft_outside(chat)
    else:
        require.idle(chat)
        edited = (edit_outside(chat.app, turn.text) or "").strip()
        if edited and edited != turn.text:
            await keep_edit(chat, turn, edited)


def _edit_draft_outside(chat: ChatScreen) -> None:
    """Edit the text of the input or of the turn editor, whichever is in use, externally."""
    widget = chat.input if chat.input.has_focus else chat.state.editor or chat.input
    edited = edit_outside(chat.app, widget.full_text)
    if edited is not None and edited != widget.full_text:
        widget.put(edited)


# Branch, copy, hide, delete --------------------------------------------------------------------
async def branch_here(chat: ChatScreen) -> None:
    """End the shown branch at the selected turn."""
    turn = chat.transcript.selected
    if turn is None:
        raise require.Refusal(f"Select a turn first: {chat.key_name('select-previous')}.")
    require.idle(chat)
    await chat.ask(require.session(chat).branch, turn.id)
    await replies.refresh_transcript(chat)
    select(chat, None)
    chat.say(f"You are on a new branch now; {chat.key_name('branches')} shows all of them.")


async def take_back(chat: ChatScreen) -> None:
    """Set the user's last message and its reply aside, and put its text back into the input."""
    session = require.session(chat)
    require.idle(chat)
    require.no_choice(chat)
    turn = await chat.ask(session.take_back)
    await frame.clear_below(chat)
    await replies.refresh_transcript(chat)
    select(chat, None)
    replies.restore_message(chat, ScreenRequest(text=turn.text))
    chat.say(
        f"Your message is back in the input; {chat.key_name('branches')} has it with its reply."
    )


async def copy(chat: ChatScreen) -> None:
    """Copy the selected turn."""
    if (turn := replies.target_turn(chat)) is not None:
        chat.app.copy_to_clipboard(turn.text)
        chat.say("Copied.")


async def toggle_thought(chat: ChatScreen) -> None:
    """Show or hide the model's thoughts before a reply."""
    turn = replies.target_turn(chat)
    view = chat.transcript.view(turn.id) if turn is not None else None
    if view is None or not view.turn.thought:
        raise require.Refusal(
            f"The model did not think before this turn. {chat.key_name('settings')}, "
            "think_tokens, lets it think."
        )
    view.toggle_thought()


async def hide(chat: ChatScreen) -> None:
    """Hide the selected turn from the model, or unhide it."""
    session, turn = require.session(chat), replies.target_turn(chat)
    require.idle(chat)
    require.no_choice(chat)
    if turn is None or turn.id < 0:
        return
    hidden = (await chat.ask(session.hide, turn.id)).hidden
    await replies.refresh_transcript(chat)
    chat.say("This turn is hidden from the model." if hidden else "The model reads it again.")


async def delete(chat: ChatScreen) -> None:
    """Delete the selected turn after asking, alone or with what follows it."""
    session, turn = require.session(chat), replies.target_turn(chat)
    require.idle(chat)
    if turn is None or turn.id < 0:
        return
    following = await chat.ask(session.following, turn.id)
    alone = await _ask_what_to_delete(chat, turn, following)
    if alone is None:
        return
    await chat.ask(lambda: session.delete(turn.id, alone=alone))
    select(chat, None)
    if alone:
        chat.keeper.forget_scores()
    await frame.clear_below(chat)
    await replies.refresh_transcript(chat)


async def _ask_what_to_delete(
    chat: ChatScreen, turn: Turn, following: FollowingTurns
) -> bool | None:
    """Ask whether to delete a turn; returns whether to delete it alone, ``None`` for not at all."""
    from rpterm.tui.screens.confirm import CANNOT_UNDO, Confirm

    question = f"Delete this turn of {text.one_line(turn.speaker, 40)}?"
    if not following.turns:
        sure = await chat.app.push_screen_wait(Confirm(question, CANNOT_UNDO, {"y": "Delete"}))
        return False if sure else None
    detail = f"{following.describe()} {CANNOT_UNDO}"
    answers = {"o": "Only this", "a": "All of it"}
    answer = await chat.app.push_screen_wait(Confirm(question, detail, answers))
    return None if answer is None else answer == "o"


# History ---------------------------------------------------------------------------------------
async def load_history(chat: ChatScreen) -> None:
    """Load older turns above the transcript."""
    try:
        await _load_above(chat)
    finally:
        chat.transcript.history_answered()


async def _load_above(chat: ChatScreen) -> None:
    session, shown = chat.session, [turn for turn in chat.transcript.turns if turn.id > 0]
    if session is None or not shown:
        return
    wanted = len(shown) + WINDOW
    path = await chat.ask(session.path, wanted)
    first = next((index for index, turn in enumerate(path) if turn.id == shown[0].id), 0)
    await chat.transcript.prepend(path[:first], more=len(path) >= wanted)
