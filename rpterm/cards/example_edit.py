"""Change the example dialogues inside a card's TOML text; all else stays, byte for byte.

Comments, order and layout are the author's. Text in, text out: no file is touched here. What comes
out was read again and has exactly the examples it should have, or nothing comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rpterm.cards import toml_text
from rpterm.cards.card import Example
from rpterm.cards.reader import parse
from rpterm.cards.toml_edit import CardEditError, document, same_ends

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


class ExampleEditError(CardEditError):
    """The examples of a card's text cannot be changed so; it was left as it is."""


def add(text: str, example: Example) -> str:
    """The text with one more example, behind the last one.

    Raises:
        CardError: The text is no card.
        ExampleEditError: Its layout does not allow it.
    """
    before = parse(text).examples
    written = document(text)
    if "examples" not in written or _at_the_end(written):
        return _checked(_behind(text, _table_text(example)), text, (*before, example))
    listed: Any = written["examples"]
    listed.append(_item(example, inline=not _is_tables(listed)))
    return _checked(written.as_string(), text, (*before, example))


def change(text: str, number: int, example: Example) -> str:
    """The text with example ``number`` (from 1) reading so.

    Raises:
        CardError, ExampleEditError: As ``add``, or there is no such example.
    """
    before = parse(text).examples
    written, at = document(text), _place(before, number)
    table: Any = written["examples"][at]
    wanted = _fields(example)
    if len(table.get("dialogue", ())) == len(example.dialogue):
        _reword(table["dialogue"], example)
        wanted = {"dialogue": table["dialogue"]} | _pin(example)
    for name in [name for name in table if name not in wanted]:
        del table[name]
    for name, value in wanted.items():
        if name not in table or table[name] != value:
            table[name] = _value(value)
    return _checked(written.as_string(), text, (*before[:at], example, *before[at + 1 :]))


def remove(text: str, number: int) -> str:
    """The text without example ``number`` (from 1).

    Raises:
        CardError, ExampleEditError: As ``change``.
    """
    before = parse(text).examples
    written, at = document(text), _place(before, number)
    if len(before) == 1:
        del written["examples"]
    else:
        del written["examples"][at]
    return _checked(written.as_string(), text, (*before[:at], *before[at + 1 :]))


def _place(examples: Sequence[Example], number: int) -> int:
    if not 1 <= number <= len(examples):
        raise ExampleEditError(f"The card has {len(examples)} examples; {number} is not one.")
    return number - 1


def _checked(text: str, before: str, wanted: Sequence[Example]) -> str:
    """The text, with lines that end as they did before, if it has these examples."""
    text = same_ends(text, before)
    if parse(text).examples != tuple(wanted):
        raise ExampleEditError(
            "The card is laid out so that this example cannot be changed from here; edit its file."
        )
    return text


def _fields(example: Example) -> dict[str, Any]:
    """The keys of an example as an author would write it."""
    roles = [who for who, _ in example.dialogue]
    fields: dict[str, Any]
    if roles == ["user", "char"]:
        fields = dict(example.dialogue)
    else:
        fields = {"dialogue": [list(line) for line in example.dialogue]}
    return fields | _pin(example)


def _pin(example: Example) -> dict[str, bool]:
    return {"pinned": True} if example.pinned else {}


def _reword(lines: Any, example: Example) -> None:
    """Put the words in, line by line, so that what stands around them stays."""
    for line, wanted in zip(lines, example.dialogue, strict=True):
        for at, word in enumerate(wanted):
            if line[at] != word:
                line[at] = _value(word)


def _table_text(example: Example) -> str:
    lines = [f"{name} = {_toml(value)}" for name, value in _fields(example).items()]
    return "\n".join(["[[examples]]", *lines]) + "\n"


def _toml(value: Any) -> str:
    return toml_text.string(value) if isinstance(value, str) else toml_text.value(value)


def _value(value: Any) -> Any:
    import tomlkit

    return tomlkit.parse(f"x = {_toml(value)}\n")["x"]


def _item(example: Example, *, inline: bool) -> Any:
    import tomlkit

    if inline:
        return tomlkit.parse(f"x = {toml_text.value(_fields(example))}\n")["x"]
    return tomlkit.parse(_table_text(example) + "\n")["examples"][0]


def _is_tables(listed: Any) -> bool:
    from tomlkit.items import AoT

    return isinstance(listed, AoT)


def _at_the_end(written: TOMLDocument) -> bool:
    """Whether nothing stands behind the examples, so that one more is only text to add."""
    return list(written)[-1] == "examples" and _is_tables(written["examples"])


def _behind(text: str, block: str) -> str:
    blank = not text or text.endswith(("\n\n", "\r\n\r\n"))
    gap = "" if blank else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}{block}"
