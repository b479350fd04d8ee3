"""Helpers to edit a card's TOML text in one place and keep its comments, order and layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.cards.card import CharacterCard
from rpterm.cards.format.reader import parse
from rpterm.errors import RptermError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def parse_document(text: str) -> TOMLDocument:
    """Parse the text into a document that can be edited.

    Raises:
        RptermError: The text is not valid TOML.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise RptermError(f"The card cannot be changed: {error}.") from error


def checked(text: str, before: str, wanted: CharacterCard) -> str:
    """The edited text, with the line ends of the text before, if it is the wanted card.

    Raises:
        RptermError: It is another card.
    """
    if before.count("\r\n") == before.count("\n") > 0:
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    if parse(text) != wanted:
        raise RptermError(
            "The layout of the card's file does not allow this change here: edit the file instead."
        )
    return text
