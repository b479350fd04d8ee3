"""How many planted breaks the rules find, and how many clean lines they accuse.

Clean lines are what the packaged characters say in their examples and greetings, cut to pieces of
one to three sentences. A break is a sentence of ``planted.toml`` before, in or after such a line.
``develop`` was looked at while the rules were written; ``held`` was not, and counts.
Contradictions and wrong relations are made by rule out of the cards' own lines: the former are
near what the rules look for, so their recall flatters; told in other words they would be missed.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

from rpterm.bench.figures import share
from rpterm.cards import library, reader
from rpterm.cards.card import CharacterCard
from rpterm.scoring.records import Scene, Signal, scene_of
from rpterm.scoring.signals.anachronism import Anachronism
from rpterm.scoring.signals.assistant import AssistantVoice
from rpterm.scoring.signals.contradiction import Contradiction
from rpterm.scoring.signals.speaking import Speaking
from rpterm.scoring.texts import sentences

EACH = 120
_SEED = 77
_ALARM = 0.75
Line = tuple[Scene, str]


def measure(step: Callable[[int, int], None] = lambda done, total: None) -> dict[str, Any]:
    """Recall and false alarms with 95 % intervals, by kind of break and by half."""
    cards = [reader.load(path) for path in library.files(library.folders(None)).values()]
    clean = [line for card in cards for line in _clean(card)]
    random.Random(_SEED).shuffle(clean)
    table = tomllib.loads(files("rpterm.bench").joinpath("planted.toml").read_text("utf-8"))
    signals: dict[str, Signal] = {
        "speaking": Speaking(), "assistant": AssistantVoice(), "anachronism": Anachronism()
    }  # fmt: skip
    report: dict[str, Any] = {}
    for at, (kind, signal) in enumerate(signals.items()):
        hosts = [line for line in clean if line[0].knows_until] if kind == "anachronism" else clean
        for half in ("develop", "held"):
            report[f"{kind}_{half}"] = _figures(signal, table[half][kind], hosts)
        step(at + 1, 5)
    for at, (kind, lines) in enumerate(_clashes(cards).items()):
        report[kind] = _clash_figures(lines)
        step(at + 4, 5)
    return report


def _figures(signal: Signal, breaks: list[str], clean: list[Line]) -> dict[str, Any]:
    rng = random.Random(_SEED)
    planted = [
        (scene, _plant(text, breaks[at % len(breaks)].replace("{user}", scene.user), rng))
        for at, (scene, text) in enumerate((clean * EACH)[:EACH])
    ]
    return {
        "recall": share(_alarm(signal, line) for line in planted),
        "false_alarms": share(_alarm(signal, line) for line in clean),
        "breaks": len(planted), "different_breaks": len(breaks), "clean": len(clean),
    }  # fmt: skip


def _alarm(signal: Signal, line: Line) -> bool:
    scene, text = line
    return signal.measure(text, scene).value >= _ALARM


def _plant(text: str, sentence: str, rng: random.Random) -> str:
    place = rng.choice(("before", "after", "within"))
    parts = [part for _, part in sentences(text)]
    if ":" in sentence[:12] or "\n" in sentence or place == "after" or len(parts) < 2:
        return f"{text}\n{sentence}"
    return f"{sentence}\n{text}" if place == "before" else f"{parts[0]}\n{sentence}\n{parts[1]}"


def _clean(card: CharacterCard) -> Iterator[Line]:
    """Whole lines of the character, and the paragraphs of the long ones."""
    scene = scene_of(card)
    for line in scene.own_lines:
        for paragraph in line.split("\n\n"):
            yield scene, paragraph


def _clashes(cards: list[CharacterCard]) -> dict[str, list[tuple[Scene, str, bool]]]:
    """Lines of a card told by the character, as they stand and turned into their contrary.

    An attribute gets a "not" or another number; a relation gets another relation's name.
    """
    found: dict[str, list[tuple[Scene, str, bool]]] = {"contradiction": [], "wrong_relation": []}
    for card in cards:
        scene = scene_of(card)
        claims = [fact.text for fact in scene.facts if "attributes" in fact.source]
        for claim in claims:
            found["contradiction"].append((scene, f"You must know that {claim}", False))
            found["contradiction"].append((scene, f"You must know that {_contrary(claim)}", True))
        ties = [fact.text for fact in scene.facts if "relations" in fact.source]
        for tie, other in zip(ties, ties[1:] + ties[:1], strict=True):
            found["wrong_relation"].append((scene, f"I tell you, {tie}", False))
            found["wrong_relation"].append((scene, f"I tell you, {_swapped(tie, other)}", True))
    return found


def _contrary(claim: str) -> str:
    for verb, contrary in (
        (" is ", " is not "), (" has ", " has no "), (" was ", " was not "), (" cannot ", " can "),
        (" never ", " always "), (" keeps ", " does not keep "), (" likes ", " hates "),
    ):  # fmt: skip
        if verb in claim:
            return claim.replace(verb, contrary, 1)
    head, _, rest = claim.partition(" ")
    return f"it is not true that {head} {rest}"


def _swapped(tie: str, other: str) -> str:
    """The tie told of the person the other tie is about."""
    for verb in (" is ", " was ", " has ", ", "):
        if verb in tie and verb in other:
            return other.partition(verb)[0] + verb + tie.partition(verb)[2]
    return " ".join(other.split()[:2] + tie.split()[2:])


def _clash_figures(lines: list[tuple[Scene, str, bool]]) -> dict[str, Any]:
    signal = Contradiction()
    alarms = [
        (signal.measure(text, scene).value >= _ALARM, broken) for scene, text, broken in lines
    ]
    return {
        "recall": share(alarm for alarm, broken in alarms if broken),
        "false_alarms": share(alarm for alarm, broken in alarms if not broken),
        "breaks": sum(broken for _, broken in alarms),
        "clean": sum(not broken for _, broken in alarms),
    }


def main(json: bool = False) -> None:
    """Measure and print, with a bar on standard error."""
    from rpterm.bench.printing import with_bar

    with_bar(measure, json)
