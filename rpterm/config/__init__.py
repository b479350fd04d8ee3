"""Settings: a TOML file, overridden by a profile (a second such file), the environment and flags.

``load`` is strict and reports all problems at once; ``save`` writes one setting and preserves the
user's comments. Settings have dotted names: ``theme``, ``sampling.temperature``, ``persona.name``.
This package does not know where the file is.
"""

from rpterm.config.layers import load, origins, profile_file, profiles, save
from rpterm.config.names import full_name, names, read, show
from rpterm.config.settings import (
    ConfigError,
    Distilling,
    Duel,
    ExampleSizes,
    FlagError,
    KvType,
    Scoring,
    Settings,
)

__all__ = [
    "ConfigError",
    "Distilling",
    "Duel",
    "ExampleSizes",
    "FlagError",
    "KvType",
    "Scoring",
    "Settings",
    "full_name",
    "load",
    "names",
    "origins",
    "profile_file",
    "profiles",
    "read",
    "save",
    "show",
]
