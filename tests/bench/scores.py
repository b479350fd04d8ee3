"""Latency of live scoring: the quick score, the slow one, and a key press while the slow one runs.

Run by hand: ``python tests/bench/scores.py``. Scorer and embedder are the real ones; the chat is
scripted, at the pace of a small model: replies of two to fifteen sentences (20 to 260 tokens). No
sentence occurs twice, because what was said before is already embedded. ``scored_ms`` runs from the
moment the finished reply reaches the program to the moment its score can be shown. The first slow
score evaluates all prompts (``slow_first_s``), later ones only what is new. No other engine
evaluates tokens meanwhile: in a real chat, the playing model takes its share of the processor.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Sized
from functools import partial
from pathlib import Path
from typing import Any

from rpterm import paths as folders
from rpterm.cards.format import reader
from rpterm.chat.live_scores import LiveScores, shipped_cards
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.scripted import ScriptedEngine
from rpterm.memory.embedding.embed import STARTER, WorkerEmbedder
from rpterm.models.starter import embedder_folder
from rpterm.scoring.scorer import Scorer
from rpterm.startup.scorer import open_scorer
from rpterm.store import Store
from rpterm.tui import bench
from rpterm.tui.app import RptermApp
from rpterm.tui.screens.chat import scores as screen_scores
from rpterm.tui.screens.chat.screen import ChatScreen
from rpterm.types import Persona, Turn

CARD = reader.load(Path(__file__).parents[2] / "characters" / "sherlock.toml")
WHO = ("The cabman", "Mrs Hudson", "Our visitor", "A clerk of the bank", "The younger brother",
       "Somebody in the yard", "The inspector")  # fmt: skip
DID = ("left the key under the mat", "heard the bell at a quarter past",
       "burnt a letter in the grate", "sold the grey mare", "asked for change of a sovereign",
       "came in by the lower gate", "read the wrong newspaper", "forgot an umbrella in the hall",
       "counted the spoons")  # fmt: skip
WHEN = ("before the rain began", "and told nobody", "while the lamp was still warm",
        "for no reason", "which I find suggestive", "as you would expect of a tired man",
        "in spite of the mud", "and that was on a Thursday")  # fmt: skip
TURNS, KEYS, SLOW = 40, 60, 4
PACE_S = 0.012
"""Between two tokens of the scripted engine, whose tokens are shorter than a model's."""


def sentence(number: int) -> str:
    """One of 504 different sentences."""
    who, number = WHO[number % 7], number // 7
    return f"{who} {DID[number % 9]} {WHEN[number // 9 % 8]}."


def replies() -> list[str]:
    """Replies in which no sentence occurs twice."""
    found, used = [], 0
    for at in range(TURNS):
        count = 2 + at * 5 % 14
        said = " ".join(sentence((used + each) * 37 % 504) for each in range(count))
        found.append(f'*He turns from the window.* "{said}"')
        used += count
    return found


async def measure(folder: Path, scorer: Scorer) -> dict[str, float]:
    store = Store(folder / "rpterm.db")
    chat = begin_chat(store, CARD, "name = 'Sherlock Holmes'", Persona("Ashby"))
    scores = LiveScores(store, lambda: scorer, others=lambda: shipped_cards(None))
    scores.prepare(CARD, chat)
    scores.warm(CARD, chat)
    engine = ScriptedEngine(replies(), delay_s=PACE_S)
    session = Session(store, engine, CARD, chat, Settings(), scores=scores)
    app = RptermApp(ChatScreen(CARD, lambda target, chat_id: session, Settings()))
    clock, took = bench._Clock(), []
    finished: dict[int, float] = {}

    replied, receive_score = app.chat.keeper.replied, screen_scores.receive_score

    def timed_replied(turn: Turn) -> None:
        finished.setdefault(turn.id, time.perf_counter())
        replied(turn)

    def timed_receive_score(chat: Any, session: Any, turn: Turn, *rest: Any) -> None:
        if turn.id in finished:
            took.append(time.perf_counter() - finished.pop(turn.id))
        receive_score(chat, session, turn, *rest)

    app.chat.keeper.replied = timed_replied  # type: ignore[method-assign]
    screen_scores.receive_score = timed_receive_score  # type: ignore[assignment]
    async with app.run_test(size=(120, 36)) as pilot:
        clock.watch(app)
        await bench._wait_until(lambda: str(app.chat.state.figures.phase) == "ready")
        for number in range(TURNS):
            app.chat.input.put(f"And then? {sentence(number * 11 + 5)}")
            await pilot.press("enter")
            await bench._wait_until(partial(_is_longer, took, number))
            await bench._wait_until(lambda: not app.chat.state.busy)
        keys = [await bench._press(app, clock, at) for at in range(KEYS)]
        app.chat.input.put("")
        cpu = [_cpu(session, scores, turn) for turn in session.path()[2::2]]
        slow, while_slow = await _keys_while_slow(app, clock, session, scores)
        app.close_session()
    return {
        "scored_p50_ms": _ms(statistics.median(took)), "scored_p95_ms": _ms(_p95(took)),
        "quick_cpu_p50_ms": _ms(statistics.median(cpu)), "quick_cpu_p95_ms": _ms(_p95(cpu)),
        "key_p50_ms": _ms(statistics.median(keys)), "key_p95_ms": _ms(_p95(keys)),
        "key_while_slow_p50_ms": _ms(statistics.median(while_slow)),
        "key_while_slow_p95_ms": _ms(_p95(while_slow)),
        "slow_first_s": round(slow[0], 2), "slow_s": round(statistics.median(slow[1:]), 2),
        "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


async def _keys_while_slow(
    app: RptermApp, clock: Any, session: Session, scores: LiveScores
) -> tuple[list[float], list[float]]:
    """Type while slow scores run back to back; in the program itself, typing stops them."""
    done, took = threading.Event(), []
    path = [turn for turn in session.path() if turn.role == "assistant"][1:]
    began = threading.Event()

    def work() -> None:
        for turn in path:
            start = time.perf_counter()
            began.set()
            if scores.score_fully(CARD, session.chat, turn, done.is_set) is not None:
                took.append(time.perf_counter() - start)

    thread = threading.Thread(target=work)
    thread.start()
    await bench._wait_until(began.is_set)
    keys = [await bench._press(app, clock, at) for at in range(KEYS)]
    if not thread.is_alive():
        raise RuntimeError("the slow scores ended before the keys did")
    await bench._wait_until(lambda: len(took) >= SLOW or not thread.is_alive())
    done.set()
    thread.join(60)
    return took, keys


def _cpu(session: Session, scores: LiveScores, turn: Turn) -> float:
    """CPU time of a quick score in this process, which a busy machine does not change."""
    began = time.thread_time()
    scores.score_quickly(CARD, session.chat, turn)
    return time.thread_time() - began


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def _is_longer(items: Sized, than: int) -> bool:
    return len(items) > than


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rpterm-bench-") as temporary:
        os.environ["RPTERM_HOME"] = temporary
        places = folders.find()
        embedder = WorkerEmbedder(lambda: embedder_folder(places.cache), STARTER)
        scorer = open_scorer(Settings(), places, embed=embedder)
        try:
            found = asyncio.run(measure(Path(temporary), scorer))
        finally:
            scorer.close()
            embedder.close()
        print(json.dumps(found, indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
