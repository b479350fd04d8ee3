"""Samples tokens for one reply: unconstrained at full speed, or with a grammar or forbidden tokens.

Unconstrained sampling never leaves C. With a grammar, a token is sampled first and checked
afterwards; only if the grammar rejects it are all candidates filtered and sampled from again, which
is rare and gives the same distribution (llama.cpp's own programs do the same).
"""

from __future__ import annotations

import ctypes
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from rpterm.engine.llama.binding import lib
from rpterm.engine.llama.model import Model
from rpterm.engine.llama.sampling.sampler_chain import build_chain, build_grammar, history_length
from rpterm.types import Sampling

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SALT = 0x9E3779B1


class TokenSampler:
    """The sampler chain and grammar of one reply, with the tokens they have accepted."""

    def __init__(self, model: Model, sampling: Sampling, seed: int, prompt: Sequence[int]) -> None:
        self._model = model
        self._sampling = sampling
        self._seed = seed
        self._history = list(prompt[-(history_length(sampling) or 1) :])
        self._grammar: Any = build_grammar(model, sampling.grammar) if sampling.grammar else None
        self._chain = build_chain(model, sampling, seed, self._history)

    def sample(
        self,
        context: Any,
        row: int,
        forbidden: Collection[int] = (),
        *,
        use_grammar: bool = True,
    ) -> int:
        """Sample from a row of logits and accept the token; -1 where no token is allowed.

        Args:
            use_grammar: False samples without the grammar, which then does not see the token
                either, and ignores ``forbidden``.
        """
        if not use_grammar or (self._grammar is None and not forbidden):
            return int(lib.llama_sampler_sample(self._chain, context, row))
        token = self._sample_filtered(context, row, forbidden, with_grammar=False)
        if self._grammar is not None and not self._fits_grammar(token):
            token = self._sample_filtered(context, row, forbidden, with_grammar=True)
        if token >= 0:
            self._accept_sampled(token)
        return token

    def accept(self, token: int) -> int:
        """Accept a token that was not sampled, without the grammar; returns it."""
        lib.llama_sampler_accept(self._chain, token)
        return token

    def rewind(self, ids: Sequence[int], salt: int) -> None:
        """Return to the state after ``ids``, with a new but reproducible random sequence."""
        self._free_chain()
        self._chain = build_chain(
            self._model, self._sampling, self._seed + salt * _SALT, [*self._history, *ids]
        )
        if self._grammar is not None:
            lib.llama_sampler_reset(self._grammar)
            for token in ids:
                lib.llama_sampler_accept(self._grammar, token)

    def free(self) -> None:
        """Free the memory; the sampler cannot be used afterwards."""
        self._free_chain()
        if self._grammar:
            lib.llama_sampler_free(self._grammar)
            self._grammar = None

    def _free_chain(self) -> None:
        if self._chain:
            lib.llama_sampler_free(self._chain)
            self._chain = None

    def _accept_sampled(self, token: int) -> None:
        lib.llama_sampler_accept(self._chain, token)
        if self._grammar is not None and not self._model.ends(token):
            lib.llama_sampler_accept(self._grammar, token)

    def _fits_grammar(self, token: int) -> bool:
        if token < 0:
            return False
        row = lib.llama_token_data(token, 1.0, 0.0)
        array = lib.llama_token_data_array(ctypes.pointer(row), 1, -1, False)
        lib.llama_sampler_apply(self._grammar, ctypes.byref(array))
        return bool(row.logit > float("-inf"))

    def _sample_filtered(
        self, context: Any, row: int, forbidden: Collection[int], *, with_grammar: bool
    ) -> int:
        rows = candidates(context, row, self._model.vocab_size)
        if forbidden:
            rows["logit"][list(forbidden)] = float("-inf")
        pointer = rows.ctypes.data_as(ctypes.POINTER(lib.llama_token_data))
        array = lib.llama_token_data_array(pointer, len(rows), -1, False)
        if with_grammar:
            lib.llama_sampler_apply(self._grammar, ctypes.byref(array))
            if not (rows["logit"] > float("-inf")).any():
                return -1
        lib.llama_sampler_apply(self._chain, ctypes.byref(array))
        return int(array.data[array.selected].id) if array.selected >= 0 else -1


def candidates(context: Any, row: int, vocab_size: int) -> NDArray[np.void]:
    """All tokens with their logits, in the memory layout of ``llama_token_data``."""
    import numpy as np

    layout = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
    rows = np.zeros(vocab_size, layout)
    rows["id"] = np.arange(vocab_size, dtype=np.int32)
    logits = lib.llama_get_logits_ith(context, row)
    rows["logit"] = np.ctypeslib.as_array(logits, (vocab_size,))
    return rows
