"""``rpterm memory`` from the command line, on a database of its own."""

import json

import pytest
from typer.testing import CliRunner

from rpterm import paths
from rpterm.cli import memory as noun
from rpterm.errors import RptermError
from rpterm.store import Store
from rpterm.types import Origin


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.setenv("RPTERM_HOME", str(tmp_path))
    database = paths.find().database
    database.parent.mkdir(parents=True, exist_ok=True)
    Store(database).close()

    def run(*arguments):
        result = CliRunner().invoke(noun.app, list(arguments))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout

    return run


def test_an_unknown_character_creates_no_database(tmp_path, monkeypatch):
    monkeypatch.setenv("RPTERM_HOME", str(tmp_path))
    result = CliRunner().invoke(noun.app, ["add", "nosuchone", "Ann keeps bees"])
    assert isinstance(result.exception, RptermError)
    assert not paths.find().database.exists()


def test_memories_are_added_listed_pinned_hidden_edited_and_forgotten(call):
    number = call("add", "Sherlock", "Ann keeps bees", "--pin").strip()
    call("hide", number)
    call("edit", number, "Ann keeps wasps")
    (row,) = json.loads(call("list", "Sherlock", "--json"))
    assert (row["text"], row["pinned"], row["hidden"]) == ("Ann keeps wasps", True, True)
    call("hide", number, "--undo")
    assert "pinned" in call("list", "Sherlock")
    assert json.loads(call("search", "Sherlock", "wasp", "--json"))[0]["id"] == int(number)
    call("forget", number, "--yes")
    assert json.loads(call("list", "Sherlock", "--json")) == []


@pytest.mark.parametrize("command", ["pin", "hide", "share"])
def test_a_wrong_number_changes_no_memory(call, command):
    number = call("add", "Sherlock", "Ann keeps bees").strip()
    with pytest.raises(RptermError, match="no memory 99"):
        call(command, number, "99")
    (row,) = json.loads(call("list", "Sherlock", "--json"))
    assert not (row["pinned"] or row["hidden"] or row["shared"])


def test_every_command_answers_in_json(call, tmp_path):
    added = json.loads(call("add", "Sherlock", "Ann keeps bees", "--json"))
    assert (added["kind"], added["text"]) == ("note", "Ann keeps bees")
    (tmp_path / "bees.txt").write_text("A hive has one queen.")
    (file,) = json.loads(call("add", "Sherlock", str(tmp_path / "bees.txt"), "--json"))
    assert (file["name"], file["pieces"]) == ("bees.txt", 1)
    call("export", "Sherlock", "-o", str(tmp_path / "m.jsonl"))
    answer = call("forget", "--files", str(file["id"]), "--yes", "--json")
    assert json.loads(answer) == {"forgotten": 1}
    assert json.loads(call("forget", str(added["id"]), "-y", "--json")) == {"forgotten": 1}
    answer = call("import", "Sherlock", str(tmp_path / "m.jsonl"), "--json")
    assert json.loads(answer) == {"added": 2}


def test_exported_memories_can_be_imported(call, tmp_path):
    call("add", "Sherlock", "one", "--pin")
    call("add", "Sherlock", "two", "--share")
    call("block", "Sherlock", "the cellar")
    file = tmp_path / "m.jsonl"
    call("export", "Sherlock", "-o", str(file))
    assert call("import", "merian", str(file)).strip() == "1 added"  # the shared one is known
    told = json.loads(call("stats", "merian", "--json"))
    assert told["note"] == told["blocked_phrases"] == 1 and not told["files"] and not told["turn"]


@pytest.mark.parametrize("to_file", [True, False])
def test_unusual_line_separators_survive_export_and_import(call, tmp_path, to_file):
    words = "one\u2028two\x85three \u202bfour"
    call("add", "Sherlock", words)
    file = tmp_path / "m.jsonl"
    if to_file:
        call("export", "Sherlock", "-o", str(file))
    else:
        file.write_text("\ufeff" + call("export", "Sherlock"), encoding="utf-8")
    assert call("import", "merian", str(file)).strip() == "1 added"
    (row,) = json.loads(call("list", "merian", "--json"))
    assert row["text"] == words


def test_a_character_is_found_by_card_or_name_and_typos_are_corrected(call):
    call("add", "sherlock", "one")
    assert len(json.loads(call("list", "Sherlock Holmes", "--json"))) == 1
    with pytest.raises(RptermError, match="sherlock"):
        call("list", "sherlok")
    with pytest.raises(RptermError):
        call("add", "sherlok", "two")


@pytest.mark.parametrize("order", [("sherlock", "{}"), ("{}", "--to", "sherlock")])
def test_memory_files_are_added_listed_searched_and_forgotten(call, tmp_path, order):
    file = tmp_path / "my bees.md"
    file.write_text("# Hives\nThe hive stands under the walnut tree.")
    given = [part.format(file) for part in order]
    assert call("add", *given).split() == ["added", "1", "my", "bees.md", "1", "piece"]
    assert call("add", *given).startswith("unchanged")
    file.write_text("# Hives\nThe hive was sold.")
    assert call("add", *given).startswith("replaced")
    (listed,) = json.loads(call("list", "sherlock", "--files", "--json"))
    assert (listed["name"], listed["pieces"]) == ("my bees.md", 1)
    assert "(my bees.md, Hives) The hive was sold." in call("search", "sherlock", "sold")
    assert json.loads(call("stats", "sherlock", "--json"))["document"] == 1
    assert len(json.loads(call("list", "sherlock", "--kind", "document", "--json"))) == 1
    with pytest.raises(RptermError, match="--kind is for memories"):
        call("list", "sherlock", "--files", "--kind", "note")
    call("forget", str(listed["id"]), "--files", "--yes")
    assert json.loads(call("list", "sherlock", "--json")) == []
    assert file.exists()


