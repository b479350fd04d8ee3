"""Every setting with its default, as records whose field names are the keys of ``config.toml``.

The ``Attributes`` of these docstrings are the descriptions that users see in the settings screen
and with ``/set``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from rpterm.errors import InvalidChoice, RptermError
from rpterm.types import Persona, Sampling

KvType = Literal["auto", "q8_0/f16", "f16", "q8_0", "q4_0"]


@dataclass(frozen=True, slots=True)
class DuelSettings:
    """Side B of a duel in the chat.

    Attributes:
        b: What side B changes: samplers (``temperature=1.2 min_p=0.02``), ``model=FILE``,
            ``adapter=FILE``; if empty, only the seed.
    """

    b: str = ""


@dataclass(frozen=True, slots=True)
class ScoringSettings:
    """How replies are scored during a chat.

    Attributes:
        live: Whether each reply is scored for how well it stays in character.
        slow: Whether the score also uses the fixed language model, while nothing else is running.
        best_of: How many replies are generated at once for each message; the one with the best
            score is kept. 1 turns this off.
        nli_model: A cross-encoder for natural language inference that detects contradictions: its
            folder, or its name in the local Hugging Face cache; if empty, only rules detect them.
    """

    live: bool = True
    slow: bool = True
    best_of: int = 1
    nli_model: str = ""


@dataclass(frozen=True, slots=True)
class ExampleSettings:
    """How many example dialogues a prompt contains, unless a chat sets its own number.

    Attributes:
        per_turn: Examples selected anew for each turn; -1 means two, or none for a starter model.
            (Over ten turns, two examples kept a starter's format slightly better and it copied
            nothing, but each one costs a slow machine half a second before the first word.)
        budget: Tokens for the examples that stay in the prompt; 0 is a quarter of the context
            window.
    """

    per_turn: int = -1
    budget: int = 0


@dataclass(frozen=True, slots=True)
class DistillingSettings:
    """How facts are extracted from what you say and kept in memory.

    Attributes:
        mode: ``rules`` extracts your plain statements; ``model`` also lets the chat's model write
            facts, reflections and summaries while nothing else is running; ``off`` does neither.
        share: Whether all characters know the facts about you, or only the one you told.
    """

    mode: Literal["off", "rules", "model"] = "rules"
    share: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting.

    Attributes:
        model: Path of a GGUF file, or name of a model in the models folder; empty is the starter.
        engine: What runs the model: ``llama`` (llama.cpp on this machine), ``remote`` (a server) or
            ``scripted`` (no model, for tests).
        remote_url: Base URL of an OpenAI-compatible server, for ``engine = "remote"``.
        remote_key_env: Name of the environment variable that holds the server's API key.
        context: Size of the context window in tokens; 0 chooses it by model and free memory.
        threads: CPU threads for the model; 0 chooses.
        gpu_layers: Model layers on the GPU; -1 is as many as fit, 0 none.
        kv_type: Number format of the KV cache (keys/values if they differ). ``auto`` is q8_0/f16 on
            a CPU, where it is faster, and f16 on a GPU; q8_0 halves the memory and is not exact.
        kv_mode: ``shift`` saves evaluation on slow machines but is not exact, which is recorded
            with each reply; ``exact`` is the default.
        memory: Whether characters remember what was said in other chats and what no longer fits
            into the context window.
        embedder: A sentence-transformers model for memory: its folder, or its name in the local
            Hugging Face cache; empty is the one shipped with rpterm. After a change, all memories
            are embedded again in the background.
        reranker: A cross-encoder that reranks memories: its folder, or its name in the local
            Hugging Face cache; empty is none.
        adapter: Path of a LoRA adapter in GGUF format.
        chat_template: The chat template: a name such as chatml, llama-3, mistral, gemma, alpaca,
            vicuna or metharme, or the path of a Jinja file; empty is the model's own.
        profile: Name of a file in the folder profiles next to config.toml, whose settings override
            those of config.toml; empty is none.
        system_prompt: Your own system prompt, used if a card has none; empty is the built-in one.
        candidates: How many replies the candidates key generates at once.
        theme: Colours of the terminal program: lamplight, paper, or one of Textual's themes.
        persona: Who you are, unless a chat says otherwise.
        sampling: Samplers; a card's own values override these, and flags override both.
        duel: What the duel key compares the current setup with.
        scoring: Scores of how well each reply stays in character.
        examples: Example dialogues in the prompt.
        distil: Facts in memory.
        keys: Key bindings by id, as ``rpterm help keys`` lists them.
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
    duel: DuelSettings = field(default_factory=DuelSettings)
    scoring: ScoringSettings = field(default_factory=ScoringSettings)
    examples: ExampleSettings = field(default_factory=ExampleSettings)
    distil: DistillingSettings = field(default_factory=DistillingSettings)
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def parallel_replies(self) -> int:
        """How many replies may be generated in parallel; an engine is opened for this many."""
        return max(self.candidates, self.scoring.best_of, 1)

    def needs_other_engine(self, before: Settings) -> bool:
        """Whether an engine opened with the settings before cannot serve these."""
        differs = any(getattr(self, name) != getattr(before, name) for name in _ENGINE_SETTINGS)
        return differs or self.parallel_replies > before.parallel_replies


_ENGINE_SETTINGS = (
    "engine", "model", "adapter", "chat_template", "remote_url", "remote_key_env", "context",
    "threads", "gpu_layers", "kv_type",
)  # fmt: skip
"""The settings an engine is opened with."""


class ConfigError(RptermError):
    """Settings that cannot be used; ``problems`` has one sentence for each problem."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class FlagError(ConfigError, InvalidChoice):
    """Settings that cannot be used only because of the command line."""
