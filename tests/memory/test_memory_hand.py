"""The user's hand on memory: exports that lose nothing, phrases, files, and new names of a card."""

import json

import pytest

from rpterm.errors import RptermError
from rpterm.memory.blocked_phrases import BlockedPhrases
from rpterm.memory.character_memory import CharacterMemory
from rpterm.store import Store, StoreError
from rpterm.store.cast import Casts
from rpterm.store.memory.files import Piece
from rpterm.store.memory.memories import Memories
from rpterm.store.memory.sources import MemorySources
from rpterm.types import Cast, Member, Origin

NOW = 1_780_000_000.0
FACT = {"kind": "fact", "text": "Ann keeps bees"}
SOURCE = {"turn": 1, "created_at": NOW, "wording": "0a"}
DRAWN = {
    "method": "rules", "subject": "Ann", "slot": "", "value": "bees", "single": False,
    "retracts": False, "quote": "", "edited": False, "evidence": [], "newer": [],
    "sources": [SOURCE],
}  # fmt: skip


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "t.db", clock=lambda: NOW) as store:
        yield store


@pytest.fixture
def memory(store):
    memory = CharacterMemory(store, "C")
    memory.start()
    yield memory
    memory.close()


def say(store, chat, text, after=None):
    return store.add_turn(chat, after, "user", "Ann", text, origin=Origin.TYPED).id


def ask(memory, draft, path=(), chat=0):
    assert memory.settled(20)
    return memory.recall(chat, path, draft, 1000, len)


def rows(memory):
    """All memories without what may differ between databases."""
    kept = ("kind", "speaker", "text", "place", "created_at", "importance", "by_model", "shared",
            "pinned", "hidden")  # fmt: skip
    found = sorted(memory.page(), key=lambda row: row.text)
    return [{name: getattr(row, name) for name in kept} for row in found]


@pytest.fixture
def full(store, memory):
    """A character who has some of everything; the chat's id."""
    chat = store.create_chat(card_name="C", card_hash="0").id
    turn = say(store, chat, "I moved from Bath to London")
    memory.remember(turn)
    assert memory.settled(20)
    old = memory.add("Ann lives in Bath", kind="fact", chat_id=chat, turn_id=turn, by_model=True)
    new = memory.add("Ann lives in London", kind="fact", chat_id=chat, turn_id=turn, shared=True)
    Memories(store).update(old.id, superseded_by=new.id)
    note = memory.add("Never trust the ferryman", pinned=True, importance=0.5)
    memory.mark(memory.add("The vault is empty").id, "hidden")
    memory.add_file("bees.txt", "/books/bees.txt", "d1", [Piece("A hive has one queen", "p. 1")])
    memory.mark(memory.search("queen")[0].id, "pinned")
    memory.block("the cellar")
    assert memory.mark(memory.search("moved")[0].id, "pinned")
    assert note.pinned
    return chat


def test_an_export_loses_nothing_in_another_database(full, memory, tmp_path):
    lines = list(memory.export())
    with Store(tmp_path / "other.db") as other:
        copy = CharacterMemory(other, "C")
        assert copy.import_(lines) == 6
        assert rows(copy) == rows(memory)
        bath, london = copy.search("Bath lives")[0], copy.search("London lives")[0]
        assert bath.superseded_by == london.id
        assert [(f.name, f.path, f.digest, f.pieces) for f in copy.files()] == [
            ("bees.txt", "/books/bees.txt", "d1", 1)
        ]
        assert [block.phrase for block in copy.blocks()] == ["the cellar"]
        assert copy.import_(lines) == 0


def test_an_export_finds_its_source_turns_again(full, store, memory):
    lines = list(memory.export())
    (turn,) = store.tree(full)
    memory.forget(*(row.id for row in memory.page() if row.kind != "turn"))
    memory.mark(memory.page()[0].id, "pinned", False)
    assert memory.import_(lines) == 5
    assert {row.turn_id for row in memory.page(kinds=("fact", "turn"))} == {turn.id}
    assert memory.page(kinds=("turn",))[0].pinned
    store.delete_chat(full)
    assert {row.kind for row in memory.page()} == {"note", "document"}


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(FACT | {"source": SOURCE | {"wording": "wax"}}),
        *(json.dumps(FACT | {"drawn": DRAWN | {"sources": [SOURCE | broken]}}) for broken in
          ({"wording": "0"}, {"wording": 5}, {"turn": [1]}, {"created_at": "now"})),
        "{}", "7", "not json", '{"kind": "poem", "text": "x"}', '{"kind": "note", "text": " "}',
        '{"kind": "note", "text": "x", "pinned": "yes"}', '{"kind": "note", "text": 3}',
        '{"kind": "note", "text": "x", "created_at": 1e400}', "[" * 100_000,
        '{"kind": "note", "text": "x", "created_at": 1e15}', '{"never_mention": 5}',
        '{"file": {"id": 3}}', '{"file": {"id": 3, "name": 4, "path": "p", "digest": "d"}}',
    ],
)  # fmt: skip
def test_lines_that_are_no_memory_are_refused_by_number(memory, line):
    good = json.dumps({"kind": "note", "text": "fine"})
    with pytest.raises(RptermError, match="line 2"):
        memory.import_([good, line])


def test_an_invalid_source_is_not_found(memory):
    assert MemorySources(Memories(memory.store)).find(SOURCE | {"wording": "wax"}) == (None, None)
    memory.import_([json.dumps(FACT | {"source": SOURCE, "drawn": DRAWN})])
    assert memory.page()[0].turn_id is None


