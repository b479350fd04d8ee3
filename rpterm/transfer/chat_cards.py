"""Finds the cards and builds the casts of imported chats.

A chat's card is found by the folder of the chat log (named after the card's file) or by the
character's name in the log. A chat without a card gets a placeholder card, so that every chat can
be imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rpterm.cards import worlds
from rpterm.cards.card import CharacterCard
from rpterm.cards.format.value_checks import CONTROL_CHARACTERS
from rpterm.cards.format.writer import dump
from rpterm.cards.problems import CardError
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.transfer.chat_files.log_records import ChatLog
from rpterm.transfer.other_settings import Group
from rpterm.types import Cast, Member, TurnTaking

NO_CARD = "No card of {} was found; the chat got a card with nothing but the name."


@dataclass(frozen=True, slots=True)
class KnownCard:
    """A card that chats may belong to.

    Attributes:
        key: The folder name of its chats, in lower case.
        name: The character's name, in lower case.
        text: The text a chat stores of the card.
    """

    key: str
    name: str
    path: Path
    card: CharacterCard
    text: str


def read_known(
    files: Iterable[tuple[str, Path | None]], folders: Sequence[Path] = ()
) -> list[KnownCard]:
    """Read cards, given the folder name of their chats and their file; invalid files are skipped.

    Args:
        folders: Card folders; the cards' worlds are searched in their ``worlds`` folders.
    """
    cards = []
    for key, path in files:
        if path is None:
            continue
        try:
            read = worlds.CardReader(path, folders).read()
        except CardError:
            continue
        card = read.card
        cards.append(KnownCard(key.casefold(), card.name.casefold(), path, card, read.text))
    return cards


def find_card(log: ChatLog, path: Path, known: Sequence[KnownCard]) -> KnownCard | None:
    """The card of a log: by its folder, else by the name in it, else by its speakers."""
    folder, name = path.parent.name.casefold(), log.character.casefold()
    speakers = {turn.speaker.casefold() for turn in log.turns if not turn.is_user}
    tests: tuple[Callable[[KnownCard], bool], ...] = (
        lambda card: card.key == folder,
        lambda card: card.name in (name, folder),
        lambda card: card.name in speakers or card.card.char.casefold() in speakers,
    )
    return next((card for fits in tests for card in known if fits(card)), None)


def cards_of(group: Group | None, known: Sequence[KnownCard]) -> list[KnownCard]:
    """The cards of a group's members; those that were not imported are left out."""
    by_key = {card.key: card for card in reversed(known)}
    keys = [member.casefold() for member in group.members] if group else []
    return [by_key[key] for key in keys if key in by_key]


def stored_card(
    store: Store, name: str, digest: str, known: Sequence[KnownCard]
) -> KnownCard | None:
    """The card version that the store has under a digest, else the known card of that name."""
    by_name = _find(known, name)
    text = store.get_card(digest)
    if text is None:
        return by_name
    return KnownCard("", "", by_name.path if by_name else Path(), CharacterCard(name=name), text)


def placeholder_card(name: str) -> KnownCard:
    """A placeholder card that has only a name."""
    card = CharacterCard(name=" ".join(CONTROL_CHARACTERS.sub(" ", name).split()) or "Somebody")
    text = dump(card, "Created for an imported chat whose card was not found.")
    return KnownCard("", "", Path(), card, text)


def card_path(card: KnownCard) -> str | None:
    """The path of a card's file, or ``None`` if it has none."""
    return str(card.path.absolute()) if card.path != Path() else None


def restore_cast(
    store: Store, cast: Cast, mine: KnownCard, known: Sequence[KnownCard]
) -> tuple[Cast, list[str]]:
    """The cast with the cards of this store, and the speakers without one, who count as absent."""
    lead = replace(cast.members[0], card_name=mine.card.name, card_hash="", card_path=None)
    members, strangers = [lead], []
    for each in cast.members[1:]:
        card = stored_card(store, each.card_name, each.card_hash, known)
        if card is None:
            strangers.append(each.speaker)
            card = placeholder_card(each.speaker)
            each = replace(each, present=False)
        digest = store.put_card(each.card_name, card.text)
        members.append(replace(each, card_hash=digest, card_path=card_path(card)))
    return replace(cast, members=tuple(members)), strangers


def store_cast(
    store: Store,
    chat_id: int,
    log: ChatLog,
    mine: KnownCard,
    known: Sequence[KnownCard],
    group: Group | None,
) -> tuple[str, ...]:
    """Store the cast of a log with several speakers; those without a card count as absent.

    Args:
        group: The group whose chat it is; some of its members may not have spoken yet.

    Returns:
        Notes about speakers without a card.
    """
    lead, names, cards = mine.card, _speakers(log), cards_of(group, known)
    muted = {each.casefold() for each in group.muted} if group else set()
    silent = (each for each in cards if not {each.card.name, each.card.char} & set(names))
    names += [each.card.char for each in silent]
    if len(names) < 2:
        return ()
    own = next((name for name in names if name in (lead.name, lead.char)), names[0])
    members, strangers = [Member(lead.name, lead.char, muted=mine.key in muted)], []
    for name in names:
        if name == own:
            continue
        card = _find([*cards, *known], name)
        if card is None or card.card.name in [member.card_name for member in members]:
            strangers.append(name)
            digest = store.put_card(name, dump(CharacterCard(name=name)))
            members.append(Member(f"{name} (no card)", name, digest, present=False))
            continue
        digest = store.put_card(card.card.name, card.text)
        path, narrates = str(card.path.absolute()), card.card.is_narrator
        members.append(
            Member(card.card.name, name, digest, path, narrates, muted=card.key in muted)
        )
    taking = group.taking if group else TurnTaking.MENTIONED
    Casts(store).put(chat_id, Cast(tuple(members), taking))
    return missing_cards_note(strangers)


def missing_cards_note(names: Sequence[str]) -> tuple[str, ...]:
    """A note about speakers without a card, if there are any."""
    if not names:
        return ()
    return (f"No card of {', '.join(names)} was found: their turns are kept, but they are absent.",)


def _speakers(log: ChatLog) -> list[str]:
    """The speakers other than the user, in order of appearance."""
    return list(dict.fromkeys(turn.speaker for turn in log.turns if not turn.is_user))


def main_speaker(log: ChatLog) -> str:
    """The main character of a log; logs of several characters may name one that never speaks."""
    names = _speakers(log)
    return log.character if log.character in names or not names else names[0]


def _find(known: Sequence[KnownCard], name: str) -> KnownCard | None:
    """The first card with a character of that name."""
    wanted = name.casefold()
    return next((x for x in known if wanted in (x.name, x.card.char.casefold())), None)
