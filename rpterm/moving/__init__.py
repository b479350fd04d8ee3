"""Everything a user had in another program, brought here: cards, world files, and their chats.

What was brought once is not brought twice. It knows no front end.
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
