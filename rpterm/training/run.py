"""Runs one training from beginning to end: check the conversion, train, convert, compare, report.

Unfinished work is kept in a folder next to the adapter (``NAME.training``): checkpoints and the
fingerprint of the training. The adapter appears in one step once it has passed the comparison, and
the folder is then removed. Knows no terminal: progress is reported to a ``Listener``.
"""

from __future__ import annotations

import math
import shutil
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from rpterm import paths
from rpterm.errors import RptermError, cause_of
from rpterm.humanize import counted
from rpterm.training import disk_space, parity, trainer
from rpterm.training.base_model import BaseModel, load_base_model, require_extra
from rpterm.training.dataset import Dataset
from rpterm.training.plan import Method, TrainingPlan
from rpterm.training.result import HeldOut, TrainingResult, model_card
from rpterm.training.stopping import Halted, Stopped, StopRequest

_FINGERPRINT = "training.sha256"
_PROBE_ROWS = 3


class Listener(Protocol):
    """Receives the progress of a training."""

    def stage(self, name: str, parts: int = 0) -> Callable[[], object]:
        """A stage begins that takes a while.

        Args:
            parts: How many parts it has; 0 if unknown.

        Returns:
            A function to call after each part.
        """
        ...

    def estimated(self, seconds: float, done: int, total: int) -> None:
        """The steps begin after step ``done``; the rest takes about this many seconds."""
        ...

    def stepped(self, done: int, total: int, loss: float) -> None:
        """One step is done."""
        ...


def train(
    plan: TrainingPlan,
    data: Dataset,
    to: Path,
    listener: Listener,
    stop: StopRequest,
    *,
    anew: bool = False,
) -> TrainingResult:
    """Train an adapter and write it to ``to``.

    Args:
        anew: Discard an unfinished training and overwrite an existing adapter.

    Raises:
        Stopped: The user stopped it; the same call resumes it.
        RptermError: It cannot be carried out; completed steps stay in the folder.
    """
    require_extra()
    folder = _open_folder(to, plan.fingerprint(data.digest), anew)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Warnings meant for developers of the libraries.
            return _Training(plan, data, folder, listener, stop).run(to)
    except Halted:
        step = trainer.step_of(trainer.last_checkpoint(folder))
        if not step:
            shutil.rmtree(folder, ignore_errors=True)
        raise Stopped(step) from None
    except RptermError:
        raise
    except Exception as error:  # Every library reports a full disk differently.
        if disk_space.is_full(error, folder):
            raise RptermError(
                f"The disk of {folder} is full: free some space, and the same command continues "
                "from the last checkpoint."
            ) from error
        raise


