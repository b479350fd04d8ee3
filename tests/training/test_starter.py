"""Real trainings of the starter model, a few steps each. Needs the extra ``train``."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rpterm.errors import RptermError
from rpterm.hardware.system_memory import SystemMemory
from rpterm.models.starter import llm_path
from rpterm.preference.stats.agreement import Proportion
from rpterm.training import convert, parity, trainer
from rpterm.training.base_model import BaseModel, load_base_model, require_extra
from rpterm.training.dataset import Dataset, read_dataset
from rpterm.training.plan import Method, TrainingPlan
from rpterm.training.run import train
from rpterm.training.stopping import Halted, Stopped, StopRequest

pytestmark = [pytest.mark.model, pytest.mark.trainer]
pytest.importorskip("trl")
pytest.importorskip("gguf")

PROMPT = [
    {"role": "system", "content": "You are Watson, a doctor."},
    {"role": "user", "content": "Who was at the door?"},
]
GOOD = "An old sailor with a wooden leg; he left this parcel and would not give his name."
BAD = "As an AI language model I cannot know who was at your door, but I can help you."
TEXTS = [("<|im_start|>user\nWho was at the door?<|im_end|>\n<|im_start|>assistant\n", GOOD)]


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    for name, many in (("train", 6), ("test", 2)):
        rows = [
            {"prompt": PROMPT, "chosen": said(f"{GOOD} {at}"), "rejected": said(f"{BAD} {at}")}
            for at in range(many)
        ]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def base() -> Iterator[BaseModel]:
    require_extra()
    yield load_base_model(llm_path())


def few_layers(base: BaseModel) -> BaseModel:
    """A copy with a sixth of the layers, which is enough to test a training."""
    model = copy.deepcopy(base.model)
    model.model.layers, model.config.num_hidden_layers = model.model.layers[:5], 5
    return BaseModel(base.path, base.arch, model, base.tokenizer, base.targets)


class RecordingListener:
    """Records what a listener receives, and requests a stop in a given stage."""

    def __init__(self, stop: StopRequest, stop_in: str = "") -> None:
        self.stages: list[str] = []
        self.parts: dict[str, int] = {}
        self._stop_in = stop_in
        self.steps: list[int] = []
        self.seconds = 0.0
        self._stop = stop

    def stage(self, name: str, parts: int = 0) -> Callable[[], object]:
        self.stages.append(name)
        self.parts[name] = parts
        if self._stop_in and name.startswith(self._stop_in):
            self._stop.requested = True

        def part() -> None:
            self.parts[name] -= 1

        return part

    def estimated(self, seconds: float, done: int, total: int) -> None:
        self.seconds = seconds
        self.stages.append(f"{done} of {total} steps")

    def stepped(self, done: int, total: int, loss: float) -> None:
        assert loss > 0
        self.steps.append(done)


def test_a_stopped_training_resumes_and_produces_an_adapter(out: Path, tmp_path: Path) -> None:
    data = read_dataset(out, None)
    plan = TrainingPlan(Method.DPO, llm_path(), "h", epochs=1, rate=1e-3, rank=4, max_length=256)
    to = tmp_path / "mine.gguf"
    stop = StopRequest()
    first = RecordingListener(stop, stop_in="comparing")
    with pytest.raises(Stopped) as stopped:
        train(plan, data, to, first, stop)
    assert stopped.value.step == 3 and not to.exists()  # All steps were run, and none is lost.
    with pytest.raises(RptermError, match="--restart"):
        train(TrainingPlan(Method.DPO, llm_path(), "h", seed=2), data, to, first, StopRequest())
    checkpoint = next(to.with_suffix(".training").glob("checkpoint-3"))
    shutil.rmtree(checkpoint)
    second = RecordingListener(StopRequest())
    done = train(plan, data, to, second, StopRequest())
    assert second.steps == [3] and done.steps == 3
    assert not any(second.parts.values())
    told = dict.fromkeys(each.split(",")[0].split(" with")[0] for each in second.stages)
    assert list(told) == [
        "reading the model", "trying a random adapter in llama.cpp", "tokenizing 6 rows",
        "measuring how long a step takes",
        "2 of 3 steps", "the loss after the training",
        "comparing the adapter in llama.cpp",
    ]  # fmt: skip
    assert first.seconds > 0 and "0 of 3 steps" in first.stages
    assert done.begun == 2
    assert done.loss_before == pytest.approx(0.6931, abs=1e-4)  # ln 2, resumed or not
    assert done.after.loss is not None and done.after.loss < 0.69
    assert done.after.preferred == Proportion(2, 2)
    assert done.parity.same and done.parity.moved > 0.02
    assert "SHA-256 of the data" in done.card.read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.gguf", "mine.md", "out"]


def test_a_stop_before_the_first_step_leaves_nothing(out: Path, tmp_path: Path) -> None:
    plan = TrainingPlan(Method.DPO, llm_path(), "h", rank=4, max_length=256)
    stop = StopRequest()
    heard = RecordingListener(stop, stop_in="measuring")
    with pytest.raises(Stopped) as stopped:
        train(plan, read_dataset(out, None), tmp_path / "mine.gguf", heard, stop)
    assert stopped.value.step == 0 and heard.stages[-1].startswith("measuring")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_stop_abandons_the_current_row_and_keeps_the_steps_before_it(
    base: BaseModel, out: Path, tmp_path: Path
) -> None:
    stop, steps = StopRequest(), []
    own = few_layers(base)
    built = trainer.build_trainer(
        TrainingPlan(Method.DPO, base.path, rank=4, max_length=256), own, read_dataset(out, None),
        tmp_path / "run", lambda done, total, loss: steps.append(done), stop,
    )  # fmt: skip
    layers = [module for name, module in built.model.named_modules() if name.endswith("q_proj")]
    seen: list[int] = []

    def request_stop(*ignored: Any) -> None:
        seen.append(built.state.global_step)
        if built.state.global_step == 2:
            stop.requested = True  # in the middle of the third step

    layers[1].register_forward_pre_hook(request_stop, prepend=True)
    with pytest.raises(Halted):
        built.train()
    assert seen.count(2) == 1  # It did not continue to the end of the row.
    shutil.rmtree(tmp_path / "run" / "checkpoint-2", ignore_errors=True)
    trainer.save_last_step(built, tmp_path / "run")
    checkpoint = trainer.last_checkpoint(tmp_path / "run")
    assert checkpoint is not None and trainer.step_of(checkpoint) == 2 == max(steps)
    learned = {n: p for n, p in built.model.named_parameters() if "lora_B" in n}
    trained = {name: weight.detach().clone() for name, weight in learned.items()}
    for weight in learned.values():
        weight.data.zero_()
    built.state.global_step = 0
    trainer.restore(built, checkpoint)
    assert built.state.global_step == 2
    assert all(weight.equal(trained[name]) for name, weight in learned.items())


@pytest.mark.parametrize("method", [Method.ORPO, Method.KTO, Method.SFT])
def test_every_method_makes_a_step(
    base: BaseModel, out: Path, tmp_path: Path, method: Method
) -> None:
    pairs = read_dataset(out, None).train
    rows: list[dict[str, Any]] = pairs
    if method is not Method.ORPO:
        sides = (("chosen", True), ("rejected", False))
        rows = [
            {"prompt": each["prompt"], "completion": each[side], "label": label}
            for each in pairs for side, label in sides
        ]  # fmt: skip
    if method is Method.SFT:
        rows = [{"prompt": each["prompt"], "completion": each["completion"]} for each in rows]
    data = Dataset(method, rows, rows[:2])
    own = few_layers(base)
    heard: list[int] = []
    built = trainer.build_trainer(
        TrainingPlan(method, base.path, steps=1), own, data, tmp_path / "run",
        lambda done, total, loss: heard.append(done), StopRequest(),
    )  # fmt: skip
    assert trainer.step_seconds(built) > 0 and trainer.total_steps(built) == 1
    built.train()
    assert heard == [1] and trainer.last_checkpoint(tmp_path / "run") is not None
    held_out = trainer.held_out(built)
    assert held_out.loss is not None and held_out.loss > 0
    assert (held_out.preferred is not None) == (method is Method.ORPO)


def test_activations_are_recomputed_where_memory_is_short(
    base: BaseModel, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = TrainingPlan(Method.DPO, base.path, steps=1, rank=4)
    losses: list[float] = []
    for available in (10**15, 1):
        monkeypatch.setattr(
            trainer, "system_memory", lambda free=available: SystemMemory(free, free)
        )
        own = few_layers(base)
        built = trainer.build_trainer(
            plan, own, read_dataset(out, None), tmp_path / str(available),
            lambda done, total, loss: losses.append(loss), StopRequest(),
        )  # fmt: skip
        assert built.args.gradient_checkpointing is (available == 1)
        built.train()
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def test_a_wrong_conversion_is_detected(
    base: BaseModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        parity, "_RANDOM_SIZES", (0.01, 0.5, 1.0)
    )  # The first changes almost nothing.
    assert parity.check_conversion(base, TEXTS, tmp_path).same
    monkeypatch.setattr(convert, "permuted", lambda rows, heads: rows)
    with pytest.raises(RptermError, match="does not do the same in llama"):
        parity.check_conversion(base, TEXTS, tmp_path)
