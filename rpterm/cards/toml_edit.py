"""A card's TOML text, changed in one place: comments, order and layout stay the author's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.types import RptermError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


class CardEditError(RptermError):
    """The card's text cannot be changed so; it was left as it is."""


def document(text: str) -> TOMLDocument:
    """The text as something that can be changed.

    Raises:
        CardEditError: It cannot.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise CardEditError(f"The card cannot be changed: {error}.") from error


def same_ends(text: str, before: str) -> str:
    """The text with lines that end as they did before."""
    if before.count("\r\n") == before.count("\n") > 0:
        return text.replace("\r\n", "\n").replace("\n", "\r\n")
    return text
