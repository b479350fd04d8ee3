"""Facts that the chat model reads from a turn, kept if they pass a check.

The model writes under a grammar that allows only the words of the turn, and every line must be
supported by one plain clause of it (``support``); other lines are dropped. So a weak model gives
few facts, not wrong ones. What the rules have read already is not read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpterm.memory.distil import grammar
from rpterm.memory.distil.clauses import clauses
from rpterm.memory.distil.statements import Statement
from rpterm.memory.distil.support import support
from rpterm.memory.indexing.words import terms

if TYPE_CHECKING:
    from rpterm.prompt.oneshot import Ask, Message

IMPORTANCE = 0.4
_MAX_ANSWER = 90
_MAX_CHARS = 1200
_SYSTEM = (
    "You keep a list of lasting facts about people: names, homes, work, family, health, tastes, "
    "things that happened to them. From each message write the facts it states, one a line, in the "
    "message's own words. Questions, wishes, jokes, greetings and what people do right now hold no "
    "facts: answer none."
)
_EXAMPLES: tuple[Message, ...] = (
    ("user", "Rosa: My uncle kept bees near Oaxaca and I sell candles now."),
    ("assistant", "- Rosa's uncle kept bees near Oaxaca\n- Rosa sells candles\n"),
    ("user", "Rosa: Shall we go? I would like to see the harbour."),
    ("assistant", "none"),
    ("user", "Rosa: I broke my wrist when I was nine."),
    ("assistant", "- Rosa broke wrist\n"),
    ("user", "Rosa: You look tired. Sit down!"),
    ("assistant", "none"),
)


@dataclass(frozen=True, slots=True)
class WrittenFact:
    """A line the model wrote: the fact it states, or why it was rejected."""

    text: str
    fact: Statement | None
    why: str = ""


def read(turn: str, speaker: str, known: Sequence[Statement], ask: Ask) -> list[WrittenFact] | None:
    """The lines the model writes about a turn; ``None`` if it was interrupted.

    Raises:
        EngineError: The engine failed.
    """
    if not clauses(turn):
        return []
    question = (
        ("system", _SYSTEM), *_EXAMPLES, ("user", f"{speaker}: {turn[:_MAX_CHARS]}"),
    )  # fmt: skip
    answer = ask(question, grammar.facts(turn[:_MAX_CHARS], [speaker]), _MAX_ANSWER)
    if answer is None:
        return None
    lines = [line.removeprefix("- ").strip() for line in answer.splitlines()]
    return check_lines([line for line in lines if line and line != "none"], turn, speaker, known)


def check_lines(
    lines: Sequence[str], turn: str, speaker: str, known: Sequence[Statement]
) -> list[WrittenFact]:
    """Check lines against the turn they came from."""
    seen = [set(terms(each.quote)) for each in known]
    checked: list[WrittenFact] = []
    for line in lines:
        found = support(line, speaker, turn)
        if found.clause is None:
            checked.append(WrittenFact(line, None, found.why))
            continue
        clause_terms = set(terms(found.clause.text))
        if any(clause_terms <= other for other in seen):
            checked.append(WrittenFact(line, None, "known already"))
            continue
        seen.append(clause_terms)
        checked.append(WrittenFact(line, Statement(
            subject=speaker, slot="", value="", text=line, quote=found.clause.text,
            importance=IMPORTANCE,
        )))  # fmt: skip
    return checked
