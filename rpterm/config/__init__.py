"""Settings: a TOML file, overridden by a profile (a second such file), the environment and flags.

``load`` is strict and reports all problems at once; ``save`` writes one setting and preserves the
user's comments. Settings have dotted names: ``theme``, ``sampling.temperature``, ``persona.name``.
This package does not know where the file is.
"""

from rpterm.config.layers import load, origins, profile_file, profiles, save, unknown_profile
from rpterm.config.names import as_dict, full_name, parse_value, setting_kinds
from rpterm.config.settings import (
    ConfigError,
    DistillingSettings,
    DuelSettings,
    ExampleSettings,
    FlagError,
    KvType,
    ScoringSettings,
    Settings,
)

__all__ = [
    "ConfigError",
    "DistillingSettings",
    "DuelSettings",
    "ExampleSettings",
    "FlagError",
    "KvType",
    "ScoringSettings",
    "Settings",
    "as_dict",
    "full_name",
    "load",
    "origins",
    "parse_value",
    "profile_file",
    "profiles",
    "save",
    "setting_kinds",
    "unknown_profile",
]
