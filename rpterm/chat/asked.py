"""What a request asks of the engine: samplers, seeds, and where a reply stops."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import replace

from rpterm.cards.card import CharacterCard
from rpterm.chat.length import usual_length
from rpterm.chat.request import ReplyRequest
from rpterm.config import Settings
from rpterm.engine.protocol import GenerateRequest
from rpterm.types import Intent, Prompt, Sampling

_WITH_CHOICE = (Intent.SEND, Intent.REGENERATE, Intent.NEXT)


def with_choice(request: ReplyRequest, best_of: int) -> ReplyRequest:
    """The request with as many candidates as the settings want, where it is a plain one."""
    plain = request.candidates == 1 and request.shown and not request.seeds
    if best_of < 2 or not plain or request.intent not in _WITH_CHOICE or request.best is not None:
        return request
    return replace(request, candidates=best_of, best=True)


def to_engine(
    request: ReplyRequest,
    prompt: Prompt,
    settings: Settings,
    card: CharacterCard,
    flagged: Collection[str],
    *,
    most: int,
    stop: tuple[str, ...],
) -> GenerateRequest:
    """What the engine is asked: each candidate with its seed.

    Args:
        flagged: Names of samplers that the settings decide, whatever the card says.
        most: Candidates that the engine can make at once.
        stop: Texts at which a reply ends.
    """
    first = {"seed": request.seeds[0]} if request.seeds else {}
    samplers = replace(sampling(settings, card, flagged), **{**first, **request.sampling})
    drawn = _seeds(samplers.seed or 0, min(max(request.candidates, 1), most))
    return GenerateRequest(
        prompt_ids=prompt.ids,
        prompt_text=prompt.text,
        messages=prompt.messages,
        sampling=samplers,
        seeds=request.seeds[:most] or drawn,
        stop=stop,
        kv_mode=settings.kv_mode,
    )


def sampling(settings: Settings, card: CharacterCard, flagged: Collection[str]) -> Sampling:
    """The samplers of a reply: the card's before the settings', with a seed drawn."""
    known = {k: v for k, v in card.sampling.items() if v is not None and k not in flagged}
    merged = replace(settings.sampling, **known)  # type: ignore[arg-type]
    seed = merged.seed if merged.seed is not None else secrets.randbits(31)
    after = merged.close_after if merged.close_after >= 0 else usual_length(card)
    return replace(merged, seed=seed, close_after=after)


def _seeds(seed: int, count: int) -> tuple[int, ...]:
    """One seed a candidate; the first is the one asked for."""
    return tuple((seed + index * 0x9E3779B1) & 0xFFFFFFFF for index in range(count))


def stops_for(user: str, char: str, others: Iterable[str] = ()) -> tuple[str, ...]:
    """Where a reply ends at the latest: before a line that would speak for the user or for another
    character, or a second line headed by the character's own name."""
    names = dict.fromkeys((user, "User", "{{user}}", char))
    heads = [f"{name}:" for name in names]
    for name in others:
        heads += [f"{name}:", f"**{name}:", f"**{name}**:"]
    return tuple(f"\n{head}" for head in dict.fromkeys(heads) if re.search(r"\w", head))
