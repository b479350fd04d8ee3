"""Creates TRL's trainer for a method, and runs parts of it.

Checkpoints go into the given folder, and the last two are kept. The trainers are configured to
write nothing else, report to no service, and print nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from math import ceil
from pathlib import Path
from typing import Any

from rpterm.hardware.system_memory import system_memory
from rpterm.preference.stats.agreement import Proportion
from rpterm.training.base_model import BaseModel
from rpterm.training.dataset import Dataset
from rpterm.training.plan import Method, TrainingPlan
from rpterm.training.result import HeldOut
from rpterm.training.stopping import StopRequest

OnStep = Callable[[int, int, float], None]
"""Called with the steps done, the total steps, and the loss of the last one."""
OnPart = Callable[[], object]
"""Called when one part of a long stage is done."""

_ACTIVATION_BYTES = 65
"""Memory per weight for the forward and backward pass of a row of 1,024 tokens: a pair of 990 took
8.3 GB with the starter."""
_CHECKPOINTS = 10
"""Approximate number in a training, so that a power failure costs at most a tenth of it."""


def build_trainer(
    plan: TrainingPlan,
    base: BaseModel,
    data: Dataset,
    folder: Path,
    on_step: OnStep,
    stop: StopRequest,
    on_part: OnPart = lambda: None,
) -> Any:
    """Create the trainer.

    Args:
        on_part: Called for each batch of rows in ``held_out``.
    """
    import datasets
    import peft
    import transformers

    package = import_module("trl.experimental.orpo" if plan.method is Method.ORPO else "trl")
    name = plan.method.value.upper()
    trainer = getattr(package, f"{name}Trainer")(
        model=base.model,
        args=getattr(package, f"{name}Config")(
            **_options(plan, len(data.train), folder),
            **(label_weights(data) if plan.method is Method.KTO else {}),
            gradient_checkpointing=_memory_is_tight(plan, base),
        ),
        train_dataset=datasets.Dataset.from_list(data.train),
        eval_dataset=datasets.Dataset.from_list(data.test) if data.test else None,
        processing_class=base.tokenizer,
        peft_config=peft.LoraConfig(
            task_type="CAUSAL_LM", r=plan.rank, lora_alpha=plan.alpha, lora_dropout=0.0,
            target_modules=list(base.targets),
        ),
        callbacks=[_callback(on_step, stop, on_part)],
    )  # fmt: skip
    trainer.remove_callback(transformers.PrinterCallback)
    _check_stop_in_layers(trainer.model, base.targets[0], stop)
    return trainer


def _check_stop_in_layers(model: Any, matrix: str, stop: StopRequest) -> None:
    """Check for a stop request in every layer, because a single row may take many seconds."""
    for name, module in model.named_modules():
        if name.endswith(matrix):
            module.register_forward_pre_hook(lambda *ignored: stop.check())


def _options(plan: TrainingPlan, rows: int, folder: Path) -> dict[str, Any]:
    import torch

    steps = plan.steps or max(1, round(plan.epochs * rows / plan.batch))
    rows_at_once = _rows_at_once(plan)
    options: dict[str, Any] = {
        "output_dir": str(folder), "per_device_train_batch_size": rows_at_once,
        "gradient_accumulation_steps": plan.batch // rows_at_once,
        "per_device_eval_batch_size": rows_at_once, "num_train_epochs": plan.epochs,
        "max_steps": plan.steps or -1, "learning_rate": plan.rate, "seed": plan.seed,
        "warmup_steps": min(10, steps // 10), "lr_scheduler_type": "cosine", "report_to": [],
        "use_cpu": not torch.cuda.is_available(), "bf16": False,
        "max_length": plan.max_length, "save_strategy": "steps",
        "save_steps": max(1, steps // _CHECKPOINTS), "save_total_limit": 2, "logging_steps": 1,
        "disable_tqdm": True, "dataloader_pin_memory": False,
    }  # fmt: skip
    return options if plan.method is Method.SFT else options | {"beta": plan.beta}


def label_weights(data: Dataset) -> dict[str, float]:
    """KTO's weights of the labels: the rarer one weighs more, so that both sides weigh the same.

    This is the lower bound of equation 8 in arXiv 2402.01306.
    """
    good = sum(bool(row["label"]) for row in data.train)
    bad = len(data.train) - good
    return {
        "desirable_weight": max(1.0, bad / good),
        "undesirable_weight": max(1.0, good / bad),
    }


def _rows_at_once(plan: TrainingPlan) -> int:
    """How many rows of a step are in memory at the same time.

    Two pairs of 990 tokens took 14 GB with the starter, more than many machines have.
    """
    return plan.batch if plan.method is Method.KTO else 1


def _memory_is_tight(plan: TrainingPlan, base: BaseModel) -> bool:
    """Whether activations must be recomputed in the backward pass, which takes a third longer."""
    import torch

    tokens = _rows_at_once(plan) * plan.max_length
    needed = base.model.num_parameters() * _ACTIVATION_BYTES * tokens / 1024
    cuda = torch.cuda.is_available()
    free = torch.cuda.mem_get_info()[0] if cuda else system_memory().available
    return bool(0 < free < needed)  # 0: unknown


def step_seconds(trainer: Any) -> float:
    """Measure how long one step takes: a forward and backward pass, times the accumulation."""
    batch = trainer._prepare_inputs(next(iter(trainer.get_train_dataloader())))
    began = time.perf_counter()
    trainer.model.train()
    trainer.compute_loss(trainer.model, batch).backward()
    trainer.model.zero_grad()
    seconds = time.perf_counter() - began
    return seconds * int(trainer.args.gradient_accumulation_steps)


def total_steps(trainer: Any) -> int:
    """The number of steps of the whole training."""
    args = trainer.args
    if args.max_steps > 0:
        return int(args.max_steps)
    per_epoch = ceil(len(trainer.get_train_dataloader()) / int(args.gradient_accumulation_steps))
    return max(1, ceil(per_epoch * float(args.num_train_epochs)))


def save_last_step(trainer: Any, folder: Path) -> None:
    """Write a checkpoint of the last complete step, unless there is one; an abandoned step has not
    changed anything yet."""
    step = int(trainer.state.global_step)
    latest = last_checkpoint(folder)
    if step and (latest is None or step_of(latest) < step):
        trainer._save_checkpoint(trainer.model, trial=None)


def restore(trainer: Any, checkpoint: Path) -> None:
    """Take the adapter and the step of a checkpoint, without training further."""
    trainer._load_from_checkpoint(str(checkpoint))
    trainer.state.global_step = step_of(checkpoint)


def step_of(checkpoint: Path | None) -> int:
    """The step of a checkpoint; 0 without one."""
    return int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0


def last_checkpoint(folder: Path) -> Path | None:
    """The newest complete checkpoint; a trainer writes its state last."""
    complete = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return max(complete, key=step_of, default=None)


def held_out(trainer: Any) -> HeldOut:
    """Evaluate the test rows, if there are any."""
    if trainer.eval_dataset is None:
        return HeldOut()
    figures, rows = trainer.evaluate(), len(trainer.eval_dataset)
    share = figures.get("eval_rewards/accuracies")
    preferred = None if share is None else Proportion(round(share * rows), rows)
    return HeldOut(figures["eval_loss"], preferred)


def _callback(on_step: OnStep, stop: StopRequest, on_part: OnPart) -> Any:
    import transformers

    class Callback(transformers.TrainerCallback):  # type: ignore[misc]
        """Reports each step, and ends the training with a checkpoint when a stop is requested."""

        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            if stop.requested:
                control.should_save = control.should_training_stop = True

        def on_prediction_step(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            on_part()

        def on_log(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            if "loss" in (logs := more.get("logs") or {}):
                on_step(state.global_step, state.max_steps, float(logs["loss"]))

    return Callback()
