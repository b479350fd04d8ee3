"""Group chats on screen: who speaks, who takes part, and commands on their turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from textual.content import Content
from textual.pilot import Pilot
from tui_support import (
    CARD,
    Stage,
    notices,
    running,
    say,
    screen_text,
    second_marked,
    send,
    several,
    shown,
    texts,
    type_text,
    wait_until,
)

from rpterm.cards.card import CharacterCard
from rpterm.cards.format.writer import dump
from rpterm.chat.cast.card_lookup import CardSource
from rpterm.chat.session import Session
from rpterm.engine.scripted import ScriptedEngine
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.tui.app import RptermApp
from rpterm.tui.screens.cast import CastScreen
from rpterm.tui.widgets.error import ErrorBlock
from rpterm.types import Cast, Status, TurnTaking

TAM = CharacterCard(name="Tam Venn", nickname="Tam", tagline="Draws lines on charts")
ORLA = CharacterCard(name="Orla Finn", tagline="Mends nets and says little")


@dataclass(frozen=True)
class Found:
    card: CharacterCard
    text: str
    path: Path | None = None


def find(target: str) -> Found:
    from rpterm.cards.library import CardNotFound

    for card in (TAM, ORLA):
        if card.name.split()[0].casefold() in Path(target).stem.casefold():
            return Found(card, dump(card))
    raise CardNotFound(f"There is no card {target}.")


@dataclass
class GroupStage(Stage):
    """A stage whose chats have company."""

    company: Sequence[str] = ("tam", "orla")

    def open(self, target: str | None, chat_id: int | None) -> Session:
        plain = super().open(target, chat_id)
        session = Session(
            plain.store, self.engine, self.card, plain.chat, self.settings, casting=CardSource(find)
        )
        for name in self.company:
            session.scene.add(name, known=True)
        self.opened[-1] = session
        return session


@pytest.fixture
def stage(tmp_path: Path) -> GroupStage:
    return GroupStage(tmp_path)


def speakers(app: RptermApp) -> list[str]:
    return [turn.speaker for turn in app.chat.transcript.turns]


async def done(pilot: Pilot[None], app: RptermApp) -> None:
    await wait_until(pilot, lambda: not app.chat.state.busy and app.chat.state.info is not None)


async def press(pilot: Pilot[None], app: RptermApp, *keys: str) -> None:
    await pilot.press(*keys)
    await done(pilot, app)


async def test_a_named_member_replies_and_enter_lets_the_next_one_speak(
    stage: GroupStage,
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        assert "with Tam and Orla Finn" in screen_text(app)
        await say(pilot, app, "Orla, is it far?")
        assert speakers(app)[-1] == "Orla Finn"
        await wait_until(pilot, lambda: "⏎ and Mara Venn speaks" in app.chat.input.placeholder)
        await pilot.press("enter")
        await wait_until(pilot, lambda: len(speakers(app)) == 4 and not app.chat.state.busy)
        assert speakers(app) == ["Mara Venn", "Ansel", "Orla Finn", "Mara Venn"]


async def test_every_speaker_has_a_name_and_a_colour(stage: GroupStage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Orla?")
        await say(pilot, app, "Tam?")
        views = [app.chat.transcript.view(turn.id) for turn in app.chat.transcript.turns]
        heads = [view._head() for view in views if view is not None]
        assert [head.plain for head in heads] == ["Mara Venn  ‹ 1/2 ›", "Ansel", "Orla Finn",
                                                  "Ansel", "Tam"]  # fmt: skip
        assert len({str(head.spans[0].style) for head in heads}) == 4


async def test_a_chat_with_one_character_shows_nothing_of_a_group(stage: GroupStage) -> None:
    stage.company = ()
    app = stage.app()
    async with running(app) as pilot:
        assert app.chat.input.placeholder == "Write to Mara Venn…"
        await pilot.press("enter")
        await wait_until(pilot, lambda: "Nothing to send" in notices(app))
        await pilot.press("alt+p")
        await wait_until(pilot, lambda: "No other character is here yet" in notices(app))


async def test_a_chosen_speaker_replies_to_the_draft_or_at_once(stage: GroupStage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await wait_until(pilot, lambda: "⏎ and Tam speaks" in app.chat.input.placeholder)
        await pilot.press("alt+p")
        await wait_until(pilot, lambda: "Who speaks next?" in screen_text(app))
        await wait_until(pilot, lambda: app.screen.list.highlighted_option is not None)
        assert app.screen.list.highlighted_option.id == "member:Tam Venn"
        await pilot.press("t", "a", "m")
        await wait_until(pilot, lambda: app.screen.list.option_count == 1)
        await pilot.press("enter")
        await wait_until(pilot, lambda: speakers(app)[-1] == "Tam" and not app.chat.state.busy)
        app.chat.input.put("And you?")
        await pilot.press("alt+p")
        await wait_until(pilot, lambda: "Who speaks next?" in screen_text(app))
        await pilot.press("o", "r", "l", "a", "enter")
        await wait_until(pilot, lambda: len(speakers(app)) == 4 and not app.chat.state.busy)
        assert speakers(app) == ["Mara Venn", "Tam", "Ansel", "Orla Finn"]


async def test_the_speaker_dialog_changes_the_turn_order(stage: GroupStage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("alt+p")
        await wait_until(pilot, lambda: "Who speaks next?" in screen_text(app))
        await pilot.press("r", "o", "u", "n", "d", "space", "a", "n", "d")
        await wait_until(pilot, lambda: app.screen.list.option_count == 1)
        await pilot.press("enter")
        scene = stage.session.scene
        await wait_until(pilot, lambda: scene.cast and scene.cast.taking is TurnTaking.ROUND)
        await wait_until(pilot, lambda: "Tam speaks" in app.chat.input.placeholder)
        for name in ("Tam", "Orla Finn", "Mara Venn"):
            await pilot.press("enter")
            await wait_until(pilot, lambda n=name: speakers(app)[-1] == n)
            await done(pilot, app)


async def test_members_are_muted_removed_and_added(stage: GroupStage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        scene = stage.session.scene
        await pilot.press("alt+a")
        await wait_until(pilot, lambda: isinstance(app.screen, CastScreen))
        await pilot.press("t", "a", "m", "enter")
        await wait_until(pilot, lambda: any(m.muted for m in scene.present))
        await wait_until(pilot, lambda: isinstance(app.screen, CastScreen))
        assert "Tam (muted)" in screen_text_of_chat(app)
        await pilot.press("o", "r", "l", "a", "delete")
        await wait_until(pilot, lambda: len(scene.present) == 2)
        await wait_until(pilot, lambda: isinstance(app.screen, CastScreen))
        await pilot.press("n", "a", "r", "r", "enter")
        await wait_until(pilot, lambda: len(scene.present) == 3)
        assert scene.present[-1].narrator
        await wait_until(pilot, lambda: isinstance(app.screen, CastScreen))
        await pilot.press("m", "a", "r", "a", "delete")
        await wait_until(pilot, lambda: "mute Mara Venn instead" in notices(app))
        await wait_until(pilot, lambda: isinstance(app.screen, CastScreen))
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen is app.chat)
        await say(pilot, app, "Narrator, what is there?")
        assert speakers(app)[-1] == "Narrator"


def screen_text_of_chat(app: RptermApp) -> str:
    header = app.chat.query_one("#header")
    content = header.render()
    return content.plain if isinstance(content, Content) else str(content)


async def test_swipes_edits_and_continuations_keep_the_speaker(stage: GroupStage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Orla?")
        await press(pilot, app, "ctrl+r")
        await wait_until(pilot, lambda: app.chat.transcript.turns[-1].swipes == 2)
        assert speakers(app)[-1] == "Orla Finn"
        await pilot.press("left")
        await wait_until(pilot, lambda: app.chat.transcript.turns[-1].swipe == 1)
        await pilot.press("ctrl+o")
        await wait_until(pilot, lambda: app.chat.transcript.turns[-1].swipes == 3)
        await done(pilot, app)
        assert speakers(app)[-1] == "Orla Finn"
        await pilot.press("alt+up", "e")
        await wait_until(pilot, lambda: app.chat.state.editor is not None)
        await pilot.press("x", "enter")
        await wait_until(pilot, lambda: app.chat.transcript.turns[-1].swipes == 4)
        assert speakers(app)[-1] == "Orla Finn"
        await pilot.press("alt+up", "b")
        await done(pilot, app)
        await pilot.press("escape")
        await say(pilot, app, "And Tam?")
        assert speakers(app)[-1] == "Tam"
        await pilot.press("alt+up", "d")
        await wait_until(pilot, lambda: app.screen is not app.chat)
        await pilot.press("y")
        await wait_until(pilot, lambda: app.screen is app.chat and len(speakers(app)) < 5)


async def test_the_cast_is_restored_after_a_restart(stage: GroupStage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Orla?")
    stage.company = ()
    again = stage.app()
    async with running(again) as pilot:
        assert "with Tam and Orla Finn" in screen_text(again)
        assert speakers(again) == ["Mara Venn", "Ansel", "Orla Finn"]
        await say(pilot, again, "And you, Tam?")
        assert speakers(again)[-1] == "Tam"


async def test_a_stopped_reply_keeps_its_speaker(stage: GroupStage) -> None:
    stage.engine = ScriptedEngine(["word " * 300], delay_s=0.01)
    app = stage.app()
    async with running(app) as pilot:
        await send(pilot, app, "Orla?")
        await wait_until(pilot, lambda: len(shown(app)[-1][1]) > 30 or "word" in screen_text(app))
        await pilot.press("escape")
        await wait_until(pilot, lambda: not app.chat.state.busy)
        last = app.chat.transcript.turns[-1]
        assert (last.speaker, last.status) == ("Orla Finn", Status.PARTIAL)


async def test_narrow_terminals_show_the_speakers_names(stage: GroupStage) -> None:
    app = stage.app()
    async with running(app, size=(60, 20)) as pilot:
        await say(pilot, app, "Orla?")
        text = screen_text(app)
        assert "Orla Finn" in text and "with Tam" in text and CARD.name in text


# Candidates that wait --------------------------------------------------------------------------
async def orla_waits(pilot: Pilot[None], app: RptermApp) -> str:
    """Mara spoke, then Orla: several of her replies wait, the second is marked; what it reads."""
    await say(pilot, app, "Mara?")
    await say(pilot, app, "Orla?")
    return await second_marked(pilot, app)


async def mara_then_orla_waits(pilot: Pilot[None], app: RptermApp) -> None:
    """Several of Orla's replies wait below one of Mara's."""
    await pilot.press("alt+p")
    await choose(pilot, app, "orla")
    await done(pilot, app)
    assert speakers(app) == ["Mara Venn", "Orla Finn"]
    await several(pilot, app)
    assert speakers(app) == ["Mara Venn"]


async def choose(pilot: Pilot[None], app: RptermApp, name: str) -> None:
    await wait_until(pilot, lambda: "Who speaks next?" in screen_text(app))
    await type_text(pilot, name)
    await wait_until(pilot, lambda: app.screen.query_one("OptionList").option_count == 1)
    await pilot.press("enter")
    await wait_until(pilot, lambda: app.screen is app.chat)


@pytest.mark.parametrize("words", ["", "And then?"])
async def test_choosing_a_speaker_keeps_the_marked_candidate_first(
    stage: GroupStage, words: str
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        wanted = await orla_waits(pilot, app)
        app.chat.input.put(words)
        await pilot.press("alt+p")
        await choose(pilot, app, "tam")
        await wait_until(pilot, lambda: speakers(app)[-1] == "Tam")
        await done(pilot, app)
        assert texts(app)[4:-1] == [wanted, *([words] if words else [])]


async def test_the_proposed_speaker_follows_the_marked_candidate(stage: GroupStage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await orla_waits(pilot, app)
        await pilot.press("alt+p")
        await wait_until(pilot, lambda: "Who speaks next?" in screen_text(app))
        await wait_until(pilot, lambda: app.screen.list.highlighted_option is not None)
        assert app.screen.list.highlighted_option.id != "member:Orla Finn"


@pytest.mark.parametrize("key", ["ctrl+r", "ctrl+g", "ctrl+o"])
async def test_regenerate_and_continue_act_on_the_marked_candidate(
    stage: GroupStage, key: str
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await mara_then_orla_waits(pilot, app)
        assert app.chat.state.choosing is not None
        before = app.chat.state.choosing
        await pilot.press(key)
        await wait_until(pilot, lambda: app.chat.state.choosing is not before)
        await done(pilot, app)
        if key == "ctrl+g":
            await pilot.press("enter")
            await wait_until(pilot, lambda: app.chat.state.choosing is None)
        assert speakers(app) == ["Mara Venn", "Orla Finn"]
        assert app.chat.transcript.turns[0].swipes == 2


async def test_the_placeholder_names_a_speaker_only_if_enter_lets_one_speak(
    stage: GroupStage,
) -> None:
    stage.engine = ScriptedEngine(["word " * 300], delay_s=0.01)
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("enter")
        await wait_until(pilot, lambda: "word" in screen_text(app))
        assert app.chat.input.placeholder == "Write…"
        await pilot.press("escape")
        await wait_until(pilot, lambda: "speaks" in app.chat.input.placeholder)
        stage.engine._delay = 0.0
        await several(pilot, app)
        assert app.chat.input.placeholder == "Write…"
        await pilot.press("enter")
        await wait_until(pilot, lambda: "speaks" in app.chat.input.placeholder)
        await pilot.press("ctrl+t")
        await wait_until(pilot, lambda: app.chat.input.text)
        await done(pilot, app)
        assert "speaks" in app.chat.input.placeholder


# Muted -----------------------------------------------------------------------------------------
async def test_the_error_that_nobody_can_speak_disappears_after_unmuting(stage: GroupStage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        scene = stage.session.scene
        for member in scene.present:
            scene.mute(member.card_name, True)
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.chat.query(ErrorBlock))
        await done(pilot, app)
        await pilot.press("alt+a")
        await wait_until(pilot, lambda: isinstance(app.screen, CastScreen))
        await pilot.press("t", "a", "m", "enter")
        await wait_until(pilot, lambda: not app.chat.query(ErrorBlock))


async def test_the_header_shows_that_the_lead_is_muted(stage: GroupStage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("alt+a")
        await wait_until(pilot, lambda: isinstance(app.screen, CastScreen))
        await pilot.press("m", "a", "r", "a", "enter")
        await wait_until(pilot, lambda: "Mara Venn (muted)" in screen_text_of_chat(app))


async def test_cast_changes_of_another_terminal_are_shown(stage: GroupStage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        with Store(stage.folder / "rpterm.db") as other:
            cast = Casts(other).get(1)
            assert cast is not None
            tam = replace(cast.members[1], present=False)
            members = (cast.members[0], tam, cast.members[2])
            Casts(other).put(1, Cast(members, TurnTaking.ROUND))
            await wait_until(
                pilot,
                lambda: "In another terminal: Tam left; turns go round." in notices(app),
            )
            assert "with Orla Finn" in screen_text(app)
            assert "Orla Finn speaks" in screen_text(app)


async def test_choosing_a_speaker_runs_a_command_in_the_input_instead_of_sending_it(
    stage: GroupStage,
) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await type_text(pilot, "/note")
        await pilot.press("alt+p")
        await wait_until(pilot, lambda: "Author's note" in screen_text(app))
        assert len(texts(app)) == 1 and app.chat.input.text == ""
