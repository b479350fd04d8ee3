"""The labels of an NLI cross-encoder: which output means entailment and which contradiction.

Reads a model's ``config.json``; loads no model and imports no torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rpterm.errors import RptermError


def label_positions(labels: Mapping[Any, Any]) -> tuple[int, int]:
    """The positions of entailment and contradiction among a model's outputs.

    Args:
        labels: ``id2label`` of its config: number → name, in any order and letter case.

    Raises:
        RptermError: It lacks one of these labels.
    """
    positions = {}
    for at, name in labels.items():
        for kind in ("entail", "contradict"):
            if str(name).lower().startswith(kind):
                positions[kind] = int(at)
    if len(positions) < 2:
        names = ", ".join(str(name) for name in labels.values()) or "none"
        raise RptermError(
            f"its labels are {names}, but a model that finds contradictions needs the labels "
            "entailment and contradiction"
        )
    return positions["entail"], positions["contradict"]


def read_labels(folder: Path) -> Mapping[Any, Any]:
    """``id2label`` of the model in a folder.

    Raises:
        RptermError: The folder is missing, or its ``config.json`` cannot be read.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        labels = config.get("id2label") or {}
    except (OSError, ValueError, AttributeError) as error:
        raise RptermError(f"{folder / 'config.json'} cannot be read: {error}") from None
    return dict(labels)