def test_unreadable_files_are_reported_and_the_others_added(call, tmp_path):
    good, bad = tmp_path / "good.txt", tmp_path / "bad.pdf"
    good.write_text("The comet returns in May.")
    bad.write_text("no pdf")
    with pytest.raises(RptermError, match=r"bad\.pdf"):
        call("add", "sherlock", str(bad), str(good), str(tmp_path / "none.txt"))
    assert [f["name"] for f in json.loads(call("list", "sherlock", "--files", "--json"))] == [
        "good.txt"
    ]
    with pytest.raises(RptermError, match="quotes"):
        call("add", "sherlock", "two", "words")


def test_forgetting_files_skips_unknown_numbers(call, tmp_path):
    for name in ("one.txt", "two.txt"):
        (tmp_path / name).write_text(f"The comet returns in May, says {name}.")
        call("add", "sherlock", str(tmp_path / name))
    with pytest.raises(RptermError, match="no file 99"):
        call("forget", "--files", "99", "1", "2", "--yes")
    assert json.loads(call("list", "sherlock", "--json")) == []


@pytest.mark.parametrize("option", ["--pin", "--share"])
def test_pin_and_share_are_refused_for_files(call, tmp_path, option):
    (tmp_path / "bees.txt").write_text("A hive has one queen.")
    with pytest.raises(RptermError, match="are for notes"):
        call("add", "sherlock", str(tmp_path / "bees.txt"), option)
    assert json.loads(call("list", "sherlock", "--json")) == []


def test_search_finds_words_in_scripts_without_spaces(call):
    call("add", "sherlock", "灯台守は真鍮の鍵を三段目の下に隠した。")
    call("add", "merian", "真鍮の鍵")
    (row,) = json.loads(call("search", "sherlock", "鍵", "真鍮", "--json"))
    assert row["text"].startswith("灯台守")
    with pytest.raises(RptermError, match="Nothing"):
        call("search", "sherlock", "鍵", "brass")


def test_phrases_are_blocked_listed_and_allowed(call):
    call("block", "sherlock", "the  cellar")
    assert "the cellar" in call("list", "sherlock", "--blocked")
    call("block", "sherlock", "THE cellar")
    assert len(json.loads(call("list", "sherlock", "--blocked", "--json"))) == 1
    call("block", "sherlock", "The Cellar", "--undo")
    assert json.loads(call("list", "sherlock", "--blocked", "--json")) == []
    with pytest.raises(RptermError, match="not blocked"):
        call("block", "sherlock", "the cellar", "--undo")


def test_memories_are_moved_to_another_name(call):
    call("add", "sherlock", "one")
    assert call("move", "sherlock", "merian").strip() == "0 chats and 1 memory moved"
    assert len(json.loads(call("list", "merian", "--json"))) == 1
    with pytest.raises(RptermError, match="same"):
        call("move", "merian", "merian")


def test_facts_are_extracted_listed_with_their_source_and_unlinked(call):
    with Store(paths.find().database) as store:
        chat = store.create_chat(card_name="Sherlock Holmes", card_hash="0")
        first = store.add_turn(chat.id, None, "user", "Ann", "I live in Bath.", origin=Origin.TYPED)
        store.add_turn(chat.id, first.id, "user", "Ann", "I moved to York.", origin=Origin.TYPED)
    found = json.loads(call("distil", "sherlock", "--json"))
    bath, york = found
    assert (bath["text"], bath["drawn"]["quote"]) == ("Ann lives in Bath", "I live in Bath")
    assert york["drawn"]["older"] == [bath["id"]]
    listed = call("list", "sherlock", "--kind", "fact")
    assert f"turn {first.id}; by rules" in listed
    assert f"replaces {bath['id']}" in listed
    assert f"replaced by {york['id']}" in listed
    assert call("distil", "sherlock") == "Nothing new was found.\n"
    call("unlink", str(bath["id"]), str(york["id"]))
    assert "replaces" not in call("search", "sherlock", "Ann", "lives")
    with pytest.raises(RptermError, match="does not take the place"):
        call("unlink", str(bath["id"]), str(york["id"]))


def test_forgotten_facts_return_only_with_again(call):
    with Store(paths.find().database) as store:
        chat = store.create_chat(card_name="Sherlock Holmes", card_hash="0")
        store.add_turn(chat.id, None, "user", "Ann", "I live in Bath.", origin=Origin.TYPED)
    (fact,) = json.loads(call("distil", "sherlock", "--json"))
    call("forget", str(fact["id"]), "--yes")
    assert json.loads(call("distil", "sherlock", "--json")) == []
    (again,) = json.loads(call("distil", "sherlock", "--again", "--json"))
    assert again["text"] == fact["text"]


def test_a_file_can_be_added_before_the_first_chat(tmp_path, monkeypatch):
    monkeypatch.setenv("RPTERM_HOME", str(tmp_path / "fresh"))
    (tmp_path / "bees.txt").write_text("The hive stands under the walnut tree.")
    arguments = ["add", "sherlock", str(tmp_path / "bees.txt")]
    assert CliRunner().invoke(noun.app, arguments).stdout.startswith("added")
    assert "walnut" in CliRunner().invoke(noun.app, ["search", "sherlock", "walnut"]).stdout
