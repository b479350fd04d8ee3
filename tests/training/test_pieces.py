"""The parts of a training that need no model: row order, scales, plans, exports, disk space."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from rpterm.errors import RptermError
from rpterm.training import convert, disk_space
from rpterm.training.base_model import BaseModel
from rpterm.training.dataset import Dataset, read_dataset
from rpterm.training.parity import Parity
from rpterm.training.plan import Method, TrainingPlan
from rpterm.training.run import _open_folder, _probe_texts
from rpterm.training.trainer import label_weights, last_checkpoint

LORA = {
    "use_dora": False, "modules_to_save": None, "rank_pattern": {}, "alpha_pattern": {},
    "bias": "none", "lora_alpha": 16, "r": 4, "use_rslora": False,
}  # fmt: skip
USER = [{"role": "user", "content": "Who?"}]


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def write(out: Path, name: str, *rows: object) -> None:
    out.mkdir(exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (out / f"{name}.jsonl").write_text(text, encoding="utf-8")


def test_the_halves_of_each_head_become_neighbours() -> None:
    rows = np.arange(16, dtype=np.float32).reshape(8, 2)  # two heads of four rows
    order = [int(row[0]) // 2 for row in convert.permuted(rows, 2)]
    assert order == [0, 2, 1, 3, 4, 6, 5, 7]


def test_permuted_rows_rotate_as_transformers_rotates() -> None:
    """Turning neighbours of the permuted query is turning halves of the other, permuted."""
    draw = np.random.default_rng(1)
    query = draw.normal(size=(8, 1)).astype(np.float32)
    angles = np.array([0.3, 1.1])

    def halves(rows: np.ndarray) -> np.ndarray:
        one, two = rows[:2], rows[2:]
        cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
        return np.concatenate([one * cos - two * sin, one * sin + two * cos])

    def neighbours(rows: np.ndarray) -> np.ndarray:
        one, two = rows[0::2], rows[1::2]
        cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
        turned = np.empty_like(rows)
        turned[0::2], turned[1::2] = one * cos - two * sin, one * sin + two * cos
        return turned

    theirs = np.concatenate([halves(query[:4]), halves(query[4:])]).astype(np.float32)
    asked = convert.permuted(query, 2)
    ours = np.concatenate([neighbours(asked[:4]), neighbours(asked[4:])])
    assert np.allclose(ours, convert.permuted(theirs, 2), atol=1e-6)
    assert not np.allclose(ours, theirs, atol=1e-3)


def test_the_scale_is_what_llama_cpp_divides_by_the_rank() -> None:
    assert convert.scale(SimpleNamespace(**LORA)) == 16
    assert convert.scale(SimpleNamespace(**LORA | {"use_rslora": True})) == 32


@pytest.mark.parametrize(
    "more",
    [{"use_dora": True}, {"modules_to_save": ["lm_head"]}, {"bias": "all"},
     {"rank_pattern": {"q_proj": 2}}],
)  # fmt: skip
def test_adapter_features_that_gguf_cannot_store_are_refused(more: dict[str, object]) -> None:
    with pytest.raises(RptermError, match="train without"):
        convert.scale(SimpleNamespace(**LORA | more))


def test_rows_of_another_method_are_ignored_and_the_method_is_recognized(tmp_path: Path) -> None:
    out = tmp_path / "out"
    pair = {"prompt": USER, "chosen": said("A"), "rejected": said("B"), "meta": {"chat": 1}}
    write(out, "train", pair, {"messages": USER}, pair)
    write(out, "test", pair)
    data = read_dataset(out, None)
    assert (data.method, len(data.train), len(data.test)) == (Method.DPO, 2, 1)
    assert set(data.train[0]) == {"prompt", "chosen", "rejected"}
    with pytest.raises(RptermError, match="--format kto"):
        read_dataset(out, Method.KTO)


def test_only_the_reply_of_a_conversation_is_learned(tmp_path: Path) -> None:
    write(tmp_path / "out", "train", {"messages": USER + said("A"), "meta": {}})
    (row,) = read_dataset(tmp_path / "out", None).train
    assert row == {"prompt": USER, "completion": said("A")}


def test_a_broken_first_row_hides_neither_the_method_nor_the_other_rows(tmp_path: Path) -> None:
    write(tmp_path / "out", "train", {"messages": None}, {"messages": USER + said("A")})
    data = read_dataset(tmp_path / "out", None)
    assert (data.method, len(data.train)) == (Method.SFT, 1)


def test_odd_labels_are_no_reason_to_stop(tmp_path: Path) -> None:
    rows = [{"prompt": USER, "completion": said("A"), "label": each} for each in (True, False, [])]
    write(tmp_path / "out", "train", *rows)
    assert len(read_dataset(tmp_path / "out", Method.KTO).train) == 3


def test_rows_of_plain_text_need_no_template(tmp_path: Path) -> None:
    row = {"prompt": "Tom: Hi.\nAda:", "chosen": " Hello.", "rejected": " No."}
    data = Dataset(Method.DPO, [row, {"prompt": USER, "chosen": said("A"), "rejected": said("B")}])
    tokenizer = SimpleNamespace(apply_chat_template=lambda messages, **options: "rendered")
    base = BaseModel(Path("m.gguf"), "llama", None, tokenizer, ())
    assert _probe_texts(base, data) == [("Tom: Hi.\nAda:", " Hello."), ("rendered", "A")]


def test_rows_with_one_label_only_are_refused(tmp_path: Path) -> None:
    row = {"prompt": USER, "completion": said("A"), "label": True}
    write(tmp_path / "out", "train", row, row)
    with pytest.raises(RptermError, match="same label"):
        read_dataset(tmp_path / "out", None)


def test_the_rarer_label_weighs_more() -> None:
    def weights(*labels: bool) -> tuple[float, float]:
        data = Dataset(Method.KTO, [{"label": each} for each in labels])
        found = label_weights(data)
        return found["desirable_weight"], found["undesirable_weight"]

    assert weights(True, False) == (1.0, 1.0)
    assert weights(True, True, True, False) == (1.0, 3.0)
    assert weights(True, False, False) == (2.0, 1.0)


def test_other_data_or_settings_are_another_training() -> None:
    plan = TrainingPlan(Method.DPO, Path("/a/m.gguf"), "h")
    moved = TrainingPlan(Method.DPO, Path("/b/m.gguf"), "h")
    assert plan.fingerprint("d") == moved.fingerprint("d")
    shorter = TrainingPlan(Method.DPO, Path("/a/m.gguf"), "h", epochs=0.5, steps=9)
    assert plan.fingerprint("d") == shorter.fingerprint("d")
    others = {
        plan.fingerprint("e"),
        TrainingPlan(Method.KTO, Path("/a/m.gguf"), "h").fingerprint("d"),
    }
    assert plan.fingerprint("d") not in others and len(others) == 2


def test_a_checkpoint_without_its_state_is_incomplete(tmp_path: Path) -> None:
    for number, whole in ((4, True), (12, True), (16, False)):
        folder = tmp_path / f"checkpoint-{number}"
        folder.mkdir()
        if whole:
            (folder / "trainer_state.json").write_text("{}")
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-12"
    assert last_checkpoint(tmp_path / "none") is None


def test_an_adapter_is_not_replaced_and_another_training_not_lost(tmp_path: Path) -> None:
    made, begun = tmp_path / "made.gguf", tmp_path / "begun.gguf"
    made.touch()
    with pytest.raises(RptermError, match="already exists"):
        _open_folder(made, "one", anew=False)
    (_open_folder(begun, "one", anew=False) / "checkpoint-1").mkdir()
    assert (_open_folder(begun, "one", anew=False) / "checkpoint-1").exists()
    with pytest.raises(RptermError, match="--restart"):
        _open_folder(begun, "two", anew=False)
    assert not list(_open_folder(begun, "two", anew=True).glob("checkpoint-*"))
    with pytest.raises(RptermError, match="does not exist"):
        _open_folder(tmp_path / "none" / "made.gguf", "one", anew=False)


def test_a_full_disk_is_reported_before_and_during_a_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        disk_space.shutil, "disk_usage", lambda folder: SimpleNamespace(free=100 << 20)
    )
    disk_space.check(tmp_path, 1_000_000)
    with pytest.raises(RptermError, match=r"need .* has .* free: free some space"):
        disk_space.check(tmp_path, 9_000_000)
    errors = Exception("No space left on device (os error 28)"), OSError(28, "No space left")
    assert all(disk_space.is_full(error, tmp_path) for error in errors)
    assert not disk_space.is_full(RuntimeError("a shape"), tmp_path)
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda folder: SimpleNamespace(free=0))
    assert disk_space.is_full(RuntimeError("unexpected pos"), tmp_path)


def test_the_parity_check_allows_rounding_and_nothing_else() -> None:
    Parity(moved=1.0, apart=0.3, tokens=9).check("It")
    Parity(moved=0.01, apart=0.1, tokens=9).check("It")
    with pytest.raises(RptermError, match=r"differ by 1\.20"):
        Parity(moved=1.0, apart=1.2, tokens=9).check("It")


def test_the_suggested_export_target_is_never_another_file(tmp_path: Path) -> None:
    file = tmp_path / "in.txt"
    file.write_text("Hello.\n", encoding="utf-8")
    with pytest.raises(RptermError, match=f"`rpterm export {tmp_path}/in-dpo --format dpo`"):
        read_dataset(file, None)
    out = tmp_path / "out"
    write(out, "train", {"messages": USER + said("A")})
    (out / "rpterm-export.json").write_text("{}", encoding="utf-8")
    (out / "data").mkdir()
    (out / "train.jsonl").rename(out / "data" / "train.jsonl")
    with pytest.raises(RptermError, match=f"has 0 rows for kto.*export {out} --format kto`"):
        read_dataset(out, Method.KTO)
