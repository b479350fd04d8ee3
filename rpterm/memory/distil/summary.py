"""A short account of turns that left the window, sentence by sentence borne out by them.

Each account covers a run of turns once and rests on them alone: an account of accounts would drift.
What the turns do not bear out is dropped; nothing may be left, and then there is no summary.
"""

from __future__ import annotations

from collections.abc import Sequence

from rpterm.memory.distil import grammar
from rpterm.memory.distil.ask import Ask, Message
from rpterm.memory.distil.borne import borne_out
from rpterm.sentences import sentences
from rpterm.store.distil_reads import Source

TURNS = 8
"""How many turns one account covers."""
SHARE = 0.9
"""Of a sentence's words, how many the turns must hold: all, of a short one. With 0.8 the starter
model wove bread, oven and brother of three turns into something nobody said."""
_NEAR = 3
_LONGEST = 300
_TOKENS = 120
_SYSTEM = (
    "You write down what happened in a conversation, for somebody who forgot it: two to four short "
    "sentences in the past tense, with names, using the conversation's own words. Invent nothing."
)


def write(turns: Sequence[Source], ask: Ask) -> str | None:
    """The account; "" when none is borne out, ``None`` when it was interrupted.

    Raises:
        EngineError: The engine failed.
    """
    lines = [f"{turn.speaker}: {turn.text.strip()[:_LONGEST]}" for turn in turns]
    question: tuple[Message, ...] = (
        ("system", _SYSTEM),
        ("user", "\n".join(lines) + "\n\nWhat happened?"),
    )
    answer = ask(question, grammar.SENTENCES, _TOKENS)
    return None if answer is None else checked(answer, lines)


def checked(answer: str, lines: Sequence[str]) -> str:
    """Only the whole sentences that a few neighbouring turns bear out."""
    near = [lines[at : at + _NEAR] for at in range(max(1, len(lines) - _NEAR + 1))]
    return " ".join(
        dict.fromkeys(
            sentence
            for sentence in sentences(answer)
            if sentence.endswith((".", "!", "?"))
            and any(borne_out(sentence, some, SHARE) for some in near)
        )
    )
