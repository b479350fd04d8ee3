"""What ``rpterm duel`` does: find or begin the duel, make its replies, ask, report."""

from __future__ import annotations

import os
import secrets
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm import config
from rpterm import paths as folders
from rpterm.cli import card_source, duel_report, out
from rpterm.cli.chats import opened
from rpterm.config import Settings
from rpterm.dueling.bout import Bout, Pair, Setup
from rpterm.dueling.contender import Contender, parse, parse_all
from rpterm.dueling.maker import Maker
from rpterm.dueling.tally import running
from rpterm.marks import why
from rpterm.opening import launch
from rpterm.types import RptermError

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.engine.protocol import Engine
    from rpterm.paths import Paths
    from rpterm.store import Store
    from rpterm.store.judgement_records import Verdict

_ANSWERS: dict[str, Verdict] = {
    "l": "left", "left": "left", "r": "right", "right": "right", "=": "tie", "t": "tie",
    "tie": "tie", "0": "both_bad", "n": "both_bad", "neither": "both_bad",
}  # fmt: skip
_MOST_LINES = 10_000


# The set-up ------------------------------------------------------------------------------------
def lines(source: str) -> tuple[str, ...]:
    """The messages of a file, our own for "", none for ``fresh``.

    Raises:
        RptermError: The file cannot be read or holds no message.
    """
    if source == "fresh":
        return ()
    if not source:
        import tomli

        text = (Path(__file__).parents[1] / "dueling" / "lines.toml").read_text(encoding="utf-8")
        return tuple(tomli.loads(text)["lines"])
    try:
        raw = Path(source).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RptermError(f"{source} is not UTF-8 text; write one message a line.") from error
    except OSError as error:
        reason = why(error)
        raise RptermError(
            f"{source} cannot be read ({reason}); --turns takes a file, or fresh."
        ) from error
    found = [line.strip() for line in raw.splitlines()]
    found = [line for line in found if line and not line.startswith("#")]
    if not found:
        raise RptermError(f"{source} holds no message; write one a line.")
    return tuple(found[:_MOST_LINES])


def normal(specs: Sequence[str]) -> tuple[str, ...]:
    """The sides as they are kept, so that the same duel is found again however it was typed."""
    return tuple(parse(chr(ord("A") + at), spec).spec for at, spec in enumerate(specs))


def card_name(target: str) -> str:
    """The name of a card."""
    return launch.find_card(target, folders.find()).card.name


def draw_seed() -> int:
    """A seed nobody chose."""
    return secrets.randbits(31)


def begin(store: Store, target: str, wanted: Setup, settings: Settings, anew: bool) -> Bout:
    """Go on with this duel, or begin it."""
    if not anew and (old := Bout.resume(store, wanted)) is not None:
        return old
    found = card_source.find_card(target)
    own = found.card.user(settings.persona)
    path = str(found.path) if found.path else None
    return Bout.begin(store, found.card, found.text, own, wanted, card_path=path)


# Engines ---------------------------------------------------------------------------------------
class Engines:
    """Makes sessions for contenders, each with its model; says whether all fit at once."""

    def __init__(self, contenders: Sequence[Contender], settings: Settings, paths: Paths) -> None:
        self.kinds = {each.weights: each for each in contenders}
        self.settings, self.paths = settings, paths

    def check(self) -> None:
        """Look at every model and adapter before anything is begun; none is loaded.

        Raises:
            RptermError: One cannot be used.
        """
        for contender in self.kinds.values():
            self._engine(contender).close()

    def open(self, bout: Bout, contender: Contender) -> Session:
        """A session in the bout's chat, with nothing recalled: both sides read the same."""
        from rpterm.cards import reader
        from rpterm.chat.session import Session

        chat = bout.store.chat(bout.chat_id)
        text = bout.store.get_card(chat.card_hash) or ""
        card = reader.parse(text, f"the card of chat {chat.id}")
        engine = self._engine(contender)
        return Session(bout.store, engine, card, chat, contender.settings(self.settings))

    def _engine(self, contender: Contender) -> Engine:
        from rpterm.models.engine_factory import open_installed

        return open_installed(contender.settings(self.settings), self.paths, sequences=1)

    def all_fit(self) -> bool:
        """Whether the models of all sides fit into memory together."""
        kinds = self.kinds
        if len(kinds) == 1 or self.settings.engine != "llama":
            return True
        from rpterm.models.engine_factory import plan_model
        from rpterm.models.hardware import system_memory

        free = system_memory().available
        needed = sum(
            plan_model(
                each.settings(self.settings), models_folder=self.paths.models,
                cache_folder=folders.make(self.paths.cache),
            ).fit.bytes_needed
            for each in kinds.values()
        )  # fmt: skip
        return not free or needed < free


