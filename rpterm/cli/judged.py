"""Resolves ``--card`` for commands that read judgements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.types import RptermError

if TYPE_CHECKING:
    from rpterm.store.judgements import Judgements


def whose(judgements: Judgements, wanted: str | None) -> str | None:
    """The character's name as stored with its chats, given that name or the card's short name.

    Raises:
        RptermError: Nothing was rated in a chat with it; the text says with whom something was.
    """
    from rpterm import paths as folders
    from rpterm.opening.launch import find_card
    from rpterm.preference.nothing import nobody

    known = sorted({judgements.store.chat(each).card_name for each in judgements.chats()})
    if wanted is None or wanted in known or not known:
        return wanted
    try:
        name = find_card(wanted, folders.find()).card.name
    except RptermError:
        name = wanted
    if name not in known:
        raise RptermError(nobody(wanted, known))
    return name
