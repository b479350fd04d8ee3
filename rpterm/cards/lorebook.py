"""The lorebook engine: which entries enter the prompt of the next reply, and why not the others.

``fire(book, context)`` is a pure function; a ``Matcher`` is the same with the book prepared once
and with what was already looked at remembered. It knows no card, no store and no prompt.

*Timed effects* (sticky, cooldown, ``@@keep_activate_after_match``) are not stored anywhere: they
are found by replaying the firing along the turns of the branch that is shown. So swiping,
deleting, editing and branching rewind them by themselves, nothing can go stale, and a chat from
an import has them, too. Chance depends on the seed and the place alone, so a replay repeats it.
The matcher remembers the states along the last branch: on an append-only chat one turn is
replayed per turn.

*Turns* are counted as turns of the tree, the user's and the character's alike. An entry that
fires when the branch has ``n`` turns, with ``sticky = 2`` and ``cooldown = 4``, stays up to and
with ``n + 2`` turns and rests up to and with ``n + 6``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial

from rpterm.cards.card import Lorebook
from rpterm.cards.lore.choose import Purse, group_losers
from rpterm.cards.lore.judge import Point, Reason, judge
from rpterm.cards.lore.records import (
    Code,
    LoreContext,
    LoreHit,
    LoreResult,
    Verdict,
    rough_count,
)
from rpterm.cards.lore.rules import Rule, Rules
from rpterm.cards.lore.scan import Window

__all__ = [
    "Code",
    "LoreContext",
    "LoreHit",
    "LoreResult",
    "Matcher",
    "Verdict",
    "fire",
    "rough_count",
]

_REMEMBERED_TEXTS = 8192


def fire(book: Lorebook, context: LoreContext) -> LoreResult:
    """Say what of a book enters the prompt. For more than one turn keep a ``Matcher``."""
    return Matcher(book, context.expand).fire(context)


class Matcher:
    """A book made ready, to be kept while the card and the model stay.

    Args:
        expand: Fills macros in keys.
    """

    def __init__(self, book: Lorebook, expand: Callable[[str], str] = lambda text: text) -> None:
        self.book = book
        self._rules = Rules(book, expand)
        self._names = {at: spec.text for at, spec in enumerate(self._rules.keys)}
        self._seen: OrderedDict[str, frozenset[int]] = OrderedDict()
        self._counts: dict[str, int] = {}
        self._count: Callable[[str], int] | None = None
        self._trail: list[tuple[tuple[str, str], dict[int, int]]] = []
        self._trail_of: object = None

    def fire(self, context: LoreContext) -> LoreResult:
        """Judge every entry for the reply to the last turn."""
        since = self._history(context) if self._rules.timed else {}
        replies = sum(role == "assistant" for role, _ in context.turns)
        firing = self._at(len(context.turns), replies, since, context)
        return firing.result(self._broken)

    def _at(self, turn: int, replies: int, since: dict[int, int], context: LoreContext) -> _Firing:
        point = Point(turn, replies, since, context)
        depth = self._rules.depth
        window = Window(context.turns[max(0, turn - depth) : turn], depth, self._hits)
        tokens = partial(self._tokens, context)
        firing = _Firing(self._rules, self.book, point, window, self._names, self._hits, tokens)
        firing.run()
        return firing

    def _history(self, context: LoreContext) -> dict[int, int]:
        """When each timed rule fired last, replayed along the branch."""
        of = (context.seed, context.greeting, context.characters, context.tokens)
        if of != self._trail_of:
            self._trail_of, self._trail = of, []
        turns = context.turns
        known = 0
        while known < min(len(self._trail), len(turns)) and self._trail[known][0] == turns[known]:
            known += 1
        del self._trail[known:]
        since = self._trail[-1][1] if self._trail else {}
        replies = sum(role == "assistant" for role, _ in turns[:known])
        for at in range(known, len(turns)):
            if turns[at][0] == "assistant":
                if at:
                    fired = self._at(at, replies, since, context).fired
                    since = _later(since, fired, at, self._rules.all)
                replies += 1
            self._trail.append((turns[at], since))
        return since

    def _hits(self, text: str) -> frozenset[int]:
        known = self._seen.get(text)
        if known is None:
            known = self._seen[text] = self._rules.index.hits(text)
            if len(self._seen) > _REMEMBERED_TEXTS:
                self._seen.popitem(last=False)
        return known

    def _tokens(self, context: LoreContext, rule: Rule) -> int:
        if context.count != self._count:  # bound methods are equal, but never the same
            self._count, self._counts = context.count, {}
        text = context.expand(rule.entry.content)
        if text not in self._counts:
            self._counts[text] = context.count(text)
        return self._counts[text]

    def _broken(self, rule: Rule) -> str:
        """What is wrong with a rule's patterns, or ""."""
        broken = self._rules.index.broken
        return next(
            (f"{self._names[key]}: {broken[key]}" for key in rule.primary if key in broken), ""
        )


