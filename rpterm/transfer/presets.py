"""Turns presets of other programs into profiles: samplers, a system prompt, or both in one file.

A sampler that a preset does not name is neutral in its own program, so it is in the profile, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rpterm import config, paths
from rpterm.cards.exchange.files import numbered, safe_name
from rpterm.cards.format import toml_text
from rpterm.foreign_json import as_mapping, as_mappings, as_text
from rpterm.humanize import counted
from rpterm.sampling_ranges import SAMPLING_RANGES
from rpterm.types import Sampling

_NAMES: dict[str, tuple[tuple[str, ...], float]] = {
    "temperature": (("temp", "temperature"), 1.0),
    "top_k": (("top_k",), 0),
    "top_p": (("top_p",), 1.0),
    "min_p": (("min_p",), 0.0),
    "typical_p": (("typical_p", "typical"), 1.0),
    "top_n_sigma": (("nsigma",), 0.0),
    "repeat_penalty": (("rep_pen", "repetition_penalty"), 1.0),
    "presence_penalty": (("presence_pen", "presence_penalty"), 0.0),
    "frequency_penalty": (("freq_pen", "frequency_penalty"), 0.0),
    "penalty_last_n": (("rep_pen_range",), 0),
    "dry_multiplier": (("dry_multiplier",), 0.0),
    "dry_base": (("dry_base",), 1.75),
    "dry_allowed_length": (("dry_allowed_length",), 2),
    "dry_range": (("dry_penalty_last_n",), 0),
    "dynatemp_exponent": (("dynatemp_exponent",), 1.0),
    "xtc_probability": (("xtc_probability",), 0.0),
    "xtc_threshold": (("xtc_threshold",), 0.1),
    "mirostat": (("mirostat_mode", "mirostat"), 0),
    "mirostat_tau": (("mirostat_tau",), 5.0),
    "mirostat_eta": (("mirostat_eta",), 0.1),
    "max_tokens": (("genamt", "openai_max_tokens"), 0),
}
"""Our name of a sampler → its names in presets, and its neutral value there."""
_ZERO_MEANS = {"top_n_sigma": -1.0, "penalty_last_n": -1, "dry_range": -1}
"""Samplers for which 0 has another meaning here: our value for off, or for the whole context."""
_UNKNOWN_HERE = {
    "top_a": 0, "tfs": 1, "epsilon_cutoff": 0, "eta_cutoff": 0, "smoothing_factor": 0,
    "penalty_alpha": 0, "no_repeat_ngram_size": 0, "encoder_rep_pen": 1, "guidance_scale": 1,
}  # fmt: skip
"""Samplers that do not exist here → their neutral value."""
_SAMPLER_MARKS = ({"temp", "rep_pen"}, {"temp", "top_p"}, {"temperature", "openai_max_tokens"})
_PROMPT_MARKS = {"name", "content"}
_PROMPT_KEYS = {*_PROMPT_MARKS, "post_history"}
_CHAT = "chatHistory"
"""The identifier of the place where the chat goes, among the prompts of a preset."""
_AT_DEPTH = 1
_RESET = "default"
"""No profile's name, because ``/set profile default`` means no profile."""
SHIPPED = "content.log"
"""The list of the files that the other program put into its user's folder itself."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset as settings of ours.

    Attributes:
        system_prompt: "" if it has none.
        sampling: ``Sampling`` field → value; empty if it has no samplers.
        notes: What has no counterpart here.
    """

    system_prompt: str
    sampling: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def read_preset(raw: Mapping[str, Any]) -> Preset | None:
    """The preset in a JSON document; ``None`` if it is none."""
    samplers, prompt = raw, as_mapping(raw.get("sysprompt"))
    if prompt or "preset" in raw:  # Several presets in one file.
        samplers = as_mapping(raw.get("preset"))
    elif _PROMPT_MARKS <= raw.keys() <= _PROMPT_KEYS:
        samplers, prompt = {}, raw
    text = _text(prompt.get("content")).strip() or _prompts_before_chat(raw)[0]
    is_sampling = any(marks <= samplers.keys() for marks in _SAMPLER_MARKS)
    if not text and not is_sampling:
        return None
    sampling = _samplers(samplers) if is_sampling else {}
    return Preset(text, sampling, tuple(_notes(samplers, prompt)))


def _notes(samplers: Mapping[str, Any], prompt: Mapping[str, Any]) -> Iterator[str]:
    used = [name for name, off in _UNKNOWN_HERE.items() if _number(samplers, name, off) != off]
    if used:
        yield f"Samplers that do not exist here: {', '.join(used)}."
    if left_out := _prompts_before_chat(samplers)[1]:
        yield f"{counted(left_out, 'prompt')} after or inside the chat left out."
    if prompt.get("post_history"):
        yield "Its post-history instructions are left out: only a card can have them."


