"""A group chat as each of its members reads it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rpterm.types import Cast, Member, Turn


def speaker_of(cast: Cast, turn: Turn) -> Member | None:
    """The member who spoke a turn; ``None`` for the user.

    A turn under a name that no member has is attributed to the chat's own character.
    """
    if turn.role != "assistant":
        return None
    namesakes = (m for m in cast.members if turn.speaker in (m.speaker, m.card_name))
    return next(namesakes, cast.members[0])


def view_for(cast: Cast, me: Member, path: Iterable[Turn]) -> list[Turn]:
    """The branch from one member's side: its own turns as assistant turns, all others as user's."""
    return [
        turn
        if turn.role != "assistant" or speaker_of(cast, turn) == me
        else replace(turn, role="user")
        for turn in path
    ]


def as_heard(turn: Turn) -> Turn:
    """A turn as a member reads it: what others said starts with their name, its own does not."""
    return with_speaker_name(turn) if turn.role == "user" else turn


def with_speaker_name(turn: Turn) -> Turn:
    """A turn whose text starts with the speaker's name."""
    return replace(turn, text=f"{turn.speaker}: {turn.text}" if turn.text else f"{turn.speaker}:")


def company_text(me: Member, others: Iterable[tuple[Member, str]], user: str) -> str:
    """The prompt text about the other members: their names and taglines, and how lines are headed.

    Args:
        others: The other members present, each with its tagline. Nothing else of their cards may
            be put here, because it becomes part of this member's prompt.
    """
    lines = []
    for member, tagline in others:
        about = " ".join(tagline.split())
        lines.append(f"- {member.speaker}: {about}" if about else f"- {member.speaker}")
    if not lines:
        return ""
    return "\n".join(
        (
            f"Others in this scene beside {user}:",
            *lines,
            "Everything is headed by the name of who says it. "
            f"Write only what {me.speaker} says and does next, and nothing for the others.",
        )
    )
