"""Settings: a TOML file in the user's config folder, overridden by the environment and by flags.

``load`` reads strictly and tells everything that is wrong at once; ``save`` writes one setting
back and leaves the user's comments alone. Names of settings are dotted here: ``theme``,
``sampling.temperature``, ``persona.name``. Where the file lies is not known here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_type_hints

from rpterm.config_text import put
from rpterm.config_values import Kind, kind_of, parse, wrong
from rpterm.marks import why
from rpterm.paths import write_whole
from rpterm.types import NoSuchChoice, Persona, RptermError, Sampling

KvType = Literal["auto", "q8_0/f16", "f16", "q8_0", "q4_0"]
Origin = Literal["file", "environment", "flag"]


@dataclass(frozen=True, slots=True)
class Duel:
    """The other side of a duel in the chat.

    Attributes:
        b: What it changes: samplers (``temperature=1.2 min_p=0.02``), ``model=FILE``,
            ``adapter=FILE``; "" is another seed.
    """

    b: str = ""


@dataclass(frozen=True, slots=True)
class Scoring:
    """What is measured while one chats.

    Attributes:
        live: Whether replies are scored as they come.
        slow: Whether the fixed language model is asked, too, when nothing else goes on.
        best_of: Replies made at once for each message, of which the best by score is kept; 1 makes
            one.
        nli_model: A cross-encoder that tells contradictions (natural language inference): its
            folder, or its name in the local cache; "" looks for them by rules alone.
    """

    live: bool = True
    slow: bool = True
    best_of: int = 1
    nli_model: str = ""


@dataclass(frozen=True, slots=True)
class ExampleSizes:
    """How many example dialogues a prompt takes where a chat says nothing.

    Attributes:
        per_turn: Chosen anew for each turn; -1 is two, and none for a starter model: on ten turns
            two of them made it copy nothing and kept the format a little better, but each costs
            a slow machine half a second before the first word.
        budget: Tokens for those that stay; 0 is a quarter of the window.
    """

    per_turn: int = -1
    budget: int = 0


@dataclass(frozen=True, slots=True)
class Distilling:
    """What is drawn from what you say and kept as facts.

    Attributes:
        mode: ``rules`` reads your plain statements; ``model`` lets the chat's model write facts,
            thoughts and summaries, too, while nothing else goes on; ``off`` does neither.
        share: Whether all characters know the facts about you, or only the one you told.
    """

    mode: Literal["off", "rules", "model"] = "rules"
    share: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a user can set; the names are the keys of ``config.toml``.

    Attributes:
        model: Path of a GGUF file, or the name of a model in the models folder; "" is the starter.
        engine: What runs the model.
        remote_url: Base URL of an OpenAI-compatible server, for ``engine = "remote"``.
        remote_key_env: Name of the environment variable that holds the server's key.
        context: Tokens of the window; 0 chooses from the model and the free memory.
        threads: Threads for the model; 0 chooses.
        gpu_layers: Layers on the GPU; -1 puts there what fits, 0 none.
        kv_type: Number format of the cache (keys/values where they differ): auto is q8_0/f16 on a
            CPU, where it is faster, and f16 on a GPU; q8_0 halves its memory and is not exact.
        kv_mode: ``shift`` saves evaluation on slow machines and is not exact; it is recorded.
        memory: Whether characters remember what was said in other chats and before the window.
        embedder: A sentence-transformers model for memory: its folder, or its name in the local
            cache; "" is the one that comes along. When it changes, everything is embedded anew, in
            the background.
        reranker: A cross-encoder for memory: its folder, or its name in the local cache; "" is
            none.
        adapter: Path of a LoRA adapter in GGUF format.
        chat_template: How messages are written for the model: a name such as chatml, llama-3,
            mistral, gemma, alpaca, vicuna or metharme, or the path of a Jinja file; "" is the
            model's own.
        system_prompt: Your own system prompt, used where a card has none; "" is the built-in one.
        candidates: How many replies the candidates key makes at once.
        theme: Colours of the terminal program: lamplight, paper, or one of Textual's themes.
        persona: Who you are unless a chat says otherwise.
        sampling: Samplers; a card's own values go before these, flags before both.
        duel: What the duel key sets against the reply as it is.
        scoring: Scores of how well each reply stays in character.
        examples: Example dialogues in the prompt.
        distil: Facts in memory.
        keys: Key bindings by id, as in ``rpterm help keys``.
    """

    model: str = ""
    engine: Literal["llama", "remote", "scripted"] = "llama"
    remote_url: str = ""
    remote_key_env: str = "OPENAI_API_KEY"
    context: int = 0
    threads: int = 0
    gpu_layers: int = -1
    kv_type: KvType = "auto"
    kv_mode: Literal["exact", "shift"] = "exact"
    memory: bool = True
    embedder: str = ""
    reranker: str = ""
    adapter: str = ""
    chat_template: str = ""
    system_prompt: str = ""
    candidates: int = 4
    theme: str = "lamplight"
    persona: Persona = field(default_factory=Persona)
    sampling: Sampling = field(default_factory=Sampling)
    duel: Duel = field(default_factory=Duel)
    scoring: Scoring = field(default_factory=Scoring)
    examples: ExampleSizes = field(default_factory=ExampleSizes)
    distil: Distilling = field(default_factory=Distilling)
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def at_once(self) -> int:
        """Replies that may be made at once: a model is opened for so many."""
        return max(self.candidates, self.scoring.best_of, 1)

    def asks_another(self, before: Settings) -> bool:
        """Whether what was opened for the settings before cannot serve these."""
        opened = (self.model, self.chat_template) != (before.model, before.chat_template)
        return opened or self.at_once > before.at_once


