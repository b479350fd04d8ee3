"""What recall finds and how long it takes: ``rpterm bench recall [--locomo FILE]``.

With a file, the share of evidence found in long chats: it embeds with the starter model, which
takes minutes on a small machine. Without, the time that recall takes; see ``recall_speed``. Nothing
is downloaded.
"""

from __future__ import annotations

import json as json_module
import sys
from pathlib import Path
from typing import TextIO


def main(
    json: bool = False,
    locomo: Path | None = None,
    memories: int | None = None,
    out: TextIO | None = None,
) -> None:
    """Measure and report, as JSON or as lines for people.

    Args:
        memories: Time recall among so many alone.

    Raises:
        RptermError: The file is not LoCoMo, or the embedder cannot be used.
    """
    if locomo is None:
        from rpterm.bench import recall_speed

        recall_speed.main(json, [memories] if memories else recall_speed.SIZES, out)
        return
    from rpterm.memory.bench import lines, locomo_report
    from rpterm.memory.embed import STARTER, WorkerEmbedder
    from rpterm.models.starter import embedder_folder

    embedder = WorkerEmbedder(embedder_folder, STARTER)
    try:
        report = locomo_report(locomo, embedder.encode)
    finally:
        embedder.close()
    out = out or sys.stdout
    text = json_module.dumps(report, indent=2) if json else "\n".join(lines(report))
    out.write(text + "\n")
