"""Memory as a session uses it: branches, chats, the user's hand, crashes. No model takes part."""

import hashlib
import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from rpterm.errors import RptermError
from rpterm.memory.character_memory import CharacterMemory
from rpterm.memory.indexing.words import terms
from rpterm.store import Store
from rpterm.store.memory.memories import Memories
from rpterm.store.memory.vectors import MemoryVectors
from rpterm.types import Origin

DAY = 86_400.0
NOW = 1_780_000_000.0


class BagEmbedder:
    """Sums one random direction a term: alike texts are near, without a model."""

    state = "ready"
    dim = 64

    def __init__(self, model="bag"):
        self.model = model
        self.asked = 0

    def start(self): ...
    def close(self): ...

    def encode_now(self, text, timeout):
        return self.encode([text])[0]

    def encode(self, texts):
        self.asked += len(texts)
        rows = np.zeros((len(texts), self.dim), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for term in terms(text) or ["."]:
                seed = int.from_bytes(hashlib.sha256((self.model + term).encode()).digest()[:4])
                row += np.random.default_rng(seed).standard_normal(self.dim)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class World:
    """A store, a clock, and chats that are easy to write."""

    def __init__(self, path, embedder=None):
        self.time = NOW
        self.store = Store(path, clock=lambda: self.time)
        self.memory = CharacterMemory(self.store, "C", embedder)

    def chat(self, character="C"):
        return self.store.create_chat(card_name=character, card_hash="0").id

    def say(self, chat, text, after=None, speaker="Ann", role="user"):
        turn = self.store.add_turn(
            chat, after.id if after else None, role, speaker, text, origin=Origin.TYPED
        )
        self.memory.remember(turn.id)
        self.time += 60
        return turn

    def path(self, chat):
        leaf = self.store.chat(chat).leaf_id
        return self.store.path(leaf) if leaf else []

    def ask(self, chat, draft, budget=1000, **more):
        assert self.memory.settled(20)
        return self.memory.recall(
            chat, self.path(chat), draft, budget, lambda text: len(text.split()), **more
        )

    def close(self):
        self.memory.close()
        self.store.close()


@pytest.fixture(params=[False, True], ids=["words", "vectors"])
def world(tmp_path, request):
    world = World(tmp_path / "t.db", BagEmbedder() if request.param else None)
    world.memory.start()
    yield world
    world.close()


def texts(found):
    return [item.text for item in found]


def test_another_chat_is_recalled_with_its_source(world):
    old = world.chat()
    turn = world.say(old, "My grandmother kept bees in Ravenna")
    world.say(old, "Fine weather today", turn)
    world.time += 20 * DAY
    (found, *_) = world.ask(world.chat(), "Do you remember what my grandmother kept?")
    assert "bees in Ravenna" in found.text
    assert found.text.startswith("(")
    assert (found.turn_id, found.chat_id) == (turn.id, old)
    assert "words: " in found.why
    assert "grandmother" in found.why
    assert found.tokens == len(found.text.split())


def test_other_characters_do_not_know(world):
    world.say(world.chat("D"), "My grandmother kept bees")
    assert world.ask(world.chat(), "grandmother bees") == []
    shared = world.memory.add("Ann is allergic to walnuts", kind="fact", shared=True)
    other = CharacterMemory(world.store, "D")
    other.start()
    assert other.settled(20)
    found = other.recall(world.chat("D"), [], "allergic to walnuts?", 99, len)
    assert [item.id for item in found] == [shared.id]
    other.close()


def test_abandoned_branches_are_never_recalled(world):
    chat = world.chat()
    root = world.say(chat, "Hello there")
    bath = world.say(chat, "I live in Bath with my parrot", root)
    fact = world.memory.add("Ann has a parrot", kind="fact", chat_id=chat, turn_id=bath.id)
    world.say(chat, "I live in London with my tortoise", root)
    asking = world.chat()
    assert not any("parrot" in text for text in texts(world.ask(asking, "parrot in Bath?")))
    assert any("tortoise" in text for text in texts(world.ask(asking, "tortoise in London?")))
    world.store.select(chat, bath.id)
    found = world.ask(asking, "parrot in Bath?")
    assert {bath.id, fact.id} <= {item.turn_id for item in found} | {item.id for item in found}
    assert not any("tortoise" in text for text in texts(world.ask(asking, "tortoise London?")))


def test_the_path_given_counts_in_its_own_chat(world):
    chat = world.chat()
    root = world.say(chat, "Hello there")
    parrot = world.say(chat, "I have a parrot", root)
    other = world.say(chat, "I have a tortoise", root)
    shown = [root, parrot]
    assert world.memory.settled(20)
    found = world.memory.recall(chat, shown, "parrot tortoise", 99, len, in_prompt=())
    assert parrot.id in {item.turn_id for item in found}
    assert other.id not in {item.turn_id for item in found}


def test_what_is_in_the_prompt_is_not_recalled(world):
    chat = world.chat()
    first = world.say(chat, "I keep bees")
    world.say(chat, "And goats", first)
    assert world.ask(chat, "bees") == []
    assert "bees" in world.ask(chat, "bees", in_prompt=[])[0].text


def test_planted_facts_over_fifty_chats(world):
    planted, abandoned = [], []
    for number in range(50):
        chat = world.chat()
        root = world.say(chat, f"Good evening, this is visit {number}")
        if number % 17 == 0:
            abandoned.append(world.say(chat, f"my treasure{number} is hidden in cellar", root).id)
        planted.append(world.say(chat, f"my lucky charm{number} is in the attic", root).id)
        world.time += DAY
    asking = world.chat()
    for number in range(0, 50, 10):
        found = world.ask(asking, f"where is my charm{number}?")
        assert found[0].turn_id == planted[number]
    for number in (0, 17, 34):
        found = world.ask(asking, f"where is my treasure{number} hidden in the cellar?")
        assert not {item.turn_id for item in found} & set(abandoned)


def test_pinned_comes_first_and_hidden_never(world):
    one = world.memory.add("Never trust the ferryman")
    two = world.memory.add("The ferryman is my uncle")
    chat = world.chat()
    world.memory.mark(one.id, "pinned")
    found = world.ask(chat, "weather")
    assert [(item.id, item.why) for item in found] == [(one.id, "pinned")]
    world.memory.mark(two.id, "hidden")
    assert [item.id for item in world.ask(chat, "is the ferryman my uncle?")] == [one.id]
    world.memory.mark(two.id, "hidden", False)
    assert two.id in [item.id for item in world.ask(chat, "is the ferryman my uncle?")]


def test_superseded_facts_are_not_recalled(world):
    old = world.memory.add("Ann lives in Bath", kind="fact")
    new = world.memory.add("Ann lives in London", kind="fact")
    Memories(world.store).update(old.id, superseded_by=new.id)
    assert [item.id for item in world.ask(world.chat(), "where does Ann live")] == [new.id]


def test_editing_and_forgetting_take_effect_at_once(world):
    row = world.memory.add("The key is under the mat")
    for change in (world.memory.add, lambda text: world.memory.edit(row.id, text)):
        with pytest.raises(RptermError, match="needs some text"):
            change(" \n")
    chat = world.chat()
    world.memory.edit(row.id, "The key is under the flowerpot")
    found = world.ask(chat, "where is the key")
    assert texts(found)[0].endswith("flowerpot")
    assert len(found) == 1
    world.memory.forget(row.id)
    assert world.ask(chat, "where is the key") == []


def test_the_budget_holds(world):
    for number in range(12):
        world.memory.add(f"lighthouse fact {number}: " + f"detail{number} " * (number + 1))
    found = world.ask(world.chat(), "lighthouse fact", budget=25)
    assert 1 <= len(found) <= 5
    assert sum(item.tokens for item in found) <= 25


def test_a_bare_ok_recalls_two_memories_and_the_pinned_ones(world):
    things = ("boat", "goat", "lamp", "harp", "clock", "spade", "parrot", "quilt")
    for number, thing in enumerate(things):
        world.memory.add(f"The lighthouse keeper owns a {thing}", pinned=number < 3)
    for number in range(40):
        world.memory.add(f"visit{number} brought rain{number} and wind{number}")
    chat = world.chat()
    world.say(chat, "The lighthouse keeper!")
    assert len(world.ask(chat, "What does the lighthouse keeper own?")) == 8
    found = world.ask(chat, "Ok.")
    assert [item.why for item in found[:3]] == ["pinned"] * 3
    assert len(found) <= 5


def test_a_named_day_is_found_without_its_words(world):
    chat = world.chat()
    first = world.say(chat, "Quiet evening, nothing but rain")
    world.time += 14 * DAY
    world.say(chat, "We went sailing", first)
    world.time += 3 * DAY
    found = world.ask(world.chat(), "What about the rain 17 days ago?")
    assert found[0].turn_id == first.id
    assert "time: 17 days ago" in found[0].why


def test_before_the_index_is_loaded_the_database_is_searched(tmp_path):
    world = World(tmp_path / "t.db")
    chat = world.chat()
    root = world.say(chat, "Hello")
    world.say(chat, "I have a parrot", root)
    world.say(chat, "I have a tortoise", root)
    world.memory._memories.remember_turns(world.memory._memories.unremembered())
    found = world.memory.recall(world.chat(), [], "tortoise or parrot", 99, len)
    assert len(found) == 1
    assert "tortoise" in found[0].text
    pinned = world.memory.add("Never trust the ferryman", pinned=True)
    found = world.memory.recall(world.chat(), [], "A tortoise!", 99, len)
    assert [item.why == "pinned" for item in found] == [True, False] and found[0].id == pinned.id
    world.close()


def test_changing_the_model_embeds_again(tmp_path):
    first = World(tmp_path / "t.db", BagEmbedder("one"))
    first.memory.add("The comet returns in May")
    first.memory.start()
    assert first.memory.settled(20)
    first.close()
    told = []
    second = World(tmp_path / "t.db")
    second.memory = CharacterMemory(second.store, "C", BagEmbedder("two"))
    second.memory.listeners.append(lambda *progress: told.append(progress))
    second.memory.start()
    assert second.memory.settled(20)
    assert told[-1] == (1, 1)
    vectors = MemoryVectors(second.store)
    assert (vectors.progress("one"), vectors.progress("two")) == ((0, 1), (1, 1))
    assert second.memory.stats().vectors == 1
    assert second.memory._live.index.vectors.has_vector.sum() == 1
    second.close()


def test_an_internal_error_is_reported_and_the_thread_continues(tmp_path):
    class Broken(BagEmbedder):
        def encode(self, texts):
            raise KeyError("defect")

    world = World(tmp_path / "t.db", Broken())
    world.memory.start()
    world.say(world.chat(), "A walrus.")
    assert world.memory.settled(20)
    assert world.memory.stats().error.startswith("rpterm itself failed (KeyError")
    world.close()


def test_a_restart_embeds_nothing_again(tmp_path):
    first = World(tmp_path / "t.db", BagEmbedder())
    first.memory.add("The comet returns in May")
    first.memory.start()
    assert first.memory.settled(20)
    first.close()
    embedder = BagEmbedder()
    second = World(tmp_path / "t.db", embedder)
    second.memory.start()
    assert second.memory.settled(20)
    assert embedder.asked == 0
    assert second.memory._live.index.vectors.has_vector.sum() == 1
    second.close()


def test_changes_by_another_process_are_followed(world):
    chat = world.chat()
    assert world.ask(chat, "zeppelin") == []
    other = Store(world.store.file)
    CharacterMemory(other, "C").add("I flew in a zeppelin")
    other.close()
    assert len(world.ask(chat, "zeppelin flew")) == 1


def test_export_and_import(world, tmp_path):
    world.memory.add("Ann keeps bees", kind="fact", pinned=True)
    world.say(world.chat(), "I like rain")
    assert world.memory.settled(20)
    lines = list(world.memory.export())
    assert {json.loads(line)["text"] for line in lines} == {"Ann keeps bees", "I like rain"}
    copy = World(tmp_path / "copy.db")
    assert copy.memory.import_(lines) == 2
    assert copy.memory.import_(lines[:1]) == 0
    assert {row.kind for row in copy.memory.page()} == {"fact", "turn"}
    with pytest.raises(RptermError, match="line 1"):
        copy.memory.import_(["{}"])
    copy.close()


def test_a_kill_while_remembering_loses_nothing(tmp_path):
    path = tmp_path / "t.db"
    script = textwrap.dedent("""
        import os, sys
        from pathlib import Path
        from rpterm.memory.character_memory import CharacterMemory
        from rpterm.store import Store
        from rpterm.types import Origin
        store = Store(Path(sys.argv[1]))
        memory = CharacterMemory(store, "C")
        memory.start()
        chat = store.create_chat(card_name="C", card_hash="0").id
        last = None
        for number in range(60):
            last = store.add_turn(chat, last, "user", "Ann", f"pebble{number}",
                                  origin=Origin.TYPED).id
            memory.remember(last)
            if number % 7 == 3:
                memory.forget(memory.add(f"gone{number}").id)
        os.kill(os.getpid(), 9)
    """)
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -9
    world = World(path)
    world.memory.start()
    assert world.memory.settled(20)
    assert world.memory.stats().kinds == {"turn": 60}
    assert world.memory.search("gone3") == []
    with world.store.connections.read() as connection:
        connection.execute("INSERT INTO memory_fts (memory_fts) VALUES ('integrity-check')")
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    world.close()


def test_remembering_happens_in_another_thread(tmp_path):
    world = World(tmp_path / "t.db")
    chat = world.chat()
    for number in range(50):
        world.say(chat, f"line {number}")
    assert world.memory.page() == []
    world.memory.start()
    assert world.memory.settled(20)
    assert len(world.memory.page()) == 50
    world.close()


def run_and_kill(script, path):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(path)], check=False, timeout=60
    )
    assert done.returncode == -9


