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
"""Every format by the name that ``rpterm export --format`` takes."""

__all__ = ["FORMATS", "Format", "Row", "Shape", "Table"]
