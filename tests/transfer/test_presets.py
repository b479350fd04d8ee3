"""Presets of other programs, which become profiles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from rpterm import config
from rpterm.store import Store
from rpterm.transfer.folder_import import import_paths
from rpterm.transfer.leftovers import describe_leftovers
from rpterm.transfer.presets import read_preset, write_profile

SAMPLERS: dict[str, Any] = {
    "temp": 1.25, "top_p": 0.95, "top_k": 40, "min_p": 0.02, "typical_p": 1, "top_a": 0, "tfs": 1,
    "rep_pen": 1.1, "rep_pen_range": 0, "freq_pen": 0.1, "presence_pen": 0.2, "nsigma": 0,
    "dry_multiplier": 0.8, "dry_base": 1.75, "dry_allowed_length": 2, "dry_penalty_last_n": 0,
    "xtc_threshold": 0.1, "xtc_probability": 0.5, "mirostat_mode": 0, "genamt": 350,
    "dynatemp": False, "min_temp": 0.5, "max_temp": 2, "dynatemp_exponent": 1,
    "banned_tokens": '"a testament to"\n[1, 2]\nshivers\n', "send_banned_tokens": True,
    "logit_bias": [{"text": " tapestry", "value": -5}, {"text": "", "value": 1}],
    "grammar_string": "", "max_length": 8192,
}  # fmt: skip


def loaded(raw: dict[str, Any], folder: Path) -> config.Settings:
    """The settings with the profile that a preset becomes."""
    preset = read_preset(raw)
    assert preset is not None
    file = folder / "config.toml"
    name = write_profile(preset, Path("My preset.json"), file).stem
    return config.load(file, flags={"profile": name})


def test_every_sampler_is_carried_over(tmp_path: Path) -> None:
    found = loaded(SAMPLERS, tmp_path).sampling
    assert (found.temperature, found.top_k, found.top_p, found.min_p) == (1.25, 40, 0.95, 0.02)
    assert (found.repeat_penalty, found.frequency_penalty) == (1.1, 0.1)
    assert (found.presence_penalty, found.dry_multiplier) == (0.2, 0.8)
    assert (found.xtc_probability, found.max_tokens) == (0.5, 350)
    # What 0 means there: no top-n-sigma, and penalties for the whole context.
    assert (found.top_n_sigma, found.penalty_last_n, found.dry_range) == (-1, -1, -1)
    assert found.banned == ("a testament to", "shivers")
    assert found.logit_bias == {" tapestry": -5}


def test_a_sampler_that_a_preset_does_not_name_is_off(tmp_path: Path) -> None:
    """An old preset knows nothing of DRY, which is on by default here."""
    found = loaded({"temp": 0.7, "rep_pen": 1.0, "genamt": 0}, tmp_path).sampling
    assert (found.temperature, found.dry_multiplier, found.min_p) == (0.7, 0, 0)
    assert found.max_tokens == config.Settings().sampling.max_tokens


def test_a_dynamic_temperature_has_the_same_limits(tmp_path: Path) -> None:
    found = loaded(SAMPLERS | {"dynatemp": True}, tmp_path).sampling
    assert found.temperature - found.dynatemp_range == 0.5
    assert found.temperature + found.dynatemp_range == 2


def test_what_has_no_counterpart_is_noted() -> None:
    preset = read_preset(SAMPLERS | {"top_a": 0.2, "smoothing_factor": "0.3"})
    assert preset is not None
    assert preset.notes == ("Samplers that do not exist here: top_a, smoothing_factor.",)


def test_the_prompts_before_the_chat_become_the_system_prompt(tmp_path: Path) -> None:
    texts = {"main": "You are {{char}}.", "style": "Be terse.", "off": "No.", "last": "Now."}
    prompts: list[dict[str, Any]] = [
        {"identifier": name, "content": text} for name, text in texts.items()
    ]
    prompts += [
        {"identifier": "deep", "content": "Deep.", "injection_position": 1},
        {"identifier": "charDescription", "marker": True},
        {"identifier": "chatHistory", "marker": True},
    ]
    order = ["main", "charDescription", "style", "deep", "off", "chatHistory", "last", "gone"]
    preset = {
        "temperature": 1, "openai_max_tokens": 300, "prompts": prompts,
        "prompt_order": [
            {"character_id": 100000, "order": []},
            {"character_id": 100001,
             "order": [{"identifier": each, "enabled": each != "off"} for each in order]},
        ],
    }  # fmt: skip
    assert loaded(preset, tmp_path).system_prompt == "You are {{char}}.\n\nBe terse."
    found = read_preset(preset)
    assert found is not None and found.notes == ("2 prompts after or inside the chat left out.",)


def test_one_file_may_hold_samplers_and_a_system_prompt(tmp_path: Path) -> None:
    prompt = {
        "name": "Mine",
        "content": 'You are {{char}}.\nNo "purple" prose.',
        "post_history": "x",
    }
    both = {"instruct": {"input_sequence": "x"}, "sysprompt": prompt, "preset": SAMPLERS}
    found = loaded(both, tmp_path)
    assert (found.system_prompt, found.sampling.temperature) == (prompt["content"], 1.25)
    alone = loaded(prompt, tmp_path)
    assert alone.system_prompt == prompt["content"]
    assert alone.sampling == config.Settings().sampling


def test_a_folder_brings_the_presets_of_its_user_only(store: Store, tmp_path: Path) -> None:
    old = tmp_path / "old" / "TextGen Settings"
    old.mkdir(parents=True)
    for seed, name in enumerate(("Mine", "Default", "Shipped")):
        (old / f"{name}.json").write_text(json.dumps(SAMPLERS | {"seed": seed}))
    (old.parent / "content.log").write_text("Seraphina.png\npresets/textgen/Shipped.json\n")
    originals = old.parent / "default" / "content" / "presets"
    originals.mkdir(parents=True)
    (originals / "Original.json").write_text(json.dumps(SAMPLERS | {"seed": 7}))
    file = tmp_path / "config" / "config.toml"
    moved = import_paths([old.parent], tmp_path / "cards", store, config_file=file)
    assert config.profiles(file) == ["default-preset", "mine"]
    assert describe_leftovers(moved.passed_over) == "1 sampler preset"
    again = import_paths([old.parent], tmp_path / "cards", store, config_file=file)
    assert [each.known for each in again.profiles] == [True, True]
    import_paths([old / "Shipped.json"], tmp_path / "cards", store, config_file=file)
    assert config.profiles(file) == ["default-preset", "mine", "shipped"]


_TEXTS = st.text() | st.text(st.characters(codec=None))
_VALUES = st.none() | st.booleans() | st.floats() | st.integers() | _TEXTS | st.lists(_TEXTS)


@example({"dynatemp": True, "temp": 11.0})
@given(st.dictionaries(st.sampled_from(sorted(SAMPLERS)), _VALUES))
def test_odd_values_never_make_an_invalid_profile(
    tmp_path_factory: Any, odd: dict[str, Any]
) -> None:
    loaded(SAMPLERS | odd, tmp_path_factory.mktemp("odd"))


def test_half_a_character_does_not_stop_an_import(tmp_path: Path) -> None:
    odd = {"banned_tokens": "x\ud800", "logit_bias": [{"text": "\ud800y", "value": 1}]}
    found = loaded(SAMPLERS | odd, tmp_path).sampling
    assert (found.banned, found.logit_bias) == (("x",), {"y": 1})
