"""The files of ``rpterm memory``: give them, list them, and wait until they are embedded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm import config
from rpterm import paths as folders
from rpterm.cli import out, rich_out
from rpterm.plural import counted
from rpterm.types import RptermError

if TYPE_CHECKING:
    from rpterm.memory.facade import Memory


def are_files(given: Sequence[str]) -> bool:
    """Whether all of what was given is meant as files: they exist, or have such a name."""
    from rpterm.memory.bank.bank import SUFFIXES

    paths = [Path(one) for one in given]
    return all(_exists(path) or (path.suffix.lower() in SUFFIXES and " " not in path.name)
               for path in paths)  # fmt: skip


def give(memory: Memory, given: Sequence[str], json: bool) -> None:
    """Let a character remember files; one that cannot be read stops nothing but is told.

    Raises:
        RptermError: With what is wrong with each file that could not be read.
    """
    from rpterm.memory.bank.bank import give as give_one

    problems: list[str] = []
    taken = []
    for name in given:
        try:
            done = give_one(memory, Path(name).expanduser())
        except RptermError as error:
            problems.append(str(error))
        else:
            taken.append({"how": done.how, **asdict(done.file)})
            if not json:
                pieces = counted(done.file.pieces, "piece")
                out.say(f"{done.how}  {done.file.id}  {done.file.name}  {pieces}")
    if json:
        out.data(taken)
    if problems:
        raise RptermError("\n".join(problems))


def forget(memory: Memory, ids: Sequence[int]) -> int:
    """Forget files with all their pieces; returns how many there were."""
    from rpterm.store.memories import Memories
    from rpterm.store.memory_files import MemoryFiles

    there = {file.id for file in MemoryFiles(Memories(memory.store)).all()}
    return len([memory.remove_file(file_id) for file_id in ids if file_id in there])


def show(memory: Memory, json: bool, limit: int, *, files: bool) -> None:
    """List at most so many of the files, or of the phrases never mentioned."""
    given, phrases = memory.files()[:limit], memory.blocks()[:limit]
    if json:
        out.data(given if files else phrases)
    elif files:
        rows = [(f.id, out.when(f.added_at), f.pieces, f.name, f.path) for f in given]
        out.table(rows, ("id", "when", "pieces", "name", "path"))
    else:
        blocked = [(b.id, out.when(b.created_at), b.phrase) for b in phrases]
        out.table(blocked, ("id", "when", "phrase"))


def embed(memory: Memory) -> None:
    """Embed what has no vector yet, with progress on standard error.

    Raises:
        RptermError: The embedder cannot be used; everything is found by words all the same.
    """
    from rpterm.memory.facade import Memory as Full
    from rpterm.opening.embedding import open_embedder

    paths = folders.find()
    settings = config.load(paths.config_file, os.environ)
    embedder = open_embedder(settings.embedder, settings, paths)
    with rich_out.progress() as bar:
        task = bar.add_task("embedding", total=None)

        def told(done: int, wanted: int) -> None:
            bar.update(task, completed=done, total=wanted)

        full = Full(memory.store, memory.character, embedder)
        full.listeners.append(told)
        full.start()
        try:
            full.settled()
            if error := full.stats().error:
                raise RptermError(error)
        finally:
            full.close()
            embedder.close()


def _exists(path: Path) -> bool:
    try:
        return path.expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        return False  # a note may be longer than any path
