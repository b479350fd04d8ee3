"""Whether llama.cpp with the file does what transformers with the adapter does.

Both read one prompt and one reply, with and without the adapter. Compared is how far the adapter
moves the log-probability of each token: the two programs round the base weights' work differently,
and that cancels out. A wrong conversion (rows of q and k in the wrong order, a wrong scale) still
loads and still moves replies, only elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rpterm.engine.llama import LlamaEngine
from rpterm.engine.protocol import Piece
from rpterm.training import convert
from rpterm.training.base import Base
from rpterm.training.plan import TrainingError

LIMIT = 0.5
"""Of the mean movement, so much may differ."""
ROUNDING = 0.15
"""Nats a token that the two programs differ by whatever the adapter does: 0.09 were measured with
the starter's 4-bit weights, where llama.cpp rounds activations to 8 bits and transformers none."""
PASSES = 4
"""Times that ``measure`` reads every text: with and without the adapter, in both programs."""
Part = Callable[[], object]
"""One text was read once."""
_CONTEXT = 512
_PROMPT, _REPLY = 300, 120
_SHAKES = (0.5, 1.0, 2.0, 4.0)
"""Sizes of random adapters, the smallest first: too large a one makes noise of everything."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How far the adapter moves tokens, and how far the two programs differ in that.

    Attributes:
        moved: Mean of the absolute movement in transformers, nats a token.
        apart: Mean of the absolute difference of both movements.
    """

    moved: float
    apart: float
    tokens: int

    @property
    def same(self) -> bool:
        """Whether both do the same, but for rounding."""
        return self.apart <= LIMIT * self.moved + ROUNDING

    @property
    def telling(self) -> bool:
        """Whether the movement is large enough that a wrong conversion would show."""
        return self.moved >= 4 * ROUNDING

    def check(self, what: str) -> None:
        """Pass, or say what is wrong.

        Raises:
            TrainingError: llama.cpp does something else than what was trained.
        """
        if not self.same:
            raise TrainingError(
                f"{what} does not do in llama.cpp what it does in transformers: over "
                f"{self.tokens} tokens it moves them by {self.moved:.2f} nats, and the two differ "
                f"by {self.apart:.2f}. Nothing was written; this architecture cannot be trained "
                "here yet."
            )


Stage = Callable[[str, int], Callable[[], object]]
"""See ``prove``."""
Text = tuple[str, str]
"""A rendered prompt, control tokens included, and the reply that follows it."""

_Ids = list[tuple[list[int], list[int]]]


def measure(
    model: Any, base: Path, adapter: Path, texts: Sequence[Text], part: Part = lambda: None
) -> Parity:
    """Compare a peft model with the same adapter in llama.cpp, over some texts."""
    ids, plain = _in_llama(base, None, texts, part)
    _, moved = _in_llama(base, adapter, texts, part)
    with model.disable_adapter():
        without = _in_transformers(model, ids, part)
    with_it = _in_transformers(model, ids, part)
    ours = [new - old for new, old in zip(with_it, without, strict=True)]
    theirs = [new - old for new, old in zip(moved, plain, strict=True)]
    apart = [abs(one - other) for one, other in zip(ours, theirs, strict=True)]
    return Parity(sum(map(abs, ours)) / len(ours), sum(apart) / len(apart), len(ours))


def _in_llama(
    base: Path, adapter: Path | None, texts: Sequence[Text], part: Part
) -> tuple[_Ids, list[float]]:
    """Tokens of the texts, and the log-probability of each token of the replies, in a row."""
    engine = LlamaEngine(base, context=_CONTEXT, gpu_layers=0, adapter=adapter, sequences=1)
    try:
        engine.load()
        ids: _Ids = []
        found: list[float] = []
        for prompt, reply in texts:
            before, after = engine.tokenize([Piece(prompt, special=True), Piece(reply)])
            ids.append((before[-_PROMPT:], after[:_REPLY]))
            found += engine.logprobs(ids[-1][1], [ids[-1][0]])[0]
            part()
        return ids, found
    finally:
        engine.close()


def _in_transformers(model: Any, ids: _Ids, part: Part) -> list[float]:
    import torch

    found: list[float] = []
    model.eval()
    with torch.no_grad():
        for before, after in ids:
            given = torch.tensor([before + after], device=model.device)
            logits = model(input_ids=given).logits[0, len(before) - 1 : -1].float()
            chosen = torch.tensor(after, device=model.device).unsqueeze(1)
            found += torch.log_softmax(logits, -1).gather(1, chosen).squeeze(1).tolist()
            part()
    return found


def prove(
    base: Base, texts: Sequence[Text], folder: Path, stage: Stage = lambda name, parts: lambda: None
) -> Parity:
    """Convert a random adapter to this base and compare, before anybody spends an hour on it.

    Args:
        stage: Told what begins, in how many parts; what it returns is told of each.

    Raises:
        TrainingError: The conversion is not right for this architecture.
    """
    found = Parity(0.0, 0.0, 0)
    for at, shake in enumerate(_SHAKES, 1):
        again = f", a larger one ({at} of {len(_SHAKES)})" if at > 1 else ""
        part = stage(f"trying a random adapter in llama.cpp{again}", PASSES * len(texts))
        found = _shaken(base, texts, folder / "proof.gguf", shake, part)
        if found.telling:
            found.check(f"A random adapter to {base.path.name}")
            return found
    raise TrainingError(
        f"Whether adapters to {base.path.name} are converted rightly cannot be told: random ones "
        f"move tokens by {found.moved:.2f} nats at most."
    )


def _shaken(base: Base, texts: Sequence[Text], file: Path, shake: float, part: Part) -> Parity:
    """What a random adapter of this size does; only queries and keys show a wrong order of rows."""
    import peft
    import torch

    torch.manual_seed(1)
    shaky = [name for name in base.targets if name in ("q_proj", "k_proj", "qkv_proj")]
    config = peft.LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=8, target_modules=shaky)
    model = peft.get_peft_model(base.model, config)
    try:
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=shake)
        save(model, base, file)
        return measure(model, base.path, file, texts, part)
    finally:
        base.model = model.unload()


def save(model: Any, base: Base, path: Path) -> None:
    """Write the adapter of a peft model as GGUF."""
    import peft

    weights = {
        name: weight.detach().float().cpu().numpy()
        for name, weight in peft.get_peft_model_state_dict(model).items()
    }
    convert.write(path, weights, model.peft_config["default"], base.arch, model.config)
