"""Tastes: what somebody likes, dislikes, fears or cannot take, against the opposite. Pure.

A card says it as a list ("Likes: rain, moths") or a sentence; a speaker as a sentence, or about
"it", which is what the sentence before or the user's question named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from rpterm.scoring.frames.known import Claim, Clash, Known
from rpterm.scoring.texts import content_stems
from rpterm.scoring.word_frequency import rarity

_LIKE = (
    r"loves?|loved|likes?|liked|adores?|adored|enjoys?|enjoyed|craves?|roots? for|worships?|"
    r"(?:is |am |are |'m |'s )?(?:very |really |so |quite )?(?:fond of|crazy about|mad about|"
    r"obsessed with|passionate about|keen on|a (?:huge |big |great )?fan of|addicted to)|"
    r"can(?:'t|not) get enough of|can(?:'t|not) live without|trusts?|has a weakness for"
)
_HATE = (
    r"hates?|hated|dislikes?|disliked|despises?|detests?|loathes?|distrusts?|"
    r"(?:can't|cannot|can not|could never|couldn't|never could) (?:stand|bear|abide|stomach)|"
    r"(?:don't|doesn't|do not|does not|didn't|never) (?:really |much )?(?:like|liked|care for|"
    r"enjoy|love|trust|eat|drink|touch)|(?:am|is|are|'m|'s) (?:\w+ )?(?:allergic to|sick of|"
    r"tired of|bored by|disgusted by)|allergic to"
)
_FEAR = (
    r"(?:(?:am|is|are|'m|'s) )?(?:\w+ )?(?:afraid|scared|terrified|frightened) of|fears?|dreads?"
)
_FEARLESS = (
    r"(?:am|is|are|'m|'s) (?:not|never) (?:\w+ )?(?:afraid|scared|terrified|frightened) of|"
    r"(?:don't|doesn't|do not|never) (?:really )?(?:mind|fear)"
)
_MANNER = (
    r"(?:(?:really|always|still|just|do|also|absolutely|quite|simply|only|truly|have|has|'ve) )*"
)
_OBJECT = r"(?P<what>[^.;!?\"”*\n]{2,80})"
_LISTS = re.compile(
    r"\b(?P<kind>likes|loves|enjoys|hobbies|dislikes|hates|detests|hateful things|pet peeves?|"
    r"fears?|phobias?|afraid of|scared of)"
    r"\s*[:=(]\s*(?P<what>[^.;)\n]+)",
    re.IGNORECASE,
)
TASTES = re.compile(
    r"\W*(?:dis)?(?:likes|loves|enjoys|hobbies|hates|detests|fears?|phobias?)\s*[:=(]",
    re.IGNORECASE,
)
"""The start of a list, which nothing but a taste can contradict."""
_ONLY_HATE = re.compile(
    r"(?:i )?(?:never could|can't|cannot|could never) (?:stand|bear)|(?:i )?hate\b", re.IGNORECASE
)
""" "Figs? Can't stand them." """
_NOTHING_MORE = re.compile(
    r"\bnothing (?:that )?(?P<taste>(?:i|you) \w+) (?:more|better) than ", re.I
)
_THIS = re.compile(
    r"^(?:it|them|that|those|this|these|him|her|the (?:stuff|things?|lot))\b(?! \w+ing)", re.I
)
_ENDS = re.compile(
    r",? (?:but|because|since|though|although|when|while|after|before|so|which|who|than|and (?:is|"
    r"has|was|wants?|he|she|they|i|what|refuses|plays|drives|reads|longs|never|won't|can't|drinks|eats|"
    r"never|the)\b)|--|—| – ",
    re.I,
)
_SPLIT = re.compile(r"\s*(?:,|/|\band\b|\bor\b|\")\s*")
_LIKED, DISLIKED, _FEARED, _UNFEARED = "likes", "dislikes", "fears", "does not fear"
_OPPOSITE = {
    _LIKED: (DISLIKED, _FEARED), DISLIKED: (_LIKED,), _FEARED: (_LIKED, _UNFEARED),
    _UNFEARED: (_FEARED,),
}  # fmt: skip
_HEAD_RARITY = 2.5
_VAGUE = frozenset(
    content_stems("anything everything something nothing thing things people lot way much")
)
Taste = tuple[str, tuple[str, ...]]
"""The attitude, and the content stems of its object, in order."""


def clashes(said: Claim, known: Known) -> Iterator[Clash]:
    """A taste of the claim whose opposite is known."""
    there = [(line, *taste) for line in known.lines for taste in tastes_of(line.text, line.written)]
    for attitude, what in _spoken(said.real, known.who, said.before):
        if any(other == attitude and is_same(what, known_what) for _, other, known_what in there):
            continue
        for line, other, known_what in there:
            if attitude in _OPPOSITE[other] and is_same(what, known_what):
                yield f"{'the card' if line.written else 'it was said'}: {other} this", line


@lru_cache(maxsize=4096)
def tastes_of(text: str, written: bool) -> tuple[Taste, ...]:
    """The tastes in a line of the card, or, if not ``written``, in what "I" said."""
    plain = text.replace("’", "'")
    if not written:
        return tuple(_spoken(plain, "i", ""))
    found = []
    for match in _LISTS.finditer(plain):
        kind = match["kind"].lower()
        attitude = (
            DISLIKED if kind in ("dislikes", "hates", "detests") or kind.startswith(("hate", "pet"))
            else _LIKED if kind in ("likes", "loves", "enjoys", "hobbies")
            else _FEARED
        )  # fmt: skip
        found += [(attitude, what) for what in _objects(match["what"])]
    if not found:
        for attitude, pattern in _WRITTEN:
            for match in pattern.finditer(plain):
                found += [(attitude, what) for what in _objects(_ENDS.split(match["what"])[0])]
    return tuple(found)


_FAN = re.compile(r"\b(?P<what>[\w-]+) (?:fan|lover|enthusiast|buff|addict)\b", re.I)
_WRITTEN = (
    (_LIKED, _FAN),
    *(
        (
            attitude,
            re.compile(rf"(?<!n't )(?<!never )(?<!not )\b(?:{verbs}) {_OBJECT}", re.IGNORECASE),
        )
        for attitude, verbs in ((DISLIKED, _HATE), (_FEARED, _FEAR), (_LIKED, _LIKE))
    ),
)


@lru_cache(maxsize=8)
def _patterns(who: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (attitude, re.compile(rf"\b{who}(?: |(?='))(?:'ve )?{_MANNER}(?:{verbs}) {_OBJECT}", re.I))
        for attitude, verbs in (
            (DISLIKED, _HATE), (_UNFEARED, _FEARLESS), (_FEARED, _FEAR), (_LIKED, _LIKE)
        )
    )  # fmt: skip


def _spoken(text: str, who: str, before: str) -> Iterator[Taste]:
    """The tastes that a sentence of somebody states."""
    text = _NOTHING_MORE.sub(r"\g<taste> ", text)
    for attitude, pattern in _patterns(who):
        for match in pattern.finditer(text):
            what = _ENDS.split(match["what"])[0]
            if _THIS.match(what):
                what = before
            yield from ((attitude, each) for each in _objects(what))
    if who == "i" and before.endswith("?") and _ONLY_HATE.match(text):
        yield from ((DISLIKED, each) for each in _objects(before))


def _objects(text: str) -> list[tuple[str, ...]]:
    parts = (part for part in _SPLIT.split(text) if not part.lower().startswith("not "))
    stems = [tuple(content_stems(part)) for part in parts]
    return [each for each in stems if each and not _VAGUE & set(each)]


def is_same(said: tuple[str, ...], known: tuple[str, ...]) -> bool:
    """Whether two objects are the same: most of the known one's words, or its last, are said."""
    shared = set(said) & set(known)
    weight = sum(rarity(stem) for stem in known)
    telling = sum(rarity(stem) for stem in shared) > 0.5 * weight
    return bool(shared) and (telling or (known[-1] in shared and rarity(known[-1]) >= _HEAD_RARITY))
