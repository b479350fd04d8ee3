"""Decides whether one rule may fire at one point of a chat, and gives the reason.

The conditions are checked in the order a user would ask about them: is the entry meant for this
chat, does its timing allow it, was a key mentioned, did the random draw succeed. Groups and budget
come later, because they compare rules with each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rpterm.cards.lore.draws import draw
from rpterm.cards.lore.records import Code, LoreContext
from rpterm.cards.lore.rules import FOREVER, LoreRule
from rpterm.cards.lore.scan import ScanWindow
from rpterm.humanize import counted, ordinal

Reason = tuple[Code, str]


@dataclass(frozen=True, slots=True)
class ChatPoint:
    """The point in a chat at which a reply is generated.

    Attributes:
        turn: The number of turns before the reply.
        replies: The number of those that are the character's.
        last_fired: Rule → the ``turn`` at which it last fired.
    """

    turn: int
    replies: int
    last_fired: Mapping[int, int]
    context: LoreContext

    def is_sticky(self, rule: LoreRule) -> bool:
        """Whether the rule fired earlier and is still active."""
        since = self.last_fired.get(rule.index)
        return since is not None and bool(rule.sticky) and self.turn <= since + rule.sticky

    def cooldown_left(self, rule: LoreRule) -> int:
        """How many more turns the rule's cooldown lasts."""
        since = self.last_fired.get(rule.index)
        if since is None or not rule.cooldown or self.is_sticky(rule):
            return 0
        return max(0, since + rule.sticky + rule.cooldown - self.turn + 1)


def may_fire(rule: LoreRule, point: ChatPoint, window: ScanWindow) -> tuple[bool, Reason]:
    """Whether a rule may fire, and the reason for it."""
    blocked = rule.never_reason or _wrong_chat(rule, point.context) or _wrong_time(rule, point)
    if blocked:
        return False, blocked
    if point.is_sticky(rule):
        return True, ("sticky", _sticky_reason(rule, point))
    fires, reason = _match_keys(rule, window)
    if fires and _draw_fails(rule, point):
        percent = rule.entry.probability
        return False, ("probability", f"{reason[1]}, but its {percent} % chance failed")
    return fires, reason


def _wrong_chat(rule: LoreRule, context: LoreContext) -> Reason | None:
    entry = rule.entry
    if entry.greetings and context.greeting not in (None, *entry.greetings):
        return "greeting", "the chat began with a different greeting"
    if entry.characters or entry.exclude_characters:
        names = {name.casefold() for name in context.characters}
        if entry.characters and not names & {name.casefold() for name in entry.characters}:
            return "character", "it is for other characters"
        if names & {name.casefold() for name in entry.exclude_characters}:
            return "character", "it is not for this character"
    return None


def _wrong_time(rule: LoreRule, point: ChatPoint) -> Reason | None:
    entry, decorated = rule.entry, rule.decorated
    if point.turn < entry.delay:
        return "delay", f"it cannot fire before the chat has {counted(entry.delay, 'turn')}"
    if point.replies < decorated.after:
        replies = counted(decorated.after, "reply", "replies")
        return "delay", f"it cannot fire before the character has given {replies}"
    if decorated.every and point.replies % decorated.every:
        return "delay", f"it fires only at every {ordinal(decorated.every)} reply"
    left = point.cooldown_left(rule)
    if left > FOREVER // 2:
        return "cooldown", "it fired once and never fires again"
    if left:
        return "cooldown", f"it is on cooldown for {counted(left, 'more turn')}"
    return None


def _sticky_reason(rule: LoreRule, point: ChatPoint) -> str:
    if rule.sticky >= FOREVER:
        return "it fired before and stays active"
    left = point.last_fired[rule.index] + rule.sticky - point.turn
    more = f" and stays active for {counted(left, 'more turn')}" if left else ""
    return f"it fired before{more}"


def _match_keys(rule: LoreRule, window: ScanWindow) -> tuple[bool, Reason]:
    """Check the keys, the secondary keys and the keys of decorators."""
    key = window.first(rule, rule.excluded)
    if key is not None:
        return False, ("excluded", f"{window.where_found(rule, key)} excludes it")
    if rule.decorated.forced:
        return True, ("activated", "@@activate")
    if rule.entry.constant:
        if rule.entry.delay_until_recursion and not window.entry_keys:
            return False, ("recursion", "only the text of other entries can fire it")
        reason: Reason = ("constant", "constant")
    else:
        key = window.first(rule, rule.primary)
        if key is None:
            return False, _no_key_reason(rule, window)
        reason = ("key", window.where_found(rule, key))
        if not _secondary_keys_match(rule, window):
            return False, ("secondary", f"{reason[1]}, but its secondary keys do not fit")
    if rule.additional and window.first(rule, rule.additional) is None:
        return False, ("secondary", f"{reason[1]}, but none of its additional keys was found")
    return True, reason


def _no_key_reason(rule: LoreRule, window: ScanWindow) -> Reason:
    """Why none of the keys counts."""
    entry = rule.entry
    near = any(window.turns_back.get(key, rule.depth + 1) <= rule.depth for key in rule.primary)
    if entry.delay_until_recursion and near:
        return "recursion", "only the text of other entries can fire it"
    if entry.exclude_recursion and any(key in window.entry_keys for key in rule.primary):
        return "recursion", "its key is in the text of another entry, which cannot fire it"
    turns = "turn" if rule.depth == 1 else counted(rule.depth, "turn")
    return "key_missed", f"none of its keys is in the last {turns}"


def _secondary_keys_match(rule: LoreRule, window: ScanWindow) -> bool:
    if not rule.secondary:
        return True
    seen = [window.can_see(rule, key) for key in rule.secondary]
    logic = rule.entry.logic
    if logic == "and_any":
        return any(seen)
    if logic == "and_all":
        return all(seen)
    return not all(seen) if logic == "not_all" else not any(seen)


def _draw_fails(rule: LoreRule, point: ChatPoint) -> bool:
    percent = rule.entry.probability
    if percent >= 100:
        return False
    return draw(point.context.seed, point.turn, "probability", rule.identity) * 100 >= percent
