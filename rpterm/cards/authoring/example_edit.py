"""Edits the example dialogues in a card's TOML text; everything else stays byte for byte.

Comments, order and layout are the author's and kept. The functions take and return text and touch
no files. Every result is parsed again and must be the card with exactly the expected examples, or
an error is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rpterm.cards.card import Example
from rpterm.cards.format import toml_text
from rpterm.cards.format.reader import parse
from rpterm.cards.format.toml_edit import checked, parse_document
from rpterm.errors import RptermError
from rpterm.humanize import counted

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def add(text: str, example: Example) -> str:
    """Append an example after the last one.

    Raises:
        CardError: The text is not a valid card.
        RptermError: The layout of the text does not allow it.
    """
    before = parse(text)
    wanted = replace(before, examples=(*before.examples, example))
    toml = parse_document(text)
    if "examples" not in toml or _examples_are_last(toml):
        return checked(_appended(text, _table_text(example)), text, wanted)
    listed: Any = toml["examples"]
    listed.append(_tomlkit_table(example, inline=not _is_array_of_tables(listed)))
    return checked(toml.as_string(), text, wanted)


def change(text: str, number: int, example: Example) -> str:
    """Replace example ``number`` (from 1).

    Raises:
        RptermError: As for ``add``, or there is no such example.
    """
    before = parse(text)
    toml, at = parse_document(text), _index(before.examples, number)
    table: Any = toml["examples"][at]
    wanted = _keys_and_values(example)
    if len(table.get("dialogue", ())) == len(example.dialogue):
        _replace_lines(table["dialogue"], example)
        wanted = {"dialogue": table["dialogue"]} | _pinned(example)
    for name in [name for name in table if name not in wanted]:
        del table[name]
    for name, value in wanted.items():
        if name not in table or table[name] != value:
            table[name] = _tomlkit_value(value)
    examples = (*before.examples[:at], example, *before.examples[at + 1 :])
    return checked(toml.as_string(), text, replace(before, examples=examples))


def _index(examples: Sequence[Example], number: int) -> int:
    if not 1 <= number <= len(examples):
        raise RptermError(
            f"There is no example {number}: the card has {counted(len(examples), 'example')}."
        )
    return number - 1


def _keys_and_values(example: Example) -> dict[str, Any]:
    """The keys and values of an example, as an author would write them."""
    fields: dict[str, Any]
    if [role for role, _ in example.dialogue] == ["user", "char"]:
        fields = dict(example.dialogue)
    else:
        fields = {"dialogue": [list(line) for line in example.dialogue]}
    return fields | _pinned(example)


def _pinned(example: Example) -> dict[str, bool]:
    return {"pinned": True} if example.pinned else {}


def _replace_lines(lines: Any, example: Example) -> None:
    """Replace the texts in place, line by line, so that comments and layout are kept."""
    for line, wanted in zip(lines, example.dialogue, strict=True):
        for at, text in enumerate(wanted):
            if line[at] != text:
                line[at] = _tomlkit_value(text)


def _table_text(example: Example) -> str:
    lines = [f"{name} = {_as_toml(value)}" for name, value in _keys_and_values(example).items()]
    return "\n".join(["[[examples]]", *lines]) + "\n"


def _as_toml(value: Any) -> str:
    return toml_text.string(value) if isinstance(value, str) else toml_text.value(value)


def _tomlkit_value(value: Any) -> Any:
    import tomlkit

    return tomlkit.parse(f"x = {_as_toml(value)}\n")["x"]


def _tomlkit_table(example: Example, *, inline: bool) -> Any:
    import tomlkit

    if inline:
        return tomlkit.parse(f"x = {toml_text.value(_keys_and_values(example))}\n")["x"]
    return tomlkit.parse(_table_text(example) + "\n")["examples"][0]


def _is_array_of_tables(listed: Any) -> bool:
    from tomlkit.items import AoT

    return isinstance(listed, AoT)


def _examples_are_last(toml: TOMLDocument) -> bool:
    """Whether nothing follows the examples, so that another one can be appended as text."""
    return list(toml)[-1] == "examples" and _is_array_of_tables(toml["examples"])


def _appended(text: str, block: str) -> str:
    ends_blank = not text or text.endswith(("\n\n", "\r\n\r\n"))
    gap = "" if ends_blank else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}{block}"
