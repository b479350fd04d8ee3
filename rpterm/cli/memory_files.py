"""The files of ``rpterm memory``: adds, lists, forgets and embeds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm import paths as folders
from rpterm.cli import out, rich_out
from rpterm.cli.user_files import load_settings
from rpterm.errors import RptermError
from rpterm.humanize import counted

if TYPE_CHECKING:
    from rpterm.memory.character_memory import CharacterMemory


def are_files(given: Sequence[str]) -> bool:
    """Whether all arguments are files, judging by their existence or by their names."""
    from rpterm.memory.bank.files import SUFFIXES

    return all(given) and all(
        _exists(path) or (path.suffix.lower() in SUFFIXES and " " not in path.name)
        for path in map(Path, given)
    )


def add_files(memory: CharacterMemory, given: Sequence[str], json: bool) -> None:
    """Add files to a character's memory; those that cannot be read are reported at the end.

    Raises:
        RptermError: With the problem of each file that could not be read.
    """
    from rpterm.memory.bank.files import add_file as add_one

    problems: list[str] = []
    taken = []
    for name in given:
        try:
            done = add_one(memory, Path(name).expanduser())
        except RptermError as error:
            problems.append(str(error))
        else:
            taken.append({"how": done.how, **asdict(done.file)})
            if not json:
                pieces = counted(done.file.pieces, "piece")
                out.say(f"{done.how}  {done.file.id}  {done.file.name}  {pieces}")
    if json:
        out.json_data(taken)
    if problems:
        raise RptermError("\n".join(problems))


def known_files(memory: CharacterMemory) -> set[int]:
    """The numbers of the files of all characters."""
    from rpterm.store.memory.files import MemoryFiles
    from rpterm.store.memory.memories import Memories

    return {file.id for file in MemoryFiles(Memories(memory.store)).all()}


def print_list(memory: CharacterMemory, json: bool, limit: int, *, files: bool) -> None:
    """List at most ``limit`` files, or blocked phrases."""
    given, phrases = memory.files()[:limit], memory.blocks()[:limit]
    if json:
        out.json_data(given if files else phrases)
    elif files:
        rows = [(f.id, out.local_time(f.added_at), f.pieces, f.name, f.path) for f in given]
        out.table(("id", "when", "pieces", "name", "path"), rows)
    else:
        blocked = [(b.id, out.local_time(b.created_at), b.phrase) for b in phrases]
        out.table(("id", "when", "phrase"), blocked)


def embed_memories(memory: CharacterMemory) -> None:
    """Embed the memories that have no vector yet, with progress on standard error.

    Raises:
        RptermError: The embedder cannot be used; memories are still found by their words.
    """
    from rpterm.memory.character_memory import CharacterMemory
    from rpterm.startup.embedder import open_embedder

    paths = folders.find()
    settings = load_settings()
    embedder = open_embedder(settings.embedder, settings, paths)
    with rich_out.progress() as bar:
        task = bar.add_task("embedding", total=None)

        def show_progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        full = CharacterMemory(memory.store, memory.character, embedder)
        full.listeners.append(show_progress)
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
        return False  # A note may be longer than any path.
