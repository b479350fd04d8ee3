"""GBNF grammars for what a model writes into memory. Pure text in, text out."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_GLUE_WORDS = (
    "is are was has have had does not no a an the in at on of to from with and as for called named "
    "lives likes loves hates works plays their"
)
_GLUE = _GLUE_WORDS.split()


def facts(turn: str, names: Iterable[str]) -> str:
    """Lines ``- Ann has a sister called Clara``, of words of the turn alone, or ``none``.

    Small words that hold sentences together are allowed besides, and the forms of the third
    person; whether a line says what the turn says is for ``support`` to judge.
    """
    own = {word for word in _WORD.findall(turn) if word.lower() not in ("i", "i'm", "my", "me")}
    forms = {word + end for word in own if word.isascii() and word.islower() for end in ("s", "es")}
    words = " | ".join(sorted({quoted(word) for word in own | forms | set(_GLUE)}))
    who = " | ".join(quoted(name) for name in dict.fromkeys(names))
    return (
        'root ::= "none" | fact{1,3}\n'
        'fact ::= "- " who ("\'s " word)? (" " word){2,11} "\\n"\n'
        f"who ::= {who}\nword ::= {words}\n"
    )


def cited(count: int) -> str:
    """Lines ``- a thought (1, 4)`` that cite two or more of ``count`` numbered statements."""
    numbers = " | ".join(quoted(str(number)) for number in range(1, count + 1))
    return (
        'root ::= "none" | thought{1,3}\n'
        'thought ::= "- " [A-Z] [^\\n()]{10,140} " (" number (", " number){1,3} ")\\n"\n'
        f"number ::= {numbers}\n"
    )


QUESTIONS = 'root ::= question{1,3}\nquestion ::= "- " [A-Z] [^\\n?()]{8,90} "?\\n"\n'
"""Up to three lines that are questions."""

SENTENCES = 'root ::= sentence (" " sentence){0,3}\nsentence ::= [A-Z] [^\\n.!?]{8,160} "."\n'
"""Up to four plain sentences in one line."""


def quoted(text: str) -> str:
    """A text as a literal of a grammar."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
