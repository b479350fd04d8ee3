"""The ranges of sampler values, which settings and cards share."""

from __future__ import annotations

_BIG = 2**31 - 1
SAMPLING_RANGES: dict[str, tuple[float, float]] = {
    "seed": (0, 2**32 - 1), "max_tokens": (1, 1_000_000), "close_after": (-1, 1_000_000),
    "think_tokens": (0, 1_000_000),
    "temperature": (0, 10), "dynatemp_range": (0, 10), "dynatemp_exponent": (0, 10),
    "top_k": (0, _BIG), "top_p": (0, 1), "min_p": (0, 1), "typical_p": (0, 1),
    "top_n_sigma": (-1, 100), "repeat_penalty": (0, 10), "presence_penalty": (-10, 10),
    "frequency_penalty": (-10, 10), "penalty_last_n": (-1, _BIG), "dry_multiplier": (0, 100),
    "dry_base": (0, 100), "dry_allowed_length": (0, _BIG), "dry_range": (-1, _BIG),
    "xtc_probability": (0, 1), "xtc_threshold": (0, 1), "mirostat": (0, 2),
    "mirostat_tau": (0, 100), "mirostat_eta": (0, 10),
}  # fmt: skip
"""The smallest and the largest value of each number in ``Sampling``, in settings and in cards."""
