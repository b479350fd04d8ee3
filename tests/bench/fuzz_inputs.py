"""Inputs for the fuzzer: valid files of every kind that can be imported, and ways to damage them.

Knows the structure of the formats (chunks, zip records, base64, JSON in text), so that damage
reaches the inner layers instead of being refused at the first check. Does not know what an importer
should do with a file.
"""

from __future__ import annotations

import base64
import json
import random
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

from rpterm.cards.exchange.containers import charx, jsonio, png
from rpterm.cards.exchange.importer import read_bytes
from rpterm.cards.format.writer import dump

MOST = 4 << 20
"""Bytes per file: larger files are refused because of their size alone."""

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
V1: dict[str, Any] = {
    "name": "Anna",
    "description": "A girl.\r\nTall.",
    "personality": "kind\nbrave",
    "scenario": "A room.",
    "first_mes": "Hello, {{user}}.",
    "mes_example": "<START>\n{{user}}: Who?\n{{char}}: Me.\n<START>\n{{char}}: *smiles*",
}
DATA: dict[str, Any] = {
    **V1,
    "alternate_greetings": ["Hi.", ""],
    "tags": ["a", "b"],
    "extensions": {"depth_prompt": {"prompt": "x", "depth": 4}, "rpterm": {"tagline": "T"}},
    "character_book": {"entries": [ENTRY, ENTRY, ENTRY], "scan_depth": 4, "extensions": {}},
    "assets": [{"type": "icon", "uri": "embeded://a.png", "name": "main", "ext": "png"}],
}
V2 = {"spec": "chara_card_v2", "spec_version": "2.0", "name": "Anna", "data": DATA}
V3 = {"spec": "chara_card_v3", "spec_version": "3.0", "data": {**DATA, "nickname": "An"}}
GRADIO = {
    "char_name": "Anna", "char_persona": "A girl.", "world_scenario": "A room.",
    "char_greeting": "Hello.", "example_dialogue": "<START>\nYou: Who?\nAnna: Me.",
}  # fmt: skip
WORLD: dict[str, Any] = {
    "name": "World",
    "entries": {
        str(n): {
            "uid": n, "key": ["a", "/b+/i"], "keysecondary": ["c"], "content": "c", "position": n,
            "order": 100, "disable": False, "characterFilter": {"names": ["A"], "isExclude": True},
        }
        for n in range(7)
    },
}  # fmt: skip
BOOK = {"spec": "lorebook_v3", "data": DATA["character_book"]}
YAML = b"name: Anna\ncontext: |\n  A girl.\ngreeting: 'Hi: you'\nlist: [a, {b: c}]\n"
LOG: list[dict[str, Any]] = [
    {"user_name": "Me", "character_name": "Anna", "create_date": "2024-1-2 @3h 4m 5s 6ms",
     "chat_metadata": {"note_prompt": "Be kind.", "note_depth": 4}},
    {"name": "Anna", "is_user": False, "mes": "Hello.", "send_date": "January 2, 2024 3:04pm",
     "swipes": ["Hello.", "Hi."], "swipe_id": 0, "swipe_info": [{}, {}], "extra": {}},
    {"name": "Me", "is_user": True, "mes": "Who?", "send_date": 1700000000000},
    {"name": "Anna", "is_user": False, "mes": "Me.", "send_date": "2024-01-02T03:04:05.678Z"},
    {"name": "System", "is_user": False, "is_system": True, "mes": "hidden"},
]  # fmt: skip
TOML_KEYS = (
    b"name", b"description", b"greetings", b"tags", b"[persona]", b"[lorebook]", b"[[lore]]",
    b"[[examples]]", b"[[test]]", b"[sampling]", b"[extensions]", b"keys", b"content", b"[[", b"]]",
    b"dialogue = [", b'["user", "x"],', b'"$json" = "', b" = ", b"#", b"1979-05-27T07:32:00Z",
    b"0x", b"inf", b"1_000", b"a.b.c", b'"\\U00110000"', b"\\",
)  # fmt: skip
DICTIONARY = (
    b"{", b"}", b"[", b"]", b'"', b"\\", b"\\ud800", b"\\u0000", b"null", b"NaN", b"1e999", b"-0.0",
    b"9" * 50, b"9" * 5000, b"<START>", b"{{char}}:", b"rpterm_origin", b'"set"', b'"was"',
    b"extensions", b"character_book", b"entries", b"spec", b"chara_card_v3", b"tEXt", b"zTXt",
    b"iTXt", b"chara\0", b"ccv3\0", b"IEND", b"PK\x01\x02", b"PK\x05\x06", b"../", b"&a ", b"*a",
    b"!!python/name:os ", b"- ", b": ", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xed\xa0\x80", b"\r\n",
    b"/(a+)+$/", b"'''", b'"""', b'\n{"mes":1e400}\n', b"? ", b"| ", b"\n  ", b"\n", b",", b"{}",
)  # fmt: skip

