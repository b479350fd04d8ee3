"""Rich output: colours and tables in a terminal, plain text in a pipe and with ``NO_COLOR``.

Texts of cards and models are made harmless first and are never read as markup.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rpterm.cli.out import harmless

if TYPE_CHECKING:
    from rich.console import Console
    from rich.padding import Padding
    from rich.progress import Progress
    from rich.text import Text

_PIPE_WIDTH = 100


def console(*, errors: bool = False) -> Console:
    """Standard output, or standard error for progress and remarks."""
    from rich.console import Console

    stream = sys.stderr if errors else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(
        file=stream, markup=False, emoji=False, highlight=False, soft_wrap=False, width=width
    )


def text(content: str, style: str = "") -> Text:
    """A text as it is, in a style."""
    from rich.text import Text

    return Text(harmless(content), style=style)


def hanging(content: str, style: str = "", *, by: int = 2) -> Padding:
    """A text whose lines all stand ``by`` columns in."""
    from rich.padding import Padding

    return Padding(text(content, style), (0, 0, 0, by))


def rows(
    heads: Sequence[str], lines: Iterable[Sequence[object]], *, numbers: Iterable[int] = ()
) -> object:
    """A table without borders.

    Args:
        numbers: Columns that are aligned to the right.
    """
    from rich.table import Table
    from rich.text import Text

    right = set(numbers)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for at, head in enumerate(heads):
        table.add_column(head, justify="right" if at in right else "left", no_wrap=at in right)
    for line in lines:
        table.add_row(*(cell if isinstance(cell, Text) else text(str(cell)) for cell in line))
    return table


def progress() -> Progress:
    """A bar on standard error, gone when it is done; silent in a pipe."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    shown = console(errors=True)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=shown,
        transient=True,
        disable=not shown.is_terminal,
    )
