"""Importing and exporting chat logs of other programs."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rpterm.errors import RptermError
from rpterm.store import Store
from rpterm.transfer.chat_files.chat_log import (
    ChatLog,
    LogMessage,
    export_log,
    import_log,
    parse_log,
    render_log,
)
from rpterm.types import AuthorNote, Chat, Origin

HEAD = {
    "user_name": "Tom",
    "character_name": "Anna",
    "create_date": "2024-01-01",
    "chat_metadata": {"note_prompt": "Be brief.", "note_depth": 2},
}
GREETING = {
    "name": "Anna",
    "is_user": False,
    "mes": "Good day.",
    "send_date": "June 1, 2024 3:45pm",
    "swipes": ["Hello.", "Good day.", "Hm?"],
    "swipe_id": 1,
    "swipe_info": [{}, {}, {}],
}
SAID = {"name": "Tom", "is_user": True, "mes": "Hi.\r\nAll.", "send_date": 1717252000000}
HIDDEN = {"name": "System", "is_user": False, "is_system": True, "mes": "secret"}
REPLY = {
    "name": "Anna",
    "is_user": False,
    "mes": "Edited.",
    "send_date": "2024-06-01T12:00:00.000Z",
    "swipes": ["One.", "", "Two."],
    "swipe_id": 2,
}


def lines(*objects: Any) -> bytes:
    return "\n".join(json.dumps(each) for each in objects).encode()


def imported(store: Store, log: ChatLog) -> Chat:
    card_hash = store.put_card("Anna", "x")
    with import_log(store, log, card_name="Anna", card_hash=card_hash) as chat:
        return chat


def test_a_log_is_parsed() -> None:
    log = parse_log(lines(HEAD, GREETING, SAID, HIDDEN, REPLY) + b'\n{"cut": ')
    assert (log.user, log.character) == ("Tom", "Anna")
    assert log.note == AuthorNote("Be brief.", 2)
    greeting, said, reply = log.turns
    assert (greeting.swipes, greeting.shown) == (("Hello.", "Good day.", "Hm?"), 1)
    assert (said.text, said.is_user, said.at) == ("Hi.\nAll.", True, 1717252000)
    assert (reply.swipes, reply.shown) == (("One.", "Edited."), 1)
    assert reply.at == 1717243200
    assert " ".join(log.notes).count("left out") == 2
    assert "Line 5 was edited" in log.notes[0]


def test_a_log_round_trips_through_a_chat(store: Store) -> None:
    log = parse_log(lines(HEAD, GREETING, SAID, REPLY))
    chat = imported(store, log)
    assert (chat.persona.name, chat.note.text) == ("Tom", "Be brief.")
    assert chat.leaf_id is not None
    path = store.path(chat.leaf_id)
    assert [turn.text for turn in path] == ["Good day.", "Hi.\nAll.", "Edited."]
    assert [(turn.swipe, turn.swipes) for turn in path] == [(2, 3), (1, 1), (2, 2)]
    assert [turn.origin for turn in path] == [Origin.GREETING, Origin.IMPORTED, Origin.IMPORTED]
    assert path[1].created_at == 1717252000
    again = export_log(store, chat.id)
    assert again.turns == log.turns
    assert again.notes == ()
    assert parse_log(render_log(again).encode()).turns == log.turns


def test_the_variables_of_a_chat_are_kept(store: Store) -> None:
    metadata = {"variables": {"mood": "wary", "hp": 20}}
    log = parse_log(lines({**HEAD, "chat_metadata": metadata}, GREETING, SAID, REPLY))
    assert log.notes == ("Line 4 was edited after it was swiped; the edited text is kept.",)
    chat = imported(store, log)
    written = json.loads(render_log(export_log(store, chat.id)).splitlines()[0])
    assert written["chat_metadata"] == {"variables": {"mood": "wary", "hp": "20"}}


def test_hidden_messages_stay_hidden_on_import_and_export(store: Store) -> None:
    """What a program says itself is no part of the chat; what its user hid from the model is."""
    note = {"name": "Note", "is_system": True, "mes": "A remark.", "extra": {"type": "comment"}}
    told = {"name": "Dusk", "is_system": True, "mes": "It rains.", "extra": {"type": "narrator"}}
    help_ = {"name": "Anna", "is_system": True, "mes": "/help", "extra": {"type": "help"}}
    welcome = {"name": "SillyTavern System", "is_system": True, "mes": "Hi!"}
    hushed = [{**SAID, "is_system": True}, {**REPLY, "is_system": True}]
    log = parse_log(lines(HEAD, GREETING, *hushed, note, told, help_, welcome, REPLY))
    assert [turn.hidden for turn in log.turns] == [False, True, True, True, True, False]
    assert "2 messages of the program itself left out." in log.notes
    chat = imported(store, log)
    assert chat.leaf_id is not None
    assert [turn.hidden for turn in store.path(chat.leaf_id)] == [turn.hidden for turn in log.turns]
    assert all(turn.hidden for turn in store.siblings(store.path(chat.leaf_id)[2].id))
    written = [json.loads(line) for line in render_log(export_log(store, chat.id)).splitlines()]
    assert [each["is_system"] for each in written[1:]] == [turn.hidden for turn in log.turns]


def test_narration_by_the_user_is_theirs_and_not_another_character(store: Store) -> None:
    told = {"name": "System", "is_user": False, "mes": "It rains.", "extra": {"type": "narrator"}}
    unnamed = {"user_name": "unused", "character_name": "unused"}
    log = parse_log(lines(unnamed, told, GREETING, SAID))
    assert (log.user, log.character) == ("Tom", "Anna")
    said = [(turn.speaker, turn.is_user) for turn in log.turns]
    assert said == [("System", True), ("Anna", False), ("Tom", True)]


@pytest.mark.parametrize(
    ("metadata", "note"),
    [
        ({"note_interval": 1, "note_position": 1}, AuthorNote("Be brief.", 2)),
        ({"note_interval": 1, "note_position": 0}, AuthorNote("Be brief.", 10_000)),
        ({"note_interval": 0, "note_position": 1}, AuthorNote()),
    ],
)
def test_a_note_stands_where_it_stood_and_stays_off_if_it_was_off(
    metadata: dict[str, int], note: AuthorNote
) -> None:
    log = parse_log(lines({"chat_metadata": HEAD["chat_metadata"] | metadata}, GREETING))  # type: ignore[operator]
    assert log.note == note
    assert bool(log.notes) == (note == AuthorNote())


def test_what_a_log_cannot_hold_is_noted(store: Store) -> None:
    log = parse_log(lines(HEAD, GREETING, SAID, REPLY))
    chat = imported(store, log)
    first = store.tree(chat.id)[0]
    store.add_turn(chat.id, first.id, "user", "Tom", "elsewhere", origin=Origin.TYPED, select=False)
    assert export_log(store, chat.id).notes == (
        "A log cannot hold other branches: 1 turn left out.",
    )
    empty = store.create_chat(card_name="Anna", card_hash=chat.card_hash)
    assert export_log(store, empty.id).turns == ()


@pytest.mark.parametrize(
    ("change", "swipes", "shown"),
    [
        ({"swipes": None, "swipe_id": None}, ("Good day.",), 0),
        ({"swipe_id": 9}, ("Hello.", "Good day.", "Hm?"), 1),
        ({"swipe_id": True}, ("Hello.", "Good day.", "Hm?"), 1),
        ({"swipes": [], "swipe_id": 0}, ("Good day.",), 0),
        ({"swipes": [1, "a"], "swipe_id": 0}, ("Good day.",), 0),
        ({"swipes": "text"}, ("Good day.",), 0),
    ],
)
def test_odd_swipes_still_show_the_message(
    change: dict[str, Any], swipes: tuple[str, ...], shown: int
) -> None:
    (turn,) = parse_log(lines(HEAD, {**GREETING, **change})).turns
    assert (turn.swipes, turn.shown) == (swipes, shown)


@pytest.mark.parametrize(
    ("date", "known"),
    [
        ("June 1, 2024 3:45pm", True),
        ("2023-7-20 @02h 00m 51s 34ms", True),
        ("2024-06-01T12:00:00.000Z", True),
        (1717252000, True),
        (1e300, False),
        (-5, False),
        (10**400, False),
        ("9999-12-31T23:59:59-23:59", False),
        ("0001-01-01", False),
        ("yesterday", False),
        ("9999-99-99 @99h 99m 99s", False),
        (None, False),
        ([], False),
    ],
)
def test_dates_of_all_known_forms_are_read(date: Any, known: bool) -> None:
    (turn,) = parse_log(lines({**GREETING, "send_date": date})).turns
    assert (turn.at is not None) is known
    assert turn.at is None or 1.68e9 < turn.at < 1.72e9


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"[1]", b"hello", b'{"a": 1}', b'{"mes": ""}', b"[" * 99_999, b"\xff"]
)
def test_a_file_that_is_not_a_log_is_refused(data: bytes) -> None:
    with pytest.raises(RptermError):
        parse_log(data)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_refused_or_parsed(data: bytes) -> None:
    try:
        parse_log(lines(GREETING) + b"\n" + data)
    except RptermError as error:
        assert "UTF-8" in str(error)


TEXT = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1).filter(
    str.strip
)


@st.composite
def turns(draw: st.DrawFn) -> LogMessage:
    texts = tuple(draw(st.lists(TEXT, min_size=1, max_size=4, unique=True)))
    shown = draw(st.integers(0, len(texts) - 1))
    at = draw(st.none() | st.integers(10**9, 2 * 10**9))
    return LogMessage("Anna", draw(st.booleans()), texts, shown, None if at is None else float(at))


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.lists(turns(), min_size=1, max_size=8))
def test_any_log_round_trips(given_turns: list[LogMessage]) -> None:
    log = ChatLog("Tom", "Anna", tuple(given_turns), AuthorNote("note", 3))
    again = parse_log(render_log(log).encode())
    assert again.turns == log.turns
    assert (again.user, again.character, again.note) == ("Tom", "Anna", log.note)


def test_a_message_of_control_characters_is_empty() -> None:
    (turn,) = parse_log(
        lines({**GREETING, "mes": "Hi.", "swipe_id": 0, "swipes": ["Hi.", "\x1b", "\x00"]})
    ).turns
    assert turn.swipes == ("Hi.",)
    again = parse_log(render_log(ChatLog("Tom", "Anna", (turn,))).encode())
    assert again.turns[0].swipes == turn.swipes


def test_many_notes_are_counted_instead_of_kept() -> None:
    log = parse_log(lines(GREETING) + b"\n" + b"x\n" * 5000)
    assert len(log.notes) == 31
    assert log.notes[-1] == "There are 4,970 more notes like these."
    with pytest.raises(RptermError, match="more than 100,000 lines"):
        parse_log(lines(GREETING) + b"\n" * 100_001)


def test_a_line_of_a_million_values_is_left_out() -> None:
    log = parse_log(lines(GREETING) + b'\n{"mes": "x", "extra": [' + b"{}," * 500_000 + b"0]}\n")
    assert len(log.turns) == 1 and "was left out" in log.notes[-1]


def test_the_offset_of_an_invalid_byte_is_reported() -> None:
    with pytest.raises(RptermError, match=r"at byte 5\)"):
        parse_log(b"[1]\n \xff\n")


def test_unknown_content_is_reported_in_one_note() -> None:
    head = {**HEAD, "chat_metadata": {"scenario": "A storm.", "main_chat": "x", "tainted": False}}
    reply = {
        **GREETING,
        "extra": {"reasoning": "Hm.", "bookmark_link": "b", "thumb": "up", "image": "x"},
        "swipe_info": [{"send_date": 1, "extra": {"api": "a", "model": "m"}}, {}],
    }
    log = parse_log(lines(head, reply, SAID, {**reply, "force_avatar": "x.png"}))
    assert log.notes == (
        "Left out because a chat cannot store it: extra.image (2 messages), "
        "chat_metadata.scenario.",
    )
    assert parse_log(render_log(log).encode()).notes == ()


@pytest.mark.parametrize("date", ["2024-03-01@12h00m00s", "2024-3-1 @12h 00m 00s 000ms"])
def test_an_imported_chat_keeps_its_creation_date(store: Store, date: str) -> None:
    log = parse_log(lines({**HEAD, "create_date": date}, GREETING))
    chat = imported(store, log)
    assert datetime.fromtimestamp(chat.created_at) == datetime(2024, 3, 1, 12)
    assert parse_log(render_log(export_log(store, chat.id)).encode()).at == chat.created_at
