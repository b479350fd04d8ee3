"""What ``rpterm train`` shows while it works, and how it stops."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from rpterm import config
from rpterm import paths as folders
from rpterm.cli import out, rich_out
from rpterm.cli.guard import INTERRUPTED
from rpterm.plural import counted
from rpterm.types import RptermError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from rpterm.training.dataset import Dataset
    from rpterm.training.plan import Method, TrainingPlan
    from rpterm.training.run import TrainingResult
    from rpterm.training.stopping import StopRequest


def weights(name: str | None) -> tuple[Path, str]:
    """The file to adapt and its hash; the packages for training are looked for first.

    Raises:
        RptermError: They are missing, or there is no such model.
    """
    from rpterm.models import library
    from rpterm.models.hashes import model_hash
    from rpterm.training.base_model import require_extra

    require_extra()
    paths = folders.find()
    settings = config.load(paths.config_file, os.environ, {})
    if name is None and settings.engine != "llama":
        raise RptermError(
            "Your model is on a server, and only weights on this machine can be trained: name "
            "some with --base FILE.gguf, or `--base starter`."
        )
    path = library.find_model(settings.model if name is None else name, paths.models, paths.cache)
    return path, model_hash(path, folders.make(paths.cache))


def named(name: str | None) -> Method | None:
    """A method by its name.

    Raises:
        RptermError: There is none of that name.
    """
    from rpterm.training.plan import Method

    if name is None:
        return None
    try:
        return Method(name)
    except ValueError as error:
        known = ", ".join(Method)
        raise RptermError(f"There is no method {name!r}; there are {known}.") from error


def fitted(data: Dataset, weights: Path, limit: int, export: Path) -> Dataset:
    """The rows that fit into the limit; no weights are loaded for that."""
    from rpterm.cli import export_check, trainer_model
    from rpterm.training import row_limit

    with trainer_model.opened(str(weights)) as known:
        return row_limit.fit_rows(data, export_check.made(known), limit, export)


def run(plan: TrainingPlan, data: Dataset, to: Path, *, anew: bool) -> None:
    """Train with a bar; say what came of it, and what to do with it."""
    from rpterm.training.run import train
    from rpterm.training.stopping import Stopped, StopRequest

    for told in _lengths(data, plan.max_length):
        out.say(told)
    tested = f", {counted(len(data.test), 'row')} of other chats to test on" if data.test else ""
    out.say(
        f"{plan.method} on {counted(len(data.train), 'row')}{tested}; the base is {plan.base.name}."
    )
    stop = StopRequest()
    with rich_out.progress() as bar, _gently(stop, shown := _Shown(bar)):
        try:
            done = train(plan, data, to, shown, stop, anew=anew)
        except Stopped as stopped:
            kept = stopped.step
        else:
            bar.stop()
            _tell(done, data)
            return
    if kept:
        out.say(f"Stopped after step {kept}, which is kept; the same command goes on from there.")
    else:
        out.say("Stopped before the first step was done; there is nothing to go on from.")
    raise typer.Exit(INTERRUPTED)


def _lengths(data: Dataset, limit: int) -> Iterator[str]:
    """What the limit of tokens costs, before the training begins."""
    lengths = data.lengths
    if lengths.broken:
        yield (
            f"{counted(lengths.broken, 'row')} dropped as broken: `rpterm export check` says what "
            "is wrong."
        )
    if lengths.too_long:
        yield (
            f"{counted(lengths.too_long, 'row')} dropped: the prompt alone has {limit:,} tokens or "
            f"more. `--max-tokens {lengths.wide}` takes all rows."
        )
    if lengths.cut:
        yield (
            f"{counted(lengths.cut, 'row')} longer than {limit:,} tokens: the end of the reply is "
            f"cut off, `--max-tokens {lengths.wide}` keeps it."
        )


def _tell(done: TrainingResult, data: Dataset) -> None:
    from rpterm.training.model_card import format_losses

    steps = counted(done.steps, "step")
    if done.begun:
        steps = f"{steps}, the last {done.steps - done.begun:,}"
    out.say(f"{steps} in {_span(done.seconds)}.")
    out.say(f"Loss on unseen chats: {format_losses(done, len(data.test))}.")
    out.say(
        f"The adapter moves tokens by {done.parity.moved:.3f} nats on average; transformers and "
        f"llama.cpp are {done.parity.apart:.3f} apart."
    )
    out.say(f"{done.adapter}\n{done.card}\n")
    out.say(f"Talk through it:   rpterm chat CARD --adapter {done.adapter}")
    out.say(f"Is it any better?  rpterm duel CARD --b adapter={done.adapter}")


class _Shown:
    """A bar in a terminal, lines on standard error in a pipe; see ``training.run.Listener``."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task: TaskID | None = None

    def stage(self, name: str, parts: int = 0) -> Callable[[], object]:
        """The bar, for what has no parts without an end."""
        self._line(name)
        task = self._show(name, parts or None)
        return lambda: self._bar.advance(task)

    def estimated(self, seconds: float, done: int, total: int) -> None:
        """How long it will take, before it begins."""
        steps = (
            f"{total - done:,} of {counted(total, 'step')} left" if done else counted(total, "step")
        )
        long = f"{steps}, about {_span(seconds)} with nothing else running"
        out.say(f"{long}. Ctrl+C stops and keeps the steps that are done.")
        self._show("training", total, done)

    def stepped(self, done: int, total: int, loss: float) -> None:
        """The bar moves."""
        self._line(f"step {done} of {total}, loss {loss:.3f}")
        if self._task is not None:
            self._bar.update(
                self._task, completed=done, total=total, description=f"training, loss {loss:.3f}"
            )

    def stopping(self) -> None:
        """What an interrupt does while steps are made."""
        self._bar.console.print(
            "Stopping: the row in work ends and the steps that are done are written, which takes "
            "some seconds. Ctrl+C again ends without."
        )

    def _line(self, words: str) -> None:
        if self._bar.disable:
            self._bar.console.print(words)

    def _show(self, name: str, total: int | None, done: int = 0) -> TaskID:
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(name, total=total, completed=done)
        return self._task


@contextmanager
def _gently(stop: StopRequest, shown: _Shown) -> Iterator[None]:
    """The first Ctrl+C stops and keeps the steps that are done; the second ends at once."""

    def asked(*ignored: Any) -> None:
        stop.request(shown.stopping)

    before = signal.signal(signal.SIGINT, asked)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
