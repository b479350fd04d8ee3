"""Importing into a folder: names, portraits, assets, nothing overwritten; and hostile files."""

from __future__ import annotations

import base64
import io
import json
import os
import struct
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from rpterm.cards.exchange.containers import charx, jsonio, png
from rpterm.cards.exchange.errors import ExchangeError
from rpterm.cards.exchange.export import export
from rpterm.cards.exchange.files import export_file, file_reader, import_files, safe_name
from rpterm.cards.exchange.importer import read_any, read_bytes
from rpterm.cards.format.reader import load
from rpterm.transfer.folder_import import find_files


def v3(**data: Any) -> dict[str, Any]:
    return {"spec": "chara_card_v3", "spec_version": "3.0", "data": {"name": "Anna", **data}}


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_folder_of_files(tmp_path: Path) -> None:
    picture = png.write(png.blank(4, 4), {"chara": jsonio.dumps(v3())})
    put(tmp_path / "in" / "b.png", picture)
    put(tmp_path / "in" / "sub" / "c.json", jsonio.dumps(v3()))
    put(tmp_path / "in" / "d.json", b"[1, 2]")
    put(tmp_path / "in" / "notes.txt", b"hello")
    seen: list[Path] = []
    results = import_files(
        [*find_files([tmp_path / "in"])[0], tmp_path / "none.png"],
        tmp_path / "out",
        lambda each: seen.append(each.source),
    )
    assert [each.source.name for each in results] == ["b.png", "d.json", "c.json", "none.png"]
    assert seen == [each.source for each in results]
    first, broken, second, missing = results
    assert first.target == tmp_path / "out" / "anna.toml"
    assert (tmp_path / "out" / "anna.png").read_bytes() == png.blank(4, 4)
    assert load(first.target).portrait == "anna.png"
    assert second.target == tmp_path / "out" / "anna-2.toml"
    assert "not a card" in broken.error
    assert "does not exist" in missing.error
    text = first.target.read_text(encoding="utf-8")
    assert text.startswith("# Imported from b.png: a V3 card in a PNG picture.\n")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    put(tmp_path / "ANNA.png", b"mine")
    source = put(tmp_path / "x.json", jsonio.dumps(v3()))
    (result,) = import_files([source], tmp_path)
    assert result.target == tmp_path / "anna-2.toml"
    assert (tmp_path / "ANNA.png").read_bytes() == b"mine"
    with pytest.raises(ExchangeError, match="already exists"):
        export_file(result.target, "v2", source)


def test_a_picture_of_the_same_name_is_the_portrait(tmp_path: Path) -> None:
    yaml = put(tmp_path / "in" / "Anna.yaml", b"name: Anna\ncontext: She is tall.\n")
    other = put(tmp_path / "in" / "Bo.json", jsonio.dumps(v3(name="Bo")))
    put(tmp_path / "in" / "Anna.png", png.blank(4, 4))
    put(tmp_path / "in" / "Bo.png", png.write(png.blank(4, 4), {"chara": jsonio.dumps(v3())}))
    anna, bo = import_files([yaml, other], tmp_path / "out")
    assert (tmp_path / "out" / "anna.png").read_bytes() == png.blank(4, 4)
    assert anna.target and bo.target and not load(bo.target).portrait


def test_export_of_a_file(tmp_path: Path) -> None:
    picture = png.write(png.blank(4, 4), {"ccv3": jsonio.dumps(v3(description="D"))})
    (result,) = import_files([put(tmp_path / "x.png", picture)], tmp_path / "cards")
    assert result.target is not None
    assert export_file(result.target, "png", tmp_path / "out" / "y.png") == ()
    again = png.read((tmp_path / "out" / "y.png").read_bytes())
    assert jsonio.same_json(json.loads(again.cards["ccv3"]), v3(description="D"))
    assert again.stripped == png.blank(4, 4)


def test_names_are_made_safe() -> None:
    assert safe_name("../../etc/passwd") == "etc-passwd"
    assert safe_name("  ..  ") == "card"
    assert safe_name("NUL") == "nul-card"
    assert safe_name("Ärger & Ünfug 漢字") == "ärger-ünfug-漢字"
    assert len(safe_name("x" * 999).encode()) <= 80
    assert len(safe_name("漢" * 999).encode()) <= 80


def test_a_name_that_points_outside_the_folder(tmp_path: Path) -> None:
    source = put(tmp_path / "x.json", jsonio.dumps(v3(name="../../evil\u0000/x")))
    (result,) = import_files([source], tmp_path / "cards")
    assert result.target == tmp_path / "cards" / "evil-x.toml"


