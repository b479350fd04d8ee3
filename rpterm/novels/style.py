"""How somebody speaks, compared with the rest of the book, as traits a model can imitate. Pure.

A trait is listed only if the difference is clear. Meaning and mood are not considered.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from rpterm.scoring.texts import content_stems, words
from rpterm.text.sentences import sentences

_MIN_SENTENCES = 12
"""Sentences somebody must say before their style is described."""
_LONGER_RATIO, _SHORTER_RATIO = 1.25, 0.8
"""Ratios of the mean sentence length to the others' from which it is worth mentioning."""
_MIN_SHARE, _MIN_RATIO = 0.15, 1.4
"""Share of sentences with a mark, and its ratio to the others' share, worth mentioning."""
_CONTRACTION = re.compile(
    r"(?:\w+n[’']t|(?:I|you|he|she|it|we|they|that|there|what)[’']\w+)", re.IGNORECASE
)
_FULL_FORM = re.compile(
    r"\b(?:do|does|did|is|are|was|were|can|could|would|should|will|have|has) ?not\b"
    r"|\b(?:I am|I have|I will|it is|that is|you are|he is|she is)\b",
    re.IGNORECASE,
)
_MIN_FORMS = 12
"""Places where a contraction is possible that are needed before their use says anything."""
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
_MIN_LINES, _MIN_WORD_RATIO, _MAX_WORDS, _MAX_PHRASES = 3, 4.0, 6, 3
"""Least lines with a favourite word or phrase, a word's least ratio to the others' share, and how
many are listed."""
_Said = TypeVar("_Said")


def speech_style(own: Sequence[str], others: Sequence[str]) -> Iterator[str]:
    """The traits, one per line.

    Args:
        own: The person's lines.
        others: Everybody else's lines.
    """
    mine = [each for line in own for each in sentences(line)]
    theirs = [each for line in others for each in sentences(line)]
    if len(mine) < _MIN_SENTENCES:
        return
    yield _length(mine, theirs)
    yield from _end_marks(mine, theirs)
    yield from _contractions(own)
    if openings := characteristic(own, others, _openings):
        yield f"Often begins with {_quoted(openings)}."
    if addresses := characteristic(own, others, _addresses):
        yield f"Calls people {_quoted(addresses)}."
    if favourites := _favourites(own, others):
        yield f"Has words of their own: {_quoted(favourites)}."


def _length(mine: Sequence[str], theirs: Sequence[str]) -> str:
    mean, others_mean = _mean(mine), _mean(theirs)
    if not others_mean or _SHORTER_RATIO < mean / others_mean < _LONGER_RATIO:
        return f"Sentences of about {mean:.0f} words."
    longer = "longer" if mean > others_mean else "shorter"
    return f"Sentences of about {mean:.0f} words, {longer} than the others speak."


def _mean(texts: Sequence[str]) -> float:
    return sum(len(each.split()) for each in texts) / len(texts) if texts else 0.0


def _end_marks(mine: Sequence[str], theirs: Sequence[str]) -> Iterator[str]:
    for mark, more, less in (
        ("!", "Exclaims: one sentence in {n} ends with a “!”.", "Hardly ever exclaims."),
        ("?", "Asks much: one sentence in {n} is a question.", "Hardly ever asks anything."),
    ):
        share, others_share = _share(mine, mark), _share(theirs, mark)
        if share >= _MIN_SHARE and share >= _MIN_RATIO * others_share:
            yield more.format(n=round(1 / share))
        elif share <= others_share / 4 and others_share >= _MIN_SHARE / 2:
            yield less


def _share(texts: Sequence[str], mark: str) -> float:
    matches = [each.rstrip("\"'’”").endswith(mark) for each in texts]
    return sum(matches) / len(matches) if matches else 0.0


def _contractions(own: Sequence[str]) -> Iterator[str]:
    text = " ".join(own)
    short = Counter(match.lower().replace("’", "'") for match in _contracted_words(text))
    full = len(_FULL_FORM.findall(text))
    if short.total() + full < _MIN_FORMS:
        return
    if short.total() >= full:
        forms = [f"I{form[1:]}" if form[:2] == "i'" else form for form, _ in short.most_common(3)]
        yield f"Contracts: {_quoted(forms)}."
    elif short.total() * 8 <= full:
        yield "Says “do not” and “I am”, never “don’t” and “I’m”."


def _contracted_words(text: str) -> list[str]:
    """Contractions such as "don't" and "I'm"; possessives are not included."""
    return [word for word in text.split() if _CONTRACTION.fullmatch(word)]


def _openings(line: str) -> list[str]:
    found = _OPENING.match(line)
    return [found[1].capitalize()] if found else []


def _addresses(line: str) -> list[str]:
    found = (" ".join(match.split()) for match in _ADDRESS.findall(line))
    return [address[:1].lower() + address[1:] for address in found]


def characteristic(
    own: Sequence[_Said],
    others: Sequence[_Said],
    find: Callable[[_Said], Iterable[str]],
    least: int = _MIN_LINES,
) -> list[str]:
    """The commonest phrases in at least so many lines that the others use less often."""
    mine, theirs = _lines_with(own, find), _lines_with(others, find)
    candidates = [
        (count, text)
        for text, count in mine.items()
        if count >= least
        and count / len(own) >= _MIN_RATIO * (theirs[text] + 1) / (len(others) + 1)
    ]
    return [text for _, text in sorted(candidates, reverse=True)[:_MAX_PHRASES]]


def _lines_with(lines: Sequence[_Said], find: Callable[[_Said], Iterable[str]]) -> Counter[str]:
    return Counter(text for line in lines for text in set(find(line)))


def _favourites(own: Sequence[str], others: Sequence[str]) -> list[str]:
    """Words in several lines that the others hardly use; names are left out."""
    text = " ".join([*own, *others])
    mine, theirs = _lines_with(own, _plain_words), _lines_with(others, _plain_words)
    size_ratio = (theirs.total() + 1) / max(1, mine.total())
    candidates = []
    for word, count in mine.items():
        rate = size_ratio * count / (theirs[word] + 0.5)
        if count >= _MIN_LINES and rate >= _MIN_WORD_RATIO and _occurs_in_lower_case(word, text):
            candidates.append((count * math.log(rate), word))
    return [word for _, word in sorted(candidates, reverse=True)[:_MAX_WORDS]]


def _plain_words(line: str) -> list[str]:
    return [word for word in words(line) if len(word) > 3 and content_stems(word)]


def _occurs_in_lower_case(word: str, text: str) -> bool:
    return re.search(rf"(?<![\w’']){re.escape(word)}(?![\w])", text) is not None


def _quoted(texts: Sequence[str]) -> str:
    return ", ".join(f"“{text}”" for text in texts)
