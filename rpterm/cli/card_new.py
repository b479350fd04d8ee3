"""``rpterm cards new``: a commented template, or a draft by the model, as a file of its own."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rpterm import config
from rpterm.asking import ask
from rpterm.cards import draft, worlds
from rpterm.cards.card import CharacterCard
from rpterm.cards.exchange.files import safe_name
from rpterm.cards.template import template, world_template
from rpterm.cli import out, rich_out
from rpterm.config import Settings
from rpterm.marks import why
from rpterm.paths import Paths
from rpterm.types import RptermError


class NewCardError(RptermError):
    """The card cannot be written; the text says why."""


def target(name: str, to: Path | None, paths: Paths, *, world: bool = False) -> Path:
    """Where a new card goes: your folder of cards, another folder, or a file of this name.

    A world goes into the ``worlds`` of your folder.

    Raises:
        NewCardError: The name has nothing a file could be called, or the file exists.
    """
    if not any(char.isalnum() for char in name):
        raise NewCardError(f"{name!r} has no letter or digit in it: give the character a name.")
    folder = to or (paths.characters / worlds.FOLDER if world else paths.characters)
    file = to if to and to.suffix == ".toml" else folder / f"{safe_name(name)}.toml"
    if file.exists():
        raise NewCardError(f"{file} exists already: choose another name, or --to another folder.")
    return file


def write(file: Path, text: str) -> None:
    """Write a new file; never over another one.

    Raises:
        NewCardError: It cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8", newline="\n") as opened:
            opened.write(text)
    except OSError as error:
        raise NewCardError(f"{file} cannot be written: {why(error)}.") from error


def blank(name: str, tagline: str, description: str) -> str:
    """The text of a card to fill in."""
    return template(
        CharacterCard(
            name=draft.one_line(name),
            tagline=draft.one_line(tagline),
            description=draft.paragraphs(description),
        )
    )


def world(name: str) -> str:
    """The text of a world to fill in."""
    return world_template(draft.one_line(name))


def drafted(
    name: str, description: str, flags: Mapping[str, object], paths: Paths, seed: int | None = None
) -> str:
    """The text of a card that the model drafts; what it did not manage is left to fill in.

    Raises:
        RptermError: There is no model to ask, or it failed at once.
    """
    from rpterm.models.engine_factory import open_installed

    settings: Settings = config.load(paths.config_file, os.environ, flags)
    engine = open_installed(settings, paths, sequences=1)
    seed = secrets.randbits(31) if seed is None else seed
    known: dict[str, Any] = {"name": draft.one_line(name)}
    problem = ""
    with rich_out.progress() as bar:
        task = bar.add_task("loading the model", total=None)
        try:
            info = engine.load()
            stages = draft.stages(known, brief=info.starter)
            bar.update(task, total=len(stages))
            for stage in stages:
                bar.update(task, description=f"drafting {stage.title}")
                sampling = draft.sampling(stage, settings.sampling, known, seed)
                question = draft.question(stage, description, known)
                known |= draft.read(stage, ask(engine, draft.SYSTEM, question, sampling), known)
                bar.advance(task)
        except KeyboardInterrupt:
            problem = "stopped in the middle"
        except RptermError as error:
            if len(known) < 2:
                raise
            problem = str(error)
        finally:
            engine.close()
    model = engine.info.model if engine.info else "the model"
    return _drafted_text(description, known, model, seed, problem)


def _drafted_text(
    description: str, known: Mapping[str, Any], model: str, seed: int, problem: str
) -> str:
    card = draft.card(description, known)
    head = [f"Drafted by {model} (seed {seed}) from: {' '.join(description.split())}"]
    head.append("Read every line: a model wrote it. What it left out is a comment to fill in.")
    if problem:
        head.append(f"The draft is not whole: {problem}")
    return template(card, "\n".join(head))


def question(text: str) -> str | None:
    """Ask on the terminal; ``None`` where nobody sits, and nothing is asked."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    out.say(text, end=" ")
    sys.stdout.flush()
    return sys.stdin.readline().strip()


def edit(file: Path) -> None:
    """Open a file in the user's editor and wait.

    Raises:
        NewCardError: There is none, or it could not be started.
    """
    words = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    if not words:
        found = next(filter(None, map(shutil.which, ("nano", "vim", "vi", "notepad"))), None)
        if found is None:
            raise NewCardError("No editor was found. Set EDITOR, for example: export EDITOR=nano")
        words = [found]
    try:
        subprocess.run([*words, str(file)], check=False)
    except OSError as error:
        reason = why(error)
        raise NewCardError(f"The editor {words[0]} could not be started: {reason}.") from error