# Running ---------------------------------------------------------------------------------------
def run(target: str, wanted: Setup, *, anew: bool, plain: bool) -> int:
    """Judge until the end, or until the judge leaves."""
    paths = folders.find()
    settings = config.load(paths.config_file, os.environ, {})
    engines = Engines(parse_all(wanted.specs), settings, paths)
    engines.check()
    with opened(begin=True) as store:
        bout = begin(store, target, wanted, settings, anew)
        maker = Maker(bout, partial(engines.open, bout), together=engines.all_fit())
        try:
            if plain:
                in_lines(bout, maker)
            else:
                from rpterm.tui.screens.duel import DuelScreen
                from rpterm.tui.single import SingleApp

                keep = partial(config.save, paths.config_file)
                SingleApp(lambda: DuelScreen(bout, maker, settings), settings, keep).run()
        finally:
            maker.stop()
            maker.close()
        duel_report.write(bout, bout.tally())
    return 0


def report(wanted: Setup, *, as_json: bool) -> int:
    """How the newest duel like this stands, however many rounds it has.

    Raises:
        RptermError: There was none.
    """
    none = RptermError("There was no such duel yet; leave --report out to begin it.")
    if not folders.find().database.exists():
        raise none  # Whoever only looks makes no database.
    with opened() as store:
        if (bout := Bout.newest(store, wanted)) is None:
            raise none
        found = bout.tally()
        if as_json:
            sides = {each.name: each.spec for each in bout.contenders}
            out.data({"duel": bout.id, "sides": sides, **asdict(found)})
        else:
            duel_report.write(bout, found)
    return 0


# Lines -----------------------------------------------------------------------------------------
def in_lines(bout: Bout, maker: Maker) -> None:
    """Ask on standard input; replies are made behind the asking."""
    lines_ = _Lines(bout, maker)
    worker = threading.Thread(target=lines_.make, daemon=True)
    if not bout.fresh:
        worker.start()
    try:
        lines_.ask()
    finally:
        maker.stop()
        if worker.is_alive():
            worker.join(10)
    if lines_.error is not None:
        raise lines_.error


class _Lines:
    def __init__(self, bout: Bout, maker: Maker) -> None:
        self.bout, self.maker = bout, maker
        self.error: Exception | None = None
        self._news = threading.Event()
        self._all_made = False

    def make(self) -> None:
        try:
            self.maker.run(self._news.set)
        except Exception as error:  # noqa: BLE001 - raised again where the asking is
            self.error = error
        finally:
            self._all_made = True
            self._news.set()

    def ask(self) -> None:
        """Round after round; an empty input or a q ends it."""
        out.say("l left, r right, = tie, 0 both bad, Enter undecided, u undo, q leave")
        while (pair := self.bout.next()) is not None and self.error is None:
            if not pair.ready:
                if not self._wait(pair):
                    return
            elif not self._judged(pair):
                return

    def _wait(self, pair: Pair) -> bool:
        """Until more is there; for a fresh duel, the user's next message."""
        if not self.bout.fresh:
            made = self._all_made
            self._news.wait(0.5)
            self._news.clear()
            return not made
        text = ""
        if self.bout.asks(pair):
            text = self._read("You: ") or "q"
            if text == "q":
                return False
        self.maker.exchange(pair.round.place, text)
        return True

    def _judged(self, pair: Pair) -> bool:
        """One round; whether there shall be another."""
        assert pair.left is not None and pair.right is not None
        out.say(f"\nRound {pair.round.number} of {len(self.bout.planned)}")
        if pair.left.parent_id is not None:
            message = self.bout.store.turn(pair.left.parent_id)
            out.say(f"{out.one_line(message.speaker)}: {message.text}")
        out.say(f"Left: {pair.left.text}\nRight: {pair.right.text}")
        self.bout.rater.see(pair.left.id, pair.right.id)
        while (answer := self._read("> ")) is not None and answer != "q":
            if answer == "u":
                out.say("Taken back." if self.bout.undo() else "Nothing was judged yet.")
                return True
            if answer == "":
                self.bout.skip(pair)
                return True
            if answer in _ANSWERS:
                self.bout.judge(pair, _ANSWERS[answer])
                out.say(running(self.bout.tally(bootstrap=0)))
                return True
            out.say("l left, r right, = tie, 0 both bad, Enter undecided, u undo, q leave")
        return False

    def _read(self, prompt: str) -> str | None:
        """A line, or ``None`` at the end of the input."""
        if sys.stdin.isatty():
            out.say(prompt, end="")
            sys.stdout.flush()
        line = sys.stdin.readline()
        return line.strip().casefold() if line and prompt == "> " else (line.strip() or None)
