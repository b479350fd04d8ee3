"""Import and export: what the commands print. The work is in ``cards.exchange`` and ``moving``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rpterm import paths as folders
from rpterm import transfer
from rpterm.cards import library, worlds
from rpterm.cards.exchange.export import FORMATS, Format
from rpterm.cards.exchange.files import ImportedFile, export_file, import_files
from rpterm.cli import linting, out, rich_out
from rpterm.cli.chats import opened
from rpterm.plural import counted
from rpterm.transfer import ImportedChat, ImportSummary, KnownCard
from rpterm.types import NoSuchChoice, RptermError

_BY_SUFFIX: dict[str, Format] = {".png": "png", ".charx": "charx", ".json": "v3"}


def import_cards(paths: Sequence[Path], to: Path) -> list[ImportedFile]:
    """Import cards and lorebooks with a bar, and tell what became of each."""
    with rich_out.progress() as bar:
        task = bar.add_task("importing", total=None)

        def done(result: ImportedFile) -> None:
            bar.update(task, description=result.source.name, advance=1)

        results = transfer.join_worlds(import_files(paths, to, done), to)
    for result in results:
        _tell_card(result)
    good = sum(result.target is not None for result in results)
    out.say(f"{good} of {counted(len(results), 'file')} imported to {to}.")
    return results


def import_chats(
    paths: Sequence[Path], card: str | None, ratings: bool = False
) -> list[ImportedChat]:
    """Import chat logs into the database, with their ratings if wanted, and tell of each."""
    known = _known()
    mine = None
    if card is not None:
        places = library.card_folders(folders.find().characters)
        file = library.find(card, places)
        found = transfer.read_known([(file.stem, file)], places)
        if not found:
            raise RptermError(f"{file} has errors: `rpterm cards lint {file}` tells them.")
        mine = found[0]
    logs = [log for path in paths for log in _logs(path)]
    with opened(begin=True) as store:
        results = transfer.import_chats(logs, store, known, card=mine, ratings=ratings)
    for result in results:
        _tell_chat(result)
    out.say(_chats_line(results))
    return results


def move(paths: Sequence[Path], to: Path | None) -> ImportSummary:
    """Import cards, world files and chats of whole folders, and tell what became of them."""
    target = to or folders.find().characters
    with opened(begin=True) as store, rich_out.progress() as bar:
        task = bar.add_task("importing", total=None)
        moved = transfer.import_paths(
            paths, target, store, _known(),
            lambda name: bar.update(task, description=name, advance=1),
        )  # fmt: skip
    for card in moved.cards:
        _tell_card(card)
    for chat in moved.chats:
        _tell_chat(chat)
    known = sum(card.known for card in moved.cards)
    good = sum(card.target is not None for card in moved.cards) - known
    over = counted(moved.passed_over, "file")
    rest = f"; {over} without a card passed over" if moved.passed_over else ""
    all_of_them = counted(len(moved.cards), "card or lorebook", "cards and lorebooks")
    out.say(f"{good} of {all_of_them} imported to {target}{_already(known)}{rest}.")
    out.say(_chats_line(moved.chats))
    return moved


def export_card(card: str, form: str | None, target: Path) -> None:
    """Export a card; without a format the file's name decides.

    Raises:
        RptermError: The format is unknown, the file exists, or the card has errors.
    """
    name = form or _BY_SUFFIX.get(target.suffix.lower())
    if name is None:
        raise RptermError(f"Name a format for {target}: --format {' or '.join(FORMATS)}.")
    known = {each: each for each in FORMATS}
    if name not in known:
        raise NoSuchChoice(f"There is no format {name!r}; there are {', '.join(FORMATS)}.")
    places = library.card_folders(folders.find().characters)
    for note in export_file(linting.find(card, places), known[name], target, places):
        out.say(f"note: {note}")
    out.say(str(target))


def _tell_card(result: ImportedFile) -> None:
    if result.target is None:
        out.say(f"failed  {result.source}: {result.error}")
        return
    if result.known:
        out.say(f"known   {result.source}: it is {result.target.name} already")
    else:
        _tell_new(result, result.target)
    for note in result.notes:
        out.say(f"        {note}")


def _tell_new(result: ImportedFile, target: Path) -> None:
    origin = f" ({result.origin})" if result.origin else ""
    world = result.kind == "lorebook"
    place = f"{worlds.FOLDER}/" if world else ""
    out.say(f"ok      {result.source} -> {place}{target.name}{origin}")
    if world:
        out.say(f"        A character knows it by: rpterm cards join CARD {target.stem}")


def _tell_chat(result: ImportedChat) -> None:
    if result.error:
        out.say(f"failed  {result.source}: {result.error}")
    elif result.known is not None:
        out.say(f"known   {result.source}: it is chat {result.known} already")
    else:
        about = f"chat {result.chat_id} with {result.card_name}, {counted(result.turns, 'turn')}"
        more = f", {counted(result.versions, 'more version')}" if result.versions else ""
        out.say(f"ok      {result.source} -> {about}{more}")
    if result.ratings or result.swipes:
        rated, chosen = counted(result.ratings, "rating"), counted(result.swipes, "swipe")
        out.say(f"        {rated} and {chosen} kept over others")
    for note in result.notes:
        out.say(f"        {note}")


def _chats_line(results: Sequence[ImportedChat]) -> str:
    if not results:
        return "There was no chat to import."
    good = sum(result.chat_id is not None for result in results)
    known = sum(result.known is not None for result in results)
    return f"{good} of {counted(len(results), 'chat')} imported{_already(known)}."


def _already(known: int) -> str:
    return f", {known} {'was' if known == 1 else 'were'} here already" if known else ""


def _known() -> list[KnownCard]:
    paths = folders.find()
    places = library.card_folders(paths.characters)
    files = library.card_files(places)
    return transfer.read_known(((path.stem, path) for path in files.values()), places)


def _logs(path: Path) -> list[Path]:
    return sorted(path.rglob(f"*{transfer.LOG_EXTENSION}")) if path.is_dir() else [path]
