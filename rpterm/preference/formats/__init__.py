"""The export formats, a module for each reader, which only reshape records into rows."""

from __future__ import annotations

from rpterm.preference.formats import (
    argilla,
    axolotl,
    llama_factory,
    openai,
    raw,
    sharegpt,
    trl,
    ultrafeedback,
)
from rpterm.preference.formats.base import Format, Row, Shape, Table

FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        trl.DPO, trl.KTO, trl.SFT, axolotl.FORMAT, llama_factory.FORMAT, openai.FORMAT,
        sharegpt.FORMAT, ultrafeedback.FORMAT, argilla.FORMAT, raw.FORMAT,
    )
}  # fmt: skip
"""Every format by its canonical name, which is stored in the manifest of an export."""

ALIASES = {
    "dpo": "trl_dpo", "orpo": "trl_dpo", "reward": "trl_dpo", "kto": "trl_kto", "sft": "trl_sft",
    "trl_orpo": "trl_dpo", "trl_reward": "trl_dpo",
}  # fmt: skip
"""Other common names of formats."""


def _short_names(name: str) -> list[str]:
    short = [alias for alias, form in ALIASES.items() if form == name and "_" not in alias]
    return short or [name.replace("_", "-")]


OFFERED = tuple(short for name in FORMATS for short in _short_names(name))
"""The names shown in help and messages."""


def display_name(name: str) -> str:
    """The name of a format in messages."""
    return _short_names(name)[0]


def canonical_name(name: str) -> str:
    """The canonical name of a format written as ``dpo`` or ``LLaMA-Factory``; else unchanged."""
    normalized = name.strip().lower().replace("-", "_")
    return ALIASES.get(normalized, normalized)


__all__ = [
    "ALIASES",
    "FORMATS",
    "OFFERED",
    "Format",
    "Row",
    "Shape",
    "Table",
    "canonical_name",
    "display_name",
]
