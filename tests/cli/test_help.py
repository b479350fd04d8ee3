"""The way in is cheap, and everything generated is fresh."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_tools import Cli

from rpterm.cli import readme
from rpterm.cli.app import NOUNS, load_command

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("textual", "rich", "sqlite_utils", "sqlite3", "llama_cpp", "torch", "openai", "numpy",
         "jinja2", "huggingface_hub", "sentence_transformers", "asyncio", "tomlkit")  # fmt: skip
_LIST = "import sys, json; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"


def imported(code: str) -> set[str]:
    """Top-level modules there after some code ran in a fresh process."""
    code = f"import sys\ntry:\n    {code}\nexcept SystemExit: pass\n{_LIST}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_imports_nothing_heavy() -> None:
    code = "import rpterm.__main__ as m; sys.argv = ['rpterm', '--help']; m.main()"
    assert imported(code) & set(HEAVY) == set()


def test_starting_a_chat_imports_neither_typer_nor_the_store() -> None:
    code = (
        "from rpterm import paths; from rpterm.cli import chat_run, guard; "
        "from rpterm.startup.launch import Launch, ChatRequest, find_card; "
        "find_card('sherlock', paths.find())"
    )
    assert imported(code) & {*HEAVY, "typer"} == set()


@pytest.mark.parametrize("options", ["", "'--new'"])
def test_a_plain_start_skips_the_parser(options: str) -> None:
    code = f"import rpterm.__main__ as m; sys.argv = ['rpterm', 'chat', {options}]; m.main()"
    found = imported(code)
    assert "rpterm" in found
    assert "typer" not in found


@pytest.mark.parametrize(
    ("typed", "found"),
    [("chat sher", "sherlock"), ("cards sh", "show"), ("config set theme", "theme")],
)
def test_a_shell_completes_commands_cards_and_settings(
    monkeypatch: pytest.MonkeyPatch, cli: Cli, typed: str, found: str
) -> None:
    monkeypatch.setenv("_RPTERM_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"rpterm {typed}")
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split())))
    assert cli().out.split() == [found]


def test_help_lists_every_command(cli: Cli) -> None:
    done = cli("--help")
    assert done.code == 0
    for noun, line in NOUNS.items():
        assert re.search(rf"^  {noun} +{re.escape(line)}$", done.out, re.MULTILINE)


@pytest.mark.parametrize("noun", NOUNS)
def test_every_command_has_help(cli: Cli, noun: str) -> None:
    done = cli(noun, "--help")
    assert done.code == 0
    assert f"Usage: rpterm {noun}" in done.out
    assert load_command(noun).name == noun


def test_version_is_printed(cli: Cli) -> None:
    done = cli("--version")
    assert (done.code, done.out) == (0, "rpterm 0.1.0\n")


def test_python_m_rpterm_runs_the_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rpterm", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "rpterm 0.1.0\n"


def test_help_keys_shows_the_users_keys(cli: Cli) -> None:
    assert cli("config", "set", "keys.regenerate", "ctrl+y").code == 0
    done = cli("help", "keys")
    assert done.code == 0
    assert re.search(r"^Ctrl\+Y +regenerate ", done.out, re.MULTILINE)


def test_the_generated_parts_of_the_readme_are_up_to_date() -> None:
    text = readme.README.read_text(encoding="utf-8")
    assert readme.renewed(text) == text, "run python -m rpterm.cli.readme"


def test_the_readme_begins_with_the_promised_commands() -> None:
    text = readme.README.read_text(encoding="utf-8")
    assert readme.block(text, "start").endswith(".venv/bin/rpterm chat sherlock\n")
    assert readme.block(text, "tests").endswith(".venv/bin/pytest -n 3 --dist loadfile\n")


def test_ci_runs_the_readmes_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    found = re.search(r"^command=\$\((awk '.*?' README\.md)\)$", script, re.MULTILINE | re.DOTALL)
    assert found
    done = subprocess.run(["bash", "-c", found[1]], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == readme.block(readme.README.read_text(encoding="utf-8"), "tests")


def test_the_readme_names_every_exit_code_of_the_guard() -> None:
    from rpterm.cli import guard

    text = readme.README.read_text(encoding="utf-8")
    assert f"{guard.INTERRUPTED} Ctrl+C" in text
