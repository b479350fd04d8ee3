"""Facts in the database: links, branches, forgetting, crashes, and when they are written."""

import json
import random
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from rpterm.engine.engine_lease import EngineLease
from rpterm.engine.protocol import GenerateRequest
from rpterm.engine.scripted import ScriptedEngine
from rpterm.errors import RptermError
from rpterm.memory.character_memory import CharacterMemory
from rpterm.memory.distil import reflect, work
from rpterm.memory.distil.distiller import Distiller
from rpterm.memory.distil.work import RULES, DistillingWork
from rpterm.prompt.oneshot import background_asker
from rpterm.prompt.template import ChatTemplate
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.store.memory.distilled import Distilled, Draft
from rpterm.store.memory.memories import Memories
from rpterm.store.memory.records import Memory
from rpterm.types import Cast, Member, Origin, Sampling

NOW = 1_780_000_000.0


class World:
    """A store, a clock, a character's memory, and chats that are easy to write."""

    def __init__(self, path, character="C"):
        self.time = NOW
        self.store = Store(path, clock=lambda: self.time)
        self.memory = CharacterMemory(self.store, character)
        self.memory.start()
        self.work = DistillingWork(self.memory)

    def chat(self, character="C"):
        return self.store.create_chat(card_name=character, card_hash="0").id

    def say(self, chat, text, after=None, role="user"):
        turn = self.store.add_turn(chat, after, role, "Ann", text, origin=Origin.TYPED)
        self.memory.remember(turn.id)
        self.time += 86_400
        return turn.id

    def read(self, chat):
        assert self.memory.settled(20)
        kept = self.work.read_rules(chat).kept
        self.memory.wake()
        assert self.memory.settled(20)
        return {row.text: row.id for row in kept}

    def ask(self, chat, draft):
        path = self.store.path(leaf) if (leaf := self.store.chat(chat).leaf_id) else []
        found = self.memory.recall(chat, path, draft, 1000, lambda text: len(text.split()))
        return [item.text.partition(") ")[2] for item in found if item.kind == "fact"]

    def facts(self):
        return {row.text: row for row in self.memory.page(kinds=["fact"])}

    def close(self):
        self.memory.close()
        self.store.close()


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path / "rpterm.db")
    yield made
    made.close()


def test_a_name_is_put_right_in_a_later_turn(world):
    chat = world.chat()
    turn = world.say(chat, "my sister Anna has gone missing. i have a dog, his name is Rex")
    assert set(world.read(chat)) == {"Ann's sister is called Anna", "Ann has a dog called Rex"}
    turn = world.say(chat, "i want to see Rosa, not Anna", turn)
    assert not world.read(chat)
    turn = world.say(chat, "actually no, her name is hannah not Anna, sorry", turn)
    assert set(world.read(chat)) == {"Ann's sister is called Hannah"}
    world.say(chat, "It's Max, not Rex", turn)
    assert set(world.read(chat)) == {"Ann has a dog called Max"}
    answers = world.ask(world.chat(), "what is my sister called?")
    assert any("called Hannah" in each for each in answers)
    assert not any("called Anna" in each.partition(" (")[0] for each in answers)


def test_a_death_told_by_name_is_understood(world):
    chat = world.chat()
    turn = world.say(chat, "I have a dog called Rex.")
    world.read(chat)
    world.say(chat, "Rex died yesterday. Nero died long ago.", turn)
    assert set(world.read(chat)) == {"Ann's dog Rex died"}
    assert any("Rex died" in each for each in world.ask(world.chat(), "how is my dog?"))


def test_what_was_a_lie_is_taken_back(world):
    chat = world.chat()
    turn = world.say(chat, "My name is Tom.")
    world.read(chat)
    turn = world.say(chat, "I'm not Tom.", turn)
    assert set(world.read(chat)) == {"Ann is not called Tom"}
    world.say(chat, "I live in Rome. I lied. My name is Peter", turn)
    assert set(world.read(chat)) == {"Ann is called Peter"}
    answers = world.ask(world.chat(), "whats my name")
    assert any("called Peter" in each for each in answers)
    assert not any(each == "Ann is called Tom" for each in answers)


