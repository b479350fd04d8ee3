"""``assistant_voice``: the reply falls into the voice of an AI assistant, or refuses like one.

- Measures: assistant register in words. A character that is a machine according to its card may
  call itself one, but a language model only if the card says that.
- Value: 0 to 1, the larger of two scores; 1 is certain. Phrases (``registers.toml``): the summed
  weight of the registers found, each of which nearly gives an assistant away on its own (calling
  oneself a program, talking about prompts and role-play, policies, refusals, lists), clipped at 1.
  Words: the largest probability of a sentence, from 0.5 up, by a logistic regression on the
  words, adjacent pairs and gapped pairs of the sentence, for what no single phrase shows (offers,
  hedges, advice).
- Confidence: 1. Cost: words.
- Method: phrase list written for rpterm; regression fitted by ``rpterm.bench.refit_assistant``
  (``assistant.json``).
- Accuracy (``bench planted``): alone it finds 0.45 of the planted lines and flags none of 291 clean
  ones; with ``assistant_meaning`` 0.83 and 7.
- Blind spots: polite people are close to it, so that it demands more of a butler or a nurse, by the
  card; languages other than English, but
  for the plainest phrases in Chinese.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from itertools import pairwise

from rpterm.scoring.combine import sigmoid
from rpterm.scoring.frames.known import own_part
from rpterm.scoring.resources import load_json, load_toml
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import Cost, Dimension, Evidence, Reading
from rpterm.scoring.texts import words
from rpterm.text.sentences import with_offsets

_MACHINE = re.compile(
    r"\b(?:AI|A\.I\.|android|robot|chatbot|artificial (?:intelligence|mind)|hologram|"
    r"virtual assistant|automaton|cyborg)\b|机器人|人工智能|仿生人|智能助手"
    # Many people use these; a character is one only if the card says so: "is a ship's computer".
    r"|\b(?:is|was|am|are|as|became)\b[^.;,]{0,40}"
    r"\b(?:computer|program(?:me)?|simulation|bot|operating system)\b"
    r"(?!['’]s|-|\s+(?!that|which|of|in|on|with|for|called|named)[a-z])"
)
_SERVES = re.compile(
    r"(?:\b(?:an?|the|as|is|are|head)\b|[:(=+,\"])\s*"
    r"(?:(?!(?:his|her|their|my|your)\b)[\w'’-]+ ){0,2}?"
    r"(?:(?:house|chamber|parlour|bar)?maid|butler|valet|servant|footman|steward(?:ess)?|housekeeper|"
    r"wait(?:er|ress)|bar(?:tender|man|ista|keep(?:er)?)|(?:inn|shop)keeper|landlady|publican|nurse|"
    r"receptionist|concierge|shop assistant|secretary|librarian|doctor|flight attendant|guide)\b"
    r"|女仆|管家|侍女|丫鬟|服务员|店员|秘书",
    re.IGNORECASE,
)
"""A trade whose people offer help; "his landlady" is somebody else."""
_ALLOWANCE = 4.0
"""Log-odds: the offers of people who serve are up to 3.1, most of what assistants say is above."""
_MODEL = re.compile(r"\bassis+t|language model|chatbot|GPT|模型|助手|助理|机器人", re.IGNORECASE)
_ITEM = re.compile(r"[a-z]+(?:'[a-z]+)*|\d+|[^\w\s]")
_LEAST_WORDS = 2
_LEAST_PROBABILITY = 0.5
"""A lower probability counts as 0: ordinary speech is not slightly an assistant's."""
_NOTES = {
    "program": "calls itself a program",
    "language_model": "calls itself a language model",
    "role_play": "speaks of prompts or role-play",
    "policy": "cites a policy",
    "refusal": "refuses as an assistant would",
    "layout": "laid out like a document",
}
"""What a hit of each register shows, as the evidence says it."""
Register = tuple[str, float, re.Pattern[str]]
"""Name, weight and pattern."""


