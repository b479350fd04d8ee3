"""``garbled``: the reply is broken as text: stray template markers, broken words, open quotes.

- Value: the worst fault found, else 0. 1 for what no person writes (chat-template markers,
  replacement characters, letters of two scripts in one word); 0.7 for strings that are no words,
  for a word repeated four times in a row, and for English words in no order: a fifth of the
  articles, two at least, without a noun; 0.5 for a script that neither card nor chat use; 0.3 for
  quotes or asterisks that are never closed and for an end in the middle of a sentence, unless the
  character writes without full stops.
- Confidence: 1. Cost: words.
- Method: rules written for rpterm.
- Accuracy of the order: it finds 0.33 of 651 replies of about 30 words whose words were shuffled,
  and, unshuffled, none of them, none of 6,666 turns of ConvAI2 and LoCoMo, and 2 of 16,758
  paragraphs of novels.
- Blind spots: spelling and the rest of grammar.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import zip_longest

from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.text.open_marks import open_marks

_TEMPLATE_MARKER = re.compile(
    r"\ufffd|<\|?/?[a-z_]+\|?>|\[/?INST\]|<</?SYS>>|#{3,} ?(?:instruction|response|human|user|"
    r"assistant)\b|^(?:assistant|system)\s*:?\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_REPEATED_WORD = re.compile(r"\b([^\W\d_]{2,})(?:[\s,]+\1\b){3,}", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_PARAGRAPH = re.compile(r"\S(?:[^\n]|\n(?!\n))*")
_REPEATED_CHARACTERS = re.compile(r"([^\W\d_])\1{11,}|([^\s.…*_=~-])\2{15,}|(\S{2,4}?)\3{7,}")
_NO_VOWEL = re.compile(r"[bcdfghjklmnpqrstvwxz]{7,}", re.IGNORECASE)
_FEW_WORDS = re.compile(r"\S+(?:[^\S\n]+\S+){0,3}")
_TOO_LONG = re.compile(r"[A-Za-z]{41,}")
_LEAST_WORDS = 6
_ARTICLE = re.compile(r"\b(?:the|an?|my|your|our|their|its|every)(?![\w'’-])", re.IGNORECASE)
_NO_NOUN = re.compile(
    rf"{_ARTICLE.pattern}(?:\s*(?:[.!?,;:](?!\.)|$)|\s+(?:the|an?|of|is|are|was|were|and|or|but|to|in|on"
    r"|at|for|with|by|from|he|she|it|they|we|i|you|my|your|his|their|be|been|as|am|does|did|had|would)"
    r"(?![\w'’-]))",
    re.IGNORECASE,
)
_LEAST_STRAY, _LEAST_STRAY_SHARE = 2, 0.2
"""Articles without a noun."""


class Garbled:
    """See the module."""

    name = "garbled"
    dimension: Dimension = "conversation"
    cost: Cost = "words"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        if not reply.strip():
            return NO_DATA
        faults = sorted(_faults(reply, scene), key=lambda each: -each[0])
        return Reading(faults[0][0] if faults else 0.0, 1.0, tuple(each for _, each in faults))


def _faults(reply: str, scene: ReplyScene) -> Iterator[tuple[float, Evidence]]:
    """All faults, with their values."""
    for match in _TEMPLATE_MARKER.finditer(reply):
        yield 1.0, Evidence(match.start(), match.end(), "not text that a person writes")
    for pattern, note in (
        (_REPEATED_CHARACTERS, "stuck"), (_REPEATED_WORD, "one word again and again"),
        (_NO_VOWEL, "no word"), (_TOO_LONG, "no word"),
    ):  # fmt: skip
        if (first := pattern.search(reply)) is not None:
            yield 0.7, Evidence(first.start(), first.end(), note)
    stray = [*_NO_NOUN.finditer(reply)]
    share = _LEAST_STRAY_SHARE * len(_ARTICLE.findall(reply))
    if len(stray) >= max(_LEAST_STRAY, share):
        yield 0.7, Evidence(*stray[0].span(), "words in no order")
    yield from _script_faults(reply, scene)
    yield from _unclosed_marks(reply)
    text = reply.rstrip()
    if _is_cut(text) and not any(map(_is_cut, scene.own_texts)):
        start = text.rfind(" ") + 1
        yield 0.3, Evidence(start, len(text), "ends in mid-sentence")


def _is_cut(text: str) -> bool:
    """Whether a text of at least six words ends without a mark."""
    stripped = text.rstrip()
    return stripped[-1:].isalnum() and len(stripped.split()) >= _LEAST_WORDS


def _script_faults(reply: str, scene: ReplyScene) -> Iterator[tuple[float, Evidence]]:
    """Words with letters of two scripts, and the first word in a script used nowhere else."""
    if reply.isascii():
        return
    known = _known_scripts(scene)
    for match in _WORD.finditer(reply):
        scripts = {_script(letter) for letter in match.group()} - {""}
        if len(scripts & {"LATIN", "CYRILLIC", "GREEK"}) > 1:
            yield 1.0, Evidence(match.start(), match.end(), "letters of two scripts in a word")
        elif known and not scripts <= known:
            yield 0.5, Evidence(match.start(), match.end(), "a script used nowhere else here")
            return


def _known_scripts(scene: ReplyScene) -> set[str]:
    """The scripts of card and chat."""
    texts = [fact.text for fact in scene.facts] + [text for _, text in scene.history]
    letters = {letter for text in (*texts, *scene.own_lines) for letter in text}
    return {_script(letter) for letter in letters} - {""}


def _script(letter: str) -> str:
    """The script of a letter (``LATIN``, ``CYRILLIC``, …), else ""."""
    if letter.isascii():
        return "LATIN" if letter.isalpha() else ""
    return unicodedata.name(letter, "").split(" ")[0] if letter.isalpha() else ""


def _unclosed_marks(reply: str) -> Iterator[tuple[float, Evidence]]:
    """Asterisks, quotation marks and brackets that are opened and never closed."""
    paragraphs = [*_PARAGRAPH.finditer(reply)]
    for match, after in zip_longest(paragraphs, paragraphs[1:]):
        for at, _ in open_marks(match.group()):
            at += match.start()
            if after is None or after.group()[0] != reply[at]:  # Else speech continues there.
                yield 0.3, _unclosed(reply, at)


def _unclosed(reply: str, at: int) -> Evidence:
    """An opening mark with the few words after it, which show where it is."""
    shown = _FEW_WORDS.match(reply, at)
    note = f"the {reply[at]} before it is never closed"
    return Evidence(at, shown.end() if shown else at + 1, note)
