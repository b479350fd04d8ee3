"""Whether a reply is sound as text: no broken words, stray marks of a model, or open quotes.

Value: the worst thing found. 1 for what no person writes (marks of a chat template, characters that
are none, letters of two scripts in one word); 0.7 for words that are none and a word said four
times in a row; 0.5 for a script that neither card nor chat use; 0.3 for quotes or asterisks that
are never closed, and for an end in the middle of a sentence. Spelling and grammar it cannot judge.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from rpterm.scoring.records import NOTHING, Cost, Dimension, Evidence, Reading, Scene

_NEVER = re.compile(
    r"\ufffd|<\|?/?[a-z_]+\|?>|\[/?INST\]|<</?SYS>>|#{3,} ?(?:instruction|response|human|user|"
    r"assistant)\b|^(?:assistant|system)\s*:?\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_AGAIN = re.compile(r"\b([^\W\d_]{2,})(?:[\s,]+\1\b){3,}", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_PARAGRAPH = re.compile(r"\S[^\n]*")
_STUCK = re.compile(r"([^\W\d_])\1{11,}|([^\s.…*_=~-])\2{15,}|(\S{2,4}?)\3{7,}")
_NO_VOWEL = re.compile(r"[bcdfghjklmnpqrstvwxz]{7,}", re.IGNORECASE)
_SOME = re.compile(r"\S+(?:[^\S\n]+\S+){0,3}")
_LONG = re.compile(r"[A-Za-z]{41,}")
_LEAST_WORDS = 6


class Garbled:
    """See the module."""

    name = "garbled"
    dimension: Dimension = "conversation"
    cost: Cost = "words"

    def measure(self, reply: str, scene: Scene) -> Reading:
        if not reply.strip():
            return NOTHING
        found = sorted(_faults(reply, scene), key=lambda each: -each[0])
        return Reading(found[0][0] if found else 0.0, 1.0, tuple(each for _, each in found))


def _faults(reply: str, scene: Scene) -> Iterator[tuple[float, Evidence]]:
    for match in _NEVER.finditer(reply):
        yield 1.0, Evidence(match.start(), match.end(), "no text of a person")
    for pattern, note in (
        (_STUCK, "stuck"), (_AGAIN, "one word again and again"), (_NO_VOWEL, "no word"),
        (_LONG, "no word"),
    ):  # fmt: skip
        if (first := pattern.search(reply)) is not None:
            yield 0.7, Evidence(first.start(), first.end(), note)
    yield from _scripts(reply, scene)
    yield from _open(reply)
    last = reply.rstrip()
    if last[-1].isalnum() and len(last.split()) >= _LEAST_WORDS:
        start = last.rfind(" ") + 1
        yield 0.3, Evidence(start, len(last), "ends in the middle")


def _scripts(reply: str, scene: Scene) -> Iterator[tuple[float, Evidence]]:
    """Letters of two scripts in a word, and words in a script that is used nowhere else."""
    if reply.isascii():
        return
    known = _used(scene)
    for match in _WORD.finditer(reply):
        scripts = {_script(letter) for letter in match.group()} - {""}
        if len(scripts & {"LATIN", "CYRILLIC", "GREEK"}) > 1:
            yield 1.0, Evidence(match.start(), match.end(), "letters of two scripts in a word")
        elif known and not scripts <= known:
            yield 0.5, Evidence(match.start(), match.end(), "a script that nobody uses here")
            return


def _used(scene: Scene) -> set[str]:
    """Scripts of card and chat."""
    texts = [fact.text for fact in scene.facts] + [text for _, text in scene.history]
    letters = {letter for text in (*texts, *scene.own_lines) for letter in text}
    return {_script(letter) for letter in letters} - {""}


def _script(letter: str) -> str:
    """``LATIN``, ``CYRILLIC``, … of a letter, else ""."""
    if letter.isascii():
        return "LATIN" if letter.isalpha() else ""
    return unicodedata.name(letter, "").split(" ")[0] if letter.isalpha() else ""


def _open(reply: str) -> Iterator[tuple[float, Evidence]]:
    """The last mark of a kind that is opened and never closed."""
    stars = reply.replace("**", "  ")
    if stars.count("*") % 2:
        yield 0.3, _unclosed(reply, stars.rfind("*"))
    paragraphs = [*_PARAGRAPH.finditer(reply)]
    for at, match in enumerate(paragraphs):
        text = match.group()
        after = paragraphs[at + 1].group() if at + 1 < len(paragraphs) else ""
        unclosed = text.count('"') % 2 or text.count("“") > text.count("”")
        if unclosed and not after.startswith(('"', "“")):  # Speech goes on in a new paragraph.
            yield 0.3, _unclosed(reply, match.start() + max(text.rfind('"'), text.rfind("“")))


def _unclosed(reply: str, at: int) -> Evidence:
    """A mark, with some words after it that tell where it stands."""
    shown = _SOME.match(reply, at)
    return Evidence(at, shown.end() if shown else at + 1, "opened and never closed")
