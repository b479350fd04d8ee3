"""One training from beginning to end: prove the conversion, train, convert, compare, tell.

All that is unfinished lies in a folder beside the adapter (``NAME.training``): checkpoints and the
fingerprint of what is trained. The adapter appears in one step when it has passed; then the folder
goes. Knows no terminal: what happens is told to ``Listener``.
"""

from __future__ import annotations

import shutil
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rpterm.marks import why
from rpterm.training import card, parity, trainer
from rpterm.training.base import Base, load, require_extra
from rpterm.training.data import Data
from rpterm.training.plan import Plan, Stopped, TrainingError

_FINGERPRINT = "training.sha256"
_PROBES = 3


class Listener(Protocol):
    """What the caller is told, in this order."""

    def stage(self, name: str) -> None:
        """Something that takes a while begins."""
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
    plan: Plan, data: Data, to: Path, listener: Listener, stop: trainer.Stop, *, anew: bool = False
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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what libraries tell their developers
        return _train(plan, data, to, folder, listener, stop)


def _train(
    plan: Plan, data: Data, to: Path, folder: Path, listener: Listener, stop: trainer.Stop
) -> Trained:
    listener.stage("reading the model")
    base = load(plan.base)
    listener.stage("proving the conversion")
    texts = _texts(base, data)
    parity.prove(base, texts, folder)
    made = trainer.build(plan, base, data, folder, listener.stepped, stop)
    begun = trainer.last_checkpoint(folder)
    before, seconds = _trained(made, begun, listener)
    listener.stage("testing the adapter")
    done = made.state.global_step
    after = trainer.unseen_loss(made)
    fresh = folder / "adapter.gguf"
    parity.save(made.model, base, fresh)
    agreed = parity.measure(made.model, base.path, fresh, texts)
    agreed.check("The trained adapter")
    result = Trained(to, to.with_suffix(".md"), done, seconds, before, after, agreed, _step(begun))
    result.card.write_text(card.text(plan, data, result), encoding="utf-8")
    fresh.replace(to)
    shutil.rmtree(folder)
    return result


def _step(checkpoint: Path | None) -> int:
    return int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0


def _trained(made: Any, begun: Path | None, listener: Listener) -> tuple[float | None, float]:
    """Train, from a checkpoint on; the loss before, and the seconds it took."""
    done, total = _step(begun), trainer.steps(made)
    before = None if begun else trainer.unseen_loss(made)
    listener.estimated(trainer.step_seconds(made) * (total - done), done, total)
    began = time.monotonic()
    made.train(resume_from_checkpoint=str(begun) if begun else None)
    if made.state.global_step < made.state.max_steps:
        raise Stopped(made.state.global_step)
    return before, time.monotonic() - began


def _folder(to: Path, fingerprint: str, anew: bool) -> Path:
    if to.exists() and not anew:
        raise TrainingError(
            f"{to} exists already: --restart trains it again, --to writes elsewhere."
        )
    if not to.absolute().parent.is_dir():
        raise TrainingError(f"There is no folder {to.parent}: make it, or name another with --to.")
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
