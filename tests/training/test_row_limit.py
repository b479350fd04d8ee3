"""Rows that do not fit into the limit: dropped, counted, reported before a model is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rpterm.errors import RptermError
from rpterm.preference.trainer_model import TrainerModel
from rpterm.training.dataset import Dataset
from rpterm.training.parity import Parity
from rpterm.training.plan import Method, TrainingPlan
from rpterm.training.result import HeldOut, TrainingResult, model_card
from rpterm.training.row_limit import fit_rows

OUT = Path("out")


def render(messages: Sequence[tuple[str, str]], *, reply: bool) -> str:
    return " ".join(content for _, content in messages)


def count(texts: Sequence[str], *, special: bool = False) -> Callable[[], list[int]]:
    return lambda: [len(text.split()) for text in texts]


WORDS = TrainerModel("words", render, count, " end")


def messages(role: str, words: int) -> list[dict[str, str]]:
    return [{"role": role, "content": " ".join(["word"] * words)}]


def pair(prompt: int, reply: int) -> dict[str, Any]:
    return {
        "prompt": messages("user", prompt),
        "chosen": messages("assistant", reply),
        "rejected": messages("assistant", 1),
    }


def label(prompt: int, good: bool) -> dict[str, Any]:
    return {
        "prompt": messages("user", prompt), "completion": messages("assistant", 4), "label": good
    }  # fmt: skip


def test_rows_whose_prompt_fills_the_limit_are_dropped_and_the_others_counted() -> None:
    broken = pair(5, 5) | {"rejected": messages("assistant", 5)}
    rows = [pair(10, 5), pair(20, 9), pair(20, 12), pair(32, 4), broken]
    data = fit_rows(Dataset(Method.DPO, rows, [pair(10, 4), pair(40, 4)], "d"), WORDS, 32, OUT)
    assert (data.train, data.test, data.digest) == (rows[:3], [pair(10, 4)], "d")
    lengths = data.lengths
    assert (lengths.longest, lengths.cut, lengths.too_long, lengths.broken) == (33, 1, 2, 1)
    assert lengths.wide == 256


@pytest.mark.parametrize("method", [Method.DPO, Method.ORPO])
def test_where_no_row_fits_the_error_has_the_shortest(method: Method) -> None:
    rows = [pair(1100, 59), pair(1300, 59)]
    text = r"None of the 2 rows of out fits into 1,024 tokens; the shortest has 1,160: "
    with pytest.raises(RptermError, match=f"{text}`--max-tokens 1280`"):
        fit_rows(Dataset(method, rows), WORDS, 1024, OUT)
    with pytest.raises(RptermError, match="The only row of out has 1,160 tokens"):
        fit_rows(Dataset(method, rows[:1]), WORDS, 1024, OUT)


def test_kto_needs_both_labels_among_the_rows_that_fit() -> None:
    rows = [label(8, True), label(9, True), label(40, False)]
    with pytest.raises(RptermError, match=r"same label.*`--max-tokens 256`"):
        fit_rows(Dataset(Method.KTO, rows), WORDS, 32, OUT)
    with pytest.raises(RptermError, match=r"only 1 row of out .* kto needs 2"):
        fit_rows(Dataset(Method.KTO, rows[1:]), WORDS, 32, OUT)


def test_invalid_rows_and_a_template_that_rejects_them_are_errors() -> None:
    with pytest.raises(RptermError, match="`rpterm export check out` shows"):
        fit_rows(Dataset(Method.DPO, [pair(4, 4) | {"rejected": []}]), WORDS, 32, OUT)

    def refuse(*ignored: Any, **more: Any) -> str:
        raise RptermError("roles must alternate")

    with pytest.raises(RptermError, match="template of picky rejects the rows"):
        fit_rows(
            Dataset(Method.DPO, [pair(4, 4)]),
            TrainerModel("picky", refuse, WORDS.count, ""),
            32,
            OUT,
        )


def test_the_model_card_has_the_values_that_were_used() -> None:
    rows = [pair(20, 5), pair(20, 12), pair(32, 4)]
    plan = TrainingPlan(Method.DPO, Path("m.gguf"), max_length=32)
    made = TrainingResult(
        Path("a.gguf"), Path("a.md"), 1, 9.0, None, HeldOut(), Parity(0.5, 0.1, 40)
    )
    for some, longest, dropped in ((rows, 32, "1, 1"), (rows[:1], 26, "0, 0")):
        text = model_card(plan, fit_rows(Dataset(Method.DPO, some), WORDS, 32, OUT), made)
        assert f"| longest row | {longest} tokens |" in text
        assert f"| rows dropped, rows truncated | {dropped} |" in text
        assert f"| rows trained on | {min(2, len(some))} |" in text
