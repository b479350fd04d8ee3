"""What ``rpterm eval`` refuses before it asks a model anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_tools import Cli

from rpterm.config import Settings
from rpterm.evaluation.evaluation import model_key
from rpterm.paths import find


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--models", "starter", "/none/such.gguf"], "such.gguf"),
        (["--html", "/none/page.html"], "the folder /none does not exist"),
        (["--png", "/none/page.png"], "the folder /none does not exist"),
        (["--judge", "starter"], "name two or more"),
    ],
)
def test_an_invalid_option_of_eval_is_reported_before_any_answer(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], told: str
) -> None:
    monkeypatch.setenv("RPTERM_ENGINE", "llama")
    done = cli("eval", "sherlock", *options)
    assert done.code == 1 and told in done.err and len(done.err.splitlines()) == 1
    kept = home / "cache" / "evaluations" / "answers.jsonl"
    assert not kept.exists() or not kept.read_bytes()


def test_a_retrained_adapter_is_another_model(home: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "mine.gguf"
    settings, keys = Settings(adapter=str(adapter)), []
    for content in (b"one", b"other", b"one"):
        adapter.write_bytes(content)
        keys.append(model_key(settings, find()))
    assert keys[0] == keys[2] != keys[1]
