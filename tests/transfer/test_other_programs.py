"""Chats, personas and groups of programs that do not write the common chat log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rpterm.cards.card import CharacterCard
from rpterm.cards.exchange.export import export
from rpterm.cards.format.reader import load
from rpterm.cards.worlds import parse_world
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.transfer.chat_import import import_chats
from rpterm.transfer.folder_import import import_paths
from rpterm.transfer.leftovers import describe_leftovers
from rpterm.types import Persona, TurnTaking


def put(path: Path, body: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body if isinstance(body, str) else json.dumps(body), encoding="utf-8")
    return path


def turns_of(store: Store, chat_id: int | None) -> list[tuple[str, str]]:
    chat = store.chat(chat_id or 0)
    return [(turn.speaker, turn.text) for turn in store.path(chat.leaf_id or 0)]


SAID = [("Vesper", "What will it be?"), ("Ann", "Beer"), ("Vesper", "Coming up.")]
AGNAI = {
    "name": "Exported",
    "messages": [
        {"handle": "Vesper", "characterId": "x", "msg": "What will it be?",
         "createdAt": "2023-08-01T10:00:00.000Z"},
        {"handle": "Ann", "userId": "u", "msg": "Beer"},
        {"handle": "Vesper", "characterId": "x", "msg": "Coming up.", "retries": ["No."]},
    ],
}  # fmt: skip
CHARACTER_AI = {
    "info": {"character": {"name": "Vesper"}},
    "histories": {"histories": [{"msgs": [
        {"text": text, "src": {"is_human": name == "Ann", "name": name}} for name, text in SAID
    ]}]},
}  # fmt: skip
KOBOLD = {
    "gamestarted": True,
    "prompt": "What will it be?",
    "actions": ["{{[INPUT]}}Beer{{[OUTPUT]}}", "Coming up."],
    "savedsettings": {"chatname": "Ann", "chatopponent": "Vesper||$||Bob"},
}
RISU = {
    "type": "risuChat",
    "data": {"message": [
        {"role": "user" if name == "Ann" else "char", "name": name, "data": text}
        for name, text in SAID
    ]},
}  # fmt: skip
WEBUI = {
    "internal": [["<|BEGIN-VISIBLE-CHAT|>", "What will it be?"], ["Beer", "Coming up."]],
    "visible": [["", "What will it be?"], ["Beer", "Coming up."]],
    "metadata": {"assistant_1": {"versions": [{"content": "No."}, {"content": "Coming up."}]}},
}


@pytest.mark.parametrize("chat", [AGNAI, CHARACTER_AI, KOBOLD, RISU, WEBUI])
def test_a_chat_of_another_program(chat: dict[str, Any], store: Store, tmp_path: Path) -> None:
    path = put(tmp_path / "Vesper" / "Vesper_2024-01-01.json", chat)
    (result,) = import_chats([path], store, [])
    assert result.error == "" and result.card_name == "Vesper"
    said = turns_of(store, result.chat_id)
    assert [text for _, text in said] == [text for _, text in SAID]
    roles = [turn.role for turn in store.path(store.chat(result.chat_id or 0).leaf_id or 0)]
    assert roles == ["assistant", "user", "assistant"]
    if chat in (AGNAI, WEBUI):
        assert result.versions == 1
    (again,) = import_chats([path], store, [])
    assert again.known == result.chat_id


LITE = {
    "gamestarted": True,
    "prompt": "\nVesper: What will it be?",
    "actions": ["\nAnn: Beer\nVesper:", " Coming up.\nIt foams."],
    "savedsettings": {"chatname": "Ann", "chatopponent": "Vesper"},
    "memory": "Vesper pours.",
}
UNITED = {
    "gamestarted": True,
    "prompt": "Vesper: What will it be?",
    "actions": ["\nYou: Beer", "\nVesper: Coming up.\nIt foams."],
    "memory": "Vesper pours.",
}


@pytest.mark.parametrize(("save", "user"), [(LITE, "Ann"), (UNITED, "You")])
def test_a_save_of_koboldai_whose_lines_have_names(
    save: dict[str, Any], user: str, store: Store, tmp_path: Path
) -> None:
    path = put(tmp_path / "saves" / "evening.json", save)
    moved = import_paths([path], tmp_path / "cards", store)
    assert [each.target and each.target.stem for each in moved.cards] == ["vesper"]
    assert moved.chats[0].card_name == "Vesper"
    assert turns_of(store, moved.chats[0].chat_id) == [
        ("Vesper", "What will it be?"), (user, "Beer"), ("Vesper", "Coming up.\nIt foams.")
    ]  # fmt: skip


def test_a_folder_with_chats_in_json(store: Store, tmp_path: Path) -> None:
    two = {**CHARACTER_AI, "histories": {"histories": CHARACTER_AI["histories"]["histories"] * 2}}  # type: ignore[index]
    put(tmp_path / "old" / "dump.json", two)
    put(tmp_path / "old" / "theme.json", {"main_text_color": "red"})
    put(tmp_path / "old" / "empty.json", {**RISU, "data": {"message": []}})
    put(tmp_path / "old" / "layers.json", {"data_visible": [], "visible": True, "internal": 1})
    moved = import_paths([tmp_path / "old"], tmp_path / "cards", store)
    assert [store.chat(each.chat_id or 0).title for each in moved.chats] == ["dump", "dump 2"]
    assert moved.cards == [] and describe_leftovers(moved.passed_over) == "1 theme, 2 other files"


def test_a_message_without_date_is_as_old_as_the_one_before(store: Store, tmp_path: Path) -> None:
    (result,) = import_chats([put(tmp_path / "x.json", AGNAI)], store, [])
    path = store.path(store.chat(result.chat_id or 0).leaf_id or 0)
    assert len({turn.created_at for turn in path}) == 1


def test_new_logs_do_not_name_the_user_in_their_head(store: Store, tmp_path: Path) -> None:
    rows = [
        {"user_name": "unused", "character_name": "unused", "chat_metadata": {}},
        {"name": "Vesper", "is_user": False, "mes": {"message": "Hi"}, "swipe_id": 0,
         "swipes": [{"message": "Hi"}]},
        {"name": "Ann", "is_user": True, "mes": "Beer"},
    ]  # fmt: skip
    store.put_persona(Persona("Ann", "An archer."))
    path = put(tmp_path / "x.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    (result,) = import_chats([path], store, [])
    assert store.chat(result.chat_id or 0).persona == Persona("Ann", "An archer.")
    assert turns_of(store, result.chat_id) == [("Vesper", "Hi"), ("Ann", "Beer")]
    bare = put(tmp_path / "y.jsonl", json.dumps(rows[0]))
    (result,) = import_chats([bare], store, [])
    assert result.error == "The chat has no messages."


def test_what_settings_hold_besides_is_named(store: Store, tmp_path: Path) -> None:
    old = tmp_path / "old"
    put(
        old / "settings.json",
        {
            "power_user": {
                "personas": {"a.png": "Ann"},
                "persona_descriptions": {"a.png": {"description": "x", "lorebook": "Old Bar"}},
            },
            "extension_settings": {
                "regex": [{"findRegex": "x"}],
                "note": {"chara": [{"name": "Vesper", "prompt": "dark"}]},
                "variables": {"global": {"a": 1, "b": 2}},
            },
        },
    )
    persona, rest = import_paths([old], tmp_path / "cards", store).hints
    assert "Ann had the world Old Bar" in persona and "`/world chat: old-bar`" in persona
    assert rest == (
        "In the settings and not imported: 1 regex script, 1 character's author's note, "
        "2 global variables."
    )


def test_settings_bring_personas_and_further_worlds(store: Store, tmp_path: Path) -> None:
    old = tmp_path / "old"
    put(old / "characters" / "vesper.json", export(CharacterCard("Vesper"), "v2").data.decode())
    put(old / "worlds" / "Bar.json", {"entries": {"0": {"key": ["till"], "content": "Empty."}}})
    put(
        old / "settings.json",
        {
            "power_user": {
                "personas": {"a.png": "Ann", "b.png": "Bo", "user-default.png": "User"},
                "persona_descriptions": {"a.png": {"description": "An archer."}},
                "default_persona": "b.png",
            },
            "world_info_settings": {
                "world_info": {
                    "globalSelect": ["Bar"],
                    "charLore": [{"name": "vesper", "extraBooks": ["Bar"]}],
                }
            },
        },
    )
    moved = import_paths([old], tmp_path / "cards", store)
    assert moved.personas == ["Ann", "Bo"] and moved.passed_over == []
    assert [hint.split("`")[1] for hint in moved.hints] == [
        "rpterm config set persona.name Bo", "rpterm cards join CARD bar",
    ]  # fmt: skip
    assert store.personas() == [Persona("Ann", "An archer."), Persona("Bo")]
    assert load(tmp_path / "cards" / "vesper.toml").worlds == ("bar",)
    assert import_paths([old], tmp_path / "cards", store).personas == []


@pytest.mark.parametrize(("settings", "depth", "recursive"), [
    ({}, 2, True),
    ({"world_info_depth": 5, "world_info_recursive": False}, 5, False),
    ({"world_info_depth": -1, "world_info_recursive": "no"}, 2, True),
])  # fmt: skip
def test_worlds_are_searched_as_the_other_program_searched_them(
    settings: dict[str, Any], depth: int, recursive: bool, store: Store, tmp_path: Path
) -> None:
    old = tmp_path / "old"
    entry = {"key": ["till"], "content": "Empty.", "excludeRecursion": False}
    put(old / "worlds" / "Bar.json", {"entries": {"0": entry}})
    put(old / "settings.json", {"world_info_settings": settings})
    import_paths([old], tmp_path / "cards", store)
    bar = parse_world((tmp_path / "cards" / "worlds" / "bar.toml").read_text(), "bar").lorebook
    assert (bar.scan_depth, bar.recursive) == (depth, recursive)


@pytest.mark.parametrize(("name", "title"), [
    ("Vesper - 2024-11-05@10h00m00s", ""),
    ("Vesper - 2023-4-5 @10h 00m 00s 123ms", ""),
    ("2023-4-5@10h00m00s", ""),
    ("Branch #1 - Vesper - 2024-11-05@10h00m00s", "Branch #1"),
    ("Our wedding - part two", "Our wedding - part two"),
])  # fmt: skip
def test_the_name_that_a_file_gets_by_itself_is_no_title(
    name: str, title: str, store: Store, tmp_path: Path
) -> None:
    rows = [{"name": who, "is_user": who == "Ann", "mes": text} for who, text in SAID]
    path = put(tmp_path / f"{name}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    (result,) = import_chats([path], store, [])
    chat = store.chat(result.chat_id or 0)
    assert (chat.title, chat.heading) == (title, title or "Beer")


def log_file(path: Path, main: str, *said: str) -> Path:
    """A chat log whose messages alternate, begun by the character, a minute apart."""
    head = {"user_name": "Ann", "character_name": "Vesper", "chat_metadata": {"main_chat": main}}
    rows = [
        {"name": "Ann" if number % 2 else "Vesper", "is_user": bool(number % 2), "mes": text,
         "send_date": 1717252000000 + 60_000 * (number + 10 * len(main))}
        for number, text in enumerate(said)
    ]  # fmt: skip
    return put(path, "".join(json.dumps(row) + "\n" for row in (head, *rows)))


def test_branches_of_a_chat_become_its_branches_here(store: Store, tmp_path: Path) -> None:
    log_file(tmp_path / "Vesper - 1.jsonl", "", "Beer?", "Yes.", "Dark or light?")
    log_file(tmp_path / "Branch #1.jsonl", "Vesper - 1", "Beer?", "No.", "Then wine.")
    log_file(tmp_path / "A checkpoint.jsonl", "Branch #1", "Beer?", "No.")
    log_file(tmp_path / "Alone.jsonl", "Lost" * 80, "Beer?", "Hm.")
    log_file(tmp_path / "Begins elsewhere.jsonl", "Vesper - 1", "Tea?")
    logs = sorted(tmp_path.glob("*.jsonl"))
    results = {result.source.stem: result for result in import_chats(logs, store, [])}
    chat_id = results["Vesper - 1"].chat_id or 0
    joined = {stem for stem, result in results.items() if result.chat_id == chat_id}
    assert joined == {"Vesper - 1", "Branch #1", "A checkpoint"}
    assert any("a branch of Vesper - 1" in note for note in results["Branch #1"].notes)
    assert sorted(turn.text for turn in store.tree(chat_id)) == [
        "Beer?", "Dark or light?", "No.", "Then wine.", "Yes."
    ]  # fmt: skip
    leaf = store.chat(chat_id).leaf_id or 0
    assert [turn.text for turn in store.path(leaf)] == ["Beer?", "No.", "Then wine."], "the newest"
    assert len(store.chats()) == 3
    assert {result.known for result in import_chats(logs, store, [])} == {
        result.chat_id for result in results.values()
    }


def test_logs_that_name_each_other_as_their_main_chat_are_imported(
    store: Store, tmp_path: Path
) -> None:
    logs = [
        log_file(tmp_path / "A.jsonl", "B", "Beer?"),
        log_file(tmp_path / "B.jsonl", "A", "Beer?", "Yes."),
        log_file(tmp_path / "C.jsonl", "../C", "Beer?"),
    ]
    assert not any(result.error for result in import_chats(logs, store, []))


def test_a_group_names_its_chat_and_all_its_members(store: Store, tmp_path: Path) -> None:
    old = tmp_path / "old"
    for name in ("Vesper", "Tam", "Zed"):
        card = export(CharacterCard(name, greetings=("Hi.",)), "v2").data.decode()
        put(old / "characters" / f"{name}.json", card)
    group = {
        "id": "1", "name": "Tavern night", "members": ["Tam.png", "Vesper.png", "Zed.png"],
        "disabled_members": ["Zed.png"], "activation_strategy": 1, "chats": ["2024-1-1"],
    }  # fmt: skip
    put(old / "groups" / "1.json", group)
    rows = [{"user_name": "unused"}, {"name": "Vesper", "is_user": False, "mes": "Hi"}]
    put(old / "group chats" / "2024-1-1.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    moved = import_paths([old], tmp_path / "cards", store)
    (result,) = moved.chats
    assert store.chat(result.chat_id or 0).title == "Tavern night" and moved.passed_over == []
    cast = Casts(store).get(result.chat_id or 0)
    assert cast is not None and cast.taking is TurnTaking.ROUND
    members = [(each.card_name, each.present, each.muted) for each in cast.members]
    assert members == [("Tam", True, False), ("Vesper", True, False), ("Zed", True, True)]


def test_a_device_is_not_read(store: Store) -> None:
    (result,) = import_chats([Path("/dev/zero")], store, [])
    assert result.error == "It is a folder, a device or a pipe, but not a file."
