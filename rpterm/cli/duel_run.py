"""Runs ``rpterm duel``: finds or begins the duel, generates replies, asks for votes, reports."""

from __future__ import annotations

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
from rpterm.cli.user_files import load_settings, open_store
from rpterm.cli.verdict_words import VERDICTS
from rpterm.config import Settings
from rpterm.dueling.contender import Contender, parse_all
from rpterm.dueling.duel import Duel, DuelSetup, ReplyPair
from rpterm.dueling.reply_generator import ReplyGenerator
from rpterm.dueling.tally import score_line
from rpterm.errors import RptermError

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.engine.protocol import Engine
    from rpterm.paths import Paths
    from rpterm.store import Store

_MAX_MESSAGES = 10_000
_KEYS_HELP = "l left, r right, = tie, 0 both bad, Enter skip, u undo, q quit"


# Setup -----------------------------------------------------------------------------------------
def read_messages(source: str) -> tuple[str, ...]:
    """The messages of a file; those shipped with rpterm for "", none for ``fresh``.

    Raises:
        RptermError: The file cannot be read or contains no message.
    """
    if source == "fresh":
        return ()
    if not source:
        import tomli

        text = (Path(__file__).parents[1] / "dueling" / "lines.toml").read_text(encoding="utf-8")
        return tuple(tomli.loads(text)["lines"])
    hint = "--turns takes a text with one message per line, or fresh."
    found = [line.strip() for line in folders.read_text(Path(source), hint).splitlines()]
    found = [line for line in found if line and not line.startswith("#")]
    if not found:
        raise RptermError(f"{source} contains no message; write one per line.")
    return tuple(found[:_MAX_MESSAGES])


def open_bout(store: Store, target: str, wanted: DuelSetup, settings: Settings, anew: bool) -> Duel:
    """Continue this duel, or begin it."""
    if not anew and (old := Duel.resume(store, wanted)) is not None:
        changed = _side_with_other_adapter(old, settings)
        if not changed:
            return old
        out.say(f"Side {changed} has another adapter than when this duel began: a new one begins.")
    found = card_source.find_card(target)
    own = found.card.user(settings.persona)
    path = str(found.path) if found.path else None
    return Duel.begin(store, found.card, found.text, own, wanted, card_path=path)


def _side_with_other_adapter(duel: Duel, settings: Settings) -> str:
    """A side whose adapter, retrained or changed, is not that of its replies so far, or ""."""
    from rpterm.models.hashes import adapter_hash

    cache = folders.make_folder(folders.find().cache)
    replies = {name: turn_id for (_, name), turn_id in duel.replies().items()}
    for side in duel.contenders if settings.engine == "llama" else ():
        made = duel.store.generation(replies[side.name]) if side.name in replies else None
        current = adapter_hash(side.settings(settings).adapter, cache)
        if made is not None and made.adapter_hash != current:
            return side.name
    return ""


# Engines ---------------------------------------------------------------------------------------
class Engines:
    """Opens a session with its own model for each contender."""

    def __init__(self, contenders: Sequence[Contender], settings: Settings, paths: Paths) -> None:
        self.kinds = {each.weights: each for each in contenders}
        self.settings, self.paths = settings, paths

    def check(self) -> None:
        """Check every model and adapter before the duel begins, without loading them.

        Raises:
            RptermError: One of them cannot be used.
        """
        for contender in self.kinds.values():
            self._engine(contender).close()

    def open(self, duel: Duel, contender: Contender) -> Session:
        """A session in the duel's chat, without memory, so that all sides read the same prompt."""
        from rpterm.cards.format import reader
        from rpterm.chat.session import Session

        chat = duel.store.chat(duel.chat_id)
        text = duel.store.get_card(chat.card_hash) or ""
        card = reader.parse(text, f"the card of chat {chat.id}")
        engine = self._engine(contender)
        return Session(duel.store, engine, card, chat, contender.settings(self.settings))

    def _engine(self, contender: Contender) -> Engine:
        from rpterm.models.engine_factory import open_engine

        return open_engine(contender.settings(self.settings), self.paths, sequences=1)

    def all_fit(self) -> bool:
        """Whether the models of all sides fit into memory at once."""
        kinds = self.kinds
        if len(kinds) == 1 or self.settings.engine != "llama":
            return True
        from rpterm.hardware.system_memory import system_memory
        from rpterm.models.engine_factory import plan_model

        free = system_memory().available
        needed = sum(
            plan_model(each.settings(self.settings), self.paths).fit.bytes_needed
            for each in kinds.values()
        )
        return not free or needed < free


