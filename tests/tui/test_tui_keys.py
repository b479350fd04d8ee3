"""The registry of keys: complete, free of clashes, and what everything else is made from."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rpterm.tui import keys
from rpterm.tui.keys import KEYS, KeyMapError


def test_ids_are_unique_and_every_key_is_described() -> None:
    assert len({key.id for key in KEYS}) == len(KEYS)
    for key in KEYS:
        assert key.keys and key.label
        assert key.description.endswith(".") and key.description[0].isupper(), key.id


def test_every_command_of_the_chat_has_a_function_and_the_other_way_round() -> None:
    from rpterm.tui.screens.chat.commands import COMMANDS

    assert set(COMMANDS) == {key.id for key in KEYS if key.scope == "chat"}


def test_a_key_means_one_thing_in_one_state() -> None:
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
        "left": {"swipe-previous", "duel-left"},
        "right": {"swipe-next", "duel-right"},
    }


def test_ctrl_m_is_never_bound() -> None:
    assert not [key.id for key in KEYS if {"ctrl+m", "ctrl+i", "ctrl+h"} & set(key.keys)]


def test_remapping_by_id() -> None:
    assert keys.keys_of(keys.BY_ID["help"], {"help": "f12, ?"}) == ("f12", "question_mark")
    assert keys.keys_of(keys.BY_ID["help"], {}) == ("f1", "question_mark")


def test_an_unknown_id_is_refused_with_the_near_one() -> None:
    with pytest.raises(KeyMapError, match='Did you mean "regenerate"'):
        keys.check({"regenerat": "f5"})
    with pytest.raises(KeyMapError, match="give a key"):
        keys.check({"send": " , "})


def test_keys_are_shown_as_people_write_them() -> None:
    assert keys.show_key("ctrl+j") == "Ctrl+J"
    assert keys.show_key("question_mark") == "?"
    assert keys.show_key("f1") == "F1"
    assert keys.show_key("e") == "e"
    assert keys.short_key("ctrl+up") == "^↑"


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
