"""The database: chats as trees of turns, their provenance, and search. Only here is SQL known."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rpterm.store.errors import StoreError
    from rpterm.store.search import SearchHit
    from rpterm.store.store import Store

__all__ = ["SearchHit", "Store", "StoreError"]

_HOMES = {"SearchHit": "search", "Store": "store", "StoreError": "errors"}


def __getattr__(name: str) -> object:
    """What is exported, when it is first asked for: ``glance`` must not wait for all of it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
