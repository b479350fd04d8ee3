"""Abilities and habits: what somebody never does, or cannot do, against doing it; and the reverse.

A denial is "never", "can't", "doesn't" with a verb and its object. A sentence that affirms all of
its words contradicts it; so does a denial all of whose words an affirmative line contains. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rpterm.scoring.frames.known import KIN, Claim, Clash, Known, is_negated
from rpterm.scoring.frames.tastes import DISLIKED, tastes_of
from rpterm.scoring.resources import load_toml
from rpterm.scoring.texts import content_stems, words
from rpterm.scoring.word_frequency import rarity
from rpterm.text.irregular_forms import IRREGULAR

_DENIAL = re.compile(
    r"(?:\b(?:can't|cannot|can not|never|doesn't|does not|don't|do not|hasn't|has not|haven't|"
    r"have not|won't|will not|refuses to|refused to|unable to|quit|stopped|gave up|without|"
    r"not able to|no sense of|didn't|did not)\b):? "
    r"(?P<what>[^.,;!?:\"”*\n]+)",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"\b(?:but|and|because|since|though|although|when|while|which|who|so|before|after|until|"
    r"any ?more|again|unless|if|that|than|for|to me|as|\d+|two|three|five|ten|since|every|this|"
    r"last)\b", re.IGNORECASE
)  # fmt: skip
_SOMETIMES = re.compile("when|while|if|unless|until|before|after|since|as|without", re.IGNORECASE)
""" "I don't walk when you look" denies no walking."""
_NEAR_START = 3
"""A line with a relative among its first characters is about them."""
_MOST_DENIED = 4
"""Words; a longer denial is about something too special."""
_TASTE = frozenset(content_stems("like love enjoy care think believe trust mind hate fear want"))
_SAYING = frozenset(content_stems("say mention know"))
""" "She does not say on air that …" denies no air, "I never knew my father" no father."""
_GENERIC = frozenset(
    content_stems(
        "learn learned learnt know known touch own owned ever even really single any some go went "
        "gone do doing done get got take taken use used make made anything anybody one once much "
        "thing things like well all always still been being see seen hold held carry carries wear "
        "wears keep keeps eat eats eating speak have having yet today now set note bit way play "
        "plays need say said tell let come off never no not nobody how"
    )
)
"""Words too general to tell what a denial is about."""
_GENERIC_IF_DENIED = _GENERIC | frozenset(content_stems("ride drive drink"))
_EXPERIENCE = re.compile(
    r"\bI(?:'ve| have| had|'d)? (?:\w+ly )?(?:been|was|went|visited|saw|held|met|owned|flew|lived|"
    r"spent|trained|came|seen|worn|had|fought|wore|tasted|drank|ate)\b",
    re.IGNORECASE,
)
_PERFECT = re.compile(
    r"never (?:yet )?(?:been|held|seen|met|had|owned|visited|left|tasted|worn|flown)"
)
_I = frozenset(["i", "i'm", "i've", "i'll", "i'd"])
_REACH = 4
"""Words between "I" and its verb."""
_LEAST_RARITY = 2.5
"""Of the rarest word that a spoken denial must contain."""
_SPOKEN_DENIAL = re.compile(
    r"\bI(?:'ve| have| had|'d|'ll| will)? ?(?:(?:just|really|also|still) )*"
    r"(?:can't|cannot|never|don't|do not|won't|haven't|didn't|couldn't)\b"
    r"(?P<what>[^.,;!?:\"”*\n]*)",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,;:–—]|\b(?:but|so)\b", re.IGNORECASE)
_PARTICIPLE = re.compile(r"(?:['’]s?|\b(?:the|an?|of|other)) (\w+ing) \w+")
_PLACES = re.compile(r"\b(?:in|at|on|from|with|about|under|near)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Denied:
    """What a line denies.

    Attributes:
        verb: Its stem, or "" if it is too general.
        what: The other stems that matter.
        experience: Whether it is about what never happened rather than a habit.
    """

    verb: str
    what: frozenset[str]
    experience: bool


def clashes(said: Claim, known: Known) -> Iterator[Clash]:
    """A denial that the claim affirms, or an affirmation that the claim denies."""
    if known.who != "i":
        return
    plain = said.real
    for what in _spoken_denials(plain):
        for line in known.lines:
            if line.written and what <= _affirmed(line.text) - _attributes(line.text):
                yield "the card says the contrary", line
    clauses = [part for part in _CLAUSE.split(plain) if not is_negated(part)]
    affirmative = " ".join(clauses)
    by_subject, by_clause = _by_subject(_in_order(affirmative)), [*map(_in_order, clauses)]
    for line in known.lines:
        for denied in _denials(line.text, line.written):
            # A verb says what is done with a thing named far away; without one it must be near.
            parts = by_subject if denied.verb else by_clause
            affirmed = any(_affirms(part, denied, said.acted) for part in parts)
            if affirmed and (not denied.experience or _EXPERIENCE.search(affirmative)):
                yield f"{'the card says' if line.written else 'earlier it was'} the contrary", line


@lru_cache(maxsize=4096)
def _denials(text: str, written: bool) -> tuple[_Denied, ...]:
    """What a line denies about the character; of speech, only what "I" denies."""
    plain = text.replace("’", "'")
    first = KIN.search(plain)
    if first and first.start() < _NEAR_START:
        return ()
    found = []
    pattern = _DENIAL if written else _SPOKEN_DENIAL
    for match in pattern.finditer(plain):
        order = _in_order(_ENDS.split(match["what"])[0])
        head = next((stem for stem in order if stem), "")
        twice = match[0].lower().startswith("without") and is_negated(plain[: match.start()])
        if head in _TASTE or head in _SAYING or twice or "not yet" in match[0].lower():
            continue
        stems = frozenset(order) - _GENERIC - {""}
        verb = head if head in stems else ""
        if stems and len(stems) <= _MOST_DENIED:
            experience = bool(_PERFECT.search(match.group().lower()))
            found.append(_Denied(verb, stems - {verb}, experience))
    if written and re.search(r"\b(?:vegetarian|vegan)\b", plain, re.IGNORECASE):
        found.append(_Denied("", frozenset(["meat"]), False))
    return tuple(found)


def _by_subject(order: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The stems of a sentence, divided before each "I" but the first: verbs with their objects."""
    starts = [at for at, stem in enumerate(order) if stem in _I][1:]
    return [order[start:end] for start, end in pairwise([0, *starts, len(order)])]


