"""``rpterm train``: trains a LoRA adapter for the user's model on an export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rpterm.cli.app import new_app, one_of

app = new_app()


@app.command()
def train(
    export: Annotated[
        Path, typer.Argument(metavar="OUT", help="A folder written by `rpterm export OUT`.")
    ],
    method: Annotated[
        str | None,
        typer.Option(
            metavar="METHOD", help="dpo, orpo, kto or sft; by default, that of the export's format."
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The model to adapt; by default, your model."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The adapter to write; by default, OUT-METHOD.gguf."),
    ] = None,
    epochs: Annotated[
        float, typer.Option(min=0.01, metavar="X", help="Passes through the data.")
    ] = 1.0,
    steps: Annotated[
        int, typer.Option(min=0, metavar="N", help="Train at most N steps; 0 is all.")
    ] = 0,
    rank: Annotated[
        int, typer.Option(min=1, max=256, metavar="N", help="Rank of the adapter's matrices.")
    ] = 8,
    rate: Annotated[
        float | None,
        typer.Option(min=0.0, metavar="X", help="Learning rate; by default, the method's own."),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, metavar="N", help="Rows per step.")] = 2,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            min=32,
            metavar="N",
            help="Longest row, in tokens; by default 1024, or more if the export has more.",
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Seed of the row order and the adapter's start."),
    ] = 1,
    restart: Annotated[
        bool,
        typer.Option(
            "--restart", help="Begin again and discard what was trained into this file before."
        ),
    ] = False,
) -> None:
    """Train a LoRA adapter for your model on an export, on this machine.

    Ctrl+C keeps what was trained so far, and the same command continues; with --steps it can end
    there. The adapter is written only if llama.cpp reproduces what was trained.
    """
    from rpterm.cli import train_run
    from rpterm.training.dataset import read_dataset
    from rpterm.training.plan import DEFAULT_LIMIT, RATES, Method, TrainingPlan

    file, digest = train_run.base_weights(base)
    data = read_dataset(export, one_of(Method, method, "method") if method else None)
    limit = max_tokens or max(DEFAULT_LIMIT, data.limit)
    plan = TrainingPlan(
        data.method, file, digest, epochs=epochs, rank=rank, alpha=2.0 * rank,
        rate=RATES[data.method] if rate is None else rate,
        batch=max(2, batch) if data.method is Method.KTO else batch,
        max_length=limit, seed=seed, steps=steps,
    )  # fmt: skip
    data = train_run.fitting_rows(data, file, limit, export)
    out = export.absolute()
    train_run.run(plan, data, to or out.with_name(f"{out.name}-{plan.method}.gguf"), anew=restart)
