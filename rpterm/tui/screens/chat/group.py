"""Group chats: the commands on the cast; ``frame`` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui.screens.chat import (
    candidates,
    changes,
    frame,
    require,
    sending,
    slash_commands,
)
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.types import Intent, Member, TurnTaking

if TYPE_CHECKING:
    from rpterm.chat.cast.scene import Scene
    from rpterm.tui.screens.chat.screen import ChatScreen


async def choose_speaker(chat: ChatScreen) -> None:
    """Choose who speaks now, or how turns are taken."""
    from rpterm.tui.screens.cast import member_of, speaker_chooser, taking_of_choice

    if await slash_commands.run_if_command(chat):
        return
    scene = require.session(chat).scene
    require.idle(chat)
    if scene.cast is None or not scene.group:
        raise require.Refusal(f"No other character is here yet: {chat.key_name('cast')} adds one.")
    able = [member for member in scene.present if not member.muted]
    taglines = [_tagline(scene, member) for member in able]
    actor = frame.next_speaker(chat, scene, chat.input.full_text.strip())
    taking = scene.cast.taking
    upcoming = actor.card.name if actor is not None and taking is not TurnTaking.MODEL else ""
    done = await chat.app.push_screen_wait(speaker_chooser(able, taglines, taking, upcoming))
    if done is None:
        return
    if (new_taking := taking_of_choice(done.id)) is not None:
        await chat.ask(scene.set_taking, new_taking)
        await changes.cast_changed(chat)
    elif name := member_of(done.id):
        await _let_speak(chat, scene, name)


async def _let_speak(chat: ChatScreen, scene: Scene, name: str) -> None:
    """Let this member speak now; a draft in the input is sent first."""
    if scene.cast is not None and scene.cast.taking is TurnTaking.HAND:
        await chat.ask(scene.set_speaker, name)
    if chat.input.full_text.strip():
        await sending.send_text(chat, ScreenRequest(speaker=name))
    else:
        await candidates.start_after_choice(chat, ScreenRequest(Intent.NEXT, speaker=name))


async def edit_cast(chat: ChatScreen) -> None:
    """Let characters join, leave, or be muted."""
    from rpterm.tui.screens.cast import CastScreen

    session, at = require.session(chat), ""
    while True:
        require.idle(chat)
        scene = session.scene
        taglines = [_tagline(scene, member) for member in scene.present]
        screen = CastScreen(scene.present, taglines, at)
        done = await chat.app.push_screen_wait(screen)
        at = "" if done is None else done.near if done.action == "delete" else done.id
        if done is None:
            return
        await _change_cast(chat, scene, done.action, done.id)


async def _change_cast(chat: ChatScreen, scene: Scene, action: str, choice: str) -> None:
    """Carry out one change, or say why it is impossible."""
    from rpterm.errors import RptermError
    from rpterm.tui.screens.cast import ADD, NARRATOR, member_of

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
        await changes.cast_changed(chat)


async def _join(chat: ChatScreen, scene: Scene) -> bool:
    from rpterm.tui.screens.picker import CharacterPicker

    done = await chat.app.push_screen_wait(CharacterPicker("Who joins?"))
    if done is None:
        return False
    member = await chat.ask(scene.add, done.id)
    chat.say(f"{member.card_name} has joined.")
    return True


def _tagline(scene: Scene, member: Member) -> str:
    return scene.tagline(member).replace("{{user}}", "you")
