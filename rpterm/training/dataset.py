"""Reads the rows of an export for one training method. Knows the format of rows, no trainer."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rpterm import paths
from rpterm.errors import RptermError
from rpterm.humanize import counted
from rpterm.preference.check.reading import (
    data_files,
    exports,
    limit_of,
    manifest,
    raw_rows,
    split_of,
)
from rpterm.preference.export_folder import MANIFEST
from rpterm.training.plan import Method

Row = dict[str, Any]

_FIELDS = {
    Method.DPO: ("prompt", "chosen", "rejected"),
    Method.ORPO: ("prompt", "chosen", "rejected"),
    Method.KTO: ("prompt", "completion", "label"),
    Method.SFT: ("messages",),
}
MIN_ROWS = {Method.DPO: 1, Method.ORPO: 1, Method.KTO: 2, Method.SFT: 1}
"""The fewest rows a method can train on."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the rows are, and what the token limit did to them.

    Attributes:
        longest: Tokens of the longest training row.
        too_long: Training and test rows that were dropped because the prompt fills the limit.
        broken: Rows that were dropped because they are invalid.
        cut: Training rows longer than the limit, whose replies are truncated.
        wide: A limit that fits all rows completely.
    """

    longest: int = 0
    too_long: int = 0
    broken: int = 0
    cut: int = 0
    wide: int = 0


@dataclass(frozen=True, slots=True)
class Dataset:
    """Training rows, and test rows of other conversations.

    Attributes:
        digest: A hash of the files.
        limit: The most tokens that a row was exported with; 0 if unknown or unlimited.
    """

    method: Method
    train: list[Row] = field(default_factory=list)
    test: list[Row] = field(default_factory=list)
    digest: str = ""
    lengths: Lengths = Lengths()
    limit: int = 0


def read_dataset(out: Path, method: Method | None) -> Dataset:
    """Read the rows of an export.

    Args:
        method: ``None`` takes the method the rows were written for.

    Raises:
        RptermError: There is nothing to read, or too few rows for this method.
    """
    out, *others = exports(out)
    if others:
        names = ", ".join(each.name for each in (out, *others))
        raise RptermError(f"{out.parent} contains several exports ({names}): name one.")
    splits: dict[str, list[Row]] = {"train": [], "test": []}
    digest = hashlib.sha256()
    for file in data_files(out):
        digest.update(bytes.fromhex(paths.sha256(file)))
        splits[split_of(file)] += [row for _, row in raw_rows(file) if isinstance(row, dict)]
    method = method or _recognize_method(splits["train"])
    parts = {name: _rows_for(rows, method) for name, rows in splits.items()}
    if len(parts["train"]) < MIN_ROWS[method]:
        target = _export_target(out, method)
        raise RptermError(
            f"{out} has {counted(len(parts['train']), 'row')} for {method}, which needs at least "
            f"{MIN_ROWS[method]}: `rpterm export {target} --format {method}` writes them."
        )
    if method is Method.KTO and len({repr(row["label"]) for row in parts["train"]}) < 2:
        raise RptermError(
            f"All replies in {out} have the same label, but KTO learns from the difference: rate "
            "some good and some bad."
        )
    limit = limit_of(manifest(out))
    return Dataset(method, parts["train"], parts["test"], digest.hexdigest(), limit=limit)


def _export_target(out: Path, method: Method) -> str:
    """Where to write the new export; only an export of rpterm may be overwritten."""
    folder = out if (out / MANIFEST).is_file() else out.with_name(f"{out.stem}-{method}")
    return shlex.quote(str(folder))


def _recognize_method(rows: list[Row]) -> Method:
    """The method of the first row that is one of any method."""
    for row in rows:
        for method in (Method.DPO, Method.KTO, Method.SFT):
            if _rows_for([row], method):
                return method
    return Method.DPO


def _rows_for(rows: list[Row], method: Method) -> list[Row]:
    names = _FIELDS[method]
    matching = [
        {name: row[name] for name in names}
        for row in rows
        if set(names) <= row.keys() <= {*names, "meta"}
    ]
    if method is Method.SFT:
        # Prompt and completion are separate, because only the reply is learned.
        talks = (row["messages"] for row in matching if isinstance(row["messages"], list))
        return [{"prompt": talk[:-1], "completion": talk[-1:]} for talk in talks]
    return matching
