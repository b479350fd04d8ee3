"""Lists the card files in folders and finds a card by name.

A card is found by the name of its file, else by the character's name. Folders are searched in the
given order, so that a user's own card hides a shipped one of the same name. Nothing is read at
import time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from rpterm.cards import macros
from rpterm.cards.card import CharacterCard
from rpterm.cards.format.reader import load as load_alone
from rpterm.cards.problems import CardError
from rpterm.cards.worlds import CardReader
from rpterm.errors import RptermError

FOREIGN_EXTENSIONS = frozenset(
    {".png", ".apng", ".json", ".charx", ".byaf", ".yaml", ".yml", ".lorebook"}
)
"""File extensions of other programs' cards and lorebooks, which `cards.exchange` reads."""
_ACCENTS = re.compile(r"[\u0300-\u036f]")
_MAX_NEAR = 3
_MAX_ABOUT = 160
"""Characters of the description that are shown if there is no tagline."""
_USER_NAME = "User"


class CardNotFound(RptermError):
    """There is no card of that name; the message suggests similar names."""


class CardSummary(NamedTuple):
    """One card in a list.

    Attributes:
        key: The name ``rpterm chat`` accepts: that of the file without its extension.
        card: ``None`` if the file is invalid; ``error`` then says why.
    """

    key: str
    path: Path
    name: str
    tagline: str = ""
    tags: tuple[str, ...] = ()
    card: CharacterCard | None = None
    error: str = ""

    @property
    def about(self) -> str:
        """One line for lists: the tagline, or if there is none, as in imported cards, the
        beginning of the description."""
        if self.card is None or self.tagline:
            return self.tagline
        text = macros.expand(self.card.description, char=self.card.char, user=_USER_NAME)
        return " ".join(text[:_MAX_ABOUT].split())


def card_folders(user_folder: Path | None) -> list[Path]:
    """The existing card folders: the user's first, then the shipped one."""
    package = Path(__file__).resolve().parents[1]
    shipped = [package / "characters", package.parent / "characters"]
    shipped = [folder for folder in shipped if folder.is_dir()][:1]
    return [folder for folder in [user_folder, *shipped] if folder and folder.is_dir()]


def card_files(folders: Iterable[Path]) -> dict[str, Path]:
    """Every card file by its normalised key; of several with one key, the first folder's."""
    found: dict[str, Path] = {}
    for folder in folders:
        try:
            paths = sorted(folder.glob("*.toml"), key=lambda path: path.name.casefold())
        except OSError:
            continue
        for path in paths:
            found.setdefault(_normalized(path.stem), path)
    return found


def find(name_or_path: str, folders: Sequence[Path]) -> Path:
    """The card file with a given name or path.

    Case, accents, spaces, hyphens and underscores do not matter in a name.

    Raises:
        CardNotFound: Its message has similar names and says what to do.
    """
    wanted = name_or_path.strip()
    if _is_path(wanted):
        return _at_path(wanted, folders)
    known = card_files(folders)
    key = _normalized(wanted)
    if key in known:
        return known[key]
    names = _character_names(known) if key else {}
    if key in names:
        return names[key]
    by_first_name = {path for name, path in names.items() if key and name.split()[0] == key}
    if len(by_first_name) == 1:
        return by_first_name.pop()
    raise _not_found(wanted, known, names)


def summaries(folders: Sequence[Path]) -> list[CardSummary]:
    """Every card, sorted by name; invalid ones too, with their first problem."""
    found = [_summary(path, folders) for path in card_files(folders).values()]
    return sorted(found, key=lambda summary: summary.name.casefold())


def _summary(path: Path, folders: Sequence[Path]) -> CardSummary:
    try:
        card = CardReader(path, folders).read_for_list()
    except CardError as error:
        return CardSummary(path.stem, path, path.stem, error=str(error.problems[0]))
    return CardSummary(path.stem, path, card.name, card.tagline, card.tags, card)


def _normalized(name: str) -> str:
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", name.casefold()))
    return " ".join(plain.replace("-", " ").replace("_", " ").split())


def _is_path(wanted: str) -> bool:
    path = Path(wanted)
    extensions = FOREIGN_EXTENSIONS | {".toml"}
    return "/" in wanted or "\\" in wanted or path.suffix.lower() in extensions


def _at_path(wanted: str, folders: Sequence[Path]) -> Path:
    path = Path(wanted).expanduser()
    if not _exists(path):
        near = get_close_matches(path.stem, [known.stem for known in card_files(folders).values()])
        tip = f" Did you mean {near[0]}?" if near else " Check the path."
        raise CardNotFound(f"There is no file {wanted}.{tip}")
    if path.suffix.lower() in FOREIGN_EXTENSIONS:
        import shlex  # Only needed for this mistake.

        command = f"rpterm cards import {shlex.quote(wanted)}"
        message = f"{wanted} is another program's card. Import it: {command}"
        raise CardNotFound(message)
    return path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _character_names(known: dict[str, Path]) -> dict[str, Path]:
    """Card files by the names and nicknames of their characters, an invalid one by its own."""
    names: dict[str, Path] = {}
    for path in known.values():
        try:
            card = load_alone(path)
            found = card.name, card.nickname
        except CardError:
            found = path.stem, ""
        for name in filter(None, map(_normalized, found)):
            names.setdefault(name, path)
    return names


def _not_found(wanted: str, known: dict[str, Path], names: dict[str, Path]) -> CardNotFound:
    words = {word: path for name, path in names.items() for word in name.split()}
    choices = {**words, **names, **known}
    close = get_close_matches(_normalized(wanted), list(choices), n=_MAX_NEAR, cutoff=0.6)
    near = list(dict.fromkeys(choices[name].stem for name in close))
    if near:
        tip = f"Did you mean {' or '.join(near)}?"
    elif known:
        tip = f"There are: {', '.join(path.stem for path in known.values())}."
    else:
        tip = "There are no cards yet: rpterm cards new creates one."
    return CardNotFound(f"There is no character {wanted!r}. {tip}")
