"""Regenerates a stored reply from its provenance and compares the two token by token.

The engine gets the stored prompt tokens, samplers, stop texts and the seeds of the complete batch.
Cards, memories and settings play no part: what they contributed is in the stored prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rpterm.engine.protocol import Engine, Finished, GenerateRequest
from rpterm.errors import RptermError
from rpterm.types import Generation


@dataclass(frozen=True, slots=True)
class Replayed:
    """The comparison of a stored reply with its replay.

    Attributes:
        same_at: The length of the common prefix, in tokens.
        stored, made: The number of tokens of the stored reply and of the replay.
        stored_text, made_text: The texts after the common prefix, "" if there is no difference.
        model_differs, adapter_differs: The stored and the present hash if they differ; an adapter
            hash of "" means no adapter.
    """

    same_at: int
    stored: int
    made: int
    stored_text: str = ""
    made_text: str = ""
    model_differs: tuple[str, str] | None = None
    adapter_differs: tuple[str, str] | None = None

    @property
    def identical(self) -> bool:
        """Whether every token is the same."""
        return self.same_at == self.stored == self.made


def replay(generation: Generation, engine: Engine) -> Replayed:
    """Regenerate a reply and compare it to the stored one.

    Args:
        generation: The provenance of the reply.
        engine: Not loaded yet, or loaded with the same model.

    Raises:
        RptermError: The provenance has no prompt tokens to start from.
        EngineError: The engine failed.
    """
    if generation.prompt_digest:
        raise RptermError(
            "This reply cannot be made again: a turn in its prompt was deleted for good, and the "
            "stored prompt with it."
        )
    if not generation.prompt_ids or generation.engine == "remote":
        raise RptermError(
            f"This reply was made by {generation.model} on another machine, which does not report "
            "tokens. Only replies of a local model can be made again."
        )
    info = engine.load()
    request = request_of(generation)
    replayed: tuple[int, ...] = ()
    for event in engine.generate(request):
        if isinstance(event, Finished) and event.index == generation.batch_index:
            replayed = event.ids
    if generation.stop_reason == "cancelled":
        # Thought tokens do not count towards ``max_tokens``, so the replay may be longer.
        replayed = replayed[: len(generation.reply_ids)]
    return replace(
        compare(generation.reply_ids, replayed, engine),
        model_differs=_differs(generation.model_hash, info.model_hash),
        adapter_differs=_differs(generation.adapter_hash, info.adapter_hash),
    )


def _differs(stored: str, present: str) -> tuple[str, str] | None:
    return (stored, present) if stored != present else None


def request_of(generation: Generation) -> GenerateRequest:
    """The request that produced a reply; if it was cancelled, up to where it was cancelled."""
    sampling = generation.sampling
    if generation.stop_reason == "cancelled":
        sampling = replace(sampling, max_tokens=max(len(generation.reply_ids), 1))
    return GenerateRequest(
        prompt_ids=generation.prompt_ids,
        prompt_text=generation.prompt_text,
        sampling=sampling,
        seeds=generation.batch_seeds,
        stop=generation.stop,
        kv_mode=generation.kv_mode,
    )


def compare(stored: Sequence[int], made: Sequence[int], engine: Engine) -> Replayed:
    """Find where two replies begin to differ."""
    pairs = enumerate(zip(stored, made, strict=False))
    shorter = min(len(stored), len(made))
    same = next((index for index, (old, new) in pairs if old != new), shorter)
    stored_text, made_text = engine.detokenize(stored[same:]), engine.detokenize(made[same:])
    return Replayed(same, len(stored), len(made), stored_text, made_text)


def find_model(model_hash: str, configured: str, models: Path, cache: Path | None) -> str:
    """Find the model with this hash: the configured one or one in the models folder.

    Returns:
        A value for ``Settings.model``; the configured one if no file has that hash.
    """
    from rpterm.models import library, starter_q8
    from rpterm.models.hashes import model_hash as hash_of

    paths = [library.find_model(configured, models, cache)]
    paths += [starter_q8.path_in(cache)] if cache else []
    paths += [each.path for each in library.list_models(models)]
    for path in paths:
        try:
            if hash_of(path, cache) == model_hash:
                return str(path)
        except RptermError:
            continue
    return configured