def _prompts_before_chat(raw: Mapping[str, Any]) -> tuple[str, int]:
    """The prompts of a chat-completion preset that are switched on and stand before the chat, as
    one text, and the number of the others; the parts of the card that it places count as neither.
    """
    prompts = {_text(each.get("identifier")): each for each in as_mappings(raw.get("prompts"))}
    orders = as_mappings(raw.get("prompt_order"))
    order = as_mappings(as_mapping(next(reversed(orders), {})).get("order"))
    before: list[str] = []
    left_out, in_chat = 0, False
    for each in order:
        name = _text(each.get("identifier"))
        prompt = prompts.get(name, {})
        text = _text(prompt.get("content")).strip()
        in_chat |= name == _CHAT
        if not text or each.get("enabled") is not True or prompt.get("marker") is True:
            continue
        if in_chat or prompt.get("injection_position") == _AT_DEPTH:
            left_out += 1
        else:
            before.append(text)
    return "\n\n".join(before), left_out


def is_shipped(path: Path) -> bool:
    """Whether the other program put a preset into the folder itself, and not its user."""
    try:
        listed = (path.parent.parent / SHIPPED).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return path.name in {line.rsplit("/", 1)[-1].strip() for line in listed.splitlines()}


def write_profile(preset: Preset, source: Path, config_file: Path) -> Path:
    """Write a preset as a new profile named after its source; an existing one is not changed.

    Raises:
        PathError: The file cannot be written.
    """
    stem = safe_name(source.stem, "preset")
    stem = f"{stem}-preset" if stem == _RESET else stem
    files = (config.profile_file(config_file, name) for name in numbered(stem))
    target = next(file for file in files if not file.exists())
    paths.make_folder(target.parent)
    paths.write_new(target, _as_toml(preset, source), force=False)
    return target


def _as_toml(preset: Preset, source: Path) -> str:
    text = toml_text.comment(f"Imported from {source.name}.")
    if preset.system_prompt:
        text += f"system_prompt = {toml_text.string(preset.system_prompt)}\n"
    if preset.sampling:
        values = preset.sampling.items()
        text += "\n[sampling]\n" + "".join(f"{key} = {toml_text.value(it)}\n" for key, it in values)
    return text


def _samplers(raw: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for ours, (theirs, neutral) in _NAMES.items():
        value = next((_number(raw, name, neutral) for name in theirs if name in raw), neutral)
        value = _ZERO_MEANS.get(ours, value) if value == 0 else value
        low, high = SAMPLING_RANGES[ours]
        if low <= value <= high:  # A preset without a length has 0.
            found[ours] = type(getattr(Sampling(), ours))(value)
    if raw.get("dynatemp") is True:
        usual = found.get("temperature", Sampling().temperature)
        low, high = (_number(raw, name, usual) for name in ("min_temp", "max_temp"))
        if 0 <= low <= high <= SAMPLING_RANGES["temperature"][1]:
            found |= {"temperature": (low + high) / 2, "dynatemp_range": (high - low) / 2}
    grammar = _text(raw.get("grammar_string") or raw.get("grammar"))
    texts = {"grammar": grammar, "banned": _banned(raw)}
    biases = {"logit_bias": _biases(raw)}
    return found | {name: value for name, value in (texts | biases).items() if value}


def _number(raw: Mapping[str, Any], name: str, default: float) -> float:
    value = raw.get(name)
    try:
        return float(value) if isinstance(value, int | float | str) else default
    except (ValueError, OverflowError):
        return default


def _banned(raw: Mapping[str, Any]) -> list[str]:
    """The banned phrases, one in each line; lists of token ids belong to one model and are not."""
    if raw.get("send_banned_tokens") is False:
        return []
    lines = (line.strip() for line in _text(raw.get("banned_tokens")).splitlines())
    phrases = (line.strip('"') for line in lines if not line.startswith("["))
    return [each for each in phrases if each.strip()]


def _biases(raw: Mapping[str, Any]) -> dict[str, float]:
    tables = as_mappings(raw.get("logit_bias"))
    pairs = ((_text(each.get("text")), _number(each, "value", 0.0)) for each in tables)
    return {text: bias for text, bias in pairs if text and bias}


def _text(value: Any) -> str:
    """The text without half characters, which no file can hold."""
    return as_text(value).encode("utf-8", "ignore").decode("utf-8")
