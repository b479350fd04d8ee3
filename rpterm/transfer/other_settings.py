"""Reads what another program stores outside of cards, worlds and chats: personas, links, groups.

Its settings file holds the user's personas and the further worlds of each character; a group file
names the members of a group and its chats. Files of any other form give nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from rpterm.foreign_json import as_mapping, as_mappings, as_text, as_texts
from rpterm.humanize import counted
from rpterm.store import Store
from rpterm.transfer.json_files import read_object
from rpterm.types import Persona, TurnTaking

_MARKS = (
    b'"persona_descriptions"', b'"charLore"', b'"world_info_depth"', b'"activation_strategy"',
)  # fmt: skip
_MAX_TEXT = 100_000
_MAX_DEPTH = 1000
_UNNAMED = ("User", "[Unnamed Persona]")
"""The names of personas that their user never touched."""
_TURN_TAKING = {"1": TurnTaking.ROUND, "2": TurnTaking.HAND, "3": TurnTaking.ROUND}
"""Activation strategy of a group → the nearest way of ours."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of characters.

    Attributes:
        members: The file names of their cards without the extension, in the group's order.
        muted: Those of them who only listen.
        chats: The file names of its chats without the extension.
    """

    name: str
    members: tuple[str, ...]
    muted: tuple[str, ...]
    chats: tuple[str, ...]
    taking: TurnTaking

    def title(self, chat: str) -> str:
        """A title for one of its chats, which are named after dates."""
        return self.name if len(self.chats) == 1 else f"{self.name} {chat}".strip()


@dataclass(slots=True)
class OtherSettings:
    """What was found in settings and group files.

    Attributes:
        worlds: File name of a card without its extension → further worlds of the character.
        scanning: ``Lorebook`` field → how all worlds are searched for keys.
        default_persona: The name of the user's persona in new chats, or "".
        worlds_of_all: The worlds that were read in every chat.
        worlds_of_personas: The name of a persona → the world that came with it.
        left_out: What the settings hold that has no place here, in words.
    """

    personas: list[Persona] = field(default_factory=list)
    worlds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scanning: dict[str, Any] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    default_persona: str = ""
    worlds_of_all: tuple[str, ...] = ()
    worlds_of_personas: dict[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def size(self) -> int:
        """How much was found."""
        return sum(map(len, (self.personas, self.worlds, self.scanning, self.groups)))


def read_settings(paths: Iterable[Path]) -> tuple[OtherSettings, set[Path]]:
    """Read the settings and group files among some files, and tell which ones they were."""
    found = OtherSettings()
    used: set[Path] = set()
    for path in paths:
        raw = read_object(path, _MARKS) if path.suffix.lower() == ".json" else {}
        before = found.size()
        _add_group(raw, found)
        _add_personas(raw, found)
        _add_worlds(raw, found)
        found.left_out += tuple(_extras(as_mapping(raw.get("extension_settings"))))
        if found.size() > before:
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


def _line(raw: Any) -> str:
    return " ".join(_text(raw).split())[:200]


def _text(raw: Any) -> str:
    kept = (each for each in as_text(raw) if each.isprintable() or each == "\n")
    return "".join(kept)[:_MAX_TEXT].strip()


def _add_personas(raw: Mapping[str, Any], found: OtherSettings) -> None:
    source = as_mapping(raw.get("power_user")) or raw
    about = as_mapping(source.get("persona_descriptions"))
    for key, name in as_mapping(source.get("personas")).items():
        if key == source.get("default_persona"):
            found.default_persona = _line(name)
        persona = Persona(_line(name), _text(as_mapping(about.get(key)).get("description")))
        is_named = persona.name not in _UNNAMED or persona.description
        if persona.name and is_named and persona not in found.personas:
            found.personas.append(persona)
        if persona.name and (world := _line(as_mapping(about.get(key)).get("lorebook"))):
            found.worlds_of_personas[persona.name] = world


def _extras(raw: Mapping[str, Any]) -> Iterator[str]:
    """What the settings of extensions hold that has no place here."""
    variables = as_mapping(as_mapping(raw.get("variables")).get("global"))
    for count, one, many in (
        (len(as_mappings(raw.get("regex"))), "regex script", "regex scripts"),
        (len(as_mappings(as_mapping(raw.get("note")).get("chara"))), "character's author's note",
         "characters' author's notes"),
        (len(variables), "global variable", "global variables"),
    ):  # fmt: skip
        if count:
            yield counted(count, one, many)


def _add_worlds(raw: Mapping[str, Any], found: OtherSettings) -> None:
    outer = as_mapping(raw.get("world_info_settings")) or raw
    depth, recursive = outer.get("world_info_depth"), outer.get("world_info_recursive")
    if isinstance(depth, int) and not isinstance(depth, bool) and 0 <= depth <= _MAX_DEPTH:
        found.scanning["scan_depth"] = depth
    if isinstance(recursive, bool):
        found.scanning["recursive"] = recursive
    chosen = as_mapping(outer.get("world_info"))
    found.worlds_of_all += tuple(as_texts(chosen.get("globalSelect")))
    for each in as_mappings(chosen.get("charLore")):
        name, worlds = _line(each.get("name")), as_texts(each.get("extraBooks"))
        if name and worlds:
            found.worlds[name] = tuple(worlds)


def _add_group(raw: Mapping[str, Any], found: OtherSettings) -> None:
    if "activation_strategy" not in raw or not isinstance(raw.get("members"), list):
        return
    members, muted = (
        tuple(PurePath(each).stem for each in as_texts(raw.get(key)))
        for key in ("members", "disabled_members")
    )
    chats = tuple(as_texts(raw.get("chats")) or as_texts([raw.get("chat_id")]))
    taking = _TURN_TAKING.get(str(raw["activation_strategy"]), TurnTaking.MENTIONED)
    found.groups.append(Group(_line(raw.get("name")), members, muted, chats, taking))
