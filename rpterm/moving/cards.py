"""Whose a chat is that comes from elsewhere: known cards, bare ones, and the cast of several.

Chats find their card by the folder they lie in (named after the card's file) or by the name in
their first line; one without any card gets a bare one, so that no chat is left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rpterm.cards import worlds
from rpterm.cards.card import CharacterCard
from rpterm.cards.problems import CardError
from rpterm.cards.values import CONTROL
from rpterm.cards.writer import dump
from rpterm.group import is_narrator
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.store.chatlog import ChatLog
from rpterm.types import Cast, Member

NO_CARD = "No card of {} was found; a bare one was made for the chat."


@dataclass(frozen=True, slots=True)
class KnownCard:
    """A card that chats may belong to.

    Attributes:
        key: What a folder of its chats would be called.
        name: Of the character, without regard to its case.
        text: What a chat keeps of it.
    """

    key: str
    name: str
    path: Path
    card: CharacterCard
    text: str


def read_known(
    files: Iterable[tuple[str, Path | None]], folders: Sequence[Path] = ()
) -> list[KnownCard]:
    """Cards by the names their chats' folders may have; files with errors are passed over.

    Args:
        folders: Of cards: worlds that cards name are looked for in theirs.
    """
    found = []
    for key, path in files:
        if path is None:
            continue
        try:
            read = worlds.read(path, folders)
        except CardError:
            continue
        card = read.card
        found.append(KnownCard(key.casefold(), card.name.casefold(), path, card, read.text))
    return found


def card_of(log: ChatLog, path: Path, known: Sequence[KnownCard]) -> KnownCard | None:
    """By the folder, then by the name in the log, then by who speaks in it."""
    folder, name = path.parent.name.casefold(), log.character.casefold()
    speakers = {turn.speaker.casefold() for turn in log.turns if not turn.is_user}
    tests: tuple[Callable[[KnownCard], bool], ...] = (
        lambda card: card.key == folder,
        lambda card: card.name in (name, folder),
        lambda card: card.name in speakers or card.card.char.casefold() in speakers,
    )
    return next((card for fits in tests for card in known if fits(card)), None)


def kept_card(store: Store, name: str, digest: str, known: Sequence[KnownCard]) -> KnownCard | None:
    """A card by the version that the store keeps, else by its name."""
    named = _called(known, name)
    text = store.get_card(digest)
    if text is None:
        return named
    return KnownCard("", "", named.path if named else Path(), CharacterCard(name=name), text)


def bare(name: str) -> KnownCard:
    """A card that has nothing but a name."""
    card = CharacterCard(name=" ".join(CONTROL.sub(" ", name).split()) or "Somebody")
    text = dump(card, "Made for an imported chat, whose card was not there.")
    return KnownCard("", "", Path(), card, text)


def path_of(card: KnownCard) -> str | None:
    return str(card.path.absolute()) if card.path != Path() else None


def cast_again(
    store: Store, cast: Cast, mine: KnownCard, known: Sequence[KnownCard]
) -> tuple[Cast, list[str]]:
    """The cast with cards of this store, and who has none: they have left."""
    lead = replace(cast.members[0], card_name=mine.card.name, card_hash="", card_path=None)
    members, strangers = [lead], []
    for each in cast.members[1:]:
        found = kept_card(store, each.card_name, each.card_hash, known)
        if found is None:
            strangers.append(each.speaker)
            found = bare(each.speaker)
            each = replace(each, present=False)
        digest = store.put_card(each.card_name, found.text)
        members.append(replace(each, card_hash=digest, card_path=path_of(found)))
    return replace(cast, members=tuple(members)), strangers


def with_company(
    store: Store, chat_id: int, log: ChatLog, mine: KnownCard, known: Sequence[KnownCard]
) -> tuple[str, ...]:
    """Several speakers become a cast. One without a card has left: its words stay its own."""
    lead, names = mine.card, _speakers(log)
    if len(names) < 2:
        return ()
    own = next((name for name in names if name in (lead.name, lead.char)), names[0])
    members, strangers = [Member(lead.name, lead.char)], []
    for name in names:
        if name == own:
            continue
        found = _called(known, name)
        if found is None or found.card.name in [member.card_name for member in members]:
            strangers.append(name)
            digest = store.put_card(name, dump(CharacterCard(name=name)))
            members.append(Member(f"{name} (no card)", name, digest, present=False))
            continue
        digest = store.put_card(found.card.name, found.text)
        path = str(found.path.absolute())
        members.append(Member(found.card.name, name, digest, path, is_narrator(found.card)))
    Casts(store).put(chat_id, Cast(tuple(members)))
    return strange(strangers)


def strange(names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        return ()
    return (f"No card was found of {', '.join(names)}: they only stand in what was said.",)


def _speakers(log: ChatLog) -> list[str]:
    """Who else than the user speaks, in the order of the first word."""
    return list(dict.fromkeys(turn.speaker for turn in log.turns if not turn.is_user))


def main_name(log: ChatLog) -> str:
    """Whose chat it is; logs of several characters may name one that never speaks."""
    names = _speakers(log)
    return log.character if log.character in names or not names else names[0]


def _called(known: Sequence[KnownCard], name: str) -> KnownCard | None:
    """The first card whose character has a name."""
    wanted = name.casefold()
    return next((x for x in known if wanted in (x.name, x.card.char.casefold())), None)
