"""Make a stored reply again from its provenance, and compare it token by token.

The engine is given the stored prompt tokens, samplers, seeds of the whole batch and stop texts. It
knows nothing of cards, memories or settings: they are all in the prompt already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rpterm.engine.protocol import Engine, Finished, GenerateRequest
from rpterm.types import Generation, RptermError


class ReplayError(RptermError):
    """The reply cannot be made again here."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it.

    Attributes:
        same_at: How many tokens are the same from the start on.
        stored, made: Tokens of both replies.
        stored_text, made_text: The texts from the first token that differs on, "" when none does.
        model_differs, adapter_differs: The stored and the present hash, when they are not the
            same; of an adapter "" is none.
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
    """Generate again.

    Args:
        generation: The provenance of the reply.
        engine: Not loaded yet, or loaded with the same model.

    Raises:
        ReplayError: The provenance has no tokens to start from.
        EngineError: The engine failed.
    """
    if generation.prompt_digest:
        raise ReplayError(
            "A turn that this reply was made from was deleted for good, and its prompt with it, so "
            "it cannot be made again."
        )
    if not generation.prompt_ids or generation.engine == "remote":
        raise ReplayError(
            f"This reply was made by {generation.model} on another machine, which tells no tokens; "
            "only replies of a local model can be made again."
        )
    info = engine.load()
    request = request_of(generation)
    made: tuple[int, ...] = ()
    for event in engine.generate(request):
        if isinstance(event, Finished) and event.index == generation.batch_index:
            made = event.ids
    if generation.stop_reason == "cancelled":
        made = made[: len(generation.reply_ids)]  # A thought counts for no reply's length.
    return replace(
        compare(generation.reply_ids, made, engine),
        model_differs=_differs(generation.model_hash, info.model_hash),
        adapter_differs=_differs(generation.adapter_hash, info.adapter_hash),
    )


def _differs(stored: str, present: str) -> tuple[str, str] | None:
    return (stored, present) if stored != present else None


def request_of(generation: Generation) -> GenerateRequest:
    """The request that made a reply; one that was stopped is made up to where it was stopped."""
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
    """Where two replies part."""
    pairs = zip(stored, made, strict=False)
    same = next((at for at, (old, new) in enumerate(pairs) if old != new), None)
    at = min(len(stored), len(made)) if same is None else same
    rest = (engine.detokenize(stored[at:]), engine.detokenize(made[at:]))
    return Replayed(at, len(stored), len(made), *rest)


def find_model(model_hash: str, configured: str, models: Path, cache: Path | None) -> str:
    """The model that made a reply: the configured one, or one of the folder with that hash.

    Returns:
        What ``Settings.model`` takes; the configured one where no file has that hash.
    """
    from rpterm.models import library, requantized
    from rpterm.models.hashes import model_hash as hash_of

    paths = [library.resolve(configured, models, cache)]
    paths += [requantized.path_in(cache)] if cache else []
    paths += [each.path for each in library.list_models(models)]
    for path in paths:
        try:
            if hash_of(path, cache) == model_hash:
                return str(path)
        except RptermError:
            continue
    return configured
