"""How somebody speaks, held against the rest of the book: what a model can do. Pure.

Each line is said only where the difference is plain. Nothing is known of meaning or mood.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from rpterm.scoring.texts import content_stems, words
from rpterm.sentences import sentences

_LEAST = 12
"""Sentences somebody must say before anything is said of their style."""
_LONGER, _SHORTER = 1.25, 0.8
"""Mean length of sentences against the others' that is worth a word."""
_OFTEN, _TIMES = 0.15, 1.4
"""Share of sentences with a mark, and how many times the others' share, that is worth a word."""
_CONTRACTED = re.compile(
    r"(?:\w+n[’']t|(?:I|you|he|she|it|we|they|that|there|what)[’']\w+)", re.IGNORECASE
)
_WHOLE = re.compile(
    r"\b(?:do|does|did|is|are|was|were|can|could|would|should|will|have|has) ?not\b"
    r"|\b(?:I am|I have|I will|it is|that is|you are|he is|she is)\b",
    re.IGNORECASE,
)
_FORMS = 12
"""Places where a short form could stand, before its use says anything."""
_OPENING = re.compile(
    r"^\W*((?:my dear|oh|ah|well|why|yes|no|nay|pray|come|but|so|now|indeed|sir|look here"
    r"|of course|tut|pooh|bless me|gracious)\b)[\s,!]",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"\b(my (?:dear|love|boy|child|friend|girl|lad|good \w+|dear \w+)|sir|ma[’']am|madam"
    r"|old (?:man|fellow|chap|boy)|mum|miss)(?=\s*[,.!?;:—-])",
    re.IGNORECASE,
)
_OWN_LINES, _OWN_TIMES, _OWN_WORDS = 3, 4.0, 6
"""Lines a favourite word is in, times the others' share, and how many are named."""


def style(own: Sequence[str], others: Sequence[str]) -> Iterator[str]:
    """One trait a line.

    Args:
        own: What the person says, a text a line.
        others: What the others say.
    """
    mine = [each for line in own for each in sentences(line)]
    theirs = [each for line in others for each in sentences(line)]
    if len(mine) < _LEAST:
        return
    yield _length(mine, theirs)
    yield from _marks(mine, theirs)
    yield from _contractions(own)
    if openings := _usual(own, others, _openings):
        yield f"Often begins with {_quoted(openings)}."
    if addresses := _usual(own, others, _addresses):
        yield f"Calls people {_quoted(addresses)}."
    if favourites := _favourites(own, others):
        yield f"Has words of their own: {_quoted(favourites)}."


def _length(mine: Sequence[str], theirs: Sequence[str]) -> str:
    long, usual = _mean(mine), _mean(theirs)
    if not usual or _SHORTER < long / usual < _LONGER:
        return f"Sentences of about {long:.0f} words."
    longer = "longer" if long > usual else "shorter"
    return f"Sentences of about {long:.0f} words, {longer} than the others speak."


def _mean(texts: Sequence[str]) -> float:
    return sum(len(each.split()) for each in texts) / len(texts) if texts else 0.0


def _marks(mine: Sequence[str], theirs: Sequence[str]) -> Iterator[str]:
    for mark, more, less in (
        ("!", "Exclaims: one sentence in {n} ends with a “!”.", "Hardly ever exclaims."),
        ("?", "Asks much: one sentence in {n} is a question.", "Hardly ever asks anything."),
    ):
        share, usual = _share(mine, mark), _share(theirs, mark)
        if share >= _OFTEN and share >= _TIMES * usual:
            yield more.format(n=round(1 / share))
        elif share <= usual / 4 and usual >= _OFTEN / 2:
            yield less


def _share(texts: Sequence[str], mark: str) -> float:
    ends = [each.rstrip("\"'’”").endswith(mark) for each in texts]
    return sum(ends) / len(ends) if ends else 0.0


def _contractions(own: Sequence[str]) -> Iterator[str]:
    text = " ".join(own)
    short = Counter(match.lower().replace("’", "'") for match in _short_forms(text))
    whole = len(_WHOLE.findall(text))
    if short.total() + whole < _FORMS:
        return
    if short.total() >= whole:
        told = [f"I{form[1:]}" if form[:2] == "i'" else form for form, _ in short.most_common(3)]
        yield f"Contracts: {_quoted(told)}."
    elif short.total() * 8 <= whole:
        yield "Says “do not” and “I am”, never “don’t” and “I’m”."


def _short_forms(text: str) -> list[str]:
    """ "don't", "I'm"; a possessive is none."""
    return [word for word in text.split() if _CONTRACTED.fullmatch(word)]


def _openings(line: str) -> list[str]:
    found = _OPENING.match(line)
    return [found[1].capitalize()] if found else []


def _addresses(line: str) -> list[str]:
    return [" ".join(match.lower().split()) for match in _ADDRESS.findall(line)]


def _usual(
    own: Sequence[str], others: Sequence[str], read: Callable[[str], list[str]]
) -> list[str]:
    """What is in several lines, and oftener than in the others' lines; the commonest three."""
    mine, theirs = _lines_with(own, read), _lines_with(others, read)
    able = [
        (count, text)
        for text, count in mine.items()
        if count >= _OWN_LINES
        and count / len(own) >= _TIMES * (theirs[text] + 1) / (len(others) + 1)
    ]
    return [text for _, text in sorted(able, reverse=True)[:3]]


def _lines_with(lines: Sequence[str], read: Callable[[str], list[str]]) -> Counter[str]:
    return Counter(text for line in lines for text in set(read(line)))


def _favourites(own: Sequence[str], others: Sequence[str]) -> list[str]:
    """Words in several lines that the others hardly use; names are none."""
    text = " ".join([*own, *others])
    mine, theirs = _lines_with(own, _plain_words), _lines_with(others, _plain_words)
    times = (theirs.total() + 1) / max(1, mine.total())
    able = []
    for word, count in mine.items():
        rate = times * count / (theirs[word] + 0.5)
        if count >= _OWN_LINES and rate >= _OWN_TIMES and _is_no_name(word, text):
            able.append((count * math.log(rate), word))
    return [word for _, word in sorted(able, reverse=True)[:_OWN_WORDS]]


def _plain_words(line: str) -> list[str]:
    return [word for word in words(line) if len(word) > 3 and content_stems(word)]


def _is_no_name(word: str, text: str) -> bool:
    return re.search(rf"(?<![\w’']){re.escape(word)}(?![\w])", text) is not None


def _quoted(texts: Sequence[str]) -> str:
    return ", ".join(f"“{text}”" for text in texts)
