"""Runs imports and exports and prints what became of each file.

The conversions themselves are in ``cards.exchange`` and ``transfer``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote

from rpterm import paths as folders
from rpterm.cards import library, worlds
from rpterm.cards.exchange.export import FORMATS, Format
from rpterm.cards.exchange.files import ImportedFile, export_file
from rpterm.cli import card_lint, out, rich_out
from rpterm.cli.app import one_of
from rpterm.cli.user_files import card_folders, open_store
from rpterm.errors import RptermError
from rpterm.humanize import counted
from rpterm.transfer import chat_import
from rpterm.transfer.archives import unpacked
from rpterm.transfer.chat_cards import KnownCard, read_known
from rpterm.transfer.chat_import import ImportedChat
from rpterm.transfer.folder_import import (
    LOG_EXTENSION,
    ImportSummary,
    find_files,
    import_card,
    import_paths,
)
from rpterm.transfer.leftovers import describe_leftovers
from rpterm.transfer.world_links import join_worlds

_MANY = 3
"""A note on as many files is printed once, at the end."""
_BY_SUFFIX: dict[str, Format] = {".png": "png", ".charx": "charx", ".json": "v3"}


def import_cards(paths: Sequence[Path], to: Path) -> list[ImportedFile]:
    """Import cards and lorebooks with a progress bar, and print each file's result."""
    cards, logs = find_files(paths)
    cards += [log for log in logs if log in paths]  # A log that was named gets an error.
    with open_store(begin=True) as store, rich_out.progress() as bar:
        task = bar.add_task("importing", total=len(cards))
        results = []
        for card in cards:
            bar.update(task, description=card.name, advance=1)
            results.append(import_card(card, to, store))
        results = join_worlds(results, to)
    others = [each for each in results if each.not_a_card and each.source not in paths]
    results = [each for each in results if each not in others]
    for result in results:
        _print_card(result)
    known = sum(result.known for result in results)
    good = sum(result.target is not None for result in results) - known
    out.say(f"{good} of {counted(len(results), 'file')} imported to {to}{_already(known)}.")
    if others:
        out.say(f"Not imported: {describe_leftovers(each.source for each in others)}.")
    return results


def import_chats(
    paths: Sequence[Path], card: str | None, ratings: bool = False
) -> list[ImportedChat]:
    """Import chat logs into the database, optionally with ratings, and print each log's result."""
    owner = None
    if card is not None:
        places = card_folders()
        file = library.find(card, places)
        found = read_known([(file.stem, file)], places)
        if not found:
            command = f"rpterm cards lint {quote(str(file))}"
            raise RptermError(f"{file} has errors: `{command}` lists them.")
        owner = found[0]
    logs = [log for path in paths for log in _logs(path)]
    with open_store(begin=True) as store:
        results = chat_import.import_chats(logs, store, _known_cards(), card=owner, ratings=ratings)
    for result in results:
        _print_chat(result)
    out.say(_chats_summary(results))
    return results


def import_everything(paths: Sequence[Path], to: Path | None) -> ImportSummary:
    """Import everything in files, folders and archives, and print the results."""
    found = folders.find()
    target = to or found.characters
    with unpacked(paths) as (places, shown):
        with open_store(begin=True) as store, rich_out.progress() as bar:
            task = bar.add_task("importing", total=None)
            moved = import_paths(
                places, target, store, _known_cards(),
                lambda name: bar.update(task, description=name, advance=1), found.config_file,
            )  # fmt: skip
        leftovers = describe_leftovers(moved.passed_over)
    _print_summary(moved, target, shown, leftovers)
    return moved


