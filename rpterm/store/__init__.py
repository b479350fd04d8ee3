"""The database: chats as trees of turns, their provenance, and search. Only here is SQL known."""

from rpterm.store.errors import StoreError
from rpterm.store.search import SearchHit
from rpterm.store.store import Store

__all__ = ["SearchHit", "Store", "StoreError"]
