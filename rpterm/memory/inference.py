"""What an NLI cross-encoder's labels mean: which says that one text follows from another, and which
that it says the contrary. Reads a model's ``config.json``; loads no model and imports no torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rpterm.types import RptermError


def columns(labels: Mapping[Any, Any]) -> tuple[int, int]:
    """Where entailment and contradiction stand among a model's outputs.

    Args:
        labels: ``id2label`` of its config: number → name, in any order and spelling of case.

    Raises:
        RptermError: It has no such labels.
    """
    found = {}
    for at, name in labels.items():
        for kind in ("entail", "contradict"):
            if str(name).lower().startswith(kind):
                found[kind] = int(at)
    if len(found) < 2:
        told = ", ".join(str(name) for name in labels.values()) or "none"
        raise RptermError(
            f"its labels are {told}; a model for contradictions has entailment and contradiction"
        )
    return found["entail"], found["contradict"]


def labels_of(folder: Path) -> Mapping[Any, Any]:
    """``id2label`` of a model's folder.

    Raises:
        RptermError: There is no such folder, or its ``config.json`` cannot be read.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        labels = config.get("id2label") or {}
    except (OSError, ValueError, AttributeError) as error:
        raise RptermError(f"{folder / 'config.json'} cannot be read: {error}") from None
    return dict(labels)
