"""The cache of the chat: which tokens it holds, and how to bring it to a prompt, exactly.

*Exactly* means: logits and cells are bit for bit those of a fresh evaluation of the same tokens,
however the work was cut and whatever the cache held before, so that a reply can be reproduced from
its prompt and seed alone. What was measured on CPU (starter model as Q4_1, Q4_0, Q8_0 and F16;
200 to 700 tokens cut into pieces of 2, 3, 4, 5, 7, 8, 17, 32, 100, 256, 512; logits compared bit
by bit), and what follows from it:

- **Flash attention off**: any cut into batches of two or more tokens is identical, with one thread
  and with two. With flash attention on, every cut changes logits (by up to 1.1).
- **Batches of one token differ** (another matrix kernel; logits move by up to 0.9): a reply decoded
  token by token leaves other cells than a prompt evaluated at once. So cells written by decoding
  are not *exact*: they serve until the reply is over, and ``settle`` evaluates them again in the
  background. A prompt that comes before that does it itself. No batch of one is ever left at the
  end of a prompt.
- One pool of cells for all sequences (``kv_unified``) is identical to a pool for each as long as
  the chat's cells are contiguous from the first on. Nothing else stays in this context between
  calls, so they are; scoring has a context of its own.
- On a GPU, and with quantized values, which need flash attention, none of this is guaranteed.
- **Keys as q8_0, values as f16** keep all of it, and have a matrix kernel for a few rows where f16
  has none: at 2,063 tokens one reply takes 13.9 ms a token as before, four together 28 instead of
  33. Compared with a cache of 32-bit numbers over 3 × 2,048 tokens of novels: KL 0.0039 nats a
  token (f16 0.0036), the most likely token the same in 95.4 % (95.9), loss 3.0210 (3.0206; 32 bits
  3.0211). So ``auto`` is that on a CPU, unless a head's key is no multiple of a block.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from rpterm.engine.llama.binding import lib
from rpterm.engine.llama.desk import Abort
from rpterm.engine.llama.model import SPARE, UBATCH, Model
from rpterm.engine.llama.parked import Parked
from rpterm.engine.llama.plan import (
    MIN_BATCH,
    Plan,
    fit_chunk,
    next_chunk,
    plan_prompt,
    plan_settle,
)
from rpterm.engine.llama.snapshots import Snapshots
from rpterm.engine.protocol import EngineError

CHAT = 0
"""The chat's sequence."""

_FULL, _ABORTED = 1, 2
Progress = Callable[[int, int, int], None]


class Aborted(Exception):
    """The abort flag was set; the cache is consistent."""


class Full(Exception):
    """No free cell is left; the cache is as before the batch."""


class Batch:
    """llama.cpp's batch structure, filled from Python."""

    def __init__(self, size: int) -> None:
        self.raw = lib.llama_batch_init(size, 0, 1)

    def put(self, at: int, token: int, position: int, sequence: int, logits: bool) -> None:
        """Set row ``at``."""
        raw = self.raw
        raw.token[at] = token
        raw.pos[at] = position
        raw.n_seq_id[at] = 1
        raw.seq_id[at][0] = sequence
        raw.logits[at] = logits

    def decode(self, context: Any, count: int) -> None:
        """Evaluate the first ``count`` rows.

        Raises:
            Aborted: The flag was set meanwhile.
            Full: No cells are left.
            EngineError: llama.cpp failed.
        """
        self.raw.n_tokens = count
        code = lib.llama_decode(context, self.raw)
        if code == 0:
            return
        if code == _ABORTED:
            raise Aborted
        if code == _FULL:
            raise Full
        raise EngineError(f"The model failed while evaluating (llama_decode returned {code}).")


