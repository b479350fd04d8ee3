"""Files whose rows describe their own characters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rpterm.errors import RptermError
from rpterm.evaluation.profiled_rows import read_profiled


def _file(*rows: dict[str, Any]) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()


def test_rows_of_one_character_are_read_together() -> None:
    rows = [
        {"character": name, "profile": profile, "history": ["Hello!"], "reply": reply, "grade": at}
        for at, (name, profile, reply) in enumerate([
            ("Ines", "Ines mends nets.", "Mind the nets."),
            ("Rui", "Rui drives a tram.", "Hold on."),
            ("Ines", "Ines mends nets.", "Ines: It is wet."),
        ])
    ]  # fmt: skip
    ines, rui = read_profiled(_file(*rows), "profile")
    assert (ines.card.name, ines.card.description) == ("Ines", "Ines mends nets.")
    assert [(each.line, each.text) for each in ines.replies] == [
        (1, "Mind the nets."), (3, "It is wet."),
    ]  # fmt: skip
    assert ines.replies[1].number("grade") == 2 and ines.replies[0].history == ((False, "Hello!"),)
    assert rui.card.name == "Rui" and rui.replies[0].line == 2


def test_one_name_with_two_profiles_is_two_characters() -> None:
    rows = [{"bot": "Ann", "persona": [claim], "reply": "Hm."} for claim in ("I ski.", "I sew.")]
    assert [each.card.attributes for each in read_profiled(_file(*rows), "persona")] == [
        ("I ski.",), ("I sew.",),
    ]  # fmt: skip


def test_a_profile_may_be_an_object_inside_another() -> None:
    profile = {"name": "Ann", "home_town": "Bergen", "likes": ["snow", "tea"], "age": None}
    (found,) = read_profiled(_file({"info": {"who": profile}, "reply": "Hm."}), "info.who")
    assert found.card.name == "Ann"
    assert found.card.attributes == ("name: Ann", "home town: Bergen", "likes: snow", "likes: tea")


def test_rows_without_a_profile_are_reported() -> None:
    rows = ({"profile": " ", "reply": "Hm."}, {"profile": "Ann skis.", "reply": "Brr."})
    problems: list[str] = []
    (found,) = read_profiled(_file(*rows), "profile", "rows.jsonl", problems.append)
    assert found.card.name == "Character" and len(found.replies) == 1
    assert problems == ["rows.jsonl, line 1: the field 'profile' has no profile."]
    with pytest.raises(RptermError, match="no reply next to a profile"):
        read_profiled(_file({"reply": "Hm."}), "profile")
