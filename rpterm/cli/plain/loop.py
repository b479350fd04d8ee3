"""Runs a chat in plain mode from its beginning to its end."""

from __future__ import annotations

import signal
import sys

from rpterm.chat.live_settings import LiveSettings
from rpterm.cli.guard import ENDING_SIGNALS, INTERRUPTED, signals_handled
from rpterm.cli.plain.chat import Leave, PlainChat
from rpterm.cli.plain.commands import run_command
from rpterm.startup.launch import Launch


def run(launch: Launch, live_settings: LiveSettings) -> int:
    """Chat until the end of the input.

    Returns:
        The exit code: 0, 130 after Ctrl+C, or 128 plus the number of another signal.
    """
    try:
        session = launch.open()
        chat = PlainChat(session, sys.stdin, live_settings, run_command)
        try:
            with (
                signals_handled(chat.interrupt, "SIGINT"),
                signals_handled(chat.leave, *ENDING_SIGNALS),
            ):
                chat.run()
        except Leave as leave:
            return leave.code
        except KeyboardInterrupt:
            chat.leave_prompt()
            return INTERRUPTED
        finally:
            # Nothing interrupts while the chat is stored for the last time.
            with signals_handled(signal.SIG_IGN, "SIGINT", *ENDING_SIGNALS):
                session.close()
    finally:
        launch.close()
    return 0
