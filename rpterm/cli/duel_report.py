"""How a duel stands, as tables that fit into 80 columns, with what the figures are."""

from __future__ import annotations

from collections.abc import Iterator

from rpterm.cli import out, rich_out
from rpterm.dueling.bout import Bout
from rpterm.dueling.contender import short_names
from rpterm.dueling.tally import Match, Tally
from rpterm.plural import counted
from rpterm.preference.stats.ranking import MIN_VOTES

_HEADS = ("pair", "won", "lost", "ties", "bad", "votes", "won %", "verdict")
_LEGEND = (
    "won, lost: of the first side of the pair; bad: both were; together they are the votes. won %: "
    "its share of won and lost, with Wilson's 95 % interval. Undecided tells the evidence so far, "
    "and of how much it takes."
)
_STRENGTHS = (
    "Strength: log-odds against the average of all sides (Bradley-Terry, a tie is half a win), "
    "higher is better; from–to: the middle 95 % of a bootstrap over messages. Compared: its votes "
    f"without those in which both were bad; below {MIN_VOTES} a side has no rank."
)


def write(bout: Bout, found: Tally) -> None:
    """The whole report."""
    shown = rich_out.console()
    names = short_names([each.spec for each in bout.contenders])
    for each in bout.contenders:
        shown.print(rich_out.text(f"{each.name} ({names[each.spec] or 'as set'})"))
    shown.print(rich_out.text(_progress(bout, found)))
    out.say()
    shown.print(rich_out.rows(_HEADS, map(_row, found.matches), numbers=range(1, 6)))
    shown.print(rich_out.text(_LEGEND, "dim"))
    if found.strengths:
        out.say()
        heads = ("rank", "side", "strength", "from–to", "compared")
        shown.print(rich_out.rows(heads, _places(bout, found), numbers=(4,)))
        shown.print(rich_out.text(_STRENGTHS, "dim"))
    out.say()
    for line in _judge(found):
        shown.print(rich_out.text(line))


def _progress(bout: Bout, found: Tally) -> str:
    """Rounds judged are votes and rounds that were asked again."""
    said = f"{bout.done()} of {len(bout.planned)} rounds: {counted(found.votes, 'vote')}"
    if found.agreed.total:
        said += f", {found.agreed.total} asked again"
    return said


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


def _places(bout: Bout, found: Tally) -> Iterator[tuple[str, ...]]:
    """All sides, the strongest first; those that only ever met "both bad" last."""
    for place in found.strengths:
        rank = f"{place.rank}." if place.rank else "–"
        between = f"{place.low:+.2f} to {place.high:+.2f}"
        yield rank, place.name, f"{place.value:+.2f}", between, str(place.votes)
    placed = {place.name for place in found.strengths}
    for name in bout.names:
        if name not in placed:
            yield "–", name, "–", "–", "0"


def _judge(found: Tally) -> Iterator[str]:
    """How steady the judge is."""
    yield f"asked again, you said the same: {found.agreed.text}"
    yield f"you chose the left one: {found.chose_left.text} of all verdicts for a side"
