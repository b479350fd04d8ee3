"""Prints the result of a duel as tables that fit into 80 columns, each with a legend."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan

from rpterm.cli import out, rich_out
from rpterm.dueling.contender import short_names
from rpterm.dueling.duel import Duel
from rpterm.dueling.tally import Match, Tally
from rpterm.humanize import counted
from rpterm.preference.stats.ranking import MIN_VOTES

_HEADS = ("pair", "won", "lost", "ties", "bad", "votes", "won %", "verdict")
_LEGEND = (
    "Won and lost are counted for the first side of the pair; bad: both replies were. Together "
    "with the ties they are the votes. won %: Wilson's 95 % interval of the first side's share of "
    "won and lost. Undecided: the evidence so far, and how much is needed."
)
_STRENGTHS_LEGEND = (
    "Strength: log-odds against the average of all sides (Bradley-Terry, a tie is half a win); "
    "higher is better. from–to: 95 % interval, from a bootstrap over messages. Compared: the "
    f"side's votes except those in which both were bad; below {MIN_VOTES} a side has no rank."
)


def print_report(duel: Duel, found: Tally) -> None:
    """Print the complete report."""
    shown = rich_out.Output()
    names = short_names([each.spec for each in duel.contenders])
    for each in duel.contenders:
        shown.say(f"{each.name} ({names[each.spec] or 'as set'})")
    shown.say(_progress(duel, found))
    out.say()
    shown.table(_HEADS, map(_row, found.matches), numbers=range(1, 6))
    shown.say(_LEGEND, "dim")
    if found.strengths:
        out.say()
        heads = ("rank", "side", "strength", "from–to", "compared")
        shown.table(heads, _ranking(duel, found), numbers=(4,))
        shown.say(_STRENGTHS_LEGEND, "dim")
    out.say()
    for line in _consistency(found):
        shown.say(line)


def _progress(duel: Duel, found: Tally) -> str:
    """The rounds judged so far, which are votes and rounds that were asked again."""
    progress = f"{duel.done()} of {len(duel.planned)} rounds: {counted(found.votes, 'vote')}"
    if found.agreed.total:
        progress += f", {found.agreed.total} asked again"
    return progress


def _row(match: Match) -> tuple[str, ...]:
    votes = match.wins + match.losses + match.ties + match.both_bad
    low, high = (100 * each for each in match.interval)
    share = f"{low:.0f}–{high:.0f}" if match.wins + match.losses else "–"
    figures = (match.wins, match.losses, match.ties, match.both_bad, votes)
    return f"{match.one}–{match.other}", *map(str, figures), share, _verdict(match)


def _verdict(match: Match) -> str:
    if match.better is not None:
        return f"{match.better} is better, after {match.after}"
    return f"undecided ({match.e_value:.1f} of {match.needed:.0f})"


def _ranking(duel: Duel, found: Tally) -> Iterator[tuple[str, ...]]:
    """All sides, the strongest first; those that only have "both bad" votes last."""
    for place in found.strengths:
        rank = f"{place.rank}." if place.rank else "–"
        interval = "–" if isnan(place.low) else f"{place.low:+.2f} to {place.high:+.2f}"
        yield rank, place.name, f"{place.value:+.2f}", interval, str(place.votes)
    ranked = {place.name for place in found.strengths}
    for name in duel.names:
        if name not in ranked:
            yield "–", name, "–", "–", "0"


def _consistency(found: Tally) -> Iterator[str]:
    """How consistent the judge is."""
    yield f"same verdict when asked again: {found.agreed.text}"
    yield f"left reply chosen: {found.chose_left.text} of all verdicts for a side"
