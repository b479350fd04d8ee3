"""What to export, and what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rpterm.preference.dataset_card import Figures
from rpterm.preference.message_shape import Greeting
from rpterm.preference.record_builder import Selection
from rpterm.preference.records import Kind, Source
from rpterm.preference.scrub import REGION


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to export, and how.

    Attributes:
        greeting: How to export a greeting before the first user turn.
        split: Share of conversations in the test split.
        max_tokens: Limit for prompt and reply; older turns beyond it are cut. 0 means no limit.
        card: Only chats with this character.
        strict: Replace an earlier export only if a check of the new one finds no serious faults.
    """

    format: str = "trl_dpo"
    wanted: Selection = Selection()  # noqa: RUF009 - frozen
    greeting: Greeting = Greeting.AUTO
    split: float = 0.1
    max_tokens: int = 1024
    scrub: bool = True
    region: str = REGION
    licence: str = ""
    file_type: Literal["jsonl", "parquet"] = "jsonl"
    card: str | None = None
    strict: bool = False


@dataclass(slots=True)
class ExportResult:
    """The result of an export.

    Attributes:
        rows: Number of rows by file stem.
        judged_chats: Number of judged chats.
        chats: Those of them that may be exported.
        cut: Number of prompts whose oldest turns did not fit the token limit.
        bare: Those of them of which only the last message fitted.
        longest: Tokens of the longest row that did not fit even so.
        left_out: Number of judgements left out, by reason.
        unwanted: Sources of judgements that were not requested.
        unused: Number of records of kinds that the format does not use.
        unplaced: Records of its kinds that it cannot express, such as three stars in KTO.
        scrubbed: Number of texts removed by the scrubber, by kind.
        review: The file that lists what the scrubber removed, if anything.
    """

    rows: dict[str, int] = field(default_factory=dict)
    judged_chats: int = 0
    chats: int = 0
    cut: int = 0
    bare: int = 0
    longest: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    unwanted: set[Source] = field(default_factory=set)
    unused: Counter[Kind] = field(default_factory=Counter)
    unplaced: int = 0
    scrubbed: Counter[str] = field(default_factory=Counter)
    review: Path | None = None
    figures: Figures = field(default_factory=Figures)
