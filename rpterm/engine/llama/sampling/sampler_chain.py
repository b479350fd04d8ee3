"""Builds llama.cpp's sampler chain from a ``Sampling``.

The order is that of llama.cpp's own programs: logit bias, penalties, DRY, top-n-sigma, top-k,
typical, top-p, min-p, XTC, temperature, random draw. Where it cannot change the result, a shortlist
of the likeliest tokens is taken first, because penalties over the whole vocabulary take longer than
everything else (0.33 ms a token with the starter's 49,152, 0.21 with a shortlist). Mirostat
replaces the truncation samplers. Penalties also see the end of the prompt, because its tokens are
accepted before the first one is sampled.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from rpterm.engine.llama.binding import lib
from rpterm.engine.llama.model import Model
from rpterm.engine.protocol import EngineError
from rpterm.types import Sampling

_BREAKERS = (b"\n", b":", b'"', b"*")
_SHORTLIST = 1024
"""Tokens on the shortlist in addition to those that penalties may push down."""
_SHORT_MIN_P = 0.02
"""From this min-p on, the tokens it leaves are far fewer than the shortlist."""
_SEED_MASK = 0xFFFFFFFF


def history_length(sampling: Sampling) -> int:
    """How many tokens at the end of the prompt the samplers need to see."""
    penalties = sampling.penalty_last_n if _has_penalties(sampling) else 0
    dry = sampling.dry_range if sampling.dry_multiplier > 0 else 0
    return max(0, penalties, dry)


def build_chain(model: Model, sampling: Sampling, seed: int, history: Sequence[int]) -> Any:
    """A chain that has accepted ``history``; free it with ``lib.llama_sampler_free``."""
    params = lib.llama_sampler_chain_default_params()
    params.no_perf = True
    chain = lib.llama_sampler_chain_init(params)
    for sampler in _samplers(model, sampling, seed & _SEED_MASK):
        if not sampler:
            lib.llama_sampler_free(chain)
            raise EngineError("llama.cpp rejected the samplers: check their values.")
        lib.llama_sampler_chain_add(chain, sampler)
    length = history_length(sampling)
    for token in history[-length:] if length else ():
        lib.llama_sampler_accept(chain, token)
    return chain


def build_grammar(model: Model, grammar: str) -> Any:
    """A grammar sampler.

    Raises:
        EngineError: The grammar has no rule ``root`` or is not GBNF.
    """
    sampler = lib.llama_sampler_init_grammar(
        model.vocab, grammar.encode("utf-8", "replace"), b"root"
    )
    if not sampler:
        raise EngineError(
            "The grammar cannot be used: it must be GBNF with a rule named root; the engine's "
            "log shows where it is wrong."
        )
    return sampler


def _has_penalties(sampling: Sampling) -> bool:
    neutral = (1.0, 0.0, 0.0)
    values = (sampling.repeat_penalty, sampling.presence_penalty, sampling.frequency_penalty)
    return sampling.penalty_last_n > 0 and values != neutral


def _can_shortlist(s: Sampling) -> bool:
    """Whether unlikely tokens can be left out early: no sampler boosts, counts or draws them."""
    boosts = s.repeat_penalty < 1 or s.presence_penalty < 0 or s.frequency_penalty < 0
    counts = s.top_n_sigma > 0 or s.typical_p < 1 or s.mirostat
    draws_few = s.temperature <= 0 or 0 < s.top_k <= _SHORTLIST
    draws_few = draws_few or (s.min_p >= _SHORT_MIN_P and s.top_p >= 1)
    return draws_few and not boosts and not counts and history_length(s) > 0


def _samplers(model: Model, s: Sampling, seed: int) -> list[Any]:
    chain = [_bias(model, s)] if s.logit_bias else []
    if _can_shortlist(s):
        chain.append(lib.llama_sampler_init_top_k(_SHORTLIST + history_length(s)))
    if _has_penalties(s):
        chain.append(
            lib.llama_sampler_init_penalties(
                model.vocab_size,
                s.penalty_last_n,
                max(s.repeat_penalty, 1e-3),
                s.frequency_penalty,
                s.presence_penalty,
            )
        )
    if s.dry_multiplier > 0 and s.dry_range > 0:
        chain.append(_dry(model, s))
    if s.temperature <= 0:
        return [*chain, lib.llama_sampler_init_greedy()]
    if s.mirostat:
        return [*chain, lib.llama_sampler_init_temp(s.temperature), _mirostat(model, s, seed)]
    return [*chain, *_truncation(s, seed), *_temperature_and_draw(s, seed)]


def _truncation(s: Sampling, seed: int) -> list[Any]:
    chain = []
    if s.top_n_sigma > 0:
        chain.append(lib.llama_sampler_init_top_n_sigma(s.top_n_sigma))
    if s.top_k > 0:
        chain.append(lib.llama_sampler_init_top_k(s.top_k))
    if s.typical_p < 1:
        chain.append(lib.llama_sampler_init_typical(s.typical_p, 1))
    if s.top_p < 1:
        chain.append(lib.llama_sampler_init_top_p(s.top_p, 1))
    if s.min_p > 0:
        chain.append(lib.llama_sampler_init_min_p(s.min_p, 1))
    if s.xtc_probability > 0:
        chain.append(lib.llama_sampler_init_xtc(s.xtc_probability, s.xtc_threshold, 1, seed))
    return chain


def _temperature_and_draw(s: Sampling, seed: int) -> list[Any]:
    if s.dynatemp_range > 0:
        temperature = lib.llama_sampler_init_temp_ext(
            s.temperature, s.dynatemp_range, s.dynatemp_exponent
        )
    else:
        temperature = lib.llama_sampler_init_temp(s.temperature)
    return [temperature, lib.llama_sampler_init_dist(seed)]


def _mirostat(model: Model, s: Sampling, seed: int) -> Any:
    if s.mirostat == 1:
        return lib.llama_sampler_init_mirostat(
            model.vocab_size, seed, s.mirostat_tau, s.mirostat_eta, 100
        )
    return lib.llama_sampler_init_mirostat_v2(seed, s.mirostat_tau, s.mirostat_eta)


def _dry(model: Model, s: Sampling) -> Any:
    """A clone of a cached sampler: a new one searches all tokens for breakers, which takes 9 ms."""
    values = (s.dry_multiplier, s.dry_base, s.dry_allowed_length, s.dry_range)
    if model.dry is None or model.dry[0] != values:
        if model.dry is not None:
            lib.llama_sampler_free(model.dry[1])
        breakers = (ctypes.c_char_p * len(_BREAKERS))(*_BREAKERS)
        sampler = lib.llama_sampler_init_dry(model.vocab, *values, breakers, len(_BREAKERS))
        model.dry = (values, sampler) if sampler else None
    return lib.llama_sampler_clone(model.dry[1]) if model.dry is not None else None


def _bias(model: Model, s: Sampling) -> Any:
    biases: dict[int, float] = {}
    for text, bias in s.logit_bias.items():
        for token in set(model.tokenize(text, special=False)):
            biases[token] = biases.get(token, 0.0) + float(bias)
    rows = (lib.llama_logit_bias * len(biases))(*biases.items())
    return lib.llama_sampler_init_logit_bias(model.vocab_size, len(biases), rows)
