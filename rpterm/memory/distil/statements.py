"""Plain first-person statements read by rules: the reliable basis of remembered facts.

``statements("I moved to London last year. Do you like it?", "Ann")`` gives one statement: Ann moved
to London. A rule must match a clause (see ``clauses``) from its first word, so nothing is lifted
out of the middle of a thought. The resulting text uses the speaker's own words, in the third
person.

A statement has a *slot*: what it settles. If a slot holds one value at a time (where somebody
lives), a newer statement supersedes an older one. In other slots (whom somebody is related to),
only a statement about the same thing does, or one that takes it back. ``supersede`` decides that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rpterm.memory.distil import values
from rpterm.memory.distil.clauses import Clause, clauses
from rpterm.memory.distil.rules import GREETING, MUST_BE_SELF_CONTAINED, PLAN, RULES, FactRule

_OPENERS = re.compile(
    r"^(?:(?:(?:please )?(?:remember|do(?:n['’]t| not) forget|keep in mind|note) that|"
    r"well|oh|ah|yes|yeah|no|hi|hello|hey|actually|anyway|by the way|you know|and|but|so|"
    r"also|then|now|besides|sure|okay|ok|please|remember|because|since|though|for the record|"
    r"as it happens|to be honest|in fact|nowadays|these days|honestly|good (?:morning|evening|day)|"
    r"nice to meet you|i promise(?: you)?(?: that)?(?=,? I\b)|"
    r"(?:\w+ ){0,2}(?:news|update|confession|fact|secret|thing)(?=:))[,:.!]?\s+)+",
    re.IGNORECASE,
)
_CORRECTION = re.compile(
    r"^(?:\w+[,.!]?\s+){0,2}?(?:no|sorry|correction|wait|i meant?)\b|\bactually\b|\bwrong,|"
    r"\bnot (?-i:[A-Z])\w*(?:,|$)",
    re.IGNORECASE,
)
"""The speaker puts something right: "No, my sister is called Anna"."""
_FIRST_PERSON = re.compile(r"(?:I|my)\b", re.IGNORECASE)
_REMEMBER_REQUEST = re.compile(
    r"^(?:please\s+)?(?:remember|do(?:n['’]t| not) forget|keep in mind|note)"
    r"(?:\s+that\s+|:\s*)(.+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """Something the speaker stated.

    Attributes:
        subject: Whom it is about: the speaker, or for example ``Ann's sister``.
        slot: What it settles, such as ``home``; "" settles nothing.
        value: The words that settle it, as they were said.
        text: The statement as a third-person sentence.
        quote: The clause it was read from.
        single: Whether the slot holds one value at a time.
        retracts: Whether it takes back what was so before.
        importance: 0 to 1.
    """

    subject: str
    slot: str
    value: str
    text: str
    quote: str
    single: bool = False
    retracts: bool = False
    importance: float = 0.5


def statements(text: str, speaker: str, listener: str = "") -> list[Statement]:
    """What the speaker of a turn plainly stated about their own life, in order.

    Args:
        listener: Who is "you" in what the speaker plans; "" leaves such plans out.
    """
    found: list[Statement] = []
    before = ""
    for clause in clauses(text):
        found.extend(_statements_in(clause, before, speaker, listener))
        before = clause.text
    return found


def _statements_in(clause: Clause, before: str, speaker: str, listener: str) -> Iterator[Statement]:
    greeted = f"{before}, {clause.text}" if GREETING.fullmatch(before) else clause.text
    plain = _OPENERS.sub("", clause.text)
    shorter = (plain.partition(",")[0], values.trim(plain))
    for words in dict.fromkeys((greeted, plain, *shorter)):
        for rule in RULES:
            match = rule.pattern.match(words)
            if match and (statement := _build(rule, match, clause, speaker, listener)):
                corrects = rule.kin and _CORRECTION.search(f"{before}, {clause.text}") is not None
                yield replace(statement, single=rule.single or corrects)
                return
            if match and rule.slot in MUST_BE_SELF_CONTAINED:
                return  # A shortened clause would only seem to make sense on its own.
    request = _REMEMBER_REQUEST.match(clause.text)
    if request and values.is_thing(request[1]) and _FIRST_PERSON.match(request[1]):
        quote = request[1].strip()
        text = f'{speaker} asked to remember: "{quote}"'
        yield Statement(speaker, "", quote, text, clause.text, importance=0.9)


def _build(
    rule: FactRule, match: re.Match[str], clause: Clause, speaker: str, listener: str
) -> Statement | None:
    groups = {key: group or "" for key, group in match.groupdict().items()}
    said = groups["value"]
    if rule.slot == PLAN and listener:
        said = values.with_listener(said, listener)
    value = values.trim(said)
    if rule.check in (values.is_place, values.is_proper):
        value = values.trim_place(value)
    if names := groups.get("names"):
        value = f"{value} called {names}"
    kin = groups.get("kin", "")
    if rule.slot == "name" and value == speaker:
        return None
    if not rule.check(value):
        return None
    if rule.slot in MUST_BE_SELF_CONTAINED and not (
        values.is_self_contained(value, said) and (not kin or values.is_self_contained(kin, kin))
    ):
        return None
    space = " " if groups["value"].startswith(" ") and value else ""
    when = groups.get("when", "")
    text_groups = groups | {
        "who": speaker,
        "value": space + values.third_person(value),
        "when": when[:1].lower() + when[1:],
    }
    return Statement(
        subject=f"{speaker}'s {kin}" if rule.kin else speaker,
        slot=rule.slot.format(kin=kin.lower()),
        value=value,
        text=rule.text.format(**text_groups),
        quote=clause.text,
        single=rule.single,
        retracts=rule.retracts,
        importance=rule.importance,
    )
