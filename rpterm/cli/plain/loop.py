"""Runs a chat in plain mode from its beginning to its end."""

from __future__ import annotations

import sys

from rpterm.cli.guard import INTERRUPTED
from rpterm.cli.plain.chat import Leave, PlainChat, signals_ignored
from rpterm.cli.plain.commands import run_command
from rpterm.live_settings import LiveSettings
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
            with chat.signals():
                chat.run()
        except Leave as leave:
            return leave.code
        except KeyboardInterrupt:
            chat.leave_prompt()
            return INTERRUPTED
        finally:
            with signals_ignored():
                session.close()
    finally:
        launch.close()
    return 0
