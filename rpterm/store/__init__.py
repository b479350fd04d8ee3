"""The database: chats as trees of turns, their provenance, and search. All SQL is in here."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rpterm.store.errors import StoreError
    from rpterm.store.search import SearchHit
    from rpterm.store.store import Store

__all__ = ["SearchHit", "Store", "StoreError"]

_MODULES = {"SearchHit": "search", "Store": "store", "StoreError": "errors"}


def __getattr__(name: str) -> object:
    """Import an exported name on first use, to keep ``resumable_chat`` fast to import."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
