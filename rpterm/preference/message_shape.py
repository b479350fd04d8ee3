"""Shapes a prompt's messages for a trainer, above all a greeting before the first user turn.

Of 34 chat templates, nine reject a conversation that starts with the assistant; a seed user turn
fixes all but one of them. Pure.
"""

from __future__ import annotations

from enum import StrEnum

from rpterm.preference.prompt_builder import merge_adjacent
from rpterm.preference.records import Messages

SEED = "(The scene begins.)"
"""The text of the seed user turn before a greeting."""


class Greeting(StrEnum):
    """How to export the character's greeting: as it is, after a seed turn, or as system text."""

    KEEP = "keep"
    SEED = "seed"
    SYSTEM = "system"
    AUTO = "auto"


def shape_messages(messages: Messages, greeting: Greeting, *, user_first: bool) -> Messages:
    """The messages as a trainer needs them.

    Args:
        greeting: ``auto`` keeps it, or adds a seed turn for trainers that require ``user_first``.
        user_first: The trainer rejects or drops conversations that do not alternate between user
            and assistant, starting with the user.
    """
    if greeting is Greeting.AUTO:
        greeting = Greeting.SEED if user_first else Greeting.KEEP
    head, rest = _split_system(messages)
    if user_first:
        rest = merge_adjacent([("user" if role == "system" else role, text) for role, text in rest])
    if greeting is Greeting.SYSTEM and rest and rest[0][0] == "assistant":
        scene = f"The scene has begun with these words of yours:\n\n{rest[0][1]}"
        head = (("system", f"{head[0][1]}\n\n{scene}" if head else scene),)
        rest = rest[1:]
    needs_user = not rest and (user_first or not head or greeting is not Greeting.KEEP)
    if needs_user or (greeting is Greeting.SEED and rest and rest[0][0] == "assistant"):
        rest = (("user", SEED), *rest)
    return head + rest


def without_system(messages: Messages) -> Messages:
    """The messages with the system text moved to the start of the first user message."""
    head, rest = _split_system(messages)
    if not head:
        return messages
    if rest and rest[0][0] == "user":
        return (("user", f"{head[0][1]}\n\n{rest[0][1]}"), *rest[1:])
    return (("user", head[0][1]), *rest)


def _split_system(messages: Messages) -> tuple[Messages, Messages]:
    if messages and messages[0][0] == "system":
        return messages[:1], messages[1:]
    return (), messages
