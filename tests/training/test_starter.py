"""Real trainings of the starter model, a few steps each. Needs the extra ``train``."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rpterm.models.memory import Memory
from rpterm.models.starter import llm_path
from rpterm.training import convert, parity, trainer
from rpterm.training.base import Base, load, require_extra
from rpterm.training.data import read
from rpterm.training.plan import Method, Plan, TrainingError
from rpterm.training.run import train
from rpterm.training.stopping import Halted, Stop, Stopped

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
def base() -> Iterator[Base]:
    require_extra()
    yield load(llm_path())


def few_layers(base: Base) -> Base:
    """A copy with a sixth of the layers: how a training goes they show as well as all of them."""
    model = copy.deepcopy(base.model)
    model.model.layers, model.config.num_hidden_layers = model.model.layers[:5], 5
    return Base(base.path, base.arch, model, base.tokenizer, base.targets)


class Heard:
    """What a listener was told; it may ask for a stop in a stage."""

    def __init__(self, stop: Stop, stop_in: str = "") -> None:
        self.told: list[str] = []
        self.parts: dict[str, int] = {}
        self._stop_in = stop_in
        self.steps: list[int] = []
        self.seconds = 0.0
        self._stop = stop

    def stage(self, name: str, parts: int = 0) -> Callable[[], object]:
        self.told.append(name)
        self.parts[name] = parts
        if self._stop_in and name.startswith(self._stop_in):
            self._stop.asked = True

        def part() -> None:
            self.parts[name] -= 1

        return part

    def estimated(self, seconds: float, done: int, total: int) -> None:
        self.seconds = seconds
        self.told.append(f"{done} of {total} steps")

    def stepped(self, done: int, total: int, loss: float) -> None:
        assert loss > 0
        self.steps.append(done)


def test_a_training_that_was_stopped_goes_on_and_gives_an_adapter(
    out: Path, tmp_path: Path
) -> None:
    data = read(out, None)
    plan = Plan(Method.DPO, llm_path(), "h", epochs=1, rate=1e-3, rank=4, max_length=256)
    to = tmp_path / "mine.gguf"
    stop = Stop()
    first = Heard(stop, stop_in="comparing")
    with pytest.raises(Stopped) as stopped:
        train(plan, data, to, first, stop)
    assert stopped.value.step == 3 and not to.exists()  # All steps are made, and none is lost.
    with pytest.raises(TrainingError, match="--restart"):
        train(Plan(Method.DPO, llm_path(), "h", seed=2), data, to, first, Stop())
    checkpoint = next(to.with_suffix(".training").glob("checkpoint-3"))
    shutil.rmtree(checkpoint)
    second = Heard(Stop())
    done = train(plan, data, to, second, Stop())
    assert second.steps == [3] and done.steps == 3
    assert not any(second.parts.values())
    told = dict.fromkeys(each.split(",")[0].split(" with")[0] for each in second.told)
    assert list(told) == [
        "reading the model", "trying a random adapter in llama.cpp", "tokenizing 6 rows",
        "measuring how long a step takes",
        "2 of 3 steps", "the loss after the training",
        "comparing the adapter in llama.cpp",
    ]  # fmt: skip
    assert first.seconds > 0 and "0 of 3 steps" in first.told
    assert done.begun == 2
    assert done.loss_after is not None and done.loss_after < 0.69
    assert done.parity.same and done.parity.moved > 0.02
    assert "SHA-256 of the data" in done.card.read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.gguf", "mine.md", "out"]


def test_what_is_stopped_before_the_first_step_leaves_nothing(out: Path, tmp_path: Path) -> None:
    plan = Plan(Method.DPO, llm_path(), "h", rank=4, max_length=256)
    stop = Stop()
    heard = Heard(stop, stop_in="measuring")
    with pytest.raises(Stopped) as stopped:
        train(plan, read(out, None), tmp_path / "mine.gguf", heard, stop)
    assert stopped.value.step == 0 and heard.told[-1].startswith("measuring")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_row_in_work_is_broken_off_and_the_steps_before_it_are_kept(
    base: Base, out: Path, tmp_path: Path
) -> None:
    stop, steps = Stop(), []
    own = few_layers(base)
    made = trainer.build(
        Plan(Method.DPO, base.path, rank=4, max_length=256), own, read(out, None),
        tmp_path / "run", lambda done, total, loss: steps.append(done), stop,
    )  # fmt: skip
    layers = [module for name, module in made.model.named_modules() if name.endswith("q_proj")]
    seen: list[int] = []

    def ask(*ignored: Any) -> None:
        seen.append(made.state.global_step)
        if made.state.global_step == 2:
            stop.asked = True  # in the middle of the third step

    layers[1].register_forward_pre_hook(ask, prepend=True)
    with pytest.raises(Halted):
        made.train()
    assert seen.count(2) == 1  # It did not go on to the end of the row.
    shutil.rmtree(tmp_path / "run" / "checkpoint-2", ignore_errors=True)
    trainer.keep(made, tmp_path / "run")
    assert trainer.step_of(trainer.last_checkpoint(tmp_path / "run")) == 2 == max(steps)


@pytest.mark.parametrize("method", [Method.ORPO, Method.KTO, Method.SFT])
def test_every_method_makes_a_step(base: Base, out: Path, tmp_path: Path, method: Method) -> None:
    pairs = read(out, None).train
    rows: list[dict[str, Any]] = pairs
    if method is not Method.ORPO:
        sides = (("chosen", True), ("rejected", False))
        rows = [
            {"prompt": each["prompt"], "completion": each[side], "label": label}
            for each in pairs for side, label in sides
        ]  # fmt: skip
    if method is Method.SFT:
        rows = [{"prompt": each["prompt"], "completion": each["completion"]} for each in rows]
    data = trainer.Data(method, rows)
    own = few_layers(base)
    heard: list[int] = []
    made = trainer.build(
        Plan(method, base.path, steps=1), own, data, tmp_path / "run",
        lambda done, total, loss: heard.append(done), Stop(),
    )  # fmt: skip
    assert trainer.step_seconds(made) > 0 and trainer.steps(made) == 1
    made.train()
    assert heard == [1] and trainer.last_checkpoint(tmp_path / "run") is not None


def test_where_memory_is_short_what_is_held_is_made_again_on_the_way_back(
    base: Base, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(Method.DPO, base.path, steps=1, rank=4)
    losses: list[float] = []
    for available in (10**15, 1):
        monkeypatch.setattr(trainer, "system_memory", lambda free=available: Memory(free, free))
        own = few_layers(base)
        made = trainer.build(
            plan, own, read(out, None), tmp_path / str(available),
            lambda done, total, loss: losses.append(loss), Stop(),
        )  # fmt: skip
        assert made.args.gradient_checkpointing is (available == 1)
        made.train()
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def test_the_conversion_is_proven_and_a_wrong_one_is_found(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parity, "_SHAKES", (0.01, 0.5, 1.0))  # the first moves next to nothing
    assert parity.prove(base, TEXTS, tmp_path).same
    monkeypatch.setattr(convert, "permuted", lambda rows, heads: rows)
    with pytest.raises(TrainingError, match="does not do in llama"):
        parity.prove(base, TEXTS, tmp_path)
