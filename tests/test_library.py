"""rpterm from a script: the example in its docstring runs, and ``open_chat`` takes settings."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

import rpterm
from rpterm.errors import RptermError

CARD = 'name = "Ada"\ngreetings = ["Good evening."]\n[sampling]\ntemperature = 1.5\n'


def test_the_example_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RPTERM_HOME", str(tmp_path))
    result = doctest.testmod(rpterm, optionflags=doctest.ELLIPSIS)
    assert result.attempted and not result.failed


def test_a_chat_is_continued_with_settings_that_override_the_card(tmp_path: Path) -> None:
    card = tmp_path / "ada.toml"
    card.write_text(CARD, encoding="utf-8")
    with rpterm.open_chat(card, home=tmp_path, engine="scripted", live=False) as chat:
        asked = chat.say("Hello")
        with pytest.raises(RptermError, match=r"turn on scoring\.live"):
            chat.score(asked)
    with rpterm.open_chat(
        card, home=tmp_path, new=False, engine="scripted", temperature=0.5
    ) as again:
        assert again.path()[-1] == asked
        with pytest.raises(RptermError, match="empty"):
            again.say(" ")
        generation = again.store.generation(again.say("And?").id)
    assert generation is not None and generation.sampling.temperature == 0.5


def test_wrong_names_are_explained(tmp_path: Path) -> None:
    with (
        pytest.raises(RptermError, match="did you mean"),
        rpterm.open_chat("sherlock", home=tmp_path, engin="scripted"),
    ):
        pass
    with (
        pytest.raises(RptermError, match="nobody"),
        rpterm.open_chat("nobody", home=tmp_path, engine="scripted"),
    ):
        pass


def test_a_score_that_is_waited_for_is_no_background_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: dict[str, object] = {}

    def open_scorer(*_: object, **options: object) -> None:
        asked.update(options)
        raise RptermError("no scorer in this test")

    monkeypatch.setattr("rpterm.startup.scorer.open_scorer", open_scorer)
    with rpterm.open_chat("sherlock", home=tmp_path, engine="scripted") as chat:
        reply = chat.say("Hello")
        with pytest.raises(RptermError):
            chat.score(reply)
    assert asked["polite"] is False
