"""``rpterm chat --once``: prints one reply, and nothing else, to standard output."""

from __future__ import annotations

from rpterm.chat.events import BestKept, ReplyCancelled, ReplyFailed, ReplyFinished
from rpterm.cli import out
from rpterm.opening.launch import Launch
from rpterm.types import RptermError


def reply_once(launch: Launch, text: str) -> int:
    """Send a text, and print the reply when it is complete.

    Raises:
        RptermError: The engine failed; what it had generated is stored.
    """
    from rpterm.chat.request import ReplyRequest

    try:
        session = launch.open()
        try:
            reply = ""
            for event in session.reply(ReplyRequest(text=text)):
                if isinstance(event, ReplyFinished | ReplyCancelled | BestKept):
                    reply = event.turn.text
                elif isinstance(event, ReplyFailed):
                    raise RptermError(event.message)
            out.say(reply)
        finally:
            session.close()
    finally:
        launch.close()
    return 0
