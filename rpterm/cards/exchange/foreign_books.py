"""Converts lorebooks of Agnai, RisuAI and NovelAI to the common world file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rpterm.cards.exchange.documents.patch import Table
from rpterm.foreign_json import as_mapping, as_mappings


def to_world(raw: Mapping[str, Any]) -> tuple[Table, str] | None:
    """The lorebook as a world file, and what it was in words; ``None`` for any other document."""
    if raw.get("kind") == "memory" and isinstance(raw.get("entries"), list):
        return agnai_book(raw), "an Agnai memory book"
    module = as_mapping(raw.get("module"))
    if raw.get("type") == "risuModule" and isinstance(module.get("lorebook"), list):
        return _risu_book(module, module["lorebook"]), "a RisuAI module"
    if raw.get("type") == "risu" and isinstance(raw.get("data"), list):
        return _risu_book(raw, raw["data"]), "a RisuAI lorebook"
    if "lorebookVersion" in raw and isinstance(raw.get("entries"), list):
        return _world(raw, map(_novel_entry, as_mappings(raw["entries"]))), "a NovelAI lorebook"
    return None


def agnai_book(raw: Mapping[str, Any]) -> Table:
    """An Agnai memory book as a world file."""
    return _world(raw, map(_agnai_entry, as_mappings(raw.get("entries"))))


def keyed_book(entries: Any, content: str = "content") -> Table:
    """A world file of entries whose keys are one text, separated by commas."""
    return _world({}, (_keyed_entry(each, content) for each in as_mappings(entries)))


def _world(raw: Mapping[str, Any], entries: Iterator[Table]) -> Table:
    named = {key: raw[key] for key in ("name", "description") if raw.get(key)}
    return named | {"entries": {str(number): each for number, each in enumerate(entries)}}


def _agnai_entry(raw: Mapping[str, Any]) -> Table:
    return {
        "key": raw.get("keywords"),
        "content": raw.get("entry"),
        "comment": raw.get("name"),
        "order": raw.get("weight"),
        "disable": raw.get("enabled") is False,
    }


def _novel_entry(raw: Mapping[str, Any]) -> Table:
    return {
        "key": raw.get("keys"),
        "content": raw.get("text"),
        "comment": raw.get("displayName"),
        "order": as_mapping(raw.get("contextConfig")).get("budgetPriority"),
        "constant": raw.get("forceActivation") is True,
        "disable": raw.get("enabled") is False,
    }


def _risu_book(raw: Mapping[str, Any], entries: list[Any]) -> Table:
    tables = (each for each in as_mappings(entries) if each.get("mode") != "folder")
    return _world(raw, map(_risu_entry, tables))


def _risu_entry(raw: Mapping[str, Any]) -> Table:
    return _keyed_entry(raw, "content") | {
        "order": raw.get("insertorder"),
        "constant": raw.get("alwaysActive") is True,
        "probability": raw.get("activationPercent"),
    }


def _keyed_entry(raw: Mapping[str, Any], content: str) -> Table:
    secondary = raw.get("secondkey") or raw.get("keysecondary")
    entry: Table = {
        "key": raw.get("key"),
        "content": raw.get(content),
        "comment": raw.get("comment"),
        "constant": raw.get("constant") is True,
    }
    if raw.get("selective") and secondary:
        entry["keysecondary"] = secondary
    return entry
