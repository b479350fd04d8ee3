"""Whom ``--card`` means where judgements are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.types import RptermError

if TYPE_CHECKING:
    from rpterm.store.judgements import Judgements


def whose(judgements: Judgements, wanted: str | None) -> str | None:
    """The character by whose name chats are stored, also where its card's short name was given.

    Raises:
        RptermError: Nothing was judged in a chat with it; the sentence says with whom.
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
