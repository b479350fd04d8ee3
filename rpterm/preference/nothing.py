"""Why an export has no row at all, and what to do about it: one sentence, and a remedy or two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rpterm.preference.formats import Format, spoken
from rpterm.preference.history import TOO_LONG, roomy
from rpterm.preference.records import Kind, Source

NOT_MARKED = "the chat is not marked as exportable"
_MOST = 3
"""Reasons that are told, and names."""

_WORDS: dict[Kind, str] = {
    "pair": "choices between two replies",
    "label": "thumbs or stars",
    "demo": "replies that were liked or edited",
    "tie": "ties",
    "both_bad": "duels that both replies lost",
    "flag": "marked passages",
}
_TAKER: dict[Kind, str] = {"pair": "dpo", "label": "kto", "demo": "sft"}
"""A format that takes such records; ``raw`` takes all."""

_REMEDIES = {
    NOT_MARKED: "`rpterm export allow CHAT` marks a chat as exportable.",
    "the edit is too small": "`--min-edit` sets how small one may be.",
}


@dataclass(slots=True)
class PassedOver:
    """What an export met and made no row of.

    Attributes:
        wanted: Sources that were wanted.
        limit: Tokens of a row, and ``longest``, what the largest of the longer ones would take.
        chats: With judgements that were looked at, marked as exportable or not.
        kinds: Records that the format is not made of.
        unplaced: Records of its kinds that it has no place for, such as three stars in KTO.
        sources: Of judgements that were not wanted.
    """

    wanted: frozenset[Source] = frozenset()
    limit: int = 0
    longest: int = 0
    chats: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)
    unplaced: int = 0
    sources: set[Source] = field(default_factory=set)


def why(form: Format, passed: PassedOver, left_out: Counter[str]) -> str:
    """Why an export of judged chats has no row."""
    reasons = list(_of_format(form, passed))
    reasons += [_reason(each, many, passed) for each, many in left_out.most_common(_MOST)]
    told = f": {'; '.join(reasons)}" if reasons else ""
    start = f"There is nothing to export as {spoken(form.name)}{told}."
    return " ".join([start, *_remedies(passed, left_out)])


def nobody(card: str | None, judged: Sequence[str]) -> str:
    """Why there is no judged chat to look at, of this character or of any."""
    if card is None or not judged:
        return "Nothing was rated yet: rate replies in a chat, then export."
    more = f" and {len(judged) - _MOST} more" if len(judged) > _MOST else ""
    return (
        f"Nothing was rated in a chat with {card!r}: `--card` takes {', '.join(judged[:_MOST])}"
        f"{more}."
    )


def _reason(reason: str, many: int, passed: PassedOver) -> str:
    if reason != TOO_LONG:
        return f"{reason} ({many})"
    what = "1 is" if many == 1 else f"{many:,} are"
    return f"{what} longer than {passed.limit:,} tokens, the longest {passed.longest:,}"


def _of_format(form: Format, passed: PassedOver) -> Iterator[str]:
    if passed.unplaced:
        yield f"it has no place for some ratings ({passed.unplaced})"
    if passed.kinds:
        kinds = {kind for table in form.tables for kind in table.kinds}
        needs = " or ".join(words for kind, words in _WORDS.items() if kind in kinds)
        has = ", ".join(f"{_WORDS[kind]} ({n})" for kind, n in passed.kinds.most_common(_MOST))
        yield f"it needs {needs}, and there are only {has}"


def _remedies(passed: PassedOver, left_out: Counter[str]) -> Iterator[str]:
    if passed.unplaced or passed.kinds:
        takers = {_TAKER.get(kind, "raw") for kind in passed.kinds}
        taker = takers.pop() if len(takers) == 1 and not passed.unplaced else "raw"
        yield f"`--format {taker}` takes them."
    if passed.sources:
        # The option replaces the list, so what was wanted is named again.
        names = [each.name.lower() for each in Source if each in passed.wanted | passed.sources]
        more = ", ".join(each.name.lower() for each in Source if each in passed.sources)
        yield f"`--sources {','.join(names)}` takes {more} as well."
    for reason, _ in left_out.most_common(_MOST):
        if reason == TOO_LONG:
            yield f"`--max-tokens {roomy(passed.longest)}` takes the long ones."
        elif reason in _REMEDIES:
            yield _REMEDIES[reason]
