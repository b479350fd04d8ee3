"""``rpterm train``: an export becomes a LoRA adapter for the model in use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rpterm.cli.app import new

app = new("")


@app.command()
def train(
    export: Annotated[Path, typer.Argument(metavar="OUT", help="An export: `rpterm export OUT`.")],
    method: Annotated[
        str | None, typer.Option(help="dpo, orpo, kto or sft; else what the export is for.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(metavar="FILE", help="Weights to adapt; else your model.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Adapter to write; else OUT-METHOD.gguf.")
    ] = None,
    epochs: Annotated[float, typer.Option(min=0.01, help="Times through the data.")] = 1.0,
    steps: Annotated[int, typer.Option(min=0, help="Steps at most; 0 is all.")] = 0,
    rank: Annotated[int, typer.Option(min=1, max=256, help="Of the adapter.")] = 8,
    rate: Annotated[
        float | None, typer.Option(min=0.0, help="Learning rate; else the method's own.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Rows of a step.")] = 2,
    max_tokens: Annotated[int, typer.Option(min=32, help="Of a row.")] = 1024,
    seed: Annotated[int, typer.Option(min=0, help="Of order and adapter.")] = 1,
    restart: Annotated[
        bool, typer.Option("--restart", help="Throw away what was begun or made there.")
    ] = False,
) -> None:
    """Train a LoRA adapter on an export, on this machine.

    Ctrl+C keeps what was trained so far; the same command goes on from there. The adapter is only
    written when llama.cpp does with it what was trained.
    """
    from rpterm.cli import training
    from rpterm.training.dataset import read_dataset
    from rpterm.training.plan import RATES, Method, TrainingPlan

    file, digest = training.weights(base)
    data = read_dataset(export, training.named(method))
    plan = TrainingPlan(
        data.method, file, digest, epochs=epochs, rank=rank, alpha=2.0 * rank,
        rate=RATES[data.method] if rate is None else rate,
        batch=max(2, batch) if data.method is Method.KTO else batch,
        max_length=max_tokens, seed=seed, steps=steps,
    )  # fmt: skip
    data = training.fitted(data, file, max_tokens, export)
    out = export.absolute()
    training.run(plan, data, to or out.with_name(f"{out.name}-{plan.method}.gguf"), anew=restart)
