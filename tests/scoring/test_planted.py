"""What ``bench planted`` promises of rules that read words alone; it fails when a rule is lost."""

from __future__ import annotations

from rpterm.bench.planted import measure


def test_the_rules_find_planted_breaks_and_leave_clean_lines_alone() -> None:
    report = measure()
    for kind in ("speaking_held", "anachronism_held", "assistant_develop"):
        assert report[kind]["recall"]["value"] >= 0.8, kind
        assert report[kind]["false_alarms"]["value"] <= 0.05, kind
    assert report["assistant_held"]["false_alarms"]["value"] <= 0.05
    assert report["wrong_relation"]["recall"]["value"] >= 0.5
    assert "assistant_held_words_alone" not in report
