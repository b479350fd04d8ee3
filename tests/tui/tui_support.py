"""Helpers of the TUI tests: a real session with a scripted engine, and waiting on the screen."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from rpterm.cards.card import CharacterCard, Example, Lorebook, LoreEntry
from rpterm.chat.live_settings import LiveSettings
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.protocol import EngineInfo, ModelError
from rpterm.engine.scripted import ScriptedEngine
from rpterm.store import Store
from rpterm.tui.app import RptermApp
from rpterm.tui.screens.chat import reply_events
from rpterm.tui.screens.chat.screen import ChatScreen
from rpterm.types import Origin, Persona

CARD = CharacterCard(
    name="Mara Venn",
    tagline="Keeper of a lighthouse that no map shows",
    description="She has kept the light for nineteen winters.",
    attributes=("Counts ships that never arrive", "Afraid of still water"),
    relations=("Her brother Tam is somewhere out there",),
    style=("Short sentences", "Never asks twice"),
    scenario="A storm, and one knock at the door.",
    greetings=(
        '*She lifts the lamp.* "You are late, {{user}}. The tide is not."',
        '"Close the door," she says. *The wind does it for you.*',
    ),
    examples=(Example((("user", "Is it far?"), ("char", "Far enough."))),),
    lorebook=Lorebook((LoreEntry(("bell",), "The bell rings by itself before a wreck."),)),
    knows_until="1911",
)

REPLIES = (
    '*She turns up the wick.* "Sit down. You are dripping on the charts."',
    '"Nineteen winters," *she says, and no more than that.*',
    '*The bell moves without a sound.* "Do not look at the water."',
    '"Tam drew that line," she says. "He was wrong by a mile."',
)


class SlowLoad(ScriptedEngine):
    """A scripted engine whose ``load`` waits until it is let go, or fails."""

    def __init__(self, *args: Any, fail: str = "", starter: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gate = threading.Event()
        self.fail = fail
        self.loading = threading.Event()

    def load(self, on_progress: Callable[[float], None] | None = None) -> EngineInfo:
        if on_progress is not None:
            on_progress(0.4)
        self.loading.set()
        self.gate.wait(10)
        if self.fail:
            raise ModelError(self.fail, "last line of the log")
        return super().load(on_progress)


@dataclass
class Stage:
    """Opens sessions on one store and one engine, as the launcher does."""

    folder: Path
    engine: ScriptedEngine = field(default_factory=lambda: ScriptedEngine(REPLIES))
    card: CharacterCard = CARD
    card_path: str | None = None
    turns: int = 0
    settings: Settings = field(default_factory=lambda: Settings(theme="lamplight"))
    opened: list[Session] = field(default_factory=list)
    gate: threading.Event | None = None
    calls: list[tuple[str | None, int | None]] = field(default_factory=list)

    def open(self, target: str | None, chat_id: int | None) -> Session:
        self.calls.append((target, chat_id))
        if self.gate is not None:
            self.gate.wait(10)
        store = Store(self.folder / "rpterm.db")
        chats = [] if chat_id == 0 else store.chats()
        if chat_id:
            chat = store.chat(chat_id)
        elif chats and target is None:
            chat = chats[0]
        else:
            toml = f"name = '{self.card.name}'"
            chat = begin_chat(store, self.card, toml, Persona("Ansel"), card_path=self.card_path)
            self._fill(store, chat.id)
            chat = store.chat(chat.id)
        session = Session(store, self.engine, self.card, chat, self.settings)
        self.opened.append(session)
        return session

    def _fill(self, store: Store, chat_id: int) -> None:
        leaf = store.chat(chat_id).leaf_id
        for number in range(self.turns):
            user = number % 2 == 0
            leaf = store.add_turn(
                chat_id, leaf, "user" if user else "assistant", "Ansel" if user else "Mara Venn",
                f"turn number {number}", origin=Origin.TYPED if user else Origin.GENERATED,
            ).id  # fmt: skip

    @property
    def session(self) -> Session:
        return self.opened[-1]

    def app(self, card: CharacterCard | None = CARD, **kwargs: Any) -> RptermApp:
        greeting = "You are late." if card else ""
        live_settings = LiveSettings(self.settings, self.folder / "config.toml", take=self.retune)
        of_app = {name: kwargs.pop(name) for name in ("first_run", "on_setting") if name in kwargs}
        given = {"greeting": greeting, "live_settings": live_settings, **kwargs}
        return RptermApp(ChatScreen(card, self.open, self.settings, **given), **of_app)

    def retune(self, settings: Settings, samplers: frozenset[str]) -> None:
        self.settings = settings
        self.session.apply_settings(settings, samplers)


@asynccontextmanager
async def running(
    app: RptermApp,
    size: tuple[int, int] = (100, 30),
    *,
    ready: bool = True,
) -> AsyncIterator[Pilot[None]]:
    """The program in a terminal of this size, ready to talk unless told otherwise."""
    async with app.run_test(size=size) as pilot:
        try:
            if ready:
                await wait_until(pilot, lambda: phase(app) == "ready")
            yield pilot
        finally:
            gate = getattr(app.chat.opener, "__self__", None)
            if isinstance(gate, Stage) and gate.gate is not None:
                gate.gate.set()
            app.close_session()


async def wait_until(
    pilot: Pilot[Any], predicate: Callable[[], object], timeout: float = 30.0
) -> None:
    """Wait until something holds; fails with the screen's text when it never does."""
    end = time.monotonic() + timeout
    while not predicate():
        if time.monotonic() > end:
            raise AssertionError("it never came true; the screen:\n" + screen_text(pilot.app))
        await asyncio.sleep(0.01)
    await pilot.pause()


