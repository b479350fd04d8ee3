"""The checks of ``rpterm doctor``: what works on this machine, what is slow, and what to do.

The checks are independent: one that fails never hides another. They change nothing. Packages that a
single check needs are imported inside it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from rpterm import config
from rpterm.config import Settings
from rpterm.errors import RptermError, user_message
from rpterm.humanize import byte_size, counted
from rpterm.paths import Paths

Verdict = Literal["ok", "slow", "broken"]

LIBRARY_SECONDS = 60


class Finding(NamedTuple):
    """What one check found.

    Attributes:
        verdict: ``slow`` means that it works, but not as well as it could.
        detail: What was found, in one line.
        remedy: What the user can do, or "".
    """

    verdict: Verdict
    detail: str
    remedy: str = ""


def run_checks(paths: Paths, env: Mapping[str, str]) -> dict[str, Finding]:
    """Run all checks, in the order they are shown."""
    settings, settings_check = _settings(paths, env)
    checks: dict[str, Callable[[], Finding]] = {
        "python": _python,
        "settings": lambda: settings_check,
        "llama.cpp": _library,
        "starter model": lambda: _starter(paths),
        "embedder": lambda: _embedder(paths),
        "contradictions": lambda: _contradictions(settings),
        "model": lambda: _model(settings, paths),
        "threads": lambda: _threads(settings),
        "memory": _memory,
        "disk": lambda: _disk(paths),
        "database": lambda: _database(paths),
        "cards": lambda: _cards(paths),
        "terminal": lambda: _terminal(env),
    }
    return {name: _run(check) for name, check in checks.items()}


def _run(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - reported; one check must not hide the others
        return Finding("broken", user_message(error))


def _python() -> Finding:
    import platform

    detail = f"{platform.python_implementation()} {platform.python_version()} on {sys.platform}"
    return Finding("ok", detail)


def _settings(paths: Paths, env: Mapping[str, str]) -> tuple[Settings, Finding]:
    file = paths.config_file
    try:
        settings = config.load(file, env)
        if settings.keys:
            from rpterm.tui import key_check

            key_check.check_change(settings.keys)
    except RptermError as error:
        remedy = f"Fix {file}, or move it away to use the defaults."
        return Settings(), Finding("broken", "; ".join(str(error).splitlines()), remedy)
    return settings, Finding("ok", str(file) if file.exists() else "all defaults")


def _library() -> Finding:
    """How llama.cpp was built; asked in a separate process, because a bad build may crash."""
    import subprocess

    script = (
        "import llama_cpp as l;"
        "print(l.__version__, l.llama_supports_gpu_offload(), l.llama_print_system_info().decode())"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True,
            timeout=LIBRARY_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Finding("broken", "does not respond", "Try again on an idle machine.")
    rebuild = "Rebuild it: pip install --force-reinstall --no-cache-dir llama-cpp-python"
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it crashed"])[-1]
        return Finding("broken", last, rebuild)
    return judge_build(done.stdout, rebuild)


def judge_build(output: str, rebuild: str) -> Finding:
    """Judge the library's output ``VERSION True|False NAME = 0|1 | …``.

    Args:
        rebuild: The remedy for a build that lacks something.
    """
    version, gpu, features = output.split(maxsplit=2)
    have = {part.split("=")[0].split(":")[-1].strip() for part in features.split("|")
            if part.strip().endswith("= 1")}  # fmt: skip
    detail = f"{version}, {'with' if gpu == 'True' else 'no'} GPU, {' '.join(sorted(have))}"
    vector_units = have & {"AVX2", "AVX512", "NEON", "SVE", "VSX", "RISCV_VECT"}
    if gpu != "True" and not vector_units:
        return Finding("slow", detail, f"It was built without AVX2 or NEON. {rebuild}")
    if gpu != "True" and _has_gpu():
        remedy = (
            "This machine has a GPU that this build cannot use: the README says how to install a "
            "build that can."
        )
        return Finding("slow", detail, remedy)
    if "OPENMP" not in have and sys.platform == "linux":
        return Finding("slow", detail, f"It was built without OpenMP. {rebuild}")
    return Finding("ok", detail)


def _has_gpu() -> bool:
    return any(Path(path).exists() for path in ("/dev/nvidia0", "/dev/kfd"))


def _starter(paths: Paths) -> Finding:
    from rpterm.models import starter, starter_q8

    try:
        detail = f"{starter.llm_path(paths.cache).name}, checksum correct"
    except RptermError as error:
        return Finding("broken", str(error))
    faster = starter_q8.path_in(paths.cache)
    runs = f"; runs as {faster}" if faster.exists() else "; converted to Q8_0 when first used"
    return Finding("ok", detail + runs)


def _embedder(paths: Paths) -> Finding:
    from rpterm.models import starter

    try:
        folder = starter.embedder_folder(paths.cache)
    except RptermError as error:
        return Finding("broken", str(error))
    detail = f"{folder.name} of {starter.EMBEDDER.distribution}, checksum correct"
    return Finding("ok", detail)


def _contradictions(settings: Settings) -> Finding:
    """Whether a model also detects contradictions, and whether it has the labels for it."""
    name = settings.scoring.nli_model
    if not name:
        detail = "detected by rules only; scoring.nli_model can add an NLI cross-encoder"
        return Finding("ok", detail)
    from rpterm.memory.embedding.nli_labels import label_positions, read_labels

    folder = Path(name).expanduser()
    if not folder.is_dir():
        detail = f"{name} is not a folder here; it is looked up in the Hugging Face cache"
        remedy = "Set scoring.nli_model to the model's folder to be sure that it is found."
        return Finding("slow", detail, remedy)
    try:
        label_positions(read_labels(folder))
    except RptermError as error:
        remedy = "Choose another model: `rpterm config set scoring.nli_model PATH`."
        return Finding("broken", f"{name}: {error}", remedy)
    return Finding("ok", f"detected by rules and by {folder.name}")


def _model(settings: Settings, paths: Paths) -> Finding:
    if settings.engine != "llama":
        where = settings.remote_url if settings.engine == "remote" else "scripted replies"
        return Finding("ok", f"{settings.engine}: {where}")
    from rpterm.models.engine_factory import adapter_file, plan_model

    try:
        planned = plan_model(settings, paths)
        adapter = adapter_file(settings.adapter, planned.header)
    except RptermError as error:
        return Finding("broken", str(error), "`rpterm models list` shows what you have.")
    fit = planned.fit
    detail = (
        f"{planned.path.name}, context window of {fit.context} tokens ({fit.why}), "
        f"{byte_size(fit.bytes_needed)} of memory, {fit.gpu_layers} layers on the GPU"
    )
    if adapter is not None:
        detail += f", adapter {adapter}"
    remedy = (
        "The starter model is for trying things out: `rpterm models list` shows better ones."
        if planned.starter
        else ""
    )
    return Finding("ok", detail, remedy)


def _threads(settings: Settings) -> Finding:
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    chosen = f"{settings.threads} threads" if settings.threads else "number of threads automatic"
    detail = f"{cores} cores, {chosen}, load {load:.1f}"
    if settings.threads > cores:
        remedy = f"More threads than cores are slower: `rpterm config set threads {cores}`."
        return Finding("slow", detail, remedy)
    if load > cores * 0.75:
        remedy = "Other programs keep the processor busy, which slows down replies."
        return Finding("slow", detail, remedy)
    return Finding("ok", detail)


def _memory() -> Finding:
    from rpterm.hardware.system_memory import system_memory

    memory = system_memory()
    detail = f"{byte_size(memory.available)} free of {byte_size(memory.total)}"
    if memory.total and memory.available < 1 << 30:
        remedy = "Close other programs, or use a smaller context window."
        return Finding("slow", detail, remedy)
    return Finding("ok", detail)


def _disk(paths: Paths) -> Finding:
    import shutil

    folder = paths.data
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    detail = f"{paths.data}, {byte_size(free)} free"
    if not os.access(folder, os.W_OK):
        remedy = "Make it writable, or set RPTERM_HOME to a writable folder."
        return Finding("broken", f"{folder} is not writable", remedy)
    if free < 200 << 20:
        remedy = "Free some space: chats need little of it, models need a lot."
        return Finding("slow", detail, remedy)
    return Finding("ok", detail)


def _database(paths: Paths) -> Finding:
    if not paths.database.exists():
        return Finding("ok", "none yet: the first chat creates it")
    from rpterm.store import Store

    try:
        with Store(paths.database) as store:
            count = len(store.chats())
    except RptermError as error:
        # The message contains the remedy; `--repair` does not help with every error.
        return Finding("broken", str(error))
    size = byte_size(paths.database.stat().st_size)
    return Finding("ok", f"{paths.database}, {counted(count, 'chat')}, {size}, intact")


def _cards(paths: Paths) -> Finding:
    from rpterm.cards import library

    found = library.summaries(library.card_folders(paths.characters))
    broken = [each for each in found if each.error]
    if not found:
        return Finding("broken", "no cards found", "Install rpterm again.")
    if broken:
        return Finding("broken", broken[0].error, "`rpterm cards lint` lists all problems.")
    return Finding("ok", f"{len(found)} cards; your own go into {paths.characters}")


def _terminal(env: Mapping[str, str]) -> Finding:
    import shutil

    if not sys.stdout.isatty():
        return Finding("ok", "not a terminal: chats use plain mode")
    if env.get("TERM") == "dumb":
        return Finding("ok", "TERM=dumb: chats use plain mode")
    columns, lines = shutil.get_terminal_size()
    deep = env.get("COLORTERM", "") in ("truecolor", "24bit")
    colours = "16 million colours" if deep else f"the colours of {env.get('TERM', 'unknown')}"
    encoding = (sys.stdout.encoding or "ascii").lower()
    detail = f"{columns}×{lines}, {colours}, {encoding}"
    if not env.get("TERM"):
        return Finding("broken", detail, "Use `rpterm chat --plain` in this terminal.")
    if "utf" not in encoding:
        return Finding("slow", detail, "Set LANG to a UTF-8 locale such as C.UTF-8.")
    if columns < 60 or lines < 16:
        return Finding("slow", detail, "Enlarge the window: 80×24 shows everything.")
    return Finding("ok", detail)
