"""Finds out which chat logs are branches of others: SillyTavern copies a chat to branch it off.

The copy, called a branch or a checkpoint there, names the chat it was made from in its first line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from rpterm.foreign_json import as_mapping, as_text
from rpterm.text.encoding import to_utf8

_MAX_HEAD_BYTES = 1 << 20


def main_file(path: Path) -> Path | None:
    """The log next to this one that it was branched off from; ``None`` if it does not say."""
    try:
        if not path.is_file():  # Reading a pipe would wait.
            return None
        with path.open("rb") as file:
            head = as_mapping(json.loads(to_utf8(file.readline(_MAX_HEAD_BYTES))))
    except (OSError, ValueError, RecursionError):
        return None
    main = as_text(as_mapping(head.get("chat_metadata")).get("main_chat"))
    if not main or Path(main).name != main or main == path.stem:
        return None
    return path.with_name(f"{main}.jsonl")


def mains_first(logs: Iterable[Path]) -> list[Path]:
    """The logs in an order in which every chat comes before its branches."""
    files = list(logs)
    mains = {path: main_file(path) for path in files}

    def depth(path: Path) -> int:
        chain: list[Path] = []
        at: Path | None = path
        while at is not None and at not in chain:  # Two files may name each other.
            chain.append(at)
            at = mains.get(at)
        return len(chain)

    return sorted(files, key=depth)
