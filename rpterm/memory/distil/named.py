"""Statements that are clear only because a name is known: "Hannah, not Anna", "Biscuit died". Pure.

The name must stand in an earlier fact of the user; that fact tells who is meant. English only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from rpterm.memory.distil.clauses import clauses
from rpterm.memory.distil.statements import Statement
from rpterm.memory.distil.word_lists import KIN, PETS, alternatives
from rpterm.text.unspaced import whole_words

_CORRECTED = re.compile(
    r"(?:^|\b(?:name(?:['’]s| is)|called|it['’]?s|it is|meant?|actually|sorry|no),? )"
    r"(?P<new>[^\W\d_]{2,}),? (?:and )?not (?P<name>\w[\w'’-]+)",
    re.IGNORECASE,
)
_DIED = re.compile(
    r"(?P<name>[A-Z][\w'’-]+) (?:has |just )*(?:died|passed away|is dead)\b(?! (?:for|to|like)\b)"
)
_RELATIVE = re.compile(rf"\b(?:{alternatives(KIN)}|{alternatives(PETS)})\b", re.IGNORECASE)

Known = Callable[[str], Sequence[tuple[int, Statement]]]
"""Finds the facts in which a name stands, the newest first, with their ids."""


def patterns(name: str) -> tuple[str, ...]:
    """Where a name stands in facts, as ``Distilled.user_facts`` takes it."""
    return (f"name:{name}", f"named %:{name}", f"kin:%called {name}", f"pet:%called {name}",
            f"kin:%named {name}", f"pet:%named {name}")  # fmt: skip


def named_statements(text: str, speaker: str, known: Known) -> Iterator[tuple[Statement, int]]:
    """What a turn says about known names, each with the id of the fact that it replaces (or 0)."""
    for clause in clauses(text):
        if (found := _CORRECTED.search(clause.text)) and (facts := known(found["name"])):
            yield _renamed(facts[0][1], found["name"], found["new"], clause.text), facts[0][0]
        elif (found := _DIED.match(clause.text)) and (facts := known(found["name"])):
            relative = _RELATIVE.search(facts[0][1].text)
            if relative is not None:
                yield _death(f"{speaker}'s", relative[0].lower(), found["name"], clause.text), 0


def _death(whose: str, relative: str, name: str, quote: str) -> Statement:
    who = f"{whose} {relative}"
    text = f"{who} {name} died"
    return Statement(who, f"death of {relative}", "died", text, quote, True, importance=0.9)


def _renamed(fact: Statement, old: str, new: str, quote: str) -> Statement:
    new = new[0].upper() + new[1:]
    pattern = re.compile(whole_words(old), re.IGNORECASE)
    text, value = pattern.sub(new, fact.text), pattern.sub(new, fact.value)
    return replace(fact, text=text, value=value, quote=quote)