def _affirms(order: tuple[str, ...], denied: _Denied, acted: bool) -> bool:
    """Whether a part of a sentence says of the character what a line denies.

    Args:
        order: The stems of the part, "" for stop words, and "I" as itself.
    """
    stems = frozenset(order)
    if not all(_is_said(stem, stems) for stem in denied.what):
        return False
    unless = _unless().get(denied.verb, frozenset()) if not denied.what else frozenset()
    if unless & stems:
        return False
    if not denied.verb:
        return acted or bool(_I & stems)
    return any(
        _is_said(denied.verb, frozenset([stem]))
        and ((acted and at < _REACH - 1) or bool(_I & frozenset(order[max(0, at - _REACH) : at])))
        for at, stem in enumerate(order)
    )


def _is_said(stem: str, stems: frozenset[str]) -> bool:
    """Whether stems contain this one, or a kind of it."""
    return stem in stems or bool(kinds_of(stem) & stems)


@lru_cache(maxsize=4096)
def _affirmed(text: str) -> frozenset[str]:
    """The stems of a line without a denial, but for what it dislikes."""
    if is_negated(text):
        return frozenset()
    tastes = tastes_of(text, True)
    disliked = {stem for attitude, what in tastes if attitude == DISLIKED for stem in what}
    return frozenset(_in_order(text)) - disliked - {""}


@lru_cache(maxsize=4096)
def _attributes(text: str) -> frozenset[str]:
    """The stems of words like "sleeping" in "sleeping pills", which say what nobody does."""
    return frozenset(stem for each in _PARTICIPLE.findall(text) for stem in _in_order(each))


def _spoken_denials(plain: str) -> Iterator[frozenset[str]]:
    """What a spoken sentence denies: all its words that matter."""
    for match in _SPOKEN_DENIAL.finditer(plain):
        end = _ENDS.search(match["what"])
        if end is not None and _SOMETIMES.fullmatch(end[0]):
            continue
        what = _PLACES.split(_ENDS.split(match["what"])[0])[0]
        order = [stem for stem in _in_order(what) if stem]
        stems = frozenset(order) - _GENERIC_IF_DENIED
        if not stems or order[0] in _TASTE | _SAYING:
            continue
        if max(map(rarity, stems)) >= _LEAST_RARITY:
            yield stems


def kinds_of(stem: str) -> frozenset[str]:
    """For a stem such as that of "alcohol", the stems of its kinds."""
    return _kinds().get(stem, frozenset())


@lru_cache(maxsize=1)
def _kinds() -> dict[str, frozenset[str]]:
    return _stem_table("kinds")


@lru_cache(maxsize=1)
def _unless() -> dict[str, frozenset[str]]:
    """For a verb such as "drink", the objects that a denial without an object does not mean."""
    return _stem_table("unless")


def _stem_table(name: str) -> dict[str, frozenset[str]]:
    return {
        content_stems(key)[0]: frozenset(stem for word in words for stem in content_stems(word))
        for key, words in load_toml("frames.toml")[name].items()
    }


@lru_cache(maxsize=4096)
def _in_order(text: str) -> tuple[str, ...]:
    """The stems of a text, of verbs the infinitive; "I" as itself, "" for stop words."""
    base = _infinitives()
    found = []
    for word in words(text):
        stems = content_stems(word)
        stem = stems[0] if stems else ""
        found.append(word if word in _I else base.get(stem, stem))
    return tuple(found)


@lru_cache(maxsize=1)
def _infinitives() -> dict[str, str]:
    """The stem of the infinitive for the stem of another form."""
    rows = [row.split() for row in load_toml("frames.toml")["verbs"]]
    regular = {form: row[0] for row in rows for form in row[1:]}
    return {
        content_stems(form)[0]: content_stems(base)[0]
        for form, base in (IRREGULAR | regular).items()
        if content_stems(form) and not _GENERIC.issuperset(content_stems(base))
    }