def test_of_a_character_plans_are_kept_and_nothing_else(world):
    chat = world.chat()
    asked = world.say(chat, "What will you do?")
    said = "I live in Bath. I shall visit my brother tomorrow. I'm selling the boat in May."
    reply = world.say(chat, said, asked, "assistant")
    plans = {"Ann said they would visit their brother tomorrow",
             "Ann said they were selling the boat in May"}  # fmt: skip
    assert set(world.read(chat)) == plans
    assert all(row.turn_id == reply for row in world.facts().values())
    world.say(chat, "I'm not going to visit my brother after all.", reply, "assistant")
    world.read(chat)
    found = world.ask(world.chat(), "Will you visit your brother?")
    assert "Ann said they would visit their brother tomorrow" not in found
    assert "Ann said they would not visit their brother" in found


def moved(world):
    """A chat in which Ann moves; its turns, and the facts by their text."""
    chat = world.chat()
    first = world.say(chat, "I live in Bath.")
    between = world.say(chat, "I see.", first, "assistant")
    world.say(chat, "I moved to London.", between)
    return chat, first, between, world.read(chat)


BATH, LONDON = "Ann lives in Bath", "Ann moved to London and lives there"


def test_a_fact_has_its_source_its_words_and_who_found_it(world):
    chat, first, _, facts = moved(world)
    detail = world.memory.distilled.details([facts[BATH]])[facts[BATH]]
    assert (detail.turns, detail.quote, detail.method) == ((first,), "I live in Bath", "rules")
    row = world.memory.get_many([facts[BATH]])[facts[BATH]]
    assert (row.turn_id, row.chat_id, row.by_model, row.shared) == (first, chat, False, False)
    assert row.created_at == NOW
    assert world.read(chat) == {}


def test_a_replaced_fact_is_linked_and_not_recalled_as_if_it_held(world):
    _, _, _, facts = moved(world)
    details = world.memory.distilled.details(facts.values())
    assert details[facts[LONDON]].older == (facts[BATH],)
    assert details[facts[BATH]].newer == (facts[LONDON],)
    assert world.memory.get_many([facts[BATH]])[facts[BATH]].superseded_by == facts[LONDON]
    other = world.chat()
    assert world.ask(other, "Where in London or Bath does Ann live?") == [LONDON]


def test_asked_about_the_past_both_are_told(world):
    moved(world)
    (told,) = world.ask(world.chat(), "Did Ann live in Bath or London?")
    assert told.startswith(f"{LONDON} (earlier: {BATH}, ")


def test_facts_of_this_chat_bear_the_name_the_user_has_now(world):
    chat, *_ = moved(world)
    path = world.store.path(world.store.chat(chat).leaf_id)

    def told(chat, path, draft="Did I live in Bath or London?"):
        found = world.memory.recall(chat, path, draft, 1000, len, user="Mara Lee", in_prompt=[])
        return [item.text.partition(") ")[2] for item in found]

    now_mara = " ".join(told(chat, path))
    assert LONDON.replace("Ann", "Mara Lee") in now_mara
    assert BATH.replace("Ann", "Mara Lee") in now_mara and "Mara Lee: I " in now_mara
    assert "Ann" not in now_mara
    # In another chat, Mara may be another person.
    assert "Mara" not in " ".join(told(world.chat(), []))


def test_the_line_that_said_it_names_what_was_said_later(world):
    _chat, _, _, _ = moved(world)
    found = world.memory.recall(world.chat(), [], "Does Ann live in Bath?", 1000, len)
    lines = [item.text for item in found if item.kind == "turn" and "Bath" in item.text]
    assert lines
    assert all(f"(later: {LONDON}, " in line for line in lines)


def test_on_a_branch_without_the_newer_fact_the_older_one_holds(world):
    chat, _first, between, _ = moved(world)
    other = world.chat()
    world.store.set_leaf(chat, between)
    assert world.ask(other, "Where does Ann live?") == [BATH]
    assert world.ask(other, "Did Ann live in Bath?") == [BATH]


