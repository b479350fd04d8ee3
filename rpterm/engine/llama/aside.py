"""A short text beside the chat: its own sequence, in the spare cells, gone when it is done.

The chat's cells are not touched and stay contiguous from the first on (see ``kv``), so the next
prompt evaluates exactly as many tokens as it would have, with the same logits. Any other job that
uses the model interrupts it (``desk``). Knows no chat.
"""

from __future__ import annotations

from rpterm.engine.llama.binding import lib
from rpterm.engine.llama.draw import Drawer
from rpterm.engine.llama.kv import Aborted, ChatCache, Full
from rpterm.engine.llama.model import SPARE
from rpterm.engine.llama.plan import next_chunk
from rpterm.engine.protocol import EngineError, GenerateRequest

_CHUNK = 128


class Aside:
    """One ``aside`` call inside the worker."""

    def __init__(self, cache: ChatCache, request: GenerateRequest) -> None:
        """Raises:
        EngineError: It does not fit beside the chat.
        """
        self._cache = cache
        self._model = cache.model
        self._request = request
        self._sequence = cache.model.options.sequences - 1
        if self._sequence < 1:
            raise EngineError("This engine has no room beside the chat: give it more sequences.")
        length = len(request.prompt_ids) + request.sampling.max_tokens
        if not request.prompt_ids or length > SPARE:
            raise EngineError(
                f"A text beside the chat has at most {SPARE:,} tokens, not {length:,}."
            )
        self._model.check_ids(request.prompt_ids)

    def run(self) -> str | None:
        """The text, or ``None`` when something else wanted the model."""
        drawer = Drawer(
            self._model,
            self._request.sampling,
            self._request.sampling.seed or 0,
            self._request.prompt_ids,
        )
        try:
            self._evaluate()
            return self._model.detokenize(self._decode(drawer))
        except Aborted:
            return None
        except Full as error:
            raise EngineError("There is no free cell beside the chat.") from error
        finally:
            drawer.free()
            lib.llama_memory_seq_rm(self._cache.memory, self._sequence, -1, -1)

    def _evaluate(self) -> None:
        ids, done = self._request.prompt_ids, 0
        while done < len(ids):
            if self._cache.abort.is_set():
                raise Aborted
            count = next_chunk(len(ids) - done, _CHUNK)
            for row in range(count):
                at = done + row
                self._cache.batch.put(row, ids[at], at, self._sequence, row == count - 1)
            self._cache.batch.decode(self._cache.context, count)
            done += count

    def _decode(self, drawer: Drawer) -> list[int]:
        ids: list[int] = []
        while len(ids) < self._request.sampling.max_tokens:
            token = drawer.draw(self._cache.context, -1)
            if token < 0 or self._model.ends(token):
                break
            ids.append(token)
            if self._cache.abort.is_set():
                raise Aborted
            at = len(self._request.prompt_ids) + len(ids) - 1
            self._cache.batch.put(0, token, at, self._sequence, True)
            self._cache.batch.decode(self._cache.context, 1)
        return ids
