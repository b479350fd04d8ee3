"""Whether a reply falls into the voice of a machine that helps, or refuses like one. Words alone.

Two readings, of which the louder counts. The classes of speech that give such a machine away at
once (``registers.toml``: calling oneself a program, talking about prompt and role-play, policies,
refusals, lists) are weighed by how much each tells. What no single phrase tells (offers, hedges,
advice) is a logistic regression on the words of a sentence and their neighbours
(``assistant.json``, made by ``rpterm.bench.refit_assistant``). A character that is a machine by
its card may call itself one. Polite people (a butler, a doctor) come near it; it knows English
only. By words alone it hears two in three of sentences that were not fitted, and accuses one in
forty of clean lines.
"""

from __future__ import annotations

import json
import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise

from rpterm.scoring.combine import chance
from rpterm.scoring.records import Cost, Dimension, Evidence, Reading, Scene
from rpterm.scoring.texts import words
from rpterm.sentences import placed

_ENOUGH = 1.0
_MACHINE = re.compile(
    r"\b(?:AI|A\.I\.|android|robot|chatbot|bot|artificial (?:intelligence|mind)|computer|"
    r"program(?:me)?|simulation|hologram|operating system|virtual assistant|automaton|cyborg)\b"
)
_ITEM = re.compile(r"[a-z]+(?:'[a-z]+)*|\d+|[^\w\s]")
_LEAST_WORDS = 2
_HEARD = 0.5
"""Less than even odds say nothing: ordinary speech is not a little of an assistant."""
Register = tuple[str, float, re.Pattern[str]]


class AssistantVoice:
    """Value: 0 to 1; 1 is sure."""

    name = "assistant_voice"
    dimension: Dimension = "boundaries"
    cost: Cost = "words"

    def measure(self, reply: str, scene: Scene) -> Reading:
        text = reply.replace("’", "'").replace("‘", "'")
        machine = is_machine(scene)
        by_phrases, found = _phrases(text, machine)
        by_words, heard = _heard(text, machine)
        found = sorted([*found, *heard], key=lambda each: each.start)
        value = max(min(1.0, by_phrases / _ENOUGH), by_words)
        return Reading(value, 1.0 if reply.strip() else 0.0, tuple(found))


def is_machine(scene: Scene) -> bool:
    """Whether the card says that the character is one."""
    return any(_MACHINE.search(fact.text) for fact in scene.facts)


def features(sentence: str) -> set[str]:
    """The words and marks of a sentence, its pairs, and pairs with a gap; ^ and $ are its ends."""
    items = ["0" if item.isdigit() else item for item in _ITEM.findall(sentence.lower())]
    ended = ["^", *items, "$"]
    pairs = {f"{left} {right}" for left, right in pairwise(ended)}
    gaps = {f"{left} _ {right}" for left, right in zip(ended, ended[2:], strict=False)}
    return {*items, *pairs, *gaps}


def _phrases(text: str, machine: bool) -> tuple[float, list[Evidence]]:
    """The summed weight of the classes of speech that were found."""
    total, found = 0.0, []
    for name, weight, pattern in _registers():
        if machine and name == "program":
            continue
        hits = list(pattern.finditer(text))
        # The same formula twice tells little more than once.
        total += weight * (1 + 0.5 * (len(hits) > 1)) if hits else 0.0
        found += [_evidence(hit.start(), hit.end(), name) for hit in hits]
    return total, found


def _heard(text: str, machine: bool) -> tuple[float, list[Evidence]]:
    """The largest probability of a sentence, and the sentences that are likely."""
    weights, constant = _frozen()
    program = next(pattern for name, _, pattern in _registers() if name == "program")
    most, found = 0.0, []
    for start, sentence in placed(text):
        if len(words(sentence)) < _LEAST_WORDS or (machine and program.search(sentence)):
            continue
        value = chance(constant + sum(weights.get(each, 0.0) for each in features(sentence)))
        if value >= _HEARD:
            most = max(most, value)
            found.append(_evidence(start, start + len(sentence), "its words"))
    return most, found


def _evidence(start: int, end: int, what: str) -> Evidence:
    return Evidence(start, end, f"the voice of an assistant: {what}")


@lru_cache(maxsize=1)
def _registers() -> tuple[Register, ...]:
    text = files("rpterm.scoring").joinpath("registers.toml").read_text("utf-8")
    return tuple(
        (name, float(entry["weight"]), _compiled(entry))
        for name, entry in tomllib.loads(text).items()
    )


@lru_cache(maxsize=1)
def _frozen() -> tuple[dict[str, float], float]:
    table = json.loads(files("rpterm.scoring").joinpath("assistant.json").read_text("utf-8"))
    return table["words"]["weights"], float(table["words"]["constant"])


def _compiled(entry: dict[str, object]) -> re.Pattern[str]:
    patterns = entry["patterns"]
    if not isinstance(patterns, list):
        raise TypeError("patterns is a list")
    flags = re.MULTILINE | (0 if entry.get("exact") else re.IGNORECASE)
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), flags)