Maker = Callable[[random.Random], bytes]


def seeds(kind: str) -> list[bytes]:
    """Valid files of one kind."""
    return _SEEDS[kind]()


def sample(kind: str, good: list[bytes], rng: random.Random) -> bytes:
    """A damaged file: damaged inside its structure if the kind has any, or as bytes."""
    chance = rng.random()
    if chance < 0.01:
        return rng.choice(good)[:8] + rng.randbytes(rng.randrange(2000))
    if chance < 0.55:
        return _INSIDE[kind](rng)[:MOST]
    damaged = mutate(rng.choice(good), rng, TOML_KEYS if kind in ("toml", "regex") else ())
    return damaged if chance < 0.9 else mutate(_INSIDE[kind](rng)[:MOST], rng)


def mutate(data: bytes, rng: random.Random, more: tuple[bytes, ...] = ()) -> bytes:
    """Damage bytes at random places."""
    raw, words = bytearray(data), (*DICTIONARY, *more, *more)
    for _ in range(rng.choice((1, 1, 2, 4, 12))):
        at = rng.randrange(len(raw) + 1)
        match rng.randrange(8):
            case 0 if raw:
                raw[at % len(raw)] ^= 1 << rng.randrange(8)
            case 1:
                raw[at:at] = rng.choice(words)
            case 2:
                raw[at : at + rng.randrange(1, 40)] = rng.choice(words)
            case 3:
                del raw[at : at + rng.randrange(1, 200)]
            case 4:
                other = rng.randrange(len(raw) + 1)
                raw[at:at] = raw[other : other + rng.randrange(1, 400)]
            case 5:
                raw[at:at] = rng.choice(words) * rng.choice((3, 100, 20_000))
            case 6:
                raw[at : at + 4] = struct.pack(rng.choice("<>") + "I", _size(rng))
            case _:
                raw[at:at] = rng.randbytes(rng.randrange(1, 30))
    return bytes(raw[:MOST])


def restructure(value: Any, rng: random.Random) -> Any:
    """Damage parsed JSON: the syntax stays valid, the values do not."""
    if rng.random() < 0.06:
        return _odd_value(rng)
    if isinstance(value, dict):
        damaged = {k: restructure(each, rng) for k, each in value.items() if rng.random() > 0.04}
        if rng.random() < 0.1:
            keys = ("rpterm_origin", "rpterm", "key", "keys", "$json", "data", "", "was", "\ud800")
            damaged[rng.choice(keys)] = _odd_value(rng)
        return damaged
    if isinstance(value, list):
        return [restructure(each, rng) for each in value] * rng.choice((1, 1, 1, 1, 2, 30))
    return value


def _odd_value(rng: random.Random) -> Any:
    deep: Any = {"a": 1}
    if rng.random() < 0.1:
        for _ in range(rng.choice((10, 62, 70, 900))):
            deep = [deep] if rng.random() < 0.5 else {"a": deep}
    odd: tuple[Any, ...] = (
        None, True, -1, 1e300, 10**40, "", "x\r\ny", [], {}, [None], deep, "\ud800", "/(/", "\x1b[",
        "/" + _pattern(rng, 4) + "/i", "{{char}}" * 50, 10**350, 0.1, "9" * 400, "\u2028",
        "a" * rng.choice((10, 70_000)), [deep] * 40, {str(n): n for n in range(300)}, "inf", "nan",
    )  # fmt: skip
    return rng.choice(odd)


def _size(rng: random.Random) -> int:
    return rng.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 65535, rng.randrange(4000)))


def _document(*bases: Any) -> Maker:
    def make(rng: random.Random) -> bytes:
        base = json.loads(json.dumps(rng.choice(bases)))
        return jsonio.dumps(restructure(base, rng), None)

    return make


def _picture(rng: random.Random, animated: bool = False) -> bytes:
    """A PNG whose chunks have wrong lengths, checksums and contents."""
    plain = png.blank(8, 8)
    ihdr, rest = plain[:33], plain[33:]
    parts = [_text_chunk(rng) for _ in range(rng.choice((1, 1, 2, 3, 70)))]
    if animated:
        frame = struct.pack(">IIIIIHHBB", 0, 8, 8, 0, 0, 1, 10, 0, 0)
        parts += [_chunk(b"acTL", struct.pack(">II", _size(rng), 0), rng)]
        parts += [_chunk(b"fcTL", frame, rng), _chunk(b"fdAT", rng.randbytes(40), rng)] * 3
    rng.shuffle(parts)
    if rng.random() < 0.3:
        return ihdr + rest[:-12] + b"".join(parts) + rest[-12:]
    return ihdr + b"".join(parts) + rest


