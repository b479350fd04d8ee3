"""Worlds: lore files that several cards name, loaded with them and stored with chats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from strategies import books, cards
from test_diff_watch import save

from rpterm.cards import worlds
from rpterm.cards.authoring import card_worlds
from rpterm.cards.card import CharacterCard, Lorebook, LoreEntry
from rpterm.cards.checks.lint import lint, lint_world
from rpterm.cards.diff import diff
from rpterm.cards.exchange.export import export
from rpterm.cards.exchange.files import export_file, import_files
from rpterm.cards.format import reader
from rpterm.cards.lore.lorebook import Matcher
from rpterm.cards.lore.records import LoreContext
from rpterm.cards.problems import CardError
from rpterm.cards.watch import CardChanged, CardWatcher
from rpterm.cards.worlds import World, merge
from rpterm.errors import RptermError

LOOM = """\
# Shared by all of them.
[lorebook]
name = "The Loom"
scan_depth = 5

[[lore]]
keys = ["mill"]
content = "The mill burns at night."
greetings = [7]

[[lore]]
name = "Weft"
keys = ["weft"]
content = "The weft is silver."
"""
ADA = 'name = "Ada"\nworlds = ["loom"]\n\n[[lore]]\nkeys = ["clock"]\ncontent = "It stops."\n'


@pytest.fixture
def ada(tmp_path: Path) -> Path:
    """A card that names a world."""
    (tmp_path / "worlds").mkdir()
    (tmp_path / "worlds" / "loom.toml").write_text(LOOM, encoding="utf-8")
    (tmp_path / "ada.toml").write_text(ADA, encoding="utf-8")
    return tmp_path / "ada.toml"


def loom(card: Path) -> Path:
    return card.parent / "worlds" / "loom.toml"


def test_the_lore_of_a_world_follows_the_cards_own(ada: Path) -> None:
    found = worlds.CardReader(ada).read()
    entries = found.card.lorebook.entries
    assert [(e.content, e.world) for e in entries] == [
        ("It stops.", ""), ("The mill burns at night.", "loom"), ("The weft is silver.", "loom"),
    ]  # fmt: skip
    assert [e.scan_depth for e in entries] == [None, 5, 5] and found.card.lorebook.scan_depth == 2
    result = Matcher(found.card.lorebook).fire(
        LoreContext(turns=[("user", "To the mill!")], greeting=7)
    )
    assert [hit.source for hit in result.hits] == ["lore:mill (loom)"]


def test_the_stored_text_gives_the_same_card_without_the_world(ada: Path) -> None:
    found = worlds.CardReader(ada).read()
    loom(ada).unlink()
    assert reader.parse(found.text) == found.card and found.source == ADA
    again = worlds.CardReader(ada).read()
    assert [entry.content for entry in again.card.lorebook.entries] == ["It stops."]
    assert again.text == again.source and reader.parse(again.text) == again.card
    (lost,) = again.unreadable
    assert f"{ada}:2: worlds #1: There is no world 'loom'." in lost.message
    assert lost.message.endswith("The lore of this world is left out.")
    plain = worlds.CardReader(ada).parse('# mine\nname = "Bo"\n')
    assert plain.text == plain.source == '# mine\nname = "Bo"\n'


def test_the_stored_text_can_be_used_as_a_card_file(ada: Path) -> None:
    """Its copies of the world's entries give way to the world."""
    kept = worlds.CardReader(ada).read().text
    loom(ada).write_text(LOOM.replace("silver", "golden"), encoding="utf-8")
    again = worlds.CardReader(ada).parse(kept).card
    assert [e.content for e in again.lorebook.entries][1:] == [
        "The mill burns at night.", "The weft is golden.",
    ]  # fmt: skip


def test_where_worlds_are_searched(ada: Path, tmp_path: Path) -> None:
    far = tmp_path / "far" / "bo.toml"
    far.parent.mkdir()
    for name in ("loom", "loom.toml", "../worlds/loom.toml", str(loom(ada))):
        far.write_text(f'name = "Bo"\nworlds = "{name}"\n', encoding="utf-8")
        assert len(worlds.CardReader(far, [tmp_path]).read().card.lorebook.entries) == 2
    (lost,) = worlds.CardReader(far, [tmp_path]).parse('name = "Bo"\nworlds = "lom"\n').unreadable
    assert "Did you mean loom?" in lost.message
    (lost,) = worlds.CardReader(far).parse('name = "Bo"\nworlds = "bo"\n').unreadable
    assert "There is no world" in lost.message, "it is no world of its own"


def test_a_card_serves_as_a_world(ada: Path) -> None:
    other = ada.with_name("bo.toml")
    other.write_text('name = "Bo"\nworlds = ["ada"]\n', encoding="utf-8")
    assert (
        "A world cannot name other worlds" in worlds.CardReader(other).read().unreadable[0].message
    )
    ada.write_text(ADA.replace('worlds = ["loom"]\n', ""), encoding="utf-8")
    assert [e.world for e in worlds.CardReader(other).read().card.lorebook.entries] == ["ada"]


