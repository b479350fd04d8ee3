"""The Consistency pane: how well a reply stays in character, why, and the trend of the chat.

Shows the score of the last reply or of the selected one. Enter or a click on a row of evidence
requests the card's line to be shown. Knows no scorer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from rpterm.humanize import counted
from rpterm.scoring.drift import BROKEN_BELOW
from rpterm.scoring.findings import ScoreFinding, excerpt, findings
from rpterm.tui import text
from rpterm.tui.widgets.long_list import heading
from rpterm.tui.widgets.panes.list_pane import ListPane, PaneList
from rpterm.types import Turn

if TYPE_CHECKING:
    from rpterm.scoring.drift import Drift
    from rpterm.scoring.scorer import Score
    from rpterm.scoring.signal import Evidence

ROWS = 6
"""Rows that the findings need below the head; otherwise the head scrolls with them."""
HEIGHTS = "▁▂▃▄▅▆▇█"
_LINE = 120
"""Most characters shown of a line that the reply relates to."""
_MARKS = {
    "break": ("✗", "$text-error"), "against": ("▽", "$text-warning"), "for": ("△", "$text-success"),
    "new": ("◆", "$text-secondary"), "appeal": ("◇", "$text-secondary"),
}  # fmt: skip
_HEADINGS = {
    "break": "violations", "against": "evidence against", "for": "evidence for",
    "new": "made up (not part of the score)", "appeal": "attractiveness (not part of the score)",
    "little": "little effect", "clean": "checked, nothing found", "mute": "not enough data",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConsistencyState:
    """What the pane shows.

    Attributes:
        turn: The scored reply; ``None`` before there is one.
        score: ``None`` until the reply is scored.
        trend: Probabilities of the loaded replies, oldest first.
        drift: Whether the character is slipping; ``None`` if unknown.
        problem: Why there is no score, or "".
    """

    turn: Turn | None = None
    score: Score | None = None
    trend: tuple[float, ...] = ()
    drift: Drift | None = None
    problem: str = ""


class ConsistencyPane(ListPane):
    """Figures and bars at the top, the findings behind them below."""

    DEFAULT_CSS = "ConsistencyPane.-low #score-head { display: none; }"

    def __init__(self, show_line: Callable[[str], object]) -> None:
        """``show_line`` is called with a line of the card that the user wants to see."""
        super().__init__(name="consistency")
        self._show_line = show_line
        self.state = ConsistencyState(problem="Waiting for the first reply…")
        self._evidence: dict[str, Evidence] = {}

    def compose(self) -> ComposeResult:
        yield Static(id="score-head", markup=False)
        yield PaneList()

    def show(self, state: ConsistencyState) -> None:
        """Show a reply's score and the trend."""
        if state != self.state:
            self.state = state
            self.draw()

    @on(OptionList.OptionSelected)
    def on_evidence_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        evidence = self._evidence.get(event.option.id or "")
        if evidence is not None and evidence.line:
            self._show_line(evidence.line)

    def _draw(self) -> None:
        width = self.width
        top = head(self.state, width)
        self.query_one("#score-head", Static).update(top)
        low = top.get_height({}, width) + ROWS > self.size.height
        self.set_class(low, "-low")
        listed = self.listed
        marked = listed.highlighted
        # If there is no room for both, the head scrolls with the findings.
        first = [Option(top)] if low else []
        listed.set_options([*first, *self._options(width)])
        if marked is not None and marked < listed.option_count:
            listed.highlighted = marked

    def _options(self, width: int) -> Iterable[Option]:
        self._evidence = {}
        score, turn = self.state.score, self.state.turn
        if score is None or turn is None:
            return
        kind = ""
        found = findings(score)
        for finding in found:
            if finding.kind not in _MARKS:
                continue
            if finding.kind != kind:
                kind = finding.kind
                yield heading(_HEADINGS[kind])
            yield from self._finding(finding, turn.text, width)
        for kind in ("little", "clean", "mute"):
            if names := [each.label for each in found if each.kind == kind]:
                yield heading(_HEADINGS[kind])
                shown = Content.styled(" · ".join(names), text.MUTED)
                yield Option(text.hang(shown, width), disabled=True)
        if not score.complete:
            pending = "The slower signals follow when the model is idle."
            yield Option(Content.styled(f"\n{pending}", f"italic {text.MUTED}"), disabled=True)

    def _finding(self, finding: ScoreFinding, reply: str, width: int) -> Iterable[Option]:
        mark, style = _MARKS[finding.kind]
        figure = f"{finding.adds:+.1f}" if finding.adds else ""
        if finding.kind == "appeal":
            figure = f"{finding.reading.value:.2f}"
        left = Content.assemble((f"{mark} ", style), finding.label)
        first = text.justify(left, (figure, text.MUTED), width)
        shown = _distinct(finding.reading.evidence, reply)[:3]
        top = [first]
        if finding.kind == "against" and shown and shown[0].source not in ("", "card"):
            # The lines it found speak for the reply; that they are so few speaks against it.
            top.append(Content.styled("  less than usual, only this:", text.MUTED))
        last_line = ""
        for number, evidence in enumerate(shown or (None,)):
            row_id = f"{finding.signal}#{number}"
            lines = top if number == 0 else []
            if evidence is not None:
                self._evidence[row_id] = evidence
                repeated = evidence.line == last_line
                lines += _evidence_lines(evidence, reply, width, repeated=repeated)
                last_line = evidence.line
            if lines:
                yield Option(Content("\n").join(lines), id=row_id)


def _distinct(found: Sequence[Evidence], reply: str) -> list[Evidence]:
    """The evidence without what would read the same: the same word may occur twice."""
    read = {(excerpt(reply, each), each.note, each.line): each for each in reversed(found)}
    return list(reversed(read.values()))


