"""Lets the engine evaluate the prompt of a message that the user is still typing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.types import Prompt

if TYPE_CHECKING:
    from rpterm.chat.session import Session

_LEAST_WORDS = 3
"""A shorter draft does not say yet what it is about."""


def is_telling(draft: str) -> bool:
    """Whether a draft says enough for its memories to be worth evaluating."""
    return len(draft.split()) >= _LEAST_WORDS


def evaluate_draft(session: Session, draft: str) -> Prompt:
    """The prompt of a draft, which the engine also evaluates in the background.

    In a group, the cache holds the beginnings of everybody's next prompt instead.

    Raises:
        RptermError: The model is not loaded yet.
        PromptTooLarge: The card alone does not fit.
    """
    prompt = session.preview(draft)
    info = session.engine.info
    can = info is not None and info.can_rewind and session.settings.kv_mode == "exact"
    if can and is_telling(draft) and not session.scene.group:
        session.scene.lead.prompter.prepared.evaluate(prompt, session.chat.leaf_id)
    return prompt
