"""What became of a cast, in words, for who did not see it happen. Pure."""

from __future__ import annotations

from rpterm.types import Cast, Taking

_WAYS = {
    Taking.MENTIONED: "turns go by name",
    Taking.ROUND: "turns go round",
    Taking.MODEL: "the model chooses who speaks",
    Taking.HAND: "turns are given by hand",
}


def told(before: Cast, now: Cast) -> list[str]:
    """Who joined, left, was muted or may speak again, and how turns are taken by now.

    Args:
        now: The same members at the same places; new ones stand behind them.
    """
    found: list[str] = []
    for place, member in enumerate(now.members):
        old = before.members[place] if place < len(before.members) else None
        if old is None or old.present != member.present:
            if old is not None or member.present:
                found.append(f"{member.speaker} {'joined' if member.present else 'left'}")
        elif member.present and old.muted != member.muted:
            does = "only listens" if member.muted else "may speak again"
            found.append(f"{member.speaker} {does}")
    return found + ([_WAYS[now.taking]] if now.taking is not before.taking else [])
