"""Opens the engine that the settings ask for: the only place that chooses one.

This runs before the first reply, so it is quick: with a warm cache it reads some file attributes
and one small JSON file. No model library is imported here; the engine's worker does that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rpterm import paths as folders
from rpterm.config import Settings
from rpterm.engine.protocol import Engine, ModelError
from rpterm.hardware.gpu_memory import GpuMemory, gpu_memory, llama_libraries
from rpterm.hardware.system_memory import SystemMemory, system_memory
from rpterm.models import fit, gguf, library, starter, starter_q8, templates
from rpterm.models.file_cache import FileCache
from rpterm.models.hashes import model_hash
from rpterm.models.header import Header, read_header
from rpterm.paths import Paths

EngineFactory = Callable[..., Engine]


@dataclasses.dataclass(frozen=True, slots=True)
class ModelPlan:
    """What was decided about a local model, for the engine and for ``rpterm doctor``.

    Attributes:
        starter: Whether it ships with rpterm.
        requantize_to: Where the engine writes the requantized weights before it loads them.
    """

    path: Path
    header: Header
    fit: fit.Fit
    model_hash: str
    starter: bool
    requantize_to: Path | None
    memory: SystemMemory
    gpu: GpuMemory | None


def plan_model(
    settings: Settings, paths: Paths, *, memory: SystemMemory | None = None
) -> ModelPlan:
    """Find and check the model and choose its context window; nothing is loaded.

    Raises:
        ModelError: The model cannot be used; one sentence says why and what to do.
    """
    path = library.find_model(settings.model, paths.models, paths.cache)
    target = None
    if settings.model in library.STARTER_NAMES:
        path, target = _prefer_requantized(path, paths.cache)
    header = checked_header(path, paths.cache)
    memory = memory or system_memory()
    gpu = _gpu(settings, memory)
    chosen = fit.choose(
        header,
        memory,
        context=settings.context,
        gpu=gpu,
        gpu_layers=settings.gpu_layers,
        kv_type=settings.kv_type,
    )
    return ModelPlan(
        path=path,
        header=header,
        fit=chosen,
        model_hash=model_hash(path, paths.cache),
        starter=settings.model in library.STARTER_NAMES or starter.is_starter(path),
        requantize_to=target,
        memory=memory,
        gpu=gpu,
    )


def _prefer_requantized(path: Path, cache: Path) -> tuple[Path, Path | None]:
    """The starter as Q8_0 if it exists; else the original, and where to write the Q8_0 file."""
    target = starter_q8.path_in(cache)
    try:
        checked_header(target, cache)
    except ModelError:
        return path, target if starter_q8.has_disk_space(cache) else None
    return target, None


def open_engine(
    settings: Settings,
    paths: Paths,
    *,
    memory: SystemMemory | None = None,
    sequences: int = 8,
) -> Engine:
    """The engine the settings ask for, not loaded yet.

    Args:
        memory: The machine's memory; ``None`` measures it.
        sequences: How many candidates can be decoded at once.

    Raises:
        ModelError: The model or the adapter cannot be used.
        RptermError: The remote engine's settings are invalid, or a folder cannot be created.
    """
    # With any engine, the scorer's and the embedder's processes write there, too.
    for folder in (paths.cache, paths.logs):
        folders.make_folder(folder)
    if settings.engine == "scripted":
        from rpterm.engine.scripted import ScriptedEngine

        return ScriptedEngine(SCRIPTED_REPLIES, delay_s=SCRIPTED_DELAY_S)
    if settings.engine == "remote":
        return _remote(settings)
    planned = plan_model(settings, paths, memory=memory)
    from rpterm.engine.llama import LlamaEngine, ModelOptions

    options = ModelOptions(
        planned.path,
        context=planned.fit.context,
        threads=settings.threads,
        gpu_layers=planned.fit.gpu_layers,
        kv_type=planned.fit.kv_type,
        adapter=adapter_file(settings.adapter, planned.header),
        model_hash=planned.model_hash,
        starter=planned.starter,
        sequences=sequences,
        requantize_to=planned.requantize_to,
    )
    template = templates.load_template(settings.chat_template)
    return LlamaEngine(options, chat_template=template, log=paths.logs / "llama.log")


def open_starter(cache_folder: Path, *, context: int, log: Path | None = None) -> Engine:
    """The starter model on the CPU, regardless of the settings: the fixed model for scoring.

    Raises:
        ModelError: Its package is missing, or its file is not the published one.
    """
    from rpterm.engine.llama import LlamaEngine, ModelOptions

    path, target = _prefer_requantized(starter.llm_path(cache_folder), cache_folder)
    options = ModelOptions(
        path, context, gpu_layers=0, starter=True, sequences=1, requantize_to=target
    )
    return LlamaEngine(options, log=log)


SCRIPTED_DELAY_S = 0.02
SCRIPTED_REPLIES = (
    '*looks up from the desk* "Ah, there you are. Sit down, and tell me everything."',
    '"Go on," *with a nod.* "Leave nothing out; the small things matter most."',
    '*is silent for a while.* "I had expected as much. And what did you do then?"',
)


def checked_header(path: Path, cache: Path | None) -> Header:
    """``gguf.check`` with a cache for models that pass.

    Raises:
        ModelError: As ``gguf.check``.
    """
    try:
        facts = FileCache(path, cache)
    except OSError:
        return gguf.check(path)
    header = _cached_header(facts.get("header"))
    if header is None or header.splits > 1:
        # The other parts of a split model may have changed: always checked.
        header = gguf.check(path)
        facts.set("header", dataclasses.asdict(header))
    return header


def _cached_header(stored: Any) -> Header | None:
    """The header from the cache, or ``None`` if the entry is invalid."""
    if not isinstance(stored, dict):
        return None
    try:
        heads = tuple(int(each) for each in stored["heads_kv"])
        return Header(**{**stored, "heads_kv": heads})
    except (KeyError, TypeError, ValueError):
        return None


def _gpu(settings: Settings, memory: SystemMemory) -> GpuMemory | None:
    folder = llama_libraries() if settings.gpu_layers != 0 else None
    return gpu_memory(folder, memory) if folder else None


def adapter_file(name: str, model: Header) -> Path | None:
    """The adapter's file, checked against the model, because llama.cpp crashes on a bad one.

    Raises:
        ModelError: The adapter cannot be used with this model.
    """
    if not name:
        return None
    path = Path(name).expanduser()
    if not path.exists():
        raise ModelError(
            f"There is no adapter file {path}: name another with --adapter or "
            "`rpterm config set adapter FILE`, or none with `rpterm config unset adapter`."
        )
    header = read_header(path)
    if header.kind != "adapter" or header.adapter_type not in ("lora", ""):
        raise ModelError(f"{path} is a model, not a LoRA adapter: set it as `model` instead.")
    if header.file_size < header.data_size:
        raise ModelError(f"The adapter {path} is incomplete. Download it again.")
    if header.arch and header.arch != model.arch:
        raise ModelError(
            f"The adapter {path.name} was trained for a {header.arch} model and this one is "
            f"{model.arch}: choose the model it was trained for."
        )
    return path


def _remote(settings: Settings) -> Engine:
    import os
    from importlib import import_module

    try:
        create: EngineFactory = import_module("rpterm.engine.remote.engine").RemoteEngine
    except ImportError as error:
        raise ModelError(f"The remote engine cannot be used: {error}.") from error
    key = os.environ.get(settings.remote_key_env, "") if settings.remote_key_env else ""
    return create(settings.remote_url, settings.model, key=key, context=settings.context)
