"""How distilling asks the chat model: a function, so that nothing here knows an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rpterm.types import Role

Message = tuple[Role, str]
Ask = Callable[[Sequence[Message], str, int], str | None]
"""Messages, a grammar and the answer's token limit → the answer; "" if the question is too long,
``None`` if it was interrupted. See ``rpterm.oneshot.background_asker``."""
