"""``rpterm cards lint``: reports a card's errors or the linter's advice, and its token costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rpterm.cards import library, worlds
from rpterm.cards.card import CharacterCard
from rpterm.cards.checks.lint import lint, lint_world
from rpterm.cards.format import reader
from rpterm.cards.problems import CardError, Problem
from rpterm.cli import out
from rpterm.cli.token_counter import TokenCounter
from rpterm.errors import RptermError
from rpterm.humanize import counted


@dataclass(frozen=True, slots=True)
class Checked:
    """The result for one file; ``card`` is ``None`` if it has errors or is a ``world``."""

    path: Path
    card: CharacterCard | None
    problems: list[Problem]
    world: bool = False


def files_of(name: str, folders: Sequence[Path]) -> list[Path]:
    """The file of a card or a world, or all cards in a folder.

    Raises:
        RptermError: There is none.
    """
    path = Path(name)
    if not path.is_dir():
        return [find_file(name, folders)]
    found = sorted(path.glob("*.toml"))
    if not found:
        raise RptermError(f"The folder {name} contains no card (a .toml file).")
    return found


def find_file(name: str, folders: Sequence[Path]) -> Path:
    """The file of a card, or else of a world.

    Raises:
        CardNotFound: There is neither.
    """
    try:
        return library.find(name, folders)
    except library.CardNotFound:
        if (world := worlds.find_by_name(name, folders)) is None:
            raise
        return world


def check_file(
    path: Path, counter: TokenCounter | None = None, folders: Sequence[Path] = ()
) -> Checked:
    """All errors in the file of a card or a world, or else the linter's advice.

    Args:
        folders: Folders of cards, whose worlds are found, too.
    """
    try:
        text = reader.read_text(path)
        if worlds.is_world(text):
            book = worlds.parse_world(text, str(path))
            return Checked(path, None, lint_world(book, text, str(path)), world=True)
        found = worlds.CardReader(path, folders).parse(text)
    except CardError as error:
        return Checked(path, None, list(error.problems))
    count = counter.count if counter else None
    advice = lint(found.card, count, text=text, origin=str(path), worlds=found.worlds)
    unreadable_worlds = [problem for each in found.unreadable for problem in each.problems]
    return Checked(path, found.card, [*unreadable_worlds, *advice])


def print_results(checked: Sequence[Checked], counter: TokenCounter, *, costs: bool) -> None:
    """Print the problems, file by file; ``costs`` adds a table of tokens for each card."""
    from rpterm.cli import card_view, rich_out

    problems = 0
    for each in checked:
        for problem in each.problems:
            if not _is_cost(problem):
                problems += 1
                out.say(f"{problem.severity:<8}{problem}")
        if costs and each.card is not None:
            card_view.print_costs(each.card, counter, rich_out.Output())
    world_count = sum(each.world for each in checked)
    kinds = (("card", len(checked) - world_count), ("world", world_count))
    files_checked = [counted(many, what) for what, many in kinds if many] or ["0 cards"]
    out.say(f"{', '.join(files_checked)}, {counted(problems, 'problem')}.")


def _is_cost(problem: Problem) -> bool:
    """Whether this is only a note of how many tokens a part has, which the table shows better."""
    return problem.severity == "note" and "tokens" in problem.message and not problem.remedy
