"""Live scores: status line, Consistency pane, underlined words, alarm and remedies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList
from tui_support import (
    CARD,
    REPLIES,
    Stage,
    notices,
    phase,
    running,
    say,
    screen_text,
    texts,
    type_text,
    wait_until,
)

from rpterm.cards.card import CharacterCard
from rpterm.chat.cast.actors import Actor
from rpterm.chat.live_scores import LiveScores
from rpterm.chat.session import Session
from rpterm.engine.scripted import ScriptedEngine
from rpterm.examples.provider import ExampleProvider
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.scorer import Score
from rpterm.scoring.signal import NO_DATA, Evidence, Reading
from rpterm.store.scores import Scores
from rpterm.tui.app import RptermApp
from rpterm.tui.screens.chat import scores
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.tui.widgets.alarm import Alarm
from rpterm.tui.widgets.candidates import Candidates
from rpterm.tui.widgets.panes.card import CardPane
from rpterm.tui.widgets.panes.consistency import ConsistencyPane

BROKEN = "As an AI language model, I cannot count ships."


class Judge:
    """A scorer that knows one thing: who says "AI" is no keeper of a light."""

    def __init__(self) -> None:
        self.full_asked: list[str] = []
        self.fail = False

    def score_quickly(self, reply: str, scene: ReplyScene) -> Score:
        if self.fail:
            raise ZeroDivisionError("a defect")
        return self._score(reply, scene, False)

    def score_fully(self, reply: str, scene: ReplyScene, stopped: object = None) -> Score | None:
        self.full_asked.append(reply)
        if self.fail:
            raise ZeroDivisionError("a defect")
        return self._score(reply, scene, True)

    def warm_embeddings(self, scene: ReplyScene) -> None:
        """Ready at once."""

    def close(self) -> None:
        """Nothing to free."""

    def _score(self, reply: str, scene: ReplyScene, complete: bool) -> Score:
        from rpterm.scoring.coefficients import load_coefficients

        broken = "AI" in reply
        words = reply.split()
        worse = words[-1].isdigit() and int(words[-1]) > 24
        fact = scene.facts[0]
        readings = {
            "assistant_voice": Reading(1.0, 1.0, (Evidence(0, 27, "an assistant"),))
            if broken
            else Reading(0.0),
            "contradiction": Reading(
                0.8, 0.5, (Evidence(29, 46, "says the contrary", fact.source, fact.text),)
            )
            if broken
            else NO_DATA,
        }
        p = 0.03 if broken else 0.3 if worse else 0.5 + 0.01 * len(words)
        dimensions = {"persona": p, "behaviour": None, "boundaries": 0.0 if broken else 1.0}
        return Score(
            p,
            p * 0.8,
            min(1.0, p * 1.2),
            dimensions,
            readings,
            complete,
            load_coefficients().version,  # type: ignore[arg-type]
        )


class Scored(Stage):
    """A stage whose sessions have scores and examples."""

    def open(self, target: str | None, chat_id: int | None) -> Session:
        session = super().open(target, chat_id)
        self.judge = getattr(self, "judge", None) or Judge()
        examples = ExampleProvider(session.store)
        session.scores = LiveScores(session.store, lambda: self.judge)  # type: ignore[arg-type,return-value]
        session.examples = session._prompter._examples = examples
        return session


@pytest.fixture
def stage(tmp_path: Path) -> Scored:
    return Scored(tmp_path)


def broken(tmp_path: Path) -> Scored:
    return Scored(tmp_path, engine=ScriptedEngine([BROKEN, *REPLIES]))


@asynccontextmanager
async def fallen(tmp_path: Path) -> AsyncIterator[tuple[Scored, RptermApp, Pilot[None]]]:
    """A chat whose character fell out of character, which is told."""
    stage = broken(tmp_path)
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await say(pilot, app, "Hello")
        await wait_until(pilot, lambda: "fell out of character" in screen_text(app))
        yield stage, app, pilot


def figure(app: RptermApp) -> str:
    return app.chat.state.figures.score


async def test_a_reply_is_scored_and_the_score_stored(
    stage: Scored, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[Score | None] = []
    show = scores.receive_score

    def receive_score(chat: Any, session: Any, turn: Any, score: Any, problem: str) -> None:
        scored.append(score)
        show(chat, session, turn, score, problem)

    monkeypatch.setattr(scores, "receive_score", receive_score)
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await say(pilot, app, "Hello")
        await wait_until(pilot, lambda: figure(app).startswith("in character"))
        assert "in character" in screen_text(app)
        last = stage.session.path()[-1]
        await wait_until(pilot, lambda: stage.judge.full_asked)
        await wait_until(pilot, lambda: app.chat.keeper.known[last.id].complete)
        rows = Scores(stage.session.store).get([last.id])
        assert rows[last.id].complete and rows[last.id].probability > 0.5
        assert scored and scored[0] is not None and not scored[0].complete


async def test_an_out_of_character_reply_shows_the_alarm_and_underlines_the_words(
    tmp_path: Path,
) -> None:
    async with fallen(tmp_path) as (stage, app, pilot):
        await pilot.press("f12")
        await wait_until(pilot, lambda: "sounds like an assistant" in screen_text(app))
        picture = screen_text(app)
        assert "VIOLATIONS" in picture and "contradicts" in picture
        assert "fell out of character: sounds like an assistant." in picture
        assert "Counts ships that" in picture and "attributes 1" in picture
        assert "behaviour" in picture and "not enough data" in picture
        view = app.chat.transcript.view(stage.session.path()[-1].id)
        assert view is not None
        underlined = [s for s in view._content().spans if "underline" in str(s.style)]
        assert len(underlined) == 2
        await pilot.press("f12")
        await wait_until(pilot, lambda: "VIOLATIONS" not in screen_text(app))


async def test_enter_on_evidence_shows_the_card_line(tmp_path: Path) -> None:
    stage = broken(tmp_path)
    app = stage.app()
    async with running(app, (200, 50)) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("alt+c")
        await wait_until(pilot, lambda: "contradicts" in screen_text(app))
        lines = screen_text(app).splitlines()
        row = next(y for y, line in enumerate(lines) if "attributes 1" in line)
        await pilot.click(offset=(lines[row].index("attributes 1"), row))
        await wait_until(pilot, lambda: isinstance(app.chat.panes.pane("card"), CardPane))
        pane = app.chat.panes.pane("card")
        assert isinstance(pane, CardPane)
        await wait_until(
            pilot,
            lambda: any("reverse" in str(s.style) for s in pane._body.content.spans),  # type: ignore[union-attr]
        )


async def test_regenerating_with_a_hint_passes_it_to_the_model_and_clears_the_alarm(
    tmp_path: Path,
) -> None:
    async with fallen(tmp_path) as (stage, app, pilot):
        await pilot.press("alt+h")
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[0])
        await wait_until(pilot, lambda: not app.chat.state.busy)
        prompt = stage.engine.requests[-1].prompt_text
        assert "Speak as Mara Venn and nobody else" in prompt
        assert "Remember: Counts ships that never arrive" in prompt
        await wait_until(pilot, lambda: "fell out of character" not in screen_text(app))


async def test_a_remedy_uses_the_speakers_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fallen(tmp_path) as (stage, app, pilot):
        scene = stage.session.scene
        tam = Actor(CharacterCard("Tam"), scene.lead.prompter, None)
        monkeypatch.setattr(scene, "actor_of", lambda _turn: tam)
        await pilot.press("alt+h")
        await wait_until(pilot, lambda: not app.chat.state.busy)
        assert "Speak as Tam and nobody else" in stage.engine.requests[-1].prompt_text


async def test_a_narrators_replies_are_not_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = broken(tmp_path)
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        monkeypatch.setattr(stage.session.scene, "plays_character", lambda _actor: False)
        await say(pilot, app, "Hello")
        await pilot.press("alt+h")
        await wait_until(pilot, lambda: "replies are not scored" in notices(app))
        assert not app.chat.keeper.known
        await pilot.press("f12")
        await wait_until(pilot, lambda: app.chat.panes.shown == ["consistency"])
        pane = app.chat.panes.pane("consistency")
        assert isinstance(pane, ConsistencyPane)
        await wait_until(pilot, lambda: pane.state.problem == scores.NARRATOR)


async def test_another_chat_starts_without_the_last_chats_scores(tmp_path: Path) -> None:
    async with fallen(tmp_path) as (_, app, pilot):
        await pilot.press("f12")
        await wait_until(pilot, lambda: "sounds like an assistant" in screen_text(app))
        await pilot.press("ctrl+n")
        await wait_until(pilot, lambda: "sounds like an assistant" not in screen_text(app))


async def test_tab_moves_to_a_pane_beside_the_chat_and_back(tmp_path: Path) -> None:
    async with fallen(tmp_path) as (_, app, pilot):
        await pilot.press("f12")
        await wait_until(pilot, lambda: app.chat.panes.shown == ["consistency"])
        await pilot.press("tab")
        await wait_until(pilot, lambda: app.chat.panes.query_one(OptionList).has_focus)
        await pilot.press("tab")
        await wait_until(pilot, lambda: app.chat.input.has_focus)


async def test_best_of_keeps_the_best_and_the_others_as_swipes(tmp_path: Path) -> None:
    async with fallen(tmp_path) as (stage, app, pilot):
        await pilot.press("alt+o")
        best = max((*REPLIES, BROKEN), key=lambda text: ("AI" not in text, len(text.split())))
        await wait_until(pilot, lambda: texts(app)[-1] == best)
        assert stage.session.path()[-1].swipes == 5
        assert "The best of 4" in str([n.title for n in app._notifications])


async def test_a_note_about_the_violations_is_proposed(tmp_path: Path) -> None:
    stage = broken(tmp_path)
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await say(pilot, app, "Hello")
        await wait_until(pilot, lambda: figure(app) == "in character 3%")
        await pilot.press("alt+n")
        await wait_until(pilot, lambda: "Author's note" in screen_text(app))
        assert "Counts ships that never arrive" in screen_text(app)
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: "Counts ships" in stage.session.chat.note.text)


async def test_a_pinned_example_is_in_the_next_prompt(tmp_path: Path) -> None:
    stage = broken(tmp_path)
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await say(pilot, app, "Hello")
        await wait_until(pilot, lambda: figure(app) == "in character 3%")
        await pilot.press("alt+j")
        await wait_until(pilot, lambda: "is pinned" in notices(app))
        why = {span.why for span in stage.session.preview("Is it far?").spans}
        assert "pinned example" in why


async def test_a_failing_scorer_is_reported_once_and_the_chat_continues(stage: Scored) -> None:
    stage.judge = Judge()
    stage.judge.fail = True
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await pilot.press("f12")
        await say(pilot, app, "Hello")
        await wait_until(pilot, lambda: "Scoring failed here" in screen_text(app))
        assert texts(app)[-1] == REPLIES[0]
        await say(pilot, app, "Still there?")
        assert texts(app)[-1] == REPLIES[1]
        assert phase(app) == "ready" and not notices(app)


async def test_typing_interrupts_the_slow_signals(stage: Scored) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await wait_until(pilot, lambda: stage.judge.full_asked)
        before = app.chat.keeper._epoch
        await type_text(pilot, "ab")
        assert app.chat.keeper._epoch > before


async def test_the_alarm_is_hidden_while_another_reply_is_generated(tmp_path: Path) -> None:
    async with fallen(tmp_path) as (_, app, pilot):
        app.chat.state.request = ScreenRequest()  # Asked for, and its prompt is not built yet.
        app.chat.keeper.clear_alarm()
        scores.refresh(app.chat)  # As when a score comes late.
        await wait_until(pilot, lambda: "fell out of character" not in screen_text(app))
        assert figure(app) == "" and app.chat.query_one(Alarm).sentence == ""
        app.chat.state.request = None
        scores.refresh(app.chat)
        await wait_until(pilot, lambda: "fell out of character" in screen_text(app))


async def test_an_edited_reply_is_scored_at_once(stage: Scored) -> None:
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await say(pilot, app, "Hello")
        await wait_until(pilot, lambda: figure(app))
        await pilot.press("ctrl+up", "e")
        await wait_until(pilot, lambda: app.chat.state.editor is not None)
        editor = app.chat.state.editor
        assert editor is not None
        editor.text = BROKEN
        await pilot.press("enter")
        await wait_until(pilot, lambda: figure(app) == "in character 3%")
        await wait_until(pilot, lambda: "fell out of character" in screen_text(app))


async def test_older_replies_are_scored_when_shown_and_fully_only_with_the_pane_open(
    tmp_path: Path,
) -> None:
    stage = Scored(tmp_path, turns=8)
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await wait_until(pilot, lambda: len(app.chat.keeper.known) == 4)
        await wait_until(pilot, lambda: stage.judge.full_asked)
        assert stage.judge.full_asked == ["turn number 7"]
        await pilot.press("f12")
        await wait_until(pilot, lambda: "4 replies" in screen_text(app))
        await wait_until(pilot, lambda: len(set(stage.judge.full_asked)) == 4)


async def test_a_slipping_character_shows_the_alarm_which_can_be_dismissed(tmp_path: Path) -> None:
    stage = Scored(tmp_path, turns=40)
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await wait_until(pilot, lambda: len(app.chat.keeper.known) == 20)
        await wait_until(pilot, lambda: "has been slipping" in screen_text(app))
        await pilot.press("f12")
        await wait_until(pilot, lambda: "slipping" in screen_text(app).replace("been slipping", ""))
        lines = screen_text(app).splitlines()
        row = next(y for y, line in enumerate(lines) if "✕" in line)
        await pilot.click(offset=(lines[row].index("✕"), row))
        await wait_until(pilot, lambda: "has been slipping" not in screen_text(app))


async def test_the_trend_of_a_reply_that_fell_is_not_called_steady(tmp_path: Path) -> None:
    stage = Scored(tmp_path, engine=ScriptedEngine([*REPLIES[:2], BROKEN]))
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await say(pilot, app, "Hello")
        await say(pilot, app, "Go on.")
        await pilot.press("f12")
        await wait_until(pilot, lambda: "steady" in screen_text(app))
        await say(pilot, app, "And then?")
        await wait_until(pilot, lambda: "the last one fell" in screen_text(app))
        assert "steady" not in screen_text(app)


async def test_replies_with_and_without_examples_are_shown_side_by_side(stage: Scored) -> None:
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("alt+x")
        await wait_until(pilot, lambda: "ALWAYS IN THE PROMPT" in screen_text(app))
        assert "card 1" in screen_text(app)
        await pilot.press("w")
        await wait_until(pilot, lambda: app.chat.query(Candidates))
        await wait_until(pilot, lambda: not app.chat.state.busy)
        picture = screen_text(app)
        assert "with examples" in picture and "without examples" in picture
        with_, without = stage.engine.requests[-2:]
        assert "Far enough." in with_.prompt_text
        assert "Far enough." not in without.prompt_text
        assert with_.seeds == without.seeds
        assert stage.session.path()[-1].text == REPLIES[0]
        await pilot.press("escape")
        await wait_until(pilot, lambda: not app.chat.query(Candidates))
        assert texts(app)[-1] == REPLIES[0]


async def test_the_chosen_side_of_a_comparison_joins_the_branch(stage: Scored) -> None:
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("alt+x")
        await wait_until(pilot, lambda: "ALWAYS IN THE PROMPT" in screen_text(app))
        await pilot.press("w")
        await wait_until(pilot, lambda: app.chat.query(Candidates))
        await wait_until(pilot, lambda: not app.chat.state.busy)
        await pilot.press("right", "enter")
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[2])
        assert stage.session.path()[-1].text == REPLIES[2]


async def test_examples_are_excluded_and_their_budget_changed_by_keys(stage: Scored) -> None:
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await pilot.press("alt+x")
        await wait_until(pilot, lambda: "ALWAYS IN THE PROMPT" in screen_text(app))
        await pilot.press("x")
        await wait_until(pilot, lambda: "you excluded it" in screen_text(app))
        assert "Far enough." not in stage.session.preview("Hm?").text
        await pilot.press("x", "plus", "plus", "right_square_bracket")
        await wait_until(
            pilot,
            lambda: stage.session.examples.sizes(stage.session.chat_id) == (2, 1088),  # type: ignore[union-attr]
        )
        await wait_until(pilot, lambda: "Far enough." in stage.session.preview("Hm?").text)


async def test_a_click_on_a_slider_sets_it(stage: Scored) -> None:
    app = stage.app()

    def sizes() -> tuple[int, int]:
        return stage.session.examples.sizes(stage.session.chat_id)  # type: ignore[union-attr]

    async def click(label: str, cell: int) -> None:
        lines = screen_text(app).splitlines()
        row = next(y for y, line in enumerate(lines) if f" {label}" in line)
        first = min(lines[row].find(mark) for mark in "━─" if mark in lines[row])
        await pilot.click(offset=(first + cell - 1, row))

    async with running(app, (140, 40)) as pilot:
        await pilot.press("alt+x")
        await wait_until(pilot, lambda: "ALWAYS IN THE PROMPT" in screen_text(app))
        await click("per turn", 3)
        await wait_until(pilot, lambda: sizes()[0] == 3 and "+  3" in screen_text(app))
        await click("per turn", 3)
        await wait_until(pilot, lambda: sizes()[0] == 2)
        await click("budget", 12)
        await wait_until(pilot, lambda: sizes() == (2, 2048))
        lines = screen_text(app).splitlines()
        row = next(y for y, line in enumerate(lines) if "x out" in line)
        await pilot.click(offset=(lines[row].index("x out"), row))
        await wait_until(pilot, lambda: "you excluded it" in screen_text(app))


async def test_a_kept_exchange_is_written_to_the_card_and_can_be_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RPTERM_HOME", str(tmp_path / "home"))
    path = tmp_path / "mara.toml"
    text = 'name = "Mara Venn"  # the keeper\n\n[[examples]]\nuser = "Is it far?"\nchar = "Far."\n'
    path.write_text(text, "utf-8")
    stage = Scored(tmp_path)
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        session = stage.session
        session.store.update_chat(session.chat_id, card_path=str(path))
        await say(pilot, app, "Who is Ansel?")
        await pilot.press("alt+k")
        await wait_until(pilot, lambda: "Who is {{user}}?" in path.read_text("utf-8"))
        assert path.read_text("utf-8").startswith(text[:30])
        await wait_until(pilot, lambda: len(session.card.examples) == 2)
        await pilot.press("alt+x")
        await wait_until(pilot, lambda: "card 2" in screen_text(app))
        await pilot.press("u")
        await wait_until(pilot, lambda: path.read_text("utf-8") == text)
        await wait_until(pilot, lambda: len(session.card.examples) == 1)
        assert CARD.examples  # the card of the tests itself is another one
