"""A chat as a file: Markdown for reading, JSON lines for programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm import paths
from rpterm.cards.exchange.files import safe_name
from rpterm.types import Chat, NoSuchChoice

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


def log(store: Store, chat: Chat) -> str:
    """The branch shown with its swipes, in the form that other programs read."""
    from rpterm.store.chatlog import export_log, render

    return render(export_log(store, chat.id))


FORMATS: dict[str, Callable[[Store, Chat], str]] = {"md": markdown, "jsonl": json_lines, "log": log}
"""What each format is made by: to read, with every turn, and for other programs."""
ENDINGS = {"md": ".md", "jsonl": ".jsonl", "log": ".jsonl"}


def text_of(store: Store, chat_id: int, form: str) -> str:
    """A chat in a format.

    Raises:
        StoreError, NoSuchChoice: There is no such chat or format.
    """
    if form not in FORMATS:
        raise NoSuchChoice(f"There is no format {form!r}; there are md, jsonl and log.")
    return FORMATS[form](store, store.chat(chat_id))


def asked(words: str) -> tuple[str, str]:
    """Format and file of what stands behind a command; a file alone tells its format by its end.

    >>> asked("log ~/my chat"), asked("x.jsonl"), asked("notes"), asked("")
    (('log', '~/my chat'), ('jsonl', 'x.jsonl'), ('md', 'notes'), ('md', ''))
    """
    first, _, rest = words.strip().partition(" ")
    if first in FORMATS:
        return first, rest.strip()
    return ("jsonl" if words.strip().endswith(ENDINGS["jsonl"]) else "md"), words.strip()


def place(written: str, chat: Chat, form: str) -> Path:
    """The file that is meant: in a folder it is named after the chat; without an end it gets one.

    Args:
        written: As a person writes it, with ``~``; "" is a file in the folder one is in.
    """
    path = paths.written(written) if written.strip() else Path()
    if path.is_dir():
        path = path / f"{safe_name(chat.heading or chat.card_name, 'chat')}-{chat.id}"
    path = path if path.suffix else Path(f"{path}{ENDINGS.get(form, '')}")
    return path.absolute()


def export(store: Store, chat_id: int, form: str, written: str, *, force: bool = False) -> Path:
    """Write a chat into a file.

    Returns:
        The file; see ``place``.

    Raises:
        FileThere: It exists already.
        RptermError: There is no such format, or it cannot be written.
    """
    text = text_of(store, chat_id, form)
    path = place(written, store.chat(chat_id), form)
    paths.write_new(path, text, force)
    return path
