"""The Examples pane: changes of the card's file, and settings of one chat."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea
from tui_support import (
    CARD,
    REPLIES,
    SlowLoad,
    Stage,
    notices,
    running,
    say,
    screen_text,
    send,
    wait_until,
)

from rpterm.cards.card import CharacterCard, Example
from rpterm.cards.format.reader import load, parse
from rpterm.cards.format.writer import dump
from rpterm.cards.library import CardNotFound
from rpterm.chat.cast.card_lookup import CardSource
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.engine.scripted import ScriptedEngine
from rpterm.examples.pool import card_exemplars
from rpterm.examples.provider import ExampleProvider
from rpterm.scoring.scorer import Score
from rpterm.store import Store
from rpterm.tui.app import RptermApp
from rpterm.tui.screens.chat import examples, opening, replies
from rpterm.tui.screens.chat.require import Refusal
from rpterm.tui.screens.form import Form
from rpterm.tui.widgets.panes.examples import ExamplesPane
from rpterm.types import Persona

SCORE = Score(0.03, 0.02, 0.04, {"persona": 0.03}, {}, True, "")


def exchange(asked: str, said: str) -> Example:
    return Example((("user", asked), ("char", said)))


MARA = replace(CARD, examples=(exchange("Far?", "Far enough."), exchange("Cold?", "Always.")))
TAM = CharacterCard("Tam Venn", greetings=("A line.",), examples=(exchange("Draw?", "Drawn."),))


@dataclass(frozen=True)
class Found:
    card: CharacterCard
    text: str
    path: Path | None


class FileStage(Stage):
    """A stage whose cards lie in files, and whose sessions have examples."""

    company: Sequence[str] = ()
    user: str = "Ansel"

    def find(self, target: str) -> Found:
        """The card of a character that joins."""
        if target != "tam":
            raise CardNotFound(f"There is no card {target}.")
        text = self.file(TAM).read_text("utf-8")
        return Found(parse(text), text, self.file(TAM))

    def file(self, card: CharacterCard = MARA) -> Path:
        return self.folder / f"{card.name.split()[0].lower()}.toml"

    def open(self, target: str | None, chat_id: int | None) -> Session:
        if self.gate is not None:
            self.gate.wait(10)
        store = Store(self.folder / "rpterm.db")
        card = TAM if target == "tam" else MARA
        path = self.file(card)
        text = path.read_text("utf-8")
        chat = begin_chat(store, card, text, Persona(self.user), card_path=str(path))
        session = Session(
            store, self.engine, parse(text), chat, self.settings, examples=ExampleProvider(store),
            casting=CardSource(self.find),
        )  # fmt: skip
        for name in self.company:
            session.scene.add(name)
        self.opened.append(session)
        return session

    def insert(self, example: Example) -> None:
        """What an editor does: one more example above the others."""
        card = load(self.file())
        self.file().write_text(dump(replace(card, examples=(example, *card.examples))), "utf-8")

    def said(self, card: CharacterCard = MARA) -> list[str]:
        """The answers of the file's examples."""
        return [each.dialogue[-1][1] for each in load(self.file(card)).examples]


@pytest.fixture
def stage(tmp_path: Path) -> FileStage:
    stage = FileStage(tmp_path)
    for card in (MARA, TAM):
        stage.file(card).write_text(dump(card), "utf-8")
    return stage


def provider(stage: FileStage) -> ExampleProvider:
    found = stage.session.examples
    assert isinstance(found, ExampleProvider)
    return found


def pane(app: RptermApp) -> ExamplesPane | None:
    found = app.chat.panes.pane("examples")
    return found if isinstance(found, ExamplesPane) else None


def answers(app: RptermApp) -> list[str]:
    """What the rows of the pane say."""
    found = pane(app)
    return [row.exemplar.reply for row in found._rows.values()] if found else []


def marked(app: RptermApp) -> str:
    found = pane(app)
    return found.row.exemplar.reply if found and found.row else ""


