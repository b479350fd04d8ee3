"""What a Chinese card denies and the reply affirms: "从来不喝酒" against "最爱喝白酒". Pure.

For English ``signals.contradiction`` compares words; this compares the rarer characters of clauses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from math import fsum

from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import Evidence
from rpterm.scoring.word_frequency import rarity
from rpterm.text.unspaced import UNSPACED

_NOT = re.compile(
    "从来不|从来没|从不|从未|不曾|没有|讨厌|厌恶|憎恨|反感|害怕|过敏|拒绝|禁止|[不没未无别恨怕拒禁忌戒]"
)
_NO_DENIAL = re.compile(
    "不错|不醉|没错|不[仅但过管论久愧禁如同止由然]|无论|无数|别人|特别|分别|区别|没关系|没问题|恨不得|不用说|"
    "不好意思|对不起|未来|要不|了不起|忍不住|不得不|差不多"
)
_CLAUSE = re.compile(r"[^，。！？；：、…\n,.!?;:“”\"「」（）()*—]+[？?]?")
_RARE = 1.0
_LEAST_CHARACTERS, _LEAST_RARITY, _LEAST_SHARE = 2, 4.0, 0.5
"""What two clauses must have in common: rare characters, and their share of the card's."""


def affirms_denied(reply: str, scene: ReplyScene) -> Iterator[Evidence]:
    """Where the reply affirms what a line of the card denies."""
    clauses = () if reply.isascii() else _clauses(reply)
    said = [(start, end, _rare(text)) for start, end, is_denied, text in clauses if not is_denied]
    denied = [
        (_rare(text) - frozenset(scene.char), fact)
        for fact in (scene.facts if said else ())
        for _, _, is_denied, text in _clauses(fact.text)
        if is_denied
    ]
    for characters, fact in denied:
        for start, end, affirmed in said:
            if _agree(affirmed & characters, characters):
                yield Evidence(start, end, "says the contrary", fact.source, fact.text)


def _agree(shared: frozenset[str], characters: frozenset[str]) -> bool:
    weight = fsum(map(rarity, shared))
    return (
        len(shared) >= _LEAST_CHARACTERS
        and weight >= _LEAST_RARITY
        and weight >= _LEAST_SHARE * fsum(map(rarity, characters))
    )


@lru_cache(maxsize=4096)
def _clauses(text: str) -> tuple[tuple[int, int, bool, str], ...]:
    """The clauses that are no questions, as (start, end, whether it denies, text)."""
    return tuple(
        (*match.span(), bool(_NOT.search(_NO_DENIAL.sub("", match.group()))), match.group())
        for match in _CLAUSE.finditer(text)
        if not match.group().endswith(("？", "?"))
    )


def _rare(clause: str) -> frozenset[str]:
    """The rarer characters of a clause, without what denies."""
    found = UNSPACED.findall(_NOT.sub("", clause))
    return frozenset(each for each in found if rarity(each) > _RARE)
