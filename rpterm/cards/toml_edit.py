"""Helpers to edit a card's TOML text in one place and keep its comments, order and layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.types import RptermError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


class CardEditError(RptermError):
    """The requested change to the card's text is not possible; the text was left unchanged."""


def parse_document(text: str) -> TOMLDocument:
    """Parse the text into a document that can be edited.

    Raises:
        CardEditError: The text is not valid TOML.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise CardEditError(f"The card cannot be changed: {error}.") from error


def with_line_ends_of(text: str, before: str) -> str:
    """The text with the line ends of ``before``."""
    if before.count("\r\n") == before.count("\n") > 0:
        return text.replace("\r\n", "\n").replace("\n", "\r\n")
    return text