class _Training:
    """The stages of a training, each reported before it begins."""

    def __init__(
        self, plan: TrainingPlan, data: Dataset, folder: Path, listener: Listener, stop: StopRequest
    ) -> None:
        self.plan, self.data, self.folder = plan, data, folder
        self.listener, self.stop = listener, stop
        self._on_part: Callable[[], object] = lambda: None

    def run(self, to: Path) -> TrainingResult:
        """Run all stages; the adapter appears at the end."""
        self._stage("reading the model")
        base = load_base_model(self.plan.base)
        texts = _probe_texts(base, self.data)
        parity.check_conversion(base, texts, self.folder, self._stage)
        self._stage(f"tokenizing {counted(len(self.data.train), 'row')}")
        built = trainer.build_trainer(
            self.plan, base, self.data, self.folder, self.listener.stepped, self.stop,
            lambda: self._on_part(),
        )  # fmt: skip
        disk_space.check(self.folder, built.model.num_parameters(only_trainable=True))
        checkpoint = trainer.last_checkpoint(self.folder)
        before, seconds = self._train(built, checkpoint)
        after = self._held_out(built, "after the training")
        adapter, measured = self._convert(built, base, texts)
        result = TrainingResult(
            to, to.with_suffix(".md"), built.state.global_step, seconds, before, after, measured,
            trainer.step_of(checkpoint),
        )  # fmt: skip
        result.card.write_text(model_card(self.plan, self.data, result), encoding="utf-8")
        adapter.replace(to)
        shutil.rmtree(self.folder)
        return result

    def _stage(self, name: str, parts: int = 0) -> Callable[[], object]:
        """Report a stage, and check for a stop request between its parts."""
        self.stop.check()
        report_part = self.listener.stage(name, parts)

        def on_part() -> None:
            report_part()
            self.stop.check()

        self._on_part = on_part
        return on_part

    def _train(self, built: Any, checkpoint: Path | None) -> tuple[float | None, float]:
        """Train, from a checkpoint if there is one; returns the loss before and the duration."""
        done, total = trainer.step_of(checkpoint), trainer.total_steps(built)
        before = self._loss_before(built, resumed=checkpoint is not None)
        if checkpoint is not None and done >= total:
            trainer.restore(built, checkpoint)
            return before, 0.0
        self._stage("measuring how long a step takes")
        self.listener.estimated(trainer.step_seconds(built) * (total - done), done, total)
        began = time.monotonic()
        with self.stop.steps():
            try:
                built.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
            except Halted:
                trainer.save_last_step(built, self.folder)
                raise
        if built.state.global_step < built.state.max_steps:
            raise Halted
        return before, time.monotonic() - began

    def _loss_before(self, built: Any, *, resumed: bool) -> float | None:
        if self.plan.method is Method.DPO and self.data.test:
            return math.log(2)  # Until the first step, the model is its own reference.
        return None if resumed else self._held_out(built, "before the training").loss

    def _held_out(self, built: Any, when: str) -> HeldOut:
        rows = len(self.data.test)
        if rows:
            batches = len(built.get_eval_dataloader())
            self._stage(f"the loss {when}, on {counted(rows, 'held-out row')}", batches)
        return trainer.held_out(built)

    def _convert(
        self, built: Any, base: BaseModel, texts: Sequence[parity.Text]
    ) -> tuple[Path, parity.Parity]:
        """Write the adapter as GGUF, and verify it in llama.cpp."""
        on_part = self._stage(
            "comparing the adapter in llama.cpp with what was trained", parity.PASSES * len(texts)
        )
        adapter = self.folder / "adapter.gguf"
        parity.save(built.model, base, adapter)
        measured = parity.measure(built.model, base.path, adapter, texts, on_part)
        measured.check("The trained adapter")
        return adapter, measured


def _open_folder(to: Path, fingerprint: str, anew: bool) -> Path:
    if to.exists() and not anew:
        raise RptermError(f"{to} already exists: --restart trains it again, --to writes elsewhere.")
    paths.check_folder(to)
    folder = to.with_suffix(".training")
    marker = folder / _FINGERPRINT
    if anew and marker.exists():
        shutil.rmtree(folder)
    try:
        unfinished = marker.read_text(encoding="ascii") if marker.exists() else fingerprint
        if unfinished != fingerprint:
            raise RptermError(
                f"{folder} contains an unfinished training with other data or settings: --restart "
                "discards it, --to writes elsewhere."
            )
        folder.mkdir(exist_ok=True)
        marker.write_text(fingerprint, encoding="ascii")
    except OSError as error:
        raise RptermError(f"{folder} cannot be written ({cause_of(error)}).") from error
    return folder


def _probe_texts(base: BaseModel, data: Dataset) -> Sequence[parity.Text]:
    """A few rows as rendered prompts and replies."""
    from jinja2 import TemplateError

    texts = []
    try:
        for row in data.train[:_PROBE_ROWS]:
            prompt, reply = row["prompt"], row.get("chosen") or row["completion"]
            if isinstance(prompt, list):
                reply = reply[0]["content"]
                prompt = base.tokenizer.apply_chat_template(
                    prompt, tokenize=False, add_generation_prompt=True
                )
            texts.append((prompt, reply))
    except (TemplateError, ValueError) as error:
        raise RptermError(
            f"The template of {base.path.name} rejects the rows ({error}): export them for this "
            "model with `rpterm export OUT --model FILE`."
        ) from error
    return texts
