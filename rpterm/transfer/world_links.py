"""Links imported cards to the worlds that they were linked to in the other program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rpterm.cards import worlds
from rpterm.cards.authoring import card_worlds
from rpterm.cards.exchange.files import ImportedFile, linked_world, safe_name
from rpterm.cards.format.reader import load
from rpterm.cards.problems import CardError
from rpterm.errors import RptermError


def join_worlds(
    results: Sequence[ImportedFile], folder: Path, more: Mapping[str, Sequence[str]] | None = None
) -> list[ImportedFile]:
    """Add their worlds to imported cards and report it in the cards' notes.

    A card that had been imported before is changed only for a world that was imported just now,
    because its author may have removed the others.

    Args:
        folder: The folder the cards were written to; worlds are in its ``worlds`` folder.
        more: Further worlds, by the name of the card's source file without its extension.
    """
    new_worlds = {each.target.stem for each in results if each.kind == "lorebook" and each.target}
    joined = []
    for result in results:
        if result.target is not None and result.kind != "lorebook":
            for name in _wanted(result, result.target, (more or {}).get(result.source.stem, ())):
                result = _joined(result, result.target, name, folder, new_worlds)
        joined.append(result)
    return joined


def _wanted(result: ImportedFile, target: Path, more: Sequence[str]) -> list[str]:
    """The worlds of a card that its file does not name yet."""
    own = _unlinked_world(target) if result.known else result.world
    return list(dict.fromkeys(name for name in (own, *more) if name))


def _joined(
    result: ImportedFile, target: Path, wanted: str, folder: Path, new_worlds: set[str]
) -> ImportedFile:
    world = worlds.find_by_name(safe_name(wanted), [folder])
    if result.known and (world is None or world.stem not in new_worlds):
        return result
    if world is None:
        note = (
            f"It uses the world {wanted}, which was not found: import that world, then run "
            f"`rpterm cards join {target.stem} {safe_name(wanted)}`."
        )
        return replace(result, notes=(*result.notes, note))
    try:
        card_worlds.join(target, world.stem, folder)
    except RptermError as error:
        return replace(result, notes=(*result.notes, f"World {wanted}: {error}"))
    return replace(result, notes=(*result.notes, f"It now uses the world {world.stem}."))


def _unlinked_world(path: Path) -> str:
    """The world that an earlier imported card was linked to but does not name, or ""."""
    try:
        card = load(path)
    except CardError:
        return ""
    wanted = linked_world(card)
    return "" if safe_name(wanted) in card.worlds else wanted
