"""Which card a word of the command line means: a name, a file, or a version in git."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rpterm import paths as folders
from rpterm.cards import history, library, reader, worlds
from rpterm.cards.card import CharacterCard
from rpterm.cli.guard import complain
from rpterm.opening import launch


@dataclass(frozen=True, slots=True)
class Source:
    """A card, its text, and what to call it; ``path`` is ``None`` for a version in git."""

    card: CharacterCard
    text: str
    label: str
    path: Path | None = None


def find(spec: str) -> Source:
    """The card that ``sherlock``, ``./x.toml`` or ``HEAD~2:characters/x.toml`` means.

    Raises:
        RptermError: There is none, or it has errors.
    """
    if (found := history.split_revision(spec)) is not None:
        revision, path = found
        text, top = history.text_at(revision, path, Path.cwd()), history.repository_root(Path.cwd())
        file = (Path.cwd() if path.startswith("./") else top) / path
        return _as_then(text, file, top, revision, spec)
    card = find_card(spec)
    return Source(card.card, card.source, str(card.path or spec), card.path)


def find_card(spec: str) -> launch.FoundCard:
    """The card that a name or a path means; worlds that it lacks are told at once.

    Raises:
        RptermError: There is none, or it has errors.
    """
    found = launch.find_card(spec, folders.find())
    for told in found.lost:
        complain(told)
    return found


def before(source: Source, revision: str = "HEAD") -> Source:
    """The same card at a revision of git.

    Raises:
        RptermError: Git does not have it, or it had errors.
    """
    if source.path is None:
        raise history.HistoryError(f"{source.label} is no file, so git has no versions of it.")
    text = history.file_text_at(source.path, revision)
    label = f"{revision}:{source.path.name}"
    top = history.repository_root(source.path.resolve().parent)
    return _as_then(text, source.path, top, revision, label)


def _as_then(text: str, path: Path, top: Path, revision: str, label: str) -> Source:
    """A card at a revision, with its worlds as they were at that revision where git has them."""

    def fetch(file: Path) -> str | None:
        try:
            return history.text_at(
                revision, file.resolve().relative_to(top.resolve()).as_posix(), top
            )
        except (history.HistoryError, ValueError):
            return reader.read_text(file) if file.is_file() else None

    known = library.card_folders(folders.find().characters)
    found = worlds.parse_card(text, path, known, fetch, label)
    for each in found.lost:
        complain(each.told)
    return Source(found.card, text, label)
