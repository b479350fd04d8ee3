"""Fuzzes the importers with damaged and odd files: none may crash, hang or use too much memory.

    python tests/bench/fuzz_import.py [--minutes 10] [--seed 1] [--only png toml …] [--corpus DIR …]

Each kind of file is tried in a child process with a memory limit. A file fails the run, and is
written to the ``--keep`` folder, if it raises anything but our own error, takes more than a second
of CPU time in one step (reading it, writing it as TOML, reading that, an export), needs more than
200 MB, or comes back changed from TOML or an export. Prints one line of JSON per importer; the exit
status is 1 if anything was found.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import fuzz_inputs
from fuzz_inputs import KINDS, MOST, sample, seeds

from rpterm.cards.exchange.containers import jsonio
from rpterm.cards.exchange.errors import ExchangeError
from rpterm.cards.exchange.export import Format, export
from rpterm.cards.exchange.importer import read_bytes
from rpterm.cards.format.reader import parse
from rpterm.cards.format.writer import dump
from rpterm.cards.lore.keys import KeyIndex, KeySpec
from rpterm.cards.problems import CardError
from rpterm.errors import RptermError
from rpterm.transfer.chat_files import chat_log

LIMIT_S, LIMIT_MB = 1.0, 200
_KILL_S = 20
_MOST_KEPT = 40
_MEMORY_LIMIT = 700 << 20
_CHAT_TEXT = "A dragon and a wyrm. " + "aaaa bbbb é漢 " * 300
_FORMS: dict[str, tuple[Format, ...]] = {
    "v1": ("v1", "png"),
    "v2": ("v2", "png", "charx"),
    "v3": ("v3", "png", "charx"),
    "world": ("world", "lorebook"),
    "lorebook_v3": ("lorebook", "world"),
}


class Steps:
    """CPU time of the longest step."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = time.process_time()

    def __call__(self) -> None:
        now = time.process_time()
        self.longest, self._last = max(self.longest, now - self._last), now


def attempt(kind: str, data: bytes, step: Steps) -> str:
    """Import one file; returns ``refused`` or ``taken``.

    Raises:
        Exception: Whatever the importer should not have raised.
        AssertionError: A round trip changed the content.
    """
    try:
        if kind == "chatlog":
            _log(data, step)
        elif kind in ("toml", "regex") and data.lstrip()[:1] != b"{":
            _toml(data.decode("utf-8", "replace"), step)
        else:
            _card(data, step)
    except RptermError as error:
        text = str(error)
        assert isinstance(error, CardError) or (text.strip() and text.isprintable()), ascii(text)
        return "refused"
    finally:
        step()
    return "taken"


def _card(data: bytes, step: Steps) -> None:
    found = read_bytes(data, "fuzz")
    step()
    text = dump(found.card)
    step()
    try:
        card = parse(text)
        step()
    except CardError as error:
        if "bytes; a card can have" in str(error.problems[0].message):
            return
        raise AssertionError(f"the TOML is refused: {error.problems[0]}") from error
    assert card == found.card, "the TOML is not the card"
    origin = card.extensions["rpterm_origin"]
    for form in _FORMS[origin["format"]]:
        try:
            done = export(card, form)
            step()
        except ExchangeError as error:
            assert "missing" in str(error) or "no lorebook" in str(error), error
            continue
        if form == origin["format"] and data.lstrip()[:1] == b"{":
            _same_document(data, done.data, origin)
            step()
    _scan([key for entry in card.lorebook.entries for key in entry.keys])


def _same_document(before: bytes, after: bytes, origin: dict[str, Any]) -> None:
    """Import, TOML and export must give the same data, unless the card was converted."""
    one = json.loads(before.decode("utf-8-sig"), strict=False)
    if fuzz_inputs.GRADIO.keys() & one.keys() - {"name"}:
        return
    assert jsonio.same_json(one, json.loads(after)), "the export is not what was imported"


def _scan(keys: list[str]) -> None:
    KeyIndex([KeySpec(key) for key in keys]).hits(_CHAT_TEXT)


def _toml(text: str, step: Steps) -> None:
    card = parse(text)
    step()
    written = dump(card)
    step()
    assert parse(written) == card, "the TOML is not the card"
    step()
    _scan([key for entry in card.lorebook.entries for key in entry.keys])


def _log(data: bytes, step: Steps) -> None:
    log = chat_log.parse_log(data)
    step()
    again = chat_log.parse_log(chat_log.render_log(log).encode())
    shown = [(turn.speaker, turn.is_user, turn.swipes, turn.shown) for turn in log.turns]
    back = [(turn.speaker, turn.is_user, turn.swipes, turn.shown) for turn in again.turns]
    assert shown == back, "the log is not what was read"


class _Peak:
    """The peak memory since ``reset``, in MB above the peak at that time."""

    def __init__(self) -> None:
        self._base = 0.0

    def reset(self) -> None:
        with Path("/proc/self/clear_refs").open("w", encoding="ascii") as file:
            file.write("5")
        self._base = self._high()

    def grown(self) -> float:
        return self._high() - self._base

    def _high(self) -> float:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        found = re.search(r"VmHWM:\s+(\d+)", status)
        return int(found[1]) / 1024 if found else 0.0


def child(
    kind: str, seconds: float, seed: str, place: Path, keep: Path, corpus: list[Path]
) -> None:
    """Try files until the time is up; prints a line of JSON for a finding and every few seconds."""
    size = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = size * resource.getpagesize() + _MEMORY_LIMIT
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    rng, peak = random.Random(f"{kind}{seed}"), _Peak()
    good = seeds(kind)
    for each in good:
        assert attempt(kind, each, Steps()) == "taken", kind
    good += [path.read_bytes() for path in corpus if _fits(kind, path)]
    with place.open("r+b") as file, mmap.mmap(file.fileno(), MOST + 8) as current:
        _loop(kind, seconds, rng, peak, good, current, keep)


