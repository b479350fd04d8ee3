"""A chat as a file: Markdown for reading, JSON lines for programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm.marks import why
from rpterm.types import Chat, RptermError

if TYPE_CHECKING:
    from rpterm.store import Store


def markdown(store: Store, chat: Chat) -> str:
    """The branch that is shown."""
    from rpterm.store.export import to_markdown

    return to_markdown(chat, store.path(chat.leaf_id) if chat.leaf_id is not None else [])


def json_lines(store: Store, chat: Chat) -> str:
    """Every turn of every branch, oldest first, each with its provenance."""
    from rpterm.store.cast import Casts
    from rpterm.store.export import to_jsonl

    turns = sorted(store.tree(chat.id), key=lambda turn: turn.id)
    made = {turn.id: store.generation(turn.id) for turn in turns}
    known = {number: generation for number, generation in made.items() if generation is not None}
    return "".join(f"{line}\n" for line in to_jsonl(chat, turns, known, Casts(store).get(chat.id)))


def write(path: Path, text: str, force: bool) -> None:
    """Write a new file.

    Raises:
        RptermError: It exists already, or cannot be written.
    """
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise RptermError(f"{path} exists already; --force writes over it.") from error
    except OSError as error:
        raise RptermError(f"{path} cannot be written ({why(error)}).") from error


def log(store: Store, chat: Chat) -> str:
    """The branch shown with its swipes, in the form that other programs read."""
    from rpterm.store.chatlog import export_log, render

    return render(export_log(store, chat.id))


FORMATS: dict[str, Callable[[Store, Chat], str]] = {"md": markdown, "jsonl": json_lines, "log": log}
