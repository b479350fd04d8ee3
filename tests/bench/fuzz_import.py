"""Fuzz the importers: mutated and random files, for a while; nothing may crash, hang or swell.

    python tests/bench/fuzz_import.py [--seconds 120] [--seed 1] [--only png charx json yaml world]

Each importer works in a process of its own under a limit of memory. A file that raises anything but
an ``ExchangeError``, takes more than one second of processor time, or needs more than 200 MB fails
the run and is written to the folder given by ``--keep``. What imports well is also written as TOML,
read again and exported.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import struct
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rpterm.cards.exchange import charx, jsonio, png
from rpterm.cards.exchange.export import export
from rpterm.cards.exchange.origin import read_bytes
from rpterm.cards.exchange.problem import ExchangeError
from rpterm.cards.problems import CardError
from rpterm.cards.reader import parse
from rpterm.cards.writer import dump

LIMIT_S, LIMIT_MB = 1.0, 200

ENTRY: dict[str, Any] = {
    "keys": ["dragon", "/wyr(m|n)/i"],
    "secondary_keys": ["fire"],
    "selective": True,
    "content": "@@depth 3\nDragons breathe fire.",
    "extensions": {"position": 4, "depth": 2, "probability": 50, "sticky": None, "unknown": {}},
    "enabled": True,
    "insertion_order": 10,
    "position": "before_char",
}
DATA: dict[str, Any] = {
    "name": "Anna",
    "description": "A girl.\r\nTall.",
    "personality": "kind\nbrave",
    "scenario": "A room.",
    "first_mes": "Hello, {{user}}.",
    "mes_example": "<START>\n{{user}}: Who?\n{{char}}: Me.\n<START>\n{{char}}: *smiles*",
    "alternate_greetings": ["Hi.", ""],
    "tags": ["a", "b"],
    "extensions": {"depth_prompt": {"prompt": "x", "depth": 4}, "rpterm": {"tagline": "T"}},
    "character_book": {"entries": [ENTRY, ENTRY, ENTRY], "scan_depth": 4, "extensions": {}},
    "assets": [{"type": "icon", "uri": "embeded://a.png", "name": "main", "ext": "png"}],
}
V2 = {"spec": "chara_card_v2", "spec_version": "2.0", "name": "Anna", "data": DATA}
V3 = {"spec": "chara_card_v3", "spec_version": "3.0", "data": DATA}
WORLD = {
    "name": "World",
    "entries": {
        str(n): {"uid": n, "key": ["a"], "keysecondary": [], "content": "c", "position": n}
        for n in range(7)
    },
}
YAML = b"name: Anna\ncontext: |\n  A girl.\ngreeting: 'Hi: you'\nlist: [a, {b: c}]\n"
DICTIONARY = (
    b"{", b"}", b"[", b"]", b'"', b"\\", b"\\ud800", b"\\u0000", b"null", b"NaN", b"1e999", b"-0.0",
    b"9" * 50, b"<START>", b"{{char}}:", b"rpterm_origin", b'"set"', b'"was"', b"extensions",
    b"character_book", b"entries", b"spec", b"chara_card_v3", b"tEXt", b"zTXt", b"iTXt", b"chara\0",
    b"ccv3\0", b"IEND", b"PK\x01\x02", b"PK\x05\x06", b"../", b"&a ", b"*a", b"!!python/name:os ",
    b"- ", b": ", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xed\xa0\x80", b"/(a+)+$/", b"'''", b'"""',
)  # fmt: skip


