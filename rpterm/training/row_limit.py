"""Drops rows that do not fit into the token limit, measured as ``rpterm export check`` measures
them.

No trainer of TRL learns anything from a row whose prompt alone fills the limit, and most drop it
silently. It is therefore dropped here, before a model is loaded, and reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rpterm.errors import RptermError
from rpterm.humanize import counted
from rpterm.preference.check.examples import Example, RowError, parse_row
from rpterm.preference.check.trainers import drop_long_prompt
from rpterm.preference.prompt_builder import rounded_up
from rpterm.preference.trainer_model import TrainerModel
from rpterm.training.dataset import MIN_ROWS, Dataset, Lengths, Row
from rpterm.training.plan import Method


@dataclass(frozen=True, slots=True)
class _SizedRow:
    """A row, its tokens, and whether it is kept, cut or dropped."""

    row: Row
    tokens: int
    fate: str


def fit_rows(data: Dataset, model: TrainerModel, limit: int, out: Path) -> Dataset:
    """Keep the rows that a trainer learns from, and measure their lengths.

    Args:
        model: The model whose template and tokenizer are used.
        out: The export, for error messages.

    Raises:
        RptermError: Too few rows are left, or the template rejects them.
    """
    train, test = (_measure(rows, model, limit) for rows in (data.train, data.test))
    sized = [*train, *test]
    kept = [each for each in train if each.fate != "dropped"]
    limit_for_all = rounded_up(max((each.tokens for each in sized), default=0))
    if not train:
        raise RptermError(
            f"No row of {out} can be trained on: `rpterm export check {out}` shows what is wrong."
        )
    if not kept:
        raise RptermError(_none_fits(train, limit, out))
    rows = [each.row for each in kept]
    _check_enough(rows, data.method, f"that fit into {limit:,} tokens", out, limit_for_all)
    lengths = Lengths(
        longest=max(each.tokens for each in kept),
        too_long=sum(each.fate == "dropped" for each in sized),
        broken=len(data.train) + len(data.test) - len(sized),
        cut=sum(each.fate == "cut" for each in kept),
        wide=limit_for_all,
    )
    tested = [each.row for each in test if each.fate != "dropped"]
    return replace(data, train=rows, test=tested, lengths=lengths)


def _none_fits(rows: Sequence[_SizedRow], limit: int, out: Path) -> str:
    shortest = min(each.tokens for each in rows)
    advice = f"`--max-tokens {rounded_up(shortest)}`."
    if len(rows) == 1:
        return f"The only row of {out} has {shortest:,} tokens, more than {limit:,}: {advice}"
    return (
        f"None of the {len(rows):,} rows of {out} fits into {limit:,} tokens; the shortest has "
        f"{shortest:,}: {advice}"
    )


def _measure(rows: Sequence[Row], model: TrainerModel, limit: int) -> list[_SizedRow]:
    """Rows with their sizes; invalid rows are left out."""
    valid: list[tuple[Row, Example]] = []
    texts: list[str] = []
    for row in rows:
        try:
            example = parse_row(row)
        except RowError:
            continue
        valid.append((row, example))
        try:
            texts += model.texts(example.prompt, example.replies)
        except RptermError as error:
            raise RptermError(
                f"The template of {model.name} rejects the rows ({error}): export them for this "
                "model with `rpterm export OUT --model FILE`."
            ) from error
    sizes = iter(model.count(texts, special=True)() if texts else [])
    measured = []
    for row, example in valid:
        prompt = next(sizes)
        reply = max(next(sizes) for _ in example.replies)
        fate = drop_long_prompt(example, prompt, reply, limit)
        measured.append(_SizedRow(row, prompt + reply, fate))
    return measured


def _check_enough(
    rows: Sequence[Row], method: Method, which: str, out: Path, limit_for_all: int
) -> None:
    if len(rows) < MIN_ROWS[method]:
        raise RptermError(
            f"There is only {counted(len(rows), 'row')} of {out} {which}, and {method} needs "
            f"{MIN_ROWS[method]}: `--max-tokens {limit_for_all}` includes all."
        )
    if method is Method.KTO and len({row["label"] for row in rows}) < 2:
        raise RptermError(
            f"All rows of {out} {which} have the same label, but KTO learns from the difference: "
            f"`--max-tokens {limit_for_all}` includes all rows."
        )
