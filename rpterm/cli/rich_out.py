"""Output with Rich: colours and tables in a terminal, plain text in a pipe or with ``NO_COLOR``.

Texts of cards and models are stripped of control characters and never interpreted as markup.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from rpterm.cli.out import without_controls

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn
    from rich.text import Text

_PIPE_WIDTH = 100


def console(*, errors: bool = False) -> Console:
    """A console on standard output, or on standard error for progress and messages."""
    from rich.console import Console

    stream = sys.stderr if errors else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(
        file=stream, markup=False, emoji=False, highlight=False, soft_wrap=False, width=width
    )


def text(content: str, style: str = "") -> Text:
    """A text without markup, in one style."""
    from rich.text import Text

    return Text(without_controls(content), style=style)


class Output:
    """Standard output in styles and tables."""

    def __init__(self, shown: Console | None = None) -> None:
        self.console = shown or console()

    def say(self, content: str | Text = "", style: str = "") -> None:
        """Print a text; a string is printed in one style."""
        self.console.print(text(content, style) if isinstance(content, str) else content)

    def hang(self, content: str, style: str = "", *, by: int = 2) -> None:
        """Print a text with all lines indented by ``by`` columns."""
        from rich.padding import Padding

        self.console.print(Padding(text(content, style), (0, 0, 0, by)))

    def table(
        self,
        heads: Sequence[str],
        lines: Iterable[Sequence[object]],
        *,
        numbers: Iterable[int] = (),
    ) -> None:
        """Print a table without borders.

        Args:
            numbers: Indices of the columns that are aligned to the right.
        """
        from rich.table import Table
        from rich.text import Text

        right = set(numbers)
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for at, head in enumerate(heads):
            table.add_column(head, justify="right" if at in right else "left", no_wrap=at in right)
        for line in lines:
            table.add_row(*(cell if isinstance(cell, Text) else text(str(cell)) for cell in line))
        self.console.print(table)


def progress() -> Progress:
    """A progress bar on standard error, which disappears at the end; silent in a pipe."""
    from rich.progress import MofNCompleteColumn, TimeElapsedColumn

    return _bar(MofNCompleteColumn(), TimeElapsedColumn(), transient=True)


def stages(bar: Progress) -> Callable[[str, int], Callable[[str], object]]:
    """Starts the stages of a long job, of which the bar shows the present one.

    Called with a stage's name and its number of steps; the result is called after each step, with
    its name, or "".
    """

    def start(name: str, total: int) -> Callable[[str], object]:
        for before in bar.task_ids:
            bar.remove_task(before)
        task = bar.add_task(name, total=total)
        return lambda step: bar.update(task, advance=1, description=step or None)

    return start


def download_progress() -> Progress:
    """A progress bar for bytes on standard error; disabled in a pipe."""
    from rich.progress import DownloadColumn, TimeRemainingColumn, TransferSpeedColumn

    return _bar(DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())


def _bar(*figures: ProgressColumn, transient: bool = False) -> Progress:
    """A bar on standard error between the task's name and its figures; disabled in a pipe."""
    from rich.progress import BarColumn, Progress, TextColumn

    shown = console(errors=True)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        *figures,
        console=shown,
        transient=transient,
        disable=not shown.is_terminal,
    )
