"""Check cards: the reader's errors, or what the linter would have better, and the costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rpterm.cards import library, reader, worlds
from rpterm.cards.card import CharacterCard
from rpterm.cards.lint import lint, lint_world
from rpterm.cards.problems import CardError, Problem
from rpterm.cli import out
from rpterm.cli.counting import Counter
from rpterm.plural import counted
from rpterm.types import RptermError


@dataclass(frozen=True, slots=True)
class Checked:
    """One file; ``card`` is ``None`` where it has errors, or is a ``world``."""

    path: Path
    card: CharacterCard | None
    problems: list[Problem]
    world: bool = False


def files(name: str, folders: Sequence[Path]) -> list[Path]:
    """The file of a card or a world, or all cards of a folder.

    Raises:
        RptermError: There is none.
    """
    path = Path(name)
    if not path.is_dir():
        return [find(name, folders)]
    found = sorted(path.glob("*.toml"))
    if not found:
        raise RptermError(f"The folder {name} has no card: a card's file ends in .toml.")
    return found


def find(name: str, folders: Sequence[Path]) -> Path:
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


def check(path: Path, counter: Counter | None = None, folders: Sequence[Path] = ()) -> Checked:
    """Everything that is wrong with a card's file or a world's, or could be better.

    Args:
        folders: Of cards: worlds are looked for in theirs, too.
    """
    try:
        text = reader.read_text(path)
        if worlds.is_world(text):
            book = worlds.parse_world(text, str(path))
            return Checked(path, None, lint_world(book, text, str(path)), world=True)
        found = worlds.parse_card(text, path, folders)
    except CardError as error:
        return Checked(path, None, list(error.problems))
    count = counter.count if counter else None
    told = lint(found.card, count, text=text, origin=str(path), worlds=found.worlds)
    lost = [problem for each in found.lost for problem in each.problems]
    return Checked(path, found.card, [*lost, *told])


def tell(checked: Sequence[Checked], counter: Counter, *, costs: bool) -> None:
    """Print the problems, file by file; ``costs`` adds a table of tokens for each card."""
    from rpterm.cli import card_view, rich_out

    found = 0
    for each in checked:
        for problem in each.problems:
            if not _is_cost(problem):
                found += 1
                out.say(f"{problem.severity:<8}{problem}")
        if costs and each.card is not None:
            card_view.costs_table(each.card, counter, rich_out.console())
    worlds_there = sum(each.world for each in checked)
    kinds = (("card", len(checked) - worlds_there), ("world", worlds_there))
    files_told = [counted(many, what) for what, many in kinds if many] or ["0 cards"]
    out.say(f"{', '.join(files_told)}, {counted(found, 'problem')}.")


def _is_cost(problem: Problem) -> bool:
    """Notes that only say how many tokens a part has: the table says it better."""
    return problem.severity == "note" and "tokens" in problem.message and not problem.remedy
