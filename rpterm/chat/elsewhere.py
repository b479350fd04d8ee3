"""What other programs do to the chat of a session: taken in between replies.

A chat may be open in several terminals. All show one branch, the chat's own. ``Elsewhere.poll``
looks once and is cheap while nothing happens; whoever owns a loop calls it when nothing is being
written here. It knows no front end.
"""

from __future__ import annotations

from collections.abc import Sequence

from rpterm.chat.session import Session
from rpterm.store import shared
from rpterm.types import Status, Turn

OPEN_TWICE = (
    "This chat is open in another terminal, too: what is said there shows up here, "
    "and both show the same branch."
)
PARTED = "Another terminal had gone on from there: your words began a branch of their own."
LED_AWAY = "Another terminal went on in another branch of this chat, which is shown now."


class Elsewhere:
    """Follows one chat."""

    def __init__(self, session: Session, limit: int) -> None:
        """``limit`` is how many of the last turns are told."""
        self._session, self._limit = session, limit
        self._version = -1
        self._growing = False

    def poll(self) -> list[Turn] | None:
        """The end of the branch shown, when it may have changed since the last call; else ``None``.

        What became of the cast is in the session when this returns: see ``Scene.news``. Call it
        from one thread. What a program that died was writing becomes partial.

        Raises:
            StoreError: The chat is gone, or the store closed.
        """
        store = self._session.store
        # One's own writing does not change the version for oneself.
        ended = self._growing and shared.end_dead(store)
        if (version := shared.version(store)) == self._version and not ended:
            return None
        self._version = version  # First: that a chat was deleted is told once.
        self._session.scene.follow()
        path = self._session.path(self._limit)
        self._growing = any(turn.status is Status.STREAMING for turn in path)
        return path

    def again(self) -> None:
        """What was told could not be used: the next call tells it again."""
        self._version = -1


def told(news: Sequence[str]) -> str:
    """What another terminal did to the cast, as ``Scene.news`` has it, in one sentence."""
    return f"In another terminal: {'; '.join(news)}."


def is_written(session: Session) -> bool:
    """Whether another living program writes a reply where this chat would go on."""
    leaf = session.chat.leaf_id
    return leaf is not None and shared.written_elsewhere(session.store, leaf)


def is_elsewhere(session: Session) -> bool:
    """Whether another living program has this chat open."""
    return session.presence is not None and session.presence.elsewhere()
