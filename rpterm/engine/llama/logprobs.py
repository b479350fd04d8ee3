"""Computes the log-probability of a reply after each of several prompts.

The prompts have a context of their own, one sequence each, so the chat's cache is not touched. Each
sequence has its own cells (``kv_unified`` off): a result does not depend on what else is scored at
the same time. Sequences keep their prompts for later calls, so scoring many replies under the same
cards evaluates the cards once. Does not know what the prompts mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpterm.engine.llama.binding import lib
from rpterm.engine.llama.cache import state_file
from rpterm.engine.llama.cache.kv import Batch
from rpterm.engine.llama.cache.prefix_reuse import common_prefix_length
from rpterm.engine.llama.model import UBATCH, Model
from rpterm.engine.protocol import EngineError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MAX_BYTES = 384 << 20
"""Memory for the prompts of earlier calls: the sixteen a slow score asks for, 1,300 tokens long."""
_MAX_SLOTS = 16
_FIRST_LENGTH = 1024
"""Initial tokens per sequence; a context that is replaced for a longer prompt loses its prompts."""
_MIN_COPIED = 32
"""A prefix must be this much longer in another sequence to be copied from there."""
_MAX_LOGITS = 32 << 20
"""Most logits computed in one batch."""


@dataclass(slots=True)
class _PromptSlot:
    """One sequence, the tokens in it, and its priority when one has to be replaced."""

    sequence: int
    tokens: list[int] = field(default_factory=list)
    priority: int = 0


class LogprobScorer:
    """The scoring context, created when first needed and replaced when it is too small."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._context: Any = None
        self._memory: Any = None
        self._length = 0
        self._slots: list[_PromptSlot] = []
        self._evicted_priority = 0
        self._batch = Batch(UBATCH)

    def logprobs(self, reply: Sequence[int], prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        """Natural-log probabilities of the reply's tokens after each prompt."""
        filled = [list(prompt) or [self._model.start_token] for prompt in prompts]
        for ids in (reply, *filled):
            self._model.check_ids(ids)
        if not reply or not filled:
            return [[] for _ in filled]
        self._ensure_capacity(max(len(prompt) for prompt in filled) + len(reply), len(filled))
        result: list[list[float]] = []
        for start in range(0, len(filled), len(self._slots)):
            result += self._score_batch(reply, filled[start : start + len(self._slots)])
        return result

    def recall(self, prompt: Sequence[int], path: Path, room: int) -> bool:
        """Load a prompt from a file unless it is evaluated already; whether it now is.

        Args:
            room: Tokens of the longest reply that will be scored after it.
        """
        wanted = list(prompt[:-1])
        self._ensure_capacity(len(prompt) + room, 1)
        if any(slot.tokens[: len(wanted)] == wanted for slot in self._slots):
            return True
        if not path.is_file():
            return False
        slot = self._choose_slot(list(prompt), [])
        lib.llama_memory_seq_rm(self._memory, slot.sequence, -1, -1)
        slot.tokens, _ = state_file.read(self._sequence_ref(slot), path, self._length)
        if slot.tokens != wanted:
            lib.llama_memory_seq_rm(self._memory, slot.sequence, -1, -1)
            slot.tokens, slot.priority = [], 0
        return bool(slot.tokens)

    def keep(self, prompt: Sequence[int], path: Path) -> bool:
        """Save an evaluated prompt to a file; false where it is not evaluated, or that fails."""
        wanted = list(prompt[:-1])
        slot = next((each for each in self._slots if each.tokens == wanted), None)
        return slot is not None and state_file.write(self._sequence_ref(slot), wanted, path)

    def _sequence_ref(self, slot: _PromptSlot) -> state_file.SequenceRef:
        return state_file.SequenceRef(self._model, self._context, slot.sequence)

    def _ensure_capacity(self, length: int, prompts: int) -> None:
        if length <= self._length and len(self._slots) >= min(
            prompts, self._max_slots(self._length)
        ):
            return
        trained = self._model.trained_context or length
        if length > max(trained, self._model.options.context):
            raise EngineError(
                f"Prompt and reply together have {length:,} tokens, but the model was trained for "
                f"{trained:,}: shorten the prompt."
            )
        self._length = max(self._first_length(), -(-length // 256) * 256)
        count = max(1, self._max_slots(self._length), min(prompts, 2))
        self.free()
        self._context = self._model.new_context(
            self._length * count, count, unified=False, name="scoring"
        )
        self._memory = lib.llama_get_memory(self._context)
        self._slots = [_PromptSlot(sequence) for sequence in range(count)]

    def _first_length(self) -> int:
        trained = self._model.trained_context or _FIRST_LENGTH
        return max(512, min(_FIRST_LENGTH, trained // 256 * 256))

    def _max_slots(self, length: int) -> int:
        return max(1, min(_MAX_SLOTS, _MAX_BYTES // max(1, length * self._model.kv_bytes)))

    def free(self) -> None:
        """Free the context."""
        if self._context is not None:
            lib.llama_free(self._context)
        self._context, self._slots = None, []

    def _score_batch(self, reply: Sequence[int], prompts: Sequence[list[int]]) -> list[list[float]]:
        """Score the reply after as many prompts as there are slots."""
        slots: list[_PromptSlot] = []
        for prompt in prompts:
            slot = self._choose_slot(prompt, slots)
            slots.append(slot)
            self._fill(slot, prompt[:-1])
        return self._score(reply, prompts, slots)

    def _choose_slot(self, prompt: list[int], taken: list[_PromptSlot]) -> _PromptSlot:
        """A free slot: one that holds much of this prompt, else the one with the lowest priority.

        GreedyDual (Young 1994): a prompt in use has the priority of its length plus the priority of
        the last one evicted. So a long prompt outlives many short ones, but not for ever.
        """
        free = [slot for slot in self._slots if slot not in taken]
        best = max(free, key=lambda slot: common_prefix_length(slot.tokens, prompt))
        if 2 * common_prefix_length(best.tokens, prompt) < len(best.tokens) or not best.tokens:
            best = min(free, key=lambda slot: slot.priority)
            self._evicted_priority = max(self._evicted_priority, best.priority)
        best.priority = self._evicted_priority + len(prompt)
        return best

    def _fill(self, slot: _PromptSlot, tokens: list[int]) -> None:
        """Bring the slot to exactly these tokens."""
        keep = common_prefix_length(slot.tokens, tokens)
        other = max(self._slots, key=lambda each: common_prefix_length(each.tokens, tokens))
        shared = common_prefix_length(other.tokens, tokens)
        if shared >= keep + _MIN_COPIED:
            lib.llama_memory_seq_rm(self._memory, slot.sequence, -1, -1)
            lib.llama_memory_seq_cp(self._memory, other.sequence, slot.sequence, -1, -1)
            slot.tokens, keep = list(other.tokens), shared
        keep = self._truncate(slot, keep)
        for start in range(keep, len(tokens), UBATCH):
            part = tokens[start : start + UBATCH]
            for row, token in enumerate(part):
                self._batch.put(row, token, start + row, slot.sequence, False)
            slot.tokens = tokens[:start]
            self._batch.decode(self._context, len(part))
        slot.tokens = list(tokens)

    def _truncate(self, slot: _PromptSlot, keep: int) -> int:
        """Drop all but the first ``keep`` tokens; returns how many are left."""
        if keep < len(slot.tokens) and not lib.llama_memory_seq_rm(
            self._memory, slot.sequence, keep, -1
        ):
            lib.llama_memory_seq_rm(self._memory, slot.sequence, -1, -1)
            keep = 0
        del slot.tokens[keep:]
        return keep

    def _score(
        self, reply: Sequence[int], prompts: Sequence[list[int]], slots: Sequence[_PromptSlot]
    ) -> list[list[float]]:
        """Evaluate the last prompt token and the reply in all slots in parallel."""
        rows = max(len(slots), min(UBATCH, _MAX_LOGITS // self._model.vocab_size))
        step = max(1, rows // len(slots))
        result: list[list[float]] = [[] for _ in slots]
        try:
            for start in range(0, len(reply), step):
                wanted = list(reply[start : start + step])
                self._evaluate(reply, prompts, slots, start, len(wanted))
                for at in range(len(slots)):
                    result[at] += self._row_logprobs(at * len(wanted), wanted)
        finally:
            for slot in slots:
                if not lib.llama_memory_seq_rm(self._memory, slot.sequence, len(slot.tokens), -1):
                    lib.llama_memory_seq_rm(self._memory, slot.sequence, -1, -1)
                    slot.tokens, slot.priority = [], 0
        return result

    def _evaluate(
        self,
        reply: Sequence[int],
        prompts: Sequence[list[int]],
        slots: Sequence[_PromptSlot],
        start: int,
        count: int,
    ) -> None:
        """Evaluate the tokens that ``count`` reply tokens from ``start`` on are predicted from."""
        row = 0
        for prompt, slot in zip(prompts, slots, strict=True):
            for at in range(start, start + count):
                token = reply[at - 1] if at else prompt[-1]
                self._batch.put(row, token, len(prompt) - 1 + at, slot.sequence, True)
                row += 1
        self._batch.decode(self._context, row)

    def _row_logprobs(self, first_row: int, wanted: list[int]) -> list[float]:
        import numpy as np

        rows = (
            lib.llama_get_logits_ith(self._context, first_row + at) for at in range(len(wanted))
        )
        shape = (self._model.vocab_size,)
        return [
            log_softmax_at(np.ctypeslib.as_array(row, shape), token)
            for row, token in zip(rows, wanted, strict=True)
        ]


def log_softmax_at(logits: NDArray[np.float32], token: int) -> float:
    """ln softmax(logits)[token], shifted by the largest logit.

    Only the sum has double precision: 0.05 ms for the starter's vocabulary instead of 0.39, and the
    same to seven digits.
    """
    import numpy as np

    largest = logits.max()
    total = np.exp(logits - largest).sum(dtype=np.float64)
    return float(np.float64(logits[token]) - np.float64(largest) - np.log(total))
