"""Explains why an export has no rows, and suggests options that would change that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rpterm.preference.formats import Format, display_name
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

_REMEDIES = {
    NOT_MARKED: "`rpterm export allow CHAT` marks a chat as exportable.",
    "the edit is too small": "`--min-edit` sets the smallest edit to export.",
}


@dataclass(slots=True)
class Skipped:
    """What an export came across but made no row from.

    Attributes:
        wanted: The requested sources.
        limit: Maximum number of tokens in a row.
        longest: How many tokens the longest of the rows above the limit has.
        chats: Number of judged chats considered, exportable or not.
        kinds: Records of kinds that the format does not use.
        unplaced: Records of its kinds that it cannot express, such as three stars in KTO.
        sources: Sources of judgements that were not requested.
    """

    wanted: frozenset[Source] = frozenset()
    limit: int = 0
    longest: int = 0
    chats: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)
    unplaced: int = 0
    sources: set[Source] = field(default_factory=set)


def explain_empty_export(form: Format, skipped: Skipped, left_out: Counter[str]) -> str:
    """The message for an export of judged chats that has no row."""
    reasons = list(_format_reasons(form, skipped))
    reasons += [_reason(each, count, skipped) for each, count in left_out.most_common(_MAX_LISTED)]
    because = f": {'; '.join(reasons)}" if reasons else ""
    start = f"There is nothing to export as {display_name(form.name)}{because}."
    return " ".join([start, *_remedies(skipped, left_out)])


def explain_unrated(card: str | None, judged: Sequence[str]) -> str:
    """The message for the case that no chat, or none with this character, was judged."""
    if card is None or not judged:
        return "Nothing was rated yet: rate replies in a chat, then export."
    more = f" and {len(judged) - _MAX_LISTED} more" if len(judged) > _MAX_LISTED else ""
    return (
        f"Nothing was rated in a chat with {card!r}: `--card` can be "
        f"{', '.join(judged[:_MAX_LISTED])}{more}."
    )


def _reason(reason: str, count: int, skipped: Skipped) -> str:
    if reason != TOO_LONG:
        return f"{reason} ({count})"
    subject = "1 is" if count == 1 else f"{count:,} are"
    return f"{subject} longer than {skipped.limit:,} tokens, the longest {skipped.longest:,}"


def _format_reasons(form: Format, skipped: Skipped) -> Iterator[str]:
    if skipped.unplaced:
        yield f"it cannot express some ratings ({skipped.unplaced})"
    if skipped.kinds:
        kinds = {kind for table in form.tables for kind in table.kinds}
        needs = " or ".join(words for kind, words in KIND_NAMES.items() if kind in kinds)
        has = ", ".join(
            f"{KIND_NAMES[kind]} ({n})" for kind, n in skipped.kinds.most_common(_MAX_LISTED)
        )
        yield f"it needs {needs}, but there are only {has}"


def _remedies(skipped: Skipped, left_out: Counter[str]) -> Iterator[str]:
    if skipped.unplaced or skipped.kinds:
        trained_on = [kind for kind, _ in skipped.kinds.most_common() if kind in _FORMAT_FOR]
        if trained_on and not skipped.unplaced:
            kind = trained_on[0]
            yield f"`--format {_FORMAT_FOR[kind]}` takes {KIND_NAMES[kind]}."
        else:
            yield "`--format raw` takes them."
    for reason, _ in left_out.most_common(_MAX_LISTED):
        if reason == NOT_WANTED:
            # The option replaces the list, so it has to repeat the requested sources.
            every = skipped.wanted | skipped.sources
            names = ",".join(each.name.lower() for each in Source if each in every)
            more = ", ".join(each.name.lower() for each in Source if each in skipped.sources)
            yield f"`--sources {names}` includes {more} as well."
        elif reason == TOO_LONG:
            yield f"`--max-tokens {rounded_up(skipped.longest)}` includes the long ones."
        elif reason in _REMEDIES:
            yield _REMEDIES[reason]
