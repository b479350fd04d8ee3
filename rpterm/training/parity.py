"""Checks that an adapter does the same in llama.cpp, from its GGUF file, as in transformers.

Both read the same prompts and replies, with and without the adapter. Compared is how much the
adapter changes the log-probability of each token: the two programs round the arithmetic of the base
weights differently, and that cancels out. A wrong conversion (a wrong order of the rows of q and k,
a wrong scale) still loads and still changes replies, only differently.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rpterm.engine.llama import LlamaEngine, ModelOptions
from rpterm.engine.protocol import Piece
from rpterm.errors import RptermError
from rpterm.training import convert
from rpterm.training.base_model import BaseModel

LIMIT = 0.5
"""Allowed difference, as a share of the mean change."""
ROUNDING = 0.15
"""Nats a token by which the programs differ regardless of the adapter: 0.09 were measured with the
starter's 4-bit weights, where llama.cpp rounds activations to 8 bits and transformers does not."""
PASSES = 4
"""How often ``measure`` reads every text: with and without the adapter, in both programs."""
OnPart = Callable[[], object]
"""Called when one text was read once."""
_CONTEXT = 512
_PROMPT_TOKENS, _REPLY_TOKENS = 300, 120
_RANDOM_SIZES = (0.5, 1.0, 2.0, 4.0)
"""Standard deviations of random adapters, the smallest first: too large a one gives only noise."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How much an adapter changes log-probabilities, and how much the two programs differ in that.

    Attributes:
        moved: Mean absolute change in transformers, in nats per token.
        apart: Mean absolute difference between the changes in both programs.
    """

    moved: float
    apart: float
    tokens: int

    @property
    def same(self) -> bool:
        """Whether both programs agree, except for rounding."""
        return self.apart <= LIMIT * self.moved + ROUNDING

    @property
    def is_conclusive(self) -> bool:
        """Whether the change is large enough to reveal a wrong conversion."""
        return self.moved >= 4 * ROUNDING

    def check(self, what: str) -> None:
        """Check the agreement.

        Raises:
            RptermError: llama.cpp does something else than transformers.
        """
        if not self.same:
            raise RptermError(
                f"{what} does not do the same in llama.cpp as in transformers: over {self.tokens} "
                f"tokens it changes log-probabilities by {self.moved:.2f} nats, and the two differ "
                f"by {self.apart:.2f}. Nothing was written; this architecture cannot be trained "
                "yet."
            )


Stage = Callable[[str, int], Callable[[], object]]
"""See ``Listener.stage``."""
Text = tuple[str, str]
"""A rendered prompt with its control tokens, and the reply to it."""

_TokenPairs = list[tuple[list[int], list[int]]]


def measure(
    model: Any, base: Path, adapter: Path, texts: Sequence[Text], on_part: OnPart = lambda: None
) -> Parity:
    """Compare a peft model with the same adapter in llama.cpp, over some texts."""
    ids, llama_base = _llama_logprobs(base, None, texts, on_part)
    _, llama_adapted = _llama_logprobs(base, adapter, texts, on_part)
    with model.disable_adapter():
        torch_base = _transformers_logprobs(model, ids, on_part)
    torch_adapted = _transformers_logprobs(model, ids, on_part)
    torch_changes = [new - old for new, old in zip(torch_adapted, torch_base, strict=True)]
    llama_changes = [new - old for new, old in zip(llama_adapted, llama_base, strict=True)]
    tokens = len(torch_changes)
    moved = sum(map(abs, torch_changes)) / tokens
    apart = sum(abs(a - b) for a, b in zip(torch_changes, llama_changes, strict=True)) / tokens
    return Parity(moved, apart, tokens)


def _llama_logprobs(
    base: Path, adapter: Path | None, texts: Sequence[Text], on_part: OnPart
) -> tuple[_TokenPairs, list[float]]:
    """The tokens of the texts, and the log-probabilities of all reply tokens in one list."""
    engine = LlamaEngine(
        ModelOptions(base, context=_CONTEXT, gpu_layers=0, adapter=adapter, sequences=1)
    )
    try:
        engine.load()
        ids: _TokenPairs = []
        logprobs: list[float] = []
        for prompt, reply in texts:
            before, after = engine.tokenize([Piece(prompt, special=True), Piece(reply)])
            ids.append((before[-_PROMPT_TOKENS:], after[:_REPLY_TOKENS]))
            logprobs += engine.logprobs(ids[-1][1], [ids[-1][0]])[0]
            on_part()
        return ids, logprobs
    finally:
        engine.close()


def _transformers_logprobs(model: Any, ids: _TokenPairs, on_part: OnPart) -> list[float]:
    import torch

    logprobs: list[float] = []
    model.eval()
    with torch.no_grad():
        for before, after in ids:
            tokens = torch.tensor([before + after], device=model.device)
            logits = model(input_ids=tokens).logits[0, len(before) - 1 : -1].float()
            chosen = torch.tensor(after, device=model.device).unsqueeze(1)
            logprobs += torch.log_softmax(logits, -1).gather(1, chosen).squeeze(1).tolist()
            on_part()
    return logprobs


def check_conversion(
    base: BaseModel,
    texts: Sequence[Text],
    folder: Path,
    stage: Stage = lambda name, parts: lambda: None,
) -> Parity:
    """Convert a random adapter for this base and compare, before an hour is spent on training.

    Args:
        stage: Reports a stage; see ``Listener.stage``.

    Raises:
        RptermError: The conversion is wrong for this architecture, or cannot be checked.
    """
    measured = Parity(0.0, 0.0, 0)
    for attempt, size in enumerate(_RANDOM_SIZES, 1):
        again = f", a larger one ({attempt} of {len(_RANDOM_SIZES)})" if attempt > 1 else ""
        on_part = stage(f"trying a random adapter in llama.cpp{again}", PASSES * len(texts))
        measured = _measure_random(base, texts, folder / "proof.gguf", size, on_part)
        if measured.is_conclusive:
            measured.check(f"A random adapter for {base.path.name}")
            return measured
    raise RptermError(
        f"It cannot be checked whether adapters for {base.path.name} are converted correctly: "
        f"random ones change log-probabilities by at most {measured.moved:.2f} nats."
    )


def _measure_random(
    base: BaseModel, texts: Sequence[Text], file: Path, size: float, on_part: OnPart
) -> Parity:
    """Measure a random adapter of this size for queries and keys, whose rows may be in the wrong
    order."""
    import peft
    import torch

    torch.manual_seed(1)
    targets = [name for name in base.targets if name in ("q_proj", "k_proj", "qkv_proj")]
    config = peft.LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=8, target_modules=targets)
    model = peft.get_peft_model(base.model, config)
    try:
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=size)
        save(model, base, file)
        return measure(model, base.path, file, texts, on_part)
    finally:
        base.model = model.unload()


def save(model: Any, base: BaseModel, path: Path) -> None:
    """Write the adapter of a peft model as GGUF."""
    import peft

    weights = {
        name: weight.detach().float().cpu().numpy()
        for name, weight in peft.get_peft_model_state_dict(model).items()
    }
    convert.write(path, weights, model.peft_config["default"], base.arch, model.config)
