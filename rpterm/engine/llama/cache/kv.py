"""The KV cache of the chat: which tokens it holds, and how to bring it to a prompt, exactly.

*Exact* means: logits and cells are bit for bit those of a fresh evaluation of the same tokens, no
matter how the work was split and what the cache held before, so a reply can be reproduced from its
prompt and seed alone. Measured on a CPU (starter model as Q4_1, Q4_0, Q8_0 and F16; 200 to 700
tokens split into batches of 2, 3, 4, 5, 7, 8, 17, 32, 100, 256, 512; logits compared bit by bit),
with these consequences:

- **Flash attention is off**: any split into batches of two or more tokens then gives identical
  results, with one thread and with two. With flash attention, every split changes logits (by up to
  1.1).
- **Batches of one token differ** (another matrix kernel; logits move by up to 0.9): a reply decoded
  token by token leaves other cells than a prompt evaluated at once. Cells written by decoding are
  therefore not *exact*: they serve until the reply is complete, then ``settle`` evaluates them
  again in the background, or the next prompt does if it comes first. No batch of one is ever left
  at the end of a prompt.
- One pool of cells for all sequences (``kv_unified``) gives the same results as a pool for each, as
  long as the chat's cells are contiguous from the first on. They are, because nothing else stays in
  this context between calls; scoring has a context of its own.
- On a GPU, and with quantized values, which need flash attention, none of this is guaranteed.
- **Keys as q8_0 with values as f16** keep all of it, and have a matrix kernel for a few rows where
  f16 has none: at 2,063 tokens, one reply takes 13.9 ms a token as before, four together take 28
  instead of 33. Compared with a 32-bit cache over 3 × 2,048 tokens of novels: KL 0.0039 nats a
  token (f16 0.0036), the same most likely token in 95.4 % (95.9), loss 3.0210 (3.0206; 32 bits
  3.0211). ``auto`` is therefore this combination on a CPU, unless the size of a head's key is no
  multiple of a q8_0 block.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from rpterm.engine.llama.binding import lib
from rpterm.engine.llama.cache.checkpoints import Checkpoints
from rpterm.engine.llama.cache.host_cache import HostCache
from rpterm.engine.llama.cache.prefix_reuse import (
    MIN_BATCH,
    ReusePlan,
    fit_chunk,
    next_chunk,
    plan_prompt,
    plan_settle,
)
from rpterm.engine.llama.cache.prompt_cache import PromptCache
from rpterm.engine.llama.job_queue import AbortFlag
from rpterm.engine.llama.model import SPARE_CELLS, UBATCH, Model
from rpterm.engine.protocol import EngineError

CHAT = 0
"""The sequence id of the chat."""

_NO_CELLS, _ABORTED = 1, 2
"""Return codes of ``llama_decode``."""
Progress = Callable[[int, int, int], None]


class Aborted(Exception):
    """The abort flag was set; the cache is still consistent."""


class CacheFull(Exception):
    """No free cell is left; the cache is as it was before the batch."""


class Batch:
    """llama.cpp's batch structure, filled from Python."""

    def __init__(self, size: int) -> None:
        self.raw = lib.llama_batch_init(size, 0, 1)

    def put(self, row: int, token: int, position: int, sequence: int, logits: bool) -> None:
        """Set a row; ``logits`` asks for the logits after its token."""
        raw = self.raw
        raw.token[row] = token
        raw.pos[row] = position
        raw.n_seq_id[row] = 1
        raw.seq_id[row][0] = sequence
        raw.logits[row] = logits

    def decode(self, context: Any, count: int) -> None:
        """Evaluate the first ``count`` rows.

        Raises:
            Aborted: The abort flag was set meanwhile.
            CacheFull: No cells are left.
            EngineError: llama.cpp failed.
        """
        self.raw.n_tokens = count
        code = lib.llama_decode(context, self.raw)
        if code == 0:
            return
        if code == _ABORTED:
            raise Aborted
        if code == _NO_CELLS:
            raise CacheFull
        raise EngineError(f"The model failed while evaluating (llama_decode returned {code}).")


