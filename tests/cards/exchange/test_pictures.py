"""Cards in PNG pictures: chunks of every kind, damage, and portraits of other formats."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rpterm.cards.card import CharacterCard
from rpterm.cards.exchange.containers import charx, jsonio, png
from rpterm.cards.exchange.export import export
from rpterm.cards.exchange.files import file_reader
from rpterm.cards.exchange.importer import read_bytes
from rpterm.cards.format.reader import load
from rpterm.store import Store
from rpterm.transfer.folder_import import import_paths


def v2(**data: Any) -> dict[str, Any]:
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": {"name": "Anna", **data}}


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


CARD = base64.b64encode(jsonio.dumps(v2(description="Hello.")))


@pytest.mark.parametrize(
    "body",
    [
        chunk(b"tEXt", b"chara\0" + CARD),
        chunk(b"tEXt", b"Chara\0" + CARD.rstrip(b"=")),
        chunk(b"tEXt", b"chara\0" + CARD[:50] + b"\r\n" + CARD[50:]),
        chunk(b"tEXt", b"chara\0" + jsonio.dumps(v2(description="Hello."))),
        chunk(b"zTXt", b"chara\0\0" + zlib.compress(CARD)),
        chunk(b"iTXt", b"chara\0\0\0\0\0" + CARD),
        chunk(b"iTXt", b"chara\0\1\0en\0x\0" + zlib.compress(CARD)),
        chunk(b"tEXt", b"chara\0" + CARD)[:-4] + b"\0\0\0\0",
        chunk(b"tEXt", b"chara\0" + CARD) + chunk(b"tEXt", b"chara\0" + CARD),
    ],
)
def test_text_chunks_of_every_kind(body: bytes) -> None:
    plain = png.blank(4, 4)
    found = read_bytes(plain[:33] + body + plain[33:] + b"trailing")
    assert found.card.description == "Hello."
    assert found.portrait == plain + b"trailing"


def test_a_whole_card_is_read_from_a_damaged_picture() -> None:
    plain = png.blank(4, 4)
    whole = chunk(b"tEXt", b"chara\0" + CARD)
    for damaged in (b"???", base64.b64encode(b'{"name": ')):
        both = plain[:33] + whole + chunk(b"tEXt", b"ccv3\0" + damaged) + plain[33:]
        found = read_bytes(both)
        assert (found.card.description, found.portrait) == ("Hello.", plain)
        assert "ccv3" in found.notes[0]
    cut = read_bytes((plain[:33] + whole + plain[33:])[:-20])
    assert cut.card.description == "Hello."
    assert "cut off" in cut.notes[0]


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "AVIF"])
def test_a_portrait_that_is_not_png_is_converted(form: str) -> None:
    from PIL import Image

    photo = io.BytesIO()
    Image.new("RGB", (6, 9), "#804020").save(photo, form)
    card = CharacterCard(name="Ada", portrait="ada.img")
    done = export(card, "png", {"ada.img": photo.getvalue()}.get)
    with Image.open(io.BytesIO(done.data)) as picture:
        assert (picture.format, picture.size) == ("PNG", (6, 9))
    assert read_bytes(done.data).card.name == "Ada"
    assert done.notes == ("The portrait ada.img was converted to PNG.",)
    broken = export(card, "png", {"ada.img": photo.getvalue()[:40]}.get)
    assert "cannot be read" in broken.notes[0]


def test_a_damaged_avif_is_replaced_by_a_plain_picture() -> None:
    from PIL import Image

    photo = io.BytesIO()
    Image.new("RGB", (6, 9), "#804020").save(photo, "AVIF")
    start = photo.getvalue().index(b"mdat") + 4
    damaged = photo.getvalue()[:start].ljust(len(photo.getvalue()), b"\0")
    done = export(CharacterCard(name="Ada", portrait="ada.avif"), "png", {"ada.avif": damaged}.get)
    assert "cannot be read" in done.notes[0]


def test_other_chunks_stay_on_export() -> None:
    plain = png.blank(4, 4)
    extra = chunk(b"acTL", b"\0" * 8) + chunk(b"tEXt", b"parameters\0steps") + chunk(b"iCCP", b"x")
    picture = plain[:33] + extra + chunk(b"tEXt", b"chara\0" + CARD) + plain[33:]
    found = read_bytes(picture)
    card = replace(found.card, portrait="p.png")
    done = export(card, "png", {"p.png": found.portrait}.get)
    kinds = [kind for kind, _, _ in png.chunks(done.data)]
    assert kinds == [b"IHDR", b"acTL", b"tEXt", b"iCCP", b"IDAT", b"tEXt", b"tEXt", b"IEND"]
    assert png.read(done.data).stripped == plain[:33] + extra + plain[33:]


def test_ccv3_goes_before_chara() -> None:
    newer = {"spec": "chara_card_v3", "spec_version": "3.0", "data": {"name": "New"}}
    cards = {"chara": jsonio.dumps(v2()), "ccv3": jsonio.dumps(newer)}
    assert read_bytes(png.write(png.blank(2, 2), cards)).card.name == "New"


def webp(comment: bytes) -> bytes:
    from PIL import Image

    exif, picture = Image.Exif(), io.BytesIO()
    exif.get_ifd(0x8769)[0x9286] = comment
    Image.new("RGB", (6, 9), "#804020").save(picture, "WEBP", exif=exif.tobytes())
    return picture.getvalue()


@pytest.mark.parametrize("form", ["%s", "ASCII\0\0\0%s", "numbers"])
def test_a_webp_picture_may_hold_a_card(tmp_path: Path, form: str) -> None:
    text = jsonio.dumps({"name": "Ada", "description": "Old.", "first_mes": "Hi."}, None)
    numbers = ",".join(map(str, text)).encode()
    data = webp(numbers if form == "numbers" else form.encode().replace(b"%s", text))
    found = read_bytes(data)
    assert (found.card.name, found.portrait_suffix) == ("Ada", ".webp")
    (tmp_path / "ada.webp").write_bytes(data)
    (tmp_path / "view.webp").write_bytes(webp(b"ASCII\0\0\0A fine view"))
    (tmp_path / "cut.webp").write_bytes(data[:18])
    with Store(tmp_path / "rp.db") as store:
        moved = import_paths([tmp_path], tmp_path / "cards", store)
    assert [each.source.name for each in moved.cards] == ["ada.webp"]
    card = load(tmp_path / "cards" / "ada.toml")
    done = export(card, "png", file_reader(tmp_path / "cards"))
    assert read_bytes(done.data).card.description == "Old."


def test_a_folder_import_finds_an_archive_behind_a_jpeg(tmp_path: Path) -> None:
    card = jsonio.dumps({"spec": "chara_card_v3", "spec_version": "3.0", "data": {"name": "Risu"}})
    (tmp_path / "risu.jpeg").write_bytes(b"\xff\xd8\xff\xe0" + charx.write(card, {}))
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with Store(tmp_path / "rp.db") as store:
        moved = import_paths([tmp_path], tmp_path / "cards", store)
    assert [each.source.name for each in moved.cards] == ["risu.jpeg"]


@pytest.mark.filterwarnings("error")
def test_a_damaged_or_huge_picture_writes_no_warning_over_the_screen() -> None:
    from PIL import Image

    huge = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(huge, "PNG")
    assert png.converted(huge.getvalue()) is None
