"""Commands on single turns: select, swipe, edit, branch, copy, hide, its thought, delete, and older
history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui import keys, text, worker
from rpterm.tui.external import edit_outside
from rpterm.tui.screens.chat import files, frame, panes, replies
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.tui.widgets.turn_editor import TurnEditor
from rpterm.types import Intent, Turn

if TYPE_CHECKING:
    from rpterm.store.lifting import Following
    from rpterm.tui.screens.chat.screen import ChatScreen

CANNOT_UNDO = "It cannot be undone."


# Selection -------------------------------------------------------------------------------------
def select(chat: ChatScreen, turn: Turn | None) -> None:
    """Select a turn, or none; the keys of turns act on it, from the very next one on."""
    chat.transcript.select(turn)
    if turn is not None and turn.id > 0 and chat.session is not None:
        chat.session.rater.see(turn.id)
    chat.set_focus(chat.input if turn is None else chat.transcript)
    chat.refresh_hints()


def select_previous(chat: ChatScreen) -> None:
    """Select the turn above."""
    if (turn := chat.transcript.step(-1)) is not None:
        select(chat, turn)
        if chat.transcript.turns[0].id == turn.id:
            chat.transcript.want_history()


def select_next(chat: ChatScreen) -> None:
    """Select the turn below; below the last one is the input."""
    select(chat, chat.transcript.step(1))
    if chat.transcript.selected is None:
        chat.transcript.to_end()


async def back(chat: ChatScreen) -> None:
    """Leave whatever is in front: the selection, the candidates, a pane."""
    if chat.transcript.selected is not None:
        select(chat, None)
        chat.transcript.to_end()
    elif chat.state.choosing is not None:
        await replies.leave_candidates(chat)
    else:
        chat.panes.close_last()
        (chat.state.editor or chat.input).focus()


# Versions --------------------------------------------------------------------------------------
async def swipe_previous(chat: ChatScreen) -> None:
    """The version before."""
    await _swipe(chat, -1)


async def swipe_next(chat: ChatScreen) -> None:
    """The version after."""
    await _swipe(chat, 1)


async def _swipe(chat: ChatScreen, step: int) -> None:
    if chat.state.choosing is not None:
        chat.state.choosing.move(step)
        return
    turn = chat.transcript.selected or _last_reply(chat)
    if turn is not None:
        await swipe_turn(chat, turn, step)


async def swipe_turn(chat: ChatScreen, turn: Turn, step: int) -> None:
    """Show the sibling of a turn and what follows it."""
    if chat.session is None or replies.refuse_while_busy(chat):
        return
    if turn.swipes < 2:
        makes = keys.shown("regenerate", chat.settings.keys)
        chat.say(f"There is only this version. {makes} makes another one.")
        return
    shown = await chat.ask(chat.session.swipe, turn.id, step)
    if shown is None:
        chat.say("The last version." if step > 0 else "The first version.")
        return
    if chat.transcript.selected is not None:
        chat.transcript.selected = shown
    await frame.clear_below(chat)  # What was refused there is not said here.
    await replies.refresh_transcript(chat)


# Editing ---------------------------------------------------------------------------------------
async def edit_last(chat: ChatScreen) -> None:
    """Edit what the user said last; among candidates, mark the one above."""
    if chat.state.choosing is not None:
        chat.state.choosing.move(-chat.state.choosing.columns)
        return
    turn = next((t for t in reversed(chat.transcript.turns) if t.role == "user" and t.id > 0), None)
    if turn is None:
        chat.say("You have not said anything yet.")
        return
    await edit_turn(chat, turn)


async def edit(chat: ChatScreen) -> None:
    """Edit the selected turn."""
    turn = replies.target_turn(chat)
    if turn is None:
        return
    if turn is replies.marked_candidate(chat) and not chat.state.busy:
        await replies.keep_candidate(chat, turn)  # A candidate has no place among the turns yet.
    await edit_turn(chat, turn)


async def edit_turn(chat: ChatScreen, turn: Turn) -> None:
    """Put an editor in the place of a turn."""
    if replies.refuse_while_busy(chat):
        return
    view = chat.transcript.view(turn.id)
    if view is None:
        return
    chat.transcript.select(None)
    editor = chat.state.editor = TurnEditor(turn, chat.settings.keys)
    await chat.transcript.swap(view, editor)
    editor.focus(scroll_visible=False)  # It scrolls into sight itself once it has a place.


async def close_editor(chat: ChatScreen, turn: Turn, text: str | None) -> None:
    """Keep an edit as a sibling, or leave things as they were."""
    editor, chat.state.editor = chat.state.editor, None
    if editor is not None:
        # Out of the layout first: a text area that is removed while a repaint of it waits fails.
        editor.display = False
        chat.call_after_refresh(editor.remove)
    if (view := chat.transcript.view(turn.id)) is not None:
        await chat.transcript.swap(view, None)
    chat.input.focus()
    if text is not None:
        await keep_edit(chat, turn, text)
    chat.refresh_hints()


async def keep_edit(chat: ChatScreen, turn: Turn, text: str) -> None:
    """Store an edit; what the user said differently is answered anew."""
    if chat.session is None:
        return
    await chat.ask(chat.session.edit, turn.id, text)
    await replies.refresh_transcript(chat)
    if turn.role == "user":
        await replies.start(chat, ScreenRequest(Intent.REGENERATE))


async def edit_outside_here(chat: ChatScreen) -> None:
    """Edit the card whose pane has the keys, the selected turn, or what one writes, outside."""
    if chat.panes.active == "card":
        await files.edit_card(chat)
        return
    turn = chat.transcript.selected
    if turn is None:
        _write_outside(chat)
    elif not replies.refuse_while_busy(chat):
        after = (edit_outside(chat.app, turn.text) or "").strip()
        if after and after != turn.text:
            await keep_edit(chat, turn, after)


def _write_outside(chat: ChatScreen) -> None:
    """The turn that is being edited, or else the draft; it comes back to where it was written."""
    place = chat.input if chat.input.has_focus else chat.state.editor or chat.input
    after = edit_outside(chat.app, place.whole)
    if after is not None and after != place.whole:
        place.put(after)


# Branch, copy, hide, delete --------------------------------------------------------------------
async def branch_here(chat: ChatScreen) -> None:
    """Make the selected turn the end of what is shown."""
    turn = chat.transcript.selected
    if turn is None:
        chat.say(f"Select a turn first: {keys.shown('select-previous', chat.settings.keys)}.")
        return
    if chat.session is None or replies.refuse_while_busy(chat):
        return
    await chat.ask(chat.session.branch, turn.id)
    await replies.refresh_transcript(chat)
    select(chat, None)
    shows = keys.shown("branches", chat.settings.keys)
    chat.say(f"You are on a new branch now; {shows} shows all of them.")


async def copy(chat: ChatScreen) -> None:
    """Copy the selected turn."""
    if (turn := replies.target_turn(chat)) is not None:
        chat.app.copy_to_clipboard(turn.text)
        chat.say("Copied.")


async def toggle_thought(chat: ChatScreen) -> None:
    """Show what the model thought before a reply, or fold it away."""
    turn = replies.target_turn(chat)
    view = chat.transcript.view(turn.id) if turn is not None else None
    if view is None or not view.turn.thought:
        chat.say("The model did not think before this. Alt+S, think_tokens, lets it.")
        return
    view.toggle_thought()


async def hide(chat: ChatScreen) -> None:
    """Hide the selected turn from the model, or let the model read it again."""
    session, turn = chat.session, replies.target_turn(chat)
    if turn is None or turn.id < 0 or session is None or replies.refuse_while_busy(chat):
        return
    if replies.refuse_while_choosing(chat):
        return
    now = await chat.ask(session.hide, turn.id)
    await replies.refresh_transcript(chat)
    panes.request_preview(chat, always=True)
    chat.say(
        "The model does not read this turn now." if now.hidden else "The model reads it again."
    )


async def delete(chat: ChatScreen) -> None:
    """Delete the selected turn, alone or with what follows it, after asking."""
    session, turn = chat.session, replies.target_turn(chat)
    if turn is None or turn.id < 0 or session is None or replies.refuse_while_busy(chat):
        return
    below = await chat.ask(session.following, turn.id)
    alone = await _alone(chat, turn, below)
    if alone is None:
        return
    await chat.ask(lambda: session.delete(turn.id, alone=alone))
    select(chat, None)
    if alone:
        chat.keeper.measure_again()
    await frame.clear_below(chat)
    await replies.refresh_transcript(chat)
    panes.request_preview(chat, always=True)


async def _alone(chat: ChatScreen, turn: Turn, below: Following) -> bool | None:
    """Whether a turn is to be deleted alone; ``None`` when it is not to be deleted."""
    from rpterm.tui.screens.confirm import Confirm, Either

    what = f"Delete this turn of {text.one_line(turn.speaker, 40)}?"
    if not below.turns:
        sure = await chat.app.push_screen_wait(Confirm(what, CANNOT_UNDO, yes="Delete"))
        return False if sure else None
    detail = f"{below.told()} {CANNOT_UNDO}"
    both = {"alone": "Only this", "all": "All of it"}
    answer = await chat.app.push_screen_wait(Either(what, detail, both))
    return None if answer is None else answer == "alone"


# Scrolling -------------------------------------------------------------------------------------
async def scroll_up(chat: ChatScreen) -> None:
    """A page up."""
    chat.transcript.scroll_page_up(animate=False)


async def scroll_down(chat: ChatScreen) -> None:
    """A page down."""
    chat.transcript.scroll_page_down(animate=False)


async def to_end(chat: ChatScreen) -> None:
    """To the end, and stay there."""
    chat.transcript.to_end()


async def load_history(chat: ChatScreen) -> None:
    """Show older turns above."""
    try:
        await _load_above(chat)
    finally:
        chat.transcript.answered()


async def _load_above(chat: ChatScreen) -> None:
    session, shown = chat.session, [turn for turn in chat.transcript.turns if turn.id > 0]
    if session is None or not shown:
        return
    wanted = len(shown) + worker.WINDOW
    path = await chat.ask(session.path, wanted)
    first = next((index for index, turn in enumerate(path) if turn.id == shown[0].id), 0)
    await chat.transcript.prepend(path[:first], more=len(path) >= wanted)


def _last_reply(chat: ChatScreen) -> Turn | None:
    return next(
        (
            turn
            for turn in reversed(chat.transcript.turns)
            if turn.role == "assistant" and turn.id > 0
        ),
        None,
    )
