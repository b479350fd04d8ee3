"""``rpterm cards new``: writes a card as a commented template, or as a draft by the model."""

from __future__ import annotations

import secrets
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rpterm.cards.authoring import draft
from rpterm.cards.authoring.new_card import blank_card
from rpterm.cards.authoring.template import template
from rpterm.cli import out, rich_out
from rpterm.cli.user_files import card_argument, load_settings
from rpterm.errors import RptermError
from rpterm.paths import Paths
from rpterm.prompt.oneshot import ask
from rpterm.tui import external_editor


def filled_card(
    name: str, tagline: str | None, description: str | None, edit: bool | None
) -> tuple[str, bool | None]:
    """The text of a card to fill in, and whether to open it in an editor.

    Without a tagline and a description, the user is asked for the tagline and about the editor.
    """
    if tagline is None and description is None:
        tagline = ask_user("In one line, who are they?")
        if edit is None:
            answer = ask_user("Open it in your editor? [Y/n]")
            edit = answer is not None and answer.casefold() in ("", "y", "yes")
    return blank_card(name, tagline or "", description or ""), edit


def drafted_card(
    name: str, description: str, flags: Mapping[str, object], paths: Paths, seed: int | None = None
) -> str:
    """The text of a card drafted by the model; what it could not write is left to fill in.

    Raises:
        RptermError: There is no model, or it failed before it wrote anything.
    """
    from rpterm.models.engine_factory import open_engine

    settings = load_settings(flags)
    engine = open_engine(settings, paths, sequences=1)
    seed = secrets.randbits(31) if seed is None else seed
    known: dict[str, Any] = {"name": draft.one_line(name)}
    problem = ""
    with rich_out.progress() as bar:
        task = bar.add_task("loading the model", total=None)
        try:
            info = engine.load()
            stages = draft.remaining_stages(known, brief=info.starter)
            bar.update(task, total=len(stages))
            for stage in stages:
                bar.update(task, description=f"drafting {stage.title}")
                sampling = draft.sampling(stage, settings.sampling, known, seed)
                question = draft.build_prompt(stage, description, known)
                known |= draft.parse_answer(
                    stage, ask(engine, draft.SYSTEM, question, sampling), known
                )
                bar.advance(task)
        except KeyboardInterrupt:
            problem = "it was interrupted"
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
    card = draft.build_card(description, known)
    head = [
        f"Drafted by {model} (seed {seed}) from: {' '.join(description.split())}",
        "Read every line, because a model wrote it. What it left out is a comment to fill in.",
    ]
    if problem:
        head.append(f"The draft is incomplete: {problem}")
    return template(card, "\n".join(head))


def ask_user(text: str) -> str | None:
    """Ask a question on the terminal; ``None``, without asking, if it is not interactive."""
    if not out.is_interactive():
        return None
    out.say(text, end=" ")
    sys.stdout.flush()
    return sys.stdin.readline().strip()


def finish(file: Path, *, edit: bool, world: bool) -> None:
    """Print the new file, open it in the editor if wanted, and print what to do next."""
    out.say(str(file))
    if edit:
        external_editor.run(external_editor.command(), file)
    shown = card_argument(file)
    out.say(f"Check it: rpterm cards lint {shown}")
    if world:
        out.say(f"Use it:   rpterm cards join CARD {shlex.quote(file.stem)}")
    else:
        out.say(f"Chat:     rpterm chat {shown}")
