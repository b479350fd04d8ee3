"""Explains what an export left out, why it may have no rows, and which options change that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rpterm.preference.export_result import ExportOptions, ExportResult
from rpterm.preference.formats import FORMATS, display_name
from rpterm.preference.prompt_builder import TOO_LONG, rounded_up
from rpterm.preference.record_builder import NOT_WANTED
from rpterm.preference.records import Kind, Source

NOT_MARKED = "the chat is not marked as exportable"
_MAX_LISTED = 3
"""How many reasons, kinds or names a message lists at most."""

KIND_NAMES: dict[Kind, str] = {
    "pair": "choices between two replies",
    "label": "thumbs or stars",
    "demo": "replies that were liked or edited",
    "tie": "ties",
    "both_bad": "duels that both replies lost",
    "flag": "marked passages",
}
_FORMAT_FOR: dict[Kind, str] = {"pair": "dpo", "label": "kto", "demo": "sft"}
"""A format for each kind of record; ``raw`` takes all kinds."""


def remedy(reason: str, options: ExportOptions, result: ExportResult) -> str:
    """The option that includes what was left out for a reason; "" if there is none."""
    if reason == NOT_WANTED:
        # The option replaces the list, so it has to repeat the requested sources.
        every = options.wanted.sources | result.unwanted
        more = ", ".join(_source_names(result.unwanted))
        return f"`--sources {','.join(_source_names(every))}` includes {more} as well"
    if reason == TOO_LONG:
        return f"`--max-tokens {rounded_up(result.longest)}` includes the long ones"
    return {
        NOT_MARKED: "`rpterm export allow CHAT` marks a chat as exportable",
        "the edit is too small": "`--min-edit` sets the smallest edit to export",
    }.get(reason, "")


def explain_empty_export(options: ExportOptions, result: ExportResult) -> str:
    """The message for an export of judged chats that has no row."""
    frequent = result.left_out.most_common(_MAX_LISTED)
    reasons = list(_format_reasons(options, result))
    reasons += [_reason(each, count, options, result) for each, count in frequent]
    because = f": {'; '.join(reasons)}" if reasons else ""
    start = f"There is nothing to export as {display_name(options.format)}{because}"
    remedies = [_other_format(result), *(remedy(each, options, result) for each, _ in frequent)]
    return ". ".join([start, *filter(None, remedies)]) + "."


def explain_unrated(card: str | None, judged: Sequence[str]) -> str:
    """The message for the case that no chat, or none with this character, was judged."""
    if card is None or not judged:
        return "Nothing was rated yet: rate replies in a chat, then export."
    more = f" and {len(judged) - _MAX_LISTED} more" if len(judged) > _MAX_LISTED else ""
    return (
        f"Nothing was rated in a chat with {card!r}: `--card` can be "
        f"{', '.join(judged[:_MAX_LISTED])}{more}."
    )


def _source_names(sources: frozenset[Source] | set[Source]) -> list[str]:
    return [each.name.lower() for each in Source if each in sources]


def _reason(reason: str, count: int, options: ExportOptions, result: ExportResult) -> str:
    if reason != TOO_LONG:
        return f"{reason} ({count})"
    subject = "1 is" if count == 1 else f"{count:,} are"
    return f"{subject} longer than {options.max_tokens:,} tokens, the longest {result.longest:,}"


def _format_reasons(options: ExportOptions, result: ExportResult) -> Iterator[str]:
    if result.unplaced:
        yield f"it cannot express some ratings ({result.unplaced})"
    if result.unused:
        kinds = {kind for table in FORMATS[options.format].tables for kind in table.kinds}
        needs = " or ".join(words for kind, words in KIND_NAMES.items() if kind in kinds)
        has = ", ".join(
            f"{KIND_NAMES[kind]} ({n})" for kind, n in result.unused.most_common(_MAX_LISTED)
        )
        yield f"it needs {needs}, but there are only {has}"


def _other_format(result: ExportResult) -> str:
    """The format that takes the records this one does not; "" if there are none."""
    kinds = [kind for kind, _ in result.unused.most_common() if kind in _FORMAT_FOR]
    if kinds and not result.unplaced:
        return f"`--format {_FORMAT_FOR[kinds[0]]}` takes {KIND_NAMES[kinds[0]]}"
    return "`--format raw` takes them" if result.unplaced or result.unused else ""
