"""Latin letters without accents: who types "Graca" means "Graça"."""

from __future__ import annotations

import unicodedata

_LATIN = (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))


def _base(letter: str) -> str:
    return unicodedata.normalize("NFD", letter)[0]


_BASES = {code: _base(chr(code)) for code in _LATIN if _base(chr(code)).isascii()}


def unaccented(text: str) -> str:
    """A text of the same length without the accents of Latin letters; "ø" and "ß" stay."""
    return text if text.isascii() else text.translate(_BASES)
