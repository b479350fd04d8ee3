"""``rpterm models``: lists the models you have and those you can download, and downloads them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from rpterm import config
from rpterm import paths as folders
from rpterm.cli import out, rich_out
from rpterm.cli.app import NOUNS, new_app
from rpterm.cli.options import Json
from rpterm.cli.user_files import load_settings
from rpterm.humanize import byte_size

if TYPE_CHECKING:
    from rich.progress import TaskID

    from rpterm.models.download import OnProgress

app = new_app(NOUNS["models"])


@app.callback(invoke_without_command=True)
def bare(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_models()


@app.command("list")
def list_models(json: Json = False) -> None:
    """List the models you have, and those you can download."""
    from rpterm.hardware.gpu_memory import gpu_memory, llama_libraries
    from rpterm.hardware.system_memory import system_memory
    from rpterm.models import catalogue, library

    have = library.list_models(folders.find().models)
    memory, built_for = system_memory(), llama_libraries()
    gpu = gpu_memory(built_for, memory) if built_for else None
    fitting = catalogue.recommend(memory, gpu)
    if json:
        out.json_data({"have": have, "fitting": fitting, "all": catalogue.MODELS})
        return
    out.table(("you have", "", ""), [(each.name, byte_size(each.size), each.path) for each in have])
    out.say()
    rows = [
        (each.name, byte_size(each.size), _fits(catalogue.obstacle(each, memory, gpu)),
         each.licence, each.good_for)
        for each in catalogue.MODELS
    ]  # fmt: skip
    out.table(("to download", "", "fits here", "licence", "good for"), rows)


def _fits(obstacle: str) -> str:
    return f"no: {obstacle}" if obstacle else "yes"


@app.command()
def info(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A GGUF file, or a model in the models folder; by default, yours."
        ),
    ] = "",
    json: Json = False,
) -> None:
    """Show a model's properties and how it would run here."""
    from rpterm.models.engine_factory import plan_model
    from rpterm.models.hashes import known_hash

    paths = folders.find()
    settings = load_settings({"model": model or None})
    planned = plan_model(settings, paths)
    header, fit = planned.header, planned.fit
    facts = {
        "file": str(planned.path),
        "fingerprint": planned.model_hash,
        "sha256": known_hash(planned.path, paths.cache),
        "name": header.name,
        "architecture": header.arch,
        "quantization": header.quantization,
        "parameters": header.parameters,
        "trained context": header.context_length,
        "context here": fit.context,
        "gpu layers": fit.gpu_layers,
        "memory needed": byte_size(fit.bytes_needed),
        "memory available": byte_size(planned.memory.available),
        "chat template": settings.chat_template
        or ("the model's own" if header.chat_template else "none: chatml is used"),
        "starter": planned.starter,
        "why": fit.why,
    }
    if json:
        out.json_data(facts)
        return
    for name, value in facts.items():
        if value is not None:
            out.say(f"{name:<17}{value}")


@app.command()
def path(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="Name of a model; without it, the models folder is printed."
        ),
    ] = "",
) -> None:
    """Print the file of a model, or the folder of downloaded models."""
    from rpterm.models import library

    paths = folders.find()
    out.say(str(library.find_model(model, paths.models, paths.cache) if model else paths.models))


@app.command()
def pull(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A name from `rpterm models list`, or OWNER/REPO, OWNER/REPO:Q5_K_M, "
            "OWNER/REPO/FILE.gguf or a link on Hugging Face.",
        ),
    ],
    use: Annotated[
        bool, typer.Option("--use", help="Use this model in all chats from now on.")
    ] = False,
) -> None:
    """Download a model; an interrupted download is resumed."""
    from rpterm.models.download import download_model

    paths = folders.find()
    with _shown_progress() as on_progress:
        file = download_model(model, paths.models, cache=paths.cache, on_progress=on_progress)
    out.say(str(file))
    if use:
        config.save(paths.config_file, "model", str(file))
    else:
        out.say(f"Chat with it: rpterm chat --model {file.stem}")


@contextmanager
def _shown_progress() -> Iterator[OnProgress]:
    """A bar with speed and remaining time on a terminal; a line every 10 % in a log file."""
    bar = rich_out.download_progress()
    if bar.disable:
        yield _LoggedProgress()
        return
    with bar:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:  # A resumed download starts at what it already has.
                tasks[stage] = bar.add_task(stage, completed=done, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield show


class _LoggedProgress:
    """Progress for a log file."""

    def __init__(self) -> None:
        self._last_logged = ("", -1)

    def __call__(self, stage: str, done: int, total: int) -> None:
        tenth = 10 * done // total if total else 10
        if (stage, tenth) != self._last_logged:
            self._last_logged = (stage, tenth)
            sys.stderr.write(f"{stage} {10 * tenth} %  {byte_size(done)} of {byte_size(total)}\n")
            sys.stderr.flush()
