"""Axolotl: ``chat_template.default`` for DPO, ``user_defined`` for KTO, ``chat_template`` for SFT.

The KTO reader takes a prompt that is already rendered; it is rendered with the model's template.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rpterm.preference.formats.base import Format, Row, Shape, Table, chat, meta, other_text, said
from rpterm.preference.records import Record


def dpo(record: Record, shape: Shape) -> Row:
    """Messages, and the two replies as messages."""
    return {
        "messages": chat(shape.messages(record)),
        "chosen": said(record.reply.text)[0],
        "rejected": said(other_text(record))[0],
        "meta": meta(record),
    }


def kto(record: Record, shape: Shape) -> Row | None:
    """A rendered prompt, the reply with its end, and the label."""
    if record.label is None:
        return None
    return {
        "prompt": shape.render(shape.messages(record)),
        "completion": record.reply.text + shape.end,
        "label": record.label,
        "meta": meta(record),
    }


def sft(record: Record, shape: Shape) -> Row:
    """Whole conversations."""
    return {
        "messages": chat(shape.messages(record)) + said(record.reply.text),
        "meta": meta(record),
    }


def extras(files: Mapping[tuple[str, str], str], limit: int) -> dict[str, str]:
    """The part of a configuration about the data for each table; JSON is YAML, too.

    Rows longer than ``sequence_len`` would be dropped, so it is set to what the export allowed.
    """
    kinds: dict[str, dict[str, Any]] = {
        "dpo": {"type": "chat_template.default", "field_messages": "messages",
                "field_chosen": "chosen", "field_rejected": "rejected"},
        "kto": {"type": {"field_prompt": "prompt", "field_completion": "completion",
                         "field_label": "label", "prompt_format": "{prompt}",
                         "completion_format": "{completion}"}},
        "sft": {"type": "chat_template", "field_messages": "messages",
                "roles_to_train": ["assistant"], "train_on_eos": "turn"},
    }  # fmt: skip
    made = {}
    for name, kind in kinds.items():
        lists = {
            key: [{"path": path, "ds_type": "json", "split": "train"} | kind]
            for key, split in (("datasets", "train"), ("test_datasets", "test"))
            if (path := files.get((name, split)))
        }
        if lists:
            method: dict[str, Any] = {} if name == "sft" else {"rl": name}
            if limit:
                method["sequence_len"] = limit
            made[f"axolotl-{name}.yaml"] = json.dumps(method | lists, indent=2) + "\n"
    return made


FORMAT = Format(
    "axolotl",
    "Axolotl: DPO, KTO, SFT",
    (
        Table("dpo", frozenset({"pair"}), dpo),
        Table("kto", frozenset({"label"}), kto),
        Table("sft", frozenset({"demo"}), sft),
    ),
    extras,
)
