"""Settings that can be changed during a chat: their effective value, its origin, its description.

The settings screen and ``/set`` (in the TUI and in plain mode) share this code: a change is written
to the settings file as ``rpterm config set`` writes it, and the running chat then takes over the
effective value. This module knows no user interface and no session; the ``take`` callback receives
the settings.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from rpterm import config
from rpterm.cards.card import CharacterCard
from rpterm.config import ConfigError, ScoringSettings, Settings
from rpterm.config.toml_text import as_typed
from rpterm.types import Sampling

DEFAULT = "default"
"""What a user types instead of a value to restore the default."""
_COMMON = ("temperature", "top_p", "top_k", "min_p", "repeat_penalty", "max_tokens", "close_after")
MODEL = "model"
ADAPTER = "adapter"
TEMPLATE = "chat_template"
PROFILE = "profile"
_FILES = (MODEL, ADAPTER, TEMPLATE)
NAMES: tuple[str, ...] = (
    *(f"sampling.{name}" for name in _COMMON),
    *(PROFILE, "scoring.best_of", "candidates", "memory", "scoring.live", *_FILES),
    *(f"sampling.{each.name}" for each in fields(Sampling) if each.name not in _COMMON),
)
"""The settings of a running chat, the most used ones first."""

TakesEffect = Literal["reply", "opening", "never"]
"""When a change takes effect: with the next reply; when a chat is opened; or not at all, because
something else overrides the settings file."""
_ORIGINS = {"file": "config.toml", "environment": "the environment", "flag": "the command line"}
_CARD = "'s card"
_SAMPLING = "sampling."


class LiveSetting(NamedTuple):
    """One setting with its effective value.

    Attributes:
        name: Dotted, as in the file.
        origin: Where the value comes from, as a sentence names it; "" means the default.
    """

    name: str
    value: object
    origin: str = ""

    @property
    def label(self) -> str:
        """The name to show: samplers without their table's name."""
        return self.name.removeprefix(_SAMPLING)

    @property
    def is_switch(self) -> bool:
        return isinstance(self.value, bool)

    @property
    def shown(self) -> str:
        """The value as text for people."""
        if self.value is None:
            return "random"
        if isinstance(self.value, bool):
            return "on" if self.value else "off"
        if self.name == MODEL:
            return _model_name(str(self.value))
        return as_typed(self.value) or "none"

    @property
    def about(self) -> str:
        """What the setting does."""
        return description(self.name)

    def describe(self) -> str:
        """Name, value, origin and description in one line."""
        return f"{self.label} is {self.shown} ({self.origin or DEFAULT}). {self.about}"


class SettingChange(NamedTuple):
    """The result of a change.

    Attributes:
        setting: The setting with its effective value.
        saved: The value now in the file, as text for people.
        takes_effect: When the change takes effect.
        card: The card's value, as text for people, if the change goes before it; else "".
    """

    setting: LiveSetting
    saved: str
    takes_effect: TakesEffect
    card: str = ""

    def describe(self, takes_effect: TakesEffect | None = None) -> str:
        """One sentence for the user.

        Args:
            takes_effect: When the change takes effect, if the user interface knows better.
        """
        setting = self.setting
        match takes_effect or self.takes_effect:
            case "never":
                return (
                    f"{setting.label} is saved as {self.saved}, but {setting.origin} sets it to "
                    f"{setting.shown} here, which takes precedence."
                )
            case "reply":
                when = "the next reply"
            case "opening":
                when = "the next chat that is opened"
        after = f"; once you quit, the card's own {self.card} counts again" if self.card else ""
        return f"{setting.label} is {self.saved}, starting with {when}{after}."


