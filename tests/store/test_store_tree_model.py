"""Random operations on the tree of a chat, against a plain Python model of it."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from rpterm.store import Store
from rpterm.types import Origin


class TreeMachine(RuleBasedStateMachine):
    """Turns as a dict of parents, shown children as a dict, one leaf."""

    turns = Bundle("turns")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(Path(self.folder.name) / "rp.db")
        self.chat_id = self.store.create_chat(card_name="A", card_hash="h").id
        self.parent: dict[int, int | None] = {}
        self.shown: dict[int, int] = {}
        self.leaf: int | None = None

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    def path_of(self, turn: int | None) -> list[int]:
        path: list[int] = []
        while turn is not None:
            path.insert(0, turn)
            turn = self.parent[turn]
        return path

    def children(self, turn: int | None) -> list[int]:
        return sorted(child for child, parent in self.parent.items() if parent == turn)

    def down(self, turn: int) -> int:
        while children := self.children(turn):
            last = self.shown.get(turn)
            turn = last if last in children else children[-1]
        return turn

    def show(self, turn: int | None) -> None:
        self.leaf = turn
        path = self.path_of(turn)
        self.shown.update(pairwise(path))

    def below(self, turn: int) -> set[int]:
        return {other for other in self.parent if turn in self.path_of(other)}

    @rule(target=turns, under=st.none() | turns, select=st.booleans())
    def add(self, under: int | None, select: bool) -> object:
        if under is not None and under not in self.parent:
            return multiple()
        turn = self.store.add_turn(
            self.chat_id, under, "user", "U", "text", origin=Origin.TYPED, select=select
        )
        self.parent[turn.id] = under
        if select:
            self.show(turn.id)
        return turn.id

    @rule(target=turns, of=turns)
    def edit(self, of: int) -> object:
        if of not in self.parent:
            return multiple()
        turn = self.store.add_turn(
            self.chat_id, self.parent[of], "user", "U", "edited",
            origin=Origin.EDITED, edited_from=of,
        )  # fmt: skip
        assert turn.edited_from == of
        self.parent[turn.id] = self.parent[of]
        self.show(turn.id)
        return turn.id

    @rule(turn=turns)
    def select(self, turn: int) -> None:
        if turn in self.parent:
            self.show(self.down(turn))
            assert self.store.select(self.chat_id, turn).id == self.leaf

    @rule(turn=st.none() | turns)
    def set_leaf(self, turn: int | None) -> None:
        if turn is None or turn in self.parent:
            self.store.set_leaf(self.chat_id, turn)
            self.show(turn)

    @rule(turn=turns)
    def delete(self, turn: int) -> None:
        if turn not in self.parent:
            return
        through = turn in self.path_of(self.leaf)
        above, gone = self.parent[turn], self.below(turn)
        others = [other for other in self.children(above) if other != turn]
        for other in gone:
            del self.parent[other]
        if through:
            older = [other for other in others if other < turn]
            heir = older[-1:] or others[:1]
            self.show(self.down(heir[0]) if heir else above)
        assert self.store.delete_turn(turn) == self.leaf

    @invariant()
    def same_tree(self) -> None:
        found = self.store.tree(self.chat_id)
        assert {turn.id: turn.parent_id for turn in found} == self.parent
        for turn in found:
            siblings = self.children(turn.parent_id)
            assert turn.swipes == len(siblings)
            assert siblings[turn.swipe - 1] == turn.id
            assert turn.edited_from is None or turn.edited_from in self.parent
        leaves = [turn for turn in self.parent if not self.children(turn)]
        assert [turn.id for turn in self.store.leaves(self.chat_id)] == sorted(leaves)[::-1]

    @invariant()
    def same_branch(self) -> None:
        chat = self.store.chat(self.chat_id)
        assert chat.leaf_id == self.leaf
        assert chat.turn_count == len(self.parent)
        if self.leaf is not None:
            path = self.store.path(self.leaf)
            assert [turn.id for turn in path] == self.path_of(self.leaf)
            assert self.store.path(self.leaf, 2) == path[-2:]
            by_id = {turn.id: turn for turn in self.store.tree(self.chat_id)}
            assert [by_id[turn.id] for turn in path] == path

    @invariant()
    def index_in_step(self) -> None:
        texts = len(self.store.search("text")) + len(self.store.search("edited"))
        assert texts == min(len(self.parent), 100)


TestTree = TreeMachine.TestCase
TestTree.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
