"""Import → TOML → export gives the same data for any card, and edits win."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exchange_strategies import DATA, documents, worlds
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rpterm.cards.card import CharacterCard, Example, Lorebook, LoreEntry, Probe
from rpterm.cards.exchange.containers import charx, jsonio, png
from rpterm.cards.exchange.export import Format, export
from rpterm.cards.exchange.files import file_reader, import_files
from rpterm.cards.exchange.importer import read_bytes
from rpterm.cards.format.reader import load, parse
from rpterm.cards.format.writer import dump
from rpterm.cards.library import find

MANY = settings(max_examples=40, suppress_health_check=list(HealthCheck))


def through_toml(data: bytes) -> CharacterCard:
    card = read_bytes(data, "some file").card
    text = dump(card, "a header")
    again = parse(text)
    assert again == card
    return again


def there_and_back(document: Any, form: Format) -> Any:
    return json.loads(export(through_toml(jsonio.dumps(document)), form).data)


def check_same(before: Any, after: Any) -> None:
    if not jsonio.same_json(before, after):
        assert after == before
        raise AssertionError(f"types differ: {before!r} {after!r}")


@MANY
@given(documents("v2"))
def test_any_v2_card_comes_back_as_it_was(document: dict[str, Any]) -> None:
    check_same(document, there_and_back(document, "v2"))


@MANY
@given(documents("v3"))
def test_any_v3_card_comes_back_as_it_was(document: dict[str, Any]) -> None:
    check_same(document, there_and_back(document, "v3"))


@MANY
@given(DATA)
def test_any_v1_card_comes_back_as_it_was(document: dict[str, Any]) -> None:
    document = {**document, "name": "Anna", "first_mes": "Hello."}
    document.pop("data", None)
    check_same(document, there_and_back(document, "v1"))


@MANY
@given(worlds())
def test_any_world_file_comes_back_as_it_was(document: dict[str, Any]) -> None:
    check_same(document, there_and_back(document, "world"))


@MANY
@given(documents("v3"))
def test_any_standalone_book_comes_back_as_it_was(document: dict[str, Any]) -> None:
    book = document["data"].get("character_book")
    entries = book.get("entries") if isinstance(book, dict) else None
    if not isinstance(entries, list) or not all(
        isinstance(each, dict) and "key" not in each for each in entries
    ):
        return
    whole = {**document, "spec": "lorebook_v3", "data": book}
    check_same(whole, there_and_back(whole, "lorebook"))


PICTURE_CHUNKS = st.sampled_from([("chara",), ("ccv3",), ("chara", "ccv3")])


@MANY
@given(PICTURE_CHUNKS, st.data())
def test_any_cards_in_a_picture_come_back_as_they_were(
    chunks: tuple[str, ...], data: st.DataObject
) -> None:
    cards = {chunk: data.draw(documents()) for chunk in chunks}
    if "ccv3" in cards:
        cards["ccv3"]["spec"] = "chara_card_v3"
    picture = png.write(png.blank(8, 8), {k: jsonio.dumps(v) for k, v in cards.items()})
    found = png.read(export(through_toml(picture), "png").data)
    for key, document in cards.items():
        check_same(document, json.loads(found.cards[key]))
    assert found.cards.keys() == {"chara", "ccv3"}


@MANY
@given(documents("v3"))
def test_any_archive_comes_back_as_it_was(document: dict[str, Any]) -> None:
    files = {"assets/icon/image/main.png": png.blank(4, 4), "assets/x/Ünï code.bin": b"\0\1"}
    packed = charx.write(jsonio.dumps(document), files)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in.charx").write_bytes(packed)
        (result,) = import_files([folder / "in.charx"], folder / "cards")
        assert not result.error
        assert result.target is not None
        done = export(load(result.target), "charx", file_reader(folder / "cards"))
    archive = charx.unpack(done.data)
    check_same(document, json.loads(archive.pop(charx.CARD)))
    assert archive == files
    assert not done.notes


RICH = CharacterCard(
    name="Mary",
    tagline="A tall girl",
    nickname="M",
    description="Line one.\n\nLine two.",
    attributes=("Is 20 years old.", "Has red hair."),
    relations=("John is her brother.",),
    style=("Speaks softly.",),
    limits=("Never lies.",),
    scenario="A room.",
    greetings=("Hello.", "Good day.\nSit down."),
    group_greetings=("Hello all.",),
    examples=(
        Example((("user", "Who are you?"), ("char", "Mary.\nJust Mary.")), pinned=True),
        Example((("char", "*smiles*"),)),
    ),
    system_prompt="Be {{char}}. {{original}}",
    post_history_instructions="Stay.",
    knows_until="1895",
    sampling={"temperature": 0.7, "top_k": 40},
    user_name="Tom",
    user_description="A guest.",
    tags=("a", "b"),
    creator="me",
    creator_notes="Notes.",
    version="1.2",
    tests=(Probe(user=("Hi", "Who?"), name="who", contains=("Mary",), score_above=0.5),),
    lorebook=Lorebook(
        name="Book",
        description="Of lore",
        scan_depth=4,
        budget=300,
        recursive=True,
        entries=(
            LoreEntry(("house",), "A house.", secondary_keys=("old",), logic="and_all"),
            LoreEntry(
                ("/gard(en)?/i",),
                "A garden.",
                name="Garden",
                comment="c",
                enabled=False,
                constant=True,
                case_sensitive=True,
                whole_words=False,
                use_regex=True,
                position="depth",
                depth=2,
                role="assistant",
                order=5,
                priority=7,
                probability=50,
                scan_depth=3,
                sticky=1,
                cooldown=2,
                delay=3,
                group="g",
                group_weight=9,
                group_override=True,
                exclude_recursion=True,
                prevent_recursion=True,
                delay_until_recursion=True,
                characters=("Mary",),
                exclude_characters=("John",),
                ignore_budget=True,
            ),
        ),
    ),
)


@pytest.mark.parametrize("form", ["v2", "v3", "png", "charx"])
def test_our_own_cards_round_trip(form: Format) -> None:
    back = read_bytes(export(RICH, form).data).card
    plain = replace(
        back,
        extensions={},
        portrait="",
        lorebook=replace(
            back.lorebook,
            extensions={},
            entries=tuple(replace(each, extensions={}) for each in back.lorebook.entries),
        ),
    )
    assert plain == RICH


def test_the_shipped_cards_round_trip() -> None:
    from rpterm.cards.library import card_folders, summaries

    shipped = [
        find(each.name, card_folders(Path("none")))
        for each in summaries(card_folders(Path("none")))
    ]
    assert shipped
    for path in shipped:
        card = load(path)
        back = read_bytes(export(card, "v3").data).card
        for field in ("attributes", "relations", "style", "limits", "greetings", "examples"):
            assert getattr(back, field) == getattr(card, field), (path.name, field)
        assert [entry.keys for entry in back.lorebook.entries] == [
            entry.keys for entry in card.lorebook.entries
        ]


def test_other_programs_see_the_persona() -> None:
    data = json.loads(export(RICH, "v2").data)["data"]
    assert data["personality"].split("\n") == [
        "Is 20 years old.",
        "Has red hair.",
        "John is her brother.",
        "Speaks softly.",
        "Never lies.",
    ]
    data["personality"] += "\nLikes tea."
    changed = {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}
    found = read_bytes(jsonio.dumps(changed))
    assert found.card.attributes[-1] == "Likes tea."
    assert found.card.relations == ()
    assert any("Another program changed personality" in note for note in found.notes)


DOCUMENT: dict[str, Any] = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "description": "Old.\r\nText.",
    "data": {
        "name": "Anna",
        "description": "Old.\r\nText.",
        "first_mes": "",
        "alternate_greetings": ["Hi.", ""],
        "mes_example": "<START>\n\n{{user}}: a\n{{char}}: b",
        "tags": None,
        "extensions": {"depth_prompt": {"prompt": "Mind it.", "depth": 2, "role": "user"}},
        "character_book": {
            "entries": [
                {
                    "keys": ["one"],
                    "content": "1",
                    "position": "before_char",
                    "extensions": {"position": 0, "sticky": None, "probability": 100},
                },
                {"keys": ["two"], "content": "2", "extensions": {"position": 4, "depth": 3}},
            ]
        },
    },
}


def edited(**changes: Any) -> dict[str, Any]:
    card = replace(through_toml(jsonio.dumps(DOCUMENT)), **changes)
    data: dict[str, Any] = json.loads(export(card, "v2").data)["data"]
    return data


def test_edits_win_over_patches() -> None:
    assert edited()["first_mes"] == ""
    changed = edited(greetings=("Good day.",))
    assert (changed["first_mes"], changed["alternate_greetings"]) == ("Good day.", [])
    assert edited(description="New.\nLines.")["description"] == "New.\r\nLines."
    examples = (Example((("char", "new"),)),)
    assert edited(examples=examples)["mes_example"] == "<START>\n{{char}}: new"
    assert edited()["mes_example"] == DOCUMENT["data"]["mes_example"]
    assert edited(tags=("x",))["tags"] == ["x"]
    assert edited()["tags"] is None


def test_mirrors_follow_edits() -> None:
    card = replace(through_toml(jsonio.dumps(DOCUMENT)), description="New")
    document = json.loads(export(card, "v2").data)
    assert document["description"] == document["data"]["description"] == "New"


def test_edits_of_entries_win_over_the_original() -> None:
    card = through_toml(jsonio.dumps(DOCUMENT))
    assert [each.name for each in card.lorebook.entries] == ["", "", "depth_prompt"]
    first, second, depth = card.lorebook.entries
    assert (depth.content, depth.depth, depth.role, depth.constant) == ("Mind it.", 2, "user", True)
    changed = (
        replace(second, depth=7),
        LoreEntry(("new",), "3"),
        replace(first, position="after_card", probability=40, sticky=2),
        replace(depth, content="Other."),
    )
    data = edited(lorebook=replace(card.lorebook, entries=changed))
    entries = data["character_book"]["entries"]
    assert entries[0]["extensions"] == {"position": 4, "depth": 7}
    assert entries[1]["keys"] == ["new"]
    assert entries[2]["position"] == "after_char"
    assert entries[2]["extensions"] == {
        "position": 1,
        "sticky": 2,
        "probability": 40,
        "useProbability": True,
    }
    assert data["extensions"]["depth_prompt"]["prompt"] == "Other."


def test_unknown_keys_survive_a_change_of_format() -> None:
    document = {
        **DOCUMENT,
        "extra": 1,
        "data": {**DOCUMENT["data"], "unknown": [None], "extensions": {"mine": {"a": 1}}},
    }
    card = through_toml(jsonio.dumps(document))
    other = json.loads(export(card, "v3").data)
    assert other["spec"] == "chara_card_v3"
    assert other["data"]["unknown"] == [None]
    assert other["data"]["extensions"]["mine"] == {"a": 1}
    assert other["data"]["character_book"]["entries"][0]["use_regex"] is False
    assert other["extra"] == 1


def test_odd_values_survive_a_change_of_format_if_they_are_of_the_right_kind() -> None:
    entry = {"keys": ["a", "/b(?!c)/"], "content": "c", "insertion_order": "7", "enabled": True}
    entry["extensions"] = {"delay_until_recursion": 2}
    data = {"name": "", "tags": None, "first_mes": "Hi.", "personality": "- a\n\n- b"}
    document = {"spec": "chara_card_v2", "spec_version": "2.0", "creator": "x", "data": data}
    data["creator"], data["character_book"] = "x", {"entries": [entry]}
    card = through_toml(jsonio.dumps(document))
    other = json.loads(export(card, "v3").data)
    assert (other["creator"], other["data"]["tags"], other["data"]["name"]) == ("x", [], card.name)
    assert other["data"]["personality"] == "- a\n\n- b"
    written = other["data"]["character_book"]["entries"][0]
    assert (written["keys"], written["insertion_order"]) == (["a", "/b(?!c)/"], 7)
    assert written["extensions"]["delay_until_recursion"] == 2


def _with_empty_claim() -> dict[str, Any]:
    own = {"tagline": "0", "persona": {"attributes": [""]}}
    data = {"extensions": {"rpterm": own}}
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}


@example(None)
@example(_with_empty_claim())
@given(documents("v2"))
@MANY
def test_conversion_to_v3_and_back_loses_no_text(document: dict[str, Any] | None) -> None:
    document = document or DOCUMENT
    card = through_toml(jsonio.dumps(document))
    other = read_bytes(export(card, "v3").data).card
    for field in ("name", "description", "greetings", "examples", "attributes", "scenario"):
        assert getattr(other, field) == getattr(card, field)
    assert [each.keys for each in other.lorebook.entries] == [
        each.keys for each in card.lorebook.entries
    ]
