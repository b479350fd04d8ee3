"""Group chats: the commands on the cast, and what the screen shows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui import keys
from rpterm.tui.screens.chat import frame, panes, replies, require, sending, slash_commands
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.tui.widgets.header import Header
from rpterm.types import Intent, Member, Turn, TurnTaking

if TYPE_CHECKING:
    from rpterm.chat.cast.actors import Actor
    from rpterm.chat.cast.scene import Scene
    from rpterm.tui.screens.chat.screen import ChatScreen

TINTS = ("$text-primary", "$text-accent", "$text-error", "$foreground", "$text-success")
"""The colours of the speakers, in the order of the cast; names tell them apart without colour."""
_NARRATOR = "$foreground 60%"


# What is shown ---------------------------------------------------------------------------------
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
    actor = _next_speaker(chat, scene, words)
    return actor.card.char if actor is not None else ""


def _next_speaker(chat: ChatScreen, scene: Scene, words: str) -> Actor | None:
    from rpterm.group import GroupError

    path = [turn for turn in chat.transcript.turns if turn.id > 0]
    if (marked := replies.marked_candidate(chat)) is not None:
        path.append(marked)
    if words:
        path.append(Turn(0, 0, None, "user", "", words))
    try:
        return scene.next_speaker(path)
    except GroupError:
        return None


def expected_name(chat: ChatScreen, scene: Scene, request: ScreenRequest) -> str:
    """The name shown above the reply that is awaited; "…" if it is not known yet."""
    from rpterm.group import GroupError

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


# Commands --------------------------------------------------------------------------------------
async def choose_speaker(chat: ChatScreen) -> None:
    """Choose who speaks now, or how turns are taken."""
    from rpterm.tui.screens.cast import SpeakerScreen, member_of, taking_of_choice

    if await slash_commands.run_if_command(chat):
        return
    scene = require.session(chat).scene
    require.idle(chat)
    if scene.cast is None or not scene.group:
        cast_key = keys.key_name("cast", chat.settings.keys)
        raise require.Refusal(f"No other character is here yet: {cast_key} adds one.")
    able = [member for member in scene.present if not member.muted]
    taglines = [_tagline(scene, member) for member in able]
    actor = _next_speaker(chat, scene, chat.input.full_text.strip())
    taking = scene.cast.taking
    upcoming = actor.card.name if actor is not None and taking is not TurnTaking.MODEL else ""
    done = await chat.app.push_screen_wait(SpeakerScreen(able, taglines, taking, upcoming))
    if done is None:
        return
    if (new_taking := taking_of_choice(done.id)) is not None:
        await chat.ask(scene.set_taking, new_taking)
        await cast_changed(chat)
    elif name := member_of(done.id):
        await _let_speak(chat, scene, name)


async def _let_speak(chat: ChatScreen, scene: Scene, name: str) -> None:
    """Let this member speak now; a draft in the input is sent first."""
    if scene.cast is not None and scene.cast.taking is TurnTaking.HAND:
        await chat.ask(scene.set_speaker, name)
    if chat.input.full_text.strip():
        await sending.send_text(chat, ScreenRequest(speaker=name))
    else:
        await replies.start_after_choice(chat, ScreenRequest(Intent.NEXT, speaker=name))


async def edit_cast(chat: ChatScreen) -> None:
    """Let characters join, leave, or be muted."""
    from rpterm.tui.screens.cast import CastScreen

    session, at = require.session(chat), ""
    while True:
        require.idle(chat)
        scene = session.scene
        taglines = [_tagline(scene, member) for member in scene.present]
        screen = CastScreen(scene.present, taglines, chat.settings.keys, at)
        done = await chat.app.push_screen_wait(screen)
        at = "" if done is None else done.near if done.action == "delete" else done.id
        if done is None:
            return
        await _change_cast(chat, scene, done.action, done.id)


async def _change_cast(chat: ChatScreen, scene: Scene, action: str, choice: str) -> None:
    """Carry out one change, or say why it is impossible."""
    from rpterm.tui.screens.cast import ADD, NARRATOR, member_of
    from rpterm.types import RptermError

    name = member_of(choice)
    try:
        if action == "new" or choice == ADD:
            if not await _join(chat, scene):
                return
        elif choice == NARRATOR:
            await chat.ask(scene.add, NARRATOR, narrator=True)
        elif action == "delete" and name:
            await chat.ask(scene.remove, name)
        elif name:
            muted = next(m.muted for m in scene.present if m.card_name == name)
            await chat.ask(scene.mute, name, not muted)
    except RptermError as error:
        chat.say(str(error), error=True)
    else:
        await cast_changed(chat)


async def _join(chat: ChatScreen, scene: Scene) -> bool:
    from rpterm.tui.screens.picker import CharacterPicker

    done = await chat.app.push_screen_wait(CharacterPicker("Who joins?"))
    if done is None:
        return False
    member = await chat.ask(scene.add, done.id)
    chat.say(f"{member.card_name} has joined.")
    return True


async def cast_changed(chat: ChatScreen) -> None:
    """After the cast changed: show it, and prepare the next speaker's prompt."""
    session = chat.session
    if session is None:
        return
    if chat.state.choosing is None and chat.state.info is not None:
        await frame.clear_below(chat)  # An error that nobody can speak may no longer hold.
    await replies.refresh_transcript(chat)
    for turn in chat.transcript.turns:
        if (view := chat.transcript.view(turn.id)) is not None:
            view.draw()
    await chat.ask(session.settle_cache)
    if chat.state.info is not None and not chat.state.busy:
        frame.settle_cache(chat)
    panes.request_preview(chat, always=True)


def _tagline(scene: Scene, member: Member) -> str:
    return scene.tagline(member).replace("{{user}}", "you")
