"""Oddities of real cards: each is accepted, noted and exported unchanged."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from typing import Any

import pytest

from rpterm.cards.exchange.containers import charx, jsonio, png
from rpterm.cards.exchange.documents.dialogue import parse_examples as parse_dialogue
from rpterm.cards.exchange.errors import ExchangeError
from rpterm.cards.exchange.export import export
from rpterm.cards.exchange.importer import Imported, read_bytes
from rpterm.cards.format.reader import parse
from rpterm.cards.format.writer import dump


def imported(document: Any) -> Imported:
    return read_bytes(jsonio.dumps(document), "stray")


def v2(**data: Any) -> dict[str, Any]:
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": {"name": "Anna", **data}}


def given_back(document: Any, form: Any) -> Any:
    card = parse(dump(imported(document).card))
    return json.loads(export(card, form).data)


ENTRY = {"keys": ["a"], "content": "c", "extensions": {}, "enabled": True, "insertion_order": 1}


@pytest.mark.parametrize(
    "document",
    [
        v2(),
        v2(character_book=None),
        v2(character_book={}),
        v2(character_book={"entries": []}),
        v2(character_book={"entries": [], "name": "Empty", "extensions": {}}),
        v2(character_book=[]),
        v2(character_book="none"),
        v2(character_book={"entries": {"0": {"uid": 0, "key": ["a"], "content": "c"}}}),
        v2(character_book={"entries": [{"uid": 0, "key": ["a"], "content": "c"}]}),
        v2(character_book={"entries": [ENTRY, None]}),
        v2(character_book={"entries": [{**ENTRY, "use_regex": True, "keys": ["plain"]}]}),
        v2(character_book={"entries": [{**ENTRY, "extensions": {"depth": "", "position": 4}}]}),
        v2(character_book={"entries": [{**ENTRY, "extensions": None, "name": ""}]}),
        v2(character_book={"entries": [{**ENTRY, "keys": "a, b"}]}),
        v2(character_book={"entries": [{**ENTRY, "keys": ["/(?<!x)y/", "/(/", "", "ok"]}]}),
        v2(character_book={"entries": [{**ENTRY, "secondary_keys": ["z"], "selective": False}]}),
        v2(character_book={"entries": [{**ENTRY, "insertion_order": 1e300}]}),
        v2(character_book={"entries": [{**ENTRY, "insertion_order": 10**30, "id": 10**30}]}),
        v2(extensions=None),
        v2(extensions=[]),
        v2(extensions={"depth_prompt": {"prompt": "x", "depth": "", "role": None, "more": 1}}),
        v2(extensions={"depth_prompt": "text"}),
        v2(extensions={"depth_prompt": {"prompt": "", "depth": 4}}),
        v2(extensions={"rpterm": {"tests": [1]}, "rpterm_origin": {"format": "v3"}}),
        v2(extensions={"rpterm": {"tagline": "T", "more": 1}}),
        v2(
            extensions={
                "deep": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
            }
        ),
        v2(name=""),
        v2(name=None),
        v2(name=7),
        v2(name="Two\nlines"),
        v2(description=None, personality=5, tags="one", creator=["x"]),
        v2(first_mes="", alternate_greetings=["", "Hi"]),
        v2(first_mes=None, alternate_greetings=None),
        v2(description="a\u0000b\u001b[31mred\ud800"),
        v2(description="one\rtwo\r\nthree\n"),
        v2(personality="- brave\n\n- kind  "),
        {**v2(), "spec_version": 2.0},
        {**v2(), "spec": "chara_card_v4", "spec_version": "4.0"},
        {**v2(), "spec": "other", "spec_version": "2.0"},
        {"data": {"name": "Anna"}},
        {**v2(first_mes="Hi."), "name": "Anna", "first_mes": "Hi.", "metadata": {"x": [None]}},
    ],
)
def test_the_export_equals_the_import(document: dict[str, Any]) -> None:
    version = str(document.get("spec_version", "2"))
    form = "v3" if float(version) >= 3 else "v2"
    assert jsonio.same_json(given_back(document, form), document)


def test_v1_with_extra_metadata() -> None:
    document = {
        "name": "Anna",
        "description": "<BOT> meets <USER>.",
        "personality": "",
        "scenario": "",
        "first_mes": "Hi <USER>.",
        "mes_example": "",
        "metadata": {"version": 1, "created": 1700000000000, "source": None},
    }
    found = imported(document)
    assert found.origin == "a V1 card in a JSON file"
    assert found.card.greetings == ("Hi <USER>.",)
    assert jsonio.same_json(given_back(document, "v1"), document)


def test_gradio_json() -> None:
    found = imported(
        {
            "char_name": "Anna",
            "char_persona": "A girl.",
            "world_scenario": "A room.",
            "char_greeting": "Hi.",
            "example_dialogue": "You: Who?\nAnna: Me.",
            "extra": 3,
        }
    )
    card = found.card
    assert (card.name, card.description, card.scenario) == ("Anna", "A girl.", "A room.")
    assert card.greetings == ("Hi.",)
    assert card.examples[0].dialogue == (("user", "Who?"), ("char", "Me."))
    assert card.extensions["rpterm_origin"]["data"]["set"]["extra"] == 3
    assert "Gradio" in found.origin


def test_camel_case_names_of_fields_are_known() -> None:
    raw = {
        "name": "Anna",
        "desc": "A girl.",
        "firstMessage": "Hi.",
        "exampleMessage": "{{char}}: A",
    }
    card = imported(raw | {"alternateGreetings": ["Ho."]}).card
    assert (card.description, card.greetings) == ("A girl.", ("Hi.",))
    assert len(card.examples) == 1


def test_a_yaml_card_is_imported() -> None:
    text = (
        b"name: Anna\ncontext: |\n  Anna is a girl.\n  She is kind.\ngreeting: 'Hi, you: there'\n"
    )
    found = read_bytes(text, "x")
    assert found.card.name == "Anna"
    assert found.card.description == "Anna is a girl.\nShe is kind.\n"
    assert found.card.greetings == ("Hi, you: there",)
    assert "YAML" in found.origin


def test_a_v2_card_written_as_yaml_is_imported() -> None:
    text = b"spec: chara_card_v2\ndata:\n  name: Anna\n  first_mes: Hi.\n  tags: [a, b]\n"
    found = read_bytes(text, "x")
    assert (found.card.tags, found.origin) == (("a", "b"), "a V2 card in a YAML file")


def test_coerced_values_are_noted() -> None:
    found = imported(
        v2(
            name="",
            description="a\u0000b",
            character_book={
                "entries": [{**ENTRY, "keys": ["/x(?!y)/", "y"], "extensions": {"position": "far"}}]
            },
        )
    )
    notes = " ".join(found.notes)
    assert "named stray" in notes
    assert "description had control characters" in notes
    assert "regex /x(?!y)/ cannot be used" in notes
    assert "position was 'far'" in notes
    assert found.card.lorebook.entries[0].keys == ("y",)


def test_a_list_or_an_object_instead_of_text_is_read() -> None:
    data = {
        "name": "Ada", "description": ["One.", "Two."], "system_prompt": False, "first_mes": "Hi.",
        "alternate_greetings": {"0": "Hello.", "1": "Good day."}, "tags": "Elf, Fantasy,",
    }  # fmt: skip
    document = {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}
    card = read_bytes(jsonio.dumps(document)).card
    assert (card.description, card.system_prompt) == ("One.\nTwo.", "")
    assert card.greetings == ("Hi.", "Hello.", "Good day.")
    assert card.tags == ("Elf", "Fantasy")
    assert json.loads(export(card, "v2").data) == document


def test_a_flood_of_notes_is_counted() -> None:
    entries = [{**ENTRY, "insertion_order": "x"} for _ in range(100)]
    notes = imported(v2(character_book={"entries": entries})).notes
    assert len(notes) == 31
    assert notes[-1] == "There are 70 more notes like these."


def test_entries_mean_the_same() -> None:
    ext = {
        "position": 4, "depth": 2, "role": 1, "probability": 30, "useProbability": True,
        "selectiveLogic": 3, "sticky": 2, "cooldown": 3, "delay": 4, "group": "g",
        "group_override": True, "group_weight": 5, "scan_depth": 6, "match_whole_words": True,
        "exclude_recursion": True, "prevent_recursion": True, "delay_until_recursion": 2,
    }  # fmt: skip
    raw = {**ENTRY, "secondary_keys": ["b"], "selective": True, "priority": 3, "extensions": ext}
    (entry,) = imported(v2(character_book={"entries": [raw]})).card.lorebook.entries
    assert (entry.position, entry.depth, entry.role) == ("depth", 2, "user")
    assert (entry.probability, entry.logic, entry.priority) == (30, "and_all", 3)
    assert (entry.sticky, entry.cooldown, entry.delay, entry.scan_depth) == (2, 3, 4, 6)
    assert (entry.group, entry.group_override, entry.group_weight) == ("g", True, 5)
    assert entry.whole_words
    assert entry.exclude_recursion
    assert entry.prevent_recursion
    assert entry.delay_until_recursion
    assert entry.secondary_keys == ("b",)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("<START>", []),
        ("{{user}}: a\n{{char}}: b", [[("user", "a"), ("char", "b")]]),
        ("<start>{{User}}: a\r\n<BOT>: b\nc", [[("user", "a\r"), ("char", "b\nc")]]),
        ("<START>\nAnna: hi\n<START>\nJust text.", [[("char", "hi")], [("char", "Just text.")]]),
        ("**{{user}}:** a\n**{{char}}**: *b*", [[("user", "a"), ("char", "*b*")]]),
        ("{{user}}：你好\nAnna：*笑*", [[("user", "你好"), ("char", "*笑*")]]),
        ("{{char}}: *10:30*\n*Anna: sits*", [[("char", "*10:30*\n*Anna: sits*")]]),
        ("{{char}}: 10:30: late", [[("char", "10:30: late")]]),
        ("*Anna sits.*\n{{char}}: hi", [[("char", "*Anna sits.*"), ("char", "hi")]]),
        ("{{user}}:\n{{char}}: b", [[("char", "b")]]),
        (
            "{{random_user_1}}: a\n{{char}}: b\nEND_OF_DIALOG\n{{user}}: c",
            [[("user", "a"), ("char", "b")], [("user", "c")]],
        ),
    ],
)
def test_examples_are_split_into_their_speakers(text: str, lines: list[Any]) -> None:
    found = [list(each.dialogue) for each in parse_dialogue(text, "Anna")]
    stripped = [[(who, said.strip()) for who, said in each] for each in found]
    assert stripped == [[(who, said.strip()) for who, said in each] for each in lines]


@pytest.mark.parametrize(
    ("text", "keys"),
    [("dragon, wyrm", ("dragon", "wyrm")), ("/a{1,2}/i", ("/a{1,2}/i",)), ("one", ("one",))],
)
def test_keys_in_one_text_are_several(text: str, keys: tuple[str, ...]) -> None:
    document = v2(character_book={"entries": [{**ENTRY, "keys": text}]})
    found = imported(document)
    assert found.card.lorebook.entries[0].keys == keys
    assert not any("key" in note for note in found.notes)
    assert given_back(document, "v2") == document


def test_a_long_dialogue_becomes_several_that_are_exported_as_one() -> None:
    text = "<START>\n" + "{{user}}: Hm?\n{{char}}: Yes, indeed, I think so.\n" * 200
    document = v2(description="d", mes_example=text)
    examples = imported(document).card.examples
    assert 3 < len(examples) < 8
    assert sum(len(each.dialogue) for each in examples) == 400
    assert all(each.dialogue[0] == ("user", "Hm?") for each in examples)
    assert given_back(document, "v2") == document


def test_the_first_name_of_a_character_begins_a_line() -> None:
    (example,) = parse_dialogue("You: a\nAnna: b\nAnnabel: c", "Anna Lind")
    assert example.dialogue == (("user", "a"), ("char", "b\nAnnabel: c"))


def test_settings_that_lore_entries_share_are_written_once() -> None:
    shared = {"vectorized": False, "automation_id": "", "triggers": [], "use_group_scoring": None}
    entries = [
        {"keys": [word], "content": word, "insertion_order": 100, "enabled": True, "id": number,
         "extensions": {**shared, "display_index": number}}
        for number, word in enumerate(("a", "b", "c"))
    ]  # fmt: skip
    book = {"extensions": {}, "entries": entries}
    document = v2(description="d", extensions={}, character_book=book)
    text = dump(imported(document).card)
    assert text.count("automation_id") == 1
    assert len(text.split("[[lore]]")[2].strip().splitlines()) <= 6
    assert json.loads(export(parse(text), "v2").data) == document


def test_v3_json_inside_chara_stays_there() -> None:
    newer = {"spec": "chara_card_v3", "spec_version": "3.0", "data": {"name": "New"}}
    found = read_bytes(png.write(png.blank(2, 2), {"chara": jsonio.dumps(newer)}))
    again = png.read(export(parse(dump(found.card)), "png").data)
    assert jsonio.same_json(json.loads(again.cards["chara"]), newer)


@pytest.mark.parametrize("version", [10**350, "9" * 400, None, [], "x"])
def test_a_version_that_is_not_a_number(version: Any) -> None:
    document = {**v2(description="x"), "spec": "?", "spec_version": version}
    assert jsonio.same_json(given_back(document, "v3" if version == "9" * 400 else "v2"), document)


@pytest.mark.parametrize("more", [{}, {"creator": "Tom", "x": 1}])
def test_an_old_card_in_ccv3_next_to_a_newer_one_in_chara(more: dict[str, Any]) -> None:
    old = {"name": "Anna", "description": "Old.", "first_mes": "Hi."}
    texts = {"ccv3": jsonio.dumps(old), "chara": jsonio.dumps({**v2(description="New."), **more})}
    found = read_bytes(png.write(png.blank(2, 2), texts))
    again = png.read(export(parse(dump(found.card)), "png").data)
    assert jsonio.same_json(json.loads(again.cards["chara"]), json.loads(texts["chara"]))


def test_a_lorebook_is_not_a_character() -> None:
    found = imported({"entries": {"3": {"uid": 3, "key": ["x"], "content": "c"}}, "name": "World"})
    assert (found.kind, found.card.name) == ("lorebook", "World")
    assert imported({"spec": "lorebook_v3", "data": {"entries": [ENTRY]}}).card.name == "stray"
    with pytest.raises(ExchangeError, match="no list of entries"):
        imported({"spec": "lorebook_v3", "data": {"entries": 5}})


def test_a_card_without_lore_has_no_lorebook_to_export() -> None:
    card = imported(v2()).card
    assert "character_book" not in given_back(v2(), "v2")["data"]
    for form in ("world", "lorebook"):
        with pytest.raises(ExchangeError, match="Anna has no lorebook"):
            export(card, form)


def test_what_a_format_cannot_store_is_noted() -> None:
    card = imported(v2(first_mes="a", alternate_greetings=["b"], tags=["x"])).card
    assert export(card, "v1").notes == ("V1 cannot store further greetings, "
                                        "tags, creator and version.",)  # fmt: skip
    assert export(card, "v2").notes == ()


def test_an_archive_with_a_nameless_file_is_refused() -> None:
    packed = charx.write(jsonio.dumps(v2()), {"x": b"y"})
    with pytest.raises(ExchangeError, match="without a name"):
        read_bytes(_nameless(packed))


def _nameless(packed: bytes) -> bytes:
    """The archive with the name of its second file cut to nothing in the table of contents."""
    at = packed.rfind(b"PK\x01\x02")
    raw = bytearray(packed)
    raw[at + 28 : at + 30] = b"\0\0"
    del raw[at + 46]
    end = raw.rfind(b"PK\x05\x06")
    (size,) = struct.unpack_from("<I", raw, end + 12)
    struct.pack_into("<I", raw, end + 12, size - 1)
    return bytes(raw)


V1 = {"description": "d", "personality": "p", "scenario": "s", "first_mes": "f", "mes_example": ""}


@pytest.mark.parametrize("more", [{}, {"name": None}, {"name": 7}, {"name": []}])
def test_a_v1_card_without_a_usable_name_is_a_card(more: dict[str, Any]) -> None:
    found = imported(V1 | more)
    assert found.card.name == ("7" if more.get("name") == 7 else "stray")
    assert "name" in found.notes[0]
    assert given_back(V1 | more, "v1") == V1 | more


def test_a_settings_file_with_a_description_is_not_a_card() -> None:
    with pytest.raises(ExchangeError, match="none of the fields"):
        imported({"description": "A theme.", "version": 2})


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_encodings_with_a_byte_order_mark_are_read(encoding: str) -> None:
    data = json.dumps(v2(description="Zoë"), ensure_ascii=False).encode(encoding)
    assert read_bytes(data).card.description == "Zoë"
    assert read_bytes("name: Zoë\ncontext: c".encode(encoding)).card.name == "Zoë"


@pytest.mark.parametrize("text", ['{"name": "Zoë", "description": ""}', "name: Zoë\ncontext: c"])
def test_an_old_code_page_is_rejected_with_a_remedy(text: str) -> None:
    with pytest.raises(ExchangeError, match=r"not UTF-8 text \(at byte \d+\): save it as UTF-8"):
        read_bytes(text.encode("latin-1"))


def test_an_invalid_entry_does_not_affect_the_others() -> None:
    document = v2(character_book={"entries": [None, 3, ENTRY | {"keys": "a, b", "content": 5}]})
    found = imported(document)
    assert [entry.content for entry in found.card.lorebook.entries] == ["5"]
    assert found.notes[:2] == (
        "lorebook entry 1 was left out: it is null, not an object with keys and content.",
        "lorebook entry 2 was left out: it is a number, not an object with keys and content.",
    )
    assert given_back(document, "v2") == document
    world = imported({"entries": {"0": None, "1": {"key": ["a"], "content": "c"}}})
    assert len(world.card.lorebook.entries) == 1 and "world entry 1" in world.notes[0]


def test_a_duplicate_key_is_noted() -> None:
    data = b'{"name": "A", "name": "B", "description": "", "description": "d", "extra": {"a": 1}}'
    found = read_bytes(data)
    assert found.card.name == "B"
    assert found.notes == (
        "The file has more than one 'name', 'description' in one object; the last one counts.",
    )


def test_an_export_without_the_portrait_says_so() -> None:
    card = imported(v2()).card
    for form in ("v1", "v2", "v3"):
        notes = export(replace(card, portrait="anna.png"), form).notes
        assert "The file does not include the portrait anna.png; png and charx files do." in notes
        assert export(card, form).notes == ()
