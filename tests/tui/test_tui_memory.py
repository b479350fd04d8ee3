"""The Memory pane: recalled memories with their reasons, and its commands by key and mouse."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from textual.widgets import Input, TextArea
from tui_support import Stage, notices, running, say, screen_text, wait_until

from rpterm.chat.session import Session
from rpterm.memory.character_memory import CharacterMemory
from rpterm.store.memory.memories import Memories
from rpterm.tui.app import RptermApp
from rpterm.tui.widgets.panes.memory import MemoryPane
from rpterm.types import Origin


class Patient:
    """An embedder that waits until it is let."""

    model, dim, state = "patient", 2, "ready"

    def __init__(self) -> None:
        self.let = threading.Event()

    def start(self) -> None: ...

    def close(self) -> None:
        self.let.set()

    def encode_now(self, text: str, timeout: float) -> None:
        return None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.let.wait()
        return np.ones((len(texts), 2), np.float32)


@dataclass
class MemoryStage(Stage):
    """Sessions that remember, and an older chat in which a grandmother kept bees."""

    embedder: Patient | None = None

    def open(self, target: str | None, chat_id: int | None) -> Session:
        plain = super().open(target, chat_id)
        plain.memory = CharacterMemory(plain.store, self.card.name, self.embedder)
        session = Session(
            plain.store, plain.engine, plain.card, plain.chat, plain.settings, memory=plain.memory
        )
        self.opened[-1] = session
        return session

    def older_chat(self) -> tuple[int, int]:
        """The chat, and the turn that says it."""
        session = super().open(None, 0)
        chat, leaf = session.chat_id, session.chat.leaf_id
        for number in range(60):
            leaf = session.store.add_turn(
                chat, leaf, "user", "Ansel", f"small talk {number}", origin=Origin.TYPED
            ).id
            if number == 3:
                leaf = said = session.store.add_turn(
                    chat, leaf, "user", "Ansel", "My grandmother kept bees in Ravenna",
                    origin=Origin.TYPED,
                ).id  # fmt: skip
        session.store.create_chat(card_name=self.card.name, card_hash=session.chat.card_hash)
        session.store.close()
        return chat, said


@pytest.fixture
def stage(tmp_path: Path) -> MemoryStage:
    return MemoryStage(tmp_path)


def pane(app: RptermApp) -> MemoryPane:
    found = app.chat.panes.pane("memory")
    assert isinstance(found, MemoryPane)
    return found


async def opened(pilot, app: RptermApp) -> MemoryPane:
    await pilot.press("alt+m")
    await wait_until(pilot, lambda: "memory" in app.chat.panes.shown and pane(app)._view)
    return pane(app)


def remembered(app: RptermApp) -> CharacterMemory:
    session = app.chat.session
    assert session is not None
    assert session.memory is not None
    assert session.memory.settled(10)
    return session.memory


async def test_the_memory_pane_says_why_nothing_was_recalled(stage: MemoryStage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await opened(pilot, app)
        await wait_until(pilot, lambda: "no reply was requested yet" in screen_text(app))
        await say(pilot, app, "My grandmother kept bees")
        remembered(app)
        await wait_until(
            pilot, lambda: "all that fits is in the prompt already" in screen_text(app)
        )


async def test_recalled_memories_are_shown_with_reason_and_source(
    stage: MemoryStage,
) -> None:
    chat, said = stage.older_chat()
    app = stage.app()
    async with running(app, (120, 36)) as pilot:
        here = app.chat.session.chat_id
        remembered(app)
        await say(pilot, app, "What did my grandmother keep in Ravenna?")
        await opened(pilot, app)
        await wait_until(pilot, lambda: "RECALLED THIS TURN  " in screen_text(app))
        shown = screen_text(app)
        assert "words" in shown.split("RECALLED THIS TURN")[1].splitlines()[1]
        assert "My grandmother kept bees in Ravenna" in shown
        assert f"Said in chat {chat}" in shown
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.chat.transcript.selected is not None)
        assert app.chat.session.chat_id == chat
        assert app.chat.transcript.selected.id == said
        await wait_until(pilot, lambda: "Alt+←" in notices(app))
        await pilot.press("alt+left")
        await wait_until(
            pilot, lambda: app.chat.session is not None and app.chat.session.chat_id == here
        )
        await wait_until(pilot, lambda: pane(app)._view and pane(app)._view.used)


async def test_opening_a_memory_selects_its_turn(stage: MemoryStage) -> None:
    chat, said = stage.older_chat()
    app = stage.app()
    async with running(app, (200, 50)) as pilot:
        await app.chat.run_worker(_go(app, chat)).wait()
        await wait_until(pilot, lambda: app.chat.session and app.chat.session.chat_id == chat)
        await wait_until(pilot, lambda: app.chat.state.info is not None)
        remembered(app)
        found = await opened(pilot, app)
        await pilot.press("slash", *"bees", "enter")
        await wait_until(pilot, lambda: found._view and len(found._view.rows) == 1)
        assert app.chat.transcript.view(said) is None
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.chat.transcript.selected is not None)
        assert app.chat.transcript.selected.id == said


async def _go(app: RptermApp, chat_id: int) -> None:
    from rpterm.tui.screens.chat import opening

    await opening.switch_chat(app.chat, None, chat_id)


async def test_memories_are_added_pinned_edited_and_forgotten_by_keys(stage: MemoryStage) -> None:
    app = stage.app()
    async with running(app, (120, 36)) as pilot:
        memory = remembered(app)
        await opened(pilot, app)
        await pilot.press("a")
        await wait_until(pilot, lambda: app.screen.query("#field-text"))
        app.screen.query_one("#field-text", TextArea).text = "Ansel fears the ferryman"
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: "fears the ferryman" in screen_text(app))
        (note,) = memory.page(kinds=("note",))
        _mark(app, f"row:{note.id}")
        await pilot.press("p")
        await wait_until(pilot, lambda: memory.page(kinds=("note",))[0].pinned)
        await wait_until(pilot, lambda: "◆" in screen_text(app))
        await pilot.press("e")
        await wait_until(pilot, lambda: app.screen.query("#field-text"))
        app.screen.query_one("#field-text", TextArea).text = "Ansel loves the ferryman"
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: "loves the ferryman" in screen_text(app))
        await pilot.press("d")
        await wait_until(pilot, lambda: app.screen.query("#y"))
        await pilot.press("escape")
        assert memory.page(kinds=("note",))
        await wait_until(pilot, lambda: not app.screen.query("#y"))
        await pilot.press("d")
        await wait_until(pilot, lambda: app.screen.query("#y"))
        await pilot.press("y")
        await wait_until(pilot, lambda: not memory.page(kinds=("note",)))
        await wait_until(pilot, lambda: "ferryman" not in screen_text(app))


def _mark(app: RptermApp, key: str) -> None:
    listed = pane(app).listed
    listed.highlighted = listed.get_option_index(key)


async def test_phrases_and_memories_are_blocked_and_allowed_again(
    stage: MemoryStage,
) -> None:
    app = stage.app()
    async with running(app, (120, 36)) as pilot:
        memory = remembered(app)
        note = memory.add("The vault is empty")
        await opened(pilot, app)
        await wait_until(pilot, lambda: "The vault is empty" in screen_text(app))
        _mark(app, f"row:{note.id}")
        await pilot.press("n")
        await wait_until(pilot, lambda: app.screen.query("#field-phrase"))
        await pilot.press("enter")
        await wait_until(pilot, lambda: "NEVER MENTION  1" in screen_text(app))
        assert memory.hidden() == [memory.get_many([note.id])[note.id]]
        await pilot.press("n")
        await wait_until(pilot, lambda: app.screen.query("#field-phrase") or not memory.hidden())
        await wait_until(pilot, lambda: "NEVER MENTION" not in screen_text(app))
        await pilot.press("n")
        await wait_until(pilot, lambda: app.screen.query("#field-phrase"))
        app.screen.query_one("#field-phrase", Input).value = "the cellar"
        await pilot.press("enter")
        await wait_until(pilot, lambda: "“the cellar”" in screen_text(app))
        (block,) = memory.blocks()
        _mark(app, f"block:{block.id}")
        await wait_until(pilot, lambda: "Nothing that contains" in screen_text(app))
        await pilot.press("n")
        await wait_until(pilot, lambda: not memory.blocks())


async def test_the_number_of_memories_to_embed_counts_down(stage: MemoryStage) -> None:
    stage.embedder = Patient()
    app = stage.app()
    async with running(app, (120, 36)) as pilot:
        await opened(pilot, app)
        await wait_until(pilot, lambda: "to embed" in screen_text(app))
        stage.embedder.let.set()
        await wait_until(pilot, lambda: "to embed" not in screen_text(app))


async def test_the_memory_list_is_filtered_by_search_and_kind(stage: MemoryStage) -> None:
    app = stage.app()
    async with running(app, (120, 36)) as pilot:
        memory = remembered(app)
        memory.add("The parrot is called Figaro", kind="fact", by_model=True)
        memory.add("The tortoise is called Ada")
        found = await opened(pilot, app)
        await wait_until(pilot, lambda: "by the model" in screen_text(app))
        await pilot.press("slash", *"parr")
        await wait_until(pilot, lambda: found._view and len(found._view.rows) == 1)
        assert "Ada" not in screen_text(app)
        await pilot.press("escape")  # It leaves the search, and not the pane yet.
        await wait_until(pilot, lambda: "Ada" in screen_text(app))
        assert found.listed.has_focus and not found.query_text
        await pilot.press("k", "k")
        await wait_until(pilot, lambda: found.kind == "fact" and "Ada" not in screen_text(app))
        assert "Figaro" in screen_text(app)


async def test_a_superseded_fact_shows_its_replacement(stage: MemoryStage) -> None:
    app = stage.app()
    async with running(app, (120, 36)) as pilot:
        memory = remembered(app)
        old = memory.add("Ansel lives in Bath", kind="fact")
        new = memory.add("Ansel lives in London", kind="fact")
        assert app.chat.session is not None
        Memories(app.chat.session.store).update(old.id, superseded_by=new.id)
        await opened(pilot, app)
        await wait_until(pilot, lambda: "replaced" in screen_text(app))
        _mark(app, f"row:{old.id}")
        await pilot.pause()
        assert "now: Ansel lives in London" in screen_text(app)
        _mark(app, f"row:{new.id}")
        await pilot.pause()
        assert "earlier: Ansel lives in Bath" in screen_text(app)


async def test_a_fact_shows_the_quote_it_was_extracted_from(stage: MemoryStage) -> None:
    from rpterm.store.memory.distilled import Draft

    app = stage.app()
    async with running(app, (120, 36)) as pilot:
        memory = remembered(app)
        session = app.chat.session
        turn = session.path()[-1].id
        draft = Draft("fact", "Ansel has a parrot", (turn,), "model", quote="my old parrot")
        (fact,) = memory.distilled.add(memory.character, session.chat_id, [draft], [turn], "test")
        await opened(pilot, app)
        await wait_until(pilot, lambda: "has a parrot" in screen_text(app))
        _mark(app, f"row:{fact.id}")
        await wait_until(pilot, lambda: "Extracted by the model, from" in screen_text(app))


async def test_a_memory_file_is_added_and_forgotten(stage: MemoryStage, tmp_path: Path) -> None:
    (tmp_path / "bees.md").write_text("# Hives\nThe hive stands under the walnut tree.")
    app = stage.app()
    async with running(app, (120, 36)) as pilot:
        memory = remembered(app)
        await pilot.press("alt+f")
        await wait_until(pilot, lambda: app.screen.query("#field-path"))
        app.screen.query_one("#field-path", Input).value = "~nobody-here/bees.md"
        await pilot.press("enter")
        await wait_until(pilot, lambda: "There is no file ~nobody" in notices(app))
        for name, told in (("none.md", "There is no file"), ("bees.md", "1 piece.")):
            app.screen.query_one("#field-path", Input).value = str(tmp_path / name)
            await pilot.press("enter")
            await wait_until(pilot, lambda told=told: told in notices(app))
        await opened(pilot, app)
        await wait_until(pilot, lambda: "From bees.md, Hives" in screen_text(app))
        await pilot.press("d")
        await wait_until(pilot, lambda: app.screen.query("#y"))
        await pilot.press("y")
        await wait_until(pilot, lambda: not memory.files())


async def test_the_memory_panes_links_can_be_clicked(stage: MemoryStage) -> None:
    app = stage.app()
    async with running(app, (120, 36)) as pilot:
        memory = remembered(app)
        memory.add("The tortoise is called Ada")
        await opened(pilot, app)
        await wait_until(pilot, lambda: "Ada" in screen_text(app))
        lines = screen_text(app).splitlines()
        row = next(y for y, line in enumerate(lines) if "pin" in line and "edit" in line)
        await pilot.click(offset=(lines[row].index("pin"), row))
        await wait_until(pilot, lambda: memory.page(kinds=("note",))[0].pinned)


@pytest.mark.parametrize("size", [(80, 24), (20, 5)])
async def test_the_memory_pane_opens_and_closes_in_small_terminals(
    stage: MemoryStage, size: tuple[int, int]
) -> None:
    app = stage.app()
    async with running(app, size) as pilot:
        remembered(app).add("The tortoise is called Ada")
        await opened(pilot, app)
        assert app.chat.panes.covers
        await pilot.press("alt+m")
        await wait_until(pilot, lambda: not app.chat.panes.shown)
        assert app.chat.input.has_focus


async def test_the_memory_pane_says_so_if_memory_is_off(tmp_path: Path) -> None:
    app = Stage(tmp_path).app()
    async with running(app) as pilot:
        await pilot.press("alt+m")
        await wait_until(pilot, lambda: "no memory" in screen_text(app))
        await pilot.press("alt+f")
        await wait_until(pilot, lambda: "no memory" in notices(app))


async def test_in_a_short_terminal_the_list_takes_the_room_of_the_detail(
    stage: MemoryStage,
) -> None:
    app = stage.app()
    async with running(app, (80, 24)) as pilot:
        await say(pilot, app, "My grandmother kept bees")
        remembered(app)
        shown = await opened(pilot, app)
        detail = shown.query_one("#memory-detail")
        await wait_until(pilot, lambda: detail.outer_size.height > 1)
        await pilot.resize_terminal(80, 12)
        await wait_until(pilot, lambda: not detail.outer_size.height)
        assert shown.listed.size.height >= 3
