"""What can be set, with the defaults. Pure records; the names are those of the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from rpterm.types import NoSuchChoice, Persona, RptermError, Sampling

KvType = Literal["auto", "q8_0/f16", "f16", "q8_0", "q4_0"]


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
        profile: Name of a file in the folder profiles beside config.toml, whose settings go before
            those of config.toml; "" is none.
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
    profile: str = ""
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
        unlike = any(getattr(self, name) != getattr(before, name) for name in _OF_ENGINE)
        return unlike or self.at_once > before.at_once


_OF_ENGINE = (
    "engine", "model", "adapter", "chat_template", "remote_url", "remote_key_env", "context",
    "threads", "gpu_layers", "kv_type",
)  # fmt: skip
"""What an engine is opened with."""


class ConfigError(RptermError):
    """Settings that cannot be used; ``problems`` has one sentence for each thing wrong."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class FlagError(ConfigError, NoSuchChoice):
    """Only what the command line gave is wrong."""
