"""Group chats in training data: only the chat's own character is learned."""

from __future__ import annotations

from pathlib import Path

from rpterm.preference.export import turns_as_heard
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.types import Cast, Member, Origin


def test_other_characters_are_heard_and_their_turns_listed(tmp_path: Path) -> None:
    with Store(tmp_path / "rp.db") as store:
        chat = store.create_chat(card_name="Holmes", card_hash="h").id
        leaf, ids = None, []
        for role, name, text in (
            ("assistant", "Holmes", "Come in."), ("user", "Ann", "Good evening."),
            ("assistant", "Irene", "Is he in?"), ("assistant", "Holmes", "He is."),
        ):  # fmt: skip
            turn = store.add_turn(chat, leaf, role, name, text, origin=Origin.IMPORTED)  # type: ignore[arg-type]
            leaf = turn.id
            ids.append(turn.id)
        alone, none = turns_as_heard(store, chat)
        assert [turn.text for turn in alone][1] == "Good evening." and not none
        Casts(store).put(chat, Cast((Member("Holmes", "Holmes"), Member("Irene", "Irene"))))
        turns, others = turns_as_heard(store, chat)
        assert [(turn.role, turn.text) for turn in turns] == [
            ("assistant", "Come in."), ("user", "Ann: Good evening."),
            ("user", "Irene: Is he in?"), ("assistant", "He is."),
        ]  # fmt: skip
        assert others == {ids[2]}
