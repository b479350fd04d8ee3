"""A duel from its first round to its last, over a scripted engine; taken up again at any end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from killing import run_and_kill

from rpterm.cards.card import CharacterCard
from rpterm.chat.session import Session
from rpterm.config import Settings
from rpterm.dueling.contender import Contender
from rpterm.dueling.duel import Duel, DuelSetup, ReplyPair
from rpterm.dueling.reply_generator import ReplyGenerator
from rpterm.engine.scripted import ScriptedEngine
from rpterm.errors import RptermError
from rpterm.store import Store
from rpterm.types import Persona

CARD = CharacterCard(name="Mara", description="Keeps a lighthouse.", greetings=("Good evening.",))
TOML = "name = 'Mara'"
REPLIES = [f"Reply number {n}." for n in range(200)]


def setup(count: int = 4, *specs: str, lines: tuple[str, ...] = ("Who?", "Why?")) -> DuelSetup:
    return DuelSetup("Mara", specs or ("", "temperature=1.5"), count, 7, lines)


def begin(store: Store, wanted: DuelSetup) -> Duel:
    return Duel.begin(store, CARD, TOML, Persona("Ann"), wanted)


class Stable:
    """Opens sessions for contenders and remembers which."""

    def __init__(self, duel: Duel, replies: list[str] = REPLIES) -> None:
        self.duel, self.engines = duel, list[ScriptedEngine]()
        self.replies, self.opened = replies, list[str]()

    def __call__(self, contender: Contender) -> Session:
        engine = ScriptedEngine(self.replies)
        self.engines.append(engine)
        self.opened.append(contender.name)
        store = self.duel.store
        chat = store.chat(self.duel.chat_id)
        return Session(store, engine, CARD, chat, contender.settings(Settings()))


def fill(duel: Duel, *, together: bool = True) -> Stable:
    stable = Stable(duel)
    ReplyGenerator(duel, stable, together=together).run()
    return stable


def all_rounds(duel: Duel) -> Iterator[ReplyPair]:
    while (pair := duel.next()) is not None:
        assert pair.ready
        yield pair


def test_both_sides_answer_the_same_prompt(store: Store) -> None:
    duel = begin(store, setup())
    engine = fill(duel).engines[0]
    made = duel.replies()
    assert set(made) == {(place, name) for place in range(4) for name in "AB"}
    for place in range(4):
        one, other = (store.turn(made[place, name]) for name in "AB")
        assert one.parent_id == other.parent_id and one.parent_id is not None
        assert store.turn(one.parent_id).text == ("Who?", "Why?")[place % 2]
        first, second = engine.requests[2 * place : 2 * place + 2]
        assert first.prompt_ids == second.prompt_ids
        assert (first.sampling.temperature, second.sampling.temperature) == (0.8, 1.5)
        assert first.sampling.seed != second.sampling.seed


def test_prepared_messages_are_never_the_leaf_of_the_chat(store: Store) -> None:
    duel = begin(store, setup())
    fill(duel)
    leaf = store.chat(duel.chat_id).leaf_id
    assert leaf is not None and [turn.text for turn in store.path(leaf)] == ["Good evening."]


def test_every_round_is_judged_once_and_counted_for_its_author(store: Store) -> None:
    duel = begin(store, setup(20))
    fill(duel)
    for pair in all_rounds(duel):
        duel.judge(pair, "left" if pair.round.left == "B" else "right")
    found = duel.tally()
    assert duel.done() == len(duel.planned) == 22
    assert (found.matches[0].losses, found.votes) == (20, 20)
    assert found.matches[0].better == "B"
    assert (found.agreed.hits, found.agreed.total) == (2, 2)
    assert duel.next() is None


def test_a_duel_is_resumed_where_it_was_left(store: Store) -> None:
    duel = begin(store, setup(6))
    fill(duel)
    first = duel.next()
    assert first is not None
    duel.judge(first, "tie")
    again = Duel.resume(store, DuelSetup("Mara", ("", "temperature=1.5"), 6, 99, ("Who?", "Why?")))
    assert again is not None and again.id == duel.id and again.setup.seed == 7
    assert again.done() == 1
    pair = again.next()
    assert pair is not None and pair.round.number == 2
    assert Duel.resume(store, setup(6, "", "top_k=3")) is None


def test_skipped_rounds_come_back_only_after_resuming(store: Store) -> None:
    duel = begin(store, setup(2))
    fill(duel)
    pair = duel.next()
    assert pair is not None
    duel.skip(pair)
    following = duel.next()
    assert following is not None and following.round.number == 2
    duel.judge(following, "left")
    assert duel.next() is None
    later = Duel.resume(store, setup(2))
    assert later is not None
    pair = later.next()
    assert pair is not None and pair.round.number == 1


def test_undo_brings_the_round_back(store: Store) -> None:
    duel = begin(store, setup(2))
    fill(duel)
    assert not duel.undo()
    pair = duel.next()
    assert pair is not None
    duel.judge(pair, "both_bad")
    assert duel.undo() and duel.done() == 0
    pair = duel.next()
    assert pair is not None and pair.round.number == 1


def test_models_that_do_not_fit_together_run_one_after_the_other(store: Store) -> None:
    duel = begin(store, setup(3, "one.gguf", "two.gguf"))
    order: list[tuple[int, str]] = []

    def told() -> None:
        newest = max(duel.replies().items(), key=lambda item: item[1])
        order.append(newest[0])

    stable = Stable(duel)
    ReplyGenerator(duel, stable, together=False).run(told)
    assert order == [(0, "A"), (1, "A"), (2, "A"), (0, "B"), (1, "B"), (2, "B")]
    assert stable.opened == ["A", "B"]


def test_a_place_where_a_side_has_no_text_is_left_out(store: Store) -> None:
    duel = begin(store, setup(2))
    stable = Stable(duel, ["", "", "", "Words."])
    ReplyGenerator(duel, stable).run()
    assert duel.failed
    assert all(pair.round.place not in duel.failed for pair in [duel.next()] if pair)


def test_an_engine_failure_names_its_side(store: Store) -> None:
    duel = begin(store, setup(2))

    def broken(contender: Contender) -> Session:
        chat = store.chat(duel.chat_id)
        return Session(store, ScriptedEngine(REPLIES, fail_at=1), CARD, chat, Settings())

    with pytest.raises(RptermError, match="Side A: "):
        ReplyGenerator(duel, broken).run()


def test_the_next_message_answers_the_winner(store: Store) -> None:
    duel = begin(store, setup(2, lines=()))
    maker = ReplyGenerator(duel, Stable(duel))
    winner = 0
    for place in range(2):
        pair = duel.next()
        assert pair is not None and not pair.ready
        message = duel.say(f"Message {place}")
        for contender in duel.contenders:
            maker.answer(place, contender, message)
        pair = duel.next()
        assert pair is not None and pair.left is not None and pair.right is not None
        if place:
            assert message.parent_id == winner
        duel.judge(pair, "right")
        winner = pair.right.id
    assert duel.next() is None and duel.tally().votes == 2


def test_a_repeated_round_waits_its_turn_and_the_conversation_goes_on_from_its_end(
    store: Store,
) -> None:
    duel = begin(store, setup(11, lines=()))
    maker = ReplyGenerator(duel, Stable(duel))
    asked, last = list[int](), 0
    while (pair := duel.next()) is not None:
        if not pair.ready:
            message = duel.say("And then?")
            assert last in (0, message.parent_id)
            for contender in duel.contenders:
                maker.answer(pair.round.place, contender, message)
            continue
        duel.judge(pair, "right")
        if pair.round.again is None and pair.right is not None:
            last = pair.right.id
        asked.append(pair.round.number)
        assert store.chat(duel.chat_id).leaf_id == last
    assert asked == list(range(1, 13)) and duel.tally().agreed.total == 1


def test_a_duel_interrupted_between_two_sides_keeps_its_message(
    store: Store,
) -> None:
    duel = begin(store, setup(1, lines=()))
    message = duel.say("Who is there?")
    ReplyGenerator(duel, Stable(duel)).answer(0, duel.contenders[0], message)
    again = Duel.resume(store, setup(1, lines=()))
    assert again is not None
    pair = again.next()
    assert pair is not None and not again.needs_message(pair)
    maker, first = ReplyGenerator(again, Stable(again)), again.replies()[0, "A"]
    maker.exchange(0, "Another message.")
    made = again.replies()
    assert made[0, "A"] == first
    assert [store.turn(made[0, name]).parent_id for name in "AB"] == [message.id] * 2
    maker.exchange(0)
    assert len(store.siblings(first)) == 2, "neither replied twice"


def test_a_duel_that_is_left_while_a_model_loads_generates_nothing_more(store: Store) -> None:
    duel, opened = begin(store, setup(1, lines=())), list[str]()

    def opener(contender: Contender) -> Session:
        opened.append(contender.name)
        maker.stop()
        endless = ScriptedEngine(["word " * 1000], delay_s=60)
        return Session(store, endless, CARD, store.chat(duel.chat_id), Settings())

    maker = ReplyGenerator(duel, opener)
    maker.exchange(0, "Who is there?")
    maker.exchange(0)
    assert opened == ["A"] and not duel.replies() and not duel.failed


def test_equal_or_single_sides_are_refused() -> None:
    with pytest.raises(RptermError, match="same"):
        setup(4, "top_k=5", "top_k=5")
    with pytest.raises(RptermError, match="two sides"):
        setup(4, "top_k=5")


JUDGE = """
import sys
from pathlib import Path
from rpterm.dueling.duel import Duel, DuelSetup
from rpterm.store import Store
duel = Duel.resume(Store(Path(sys.argv[1])), DuelSetup("Mara", ("", "temperature=1.5"), 12, 7, ("Who?", "Why?")))
while (pair := duel.next()) is not None:
    duel.judge(pair, "left")
    print(pair.round.number, flush=True)
"""  # noqa: E501


def test_kill_9_loses_no_stored_verdict(tmp_path: Path) -> None:
    path = tmp_path / "kill.db"
    with Store(path) as store:
        fill(begin(store, setup(12)))
    told = run_and_kill(JUDGE, str(path), lines=5)
    with Store(path) as store:
        duel = Duel.resume(store, setup(12))
        done = told if duel is None else duel.done()
        assert told <= done <= told + 1
