"""How common English words are: how much one tells, whether chance alone would bring it, and which
of them is a name.

By wordfreq (Speer 2022), a frozen list of 29,000 words from subtitles, encyclopedias, news, books
and talk on the web, cut to the stems that ``texts.content`` knows. The few hundred everyday lines
that fitting is measured against are too few for it: by them "falls" is as rare as "Paddington".
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from functools import lru_cache

from rpterm.scoring.texts import content

_UNKNOWN = 3e-7
"""The share of a word that is not in the list: a third of the rarest one there."""
_PLAIN = 150
"""A word that is one in so many tells nothing but for ``_LEAST``."""
_LEAST = 0.5
_NAME = 5.0
"""The rarity from which on a word of a name is nothing else as a rule."""
_BURST = 2.0
"""A text comes back to its words: of two talks, or of two novels, as many words are shared as in
twice as much text by chance (LoCoMo, PDNC; 10 to 400 turns)."""


def rarity(stem: str) -> float:
    """How much a word tells, in nats: ln (1 / (150 p)), at least 0.5 and at most 10."""
    return max(_LEAST, -math.log(_PLAIN * _share(stem)))


def chance(stem: str, length: int) -> float:
    """The probability that a word stands in a text of ``length`` words that has nothing to do
    with it: 1 - exp(-2 p length)."""
    return 1 - math.exp(-_BURST * _share(stem) * length)


def nameless(text: str, name: str) -> str:
    """A text without somebody's name, or as it is where nothing else stands there.

    Who is told of by name ("Holmes lights his pipe") would seem near to every line about them. Of
    several words the rare ones count alone, too: "Holmes" is a name, "Rose" may be a flower.
    """
    rest = _named(name).sub("", text) if name.strip() else text
    return rest.strip() if rest != text and content(rest) else text


@lru_cache(maxsize=64)
def _named(name: str) -> re.Pattern[str]:
    parts = name.split()
    alone = [part for part in parts if part[:1].isupper() and rarity(part.lower()) >= _NAME]
    names = "|".join(map(re.escape, dict.fromkeys([" ".join(parts), *alone])))
    return re.compile(rf"(?<!\w)(?:{names})(?:['’]s)?(?!\w) ?")


def warm() -> None:
    """Read the list now."""
    _shares()


def _share(stem: str) -> float:
    return max(_UNKNOWN, _shares().get(stem, 0.0))


@lru_cache(maxsize=1)
def _shares() -> dict[str, float]:
    """The share of each stem among the words that carry meaning."""
    from wordfreq import get_frequency_dict  # Takes 0.15 s, and not every run scores.

    sums: defaultdict[str, float] = defaultdict(float)
    for word, often in get_frequency_dict("en", wordlist="small").items():
        for stem in content(word):
            sums[stem] += often
    whole = sum(sums.values())
    return {stem: often / whole for stem, often in sums.items()}
