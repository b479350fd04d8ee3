"""Other programs' own forms of a character (Gradio JSON, YAML) as a V1 document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMES: dict[str, tuple[str, ...]] = {
    "name": ("name", "char_name", "bot"),
    "description": ("description", "char_persona", "context", "persona"),
    "personality": ("personality",),
    "scenario": ("scenario", "world_scenario"),
    "first_mes": ("first_mes", "char_greeting", "greeting"),
    "mes_example": ("mes_example", "example_dialogue"),
}
_TELLING = {"char_name", "char_persona", "char_greeting", "world_scenario", "greeting", "context"}


def is_foreign(raw: Mapping[str, Any]) -> bool:
    """Whether a table uses another program's names for the fields of a card."""
    return "data" not in raw and "first_mes" not in raw and bool(_TELLING & raw.keys())


def to_v1(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The same as V1; keys that no field stands for stay as they are."""
    card: dict[str, Any] = {}
    used = set()
    for ours, theirs in _NAMES.items():
        found = next((key for key in theirs if raw.get(key) not in (None, "")), None)
        card[ours] = raw[found] if found else ""
        used |= {key for key in theirs if key in raw and raw[key] in (None, "", card[ours])}
    return {**{key: value for key, value in raw.items() if key not in used}, **card}
