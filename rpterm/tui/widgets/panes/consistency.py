"""The Consistency pane: how much in character a reply is, why, and how the chat goes.

Shows a score of the reply that is meant, the last one or the selected one. Enter or a click on a
line of evidence asks to see the card's line. Knows no scorer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from rpterm.plural import counted
from rpterm.scoring.findings import Finding, excerpt, findings
from rpterm.tui import text
from rpterm.tui.widgets.panes.list import ListPane, PaneList
from rpterm.types import Turn

if TYPE_CHECKING:
    from rpterm.scoring.drift import Drift
    from rpterm.scoring.records import Evidence
    from rpterm.scoring.scorer import Score

ROWS = 6
"""Rows that the findings need below the head."""
HEIGHTS = "▁▂▃▄▅▆▇█"
_MARKS = {
    "break": ("✗", "$text-error"), "against": ("▽", "$text-warning"), "for": ("△", "$text-success"),
    "appeal": ("◇", "$text-secondary"),
}  # fmt: skip
_HEADINGS = {
    "break": "went wrong", "against": "speaks against it", "for": "speaks for it",
    "appeal": "attractiveness, not in the probability",
    "little": "says little", "clean": "looked for and not found", "mute": "had nothing to go by",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """What the pane shows.

    Attributes:
        turn: The reply meant; ``None`` before there is one.
        score: ``None`` while nobody measured it.
        trend: Probabilities of the replies shown, oldest first.
        problem: Why nothing is measured, or "".
    """

    turn: Turn | None = None
    score: Score | None = None
    trend: tuple[float, ...] = ()
    drift: Drift | None = None
    problem: str = ""


class ConsistencyPane(ListPane):
    """Figures and bars above, what made them below."""

    DEFAULT_CSS = """
    ConsistencyPane {
        #score-head { height: auto; padding: 0 2 0 1; }
        PaneList { margin: 1 0 0 0; }
        &.-low #score-head { display: none; }
        &.-low PaneList { margin: 0; }
    }
    """

    class LineWanted(Message):
        """The user wants to see this line of the card."""

        def __init__(self, source: str, line: str) -> None:
            super().__init__()
            self.source, self.line = source, line

    def __init__(self) -> None:
        super().__init__("consistency")
        self.standing = Standing(problem="Waiting for the first reply…")
        self._evidence: dict[str, Evidence] = {}

    def compose(self) -> ComposeResult:
        yield Static(id="score-head", markup=False)
        yield PaneList()

    def show(self, standing: Standing) -> None:
        """Show this."""
        if standing != self.standing:
            self.standing = standing
            self.draw()

    @on(OptionList.OptionSelected)
    def taken(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        found = self._evidence.get(event.option.id or "")
        if found is not None and found.line:
            self.post_message(self.LineWanted(found.source, found.line))

    def _draw(self) -> None:
        width = self.width
        shown = head(self.standing, width)
        self.query_one("#score-head", Static).update(shown)
        low = shown.get_height({}, width) + ROWS > self.size.height
        self.set_class(low, "-low")
        listed = self.listed
        at = listed.highlighted
        # Where there is no room for both, the head scrolls with the rest.
        first = [Option(shown + Content("\n"))] if low else []
        listed.set_options([*first, *self._options(width)])
        if at is not None and at < listed.option_count:
            listed.highlighted = at

    def _options(self, width: int) -> Iterable[Option]:
        self._evidence = {}
        score, turn = self.standing.score, self.standing.turn
        if score is None or turn is None:
            return
        kind = ""
        found = findings(score)
        for finding in found:
            if finding.kind not in _MARKS:
                continue
            if finding.kind != kind:
                kind = finding.kind
                yield Option(_heading(_HEADINGS[kind]), disabled=True)
            yield from self._finding(finding, turn.text, width)
        for kind in ("little", "clean", "mute"):
            if names := [each.label for each in found if each.kind == kind]:
                yield Option(_heading(_HEADINGS[kind]), disabled=True)
                yield Option(Content.styled(" · ".join(names), text.MUTED), disabled=True)
        if not score.complete:
            waiting = "The slow signals come when nothing else goes on."
            yield Option(Content.styled(f"\n{waiting}", f"italic {text.MUTED}"), disabled=True)

    def _finding(self, finding: Finding, reply: str, width: int) -> Iterable[Option]:
        mark, style = _MARKS[finding.kind]
        adds = f"{finding.adds:+.1f}" if finding.adds else ""
        if finding.kind == "appeal":
            adds = f"{finding.reading.value:.2f}"
        left = Content.assemble((f"{mark} ", style), finding.label)
        first = text.ends(left, (adds, text.MUTED), width)
        shown = finding.reading.evidence[:3]
        told = ""
        for number, evidence in enumerate(shown or (None,)):
            key = f"{finding.signal}#{number}"
            lines = [first] if number == 0 else []
            if evidence is not None:
                self._evidence[key] = evidence
                lines += _evidence(evidence, reply, again=evidence.line == told)
                told = evidence.line
            if lines:
                yield Option(Content("\n").join(lines), id=key)


def head(standing: Standing, width: int) -> Content:
    """The figures: probability with its interval, dimensions, the chat so far."""
    title = Content.styled("Consistency", "bold $text-primary")
    if standing.turn is not None:
        swipe = f", version {standing.turn.swipe}" if standing.turn.swipes > 1 else ""
        who = Content.styled(f"  {text.one_line(standing.turn.speaker, 20)}{swipe}", text.MUTED)
        title = (title + who).truncate(width, ellipsis=True)
    score = standing.score
    parts = [title, Content("")]
    if score is None:
        waiting = standing.problem or "Not measured yet."
        parts.append(Content.styled(waiting, text.MUTED))
    else:
        parts += _figures(score, width)
    if len(standing.trend) > 1:
        parts += [Content(""), _trend(standing, width)]
    if score is not None and standing.problem:
        parts += [Content(""), Content.styled(standing.problem, f"italic {text.MUTED}")]
    return Content("\n").join(parts)


def sparkline(values: Sequence[float], width: int) -> str:
    """The last values as small bars, the newest rightmost."""
    return "".join(
        HEIGHTS[min(len(HEIGHTS) - 1, int(max(0.0, value) * len(HEIGHTS)))]
        for value in values[-width:]
    )


def interval(low: float, middle: float, high: float, width: int) -> str:
    """A scale from 0 to 1 with the interval and the value on it."""

    def place(value: float) -> int:
        return round(min(1.0, max(0.0, value)) * (width - 1))

    cells = ["─"] * width
    for at in range(place(low), place(high) + 1):
        cells[at] = "━"
    cells[place(middle)] = "●"
    return "".join(cells)


def colour(value: float) -> str:
    """Good, doubtful or bad; what it says stands beside it in figures, too."""
    return "$text-success" if value >= 0.6 else "$text-warning" if value >= 0.3 else "$text-error"


def _figures(score: Score, width: int) -> list[Content]:
    known = "" if score.complete else ", quick"
    figure = f"in character {score.probability:.0%}"
    between = f"{score.low:.0%} to {score.high:.0%}{known}"
    scale = interval(score.low, score.probability, score.high, width)
    rows = [
        text.ends((figure, "bold"), (between, text.MUTED), width),
        Content.assemble((scale, colour(score.probability))),
        Content(""),
    ]
    longest = max((len(str(name)) for name in score.dimensions), default=0)
    for name, value in score.dimensions.items():
        left = f"{name:<{longest}} "
        if value is None:
            rows.append(Content.assemble(left, ("nothing to go by", text.FAINT)))
            continue
        full, rest = text.bar(value, _room(width, left, " 0.00"))
        rows.append(
            Content.assemble(left, (full, colour(value)), (rest, text.FAINT), f" {value:.2f}")
        )
    return rows


def _room(width: int, *taken: str) -> int:
    return max(6, min(28, width - sum(map(len, taken))))


def _trend(standing: Standing, width: int) -> Content:
    shown = min(len(standing.trend), max(8, width - 22))
    bars = sparkline(standing.trend, shown)
    drift = standing.drift
    if drift is not None and drift.alarm:
        said, style = "slipping", "$text-error"
    elif drift is not None and drift.level > 0.5:
        said, style = "somewhat worse", "$text-warning"
    else:
        said, style = "steady", text.MUTED
    of = f"  {counted(shown, 'reply', 'replies')}, "
    return Content.assemble((bars, "$text-primary"), (of, text.MUTED),
                            (said, style))  # fmt: skip


def _evidence(evidence: Evidence, reply: str, *, again: bool) -> list[Content]:
    """The words of the reply and the line they lean on; ``again``: that line was shown just now."""
    rows = []
    words = excerpt(reply, evidence) if evidence.end - evidence.start < len(reply.strip()) else ""
    said = " ".join(part for part in (words, evidence.note) if part)
    if said:
        rows.append(Content.styled(f"  {text.one_line(said)}", "$foreground 80%"))
    if evidence.line and not again:
        where = _where(evidence.source)
        line = text.one_line(evidence.line, 160)
        row = Content.assemble((f"  {where}: ", text.MUTED), (line, f"italic {text.MUTED}"))
        rows.append(row + Content.styled(" ⏎", text.FAINT) if _in_card(evidence) else row)
    return rows


def _in_card(evidence: Evidence) -> bool:
    return evidence.source.startswith("card.")


def _where(source: str) -> str:
    """``card.attributes:3`` → ``attributes 4``; ``turn:-2`` → ``2 turns before``."""
    kind, _, number = source.partition(":")
    if kind == "turn" and number.lstrip("-").isdecimal():
        back = abs(int(number))
        return "the turn before" if back == 1 else f"{back} turns before"
    name = kind.removeprefix("card.")
    return f"{name} {int(number) + 1}" if number.isdecimal() else name or "card"


def _heading(name: str) -> Content:
    return Content.styled(f"\n{name.upper()}", f"bold {text.MUTED}")
