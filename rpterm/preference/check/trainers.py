"""Predicts what each trainer does with a row of a given size: train on it, cut it, drop it, stop.

The rules come from the trainers' source code and documentation:

- TRL 1.16 ``DPOTrainer`` and ``KTOTrainer`` drop rows whose prompt alone has ``max_length`` tokens
  (1024 by default) and cut longer rows at their end, that is in the reply.
- TRL ``RewardTrainer`` drops rows in which prompt and either reply exceed ``max_length``.
- TRL ``ORPOTrainer`` drops nothing: a prompt that fills ``max_length`` leaves an empty reply.
- TRL ``SFTTrainer`` cuts at ``max_length`` and then drops rows without any token to learn. In rows
  of prompt and completion only the reply is learned, so a prompt that fills the limit drops them.
  In conversations (``messages``) the prompt is learned, too, so they stay, but a reply beyond the
  cut teaches nothing (with ``assistant_only_loss`` such rows are dropped as well).
- Axolotl drops rows longer than ``sequence_len`` (512 by default, but meant to be set).
- LLaMA-Factory cuts at ``cutoff_len`` (2048 by default) and drops conversations in which user and
  assistant do not take turns, the user first, with only a warning.

All render rows with the model's own template, which may reject a conversation and stop the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from rpterm.preference.check.examples import Example

Fate = Literal["kept", "cut", "emptied", "dropped"]
"""``emptied``: cut so that nothing of the reply is left, but still trained on."""
Rule = Callable[[Example, int, int, int], Fate]
"""Called with a row, the token counts of its prompt and longest reply, and the limit."""


@dataclass(frozen=True, slots=True)
class Trainer:
    """One trainer, the rows it reads, and its rule.

    Attributes:
        limit: Default maximum number of tokens per row.
        setting: The trainer's name for that limit.
    """

    name: str
    reader: str
    kind: str
    limit: int
    setting: str
    rule: Rule


@dataclass(slots=True)
class Outlook:
    """What one trainer will do with all rows; ``drops`` and ``empties`` list the first places."""

    trainer: str
    setting: str
    limit: int
    fates: Counter[str] = field(default_factory=Counter)
    drops: list[str] = field(default_factory=list)
    empties: list[str] = field(default_factory=list)


def drop_long_prompt(example: Example, prompt: int, reply: int, limit: int) -> Fate:
    """Drop rows whose prompt leaves no room for the reply; cut other rows that are too long."""
    if prompt >= limit:
        return "dropped"
    return "cut" if prompt + reply > limit else "kept"


def _empty_long_prompt(example: Example, prompt: int, reply: int, limit: int) -> Fate:
    fate = drop_long_prompt(example, prompt, reply, limit)
    return "emptied" if fate == "dropped" else fate


def _sft(example: Example, prompt: int, reply: int, limit: int) -> Fate:
    rule = drop_long_prompt if example.apart else _empty_long_prompt
    return rule(example, prompt, reply, limit)


def _drop_long_row(example: Example, prompt: int, reply: int, limit: int) -> Fate:
    return "dropped" if prompt + reply > limit else "kept"


def _cut_long_row(example: Example, prompt: int, reply: int, limit: int) -> Fate:
    return "cut" if prompt + reply > limit else "kept"


def _require_alternation(example: Example, prompt: int, reply: int, limit: int) -> Fate:
    if isinstance(example.prompt, str):
        return "dropped"
    roles = [role for role, _ in example.prompt if role != "system"]
    alternating = ["user", "assistant"] * (len(roles) // 2) + ["user"]
    if roles != alternating:
        return "dropped"
    return _cut_long_row(example, prompt, reply, limit)


TRAINERS: tuple[Trainer, ...] = (
    Trainer("TRL DPOTrainer", "trl", "pair", 1024, "max_length", drop_long_prompt),
    Trainer("TRL ORPOTrainer", "trl", "pair", 1024, "max_length", _empty_long_prompt),
    Trainer("TRL RewardTrainer", "trl", "pair", 1024, "max_length", _drop_long_row),
    Trainer("TRL KTOTrainer", "trl", "label", 1024, "max_length", drop_long_prompt),
    Trainer("TRL SFTTrainer", "trl", "demo", 1024, "max_length", _sft),
    Trainer("Axolotl DPO", "axolotl", "pair", 512, "sequence_len", _drop_long_row),
    Trainer("Axolotl KTO", "axolotl", "label", 512, "sequence_len", _drop_long_row),
    Trainer("Axolotl SFT", "axolotl", "demo", 512, "sequence_len", _drop_long_row),
    Trainer("LLaMA-Factory DPO", "llama_factory", "pair", 2048, "cutoff_len", _require_alternation),
    Trainer(
        "LLaMA-Factory KTO", "llama_factory", "label", 2048, "cutoff_len", _require_alternation
    ),
    Trainer("LLaMA-Factory SFT", "llama_factory", "demo", 2048, "cutoff_len", _require_alternation),
    Trainer("LLaMA-Factory SFT", "sharegpt", "demo", 2048, "cutoff_len", _require_alternation),
)
"""All trainers that are predicted."""


class Forecast:
    """Collects the predictions for all rows."""

    def __init__(self, limit: int | None, exported: int) -> None:
        """Args:
        limit: Maximum tokens per row, instead of each trainer's default.
        exported: The limit of the export, to which a trainer is set that has a lower default.
        """
        self._limit, self._exported = limit, exported
        self.outlooks: dict[tuple[str, str], Outlook] = {}

    def add(self, example: Example, where: str, prompt: int, reply: int) -> None:
        """Add a row with these token counts of prompt and longest reply."""
        for trainer in TRAINERS:
            if trainer.reader == example.reader and trainer.kind == example.kind:
                outlook = self._outlook(trainer)
                fate = trainer.rule(example, prompt, reply, outlook.limit)
                outlook.fates[fate] += 1
                places = {"dropped": outlook.drops, "emptied": outlook.empties}.get(fate)
                if places is not None and len(places) < 5:
                    places.append(where)

    def refused(self, example: Example) -> None:
        """Add a row that the template rejects."""
        for trainer in TRAINERS:
            if trainer.reader == example.reader and trainer.kind == example.kind:
                self._outlook(trainer).fates["stops"] += 1

    def _outlook(self, trainer: Trainer) -> Outlook:
        key = trainer.name, trainer.reader
        if key not in self.outlooks:
            limit = self._limit or max(trainer.limit, self._exported)
            self.outlooks[key] = Outlook(trainer.name, trainer.setting, limit)
        return self.outlooks[key]
