"""The decode loop: one prompt, one or more replies, one batch a step.

Deterministic: tokens follow from prompt, samplers and the list of seeds alone. A reply of several
is made again by running all its seeds again, because the layout of a batch moves the last bits of
its logits.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from rpterm.engine.llama.banned import MOST_REWINDS
from rpterm.engine.llama.binding import lib
from rpterm.engine.llama.draw import Drawer
from rpterm.engine.llama.kv import CHAT, Aborted, ChatCache, Full
from rpterm.engine.llama.lane import Lane
from rpterm.engine.llama.outbox import Outbox
from rpterm.engine.protocol import EngineError, Finished, GenerateRequest, PromptProgress
from rpterm.types import StopReason, Usage


class Generation:
    """One ``generate`` call inside the worker."""

    def __init__(self, cache: ChatCache, request: GenerateRequest, out: Outbox) -> None:
        """Raises:
        EngineError: The request cannot be served.
        """
        self._cache = cache
        self._model = cache.model
        self._request = request
        self._out = out
        self._prompt = request.prompt_ids
        self._reused = self._evaluated = 0
        self._check()

    def run(self, received: float) -> None:
        """Send all events, ``Finished`` of each reply last.

        Args:
            received: ``perf_counter`` when the request came in.
        """
        lanes: list[Lane] = []
        try:
            for index, seed in enumerate(self._seeds()):
                drawer = Drawer(self._model, self._request.sampling, seed, self._prompt)
                lanes.append(Lane(index, drawer, self._model, self._request))
            with ThreadPoolExecutor(1) as self._beside:
                self._reply(lanes)
        finally:
            for lane in lanes:
                lane.drawer.free()
            self._leave(lanes)
        for lane in lanes:
            self._finish(lane, received)

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

    def _reply(self, lanes: list[Lane]) -> None:
        try:
            self._reused = self._cache.prepare(self._prompt, self._request.kv_mode, self._progress)
            for lane in lanes[1:]:
                lib.llama_memory_seq_cp(self._cache.memory, CHAT, lane.index, -1, -1)
            for lane in lanes:
                if lane.reason is None:
                    self._advance(lane, -1, self._draw(lane, -1))
            self._out.flush_due()
            while active := [lane for lane in lanes if lane.reason is None]:
                self._step(active)
                self._out.flush_due()
        except Aborted:
            _end(lanes, "cancelled")
        except Full:
            _end(lanes, "context")

    def _progress(self, done: int, total: int, reused: int) -> None:
        self._evaluated = done
        self._out.send(PromptProgress(done, total, reused))

    def _step(self, active: list[Lane]) -> None:
        if self._cache.abort.is_set():
            raise Aborted
        for row, lane in enumerate(active):
            token = lane.ids[-1] if lane.ids else self._prompt[-1]
            self._cache.batch.put(row, token, lane.position, lane.index, True)
        self._cache.batch.decode(self._cache.context, len(active))
        for row, (lane, token) in enumerate(zip(active, self._draw_all(active), strict=True)):
            self._advance(lane, row, token)

    def _draw_all(self, active: list[Lane]) -> list[int]:
        """The next token of each lane, half of them drawn in a thread beside this one.

        Which thread draws changes nothing. One draw takes 0.4 ms, four a sixteenth of a step.
        """
        rows = list(enumerate(active))
        if len(rows) == 1:
            return [self._draw(active[0], 0)]
        lib.llama_get_logits_ith(self._cache.context, 0)  # from here on the context is only read
        half = self._beside.submit(lambda: [self._draw(lane, row) for row, lane in rows[1::2]])
        tokens = [-1] * len(rows)
        tokens[::2] = [self._draw(lane, row) for row, lane in rows[::2]]
        tokens[1::2] = half.result()
        return tokens

    def _draw(self, lane: Lane, row: int) -> int:
        return lane.draw(self._cache.context, row)

    def _advance(self, lane: Lane, row: int, token: int) -> None:
        """Take the next token of a lane; another one, if it completes a banned phrase."""
        while self._take(lane, token):
            token = self._draw(lane, row)

    def _take(self, lane: Lane, token: int) -> bool:
        """Add a token; true if the same row has to be drawn from once more."""
        if token < 0 or self._model.ends(token):
            lane.reason = "end"
            return False
        thought, shown = lane.take(token)
        self._out.thought(lane.index, thought, int(lane.thinks))
        place = lane.banned_at()
        # Also where a ban is complete: taking back counts what this token let out of what was held.
        self._out.text(lane.index, shown, int(place is None and not lane.thinks))
        if place is not None:
            return self._back(lane, place)
        lane.last_at = time.perf_counter()
        lane.first_at = lane.first_at or lane.last_at
        lane.position = len(self._prompt) + len(lane.ids) - 1
        lane.reason = lane.ended(self._model.options.context)
        return False

    def _back(self, lane: Lane, place: int) -> bool:
        """Go back to the token a banned phrase begins in; true if it was the last one."""
        last = place == len(lane.ids) - 1
        lane.banned.forbid(place, lane.ids[place])
        taken = lane.text.rewind(lane.sizes[place])
        lane.drop(place)
        if taken:
            self._out.retract(lane.index, taken)
        if lane.banned.rewinds > MOST_REWINDS:
            lane.reason = "stop"
        lane.drawer.rewind(lane.ids, lane.banned.rewinds)
        lane.position = len(self._prompt) + place - 1
        if not last:
            if not lib.llama_memory_seq_rm(self._cache.memory, lane.index, lane.position, -1):
                raise EngineError(
                    "This model cannot take back what it wrote, so no phrase can be banned with "
                    "it: clear the setting sampling.banned."
                )
            if lane.index == CHAT:
                self._cache.exact = min(self._cache.exact, lane.position)
        return last and lane.reason is None

    def _leave(self, lanes: list[Lane]) -> None:
        """Leave the chat's sequence alone in the cache, with what it is known to hold."""
        cache = self._cache
        for lane in lanes[1:]:
            lib.llama_memory_seq_rm(cache.memory, lane.index, -1, -1)
        if not lanes or len(cache.tokens) < len(self._prompt):
            return
        lane, prompt = lanes[0], len(self._prompt)
        if lane.position < prompt:  # gone back to before the first token, and stopped there
            cache.truncate(lane.position)
        elif len(lanes) > 1:
            cache.truncate_cells(prompt)
        else:
            cache.truncate_cells(lane.position)
            cache.decoded(lane.ids[: lane.position - prompt])

    def _finish(self, lane: Lane, received: float) -> None:
        thought, text = lane.finish()
        self._out.thought(lane.index, thought, 0)
        self._out.text(lane.index, text, 0)
        usage = Usage(
            reused=self._reused,
            evaluated=self._evaluated,
            generated=len(lane.ids),
            first_token_s=lane.first_at - received if lane.first_at else 0.0,
            decode_s=lane.last_at - lane.first_at,
        )
        assert lane.reason is not None
        self._out.send(Finished(lane.index, lane.reason, usage, tuple(lane.ids)))


def _end(lanes: list[Lane], reason: StopReason) -> None:
    for lane in lanes:
        lane.reason = lane.reason or reason
