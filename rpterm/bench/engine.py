"""``rpterm bench engine``: decode speed, the fiftieth turn, reopening a chat, several candidates.

Every figure has its baseline in the same run: a bare llama.cpp loop, a naive chat completion, a
fresh evaluation, the same candidates one after the other. Close other programs first.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rpterm import config
from rpterm import paths as folders
from rpterm.bench.bench_chat import GREEDY, BenchChat, open_bench_chat, open_for_bench
from rpterm.chat.events import ReplyFinished, ReplyStarted
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.config import Settings
from rpterm.engine.llama.threads import ENVIRONMENT
from rpterm.engine.protocol import EngineInfo, Finished, GenerateRequest
from rpterm.errors import RptermError
from rpterm.types import Intent, Prompt, Sampling, Usage

ROUNDS = 7
PATIENCE_S = 600.0
QUESTION = "Describe this room to me, from the door to the window, and leave nothing out."


def run() -> dict[str, Any]:
    """All figures.

    - ``decode_ratio``: tokens/s end to end through worker, session, store and TUI, divided by those
      of a bare loop.
    - ``turn50_evaluated_excess``: tokens evaluated after Enter on turn 50 beyond the new user text
      and the volatile block.
    - ``turn50_same_reply``: whether a fresh evaluation of the same prompt samples the same tokens.
    - ``turn50_ttft_speedup``: time to first token of the naive program, divided by ours.
    - ``resume_speedup``: time to evaluate a 3,000-token chat, divided by the time to load its
      saved state.
    - ``batch4_speedup``: time of four candidates one after the other, divided by the time of four
      in one batch.
    """
    figures: dict[str, Any] = {}
    with open_bench_chat(config.load(folders.find().config_file, os.environ)) as stage:
        info = stage.engine.load()
        if info.engine != "llama":
            raise RptermError(
                "This benchmark compares with llama.cpp, so it needs a local model: "
                "set one with rpterm config set model NAME."
            )
        figures["model"], figures["threads"] = info.model, info.detail.get("threads", "")
        figures |= _decode(stage, info, ROUNDS)
        figures |= _turn50(stage, info)
        figures |= _resume(stage)
        figures |= _candidates(stage, ROUNDS)
    return figures


def _bare(what: str, info: EngineInfo, **job: Any) -> dict[str, float]:
    """Run the baseline in its own process, with the same number of threads as ours."""
    job |= {
        "what": what,
        "model": info.path,
        "context": info.context,
        "threads": int(info.detail.get("threads", "1")),
        "gpu_layers": int(info.detail.get("gpu_layers", "0")),
    }
    done = subprocess.run(
        [sys.executable, "-P", "-m", "rpterm.engine.llama.baseline"],
        input=json.dumps(job), capture_output=True, text=True, check=True,
        # The same wait policy as ours: the default would make the baseline's speed collapse.
        env={**os.environ, **ENVIRONMENT},
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


# Decode speed ---------------------------------------------------------------------------
def _decode(stage: BenchChat, info: EngineInfo, rounds: int) -> dict[str, Any]:
    ours: list[float] = []
    full: list[float] = []
    bare: list[float] = []
    for number in range(rounds):
        session = stage.session(f"decode{number}", 2, GREEDY)
        rate, usage, prompt = asyncio.run(_through_the_tui(session, stage.settings))
        ours.append(rate)
        # Work that the engine does after a reply would take the other core from the baseline.
        stage.engine.settled(PATIENCE_S)
        job = {"prompt_ids": list(prompt.ids), "tokens": usage.generated}
        bare.append(_bare("decode", info, **job)["tokens_per_s"])
        usual = stage.session(f"usual{number}", 2, Sampling(seed=1, max_tokens=160, close_after=0))
        full.append(asyncio.run(_through_the_tui(usual, stage.settings))[0])
    return {
        "decode_ratio": statistics.median(a / b for a, b in zip(ours, bare, strict=True)),
        "decode_ratio_usual_samplers": statistics.median(
            a / b for a, b in zip(full, bare, strict=True)
        ),
        "decode_tokens_per_s": statistics.median(ours),
        "bare_tokens_per_s": statistics.median(bare),
    }


async def _through_the_tui(session: Session, settings: Settings) -> tuple[float, Usage, Prompt]:
    """Send one message in the real program, without a terminal, and time the screen.

    Returns:
        Tokens/s from the first token to the finished reply on screen; usage; the prompt.
    """
    from rpterm.tui.app import RptermApp
    from rpterm.tui.messages import Told
    from rpterm.tui.screens.chat.screen import ChatScreen

    seen: dict[str, tuple[float, Any]] = {}

    def hook(message: object) -> None:
        event = message.event if isinstance(message, Told) else None
        if isinstance(event, ReplyStarted | ReplyFinished):
            seen.setdefault(type(event).__name__, (time.perf_counter(), event))

    app = RptermApp(ChatScreen(session.card, lambda _target, _chat: session, settings))
    session.load()
    session.engine.settled(PATIENCE_S)
    # As `rpterm chat` does: the garbage collector need not scan what exists before the first frame;
    # here, that includes the programs of all earlier rounds.
    gc.collect()
    gc.freeze()
    async with app.run_test(size=(120, 36), message_hook=hook) as pilot:
        await _until(lambda: app.chat.state.session is not None)
        app.chat.input.text = QUESTION
        await pilot.press("enter")
        await _until(lambda: "ReplyFinished" in seen)
        # The session is closed by its owner, not by the program's end.
        app.chat.state.session = None
    finished = seen["ReplyFinished"]
    usage: Usage = finished[1].generation.usage
    spent = finished[0] - seen["ReplyStarted"][0] - usage.first_token_s
    session.store.close()
    return (usage.generated - 1) / spent, usage, seen["ReplyStarted"][1].prompt


async def _until(ready: Callable[[], bool]) -> None:
    """Poll with sleeps: the pilot's own pause queries every widget, which occupies a core."""
    end = time.monotonic() + PATIENCE_S
    while not ready():
        if time.monotonic() > end:
            raise RptermError("The model did not answer within ten minutes.")
        await asyncio.sleep(0.05)


