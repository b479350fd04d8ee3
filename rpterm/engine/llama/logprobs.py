"""How likely a reply is after each of several prompts.

The prompts live in a context of their own, one sequence each, so the chat's cache is not touched.
Each sequence has its own cells (``kv_unified`` off): a result does not depend on what else is
scored beside it. Sequences keep their prompts for later calls: scoring many replies under the same
cards evaluates the cards once. Does not know what the prompts mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpterm.engine.llama import state
from rpterm.engine.llama.binding import lib
from rpterm.engine.llama.kv import Batch
from rpterm.engine.llama.model import UBATCH, Model
from rpterm.engine.llama.plan import common_prefix
from rpterm.engine.protocol import EngineError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BUDGET = 384 << 20
"""Bytes of cache that may be kept for prompts of earlier calls: the sixteen a slow score asks for,
1,300 tokens long."""
_MOST_SLOTS = 16
_LENGTH = 1024
"""Tokens of a sequence to begin with: what is made anew for a longer prompt loses what it held."""
_WORTH_A_COPY = 32
_LOGITS = 32 << 20
"""Most logits asked for at once."""


@dataclass(slots=True)
class _Slot:
    """One sequence, what it holds, and what keeping it is worth."""

    sequence: int
    tokens: list[int] = field(default_factory=list)
    worth: int = 0


class Scorer:
    """Keeps the scoring context; makes it when first needed, and anew when it is too small."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._context: Any = None
        self._memory: Any = None
        self._length = 0
        self._slots: list[_Slot] = []
        self._least_worth = 0
        self._batch = Batch(UBATCH)

    def logprobs(self, reply: Sequence[int], prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        """Natural-log probabilities of the reply's tokens after each prompt."""
        asked = [list(prompt) or [self._model.start_token] for prompt in prompts]
        for ids in (reply, *asked):
            self._model.check_ids(ids)
        if not reply or not asked:
            return [[] for _ in asked]
        self._make_room(max(len(prompt) for prompt in asked) + len(reply), len(asked))
        result: list[list[float]] = []
        for start in range(0, len(asked), len(self._slots)):
            result += self._round(reply, asked[start : start + len(self._slots)])
        return result

    def recall(self, prompt: Sequence[int], path: Path, room: int) -> bool:
        """Whether a prompt is evaluated already, here or in a file, from which it is taken.

        Args:
            room: Tokens of the longest reply that is asked after it.
        """
        wanted = list(prompt[:-1])
        self._make_room(len(prompt) + room, 1)
        if any(slot.tokens[: len(wanted)] == wanted for slot in self._slots):
            return True
        if not path.is_file():
            return False
        slot = self._choose(list(prompt), [])
        lib.llama_memory_seq_rm(self._memory, slot.sequence, -1, -1)
        slot.tokens, _ = state.read(self._place(slot), path, self._length)
        if slot.tokens != wanted:
            lib.llama_memory_seq_rm(self._memory, slot.sequence, -1, -1)
            slot.tokens, slot.worth = [], 0
        return bool(slot.tokens)

    def keep(self, prompt: Sequence[int], path: Path) -> bool:
        """Write a prompt that is evaluated into a file; false where it is not, or it fails."""
        wanted = list(prompt[:-1])
        slot = next((each for each in self._slots if each.tokens == wanted), None)
        return slot is not None and state.write(self._place(slot), wanted, path)

    def _place(self, slot: _Slot) -> state.Place:
        return state.Place(self._model, self._context, slot.sequence)

    def _make_room(self, length: int, prompts: int) -> None:
        if length <= self._length and (len(self._slots) >= min(prompts, self._most(self._length))):
            return
        largest = self._model.trained_context or length
        if length > max(largest, self._model.options.context):
            raise EngineError(
                f"Prompt and reply have {length:,} tokens together and the model was trained for "
                f"{largest:,}: shorten the prompt."
            )
        self._length = max(self._first_length(), -(-length // 256) * 256)
        count = max(1, self._most(self._length), min(prompts, 2))
        self.free()
        self._context = self._model.new_context(
            self._length * count, count, unified=False, name="scoring"
        )
        self._memory = lib.llama_get_memory(self._context)
        self._slots = [_Slot(sequence) for sequence in range(count)]

    def _first_length(self) -> int:
        largest = self._model.trained_context or _LENGTH
        return max(512, min(_LENGTH, largest // 256 * 256))

    def _most(self, length: int) -> int:
        return max(1, min(_MOST_SLOTS, _BUDGET // max(1, length * self._model.kv_bytes)))

    def free(self) -> None:
        """Give the memory of the context back."""
        if self._context is not None:
            lib.llama_free(self._context)
        self._context, self._slots = None, []

    def _round(self, reply: Sequence[int], prompts: Sequence[list[int]]) -> list[list[float]]:
        slots: list[_Slot] = []
        for prompt in prompts:
            slot = self._choose(prompt, slots)
            slots.append(slot)
            self._fill(slot, prompt[:-1])
        return self._score(reply, prompts, slots)

    def _choose(self, prompt: list[int], taken: list[_Slot]) -> _Slot:
        """A free slot: one that holds much of this prompt, else the one worth least.

        GreedyDual (Young 1994): a prompt is worth its tokens when used, on top of what the last
        one that had to go was worth. So a long prompt outlives many short ones, but not for ever.
        """
        free = [slot for slot in self._slots if slot not in taken]
        best = max(free, key=lambda slot: common_prefix(slot.tokens, prompt))
        if 2 * common_prefix(best.tokens, prompt) < len(best.tokens) or not best.tokens:
            best = min(free, key=lambda slot: slot.worth)
            self._least_worth = max(self._least_worth, best.worth)
        best.worth = self._least_worth + len(prompt)
        return best

    def _fill(self, slot: _Slot, tokens: list[int]) -> None:
        """Make the slot hold exactly these tokens."""
        keep = common_prefix(slot.tokens, tokens)
        other = max(self._slots, key=lambda each: common_prefix(each.tokens, tokens))
        shared = common_prefix(other.tokens, tokens)
        if shared >= keep + _WORTH_A_COPY:
            lib.llama_memory_seq_rm(self._memory, slot.sequence, -1, -1)
            lib.llama_memory_seq_cp(self._memory, other.sequence, slot.sequence, -1, -1)
            slot.tokens, keep = list(other.tokens), shared
        keep = self._cut(slot, keep)
        for start in range(keep, len(tokens), UBATCH):
            part = tokens[start : start + UBATCH]
            for row, token in enumerate(part):
                self._batch.put(row, token, start + row, slot.sequence, False)
            slot.tokens = tokens[:start]
            self._batch.decode(self._context, len(part))
        slot.tokens = list(tokens)

    def _cut(self, slot: _Slot, keep: int) -> int:
        if keep < len(slot.tokens) and not lib.llama_memory_seq_rm(
            self._memory, slot.sequence, keep, -1
        ):
            lib.llama_memory_seq_rm(self._memory, slot.sequence, -1, -1)
            keep = 0
        del slot.tokens[keep:]
        return keep

    def _score(
        self, reply: Sequence[int], prompts: Sequence[list[int]], slots: Sequence[_Slot]
    ) -> list[list[float]]:
        """Evaluate the last prompt token and the reply in all slots, side by side."""
        rows = max(len(slots), min(UBATCH, _LOGITS // self._model.vocab_size))
        step = max(1, rows // len(slots))
        result: list[list[float]] = [[] for _ in slots]
        try:
            for start in range(0, len(reply), step):
                wanted = list(reply[start : start + step])
                self._evaluate(reply, prompts, slots, start, len(wanted))
                for at in range(len(slots)):
                    result[at] += self._pick(at * len(wanted), wanted)
        finally:
            for slot in slots:
                if not lib.llama_memory_seq_rm(self._memory, slot.sequence, len(slot.tokens), -1):
                    lib.llama_memory_seq_rm(self._memory, slot.sequence, -1, -1)
                    slot.tokens, slot.worth = [], 0
        return result

    def _evaluate(
        self,
        reply: Sequence[int],
        prompts: Sequence[list[int]],
        slots: Sequence[_Slot],
        start: int,
        count: int,
    ) -> None:
        row = 0
        for prompt, slot in zip(prompts, slots, strict=True):
            for at in range(start, start + count):
                token = reply[at - 1] if at else prompt[-1]
                self._batch.put(row, token, len(prompt) - 1 + at, slot.sequence, True)
                row += 1
        self._batch.decode(self._context, row)

    def _pick(self, first_row: int, wanted: list[int]) -> list[float]:
        return [
            log_softmax_at(self._logits(first_row + at), token) for at, token in enumerate(wanted)
        ]

    def _logits(self, row: int) -> NDArray[np.float32]:
        import numpy as np

        logits = lib.llama_get_logits_ith(self._context, row)
        return np.ctypeslib.as_array(logits, (self._model.vocab_size,))


def log_softmax_at(logits: NDArray[np.float32], token: int) -> float:
    """ln softmax(logits)[token], the largest taken away first.

    Only the sum is of double precision: 0.05 ms for the starter's vocabulary, not 0.39, and the
    same to seven digits.
    """
    import numpy as np

    largest = logits.max()
    total = np.exp(logits - largest).sum(dtype=np.float64)
    return float(np.float64(logits[token]) - np.float64(largest) - np.log(total))
