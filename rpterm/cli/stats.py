"""``rpterm stats``: ratings by character and model, and how well the live score agrees."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rpterm.cli import out, rich_out
from rpterm.cli.app import new_app
from rpterm.cli.options import Json
from rpterm.cli.user_files import open_store
from rpterm.errors import RptermError
from rpterm.humanize import counted
from rpterm.paths import write_new

if TYPE_CHECKING:
    from rpterm.preference.overview import Group, Overview
    from rpterm.preference.stats.score_validity import Figure, ScoreValidity

app = new_app()

_BAR_CELLS = 24
_SHORT_BAR_CELLS = 12
_SVG_WIDTH = 100
_MAX_GROUPS = 20


@app.command()
def stats(
    card: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only ratings of this character.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only ratings of this model.")
    ] = None,
    json: Json = False,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also save the tables as an SVG picture.")
    ] = None,
) -> None:
    """Show your ratings, and how well the live score agrees with them.

    The score is good if replies you rated good score higher than those you rated bad (AUC near 1;
    0.5 is chance), and if about 80 % of the replies that score 0.8 are good. All intervals are
    95 % intervals.
    """
    from rpterm.cli.card_source import rated_character
    from rpterm.preference.overview import overview
    from rpterm.preference.stats.score_validity import validate_score
    from rpterm.store.judgements import Judgements

    with open_store(for_program=json) as store:
        judgements = Judgements(store)
        name = rated_character(judgements, card)
        found = overview(judgements, card=name, model=model)
        known = found if found.kinds else overview(judgements, card=name)
    if not known.kinds and not json:
        who = "Nothing has been rated" if name is None else f"No reply of {name} has been rated"
        raise RptermError(f"{who} yet: rate replies in a chat or with `rpterm review`.")
    if known.kinds and not found.kinds:
        rated = ", ".join(known.models) or "none that is known"
        raise RptermError(f"No reply of a model {model!r} was rated. Models with ratings: {rated}.")
    honest = validate_score(found.judged)
    if json:
        out.json_data(_data(found, honest))
    else:
        print_stats(rich_out.Output(), found, honest)
    if svg is not None:
        _save_svg(svg, found, honest)
        if not json:
            out.say(str(svg))


def print_stats(shown: rich_out.Output, found: Overview, honest: ScoreValidity | None) -> None:
    """Print tables and bars."""
    total = counted(sum(found.kinds.values()), "judgement")
    head = f"{total} in {counted(found.chats, 'chat')}, {found.exportable} of them exportable"
    shown.say(head, "bold")
    rows = [(name, many, _bar(many / max(found.kinds.values()))) for name, many in
            found.kinds.most_common()]  # fmt: skip
    shown.table(("kind", "", ""), rows, numbers=(1,))
    for what, groups in (("character", found.cards), ("model", found.models)):
        if groups:
            shown.say()
            _groups(shown, what, groups)
    _duels(shown, found)
    shown.say()
    _live_score(shown, found, honest)


def _groups(shown: rich_out.Output, what: str, groups: Mapping[str, Group]) -> None:
    """Print a table of the characters or models with the most ratings."""
    ranked = sorted(groups.items(), key=lambda pair: (-_ratings(pair[1]), pair[0]))[:_MAX_GROUPS]
    heads = [what, "good", "bad", "liked", "", "stars"]
    rows = [
        [
            name, each.good, each.bad, each.liked.percent,
            _bar(each.liked.value, cells=_SHORT_BAR_CELLS),
            "" if each.mean_stars is None else f"{each.mean_stars:.1f}",
        ]
        for name, each in ranked
    ]  # fmt: skip
    # Empty columns are left out, because they would take the space of the bars.
    more: dict[str, list[object]] = {
        "flags": [each.flagged or "" for _, each in ranked],
        "duels": [each.duels or "" for _, each in ranked],
        "won": [each.wins.percent for _, each in ranked],
    }
    for head, column in more.items():
        if any(column):
            heads.append(head)
            for row, cell in zip(rows, column, strict=True):
                row.append(cell)
    shown.table(heads, rows, numbers=(1, 2, 5, 6, 7))


def _duels(shown: rich_out.Output, found: Overview) -> None:
    from rpterm.preference.stats.agreement import left_wins, self_agreement

    if not found.duels:
        return
    lines = [
        ("left reply won", left_wins(found.duels)),
        ("same verdict when asked again", self_agreement(found.duels)),
        ("reply with the higher live score won", found.higher_won),
    ]
    shares = [(name, share.percent, _bar(share.value)) for name, share in lines if share.total]
    if shares:
        shown.say()
        shown.table(("duels", "", ""), shares)
    names = {name for vote in found.votes for name in (vote.winner, vote.loser)}
    if len(names) > 1:
        from rpterm.preference.stats.ranking import ranking

        rows = [
            (each.rank or "–", each.name, f"{each.value:+.2f}",
             _interval(each.low, each.high), each.votes)
            for each in ranking(found.votes)
        ]  # fmt: skip
        shown.say()
        shown.table(("", "strength", "log-odds", "95 %", "votes"), rows, numbers=(0, 2, 4))


def _scored_replies(count: int) -> str:
    rated = counted(count, "rated reply", "rated replies")
    return f"{rated} {'has' if count == 1 else 'have'} a live score"


def _live_score(shown: rich_out.Output, found: Overview, honest: ScoreValidity | None) -> None:
    """Print how well the live score agrees with the ratings."""
    shown.say("Live score compared with ratings", "bold")
    if honest is None:
        text = f"{_scored_replies(len(found.judged))}: too few to say anything."
        shown.say(text)
        return
    seen = (
        f"; {honest.known} already had it when you rated them, so you may have seen it"
        if honest.known
        else ""
    )
    shown.say(f"{_scored_replies(honest.count)}{seen}.")
    figures = [
        ("good scored above bad (AUC, 0.5 is chance)", honest.auc),
        ("rank correlation with stars", honest.spearman),
    ]
    shown.table(
        ("", "", ""),
        [(name, _figure(each), counted(each.count, "reply", "replies")) for name, each in figures],
    )
    rows = [
        (f"{each.low:.1f} to {each.high:.1f}", _bar(each.good.value, each.mean),
         f"{each.good.percent} good", each.good.total)
        for each in honest.bins
    ]  # fmt: skip
    shown.table(("score", "┃ is the mean score", "", "replies"), rows, numbers=(3,))
    if not math.isnan(honest.error):
        shown.say(f"calibration error (mean distance): {honest.error:.2f}")


def _bar(share: float | None, mark: float | None = None, cells: int = _BAR_CELLS) -> str:
    """A bar filled to a share, optionally with a mark at another share."""
    if share is None:
        return ""
    filled = round(share * cells)
    bar = ["━" if at < filled else "·" for at in range(cells)]
    if mark is not None:
        bar[min(cells - 1, int(mark * cells))] = "┃"
    return "".join(bar)


def _figure(figure: Figure) -> str:
    if math.isnan(figure.value):
        return "too few, or all the same"
    if math.isnan(figure.low):
        return f"{figure.value:.2f} (too few chats for an interval)"
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"


def _interval(low: float, high: float) -> str:
    return "too few chats or messages" if math.isnan(low) else f"{low:+.2f} to {high:+.2f}"


def _ratings(group: Group) -> int:
    return group.good + group.bad + len(group.stars) + group.duels


def _save_svg(path: Path, found: Overview, honest: ScoreValidity | None) -> None:
    """Save what the terminal shows as an SVG picture of fixed width."""
    import io

    from rich.console import Console

    console = Console(
        record=True, width=_SVG_WIDTH, file=io.StringIO(), force_terminal=True, markup=False,
        emoji=False, highlight=False, color_system="truecolor",
    )  # fmt: skip
    print_stats(rich_out.Output(console), found, honest)
    svg = console.export_svg(title="rpterm stats", unique_id="rpterm-stats")
    write_new(path, svg, force=True)


def _data(found: Overview, honest: ScoreValidity | None) -> dict[str, Any]:
    from rpterm.preference.stats.agreement import left_wins, self_agreement
    from rpterm.preference.stats.ranking import ranking

    return {
        "chats": found.chats,
        "exportable": found.exportable,
        "kinds": dict(found.kinds),
        "raters": dict(found.raters),
        "characters": {name: _group_data(each) for name, each in found.cards.items()},
        "models": {name: _group_data(each) for name, each in found.models.items()},
        "left_wins": left_wins(found.duels).row(),
        "self_agreement": self_agreement(found.duels).row(),
        "higher_score_won": found.higher_won.row(),
        "strengths": [asdict(each) for each in ranking(found.votes)] if found.votes else [],
        "live_score": None if honest is None else _live_score_data(honest),
    }


def _group_data(each: Group) -> dict[str, Any]:
    return {
        "good": each.good, "bad": each.bad, "liked": each.liked.row(),
        "stars": len(each.stars), "mean_stars": each.mean_stars, "flagged": each.flagged,
        "duels": each.duels, "won": each.won, "lost": each.lost, "tied": each.tied,
    }  # fmt: skip


def _live_score_data(honest: ScoreValidity) -> dict[str, Any]:
    bins = [
        {"low": each.low, "high": each.high, "mean": round(each.mean, 4), "good": each.good.row()}
        for each in honest.bins
    ]
    return asdict(honest) | {"bins": bins}