def seeds(kind: str) -> list[bytes]:
    """Good files of one kind."""
    if kind == "json":
        return [jsonio.dumps(V2), jsonio.dumps(V3), jsonio.dumps(DATA)]
    if kind == "world":
        return [
            jsonio.dumps(WORLD),
            jsonio.dumps({"spec": "lorebook_v3", "data": DATA["character_book"]}),
        ]
    if kind == "yaml":
        return [YAML]
    if kind == "charx":
        return [charx.write(jsonio.dumps(V3), {"a.png": png.blank(4, 4), "b/c.bin": b"x" * 500})]
    cards = {"chara": jsonio.dumps(V2, None), "ccv3": jsonio.dumps(V3, None)}
    packed = zlib.compress(jsonio.dumps(V2))
    chunk = b"zTXtchara\0\0" + packed
    body = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    plain = png.blank(8, 8)
    return [png.write(plain, cards), plain[:33] + body + plain[33:]]


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Some damage."""
    raw = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 12))):
        at = rng.randrange(len(raw) + 1)
        what = rng.randrange(7)
        if what == 0 and raw:
            raw[at % len(raw)] ^= 1 << rng.randrange(8)
        elif what == 1:
            raw[at:at] = rng.choice(DICTIONARY)
        elif what == 2:
            raw[at : at + rng.randrange(1, 40)] = rng.choice(DICTIONARY)
        elif what == 3:
            del raw[at : at + rng.randrange(1, 200)]
        elif what == 4:
            other = rng.randrange(len(raw) + 1)
            raw[at:at] = raw[other : other + rng.randrange(1, 400)]
        elif what == 5:
            raw[at:at] = rng.choice(DICTIONARY) * rng.choice((3, 100, 20_000))
        else:
            raw[at:at] = rng.randbytes(rng.randrange(1, 30))
    return bytes(raw[: 4 << 20])


def restructure(value: Any, rng: random.Random) -> Any:
    """Damage to parsed JSON: right text, wrong values."""
    odd = (None, True, -1, 1e300, 10**40, "", "x\r\ny", [], {}, [None], {"a": 1}, "\ud800", "/(/")
    if rng.random() < 0.06:
        return rng.choice(odd)
    if isinstance(value, dict):
        made = {key: restructure(each, rng) for key, each in value.items() if rng.random() > 0.04}
        if rng.random() < 0.1:
            made[rng.choice(("rpterm_origin", "rpterm", "key", "keys", "$json", "data", ""))] = (
                rng.choice(odd)
            )
        return made
    if isinstance(value, list):
        return [restructure(each, rng) for each in value] * rng.choice((1, 1, 1, 1, 2, 30))
    return value


def sample(kind: str, good: list[bytes], rng: random.Random) -> bytes:
    """One file to try."""
    if kind in ("json", "world", "png", "charx") and rng.random() < 0.5:
        base = rng.choice((V2, V3, DATA)) if kind != "world" else WORLD
        text = jsonio.dumps(restructure(json.loads(json.dumps(base)), rng), None)
        if kind == "png":
            return png.write(png.blank(4, 4), {rng.choice(("chara", "ccv3")): text})
        return charx.write(text, {"a.png": b"x"}) if kind == "charx" else text
    if rng.random() < 0.02:
        return rng.choice(good)[:8] + rng.randbytes(rng.randrange(2000))
    return mutate(rng.choice(good), rng)


def attempt(data: bytes) -> str:
    """What became of one file: ``refused``, ``too long``, or ``imported``."""
    try:
        found = read_bytes(data, "fuzz")
    except ExchangeError as error:
        assert str(error).endswith((".", "?")), error
        return "refused"
    text = dump(found.card)
    try:
        card = parse(text)
    except CardError as error:
        if "bytes; a card can have" in str(error.problems[0].message):
            return "too long"
        raise
    assert card == found.card, "the TOML is not the card"
    origin = card.extensions["rpterm_origin"]
    form = {"v1": "v1", "v2": "v2", "v3": "v3"}.get(origin["format"], "world")
    try:
        export(card, form)  # type: ignore[arg-type]
        export(card, "png" if found.kind == "card" else "lorebook")
    except ExchangeError as error:
        assert "missing" in str(error), error
    return "imported"


def work(kind: str, seconds: float, seed: int, keep: Path) -> dict[str, Any]:
    """Fuzz one importer."""
    rng = random.Random(f"{kind}{seed}")
    good = seeds(kind)
    for each in good:
        assert attempt(each) == "imported", kind
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts: dict[str, int] = {}
    slowest, problems = 0.0, []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = sample(kind, good, rng)
        start = time.process_time()
        try:
            result = attempt(data)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
            result = "crash"
            problems.append(f"{type(error).__name__}: {error}"[:300])
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{kind}-{len(problems)}.bin").write_bytes(data)
        took = time.process_time() - start
        if took > LIMIT_S:
            problems.append(f"took {took:.2f} s")
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{kind}-slow-{len(problems)}.bin").write_bytes(data)
        slowest = max(slowest, took)
        counts[result] = counts.get(result, 0) + 1
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024
    if grown > LIMIT_MB:
        problems.append(f"needed {grown:.0f} MB")
    return {
        "importer": kind,
        "files": counts,
        "slowest_s": round(slowest, 3),
        "grown_mb": round(grown, 1),
        "problems": problems[:10],
    }


def _run(target: Callable[..., Any], arguments: tuple[Any, ...]) -> dict[str, Any]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return dict(pool.apply(target, arguments))


def main() -> int:
    """Run and print one line of JSON for each importer; 1 when anything was found."""
    kinds = ("png", "charx", "json", "yaml", "world")
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=kinds, choices=kinds)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-found"))
    options = parser.parse_args()
    failed = False
    for kind in options.only:
        result = _run(work, (kind, options.seconds, options.seed, options.keep))
        failed |= bool(result["problems"])
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
