"""The result of a training, and the model card that says how an adapter was made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rpterm.humanize import counted
from rpterm.preference.stats.agreement import Proportion
from rpterm.training.dataset import Dataset
from rpterm.training.parity import Parity
from rpterm.training.plan import TrainingPlan


@dataclass(frozen=True, slots=True)
class HeldOut:
    """How a model does on the test rows; ``None`` without any.

    Attributes:
        preferred: Pairs whose chosen reply it prefers. For DPO that means that it prefers it more
            than the base model does, so half of the pairs are chance.
    """

    loss: float | None = None
    preferred: Proportion | None = None


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The result of a training.

    Attributes:
        steps: Total number of steps.
        seconds: Duration of the steps of this run.
        loss_before: Loss on the test rows; ``None`` without any, or if it is not known any more,
            because the training was resumed.
        after: The test rows after the training.
        parity: How well llama.cpp and transformers agree about the adapter.
        begun: The step from which this run resumed.
    """

    adapter: Path
    card: Path
    steps: int
    seconds: float
    loss_before: float | None
    after: HeldOut
    parity: Parity
    begun: int = 0


def model_card(plan: TrainingPlan, data: Dataset, result: TrainingResult) -> str:
    """The model card of the adapter as Markdown: base, data, settings and measurements."""
    lengths = data.lengths
    rows = [
        ("base model", plan.base.name),
        ("SHA-256 of the base", plan.base_hash),
        ("method", plan.method.value),
        ("rows trained on", f"{len(data.train)}"),
        ("SHA-256 of the data", data.digest),
        ("steps", f"{result.steps} of {plan.batch} rows"),
        ("rank, alpha", f"{plan.rank}, {plan.alpha:g}"),
        ("learning rate, beta, seed", f"{plan.rate:g}, {plan.beta:g}, {plan.seed}"),
        ("rows dropped, rows truncated", f"{lengths.too_long + lengths.broken}, {lengths.cut}"),
        ("longest row", f"{min(lengths.longest, plan.max_length)} tokens"),
        ("limit per row", f"{plan.max_length} tokens"),
        ("loss on held-out rows, before and after", format_losses(result, len(data.test))),
        ("unseen pairs whose chosen reply it prefers", format_preferred(result) or "–"),
        ("mean change by the adapter", f"{result.parity.moved:.3f} nats a token"),
        (
            "mean difference of transformers and llama.cpp",
            f"{result.parity.apart:.3f} nats a token",
        ),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return (
        f"# {result.adapter.name}\n\nA LoRA adapter trained by rpterm on ratings of role-play.\n\n"
        f"| what | figure |\n|---|---|\n{table}\n\n"
        "A lower loss does not mean better replies: only a blind comparison shows that.\n"
    )


def format_losses(result: TrainingResult, rows: int) -> str:
    """The loss on held-out rows, before and after the training."""
    if result.after.loss is None:
        return "no held-out rows in the export"
    before = "?" if result.loss_before is None else f"{result.loss_before:.3f}"
    return f"{before} → {result.after.loss:.3f} ({counted(rows, 'row')})"


def format_preferred(result: TrainingResult) -> str:
    """How many held-out pairs the adapter gets right, with the interval; "" without any."""
    preferred = result.after.preferred
    return f"{preferred.text}; half of them would be chance" if preferred else ""
