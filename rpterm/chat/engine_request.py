"""Turns a ``ReplyRequest`` into the engine's ``GenerateRequest``: samplers, seeds, stop texts."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import replace

from rpterm.cards.card import CharacterCard
from rpterm.chat.request import ReplyRequest
from rpterm.config import Settings
from rpterm.engine.protocol import GenerateRequest
from rpterm.types import Intent, Prompt, Sampling

_BEST_OF_INTENTS = (Intent.SEND, Intent.REGENERATE, Intent.NEXT)
_TOKENS_PER_WORD = 1.4
"""For English prose with quotes and asterisks, in the vocabularies of today's models."""
_MINIMUM = 80
_WITHOUT_EXAMPLES = 160


def apply_best_of(request: ReplyRequest, best_of: int) -> ReplyRequest:
    """Apply the setting ``scoring.best_of`` to a plain request; leave any other unchanged."""
    plain = (
        request.intent in _BEST_OF_INTENTS
        and request.candidates == 1
        and request.shown
        and not request.seeds
        and request.best is None
    )
    return replace(request, candidates=best_of, best=True) if plain and best_of >= 2 else request


def build_engine_request(
    request: ReplyRequest,
    prompt: Prompt,
    settings: Settings,
    card: CharacterCard,
    flagged: Collection[str],
    *,
    most: int,
    stop: tuple[str, ...],
) -> GenerateRequest:
    """The engine's request: one seed for each candidate, samplers and stop texts.

    Args:
        flagged: Names of samplers that the settings decide, whatever the card says.
        most: The number of candidates that the engine can decode at once.
        stop: Texts at which a reply ends.
    """
    first_seed = {"seed": request.seeds[0]} if request.seeds else {}
    samplers = replace(samplers_for(settings, card, flagged), **{**first_seed, **request.sampling})
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


def samplers_for(settings: Settings, card: CharacterCard, flagged: Collection[str]) -> Sampling:
    """The samplers of a reply: the card's override the settings'; a missing seed is drawn."""
    from_card = {k: v for k, v in card.sampling.items() if v is not None and k not in flagged}
    merged = replace(settings.sampling, **from_card)  # type: ignore[arg-type]
    seed = merged.seed if merged.seed is not None else secrets.randbits(31)
    close_after = merged.close_after if merged.close_after >= 0 else usual_length(card)
    return replace(merged, seed=seed, close_after=close_after)


def usual_length(card: CharacterCard) -> int:
    """The approximate number of tokens of the longest reply in the card's example dialogues.

    Greetings do not count: they set a scene and are longer than the replies that follow.
    """
    words = [
        len(text.split())
        for example in card.examples
        for role, text in example.dialogue
        if role == "char"
    ]
    return max(_MINIMUM, round(max(words) * _TOKENS_PER_WORD)) if words else _WITHOUT_EXAMPLES


def _seeds(seed: int, count: int) -> tuple[int, ...]:
    """One seed for each candidate, derived from the first one."""
    return tuple((seed + index * 0x9E3779B1) & 0xFFFFFFFF for index in range(count))


def stop_texts(user: str, char: str, others: Iterable[str] = ()) -> tuple[str, ...]:
    """The texts that end a reply: the head of a line that would speak for the user or for another
    character, by their whole or first name, or of a second line with the character's own name."""
    called = [name for each in (user, *others) for name in (each, *each.split()[:1])]
    names = [name for name in (*called, "User", "{{user}}", char) if re.search(r"\w", name)]
    heads = [f"{mark}{name}:" for name in names for mark in ("", "*", "**")]
    heads += [f"**{name}**:" for name in names]
    # Small models indent such lines now and then.
    return tuple(dict.fromkeys(f"\n{space}{head}" for space in ("", " ") for head in heads))