HEAD = """
    import os, sys, hashlib
    from pathlib import Path
    import numpy as np
    from rpterm.memory.character_memory import CharacterMemory
    from rpterm.store import Store
    class Slow:
        state, dim, model, batches = "ready", 64, "bag", 0
        def start(self): ...
        def close(self): ...
        def encode_now(self, text, timeout): return None
        def encode(self, texts):
            Slow.batches += 1
            if Slow.batches == 3:
                os.kill(os.getpid(), 9)
            return np.ones((len(texts), 64), np.float32)
    store = Store(Path(sys.argv[1]))
"""


def test_embedding_resumes_after_a_kill(tmp_path):
    path = tmp_path / "t.db"
    script = """
    plain = CharacterMemory(store, "C")
    for number in range(300):
        plain.add(f"pebble{number}")
    memory = CharacterMemory(store, "C", Slow())
    memory.start()
    memory.settled(30)
    """
    run_and_kill(HEAD + script, path)
    embedder = BagEmbedder()
    world = World(path, embedder)
    done, wanted = MemoryVectors(world.store).progress("bag")
    assert (done, wanted) == (128, 300)
    world.memory.start()
    assert world.memory.settled(20)
    assert embedder.asked == 300 - 128
    assert MemoryVectors(world.store).progress("bag") == (300, 300)
    assert world.memory._live.index.vectors.has_vector.sum() == 300
    world.close()