def test_two_branches_replace_the_same_fact_each_on_its_own(world):
    chat, _first, between, _ = moved(world)
    world.store.set_leaf(chat, between)
    paris = world.say(chat, "I moved to Paris.", between)
    assert world.store.chat(chat).leaf_id == paris
    world.read(chat)
    other = world.chat()
    assert world.ask(other, "Where does Ann live?") == ["Ann moved to Paris and lives there"]
    world.store.set_leaf(chat, between)
    assert world.ask(other, "Where does Ann live?") == [BATH]


def test_when_the_newer_fact_is_forgotten_the_older_one_holds_again(world):
    _, _, _, facts = moved(world)
    world.memory.forget(facts[LONDON])
    assert world.ask(world.chat(), "Where does Ann live?") == [BATH]


def test_of_two_newer_facts_one_may_go(world):
    chat, _, between, facts = moved(world)
    world.store.set_leaf(chat, between)
    world.say(chat, "I moved to Paris.", between)
    paris = world.read(chat)["Ann moved to Paris and lives there"]
    bath = world.memory.get_many([facts[BATH]])[facts[BATH]]
    assert bath.superseded_by == paris
    world.memory.forget(paris)
    assert world.memory.get_many([bath.id])[bath.id].superseded_by == facts[LONDON]


def test_a_link_can_be_taken_back(world):
    _, _, _, facts = moved(world)
    world.memory.distilled.unlink(facts[BATH], facts[LONDON])
    assert set(world.ask(world.chat(), "Where does Ann live?")) == {BATH, LONDON}


def test_forgetting_the_source_takes_the_fact_along_and_what_cites_it(world, tmp_path):
    chat, first, _, facts = moved(world)
    world.memory.distilled.add("C", chat, [
        Draft("reflection", "Ann moves about", (first,), "model", evidence=(facts[BATH],)),
        Draft("summary", "Ann spoke of homes", (first,), "model"),
    ], [], "reflection")  # fmt: skip
    (turn,) = [row for row in world.memory.page(kinds=["turn"]) if row.turn_id == first]
    world.memory.forget(turn.id)
    assert [row.text for row in world.memory.page() if row.kind != "turn"] == [LONDON]
    files = tmp_path.glob("rpterm.db*")
    assert not any(b"Ann lives in Bath" in file.read_bytes() for file in files)
    assert world.read(chat) == {}


def test_forgetting_a_fact_takes_a_thought_along_and_it_does_not_come_back(world):
    chat, first, _, facts = moved(world)
    thought = Draft("reflection", "Ann moves", (first,), "model", evidence=(facts[BATH],))
    world.memory.distilled.add("C", chat, [thought], [], "reflection")
    world.memory.forget(facts[BATH])
    assert world.memory.page(kinds=["reflection"]) == []
    assert world.read(chat) == {}
    world.work.distilled.reads.mark_unread("C", work.RULES)
    again = world.read(chat)
    assert list(again) == [BATH]
    assert world.memory.get_many(again.values())[again[BATH]].superseded_by == facts[LONDON]


def test_deleting_the_turn_deletes_what_was_drawn_from_it(world):
    _chat, first, between, _ = moved(world)
    world.store.delete_turn(between)
    assert set(world.facts()) == {BATH}
    world.store.delete_turn(first)
    assert world.facts() == {}


def test_an_edited_fact_is_the_users_and_replaces_nothing_more(world):
    chat, _, _, facts = moved(world)
    world.memory.edit(facts[LONDON], "Ann lives in Camden")
    detail = world.memory.distilled.details([facts[LONDON]])[facts[LONDON]]
    assert (detail.edited, detail.slot) == (True, "")
    last = world.store.chat(chat).leaf_id
    world.say(chat, "I live in Hull now.", last)
    world.read(chat)
    assert set(world.ask(world.chat(), "Where does Ann live?")) >= {"Ann lives in Camden"}


def test_facts_are_shared_only_where_the_user_allows_it(world, tmp_path):
    chat = world.chat()
    world.say(chat, "I keep a goat.", world.say(chat, "I live in Bath."))
    world.work = DistillingWork(world.memory, share=True)
    assert world.memory.settled(20)
    facts = world.read(chat)
    world.memory.mark(facts["Ann has a goat"], "shared", False)
    other = CharacterMemory(world.store, "D")
    other.start()
    assert other.settled(20)
    found = other.recall(world.chat("D"), [], "Does Ann live with a goat?", 1000, len)
    assert [item.text.partition(") ")[2] for item in found] == [BATH]
    other.close()


