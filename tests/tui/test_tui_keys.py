"""The key registry: complete, without conflicts, and the source of everything generated from it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tui_support import Stage, notices, running, say, screen_text, shown, wait_until

from rpterm.config import Settings
from rpterm.errors import RptermError
from rpterm.tui import key_names, keys
from rpterm.tui.key_check import check, check_change
from rpterm.tui.keys import KEYS


def test_ids_are_unique_and_every_key_is_described() -> None:
    assert len({key.id for key in KEYS}) == len(KEYS)
    for key in KEYS:
        assert key.keys and key.label
        assert key.description.endswith(".") and key.description[0].isupper(), key.id


def test_every_command_id_has_a_function_and_every_function_an_id() -> None:
    from rpterm.tui.screens.chat.commands import COMMANDS

    scopes = ("chat", "turn", "memory", "examples")
    assert set(COMMANDS) == {key.id for key in KEYS if key.scope in scopes}


def test_no_key_has_two_meanings_in_one_state() -> None:
    """Commands may share a key only where their states exclude each other, or the order decides."""
    shared: dict[str, set[str]] = {}
    for key in KEYS:
        if key.scope in ("chat", "app"):
            for name in key.keys:
                shared.setdefault(name, set()).add(key.id)
    clashes = {name: ids for name, ids in shared.items() if len(ids) > 1}
    assert clashes == {
        "enter": {"send", "choose", "edit"},
        "escape": {"stop", "back"},
        "tab": {"complete", "next-place"},
        "left": {"swipe-previous", "duel-left"},
        "right": {"swipe-next", "duel-right"},
    }


def test_ctrl_m_is_never_bound() -> None:
    assert not [key.id for key in KEYS if {"ctrl+m", "ctrl+i", "ctrl+h"} & set(key.keys)]


def test_a_key_is_remapped_by_its_id() -> None:
    assert keys.keys_of(keys.BY_ID["help"], {"help": "f12, ?"}) == ("f12", "question_mark")
    assert keys.keys_of(keys.BY_ID["help"], {}) == ("f1", "question_mark")


def test_an_unknown_id_is_refused_with_a_suggestion() -> None:
    with pytest.raises(RptermError, match='Did you mean "regenerate"'):
        check({"regenerat": "f5"})
    with pytest.raises(RptermError, match="enter a key"):
        check({"send": " , "})


@pytest.mark.parametrize(
    ("table", "other"),
    [
        ({"regenerate": "ctrl+p"}, "palette"),
        ({"edit": "f2"}, "pane-prompt"),
        ({"regenerate": "f12", "note": "f12"}, "note"),
        ({"list-new": "ctrl+q"}, "quit"),
    ],
)
def test_a_key_of_another_command_is_refused(table: dict[str, str], other: str) -> None:
    with pytest.raises(RptermError, match=f"belongs to (regenerate|pane-consistency|{other})"):
        check_change(table)


async def test_a_shared_key_is_only_a_warning_at_the_start(stage: Stage) -> None:
    stage.settings = Settings(keys={"regenerate": "ctrl+p"})
    app = stage.app()
    async with running(app) as pilot:
        await wait_until(pilot, lambda: "Ctrl+P already belongs to palette" in notices(app))


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"stop": "escape,ctrl+y"},
        {"regenerate": "ctrl+g", "candidates": "ctrl+r"},
        {"branch-here": "g"},
        {"memory-pin": "x"},
        {"swipe-next": "ctrl+right"},
    ],
)
def test_keys_that_are_never_active_together_may_be_shared(table: dict[str, str]) -> None:
    check_change(table)


def test_keys_are_displayed_as_people_write_them() -> None:
    assert key_names.display("ctrl+j") == "Ctrl+J"
    assert key_names.display("question_mark") == "?"
    assert key_names.display("f1") == "F1"
    assert key_names.display("e") == "e"
    assert key_names.display_short("ctrl+up") == "^↑"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Ctrl+G", "ctrl+g"), ("alt+G", "alt+g"), ("control+shift+left", "ctrl+shift+left"),
        ("shift+Alt+x", "alt+shift+x"), ("?", "question_mark"), ("F12", "f12"), ("g", "g"),
        ("G", "G"), ("shift+g", "G"), ("Esc", "escape"), ("+", "plus"), ("ctrl++", "ctrl+plus"),
        ("-", "minus"), ("comma", "comma"), ("ctrl+@", "ctrl+at"), ("\\", "backslash"),
        ("é", "é"), ("PgUp", "pageup"), ("Return", "enter"),
    ],
)  # fmt: skip
def test_keys_are_parsed_as_people_write_them(written: str, name: str) -> None:
    assert key_names.parse(written) == name


@pytest.mark.parametrize(
    "written", ["f²", "nonsense+q", "f99", "ctrl+", "ctrl+nonsense", "gg", "f0"]
)
def test_an_invalid_key_is_refused_by_its_name(written: str) -> None:
    with pytest.raises(RptermError, match=r"\[keys\] send: there is no key") as caught:
        check({"send": f"enter, {written}"})
    assert written in str(caught.value)


def test_every_key_of_the_registry_has_textuals_name() -> None:
    for key in KEYS:
        assert tuple(map(key_names.parse, key.keys)) == key.keys


@pytest.mark.parametrize("character", "!\"#$%&'()*+-./:;<=>?@[\\]^_`{|}~é")
def test_characters_are_parsed_to_textuals_names(character: str) -> None:
    from textual.keys import _character_to_key

    assert key_names.parse(character) == _character_to_key(character)


def test_the_table_has_a_row_for_every_command() -> None:
    table = keys.markdown()
    for key in KEYS:
        assert f"| `{key.id}` |" in table


def test_the_registry_needs_no_textual() -> None:
    code = "import sys, rpterm.tui.keys as k; k.markdown(); print('textual' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_first_frame_imports_nothing_slow() -> None:
    code = (
        "import sys, rpterm.tui.app\n"
        "slow = ('sqlite_utils', 'llama_cpp', 'torch', 'openai', 'jinja2', 'numpy',"
        " 'sentence_transformers', 'huggingface_hub', 'rpterm.chat.session', 'rpterm.store')\n"
        "print([name for name in slow if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Hints -----------------------------------------------------------------------------------------
async def test_the_hints_of_an_open_editor_show_keep_and_leave(stage: Stage) -> None:
    stage.settings = Settings(theme="lamplight", keys={"turn-keep": "ctrl+y"})
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("up")
        await wait_until(pilot, lambda: app.chat.state.editor is not None)
        await wait_until(pilot, lambda: "^Y keep" in screen_text(app).splitlines()[-1])
        assert "Esc leave" in screen_text(app).splitlines()[-1]
        assert "edit last" not in screen_text(app)
        await pilot.press("X", "ctrl+y")
        await wait_until(pilot, lambda: ("user", "HelloX") in shown(app))
        await wait_until(pilot, lambda: "edit last" in screen_text(app))
        await pilot.press("up")
        await wait_until(pilot, lambda: "Esc leave" in screen_text(app).splitlines()[-1])
        last = screen_text(app).splitlines()[-1]
        await pilot.click("#hints", offset=(last.index("leave"), 0))
        await wait_until(pilot, lambda: app.chat.state.editor is None)


async def test_the_hints_of_a_covering_pane_show_how_to_leave_it(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (80, 24)) as pilot:
        await pilot.press("f3")
        await wait_until(pilot, lambda: app.chat.panes.covers)
        await wait_until(pilot, lambda: "Esc back" in screen_text(app).splitlines()[-1])
        assert "edit last" not in screen_text(app)
        await pilot.press("escape")
        await wait_until(pilot, lambda: "edit last" in screen_text(app))
        await say(pilot, app, "Hello")
        await pilot.press("up")
        await wait_until(pilot, lambda: app.chat.state.editor is not None)
        await pilot.press("f3")
        await wait_until(pilot, lambda: "Esc back" in screen_text(app))
        await pilot.press("escape")
        await wait_until(pilot, lambda: "⏎ keep" in screen_text(app).splitlines()[-1])
        assert app.chat.state.editor is not None and app.chat.state.editor.has_focus


async def test_suspend_returns_to_the_shell(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    app, asked = stage.app(), []
    monkeypatch.setattr(app, "action_suspend_process", lambda: asked.append(True))
    async with running(app) as pilot:
        app.chat.input.put("half a line")
        await pilot.press("alt+z")
        await wait_until(pilot, lambda: asked == [True])
        assert app.chat.input.full_text == "half a line"
