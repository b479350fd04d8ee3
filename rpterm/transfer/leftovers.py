"""Tells what the files are that an import skips, so that nobody has to guess what was lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from rpterm.cards.exchange.importer import PICTURES
from rpterm.humanize import counted
from rpterm.transfer.json_files import read_object

_PICTURE = ("picture", "pictures")
_OTHER = ("other file", "other files")
_KINDS: tuple[tuple[frozenset[str], tuple[str, str]], ...] = (
    (frozenset({"findRegex"}), ("regex script", "regex scripts")),
    (frozenset({"qrList"}), ("set of quick replies", "sets of quick replies")),
    (frozenset({"quickReplySlots"}), ("set of quick replies", "sets of quick replies")),
    (frozenset({"main_text_color"}), ("theme", "themes")),
    (frozenset({"input_sequence"}), ("instruct template", "instruct templates")),
    (frozenset({"story_string"}), ("context template", "context templates")),
    (frozenset({"prefix", "suffix"}), ("reasoning template", "reasoning templates")),
    (frozenset({"content", "post_history"}), ("system prompt", "system prompts")),
    (frozenset({"temp"}), ("sampler preset", "sampler presets")),
    (frozenset({"temperature"}), ("sampler preset", "sampler presets")),
    (frozenset({"power_user"}), ("settings file", "settings files")),
)
"""Keys that identify a kind of JSON file → its name in the singular and plural."""


def describe_leftovers(paths: Iterable[Path]) -> str:
    """The kinds of some files with their numbers: "2 themes, 1 picture"; "" for none."""
    counts = Counter(map(_kind, paths))
    ordered = sorted(counts.items(), key=lambda each: (each[0] == _OTHER, -each[1], each[0]))
    return ", ".join(counted(count, *names) for names, count in ordered)


def _kind(path: Path) -> tuple[str, str]:
    if path.suffix.lower() in PICTURES:
        return _PICTURE
    keys = read_object(path).keys()
    return next((names for marks, names in _KINDS if marks <= keys), _OTHER)
