"""Which rows fit into the limit of tokens: measured as ``rpterm export check`` measures them.

Every trainer of TRL learns nothing from a row whose prompt alone fills the limit, and most drop it
without a word; so it is dropped here, before a model is loaded, and told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rpterm.plural import counted
from rpterm.preference.check.examples import Example, RowError, recognise
from rpterm.preference.check.report import Model
from rpterm.preference.check.trainers import drop_long_prompt
from rpterm.preference.history import roomy
from rpterm.training.data import SMALLEST, Data, Lengths, Row
from rpterm.training.plan import Method, TrainingError
from rpterm.types import RptermError


@dataclass(frozen=True, slots=True)
class _Sized:
    """A row, the tokens of it all, and what becomes of it."""

    row: Row
    tokens: int
    fate: str


def fitted(data: Data, model: Model, limit: int, out: Path) -> Data:
    """The rows that a trainer learns from, and how long they are.

    Args:
        model: Whose template and tokens count.
        out: The export, for what is told.

    Raises:
        TrainingError: Too few are left, or the template refuses them.
    """
    train, test = (_sized(rows, model, limit) for rows in (data.train, data.test))
    sized = [*train, *test]
    kept = [each for each in train if each.fate != "dropped"]
    wide = roomy(max((each.tokens for each in sized), default=0))
    if not train:
        raise TrainingError(
            f"No row of {out} can be trained on: `rpterm export check {out}` says what is wrong."
        )
    if not kept:
        raise TrainingError(_none_fits(train, limit, out))
    rows = [each.row for each in kept]
    _check_enough(rows, data.method, f"that fit into {limit:,} tokens", out, wide)
    lengths = Lengths(
        longest=max(each.tokens for each in kept),
        too_long=sum(each.fate == "dropped" for each in sized),
        broken=len(data.train) + len(data.test) - len(sized),
        cut=sum(each.fate == "cut" for each in kept),
        wide=wide,
    )
    tested = [each.row for each in test if each.fate != "dropped"]
    return replace(data, train=rows, test=tested, lengths=lengths)


def _none_fits(rows: Sequence[_Sized], limit: int, out: Path) -> str:
    shortest = min(each.tokens for each in rows)
    advice = f"`--max-tokens {roomy(shortest)}`."
    if len(rows) == 1:
        return f"The only row of {out} has {shortest:,} tokens, more than {limit:,}: {advice}"
    return (
        f"None of the {len(rows):,} rows of {out} fits into {limit:,} tokens; the shortest has "
        f"{shortest:,}: {advice}"
    )


def _sized(rows: Sequence[Row], model: Model, limit: int) -> list[_Sized]:
    """Rows with their sizes; those that are none are left out."""
    good: list[tuple[Row, Example]] = []
    texts: list[str] = []
    for row in rows:
        try:
            example = recognise(row)
        except RowError:
            continue
        good.append((row, example))
        texts += [_rendered(example, model), *(reply + model.end for reply in example.replies)]
    sizes = iter(model.count(texts) if texts else [])
    found = []
    for row, example in good:
        prompt = next(sizes)
        reply = max(next(sizes) for _ in example.replies)
        fate = drop_long_prompt(example, prompt, reply, limit)
        found.append(_Sized(row, prompt + reply, fate))
    return found


def _rendered(example: Example, model: Model) -> str:
    if isinstance(example.prompt, str):
        return example.prompt
    try:
        return str(model.render(example.prompt, reply=True))
    except RptermError as error:
        raise TrainingError(
            f"The template of {model.name} refuses the rows ({error}): export them for this "
            "model, `rpterm export OUT --model FILE`."
        ) from error


def _check_enough(rows: Sequence[Row], method: Method, which: str, out: Path, wide: int) -> None:
    if len(rows) < SMALLEST[method]:
        raise TrainingError(
            f"There is only {counted(len(rows), 'row')} of {out} {which}, and {method} needs "
            f"{SMALLEST[method]}: `--max-tokens {wide}` takes all."
        )
    if method is Method.KTO and len({row["label"] for row in rows}) < 2:
        raise TrainingError(
            f"All rows of {out} {which} have the same label, and KTO learns from the difference: "
            f"`--max-tokens {wide}` takes all rows."
        )
