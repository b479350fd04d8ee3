"""One side of a duel: the current settings with the changes that a line of text describes.

Examples: ``temperature=1.2 min_p=0.02``, ``model=other.gguf``, ``adapter=mine.gguf``. A bare word
is a model, or continues a path with spaces that has not reached its ``.gguf`` yet. An empty line
changes nothing but the seed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from rpterm import config
from rpterm.config import Settings, values
from rpterm.errors import RptermError
from rpterm.types import Generation, Sampling

_WEIGHTS = ("model", "adapter")
_FILE = ".gguf"
_PATH = re.compile(r"[^\s=]+\.gguf")


@dataclass(frozen=True, slots=True)
class Contender:
    """One side of a duel.

    Attributes:
        name: ``A``, ``B``, …
        spec: The line it was parsed from.
        sampling: The sampler settings it changes.
        model, adapter: ``None`` keeps what the settings say.
    """

    name: str
    spec: str = ""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    adapter: str | None = None

    @property
    def label(self) -> str:
        """Its name and line for display: ``B (temperature=1.2)``."""
        return f"{self.name} ({self.spec})" if self.spec else f"{self.name} (as set)"

    @property
    def weights(self) -> tuple[str | None, str | None]:
        """Model and adapter; contenders that share both can run in one engine."""
        return self.model, self.adapter

    def settings(self, base: Settings) -> Settings:
        """The settings with its changes applied."""
        changes: dict[str, Any] = {"sampling": replace(base.sampling, **self.sampling)}
        changes |= {name: value for name in _WEIGHTS if (value := getattr(self, name)) is not None}
        return replace(base, **changes)


def parse(name: str, spec: str) -> Contender:
    """Parse a contender's line.

    Raises:
        RptermError: Names the part of the line that is invalid.
    """
    sampling: dict[str, Any] = {}
    weights: dict[str, str] = {}
    key = ""
    for part in spec.replace(",", " ").split():
        if "=" not in part and not weights.get(key, _FILE).endswith(_FILE):
            weights[key] += f" {part}"  # The file's path contains a space.
            continue
        key, sign, value = part.partition("=")
        if not sign:
            key, value = "model", part
        if key in _WEIGHTS:
            weights[key] = value
        else:
            sampling[key] = _parse_sampler(name, key, value)
    return Contender(name, " ".join(spec.replace(",", " ").split()), sampling, **weights)


_FIXED = ("seed", "think_tokens")
"""Cannot be set: the seed is drawn per reply; ``think_tokens`` would change the shared prompt."""


def _parse_sampler(name: str, key: str, value: str) -> Any:
    kind = config.setting_kinds().get(f"sampling.{key}")
    if kind is None or kind.shape != "plain" or key in _FIXED:
        from difflib import get_close_matches

        known = [each.name for each in fields(Sampling) if each.name not in _FIXED]
        near = get_close_matches(key, [*known, *_WEIGHTS], 1)
        hint = f"did you mean {near[0]}?" if near else "use a sampler, model or adapter."
        raise RptermError(f"Side {name}: {key!r} cannot be set here; {hint}")
    parsed, problems = values.parse(f"sampling.{key}", value, kind, f"Side {name}: {key}")
    if problems:
        raise RptermError(problems[0])
    return parsed


def parse_all(specs: Sequence[str]) -> tuple[Contender, ...]:
    """Parse the lines of contenders A, B, …, in order."""
    return tuple(parse(chr(ord("A") + at), spec) for at, spec in enumerate(specs))


def short_names(specs: Sequence[str]) -> dict[str, str]:
    """Names of sides for a report: paths are shortened to file names if that stays unambiguous."""
    short = {spec: _PATH.sub(lambda match: Path(match[0]).stem, spec) for spec in specs}
    return short if len(set(short.values())) == len(short) else {spec: spec for spec in specs}


def differences(left: Generation, right: Generation) -> str:
    """A sentence about how the generation of two replies differed: model, adapter or samplers."""
    names = [each.name for each in fields(Sampling) if each.name != "seed"]
    changed = [n for n in names if getattr(left.sampling, n) != getattr(right.sampling, n)]
    if left.model != right.model or left.model_hash != right.model_hash:
        one, other = left.model, right.model  # With the names of their adapters.
    elif left.adapter_hash != right.adapter_hash:
        one, other = f"adapter {left.adapter_hash[:8]}", f"adapter {right.adapter_hash[:8]}"
    elif changed:
        one, other = _values(left.sampling, changed), _values(right.sampling, changed)
    else:
        return "Both were made with the same settings; only chance differed."
    return f"Left was {one}; right was {other}."


def _values(sampling: Sampling, names: Sequence[str]) -> str:
    return ", ".join(f"{name}={getattr(sampling, name)}" for name in names)
