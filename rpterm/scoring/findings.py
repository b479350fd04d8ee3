"""Puts a score into words: which readings matter, and what to tell the language model about them.

``findings`` orders the readings for display. ``hint`` and ``author_note`` turn the worst of them
into an instruction, for the next reply only or for the author's note. Small models follow what to
do better than what to avoid, so the instruction quotes the card's own line where there is one.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from rpterm.scoring.combine import SEPARATE_DIMENSION, Term, bounded_contribution
from rpterm.scoring.signal import Dimension, Evidence, Reading

if TYPE_CHECKING:
    from rpterm.scoring.scorer import Score

Kind = Literal["break", "against", "for", "new", "appeal", "little", "clean", "mute"]
"""In order of display:

- ``break``: a violation that was found
- ``against``, ``for``: evidence against, or for, this character
- ``new``: what the reply makes up, which may be welcome or a hallucination
- ``appeal``: how engaging the reply is, which says nothing about the character
- ``little``: hardly any evidence either way
- ``clean``: a violation that was looked for and not found
- ``mute``: no data
"""

LABELS = {
    "speaking_for_user": "speaks for you",
    "addresses_itself": "calls you by its own name",
    "assistant_voice": "sounds like an assistant",
    "assistant_meaning": "means what an assistant would",
    "anachronism": "not of its time",
    "limits": "breaks a rule of the card",
    "contradiction": "contradicts what is known",
    "repetition": "repeats itself",
    "garbled": "is garbled text",
    "parroting": "copies the card or you",
    "recital": "tells its card, though nobody asked",
    "fact_words": "words of the card",
    "fact_meaning": "meaning of the card",
    "context": "answers what was said",
    "talk": "stays on the subject",
    "memory_words": "remembers, by words",
    "memory_asked": "remembers what was asked for",
    "relations": "who is who",
    "voice_words": "voice, by words",
    "voice_meaning": "voice, by meaning",
    "voice_likelihood": "voice, by likelihood",
    "persona_lift": "likelier with the card",
    "persona_peak": "has words the card suggests",
    "context_lift": "likelier in this conversation",
    "inventions": "names that nothing mentioned before",
    "engagement": "engages: brings something new",
    "proactivity": "moves the story on",
    "empathy": "responds to what you feel",
}
UNFINISHED = "is not finished"
"""Instead of ``LABELS["garbled"]``, for an open mark or an end in mid-sentence."""
_GARBLED = 0.5
APPEAL = ("engagement", "proactivity", "empathy")
"""The signals of ``combine.SEPARATE_DIMENSION``."""
INVENTED = "inventions"
QUIET = 0.15
"""Log-odds too small for a line of their own."""
_MOST_LINES = 3
_LONGEST_EXCERPT = 60


@dataclass(frozen=True, slots=True)
class ScoreFinding:
    """A reading, ready for display.

    Attributes:
        adds: What it contributes to the log-odds of being in character.
    """

    signal: str
    kind: Kind
    adds: float
    reading: Reading

    @property
    def label(self) -> str:
        if self.signal == "garbled" and self.reading.value < _GARBLED:
            return UNFINISHED
        return LABELS.get(self.signal, self.signal.replace("_", " "))


def findings(score: Score, terms: Mapping[str, Term] | None = None) -> tuple[ScoreFinding, ...]:
    """All readings: the worst first, then those for the character, then the quiet ones.

    Args:
        terms: The fitted terms; ``None`` takes those of this version.
    """
    if terms is None:
        from rpterm.scoring.coefficients import load_coefficients

        terms = load_coefficients().slow if score.complete else load_coefficients().fast
    found = [_finding(name, reading, terms.get(name)) for name, reading in score.readings.items()]
    order = {kind: index for index, kind in enumerate(get_args(Kind))}
    return tuple(sorted(found, key=lambda each: (order[each.kind], -abs(each.adds), each.signal)))


def _finding(name: str, reading: Reading, term: Term | None) -> ScoreFinding:
    if name in APPEAL or name == INVENTED:
        return ScoreFinding(name, _unweighted_kind(name, reading), 0.0, reading)
    added = bounded_contribution(term, reading) if term is not None else 0.0
    is_violation = term is not None and term.weight < 0
    return ScoreFinding(name, _weighted_kind(reading, added, is_violation), added, reading)


def _unweighted_kind(name: str, reading: Reading) -> Kind:
    if reading.confidence <= 0:
        return "mute"
    if name in APPEAL:
        return "appeal"
    return "new" if reading.evidence else "clean"


def _weighted_kind(reading: Reading, added: float, is_violation: bool) -> Kind:
    if reading.confidence <= 0:
        return "mute"
    if abs(added) <= QUIET:
        return "clean" if is_violation else "little"
    if is_violation and reading.evidence:
        return "break"
    return "against" if added < 0 else "for"


def broken_spans(score: Score) -> tuple[tuple[int, int], ...]:
    """The spans of the reply that broke something, in order, to be highlighted."""
    broken = {
        (each.start, each.end)
        for finding in findings(score)
        if finding.kind == "break"
        for each in finding.reading.evidence
        if each.end > each.start
    }
    return tuple(sorted(broken))


def weakest_dimension(score: Score) -> Dimension | None:
    """The in-character dimension with the lowest value; ``None`` if none has a value."""
    known = [
        (value, name)
        for name, value in score.dimensions.items()
        if value is not None and name != SEPARATE_DIMENSION
    ]
    return min(known)[1] if known else None


def broken_lines(score: Score) -> tuple[str, ...]:
    """The card lines that the reply broke or disregarded, the worst first."""
    found = [
        each.line.strip()
        for finding in findings(score)
        if finding.kind in ("break", "against")
        for each in finding.reading.evidence
        if each.line.strip() and not each.source.startswith("turn:")
    ]
    return tuple(dict.fromkeys(found))[:_MOST_LINES]


def regeneration_hint(score: Score, reply: str, *, char: str, user: str) -> str:
    """An instruction for the next reply only, from what was wrong with this one."""
    advice = [_advice(each, reply, char, user) for each in findings(score) if each.kind == "break"]
    wanted = list(dict.fromkeys(filter(None, advice)))[:_MOST_LINES]
    if len(wanted) < _MOST_LINES:
        said = " ".join(wanted)
        wanted += [_remember(line) for line in broken_lines(score) if line not in said]
    if not wanted:
        wanted = [f"Answer as {char}, in {char}'s own voice, to what {user} just said."]
    return " ".join(wanted[:_MOST_LINES])


def author_note(score: Score, reply: str, *, char: str, user: str) -> str:
    """The same instruction as the start of an author's note, which stays until it is edited."""
    return regeneration_hint(score, reply, char=char, user=user).replace("Remember: ", "").strip()


