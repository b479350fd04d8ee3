"""Settings that are changed while a chat goes on: what holds, where it comes from, what it does.

The dialog and ``/set``, on screen and without one, take the same way: the file of settings is
written as ``rpterm config set`` writes it, and what runs takes the value that holds then. Nothing
here knows a front end or a session; it is told who takes the settings.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from rpterm import config
from rpterm.cards.card import CharacterCard
from rpterm.config import ConfigError, Scoring, Settings
from rpterm.config.text import typed
from rpterm.types import Sampling

DEFAULT = "default"
"""What one writes in place of a value to go back to it."""
_FIRST = ("temperature", "top_p", "top_k", "min_p", "repeat_penalty", "max_tokens", "close_after")
_SAMPLERS = (*_FIRST, *(each.name for each in fields(Sampling) if each.name not in _FIRST))
MODEL = "model"
ADAPTER = "adapter"
TEMPLATE = "chat_template"
PROFILE = "profile"
_FILES = (MODEL, ADAPTER, TEMPLATE)
_OTHERS = (PROFILE, "scoring.best_of", "candidates", "memory", "scoring.live", *_FILES)
NAMES: tuple[str, ...] = (
    *(f"sampling.{name}" for name in _FIRST),
    *_OTHERS,
    *(f"sampling.{name}" for name in _SAMPLERS[len(_FIRST) :]),
)
"""The settings of a running chat, those one looks for most at first."""

Counts = Literal["reply", "opening", "over"]
"""When a change counts: from the next reply, when a chat is opened, or not, since something goes
before the file."""
_FROM = {"file": "config.toml", "environment": "the environment", "flag": "the command line"}
_CARD = "'s card"


@dataclass(frozen=True, slots=True)
class Knob:
    """One setting as it holds now.

    Attributes:
        name: Dotted, as in the file.
        origin: What it comes from, as a sentence names it; "" is the default.
    """

    name: str
    value: object
    origin: str = ""

    @property
    def label(self) -> str:
        """How it is called: samplers by their own name alone."""
        return self.name.removeprefix("sampling.")

    @property
    def is_switch(self) -> bool:
        return isinstance(self.value, bool)

    @property
    def shown(self) -> str:
        """The value for people."""
        if self.value is None:
            return "drawn anew"
        if isinstance(self.value, bool):
            return "on" if self.value else "off"
        if self.name == MODEL:
            return _model_name(str(self.value))
        return typed(self.value) or "none"

    @property
    def about(self) -> str:
        """What it does, in the words of its docstring."""
        return about(self.name)

    def told(self) -> str:
        """All of it in a line."""
        return f"{self.label} is {self.shown} ({self.origin or DEFAULT}). {self.about}"


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of a change.

    Attributes:
        knob: The setting as it holds now.
        kept: What the file says now, for people.
    """

    knob: Knob
    kept: str
    counts: Counts

    def told(self, counts: Counts | None = None) -> str:
        """One sentence about it.

        Args:
            counts: When it counts, where the front end knows better.
        """
        knob = self.knob
        match counts or self.counts:
            case "over":
                there = ": change it there" if knob.origin.endswith(_CARD) else ""
                return (
                    f"{knob.label} is kept as {self.kept}, but {knob.origin} says {knob.shown} "
                    f"here, and goes before it{there}."
                )
            case "reply":
                when = "from the next reply"
            case "opening":
                when = "when a chat is opened next"
        return f"{knob.label} is {self.kept}; it counts {when}."


