"""A chat as text: Markdown to read, JSON lines to process. Pure: no database, no files."""

from __future__ import annotations

import json
import re
import time
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

from rpterm.store.rows import generation_dict
from rpterm.types import Cast, Chat, Generation, Status, Turn

FORMAT = 1
"""Version of the JSON lines, in the first of them."""

_ENDINGS = {
    Status.STREAMING: "*(still being written)*",
    Status.PARTIAL: "*(stopped here)*",
    Status.FAILED: "*(failed here)*",
}
_HIDDEN = "*(hidden from the model)*"
_FENCE = ("```", "~~~")
_BREAK = re.compile("\r\n?|[\u2028\u2029]")
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def to_markdown(chat: Chat, turns: Sequence[Turn]) -> str:
    """One branch, root first, as a document: a title, then each turn under its speaker's name.

    Line breaks are kept as they were typed, and a line of a turn never becomes a heading or a rule.
    """
    title = _one_line(chat.title or f"Chat with {chat.card_name}")
    about = f"{_one_line(chat.card_name)} and {_one_line(chat.persona.name)}"
    blocks = [f"# {title}", f"*{about}, {time.strftime('%Y-%m-%d', time.gmtime(chat.created_at))}*"]
    for turn in turns:
        hidden = f" {_HIDDEN}" if turn.hidden else ""
        blocks.append(f"**{_one_line(turn.speaker) or turn.role}:**{hidden}")
        if body := _body(turn.text):
            blocks.append(body)
        if turn.status in _ENDINGS:
            blocks.append(_ENDINGS[turn.status])
    return "\n\n".join(blocks) + "\n"


def to_jsonl(
    chat: Chat,
    turns: Iterable[Turn],
    generations: Mapping[int, Generation],
    cast: Cast | None = None,
) -> Iterator[str]:
    """The chat on the first line, then a line for each turn, with its provenance where known.

    ``turns`` may be the branch shown or the whole tree; each line names its parent, so that either
    can be put together again. No line ends in a newline.
    """
    company = {"cast": asdict(cast)} if cast is not None else {}
    yield _line({"type": "chat", "format": FORMAT} | asdict(chat) | company)
    for turn in turns:
        values: dict[str, object] = {"type": "turn"} | asdict(turn)
        generation = generations.get(turn.id)
        if generation is not None:
            values["generation"] = generation_dict(generation)
        yield _line(values)


def _line(values: Mapping[str, object]) -> str:
    # A lone surrogate of a prompt cannot be written as UTF-8; as an escape it can.
    text = json.dumps(values, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(values)
    return text


def _one_line(text: str) -> str:
    return _shown(" ".join(text.split()))


def _shown(text: str) -> str:
    """Without what only a terminal obeys: control characters, and marks that turn text around."""
    return "".join(
        char
        for char in text
        if char in "\t\n" or (unicodedata.category(char) != "Cc" and char not in _TURNING)
    )


def _body(text: str) -> str:
    lines = _shown(_BREAK.sub("\n", text)).strip("\n").split("\n")
    done: list[str] = []
    fence = ""
    for place, line in enumerate(lines):
        stripped = line.lstrip()
        if fence:
            fence = "" if stripped.startswith(fence) else fence
            done.append(line)
            continue
        fence = next((mark for mark in _FENCE if stripped.startswith(mark)), "")
        following = lines[place + 1] if place + 1 < len(lines) else ""
        # Two spaces: Markdown would run the lines together.
        breaks = "  " if stripped and following.strip() and not fence else ""
        done.append(_no_structure(line) + breaks)
    return "\n".join([*done, fence] if fence else done)


def _no_structure(line: str) -> str:
    """A line that Markdown would read as a heading or a rule, with a backslash before it."""
    bare = line.strip()
    heading = bare.lstrip("#") != bare
    underline = bool(bare) and not bare.strip("=")
    rule = len(bare) >= 2 and not bare.strip("-* _")
    if not (heading or underline or rule):
        return line
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}\\{line.lstrip()}"
