"""Recall and false alarms of the violation signals on planted violations: ``rpterm bench planted``.

- Task: a violation (a sentence of ``planted*.toml``) is put before, inside or after a clean line,
  the host. Hosts are the example lines and greetings of the packaged characters. A signal raises an
  alarm from a value of 0.75 on.
- Metrics, with Wilson intervals: ``recall``, the share of planted violations found;
  ``false_alarms``, the share of clean lines flagged; ``false_alarms_hard``, the same for clean
  lines written to be difficult (butlers, doctors, speech to "you") only.
- Splits: ``_develop`` (``planted.toml``) was visible while the rules were written; ``_held``
  (``planted_fresh.toml``) was written after the rules were finished, and is the figure that counts.
  The assistant signals are fitted (``refit_assistant``) and judged on sentences outside the
  training data: ``assistant_third``, and ``held`` and ``last`` of ``assistants.toml``, whose people
  were written to sound polite, learned or helpful. Half of the packaged characters' lines were in
  the training data, and the thresholds were set on these lines.
- ``contradiction`` and ``wrong_relation`` are built by rule from the cards' own lines, which
  flatters the signals; ``contradiction_told`` and ``wrong_relation_told`` are in the characters'
  own words (``planted_told.toml``). The rules of kinship were written with a view to the latter;
  ``wrong_relation_fresh`` was written after them.
- ``facts_develop`` and ``facts_held`` (``planted_facts.toml``): replies about sixteen cards in
  other forms that swap one point of the card, and as many that get it right. All were written
  before the frames; the held ones were not looked at until these were finished.
- ``facts_free`` and ``recital`` (``planted_free.toml``): replies about forty other cards. When they
  were written, the rules for recitals were finished. Those for contradictions were not, and all
  false alarms on these replies were looked at: before that they were 0.07 of the 80 answers and 20
  introductions that were looked at last.
- Caveat: all sentences are by authors who know what is looked for. Read the figures as an upper
  bound.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from rpterm.bench import scoring_models
from rpterm.bench.bundled import read_table
from rpterm.bench.metrics import proportion
from rpterm.bench.progress import ReportProgress
from rpterm.cards import library
from rpterm.cards.card import CharacterCard
from rpterm.cards.format import reader
from rpterm.scoring.scene import ReplyScene, scene_of
from rpterm.scoring.signal import Cost, Dimension, Reading, Signal
from rpterm.scoring.signals.anachronism import Anachronism
from rpterm.scoring.signals.assistant_meaning import AssistantMeaning
from rpterm.scoring.signals.assistant_voice import AssistantVoice
from rpterm.scoring.signals.contradiction import Contradiction
from rpterm.scoring.signals.recital import Recital
from rpterm.scoring.signals.relations import Relations
from rpterm.scoring.signals.speaking_for_user import SpeakingForUser
from rpterm.scoring.similarity import Encode
from rpterm.text.sentences import sentences

EACH = 120
"""The least number of planted violations per kind."""
_SEED = 77
_ALARM = 0.75
Line = tuple[ReplyScene, str]
LabelledLine = tuple[ReplyScene, str, bool]
"""The flag is true for a violation."""


def measure(
    step: ReportProgress = lambda done, total: None, encode: Encode | None = None
) -> dict[str, Any]:
    """Recall and false alarms with 95 % intervals, by kind of violation and by split.

    Args:
        encode: Computes embeddings; without it the assistant is detected by words only.
    """
    cards = [reader.load(path) for path in library.card_files(library.card_folders(None)).values()]
    clean = [line for card in cards for line in _clean(card)]
    random.Random(_SEED).shuffle(clean)
    known, fresh = read_table("planted.toml"), read_table("planted_fresh.toml")
    assistant: list[Signal] = [AssistantVoice()]
    if encode is not None:
        assistant.append(AssistantMeaning(encode))
    signals: dict[str, Signal] = {"speaking": SpeakingForUser(), "assistant": _Maximum(assistant)}
    report: dict[str, Any] = {}
    assistants = read_table("assistants.toml")
    held, last = assistants["held"], assistants["last"]
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
        breaks, difficult = unseen[kind]
        hard = [(ReplyScene(user="Robin"), text) for text in difficult]
        report[f"{kind}_held"] = _figures(signal, [(clean, breaks)], hard)
        step(len(report), 8)
    if encode is not None:
        report["assistant_held_words_alone"] = _figures(AssistantVoice(), [(clean, breaks)], hard)
    report |= _anachronisms(clean, known, fresh)
    step(6, 8)
    for kind, lines in {**_rewritten_card_lines(cards), **_own_words()}.items():
        report[kind] = _consistency_figures(lines)
    report |= _swapped_facts() | _free_replies()
    step(8, 8)
    return report


class _Maximum:
    """The highest reading of several signals."""

    name = "any"
    dimension: Dimension = "boundaries"
    cost: Cost = "words"

    def __init__(self, signals: list[Signal]) -> None:
        self._signals = signals

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        readings = [each.measure(reply, scene) for each in self._signals]
        return max(readings, key=lambda reading: reading.value)


def _anachronisms(
    clean: list[Line], known: dict[str, Any], fresh: dict[str, Any]
) -> dict[str, Any]:
    """The figures of anachronisms, planted only where the character cannot know them."""
    signal = Anachronism()
    dated = [line for line in clean if line[0].knows_until]
    seen = [*known["develop"]["anachronism"], *known["held"]["anachronism"]]
    old = [line for line in dated if (line[0].knows_until or 0) < 1800]
    batches = [
        ([line for line in dated if (line[0].knows_until or 0) <= part["since"]], part["breaks"])
        for part in fresh["anachronism"]
    ]
    hard = [
        (ReplyScene(user="Robin", knows_until=part["since"]), text)
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
    """Recall on planted violations and false alarms on clean lines.

    Every violation is planted at least once, and more often until there are ``EACH``.

    Args:
        batches: Hosts with the violations to plant in them.
        hard: Difficult clean lines.
        clean: Clean lines; ``None`` takes the hosts of the first batch.
    """
    rng = random.Random(_SEED)
    planted = []
    for hosts, breaks in batches:
        for at in range(max(len(breaks), -(-EACH // len(batches)))):
            scene, text = hosts[at % len(hosts)]
            sentence = breaks[at % len(breaks)].replace("{user}", scene.user)
            planted.append((scene, _plant(text, sentence, rng)))
    clean = [*(clean if clean is not None else batches[0][0]), *(hard or [])]
    figures = {
        "recall": proportion(_raises_alarm(signal, line) for line in planted),
        "false_alarms": proportion(_raises_alarm(signal, line) for line in clean),
        "breaks": len(planted), "different_breaks": sum(len(breaks) for _, breaks in batches),
        "clean": len(clean),
    }  # fmt: skip
    if hard:
        figures["false_alarms_hard"] = proportion(_raises_alarm(signal, line) for line in hard)
    return figures


def _raises_alarm(signal: Signal, line: Line) -> bool:
    scene, text = line
    return signal.measure(text, scene).value >= _ALARM


def _plant(text: str, sentence: str, rng: random.Random) -> str:
    """Put a sentence before, inside or after a text."""
    place = rng.choice(("before", "after", "within"))
    parts = sentences(text)
    if ":" in sentence[:12] or "\n" in sentence or place == "after" or len(parts) < 2:
        return f"{text}\n{sentence}"
    return f"{sentence}\n{text}" if place == "before" else f"{parts[0]}\n{sentence}\n{parts[1]}"


def _clean(card: CharacterCard) -> Iterator[Line]:
    """The paragraphs of all lines of the character."""
    scene = scene_of(card)
    for line in scene.own_lines:
        for paragraph in line.split("\n\n"):
            yield scene, paragraph


def _rewritten_card_lines(cards: list[CharacterCard]) -> dict[str, list[LabelledLine]]:
    """Card lines spoken by the character, unchanged and falsified.

    An attribute is negated; a relation is told of the person of another relation.
    """
    found: dict[str, list[LabelledLine]] = {"contradiction": [], "wrong_relation": []}
    for card in cards:
        scene = scene_of(card)
        claims = [fact.text for fact in scene.facts if "attributes" in fact.source]
        for claim in claims:
            found["contradiction"].append((scene, f"You must know that {claim}", False))
            found["contradiction"].append((scene, f"You must know that {_negated(claim)}", True))
        ties = [fact.text for fact in scene.facts if "relations" in fact.source]
        for tie, other in zip(ties, ties[1:] + ties[:1], strict=True):
            found["wrong_relation"].append((scene, f"I tell you, {tie}", False))
            falsified = _with_person_of(other, tie)
            found["wrong_relation"].append((scene, f"I tell you, {falsified}", True))
    return found


def _own_words() -> dict[str, list[LabelledLine]]:
    """What characters say about themselves and their people in their own words, true and false."""
    found: dict[str, list[LabelledLine]] = {}
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


def _swapped_facts() -> dict[str, dict[str, Any]]:
    """The figures on replies that swap one point of a card."""
    report: dict[str, dict[str, Any]] = {}
    for split in ("develop", "held"):
        by_kind: dict[str, list[LabelledLine]] = {}
        for entry in read_table("planted_facts.toml")["card"]:
            card = CharacterCard(entry["char"], attributes=tuple(entry["facts"]))
            scene = scene_of(card, user="Robin")
            for kind, right, wrong in entry["lines"] if entry["split"] == split else ():
                by_kind.setdefault(kind, []).extend([(scene, right, False), (scene, wrong, True)])
        figures = _consistency_figures([line for lines in by_kind.values() for line in lines])
        recall = {kind: _consistency_figures(lines)["recall"] for kind, lines in by_kind.items()}
        report[f"facts_{split}"] = {**figures, "recall_by_kind": recall}
    return report


def _free_replies() -> dict[str, dict[str, Any]]:
    """The figures on replies by an author who knew no rule: contradictions and recitals."""
    lines: dict[str, list[Line]] = {}
    for entry in read_table("planted_free.toml")["card"]:
        card = CharacterCard(entry["char"], attributes=tuple(entry["facts"]))
        for kind in ("right", "introduced", "free", "wrong", "recited"):
            for message, reply in entry[kind]:
                scene = scene_of(card, user=entry["user"], history=((False, message),))
                lines.setdefault(kind, []).append((scene, reply))
    true = [*lines["right"], *lines["introduced"], *lines["free"]]
    labelled = [(*line, False) for line in true] + [(*line, True) for line in lines["wrong"]]
    found = {
        name: proportion(Recital().measure(reply, scene).value > 0 for scene, reply in replies)
        for name, replies in (("recall", lines["recited"]), ("false_alarms", true))
    }
    count = {"breaks": len(lines["recited"]), "clean": len(true)}
    return {"facts_free": _consistency_figures(labelled), "recital": found | count}


def _negated(claim: str) -> str:
    for verb, negation in (
        (" is ", " is not "), (" has ", " has no "), (" was ", " was not "), (" cannot ", " can "),
        (" never ", " always "), (" keeps ", " does not keep "), (" likes ", " hates "),
    ):  # fmt: skip
        if verb in claim:
            return claim.replace(verb, negation, 1)
    head, _, tail = claim.partition(" ")
    return f"it is not true that {head} {tail}"


def _with_person_of(other: str, tie: str) -> str:
    """The relation ``tie``, told of the person that ``other`` is about."""
    for verb in (" is ", " was ", " has ", ", "):
        if verb in tie and verb in other:
            return other.partition(verb)[0] + verb + tie.partition(verb)[2]
    return " ".join(other.split()[:2] + tie.split()[2:])


def _consistency_figures(lines: list[LabelledLine]) -> dict[str, Any]:
    """Recall and false alarms of ``Contradiction`` and ``Relations`` together."""
    signals: tuple[Signal, ...] = (Contradiction(), Relations())
    alarms = [
        (any(_raises_alarm(signal, (scene, text)) for signal in signals), is_violation)
        for scene, text, is_violation in lines
    ]
    return {
        "recall": proportion(alarm for alarm, is_violation in alarms if is_violation),
        "false_alarms": proportion(alarm for alarm, is_violation in alarms if not is_violation),
        "breaks": sum(is_violation for _, is_violation in alarms),
        "clean": sum(not is_violation for _, is_violation in alarms),
    }


def run(step: ReportProgress) -> dict[str, Any]:
    """Measure with the starter's embeddings."""
    with scoring_models.open_models() as (encode, _):
        return measure(step, encode)