def test_a_character_does_not_read_the_other_ones_chats(world):
    chat = world.chat("D")
    world.say(chat, "I live in Bath.")
    assert world.read(chat) == {}


def test_company_reads_what_it_heard_each_for_itself(world):
    chat = world.chat()
    alone = world.say(chat, "I keep a goat.")
    assert world.memory.settled(20)
    Casts(world.store).put(chat, Cast((Member("C", "C"), Member("D", "D"))))
    world.say(chat, "I live in Bath.", alone)
    assert sorted(world.read(chat)) == ["Ann has a goat", BATH]
    company = CharacterMemory(world.store, "D")
    work = DistillingWork(company)
    assert work.chats_to_catch_up() == [chat]
    kept = work.read_rules(chat).kept
    assert [(row.text, row.character) for row in kept] == [(BATH, "D")]
    assert work.read_rules(chat).kept == ()
    assert company.forget(kept[0].id) == 1
    assert work.read_rules(chat).kept == ()
    work.distilled.reads.mark_unread("D", RULES)
    assert len(work.read_rules(chat).kept) == 1
    assert world.read(chat) == {}
    company.close()


def _drawn(detail):
    return (detail.method, detail.subject, detail.slot, detail.value, detail.quote, detail.edited)


def test_an_export_tells_what_facts_were_read_from(world, tmp_path):
    _, first, _, facts = moved(world)
    world.memory.edit(facts[LONDON], "Ann lives in Camden")
    lines = list(world.memory.export())
    with Store(tmp_path / "other.db") as store:
        copy = CharacterMemory(store, "C")
        copy.import_(lines)
        camden, bath = copy.page(kinds=["fact"])
        there = copy.distilled.details([bath.id, camden.id])
        here = world.memory.distilled.details(list(facts.values()))
        assert _drawn(there[bath.id]) == _drawn(here[facts[BATH]])
        assert _drawn(there[camden.id]) == _drawn(here[facts[LONDON]])
        assert there[bath.id].newer == (camden.id,)
    world.memory.forget(*facts.values())
    world.memory.import_(lines)
    (bath,) = [row for row in world.facts().values() if row.text == BATH]
    assert world.memory.distilled.details([bath.id])[bath.id].turns == (first,)
    broken = json.loads(lines[-1]) | {"text": "new", "drawn": {"method": "guess"}}
    with pytest.raises(RptermError, match="line 1"):
        world.memory.import_([json.dumps(broken)])


KILLED = """
    import os, sys
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    import test_distil_work as t
    world = t.World(Path({path!r}))
    chat = world.chat()
    turn = None
    for number in range(40):
        turn = world.say(chat, f"I live in Town{{number}}.", turn)
    assert world.memory.settled(20)
    print("ready", flush=True)
    world.read(chat)
    os.abort()
"""


def test_a_process_killed_while_writing_leaves_facts_whole(tmp_path):
    path = tmp_path / "rpterm.db"
    code = textwrap.dedent(KILLED.format(path=str(path), tests=str(__file__.rpartition("/")[0])))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout.readline().strip() == b"ready"
    deadline = time.monotonic() + 20
    watch = Store(path)
    watched = CharacterMemory(watch, "C")
    while len(watched.page(kinds=["fact"], limit=9)) < 5 and time.monotonic() < deadline:
        pass
    process.kill()
    process.wait()
    watched.close()
    watch.close()
    world = World(path)
    chat = world.store.chats()[0].id
    world.read(chat)
    rows = world.memory.page(kinds=["fact"])
    details = world.memory.distilled.details([row.id for row in rows])
    assert len(rows) == len(details) == 40
    assert sum(row.superseded_by is None for row in rows) == 1
    assert all(len(detail.turns) == 1 for detail in details.values())
    world.close()