class ChatCache:
    """The context of the chat and the tokens of its sequence.

    Attributes:
        tokens: What the cells of the chat's sequence hold.
        exact: How many of them, from the first on, are exact.
    """

    def __init__(self, model: Model, abort: Abort) -> None:
        spare = SPARE if model.options.sequences > 1 else 0
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
        self.parked = Parked() if model.forgets else Snapshots()
        self._chunk = 32

    def prepare(
        self, prompt: Sequence[int], mode: Literal["exact", "shift"], progress: Progress
    ) -> int:
        """Evaluate a prompt and leave the logits after it in the last row.

        Returns:
            How many of its tokens needed no evaluation.

        Raises:
            Aborted: The flag was set; what was evaluated so far stays.
        """
        if not (self.model.forgets and lib.llama_memory_can_shift(self.memory)):
            mode = "exact"
        if mode == "exact":
            self.parked.serve(self, prompt)
        plan = plan_prompt(self.tokens, self.exact, prompt, mode)
        kept = self._keep(plan)
        self._evaluate(prompt, kept, progress, pause=len(prompt) - MIN_BATCH)
        return kept

    def settle(self, ids: Sequence[int]) -> None:
        """Hold exactly these tokens.

        Raises:
            Aborted: The flag was set; what was evaluated so far stays.
        """
        self.parked.serve(self, ids)
        kept = self._keep(plan_settle(self.tokens, self.exact, ids))
        self._evaluate(ids, kept, None, pause=len(ids))

    def settle_all(self, ids: Sequence[int], others: Sequence[Sequence[int]]) -> None:
        """Hold exactly these tokens, and have the others at hand as far as memory allows.

        Raises:
            Aborted: The flag was set; what was evaluated so far stays.
        """
        self.settle(ids)
        ready = others[: self.parked.room(self)]
        for other in ready:
            self.settle(other)
        if ready:
            self.settle(ids)

    def truncate(self, count: int) -> int:
        """Drop all but the first ``count`` tokens; returns how many are left, which is 0 where the
        model's memory cannot forget a part."""
        if count < len(self.tokens) and not lib.llama_memory_seq_rm(self.memory, CHAT, count, -1):
            count = 0
        if count == 0:
            self.clear()
        del self.tokens[count:]
        self.exact = min(self.exact, count)
        return count

    def clear(self) -> None:
        """Forget everything, other sequences too."""
        lib.llama_memory_clear(self.memory, False)
        self.tokens.clear()
        self.exact = 0

    def decoded(self, ids: Sequence[int]) -> None:
        """Take note of tokens that were decoded one by one after the prompt."""
        self.tokens.extend(ids)

    def _keep(self, plan: Plan) -> int:
        if plan.cut is None:
            return self.truncate(plan.keep)
        begin, end = plan.cut
        lib.llama_memory_seq_rm(self.memory, CHAT, begin, end)
        lib.llama_memory_seq_add(self.memory, CHAT, end, -1, begin - end)
        del self.tokens[begin:end]
        self.exact = min(self.exact, begin)
        return self.truncate(plan.keep)

    def _evaluate(
        self, ids: Sequence[int], done: int, progress: Progress | None, *, pause: int
    ) -> None:
        """Evaluate the rest of a prompt.

        Args:
            pause: Tokens after which the cache is worth remembering, for a model that could not
                come back there.
        """
        reused, total = done, len(ids)
        pause = pause if not self.model.forgets and pause - done >= MIN_BATCH else 0
        while done < total:
            if progress is not None:
                progress(done - reused, total - reused, reused)
            if self.abort.is_set():
                raise Aborted
            count = next_chunk((pause if done < pause else total) - done, self._chunk)
            began = time.perf_counter()
            self._chunk_of(ids, done, count)
            self.fit_to(count, time.perf_counter() - began)
            done += count
            if done == pause and isinstance(self.parked, Snapshots):
                self.parked.keep(self)
        if progress is not None:
            progress(done - reused, total - reused, reused)

    def fit_to(self, tokens: int, seconds: float) -> None:
        """Choose the next chunks by how long one took."""
        self._chunk = fit_chunk(tokens, seconds, UBATCH)

    def _chunk_of(self, ids: Sequence[int], start: int, count: int) -> None:
        for row in range(count):
            self.batch.put(row, ids[start + row], start + row, CHAT, row == count - 1)
        try:
            self.batch.decode(self.context, count)
        except (Aborted, Full, EngineError):
            self.truncate_cells(start)
            raise
        self.tokens.extend(ids[start : start + count])
        if self.exact == start and count >= MIN_BATCH:
            self.exact = start + count

    def truncate_cells(self, count: int) -> None:
        """Remove cells of the chat that no token of ``tokens`` stands for."""
        if not lib.llama_memory_seq_rm(self.memory, CHAT, count, -1):
            self.clear()
