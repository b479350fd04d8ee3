"""Checking training data: known formats, bad rows, and predictions for trainers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from preference_support import Scene, run, words

from rpterm.errors import RptermError
from rpterm.preference.check.checker import check
from rpterm.preference.check.examples import RowError, parse_row
from rpterm.preference.check.quality import Quality
from rpterm.preference.check.reading import exports
from rpterm.preference.check.report import DataReport
from rpterm.preference.check.trainers import Forecast
from rpterm.preference.formats import FORMATS
from rpterm.preference.scrub import Scrubber
from rpterm.preference.trainer_model import TrainerModel
from rpterm.prompt.template import TemplateError
from rpterm.training.dataset import read_dataset
from rpterm.types import Origin

U = {"role": "user", "content": "Who was it?"}
A = {"role": "assistant", "content": "Moran."}
B = {"role": "assistant", "content": "I."}


def said(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def render(messages: Sequence[tuple[str, str]], *, reply: bool) -> str:
    if messages and messages[0][0] == "assistant":
        raise TemplateError("the user speaks first")
    return " ".join(f"<{role}> {text}" for role, text in messages) + " <assistant>"


MODEL = TrainerModel("words", render, words, " </s>")


def checked(
    path: Path, rows: Sequence[object], name: str = "train.jsonl", **more: Any
) -> DataReport:
    path.mkdir(exist_ok=True)
    text = "".join(
        (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n"
        for row in rows
    )
    (path / name).write_text(text, encoding="utf-8", newline="\n")
    return check(path, MODEL, **more)


def names(report: DataReport) -> set[str]:
    return {each.name for each in report.findings}


def pair(prompt: str, chosen: str, rejected: str, **meta: Any) -> dict[str, Any]:
    return {
        "prompt": [{"role": "user", "content": prompt}],
        "chosen": [said(chosen)], "rejected": [said(rejected)], "meta": meta,
    }  # fmt: skip


FOREIGN: list[tuple[dict[str, Any], str, str]] = [
    ({"prompt": [U], "chosen": [A], "rejected": [B]}, "trl", "pair"),
    ({"prompt": "Who?", "chosen": "Moran.", "rejected": "I."}, "trl", "pair"),
    ({"prompt": "Who?", "chosen": [U, A], "rejected": [U, B]}, "trl", "pair"),
    ({"chosen": [U, A], "rejected": [U, B]}, "trl", "pair"),
    ({"messages": [U], "chosen": A, "rejected": B}, "axolotl", "pair"),
    ({"input": {"messages": [U]}, "preferred_output": [A], "non_preferred_output": [B]},
     "openai", "pair"),
    ({"conversations": [{"from": "human", "value": "Who?"}],
      "chosen": {"from": "gpt", "value": "Moran."}, "rejected": {"from": "gpt", "value": "I."}},
     "llama_factory", "pair"),
    ({"conversations": [{"from": "human", "value": "Who?"}, {"from": "gpt", "value": "I."}]},
     "sharegpt", "demo"),
    ({"conversations": [{"from": "human", "value": "Who?"}, {"from": "gpt", "value": "I."}],
      "kto_tag": True}, "llama_factory", "label"),
    ({"prompt": [U], "completion": [A], "label": False}, "trl", "label"),
    ({"prompt": "Who?", "completion": "I."}, "trl", "demo"),
    ({"messages": [U, A]}, "trl", "demo"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "reader", "kind"), FOREIGN)
def test_foreign_rows_are_recognised_by_their_keys(
    row: dict[str, Any], reader: str, kind: str
) -> None:
    example = parse_row(row)
    assert (example.reader, example.kind) == (reader, kind)
    assert all(reply in ("Moran.", "I.") for reply in example.replies)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ([1], "not an object"),
        ({"text": "x"}, "no known format: text"),
        ({"prompt": [U], "chosen": [A], "rejected": [A]}, "are the same"),
        ({"prompt": [U], "chosen": [A], "rejected": [said(" ")]}, "a reply is empty"),
        ({"prompt": [U], "completion": [A], "label": "good"}, "neither true nor false"),
        ({"chosen": [U, A], "rejected": [A]}, "different prompts"),
        ({"messages": [A, U]}, "do not end with a reply"),
        ({"messages": [{"role": "tool", "content": "x"}, A]}, "'tool'"),
        ({"messages": [{"role": ["x"], "content": "x"}, A]}, "no trainer knows"),
        ({"messages": "x"}, "no messages"),
        ({"prompt": "x", "chosen": [A, A], "rejected": [B]}, "different prompts"),
        ({"prompt": [U], "chosen": [U], "rejected": [B]}, "not a single reply"),
        ({"messages": [U, {"role": "system", "content": "x"}, A]}, "after other messages"),
        ({"fields": {"x": 1}}, "no prompt"),
        ({"input": 3, "preferred_output": [A], "non_preferred_output": [B]}, "no messages"),
        ({"prompt": "x", "chosen": None, "rejected": "y"}, "no messages"),
    ],
)
def test_a_broken_row_raises_with_a_reason(row: object, why: str) -> None:
    with pytest.raises(RowError, match=why):
        parse_row(row)


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 2), st.floats(), st.text(max_size=3),
    st.sampled_from(["user", "assistant", "system", "human", "gpt", "pair", "label", "Hello."]),
)  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
META = {"source": "edit", "character": "W", "models": ["m"], "side": "left", "chat": 1}
SOUND: list[dict[str, Any]] = [
    *(row | {"meta": META} for row, _, _ in FOREIGN),
    {"kind": "tie", "prompt": [U], "reply": {"text": "a"}, "other": {"text": "b"}, "label": None},
    {"fields": {"prompt": "x", "response": "y"}, "suggestions": {"rating": 3}, "metadata": META},
    {"fields": {"prompt": "x", "response-1": "y", "response-2": "z"},
     "suggestions": {"ranking": [{"value": "response-1", "rank": 1}]}},
]  # fmt: skip


def spoilt(value: Any, way: list[int], other: Any) -> Any:
    """The same value with something else at one place."""
    if not way or not isinstance(value, dict | list) or not value:
        return other
    keys = sorted(value) if isinstance(value, dict) else range(len(value))
    at, copied = keys[way[0] % len(keys)], value.copy()
    copied[at] = spoilt(value[at], way[1:], other)
    return copied


@settings(max_examples=100)
@given(st.sampled_from(SOUND), st.lists(st.integers(0, 9), min_size=1, max_size=4), JSON)
def test_a_row_damaged_anywhere_is_parsed_or_reported(
    row: dict[str, Any], way: list[int], other: Any
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.jsonl"
        path.write_text(json.dumps(spoilt(row, way, other)) + "\n", encoding="utf-8")
        report = check(path, TrainerModel("any", lambda messages, *, reply: "x", words, ""))
    assert report.quality.rows + report.bad.count == 1


def test_bad_rows_are_named_by_line_and_the_others_are_read(tmp_path: Path) -> None:
    rows = [pair("Who?", "Moran.", "I."), "{not json", "", {"x": 1}, pair("Where?", "Here.", "No.")]
    report = checked(tmp_path / "d", rows)
    assert report.quality.rows == 2 and report.bad.count == 2
    assert report.bad.first[0] == "train.jsonl:2: it is not JSON"
    assert report.bad.first[1].startswith("train.jsonl:4: its keys")
    assert [each.name for each in report.strict] == ["bad rows"]


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_of_ours_is_read_without_a_bad_row(
    scene: Scene, tmp_path: Path, name: str
) -> None:
    a, b, c = (scene.reply(text) for text in ("One two.", "Three.", "Four."))
    scene.judge.compare(a, b, "left")
    scene.judge.compare(a, c, "tie")
    scene.judge.stars(a, 5)
    scene.judge.stars(b, 3)
    scene.judge.thumb(c, False)
    scene.judge.kept_edit(
        c, scene.say(scene.user.id, "Another.", origin=Origin.EDITED, edited_from=c).id
    )
    done = run(scene, tmp_path / "out", format=name)
    model = TrainerModel("any", lambda messages, *, reply: repr(messages), words, "")
    report = check(tmp_path / "out", model)
    assert report.bad.count == 0 and report.quality.rows == sum(done.rows.values()) > 0
    assert not report.strict


def test_trainers_are_predicted_by_their_own_rules(tmp_path: Path) -> None:
    long = pair("word " * 20, "a b c", "d")  # 22 of the prompt and its marks, 4 of the reply
    report = checked(tmp_path / "d", [pair("Who?", "Moran.", "I."), long], limit=22)
    fates = {each.trainer: dict(each.fates) for each in report.outlooks}
    assert fates == {
        "TRL DPOTrainer": {"kept": 1, "dropped": 1},
        "TRL ORPOTrainer": {"kept": 1, "emptied": 1},
        "TRL RewardTrainer": {"kept": 1, "dropped": 1},
    }
    assert report.outlooks[0].drops == ["train.jsonl:2"] and max(report.tokens) == 26
    assert "drops 1 row (max_length 22; the longest row needs 26)." in report.strict[0].text
    report = checked(tmp_path / "d", [long], limit=23)
    assert report.outlooks[0].fates == {"cut": 1}
    assert report.outlooks[2].fates == {"dropped": 1}
    assert checked(tmp_path / "d", [long], limit=26).outlooks[0].fates == {"kept": 1}


def test_a_trainer_is_set_to_the_limit_of_the_export(scene: Scene, tmp_path: Path) -> None:
    good = scene.reply("word " * 1200)
    scene.judge.compare(good, scene.reply("No."), "left")
    run(scene, tmp_path / "out", max_tokens=2048)
    report = check(tmp_path / "out", MODEL)
    assert {each.limit for each in report.outlooks} == {2048} and not report.strict
    assert report.outlooks[0].fates == {"kept": 1}
    (limit,) = (each.text for each in report.findings if each.name == "limit")
    assert "Set max_length to at least" in limit and "whose default is 1024" in limit


def test_a_reply_beyond_the_cut_drops_or_empties_its_row(tmp_path: Path) -> None:
    long = pair("word " * 20, "a b c", "d")  # 22 of the prompt and its marks
    prompt, reply = long["prompt"], long["chosen"]
    apart = checked(tmp_path / "a", [{"prompt": prompt, "completion": reply}], limit=22)
    assert apart.outlooks[0].fates == {"dropped": 1}
    whole = checked(tmp_path / "w", [{"messages": [*prompt, *reply]}], limit=22)
    assert whole.outlooks[0].fates == {"emptied": 1}
    assert whole.outlooks[0].empties == ["train.jsonl:1"]
    assert "without any of the reply" in whole.strict[0].text
    cut = checked(tmp_path / "w", [{"messages": [*prompt, *reply]}], limit=23)
    assert cut.outlooks[0].fates == {"cut": 1} and not cut.strict


def test_a_folder_of_exports_is_checked_one_by_one(scene: Scene, tmp_path: Path) -> None:
    good, bad = scene.reply("It was Moran."), scene.reply("As an AI.")
    scene.judge.compare(good, bad, "left")
    scene.judge.thumb(good, True)
    for name in ("trl_dpo", "axolotl"):
        run(scene, tmp_path / "all" / name, format=name)
    assert exports(tmp_path / "all") == [tmp_path / "all" / "axolotl", tmp_path / "all" / "trl_dpo"]
    assert exports(tmp_path / "all" / "axolotl") == [tmp_path / "all" / "axolotl"]
    with pytest.raises(RptermError, match=r"several exports \(axolotl, trl_dpo\): name one"):
        read_dataset(tmp_path / "all", None)
    (tmp_path / "all" / "trl_dpo-scrubbed.jsonl").write_text("{}\n")
    assert len(exports(tmp_path / "all")) == 2
    (tmp_path / "all" / "odd.jsonl").write_text("{}\n")
    with pytest.raises(RptermError, match=r"and also odd.jsonl: check them one by one"):
        exports(tmp_path / "all")


def test_a_chat_that_llama_factory_drops_is_predicted(tmp_path: Path) -> None:
    turns = [{"from": "gpt", "value": "Hm."}, {"from": "human", "value": "Who?"}]
    row = {"conversations": turns, "chosen": {"from": "gpt", "value": "I."},
           "rejected": {"from": "gpt", "value": "Moran."}}  # fmt: skip
    model = TrainerModel("any", lambda messages, *, reply: "x", words, "")
    (tmp_path / "train.jsonl").write_text(json.dumps(row) + "\n")
    (outlook,) = check(tmp_path, model).outlooks
    assert outlook.fates == {"dropped": 1}


def test_a_rejecting_template_is_reported_with_its_reason(tmp_path: Path) -> None:
    row = {"prompt": [A, U], "chosen": [A], "rejected": [B]}
    report = checked(tmp_path / "d", [row])
    assert report.refused.count == 1 and report.outlooks[0].fates == {"stops": 1}
    assert "the user speaks first" in report.findings[0].text


def test_duplicates_contradictions_and_leaks_are_found(tmp_path: Path) -> None:
    rows = [
        pair("Who?", "Moran.", "I.", chat=1), pair("Who?", "Moran.", "I.", chat=1),
        pair("Who?", "I.", "Moran.", chat=1),
    ]  # fmt: skip
    report = checked(tmp_path / "d", rows)
    quality = report.quality
    assert (quality.duplicates.first, quality.contradictions.first) == (
        ["train.jsonl:2"], ["train.jsonl:3"],
    )  # fmt: skip
    assert not quality.leaks.count
    others = [
        pair("Who?", "He.", "She."),
        pair("When?", "A.", "B.", chat=1),
        pair("Why?", "C.", "D."),
    ]
    report = checked(tmp_path / "d", others, "test.jsonl")
    # Files are read in the order of their names: what is in both splits is told where it is second.
    assert report.quality.leaks.count == 3 and "leaks" in {each.name for each in report.strict}
    labels = [{"prompt": [U], "completion": [A], "label": good} for good in (True, False)]
    assert checked(tmp_path / "k", labels).quality.contradictions.count == 1


def test_a_prompt_leaks_whatever_its_card_and_commas(tmp_path: Path) -> None:
    row = pair("Who, then?", "Moran.", "I.")
    other = pair("who then", "He.", "She.")
    other["prompt"] = [{"role": "system", "content": "Another version."}, *other["prompt"]]
    for folder, meta, leaks in (("own", {"character": "Watson"}, 1), ("foreign", {}, 0)):
        checked(tmp_path / folder, [row | {"meta": meta}])
        report = checked(tmp_path / folder, [other | {"meta": meta}], "test.jsonl")
        assert report.quality.leaks.count == leaks, folder


def test_biases_are_reported_only_when_significant(tmp_path: Path) -> None:
    few = [pair(f"Who {n}?", "a longer reply", "short", source="duel", side="left")
           for n in range(3)]  # fmt: skip
    assert not {"length", "position"} & names(checked(tmp_path / "few", few))
    many = [pair(f"Who {n}?", "a longer reply", "short", source="duel", side="left")
            for n in range(30)]  # fmt: skip
    report = checked(tmp_path / "many", many)
    assert {"length", "position"} <= names(report) and not report.strict
    assert report.quality.longer.value == 1.0 and report.quality.sources == {"duel": 30}


def test_one_sided_labels_and_small_edits_are_reported(tmp_path: Path) -> None:
    labels = [{"prompt": [U], "completion": [said(f"No {n}.")], "label": True} for n in range(4)]
    assert "one-sided" in {each.name for each in checked(tmp_path / "k", labels).strict}
    edit = pair("Who?", "It was Moran!", "It was Moran.", source="edit")
    report = checked(tmp_path / "e", [edit])
    assert report.quality.edits == [1] and "small edits" in names(report)


def test_personal_data_and_phrases_are_found_where_they_are(tmp_path: Path) -> None:
    rows = [
        pair("Write to holmes@example.org", "As an AI, I have no pen.", "I."),
        pair("Who?", "Moran.", "I cannot assist with that."),
    ]
    report = checked(tmp_path / "d", rows)
    assert report.quality.private["mail"].first == ["train.jsonl:1"]
    voices = {key: each.count for key, each in report.quality.voices.items() if each.count}
    assert voices == {("chosen", "assistant"): 1, ("rejected", "refusal"): 1}
    assert "personal data" in {each.name for each in report.strict}


def test_the_manifest_has_the_duels_for_the_check(scene: Scene, tmp_path: Path) -> None:
    a, b = scene.reply("One."), scene.reply("Two.")
    first = scene.judge.compare(a, b, "left")
    scene.judge.compare(b, a, "right", asked_again=first.id)
    run(scene, tmp_path / "out")
    model = TrainerModel("any", lambda messages, *, reply: "x", words, "")
    duels = check(tmp_path / "out", model).about["duels"]
    assert duels["verdicts"] == {"left": 1, "right": 1}
    assert duels["self_agreement"]["value"] == 1.0 and duels["left_wins"]["hits"] == 1


@pytest.mark.parametrize("about", ["by hand", {"max_tokens": "many", "format": 1}])
def test_a_manifest_that_somebody_changed_sets_no_limit(tmp_path: Path, about: object) -> None:
    (tmp_path / "rpterm-export.json").write_text(json.dumps({"about": about}), encoding="utf-8")
    row = {"prompt": "Hello", "chosen": "One.", "rejected": "Two."}
    usual = [each.limit for each in checked(tmp_path / "data", [row]).outlooks]
    assert [each.limit for each in check(tmp_path, MODEL).outlooks] == usual


@pytest.mark.parametrize(("name", "text"), [("a.jsonl", ""), ("a.jsonl", "\n"), ("a.json", "[]")])
def test_an_empty_file_is_an_error(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    for path in (tmp_path / name, tmp_path):
        with pytest.raises(RptermError, match="it is empty"):
            check(path, MODEL)


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RptermError, match="no file or folder"):
        check(tmp_path / "none", MODEL)
    with pytest.raises(RptermError, match="no JSONL or Parquet"):
        check(tmp_path, MODEL)
    (tmp_path / "bad.jsonl").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(RptermError, match=r"bad\.jsonl cannot be read"):
        check(tmp_path / "bad.jsonl", MODEL)


def test_a_quantile_is_the_least_length_that_so_many_rows_keep_to() -> None:
    report = DataReport("", "", True, {}, Quality(Scrubber()), Forecast(None, 0))
    assert report.quantile(0.5) == 0
    report.tokens = list(range(20, 0, -1))
    assert [report.quantile(share) for share in (0.5, 0.95, 1.0)] == [10, 19, 20]