def test_scrubbing_is_completed_after_a_kill(tmp_path):
    path = tmp_path / "t.db"
    script = """
    from rpterm.store.database import secure_erase
    memory = CharacterMemory(store, "C")
    for number in range(100):
        memory.add(f"filler number {number}")
    row = memory.add("the code is xylophonist")
    secure_erase.scrub = lambda connection: os.kill(os.getpid(), 9)
    memory.forget(row.id)
    """
    run_and_kill(HEAD + script, path)
    world = World(path)
    assert world.memory.search("xylophonist") == []
    world.close()
    left = b"".join(file.read_bytes() for file in tmp_path.glob("t.db*"))
    assert b"filler" in left
    assert b"xylophonist" not in left


def test_two_writers_and_a_reader_agree(world):
    import threading

    chat = world.chat()
    other = Store(world.store.file)
    second = CharacterMemory(other, "C")

    def write(memory, name):
        for number in range(15):
            memory.add(f"{name}{number} pebble")

    threads = [
        threading.Thread(target=write, args=pair)
        for pair in ((world.memory, "left"), (second, "right"))
    ]
    for thread in threads:
        thread.start()
    for _ in range(10):
        world.ask(chat, "pebble")
    for thread in threads:
        thread.join()
    other.close()
    world.ask(chat, "pebble")
    ids = world.memory._live.index.ids
    assert len(set(ids.tolist())) == len(ids) == 30