async def open_pane(pilot: Pilot[None], app: RptermApp) -> None:
    await pilot.press("alt+x")
    await wait_until(pilot, lambda: marked(app))


async def open_form(pilot: Pilot[None], app: RptermApp) -> None:
    await pilot.press("e")
    await wait_until(pilot, lambda: isinstance(app.screen, Form) and app.screen.query(TextArea))


async def save(pilot: Pilot[None], app: RptermApp, said: str, refused: str = "") -> None:
    """Write another answer into the form, and keep it; it stays open if that is refused."""
    app.screen.query(TextArea).last().text = said
    await pilot.press("ctrl+s")
    if refused:
        await wait_until(pilot, lambda: refused in notices(app))
        assert app.screen.query(TextArea).last().text == said
    else:
        await wait_until(pilot, lambda: not isinstance(app.screen, Form))


async def test_an_edit_finds_its_example_in_a_file_saved_meanwhile(
    stage: FileStage,
) -> None:
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await open_pane(pilot, app)
        await pilot.press("down")
        await wait_until(pilot, lambda: marked(app) == "Always.")
        await open_form(pilot, app)
        stage.insert(exchange("New?", "New."))
        await save(pilot, app, "Never.")
        await wait_until(pilot, lambda: "was changed in mara.toml" in notices(app))
        assert stage.said() == ["New.", "Far enough.", "Never."]


async def test_editing_an_example_that_was_removed_from_the_file_is_refused(
    stage: FileStage,
) -> None:
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await open_pane(pilot, app)
        await open_form(pilot, app)
        stage.file().write_text(dump(replace(MARA, examples=MARA.examples[1:])), "utf-8")
        await save(pilot, app, "Never.", refused="removed from the card")
        assert stage.said() == ["Always."]


async def test_switching_chats_shows_the_other_cards_examples(stage: FileStage) -> None:
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await open_pane(pilot, app)
        await open_form(pilot, app)
        await save(pilot, app, "Not far.")
        await wait_until(pilot, lambda: stage.said() == ["Not far.", "Always."])
        stage.gate = threading.Event()
        app.chat.work(opening.switch_chat(app.chat, "tam", None))
        await wait_until(pilot, lambda: answers(app) == [])
        await pilot.press("e")
        await wait_until(pilot, lambda: "The chat is still opening" in notices(app))
        stage.gate.set()
        await wait_until(pilot, lambda: answers(app) == ["Drawn."])
        await pilot.press("u")
        await wait_until(pilot, lambda: "Nothing to undo" in notices(app))
        await open_form(pilot, app)
        await save(pilot, app, "Torn.")
        await wait_until(pilot, lambda: stage.said(TAM) == ["Torn."])
        assert stage.said() == ["Not far.", "Always."]


async def test_an_edit_is_dropped_if_another_chat_was_opened_meanwhile(stage: FileStage) -> None:
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await open_pane(pilot, app)
        await open_form(pilot, app)
        await opening.switch_chat(app.chat, "tam", None)
        await wait_until(pilot, lambda: len(stage.opened) == 2 and app.chat.session is not None)
        await save(pilot, app, "Never.", refused="another chat was opened")
        assert stage.said() == ["Far enough.", "Always."] and stage.said(TAM) == ["Drawn."]


async def test_a_save_of_the_card_file_updates_the_examples_pane(stage: FileStage) -> None:
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await open_pane(pilot, app)
        stage.insert(exchange("New?", "New."))
        await wait_until(pilot, lambda: answers(app) == ["New.", "Far enough.", "Always."])


async def test_an_examples_pane_opened_while_the_model_loads_is_filled_afterwards(
    stage: FileStage,
) -> None:
    engine = stage.engine = SlowLoad(REPLIES)
    app = stage.app()
    async with running(app, (140, 40), ready=False) as pilot:
        await pilot.press("alt+x")
        await wait_until(pilot, lambda: "Waiting for the model" in screen_text(app))
        assert answers(app) == []
        engine.gate.set()
        await wait_until(pilot, lambda: answers(app) == ["Far enough.", "Always."])