class ConfigError(RptermError):
    """Settings that cannot be used; ``problems`` has one sentence for each thing wrong."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class FlagError(ConfigError, NoSuchChoice):
    """Only what the command line gave is wrong."""


_TABLES = {
    "distil": Distilling, "duel": Duel, "examples": ExampleSizes, "persona": Persona,
    "sampling": Sampling, "scoring": Scoring,
}  # fmt: skip


_VARIABLES = {
    "persona.name": "persona", "duel.b": "duel_b", "scoring.live": "live_scores",
    "scoring.slow": "slow_scores", "scoring.best_of": "best_of", "scoring.nli_model": "nli_model",
    "examples.per_turn": "examples_per_turn", "examples.budget": "examples_budget",
    "distil.mode": "distil", "distil.share": "share_facts",
}  # fmt: skip
"""Settings whose environment variable is not their last word."""


def names() -> dict[str, Kind]:
    """Every setting by its dotted name, with what it holds."""
    found: dict[str, Kind] = {}
    for name, hint in get_type_hints(Settings).items():
        if name in _TABLES:
            inner = get_type_hints(_TABLES[name])
            found.update({f"{name}.{key}": kind_of(each) for key, each in inner.items()})
        else:
            found[name] = kind_of(hint)
    return found


def load(
    path: Path | None,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Settings:
    """The settings that hold: flags before the environment before the file before the defaults.

    Args:
        path: The file; a missing one is an empty one. ``None`` reads none.
        env: The environment: ``RPTERM_MODEL``, ``RPTERM_TEMPERATURE``, ….
        flags: Dotted name → value, from the command line; ``None`` values are not set.

    Raises:
        ConfigError: With everything that is wrong in all three.
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
        problems += wrong(name, value, kinds[name], "--" + _last(name).replace("_", "-"))
    return [("file", file), ("environment", variables), ("flag", given)]


def show(settings: Settings) -> dict[str, object]:
    """Every setting's value by its dotted name."""
    values: dict[str, object] = {}
    for name in names():
        value: Any = settings
        for part in name.split("."):
            value = getattr(value, part)
        values[name] = value
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


def full_name(name: str) -> str:
    """The dotted name in full; ``temperature`` is enough for ``sampling.temperature``.

    Raises:
        ConfigError: There is no such setting; a near one is told.
    """
    kinds = names()
    if name in kinds or (name.startswith("keys.") and len(name) > len("keys.")):
        return name
    for table in _TABLES:
        if f"{table}.{name}" in kinds:
            return f"{table}.{name}"
    raise ConfigError([f"There is no setting {name!r}{_near(name, kinds)}"])


def read(name: str, text: str) -> object:
    """The value of a setting as a user types it.

    Raises:
        ConfigError: It does not fit.
    """
    kind = Kind("plain") if name.startswith("keys.") else names()[name]
    value, problems = parse(name, text, kind, name)
    if not text.isprintable() and not problems:
        problems = [f"{name} must be plain text, not {text!r}."]
    if problems:
        raise ConfigError(problems)
    return value


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
        elif name in _TABLES:
            found = [f"{name} must be a table: write [{name}] and its settings below."]
        else:
            found = [f"{name} is not a setting{_near(name, [*kinds, *_TABLES])}"]
        if found:
            problems += [f"{path}{_line(text, name)}: {problem}" for problem in found]
    return values


def _flat(document: Mapping[str, object]) -> list[tuple[str, object]]:
    """Dotted names and values; tables that are a setting themselves stay whole."""
    pairs: list[tuple[str, object]] = []
    for name, value in document.items():
        if name in _TABLES and isinstance(value, dict):
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
        short = _VARIABLES.get(name) or _last(name)
        variable = f"RPTERM_{short.upper()}"
        if name != "persona.description" and env.get(variable):
            values[name], found = parse(name, env[variable], kind, variable)
            problems += found
    return values


def _near(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    known = list(known)
    short = {_last(each): each for each in known}
    near = get_close_matches(name, known, 1)
    near = near or [short[each] for each in get_close_matches(_last(name), short, 1)]
    return f"; did you mean {near[0]}?" if near else "; `rpterm config show` lists them all."


def _last(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def _assemble(values: Mapping[str, object]) -> Settings:
    """Put checked values over the defaults."""
    top = {name: value for name, value in values.items() if "." not in name}
    settings = dataclasses.replace(Settings(), **top)  # type: ignore[arg-type]
    for table in _TABLES:
        inner = {
            _last(name): tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
            if name.startswith(f"{table}.")
        }
        if inner:
            changed = dataclasses.replace(getattr(settings, table), **inner)
            settings = dataclasses.replace(settings, **{table: changed})
    return settings
