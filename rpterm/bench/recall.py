"""How much of long chats recall finds: ``rpterm bench recall --locomo FILE``.

Embeds with the starter model, which takes minutes on a small machine; nothing is downloaded.
"""

from __future__ import annotations

import json as json_module
import sys
from pathlib import Path
from typing import TextIO

from rpterm.types import RptermError


def main(json: bool = False, locomo: Path | None = None, out: TextIO | None = None) -> None:
    """Embed, measure and report, as JSON or as lines for people.

    Raises:
        RptermError: No file was given, it is not LoCoMo, or the embedder cannot be used.
    """
    from rpterm.memory.bench import lines, locomo_report
    from rpterm.memory.embed import STARTER, WorkerEmbedder
    from rpterm.models.starter import embedder_folder

    if locomo is None:
        raise RptermError(
            "Name a LoCoMo file: `rpterm bench recall --locomo FILE`. Nothing is downloaded."
        )
    embedder = WorkerEmbedder(embedder_folder, STARTER)
    try:
        report = locomo_report(locomo, embedder.encode)
    finally:
        embedder.close()
    out = out or sys.stdout
    text = json_module.dumps(report, indent=2) if json else "\n".join(lines(report))
    out.write(text + "\n")
