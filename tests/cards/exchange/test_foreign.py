"""Cards and lorebooks in other programs' own formats."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import pytest

from rpterm.cards.card import Example
from rpterm.cards.exchange.containers import jsonio, png
from rpterm.cards.exchange.errors import ExchangeError, NotACard
from rpterm.cards.exchange.export import export
from rpterm.cards.exchange.importer import Imported, read_bytes
from rpterm.cards.format.reader import parse
from rpterm.cards.format.writer import dump


def imported(document: Any) -> Imported:
    found = read_bytes(jsonio.dumps(document), "stray")
    if found.kind == "card":
        assert parse(dump(found.card)) == found.card
    return found


MEMORY_BOOK = {
    "kind": "memory",
    "name": "Bar",
    "entries": [
        {"name": "Till", "entry": "It is empty.", "keywords": ["till"], "weight": 7,
         "priority": 3, "enabled": True},
        {"name": "Cat", "entry": "It sleeps.", "keywords": ["cat"], "enabled": False},
    ],
}  # fmt: skip
AGNAI = {
    "kind": "character",
    "name": "Vesper",
    "description": "For the bar.",
    "appearance": "tall",
    "persona": {"kind": "wpp", "attributes": {"species": ["human"], "mind": ["dry", "kind"]}},
    "greeting": "What will it be?",
    "sampleChat": "{{user}}: Beer.\n{{char}}: Coming up.",
    "systemPrompt": "Be dry.",
    "alternateGreetings": ["Closed."],
    "characterBook": MEMORY_BOOK,
    "insert": {"depth": 3, "prompt": "She limps."},
    "culture": "en-us",
}


def test_an_agnai_character_keeps_persona_book_and_insert() -> None:
    found = imported(AGNAI)
    card = found.card
    assert found.origin == "an Agnai card in a JSON file"
    assert card.attributes == ("species: human", "mind: dry, kind", "appearance: tall")
    assert card.greetings == ("What will it be?", "Closed.") and card.creator_notes
    assert card.examples == (Example((("user", "Beer."), ("char", "Coming up."))),)
    till, cat, insert = card.lorebook.entries
    assert (till.keys, till.content, till.order, till.enabled) == (
        ("till",),
        "It is empty.",
        7,
        True,
    )
    assert not cat.enabled and (insert.depth, insert.constant) == (3, True)
    assert card.extensions == {"agnai": {"culture": "en-us"}}


@pytest.mark.parametrize("chunks", [("chara",), ("chara", "ccv3")])
def test_an_agnai_character_may_be_in_a_picture(chunks: tuple[str, ...]) -> None:
    picture = png.write(png.blank(4, 4), dict.fromkeys(chunks, jsonio.dumps(AGNAI)))
    found = read_bytes(picture)
    assert found.origin == "an Agnai card in a PNG picture"
    assert (found.card, found.portrait) == (imported(AGNAI).card, png.blank(4, 4))


def test_an_agnai_persona_in_prose_is_the_description() -> None:
    persona = {"kind": "text", "attributes": {"text": ["A quiet cat."]}}
    card = imported({"name": "Nox", "persona": persona, "greeting": "Mrr."}).card
    assert card.description == "A quiet cat." and card.attributes == ()


@pytest.mark.parametrize(
    ("document", "origin"),
    [
        (MEMORY_BOOK, "an Agnai memory book"),
        (
            {"type": "risu", "ver": 1, "data": [
                {"key": "till, cash", "content": "It is empty.", "insertorder": 7,
                 "alwaysActive": False, "secondkey": "a, b", "selective": True},
                {"key": "", "content": "", "mode": "folder"},
            ]},
            "a RisuAI lorebook",
        ),
        (
            {"type": "risuModule", "module": {"name": "Bar", "lorebook": [
                {"key": "till, cash", "content": "It is empty.", "insertorder": 7}]}},
            "a RisuAI module",
        ),
        (
            {"lorebookVersion": 5, "entries": [
                {"text": "It is empty.", "keys": ["till"], "displayName": "Till", "enabled": True,
                 "contextConfig": {"budgetPriority": 7}, "forceActivation": False}]},
            "a NovelAI lorebook",
        ),
        (
            {"name": "Bar", "description": "", "extensions": {}, "entries": [
                {"keys": ["till"], "content": "It is empty.", "insertion_order": 7}]},
            "a V2 lorebook",
        ),
    ],
)  # fmt: skip
def test_lorebooks_of_other_programs(document: dict[str, Any], origin: str) -> None:
    found = imported(document)
    entry = found.card.lorebook.entries[0]
    assert (found.kind, found.origin) == ("lorebook", origin)
    assert (entry.keys[0], entry.content, entry.order) == ("till", "It is empty.", 7)


def test_risu_keys_are_split_but_a_pattern_is_not() -> None:
    data = [
        {"key": "fox, kit", "content": "f", "secondkey": "moon", "selective": True},
        {"key": "/fo{1,2}x/i", "content": "g", "useRegex": True, "activationPercent": 40},
        {"key": "", "content": "h", "alwaysActive": True},
    ]
    fox, pattern, always = imported({"type": "risu", "data": data}).card.lorebook.entries
    assert (fox.keys, fox.secondary_keys) == (("fox", "kit"), ("moon",))
    assert (pattern.keys, pattern.probability) == (("/fo{1,2}x/i",), 40)
    assert always.constant


def test_a_character_ai_definition_becomes_examples() -> None:
    character = {
        "name": "Niels",
        "greeting": "Good day.",
        "description": "A physicist.",
        "definition": "He smokes a pipe.\n{{char}}: Atoms!\n{{random_user_1}}: Yes?\n"
        "END_OF_DIALOG\n{{user}}: Again\n{{char}}: No.",
    }
    for document in ({"character": character}, {"info": {"character": character}}):
        card = imported(document).card
        assert card.description == "A physicist.\n\nHe smokes a pipe."
        assert card.examples == (
            Example((("char", "Atoms!"), ("user", "Yes?"))),
            Example((("user", "Again"), ("char", "No."))),
        )


def test_an_old_backyard_character() -> None:
    character = {
        "aiName": "Isolde",
        "aiDisplayName": "Queen Isolde",
        "aiPersona": "{character} rules {user}.",
        "firstMessage": "Kneel, {user}.",
        "customDialogue": "#{user}: Hi\n#{character}: Kneel.",
        "basePrompt": "Text transcript of a never-ending conversation between {user} and …",
        "loreItems": [{"key": "crown, gold", "value": "It is lead."}],
        "temperature": 1.2,
    }
    card = imported({"character": character, "version": 1}).card
    assert (card.name, card.nickname) == ("Queen Isolde", "Isolde")
    assert card.description == "{{char}} rules {{user}}." and card.system_prompt == ""
    assert card.examples == (Example((("user", "Hi"), ("char", "Kneel."))),)
    assert card.lorebook.entries[0].keys == ("crown", "gold")
    assert card.extensions["backyard"]["temperature"] == 1.2


def archive(**files: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, body in files.items():
            packed.writestr(name.replace("__", "/").replace("_json", ".json"), json.dumps(body))
    return buffer.getvalue()


def test_a_backyard_archive() -> None:
    manifest = {"characters": ["c/a.json"], "scenarios": ["s/1.json", "s/2.json"]}
    packed = archive(
        manifest_json=manifest,
        c__a_json={"name": "Wren", "persona": "{character} sings.", "loreItems": []},
        s__1_json={"narrative": "An inn.", "firstMessages": [{"text": "Hi {user}"}],
                   "exampleMessages": [{"text": "#{user}: Play\n#{character}: La"}],
                   "formattingInstructions": "Be brief.", "messages": [{"type": "human"}]},
        s__2_json={"firstMessages": [{"text": "Bye"}]},
    )  # fmt: skip
    found = read_bytes(packed)
    card = found.card
    assert found.origin == "a Backyard archive" and card.name == "Wren"
    assert found.notes == ("1 chat in the archive not imported.",)
    assert (card.scenario, card.greetings) == ("An inn.", ("Hi {{user}}", "Bye"))
    assert (card.system_prompt, card.description) == ("{{original}}\nBe brief.", "{{char}} sings.")
    assert card.examples == (Example((("user", "Play"), ("char", "La"))),)
    with pytest.raises(ExchangeError, match="no character"):
        read_bytes(archive(manifest_json={"characters": ["gone.json"]}))


def test_a_kobold_save_describes_its_character() -> None:
    save = {
        "gamestarted": True, "prompt": "Hi", "actions": [], "memory": "Kai is a robot.",
        "savedsettings": {"chatopponent": "Kai||$||Bob"},
        "worldinfo": [{"key": "robot,android", "content": "They rust.", "selective": False}],
    }  # fmt: skip
    card = imported(save).card
    assert (card.name, card.description) == ("Kai", "Kai is a robot.")
    assert card.lorebook.entries[0].keys == ("robot", "android")


@pytest.mark.parametrize(
    "chat",
    [
        {"name": "Exported", "greeting": "Hi", "messages": [{"handle": "A", "msg": "Hi"}]},
        {"type": "risuChat", "ver": 2, "data": {"message": [], "name": "Chat 1", "note": ""}},
    ],
)
def test_a_chat_is_not_taken_for_a_card(chat: dict[str, Any]) -> None:
    with pytest.raises(NotACard, match="is a chat"):
        imported(chat)


def test_what_the_entries_of_a_world_lose_is_noted() -> None:
    entry = {"key": ["a"], "content": "c"}
    entries = [
        {**entry, "vectorized": True},
        {**entry, "vectorized": True, "matchScenario": True},
        {"key": [], "content": "d", "vectorized": True},
        {**entry, "position": 7, "triggers": ["continue"]},
        {**entry, "characterFilter": {"names": [], "tags": ["1"]}, "delayUntilRecursion": 1},
    ]
    found = imported({"entries": {str(at): each for at, each in enumerate(entries)}})
    assert found.notes == (
        "2 lorebook entries could be found by meaning (vectorized), here only by keys.",
        "1 lorebook entry also searched the card or persona for keys; here only the chat is.",
        "1 lorebook entry could be found by meaning (vectorized), here never: add keys.",
        "1 lorebook entry fired only for some kinds of generation; here it is for all.",
        "1 lorebook entry went to an outlet, which does not exist here; it goes near the card.",
        "1 lorebook entry had a filter by tags of characters, which does not exist here.",
    )
    assert found.card.lorebook.recursive


@pytest.mark.parametrize("of_card", [True, False])
def test_an_entry_that_does_not_say_matches_as_in_its_own_program(of_card: bool) -> None:
    keys = [["ale"], ["검"], ["ale"]]
    said: list[dict[str, Any]] = [{}, {}, {"matchWholeWords": False, "match_whole_words": False}]
    if of_card:
        entries = [
            {"keys": each, "content": "c", "extensions": {"exclude_recursion": False} | more}
            for each, more in zip(keys, said, strict=True)
        ]
        data = {"name": "A", "character_book": {"entries": entries}}
        found = imported({"spec": "chara_card_v2", "spec_version": "2.0", "data": data})
    else:
        world = [
            {"key": each, "content": "c", "excludeRecursion": False} | more
            for each, more in zip(keys, said, strict=True)
        ]
        found = imported({"entries": dict(enumerate(world))})
    book = found.card.lorebook
    assert [each.whole_words for each in book.entries] == [True, False, False]
    assert book.recursive
    again = imported(json.loads(export(found.card, "v2" if of_card else "world").data))
    assert [each.whole_words for each in again.card.lorebook.entries] == [True, False, False]


def test_an_old_module_of_risuai_is_named() -> None:
    with pytest.raises(NotACard, match="as CHARX"):
        read_bytes(b"\x6f\x00\x10\x00\x00\x00" + bytes(range(128, 256)))


def test_scripts_of_a_card_are_noted() -> None:
    data = {"name": "A", "extensions": {"regex_scripts": [{"findRegex": "/x/"}]}}
    found = imported({"spec": "chara_card_v2", "spec_version": "2.0", "data": data})
    assert found.notes == ("1 script of the other program kept for export only.",)


def test_dialogues_in_a_context_become_examples() -> None:
    text = (
        "name: Chi\ncontext: |-\n  Chi tinkers.\n\n  <START>\n  {{user}}: Why?\n  {{char}}: Fun!\n"
    )
    card = read_bytes(text.encode()).card
    assert card.description == "Chi tinkers."
    assert card.examples == (Example((("user", "Why?"), ("char", "Fun!"))),)


def test_an_edit_of_a_chub_lorebook_reaches_both_names_of_a_setting() -> None:
    entries = {
        str(number): {
            "uid": number, "key": [word], "keys": [word], "keysecondary": [], "secondary_keys": [],
            "content": word, "order": 10, "insertion_order": 10, "disable": False, "enabled": True,
        }
        for number, word in enumerate(("city", "river"))
    }  # fmt: skip
    found = read_bytes(jsonio.dumps({"name": "Chub", "entries": entries})).card
    assert json.loads(export(found, "world").data)["entries"] == entries
    first, *rest = found.lorebook.entries
    edited = replace(first, keys=("town",), order=5, enabled=False)
    book = replace(found.lorebook, entries=(edited, *rest))
    written = json.loads(export(replace(found, lorebook=book), "world").data)["entries"]["0"]
    assert written["key"] == written["keys"] == ["town"]
    assert (written["insertion_order"], written["enabled"]) == (5, False)
