"""How many tokens the context of a model on a server has, as far as the server says.

vLLM and llama-server tell it in their list of models, Ollama only for a model that is loaded.
Ollama cuts a longer prompt without a word, so its number also limits the user's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from rpterm.foreign_json import as_mapping, as_mappings

_TIMEOUT_S = 20.0
_LOADING_TIMEOUT_S = 120.0
"""Longest wait for Ollama to load a model; after that its context stays unknown."""
_DEFAULT = 8192

_Ask = Callable[..., Mapping[str, Any]]


def context_length(client: Any, url: str, model: str, listed: Any, wanted: int) -> int:
    """The context window to use, in tokens.

    Args:
        client: An ``openai.OpenAI``.
        url: The server's address, which may end with ``/v1``.
        model: The name of the model.
        listed: The model's entry in the server's list; ``None`` without one.
        wanted: The user's setting; 0 to use what the server says.
    """
    ask = partial(_ask, client, url.rstrip("/").removesuffix("/v1"))
    extra = as_mapping(getattr(listed, "model_extra", None))
    meta = as_mapping(extra.get("meta"))
    told = _count(extra.get("max_model_len")) or _count(meta.get("n_ctx"))
    if told := told or _llama_server(ask, _count(meta.get("n_ctx_train"))):
        return wanted or told
    told = _ollama(ask, model)
    return min(wanted or told, told) if told else wanted or _DEFAULT


def _llama_server(ask: _Ask, trained: int) -> int:
    """What llama-server was started with; its list may tell only the far larger trained context."""
    if not trained:
        return 0
    settings = as_mapping(ask("/props").get("default_generation_settings"))
    return min(_count(settings.get("n_ctx")) or trained, trained)


def _ollama(ask: _Ask, model: str) -> int:
    """What Ollama loads the model with; 0 if it does not say, or if this is another server.

    The OpenAI protocol has no field for it, so the model is loaded as every reply would load it.
    """
    running = ask("/api/ps")
    if "models" not in running:
        return 0
    if not (told := _loaded_context(running, model)):
        ask("/api/generate", {"model": model, "stream": False})
        told = _loaded_context(ask("/api/ps"), model)
    return told


def _loaded_context(running: Mapping[str, Any], model: str) -> int:
    names = (model, f"{model}:latest")
    loaded = [one for one in as_mappings(running.get("models")) if one.get("name") in names]
    return _count(loaded[0].get("context_length")) if loaded else 0


def _ask(client: Any, root: str, path: str, body: Any = None) -> Mapping[str, Any]:
    """What the server answers outside the OpenAI protocol; empty if it cannot be understood."""
    with suppress(Exception):  # Whatever another server answers.
        if body is None:
            options = {"timeout": _TIMEOUT_S}
            return as_mapping(client.get(root + path, cast_to=object, options=options))
        options = {"timeout": _LOADING_TIMEOUT_S}
        return as_mapping(client.post(root + path, cast_to=object, body=body, options=options))
    return {}


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
