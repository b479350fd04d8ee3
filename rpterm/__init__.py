"""rpterm: role-play with a local language model, in the terminal or from a script.

>>> import rpterm
>>> with rpterm.open_chat("sherlock", engine="scripted") as chat:
...     reply = chat.say("Who is there?")
...     score = chat.score(reply)
>>> print(f"{reply.speaker}: {reply.text} ({score.probability:.0%} in character)")
Holmes: ... (...% in character)

``chat`` is a ``chat.session.Session``: ``chat.path()`` has the turns so far, ``chat.reply`` streams
a reply as events and can do all that the terminal program does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm.version import __version__

if TYPE_CHECKING:
    from rpterm.chat.session import Session

__all__ = ["__version__", "open_chat"]


@contextmanager
def open_chat(
    card: str | Path, *, new: bool = True, home: Path | None = None, **settings: object
) -> Iterator[Session]:
    """Open a chat with a character; it is closed, and stored, at the end of the block.

    Args:
        card: The name of a card, or its file.
        new: False continues the newest chat with this character.
        home: The folder of database, cards, models and settings; ``None`` means the user's own.
        settings: Settings by the names that ``rpterm config set`` takes, such as ``model`` or
            ``temperature``; they override the settings file, the environment and the card.

    Raises:
        RptermError: A setting, the card, the model or the database cannot be used.
    """
    import os

    from rpterm import config, paths
    from rpterm.startup.launch import ChatRequest, Launch

    folders = paths.find({"RPTERM_HOME": str(home)} if home else None)
    flags = {config.full_name(name): value for name, value in settings.items()}
    request = ChatRequest(str(card), new=new, flags=tuple(flags))
    settings_now = config.load(folders.config_file, os.environ, flags)
    # Whoever asks for a score here waits for it, so the model that scores is no background work.
    launch = Launch(settings_now, folders, request, polite=False)
    with closing(launch), closing(launch.open()) as session:
        yield session
