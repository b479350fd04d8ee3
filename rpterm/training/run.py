"""One training from beginning to end: prove the conversion, train, convert, compare, tell.

All that is unfinished lies in a folder beside the adapter (``NAME.training``): checkpoints and the
fingerprint of what is trained. The adapter appears in one step when it has passed; then the folder
goes. Knows no terminal: what happens is told to ``Listener``.
"""

from __future__ import annotations

import shutil
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rpterm import paths
from rpterm.marks import why
from rpterm.plural import counted
from rpterm.training import card, parity, room, trainer
from rpterm.training.base import Base, load, require_extra
from rpterm.training.data import Data
from rpterm.training.plan import Plan, TrainingError
from rpterm.training.stopping import Halted, Stop, Stopped
from rpterm.types import RptermError

_FINGERPRINT = "training.sha256"
_PROBES = 3


class Listener(Protocol):
    """What the caller is told."""

    def stage(self, name: str, parts: int = 0) -> Callable[[], object]:
        """Something that takes a while begins, in so many parts, or nobody knows in how many.

        Returns:
            What is told that a part is done.
        """
        ...

    def estimated(self, seconds: float, done: int, total: int) -> None:
        """The training proper begins, from a step on, and about so long the others will take."""
        ...

    def stepped(self, done: int, total: int, loss: float) -> None:
        """One step was made."""
        ...


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of it.

    Attributes:
        steps: In all; ``seconds`` is what those took that were made now, from ``begun`` on.
        loss_before: On rows of chats that were not trained on; ``None`` where there are none.
        parity: How far llama.cpp and transformers agree about the adapter.
    """

    adapter: Path
    card: Path
    steps: int
    seconds: float
    loss_before: float | None
    loss_after: float | None
    parity: parity.Parity
    begun: int = 0


def train(
    plan: Plan, data: Data, to: Path, listener: Listener, stop: Stop, *, anew: bool = False
) -> Trained:
    """Train an adapter and write it to ``to``.

    Args:
        anew: Throw away what was begun or made there.

    Raises:
        Stopped: The user asked for it; the same call goes on from there.
        TrainingError: It cannot be done; what was trained so far stays in its folder.
    """
    require_extra()
    folder = _folder(to, plan.fingerprint(data.digest), anew)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what libraries tell their developers
            return _Training(plan, data, folder, listener, stop).to(to)
    except Halted:
        kept = trainer.step_of(trainer.last_checkpoint(folder))
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)
        raise Stopped(kept) from None
    except RptermError:
        raise
    except Exception as error:  # A full disk is told by every library in its own way.
        if room.is_full(error, folder):
            raise room.filled(folder) from error
        raise


class _Training:
    """The stages, each told before it begins."""

    def __init__(
        self, plan: Plan, data: Data, folder: Path, listener: Listener, stop: Stop
    ) -> None:
        self.plan, self.data, self.folder = plan, data, folder
        self.listener, self.stop = listener, stop
        self._part: Callable[[], object] = lambda: None

    def to(self, to: Path) -> Trained:
        """All of it; the adapter appears at the end."""
        self._stage("reading the model")
        base = load(self.plan.base)
        texts = _texts(base, self.data)
        parity.prove(base, texts, self.folder, self._stage)
        self._stage(f"tokenizing {counted(len(self.data.train), 'row')}")
        made = trainer.build(
            self.plan, base, self.data, self.folder, self.listener.stepped, self.stop,
            lambda: self._part(),
        )  # fmt: skip
        room.check(self.folder, made.model.num_parameters(only_trainable=True))
        begun = trainer.last_checkpoint(self.folder)
        before, seconds = self._trained(made, begun)
        after = self._unseen_loss(made, "after the training")
        fresh, agreed = self._written(made, base, texts)
        result = Trained(
            to, to.with_suffix(".md"), made.state.global_step, seconds, before, after, agreed,
            trainer.step_of(begun),
        )  # fmt: skip
        result.card.write_text(card.text(self.plan, self.data, result), encoding="utf-8")
        fresh.replace(to)
        shutil.rmtree(self.folder)
        return result

    def _stage(self, name: str, parts: int = 0) -> Callable[[], object]:
        """Tell a stage; between its parts it is looked whether to stop."""
        self.stop.check()
        told = self.listener.stage(name, parts)

        def part() -> None:
            told()
            self.stop.check()

        self._part = part
        return part

    def _trained(self, made: Any, begun: Path | None) -> tuple[float | None, float]:
        """Train, from a checkpoint on; the loss before, and the seconds it took."""
        done, total = trainer.step_of(begun), trainer.steps(made)
        before = None if begun else self._unseen_loss(made, "before the training")
        self._stage("measuring how long a step takes")
        self.listener.estimated(trainer.step_seconds(made) * (total - done), done, total)
        began = time.monotonic()
        with self.stop.steps():
            try:
                made.train(resume_from_checkpoint=str(begun) if begun else None)
            except Halted:
                trainer.keep(made, self.folder)
                raise
        if made.state.global_step < made.state.max_steps:
            raise Halted
        return before, time.monotonic() - began

    def _unseen_loss(self, made: Any, when: str) -> float | None:
        rows = len(self.data.test)
        if rows:
            batches = len(made.get_eval_dataloader())
            self._stage(f"the loss {when}, on {counted(rows, 'row')} of unseen chats", batches)
        return trainer.unseen_loss(made)

    def _written(
        self, made: Any, base: Base, texts: Sequence[parity.Text]
    ) -> tuple[Path, parity.Parity]:
        """The adapter as a file that was seen to do in llama.cpp what was trained."""
        part = self._stage(
            "comparing the adapter in llama.cpp with what was trained", parity.PASSES * len(texts)
        )
        fresh = self.folder / "adapter.gguf"
        parity.save(made.model, base, fresh)
        agreed = parity.measure(made.model, base.path, fresh, texts, part)
        agreed.check("The trained adapter")
        return fresh, agreed


def _folder(to: Path, fingerprint: str, anew: bool) -> Path:
    if to.exists() and not anew:
        raise TrainingError(
            f"{to} exists already: --restart trains it again, --to writes elsewhere."
        )
    paths.check_folder(to)
    folder = to.with_suffix(".training")
    mark = folder / _FINGERPRINT
    if anew and mark.exists():
        shutil.rmtree(folder)
    try:
        known = mark.read_text(encoding="ascii") if mark.exists() else fingerprint
        if known != fingerprint:
            raise TrainingError(
                f"{folder} holds an unfinished training of other data or settings: --restart "
                "throws it away, --to writes elsewhere."
            )
        folder.mkdir(exist_ok=True)
        mark.write_text(fingerprint, encoding="ascii")
    except OSError as error:
        raise TrainingError(f"{folder} cannot be written ({why(error)}).") from error
    return folder


def _texts(base: Base, data: Data) -> Sequence[parity.Text]:
    """A few rows as the model reads them."""
    from jinja2 import TemplateError

    texts = []
    try:
        for row in data.train[:_PROBES]:
            reply = row.get("chosen") or row["completion"]
            prompt = base.tokenizer.apply_chat_template(
                row["prompt"], tokenize=False, add_generation_prompt=True
            )
            texts.append((prompt, reply[0]["content"]))
    except (TemplateError, ValueError) as error:
        raise TrainingError(
            f"The template of {base.path.name} refuses the rows ({error}): export them for this "
            "model, `rpterm export OUT --model FILE`."
        ) from error
    return texts