def test_a_world_is_not_a_character(ada: Path) -> None:
    with pytest.raises(CardError, match="This is a world"):
        reader.load(loom(ada))


def test_every_problem_of_a_world_is_reported_with_its_line(ada: Path) -> None:
    loom(ada).write_text(LOOM.replace('content = "The weft', 'contents = "The weft'), "utf-8")
    (lost,) = worlds.CardReader(ada).read().unreadable
    first = lost.problems[0]
    assert (Path(first.file).name, first.field) == ("loom.toml", "lore #2")
    assert "1 more problem" in lost.message


def test_the_linter_names_the_worlds_file_and_line(ada: Path) -> None:
    loom(ada).write_text(
        LOOM.replace('["weft"]', '["the"]') + "\n[[lore]]\ncontent = 'x'\n", "utf-8"
    )
    found = worlds.CardReader(ada).read()
    told = lint(found.card, text=found.source, origin=str(ada), worlds=found.worlds)
    by_field = {(Path(p.file).name, p.field): p.line for p in told}
    assert by_field[("loom.toml", "lore #2 keys #1")] == 13
    assert by_field[("loom.toml", "lore #3")] == 16
    text = loom(ada).read_text("utf-8")
    alone = lint_world(worlds.parse_world(text, "loom.toml"), text, "loom.toml")
    assert [(p.field, p.line) for p in alone] == [("lore #2 keys #1", 13), ("lore #3", 16)]


def world(name: str, *entries: LoreEntry, **fields: object) -> World:
    return World(name, Path(name), "", Lorebook(entries, **fields))  # type: ignore[arg-type]


def test_settings_of_several_books() -> None:
    own = CharacterCard("Ada", lorebook=Lorebook((LoreEntry(("a",), "A."),), budget=300))
    one = world("one", LoreEntry(("b",), "B."), budget=100, recursive=True)
    two = world("two", LoreEntry(("c",), "C."), LoreEntry(("a",), "A."), budget=50)
    book = merge(own, [one, two]).lorebook
    assert (book.budget, book.recursive) == (300, True)
    assert [e.content for e in book.entries] == ["A.", "B.", "C."]
    assert merge(CharacterCard("Bo"), [one, two]).lorebook.budget == 150
    assert (
        merge(CharacterCard("Bo"), [one, world("x", LoreEntry(("d",), "D."))]).lorebook.budget == 0
    )
    mine = CharacterCard("Cy", lorebook=Lorebook((LoreEntry(("e",), "E."),)))
    assert merge(mine, [one]).lorebook.budget == 0


@given(cards(), books(3))
def test_any_card_with_any_world_can_be_stored(card: CharacterCard, book: Lorebook) -> None:
    merged = merge(card, [World("w", Path("w"), "", book)])
    from rpterm.cards.format.writer import dump

    assert reader.parse(dump(merged)) == merged


def test_a_card_that_is_too_large_with_its_worlds_is_reported(ada: Path) -> None:
    big = "x" * 600_000
    loom(ada).write_text(f'[[lore]]\nkeys = "mill"\ncontent = "{big}"\n', encoding="utf-8")
    ada.write_text(f'name = "Ada"\nworlds = "loom"\ndescription = "{big}"\n', encoding="utf-8")
    with pytest.raises(
        CardError, match=r"ada.toml:2: worlds: The card and its worlds are too large"
    ):
        worlds.CardReader(ada).read()


# Saved while it is used ------------------------------------------------------------------------
def test_a_saved_world_changes_the_card(ada: Path) -> None:
    watch = CardWatcher(ada)
    assert watch.poll() is None
    save(loom(ada), LOOM.replace("silver", "golden"))
    event = watch.poll()
    assert isinstance(event, CardChanged) and event.text == watch.text
    assert [change.field for change in event.changes] == ["lore Weft (loom) content"]
    assert watch.poll() is None
    save(loom(ada), LOOM.replace("[lorebook]", "[lorebok]"))
    event = watch.poll()
    assert isinstance(event, CardChanged) and not event.changes and event.unreadable[0].kept
    assert (
        "loom.toml:2" in event.unreadable[0].message
        and "as it was last read" in event.unreadable[0].message
    )
    assert watch.poll() is None
    # The card itself goes on with what is saved, and with the world as it was.
    save(ada, ADA.replace("It stops.", "It runs."))
    event = watch.poll()
    assert isinstance(event, CardChanged) and [c.field for c in event.changes] == [
        "lore clock content"
    ]
    assert "The weft is golden." in [e.content for e in event.card.lorebook.entries]
    save(loom(ada), LOOM)
    event = watch.poll()
    assert isinstance(event, CardChanged) and event.changes and not event.unreadable


