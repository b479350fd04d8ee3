"""Whether a reply falls into the voice of a machine that helps, or refuses like one.

The classes of speech that give such a machine away (``registers.toml``) are weighed by how much
each tells: calling oneself a program or talking about prompt and role-play is enough alone; the
formulas of service, which a butler or a doctor may use once, must come together. A character that
is a machine by its card may call itself one. It knows English only.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files

from rpterm.scoring.records import Cost, Dimension, Evidence, Reading, Scene

_ENOUGH = 1.0
_MACHINE = re.compile(
    r"\b(?:AI|A\.I\.|android|robot|chatbot|bot|artificial (?:intelligence|mind)|computer|"
    r"program(?:me)?|simulation|hologram|operating system|virtual assistant|automaton|cyborg)\b"
)
Register = tuple[str, float, re.Pattern[str]]


class AssistantVoice:
    """Value: the summed weight of what was found, from 0 to 1; 1 is sure."""

    name = "assistant_voice"
    dimension: Dimension = "boundaries"
    cost: Cost = "words"

    def measure(self, reply: str, scene: Scene) -> Reading:
        text = reply.replace("’", "'").replace("‘", "'")
        machine = is_machine(scene)
        total, found = 0.0, []
        for name, weight, pattern in _registers():
            if machine and name == "program":
                continue
            hits = list(pattern.finditer(text))
            # The same formula twice tells little more than once.
            total += weight * (1 + 0.5 * (len(hits) > 1)) if hits else 0.0
            found += [_evidence(match, name) for match in hits]
        found.sort(key=lambda each: each.start)
        value = min(1.0, total / _ENOUGH)
        return Reading(value, 1.0 if reply.strip() else 0.0, tuple(found))


def is_machine(scene: Scene) -> bool:
    """Whether the card says that the character is one."""
    return any(_MACHINE.search(fact.text) for fact in scene.facts)


def _evidence(match: re.Match[str], name: str) -> Evidence:
    return Evidence(match.start(), match.end(), f"the voice of an assistant: {name}")


@lru_cache(maxsize=1)
def _registers() -> tuple[Register, ...]:
    text = files("rpterm.scoring").joinpath("registers.toml").read_text("utf-8")
    return tuple(
        (name, float(entry["weight"]), _compiled(entry))
        for name, entry in tomllib.loads(text).items()
    )


def _compiled(entry: dict[str, object]) -> re.Pattern[str]:
    patterns = entry["patterns"]
    if not isinstance(patterns, list):
        raise TypeError("patterns is a list")
    flags = re.MULTILINE | (0 if entry.get("exact") else re.IGNORECASE)
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), flags)