def _print_summary(
    moved: ImportSummary, target: Path, shown: Callable[[Path], Path], leftovers: str
) -> None:
    """Print what became of each file, and then how many there were.

    Args:
        target: The folder of the cards.
        shown: The path that a user knows a file by: in an archive, not where it was unpacked.
        leftovers: What was not imported, in words; "" if all was.
    """
    common = _common_notes([*moved.cards, *moved.chats])
    for card in moved.cards:
        _print_card(replace(card, source=shown(card.source), notes=_rarer(card.notes, common)))
    for chat in moved.chats:
        _print_chat(replace(chat, source=shown(chat.source), notes=_rarer(chat.notes, common)))
    for profile in moved.profiles:
        _print_card(replace(profile, source=shown(profile.source)))
    for note, count in common.items():
        out.say(f"{count} files: {note}")
    known = sum(card.known for card in moved.cards)
    good = sum(card.target is not None for card in moved.cards) - known
    total = counted(len(moved.cards), "card or lorebook", "cards and lorebooks")
    out.say(f"{good} of {total} imported to {target}{_already(known)}.")
    out.say(_chats_summary(moved.chats))
    if moved.personas:
        new = counted(len(moved.personas), "persona")
        out.say(f"{new} added: {', '.join(moved.personas)}. F6 in a chat chooses one.")
    for hint in moved.hints:
        out.say(hint)
    if name := next((each.target.stem for each in moved.profiles if each.target), ""):
        out.say(f"`/set profile {name}` in a chat uses a profile, as does `--profile {name}`.")
    if leftovers:
        out.say(f"Not imported: {leftovers}.")


def export_card(card: str, form: str | None, target: Path) -> None:
    """Export a card; without a format, the file's suffix decides.

    Raises:
        RptermError: The format is unknown, the file exists, or the card has errors.
    """
    name = form or _BY_SUFFIX.get(target.suffix.lower())
    if name is None:
        raise RptermError(f"Choose a format for {target}: --format {' or '.join(FORMATS)}.")
    chosen = one_of(FORMATS, name, "format")
    places = card_folders()
    for note in export_file(card_lint.find_file(card, places), chosen, target, places):
        out.say(f"note: {note}")
    out.say(str(target))


def _common_notes(results: Iterable[ImportedFile | ImportedChat]) -> dict[str, int]:
    """The notes that many files share, each with the number of these files."""
    counts = Counter(note for result in results for note in result.notes)
    return {note: count for note, count in counts.most_common() if count >= _MANY}


def _rarer(notes: Iterable[str], common: Container[str]) -> tuple[str, ...]:
    return tuple(note for note in notes if note not in common)


def _print_card(result: ImportedFile) -> None:
    target, is_world = result.target, result.kind == "lorebook"
    if target is None:
        out.say(f"failed  {result.source}: {result.error}")
        return
    name = f"profile {target.stem}" if result.kind == "profile" else target.name
    if result.known:
        out.say(f"known   {result.source}: already imported as {name}")
    else:
        folder = f"{worlds.FOLDER}/" if is_world else ""
        origin = f" ({result.origin})" if result.origin else ""
        out.say(f"ok      {result.source} -> {folder}{name}{origin}")
        if is_world:
            out.say(f"        Add it to a character: rpterm cards join CARD {target.stem}")
    for note in result.notes:
        out.say(f"        {note}")


def _print_chat(result: ImportedChat) -> None:
    if result.error:
        out.say(f"failed  {result.source}: {result.error}")
    elif result.known is not None:
        out.say(f"known   {result.source}: already imported as chat {result.known}")
    else:
        about = f"chat {result.chat_id} with {result.card_name}, {counted(result.turns, 'turn')}"
        more = f", {counted(result.versions, 'more version')}" if result.versions else ""
        out.say(f"ok      {result.source} -> {about}{more}")
    if result.ratings or result.swipes:
        ratings = counted(result.ratings, "rating")
        choices = counted(result.swipes, "choice between swipes", "choices between swipes")
        out.say(f"        {ratings} and {choices}")
    for note in result.notes:
        out.say(f"        {note}")


def _chats_summary(results: Sequence[ImportedChat]) -> str:
    if not results:
        return "There was no chat to import."
    good = sum(result.chat_id is not None for result in results)
    known = sum(result.known is not None for result in results)
    return f"{good} of {counted(len(results), 'chat')} imported{_already(known)}."


def _already(known: int) -> str:
    return f", {known} {'was' if known == 1 else 'were'} already imported" if known else ""


def _known_cards() -> list[KnownCard]:
    places = card_folders()
    files = library.card_files(places)
    return read_known(((path.stem, path) for path in files.values()), places)


def _logs(path: Path) -> list[Path]:
    return sorted(path.rglob(f"*{LOG_EXTENSION}")) if path.is_dir() else [path]
