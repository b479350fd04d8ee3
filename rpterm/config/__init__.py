"""Settings: a TOML file in the user's config folder, overridden by the environment and by flags.

A profile is a second such file, laid over the first. ``load`` reads strictly and tells everything
that is wrong at once; ``save`` writes one setting back and leaves the user's comments alone. Names
of settings are dotted here: ``theme``, ``sampling.temperature``, ``persona.name``. Where the file
lies is not known here.
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
