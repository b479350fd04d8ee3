"""Notices what other terminals do to the chat of a session, between replies.

A chat may be open in several terminals; all of them show the same branch, the one the chat record
names. ``ChatPoller.poll`` checks once and is cheap while nothing changes; the owner of an event
loop calls it while no reply is being written here. Knows no front end.
"""

from __future__ import annotations

from collections.abc import Sequence

from rpterm.chat.session import Session
from rpterm.store.database import other_processes
from rpterm.types import Status, Turn

OPEN_TWICE = (
    "This chat is also open in another terminal. Both show the same branch, and what is said there "
    "appears here."
)
BRANCH_BEGUN = (
    "Another terminal had already continued from there, so your message began a new branch."
)
BRANCH_SWITCHED = "Another terminal switched this chat to another branch, which is shown now."


class ChatPoller:
    """Polls one chat for changes by other programs."""

    def __init__(self, session: Session, limit: int) -> None:
        """``limit`` is the number of last turns that ``poll`` returns."""
        self._session, self._limit = session, limit
        self._version = -1
        self._growing = False

    def poll(self) -> list[Turn] | None:
        """The last turns of the shown branch if they may have changed since the last call.

        Changes of the cast are in the session when this returns; ``Scene.take_news`` describes
        them. A reply whose program died is marked as partial. Call this from one thread.

        Returns:
            ``None`` if nothing changed.

        Raises:
            StoreError: The chat was deleted, or the store is closed.
        """
        store = self._session.store
        # A connection's own writes do not change the version that it sees itself.
        ended = self._growing and other_processes.end_dead_streams(store)
        if (version := other_processes.data_version(store)) == self._version and not ended:
            return None
        self._version = version  # Set before anything can raise: a deleted chat is reported once.
        self._session.scene.sync_cast()
        path = self._session.path(self._limit)
        self._growing = any(turn.status is Status.STREAMING for turn in path)
        return path

    def again(self) -> None:
        """Make the next ``poll`` return the turns again: the last ones could not be used."""
        self._version = -1


def cast_changes_notice(news: Sequence[str]) -> str:
    """One sentence about what another terminal did to the cast, as ``Scene.take_news`` has it."""
    return f"In another terminal: {'; '.join(news)}."


def is_reply_running_elsewhere(session: Session) -> bool:
    """Whether another running program is writing a reply at the end of this chat's branch."""
    leaf = session.chat.leaf_id
    return leaf is not None and other_processes.is_written_elsewhere(session.store, leaf)


def is_open_elsewhere(session: Session) -> bool:
    """Whether another running program has this chat open."""
    return session.presence is not None and session.presence.is_open_elsewhere()
