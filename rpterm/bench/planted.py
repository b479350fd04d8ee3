"""How many planted breaks the rules find, and how many clean lines they accuse.

Hosts are what the packaged characters say in their examples and greetings, and clean lines written
to be hard (butlers, doctors, speech to "you"). A break is a sentence before, in or after such a
line. ``develop`` (``planted.toml``) was looked at while the rules were written; ``held``
(``planted_fresh.toml``) was written when the rules were done, and counts; its clean lines alone
make ``false_alarms_hard``. Assistants are fitted (``refit_assistant``) and judged by what was not:
``assistant_third``, and ``held`` and ``last`` of ``assistants.toml``, whose people were written to
sound polite, learned or helpful; of the packaged characters half were seen, and the thresholds
were set on these lines. All are by authors who know what is looked for: take the figures for an
upper bound. ``contradiction`` and ``wrong_relation`` are made by rule out of the cards' own lines,
which flatters more; ``contradiction_told`` and ``wrong_relation_told`` are the characters' own
words (``planted_told.toml``). The latter was looked at for the rules of kin;
``wrong_relation_fresh`` was written when these were done.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from rpterm.bench.figures import share
from rpterm.bench.written import read_table
from rpterm.cards import library, reader
from rpterm.cards.card import CharacterCard
from rpterm.scoring.fit import Encode
from rpterm.scoring.records import Cost, Dimension, Reading, Scene, Signal, scene_of
from rpterm.scoring.signals.anachronism import Anachronism
from rpterm.scoring.signals.assistant import AssistantVoice
from rpterm.scoring.signals.assistant_meaning import AssistantMeaning
from rpterm.scoring.signals.contradiction import Contradiction
from rpterm.scoring.signals.relations import Relations
from rpterm.scoring.signals.speaking import Speaking
from rpterm.sentences import sentences

EACH = 120
_SEED = 77
_ALARM = 0.75
Line = tuple[Scene, str]


def measure(
    step: Callable[[int, int], None] = lambda done, total: None, encode: Encode | None = None
) -> dict[str, Any]:
    """Recall and false alarms with 95 % intervals, by kind of break and by half.

    Args:
        encode: Makes sentence vectors; without it assistants are known by words alone.
    """
    cards = [reader.load(path) for path in library.card_files(library.card_folders(None)).values()]
    clean = [line for card in cards for line in _clean(card)]
    random.Random(_SEED).shuffle(clean)
    known, fresh = read_table("planted.toml"), read_table("planted_fresh.toml")
    voice: list[Signal] = [AssistantVoice()]
    if encode is not None:
        voice.append(AssistantMeaning(encode))
    signals: dict[str, Signal] = {"speaking": Speaking(), "assistant": _Any(voice)}
    report: dict[str, Any] = {}
    written = read_table("assistants.toml")
    held, last = written["held"], written["last"]
    unseen = {
        "speaking": (fresh["speaking"], fresh["clean"]),
        "assistant": (
            [*fresh["assistant_third"], *held["machines"], *last["machines"]],
            [*fresh["clean"][50:], *held["people"], *last["people"]],
        ),
    }
    for kind, signal in signals.items():
        seen = [*known["develop"][kind], *known["held"][kind]]
        report[f"{kind}_develop"] = _figures(signal, [(clean, seen)])
        breaks, polite = unseen[kind]
        hard = [(Scene(user="Robin"), text) for text in polite]
        report[f"{kind}_held"] = _figures(signal, [(clean, breaks)], hard)
        step(len(report), 8)
    if encode is not None:
        report["assistant_held_words_alone"] = _figures(AssistantVoice(), [(clean, breaks)], hard)
    report |= _anachronisms(clean, known, fresh)
    step(6, 8)
    for kind, lines in {**_clashes(cards), **_told()}.items():
        report[kind] = _clash_figures(lines)
    step(8, 8)
    return report


class _Any:
    """The worst of several signals."""

    name = "any"
    dimension: Dimension = "boundaries"
    cost: Cost = "words"

    def __init__(self, signals: list[Signal]) -> None:
        self._signals = signals

    def measure(self, reply: str, scene: Scene) -> Reading:
        return max((each.measure(reply, scene) for each in self._signals), key=_value)


def _value(reading: Reading) -> float:
    return reading.value


def _anachronisms(
    clean: list[Line], known: dict[str, Any], fresh: dict[str, Any]
) -> dict[str, Any]:
    """Breaks are planted only where the character cannot know them."""
    signal = Anachronism()
    dated = [line for line in clean if line[0].knows_until]
    seen = [*known["develop"]["anachronism"], *known["held"]["anachronism"]]
    old = [line for line in dated if (line[0].knows_until or 0) < 1800]
    batches = [
        ([line for line in dated if (line[0].knows_until or 0) <= part["since"]], part["breaks"])
        for part in fresh["anachronism"]
    ]
    hard = [
        (Scene(user="Robin", knows_until=part["since"]), text)
        for part in fresh["anachronism"]
        for text in fresh["clean"]
    ]
    return {
        "anachronism_develop": _figures(signal, [(old, seen)]),
        "anachronism_held": _figures(signal, batches, hard, dated),
    }


def _figures(
    signal: Signal,
    batches: list[tuple[list[Line], list[str]]],
    hard: list[Line] | None = None,
    clean: list[Line] | None = None,
) -> dict[str, Any]:
    """Each break once or more, in hosts of its batch, until there are at least ``EACH``."""
    rng = random.Random(_SEED)
    planted = []
    for hosts, breaks in batches:
        for at in range(max(len(breaks), -(-EACH // len(batches)))):
            scene, text = hosts[at % len(hosts)]
            sentence = breaks[at % len(breaks)].replace("{user}", scene.user)
            planted.append((scene, _plant(text, sentence, rng)))
    untouched = clean if clean is not None else batches[0][0]
    figures = {
        "recall": share(_alarm(signal, line) for line in planted),
        "false_alarms": share(_alarm(signal, line) for line in [*untouched, *(hard or [])]),
        "breaks": len(planted), "different_breaks": sum(len(breaks) for _, breaks in batches),
        "clean": len(untouched) + len(hard or []),
    }  # fmt: skip
    if hard:
        figures["false_alarms_hard"] = share(_alarm(signal, line) for line in hard)
    return figures


def _alarm(signal: Signal, line: Line) -> bool:
    scene, text = line
    return signal.measure(text, scene).value >= _ALARM


def _plant(text: str, sentence: str, rng: random.Random) -> str:
    place = rng.choice(("before", "after", "within"))
    parts = sentences(text)
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


def _told() -> dict[str, list[tuple[Scene, str, bool]]]:
    """What characters say of their people and of themselves, as their cards have it and not."""
    found: dict[str, list[tuple[Scene, str, bool]]] = {}
    for name, lines in read_table("planted_told.toml").items():
        scene = scene_of(reader.load(library.find(name, library.card_folders(None))))
        for kind, right, wrong in (
            ("contradiction_told", "true", "contrary"),
            ("wrong_relation_told", "right", "wrong"),
            ("wrong_relation_fresh", "right_fresh", "wrong_fresh"),
        ):
            for part in (right, wrong):
                found.setdefault(kind, []).extend((scene, x, part == wrong) for x in lines[part])
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
    signals: tuple[Signal, ...] = (Contradiction(), Relations())
    alarms = [
        (any(_alarm(signal, (scene, text)) for signal in signals), broken)
        for scene, text, broken in lines
    ]
    return {
        "recall": share(alarm for alarm, broken in alarms if broken),
        "false_alarms": share(alarm for alarm, broken in alarms if not broken),
        "breaks": sum(broken for _, broken in alarms),
        "clean": sum(not broken for _, broken in alarms),
    }


def main(json: bool = False) -> None:
    """Measure and print, with a bar on standard error."""
    from rpterm.bench.opening import models
    from rpterm.bench.printing import with_bar

    with models() as (encode, _):
        with_bar(lambda step: measure(step, encode), json)
