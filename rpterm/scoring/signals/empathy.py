"""``empathy``: the reply responds to what the user said about their feelings.

- Measures: whether the reply names the feeling or a related one, acknowledges it, or acts kindly.
- Value: 0 if the reply ignores the feeling, 0.6 if it does one of these three, 1 if it does more;
  0 whatever else it does if it dismisses the feeling.
- Confidence: 0.5; 0 unless the user's last turn states a feeling or loss of their own. Cost: words.
- Method: a small lexicon written for rpterm (``feelings.toml``).
- Blind spots: languages other than English. A cold character may ignore a feeling and be in
  character, so this is no part of the probability. Not calibrated against human judgements.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rpterm.scoring.resources import load_toml
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.scoring.texts import phrase_pattern
from rpterm.text.sentences import sentences

_FIRST_PERSON = r"\b(?:i|i'm|i've|we|we're|(?:makes?|made|leaves?|left) me)\b[^.!?]{0,60}?\b"
_VALUES = (0.0, 0.6, 1.0)


@dataclass(frozen=True, slots=True)
class _Lexicon:
    stated: re.Pattern[str]
    happened: re.Pattern[str]
    idiom: re.Pattern[str]
    acknowledges: re.Pattern[str]
    kind: re.Pattern[str]
    cold: re.Pattern[str]
    families: tuple[re.Pattern[str], ...]


class Empathy:
    """See the module."""

    name = "empathy"
    dimension: Dimension = "attractiveness"
    cost: Cost = "words"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        felt = stated_feeling(scene.asked)
        if not felt or not reply.strip():
            return NO_DATA
        text, lexicon = _straight_quotes(reply), _lexicon()
        if dismissal := lexicon.cold.search(text):
            return _reading(0.0, text, [(dismissal, "brushes the feeling aside")], scene)
        named = [family.search(text) for family in lexicon.families if family.search(felt)]
        matches = [
            (lexicon.acknowledges.search(text), "acknowledges it"),
            (lexicon.kind.search(text), "is kind"),
            (next(filter(None, named), None), "names the feeling"),
        ]
        found = [(match, note) for match, note in matches if match is not None]
        return _reading(_VALUES[min(2, len(found))], text, found, scene)


def stated_feeling(text: str) -> str:
    """The sentences in which a speaker states their own feeling or loss; "" if there is none."""
    lexicon = _lexicon()
    stated = [
        sentence
        for sentence in sentences(_straight_quotes(text))
        if (lexicon.stated.search(sentence) or lexicon.happened.search(sentence))
        and not lexicon.idiom.search(sentence)
    ]
    return " ".join(stated)


def _straight_quotes(text: str) -> str:
    return text.replace("’", "'")


@lru_cache(maxsize=1)
def _lexicon() -> _Lexicon:
    lists = load_toml("feelings.toml")
    return _Lexicon(
        phrase_pattern(lists["stated"], before=_FIRST_PERSON),
        phrase_pattern(lists["happened"]),
        phrase_pattern(lists["idiom"]),
        phrase_pattern(lists["acknowledges"]),
        phrase_pattern(lists["kind"]),
        phrase_pattern(lists["cold"]),
        tuple(phrase_pattern(words) for words in lists["families"].values()),
    )


def _reading(
    value: float, text: str, found: list[tuple[re.Match[str], str]], scene: ReplyScene
) -> Reading:
    source, asked = scene.asked_at, scene.asked
    evidence = [Evidence(match.start(), match.end(), note, source, asked) for match, note in found]
    ignored = Evidence(0, len(text), "ignores it", source, asked)
    return Reading(value, 0.5, tuple(evidence) or (ignored,))
