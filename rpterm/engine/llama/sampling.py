"""From ``Sampling`` to llama.cpp's sampler chain.

Order as in llama.cpp's own programs: bias, penalties, DRY, top-n-sigma, top-k, typical, top-p,
min-p, XTC, temperature, draw. Where it changes nothing, the likeliest tokens are picked out first:
penalties that look at all of a vocabulary take longer than all the rest (0.33 ms a token with the
starter's 49,152, 0.21 with a shortlist). Mirostat takes the place of the truncation samplers.
Penalties see the end of the prompt, too, because its tokens are accepted before the first draw.
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
_UNTOUCHED = 1024
"""Tokens on the shortlist beside all that penalties may take down."""
_LEAST_MIN_P = 0.02
"""From here on what min-p leaves is far shorter than the shortlist."""
_SEED_MASK = 0xFFFFFFFF


def history_length(sampling: Sampling) -> int:
    """How many last tokens of the prompt the samplers want to see."""
    penalties = sampling.penalty_last_n if _has_penalties(sampling) else 0
    dry = sampling.dry_range if sampling.dry_multiplier > 0 else 0
    return max(0, penalties, dry)


def build_chain(model: Model, sampling: Sampling, seed: int, history: Sequence[int]) -> Any:
    """A chain that has seen ``history``; the caller frees it with ``lib.llama_sampler_free``."""
    params = lib.llama_sampler_chain_default_params()
    params.no_perf = True
    chain = lib.llama_sampler_chain_init(params)
    for sampler in _samplers(model, sampling, seed & _SEED_MASK):
        if not sampler:
            lib.llama_sampler_free(chain)
            raise EngineError("llama.cpp refused the samplers: check their values.")
        lib.llama_sampler_chain_add(chain, sampler)
    wanted = history_length(sampling)
    for token in history[-wanted:] if wanted else ():
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
            "log names the place."
        )
    return sampler


def _has_penalties(sampling: Sampling) -> bool:
    neutral = (1.0, 0.0, 0.0)
    asked = (sampling.repeat_penalty, sampling.presence_penalty, sampling.frequency_penalty)
    return sampling.penalty_last_n > 0 and asked != neutral


def _shortlisted(s: Sampling) -> bool:
    """Whether the end of the list can be left out: nothing raises it, measures it or draws it."""
    raises = s.repeat_penalty < 1 or s.presence_penalty < 0 or s.frequency_penalty < 0
    measures = s.top_n_sigma > 0 or s.typical_p < 1 or s.mirostat
    few = s.temperature <= 0 or 0 < s.top_k <= _UNTOUCHED
    few = few or (s.min_p >= _LEAST_MIN_P and s.top_p >= 1)
    return few and not raises and not measures and history_length(s) > 0


def _samplers(model: Model, s: Sampling, seed: int) -> list[Any]:
    chain = [_bias(model, s)] if s.logit_bias else []
    if _shortlisted(s):
        chain.append(lib.llama_sampler_init_top_k(_UNTOUCHED + history_length(s)))
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
    return [*chain, *_truncation(s, seed), *_draw(s, seed)]


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


def _draw(s: Sampling, seed: int) -> list[Any]:
    if s.dynatemp_range > 0:
        heat = lib.llama_sampler_init_temp_ext(s.temperature, s.dynatemp_range, s.dynatemp_exponent)
    else:
        heat = lib.llama_sampler_init_temp(s.temperature)
    return [heat, lib.llama_sampler_init_dist(seed)]


def _mirostat(model: Model, s: Sampling, seed: int) -> Any:
    if s.mirostat == 1:
        return lib.llama_sampler_init_mirostat(
            model.vocab_size, seed, s.mirostat_tau, s.mirostat_eta, 100
        )
    return lib.llama_sampler_init_mirostat_v2(seed, s.mirostat_tau, s.mirostat_eta)


def _dry(model: Model, s: Sampling) -> Any:
    """A copy of one that is kept: a new one looks all tokens through for breakers, for 9 ms."""
    values = (s.dry_multiplier, s.dry_base, s.dry_allowed_length, s.dry_range)
    if model.dry is None or model.dry[0] != values:
        if model.dry is not None:
            lib.llama_sampler_free(model.dry[1])
        breakers = (ctypes.c_char_p * len(_BREAKERS))(*_BREAKERS)
        made = lib.llama_sampler_init_dry(model.vocab, *values, breakers, len(_BREAKERS))
        model.dry = (values, made) if made else None
    return lib.llama_sampler_clone(model.dry[1]) if model.dry is not None else None


def _bias(model: Model, s: Sampling) -> Any:
    biases: dict[int, float] = {}
    for text, bias in s.logit_bias.items():
        for token in set(model.tokenize(text, special=False)):
            biases[token] = biases.get(token, 0.0) + float(bias)
    rows = (lib.llama_logit_bias * len(biases))(*biases.items())
    return lib.llama_sampler_init_logit_bias(model.vocab_size, len(biases), rows)
