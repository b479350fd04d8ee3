"""The words that answer, in lines of text, which of two replies is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rpterm.store.judgement_records import Verdict

VERDICTS: dict[str, Verdict] = {
    "l": "left", "left": "left", "r": "right", "right": "right", "=": "tie", "t": "tie",
    "tie": "tie", "0": "both_bad", "n": "both_bad", "neither": "both_bad",
}  # fmt: skip
