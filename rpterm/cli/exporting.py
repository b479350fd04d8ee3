"""A chat as text: Markdown for reading, JSON lines for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm.types import Chat, RptermError

if TYPE_CHECKING:
    from rpterm.store import Store


def markdown(store: Store, chat: Chat) -> str:
    """The branch that is shown, as a heading and one paragraph a turn."""
    from rpterm.cli.out import when

    lines = [f"# {chat.title or chat.card_name}", ""]
    lines += [f"{chat.card_name} and {chat.persona.name}, {when(chat.created_at)}", ""]
    for turn in store.path(chat.leaf_id) if chat.leaf_id is not None else []:
        lines += [f"**{turn.speaker}:** {turn.text}", ""]
    return "\n".join(lines)


def json_lines(store: Store, chat: Chat) -> str:
    """Every turn of every branch, oldest first, each with its provenance.

    The first line is the chat; ``shown`` says whether a turn is on the branch that is shown.
    """
    shown = {turn.id for turn in store.path(chat.leaf_id)} if chat.leaf_id is not None else set()
    rows: list[dict[str, object]] = [{"type": "chat", **asdict(chat)}]
    for turn in sorted(store.tree(chat.id), key=lambda turn: turn.id):
        row: dict[str, object] = {"type": "turn", "shown": turn.id in shown, **asdict(turn)}
        generation = store.generation(turn.id)
        if generation is not None:
            row["generation"] = asdict(generation)
        rows.append(row)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


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
        raise RptermError(f"{path} cannot be written ({error.strerror or error}).") from error


FORMATS: dict[str, Callable[[Store, Chat], str]] = {"md": markdown, "jsonl": json_lines}
