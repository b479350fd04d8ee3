"""Rows of an export, as one method takes them. Knows the shape of rows, no trainer."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rpterm.plural import counted
from rpterm.preference.check.reading import exports, files, raw_rows, split_of
from rpterm.preference.writing import MANIFEST
from rpterm.training.plan import Method, TrainingError

Row = dict[str, Any]

_FIELDS = {
    Method.DPO: ("prompt", "chosen", "rejected"),
    Method.ORPO: ("prompt", "chosen", "rejected"),
    Method.KTO: ("prompt", "completion", "label"),
    Method.SFT: ("messages",),
}
SMALLEST = {Method.DPO: 1, Method.ORPO: 1, Method.KTO: 2, Method.SFT: 1}
"""Rows that a method needs."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long rows are, and what that did to them.

    Attributes:
        longest: Tokens of the longest row that is trained on.
        too_long: Rows to train and to test on that were dropped: the prompt fills the limit.
        broken: Rows that were dropped because they are none.
        cut: Rows to train on that are longer than the limit, whose replies lose their ends.
        wide: A limit that would take all rows whole.
    """

    longest: int = 0
    too_long: int = 0
    broken: int = 0
    cut: int = 0
    wide: int = 0


@dataclass(frozen=True, slots=True)
class Data:
    """Rows to train on, and rows of other chats to test on; ``digest`` is of their files."""

    method: Method
    train: list[Row] = field(default_factory=list)
    test: list[Row] = field(default_factory=list)
    digest: str = ""
    lengths: Lengths = Lengths()


def read(out: Path, method: Method | None) -> Data:
    """The rows of an export.

    Args:
        method: ``None`` takes what the rows are made for.

    Raises:
        ExportError: There is nothing to read.
        TrainingError: There are no rows for this method, or too few.
    """
    out, *others = exports(out)
    if others:
        names = ", ".join(each.name for each in (out, *others))
        raise TrainingError(f"{out.parent} holds several exports ({names}): name one.")
    found: dict[str, list[Row]] = {"train": [], "test": []}
    digest = hashlib.sha256()
    for file in files(out):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
        found[split_of(file)] += [row for _, row in raw_rows(file) if isinstance(row, dict)]
    method = method or _meant(found["train"])
    parts = {name: _fitting(rows, method) for name, rows in found.items()}
    if len(parts["train"]) < SMALLEST[method]:
        folder = _folder(out, method)
        raise TrainingError(
            f"{out} has {counted(len(parts['train']), 'row')} for {method}, which needs "
            f"{SMALLEST[method]} at least: `rpterm export {folder} --format {method}` writes them."
        )
    if method is Method.KTO and len({row["label"] for row in parts["train"]}) < 2:
        raise TrainingError(
            f"All replies in {out} have the same label, and KTO learns from the difference: rate "
            "some good and some bad."
        )
    return Data(method, parts["train"], parts["test"], digest.hexdigest())


def _folder(out: Path, method: Method) -> str:
    """Where an export may be written: what is no export of rpterm is never replaced by one."""
    folder = out if (out / MANIFEST).is_file() else out.with_name(f"{out.stem}-{method}")
    return shlex.quote(str(folder))


def _meant(rows: list[Row]) -> Method:
    for method in (Method.DPO, Method.KTO, Method.SFT):
        if _fitting(rows[:1], method):
            return method
    return Method.DPO


def _fitting(rows: list[Row], method: Method) -> list[Row]:
    wanted = _FIELDS[method]
    fitting = [
        {name: row[name] for name in wanted}
        for row in rows
        if set(wanted) <= row.keys() <= {*wanted, "meta"}
    ]
    if method is Method.SFT:
        # Prompt and completion apart: only the reply is learned.
        return [
            {"prompt": row["messages"][:-1], "completion": row["messages"][-1:]} for row in fitting
        ]
    return fitting
