"""Random operations on a chat's tree, compared with a plain Python model."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rpterm.chat.branches import leaves
from rpterm.store import Store
from rpterm.types import Origin

PLACE = st.integers(0, 99)


class TreeMachine(RuleBasedStateMachine):
    """Turns as a dict of parents, shown children as a dict, one leaf."""

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

    def pick(self, place: int) -> int:
        """A living turn; draws that could name deleted ones would mostly do nothing."""
        return sorted(self.parent)[place % len(self.parent)]

    @initialize()
    def plant(self) -> None:
        """A small tree to begin with: mistakes show at forks."""
        for under in (None, 0, 0, 1, 1):
            self.put(None if under is None else self.pick(under), True)

    @rule(place=PLACE, select=st.booleans())
    def add(self, place: int, select: bool) -> None:
        self.put(self.pick(place) if self.parent else None, select)

    def put(self, under: int | None, select: bool) -> None:
        turn = self.store.add_turn(
            self.chat_id, under, "user", "U", "text", origin=Origin.TYPED, select=select
        )
        self.parent[turn.id] = under
        if select:
            self.show(turn.id)

    @precondition(lambda self: self.parent)
    @rule(place=PLACE)
    def edit(self, place: int) -> None:
        of = self.pick(place)
        turn = self.store.add_turn(
            self.chat_id, self.parent[of], "user", "U", "edited",
            origin=Origin.EDITED, edited_from=of,
        )  # fmt: skip
        assert turn.edited_from == of
        self.parent[turn.id] = self.parent[of]
        self.show(turn.id)

    @precondition(lambda self: self.parent)
    @rule(place=PLACE)
    def select(self, place: int) -> None:
        turn = self.pick(place)
        self.show(self.down(turn))
        assert self.store.select(self.chat_id, turn).id == self.leaf

    @precondition(lambda self: self.parent)
    @rule(place=PLACE)
    def set_leaf(self, place: int) -> None:
        self.move(self.pick(place))

    @rule()
    def show_nothing(self) -> None:
        self.move(None)

    def move(self, leaf: int | None) -> None:
        self.store.set_leaf(self.chat_id, leaf)
        self.show(leaf)

    @precondition(lambda self: len(self.parent) > 5)
    @rule(place=PLACE)
    def delete(self, place: int) -> None:
        self.remove(self.pick(place))

    @precondition(lambda self: len(self.parent) > 3)
    @rule(place=PLACE)
    def lift(self, place: int) -> None:
        """Delete one turn alone."""
        turn = self.pick(place)
        above, path = self.parent[turn], self.path_of(self.leaf)
        if self.shown.get(above or 0) == turn:
            self.shown.pop(above or 0)
            if turn in self.shown:
                self.shown[above or 0] = self.shown[turn]
        for child in self.children(turn):
            self.parent[child] = above
        del self.parent[turn]
        if turn == self.leaf:
            roots = self.children(None)
            heir = [root for root in roots if root < turn][-1:] or roots[:1]
            self.show(above if above is not None else self.down(heir[0]) if heir else None)
        elif turn in path:
            self.show(self.leaf)
        assert self.store.delete_turn(turn, alone=True) == self.leaf

    @precondition(lambda self: self.parent)
    @rule()
    def delete_shown(self) -> None:
        """Where the shown branch goes when its end is deleted."""
        self.remove(self.leaf if self.leaf is not None else max(self.parent))

    def remove(self, turn: int) -> None:
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
        ends = sorted((turn for turn in self.parent if not self.children(turn)), reverse=True)
        assert [turn.id for turn in leaves(self.store.tree(self.chat_id))] == ends

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
TestTree.settings = settings(max_examples=20, stateful_step_count=20)