async def test_keeping_a_members_reply_adds_the_example_to_its_own_card(
    stage: FileStage,
) -> None:
    stage.company = ("tam",)
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await say(pilot, app, "Tam, is it far?")
        await pilot.press("alt+k")
        await wait_until(pilot, lambda: stage.said(TAM) == ["Drawn.", REPLIES[0]])
        assert "Example 2 was added in tam.toml" in notices(app)
        assert len(stage.session.scene.actor("tam").card.examples) == 2
        await open_pane(pilot, app)
        await pilot.press("u")
        await wait_until(pilot, lambda: stage.said(TAM) == ["Drawn."])
        assert stage.said() == ["Far enough.", "Always."]


async def test_a_name_in_a_kept_reply_becomes_a_macro_in_any_script(stage: FileStage) -> None:
    stage.user, stage.engine = "小明", ScriptedEngine(["小明你好。"])
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await say(pilot, app, "Far?")
        await pilot.press("alt+k")
        await wait_until(pilot, lambda: "{{user}}你好。" in stage.said())


async def test_a_narrators_reply_is_refused_as_an_example(stage: FileStage) -> None:
    stage.company = ("tam", "narrator")
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await say(pilot, app, "Narrator?")
        await pilot.press("alt+k")
        await wait_until(pilot, lambda: "Narrator is a narrator" in notices(app))
        assert stage.said() == ["Far enough.", "Always."]


async def test_an_edited_example_stays_pinned_and_marked(stage: FileStage) -> None:
    app = stage.app()

    def places() -> list[tuple[str, str]]:
        found = pane(app)
        return [(row.place, row.exemplar.reply) for row in found._rows.values()] if found else []

    async with running(app, (140, 40)) as pilot:
        await open_pane(pilot, app)
        await pilot.press("down", "x")
        before = [("card", "Far enough."), ("excluded", "Always.")]
        await wait_until(pilot, lambda: places() == before)
        await open_form(pilot, app)
        await save(pilot, app, "Never.")
        after = [("card", "Far enough."), ("excluded", "Never.")]
        await wait_until(pilot, lambda: places() == after and marked(app) == "Never.")
        await pilot.press("u")
        await wait_until(pilot, lambda: places() == before and marked(app) == "Always.")


async def test_comparing_without_any_example_in_the_prompt_is_refused(stage: FileStage) -> None:
    stage.file().write_text(dump(replace(MARA, examples=())), "utf-8")
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await say(pilot, app, "Hello")
        asked = len(stage.engine.requests)
        await pilot.press("alt+x")
        await wait_until(pilot, lambda: "There are no examples yet" in screen_text(app))
        await pilot.press("plus", "w")
        await wait_until(pilot, lambda: "contains no example" in notices(app))
        assert len(stage.engine.requests) == asked
        assert "Nothing is left to choose" not in screen_text(app)


async def test_the_pane_says_so_if_all_examples_are_left_out(stage: FileStage) -> None:
    app = stage.app()

    def crossed(count: int) -> bool:
        return screen_text(app).count("✗") == count

    async with running(app, (140, 40)) as pilot:
        await open_pane(pilot, app)
        await pilot.press("plus")
        await wait_until(pilot, lambda: "Nothing is left to choose" in screen_text(app))
        for left in (1, 2):
            await pilot.press("home", "x")
            await wait_until(pilot, partial(crossed, left))
        await wait_until(pilot, lambda: "None of these is in the prompt" in screen_text(app))


