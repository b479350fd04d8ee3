"""Writes a ``CharacterCard`` as readable TOML text.

Only values that differ from the defaults are written, in the order of ``key_table``. For
every card the reader accepts, ``parse(dump(card)) == card``. The writer touches no files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rpterm.cards.card import CharacterCard, Example, Lorebook, LoreEntry
from rpterm.cards.format import key_table, toml_text
from rpterm.cards.format.schema import defaults_of
from rpterm.cards.format.toml_json import encode


def dump(card: CharacterCard, header: str = "") -> str:
    """Write a card.

    Args:
        header: Plain text for a comment at the top.
    """
    blocks = [
        toml_text.comment(header),
        "".join(key_lines("", card)),
        _section("[persona]", key_lines("persona", card)),
        _section("[user]", key_lines("user", card)),
        _section("[sampling]", _sampling(card.sampling)),
        *(_section("[[examples]]", example_lines(example)) for example in card.examples),
        _section("[lorebook]", key_lines("lorebook", card.lorebook)),
        *_extensions(("lorebook", "extensions"), card.lorebook.extensions),
        *_lore(card.lorebook),
        *(_section("[[test]]", key_lines("test", probe)) for probe in card.tests),
        *_extensions(("extensions",), card.extensions),
    ]
    return "\n".join(block for block in blocks if block)


def dump_world(world: CharacterCard, header: str) -> str:
    """Write a world file; ``cards.worlds.parse_world`` reads the same lore back."""
    blocks = [
        toml_text.comment(header),
        "[lorebook]\n" + "".join(key_lines("lorebook", world.lorebook)),
        *_extensions(("lorebook", "extensions"), world.lorebook.extensions),
        *_lore(world.lorebook),
        *_extensions(("extensions",), world.extensions),
    ]
    return "\n".join(block for block in blocks if block)


def _section(title: str, lines: Iterable[str]) -> str:
    body = "".join(lines)
    return f"{title}\n{body}" if body or title.startswith("[[") else ""


def key_lines(table: str, record: Any) -> Iterator[str]:
    """The lines of one table."""
    defaults = defaults_of(table)
    for key in key_table.TABLES[table]:
        value = getattr(record, key.field)
        if value != defaults[key.field]:
            yield f"{key.name} = {_value(key, value)}\n"


def _value(key: key_table.CardKey, value: Any) -> str:
    if key.kind == "prose":
        return toml_text.string(value)
    if key.kind in ("lines", "words"):
        return toml_text.strings(value)
    return toml_text.value(value)


def _sampling(sampling: Mapping[str, float]) -> Iterator[str]:
    order = [key.name for key in key_table.SAMPLING if key.name in sampling]
    for name in [*order, *(name for name in sampling if name not in order)]:
        yield f"{toml_text.key(name)} = {toml_text.value(sampling[name])}\n"


def example_lines(example: Example) -> Iterator[str]:
    """The keys of one example dialogue."""
    roles = tuple(role for role, _ in example.dialogue)
    if roles in (("user", "char"), ("user",), ("char",)):
        for role, text in example.dialogue:
            yield f"{role} = {toml_text.string(text)}\n"
    else:
        lines = (f"    [{toml_text.line(role)}, {toml_text.string(text)}],\n"
                 for role, text in example.dialogue)  # fmt: skip
        yield f"dialogue = [\n{''.join(lines)}]\n"
    if example.pinned:
        yield "pinned = true\n"


def _lore(book: Lorebook) -> Iterator[str]:
    for entry in book.entries:
        yield _section("[[lore]]", entry_lines(entry))
        yield from _extensions(("lore", "extensions"), entry.extensions)


def entry_lines(entry: LoreEntry) -> Iterator[str]:
    """The keys of one lore entry."""
    return (line for line in key_lines("lore", entry) if line != "keys = []\n")


def _extensions(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[str]:
    if table:
        yield from _table(path, encode(dict(table)))


def _table(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[str]:
    """A table of arbitrary data: plain values first, then each subtable under its own header."""
    nested = {name: item for name, item in table.items() if _needs_header(item)}
    plain = {name: item for name, item in table.items() if name not in nested}
    lines = [f"{toml_text.key(name)} = {_any_value(item)}\n" for name, item in plain.items()]
    if lines or not nested:
        title = ".".join(toml_text.key(part) for part in path)
        yield f"[{title}]\n" + "".join(lines)
    for name, item in nested.items():
        yield from _table((*path, name), item)


def _needs_header(item: Any) -> bool:
    """Whether an item is a table that is too large for one line."""
    return isinstance(item, Mapping) and not (_is_small(item) and len(toml_text.value(item)) <= 80)


def _is_small(item: Any) -> bool:
    """Whether an item has only a few parts, at any depth; most of a large one is not looked at."""
    parts = [item]
    for part in parts:
        inner = part.values() if isinstance(part, Mapping) else part if _is_list(part) else ()
        if len(parts) + len(inner) > 12:
            return False
        parts += inner
    return True


def _is_list(item: Any) -> bool:
    return isinstance(item, (list, tuple))


def _any_value(item: Any) -> str:
    if isinstance(item, str):
        return toml_text.string(item)
    if isinstance(item, list) and item and all(isinstance(part, str) for part in item):
        return toml_text.strings(item)
    return toml_text.value(item)