class ChatCache:
    """The llama.cpp context of the chat, and the tokens of the chat's sequence.

    Attributes:
        tokens: The tokens in the cells of the chat's sequence.
        exact: How many of them, from the first on, are exact.
        host_cache: Copies of earlier states in host memory.
    """

    def __init__(self, model: Model, abort: AbortFlag) -> None:
        spare = SPARE_CELLS if model.options.sequences > 1 else 0
        self.model = model
        self.abort = abort
        self.context = model.new_context(
            model.options.context + spare, model.options.sequences, unified=True, name="the chat"
        )
        abort.install(lib, self.context)
        self.memory = lib.llama_get_memory(self.context)
        self.batch = Batch(UBATCH)
        self.tokens: list[int] = []
        self.exact = 0
        self.host_cache: HostCache = PromptCache() if model.can_truncate else Checkpoints()
        self._chunk = 32

    def prepare(
        self, prompt: Sequence[int], mode: Literal["exact", "shift"], progress: Progress
    ) -> int:
        """Evaluate a prompt; the last row then has the logits after it.

        Returns:
            How many of its tokens needed no evaluation.

        Raises:
            Aborted: The abort flag was set; what was evaluated so far stays.
        """
        if not (self.model.can_truncate and lib.llama_memory_can_shift(self.memory)):
            mode = "exact"
        if mode == "exact":
            self.host_cache.swap(self, prompt)
        kept = self._apply(plan_prompt(self.tokens, self.exact, prompt, mode))
        self._evaluate(prompt, kept, progress, checkpoint=len(prompt) - MIN_BATCH)
        return kept

    def settle(self, ids: Sequence[int]) -> None:
        """Bring the cache to exactly these tokens.

        Raises:
            Aborted: The abort flag was set; what was evaluated so far stays.
        """
        self.host_cache.swap(self, ids)
        kept = self._apply(plan_settle(self.tokens, self.exact, ids))
        self._evaluate(ids, kept, None, checkpoint=len(ids))

    def settle_all(self, ids: Sequence[int], others: Sequence[Sequence[int]]) -> None:
        """Bring the cache to exactly these tokens, with copies of the others as memory allows.

        Raises:
            Aborted: The abort flag was set; what was evaluated so far stays.
        """
        self.settle(ids)
        prepared = others[: self.host_cache.capacity(self)]
        for other in prepared:
            self.settle(other)
        if prepared:
            self.settle(ids)

    def truncate(self, count: int) -> int:
        """Drop all but the first ``count`` tokens.

        Returns:
            How many are left: 0 where the model's memory cannot be truncated.
        """
        if count < len(self.tokens) and not lib.llama_memory_seq_rm(self.memory, CHAT, count, -1):
            count = 0
        if count == 0:
            self.clear()
        del self.tokens[count:]
        self.exact = min(self.exact, count)
        return count

    def clear(self) -> None:
        """Empty the cache, other sequences included."""
        lib.llama_memory_clear(self.memory, False)
        self.tokens.clear()
        self.exact = 0

    def _apply(self, plan: ReusePlan) -> int:
        """Drop what the plan does not keep; returns how many tokens are left."""
        if plan.cut is None:
            return self.truncate(plan.keep)
        begin, end = plan.cut
        lib.llama_memory_seq_rm(self.memory, CHAT, begin, end)
        lib.llama_memory_seq_add(self.memory, CHAT, end, -1, begin - end)
        del self.tokens[begin:end]
        self.exact = min(self.exact, begin)
        return self.truncate(plan.keep)

    def _evaluate(
        self, ids: Sequence[int], done: int, progress: Progress | None, *, checkpoint: int
    ) -> None:
        """Evaluate the tokens from ``done`` on.

        Args:
            checkpoint: After how many tokens to stop for a checkpoint, where the model needs them.
        """
        reused, total = done, len(ids)
        if not self.host_cache.wants_checkpoints or checkpoint - done < MIN_BATCH:
            checkpoint = 0
        while done < total:
            if progress is not None:
                progress(done - reused, total - reused, reused)
            if self.abort.is_set():
                raise Aborted
            goal = checkpoint if done < checkpoint else total
            count = next_chunk(goal - done, self._chunk)
            began = time.perf_counter()
            self._evaluate_chunk(ids, done, count)
            self._chunk = fit_chunk(count, time.perf_counter() - began, UBATCH)
            done += count
            if done == checkpoint:
                self.host_cache.checkpoint(self)
        if progress is not None:
            progress(done - reused, total - reused, reused)

    def _evaluate_chunk(self, ids: Sequence[int], start: int, count: int) -> None:
        for row in range(count):
            self.batch.put(row, ids[start + row], start + row, CHAT, row == count - 1)
        try:
            self.batch.decode(self.context, count)
        except (Aborted, CacheFull, EngineError):
            self.truncate_cells(start)
            raise
        self.tokens.extend(ids[start : start + count])
        if self.exact == start and count >= MIN_BATCH:
            self.exact = start + count

    def truncate_cells(self, count: int) -> None:
        """Remove the cells of the chat from the ``count``-th on, which are not in ``tokens``."""
        if not lib.llama_memory_seq_rm(self.memory, CHAT, count, -1):
            self.clear()
