"""LLaMA-Factory: ShareGPT rows for ranking (DPO), KTO and SFT, named in ``dataset_info.json``.

It drops, with only a warning, a chat in which the user does not speak first, so a greeting gets a
seed turn before it unless it is moved to the system text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rpterm.preference.formats.base import Format, Row, Shape, Table, meta
from rpterm.preference.message_shape import SEED
from rpterm.preference.records import Messages, Record

_FROM = {"user": "human", "assistant": "gpt"}


def _reply_turn(text: str) -> Row:
    return {"from": "gpt", "value": text}


def _conversation(record: Record, shape: Shape) -> Row:
    messages = shape.messages(record, user_first=True)
    system = messages[0][1] if messages[:1] and messages[0][0] == "system" else ""
    rest: Messages = messages[1:] if system else messages
    # Unsupported by LLaMA-Factory, even with --greeting keep.
    if rest and rest[0][0] == "assistant":
        rest = (("user", SEED), *rest)
    turns = [{"from": _FROM[role], "value": text} for role, text in rest]
    return {"conversations": turns, "system": system}


def ranking(record: Record, shape: Shape) -> Row:
    """A conversation and the two replies that continue it."""
    replies = {
        "chosen": _reply_turn(record.reply.text),
        "rejected": _reply_turn(record.rejected.text),
    }
    return _conversation(record, shape) | replies | {"meta": meta(record)}


def kto(record: Record, shape: Shape) -> Row | None:
    """A conversation that ends with the reply, and its label."""
    if record.label is None:
        return None
    return sft(record, shape) | {"label": record.label}


def sft(record: Record, shape: Shape) -> Row:
    """A conversation that ends with the reply."""
    row = _conversation(record, shape)
    row["conversations"].append(_reply_turn(record.reply.text))
    return row | {"meta": meta(record)}


def extras(files: Mapping[tuple[str, str], str], limit: int) -> dict[str, str]:
    """``dataset_info.json`` with an entry for each file."""
    columns = {
        "dpo": {"chosen": "chosen", "rejected": "rejected"},
        "kto": {"kto_tag": "label"},
        "sft": {},
    }
    entries: dict[str, Any] = {}
    for (table, split), path in sorted(files.items()):
        common = {"messages": "conversations", "system": "system"}
        entry: dict[str, Any] = {
            "file_name": path,
            "formatting": "sharegpt",
            "columns": common | columns[table],
        }
        if table == "dpo":
            entry["ranking"] = True
        entries[f"rpterm_{table}_{split}"] = entry
    return {"dataset_info.json": json.dumps(entries, indent=2) + "\n"}


FORMAT = Format(
    "llama_factory",
    "LLaMA-Factory: DPO, KTO, SFT",
    (
        Table("dpo", frozenset({"pair"}), ranking),
        Table("kto", frozenset({"label"}), kto),
        Table("sft", frozenset({"demo"}), sft),
    ),
    extras,
)
