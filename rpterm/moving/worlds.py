"""Cards of other programs that are bound to a world: they name it here, too, where it is here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rpterm import card_files
from rpterm.cards import worlds
from rpterm.cards.exchange.files import ImportedFile, safe_name, world_of
from rpterm.cards.problems import CardError
from rpterm.cards.reader import load
from rpterm.types import RptermError


def join_worlds(results: Sequence[ImportedFile], folder: Path) -> list[ImportedFile]:
    """Let imported cards name their worlds, and say so in their notes.

    A card that was here before is changed only for a world that came just now: its author may have
    taken out the others.

    Args:
        folder: Where cards went; worlds are in its ``worlds``.
    """
    fresh = {each.target.stem for each in results if each.kind == "lorebook" and each.target}
    return [_joined(each, folder, fresh) for each in results]


def _joined(result: ImportedFile, folder: Path, fresh: set[str]) -> ImportedFile:
    if result.target is None or result.kind == "lorebook":
        return result
    wanted = result.world or _named_in(result.target)
    world = worlds.named(safe_name(wanted), [folder]) if wanted else None
    if not wanted or (not result.world and (world is None or world.stem not in fresh)):
        return result
    if world is None:
        note = (
            f"It is bound to the world {wanted}, which is not here: import that, then "
            f"`rpterm cards join {result.target.stem} {safe_name(wanted)}`."
        )
        return replace(result, notes=(*result.notes, note))
    try:
        card_files.join(result.target, world.stem, folder)
    except RptermError as error:
        return replace(result, notes=(*result.notes, f"World {wanted}: {error}"))
    return replace(result, notes=(*result.notes, f"It knows the world {world.stem} now."))


def _named_in(path: Path) -> str:
    """The world that a card which was here before is bound to and does not name, or ""."""
    try:
        card = load(path)
    except CardError:
        return ""
    wanted = world_of(card)
    return "" if safe_name(wanted) in card.worlds else wanted
