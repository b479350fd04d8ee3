"""Where characters that join a chat come from: a card by its name, or the built-in narrator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rpterm import group
from rpterm.cards.card import CharacterCard
from rpterm.cards.problems import CardError
from rpterm.types import Member

if TYPE_CHECKING:
    from rpterm.memory.facade import Memory
    from rpterm.store import Store

NARRATOR = "narrator"
"""The target that means the built-in narrator where no card is called so."""


class Found(Protocol):
    """A card, what a chat keeps of it, and its file."""

    @property
    def card(self) -> CharacterCard: ...
    @property
    def text(self) -> str: ...
    @property
    def path(self) -> Path | None: ...


@dataclass(frozen=True, slots=True)
class Casting:
    """Where characters that join come from.

    Attributes:
        find: The card that a name or a path means.
        memory: The long-term memory of a character; ``None`` where memory is off.
        folders: Of cards: worlds that cards name are looked for in theirs.
    """

    find: Callable[[str], Found]
    memory: Callable[[CharacterCard], Memory | None] = lambda card: None
    folders: tuple[Path, ...] = ()


def find_with_narrator(
    find: Callable[[str], Found], target: str
) -> tuple[CharacterCard, str, str | None]:
    """A card, its text and its file; ``narrator`` is the built-in one unless a card is called so.

    Raises:
        RptermError: There is no such card, or it cannot be read.
    """
    from rpterm.cards import library, writer

    try:
        found = find(target)
    except library.CardNotFound:
        if target.strip().casefold() != NARRATOR:
            raise
        return group.NARRATOR, writer.dump(group.NARRATOR), None
    return found.card, found.text, str(found.path) if found.path else None


def find_for(
    casting: Casting, target: str, extra: Sequence[str]
) -> tuple[CharacterCard, str, str | None]:
    """As ``find_with_narrator``, with the worlds that a chat has for itself.

    Raises:
        RptermError: There is no such card, or it cannot be read.
    """
    card, text, path = find_with_narrator(casting.find, target)
    if not extra:
        return card, text, path
    from rpterm.cards import worlds

    place = Path(path) if path else next(iter(casting.folders), Path()) / "card.toml"
    read = worlds.parse_card(text, place, casting.folders, extra=extra)
    return read.card, read.text, path


def card_of(
    member: Member, store: Store, folders: Sequence[Path], extra: Sequence[str]
) -> tuple[CharacterCard, str]:
    """The card of a member, and its version: as its file is now, or else as the chat kept it.

    Args:
        folders: Of cards: worlds are looked for in theirs.
        extra: Worlds that the chat has for itself.
    """
    from rpterm.cards import worlds
    from rpterm.cards.reader import parse

    if member.card_path and Path(member.card_path).is_file():
        try:
            found = worlds.read_card(Path(member.card_path), folders, extra)
        except CardError:
            pass  # A file that is being edited: the kept copy serves until it is whole.
        else:
            if found.card.name == member.card_name:
                return found.card, store.put_card(found.card.name, found.text)
    kept = store.get_card(member.card_hash)
    if kept is None:
        return CharacterCard(name=member.card_name), member.card_hash
    return parse(kept, f"the stored card of {member.card_name}"), member.card_hash


def name_now(member: Member) -> str:
    """The card name of a member as its file has it by now; of one without a file, as it was."""
    from rpterm.cards import reader

    if member.card_path is None:
        return member.card_name
    try:
        return reader.load(member.card_path).name
    except CardError:
        return member.card_name