def phase(app: RptermApp) -> str:
    return str(app.chat.state.figures.phase)


def screen_text(app: Any) -> str:
    """What the terminal shows, line by line."""
    _, height = app.size
    strips = app.screen._compositor.render_strips()
    lines = ["".join(segment.text for segment in strip) for strip in strips]
    return "\n".join(line.rstrip() for line in lines[:height])


def shown(app: RptermApp) -> list[tuple[str, str]]:
    """Role and text of the turns on screen."""
    return [(turn.role, turn.text) for turn in app.chat.transcript.turns]


def texts(app: RptermApp) -> list[str]:
    return [turn.text for turn in app.chat.transcript.turns]


async def type_text(pilot: Pilot[Any], text: str) -> None:
    for char in text:
        await pilot.press("space" if char == " " else char)


async def send(pilot: Pilot[Any], app: RptermApp, text: str) -> None:
    """Write something and press Enter."""
    app.chat.input.put(text)
    await pilot.press("enter")


async def say(pilot: Pilot[Any], app: RptermApp, text: str) -> None:
    """Write something, send it, and wait for the reply to be done."""
    await send(pilot, app, text)
    await wait_until(pilot, lambda: not app.chat.state.busy and phase(app) == "ready")


async def several(pilot: Pilot[Any], app: RptermApp) -> None:
    """Ask for several replies and wait for all of them."""
    await pilot.press("ctrl+g")
    await wait_until(pilot, lambda: not app.chat.state.busy and app.chat.state.choosing)


async def second_marked(pilot: Pilot[Any], app: RptermApp) -> str:
    """Several replies wait, the second one is marked; what it reads."""
    await several(pilot, app)
    await pilot.press("right")
    assert app.chat.state.choosing is not None
    return app.chat.state.choosing.marked.text


def record_reply(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Records from now on what the screen shows of replies, in order; runs of one count once."""
    told: list[str] = []

    def recorded(show: Callable[..., Any], name: str) -> Callable[..., Any]:
        def run(chat: ChatScreen, *what: Any) -> Any:
            shown = type(what[0]).__name__ if name == "handle" else name
            if told[-1:] != [shown]:
                told.append(shown)
            return show(chat, *what)

        return run

    for name in ("handle", "show_growth", "reply_ended", "engine_settled"):
        monkeypatch.setattr(reply_events, name, recorded(getattr(reply_events, name), name))
    return told


def notices(app: RptermApp) -> str:
    """Every notice on screen."""
    return "\n".join(str(notice.message) for notice in app._notifications)
