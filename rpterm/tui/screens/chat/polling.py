"""Polls for changes from outside: saves of the card file, and other terminals' changes of the chat.

Both are checked twice a second in a thread, and never while a reply is generated, so that a single
card applies to all of a reply. ``rpterm.chat.card_reload`` interprets a save; ``other_terminals``
shows what other terminals did.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from rpterm.errors import RptermError
from rpterm.tui.screens.chat import changes, frame, other_terminals, preview
from rpterm.tui.screens.chat.state import WINDOW
from rpterm.tui.widgets.status import Phase
from rpterm.tui.worker_thread import WorkerThread

if TYPE_CHECKING:
    from collections.abc import Callable

    from rpterm.chat.card_reload import NotReloaded, Reloaded, Reloader
    from rpterm.chat.other_terminals import ChatPoller
    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.screen import ChatScreen

EVERY_S = 0.5


class Poller:
    """Polls the card files and the turns of the open chat, whichever it is."""

    def __init__(self, chat: ChatScreen, failed: Callable[[Exception], object]) -> None:
        self._chat = chat
        self._lane = WorkerThread("card", failed)
        self._reloader: Reloader | None = None
        self._elsewhere: ChatPoller | None = None
        self._session: Session | None = None
        self._polling = False

    def tick(self) -> None:
        """Queue a poll, unless one is queued already or a reply is being generated."""
        session = self._chat.session
        if session is not None and not self._polling and not self._chat.state.busy:
            self._polling = True
            self._lane.put(lambda: self._poll(session))

    def again(self) -> None:
        """Report the other terminals' changes again: they could not be shown yet."""
        if self._elsewhere is not None:
            self._elsewhere.again()

    def close(self) -> None:
        self._lane.close()

    def _poll(self, session: Session) -> None:
        chat = self._chat
        try:
            if session is chat.session and not chat.state.busy:
                if self._session is not session:
                    self._follow(session)
                assert self._reloader is not None and self._elsewhere is not None
                if (report := self._reloader.poll()) is not None:
                    chat.tell(partial(card_saved, chat, session, report))
                if (path := self._elsewhere.poll()) is not None:
                    chat.tell(partial(other_terminals.show_changes, chat, session, path))
        except RptermError:
            # The error is expected if the chat was left meanwhile, which closes its database.
            if session is chat.session:
                raise
        finally:
            self._polling = False

    def _follow(self, session: Session) -> None:
        from rpterm.chat.card_reload import Reloader
        from rpterm.chat.other_terminals import ChatPoller

        self._reloader, self._elsewhere = Reloader(session), ChatPoller(session, WINDOW)
        self._session = session


async def card_saved(chat: ChatScreen, session: Session, report: Reloaded | NotReloaded) -> None:
    """Say what the save changed or what is wrong with it; the Card pane keeps the note."""
    from rpterm.chat.card_reload import Reloaded

    if chat.session is not session:
        return
    state = chat.state
    lost = report.lost if isinstance(report, Reloaded) else ""
    state.card_note = f"{time.strftime('%H:%M')}  {report.summary or lost}"
    if lost:
        chat.say(lost, error=True, title="A world cannot be read")
    if not isinstance(report, Reloaded):
        chat.fill_pane("card")
        chat.say(report.summary, error=True, title="The card cannot be used")
        return
    if not report.summary:
        chat.fill_pane("card")
    elif report.member:
        frame.show_header(chat)
        chat.say(report.summary, title=f"{report.member} was saved")
    else:
        await changes.card_changed(chat, report.card, report.summary)
    if state.info is not None and not state.busy:
        chat.phase(Phase.SETTLING)
        frame.settle_cache(chat)
    preview.request_preview(chat, always=True)