def test_a_summary_waits_for_enough_turns_that_left_the_window(world):
    chat = world.chat()
    turn, turns = None, []
    for number in range(10):
        turn = world.say(chat, f"The ring was in drawer {number} of the desk.", turn)
        turns.append(turn)
    assert world.memory.settled(20)
    said = "The ring was in drawer 3 of the desk."
    assert world.work.summarise(chat, turns[:5], lambda *_: pytest.fail("asked")).kept == ()
    assert world.work.summarise(chat, turns[:8], lambda *_: None) is None
    done = world.work.summarise(chat, turns[:8], lambda *_: f"{said} A king came from Spain.")
    (row,) = done.kept
    assert (row.kind, row.text, row.by_model, row.turn_id) == ("summary", said, True, turns[7])
    assert world.work.distilled.details([row.id])[row.id].turns == tuple(turns[:8])
    assert world.work.summarise(chat, turns[:8], lambda *_: pytest.fail("asked")).kept == ()


def test_a_thought_waits_for_enough_and_cites_its_facts(world):
    chat = world.chat()
    turn = None
    for text in ("My name is Ann Reed.", "I live in York.", "My sister Clara lives in York.",
                 "My birthday is on May 4.", "I'm allergic to nuts.", "I work as a nurse.",
                 "I'm married to Tom."):  # fmt: skip
        turn = world.say(chat, text, turn)
    thought = "- Ann and her sister Clara both live in York (2, 3)\n"
    answers = iter(("- Who lives in York?\n", thought))
    facts = world.read(chat)
    assert sum(row.importance for row in world.facts().values()) >= reflect.MIN_IMPORTANCE
    (row,) = world.work.think(chat, "Ann", lambda *_: next(answers)).kept
    detail = world.work.distilled.details([row.id])[row.id]
    assert set(detail.evidence) == {
        facts["Ann lives in York"], facts["Ann's sister Clara lives in York"]
    }  # fmt: skip
    assert row.kind == "reflection"
    assert world.work.think(chat, "Ann", lambda *_: pytest.fail("asked")).kept == ()


class Beside(ScriptedEngine):
    """Answers beside the chat when it is let, and is interrupted when asked."""

    def __init__(self):
        super().__init__([""])
        self.let, self.stopped, self.asked = threading.Event(), threading.Event(), 0

    def generate_in_background(self, request):
        self.stopped.clear()
        self.asked += 1
        while not self.let.is_set():
            if self.stopped.wait(0.01):
                return None
        return "- Ann broke her wrist\n"

    def cancel_background(self):
        self.stopped.set()


@pytest.fixture
def distiller(world):
    engine = Beside()
    chat = world.chat()
    world.say(chat, "I broke my wrist. I live in Bath.")
    made = Distiller(
        lambda: [DistillingWork(world.memory)], chat, lambda: "Ann", model=True,
        still_s=0.05,
    )  # fmt: skip
    made.attach(engine, background_asker(engine, ChatTemplate(engine.load().chat_template)))
    yield made, engine
    engine.let.set()
    made.close()


def test_the_rules_write_at_once_and_the_model_when_nobody_needs_it(world, distiller):
    made, engine = distiller
    kept = []
    made.listeners.append(lambda rows: kept.extend(row.text for row in rows))
    made.wake()
    until(lambda: engine.asked == 1)
    assert kept == [BATH]
    made.busy()
    until(lambda: engine.asked == 2)
    assert kept == [BATH]
    engine.let.set()
    assert made.rested(20)
    assert kept == [BATH, "Ann broke her wrist"]
    assert made.error == ""
    assert world.facts()["Ann broke her wrist"].by_model


def test_a_chat_that_was_left_asks_the_model_for_nothing_more():
    engine = Beside()
    engine.let.set()
    lent = EngineLease(engine)
    request = GenerateRequest((1,), Sampling(seed=1))
    assert lent.generate_in_background(request) == "- Ann broke her wrist\n"
    lent.close()
    assert lent.generate_in_background(request) is None
    lent.cancel_background()
    assert not engine.stopped.is_set()
    assert engine.asked == 1


def test_closing_does_not_wait_for_the_model(distiller):
    made, engine = distiller
    made.wake()
    until(lambda: engine.asked == 1)
    made.close()
    assert not made._thread.is_alive()


