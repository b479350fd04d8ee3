"""Adds up the verdicts of a duel without overstating them.

A side is called better only once the e-value of its wins has reached twenty times the number of
pairs compared. That holds however often the tally is looked at; until then a match is undecided.
Repeated rounds do not count as votes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp, log

from rpterm.humanize import counted
from rpterm.preference.stats.agreement import Proportion
from rpterm.preference.stats.intervals import DECIDED, log_e_value, wilson
from rpterm.preference.stats.ranking import Strength, Vote, ranking
from rpterm.store.judgement_records import Verdict

_SWAPPED: dict[Verdict, Verdict] = {
    "left": "right", "right": "left", "tie": "tie", "both_bad": "both_bad",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class JudgedRound:
    """One verdict.

    Attributes:
        left, right: Names of the contenders.
        verdict: What the judge said.
        place: Index of the message; verdicts on one message form a cluster.
        again: The verdict of the round that this one repeats, or ``None``.
    """

    left: str
    right: str
    verdict: Verdict
    place: int
    again: Verdict | None = None

    @property
    def winner(self) -> str | None:
        """The name of the winner, or ``None``."""
        return {"left": self.left, "right": self.right}.get(self.verdict)


@dataclass(frozen=True, slots=True)
class Match:
    """The result of two contenders against each other.

    Attributes:
        e_value: Current evidence against the hypothesis that both win equally often.
        needed: The e-value at which the match is decided.
        better: Who is better, once the match is decided.
        after: The number of votes after which it was decided.
        interval: Wilson's 95 % interval of the first one's share of wins; valid for one look only.
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
class Tally:
    """The results of a duel so far.

    Attributes:
        votes: Number of verdicts, without repetitions.
        matches: One for each pair of contenders.
        agreed: Repeated rounds that got the same verdict again.
        chose_left: Verdicts for the left side, of all verdicts for a side.
        strengths: Bradley-Terry strengths, with three or more contenders.
    """

    votes: int
    matches: tuple[Match, ...]
    agreed: Proportion
    chose_left: Proportion
    strengths: tuple[Strength, ...] = ()


def tally(names: Sequence[str], judged: Sequence[JudgedRound], *, rounds: int = 200) -> Tally:
    """Add up verdicts.

    Args:
        names: The contenders.
        judged: The verdicts, in the order they were given.
        rounds: Bootstrap resamples for the strengths; whole messages are resampled.
    """
    votes = [each for each in judged if each.again is None]
    repeats = [each for each in judged if each.again is not None]
    decisive = [each for each in judged if each.winner is not None]
    pairs = list(combinations(names, 2))
    return Tally(
        len(votes),
        tuple(_match(one, other, votes, len(pairs)) for one, other in pairs),
        Proportion(sum(each.again == _SWAPPED[each.verdict] for each in repeats), len(repeats)),
        Proportion(sum(each.verdict == "left" for each in decisive), len(decisive)),
        tuple(ranking(_votes(votes), rounds=rounds)) if len(names) > 2 else (),
    )


def _match(one: str, other: str, votes: Sequence[JudgedRound], pairs: int) -> Match:
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


def _votes(judged: Sequence[JudgedRound]) -> list[Vote]:
    """Votes for the ranking: a tie counts half; "both bad" does not say who is better."""
    votes = []
    for each in judged:
        if each.verdict != "both_bad":
            loser = each.left if each.winner == each.right else each.right
            votes.append(Vote(each.winner or each.left, loser, each.place, each.verdict == "tie"))
    return votes


def score_line(result: Tally) -> str:
    """The current score in one line; several matches are abbreviated to fit into 76 columns."""
    if len(result.matches) > 1:
        scores = (f"{each.one}{_sign(each)}{each.other} {each.wins}:{each.losses}"
                  for each in result.matches)  # fmt: skip
        return f"{counted(result.votes, 'vote')}  {'  '.join(scores)}"
    if not result.matches:
        return "nothing judged yet"
    match = result.matches[0]
    parts = [f"{match.one} {match.wins} : {match.losses} {match.other}"]
    if match.ties:
        parts.append(counted(match.ties, "tie"))
    if match.both_bad:
        parts.append(f"{match.both_bad} both bad")
    return " · ".join([*parts, verdict(match)])


def _sign(match: Match) -> str:
    """``>`` or ``<`` once one side is shown to be better, else ``–``."""
    return {match.one: ">", match.other: "<"}.get(match.better or "", "–")


def verdict(match: Match) -> str:
    """What the votes say about two contenders."""
    if match.better is not None:
        return f"{match.better} is better (decided after {counted(match.after or 0, 'vote')})"
    return f"undecided (evidence {match.e_value:.1f} of {match.needed:.0f})"
