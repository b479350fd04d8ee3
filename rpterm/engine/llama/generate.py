"""The decode loop: one prompt, one or more replies, one batch per step.

Deterministic: the tokens depend only on the prompt, the samplers and the list of seeds. One of
several replies can only be reproduced together with the others, with all seeds again, because the
layout of a batch changes the last bits of its logits.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from rpterm.engine.llama.binding import lib
from rpterm.engine.llama.cache.kv import CHAT, Aborted, CacheFull, ChatCache
from rpterm.engine.llama.event_buffer import EventBuffer
from rpterm.engine.llama.sampling.banned_phrases import MAX_REWINDS
from rpterm.engine.llama.sampling.token_sampler import TokenSampler
from rpterm.engine.llama.slot import Slot
from rpterm.engine.protocol import EngineError, Finished, GenerateRequest, PromptProgress
from rpterm.types import StopReason, Usage


class Generation:
    """One ``generate`` call in the worker."""

    def __init__(self, cache: ChatCache, request: GenerateRequest, events: EventBuffer) -> None:
        """Raises:
        EngineError: The request cannot be carried out.
        """
        self._cache = cache
        self._model = cache.model
        self._request = request
        self._events = events
        self._prompt = request.prompt_ids
        self._reused = self._evaluated = 0
        self._check()

    def run(self, received: float) -> None:
        """Send all events, each reply's ``Finished`` last.

        Args:
            received: ``perf_counter`` when the request arrived.
        """
        slots: list[Slot] = []
        try:
            for index, seed in enumerate(self._seeds()):
                sampler = TokenSampler(self._model, self._request.sampling, seed, self._prompt)
                slots.append(Slot(index, sampler, self._model, self._request))
            with ThreadPoolExecutor(1) as self._helper:
                self._generate(slots)
        finally:
            for slot in slots:
                slot.sampler.free()
            self._clean_cache(slots)
        for slot in slots:
            self._finish(slot, received)

    def _check(self) -> None:
        request, options = self._request, self._model.options
        if not request.prompt_ids:
            raise EngineError("The prompt is empty: there is nothing to answer.")
        if len(request.prompt_ids) >= options.context:
            raise EngineError(
                f"The prompt has {len(request.prompt_ids):,} tokens and the context only "
                f"{options.context:,}: shorten it or choose a larger context."
            )
        if len(self._seeds()) > options.sequences:
            raise EngineError(
                f"{len(self._seeds())} replies at once are too many: the engine was started for "
                f"{options.sequences}."
            )
        self._model.check_ids(request.prompt_ids)

    def _seeds(self) -> Sequence[int]:
        return self._request.seeds or (self._request.sampling.seed or 0,)

    def _generate(self, slots: list[Slot]) -> None:
        try:
            self._reused = self._cache.prepare(self._prompt, self._request.kv_mode, self._progress)
            for slot in slots[1:]:
                lib.llama_memory_seq_cp(self._cache.memory, CHAT, slot.index, -1, -1)
            for slot in slots:
                if slot.reason is None:
                    self._advance(slot, -1, self._sample(slot, -1))
            self._events.flush_due()
            while active := [slot for slot in slots if slot.reason is None]:
                self._step(active)
                self._events.flush_due()
        except Aborted:
            _end_all(slots, "cancelled")
        except CacheFull:
            _end_all(slots, "context")

    def _progress(self, done: int, total: int, reused: int) -> None:
        self._evaluated = done
        self._events.send(PromptProgress(done, total, reused))

    def _step(self, active: list[Slot]) -> None:
        if self._cache.abort.is_set():
            raise Aborted
        for row, slot in enumerate(active):
            token = slot.ids[-1] if slot.ids else self._prompt[-1]
            self._cache.batch.put(row, token, slot.position, slot.index, True)
        self._cache.batch.decode(self._cache.context, len(active))
        for row, (slot, token) in enumerate(zip(active, self._sample_all(active), strict=True)):
            self._advance(slot, row, token)

    def _sample_all(self, active: list[Slot]) -> list[int]:
        """The next token of each slot, half of them sampled in a second thread.

        The result does not depend on the thread. Sampling takes 0.4 ms a token; for four replies
        that is a sixteenth of a step.
        """
        rows = list(enumerate(active))
        if len(rows) == 1:
            return [self._sample(active[0], 0)]
        lib.llama_get_logits_ith(self._cache.context, 0)  # from here on the context is only read
        half = self._helper.submit(lambda: [self._sample(slot, row) for row, slot in rows[1::2]])
        tokens = [-1] * len(rows)
        tokens[::2] = [self._sample(slot, row) for row, slot in rows[::2]]
        tokens[1::2] = half.result()
        return tokens

    def _sample(self, slot: Slot, row: int) -> int:
        return slot.sample(self._cache.context, row)

    def _advance(self, slot: Slot, row: int, token: int) -> None:
        """Add the next token to a slot; sample another if it completes a banned phrase."""
        while self._append(slot, token):
            token = self._sample(slot, row)

    def _append(self, slot: Slot, token: int) -> bool:
        """Add a token; true if the same row has to be sampled from once more."""
        if token < 0 or self._model.ends(token):
            slot.reason = "end"
            return False
        thought, shown = slot.append(token)
        self._events.add_thought(slot.index, thought, int(slot.thinks))
        banned_at = slot.banned_at()
        # Also where a banned phrase is complete: the rewind counts these characters as shown.
        self._events.add_text(slot.index, shown, int(banned_at is None and not slot.thinks))
        if banned_at is not None:
            return self._rewind(slot, banned_at)
        slot.last_at = time.perf_counter()
        slot.first_at = slot.first_at or slot.last_at
        slot.position = len(self._prompt) + len(slot.ids) - 1
        slot.reason = slot.check_end(self._model.options.context)
        return False

    def _rewind(self, slot: Slot, index: int) -> bool:
        """Go back to before the token in which a banned phrase begins.

        Returns:
            Whether that was the last token, so that its row can be sampled from again.
        """
        was_last = index == len(slot.ids) - 1
        slot.banned.forbid(index, slot.ids[index])
        retracted = slot.text.rewind(slot.byte_sizes[index])
        slot.truncate(index)
        if retracted:
            self._events.retract(slot.index, retracted)
        if slot.banned.rewinds > MAX_REWINDS:
            slot.reason = "stop"
        slot.sampler.rewind(slot.ids, slot.banned.rewinds)
        slot.position = len(self._prompt) + index - 1
        if not was_last:
            if not lib.llama_memory_seq_rm(self._cache.memory, slot.index, slot.position, -1):
                raise EngineError(
                    "This model cannot go back in its text, so banned phrases do not work with it: "
                    "clear the setting sampling.banned."
                )
            if slot.index == CHAT:
                self._cache.exact = min(self._cache.exact, slot.position)
        return was_last and slot.reason is None

    def _clean_cache(self, slots: list[Slot]) -> None:
        """Remove all sequences but the chat's, and make its cells match its tokens."""
        cache = self._cache
        for slot in slots[1:]:
            lib.llama_memory_seq_rm(cache.memory, slot.index, -1, -1)
        if not slots or len(cache.tokens) < len(self._prompt):
            return
        slot, prompt = slots[0], len(self._prompt)
        if slot.position < prompt:  # it ended after a rewind to before its first token
            cache.truncate(slot.position)
        elif len(slots) > 1:
            cache.truncate_cells(prompt)
        else:
            cache.truncate_cells(slot.position)
            cache.tokens.extend(slot.ids[: slot.position - prompt])

    def _finish(self, slot: Slot, received: float) -> None:
        thought, text = slot.finish()
        self._events.add_thought(slot.index, thought, 0)
        self._events.add_text(slot.index, text, 0)
        usage = Usage(
            reused=self._reused,
            evaluated=self._evaluated,
            generated=len(slot.ids),
            first_token_s=slot.first_at - received if slot.first_at else 0.0,
            decode_s=slot.last_at - slot.first_at,
        )
        assert slot.reason is not None
        self._events.send(Finished(slot.index, slot.reason, usage, tuple(slot.ids)))


def _end_all(slots: list[Slot], reason: StopReason) -> None:
    for slot in slots:
        slot.reason = slot.reason or reason
