"""Finds the cards of characters that join or take part in a chat, and the built-in narrator's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm.cards.card import CharacterCard
from rpterm.cards.problems import CardError
from rpterm.types import Member

if TYPE_CHECKING:
    from rpterm.cards.worlds import CardText
    from rpterm.memory.character_memory import CharacterMemory
    from rpterm.store import Store

NARRATOR = "narrator"
"""The target that means the built-in narrator, unless a card has this name."""
_NARRATOR_CARD = CharacterCard(
    name="Narrator",
    tagline="Tells what is seen and heard, and speaks for nobody",
    system_prompt=(
        "You are the narrator of a scene that others play. In one short paragraph, in the third "
        "person and the present tense, tell what happens around them now: the place, the light, "
        "sounds, smells, what people who are not listed here do. Never write what {{user}} or one "
        "of those listed says, thinks or decides."
    ),
    tags=("narrator",),
)


@dataclass(frozen=True, slots=True)
class CardSource:
    """Finds the card and the memory of a character that joins a chat.

    Attributes:
        find: Finds a card by its name or path.
        memory: Opens a character's long-term memory; ``None`` if memory is off.
        folders: The card folders; the worlds that cards name are looked up in them.
    """

    find: Callable[[str], CardText]
    memory: Callable[[CharacterCard], CharacterMemory | None] = lambda card: None
    folders: tuple[Path, ...] = ()


def find_with_narrator(
    find: Callable[[str], CardText], target: str
) -> tuple[CharacterCard, str, str | None]:
    """Find a card, its source text and its file; ``narrator`` falls back to the built-in card.

    Raises:
        RptermError: There is no such card, or it cannot be read.
    """
    from rpterm.cards import library
    from rpterm.cards.format import writer

    try:
        found = find(target)
    except library.CardNotFound:
        if target.strip().casefold() != NARRATOR:
            raise
        return _NARRATOR_CARD, writer.dump(_NARRATOR_CARD), None
    return found.card, found.text, str(found.path) if found.path else None


def find_with_worlds(
    casting: CardSource, target: str, extra: Sequence[str]
) -> tuple[CharacterCard, str, str | None]:
    """Like ``find_with_narrator``, with ``extra`` worlds that belong to the chat.

    Raises:
        RptermError: There is no such card, or it cannot be read.
    """
    card, text, path = find_with_narrator(casting.find, target)
    if not extra:
        return card, text, path
    from rpterm.cards import worlds

    place = Path(path) if path else next(iter(casting.folders), Path()) / "card.toml"
    read = worlds.CardReader(place, casting.folders, extra).parse(text)
    return read.card, read.text, path


def card_of_member(
    member: Member, store: Store, folders: Sequence[Path], extra: Sequence[str]
) -> tuple[CharacterCard, str]:
    """The card of a member and its hash, from its file or else from the chat's stored copy.

    Args:
        folders: The card folders; worlds are looked up in them.
        extra: Worlds that belong to the chat.
    """
    from rpterm.cards import worlds
    from rpterm.cards.format.reader import parse

    if member.card_path and Path(member.card_path).is_file():
        try:
            found = worlds.CardReader(Path(member.card_path), folders, extra).read()
        except CardError:
            pass  # The file may be half edited; the stored copy is used until it is valid.
        else:
            if found.card.name == member.card_name:
                return found.card, store.put_card(found.card.name, found.text)
    stored = store.get_card(member.card_hash)
    if stored is None:
        return CharacterCard(name=member.card_name), member.card_hash
    return parse(stored, f"the stored card of {member.card_name}"), member.card_hash


def current_card_name(member: Member) -> str:
    """The name that a member's card file has now; its stored name if the file cannot be read."""
    from rpterm.cards.format import reader

    if member.card_path is None:
        return member.card_name
    try:
        return reader.load(member.card_path).name
    except CardError:
        return member.card_name
