"""``rpterm models``: which models there are, which would be better, and how to get one."""

from __future__ import annotations

import os
import sys
import time
from typing import Annotated

import typer

from rpterm import config
from rpterm import paths as folders
from rpterm.cli import out
from rpterm.cli.app import new
from rpterm.plural import sized

app = new("List, inspect and download models.")

_Json = Annotated[bool, typer.Option("--json", help="JSON instead of columns.")]
_Name = Annotated[str, typer.Argument(metavar="MODEL", help="A name, or a GGUF file.")]


@app.callback(invoke_without_command=True)
def bare(context: typer.Context) -> None:
    """List, inspect and download models."""
    if context.invoked_subcommand is None:
        list_models()


@app.command("list")
def list_models(json: _Json = False) -> None:
    """List the models you have, and those that `models pull` can get."""
    from rpterm.models import catalogue, library
    from rpterm.models.hardware import gpu_memory, llama_libraries, system_memory

    have = library.list_models(folders.find().models)
    memory, built_for = system_memory(), llama_libraries()
    gpu = gpu_memory(built_for, memory) if built_for else None
    fitting = catalogue.recommend(memory, gpu)
    if json:
        out.data({"have": have, "fitting": fitting, "all": catalogue.MODELS})
        return
    out.table([(each.name, sized(each.size), each.path) for each in have], ("you have", "", ""))
    out.say()
    rows = [
        (each.name, sized(each.size), _fits(catalogue.obstacle(each, memory, gpu)), each.licence,
         each.good_for)
        for each in catalogue.MODELS
    ]  # fmt: skip
    out.table(rows, ("to pull", "", "fits here", "licence", "good for"))


def _fits(obstacle: str) -> str:
    return f"no: {obstacle}" if obstacle else "yes"


@app.command()
def info(model: Annotated[str, typer.Argument(metavar="MODEL")] = "", json: _Json = False) -> None:
    """Say what is in a model's file and how it would run here; none is the one in use."""
    from rpterm.models.engine_factory import plan_model
    from rpterm.models.hashes import known_hash

    paths = folders.find()
    flags: dict[str, object] = {"model": model} if model else {}
    settings = config.load(paths.config_file, os.environ, flags)
    planned = plan_model(settings, models_folder=paths.models, cache_folder=paths.cache)
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
        "memory needed": sized(fit.bytes_needed),
        "memory available": sized(planned.memory.available),
        "chat template": settings.chat_template
        or ("its own" if header.chat_template else "none: chatml is used"),
        "starter": planned.starter,
        "why": fit.why,
    }
    if json:
        out.data(facts)
        return
    for name, value in facts.items():
        if value is not None:
            out.say(f"{name:<17}{value}")


@app.command()
def path(model: Annotated[str, typer.Argument(metavar="MODEL")] = "") -> None:
    """Print the file of a model, or the folder of models when none is named."""
    from rpterm.models import library

    paths = folders.find()
    out.say(str(library.find_model(model, paths.models, paths.cache) if model else paths.models))


@app.command()
def pull(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A name, or OWNER/REPO/FILE.gguf.")],
    use: Annotated[bool, typer.Option("--use", help="Make it your model from now on.")] = False,
) -> None:
    """Download a model; a download that was cut goes on where it was."""
    from rpterm.models.download import download_model as download

    paths = folders.find()
    file = download(model, paths.models, cache=paths.cache, on_progress=_Progress())
    out.say(str(file))
    if use:
        config.save(paths.config_file, "model", str(file))
    else:
        out.say(f"Talk through it: rpterm chat --model {file.stem}")


class _Progress:
    """One line on standard error, written again and again; a log file gets one a tenth."""

    def __init__(self) -> None:
        self._tty = sys.stderr.isatty()
        self._told = (-1, "")
        self._stage = ""
        self._began = 0.0
        self._first = 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        share = int(100 * done / total) if total else 100
        step = share if self._tty else share // 10
        if (step, stage) == self._told:
            return
        self._told = (step, stage)
        if stage != self._stage:
            self._stage, self._began, self._first = stage, time.monotonic(), done
        rate = (done - self._first) / max(time.monotonic() - self._began, 1e-3)
        text = f"{stage} {share:3} %  {sized(done)} of {sized(total)}  {sized(rate)}/s"
        start, end = ("\r", "\n" if share >= 100 else "") if self._tty else ("", "\n")
        sys.stderr.write(f"{start}{text:<60}{end}")
        sys.stderr.flush()
