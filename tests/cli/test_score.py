"""``rpterm score`` with the real models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_tools import Cli

GOOD = "You have been in the rain, and your left boot was mended by a man in a hurry."
BROKEN = "As an AI language model, I cannot have opinions about that."


@pytest.mark.model
def test_the_command(tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RPTERM_ENGINE", "llama")
    file = tmp_path / "chat.jsonl"
    rows = [{"history": ["Who are you?"], "reply": text} for text in (GOOD, BROKEN)]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = cli("score", "sherlock", str(file), "--json", "--against", "keeper")
    assert done.code == 0, done.err
    good, broken = json.loads(done.out)["replies"]
    assert good["complete"] and good["probability"] > broken["probability"]
    table = cli("score", "sherlock", str(file), "--fast")
    assert "sounds like an assistant" in table.out
    missing = cli("score", "sherlock", str(tmp_path / "none.jsonl"))
    assert missing.code == 1 and "cannot be read" in missing.err
