"""English word frequencies: how informative a word is, and how likely it occurs by chance.

The list is wordfreq's small one (Speer 2022): 29,000 words from subtitles, encyclopedias, news,
books and web text, frozen with the package and summed over the stems of ``texts.content_stems``.
Of Chinese and Japanese its lists give the shares of pairs of characters. Of 16 scenes with Chinese
cards the score prefers the reply that rests on the card to an evasive one in 16 and to a wrong one
in 16, without pairs in 13 and 15 (means of the log-odds 4.9, 1.7 and 1.9 instead of 2.7, 1.7 and
1.7; without the language model; scenes and pairs by the same author).
The few hundred everyday lines that similarity is contrasted with are too few for this purpose: by
them "falls" is as rare as "Paddington".
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from functools import lru_cache

from rpterm.scoring.texts import content_stems, words
from rpterm.text.unspaced import UNSPACED, character_pairs

_UNLISTED_SHARE = 3e-7
"""The assumed share of an unlisted word: a third of the rarest listed one."""
_COMMON = 150
"""A word that makes up 1/150 of a text carries no information beyond ``_LEAST_RARITY``."""
_LEAST_RARITY = 0.5
_NAME_RARITY = 5.0
"""From this rarity on, a capitalised part of a name is rarely anything but the name."""
_ENGLISH_SHARE = 0.65
_ENGLISH_RARITY = 7.0
"""By these two, all of 5,040 replies of ``bench rated`` and ConvAI2 are English, and one of sixteen
sentences in ten other languages with Latin letters (one of seven words)."""
_LEAST_WORDS = 4
_BURSTINESS = 2.0
"""Texts repeat their own words: two unrelated dialogues or novels share as many words as chance
alone would give for twice the length (LoCoMo, PDNC; 10 to 400 turns)."""


def rarity(stem: str) -> float:
    """The information of a word in nats: ln(1 / (150 p)), clipped to 0.5 at the low end.

    The share assumed for unlisted words caps it at 10.
    """
    return max(_LEAST_RARITY, -math.log(_COMMON * _share(stem)))


def probability_in(stem: str, length: int) -> float:
    """The probability that an unrelated text of ``length`` words contains this word.

    1 - exp(-2 p length): a Poisson model, with the factor ``_BURSTINESS``.
    """
    return 1 - math.exp(-_BURSTINESS * _share(stem) * length)


@lru_cache(maxsize=1024)
def is_english(text: str) -> bool:
    """Whether most words of a text are ordinary English ones; under four words count as English."""
    if not text.isascii() and 2 * len(UNSPACED.findall(text)) > len(text):
        return False
    said = [word for word in words(text) if not word.isdigit()]
    ordinary = sum(
        all(rarity(stem) < _ENGLISH_RARITY for stem in content_stems(word)) for word in said
    )
    return len(said) < _LEAST_WORDS or ordinary >= _ENGLISH_SHARE * len(said)


def without_name(text: str, name: str) -> str:
    """A text without a character's name; unchanged if no content word would be left.

    A reply that mentions its character ("Holmes lights his pipe") would otherwise seem similar to
    every line about them. Rare parts of the name are removed on their own, too: "Holmes" is a
    name, whereas "Rose" may be a flower.
    """
    stripped = _name_pattern(name).sub("", text) if name.strip() else text
    return stripped.strip() if stripped != text and content_stems(stripped) else text


@lru_cache(maxsize=64)
def _name_pattern(name: str) -> re.Pattern[str]:
    parts = name.split()
    rare = [part for part in parts if part[:1].isupper() and rarity(part.lower()) >= _NAME_RARITY]
    names = "|".join(map(re.escape, dict.fromkeys([" ".join(parts), *rare])))
    if UNSPACED.search(name):
        return re.compile(names)
    return re.compile(rf"(?<!\w)(?:{names})(?:['’]s)?(?!\w) ?")


def load() -> None:
    """Load the word list now."""
    _shares()


def _share(stem: str) -> float:
    is_pair = not stem.isascii() and UNSPACED.search(stem) is not None
    return max(_UNLISTED_SHARE, _pair_share(stem) if is_pair else _shares().get(stem, 0.0))


def _pair_share(pair: str) -> float:
    """The share of a pair of characters: within words, or where two words meet by chance."""
    pairs, characters = _unspaced_shares()
    apart = math.prod(characters.get(character, 0.0) for character in pair)
    return max(pairs.get(pair, 0.0), apart)


@lru_cache(maxsize=1)
def _unspaced_shares() -> tuple[dict[str, float], dict[str, float]]:
    """The shares of pairs and of single characters in Chinese and Japanese words."""
    from wordfreq import get_frequency_dict

    pairs: defaultdict[str, float] = defaultdict(float)
    characters: defaultdict[str, float] = defaultdict(float)
    for language in ("zh", "ja"):
        for word, frequency in get_frequency_dict(language, wordlist="small").items():
            if not UNSPACED.search(word):
                continue
            for character in word:
                characters[character] += frequency / 2
            for pair in character_pairs(word):
                pairs[pair] += frequency / 2
    return dict(pairs), dict(characters)


@lru_cache(maxsize=1)
def _shares() -> dict[str, float]:
    """The share of each stem among all content words."""
    from wordfreq import get_frequency_dict  # Takes 0.15 s, and not every run scores.

    sums: defaultdict[str, float] = defaultdict(float)
    for word, frequency in get_frequency_dict("en", wordlist="small").items():
        for stem in content_stems(word):
            sums[stem] += frequency
    total = sum(sums.values())
    return {stem: frequency / total for stem, frequency in sums.items()}
