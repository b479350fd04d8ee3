"""One file for each format; each only reshapes records into rows."""

from __future__ import annotations

from rpterm.preference.formats import (
    argilla,
    axolotl,
    llama_factory,
    openai,
    raw,
    sharegpt,
    trl_dpo,
    trl_kto,
    trl_sft,
    ultrafeedback,
)
from rpterm.preference.formats.base import Format, Row, Shape, Table

FORMATS: dict[str, Format] = {
    each.FORMAT.name: each.FORMAT
    for each in (
        trl_dpo, trl_kto, trl_sft, axolotl, llama_factory, openai, sharegpt, ultrafeedback,
        argilla, raw,
    )
}  # fmt: skip
"""Every format by its own name, which the manifest of an export has."""

ALIASES = {
    "dpo": "trl_dpo", "orpo": "trl_dpo", "reward": "trl_dpo", "kto": "trl_kto", "sft": "trl_sft",
    "trl_orpo": "trl_dpo", "trl_reward": "trl_dpo",
}  # fmt: skip
"""What people call formats beside their names."""


def _spoken(name: str) -> list[str]:
    short = [alias for alias, form in ALIASES.items() if form == name and "_" not in alias]
    return short or [name.replace("_", "-")]


OFFERED = tuple(short for name in FORMATS for short in _spoken(name))
"""What help and messages call them, one set of names for all."""


def spoken(name: str) -> str:
    """What a format is called in messages."""
    return _spoken(name)[0]


def named(name: str) -> str:
    """The name of a format as people write it: ``dpo``, ``LLaMA-Factory``; unknown ones stay."""
    plain = name.strip().lower().replace("-", "_")
    return ALIASES.get(plain, plain)


__all__ = ["ALIASES", "FORMATS", "OFFERED", "Format", "Row", "Shape", "Table", "named", "spoken"]