def test_without_the_model_only_the_rules_write(world):
    chat = world.chat()
    world.say(chat, "I broke my wrist. I live in Bath.")
    made = Distiller(lambda: [DistillingWork(world.memory)], chat, lambda: "Ann")
    engine = Beside()
    made.attach(engine, background_asker(engine, ChatTemplate(engine.load().chat_template)))
    made.wake()
    assert made.rested(20)
    assert list(world.facts()) == [BATH]
    assert engine.asked == 0
    made.close()


def until(predicate, seconds=20):
    end = time.monotonic() + seconds
    while not predicate():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_what_an_earlier_chat_left_unread_is_read_in_the_next(world):
    world.say(world.chat(), "I live in Bath.")
    chat = world.chat()
    assert world.memory.settled(20)
    made = Distiller(lambda: [DistillingWork(world.memory)], chat, lambda: "Ann")
    made.wake()
    assert made.rested(20)
    made.close()
    assert list(world.facts()) == [BATH]


def test_facts_of_a_file_from_before_there_were_any(tmp_path):
    path = tmp_path / "rpterm.db"
    store = Store(path)
    memories = Memories(store)
    memories.add(Memory("note", "C", "kept"))
    for _ in range(2):
        assert Distilled(memories).details([1]) == {}
    assert memories.get(1).text == "kept"
    store.close()


def test_no_fact_of_an_abandoned_branch_is_recalled(world):
    """Ten chats of four branches each, every branch with a home and a pet of its own."""
    dice = random.Random(4)
    planted = {}
    for chat in [world.chat() for _ in range(10)]:
        root = world.say(chat, "Good morning.")
        for branch in range(4):
            home = world.say(chat, f"I live in Town{chat}x{branch}.", root)
            pet = world.say(chat, f"I have a dog called Rex{chat}x{branch}.", home)
            planted[pet] = (chat, f"{chat}x{branch}")
            world.read(chat)
    asked = world.chat()
    for _ in range(6):
        shown = {}
        for leaf in dice.sample(sorted(planted), len(planted)):
            chat, mark = planted[leaf]
            world.store.set_leaf(chat, leaf)
            shown[chat] = mark
        assert world.memory.settled(20)
        for mark in shown.values():
            found = world.ask(asked, f"Does Ann live in Town{mark} with a dog called Rex{mark}?")
            assert f"Ann has a dog called Rex{mark}" in found
            marks = {text.rpartition("own")[2] if "own" in text else text.rpartition("Rex")[2]
                     for text in found}  # fmt: skip
            assert marks <= set(shown.values())
        homes = {text for text in world.ask(asked, "Ann lives in Town?") if "lives" in text}
        assert len(homes) <= 1


def test_a_question_too_long_for_the_room_beside_the_chat_is_not_asked():
    engine = Beside()
    asker = background_asker(engine, ChatTemplate(engine.load().chat_template))
    assert asker([("user", "word " * 2000)], "", 50) == ""
    assert engine.asked == 0
    engine.let.set()
    assert asker([("user", "word")], 'root ::= "a"', 50) == "- Ann broke her wrist\n"


def test_a_defect_is_told_and_the_distiller_goes_on(world):
    chat = world.chat()
    world.say(chat, "I live in Bath.")
    given = iter([[None], [DistillingWork(world.memory)]])
    made = Distiller(lambda: next(given), chat, lambda: "Ann")
    made.wake()
    assert made.rested(20)
    assert made.error.startswith("rpterm itself failed (AttributeError")
    made.wake()
    assert made.rested(20)
    assert made.error == "" and BATH in world.facts()
    made.close()


def test_a_model_that_is_gone_is_not_asked_without_a_pause(world):
    class Gone(Beside):
        def generate_in_background(self, request):
            self.asked += 1

    engine, chat = Gone(), world.chat()
    world.say(chat, "I broke my wrist.")
    made = Distiller(
        lambda: [DistillingWork(world.memory)], chat, lambda: "Ann", model=True, still_s=0.2
    )  # fmt: skip
    made.attach(engine, background_asker(engine, ChatTemplate(engine.load().chat_template)))
    began = time.monotonic()
    made.wake()
    until(lambda: engine.asked == 3)
    assert time.monotonic() - began >= 0.6
    made.close()
