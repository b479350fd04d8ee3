"""Group chats: who takes part and who speaks next, as the screen shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.tui.widgets.header import Header
from rpterm.types import Member, Turn, TurnTaking

if TYPE_CHECKING:
    from rpterm.chat.cast.actors import Actor
    from rpterm.chat.cast.scene import Scene
    from rpterm.tui.screens.chat.screen import ChatScreen


TINTS = ("$text-primary", "$text-accent", "$text-error", "$foreground", "$text-success")
"""The colours of the speakers, in the order of the cast; names tell them apart without colour."""


_NARRATOR = "$foreground 60%"


def show_header(chat: ChatScreen, scene: Scene) -> None:
    """Show who takes part and who speaks next, and give each speaker a colour."""
    lead, *others = scene.present
    title = chat.state.chat.title if chat.state.chat else ""
    name = _with_muted(lead.card_name, lead)
    chat.query_one("#header", Header).show(name, f"with {_names(others)}", title)
    members = scene.cast.members if scene.cast is not None else ()
    chat.tints = {
        member.speaker: _NARRATOR if member.narrator else TINTS[place % len(TINTS)]
        for place, member in enumerate(members)
    }
    chat.input.placeholder = _placeholder(chat, scene)


def _placeholder(chat: ChatScreen, scene: Scene) -> str:
    """The placeholder of the empty input: who speaks if the user presses Enter."""
    if chat.state.choosing is not None or chat.state.busy:
        return "Write…"
    if scene.cast is not None and scene.cast.taking is TurnTaking.MODEL:
        return "Write, or ⏎ and the model chooses who speaks"
    name = next_speaker_name(chat, scene)
    return f"Write, or ⏎ and {name} speaks" if name else "Everybody is muted"


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