# The fiftieth turn ---------------------------------------------------------------------------
def _turn50(stage: BenchChat, info: EngineInfo) -> dict[str, Any]:
    sampling = Sampling(seed=7, temperature=1.0, max_tokens=24, close_after=0)
    session = stage.session("turn50", 24, sampling)
    session.load()
    leaf = session.path()[-1]
    # The prompt of the naive program one turn earlier, with another memory and other lore.
    session.branch(session.path()[-3].id)
    before = session.preview(session.path()[-1].text)
    session.select(leaf.id)
    session.engine.settled(PATIENCE_S)
    usage, prompt, ids = _answer(session, QUESTION)
    new = sum(span.tokens for span in prompt.spans if span.zone == "volatile")
    new += next(span.tokens for span in reversed(prompt.spans) if span.source.startswith("turn:"))
    naive = _bare("naive", info, chats=[_naive_chat(before), _naive_chat(prompt)])
    same = ids == _fresh(stage, prompt, sampling, session)
    session.store.close()
    return {
        "turn50_prompt_tokens": prompt.tokens,
        "turn50_evaluated": usage.evaluated,
        "turn50_evaluated_excess": usage.evaluated - new,
        "turn50_same_reply": same,
        "turn50_ttft_s": usage.first_token_s,
        "turn50_naive_ttft_s": naive["first_token_s"],
        "turn50_ttft_speedup": naive["first_token_s"] / usage.first_token_s,
    }


def _answer(session: Session, text: str) -> tuple[Usage, Prompt, tuple[int, ...]]:
    """Send a message; returns the usage, the prompt and the tokens of the reply."""
    events = list(session.reply(ReplyRequest(Intent.SEND, text)))
    started = next(event for event in events if isinstance(event, ReplyStarted))
    finished = next(event for event in events if isinstance(event, ReplyFinished))
    return finished.generation.usage, started.prompt, finished.generation.reply_ids


def _naive_chat(prompt: Prompt) -> list[dict[str, str]]:
    """The same text the naive way: what changes every turn is part of the system message."""
    volatile = "\n".join(s.text.strip() for s in prompt.spans if s.zone == "volatile")
    chat = [{"role": role, "content": text} for role, text in prompt.messages]
    for span in prompt.spans:
        if span.zone == "volatile":
            chat[-1]["content"] = chat[-1]["content"].replace(span.text, "")
    chat[0]["content"] = f"{volatile}\n\n{chat[0]['content']}"
    return chat


def _fresh(
    stage: BenchChat, prompt: Prompt, sampling: Sampling, session: Session
) -> tuple[int, ...]:
    """The tokens of the same prompt and seed on a fresh engine."""
    stored = session.store.generation(session.path()[-1].id)
    assert stored is not None
    request = GenerateRequest(
        prompt.ids, sampling, prompt_text=prompt.text, seeds=stored.batch_seeds, stop=stored.stop
    )
    engine = open_for_bench(stage.settings, stage.folder)
    try:
        engine.load()
        return next(e.ids for e in engine.generate(request) if isinstance(e, Finished))
    finally:
        engine.close()


# Reopening ---------------------------------------------------------------------------
def _resume(stage: BenchChat) -> dict[str, Any]:
    session = stage.session("resume", 14, GREEDY)
    session.load()
    session.engine.settled(PATIENCE_S)
    ids = session.preview("x").ids[:3000]
    path = stage.folder / "resume.state"
    engine = open_for_bench(stage.settings, stage.folder)
    try:
        engine.load()
        began = time.perf_counter()
        engine.settle(ids)
        engine.settled(PATIENCE_S)
        evaluated = time.perf_counter() - began
        engine.save_state(path)
        engine.settle(())
        engine.settled(PATIENCE_S)
        began = time.perf_counter()
        restored = engine.load_state(path)
        loaded = time.perf_counter() - began
    finally:
        engine.close()
        session.store.close()
    return {
        "resume_tokens": restored,
        "resume_evaluate_s": evaluated,
        "resume_load_s": loaded,
        "resume_speedup": evaluated / loaded,
    }


# Candidates ---------------------------------------------------------------------------
def _candidates(stage: BenchChat, rounds: int) -> dict[str, Any]:
    session = stage.session("batch", 4, GREEDY)
    session.load()
    session.engine.settled(PATIENCE_S)
    sampling = Sampling(seed=3, temperature=1.0, max_tokens=64, close_after=0)
    request = GenerateRequest(session.preview(QUESTION).ids, sampling)
    seeds = (3, 4, 5, 6)
    ratios = []
    for _ in range(rounds):
        single = [_rate(session, replace(request, seeds=(seed,))) for seed in seeds]
        ratios.append(_rate(session, replace(request, seeds=seeds)) / statistics.mean(single))
    session.store.close()
    return {"batch4_speedup": statistics.median(ratios)}


def _rate(session: Session, request: GenerateRequest) -> float:
    """Tokens of all candidates per second, from the request to the last token."""
    began = time.perf_counter()
    finished = [e for e in session.engine.generate(request) if isinstance(e, Finished)]
    return sum(event.usage.generated for event in finished) / (time.perf_counter() - began)
