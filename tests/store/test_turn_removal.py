"""Deleting a single turn: what follows stays, and none of its words remain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rpterm.store import Store
from rpterm.store.judgements import Judgements
from rpterm.store.memory.memories import Memories
from rpterm.store.scores import Scores, StoredScore
from rpterm.store.turn_removal import FollowingTurns
from rpterm.types import Generation, Origin, Role, Sampling, Status

WORD = "qwxvbnmzz"


class Tree:
    """A chat that is planted turn by turn."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.chat = store.create_chat(card_name="Mara", card_hash="h").id

    def put(self, parent: int | None, text: str, role: Role = "user") -> int:
        name = "Ann" if role == "user" else "Mara"
        origin = Origin.TYPED if role == "user" else Origin.GENERATED
        return self.store.add_turn(self.chat, parent, role, name, text, origin=origin).id

    def reply(self, parent: int, text: str, prompt: str, ids: tuple[int, ...] = ()) -> int:
        turn = self.store.add_turn(
            self.chat, parent, "assistant", "Mara", "",
            origin=Origin.GENERATED, status=Status.STREAMING,
        )  # fmt: skip
        made = Generation(
            "llama", "m", "h", Sampling(seed=1), prompt_text=prompt, prompt_ids=ids or (1, 2)
        )
        return self.store.finish_reply(turn.id, text, Status.COMPLETE, made).id

    @property
    def shown(self) -> list[str]:
        leaf = self.store.chat(self.chat).leaf_id
        return [turn.text for turn in self.store.path(leaf)] if leaf is not None else []


@pytest.fixture
def tree(store: Store) -> Tree:
    return Tree(store)


def test_what_follows_on_every_branch_moves_to_the_parent(tree: Tree) -> None:
    store = tree.store
    hello = tree.put(None, "hello", "assistant")
    said = tree.put(hello, "said")
    other = tree.put(hello, "said otherwise")
    one, two = tree.put(said, "one", "assistant"), tree.put(said, "two", "assistant")
    end = tree.put(one, "end")
    assert store.following_turns(said) == FollowingTurns(3, 2, 1, False)
    assert store.delete_turn(said, alone=True) == end
    assert tree.shown == ["hello", "one", "end"]
    moved = {turn.id: (turn.parent_id, turn.lifted) for turn in store.tree(tree.chat)}
    assert moved == {
        hello: (None, False), other: (hello, False),
        one: (hello, True), two: (hello, True), end: (one, False),
    }  # fmt: skip
    # The way down to what was shown is remembered.
    assert store.select(tree.chat, other).id == other
    assert store.select(tree.chat, one).id == end


def test_deleting_a_turn_of_another_branch_keeps_the_branch_shown(tree: Tree) -> None:
    hello = tree.put(None, "hello", "assistant")
    said = tree.put(hello, "said")
    left = tree.put(tree.put(said, "one", "assistant"), "left")
    tree.put(hello, "elsewhere")
    leaf = tree.store.chat(tree.chat).leaf_id
    assert tree.store.delete_turn(said, alone=True) == leaf
    assert tree.shown == ["hello", "elsewhere"]
    tree.store.select(tree.chat, left)
    assert tree.shown == ["hello", "one", "left"]


def test_deleting_a_greeting_keeps_the_others(tree: Tree) -> None:
    hello, again = tree.put(None, "hello", "assistant"), tree.put(None, "again", "assistant")
    said = tree.put(hello, "said")
    tree.put(said, "reply", "assistant")
    tree.store.delete_turn(hello, alone=True)
    assert tree.shown == ["said", "reply"]
    first = tree.store.turn(said)
    assert (first.parent_id, first.swipe, first.swipes) == (None, 2, 2)
    assert tree.store.select(tree.chat, again).text == "again"


def test_deleting_the_leaf_makes_its_parent_the_leaf(tree: Tree) -> None:
    hello = tree.put(None, "hello", "assistant")
    said = tree.put(hello, "said")
    tree.put(said, "reply", "assistant")
    tree.store.set_leaf(tree.chat, said)
    assert tree.store.delete_turn(said, alone=True) == hello
    assert tree.shown == ["hello"]
    tree.store.set_leaf(tree.chat, hello)
    tree.store.delete_turn(hello, alone=True)
    assert tree.shown == ["reply"]


def test_its_words_are_erased_from_later_prompts_too(tree: Tree) -> None:
    store = tree.store
    memories, scores = Memories(store), Scores(store)
    hello = tree.put(None, "hello", "assistant")
    said = tree.put(hello, f"My name is {WORD}.")
    one = tree.reply(said, "one", f"hello My name is {WORD}.", (1, 2))
    later = tree.reply(tree.put(one, "and"), "later", f"hello My name is {WORD}. one and")
    far = tree.reply(tree.put(later, "now"), "far", "one and later now: the window had no room")
    evidence = {"start": 0, "end": 0, "note": "", "source": "turn:-2", "line": WORD}
    cites = {"remembering": {"value": 1.0, "confidence": 1.0, "evidence": [evidence]}}
    blank = StoredScore(0, "1", "h", 0.5, 0.4, 0.6)
    scores.put(replace(blank, turn_id=one))
    scores.put(replace(blank, turn_id=later, readings=cites))
    scores.put(replace(blank, turn_id=far))
    Judgements(store).stars(later, 5)
    assert memories.remember_turns([hello, said, one, later]) == 4
    before = Judgements(store).origins(tree.chat)

    store.delete_turn(said, alone=True)
    memories.scrub()

    texts = [row.text for row in memories.page("Mara")]
    assert texts == ["later", "one", "hello"]
    for turn in (one, later):
        made = store.generation(turn)
        assert made is not None
        assert (made.prompt_text, made.prompt_ids) == ("", ())
        assert made.prompt_digest == before[turn].prompt
    assert store.generation(far).prompt_text.startswith("one and")  # type: ignore[union-attr]
    assert {k: v.prompt for k, v in Judgements(store).origins(tree.chat).items()} == {
        k: v.prompt for k, v in before.items()
    }
    # What was measured against it is measured again; what says nothing of it stays.
    assert set(scores.get([one, later, far])) == {far}
    assert [each.turn_id for each in Judgements(store).ratings()] == [later]
    found = b"".join(path.read_bytes() for path in store.file.parent.iterdir())
    assert WORD.encode() not in found and WORD[1:].encode() not in found


def test_the_consequences_are_described(tree: Tree) -> None:
    hello = tree.put(None, "hello", "assistant")
    said = tree.put(hello, "said")
    assert tree.store.following_turns(said).turns == 0
    tree.put(said, "one", "assistant")
    tree.put(said, "two", "assistant")
    assert tree.store.following_turns(hello).describe() == (
        "3 turns follow it, on 2 branches. If you delete only this turn, what follows will start "
        "the chat."
    )
    tree.put(hello, "otherwise")
    assert tree.store.following_turns(said).describe() == (
        "2 turns follow it, on 2 branches. If you delete only this turn, what follows will "
        "continue the turn before it. Its other versions stay."
    )
