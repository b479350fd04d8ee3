"""Relatives, friends and animals: their names, whether they exist and live. Pure.

``relations`` compares the roles of names that the card knows; here it is the other way round: what
the reply says of "my brother" against what is known of any brother.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from rpterm.scoring.frames.known import Claim, Clash, Known
from rpterm.scoring.frames.numbers import number
from rpterm.scoring.frames.persons import (
    GROUP_OF,
    NAME,
    NO_NAME,
    ROLES,
    Person,
    persons,
    role_of,
    words_for,
)
from rpterm.scoring.texts import phrase_pattern
from rpterm.text.accents import unaccented

_ALONE_TEXT = "mother father wife husband spouse fiancé fiancée girlfriend boyfriend secretary"
_ALONE = frozenset([*_ALONE_TEXT.split(), "best friend"])
"""Roles that one person has at a time."""
_EITHER = frozenset(["child", "kid", "twin", "spouse"])
"""Roles that say nothing about man or woman."""
_MANY = ("friend", "bird", "cousin")
"""Kinds of people of whom a card rarely names all."""
_ONE_OF_SEVERAL = phrase_pattern(
    ["closest", "eldest", "oldest", "youngest", "middle", "favou?rite", "one of", "other"]
)
_DEAD = phrase_pattern(
    ["died", "dead", "passed away", "killed", "deceased", "drown(?:ed)?", "widow(?:ed|er)?",
     "vanished", "lost at sea", "buried", "late", "murdered"]
)  # fmt: skip
_SINGLE = phrase_pattern(
    ["unmarried", "never (?:been )?married", "never had a (?:boyfriend|girlfriend)", "bachelor",
     "spinster", "(?:is|am|are) single", "not (?:re)?married", "unattached",
     "single (?:father|mother|dad|mum|mom|parent)"]
)  # fmt: skip
_CHILDLESS = phrase_pattern(
    ["no (?:children|kids)", "childless",
     "(?:never had|(?:don't|doesn't|do not|does not) have)(?: any)? (?:children|kids)"]
)  # fmt: skip
_IS_ONE = re.compile(r"(?:\b(?:am|is|are)|'[ms]) an? (?:[\w-]+ ){0,3}$", re.IGNORECASE)
_PARENT = phrase_pattern(["(?:father|mother|dad|mum|mom|parent) (?:of|to)"])
_ONLY_CHILD = phrase_pattern(["only (?:child|son|daughter)", "no (?:brothers|sisters|siblings)"])
_MARRIED = phrase_pattern(["divorced", "widow(?:er)?", "married", "engaged", "alimony"])
_NOT_NOW = re.compile(
    r"\b(?:my|his|her|your) (?:late|ex|former|dead|future|first)\b|\bex-|"
    r"\b(?:was|were|had|died|dead|used to|left|killed|passed|gone|buried|lost|remember|grave|once|"
    r"never|taught|told|said|gave|made|would)\b",
    re.IGNORECASE,
)
"""A sentence about somebody who was there once."""
_NOW = (
    r"(?:'s (?:a|an|the|in|at|up|on|here|back|out|my|our|coming|still|\w+ing)\b|(?:'ll| is| are| "
    r"will| has| keeps| works| lives| runs| owns| loves| wants| says| calls| can| comes| hates| "
    r"waits| thinks)\b| and I (?:are|am|have|live|"
    r"want|run|keep|go|work)\b)"
    r"(?! (?:dead|gone|buried|not|no longer|been gone))"
)
_NOW_AT = re.compile(rf"\w+(?: {NAME})?{_NOW}", re.IGNORECASE)
_IS_GONE = phrase_pattern(["dead", "gone", "buried", "grave", "heaven", "died", "ghost", "memory"])
_ASKED_AFTER = re.compile(
    rf"\b(?:is|how's|see|from|does|will|meet) (your (?:\w+ )?(?:{ROLES})|{NAME})\b[^.?!]*\?$",
    re.IGNORECASE,
)
"""A question after somebody, which "he" or "she" in the answer means."""
_CALLED = {"mother": "Mama|Mum|Mom|Mother|Mummy", "father": "Papa|Dad|Father|Daddy"}
"""Parents without "my"."""
_OTHERWISE = "the card says otherwise"


def clashes(said: Claim, known: Known) -> Iterator[Clash]:
    """What the claim says of people, against what is known."""
    plain, real = said.plain, said.real
    whose = "my" if known.who == "i" else "your"
    for person in persons(plain):
        if re.search(rf"\b{whose}\b", person.before) and (person.names or person.start < len(real)):
            yield from _names(person, known)
            if known.who == "i":
                yield from _excluded(person, plain, known)
    if known.who == "i":
        for find in (_own_state, _numbers):
            yield from find(real, known)
        yield from _the_dead(_with_name(said), known)


def _with_name(said: Claim) -> str:
    """A claim with the person it is about: "Luc? Aye, he's in the yard" is "Luc's in the yard"."""
    name = re.fullmatch(rf"({NAME})[?!.]", said.before) or _ASKED_AFTER.search(said.before)
    if name is None:
        return said.real
    whom = re.sub(r"^your\b", "my", name[1])
    return re.sub(r"^(?:\w+, )?(?:he|she)\b", whom, said.real, flags=re.IGNORECASE)


def _names(person: Person, known: Known) -> Iterator[Clash]:
    """A role with another name than the known one, or a relative the card does not have."""
    # A known name may be longer: "Lucas" for "Luc", but not "always" for "Al".
    is_known = re.compile(rf"\b(?:{'|'.join(map(re.escape, person.names))})").search
    if not person.names or any(is_known(unaccented(line.text)) for line in known.lines):
        return
    everybody = [(line, each) for line in known.lines for each in persons(line.text)]
    same = [(line, each) for line, each in everybody if each.role == person.role]
    named = [(line, each) for line, each in same if each.names]
    if any(_ONE_OF_SEVERAL.search(each.before) for each in (person, *(x for _, x in named))):
        return
    if named and (person.role in _ALONE or len(named) == 1):
        line, other = named[0]
        source = "the card" if line.written else "earlier it"
        yield f"{source} names the {person.role} {min(other.names)}", line
    elif not same and known.who == "i" and person.group not in _MANY:
        for line, each in everybody:
            if line.written and each.group == person.group and (each.names or each.count):
                yield f"the card knows no {person.role} of that name", line
                return


def _excluded(person: Person, plain: str, known: Known) -> Iterator[Clash]:
    """Somebody who cannot be there by the card: the children of the childless."""
    written = [line for line in known.lines if line.written]
    if person.group in ("spouse", "lover") and not _NOT_NOW.search(plain):
        is_now = bool(_NOW_AT.match(plain, person.start))
        yield from (
            (_OTHERWISE, line)
            for line in written
            if _SINGLE.search(line.text) or (is_now and _has_lost(person.role, line.text))
        )
    for group, pattern in (("child", _CHILDLESS), ("sibling", _ONLY_CHILD)):
        if person.group == group:
            yield from ((_OTHERWISE, line) for line in written if pattern.search(line.text))


def _has_lost(partner: str, text: str) -> bool:
    """Whether there was a partner once: who is spoken of in the present is another one."""
    return bool(re.search(rf"\bex-{partner}|\bdivorced\b|\bwidow", text, re.IGNORECASE))


def _own_state(plain: str, known: Known) -> Iterator[Clash]:
    """ "I never married", "I was an only child" against known relatives."""
    if not re.search(r"\bI(?:'m|'ve)?\b|\bmy\b", plain, re.IGNORECASE):
        return
    for pattern, group in (
        (_SINGLE, "spouse"), (_CHILDLESS, "child"), (_ONLY_CHILD, "sibling")
    ):  # fmt: skip
        for line in known.lines if pattern.search(plain) else ():
            if not line.written or pattern.search(line.text):
                continue
            there = (
                any(
                    each.group == group and not _IS_ONE.search(line.text[: each.start])
                    for each in persons(line.text)
                )
                or (group == "spouse" and _MARRIED.search(line.text))
                or (group == "child" and _PARENT.search(line.text))
            )
            if there:
                yield _OTHERWISE, line


def _numbers(plain: str, known: Known) -> Iterator[Clash]:
    """ "I have three boys" where the card counts two daughters."""
    pattern = rf"\bI(?:'ve got| have|'ve)(?: got)? (?P<count>\w+) (?P<role>{ROLES})s?\b"
    match = re.search(pattern, plain, re.IGNORECASE)
    count = number(match["count"]) if match else None
    if match is None or count is None or count < 2:
        return
    role = role_of(match["role"])
    for line in known.lines:
        for each in persons(line.text) if line.written else ():
            if each.count < 2:
                continue
            other_role = each.role != role and not {each.role, role} & _EITHER
            if each.group == GROUP_OF[role] and (each.count != count or other_role):
                yield "the card says another number", line


def _the_dead(plain: str, known: Known) -> Iterator[Clash]:
    """Somebody of whom the card says that they are dead, as alive."""
    if _IS_GONE.search(plain):
        return
    for line in known.lines:
        for names, role in _dead(line.text) if line.written else ():
            who = [*map(re.escape, names), *(rf"my {word}" for word in words_for(role))]
            who += [rf"(?-i:{_CALLED[role]})"] if role in _CALLED else []
            pattern = rf"\b(?:{'|'.join(who)})(?: {NAME})?{_NOW}"
            if who and re.search(pattern, plain, re.IGNORECASE):
                yield "the card says that they are dead", line


@lru_cache(maxsize=4096)
def _dead(text: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """The names and the role ("" if unknown) of the dead in a line of the card."""
    found = []
    parts = re.split(r"[.;]|, (?=(?:his|her|my|your|one|two|and) )", text)
    for before, part in pairwise(["", *parts]):
        death = _DEAD.search(part)
        if death is None:
            continue
        at = death.start()
        about = before if re.match(r"\W*(?:he|she)\b", part) else part
        near = min(persons(about), key=lambda each: abs(each.start - at), default=None)
        names = re.findall(rf"(?:widow(?:er)? of|assistant|since (?:his|her) \w+) ({NAME})", part)
        if near is not None and death.group().lower() != "late":
            names += [name for name in near.names if name not in NO_NAME]
        if names or (near is not None and near.before):
            found.append((tuple(names), near.role if near is not None else ""))
    return tuple(found)
