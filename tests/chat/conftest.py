"""A chat over a scripted engine and a database in a temporary folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from chatting import CARD, MakeSession

from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.scripted import ScriptedEngine
from rpterm.store import Store
from rpterm.types import Persona


@pytest.fixture
def make(store: Store, tmp_path: Path) -> MakeSession:
    """Make a session: ``make(["a reply", …], delay_s=…)``."""

    def made(replies: list[str], **engine: float | int) -> Session:
        chat = begin_chat(store, CARD, "name = 'Mara'", Persona("Ann"))
        states = tmp_path / "states"
        return Session(
            store, ScriptedEngine(replies, **engine), CARD, chat, Settings(), states=states
        )

    return made
