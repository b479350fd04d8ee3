"""Starts a chat in the TUI or in plain mode, or prints a single reply.

This module lies between ``rpterm chat NAME`` and the first frame, so it imports neither typer nor
the store, and Textual only for the TUI.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping
from contextlib import closing
from functools import partial

from rpterm import paths as folders
from rpterm.chat.live_settings import LiveSettings
from rpterm.cli import out
from rpterm.config import load, save
from rpterm.errors import RptermError
from rpterm.paths import Paths
from rpterm.startup.launch import ChatRequest, Launch


def run_chat(
    request: ChatRequest,
    flags: Mapping[str, object] | None = None,
    *,
    plain: bool = False,
    once: str | None = None,
) -> int:
    """Run a chat until the user leaves.

    Args:
        request: The character and the chat.
        flags: Settings from the command line, by dotted name.
        plain: Whether to use plain mode instead of the TUI; pipes always do.
        once: A message, whose reply is printed instead of starting a chat.

    Returns:
        The exit code.
    """
    paths = folders.find()
    settings = load(paths.config_file, os.environ, flags)
    launch = Launch(settings, paths, request)
    live_settings = LiveSettings(
        settings, paths.config_file, os.environ, flags or {}, launch.retune
    )
    plain = plain or not out.can_show_screens()
    if once is None and not plain:
        return _run_tui(launch, live_settings, paths)
    gc.enable()
    if request.target is None and request.chat_id is None:
        raise RptermError("Name a character: `rpterm cards list` lists them.")
    if once is not None:
        return _reply_once(launch, once)
    from rpterm.cli.plain.loop import run

    return run(launch, live_settings)


def _run_tui(launch: Launch, live_settings: LiveSettings, paths: Paths) -> int:
    card = launch.card()
    first_run = not paths.database.exists()
    from rpterm.tui.app import RptermApp
    from rpterm.tui.screens.chat.screen import ChatScreen

    chat = ChatScreen(
        card,
        launch.open,
        live_settings.settings,
        greeting=launch.greeting(),
        choose=card is None and launch.request.chat_id is None,
        live_settings=live_settings,
    )
    app = RptermApp(chat, first_run=first_run, on_setting=partial(save, paths.config_file))
    # Imported objects stay alive anyway, and the little garbage among them costs less than a
    # collection before the first frame. Frozen, they are not traversed while the user types.
    gc.freeze()
    gc.enable()
    try:
        app.run()
    finally:
        launch.close()
    return app.return_code or 0


def _reply_once(launch: Launch, text: str) -> int:
    """Send a text, and print the complete reply and nothing else to standard output."""
    from rpterm.cli.plain.waiting import Waiting

    with closing(launch), closing(launch.open()) as session:
        with Waiting("waiting for the reply"):
            reply = session.say(text)
        out.say(reply.text)
    return 0
