"""Cards in PNG pictures: chunks of every kind, damage, and portraits of other formats."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from dataclasses import replace
from typing import Any

import pytest

from rpterm.cards.card import CharacterCard
from rpterm.cards.exchange.containers import jsonio, png
from rpterm.cards.exchange.export import export
from rpterm.cards.exchange.importer import read_bytes


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


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
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
