"""What each trainer will do with a row of so many tokens: train on it, cut it, drop it, or stop.

The rules were read in the trainers' sources and documents:

- TRL 1.16 ``DPOTrainer`` and ``KTOTrainer`` drop rows whose prompt alone has ``max_length`` tokens
  (1024 by default) and cut longer rows at their end, that is in the reply.
- TRL ``RewardTrainer`` drops rows in which prompt and either reply are longer than ``max_length``.
- TRL ``ORPOTrainer`` drops nothing: a prompt that fills ``max_length`` leaves an empty reply.
- TRL ``SFTTrainer`` cuts at ``max_length`` and then drops rows in which nothing is left to learn.
  Rows of prompt and completion are learned from the reply alone, so a prompt that fills the limit
  drops them; of one conversation (``messages``) the prompt is learned, too, so they stay, and a
  reply behind the cut teaches nothing (with ``assistant_only_loss`` they are dropped as well).
- Axolotl drops rows longer than ``sequence_len`` (512 by default, as it is to be set).
- LLaMA-Factory cuts at ``cutoff_len`` (2048 by default) and drops conversations in which user and
  assistant do not take turns, the user first, with only a warning.

All render the rows with the model's own template, which may refuse a shape and stop the training.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from rpterm.preference.check.examples import Example

Fate = Literal["kept", "cut", "emptied", "dropped"]
"""``emptied``: cut so that nothing of the reply is left, and trained on all the same."""
Rule = Callable[[Example, int, int, int], Fate]
"""From a row, the tokens of its prompt and of its longest reply, and the limit."""


@dataclass(frozen=True, slots=True)
class Trainer:
    """One trainer, the rows it reads, and its rule.

    Attributes:
        limit: Tokens of a row by default, and ``setting``, what the trainer calls that.
    """

    name: str
    reader: str
    kind: str
    limit: int
    setting: str
    rule: Rule


@dataclass(slots=True)
class Outlook:
    """What one trainer will do with all rows; ``drops`` and ``empties`` are the first ones of
    those, for people."""

    trainer: str
    setting: str
    limit: int
    fates: Counter[str] = field(default_factory=Counter)
    drops: list[str] = field(default_factory=list)
    empties: list[str] = field(default_factory=list)


def long_prompt(example: Example, prompt: int, reply: int, limit: int) -> Fate:
    """A prompt that fills the limit leaves no token of the reply; a longer row is cut."""
    if prompt >= limit:
        return "dropped"
    return "cut" if prompt + reply > limit else "kept"


def _emptied(example: Example, prompt: int, reply: int, limit: int) -> Fate:
    fate = long_prompt(example, prompt, reply, limit)
    return "emptied" if fate == "dropped" else fate


def _imitated(example: Example, prompt: int, reply: int, limit: int) -> Fate:
    rule = long_prompt if example.apart else _emptied
    return rule(example, prompt, reply, limit)


def _long_row(example: Example, prompt: int, reply: int, limit: int) -> Fate:
    return "dropped" if prompt + reply > limit else "kept"


def _only_cut(example: Example, prompt: int, reply: int, limit: int) -> Fate:
    return "cut" if prompt + reply > limit else "kept"


def _alternating(example: Example, prompt: int, reply: int, limit: int) -> Fate:
    if isinstance(example.prompt, str):
        return "dropped"
    said = [role for role, _ in example.prompt if role != "system"]
    wanted = ["user", "assistant"] * (len(said) // 2) + ["user"]
    if said != wanted:
        return "dropped"
    return _only_cut(example, prompt, reply, limit)


TRAINERS: tuple[Trainer, ...] = (
    Trainer("TRL DPOTrainer", "trl", "pair", 1024, "max_length", long_prompt),
    Trainer("TRL ORPOTrainer", "trl", "pair", 1024, "max_length", _emptied),
    Trainer("TRL RewardTrainer", "trl", "pair", 1024, "max_length", _long_row),
    Trainer("TRL KTOTrainer", "trl", "label", 1024, "max_length", long_prompt),
    Trainer("TRL SFTTrainer", "trl", "demo", 1024, "max_length", _imitated),
    Trainer("Axolotl DPO", "axolotl", "pair", 512, "sequence_len", _long_row),
    Trainer("Axolotl KTO", "axolotl", "label", 512, "sequence_len", _long_row),
    Trainer("Axolotl SFT", "axolotl", "demo", 512, "sequence_len", _long_row),
    Trainer("LLaMA-Factory DPO", "llama_factory", "pair", 2048, "cutoff_len", _alternating),
    Trainer("LLaMA-Factory KTO", "llama_factory", "label", 2048, "cutoff_len", _alternating),
    Trainer("LLaMA-Factory SFT", "llama_factory", "demo", 2048, "cutoff_len", _alternating),
    Trainer("LLaMA-Factory SFT", "sharegpt", "demo", 2048, "cutoff_len", _alternating),
)
"""Every trainer that is foretold."""


class Forecast:
    """Collects what the trainers will do."""

    def __init__(self, limit: int | None = None) -> None:
        """Args:
        limit: Tokens of a row, in place of each trainer's own default.
        """
        self._limit = limit
        self._outlooks: dict[tuple[str, str], Outlook] = {}

    def add(self, example: Example, where: str, prompt: int, reply: int) -> None:
        """Take one row of so many tokens in."""
        for trainer in TRAINERS:
            if trainer.reader == example.reader and trainer.kind == example.kind:
                outlook = self._of(trainer)
                fate = trainer.rule(example, prompt, reply, outlook.limit)
                outlook.fates[fate] += 1
                places = {"dropped": outlook.drops, "emptied": outlook.empties}.get(fate)
                if places is not None and len(places) < 5:
                    places.append(where)

    def refused(self, example: Example) -> None:
        """Take one row in that the template refuses."""
        for trainer in TRAINERS:
            if trainer.reader == example.reader and trainer.kind == example.kind:
                self._of(trainer).fates["stops"] += 1

    def outlooks(self) -> list[Outlook]:
        """For each trainer that reads these rows."""
        return list(self._outlooks.values())

    def _of(self, trainer: Trainer) -> Outlook:
        key = trainer.name, trainer.reader
        if key not in self._outlooks:
            limit = self._limit or trainer.limit
            self._outlooks[key] = Outlook(trainer.name, trainer.setting, limit)
        return self._outlooks[key]