def _text_chunk(rng: random.Random) -> bytes:
    text = _document(V1, V2, V3, BOOK)(rng)
    if rng.random() < 0.02:
        text = b" " * (20 << 20)
    key = rng.choice((b"chara", b"ccv3", b"chara", b"ccv3", b"Chara", b"other"))
    packed = base64.b64encode(text) if len(text) < MOST else text
    if rng.random() < 0.15:
        packed = mutate(packed, rng)
    match rng.randrange(4):
        case 0:
            return _chunk(b"zTXt", key + b"\0\0" + zlib.compress(packed), rng)
        case 1:
            body = key + b"\0\1\0en\0k\0" + zlib.compress(packed)
            return _chunk(b"iTXt", body, rng)
        case _:
            return _chunk(b"tEXt", key + b"\0" + packed[:MOST], rng)


def _chunk(kind: bytes, body: bytes, rng: random.Random) -> bytes:
    length = _size(rng) if rng.random() < 0.04 else len(body)
    crc = zlib.crc32(kind + body) if rng.random() > 0.05 else _size(rng)
    return struct.pack(">I", length) + kind + body + struct.pack(">I", crc)


def _archive(rng: random.Random) -> bytes:
    """A zip archive with odd names, zip bombs and wrong records."""
    warnings.simplefilter("ignore", UserWarning)
    buffer = BytesIO()
    names = ["a.png", "b/c.bin", "../up", "/root", "C:\\x", "a" * 300, "card.json", "ü\ud7ff", ""]
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("card.json", _document(V2, V3)(rng), rng.choice((0, 8)))
        for _ in range(rng.choice((0, 1, 3, 60))):
            body = b"\0" * (8 << 20) if rng.random() < 0.02 else rng.randbytes(rng.randrange(200))
            info = zipfile.ZipInfo(rng.choice(names) if rng.random() < 0.2 else f"x{rng.random()}")
            info.compress_type = rng.choice((0, 8, 8, 12))
            archive.writestr(info, body)
    raw = bytearray(buffer.getvalue())
    for mark in (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"):
        at = raw.find(mark)
        if at >= 0 and rng.random() < 0.3:
            place = at + 4 + rng.randrange(42)
            raw[place : place + 4] = struct.pack("<I", _size(rng))
    return bytes(raw)


def _yaml(rng: random.Random) -> bytes:
    deep = rng.choice((3, 60, 70, 5000))
    odd = (
        "[" * deep, "{a: " * deep, "- " * deep, "&a [*a, *a]", "!!binary x", "? [a]\n: b",
        "%YAML 9", "---\n...\n---",
        "|+\n  x\n\n", ">-9", '"\\ud800"', "\t", "0o17", "<<: {a: b}", "\u0085",
        "a" * 70_000, "'" * 999, "x: y\n" * 9000,
    )  # fmt: skip
    keys = ("name", "context", "greeting", "example_dialogue", "persona", "your_name", "1", "")
    lines = [f"{rng.choice(keys)}: {rng.choice((*odd, 'good', 'good'))}" for _ in range(6)]
    return "\n".join(["name: Anna", "greeting: Hi", *lines]).encode()


def _log(rng: random.Random) -> bytes:
    lines = [restructure(line, rng) for line in LOG for _ in range(rng.choice((1, 1, 2, 400)))]
    if rng.random() < 0.3:
        rng.shuffle(lines)
    end = rng.choice((b"\n", b"\n", b"\r\n", b"\n\n"))
    return end.join(jsonio.dumps(line, None) for line in lines)


def _toml(rng: random.Random) -> bytes:
    """The TOML of a damaged card (if it can be imported), damaged again."""
    data = _document(V1, V2, V3, WORLD, GRADIO)(rng)
    try:
        text = dump(read_bytes(data, "fuzz").card).encode()
    except Exception:  # noqa: BLE001 - the importers are fuzzed in runs of their own
        text = _good_toml()
    return mutate(text, rng, TOML_KEYS) if rng.random() < 0.8 else text


def _good_toml() -> bytes:
    return dump(read_bytes(jsonio.dumps(V3), "fuzz").card).encode()


def _regex_card(rng: random.Random) -> bytes:
    """A card with many difficult patterns as lore keys."""
    few = rng.choice((1, 5, 60, 1500))
    keys = [f"/{_pattern(rng, 6).replace('/', '')}/{rng.choice(('', 'i', 'ims', 'u', 'zz'))}"
            for _ in range(few)]  # fmt: skip
    entries = [{**ENTRY, "keys": keys[at : at + 20]} for at in range(0, few, 20)]
    document = {**V3, "data": {**DATA, "character_book": {"entries": entries}}}
    if rng.random() < 0.5:
        return jsonio.dumps(document, None)
    lore = "".join(f"[[lore]]\nkeys = [{json.dumps(key)}]\ncontent = 'x'\n" for key in keys)
    return f'name = "A"\n{lore}'.encode("utf-8", "replace")


def _pattern(rng: random.Random, depth: int) -> str:
    """A random pattern that is likely to be slow, large or invalid."""
    if depth == 0 or rng.random() < 0.2:
        atoms = (
            "a", "b", ".", "\\w", "\\d+", "[a-z]", "[^\\S]", "é", "\\p{L}", "^", "$", "\\b", "(?i)",
            "(?<=a)", "(?=b)", "\\1", "[", "(", "\\", "\\u0041", "\\x{10ffff}", "[[:alpha:]]", "漢",
            "\\pN", "(?P<n>a)", "\\Q..\\E", "\\C", "", "x{1000}", "a{999}", "\ud800", "\x00",
        )  # fmt: skip
        return rng.choice(atoms)
    inner = _pattern(rng, depth - 1)
    forms = (
        f"({inner})+", f"({inner})*?", f"(?:{inner})" + "{1,100}", f"({inner}|{inner})*",
        f"{inner}{_pattern(rng, depth - 1)}", f"({inner}" + "{50}){50}", f"(?:{inner}?)" * 30,
        f"{inner}|{_pattern(rng, depth - 1)}", "(" * 40 + inner + ")" * 40, f"[^{inner}]",
    )  # fmt: skip
    return rng.choice(forms)[: rng.choice((200, 5000))]


def _packed_picture() -> bytes:
    packed = zlib.compress(jsonio.dumps(V2))
    chunk = b"zTXtchara\0\0" + packed
    body = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    plain = png.blank(8, 8)
    return plain[:33] + body + plain[33:]


def _good_pictures() -> list[bytes]:
    cards = {"chara": jsonio.dumps(V2, None), "ccv3": jsonio.dumps(V3, None)}
    return [png.write(png.blank(8, 8), cards), _packed_picture()]


def _good_animation() -> list[bytes]:
    plain, rng = png.blank(8, 8), random.Random(1)
    frame = struct.pack(">IIIIIHHBB", 0, 8, 8, 0, 0, 1, 10, 0, 0)
    frames = _plain_chunk(b"acTL", struct.pack(">II", 1, 0)) + _plain_chunk(b"fcTL", frame)
    frames += _plain_chunk(b"fdAT", rng.randbytes(40))
    return [png.write(plain[:33] + frames + plain[33:], {"chara": jsonio.dumps(V2, None)})]


def _plain_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _good_archives() -> list[bytes]:
    return [charx.write(jsonio.dumps(V3), {"a.png": png.blank(4, 4), "b/c.bin": b"x" * 500})]


_SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "png": _good_pictures,
    "apng": _good_animation,
    "json_v1": lambda: [jsonio.dumps(V1)],
    "json_v2": lambda: [jsonio.dumps(V2)],
    "json_v3": lambda: [jsonio.dumps(V3)],
    "charx": _good_archives,
    "yaml": lambda: [YAML],
    "world": lambda: [jsonio.dumps(WORLD)],
    "lorebook_v3": lambda: [jsonio.dumps(BOOK)],
    "gradio": lambda: [jsonio.dumps(GRADIO)],
    "chatlog": lambda: [b"\n".join(jsonio.dumps(line, None) for line in LOG)],
    "toml": lambda: [_good_toml()],
    "regex": lambda: [_good_toml(), b'name = "A"\n[[lore]]\nkeys = ["/a+b/i"]\ncontent = "x"\n'],
}
KINDS = tuple(_SEEDS)
_INSIDE: dict[str, Maker] = {
    "png": _picture,
    "apng": lambda rng: _picture(rng, animated=True),
    "json_v1": _document(V1),
    "json_v2": _document(V2),
    "json_v3": _document(V3),
    "charx": _archive,
    "yaml": _yaml,
    "world": _document(WORLD),
    "lorebook_v3": _document(BOOK),
    "gradio": _document(GRADIO),
    "chatlog": _log,
    "toml": _toml,
    "regex": _regex_card,
}
