"""Loads the effective settings and saves single ones.

Flags override the environment, which overrides the profile, the settings file and the defaults.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from rpterm.config.names import TABLES, full_name, last_part, parse_value, setting_kinds, suggestion
from rpterm.config.settings import ConfigError, FlagError, Settings
from rpterm.config.values import Kind, parse, problems_with
from rpterm.errors import cause_of
from rpterm.paths import write_atomic

Origin = Literal["file", "profile", "environment", "flag"]

_VARIABLES = {
    "persona.name": "persona", "duel.b": "duel_b", "scoring.live": "live_scores",
    "scoring.slow": "slow_scores", "scoring.best_of": "best_of", "scoring.nli_model": "nli_model",
    "examples.per_turn": "examples_per_turn", "examples.budget": "examples_budget",
    "distil.mode": "distil", "distil.share": "share_facts",
}  # fmt: skip
"""Settings whose environment variable is not named after the last part of their name."""


def load(
    path: Path,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Settings:
    """The effective settings.

    Args:
        path: The settings file; a missing file counts as empty.
        env: The environment: ``RPTERM_MODEL``, ``RPTERM_TEMPERATURE``, ….
        flags: Values from the command line by dotted name; ``None`` values count as not given.

    Raises:
        ConfigError: With all problems in all of these; ``FlagError`` if only flags have any.
    """
    problems: list[str] = []
    values: dict[str, object] = {}
    for _, given in _layers(path, env or {}, flags or {}, problems):
        values.update(given)
    if problems:
        without_flags: list[str] = []
        _layers(path, env or {}, {}, without_flags)
        raise (ConfigError if without_flags else FlagError)(problems)
    return _assemble(values)


def origins(path: Path, env: Mapping[str, str], flags: Mapping[str, object]) -> dict[str, Origin]:
    """Where each setting that is not a default comes from; problems are ignored."""
    return {name: origin for origin, given in _layers(path, env, flags, []) for name in given}


def _layers(
    path: Path, env: Mapping[str, str], flags: Mapping[str, object], problems: list[str]
) -> list[tuple[Origin, dict[str, object]]]:
    """The values given in each place; later layers override earlier ones.

    What is wrong is appended to ``problems``.
    """
    kinds = setting_kinds()
    file = _from_file(path, kinds, problems)
    variables = _from_env(env, kinds, problems)
    given = {name: value for name, value in flags.items() if value is not None}
    for name, value in given.items():
        problems += problems_with(
            name, value, kinds[name], "--" + last_part(name).replace("_", "-")
        )
    named = {**file, **variables, **given}.get("profile")
    profile = _from_profile(path, str(named), kinds, problems) if named else {}
    layers: list[tuple[Origin, dict[str, object]]] = [("file", file), ("profile", profile)]
    return [*layers, ("environment", variables), ("flag", given)]


def profiles(path: Path) -> list[str]:
    """The names of the profiles next to a settings file."""
    return sorted(each.stem for each in profile_file(path, "").parent.glob("*.toml"))


def unknown_profile(path: Path, name: str) -> str:
    """The message for a profile that does not exist: which do, and how to create it.

    Args:
        path: The settings file.
    """
    known = profiles(path)
    existing = f"there are {', '.join(known)}" if known else "there is none yet"
    return (
        f"There is no profile {name!r}: {existing}. "
        f"`rpterm config set NAME VALUE --profile {name}` creates it."
    )


def profile_file(path: Path, name: str) -> Path:
    """The file of a profile, whether it exists or not.

    Args:
        path: The settings file.
    """
    return path.parent / "profiles" / f"{name}.toml"


def _from_profile(
    path: Path, name: str, kinds: Mapping[str, Kind], problems: list[str]
) -> dict[str, object]:
    file = profile_file(path, name)
    if name not in profiles(path):
        problems.append(
            f"{unknown_profile(path, name)} `rpterm config unset profile` continues without one."
        )
        return {}
    values = _from_file(file, kinds, problems)
    if "profile" in values:
        problems.append(f"{file}: a profile cannot name another profile; remove `profile`.")
    return values


def save(path: Path, name: str, text: str | None) -> None:
    """Write one setting into the file and preserve its comments and order.

    Args:
        path: The settings file; it and its folder are created if they do not exist.
        name: Dotted; ``keys.ID`` binds a key.
        text: The value as a user types it, or ``None`` to remove the setting.

    Raises:
        ConfigError: The name is unknown, the value is not valid, or the file is not valid TOML or
            cannot be written.
    """
    from tomlkit.exceptions import TOMLKitError

    from rpterm.config.toml_text import with_value

    name = full_name(name)
    value = None if text is None else parse_value(name, text)
    try:
        written = with_value(_read(path), name.split(".", 1), value)
    except TOMLKitError as error:
        raise ConfigError([f"{path}: {error}; fix the file first."]) from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, written.encode())
    except OSError as error:
        raise ConfigError([f"{path} cannot be written ({cause_of(error)})."]) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path} is not UTF-8 text: save it as UTF-8 or delete it."]) from error
    except OSError as error:
        raise ConfigError([f"{path} cannot be read ({cause_of(error)})."]) from error


def _from_file(path: Path, kinds: Mapping[str, Kind], problems: list[str]) -> dict[str, object]:
    text = _read(path)
    if not text.strip():
        return {}
    import tomli

    try:
        document = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        problems.append(f"{path}:{error.lineno}: {error.msg}; fix this line.")
        return {}
    except (ValueError, RecursionError):
        problems.append(f"{path}: a value is too long or too deeply nested to be read; shorten it.")
        return {}
    return _from_document(path, text, document, kinds, problems)


def _from_document(
    path: Path,
    text: str,
    document: Mapping[str, object],
    kinds: Mapping[str, Kind],
    problems: list[str],
) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in _flat(document):
        if name in kinds:
            found = problems_with(name, value, kinds[name], name)
            values[name] = value
        elif name in TABLES:
            found = [f"{name} must be a table: write [{name}] and its settings below it."]
        else:
            found = [f"{name} is not a setting{suggestion(name, [*kinds, *TABLES])}"]
        if found:
            problems += [f"{path}{_line_suffix(text, name)}: {problem}" for problem in found]
    return values


def _flat(document: Mapping[str, object]) -> list[tuple[str, object]]:
    """Dotted names and values; a table that is itself the value of a setting is not flattened."""
    pairs: list[tuple[str, object]] = []
    for name, value in document.items():
        if name in TABLES and isinstance(value, dict):
            pairs += [(f"{name}.{key}", inner) for key, inner in value.items()]
        else:
            pairs.append((name, value))
    return pairs


def _line_suffix(text: str, name: str) -> str:
    """``:LINE`` of a key in the file, or "" if it is unknown."""
    from rpterm.cards.format.locate import locate

    line = locate(text).line(tuple(name.split(".", 1)))
    return f":{line}" if line else ""


def _from_env(
    env: Mapping[str, str], kinds: Mapping[str, Kind], problems: list[str]
) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, kind in kinds.items():
        short = _VARIABLES.get(name) or last_part(name)
        variable = f"RPTERM_{short.upper()}"
        if name != "persona.description" and env.get(variable):
            values[name], found = parse(name, env[variable], kind, variable)
            problems += found
    return values


def _assemble(values: Mapping[str, object]) -> Settings:
    """Settings with checked values in place of the defaults."""
    top = {name: value for name, value in values.items() if "." not in name}
    settings = dataclasses.replace(Settings(), **top)  # type: ignore[arg-type]
    for table in TABLES:
        inner = {
            last_part(name): tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
            if name.startswith(f"{table}.")
        }
        if inner:
            changed = dataclasses.replace(getattr(settings, table), **inner)
            settings = dataclasses.replace(settings, **{table: changed})
    return settings
