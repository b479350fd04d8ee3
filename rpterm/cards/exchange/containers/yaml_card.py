"""Reads cards in YAML: ``name``, ``context``, ``greeting``, ``example_dialogue``.

It works on the parser's events instead of a loader, without tags, types (every value is text) and
aliases, so that nothing can be expanded or executed.
"""

from __future__ import annotations

from typing import Any

from rpterm.cards.exchange.errors import MAX_DEPTH, ExchangeError, NotACard
from rpterm.text.encoding import not_utf8_message

MAX_YAML = 1 << 20
_MAX_WITHOUT_C_PARSER = 96 << 10
_MAX_EVENTS = 40_000


def loads(data: bytes) -> dict[str, Any]:
    """Parse YAML into tables, lists and texts.

    Raises:
        ExchangeError: The text is too large, too deeply nested, not UTF-8, uses aliases, or is not
            a YAML table.
    """
    import yaml  # type: ignore[import-untyped]

    loader: Any = getattr(yaml, "CSafeLoader", None)
    limit = MAX_YAML if loader else _MAX_WITHOUT_C_PARSER
    if len(data) > limit:
        raise ExchangeError(
            f"The YAML file has {len(data):,} bytes; it can have at most {limit:,}."
        )
    try:
        text = data.decode("utf-8-sig")
        value = _build(yaml.parse(text, Loader=loader or yaml.SafeLoader))
    except UnicodeDecodeError as error:
        raise ExchangeError(not_utf8_message("The file", error.start)) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or str(error).split("\n")[0]
        raise ExchangeError(f"The file is not YAML: {reason}{line}.") from error
    except RecursionError as error:
        raise ExchangeError("The YAML file is nested far too deeply.") from error
    if not isinstance(value, dict):
        raise NotACard("The text is neither JSON nor a YAML table of a card's fields.")
    return value


def _build(events: Any) -> Any:
    """The first document of the events, built without recursion."""
    import yaml

    stack: list[list[Any]] = []
    for count, event in enumerate(events):
        if count > _MAX_EVENTS:
            raise ExchangeError("The YAML file has far more values than a card can have.")
        if isinstance(event, yaml.AliasEvent):
            raise NotACard("The YAML file uses aliases (*name), which no card needs.")
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if len(stack) >= MAX_DEPTH:
                raise ExchangeError("The YAML file is nested far too deeply.")
            stack.append([isinstance(event, yaml.MappingStartEvent)])
            continue
        if isinstance(event, yaml.ScalarEvent):
            value: Any = event.value
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            value = _close(stack.pop())
        else:
            continue
        if not stack:
            return value
        stack[-1].append(value)
    return None


def _close(items: list[Any]) -> Any:
    is_table, *values = items
    if not is_table:
        return values
    keys = [key if isinstance(key, str) else repr(key)[:80] for key in values[::2]]
    return dict(zip(keys, values[1::2], strict=True))
