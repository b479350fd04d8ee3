"""What a score means in words: which readings matter, and what to tell the model about them. Pure.

``findings`` orders the readings for people; ``hint`` and ``note`` turn the worst of them into one
instruction, for the next reply alone or for the author's note. Small models follow what to do
better than what to avoid, so a card's own line is named wherever there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from rpterm.scoring.combine import APART, UNFITTED, Term, adds
from rpterm.scoring.records import Dimension, Evidence, Reading

if TYPE_CHECKING:
    from rpterm.scoring.scorer import Score

Kind = Literal["break", "against", "for", "appeal", "little", "clean", "mute"]
"""A fault that was found; what speaks against, or for, this character; how engaging the reply is,
which says nothing about the character; what says little either way; a fault that was looked for and
not found; nothing to go by."""

LABELS = {
    "speaking_for_user": "speaks for you",
    "addresses_itself": "calls you by its own name",
    "assistant_voice": "sounds like an assistant",
    "assistant_meaning": "means what an assistant would",
    "anachronism": "not of its time",
    "limits": "breaks a rule of the card",
    "contradiction": "contradicts",
    "repetition": "repeats",
    "garbled": "is no sound text",
    "parroting": "recites",
    "fact_words": "words of the card",
    "fact_meaning": "meaning of the card",
    "context": "answers what was said",
    "talk": "stays with the talk",
    "memory_words": "remembers, by words",
    "memory_meaning": "remembers, by meaning",
    "relations": "who is who",
    "voice_words": "voice, by words",
    "voice_meaning": "voice, by meaning",
    "voice_likelihood": "voice, by likelihood",
    "persona_lift": "likelier with the card",
    "persona_peak": "has words of the card's making",
    "context_lift": "likelier after this talk",
    "engagement": "engages: brings something new",
    "proactivity": "brings the talk on",
    "empathy": "takes up what you feel",
}
APPEAL = ("engagement", "proactivity", "empathy")
"""The signals of ``combine.APART``."""
QUIET = 0.15
"""Log-odds that are not worth a line of their own."""
_MOST = 3
_EXCERPT = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One reading as people see it.

    Attributes:
        adds: What it adds to the log-odds of being in character.
    """

    signal: str
    kind: Kind
    adds: float
    reading: Reading

    @property
    def label(self) -> str:
        return LABELS.get(self.signal, self.signal.replace("_", " "))


def findings(score: Score, terms: Mapping[str, Term] | None = None) -> tuple[Finding, ...]:
    """Every reading, the worst first, then what speaks for the character, then the quiet ones.

    Args:
        terms: The fitted terms; ``None`` takes those this version scores with.
    """
    if terms is None:
        from rpterm.scoring.frozen import frozen

        terms = frozen().slow if score.complete else frozen().fast
    found = [_finding(name, reading, terms.get(name)) for name, reading in score.readings.items()]
    order = {kind: at for at, kind in enumerate(get_args(Kind))}
    return tuple(sorted(found, key=lambda each: (order[each.kind], -abs(each.adds), each.signal)))


def _finding(name: str, reading: Reading, term: Term | None) -> Finding:
    if name in UNFITTED or name in APPEAL:
        return Finding(name, _unfitted(name, reading), 0.0, reading)
    added = adds(term, reading) if term is not None else 0.0
    fault = term is not None and term.weight < 0
    return Finding(name, _kind(reading, added, fault), added, reading)


def _unfitted(name: str, reading: Reading) -> Kind:
    """The kind of what has no weight in the probability."""
    if reading.confidence <= 0:
        return "mute"
    if name in APPEAL:
        return "appeal"
    return "break" if reading.evidence else "clean"


def _kind(reading: Reading, added: float, fault: bool) -> Kind:
    if reading.confidence <= 0:
        return "mute"
    if abs(added) <= QUIET:
        return "clean" if fault else "little"
    if fault and reading.evidence:
        return "break"
    return "against" if added < 0 else "for"


def spans(score: Score) -> tuple[tuple[int, int], ...]:
    """The places of the reply that broke something, in order, for a highlight."""
    return tuple(
        sorted(
            {
                (each.start, each.end)
                for finding in findings(score)
                if finding.kind == "break"
                for each in finding.reading.evidence
                if each.end > each.start
            }
        )
    )


def weakest(score: Score) -> Dimension | None:
    """The dimension of being in character that does worst, or ``None`` where none is known."""
    known = [
        (value, name)
        for name, value in score.dimensions.items()
        if value is not None and name != APART
    ]
    return min(known)[1] if known else None


def lines(score: Score) -> tuple[str, ...]:
    """The lines of the card or chat that the reply broke or leans on least, the worst first."""
    found = [
        each.line.strip()
        for finding in findings(score)
        if finding.kind in ("break", "against")
        for each in finding.reading.evidence
        if each.line.strip() and not each.source.startswith("turn:")
    ]
    return tuple(dict.fromkeys(found))[:_MOST]


def hint(score: Score, reply: str, *, char: str, user: str) -> str:
    """One instruction for the next reply alone, from what was wrong with this one."""
    said = [_advice(each, reply, char, user) for each in findings(score) if each.kind == "break"]
    wanted = list(dict.fromkeys(each for each in said if each))[:_MOST]
    if len(wanted) < _MOST:
        known = " ".join(wanted)
        wanted += [_remember(line) for line in lines(score) if line not in known]
    if not wanted:
        wanted = [f"Answer as {char}, in {char}'s own voice, to what {user} just said."]
    return " ".join(wanted[:_MOST])


def note(score: Score, reply: str, *, char: str, user: str) -> str:
    """The same as the beginning of an author's note, which stands until it is changed."""
    broken = hint(score, reply, char=char, user=user)
    return broken.replace("Remember: ", "").strip()


def _advice(finding: Finding, reply: str, char: str, user: str) -> str:
    first = finding.reading.evidence[0]
    words = excerpt(reply, first)
    advice = {
        "speaking_for_user": f"Write only what {char} says and does; {user} decides for {user}.",
        "addresses_itself": f"{char} is who speaks; {char} talks to {user}.",
        "assistant_voice": f"Speak as {char} and nobody else: no assistant, no offers of help.",
        "anachronism": f"{char} has never heard of {words}.",
        "repetition": f"Say something new instead of {words}.",
        "parroting": f"Show it in what {char} does; do not recite it.",
        "garbled": "Write whole sentences and close every quote.",
    }
    if finding.signal in advice:
        return advice[finding.signal]
    return _remember(first.line) if first.line else ""


def _remember(line: str) -> str:
    return f"Remember: {line.strip()}"


def excerpt(reply: str, evidence: Evidence) -> str:
    """The words that evidence is about, in quotes, cut short; "" where it is about all of them."""
    words = " ".join(reply[evidence.start : evidence.end].split())
    if not words:
        return ""
    words = words.strip('"“”*')
    return f"“{words}”" if len(words) <= _EXCERPT else f"“{words[: _EXCERPT - 1].rstrip()}…”"