async def test_the_example_budget_stays_within_its_slider_and_returns_to_the_default(
    stage: FileStage,
) -> None:
    app = stage.app()

    def budget() -> int:
        return provider(stage).sizes(stage.session.chat_id)[1]

    async def set_to(tokens: int) -> None:
        provider(stage).set_sizes(stage.session.chat_id, 0, tokens)
        await examples.fill(app.chat)

    async with running(app, (140, 40)) as pilot:
        await open_pane(pilot, app)
        await set_to(2944)
        await pilot.press("right_square_bracket")
        await wait_until(pilot, lambda: budget() == 2048 and "2,048" in screen_text(app))
        await pilot.press("left_square_bracket")
        await wait_until(pilot, lambda: budget() == 1984)
        await set_to(64)
        await pilot.press("left_square_bracket")
        await wait_until(pilot, lambda: budget() == 0 and "1,024 default" in screen_text(app))
        await set_to(192)
        lines = screen_text(app).splitlines()
        row = next(y for y, line in enumerate(lines) if " budget" in line)
        await pilot.click(offset=(lines[row].index("━"), row))
        await wait_until(pilot, lambda: budget() == 0)


async def test_the_notice_about_a_pinned_example_has_its_macros_expanded(stage: FileStage) -> None:
    said = '*She nods.* "Far enough, {{user}}."'
    own = exchange("Far?", REPLIES[0])  # The very reply was kept as an example.
    card = replace(MARA, examples=(own, exchange("Far?", said)))
    stage.file().write_text(dump(card), "utf-8")
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await say(pilot, app, "Far?")
        await examples.pin_nearest(app.chat, app.chat.transcript.turns[-1], SCORE)
        expected = 'Example 2 is pinned: “She nods. "Far enough, Ansel."” It counts'
        await wait_until(pilot, lambda: expected in notices(app))
        key = card_exemplars(stage.session.card)[1].key
        assert provider(stage).marks(stage.session.chat_id) == {key: "pinned"}


async def test_an_incomplete_reply_is_refused_as_an_example(stage: FileStage) -> None:
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await say(pilot, app, "Far?")
        reply = app.chat.transcript.turns[-1]
        with stage.session.store.connections.write() as connection:
            connection.execute("UPDATE turns SET status = 'partial' WHERE id = ?", (reply.id,))
        await replies.refresh_transcript(app.chat)
        await pilot.press("alt+k")
        await wait_until(pilot, lambda: "breaks off: continue it (Ctrl+O)" in notices(app))
        assert stage.said() == ["Far enough.", "Always."]


async def test_pinning_an_example_for_a_members_reply_is_refused(stage: FileStage) -> None:
    stage.company = ("tam",)
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        await say(pilot, app, "Tam?")
        with pytest.raises(Refusal, match="Only examples of Mara Venn can be pinned"):
            await examples.pin_nearest(app.chat, app.chat.transcript.turns[-1], SCORE)
        assert provider(stage).marks(stage.session.chat_id) == {}


async def test_in_a_group_the_examples_pane_shows_the_leads_prompt(
    stage: FileStage,
) -> None:
    stage.company = ("tam",)
    app = stage.app()
    async with running(app, (140, 40)) as pilot:
        app.chat.input.put("Tam?")
        await open_pane(pilot, app)
        found = pane(app)
        assert found is not None
        rows = found._rows.values()
        assert [(row.exemplar.reply, row.place) for row in rows] == [
            ("Far enough.", "card"), ("Always.", "card"),
        ]  # fmt: skip


async def test_the_examples_pane_says_so_if_the_model_cannot_be_loaded(stage: FileStage) -> None:
    engine = stage.engine = SlowLoad(REPLIES, fail="The weights are broken.")
    app = stage.app()
    async with running(app, (140, 40), ready=False) as pilot:
        await pilot.press("alt+x")
        await wait_until(pilot, lambda: "Waiting for the model" in screen_text(app))
        engine.gate.set()
        await wait_until(pilot, lambda: "Without a model, tokens cannot be" in screen_text(app))
        engine.fail = ""
        app.chat.input.focus()
        await send(pilot, app, "Hello")
        await wait_until(pilot, lambda: answers(app) == ["Far enough.", "Always."])
