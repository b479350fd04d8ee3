"""Start a chat: the terminal program, plain lines, or one reply.

This is the path between ``rpterm chat NAME`` and the first frame, so it imports neither typer nor
the store, and textual only for the terminal program.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping
from functools import partial

from rpterm import paths as folders
from rpterm.config import load, save
from rpterm.opening.launch import Asked, Launch, LaunchError
from rpterm.paths import Paths
from rpterm.tuning import Tuning


def chat(
    asked: Asked,
    flags: Mapping[str, object] | None = None,
    *,
    plain: bool = False,
    once: str | None = None,
) -> int:
    """Run a chat until the user leaves.

    Args:
        asked: Whom to talk to, and in which chat.
        flags: Settings the command line gave, by dotted name.
        plain: Lines instead of the terminal program; so are pipes.
        once: Print one reply to this text and end.

    Returns:
        The exit code.
    """
    paths = folders.find()
    settings = load(paths.config_file, os.environ, flags)
    # One reply is there before an embedder would be: its memories are found by words.
    launch = Launch(settings, paths, asked, embed=once is None)
    tuning = Tuning(settings, paths.config_file, os.environ, flags or {}, launch.retune)
    lines = plain or not (sys.stdin.isatty() and sys.stdout.isatty())
    if once is None and not lines:
        return _terminal(launch, tuning, paths)
    gc.enable()
    if asked.target is None and asked.chat_id is None:
        raise LaunchError("Name a character: `rpterm cards list` shows who is there.")
    if once is not None:
        from rpterm.cli.once import reply_once

        return reply_once(launch, once)
    from rpterm.cli.plain.loop import run

    return run(launch, tuning)


def _terminal(launch: Launch, tuning: Tuning, paths: Paths) -> int:
    card = launch.card()
    first_run = not paths.database.exists()
    from rpterm.tui.app import RptermApp

    app = RptermApp(
        card,
        launch.open,
        tuning.settings,
        greeting=launch.greeting(),
        first_run=first_run,
        choose=card is None and launch.asked.chat_id is None,
        on_setting=partial(save, paths.config_file),
        tuning=tuning,
    )
    # What was imported stays, and the little that is garbage in it costs less than a collection
    # before the first frame: the collector need not walk any of it while one types.
    gc.freeze()
    gc.enable()
    try:
        app.run()
    finally:
        launch.close()
    return app.return_code or 0
