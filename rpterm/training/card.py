"""The text beside an adapter that says how it was made. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.plural import counted
from rpterm.training.data import Data
from rpterm.training.plan import Plan

if TYPE_CHECKING:
    from rpterm.training.run import Trained


def text(plan: Plan, data: Data, done: Trained) -> str:
    """Markdown: the base, the data, the settings, and what was measured."""
    lengths = data.lengths
    rows = [
        ("base model", plan.base.name),
        ("SHA-256 of the base", plan.base_hash),
        ("method", plan.method.value),
        ("rows trained on", f"{len(data.train)}"),
        ("SHA-256 of the data", data.digest),
        ("steps", f"{done.steps} of {plan.batch} rows"),
        ("rank, alpha", f"{plan.rank}, {plan.alpha:g}"),
        ("learning rate, beta, seed", f"{plan.rate:g}, {plan.beta:g}, {plan.seed}"),
        ("rows dropped, rows cut", f"{lengths.too_long + lengths.broken}, {lengths.cut}"),
        ("longest row", f"{min(lengths.longest, plan.max_length)} tokens"),
        ("limit of a row", f"{plan.max_length} tokens"),
        ("loss on unseen chats, before and after", losses(done, len(data.test))),
        ("moved by the adapter, mean", f"{done.parity.moved:.3f} nats a token"),
        ("transformers and llama.cpp apart, mean", f"{done.parity.apart:.3f} nats a token"),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return (
        f"# {done.adapter.name}\n\nA LoRA adapter trained by rpterm on ratings of role-play.\n\n"
        f"| what | figure |\n|---|---|\n{table}\n\n"
        "A lower loss does not mean better replies: only a blind comparison tells.\n"
    )


def losses(done: Trained, rows: int) -> str:
    """The loss on rows of chats that were not trained on."""
    if done.loss_after is None:
        return "no unseen chats in the export"
    before = "?" if done.loss_before is None else f"{done.loss_before:.3f}"
    return f"{before} → {done.loss_after:.3f} ({counted(rows, 'row')})"
