"""Exports chats to rpterm's own ``jsonl`` files, imports them, and exports them again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rpterm.cards.card import CharacterCard
from rpterm.cards.format.writer import dump
from rpterm.store import Store, StoreError
from rpterm.store.cast import Casts
from rpterm.transfer.chat_export import json_lines
from rpterm.transfer.chat_import import ImportedChat, import_chats
from rpterm.types import (
    AuthorNote,
    Cast,
    Generation,
    Member,
    Origin,
    Persona,
    Role,
    Sampling,
    Status,
    TurnTaking,
)

MADE = Generation(
    "llama", "m", "h", Sampling(seed=3, banned=("x",), logit_bias={"a": -1.0}),
    prompt_ids=(1, 2), prompt_text="\ud800", stop=("\n",), prompt_digest="d",
)  # fmt: skip


def branching(store: Store) -> int:
    """A chat with swipes, an edit, a cast, provenance, and a branch that is not shown."""
    digest = store.put_card("Mara", dump(CharacterCard("Mara", description="Keeps a light.")))
    chat = store.create_chat(
        card_name="Mara", card_hash=digest, title="Night\nwatch",
        persona=Persona("Ann", "Tall."), note=AuthorNote("Rain.", 2),
    )  # fmt: skip

    def add(parent: int | None, role: Role, text: str, origin: Origin, **more: Any) -> int:
        name = "Ann" if role == "user" else "Mara"
        return store.add_turn(chat.id, parent, role, name, text, origin=origin, **more).id

    first = add(None, "assistant", "Good evening.", Origin.GREETING, created_at=1e9)
    add(None, "assistant", "You again.", Origin.GREETING, created_at=1e9)
    said = add(first, "user", "Hi.", Origin.TYPED)
    shown = add(said, "assistant", "Sit.", Origin.GENERATED)
    other = add(said, "assistant", "", Origin.GENERATED, status=Status.STREAMING)
    store.finish_reply(other, "Ahoy\r\n\x07.", Status.PARTIAL, MADE)
    add(other, "user", "And?", Origin.TYPED)
    add(first, "user", "Hi!", Origin.EDITED, edited_from=said)
    store.hide(said)
    late = add(add(shown, "user", "Gone.", Origin.TYPED), "assistant", "Late.", Origin.GENERATED)
    store.delete_turn(store.turn(late).parent_id or 0, alone=True)
    store.set_leaf(chat.id, shown)
    tam = Member("Tam", "Tam", store.put_card("Tam", dump(CharacterCard("Tam"))))
    Casts(store).put(chat.id, Cast((Member("Mara", "Mara"), tam), TurnTaking.ROUND))
    return chat.id


def written(store: Store, chat_id: int) -> list[dict[str, Any]]:
    """An export, with every number told as a place in the file."""
    head, *turns = map(json.loads, json_lines(store, store.chat(chat_id)).splitlines())
    place = {turn["id"]: at for at, turn in enumerate(turns)} | {None: None}
    head |= {"id": 0, "leaf_id": place[head["leaf_id"]]}
    for turn in turns:
        turn["chat_id"] = 0
        for key in ("id", "parent_id", "edited_from"):
            turn[key] = place[turn[key]]
    return [head, *turns]


def brought(store: Store, path: Path, text: str) -> ImportedChat:
    path.write_bytes(text.encode())
    (result,) = import_chats([path], store, [])
    return result


def test_an_exported_chat_is_imported_unchanged(store: Store, tmp_path: Path) -> None:
    number = branching(store)
    text = json_lines(store, store.chat(number))
    result = brought(store, tmp_path / "x.jsonl", text)
    assert (result.error, result.notes, result.turns) == ("", (), 8)
    assert result.chat_id not in (None, number)
    assert written(store, result.chat_id or 0) == written(store, number)
    turns = store.tree(result.chat_id or 0)
    assert [turn.text for turn in turns if turn.hidden] == ["Hi."]
    assert [turn.text for turn in turns if turn.lifted] == ["Late."]
    again = brought(store, tmp_path / "x.jsonl", text)
    assert again.known == result.chat_id


def test_a_chat_that_cannot_be_stored_leaves_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json_lines(store, store.chat(branching(store)))
    with monkeypatch.context() as full:
        full.setattr(Casts, "put", no_room)
        assert "no room" in brought(store, tmp_path / "x.jsonl", text).error
    assert len(store.chats()) == 1
    assert brought(store, tmp_path / "x.jsonl", text).chat_id is not None


def no_room(*args: object) -> None:
    raise StoreError("There is no room left.")


def test_on_another_machine_cards_are_found_or_replaced_by_placeholders(
    store: Store, tmp_path: Path
) -> None:
    text = json_lines(store, store.chat(branching(store)))
    with Store(tmp_path / "b.db") as other:
        result = brought(other, tmp_path / "x.jsonl", text)
        assert "No card of Mara was found" in result.notes[0] and "of Tam" in result.notes[1]
        cast = Casts(other).get(result.chat_id or 0)
        assert cast is not None and [each.present for each in cast.members] == [True, False]
        turns = [{**line, "generation": 0} for line in written(other, result.chat_id or 0)[1:]]
        assert turns == [{**line, "generation": 0} for line in written(store, 1)[1:]]


def test_a_damaged_line_is_noted_and_the_rest_is_kept(store: Store, tmp_path: Path) -> None:
    lines = json_lines(store, store.chat(branching(store))).splitlines(keepends=True)
    lines[3] = '{"type": "turn"\n'
    lines[5] = lines[5].replace('"prompt_ids": [1, 2]', '"prompt_ids": [1, "2"]')
    result = brought(store, tmp_path / "x.jsonl", "".join(lines))
    assert result.notes == (
        "Line 4 is not JSON and was left out.",
        "The parent of line 5 is missing; it starts a new branch.",
        "The parent of line 6 is missing; it starts a new branch.",
        "How the reply in line 6 was generated is unreadable; it is kept.",
    )
    assert result.turns == 7
    chat = store.chat(result.chat_id or 0)
    assert store.turn(chat.leaf_id or 0).text == "Sit."


def test_a_newer_format_is_refused(store: Store, tmp_path: Path) -> None:
    result = brought(store, tmp_path / "x.jsonl", '{"type": "chat", "format": 2}\n')
    assert result.error.endswith("this rpterm reads format 1: update rpterm.")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_odd_values_never_stop_an_import(store: Store, tmp_path: Path, data: st.DataObject) -> None:
    odd: st.SearchStrategy[Any] = (
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
    )
    odd |= st.just(10**30) | st.lists(odd, max_size=3) | st.dictionaries(st.text(max_size=3), odd)
    head: dict[str, Any] = {"type": "chat", "format": 1}
    keys = st.sampled_from(["title", "card_name", "persona", "note", "created_at", "leaf_id",
                            "cast", "updated_at", "card_hash"])  # fmt: skip
    head |= data.draw(st.dictionaries(keys, odd, max_size=4))
    turn: dict[str, Any] = {"id": 1, "role": "user", "text": "Hi.", "speaker": "Ann"}
    keys = st.sampled_from([*turn, "parent_id", "origin", "status", "created_at", "edited_from",
                            "generation"])  # fmt: skip
    turn |= data.draw(st.dictionaries(keys, odd, max_size=3))
    made = {"engine": "x", "usage": {}, "sampling": {}} | data.draw(
        st.dictionaries(st.sampled_from(["model", "usage", "prompt_ids", "sampling"]), odd)
    )
    text = "".join(json.dumps(line) + "\n" for line in (head, turn, {**turn, "generation": made}))
    result = brought(store, tmp_path / "x.jsonl", text)
    assert result.error == "" and store.chat(result.chat_id or result.known or 0)


def test_a_chat_that_a_shell_wrote_as_utf_16_is_read(store: Store, tmp_path: Path) -> None:
    text = json_lines(store, store.chat(branching(store)))
    (tmp_path / "x.jsonl").write_bytes(text.replace("\n", "\r\n").encode("utf-16"))
    (result,) = import_chats([tmp_path / "x.jsonl"], store, [])
    assert written(store, result.chat_id or 0) == written(store, 1)
    said = {"name": "Mara", "is_user": False, "mes": "Zoë."}
    (tmp_path / "y.jsonl").write_bytes(json.dumps(said).encode("utf-16"))
    (result,) = import_chats([tmp_path / "y.jsonl"], store, [])
    assert result.turns == 1
    (tmp_path / "z.jsonl").write_bytes(json.dumps(said, ensure_ascii=False).encode("latin-1"))
    (result,) = import_chats([tmp_path / "z.jsonl"], store, [])
    assert result.error.endswith("save it as UTF-8.")
