"""What changes from outside while one chats: the card's file, and the chat in other terminals.

Both are looked at twice a second, in a thread of its own and never while a reply is made, so that a
reply is of one card from its first to its last word. What a save means is ``rpterm.chat.reload``'s
business, what other terminals do is told to ``elsewhere``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual.message import Message

from rpterm.tui import messages
from rpterm.tui.lane import Lane
from rpterm.tui.screens.chat import frame, panes
from rpterm.tui.widgets.status import Phase
from rpterm.tui.worker import WINDOW
from rpterm.types import RptermError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rpterm.chat.elsewhere import Elsewhere
    from rpterm.chat.reload import NotReloaded, Reloaded, Reloader
    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.screen import ChatScreen

EVERY_S = 0.5


class CardSaved(Message):
    """The card's file was saved: a good card is in use already, a broken one is not."""

    def __init__(self, session: Session, report: Reloaded | NotReloaded) -> None:
        super().__init__()
        self.session, self.report = session, report


class Follower:
    """Follows the card's file of whatever chat is open, and what others say in that chat."""

    def __init__(self, chat: ChatScreen, failed: Callable[[Exception], object]) -> None:
        self._chat = chat
        self._lane = Lane("card", failed)
        self._reloader: Reloader | None = None
        self._elsewhere: Elsewhere | None = None
        self._session: Session | None = None
        self._looking = False

    def tick(self) -> None:
        """Look in a moment, unless a look is under way or a reply is made."""
        session = self._chat.session
        if session is not None and not self._looking and not self._chat.state.busy:
            self._looking = True
            self._lane.put(lambda: self._look(session))

    def again(self) -> None:
        """What was said elsewhere could not be shown yet."""
        if self._elsewhere is not None:
            self._elsewhere.again()

    def close(self) -> None:
        self._lane.close()

    def _look(self, session: Session) -> None:
        try:
            if session is self._chat.session and not self._chat.state.busy:
                report = self._of(session).poll()
                if report is not None:
                    self._chat.post_message(CardSaved(session, report))
                self._look_elsewhere(session)
        except RptermError:
            # The chat was left, and its database closed, while its card was looked at.
            if session is self._chat.session:
                raise
        finally:
            self._looking = False

    def _of(self, session: Session) -> Reloader:
        from rpterm.chat.elsewhere import Elsewhere
        from rpterm.chat.reload import Reloader

        if self._reloader is None or self._session is not session:
            self._session, self._reloader = session, Reloader(session)
            self._elsewhere = Elsewhere(session, WINDOW)
        return self._reloader

    def _look_elsewhere(self, session: Session) -> None:
        if self._elsewhere is not None and (path := self._elsewhere.poll()) is not None:
            self._chat.post_message(messages.PathRead(session, path))


async def card_saved(chat: ChatScreen, event: CardSaved) -> None:
    """Say what the save changed, or what cannot be read; the Card pane keeps the word."""
    from rpterm.chat.reload import Reloaded

    if chat.session is not event.session:
        return
    report, state = event.report, chat.state
    lost = report.lost if isinstance(report, Reloaded) else ""
    state.card_note = f"{time.strftime('%H:%M')}  {report.summary or lost}"
    if lost:
        chat.say(lost, error=True, title="A world cannot be read")
    if not isinstance(report, Reloaded):
        panes.refresh_card(chat)
        chat.say(report.summary, error=True, title="The card cannot be used")
        return
    if not report.summary:
        panes.refresh_card(chat)
    elif report.member:
        frame.show_header(chat)
        chat.say(report.summary, title=f"{report.member} was saved")
    else:
        await frame.card_changed(chat, report.card, report.summary)
    if state.info is not None and not state.busy:
        chat.phase(Phase.SETTLING)
        frame.settle(chat)
    panes.request_preview(chat, always=True)
