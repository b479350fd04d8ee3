"""Imports folders of another program: cards, world files and chats are linked again."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rpterm.cards.card import CharacterCard, Example, Lorebook, LoreEntry
from rpterm.cards.exchange.export import export
from rpterm.cards.format.reader import load, parse
from rpterm.errors import RptermError
from rpterm.prompt.perspective import speaker_of
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.transfer.archives import unpacked
from rpterm.transfer.chat_cards import read_known
from rpterm.transfer.chat_files.chat_log import export_log
from rpterm.transfer.chat_import import import_chats
from rpterm.transfer.folder_import import import_paths

MARA = CharacterCard(
    "Mara Venn",
    description="Keeps a lighthouse.",
    greetings=("Good evening.", "You again."),
    examples=(Example((("user", "Far?"), ("char", "Far enough."))),),
)
TAM = CharacterCard("Tam", description="Her brother.", greetings=("Ahoy.",))
WORLD = CharacterCard("Coast", lorebook=Lorebook((LoreEntry(("bell",), "It rings."),)))


def log(character: str, *texts: str, user: str = "Ann") -> str:
    lines: list[dict[str, object]] = [{"user_name": user, "character_name": character}]
    for at, text in enumerate(texts):
        lines.append(
            {"name": user if at % 2 else character, "is_user": bool(at % 2), "mes": text,
             "swipes": [text, f"{text} (other)"], "swipe_id": 0}
        )  # fmt: skip
    return "".join(json.dumps(line) + "\n" for line in lines)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """What another program's folder looks like."""
    root = tmp_path / "old"
    files: dict[str, bytes | str] = {
        "characters/lightkeeper.png": export(MARA, "png").data,
        "characters/tam.json": export(TAM, "v2").data,
        "worlds/coast.json": export(WORLD, "world").data,
        "chats/lightkeeper/one.jsonl": log("Mara Venn", "Good evening.", "Hello", "Sit."),
        "chats/somewhere else/two.jsonl": log("Tam", "Ahoy."),
        "chats/Nobody/three.jsonl": log("Nobody", "Boo."),
        "chats/lightkeeper/broken.jsonl": "this is no log",
        "backgrounds/sea.png": export(MARA, "png").data,
        "settings.json": '{"theme": "dark"}',
        "notes.txt": "nothing",
    }
    for name, body in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body.encode() if isinstance(body, str) else body)
    return root


def test_a_folder_with_cards_and_chats_is_imported(old: Path, store: Store, tmp_path: Path) -> None:
    done: list[str] = []
    moved = import_paths([old], tmp_path / "cards", store, on_file=done.append)
    assert sorted(path.name for path in (tmp_path / "cards").glob("*.toml")) == [
        "mara-venn.toml", "tam.toml",
    ]  # fmt: skip
    assert [path.name for path in (tmp_path / "cards" / "worlds").iterdir()] == ["coast.toml"]
    assert load(tmp_path / "cards" / "mara-venn.toml").description == "Keeps a lighthouse."
    assert [each.name for each in moved.passed_over] == ["settings.json"] and "sea.png" not in done
    by_name = {result.source.name: result for result in moved.chats}
    assert by_name["one.jsonl"].card_name == "Mara Venn"
    assert by_name["two.jsonl"].card_name == "Tam"
    assert "not a chat log" in by_name["broken.jsonl"].error
    chat = store.chat(by_name["one.jsonl"].chat_id or 0)
    assert Path(chat.card_path or "").name == "mara-venn.toml"
    path = store.path(chat.leaf_id or 0)
    assert [turn.text for turn in path] == ["Good evening.", "Hello", "Sit."]
    assert [turn.swipes for turn in path] == [2, 2, 2] and chat.persona.name == "Ann"


def test_a_chat_without_a_card_gets_a_placeholder(old: Path, store: Store, tmp_path: Path) -> None:
    moved = import_paths([old], tmp_path / "cards", store)
    lost = next(result for result in moved.chats if result.source.name == "three.jsonl")
    assert "No card of Nobody was found" in lost.notes[-1]
    chat = store.chat(lost.chat_id or 0)
    assert chat.card_path is None
    assert parse(store.get_card(chat.card_hash) or "").name == "Nobody"


def test_a_second_import_duplicates_nothing(old: Path, store: Store, tmp_path: Path) -> None:
    import_paths([old], tmp_path / "cards", store)
    before = sorted(path.name for path in (tmp_path / "cards").iterdir())
    (old / "chats" / "lightkeeper" / "new.jsonl").write_text(log("Mara Venn", "New."), "utf-8")
    moved = import_paths([old], tmp_path / "cards", store)
    assert sorted(path.name for path in (tmp_path / "cards").iterdir()) == before
    assert len(store.chats()) == 4
    assert [r.source.name for r in moved.chats if r.chat_id is not None] == ["new.jsonl"]
    assert sum(result.known is not None for result in moved.chats) == 3


def test_what_was_deleted_can_be_imported_again(old: Path, store: Store, tmp_path: Path) -> None:
    moved = import_paths([old], tmp_path / "cards", store)
    for result in moved.chats:
        if result.chat_id is not None:
            store.delete_chat(result.chat_id)
    (tmp_path / "cards" / "tam.toml").unlink()
    again = import_paths([old], tmp_path / "cards", store)
    assert (tmp_path / "cards" / "tam.toml").is_file() and len(store.chats()) == 3
    assert not any(r.known for r in again.cards if r.source.stem == "tam")


