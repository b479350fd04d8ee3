"""Finds the card that a command line argument means: by name, by file, or by a git revision."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm import paths as folders
from rpterm.cards import history, library, worlds
from rpterm.cards.card import CharacterCard
from rpterm.cards.format import reader
from rpterm.cli.guard import complain
from rpterm.errors import RptermError
from rpterm.startup import launch

if TYPE_CHECKING:
    from rpterm.store.judgements import Judgements


@dataclass(frozen=True, slots=True)
class Source:
    """A card with its text and a label to show; ``path`` is ``None`` for a version in git."""

    card: CharacterCard
    text: str
    label: str
    path: Path | None = None


def find(spec: str) -> Source:
    """The card of ``sherlock``, ``./x.toml`` or ``HEAD~2:characters/x.toml``.

    Raises:
        RptermError: There is none, or it has errors.
    """
    if (found := history.split_revision(spec)) is not None:
        revision, path = found
        text, top = history.text_at(revision, path, Path.cwd()), history.repository_root(Path.cwd())
        file = (Path.cwd() if path.startswith("./") else top) / path
        return _at_revision(text, file, top, revision, spec)
    card = find_card(spec)
    return Source(card.card, card.source, str(card.path or spec), card.path)


def find_card(spec: str) -> worlds.CardText:
    """The card with a name or a path; worlds that cannot be read are reported at once.

    Raises:
        RptermError: There is none, or it has errors.
    """
    found = launch.find_card(spec, folders.find())
    for each in found.unreadable:
        complain(each.message)
    return found


def at_revision(source: Source, revision: str = "HEAD") -> Source:
    """The same card at a git revision.

    Raises:
        RptermError: Git does not have it, or it had errors then.
    """
    if source.path is None:
        raise history.HistoryError(f"{source.label} is not a file, so git has no versions of it.")
    text = history.file_text_at(source.path, revision)
    label = f"{revision}:{source.path.name}"
    top = history.repository_root(source.path.resolve().parent)
    return _at_revision(text, source.path, top, revision, label)


def _at_revision(text: str, path: Path, top: Path, revision: str, label: str) -> Source:
    """A card at a revision; its worlds are those of that revision, as far as git has them."""

    def fetch(file: Path) -> str | None:
        try:
            return history.text_at(
                revision, file.resolve().relative_to(top.resolve()).as_posix(), top
            )
        except (history.HistoryError, ValueError):
            return reader.read_text(file) if file.is_file() else None

    known = library.card_folders(folders.find().characters)
    found = worlds.CardReader(path, known, fetch=fetch).parse(text, label)
    for each in found.unreadable:
        complain(each.message)
    return Source(found.card, text, label)


def rated_character(judgements: Judgements, wanted: str | None) -> str | None:
    """The character's name as stored with its chats, given that name or the card's short name.

    Raises:
        RptermError: Nothing was rated in a chat with it; the text says with whom something was.
    """
    from rpterm.preference.left_out import explain_unrated
    from rpterm.store.reply_queries import characters

    if wanted is None:
        return None
    store, chats = judgements.store, judgements.chats()
    known = sorted({store.chat(each).card_name for each in chats})
    heard = {*known, *(name for each in chats for name in characters(store, each).values())}
    if wanted in heard or not known:
        return wanted
    try:
        name = launch.find_card(wanted, folders.find()).card.name
    except RptermError:
        name = wanted
    if name not in heard:
        raise RptermError(explain_unrated(wanted, known))
    return name


def load_card(target: str) -> CharacterCard:
    """The card with a name, in a TOML file, or in a file of another program.

    Raises:
        RptermError: There is none, or it cannot be read.
    """
    path = Path(target)
    if path.suffix.lower() not in library.FOREIGN_EXTENSIONS or not path.is_file():
        return find(target).card
    from rpterm.cards.exchange.errors import ExchangeError
    from rpterm.cards.exchange.importer import read_any

    try:
        return read_any(path).card
    except ExchangeError as error:
        raise RptermError(f"{path}: {error}") from error
