"""Word, stem, n-gram and TF-IDF helpers shared by the signals. Pure; knows no signal, no model."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from rpterm.scoring.resources import load_toml
from rpterm.text.accents import unaccented
from rpterm.text.stem import stem
from rpterm.text.unspaced import UNSPACED, character_pairs

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_PUNCTUATION = re.compile(r"(?<=\w)([.,?!])")
_PLAYED = re.compile(r"\*[^*\n]+\*|(?:^|[.!?*] )[\"“«]")
"""Actions in asterisks, or speech in quotation marks."""
QUOTES = re.compile(r"\"[^\"\n]*\"?|“[^”\n]*”?|«[^»\n]*»?")
"""Speech in quotation marks; an unclosed quotation ends with the line."""
_TOKENISED = re.compile(r"\w [.,?!](?=\s|$)")
_STOP_TEXT = (
    "a an the of to in on at for and or but is are was were be been being am do does did have "
    "has had i you he she it we they me him her us them my your his its our their this that "
    "these those with as by from so if then than there here very too just i'm you're it's i've "
    "that's don't what who how will would can could not no s t m"
)
_STOP_WORDS = frozenset(_STOP_TEXT.split())


def phrase_pattern(
    phrases: Iterable[str], before: str = r"\b", after: str = r"\b"
) -> re.Pattern[str]:
    """A case-insensitive pattern that matches any of several regular expressions."""
    return re.compile(f"{before}(?:{'|'.join(phrases)}){after}", re.IGNORECASE)


def words(text: str) -> list[str]:
    """The words of a text in order, in lower case and without accents."""
    return [match.group() for match in _WORD.finditer(_plain(text))]


def _plain(text: str) -> str:
    """A text of the same length as its words are compared."""
    return unaccented(text.lower().replace("’", "'"))


def content_stems(text: str) -> list[str]:
    """The stems of the content words of a text (stop words removed), in order.

    Scripts without spaces between words yield overlapping pairs of characters instead.
    """
    found: list[str] = []
    for word in words(text):
        if not word.isascii() and UNSPACED.search(word):
            found += character_pairs(word)
        elif word not in _STOP_WORDS:
            found.append(stem(word.removesuffix("'s")))
    return found


@lru_cache(maxsize=4096)
def stems_of_line(line: str) -> tuple[str, ...]:
    """As ``content_stems``; cached, because every reply meets all known lines again."""
    return tuple(content_stems(line))


class TfIdf:
    """TF-IDF: inverse document frequencies of stems over the given texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        frequencies: Counter[str] = Counter()
        count = 0
        for text in texts:
            frequencies.update(set(content_stems(text)))
            count += 1
        self._document_frequencies, self._documents = frequencies, count

    def vector(self, text: str) -> dict[str, float]:
        """The TF-IDF vector of a text, with unit length; empty without content words."""
        counts = Counter(content_stems(text))
        raw = {word: (1 + math.log(count)) * self(word) for word, count in counts.items()}
        norm = math.sqrt(sum(value * value for value in raw.values()))
        return {word: value / norm for word, value in raw.items()} if norm else {}

    def __call__(self, word: str) -> float:
        """The inverse document frequency of a stem."""
        return math.log((self._documents + 1) / (self._document_frequencies[word] + 0.5)) + 0.1


def cosine_similarity(left: Mapping[str, float], right: Mapping[str, float]) -> float:
    """The cosine similarity of two vectors of ``TfIdf``: 0 to 1."""
    if len(right) < len(left):
        left, right = right, left
    return sum(value * right.get(word, 0.0) for word, value in left.items())


def find_word(word: str, text: str) -> int:
    """The offset of the first occurrence of a word (or mark) as a whole word; -1 if none.

    Args:
        word: As ``words`` has it.
    """
    plain = _plain(text)
    if not word[0].isalnum():
        return plain.find(word)
    match = re.search(rf"(?<![^\W_])(?<![^\W_]'){re.escape(word)}(?!'?[^\W_])", plain)
    return match.start() if match else -1


def ngrams(items: Sequence[str], size: int) -> list[tuple[str, ...]]:
    """The n-grams of length ``size``."""
    return [tuple(items[at : at + size]) for at in range(len(items) - size + 1)]


def shared_run(reply: str, line: str, least: int) -> tuple[int, int] | None:
    """The span in ``reply`` of the longest word sequence shared with ``line``.

    Args:
        least: The least number of words; ``None`` is returned if no sequence is as long.
    """
    matches = list(_WORD.finditer(reply))
    reply_words = [match.group().lower().replace("’", "'") for match in matches]
    line_words = words(line)
    if not set(ngrams(reply_words, least)) & set(ngrams(line_words, least)):
        return None  # The usual case, and much faster than the search below.
    longest = (0, 0)  # Length, and index of the last word in the reply.
    previous = [0] * (len(line_words) + 1)
    for at, word in enumerate(reply_words):
        current = [0] * (len(line_words) + 1)
        for other, line_word in enumerate(line_words):
            if word == line_word:
                current[other + 1] = previous[other] + 1
                longest = max(longest, (current[other + 1], at))
        previous = current
    length, last = longest
    return matches[last - length + 1].start(), matches[last].end()


def everyday_lines() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Facts and turns that fit anybody (``everyday.toml``): the contrast of similarity."""
    table = load_toml("everyday.toml")
    return tuple(table["facts"]), tuple(table["turns"])


@lru_cache(maxsize=1)
def everyday_tfidf() -> TfIdf:
    """TF-IDF over the everyday facts and turns."""
    facts, turns = everyday_lines()
    return TfIdf([*facts, *turns])


def everyday_dialogues(like: str) -> tuple[tuple[str, ...], ...]:
    """Two short everyday dialogues, in the orthography of ``like``.

    A text makes another one more likely that is written the same way: as a play, in lower case, or
    with punctuation set apart. A contrast in another orthography would measure that difference.
    """
    dialogues = load_toml("everyday.toml")["scenes" if _PLAYED.search(like) else "talks"]
    return tuple(tuple(_written_like(turn, like) for turn in turns) for turns in dialogues)


def _written_like(text: str, like: str) -> str:
    text = text if like != like.lower() else text.lower()
    return _PUNCTUATION.sub(r" \1", text) if _TOKENISED.search(like) else text