@dataclass
class LiveSettings:
    """The settings of one run of the program.

    Attributes:
        settings: The effective settings, without those of a card.
        file: The settings file.
        flags: Settings from the command line, by dotted name.
        take: Called with the settings after each change, so that the running chat uses them, and
            with the names of the samplers that were changed here and go before the card's.
        chosen: The settings that were changed in this run.
    """

    settings: Settings
    file: Path
    env: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, object] = field(default_factory=dict)
    take: Callable[[Settings, frozenset[str]], object] = lambda _settings, _samplers: None
    chosen: set[str] = field(default_factory=set)

    def all_effective(self, card: CharacterCard | None) -> list[LiveSetting]:
        """Every setting of a running chat, with its effective value for a character."""
        values, origins = config.as_dict(self.settings), self._origins()
        return [_effective(name, values, origins, self._overriding(name, card)) for name in NAMES]

    def effective(self, name: str, card: CharacterCard | None) -> LiveSetting:
        """One of these settings; its name without the table is enough.

        Raises:
            ConfigError: There is no setting of that name, or it cannot be changed during a chat.
        """
        name = tunable_name(name)
        values, card = config.as_dict(self.settings), self._overriding(name, card)
        return _effective(name, values, self._origins(), card)

    def change(self, name: str, text: str | None, card: CharacterCard | None) -> SettingChange:
        """Save a setting and apply it.

        Args:
            text: As a user types it; ``None`` or ``default`` restores the default.

        Raises:
            ConfigError: There is no such setting, the value is not valid, or it cannot be saved.
            ModelError: The model cannot be used.
        """
        name = tunable_name(name)
        text = None if text == DEFAULT else text
        if text and name == PROFILE:
            self._check_profile(text)
        elif text and self.settings.engine == "llama":
            text = _checked(self.settings, name, text)
        config.save(self.file, name, text)
        fresh = config.load(self.file, self.env, self.flags)
        in_file = config.as_dict(config.load(self.file, flags={PROFILE: ""}))
        saved = (text or "") if name == PROFILE else in_file[name]
        before = self.settings
        self.settings = (
            fresh if name == PROFILE else _replaced(before, name, config.as_dict(fresh)[name])
        )
        self._choose(name, text)
        setting = self.effective(name, card)
        takes_effect = self._takes_effect(before, setting.value != saved)
        shown = LiveSetting(name, saved).shown
        return SettingChange(setting, shown, takes_effect, self._card_value(name, card))

    def _choose(self, name: str, text: str | None) -> None:
        """Let the running chat use the settings; what the user chose here goes before the card."""
        self.chosen = self.chosen - {name} if text is None else self.chosen | {name}
        samplers = (each for each in self.chosen if each.startswith(_SAMPLING))
        self.take(self.settings, frozenset(each.removeprefix(_SAMPLING) for each in samplers))

    def _overriding(self, name: str, card: CharacterCard | None) -> CharacterCard | None:
        """The card, unless the user changed this setting here."""
        return None if name in self.chosen else card

    def _card_value(self, name: str, card: CharacterCard | None) -> str:
        """The card's value of a setting that the user changed here, or ""."""
        own = card.sampling.get(name.removeprefix(_SAMPLING)) if card is not None else None
        return "" if own is None or name not in self.chosen else LiveSetting(name, own).shown

    def _check_profile(self, profile: str) -> None:
        """Refuse a profile that cannot be used, before it is saved.

        Raises:
            ConfigError: There is no profile of that name, or its file has errors.
            ModelError: Its model cannot be used.
        """
        trial = config.load(self.file, self.env, {**self.flags, PROFILE: profile})
        if trial.engine == "llama" and trial.model != self.settings.model:
            _checked(trial, MODEL, trial.model)

    def _takes_effect(self, before: Settings, is_overridden: bool) -> TakesEffect:
        if is_overridden:
            return "never"
        now = self.settings
        needs_opening = before.memory != now.memory or _is_scored(before) != _is_scored(now)
        return "opening" if needs_opening or now.needs_other_engine(before) else "reply"

    def _origins(self) -> dict[str, str]:
        """Where each setting that is not a default comes from, as a sentence names it."""
        found = config.origins(self.file, self.env, self.flags)
        profile = f"profile {self.settings.profile}"
        return {name: _ORIGINS.get(origin, profile) for name, origin in found.items()}


def tunable_name(name: str) -> str:
    """The full dotted name of a setting of a running chat.

    Raises:
        ConfigError: There is no setting of that name, or it cannot be changed during a chat.
    """
    name = config.full_name(name)
    if name not in NAMES:
        raise ConfigError(
            [
                f"{name} cannot be changed during a chat: set it with "
                f"`rpterm config set {name} VALUE` and start rpterm again."
            ]
        )
    return name


def problem_with(name: str, text: str) -> str:
    """What is wrong with a value as a user types it; "" if it is valid."""
    try:
        config.parse_value(name, text)
    except ConfigError as error:
        return str(error)
    return ""


def description(name: str) -> str:
    """The description of a setting, from the docstring of its table."""
    table, _, key = name.rpartition(".")
    kind: type = {"sampling": Sampling, "scoring": ScoringSettings}.get(table, Settings)
    return _attributes(kind).get(key, "")


@cache
def _attributes(kind: type) -> dict[str, str]:
    """The ``Attributes`` section of a class's docstring, by attribute name."""
    found = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", inspect.getdoc(kind) or "", re.MULTILINE)
    return {name: " ".join(text.split()).replace("``", "") for name, text in found}


def _effective(
    name: str,
    values: Mapping[str, object],
    origins: Mapping[str, str],
    card: CharacterCard | None,
) -> LiveSetting:
    """A setting for a character, whose card's samplers override everything but flags."""
    origin = origins.get(name, "")
    if card is not None and name.startswith(_SAMPLING) and origin != _ORIGINS["flag"]:
        own = card.sampling.get(name.removeprefix(_SAMPLING))
        if own is not None:
            return LiveSetting(name, own, card.name + _CARD)
    return LiveSetting(name, values[name], origin)


def _model_name(value: str) -> str:
    """A model's name to show: a file's name without folder and suffix."""
    return Path(value).name.removesuffix(".gguf") or "starter"


def _checked(settings: Settings, name: str, text: str) -> str:
    """The value to save, after a check; the path of a file becomes absolute.

    Raises:
        ModelError: The model, adapter or template does not exist or cannot be used here.
    """
    if name == TEMPLATE:
        from rpterm.models import templates

        templates.load_template(text)
    elif name in _FILES:
        from rpterm import paths
        from rpterm.models.engine_factory import adapter_file, plan_model

        trial = _replaced(settings, name, text)
        adapter_file(trial.adapter, plan_model(trial, paths.find()).header)
    file = Path(text).expanduser()
    return str(file.absolute()) if name in _FILES and file.is_file() else text


def _replaced(settings: Settings, name: str, value: object) -> Settings:
    """The settings with one value replaced."""
    table, _, key = name.rpartition(".")
    value = tuple(value) if isinstance(value, list) else value
    if not table:
        return replace(settings, **{key: value})  # type: ignore[arg-type]
    inner: Any = getattr(settings, table)
    return replace(settings, **{table: replace(inner, **{key: value})})


def _is_scored(settings: Settings) -> bool:
    return settings.scoring.live or settings.scoring.best_of > 1
