"""Helpers for all parts of the chat screen: header, speakers, errors below the last turn, draft.

Knows no replies and no commands, so that the modules that do can import it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from textual.geometry import Size

from rpterm.errors import RptermError
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.tui.widgets.alarm import Alarm
from rpterm.tui.widgets.candidates import Candidates
from rpterm.tui.widgets.error import ErrorBlock
from rpterm.tui.widgets.header import Header
from rpterm.types import Member, Turn, TurnTaking

if TYPE_CHECKING:
    from rpterm.chat.cast.actors import Actor
    from rpterm.chat.cast.scene import Scene
    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.screen import ChatScreen

SETTLE_S = 60.0
"""Longest wait for the engine to settle."""
TINTS = ("$text-primary", "$text-accent", "$text-error", "$foreground", "$text-success")
"""The colours of the speakers, in the order of the cast; names tell them apart without colour."""
_NARRATOR = "$foreground 60%"


def show_header(chat: ChatScreen) -> None:
    """Show who takes part and the chat's title, each speaker's colour, and what Enter does."""
    card, record, scene = chat.card, chat.state.chat, chat.session and chat.session.scene
    name, about = (card.name, card.tagline) if card else ("rpterm", "")
    chat.tints = {}
    if scene and scene.group:
        lead, *others = scene.present
        name, about = _with_muted(lead.card_name, lead), f"with {_names(others)}"
        for place, member in enumerate(scene.cast.members if scene.cast is not None else ()):
            tint = _NARRATOR if member.narrator else TINTS[place % len(TINTS)]
            chat.tints[member.speaker] = tint
    chat.query_one("#header", Header).show(name, about, record.title if record else "")
    chat.input.placeholder = _placeholder(chat, scene if scene and scene.group else None)


def _placeholder(chat: ChatScreen, group: Scene | None) -> str:
    """The placeholder of the empty input, which says what Enter does if it gives a reply."""
    waits = not chat.state.busy and chat.state.choosing is None
    if group is not None:
        return _who_speaks(chat, group) if waits else "Write…"
    if chat.card is None:
        return "Choose a character first"
    turns, name = chat.transcript.turns, chat.card.char
    unanswered = bool(turns) and turns[-1].id > 0 and turns[-1].role == "user"
    return f"Write, or ⏎ and {name} answers" if waits and unanswered else f"Write to {name}…"


def _who_speaks(chat: ChatScreen, scene: Scene) -> str:
    if scene.cast is not None and scene.cast.taking is TurnTaking.MODEL:
        return "Write, or ⏎ and the model chooses who speaks"
    name = next_speaker_name(chat, scene)
    return f"Write, or ⏎ and {name} speaks" if name else "Everybody is muted"


def portrait_path(chat: ChatScreen) -> Path | None:
    """The file of the character's portrait, which the card names relative to its own file."""
    path = chat.state.chat.card_path if chat.state.chat else None
    if chat.card is None or not chat.card.portrait or path is None:
        return None
    return Path(path).parent / chat.card.portrait


def fit_to_size(chat: ChatScreen, size: Size) -> None:
    """Adapt to the size of the terminal; a tiny one shows only the transcript and the input."""

    async def adapt() -> None:
        covered = chat.panes.covers
        covers = await chat.panes.fit(size.width)
        chat.set_class(covers, "-overlay")
        chat.query_one(Alarm).fit(low=chat.has_class("-short"))
        if covers != covered:
            focus(chat)

    chat.set_class(size.height < 12 or size.width < 40, "-tiny")
    chat.call_later(adapt)


def focus(chat: ChatScreen) -> None:
    """Focus a pane that covers the chat, or else the turn editor or the input."""
    if chat.panes.covers:
        chat.panes.focus_targets[0].focus()
    elif chat.state.editor is not None:
        chat.state.editor.focus()
    else:
        chat.input.focus()
    chat.refresh_hints()


def settle_cache(chat: ChatScreen) -> None:
    """Wait in a thread until the engine can take the next message at the least cost.

    A new message ends the wait, as does the death of the model's process.
    """

    def settle(session: Session) -> None:
        session.engine.settled(SETTLE_S)
        chat.tell(chat.engine_settled)

    if (session := chat.session) is not None:
        chat.idle.put(lambda: settle(session))


def keep_draft(session: Session, text: str) -> None:
    """Store the unsent draft for the next time this chat is opened; "" clears it."""
    from rpterm.store import drafts

    with suppress(RptermError):
        drafts.save(session.store, session.chat_id, text)


async def show_error(chat: ChatScreen, text: str, log_tail: str = "") -> None:
    """Show an error in a block below the last turn, unless it is shown already."""
    if text not in [block.message for block in chat.query(ErrorBlock)]:
        await chat.transcript.mount(ErrorBlock(text, log_tail))
        chat.transcript.scroll_to_end()


async def clear_below(chat: ChatScreen) -> None:
    """Remove the errors and candidates below the last turn."""
    chat.state.choosing = None
    await chat.transcript.remove_children([*chat.query(ErrorBlock), *chat.query(Candidates)])


# Who speaks next -------------------------------------------------------------------------------
def next_speaker_name(chat: ChatScreen, scene: Scene, words: str = "") -> str:
    """The name of the next speaker, after this message of the user if any; "" if nobody can."""
    actor = next_speaker(chat, scene, words)
    return actor.card.char if actor is not None else ""


def next_speaker(chat: ChatScreen, scene: Scene, words: str) -> Actor | None:
    from rpterm.chat.cast.turn_taking import GroupError

    path = [turn for turn in chat.transcript.turns if turn.id > 0]
    if (marked := chat.state.marked) is not None:
        path.append(marked)
    if words:
        path.append(Turn(0, 0, None, "user", "", words))
    try:
        return scene.next_speaker(path)
    except GroupError:
        return None


def expected_name(chat: ChatScreen, scene: Scene, request: ScreenRequest) -> str:
    """The name shown above the reply that is awaited; "…" if it is not known yet."""
    from rpterm.chat.cast.turn_taking import GroupError

    if request.speaker:
        try:
            return scene.actor(request.speaker).card.char
        except GroupError:
            return "…"
    if scene.cast is not None and scene.cast.taking is TurnTaking.MODEL:
        return "…"
    return next_speaker_name(chat, scene, request.text) or "…"


def _names(members: list[Member]) -> str:
    names = [_with_muted(member.speaker, member) for member in members]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _with_muted(name: str, member: Member) -> str:
    return f"{name} (muted)" if member.muted else name