# Running ---------------------------------------------------------------------------------------
def run(target: str, wanted: DuelSetup, *, anew: bool, plain: bool) -> int:
    """Judge until the last round, or until the user quits."""
    paths = folders.find()
    settings = load_settings()
    engines = Engines(parse_all(wanted.specs), settings, paths)
    engines.check()
    with open_store(begin=True) as store:
        duel = open_bout(store, target, wanted, settings, anew)
        maker = ReplyGenerator(duel, partial(engines.open, duel), together=engines.all_fit())
        try:
            if plain:
                run_plain(duel, maker)
            else:
                from rpterm.tui.screen_app import ScreenApp
                from rpterm.tui.screens.duel import DuelScreen

                keep = partial(config.save, paths.config_file)
                ScreenApp(settings, keep, DuelScreen(duel, maker)).run()
        finally:
            maker.stop()
            maker.close()
        duel_report.print_report(duel, duel.tally())
    return 0


def print_report(wanted: DuelSetup, *, as_json: bool) -> int:
    """Print the result of the newest duel like this one, however many rounds it has.

    Raises:
        RptermError: There is none.
    """
    none = RptermError("There is no such duel yet; leave out --report to begin it.")
    if not folders.find().database.exists():
        raise none  # A report does not create a database.
    with open_store() as store:
        if (duel := Duel.newest(store, wanted, any_count=True)) is None:
            raise none
        found = duel.tally()
        if as_json:
            sides = {each.name: each.spec for each in duel.contenders}
            out.json_data({"duel": duel.id, "sides": sides, **asdict(found)})
        else:
            duel_report.print_report(duel, found)
    return 0


# Plain mode ------------------------------------------------------------------------------------
def run_plain(duel: Duel, maker: ReplyGenerator) -> None:
    """Ask on standard input, while a thread generates the replies."""
    voting = _PlainVoting(duel, maker)
    worker = threading.Thread(target=voting.generate, daemon=True)
    if not duel.fresh:
        worker.start()
    try:
        voting.ask()
    finally:
        maker.stop()
        if worker.is_alive():
            worker.join(10)
    if voting.error is not None:
        raise voting.error


class _PlainVoting:
    def __init__(self, duel: Duel, maker: ReplyGenerator) -> None:
        self.duel, self.maker = duel, maker
        self.error: Exception | None = None
        self._progress = threading.Event()
        self._all_generated = False

    def generate(self) -> None:
        """Generate all replies; runs in the worker thread."""
        try:
            self.maker.run(self._progress.set)
        except Exception as error:  # noqa: BLE001 - raised again in the thread that asks
            self.error = error
        finally:
            self._all_generated = True
            self._progress.set()

    def ask(self) -> None:
        """Ask for votes, round after round, until the end of the input or a q."""
        out.say(_KEYS_HELP)
        going_on = True
        while going_on and self.error is None:
            # Read before the pair, which may be completed in between.
            all_generated = self._all_generated
            if (pair := self.duel.next()) is None:
                return
            if pair.ready:
                going_on = self._judge(pair)
            elif self.duel.fresh:
                going_on = self._exchange(pair)
            else:
                going_on = not all_generated
                self._progress.wait(0.5)
                self._progress.clear()

    def _exchange(self, pair: ReplyPair) -> bool:
        """Generate both replies to the user's next message; whether to go on."""
        text = ""
        if self.duel.needs_message(pair):
            text = self._read("You: ") or "q"
            if text == "q":
                return False
        self.maker.exchange(pair.round.place, text)
        return True

    def _judge(self, pair: ReplyPair) -> bool:
        """Show one pair and store the vote; whether to go on."""
        assert pair.left is not None and pair.right is not None
        out.say(f"\nRound {pair.round.number} of {len(self.duel.planned)}")
        if pair.left.parent_id is not None:
            message = self.duel.store.turn(pair.left.parent_id)
            out.say(f"{out.one_line(message.speaker)}: {message.text}")
        out.say(f"Left: {pair.left.text}\nRight: {pair.right.text}")
        self.duel.rater.mark_seen(pair.left.id, pair.right.id)
        while (answer := self._read("> ")) is not None and answer != "q":
            if answer == "u":
                out.say("Undone." if self.duel.undo() else "There is no vote to undo yet.")
                return True
            if answer == "":
                self.duel.skip(pair)
                return True
            if answer in VERDICTS:
                self.duel.judge(pair, VERDICTS[answer])
                out.say(score_line(self.duel.tally(bootstrap=0)))
                return True
            out.say(_KEYS_HELP)
        return False

    def _read(self, prompt: str) -> str | None:
        """A line of input; ``None`` at the end of the input, or for an empty message."""
        if sys.stdin.isatty():
            out.say(prompt, end="")
            sys.stdout.flush()
        line = sys.stdin.readline()
        return line.strip().casefold() if line and prompt == "> " else (line.strip() or None)
