"""Facts extracted during a chat appear in the Memory pane, and typing pauses the extraction."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui_support import Stage, running, say, screen_text, wait_until

from rpterm.chat.session import Session
from rpterm.memory.character_memory import CharacterMemory
from rpterm.memory.distil.distiller import Distiller
from rpterm.memory.distil.work import DistillingWork


@dataclass
class WritingStage(Stage):
    """Sessions whose memory reads facts out of what is said."""

    busy: threading.Event = field(default_factory=threading.Event)
    broken: bool = False

    def open(self, target: str | None, chat_id: int | None) -> Session:
        plain = super().open(target, chat_id)
        memory = CharacterMemory(plain.store, self.card.name)
        told = self.busy.set

        class Watched(Distiller):
            def busy(self) -> None:
                told()
                super().busy()

        works: Any = (lambda: [None]) if self.broken else (lambda: [DistillingWork(memory)])
        distiller = Watched(works, plain.chat_id, lambda: "Ansel")
        session = Session(
            plain.store, plain.engine, plain.card, plain.chat, plain.settings, memory=memory
        )
        session.distiller = distiller
        self.opened[-1] = session
        return session


async def test_a_distilled_fact_appears_in_the_open_memory_pane_and_typing_pauses_distilling(
    tmp_path: Path,
) -> None:
    stage = WritingStage(tmp_path)
    app = stage.app()
    async with running(app, (120, 36)) as pilot:
        await pilot.press("alt+m")
        await wait_until(pilot, lambda: "memory" in app.chat.panes.shown)
        app.chat.input.focus()
        await say(pilot, app, "I moved to Ravenna last year.")
        await wait_until(pilot, lambda: "Ansel moved to Ravenna" in screen_text(app))
        stage.busy.clear()
        await pilot.press("a")
        await wait_until(pilot, stage.busy.is_set)


async def test_an_error_of_the_distiller_is_shown_in_the_memory_pane(tmp_path: Path) -> None:
    stage = WritingStage(tmp_path, broken=True)
    app = stage.app()
    async with running(app, (120, 36)) as pilot:
        await say(pilot, app, "I moved to Ravenna last year.")
        await wait_until(pilot, lambda: stage.opened[-1].distiller.error != "")
        await pilot.press("alt+m")
        await wait_until(pilot, lambda: "rpterm itself failed" in screen_text(app))