def test_lines_are_numbered_as_in_an_editor(memory):
    good = json.dumps({"kind": "note", "text": "fine"})
    with pytest.raises(RptermError, match="line 4"):
        memory.import_([good, "", "", "{}"])


def test_pieces_without_their_file_are_refused(memory):
    line = json.dumps({"kind": "document", "text": "x", "place": "p", "file_id": 3})
    with pytest.raises(RptermError, match="file 3"):
        memory.import_([line])


# Phrases ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("phrase", "text", "held"),
    [
        ("my ex-husband", "Her ex-husbands came.", True),
        ("the cellar", "We went down to the cellars", True),
        ("red door", "the door was red", False),
        ("red door", "a red, old door", False),
        ("Anna", "Annabel came", False),
        ("the", "the end", False),
    ],
)
def test_blocked_phrases_match_by_stem(phrase, text, held):
    assert BlockedPhrases([phrase]).occur_in(text) is held


def test_a_blocked_phrase_is_not_recalled_until_it_is_allowed_again(memory):
    memory.add("The cellar holds the wine of my uncle", pinned=True)
    memory.add("My uncle has a vineyard")
    assert len(ask(memory, "Tell me of my uncle's wine and vineyard")) == 2
    block = memory.block("  cellar ")
    assert memory.block("cellar") == block
    assert [r.text.split(") ")[1] for r in ask(memory, "my uncle's wine and vineyard")] == [
        "My uncle has a vineyard"
    ]
    memory.unblock(block.id)
    assert len(ask(memory, "my uncle's wine and vineyard")) == 2
    with pytest.raises(StoreError, match="no blocked phrase"):
        memory.unblock(block.id)
    with pytest.raises(RptermError, match="no word"):
        memory.block("and the")


# Files -----------------------------------------------------------------------------------------
def test_a_file_is_cited_and_goes_for_good(store, memory, tmp_path):
    piece = Piece("The xylophonist keeps seven hives", "bees.txt, page 12")
    file = memory.add_file("bees.txt", "/b/bees.txt", "d1", [piece])
    (found,) = ask(memory, "How many hives has the xylophonist?")
    assert found.text == "(bees.txt, page 12) The xylophonist keeps seven hives"
    assert found.why.startswith("bees.txt, page 12 · words: ")
    memory.remove_file(file.id)
    assert ask(memory, "How many hives has the xylophonist?") == []
    assert memory.files() == memory.page() == []
    store.close()
    assert b"xylophonist" not in b"".join(f.read_bytes() for f in tmp_path.glob("t.db*"))


def test_a_changed_file_replaces_what_it_was(memory):
    memory.add_file("n.md", "/n.md", "1", [Piece("The comet is green", "n.md")])
    memory.add_file("n.md", "/n.md", "2", [Piece("The comet is red", "n.md")])
    assert [file.digest for file in memory.files()] == ["2"]
    assert [row.text for row in memory.page()] == ["The comet is red"]
    with pytest.raises(RptermError, match="no text"):
        memory.add_file("e.md", "/e.md", "3", [])


# A new name of the card ------------------------------------------------------------------------
def test_memories_follow_the_new_name(full, store, memory):
    before = rows(memory)
    assert memory.rename("Captain C") == (1, 6)
    assert rows(memory) == before
    assert store.chat(full).card_name == "Captain C"
    assert [file.name for file in memory.files()] == ["bees.txt"]
    turn = say(store, full, "My parrot is called Figaro")
    memory.remember(turn)
    (found, *_) = [r for r in ask(memory, "What is my parrot called?") if r.turn_id == turn]
    assert "Figaro" in found.text
    assert CharacterMemory(store, "C").page() == [row for row in memory.page() if row.shared]


def test_only_the_chats_of_a_file_move_while_others_have_the_name(store, memory):
    mine = store.create_chat(card_name="C", card_hash="0", card_path="/mine.toml").id
    other = store.create_chat(card_name="C", card_hash="0", card_path="/other.toml").id
    for chat in (mine, other):
        memory.remember(say(store, chat, f"I am in chat {chat}"))
    memory.add("A note of nobody's chat")
    assert memory.settled(20)
    assert memory.rename("D", "/mine.toml") == (1, 1)
    assert [row.chat_id for row in memory.page()] == [mine]
    assert {row.chat_id for row in CharacterMemory(store, "C").page()} == {other, None}


def test_what_a_member_of_other_chats_heard_moves_with_its_file(store, memory):
    chats = [store.create_chat(card_name="Mara", card_hash="0").id for _ in range(2)]
    for chat, path in zip(chats, ("/mine.toml", "/other.toml"), strict=True):
        member = Member("C", "C", "0", path)
        Casts(store).put(chat, Cast((Member("Mara", "Mara"), member)))
        memory.remember(say(store, chat, f"I am in chat {chat}"))
    memory.add("A note of nobody's chat")
    assert memory.settled(20)
    assert memory.rename("D", "/mine.toml") == (0, 1)
    assert [row.chat_id for row in memory.page()] == [chats[0]]
    rest = CharacterMemory(store, "C")
    assert {row.chat_id for row in rest.page()} == {chats[1], None}
    Casts(store).put(chats[0], None)
    assert rest.rename("E", "/other.toml") == (0, 2)


def test_what_both_names_heard_is_there_once(store, memory):
    chat = store.create_chat(card_name="C", card_hash="0").id
    turn = say(store, chat, "Everybody heard this")
    memory.remember(turn)
    assert memory.settled(20)
    CharacterMemory(store, "D").add("Everybody heard this", kind="turn", chat_id=chat, turn_id=turn)
    memory.rename("D")
    assert [row.turn_id for row in memory.page()] == [turn]
