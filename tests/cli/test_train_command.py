"""``rpterm train``: what it says, what it refuses, how it stops. It is tested itself elsewhere."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Cli

from rpterm.preference.stats.agreement import Proportion
from rpterm.training import base_model, run
from rpterm.training.dataset import Dataset
from rpterm.training.parity import Parity
from rpterm.training.plan import TrainingPlan
from rpterm.training.result import HeldOut, TrainingResult
from rpterm.training.stopping import Halted, Stopped


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    reply = [{"role": "assistant", "content": "Yes."}]
    worse = [{"role": "assistant", "content": "No."}]
    row = {"prompt": [{"role": "user", "content": "Who?"}], "chosen": reply, "rejected": worse}
    for name in ("train", "test"):
        (folder / f"{name}.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base_model, "require_extra", lambda: None)


def test_a_missing_extra_package_is_one_sentence(
    cli: Cli, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "trl" else find(name)
    )
    done = cli("train", str(out), "--base", "starter")
    assert done.code == 1 and "pip install 'rpterm[train]'" in done.err
    assert "Traceback" not in done.err and len(done.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--method", "rlhf"), "there are dpo, orpo, kto, sft"),
        (("--method", "kto"), "--format kto"),
        ((), "--base FILE.gguf"),
        ((), "engine of your settings is scripted"),
    ],
)
def test_an_impossible_training_is_explained(
    cli: Cli, out: Path, installed: None, more: tuple[str, ...], told: str
) -> None:
    chosen = ("--base", "starter") if more else ()
    done = cli("train", str(out), *chosen, *more)
    assert done.code == (2 if "rlhf" in more else 1) and told in done.err


def test_a_finished_training_prints_its_result_and_the_next_steps(
    cli: Cli, out: Path, installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[TrainingPlan] = []

    def train(*given: Any, **_: Any) -> Any:
        plan, _, to, listener, _ = given
        seen.append(plan)
        listener.stage("reading the model")
        listener.estimated(600.0, 0, 12)
        listener.stepped(1, 12, 0.5)
        return TrainingResult(
            to, to.with_suffix(".md"), 12, 7200.0, 0.693, HeldOut(0.6, Proportion(9, 10)),
            Parity(0.5, 0.1, 40),
        )  # fmt: skip

    monkeypatch.setattr(run, "train", train)
    done = cli("train", str(out), "--base", "starter", "--rank", "4")
    assert done.code == 0, done.err
    assert "dpo on 1 row, 1 held-out row to test on" in done.out
    assert done.err == "reading the model\nstep 1 of 12, loss 0.500\n"
    assert "12 steps, about 10 minutes" in done.out and "12 steps in 2.0 hours" in done.out
    assert "0.693 → 0.600 (1 row)" in done.out
    assert "hardly noticed" not in done.out
    assert "chosen reply it prefers: 9 of 10 (60–98 %); half of them would be chance." in done.out
    adapter = out.with_name("out-dpo.gguf")
    assert f"rpterm chat CARD --adapter {adapter}" in done.out
    assert f"rpterm duel CARD --b adapter={adapter}" in done.out
    (plan,) = seen
    assert (plan.rank, plan.alpha, len(plan.base_hash)) == (4, 8.0, 64)


def test_the_first_ctrl_c_saves_and_the_second_one_quits(
    cli: Cli, out: Path, installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*given: Any, **_: Any) -> Any:
        *_, stop = given
        with stop.steps():
            os.kill(os.getpid(), signal.SIGINT)
        assert stop.requested
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        raise Stopped(3)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(run, "train", train)
    done = cli("train", str(out), "--base", "starter")
    assert done.code == 130
    assert "the steps that are done are saved" in done.err
    assert "Stopped after step 3" in done.out and "the same command continues" in done.out
    assert "with --steps 3 writes the adapter as it is" in done.out
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_outside_of_the_steps_stops_at_once(
    cli: Cli, out: Path, installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*given: Any, **_: Any) -> Any:
        *_, listener, _ = given
        part = listener.stage("reading", 2)
        part()
        with pytest.raises(Halted):
            os.kill(os.getpid(), signal.SIGINT)
        raise Stopped(0)

    monkeypatch.setattr(run, "train", train)
    done = cli("train", str(out), "--base", "starter")
    assert done.code == 130 and "Stopping" not in done.err
    assert "Stopped before the first step" in done.out


def test_a_limit_that_no_row_fits_is_reported_before_the_training(
    cli: Cli, out: Path, installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "train", lambda *ignored, **more: pytest.fail("it began"))
    row = {
        "prompt": [{"role": "user", "content": "Who was it? " * 40}],
        "chosen": [{"role": "assistant", "content": "Holmes."}],
        "rejected": [{"role": "assistant", "content": "A model."}],
    }
    (out / "train.jsonl").write_text(f"{json.dumps(row)}\n" * 2, encoding="utf-8")
    done = cli("train", str(out), "--base", "starter", "--max-tokens", "64")
    assert done.code == 1 and f"None of the 2 rows of {out} fits into 64 tokens" in done.err
    assert "`--max-tokens 256`" in done.err
    assert [path.name for path in out.parent.iterdir() if "training" in path.name] == []


def test_dropped_and_cut_rows_are_reported_before_the_training(
    cli: Cli, out: Path, installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(plan: TrainingPlan, data: Dataset, *ignored: Any, **more: Any) -> Any:
        assert len(data.train) == 2
        raise Stopped(1)

    monkeypatch.setattr(run, "train", train)
    rows = [
        {
            "prompt": [{"role": "user", "content": "Who was it? " * often}],
            "chosen": [{"role": "assistant", "content": "Holmes. " * long}],
            "rejected": [{"role": "assistant", "content": "A model."}],
        }
        for often, long in ((1, 1), (1, 90), (90, 1))
    ]
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    (out / "train.jsonl").write_text(text, encoding="utf-8")
    done = cli("train", str(out), "--base", "starter", "--max-tokens", "128")
    assert "1 row dropped: the prompt alone has 128 tokens or more. `--max-tokens 512`" in done.out
    assert "1 row longer than 128 tokens: the end of the reply is cut off" in done.out
    assert "dpo on 2 rows" in done.out


def test_a_resumed_training_prints_the_remaining_steps(
    cli: Cli, out: Path, installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*given: Any, **_: Any) -> Any:
        _, _, to, listener, _ = given
        listener.estimated(540.0, 2, 6)
        listener.stepped(3, 6, 0.5)
        made = Parity(0.05, 0.1, 40)
        after = HeldOut(0.6)
        return TrainingResult(to, to.with_suffix(".md"), 6, 300.0, None, after, made, begun=2)

    monkeypatch.setattr(run, "train", train)
    done = cli("train", str(out), "--base", "starter")
    assert "4 of 6 steps left, about 9 minutes" in done.out
    assert "6 steps, the last 4 in 5 minutes." in done.out and "it prefers" not in done.out
    assert "hardly noticed in a chat: train longer (--epochs 3, with --restart)" in done.out
    done = cli("train", str(out), "--base", "starter", "--steps", "6")
    assert "train longer (without --steps 6, with --restart)" in done.out


@pytest.mark.parametrize(("exported", "limit"), [(512, 1024), (2048, 2048), (0, 1024)])
def test_rows_may_be_as_long_as_the_export_allowed(
    cli: Cli, out: Path, installed: None, monkeypatch: pytest.MonkeyPatch, exported: int, limit: int
) -> None:
    def train(plan: TrainingPlan, *ignored: Any, **more: Any) -> Any:
        assert plan.max_length == limit
        raise Stopped(1)

    monkeypatch.setattr(run, "train", train)
    manifest = json.dumps({"about": {"max_tokens": exported}})
    (out / "data").mkdir()
    (out / "train.jsonl").rename(out / "data" / "train.jsonl")
    (out / "rpterm-export.json").write_text(manifest, encoding="utf-8")
    assert cli("train", str(out), "--base", "starter").code == 130
