"""TRL's trainers over a base model and rows: one for each method, set up alike.

Checkpoints go into the folder given, the last two stay. The trainers are asked to write nothing
else, to report to nobody, and to keep quiet.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from math import ceil
from pathlib import Path
from typing import Any

from rpterm.models.memory import system_memory
from rpterm.training.base import Base
from rpterm.training.data import Data
from rpterm.training.plan import Method, Plan
from rpterm.training.stopping import Stop

Told = Callable[[int, int, float], None]
"""Steps done, steps in all, and the loss of the last one."""
Part = Callable[[], object]
"""One part of what takes a while is done."""

_HELD = 65
"""Bytes for each weight that a row of 1,024 tokens takes on its way there and back: the starter's
pair of 990 took 8.3 GB."""
_CHECKPOINTS = 10
"""Checkpoints in a training, about: what a power cut costs at most is a tenth of it."""


def build(
    plan: Plan, base: Base, data: Data, folder: Path, told: Told, stop: Stop,
    part: Part = lambda: None,
) -> Any:  # fmt: skip
    """A trainer that is ready to go.

    Args:
        part: Told of each batch of rows that ``unseen_loss`` has measured.
    """
    import datasets
    import peft
    import transformers

    home = import_module("trl.experimental.orpo" if plan.method is Method.ORPO else "trl")
    name = plan.method.value.upper()
    made = getattr(home, f"{name}Trainer")(
        model=base.model,
        args=getattr(home, f"{name}Config")(
            **_options(plan, len(data.train), folder), gradient_checkpointing=_is_tight(plan, base)
        ),
        train_dataset=datasets.Dataset.from_list(data.train),
        eval_dataset=datasets.Dataset.from_list(data.test) if data.test else None,
        processing_class=base.tokenizer,
        peft_config=peft.LoraConfig(
            task_type="CAUSAL_LM", r=plan.rank, lora_alpha=plan.alpha, lora_dropout=0.0,
            target_modules=list(base.targets),
        ),
        callbacks=[_watcher(told, stop, part)],
    )  # fmt: skip
    made.remove_callback(transformers.PrinterCallback)
    _look_between_layers(made.model, base.targets[0], stop)
    return made


def _look_between_layers(model: Any, matrix: str, stop: Stop) -> None:
    """A row may take many seconds: in every layer it is looked whether somebody wants to stop."""
    for name, module in model.named_modules():
        if name.endswith(matrix):
            module.register_forward_pre_hook(lambda *ignored: stop.check())


def _options(plan: Plan, rows: int, folder: Path) -> dict[str, Any]:
    import torch

    steps = plan.steps or max(1, round(plan.epochs * rows / plan.batch))
    at_once = _at_once(plan)
    options: dict[str, Any] = {
        "output_dir": str(folder), "per_device_train_batch_size": at_once,
        "gradient_accumulation_steps": plan.batch // at_once,
        "per_device_eval_batch_size": at_once, "num_train_epochs": plan.epochs,
        "max_steps": plan.steps or -1, "learning_rate": plan.rate, "seed": plan.seed,
        "warmup_steps": min(10, steps // 10), "lr_scheduler_type": "cosine", "report_to": [],
        "use_cpu": not torch.cuda.is_available(), "bf16": False,
        "max_length": plan.max_length, "save_strategy": "steps",
        "save_steps": max(1, steps // _CHECKPOINTS), "save_total_limit": 2, "logging_steps": 1,
        "disable_tqdm": True, "dataloader_pin_memory": False,
    }  # fmt: skip
    return options if plan.method is Method.SFT else options | {"beta": plan.beta}


def _at_once(plan: Plan) -> int:
    """Rows that are held in memory together; those of a step follow one another.

    Two pairs of 990 tokens took 14 GB with the starter, more than many machines have.
    """
    return plan.batch if plan.method is Method.KTO else 1


def _is_tight(plan: Plan, base: Base) -> bool:
    """Whether what a row holds on its way there must be made again on the way back, which takes
    a third longer."""
    import torch

    held = base.model.num_parameters() * _HELD * _at_once(plan) * plan.max_length / 1024
    cuda = torch.cuda.is_available()
    free = torch.cuda.mem_get_info()[0] if cuda else system_memory().available
    return bool(0 < free < held)  # 0: nobody could tell


def step_seconds(trainer: Any) -> float:
    """How long one step takes here: the way there and back of what is held at once, measured."""
    batch = trainer._prepare_inputs(next(iter(trainer.get_train_dataloader())))
    began = time.perf_counter()
    trainer.model.train()
    trainer.compute_loss(trainer.model, batch).backward()
    trainer.model.zero_grad()
    at_once = time.perf_counter() - began
    return at_once * int(trainer.args.gradient_accumulation_steps)


def steps(trainer: Any) -> int:
    """Steps in all."""
    args = trainer.args
    if args.max_steps > 0:
        return int(args.max_steps)
    each = ceil(len(trainer.get_train_dataloader()) / int(args.gradient_accumulation_steps))
    return max(1, ceil(each * float(args.num_train_epochs)))


def keep(trainer: Any, folder: Path) -> None:
    """Write a checkpoint of the last whole step, where there is none; a broken-off step has changed
    nothing yet."""
    step = int(trainer.state.global_step)
    known = last_checkpoint(folder)
    if step and (known is None or step_of(known) < step):
        trainer._save_checkpoint(trainer.model, trial=None)


def step_of(checkpoint: Path | None) -> int:
    """The step after which a checkpoint was written; 0 without one."""
    return int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0


def last_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint: a trainer writes its state last."""
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return max(whole, key=step_of, default=None)


def unseen_loss(trainer: Any) -> float | None:
    """The loss on rows of chats that are not trained on; ``None`` where there are none."""
    if trainer.eval_dataset is None:
        return None
    return float(trainer.evaluate()["eval_loss"])


def _watcher(told: Told, stop: Stop, part: Part) -> Any:
    import transformers

    class Watcher(transformers.TrainerCallback):  # type: ignore[misc]
        """Tells of each step, and ends the training with a checkpoint when that is asked for."""

        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            if stop.asked:
                control.should_save = control.should_training_stop = True

        def on_prediction_step(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            part()

        def on_log(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            if "loss" in (logs := more.get("logs") or {}):
                told(state.global_step, state.max_steps, float(logs["loss"]))

    return Watcher()