def test_large_pictures_inside_the_json_become_files(tmp_path: Path) -> None:
    body = os.urandom(9000)
    uri = "data:image/png;base64," + base64.b64encode(body).decode()
    odd = "data:image/png;base64," + "A" * 5001
    document = v3(assets=[{"type": "icon", "uri": uri}, {"uri": odd}, {"uri": "ccdefault:"}, 7])
    (result,) = import_files([put(tmp_path / "x.json", jsonio.dumps(document))], tmp_path / "c")
    assert result.target is not None
    assert (tmp_path / "c" / "anna.assets" / "data-001.png").read_bytes() == body
    assert uri not in result.target.read_text(encoding="utf-8")
    done = export(load(result.target), "v3", file_reader(tmp_path / "c"))
    assert jsonio.same_json(json.loads(done.data), document)
    (tmp_path / "c" / "anna.assets" / "data-001.png").unlink()
    with pytest.raises(ExchangeError, match=r"data-001\.png is missing"):
        export(load(result.target), "v3", file_reader(tmp_path / "c"))


def test_a_card_cannot_read_files_outside_its_folder(tmp_path: Path) -> None:
    put(tmp_path / "secret.txt", b"secret")
    evil = {"uri": "rpterm-file:../secret.txt|data:text/plain;base64,"}
    near = {"uri": "rpterm-file:mine.txt|data:text/plain;base64,"}
    document = v3(assets=[evil, near])
    put(tmp_path / "c" / "mine.txt", b"mine")
    (result,) = import_files([put(tmp_path / "x.json", jsonio.dumps(document))], tmp_path / "c")
    assert result.target is not None
    done = export(load(result.target), "v3", file_reader(tmp_path / "c"))
    assert jsonio.same_json(json.loads(done.data), document)
    assert file_reader(tmp_path / "c")("../secret.txt") is None
    assert file_reader(tmp_path / "c")(str(tmp_path / "secret.txt")) is None
    assert file_reader(tmp_path / "c")("mine.txt") == b"mine"


def test_charx_icon_is_the_portrait(tmp_path: Path) -> None:
    icon, other = png.blank(4, 4), b"sound"
    assets = [
        {"type": "icon", "uri": "embeded://assets/a.png", "name": "side", "ext": "png"},
        {"type": "icon", "uri": "embeded://assets/b.png", "name": "main", "ext": "png"},
    ]
    files = {"assets/a.png": b"a", "assets/b.png": icon, "deep/er/x.ogg": other}
    packed = charx.write(jsonio.dumps(v3(assets=assets)), files)
    (result,) = import_files([put(tmp_path / "x.charx", packed)], tmp_path / "c")
    assert result.target is not None and load(result.target).portrait == "anna.png"
    assert (tmp_path / "c" / "anna.png").read_bytes() == icon
    assert (tmp_path / "c" / "anna.assets" / "002-x.ogg").read_bytes() == other


