"""Explains the errors of the OpenAI client library, and says which are worth waiting for.

Knows servers and status codes, no requests and no replies.
"""

from __future__ import annotations

import math
from typing import Any

from rpterm.engine.protocol import EngineError
from rpterm.foreign_json import as_mapping

_LOADING_PAUSE_S = 2.0
"""Seconds between two attempts while a server loads its model and does not say how long."""


def pause_s(error: Any) -> float | None:
    """How long to wait before a request that a server refused is repeated.

    Args:
        error: An ``openai.APIStatusError``.

    Returns:
        Seconds, or ``None`` if waiting will not help. Too many requests without a time may mean
        that a quota is used up.
    """
    if error.status_code not in (429, 503):
        return None
    asked = _retry_after_s(error)
    return _LOADING_PAUSE_S if asked is None and error.status_code == 503 else asked


def explain(error: Exception, url: str, model: str, *, begun: bool = False) -> str:
    """One sentence for the user.

    Args:
        error: An error of the client library, or what it let through.
        begun: Whether the reply had begun.
    """
    import openai

    match error:
        case EngineError():
            return str(error)
        case openai.APITimeoutError():
            return f"The server {url} did not answer in time: is it busy or asleep?"
        case openai.APIConnectionError():
            nobody = f"No server answers at {url}: check remote_url, and that it runs."
            return connection_broke(url) if begun else nobody
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return f"The server {url} rejects the key: check what remote_key_env names."
        case openai.NotFoundError():
            return f"The server {url} does not know {model or 'this model'!r}."
        case openai.APIStatusError(status_code=429 | 503):
            asked = _retry_after_s(error)
            when = f"in {math.ceil(asked)} s" if asked else "in a moment"
            return f"The server {url} is busy ({_own_words(error)}): try again {when}."
        case openai.BadRequestError() if "context" in error.message.casefold():
            return (
                f"The prompt is longer than the context of the server {url} "
                f"({_own_words(error)}). Tell rpterm how many tokens that context has: "
                f"`rpterm config set context {_context(error) or 4096}`."
            )
        case openai.APIStatusError():
            return f"The server {url} answered {error.status_code}: {_own_words(error)}."
        case openai.APIError() if not isinstance(error, openai.APIResponseValidationError):
            return f"The server {url} failed: {error.message}"
        case openai.OpenAIError() | ValueError() | TypeError() | AttributeError():
            return f"The server {url} does not speak the OpenAI protocol ({error})."
    return connection_broke(url)


def connection_broke(url: str) -> str:
    """The sentence for a reply that broke off."""
    return f"The connection to {url} broke. What was received is kept; try again."


def _retry_after_s(error: Any) -> float | None:
    """The seconds after which the server wants to be asked again; ``None`` if it says none."""
    try:
        seconds = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 < seconds < math.inf else None


def _context(error: Any) -> int:
    """The server's context in tokens, as llama-server tells it with the error; 0 if unknown."""
    tokens = as_mapping(error.body).get("n_ctx")
    return tokens if isinstance(tokens, int) else 0


def _own_words(error: Any) -> str:
    """What the server said, without the status code that the library puts before it."""
    return str(error.message).removeprefix(f"Error code: {error.status_code} - ").rstrip(".")
