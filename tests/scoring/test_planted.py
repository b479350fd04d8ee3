"""What ``bench planted`` promises of rules that read words alone; it fails when a rule is lost."""

from __future__ import annotations

from rpterm.bench.planted import measure


def test_the_rules_find_planted_breaks_and_leave_clean_lines_alone() -> None:
    report = measure()
    for kind in ("speaking_held", "anachronism_held", "assistant_develop"):
        assert report[kind]["recall"]["value"] >= 0.8, kind
        assert report[kind]["false_alarms"]["value"] <= 0.05, kind
    assert report["assistant_held"]["false_alarms"]["value"] <= 0.05
    for kind in ("wrong_relation", "wrong_relation_told", "wrong_relation_fresh"):
        assert report[kind]["recall"]["value"] >= 0.65, kind
        assert report[kind]["false_alarms"]["value"] <= 0.05, kind
    assert report["wrong_relation_fresh"]["breaks"] == report["contradiction_told"]["breaks"] == 100
    for kind in ("facts_develop", "facts_held"):
        assert report[kind]["recall"]["value"] >= 0.4, kind
        assert report[kind]["false_alarms"]["value"] <= 0.02, kind
    assert report["facts_free"]["recall"]["value"] >= 0.18
    assert report["facts_free"]["false_alarms"]["value"] <= 0.01
    assert report["recital"]["recall"]["value"] >= 0.9
    assert report["recital"]["false_alarms"]["value"] == 0
    assert "assistant_held_words_alone" not in report
