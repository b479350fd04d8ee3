"""Selection among rules that may fire: inclusion groups and the token budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rpterm.cards.lore.conditions import ChatPoint
from rpterm.cards.lore.draws import draw, pick
from rpterm.cards.lore.rules import LoreRule


def group_losers(
    rules: Sequence[LoreRule], fired: Iterable[LoreRule], point: ChatPoint
) -> dict[int, str]:
    """The rules that lose to another of their group: index → reason.

    A group goes to a member that already fired in this turn, else to a sticky one, else to the
    highest order among members with ``group_override``, else to a weighted random draw.
    """
    taken = {group: rule for rule in fired for group in rule.groups}
    losers: dict[int, str] = {}
    for group in dict.fromkeys(group for rule in rules for group in rule.groups):
        members = [rule for rule in rules if group in rule.groups and rule.index not in losers]
        if not members:
            continue
        winner = taken.get(group) or _winner(members, group, point)
        reason = f"{winner.name} won the group {group}"
        losers.update({rule.index: reason for rule in members if rule is not winner})
    return losers


def _winner(members: list[LoreRule], group: str, point: ChatPoint) -> LoreRule:
    sticking = [rule for rule in members if point.is_sticky(rule)]
    if sticking:
        return sticking[0]
    strong = [rule for rule in members if rule.entry.group_override]
    if strong:
        return max(strong, key=lambda rule: rule.entry.order)
    # Sorted by identity, so that moving entries in the file does not change the draw.
    members = sorted(members, key=lambda rule: rule.identity)
    at = draw(point.context.seed, point.turn, "group", group.encode("utf-8", "replace"))
    return members[pick(at, [rule.entry.group_weight for rule in members])]


class TokenBudget:
    """The token budget of one turn: rules that do not fit are skipped, smaller ones still go in."""

    def __init__(self, budget: int, tokens: Callable[[LoreRule], int]) -> None:
        self.limit = budget
        self.spent = 0
        self._tokens = tokens

    def admit(self, rules: Iterable[LoreRule]) -> tuple[list[LoreRule], dict[int, str]]:
        """Admit the rules that fit, the most important first; for the others, index → reason."""
        admitted: list[LoreRule] = []
        refused: dict[int, str] = {}
        for rule in sorted(rules, key=_importance):
            tokens = self._tokens(rule)
            left = self.limit - self.spent
            if self.limit and tokens > left and not rule.entry.ignore_budget:
                refused[rule.index] = f"it needs {tokens} tokens and only {max(left, 0)} are left"
                continue
            self.spent += tokens
            admitted.append(rule)
        return admitted, refused


def _importance(rule: LoreRule) -> tuple[bool, bool, bool, bool, int, int, int]:
    """Sort key; static rules come first, so that nothing said in the chat can displace them."""
    entry = rule.entry
    return (
        not rule.static, not entry.ignore_budget, not rule.unconditional, rule.decorated.yielding,
        -entry.priority, entry.order, rule.index,
    )  # fmt: skip
