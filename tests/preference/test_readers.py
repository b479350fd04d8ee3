"""Every format matches its documentation and loads with ``datasets`` as JSONL and Parquet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from preference_support import MODEL, Scene, read_lines, rows, run

from rpterm.preference.check.checker import check
from rpterm.preference.formats import FORMATS
from rpterm.types import Origin


@pytest.fixture
def rated(scene: Scene) -> Scene:
    """Duels, a tie, stars, thumbs, an edit and a flag, on two branches."""
    a, b, c = (scene.reply(text) for text in ("One two.", "Three é\u2028x.", "Four."))
    scene.judge.compare(a, b, "left")
    scene.judge.compare(b, c, "tie")
    scene.judge.stars(a, 5, dimensions={"voice": 4})
    scene.judge.stars(b, 3)
    scene.judge.thumb(c, False, reason="too short")
    scene.judge.flag(c, (0, 2), "odd")
    edited = scene.say(scene.user.id, "Another.", origin=Origin.EDITED, edited_from=c).id
    scene.judge.kept_edit(c, edited)
    user = scene.say(a, "And then?", "user").id
    d, e = (scene.reply(text, user) for text in ("Five.", "Six."))
    scene.judge.compare(d, e, "right")
    scene.judge.thumb(scene.greeting.id, True)
    return scene


def messages(value: Any, *, ends: str) -> None:
    """A list of messages by known roles, system first if at all, ending with a role."""
    assert isinstance(value, list) and value
    assert all(set(each) == {"role", "content"} for each in value)
    roles = [each["role"] for each in value]
    assert set(roles) <= {"system", "user", "assistant"} and "system" not in roles[1:]
    assert roles[-1] == ends
    assert all(each["content"] == each["content"].strip() != "" for each in value)


def test_llama_factory_rows_match_its_documentation(rated: Scene, tmp_path: Path) -> None:
    """LLaMA-Factory, data/README.md: ``dataset_info.json`` names file, formatting and columns. Of
    the conversations the odd messages are the human's and the even ones gpt's; a preference row
    has one message each as ``chosen`` and ``rejected`` and ``ranking: true``; the column that
    ``kto_tag`` names holds true or false."""
    run(rated, tmp_path / "out", format="llama_factory")
    info = json.loads((tmp_path / "out" / "dataset_info.json").read_text())
    assert set(info) == {"rpterm_dpo_train", "rpterm_kto_train", "rpterm_sft_train"}
    known = {"messages", "system", "chosen", "rejected", "kto_tag"}
    for name, entry in info.items():
        assert set(entry) <= {"file_name", "formatting", "columns", "ranking"}
        assert entry["formatting"] == "sharegpt" and set(entry["columns"]) <= known
        assert entry.get("ranking", False) == ("dpo" in name)
        for row in read_lines(tmp_path / "out" / entry["file_name"]):
            assert set(entry["columns"].values()) <= set(row)
            said = [each["from"] for each in row["conversations"]]
            assert all(set(each) == {"from", "value"} for each in row["conversations"])
            assert all(who == ("human", "gpt")[at % 2] for at, who in enumerate(said))
            assert len(said) % 2 == ("dpo" in name)
            for column in ("chosen", "rejected") if "dpo" in name else ():
                assert row[column]["from"] == "gpt" and row[column]["value"]
            if "kto" in name:
                assert row["label"] in (True, False)


def test_axolotl_rows_match_its_documentation(rated: Scene, tmp_path: Path) -> None:
    """Axolotl, docs/rlhf.qmd: ``chat_template.default`` has messages and two messages as replies;
    KTO's ``user_defined`` names its fields and formats; docs/config: ``datasets`` is a list of
    ``path``, ``ds_type``, ``split``, ``type``."""
    run(rated, tmp_path / "out", format="axolotl", max_tokens=700)
    for row in rows(tmp_path / "out", "dpo-train"):
        messages(row["messages"], ends="user")
        for side in ("chosen", "rejected"):
            messages([row[side]], ends="assistant")
    for row in rows(tmp_path / "out", "kto-train"):
        assert isinstance(row["prompt"], str) and row["completion"].endswith("</s>")
        assert row["label"] in (True, False)
    for row in rows(tmp_path / "out", "sft-train"):
        messages(row["messages"], ends="assistant")
    config = json.loads((tmp_path / "out" / "axolotl-dpo.yaml").read_text())
    (entry,) = config["datasets"]
    assert (config["rl"], config["sequence_len"]) == ("dpo", 700)
    assert entry["type"] == "chat_template.default" and entry["ds_type"] == "json"
    row = rows(tmp_path / "out", "dpo-train")[0]
    assert {entry[key] for key in ("field_messages", "field_chosen", "field_rejected")} <= set(row)
    (kto,) = json.loads((tmp_path / "out" / "axolotl-kto.yaml").read_text())["datasets"]
    row = rows(tmp_path / "out", "kto-train")[0]
    fields = {value for key, value in kto["type"].items() if key.startswith("field_")}
    assert fields <= set(row)


def test_openai_rows_match_its_guide(rated: Scene, tmp_path: Path) -> None:
    """OpenAI, guide on direct preference optimization: ``input`` with messages and tools,
    ``preferred_output`` and ``non_preferred_output`` with one assistant message each."""
    run(rated, tmp_path / "out", format="openai")
    for row in rows(tmp_path / "out"):
        assert set(row) == {"input", "preferred_output", "non_preferred_output"}
        assert set(row["input"]) == {"messages", "tools"} and row["input"]["tools"] == []
        messages(row["input"]["messages"], ends="user")
        for side in ("preferred_output", "non_preferred_output"):
            messages(row[side], ends="assistant")
            assert len(row[side]) == 1


def test_sharegpt_conversations_alternate(rated: Scene, tmp_path: Path) -> None:
    """ShareGPT readers: ``from`` is system, human or gpt; the human speaks first, gpt last."""
    run(rated, tmp_path / "out", format="sharegpt")
    for row in rows(tmp_path / "out"):
        said = [each["from"] for each in row["conversations"]]
        said = said[1:] if said[0] == "system" else said
        assert said == ["human", "gpt"] * (len(said) // 2)


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
@pytest.mark.parametrize("name", sorted(FORMATS))
@pytest.mark.trainer
def test_datasets_loads_every_format_by_its_card(
    rated: Scene, tmp_path: Path, name: str, kind: str
) -> None:
    datasets = pytest.importorskip("datasets")
    pytest.importorskip("pyarrow")
    out = tmp_path / "out"
    run(rated, out, format=name)
    said = {path.stem: read_lines(path) for path in (out / "data").iterdir()}
    run(rated, out, format=name, file_type=kind)
    assert {path.suffix for path in (out / "data").iterdir()} == {f".{kind}"}
    for table in (each.name for each in FORMATS[name].tables):
        stem = f"{table}-train" if table else "train"
        data = datasets.load_dataset(
            str(out), table or "default", split="train", cache_dir=str(tmp_path / "cache")
        )
        assert [dict(row) for row in data] == said[stem]


@pytest.mark.trainer
def test_the_check_reads_parquet_as_it_reads_lines(rated: Scene, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    found = []
    for kind in ("jsonl", "parquet"):
        run(rated, tmp_path / "out", format="raw", file_type=kind)
        quality = check(tmp_path / "out", MODEL).quality
        found.append((quality.kinds, quality.sources, quality.characters, quality.good))
    assert found[0] == found[1] and sum(found[0][0].values()) > 5
