"""One rule at one point of a chat: may it fire, and why not?

The gates stand in the order in which a user would ask: is it meant for this chat at all, is it its
time, was its key said, did chance let it through. Groups and budget come afterwards, because they
compare rules with each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rpterm.cards.lore.chance import draw
from rpterm.cards.lore.records import Code, LoreContext
from rpterm.cards.lore.rules import FOREVER, Rule
from rpterm.cards.lore.scan import Window
from rpterm.plural import counted, ordinal

Reason = tuple[Code, str]


@dataclass(frozen=True, slots=True)
class Point:
    """A place in a chat where a reply is made.

    Attributes:
        turn: How many turns stand before the reply.
        replies: How many of them are the character's.
        since: Rule → the ``turn`` at which it fired last.
    """

    turn: int
    replies: int
    since: Mapping[int, int]
    context: LoreContext

    def sticking(self, rule: Rule) -> bool:
        """Whether it fired before and still stays."""
        since = self.since.get(rule.index)
        return since is not None and bool(rule.sticky) and self.turn <= since + rule.sticky

    def resting(self, rule: Rule) -> int:
        """For how many more turns it rests."""
        since = self.since.get(rule.index)
        if since is None or not rule.cooldown or self.sticking(rule):
            return 0
        return max(0, since + rule.sticky + rule.cooldown - self.turn + 1)


def judge(
    rule: Rule, point: Point, window: Window, names: Mapping[int, str]
) -> tuple[bool, Reason]:
    """Whether a rule may fire, and the reason either way; ``names`` are the texts of keys."""
    refused = rule.never or _foreign(rule, point.context) or _timing(rule, point)
    if refused:
        return False, refused
    if point.sticking(rule):
        return True, ("sticky", _staying(rule, point))
    fires, reason = _asked(rule, window, names)
    if fires and _unlucky(rule, point):
        return False, ("probability", f"{reason[1]}, but {rule.entry.probability} % missed")
    return fires, reason


def _foreign(rule: Rule, context: LoreContext) -> Reason | None:
    entry = rule.entry
    if entry.greetings and context.greeting not in (None, *entry.greetings):
        return "greeting", "the chat began with another greeting"
    if entry.characters or entry.exclude_characters:
        names = {name.casefold() for name in context.characters}
        if entry.characters and not names & {name.casefold() for name in entry.characters}:
            return "character", "it is for other characters"
        if names & {name.casefold() for name in entry.exclude_characters}:
            return "character", "it is not for this character"
    return None


def _timing(rule: Rule, point: Point) -> Reason | None:
    entry, deco = rule.entry, rule.deco
    if point.turn < entry.delay:
        return "delay", f"it sleeps until the chat has {counted(entry.delay, 'turn')}"
    if point.replies < deco.after:
        return "delay", f"it sleeps until the character spoke {counted(deco.after, 'time')}"
    if deco.every and point.replies % deco.every:
        return "delay", f"it fires only at every {ordinal(deco.every)} reply"
    rest = point.resting(rule)
    if rest > FOREVER // 2:
        return "cooldown", "it fired once and never fires again"
    if rest:
        return "cooldown", f"it rests for {counted(rest, 'more turn')}"
    return None


def _staying(rule: Rule, point: Point) -> str:
    if rule.sticky >= FOREVER:
        return "it fired before and stays"
    left = point.since[rule.index] + rule.sticky - point.turn
    more = f" and stays for {counted(left, 'more turn')}" if left else ""
    return f"it fired before{more}"


def _asked(rule: Rule, window: Window, names: Mapping[int, str]) -> tuple[bool, Reason]:
    """Keys, secondary keys and those of decorators."""
    key = window.first(rule, rule.excluded)
    if key is not None:
        return False, ("excluded", f"“{names[key]}” {window.where(rule, key)} forbids it")
    if rule.deco.forced:
        return True, ("activated", "@@activate")
    if rule.entry.constant:
        if rule.entry.delay_until_recursion and not window.told:
            return False, ("recursion", "only the text of other entries can fire it")
        reason: Reason = ("constant", "constant")
    else:
        key = window.first(rule, rule.primary)
        if key is None:
            return False, _missed(rule, window)
        reason = ("key", f"“{names[key]}” {window.where(rule, key)}")
        if not _secondary(rule, window):
            return False, ("secondary", f"{reason[1]}, but its secondary keys say no")
    if rule.additional and window.first(rule, rule.additional) is None:
        return False, ("secondary", f"{reason[1]}, but none of its additional keys")
    return True, reason


def _missed(rule: Rule, window: Window) -> Reason:
    """Why no key counts."""
    entry = rule.entry
    near = any(window.back.get(key, rule.depth + 1) <= rule.depth for key in rule.primary)
    if entry.delay_until_recursion and near:
        return "recursion", "only the text of other entries can fire it"
    if entry.exclude_recursion and any(key in window.told for key in rule.primary):
        return "recursion", "its key is in the text of another entry, which cannot fire it"
    turns = "turn" if rule.depth == 1 else counted(rule.depth, "turn")
    return "key_missed", f"no key in the last {turns}"


def _secondary(rule: Rule, window: Window) -> bool:
    if not rule.secondary:
        return True
    seen = [window.sees(rule, key) for key in rule.secondary]
    logic = rule.entry.logic
    if logic == "and_any":
        return any(seen)
    if logic == "and_all":
        return all(seen)
    return not all(seen) if logic == "not_all" else not any(seen)


def _unlucky(rule: Rule, point: Point) -> bool:
    percent = rule.entry.probability
    if percent >= 100:
        return False
    return draw(point.context.seed, point.turn, "probability", rule.identity) * 100 >= percent
