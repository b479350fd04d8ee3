"""The settings that hold: flags before the environment, a profile, the file, the defaults."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from rpterm.config.names import TABLES, full_name, last, names, near, read
from rpterm.config.settings import ConfigError, FlagError, Settings
from rpterm.config.values import Kind, parse, wrong
from rpterm.marks import why
from rpterm.paths import write_whole

Origin = Literal["file", "profile", "environment", "flag"]

_VARIABLES = {
    "persona.name": "persona", "duel.b": "duel_b", "scoring.live": "live_scores",
    "scoring.slow": "slow_scores", "scoring.best_of": "best_of", "scoring.nli_model": "nli_model",
    "examples.per_turn": "examples_per_turn", "examples.budget": "examples_budget",
    "distil.mode": "distil", "distil.share": "share_facts",
}  # fmt: skip
"""Settings whose environment variable is not their last word."""


def load(
    path: Path | None,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Settings:
    """The settings that hold: flags before the environment, a profile, the file, the defaults.

    Args:
        path: The file; a missing one is an empty one. ``None`` reads none.
        env: The environment: ``RPTERM_MODEL``, ``RPTERM_TEMPERATURE``, ….
        flags: Dotted name → value, from the command line; ``None`` values are not set.

    Raises:
        ConfigError: With everything that is wrong in all of them.
    """
    problems: list[str] = []
    values: dict[str, object] = {}
    for _, given in _layers(path, env or {}, flags or {}, problems):
        values.update(given)
    if problems:
        others: list[str] = []
        list(_layers(path, env or {}, {}, others))
        raise (ConfigError if others else FlagError)(problems)
    return _assemble(values)


def origins(
    path: Path | None, env: Mapping[str, str], flags: Mapping[str, object]
) -> dict[str, Origin]:
    """Where each setting that is given somewhere comes from; what is wrong there is not told."""
    return {name: origin for origin, given in _layers(path, env, flags, []) for name in given}


def _layers(
    path: Path | None, env: Mapping[str, str], flags: Mapping[str, object], problems: list[str]
) -> list[tuple[Origin, dict[str, object]]]:
    """What is given where; the last one goes before the others."""
    kinds = names()
    file = _from_file(path, kinds, problems) if path is not None else {}
    variables = _from_env(env, kinds, problems)
    given = {name: value for name, value in flags.items() if value is not None}
    for name, value in given.items():
        problems += wrong(name, value, kinds[name], "--" + last(name).replace("_", "-"))
    named = {**file, **variables, **given}.get("profile")
    profile = _from_profile(path, str(named), kinds, problems) if path and named else {}
    layers: list[tuple[Origin, dict[str, object]]] = [("file", file), ("profile", profile)]
    return [*layers, ("environment", variables), ("flag", given)]


def profiles(path: Path) -> list[str]:
    """The profiles beside a file of settings, by name."""
    return sorted(each.stem for each in profile_file(path, "").parent.glob("*.toml"))


def profile_file(path: Path, name: str) -> Path:
    """Where a profile lies, or would lie.

    Args:
        path: The file of settings.
    """
    return path.parent / "profiles" / f"{name}.toml"


def _from_profile(
    path: Path, name: str, kinds: Mapping[str, Kind], problems: list[str]
) -> dict[str, object]:
    file = profile_file(path, name)
    if name not in (known := profiles(path)):
        there = f"there are {', '.join(known)}" if known else "there is none yet"
        problems.append(
            f"There is no profile {name!r}: {there}. `rpterm config set NAME VALUE --profile "
            f"{name}` begins it, `rpterm config unset profile` goes on without."
        )
        return {}
    values = _from_file(file, kinds, problems)
    if "profile" in values:
        problems.append(f"{file}: a profile names no other; take `profile` out.")
    return values


def save(path: Path, name: str, text: str | None) -> None:
    """Write one setting into the file, which keeps its comments and its order.

    Args:
        path: The file; it and its folder are made where they are missing.
        name: Dotted; ``keys.ID`` binds a key.
        text: The value as a user types it, or ``None`` to take the setting out.

    Raises:
        ConfigError: The name is unknown, the value does not fit, or the file is no TOML.
    """
    from tomlkit.exceptions import TOMLKitError

    from rpterm.config.text import put

    name = full_name(name)
    value = None if text is None else read(name, text)
    try:
        written = put(_read(path), name.split(".", 1), value)
    except TOMLKitError as error:
        raise ConfigError([f"{path}: {error}; mend the file first."]) from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, written.encode())
    except OSError as error:
        raise ConfigError([f"{path} cannot be written ({why(error)})."]) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path} is not UTF-8 text; write it again or remove it."]) from error
    except OSError as error:
        raise ConfigError([f"{path} cannot be read ({why(error)})."]) from error


def _from_file(path: Path, kinds: Mapping[str, Kind], problems: list[str]) -> dict[str, object]:
    text = _read(path)
    if not text.strip():
        return {}
    import tomli

    try:
        document = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        problems.append(f"{path}:{error.lineno}: {error.msg}; mend this line.")
        return {}
    return _walk(path, text, document, kinds, problems)


def _walk(
    path: Path,
    text: str,
    document: Mapping[str, object],
    kinds: Mapping[str, Kind],
    problems: list[str],
) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in _flat(document):
        if name in kinds:
            found = wrong(name, value, kinds[name], name)
            values[name] = value
        elif name in TABLES:
            found = [f"{name} must be a table: write [{name}] and its settings below."]
        else:
            found = [f"{name} is not a setting{near(name, [*kinds, *TABLES])}"]
        if found:
            problems += [f"{path}{_line(text, name)}: {problem}" for problem in found]
    return values


def _flat(document: Mapping[str, object]) -> list[tuple[str, object]]:
    """Dotted names and values; tables that are a setting themselves stay whole."""
    pairs: list[tuple[str, object]] = []
    for name, value in document.items():
        if name in TABLES and isinstance(value, dict):
            pairs += [(f"{name}.{key}", inner) for key, inner in value.items()]
        else:
            pairs.append((name, value))
    return pairs


def _line(text: str, name: str) -> str:
    """``:LINE`` of a key, or nothing where it cannot be told."""
    from rpterm.cards.locate import locate

    line = locate(text).line(tuple(name.split(".", 1)))
    return f":{line}" if line else ""


def _from_env(
    env: Mapping[str, str], kinds: Mapping[str, Kind], problems: list[str]
) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, kind in kinds.items():
        short = _VARIABLES.get(name) or last(name)
        variable = f"RPTERM_{short.upper()}"
        if name != "persona.description" and env.get(variable):
            values[name], found = parse(name, env[variable], kind, variable)
            problems += found
    return values


def _assemble(values: Mapping[str, object]) -> Settings:
    """Put checked values over the defaults."""
    top = {name: value for name, value in values.items() if "." not in name}
    settings = dataclasses.replace(Settings(), **top)  # type: ignore[arg-type]
    for table in TABLES:
        inner = {
            last(name): tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
            if name.startswith(f"{table}.")
        }
        if inner:
            changed = dataclasses.replace(getattr(settings, table), **inner)
            settings = dataclasses.replace(settings, **{table: changed})
    return settings
