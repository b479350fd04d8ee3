"""Imports what a user had in another program (cards, world files, chats) and exports chats.

A file that was imported once is not imported again. This package knows no user interface.
"""

from rpterm.moving.cards import KnownCard, read_known
from rpterm.moving.chats import ImportedChat, import_chats
from rpterm.moving.folders import LOGS, Moved, move
from rpterm.moving.worlds import join_worlds

__all__ = [
    "LOGS",
    "ImportedChat",
    "KnownCard",
    "Moved",
    "import_chats",
    "join_worlds",
    "move",
    "read_known",
]
