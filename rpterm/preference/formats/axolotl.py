"""Axolotl: ``chat_template.default`` for DPO, ``user_defined`` for KTO, ``chat_template`` for SFT.

Its KTO loader expects rendered prompts, so they are rendered with the model's template.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rpterm.preference.formats import trl
from rpterm.preference.formats.base import Format, Row, Shape, Table, meta
from rpterm.preference.records import Record


def dpo(record: Record, shape: Shape) -> Row:
    """The prompt's messages, and each reply as a message."""
    return {
        "messages": shape.prompt(record),
        "chosen": record.reply.message,
        "rejected": record.rejected.message,
        "meta": meta(record),
    }


def kto(record: Record, shape: Shape) -> Row | None:
    """A rendered prompt, the reply with its end marker, and the label."""
    if record.label is None:
        return None
    return {
        "prompt": shape.rendered(record),
        "completion": record.reply.text + shape.model.end,
        "label": record.label,
        "meta": meta(record),
    }


def extras(files: Mapping[tuple[str, str], str], limit: int) -> dict[str, str]:
    """For each table, the dataset part of an Axolotl configuration, as JSON, which is valid YAML.

    Axolotl drops rows longer than ``sequence_len``, so it is set to the export's token limit.
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
    configs = {}
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
            configs[f"axolotl-{name}.yaml"] = json.dumps(method | lists, indent=2) + "\n"
    return configs


FORMAT = Format(
    "axolotl",
    "Axolotl: DPO, KTO, SFT",
    (
        Table("dpo", frozenset({"pair"}), dpo),
        Table("kto", frozenset({"label"}), kto),
        Table("sft", frozenset({"demo"}), trl.conversation),
    ),
    extras,
)