def _later(
    since: dict[int, int], fired: Sequence[Rule], turn: int, rules: Sequence[Rule]
) -> dict[int, int]:
    """The state after a turn; an entry that still sticks does not begin anew."""
    kept = {at: begun for at, begun in since.items() if turn <= begun + rules[at].span}
    for rule in fired:
        begun = kept.get(rule.index)
        if rule.timed and (begun is None or turn > begun + rule.sticky):
            kept[rule.index] = turn
    return kept


class _Firing:
    """One pass over one point of a chat, with recursion."""

    def __init__(
        self,
        rules: Rules,
        book: Lorebook,
        point: Point,
        window: Window,
        names: dict[int, str],
        hits: Callable[[str], frozenset[int]],
        tokens: Callable[[Rule], int],
    ) -> None:
        self.rules, self.book, self.point, self.window = rules, book, point, window
        self.names, self.hits, self.tokens = names, hits, tokens
        budget = book.budget or point.context.tokens // 4
        self.purse = Purse(budget, tokens)
        self.fired: list[Rule] = []
        self.reasons: dict[int, Reason] = {}
        self.settled: set[int] = set()

    def run(self) -> None:
        """Fire what the turns ask for, then what the fired texts ask for, until nothing is new."""
        keys = set(self.window.back)
        ready = {*self.rules.always, *self.point.since}
        while keys or ready:
            candidates = ready | {at for key in keys for at in self.rules.owners.get(key, ())}
            news = self._round(sorted(candidates - self.settled))
            ready, keys = set(), set()
            if not self.book.recursive:
                break
            for rule in news:
                if not rule.entry.prevent_recursion:
                    keys |= self.window.tell(self.hits(rule.entry.content), rule.name)
            if keys:
                # Constants that wait for recursion have no key of their own to wake them.
                ready = set(self.rules.always) - self.settled

    def _round(self, candidates: list[int]) -> list[Rule]:
        """Judge candidates; those that fire, in the order they were bought."""
        able: list[Rule] = []
        for at in candidates:
            rule = self.rules.all[at]
            fires, reason = judge(rule, self.point, self.window, self.names)
            self.reasons[at] = reason
            if fires:
                able.append(rule)
            if fires or reason[0] == "probability":
                self.settled.add(at)
        losers = group_losers(able, self.fired, self.point)
        self._refuse("group", losers)
        bought, refused = self.purse.buy(rule for rule in able if rule.index not in losers)
        self._refuse("budget", refused)
        self.fired += bought
        return bought

    def _refuse(self, code: Code, refused: dict[int, str]) -> None:
        for at, why in refused.items():
            self.reasons[at] = (code, f"{self.reasons[at][1]}, but {why}")

    def result(self, broken: Callable[[Rule], str]) -> LoreResult:
        """What fired, and the verdicts, which are made only when asked for."""
        hits = sorted((self._hit(rule) for rule in self.fired), key=_place)
        fired = {rule.index for rule in self.fired}
        missed = tuple(at for at in sorted(self.reasons) if at not in fired)

        def verdict(at: int) -> Verdict:
            rule = self.rules.all[at]
            code, why = self.reasons.get(at) or self._unasked(rule, broken(rule))
            tokens = self.tokens(rule) if at in self.reasons else 0
            return Verdict(at, rule.name, at in fired, code, why, rule.entry.content, tokens)

        return LoreResult(tuple(hits), self.purse.budget, len(self.rules.all), verdict, missed)

    def _unasked(self, rule: Rule, broken: str) -> Reason:
        """The verdict on a rule that no key called."""
        if broken and not rule.never:
            return "key_missed", f"its pattern is not valid: {broken}"
        return judge(rule, self.point, self.window, self.names)[1]

    def _hit(self, rule: Rule) -> LoreHit:
        entry = rule.entry
        return LoreHit(
            rule.index, rule.name, self.point.context.expand(entry.content), entry.position,
            entry.depth, entry.role, entry.order, self.tokens(rule), rule.static,
            self.reasons[rule.index][1],
        )  # fmt: skip


def _place(hit: LoreHit) -> tuple[int, int]:
    return hit.order, hit.index
