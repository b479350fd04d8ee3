"""Summarises turns that left the context window; every sentence must be grounded in those turns.

Each summary covers a run of turns once and rests on them alone: a summary of summaries would drift.
Sentences that are not grounded are dropped; if none is left, there is no summary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rpterm.memory.distil import grammar
from rpterm.memory.distil.grounding import is_grounded
from rpterm.store.memory.read_turns import SourceTurn
from rpterm.text.sentences import sentences

if TYPE_CHECKING:
    from rpterm.prompt.oneshot import Ask, Message

TURNS = 8
"""How many turns one summary covers."""
MIN_GROUNDED = 0.9
"""Share of a sentence's words that the turns must contain: all words, for a short sentence. With
0.8 the starter model combined bread, oven and brother of three turns into something nobody said."""
_WINDOW = 3
_MAX_CHARS = 300
_MAX_ANSWER = 120
_SYSTEM = (
    "You write down what happened in a conversation, for somebody who forgot it: two to four short "
    "sentences in the past tense, with names, using the conversation's own words. Invent nothing."
)


def write(turns: Sequence[SourceTurn], ask: Ask) -> str | None:
    """The summary; "" if no sentence is grounded, ``None`` if it was interrupted.

    Raises:
        EngineError: The engine failed.
    """
    lines = [f"{turn.speaker}: {turn.text.strip()[:_MAX_CHARS]}" for turn in turns]
    question: tuple[Message, ...] = (
        ("system", _SYSTEM),
        ("user", "\n".join(lines) + "\n\nWhat happened?"),
    )
    answer = ask(question, grammar.SENTENCES, _MAX_ANSWER)
    return None if answer is None else check_sentences(answer, lines)


def check_sentences(answer: str, lines: Sequence[str]) -> str:
    """Only the complete sentences that are grounded in a few neighbouring turns.

    A line of a script ("Ann: …") tells nothing: weak models invent who speaks it.
    """
    windows = [lines[at : at + _WINDOW] for at in range(max(1, len(lines) - _WINDOW + 1))]
    script = tuple({f"{line.partition(':')[0]}:" for line in lines})
    grounded = (
        sentence
        for sentence in sentences(answer)
        if sentence.endswith((".", "!", "?"))
        and not sentence.startswith(script)
        and any(is_grounded(sentence, window, MIN_GROUNDED) for window in windows)
    )
    return " ".join(dict.fromkeys(grounded))