def test_imported_chats_find_existing_cards(store: Store, tmp_path: Path) -> None:
    from rpterm.cards.format.writer import dump

    card = tmp_path / "keeper.toml"
    card.write_text(dump(MARA), encoding="utf-8")
    broken = tmp_path / "broken.toml"
    broken.write_text("name = [", encoding="utf-8")
    known = read_known([("keeper", card), ("broken", broken), ("gone", None)])
    path = tmp_path / "x.jsonl"
    path.write_text(log("MARA VENN", "Hm."), encoding="utf-8")
    (result,) = import_chats([path], store, known)
    assert result.card_name == "Mara Venn" and store.chat(result.chat_id or 0).title == "x"
    other = tmp_path / "y.jsonl"
    other.write_text(log("Zed", "Hm."), encoding="utf-8")
    (result,) = import_chats([other], store, known, card=known[0])
    assert result.card_name == "Mara Venn"


def test_a_log_that_cannot_be_stored_leaves_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(log("Mara Venn", "Hm.", "Hello?", "Yes."), encoding="utf-8")

    def no_room(*args: object) -> None:
        raise RptermError("There is no room left.")

    with monkeypatch.context() as full:
        full.setattr(store, "set_flag", no_room)
        (result,) = import_chats([path], store, [])
    assert "no room" in result.error and store.chats() == []
    (result,) = import_chats([path], store, [])
    assert result.turns == 3 and len(store.chats()) == 1


def test_importing_a_missing_path_is_an_error(store: Store, tmp_path: Path) -> None:
    with pytest.raises(RptermError, match="There is no file or folder"):
        import_paths([tmp_path / "gone"], tmp_path / "cards", store)
    (result,) = import_chats([tmp_path / "gone.jsonl"], store, [])
    assert result.error


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode) | st.lists(
    st.dictionaries(st.sampled_from(["name", "mes", "is_user", "swipes", "swipe_id", "send_date",
                                     "user_name", "character_name", "chat_metadata"]),
                    st.none() | st.integers() | st.text(max_size=9) | st.lists(st.text(max_size=5)),
                    max_size=6), max_size=4,
).map(lambda lines: "\n".join(map(json.dumps, lines)).encode()))  # fmt: skip
def test_no_foreign_log_stops_the_import(store: Store, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_bytes(data)
    (result,) = import_chats([path], store, [])
    assert bool(result.error) != (result.chat_id is not None or result.known is not None)
    if result.chat_id is not None:
        chat = store.chat(result.chat_id)
        assert parse(store.get_card(chat.card_hash) or "").name


def test_a_log_of_several_characters_becomes_a_cast(
    old: Path, store: Store, tmp_path: Path
) -> None:
    lines: list[dict[str, object]] = [{"user_name": "unused", "character_name": "unused"}]
    said = ("Tam", "Ahoy."), ("Ann", "Hello."), ("Mara Venn", "Late."), ("Bo", "Boo.")
    lines += [{"name": name, "is_user": name == "Ann", "mes": text} for name, text in said]
    path = tmp_path / "group chats" / "night.jsonl"
    path.parent.mkdir()
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    moved = import_paths([old, path], tmp_path / "cards", store)
    (result,) = (chat for chat in moved.chats if chat.source == path)
    assert result.error == "" and any("Bo" in note for note in result.notes)
    cast = Casts(store).get(result.chat_id or 0)
    assert cast is not None and result.card_name == cast.members[0].card_name
    assert {(m.card_name, m.present) for m in cast.members} == {
        ("Tam", True), ("Mara Venn", True), ("Bo (no card)", False),
    }  # fmt: skip
    turns = store.path(store.chat(result.chat_id or 0).leaf_id or 0)
    owners = [speaker_of(cast, turn) for turn in turns]
    assert [member.card_name if member else "" for member in owners] == [
        "Tam", "", "Mara Venn", "Bo (no card)",
    ]  # fmt: skip
    assert [turn.speaker for turn in export_log(store, result.chat_id or 0).turns] == [
        name for name, _ in said
    ]


def test_a_backup_in_an_archive_is_imported_like_its_folder(
    old: Path, store: Store, tmp_path: Path
) -> None:
    (old / "backgrounds" / "sea.png").write_bytes(b"large")
    backup = Path(shutil.make_archive(str(tmp_path / "backup"), "zip", old))
    with unpacked([backup]) as (places, shown):
        folder = places[0]
        moved = import_paths(places, tmp_path / "cards", store)
        assert not (folder / "backgrounds").exists()
    plain = import_paths([old], tmp_path / "cards", store)
    assert all(card.known for card in plain.cards)
    assert all(chat.known or chat.error for chat in plain.chats)
    assert len(plain.cards) == len(moved.cards) and len(plain.chats) == len(moved.chats)
    assert shown(moved.cards[0].source).is_relative_to(backup)
    assert not folder.exists()


def test_an_archive_that_is_a_card_is_left_alone(tmp_path: Path) -> None:
    card = tmp_path / "card.zip"
    with zipfile.ZipFile(card, "w") as archive:
        archive.writestr("card.json", "{}")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04")
    with unpacked([card, broken, tmp_path]) as (places, shown):
        assert places == [card, broken, tmp_path]
        assert shown(card) == card


def test_a_damaged_archive_is_one_sentence(tmp_path: Path) -> None:
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("characters/a.json", "abcdefgh")
    bad.write_bytes(bad.read_bytes().replace(b"abcdefgh", b"abcdefgx"))
    with pytest.raises(RptermError, match="damaged or encrypted"), unpacked([bad]):
        pass
