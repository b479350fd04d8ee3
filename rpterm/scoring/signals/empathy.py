"""Whether a reply takes up what the other side said of how they feel.

Nothing to go by unless the last turn speaks of a feeling or a loss of the one who said it. Value: 0
where the reply passes over it, 0.6 where it does one of three things, 1 where it does more: name
the feeling or a near one, acknowledge it, or be kind in deed; and 0 whatever else it does where it
brushes the feeling aside. A small lexicon of English (``feelings.toml``). A cold character who
passes over it may be well in character, so this has no part in that probability; and it is not
calibrated against people's judgements.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rpterm.scoring.phrases import any_of, table
from rpterm.scoring.records import NOTHING, Cost, Dimension, Evidence, Reading, Scene
from rpterm.sentences import sentences

_OF_ONESELF = r"\b(?:i|i'm|i've|we|we're|(?:makes?|made|leaves?|left) me)\b[^.!?]{0,60}?\b"
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

    def measure(self, reply: str, scene: Scene) -> Reading:
        felt = stated_feeling(scene.asked)
        if not felt or not reply.strip():
            return NOTHING
        said, known = _plain(reply), _lexicon()
        if cold := known.cold.search(said):
            return _reading(0.0, said, [(cold, "brushes the feeling aside")], scene)
        near = [family.search(said) for family in known.families if family.search(felt)]
        found = [
            (known.acknowledges.search(said), "acknowledges it"),
            (known.kind.search(said), "is kind"),
            (next(filter(None, near), None), "names the feeling"),
        ]
        heard = [(match, note) for match, note in found if match is not None]
        return _reading(_VALUES[min(2, len(heard))], said, heard, scene)


def stated_feeling(text: str) -> str:
    """The sentences of a text that tell of a feeling of whoever says it; "" without any."""
    known = _lexicon()
    told = [
        sentence
        for sentence in sentences(_plain(text))
        if (known.stated.search(sentence) or known.happened.search(sentence))
        and not known.idiom.search(sentence)
    ]
    return " ".join(told)


def _plain(text: str) -> str:
    return text.replace("’", "'")


@lru_cache(maxsize=1)
def _lexicon() -> _Lexicon:
    lists = table("feelings.toml")
    return _Lexicon(
        any_of(lists["stated"], before=_OF_ONESELF),
        any_of(lists["happened"]),
        any_of(lists["idiom"]),
        any_of(lists["acknowledges"]),
        any_of(lists["kind"]),
        any_of(lists["cold"]),
        tuple(any_of(words) for words in lists["families"].values()),
    )


def _reading(
    value: float, said: str, heard: list[tuple[re.Match[str], str]], scene: Scene
) -> Reading:
    at, asked = scene.asked_at, scene.asked
    places = [Evidence(match.start(), match.end(), note, at, asked) for match, note in heard]
    passed = Evidence(0, len(said), "passes over it", at, asked)
    return Reading(value, 0.5, tuple(places) or (passed,))