@dataclass
class Tuning:
    """The settings of one run of the program.

    Attributes:
        settings: Those that hold now, without what a card says.
        file: Where they are kept.
        flags: What the command line gave, by dotted name.
        take: Told the settings after each change, so that what runs goes on with them.
    """

    settings: Settings
    file: Path
    env: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, object] = field(default_factory=dict)
    take: Callable[[Settings], object] = lambda _settings: None

    def knobs(self, card: CharacterCard | None) -> list[Knob]:
        """Every setting of a running chat, as it holds for a character."""
        values, origins = config.show(self.settings), self._origins()
        return [_knob(name, values, origins, card) for name in NAMES]

    def knob(self, name: str, card: CharacterCard | None) -> Knob:
        """One of them; its last name is enough.

        Raises:
            ConfigError: There is none of that name, or it cannot be changed while a chat goes on.
        """
        return _knob(known(name), config.show(self.settings), self._origins(), card)

    def change(self, name: str, text: str | None, card: CharacterCard | None) -> Changed:
        """Keep a setting and go on with it.

        Args:
            text: As a user types it; ``None`` or ``default`` goes back to the default.

        Raises:
            ConfigError: There is no such setting, the value does not fit, or it cannot be kept.
            ModelError: The model cannot be used.
        """
        name = known(name)
        text = None if text == DEFAULT else text
        if text and name == PROFILE:
            self._try(text)
        elif text and self.settings.engine == "llama":
            text = _usable(self.settings, name, text)
        config.save(self.file, name, text)
        fresh = config.load(self.file, self.env, self.flags)
        own = config.show(config.load(self.file, flags={PROFILE: ""}))
        kept = (text or "") if name == PROFILE else own[name]
        before = self.settings
        one = _with(before, name, config.show(fresh)[name])
        self.settings = fresh if name == PROFILE else one
        self.take(self.settings)
        knob = self.knob(name, card)
        return Changed(knob, Knob(name, kept).shown, self._counts(before, knob, kept))

    def _try(self, profile: str) -> None:
        """Refuse a profile that cannot be used, before it is kept.

        Raises:
            ConfigError: There is none of that name, or its file is wrong.
            ModelError: Its model cannot be used.
        """
        trial = config.load(self.file, self.env, {**self.flags, PROFILE: profile})
        if trial.engine == "llama" and trial.model != self.settings.model:
            _usable(trial, MODEL, trial.model)

    def _counts(self, before: Settings, knob: Knob, kept: object) -> Counts:
        if knob.value != kept:
            return "over"
        now = self.settings
        opened = before.memory != now.memory or _scored(before) != _scored(now)
        return "opening" if opened or now.asks_another(before) else "reply"

    def _origins(self) -> dict[str, str]:
        found = config.origins(self.file, self.env, self.flags)
        profile = f"profile {self.settings.profile}"
        return {name: _FROM.get(origin, profile) for name, origin in found.items()}


def known(name: str) -> str:
    """The dotted name of a setting of a running chat.

    Raises:
        ConfigError: There is none of that name, or it is another one's.
    """
    name = config.full_name(name)
    if name not in NAMES:
        raise ConfigError([f"{name} counts from the start: `rpterm config set {name} VALUE`."])
    return name


def problem(name: str, text: str) -> str:
    """What is wrong with a value as a user types it; "" where it fits."""
    try:
        config.read(name, text)
    except ConfigError as error:
        return str(error)
    return ""


def about(name: str) -> str:
    """What a setting does: what the docstring of its table says of it, as one sentence."""
    table, _, key = name.rpartition(".")
    kind: type = {"sampling": Sampling, "scoring": Scoring}.get(table, Settings)
    return _attributes(kind).get(key, "")


@cache
def _attributes(kind: type) -> dict[str, str]:
    """The ``Attributes`` of a docstring, by name."""
    found = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", inspect.getdoc(kind) or "", re.MULTILINE)
    return {name: " ".join(text.split()).replace("``", "") for name, text in found}


def _knob(
    name: str,
    values: Mapping[str, object],
    origins: Mapping[str, str],
    card: CharacterCard | None,
) -> Knob:
    """A setting as it holds for a character: its card's own samplers go before all but flags."""
    origin = origins.get(name, "")
    own = card.sampling.get(name.removeprefix("sampling.")) if card is not None else None
    if own is None or not name.startswith("sampling.") or origin == _FROM["flag"]:
        return Knob(name, values[name], origin)
    assert card is not None
    return Knob(name, own, card.name + _CARD)


def _model_name(value: str) -> str:
    """What a model is called: a file by its name alone."""
    return Path(value).name.removesuffix(".gguf") or "starter"


def _usable(settings: Settings, name: str, text: str) -> str:
    """What to keep of a value: of a path from where one stands, that from everywhere.

    Raises:
        ModelError: There is no such model, adapter or template, or it cannot be used here.
    """
    if name == TEMPLATE:
        from rpterm.models import templates

        templates.load_template(text)
    elif name in _FILES:
        from rpterm import paths
        from rpterm.models.engine_factory import adapter_file, plan_model

        here, trial = paths.find(), _with(settings, name, text)
        planned = plan_model(trial, models_folder=here.models, cache_folder=here.cache)
        adapter_file(trial.adapter, planned.header)
    file = Path(text).expanduser()
    return str(file.absolute()) if name in _FILES and file.is_file() else text


def _with(settings: Settings, name: str, value: object) -> Settings:
    """The settings with one of them changed."""
    table, _, key = name.rpartition(".")
    value = tuple(value) if isinstance(value, list) else value
    if not table:
        return replace(settings, **{key: value})  # type: ignore[arg-type]
    inner: Any = getattr(settings, table)
    return replace(settings, **{table: replace(inner, **{key: value})})


def _scored(settings: Settings) -> bool:
    return settings.scoring.live or settings.scoring.best_of > 1
