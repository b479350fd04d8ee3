"""Reads what another program stores outside of cards, worlds and chats: personas, links, groups.

Its settings file holds the user's personas and the further worlds of each character; a group file
names the members of a group and its chats. Files of any other form give nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from rpterm.cards.exchange import jsonio
from rpterm.cards.exchange.errors import MAX_JSON, ExchangeError
from rpterm.foreign_json import as_mapping, as_text, mappings_in, texts_in
from rpterm.store import Store
from rpterm.text_encoding import to_utf8
from rpterm.types import Persona

_MARKS = (b'"persona_descriptions"', b'"charLore"', b'"activation_strategy"')
_MAX_TEXT = 100_000


@dataclass(frozen=True, slots=True)
class Group:
    """A group of characters.

    Attributes:
        members: The file names of their cards without the extension, in the group's order.
        chats: The file names of its chats without the extension.
    """

    name: str
    members: tuple[str, ...]
    chats: tuple[str, ...]

    def title(self, chat: str) -> str:
        """A title for one of its chats, which are named after dates."""
        return self.name if len(self.chats) == 1 else f"{self.name} {chat}".strip()


@dataclass(frozen=True, slots=True)
class OtherSettings:
    """What was found in settings and group files.

    Attributes:
        worlds: File name of a card without its extension → further worlds of the character.
    """

    personas: list[Persona] = field(default_factory=list)
    worlds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)


def read_settings(paths: Iterable[Path]) -> tuple[OtherSettings, set[Path]]:
    """Read the settings and group files among some files, and tell which ones they were."""
    found = OtherSettings()
    used: set[Path] = set()
    for path in paths:
        raw = _document(path)
        groups = len(found.groups)
        known = len(found.personas) + len(found.worlds)
        _add_group(raw, found)
        _add_personas(raw, found)
        _add_worlds(raw, found)
        if len(found.groups) > groups or len(found.personas) + len(found.worlds) > known:
            used.add(path)
    return found, used


def store_personas(personas: Iterable[Persona], store: Store) -> list[str]:
    """Store personas whose names are new; return these names."""
    taken = {each.name for each in store.personas()}
    added = []
    for persona in personas:
        if persona.name not in taken:
            taken.add(persona.name)
            store.put_persona(persona)
            added.append(persona.name)
    return added


def _document(path: Path) -> Mapping[str, Any]:
    """The JSON of a file that may be one of these, else an empty table."""
    try:
        if path.suffix.lower() != ".json" or path.stat().st_size > MAX_JSON:
            return {}
        data = to_utf8(path.read_bytes())
        if not any(mark in data for mark in _MARKS):
            return {}
        return as_mapping(jsonio.loads(data, path.name))
    except (OSError, ExchangeError):
        return {}


def _line(raw: Any) -> str:
    return " ".join(_text(raw).split())[:200]


def _text(raw: Any) -> str:
    kept = (each for each in as_text(raw) if each.isprintable() or each == "\n")
    return "".join(kept)[:_MAX_TEXT].strip()


def _add_personas(raw: Mapping[str, Any], found: OtherSettings) -> None:
    """Personas with a description; a mere name is stored with its chats."""
    source = as_mapping(raw.get("power_user")) or raw
    about = as_mapping(source.get("persona_descriptions"))
    for key, name in as_mapping(source.get("personas")).items():
        described = Persona(_line(name), _text(as_mapping(about.get(key)).get("description")))
        if described.name and described.description and described not in found.personas:
            found.personas.append(described)


def _add_worlds(raw: Mapping[str, Any], found: OtherSettings) -> None:
    outer = as_mapping(raw.get("world_info_settings")) or raw
    for each in mappings_in(as_mapping(outer.get("world_info")).get("charLore")):
        name, worlds = _line(each.get("name")), texts_in(each.get("extraBooks"))
        if name and worlds:
            found.worlds[name] = tuple(worlds)


def _add_group(raw: Mapping[str, Any], found: OtherSettings) -> None:
    if "activation_strategy" not in raw or not isinstance(raw.get("members"), list):
        return
    absent = texts_in(raw.get("disabled_members"))
    members = [each for each in texts_in(raw["members"]) if each not in absent]
    chats = tuple(texts_in(raw.get("chats")) or texts_in([raw.get("chat_id")]))
    names = tuple(PurePath(each).stem for each in members)
    found.groups.append(Group(_line(raw.get("name")), names, chats))
