"""Generates a short text in the background, in a sequence of its own next to the chat's.

It uses the spare cells and is removed when done. The chat's cells are not touched and stay
contiguous from the first on (see ``kv``), so the next prompt evaluates exactly as many tokens as it
would have anyway, with the same logits. Any other job that uses the model aborts it (see
``job_queue``). Does not know what the text is for.
"""

from __future__ import annotations

from rpterm.engine.llama.binding import lib
from rpterm.engine.llama.cache.kv import Aborted, CacheFull, ChatCache
from rpterm.engine.llama.cache.prefix_reuse import next_chunk
from rpterm.engine.llama.model import SPARE_CELLS
from rpterm.engine.llama.sampling.token_sampler import TokenSampler
from rpterm.engine.protocol import EngineError, GenerateRequest

_CHUNK = 128


class BackgroundGeneration:
    """One ``generate_in_background`` call in the worker."""

    def __init__(self, cache: ChatCache, request: GenerateRequest) -> None:
        """Raises:
        EngineError: The text does not fit next to the chat.
        """
        self._cache = cache
        self._model = cache.model
        self._request = request
        self._sequence = cache.model.options.sequences - 1
        if self._sequence < 1:
            raise EngineError(
                "This engine has no room for a second text next to the chat: give it more "
                "sequences."
            )
        length = len(request.prompt_ids) + request.sampling.max_tokens
        if not request.prompt_ids or length > SPARE_CELLS:
            raise EngineError(
                f"A text next to the chat can have at most {SPARE_CELLS:,} tokens with its prompt, "
                f"not {length:,}."
            )
        self._model.check_ids(request.prompt_ids)

    def run(self) -> str | None:
        """The text, or ``None`` when it was aborted."""
        sampling, prompt = self._request.sampling, self._request.prompt_ids
        sampler = TokenSampler(self._model, sampling, sampling.seed or 0, prompt)
        try:
            self._evaluate_prompt()
            return self._model.detokenize(self._decode(sampler))
        except Aborted:
            return None
        except CacheFull as error:
            raise EngineError("The cache has no free cell for a text next to the chat.") from error
        finally:
            sampler.free()
            lib.llama_memory_seq_rm(self._cache.memory, self._sequence, -1, -1)

    def _evaluate_prompt(self) -> None:
        ids, done = self._request.prompt_ids, 0
        while done < len(ids):
            if self._cache.abort.is_set():
                raise Aborted
            count = next_chunk(len(ids) - done, _CHUNK)
            for row in range(count):
                position = done + row
                logits = row == count - 1
                self._cache.batch.put(row, ids[position], position, self._sequence, logits)
            self._cache.batch.decode(self._cache.context, count)
            done += count

    def _decode(self, sampler: TokenSampler) -> list[int]:
        ids: list[int] = []
        while len(ids) < self._request.sampling.max_tokens:
            token = sampler.sample(self._cache.context, -1)
            if token < 0 or self._model.ends(token):
                break
            ids.append(token)
            if self._cache.abort.is_set():
                raise Aborted
            position = len(self._request.prompt_ids) + len(ids) - 1
            self._cache.batch.put(0, token, position, self._sequence, True)
            self._cache.batch.decode(self._cache.context, 1)
        return ids
