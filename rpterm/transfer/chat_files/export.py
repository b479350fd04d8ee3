"""Renders a chat as Markdown for people or as JSON lines for programs. Pure."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

from rpterm.store.row_conversion import generation_dict
from rpterm.text.json_lines import json_line
from rpterm.types import Cast, Chat, Generation, Status, Turn

FORMAT = 1
"""Version of the JSON lines format, stored in the first line."""

_STATUS_NOTES = {
    Status.STREAMING: "*(still being written)*",
    Status.PARTIAL: "*(stopped here)*",
    Status.FAILED: "*(failed here)*",
}
_HIDDEN_NOTE = "*(hidden from the model)*"
_FENCE = ("```", "~~~")
_LINE_BREAK = re.compile("\r\n?|[\u2028\u2029]")
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def to_markdown(chat: Chat, turns: Sequence[Turn]) -> str:
    """One branch, root first, as a document: a title, then each turn under its speaker's name.

    Line breaks are kept as typed, and no line of a turn becomes a heading or a horizontal rule.
    """
    title = _one_line(chat.title or f"Chat with {chat.card_name}")
    about = f"{_one_line(chat.card_name)} and {_one_line(chat.persona.name)}"
    blocks = [f"# {title}", f"*{about}, {time.strftime('%Y-%m-%d', time.gmtime(chat.created_at))}*"]
    for turn in turns:
        hidden = f" {_HIDDEN_NOTE}" if turn.hidden else ""
        blocks.append(f"**{_one_line(turn.speaker) or turn.role}:**{hidden}")
        if body := _markdown_body(turn.text):
            blocks.append(body)
        if turn.status in _STATUS_NOTES:
            blocks.append(_STATUS_NOTES[turn.status])
    return "\n\n".join(blocks) + "\n"


def to_jsonl(
    chat: Chat,
    turns: Iterable[Turn],
    generations: Mapping[int, Generation],
    cast: Cast | None = None,
) -> Iterator[str]:
    """The chat on the first line, then a line for each turn, with its provenance where known.

    ``turns`` may be the branch shown or the complete tree; each line names its parent, so either
    can be rebuilt. The lines have no newline at the end.
    """
    cast_entry = {"cast": asdict(cast)} if cast is not None else {}
    yield json_line({"type": "chat", "format": FORMAT} | asdict(chat) | cast_entry)
    for turn in turns:
        values: dict[str, object] = {"type": "turn"} | asdict(turn)
        generation = generations.get(turn.id)
        if generation is not None:
            values["generation"] = generation_dict(generation)
        yield json_line(values)


def _one_line(text: str) -> str:
    return _printable(" ".join(text.split()))


def _printable(text: str) -> str:
    """The text without control characters and marks that change the writing direction."""
    return "".join(
        char
        for char in text
        if char in "\t\n" or (unicodedata.category(char) != "Cc" and char not in _DIRECTION_MARKS)
    )


def _markdown_body(text: str) -> str:
    lines = _printable(_LINE_BREAK.sub("\n", text)).strip("\n").split("\n")
    rendered: list[str] = []
    fence = ""
    for index, line in enumerate(lines):
        stripped = line.lstrip()
        if fence:
            fence = "" if stripped.startswith(fence) else fence
            rendered.append(line)
            continue
        fence = next((mark for mark in _FENCE if stripped.startswith(mark)), "")
        next_line = lines[index + 1] if index + 1 < len(lines) else ""
        # Two spaces force a line break; Markdown would join the lines otherwise.
        breaks = "  " if stripped and next_line.strip() and not fence else ""
        rendered.append(_escape_structure(line) + breaks)
    return "\n".join([*rendered, fence] if fence else rendered)


def _escape_structure(line: str) -> str:
    """The line, with a backslash if Markdown would take it for a heading or a rule."""
    bare = line.strip()
    heading = bare.lstrip("#") != bare
    underline = bool(bare) and not bare.strip("=")
    rule = len(bare) >= 2 and not bare.strip("-* _")
    if not (heading or underline or rule):
        return line
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}\\{line.lstrip()}"