def head(state: ConsistencyState, width: int) -> Content:
    """The figures: probability with its interval, dimensions, and the trend of the chat."""
    title = Content.styled("Consistency", "bold $text-primary")
    if state.turn is not None:
        swipe = f", version {state.turn.swipe}" if state.turn.swipes > 1 else ""
        who = Content.styled(f"  {text.one_line(state.turn.speaker, 20)}{swipe}", text.MUTED)
        title = (title + who).truncate(width, ellipsis=True)
    score = state.score
    parts = [title, Content("")]
    if score is None:
        parts.append(Content.styled(state.problem or "Not scored yet.", text.MUTED))
    else:
        parts += _figures(score, width)
    if len(state.trend) > 1:
        parts += [Content(""), _trend(state, width)]
    if score is not None and state.problem:
        parts += [Content(""), Content.styled(state.problem, f"italic {text.MUTED}")]
    return Content("\n").join(parts)


def sparkline(values: Sequence[float], width: int) -> str:
    """The last values as a sparkline, the newest one rightmost."""
    return "".join(
        HEIGHTS[min(len(HEIGHTS) - 1, int(max(0.0, value) * len(HEIGHTS)))]
        for value in values[-width:]
    )


def interval(low: float, value: float, high: float, width: int) -> str:
    """A scale from 0 to 1 that shows the interval and the value."""

    def cell(x: float) -> int:
        return round(min(1.0, max(0.0, x)) * (width - 1))

    cells = ["─"] * width
    for at in range(cell(low), cell(high) + 1):
        cells[at] = "━"
    cells[cell(value)] = "●"
    return "".join(cells)


def colour(value: float) -> str:
    """The colour for good, doubtful or bad; the value is always shown as a figure, too."""
    return "$text-success" if value >= 0.6 else "$text-warning" if value >= 0.3 else "$text-error"


def _figures(score: Score, width: int) -> list[Content]:
    quick = "" if score.complete else ", quick"
    figure = f"in character {score.probability:.0%}"
    limits = f"{score.low:.0%} to {score.high:.0%}{quick}"
    scale = interval(score.low, score.probability, score.high, width)
    rows = [
        text.justify((figure, "bold"), (limits, text.MUTED), width),
        Content.assemble((scale, colour(score.probability))),
        Content(""),
    ]
    longest = max((len(str(name)) for name in score.dimensions), default=0)
    for name, value in score.dimensions.items():
        left = f"{name:<{longest}} "
        if value is None:
            rows.append(Content.assemble(left, ("not enough data", text.FAINT)))
            continue
        bar_width = max(6, width - len(left) - len(" 0.00"))
        filled, empty = text.bar(value, bar_width)
        rows.append(
            Content.assemble(left, (filled, colour(value)), (empty, text.FAINT), f" {value:.2f}")
        )
    return rows


def _trend(state: ConsistencyState, width: int) -> Content:
    shown = min(len(state.trend), max(8, width - 22))
    bars = sparkline(state.trend, shown)
    drift = state.drift
    if drift is not None and drift.alarm:
        verdict, style = "slipping", "$text-error"
    elif state.trend[-1] < BROKEN_BELOW:
        verdict, style = "the last one fell", "$text-error"
    elif drift is not None and drift.level > 0.5:
        verdict, style = "somewhat worse", "$text-warning"
    else:
        verdict, style = "steady", text.MUTED
    replies = f"  {counted(shown, 'reply', 'replies')}, "
    return Content.assemble((bars, "$text-primary"), (replies, text.MUTED), (verdict, style))


def _evidence_lines(evidence: Evidence, reply: str, width: int, *, repeated: bool) -> list[Content]:
    """The words of the reply, and the line they relate to as a quotation unless ``repeated``."""
    is_whole = evidence.end - evidence.start >= len(reply.strip())
    words = "" if is_whole else excerpt(reply, evidence)
    rows = []
    if words or evidence.note:
        gap = ": " if words and evidence.note else ""
        said = Content.assemble(text.one_line(words), (gap + evidence.note, text.MUTED))
        rows.append(text.hang(said, width))
    if evidence.line and not repeated:
        line = around(text.one_line(evidence.line, 1000), words.strip("“”"))
        source = f"  {_source_name(evidence.source)}"
        enter = " ⏎" if evidence.source.startswith("card.") else ""
        quoted = Content.assemble(line, (source, text.MUTED), (enter, text.FAINT))
        rows.append(text.hang(quoted, width, ("  │ ", text.FAINT)))
    return rows


def around(line: str, words: str) -> Content:
    """At most ``_LINE`` characters of a line, the words in it emphasised and in view."""
    at = line.casefold().find(words.casefold()) if words else -1
    first = max(0, at - _LINE // 3) if at + len(words) > _LINE else 0
    first = line.rfind(" ", 0, first) + 1 if first else 0
    lead = "…" if first else ""
    shown = Content.styled(lead + text.one_line(line[first:], _LINE), f"italic {text.MUTED}")
    if at < 0:
        return shown
    start = at - first + len(lead)
    return shown.stylize("bold not italic $foreground", start, start + len(words))


def _source_name(source: str) -> str:
    """``card.attributes:3`` → ``attributes 4``; ``turn:-2`` → ``2 turns earlier``."""
    kind, _, number = source.partition(":")
    if kind == "turn" and number.lstrip("-").isdecimal():
        back = abs(int(number))
        return "previous turn" if back == 1 else f"{back} turns earlier"
    name = kind.removeprefix("card.")
    return f"{name} {int(number) + 1}" if number.isdecimal() else name or "card"