def hostile_zip(name: str, body: bytes = b"{}", **info: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("card.json", jsonio.dumps(v3()))
        archive.writestr(name, body)
    return buffer.getvalue()


def deep(levels: int) -> bytes:
    return b'{"name":"a","first_mes":"x","y":' + b"[" * levels + b"]" * levels + b"}"


def bomb_chunk() -> bytes:
    body = b"chara\0\0" + zlib.compress(b"A" * (160 << 20), 9)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + b"\0\0\0\0"
    plain = png.blank(4, 4)
    return plain[:33] + chunk + plain[33:]


def laughs() -> bytes:
    lines = ["name: &a0 lol"] + [
        f"x{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)
    ]
    return "\n".join([*lines, "greeting: *a8"]).encode()


HOSTILE: dict[str, tuple[Any, str]] = {
    "empty": (lambda: b"  \n", "is empty"),
    "random": (lambda: bytes(range(256)) * 20, "neither"),
    "not UTF-8": (lambda: b'{"name": "\xff\xfe"}', "not UTF-8"),
    "cut JSON": (lambda: b'{"name": "Anna"', "not JSON.*line 1"),
    "infinite": (lambda: b'{"name":"a","first_mes":"b","x":1e999}', "too large"),
    "long number": (lambda: b'{"name":"a","x":' + b"9" * 9999 + b"}", "digits"),
    "deep": (lambda: deep(100), "levels deep"),
    "very deep": (lambda: deep(90_000), "levels deep"),
    "many values": (lambda: b'{"name":"a","x":[' + b"1," * 500_000 + b"1]}", "values"),
    "large": (lambda: b'{"name":"' + b"a" * (7 << 20) + b'"}', "bytes of JSON"),
    "other JSON": (lambda: b'{"name": "package", "version": "1.0"}', "none of the"),
    "a list": (lambda: b"[]", "list"),
    "laughs": (laughs, "aliases"),
    "YAML tag": (lambda: b"name: !!python/object/apply:os.x [x]\nfirst_mes: 1", "none of the"),
    "deep YAML": (lambda: b"name: " + b"[" * 5000, "deep|not YAML"),
    "large YAML": (lambda: b"name: a\ngreeting: " + b"x " * (1 << 20), "at most"),
    "plain text": (lambda: b"Just a story about a girl.", "neither JSON nor"),
    "plain PNG": (lambda: png.blank(4, 4), "contains no card"),
    "cut PNG": (lambda: png.write(png.blank(4, 4), {"chara": b"{}"})[:-30], "cut off"),
    "PNG length": (lambda: png.MAGIC + b"\xff\xff\xff\xff" + b"tEXt" * 9, "cut off"),
    "no base64": (lambda: png.blank(4, 4)[:33] + bytes.fromhex("00000009") + b"tEXtchara\0???"
                  + b"\0\0\0\0" + png.blank(4, 4)[33:], "not base64"),
    "chunk bomb": (bomb_chunk, "far more than a card"),
    "JPEG": (lambda: b"\xff\xd8\xff\xe0" + b"x" * 99, "without a card"),
    "no card": (lambda: hostile_zip("x.txt").replace(b"card.json", b"cord.json"), "has no card"),
    "traversal": (lambda: hostile_zip("../../evil.txt"), "leads outside"),
    "absolute": (lambda: hostile_zip("/etc/evil.txt"), "leads outside"),
    "drive": (lambda: hostile_zip("C:\\evil.txt"), "leads outside"),
    "zip bomb": (lambda: hostile_zip("x.bin", bytes(160 << 20)), "far more than a card"),
    "cut zip": (lambda: hostile_zip("x.bin")[:-10], "cut off"),
    "spoilt zip": (lambda: hostile_zip("x.bin", b"?").replace(b"x.bin", b"y.bin", 1), "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_a_sentence(name: str) -> None:
    make, words = HOSTILE[name]
    data = make()
    start = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(ExchangeError, match=words):
            read_bytes(data)
        assert tracemalloc.get_traced_memory()[1] < 150 << 20
    finally:
        tracemalloc.stop()
    assert time.process_time() - start < 3


def test_a_table_of_contents_that_lists_millions() -> None:
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 65535, 65535, 50 << 20, 0, 0)
    with pytest.raises(ExchangeError, match="more files"):
        read_bytes(b"PK\x03\x04" + b"x" * 1000 + end)


def test_sizes_and_kinds_of_paths(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="is a folder"):
        read_any(tmp_path)
    with (tmp_path / "big.png").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(ExchangeError, match="a card can have at most"):
        read_any(tmp_path / "big.png")


def test_a_card_too_long_for_toml_is_refused(tmp_path: Path) -> None:
    one = put(tmp_path / "x.json", jsonio.dumps(v3(description="x" * (2 << 20))))
    two = put(
        tmp_path / "y.json", jsonio.dumps(v3(description="x" * 600_000, scenario="y" * 600_000))
    )
    first, second = import_files([one, two], tmp_path / "c")
    assert "description has 2,097,152 characters; an entire card can have" in first.error
    assert "bytes; a card can have at most" in second.error
    assert list((tmp_path / "c").iterdir()) == []


def test_too_many_entries_and_patterns() -> None:
    book = {"entries": [{"keys": ["a"], "content": "b"}] * 4001}
    with pytest.raises(ExchangeError, match=r"4,001 entries; split it: a card can have 4,000"):
        read_bytes(jsonio.dumps(v3(character_book=book)))
    slow = {"entries": [{"keys": [f"/(a{n}|b){{1,90}}/"], "content": "b"} for n in range(3000)]}
    found = read_bytes(jsonio.dumps(v3(character_book=slow)))
    assert any("too many regex patterns" in note for note in found.notes)
    assert found.card.lorebook.entries[0].keys
    assert not found.card.lorebook.entries[-1].keys