def test_a_world_that_appears_vanishes_and_is_shadowed(ada: Path) -> None:
    watch = CardWatcher(ada)
    save(ada, ADA.replace('"loom"', '"loom", "coast"'))
    event = watch.poll()
    assert isinstance(event, CardChanged)
    assert [change.field for change in event.changes] == ["worlds #2"]
    assert [each.name for each in event.unreadable] == ["coast"] and not event.unreadable[0].kept
    assert watch.poll() is None
    save(ada.with_name("coast.toml"), '[[lore]]\nkeys = "sea"\ncontent = "It sings."\n')
    event = watch.poll()
    assert isinstance(event, CardChanged) and event.changes[0].field == "lore sea (coast)"
    # One that is nearer hides it.
    save(loom(ada).with_name("coast.toml"), '[[lore]]\nkeys = "sea"\ncontent = "It roars."\n')
    event = watch.poll()
    assert isinstance(event, CardChanged) and event.changes[0].new == "It roars."
    loom(ada).unlink()
    assert watch.poll() is None, "an editor may be saving"
    event = watch.poll()
    assert isinstance(event, CardChanged) and not event.changes and event.unreadable[0].kept
    assert watch.poll() is None
    save(ada.with_name("loom.toml"), LOOM)
    assert watch.poll() is None, "the other one is away, maybe for a moment"
    event = watch.poll()
    assert isinstance(event, CardChanged) and not event.unreadable, "it was moved"


def test_a_world_missing_at_the_start_is_loaded_once_its_file_exists(ada: Path) -> None:
    loom(ada).rename(ada.with_name("away"))
    watch = CardWatcher(ada)
    assert [each.name for each in watch.unreadable] == ["loom"] and watch.poll() is None
    save(loom(ada), "[lorebok]\n")
    event = watch.poll()
    assert isinstance(event, CardChanged) and "loom.toml:1" in event.unreadable[0].message
    save(loom(ada), LOOM)
    event = watch.poll()
    assert isinstance(event, CardChanged) and not event.unreadable
    assert [change.kind for change in event.changes] == ["added", "added"]


# Other programs --------------------------------------------------------------------------------
def test_an_export_has_all_lore(ada: Path, tmp_path: Path) -> None:
    for form in ("v2", "v3"):
        export_file(ada, form, tmp_path / f"{form}.json")  # type: ignore[arg-type]
        book = json.loads((tmp_path / f"{form}.json").read_text("utf-8"))["data"]["character_book"]
        assert [e["content"] for e in book["entries"]] == [
            "It stops.", "The mill burns at night.", "The weft is silver.",
        ]  # fmt: skip
        assert book["entries"][1]["extensions"]["scan_depth"] == 5
    export_file(loom(ada), "world", tmp_path / "w.json")
    assert json.loads((tmp_path / "w.json").read_text("utf-8"))["name"] == "The Loom"


def test_an_imported_lorebook_is_a_world_and_exports_unchanged(tmp_path: Path) -> None:
    raw = {"entries": {"4": {"uid": 4, "key": ["bell"], "content": "It rings.", "addMemo": True}},
           "colour": "red"}  # fmt: skip
    source = tmp_path / "The Coast.json"
    source.write_text(json.dumps(raw), encoding="utf-8")
    (result,) = import_files([source], tmp_path / "cards")
    assert result.target == tmp_path / "cards" / "worlds" / "the-coast.toml"
    export_file(result.target, "world", tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text("utf-8")) == raw
    # A card that names it keeps to its own original and still has that lore.
    document = json.loads(export(CharacterCard("Ada", description="D."), "v2").data)
    document["data"]["character_book"] = None
    card = tmp_path / "ada.json"
    card.write_text(json.dumps(document), encoding="utf-8")
    (made,) = import_files([card], tmp_path / "cards")
    assert made.target is not None
    text = card_worlds.add_world(made.target.read_text("utf-8"), "the-coast")
    made.target.write_text(text, encoding="utf-8")
    export_file(made.target, "v2", tmp_path / "back.json")
    data = json.loads((tmp_path / "back.json").read_text("utf-8"))["data"]
    assert [e["content"] for e in data["character_book"]["entries"]] == ["It rings."]


# In the text of a card -------------------------------------------------------------------------
def test_adding_and_removing_a_world_keeps_everything_else() -> None:
    text = '# A head.\r\nname = "Ada"  # her\r\n\r\n[persona]\r\nstyle = ["Slow."]\r\n'
    joined = card_worlds.add_world(text, "loom")
    assert '# A head.\r\nname = "Ada"  # her\r\n' in joined and "\n" not in joined.replace(
        "\r\n", ""
    )
    assert reader.parse(joined).worlds == ("loom",)
    more = card_worlds.add_world(joined, "coast")
    assert reader.parse(more).worlds == ("loom", "coast")
    assert card_worlds.remove_world(card_worlds.remove_world(more, "coast"), "loom") == text
    one = card_worlds.add_world('name = "Ada"\nworlds = "loom"\n', "coast")
    assert reader.parse(one).worlds == ("loom", "coast")
    with pytest.raises(RptermError, match="already"):
        card_worlds.add_world(joined, "loom")
    with pytest.raises(RptermError, match=r"has no world coast\. It has loom"):
        card_worlds.remove_world(joined, "coast")


def test_a_difference_names_the_world(ada: Path) -> None:
    before, after = reader.load(ada), worlds.CardReader(ada).read_for_list()
    assert [change.field for change in diff(before, after)] == [
        "lore mill (loom)",
        "lore Weft (loom)",
    ]
