"""Settings: a TOML file in the user's config folder, overridden by the environment and by flags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rpterm.types import Persona, Sampling


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a user can set; the names are the keys of ``config.toml``."""

    model: str = ""
    """Path of a GGUF file, or the name of a model in the models folder; "" is the starter."""
    engine: Literal["llama", "remote", "scripted"] = "llama"
    """What runs the model."""
    remote_url: str = ""
    """Base URL of an OpenAI-compatible server, for ``engine = "remote"``."""
    remote_key_env: str = "OPENAI_API_KEY"
    """Name of the environment variable that holds the server's key."""
    context: int = 0
    """Tokens of the window; 0 chooses from the model and the free memory."""
    threads: int = 0
    """Threads for the model; 0 chooses."""
    gpu_layers: int = -1
    """Layers on the GPU; -1 puts there what fits, 0 none."""
    kv_type: Literal["f16", "q8_0", "q4_0"] = "f16"
    """Number format of the cache: q8_0 halves its memory."""
    kv_mode: Literal["exact", "shift"] = "exact"
    """``shift`` saves evaluation on slow machines and is not exact; it is recorded."""
    adapter: str = ""
    """Path of a LoRA adapter in GGUF format."""
    system_prompt: str = ""
    """Your own system prompt, used where a card has none; "" is the built-in one."""
    candidates: int = 4
    """How many replies the candidates key makes at once."""
    theme: str = "textual-dark"
    """A theme of the TUI."""
    persona: Persona = field(default_factory=Persona)
    """Who you are unless a chat says otherwise."""
    sampling: Sampling = field(default_factory=Sampling)
    """Samplers; a card's own values go before these, flags before both."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Key bindings by id, as in ``rpterm help keys``."""