def _loop(
    kind: str,
    seconds: float,
    rng: random.Random,
    peak: _Peak,
    good: list[bytes],
    current: mmap.mmap,
    keep: Path,
) -> None:
    seen = {"refused": 0, "taken": 0, "found": 0}
    slowest = swollen = 0.0
    end, printed = time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < end:
        data = sample(kind, good, rng)[:MOST]
        current[:8] = len(data).to_bytes(8, "little")
        current[8 : 8 + len(data)] = data
        signal.setitimer(signal.ITIMER_PROF, _KILL_S)
        peak.reset()
        step, problem = Steps(), ""
        try:
            seen[attempt(kind, data, step)] += 1
        except Exception as error:  # noqa: BLE001 - any exception is a finding
            problem = f"{type(error).__name__}: {ascii(str(error))[:200]} {_where(error)}"
        signal.setitimer(signal.ITIMER_PROF, 0)
        took, grown = step.longest, peak.grown()
        if took > LIMIT_S and not problem:
            took = min(took, *(_repeated(kind, data) for _ in range(2)))
        slowest, swollen = max(slowest, took), max(swollen, grown)
        if not problem and (took > LIMIT_S or grown > LIMIT_MB):
            problem = f"took {took:.2f} s and {grown:.0f} MB"
        if problem:
            seen["found"] += 1
            _print_json(problem=problem)
            if seen["found"] <= _MOST_KEPT:
                _write(keep / f"{kind}-{os.getpid()}-{seen['found']}.bin", data)
        if time.monotonic() - printed > 5 or problem:
            printed = time.monotonic()
            _print_json(**seen, slowest_s=slowest, peak_mb=swollen)
    _print_json(**seen, slowest_s=slowest, peak_mb=swollen)


def _repeated(kind: str, data: bytes) -> float:
    """Measure again: on a busy machine another program may have caused the first result."""
    step = Steps()
    attempt(kind, data, step)
    return step.longest


def _where(error: BaseException) -> str:
    """The innermost frame in our code."""
    trace, place = error.__traceback__, ""
    while trace:
        name = trace.tb_frame.f_code.co_filename
        if "rpterm" in name:
            place = f"{Path(name).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _fits(kind: str, path: Path) -> bool:
    suffixes = {"png": ".png", "apng": ".png", "charx": ".charx", "yaml": ".yaml", "toml": ".toml"}
    wanted = suffixes.get(kind, ".jsonl" if kind == "chatlog" else ".json")
    return path.is_file() and path.suffix.lower() == wanted and path.stat().st_size < MOST


def _print_json(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def fuzz(kind: str, seconds: float, seed: int, corpus: list[Path], keep: Path) -> dict[str, Any]:
    """Fuzz one importer; a child that a file kills is replaced by another."""
    total: dict[str, Any] = {"importer": kind, "refused": 0, "taken": 0}
    problems: dict[str, int] = {}
    slowest = swollen = 0.0
    start, run = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / "current"
        place.write_bytes(bytes(MOST + 8))
        while (left := start + seconds - time.monotonic()) > 0:
            run += 1
            arguments = [sys.executable, __file__, "--child", kind, f"{seed}.{run}", str(left)]
            command = [*arguments, str(place), str(keep), *map(str, corpus)]
            last: dict[str, Any] = {}
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                for line in process.stdout or ():
                    facts = json.loads(line)
                    if "problem" in facts:
                        _count(problems, facts["problem"])
                    else:
                        last = facts
            if process.returncode:
                _count(problems, f"the child ended by {_ending(process.returncode)}")
                raw = place.read_bytes()
                data = raw[8 : 8 + int.from_bytes(raw[:8], "little")]
                _write(keep / f"{kind}-{process.pid}-killed.bin", data)
            total["refused"] += last.get("refused", 0)
            total["taken"] += last.get("taken", 0)
            slowest = max(slowest, last.get("slowest_s", 0.0))
            swollen = max(swollen, last.get("peak_mb", 0.0))
            if process.returncode and run > 50:
                break
    took = time.monotonic() - start
    rate = round((total["refused"] + total["taken"]) / max(took, 0.001))
    figures = {"slowest_s": round(slowest, 3), "peak_mb": round(swollen, 1), "a_second": rate}
    return {**total, **figures, "minutes": round(took / 60, 1), "problems": problems}


def _ending(code: int) -> str:
    """How a child ended: SIGPROF is our own timeout, SIGKILL another program or lack of memory."""
    return signal.Signals(-code).name if code < 0 else "an exception"


def _count(problems: dict[str, int], problem: str) -> None:
    known = re.sub(r"\d+", "N", problem)[:160]
    problems[known] = problems.get(known, 0) + 1


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def main() -> int:
    """Run and print one line of JSON per importer; returns 1 if anything was found."""
    if sys.argv[1:2] == ["--child"]:
        kind, seed, seconds, *rest = sys.argv[2:]
        place, keep, *corpus = map(Path, rest)
        child(kind, float(seconds), seed, place, keep, corpus)
        return 0
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=KINDS, choices=KINDS)
    parser.add_argument("--corpus", nargs="*", type=Path, default=[])
    parser.add_argument("--keep", type=Path, default=Path("fuzz-found"))
    options = parser.parse_args()
    corpus = [each for folder in options.corpus for each in sorted(folder.rglob("*"))]
    failed = False
    for kind in options.only:
        result = fuzz(kind, options.minutes * 60, options.seed, corpus, options.keep)
        failed |= bool(result["problems"])
        _print_json(**result)
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
