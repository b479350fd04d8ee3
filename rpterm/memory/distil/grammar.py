"""GBNF grammars for what a model writes into memory. Pure: builds strings."""

from __future__ import annotations

import re
from collections.abc import Iterable

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_FUNCTION_WORDS_TEXT = (
    "is are was has have had does not no a an the in at on of to from with and as for called named "
    "lives likes loves hates works plays their"
)
_FUNCTION_WORDS = _FUNCTION_WORDS_TEXT.split()


def facts(turn: str, names: Iterable[str]) -> str:
    """Lines such as ``- Ann has a sister called Clara``, using words of the turn only, or ``none``.

    Function words and third-person forms are allowed too; whether a line says what the turn says is
    for ``support`` to decide.
    """
    first_person = ("i", "i'm", "my", "me")
    spoken = {word for word in WORD.findall(turn) if word.lower() not in first_person}
    verbs = [word for word in spoken if word.isascii() and word.islower()]
    forms = {word + ending for word in verbs for ending in ("s", "es")}
    words = " | ".join(sorted({quoted(word) for word in spoken | forms | set(_FUNCTION_WORDS)}))
    who = " | ".join(quoted(name) for name in dict.fromkeys(names))
    return (
        'root ::= "none" | fact{1,3}\n'
        'fact ::= "- " who ("\'s " word)? (" " word){2,11} "\\n"\n'
        f"who ::= {who}\nword ::= {words}\n"
    )


def cited(count: int) -> str:
    """Lines such as ``- a thought (1, 4)`` that cite two or more of ``count`` numbered
    statements."""
    numbers = " | ".join(quoted(str(number)) for number in range(1, count + 1))
    return (
        'root ::= "none" | thought{1,3}\n'
        'thought ::= "- " [A-Z] [^\\n()]{10,140} " (" number (", " number){1,3} ")\\n"\n'
        f"number ::= {numbers}\n"
    )


QUESTIONS = 'root ::= question{1,3}\nquestion ::= "- " [A-Z] [^\\n?()]{8,90} "?\\n"\n'
"""Up to three lines, each a question."""

SENTENCES = 'root ::= sentence (" " sentence){0,3}\nsentence ::= [A-Z] [^\\n.!?]{8,160} "."\n'
"""Up to four plain sentences on one line."""


def quoted(text: str) -> str:
    """A text as a string literal of a grammar."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
