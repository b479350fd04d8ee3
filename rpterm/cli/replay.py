"""``rpterm replay``: the same reply again, or where it differs."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Annotated

import typer

from rpterm import config
from rpterm import paths as folders
from rpterm.cli import out
from rpterm.cli.app import new
from rpterm.types import Generation, RptermError

app = new("")


@app.command()
def replay(
    reply_id: Annotated[
        int, typer.Argument(metavar="REPLY_ID", help="As `chats show --ids` prints it.")
    ],
    model: Annotated[str | None, typer.Option(metavar="FILE", help="Another model file.")] = None,
    adapter: Annotated[
        str | None, typer.Option(metavar="FILE", help="The adapter the reply was made with.")
    ] = None,
) -> None:
    """Make a stored reply again and compare it bit for bit; exit code 1 when it differs."""
    from rpterm.chat.replay import replay as make_again
    from rpterm.cli.chats import opened
    from rpterm.opening.launch import Launch

    paths = folders.find()
    with opened() as store:
        store.turn(reply_id)
        generation = store.generation(reply_id)
    if generation is None:
        raise RptermError(f"Turn {reply_id} was not made by a model; `chats show --ids` has more.")
    settings = config.load(paths.config_file, os.environ, {"model": model, "adapter": adapter})
    launch = Launch(_like(settings, generation, paths, model), paths)
    try:
        done = make_again(generation, launch.engine())
    finally:
        launch.close()
    if done.model_differs:
        old, new_hash = done.model_differs
        out.say(
            f"The model is not the same file: {old[:12]} made the reply, this is {new_hash[:12]}."
        )
    if done.adapter_differs:
        out.say(_adapters(*done.adapter_differs))
    if done.identical:
        out.say(f"Identical: all {done.stored} tokens.")
        return
    out.say(f"Different after {done.same_at} tokens, of {done.stored} stored and {done.made} made.")
    out.say(f"stored: {done.stored_text}")
    out.say(f"made:   {done.made_text}")
    if generation.kv_mode == "shift":
        out.say("The reply was made with kv_mode = shift, which is not exact.")
    raise typer.Exit(1)


def _adapters(old: str, now: str) -> str:
    if not old:
        return "The reply was made without an adapter, and here there is one."
    here = f"this is {now[:12]}" if now else "here there is none"
    return f"The adapter {old[:12]} made the reply, {here}: name its file with --adapter."


def _like(
    settings: config.Settings, generation: Generation, paths: folders.Paths, model: str | None
) -> config.Settings:
    """The user's settings, with the engine and the model that made the reply."""
    from rpterm.chat.replay import find_model

    known = {"llama", "scripted", "remote"}
    engine = generation.engine if generation.engine in known else settings.engine
    settings = replace(settings, engine=engine)  # type: ignore[arg-type]
    if generation.kv_type:
        settings = replace(settings, kv_type=generation.kv_type)  # type: ignore[arg-type]
    if not generation.adapter_hash:
        settings = replace(settings, adapter="")
    settings = replace(settings, candidates=max(settings.candidates, len(generation.batch_seeds)))
    if engine != "llama" or model is not None:
        return settings
    file = find_model(generation.model_hash, settings.model, paths.models, paths.cache)
    return replace(settings, model=file)
