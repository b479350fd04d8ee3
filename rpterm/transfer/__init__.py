"""Imports what a user had in another program (cards, world files, chats) and exports chats.

A file that was imported once is not imported again. This package knows no user interface.
"""

from rpterm.transfer.archives import unpacked
from rpterm.transfer.chat_cards import KnownCard, read_known
from rpterm.transfer.chat_import import ImportedChat, import_chats
from rpterm.transfer.folder_import import LOG_EXTENSION, ImportSummary, import_paths
from rpterm.transfer.leftovers import describe_leftovers
from rpterm.transfer.world_links import join_worlds

__all__ = [
    "LOG_EXTENSION",
    "ImportSummary",
    "ImportedChat",
    "KnownCard",
    "describe_leftovers",
    "import_chats",
    "import_paths",
    "join_worlds",
    "read_known",
    "unpacked",
]