class AssistantVoice:
    """See the module."""

    name = "assistant_voice"
    dimension: Dimension = "boundaries"
    cost: Cost = "words"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        text = reply.replace("’", "'").replace("‘", "'")
        machine = is_machine(scene)
        phrase_score, phrases = _phrase_score(text, scene, machine)
        word_score, sentences = _word_score(text, machine, allowance(scene))
        evidence = sorted([*phrases, *sentences], key=lambda each: each.start)
        value = max(min(1.0, phrase_score), word_score)
        return Reading(value, 1.0 if reply.strip() else 0.0, tuple(evidence))


def is_machine(scene: ReplyScene) -> bool:
    """Whether the card says that the character is a machine."""
    return any(_MACHINE.search(fact.text) for fact in scene.facts)


def allowance(scene: ReplyScene) -> float:
    """What to subtract from the log-odds of an assistant: offers are the trade of who serves."""
    return _ALLOWANCE * any(_SERVES.search(own_part(fact.text)) for fact in scene.facts)


def _is_model(scene: ReplyScene) -> bool:
    """Whether the card of a machine says that it is a language model or an assistant."""
    return any(_MODEL.search(fact.text) for fact in scene.facts)


def features(sentence: str) -> set[str]:
    """Words and punctuation, adjacent pairs, and pairs with a gap; ^ and $ are the ends."""
    items = ["0" if item.isdigit() else item for item in _ITEM.findall(sentence.lower())]
    bounded = ["^", *items, "$"]
    pairs = {f"{left} {right}" for left, right in pairwise(bounded)}
    gapped = {f"{left} _ {right}" for left, right in zip(bounded, bounded[2:], strict=False)}
    return {*items, *pairs, *gapped}


def _phrase_score(text: str, scene: ReplyScene, machine: bool) -> tuple[float, list[Evidence]]:
    """The summed weight of the registers found."""
    total, evidence = 0.0, []
    for name, weight, pattern in _registers():
        if machine and (name == "program" or (name == "language_model" and _is_model(scene))):
            continue
        hits = list(pattern.finditer(text))
        # The same formula twice is little more evidence than once.
        total += weight * (1 + 0.5 * (len(hits) > 1)) if hits else 0.0
        evidence += [Evidence(hit.start(), hit.end(), _NOTES[name]) for hit in hits]
    return total, evidence


def _word_score(text: str, machine: bool, allowed: float) -> tuple[float, list[Evidence]]:
    """The largest probability of a sentence, and the sentences that are probable."""
    program = next(pattern for name, _, pattern in _registers() if name == "program")
    largest, evidence = 0.0, []
    for start, sentence in with_offsets(text):
        if len(words(sentence)) < _LEAST_WORDS or (machine and program.search(sentence)):
            continue
        probability = sigmoid(word_log_odds(sentence) - allowed)
        if probability >= _LEAST_PROBABILITY:
            largest = max(largest, probability)
            end = start + len(sentence)
            evidence.append(Evidence(start, end, "worded like an assistant's reply"))
    return largest, evidence


def word_log_odds(sentence: str) -> float:
    """The log-odds that a sentence with straight apostrophes is an assistant's, by its words."""
    table = load_json("assistant.json")["words"]
    # fsum: the features are a set, whose order differs between processes.
    found = math.fsum(table["weights"].get(each, 0.0) for each in features(sentence))
    return float(table["constant"]) + found


@lru_cache(maxsize=1)
def _registers() -> tuple[Register, ...]:
    return tuple(
        (name, float(entry["weight"]), _compiled(entry))
        for name, entry in load_toml("registers.toml").items()
    )


def _compiled(entry: dict[str, object]) -> re.Pattern[str]:
    patterns = entry["patterns"]
    if not isinstance(patterns, list):
        raise TypeError("patterns is a list")
    flags = re.MULTILINE | (0 if entry.get("exact") else re.IGNORECASE)
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), flags)
