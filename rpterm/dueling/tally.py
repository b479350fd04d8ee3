"""What verdicts add up to so far, honestly. Pure.

A side is called better only when the e-value of its wins reached twenty (times the number of
pairs that are looked at), at whatever moment one looks; else it is undecided. Rounds that were
asked again are no votes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp, log

from rpterm.plural import counted
from rpterm.preference.stats.intervals import DECIDED, log_e_value, wilson
from rpterm.preference.stats.ranking import Strength, Vote, ranking
from rpterm.store.judgement_records import Verdict

_SWAPPED: dict[Verdict, Verdict] = {
    "left": "right", "right": "left", "tie": "tie", "both_bad": "both_bad",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    """One verdict.

    Attributes:
        place: Which message; verdicts on one message hang together.
        again: The verdict of the round that this one repeats, or ``None``.
    """

    left: str
    right: str
    verdict: Verdict
    place: int
    again: Verdict | None = None

    @property
    def winner(self) -> str | None:
        """The side that won, or ``None``."""
        return {"left": self.left, "right": self.right}.get(self.verdict)


@dataclass(frozen=True, slots=True)
class Match:
    """Two contenders against each other.

    Attributes:
        e_value: Evidence against "both win equally often", now.
        needed: What it must reach.
        better: Who is better, once it was reached, and ``after`` how many votes that was.
        interval: Wilson's 95 % interval of the first one's share; right when one looks once.
    """

    one: str
    other: str
    wins: int
    losses: int
    ties: int
    both_bad: int
    e_value: float
    needed: float
    better: str | None
    after: int | None
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with Wilson's 95 % interval."""

    of: int
    total: int

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.of, self.total)

    @property
    def text(self) -> str:
        """``8 of 10 (49–94 %)``."""
        if not self.total:
            return "nothing yet"
        low, high = self.interval
        return f"{self.of} of {self.total} ({100 * low:.0f}–{100 * high:.0f} %)"


@dataclass(frozen=True, slots=True)
class Tally:
    """Everything so far.

    Attributes:
        agreed: Repeated rounds that got the same verdict again.
        chose_left: Of all verdicts for a side, those for the left one.
        strengths: Bradley-Terry, for three and more.
    """

    votes: int
    matches: tuple[Match, ...]
    agreed: Share
    chose_left: Share
    strengths: tuple[Strength, ...] = ()


def tally(names: Sequence[str], judged: Sequence[Judged], *, rounds: int = 200) -> Tally:
    """Add up verdicts, which stand in the order they were given.

    Args:
        rounds: Of the bootstrap, which draws whole messages.
    """
    votes = [each for each in judged if each.again is None]
    repeats = [each for each in judged if each.again is not None]
    sided = [each for each in judged if each.winner is not None]
    pairs = list(combinations(names, 2))
    return Tally(
        len(votes),
        tuple(_match(one, other, votes, len(pairs)) for one, other in pairs),
        Share(sum(each.again == _SWAPPED[each.verdict] for each in repeats), len(repeats)),
        Share(sum(each.verdict == "left" for each in sided), len(sided)),
        tuple(ranking(_votes(votes), rounds=rounds)) if len(names) > 2 else (),
    )


def _match(one: str, other: str, votes: Sequence[Judged], pairs: int) -> Match:
    wins = losses = ties = bad = 0
    better: str | None = None
    after: int | None = None
    needed = DECIDED + log(pairs)
    for each in votes:
        if {each.left, each.right} != {one, other}:
            continue
        wins += each.winner == one
        losses += each.winner == other
        ties += each.verdict == "tie"
        bad += each.verdict == "both_bad"
        if better is None and log_e_value(wins, wins + losses) >= needed:
            better, after = (one if wins > losses else other), wins + losses
    evidence = exp(min(700.0, log_e_value(wins, wins + losses)))
    interval = wilson(wins, wins + losses)
    return Match(
        one, other, wins, losses, ties, bad, evidence, exp(needed), better, after, interval
    )


def _votes(judged: Sequence[Judged]) -> list[Vote]:
    """For the ranking: a tie counts half; two bad replies say nothing of who is better."""
    votes = []
    for each in judged:
        if each.verdict != "both_bad":
            loser = each.left if each.winner == each.right else each.right
            votes.append(Vote(each.winner or each.left, loser, each.place, each.verdict == "tie"))
    return votes


def running(found: Tally) -> str:
    """One line for the foot of a screen; of several matches only what fits into 76 columns."""
    if len(found.matches) > 1:
        scores = (f"{each.one}{_sign(each)}{each.other} {each.wins}:{each.losses}"
                  for each in found.matches)  # fmt: skip
        return f"{counted(found.votes, 'vote')}  {'  '.join(scores)}"
    parts = []
    for each in found.matches:
        score = f"{each.one} {each.wins} : {each.losses} {each.other}"
        ties = counted(each.ties, "tie")
        bad = f"{each.both_bad} both bad"
        extra = [said for n, said in ((each.ties, ties), (each.both_bad, bad)) if n]
        parts.append(" · ".join([score, *extra, verdict(each)]))
    return "   ".join(parts) if parts else "nothing was judged yet"


def _sign(match: Match) -> str:
    """Who was shown to be better, if anybody was."""
    return {match.one: ">", match.other: "<"}.get(match.better or "", "–")


def verdict(match: Match) -> str:
    """What may be said of two contenders."""
    if match.better is not None:
        return f"{match.better} is better (decided after {counted(match.after or 0, 'vote')})"
    return f"undecided (evidence {match.e_value:.1f} of {match.needed:.0f})"
