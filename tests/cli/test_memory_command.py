"""``rpterm memory`` from the command line, on a database of its own."""

import json

import pytest
from typer.testing import CliRunner

from rpterm import paths
from rpterm.cli import memory as noun
from rpterm.store import Store


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


def test_add_list_pin_hide_edit_and_forget(call):
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


def test_export_and_import_go_round(call, tmp_path):
    call("add", "Sherlock", "one")
    call("add", "Sherlock", "two", "--share")
    file = tmp_path / "m.jsonl"
    call("export", "Sherlock", "-o", str(file))
    assert call("import", "Watson", str(file)).strip() == "1 added"  # the shared one is known
    assert json.loads(call("stats", "Watson", "--json")) == {"note": 1}
