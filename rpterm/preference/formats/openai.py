"""OpenAI's preference fine-tuning, a format that other services accept, too. Untested here.

The service validates rows strictly, so they carry no provenance.
"""

from __future__ import annotations

from rpterm.preference.formats.base import Format, Row, Shape, Table
from rpterm.preference.records import Record


def row(record: Record, shape: Shape) -> Row:
    """An input and two outputs."""
    return {
        "input": {"messages": shape.prompt(record), "tools": []},
        "preferred_output": [record.reply.message],
        "non_preferred_output": [record.rejected.message],
    }


FORMAT = Format("openai", "OpenAI preference tuning", (Table("", frozenset({"pair"}), row),))
