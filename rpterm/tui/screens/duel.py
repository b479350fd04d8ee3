"""The screen of a duel over many rounds: two blind replies, one key to judge, then the next two.

Replies are generated ahead, in a thread of their own, while the user judges. The standings are
shown at the bottom. The rules of a duel are in ``rpterm.dueling``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from rpterm.dueling.tally import Tally, score_line
from rpterm.errors import RptermError, user_message
from rpterm.tui import keys, markup, text
from rpterm.tui.screens.dialog import errors_as_notices
from rpterm.tui.screens.judging import VERDICTS, JudgingScreen
from rpterm.tui.widgets.candidates import SIDES, Candidates
from rpterm.tui.widgets.hints import KeyHints
from rpterm.tui.widgets.text_inputs import JoinerInput
from rpterm.tui.worker_thread import WorkerThread

if TYPE_CHECKING:
    from rpterm.dueling.duel import Duel, ReplyPair
    from rpterm.dueling.reply_generator import ReplyGenerator
    from rpterm.store.judgement_records import Verdict

COMMANDS = (*VERDICTS, "judge-undo")
WRITING = "Both are writing…"


class DuelScreen(JudgingScreen):
    """Shows and judges one round at a time."""

    DEFAULT_CSS = """
    DuelScreen {
        #page { width: 100%; max-width: 150; height: auto; padding: 1 1 0 1; }
        #pair { height: auto; }
        #say { display: none; margin: 0 1; border: round $primary-muted; background: $background; }
        &.-asking #say { display: block; }
        #stand { height: 1; padding: 0 2; color: $text-muted; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "skip", "undecided", show=False),
        Binding("q", "leave", "leave", show=False),
    ]

    @dataclass(eq=False)
    class Made(Message):
        """A reply was generated, or generation ended, perhaps with a problem."""

        problem: str = ""

    def __init__(self, duel: Duel, maker: ReplyGenerator) -> None:
        super().__init__()
        self.duel, self.maker = duel, maker
        self._making = WorkerThread("make", self._failed)
        self.pair: ReplyPair | None = None
        self._problem = ""
        self._writing = False

    def compose(self) -> ComposeResult:
        yield Static(id="top", markup=False)
        with VerticalScroll(id="middle", can_focus=False), Vertical(id="page"):
            yield Static(id="said", markup=False)
            yield Vertical(id="pair")
        yield JoinerInput(placeholder="Write your next message…", id="say")
        yield Static(id="stand", markup=False)
        yield KeyHints(id="hints")

    def on_mount(self) -> None:
        keys.bind(self, COMMANDS)
        self.query_one("#hints", KeyHints).show((*COMMANDS, "help"))
        if not self.duel.fresh:
            self._generate(lambda: self.maker.run(lambda: self.post_message(self.Made())))
        self.show()

    def on_unmount(self) -> None:
        self.maker.stop()
        self._making.close()
        self._making.join(10.0)

    # Generating --------------------------------------------------------------------------------
    def _generate(self, make: Callable[[], object]) -> None:
        """Generate replies in the background, and post the end or the problem."""

        def work() -> None:
            try:
                make()
            except RptermError as error:
                self.post_message(self.Made(str(error)))
            else:
                self.post_message(self.Made())

        self._making.put(work)

    @on(Made)
    def made(self, event: Made) -> None:
        """Show the new replies if no complete pair is shown yet."""
        self._problem = event.problem or self._problem
        self._writing = False
        if self.pair is None or not self.pair.ready:
            self.show()
        else:
            self._show_head()

    @on(Input.Submitted, "#say")
    def said(self, event: Input.Submitted) -> None:
        """Send the user's next message of a fresh duel to both sides."""
        event.stop()
        words, pair = event.value.strip(), self.pair
        if not words or pair is None:
            return
        event.input.value = ""
        self.remove_class("-asking")
        self.query_one("#said", Static).update(Content.styled(WRITING, text.MUTED))
        self._exchange(pair.round.place, words)

    def _exchange(self, place: int, words: str = "") -> None:
        """Generate the missing replies to a message."""
        self._writing = True
        self._generate(lambda: self.maker.exchange(place, words))

    # Judging -----------------------------------------------------------------------------------
    async def action_command(self, name: str) -> None:
        """Run a command of the key registry."""
        if name == "judge-undo":
            self._undo()
        elif name in VERDICTS and self.pair is not None and self.pair.ready:
            self.judge(VERDICTS[name])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the keys while the user writes."""
        writing = isinstance(self.focused, Input)
        return not (writing and action in ("command", "leave", "skip"))

    def judge(self, verdict: Verdict) -> None:
        """Store a verdict and show the next round."""
        assert self.pair is not None
        with errors_as_notices(self):
            self.duel.judge(self.pair, verdict)
        self.show()

    def action_skip(self) -> None:
        """Skip this round without a verdict."""
        if self.pair is not None and self.pair.ready:
            with errors_as_notices(self):
                self.duel.skip(self.pair)
            self.show()

    def _undo(self) -> None:
        with errors_as_notices(self):
            if not self.duel.undo():
                self.notify("Nothing was judged yet.", markup=False)
        self.show()

    def action_leave(self) -> None:
        """Leave; everything is stored, and the same command resumes the duel."""
        self.dismiss(None)

    # Showing -----------------------------------------------------------------------------------
    def show(self) -> None:
        """Show the next round."""
        with errors_as_notices(self):
            self._show()

    def _show(self) -> None:
        self.pair = pair = self.duel.next()
        ready = pair is not None and pair.ready
        asking = self._needs_message(pair)
        if not asking and self._can_exchange(pair):
            assert pair is not None
            self._exchange(pair.round.place)
        self.query_one("#pair", Vertical).remove_children()
        self.set_class(asking, "-asking")
        said = self.query_one("#said", Static)
        if ready:
            assert pair is not None
            self._show_pair(pair)
        elif self._problem:
            said.update(Content.styled(self._problem, "$text-error"))
        elif pair is None:
            said.update("That was the last round. q leaves, and the report follows.")
        else:
            said.update(Content.styled(self._waiting(asking), text.MUTED))
        self.set_focus(self.query_one("#say", Input) if asking else None)
        self._show_head()

    def _can_exchange(self, pair: ReplyPair | None) -> bool:
        """Whether replies to a message in a fresh duel are missing and can be generated now."""
        missing = pair is not None and not pair.ready
        return missing and self.duel.fresh and not self._problem and not self._writing

    def _needs_message(self, pair: ReplyPair | None) -> bool:
        """Whether the user must write first: neither side has replied in this round yet."""
        return pair is not None and self._can_exchange(pair) and self.duel.needs_message(pair)

    def _waiting(self, asking: bool) -> str:
        if self._writing:
            return WRITING
        return "Your turn." if asking else "The first replies are being written…"

    def _show_pair(self, pair: ReplyPair) -> None:
        assert pair.left is not None and pair.right is not None
        self.query_one("#said", Static).update(self._message(pair))
        self.query_one("#pair", Vertical).mount(Candidates((pair.left, pair.right), SIDES))
        self.duel.rater.mark_seen(pair.left.id, pair.right.id)
        self.query_one("#middle", VerticalScroll).scroll_home(animate=False)

    def _message(self, pair: ReplyPair) -> Content:
        assert pair.left is not None
        if pair.left.parent_id is None:
            return Content("")
        turn = self.duel.store.turn(pair.left.parent_id)
        name = Content.styled(text.harmless(turn.speaker), "bold $text-secondary")
        return Content.assemble(name, "\n", markup.roleplay(turn.text), "\n")

    def _show_head(self) -> None:
        made, needed = len(self.duel.replies()), self.duel.places * len(self.duel.names)
        number = self.pair.round.number if self.pair is not None else len(self.duel.planned)
        is_generating = made < needed and not self.duel.fresh
        self.head(
            f"Round {number} of {len(self.duel.planned)}", self.duel.setup.card,
            f"made {made} of {needed}" if is_generating else "",
        )  # fmt: skip
        self.query_one("#stand", Static).update(self._standings(self.duel.tally(bootstrap=0)))

    def _standings(self, tally: Tally) -> str:
        if not tally.votes:
            return "Which side is A and which is B is revealed at the end."
        return text.one_line(score_line(tally), max(20, self.size.width - 4))

    def _failed(self, error: Exception) -> None:
        self.post_message(self.Made(user_message(error)))

    def on_resize(self) -> None:
        self._show_head()
