"""Reads cards in YAML: ``name``, ``context``, ``greeting``, ``example_dialogue``.

Tags and types are ignored, so that every value is text and nothing can be executed. The parser's
events are checked before anything is built.
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

    fast: Any = getattr(yaml, "CBaseLoader", None)
    loader = fast or yaml.BaseLoader
    limit = MAX_YAML if fast else _MAX_WITHOUT_C_PARSER
    if len(data) > limit:
        raise ExchangeError(
            f"The YAML file has {len(data):,} bytes; it can have at most {limit:,}."
        )
    try:
        text = data.decode("utf-8-sig")
        _check_events(yaml.parse(text, Loader=loader))
        value = next(yaml.load_all(text, Loader=loader), None)
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


def _check_events(events: Any) -> None:
    """Check the number and depth of a file's values."""
    import yaml

    depth = 0
    for count, event in enumerate(events):
        if count > _MAX_EVENTS:
            raise ExchangeError("The YAML file has far more values than a card can have.")
        if isinstance(event, yaml.AliasEvent):
            raise NotACard("The YAML file uses aliases (*name), which no card needs.")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ExchangeError("The YAML file is nested far too deeply.")
