"""Presses random keys in the whole program: it may neither crash, nor hang, nor show another chat.

    python tests/bench/fuzz_keys.py [--runs 20] [--presses 200] [--seed 1]

The engine is scripted and slow enough that keys arrive while it writes. After the last key of a run
the program must come to rest, with the stored branch on the screen. Prints one line per run that
failed, with its last keys; the exit status is 1 if there was one. The seed repeats the keys, not
the moments at which they arrive.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import traceback
from contextlib import chdir
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tui"))

from tui_support import REPLIES, Stage, running  # type: ignore[import-not-found]

from rpterm.engine.scripted import ScriptedEngine
from rpterm.tui.app import RptermApp
from rpterm.tui.keys import KEYS

LINES = (
    "Hello there", "a bell rings", "I am a baker, my dog is Rex", "//hm", "/undo", "/edit",
    "/branch", "/regenerate angrier", "/continue", "/hide", "/note Rain.", "/note -", "/nonsense",
    "/persona Bob: tall", "/set temperature 0.3", "/rename x", "/duel", "/settings", "/memory",
)  # fmt: skip
LEAVING = ("quit", "interrupt", "suspend", "editor")
"""Commands that end the program or need a terminal."""
PRESSED = [key for each in KEYS if each.id not in LEAVING for key in each.keys]
OFTEN = ("enter", "escape", "ctrl+r", "ctrl+up", "left", "right", "d", "y", "pause")
PAUSES_S = (0, 0, 0.005, 0.03)
AT_REST_S = 20.0
SIZES = ((60, 20), (80, 24), (120, 36), (170, 40))


async def press_keys(app: RptermApp, rng: random.Random, count: int) -> list[str]:
    """Press keys and write lines; returns them."""
    pressed: list[str] = []
    while app.is_running and len(pressed) < count:
        if app.screen is app.chat and app.chat.focused is app.chat.input and rng.random() < 0.25:
            pressed += [rng.choice(LINES), "enter"]
            app.chat.input.put(pressed[-2])
        else:
            pressed.append(rng.choice(OFTEN if rng.random() < 0.5 else PRESSED))
        if pressed[-1] == "pause":
            await asyncio.sleep(rng.choice((0.01, 0.1, 0.4)))
        else:
            app.simulate_key(pressed[-1])
            await asyncio.sleep(rng.choice(PAUSES_S))
    return pressed


async def problem_at_rest(app: RptermApp) -> str:
    """Leave all dialogs and wait; returns what is wrong then, or ""."""
    problem = "it does not come to rest"
    for _ in range(int(AT_REST_S / 0.1)):
        if not app.is_running:
            return ""  # Quit by a command of the palette.
        if app.screen is not app.chat or app.chat.state.choosing:
            app.simulate_key("escape")
        await asyncio.sleep(0.1)
        state = app.chat.state
        if app.screen is app.chat and not (state.busy or state.keeping or state.choosing):
            problem = "" if shows_stored(app) else "the screen shows another branch than is stored"
            if not problem:
                break
    return problem


def shows_stored(app: RptermApp) -> bool:
    """Whether the turns on the screen are the last ones of the stored branch."""
    session = app.chat.session
    if session is None:
        return False
    shown = [(turn.id, turn.text, turn.hidden) for turn in app.chat.transcript.turns]
    stored = [(turn.id, turn.text, turn.hidden) for turn in session.path()]
    return stored[-len(shown) :] == shown if shown else not stored


async def run(seed: int, count: int) -> str:
    """One run of the program in a folder of its own; returns what went wrong, or ""."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder, chdir(folder):  # Some keys write files.
        engine = ScriptedEngine(REPLIES, delay_s=0.01, prompt_delay_s=0.1)
        app, pressed = Stage(Path(folder), engine, turns=4).app(), []
        try:
            async with running(app, size=rng.choice(SIZES)):
                pressed = await press_keys(app, rng, count)
                problem = await problem_at_rest(app)
        except Exception:  # noqa: BLE001 - any error is what is looked for
            problem = traceback.format_exc()
        return f"seed {seed}: {problem}; last keys: {' '.join(pressed[-30:])}" if problem else ""


def main() -> int:
    """Run and print the runs that failed; returns 1 if there was one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--presses", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failed = 0
    for seed in range(options.seed, options.seed + options.runs):
        if found := asyncio.run(run(seed, options.presses)):
            failed += 1
            sys.stdout.write(f"{found}\n")
    sys.stdout.write(f"{failed} of {options.runs} runs failed\n")
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
