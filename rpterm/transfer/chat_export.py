"""Exports a chat to a file: Markdown to read, JSON Lines for programs, or a log for other apps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm import paths
from rpterm.cards.exchange.files import safe_name
from rpterm.errors import InvalidChoice
from rpterm.types import Chat

if TYPE_CHECKING:
    from rpterm.store import Store


def markdown(store: Store, chat: Chat) -> str:
    """The current branch as Markdown."""
    from rpterm.transfer.chat_files.export import to_markdown

    return to_markdown(chat, store.path(chat.leaf_id) if chat.leaf_id is not None else [])


def json_lines(store: Store, chat: Chat) -> str:
    """Every turn of every branch with its provenance, oldest first, as JSON Lines."""
    from rpterm.store.cast import Casts
    from rpterm.transfer.chat_files.export import to_jsonl

    turns = sorted(store.tree(chat.id), key=lambda turn: turn.id)
    by_turn = {turn.id: store.generation(turn.id) for turn in turns}
    generations = {turn: generation for turn, generation in by_turn.items() if generation}
    lines = to_jsonl(chat, turns, generations, Casts(store).get(chat.id))
    return "".join(f"{line}\n" for line in lines)


def log(store: Store, chat: Chat) -> str:
    """The current branch with its swipes, as a log that other programs can read."""
    from rpterm.transfer.chat_files.chat_log import export_log, render_log

    return render_log(export_log(store, chat.id))


FORMATS: dict[str, Callable[[Store, Chat], str]] = {"md": markdown, "jsonl": json_lines, "log": log}
"""Format → the function that renders a chat in it."""
ENDINGS = {"md": ".md", "jsonl": ".jsonl", "log": ".jsonl"}


def render_chat(store: Store, chat_id: int, form: str) -> str:
    """Render a chat in a format.

    Raises:
        StoreError: There is no such chat.
        InvalidChoice: There is no such format.
    """
    if form not in FORMATS:
        raise InvalidChoice(f"There is no format {form!r}; use md, jsonl or log.")
    return FORMATS[form](store, store.chat(chat_id))


def parse_arguments(words: str) -> tuple[str, str]:
    """Parse the arguments of an export command into format and file.

    Without a format, the file's extension decides.

    >>> [parse_arguments(words) for words in ("log ~/my chat", "x.jsonl", "notes", "")]
    [('log', '~/my chat'), ('jsonl', 'x.jsonl'), ('md', 'notes'), ('md', '')]
    """
    first, _, rest = words.strip().partition(" ")
    if first in FORMATS:
        return first, rest.strip()
    return ("jsonl" if words.strip().endswith(ENDINGS["jsonl"]) else "md"), words.strip()


def target_file(written: str, chat: Chat, form: str) -> Path:
    """The file to write: a folder gets a file named after the chat, a missing extension is added.

    Args:
        written: The path as the user typed it, possibly with ``~``; "" for the current folder.
    """
    path = paths.parse_path(written) if written.strip() else Path()
    if path.is_dir():
        path = path / f"{safe_name(chat.heading or chat.card_name, 'chat')}-{chat.id}"
    path = path if path.suffix else Path(f"{path}{ENDINGS.get(form, '')}")
    return path.absolute()


def export(store: Store, chat_id: int, form: str, written: str, *, force: bool = False) -> Path:
    """Write a chat to a file.

    Returns:
        The file; see ``target_file``.

    Raises:
        FileAlreadyExists: The file exists already.
        RptermError: There is no such format, or the file cannot be written.
    """
    text = render_chat(store, chat_id, form)
    path = target_file(written, store.chat(chat_id), form)
    paths.write_new(path, text, force)
    return path