def _advice(finding: ScoreFinding, reply: str, char: str, user: str) -> str:
    first = finding.reading.evidence[0]
    words = excerpt(reply, first)
    advice = {
        "speaking_for_user": f"Write only what {char} says and does; {user} decides for {user}.",
        "addresses_itself": f"{char} is the one who speaks; {char} talks to {user}.",
        "assistant_voice": f"Speak as {char} and nobody else: no assistant, no offers of help.",
        "anachronism": f"{char} has never heard of {words}.",
        "repetition": f"Say something new instead of {words}.",
        "parroting": f"Show it in what {char} does; do not recite it.",
        "recital": f"Answer what {user} said; do not introduce {char}.",
        "garbled": "Write whole sentences and close every quote.",
    }
    if finding.signal in advice:
        return advice[finding.signal]
    return _remember(first.line) if first.line else ""


def _remember(line: str) -> str:
    return f"Remember: {line.strip()}"


def excerpt(reply: str, evidence: Evidence) -> str:
    """The words the evidence is about, quoted and shortened; "" if it is about the whole reply."""
    words = " ".join(reply[evidence.start : evidence.end].split())
    if not words:
        return ""
    words = words.replace("*", "").strip('"“”')  # Half of an action would have one mark only.
    fits = len(words) <= _LONGEST_EXCERPT
    return f"“{words}”" if fits else f"“{words[: _LONGEST_EXCERPT - 1].rstrip()}…”"
