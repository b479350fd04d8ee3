"""Runs ``rpterm train``: shows its progress and result, and stops it with Ctrl+C."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rpterm import paths as folders
from rpterm.cli import out, rich_out
from rpterm.cli.guard import INTERRUPTED, signals_handled
from rpterm.cli.user_files import load_settings
from rpterm.errors import RptermError
from rpterm.humanize import counted

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from rpterm.training.dataset import Dataset
    from rpterm.training.plan import TrainingPlan
    from rpterm.training.result import TrainingResult

_NOTICEABLE = 0.1
"""Nats per token. An adapter with 0.08 won 8 of 20 blind duels against its base and lost 11."""


def base_weights(name: str | None) -> tuple[Path, str]:
    """The file of the model to adapt and its hash.

    Raises:
        RptermError: The packages for training are missing, or there is no such model.
    """
    from rpterm.models import library
    from rpterm.models.hashes import model_hash
    from rpterm.training.base_model import require_extra

    require_extra()
    paths = folders.find()
    settings = load_settings()
    if name is None and settings.engine != "llama":
        raise RptermError(
            f"The engine of your settings is {settings.engine}, which has no model file to train: "
            "name one with --base FILE.gguf, or use `--base starter`."
        )
    path = library.find_model(settings.model if name is None else name, paths.models, paths.cache)
    return path, model_hash(path, folders.make_folder(paths.cache))


def fitting_rows(data: Dataset, weights: Path, limit: int, export: Path) -> Dataset:
    """The rows that fit into the limit of tokens; no weights are loaded for that."""
    from rpterm.cli.trainer_model import open_trainer_model
    from rpterm.training.row_limit import fit_rows

    with open_trainer_model(str(weights)) as model:
        return fit_rows(data, model, limit, export)


def run(plan: TrainingPlan, data: Dataset, to: Path, *, anew: bool) -> None:
    """Train with a progress bar, then print the result and what to do with it."""
    from rpterm.training.run import train
    from rpterm.training.stopping import Stopped, StopRequest

    for warning in _length_warnings(data, plan.max_length):
        out.say(warning)
    test = f", {counted(len(data.test), 'held-out row')} to test on" if data.test else ""
    out.say(
        f"{plan.method} on {counted(len(data.train), 'row')}{test}; the model is {plan.base.name}."
    )
    stop = StopRequest()
    with rich_out.progress() as bar:
        shown = _Progress(bar)

        def interrupt(*_: object) -> None:
            """Stop and save the steps that are done at the first Ctrl+C, quit at the second."""
            stop.request(shown.stopping)

        try:
            with signals_handled(interrupt, "SIGINT"):
                done = train(plan, data, to, shown, stop, anew=anew)
        except Stopped as stopped:
            kept = stopped.step
        else:
            bar.stop()
            _print_result(done, data, plan)
            return
    if kept:
        out.say(
            f"Stopped after step {kept}; the same command continues from there, or with --steps "
            f"{kept} writes the adapter as it is."
        )
    else:
        out.say("Stopped before the first step was done, so nothing is kept.")
    raise typer.Exit(INTERRUPTED)


def _length_warnings(data: Dataset, limit: int) -> Iterator[str]:
    """The rows that are dropped or cut because of the limit of tokens, or as broken."""
    lengths = data.lengths
    if lengths.broken:
        yield (
            f"{counted(lengths.broken, 'row')} dropped as broken: `rpterm export check` says why."
        )
    if lengths.too_long:
        yield (
            f"{counted(lengths.too_long, 'row')} dropped: the prompt alone has {limit:,} tokens or "
            f"more. `--max-tokens {lengths.wide}` keeps all rows."
        )
    if lengths.cut:
        yield (
            f"{counted(lengths.cut, 'row')} longer than {limit:,} tokens: the end of the reply is "
            f"cut off, `--max-tokens {lengths.wide}` keeps it."
        )


def _print_result(done: TrainingResult, data: Dataset, plan: TrainingPlan) -> None:
    from rpterm.training.parity import ROUNDING
    from rpterm.training.result import format_losses, format_preferred

    steps, own = counted(done.steps, "step"), done.steps - done.begun
    if done.begun and own:
        steps = f"{steps}, the last {own:,}"
    out.say(f"{steps} in {_duration(done.seconds)}." if own else f"{steps}.")
    out.say(f"Loss on held-out rows: {format_losses(done, len(data.test))}.")
    if preferred := format_preferred(done):
        out.say(f"Unseen pairs whose chosen reply it prefers: {preferred}.")
    out.say(
        f"The adapter changes a token's logprob by {done.parity.moved:.3f} nats on average; "
        f"transformers and llama.cpp differ by {done.parity.apart:.3f}; up to {ROUNDING} is "
        "rounding."
    )
    if done.parity.moved < _NOTICEABLE:
        longer = f"without --steps {plan.steps}" if plan.steps else f"--epochs {3 * plan.epochs:g}"
        out.say(
            f"So small a change is hardly noticed in a chat: train longer ({longer}, with "
            "--restart), or on more ratings."
        )
    out.say(f"{done.adapter}\n{done.card}\n")
    out.say(f"Chat with it:      rpterm chat CARD --adapter {done.adapter}")
    out.say(f"Is it any better?  rpterm duel CARD --b adapter={done.adapter}")


class _Progress:
    """A bar in a terminal, lines on standard error in a pipe; see ``training.run.Listener``."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task: TaskID | None = None

    def stage(self, name: str, parts: int = 0) -> Callable[[], object]:
        """Show a new stage; call the result for each of its parts, if it has any."""
        self._print_in_pipe(name)
        task = self._show_task(name, parts or None)
        return lambda: self._bar.advance(task)

    def estimated(self, seconds: float, done: int, total: int) -> None:
        """Print how long the training will take."""
        steps = (
            f"{total - done:,} of {counted(total, 'step')} left" if done else counted(total, "step")
        )
        duration = f"{steps}, about {_duration(seconds)} at the speed measured just now"
        out.say(f"{duration}. Ctrl+C stops and keeps the steps that are done.")
        self._show_task("training", total, done)

    def stepped(self, done: int, total: int, loss: float) -> None:
        """Show that a step is done."""
        self._print_in_pipe(f"step {done} of {total}, loss {loss:.3f}")
        if self._task is not None:
            self._bar.update(
                self._task, completed=done, total=total, description=f"training, loss {loss:.3f}"
            )

    def stopping(self) -> None:
        """Print that the training stops after Ctrl+C."""
        self._bar.console.print(
            "Stopping: the current row is finished and the steps that are done are saved, which "
            "takes some seconds. Ctrl+C again quits without saving."
        )

    def _print_in_pipe(self, words: str) -> None:
        if self._bar.disable:
            self._bar.console.print(words)

    def _show_task(self, name: str, total: int | None, done: int = 0) -> TaskID:
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(name, total=total, completed=done)
        return self._task


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
