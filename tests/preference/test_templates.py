"""Whatever a model's template rejects, its exports render with greeting and system text."""

from __future__ import annotations

from pathlib import Path

import pytest
from preference_support import Scene, rows, run

from rpterm.preference.check.checker import check
from rpterm.preference.formats import FORMATS
from rpterm.preference.message_shape import Greeting
from rpterm.preference.trainer_model import build_trainer_model

LOOP = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ eos_token }}{% endfor %}"
TAKES_TURNS = (
    "{% set ns = namespace(at=0) %}{% for m in messages if m.role != 'system' %}"
    "{% if (m.role == 'user') != (ns.at % 2 == 0) %}{{ raise_exception('no turns') }}{% endif %}"
    "{% set ns.at = ns.at + 1 %}{% endfor %}"
)
NO_SYSTEM = "{% for m in messages if m.role == 'system' %}{{ raise_exception('no') }}{% endfor %}"
DROPS_SYSTEM = (
    "{% for m in messages if m.role != 'system' %}[{{ m.role }}]{{ m.content }}{{ eos_token }}"
    "{% endfor %}"
)
TEMPLATES = {
    "chatml": "",
    "takes turns": TAKES_TURNS + LOOP,
    "no system": NO_SYSTEM + LOOP,
    "neither": NO_SYSTEM + TAKES_TURNS + LOOP,
    "drops system": DROPS_SYSTEM,
}


@pytest.mark.parametrize("source", TEMPLATES)
@pytest.mark.parametrize("name", ["trl_dpo", "trl_sft", "axolotl", "llama_factory", "raw"])
def test_no_row_is_refused(scene: Scene, tmp_path: Path, source: str, name: str) -> None:
    a, b = scene.reply("One."), scene.reply("Two.")
    scene.judge.compare(a, b, "left")
    scene.judge.thumb(a, True)
    scene.judge.thumb(scene.greeting.id, True)
    model = build_trainer_model("m", TEMPLATES[source], "<s>", "</s>", None)
    assert FORMATS[name] and run(scene, tmp_path / "out", format=name, model=model).rows
    report = check(tmp_path / "out", model)
    assert report.refused.count == report.bad.count == 0
    lines = "".join(path.read_text() for path in (tmp_path / "out" / "data").iterdir())
    assert "You are Watson." in lines and "Come in!" in lines


def test_what_a_template_accepts_is_detected() -> None:
    found = {
        name: (made.user_first, made.no_system)
        for name, source in TEMPLATES.items()
        for made in [build_trainer_model(name, source, "", "</s>", None)]
    }
    assert found == {
        "chatml": (False, False), "takes turns": (True, False), "no system": (False, True),
        "neither": (True, True), "drops system": (False, True),
    }  # fmt: skip
    assert build_trainer_model("m", "", "", "<|im_end|>", None).end == "<|im_end|>"
    assert build_trainer_model("m", LOOP, "", "</s>", None).end == "</s>"


def test_a_kept_greeting_is_rejected_if_the_template_rejects_it(
    scene: Scene, tmp_path: Path
) -> None:
    scene.judge.compare(scene.reply("One."), scene.reply("Two."), "left")
    model = build_trainer_model("m", TEMPLATES["takes turns"], "", "</s>", None)
    run(scene, tmp_path / "out", greeting=Greeting.KEEP, model=model)
    assert rows(tmp_path / "out")[0]["prompt"][1]["role"] == "assistant"
    report = check(tmp_path / "out", model)
    assert report.refused.count == 1 and report.refusal == "no turns"
    assert [each.name for each in report.strict] == ["refused"]
