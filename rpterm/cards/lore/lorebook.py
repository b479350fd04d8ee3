"""The lorebook engine: which entries enter the next prompt, and why the others do not.

A ``Matcher`` prepares a book once and caches the keys found in texts; otherwise ``fire`` is a pure
function of the chat. The engine knows no card, no store and no prompt.

*Timed effects* (sticky, cooldown, ``@@keep_activate_after_match``) are not stored anywhere but
recomputed by replaying the firing along the turns of the current branch. So swiping, deleting,
editing and branching rewind them automatically, nothing can become stale, and imported chats have
them too. Random draws depend only on the seed and the turn, so a replay repeats them. The matcher
caches the states along the last branch: a chat that only grows replays one turn per turn.

*Turns* are turns of the tree, the user's and the character's alike. An entry with ``sticky = 2``
and ``cooldown = 4`` that fires when the branch has ``n`` turns stays active up to and including
turn ``n + 2`` and is on cooldown up to and including turn ``n + 6``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial

from rpterm.cards.card import Lorebook
from rpterm.cards.lore.conditions import ChatPoint, Reason, may_fire
from rpterm.cards.lore.records import Code, LoreContext, LoreHit, LoreResult, LoreVerdict
from rpterm.cards.lore.rules import LoreRule, LoreRules
from rpterm.cards.lore.scan import ScanWindow
from rpterm.cards.lore.selection import TokenBudget, group_losers

_CACHED_TEXTS = 8192


class Matcher:
    """A prepared book, to be kept while card and model stay the same.

    Args:
        expand: Expands macros in keys.
    """

    def __init__(self, book: Lorebook, expand: Callable[[str], str] = lambda text: text) -> None:
        self.book = book
        self.rules = LoreRules(book, expand)
        self._keys_in_text: OrderedDict[str, frozenset[int]] = OrderedDict()
        self._token_counts: dict[str, int] = {}
        self._tokenizer: Callable[[str], int] | None = None
        self._replayed: list[tuple[tuple[str, str], dict[int, int]]] = []
        """The turns of the last branch, each with the state after it."""
        self._replayed_for: object = None

    def fire(self, context: LoreContext) -> LoreResult:
        """Evaluate every entry for the reply to the last turn."""
        since = self._last_fired(context) if self.rules.timed else {}
        replies = sum(role == "assistant" for role, _ in context.turns)
        return self._fire_at(len(context.turns), replies, since, context).result()

    def _fire_at(
        self, turn: int, replies: int, since: dict[int, int], context: LoreContext
    ) -> _Firing:
        point = ChatPoint(turn, replies, since, context)
        depth = self.rules.depth
        turns = context.turns[max(0, turn - depth) : turn]
        window = ScanWindow(turns, depth, self.hits, self.rules.keys)
        firing = _Firing(self, point, window)
        firing.run()
        return firing

    def _last_fired(self, context: LoreContext) -> dict[int, int]:
        """Timed rule → the turn at which it last fired, found by replaying the branch."""
        settings = (context.seed, context.greeting, context.characters, context.tokens)
        if settings != self._replayed_for:
            self._replayed_for, self._replayed = settings, []
        turns = context.turns
        common = 0
        for (turn, _), current in zip(self._replayed, turns, strict=False):
            if turn != current:
                break
            common += 1
        del self._replayed[common:]
        since = self._replayed[-1][1] if self._replayed else {}
        replies = sum(role == "assistant" for role, _ in turns[:common])
        for at in range(common, len(turns)):
            if turns[at][0] == "assistant":
                if at:
                    fired = self._fire_at(at, replies, since, context).fired
                    since = _state_after(since, fired, at, self.rules.all)
                replies += 1
            self._replayed.append((turns[at], since))
        return since

    def hits(self, text: str) -> frozenset[int]:
        """The numbers of the keys that occur in a text."""
        keys = self._keys_in_text.get(text)
        if keys is None:
            keys = self._keys_in_text[text] = self.rules.index.hits(text)
            if len(self._keys_in_text) > _CACHED_TEXTS:
                self._keys_in_text.popitem(last=False)
        return keys

    def tokens(self, context: LoreContext, rule: LoreRule) -> int:
        """The tokens of a rule's text."""
        if context.count != self._tokenizer:  # Equal bound methods are never identical.
            self._tokenizer, self._token_counts = context.count, {}
        text = _text_of(rule, context)
        if text not in self._token_counts:
            self._token_counts[text] = context.count(text)
        return self._token_counts[text]

    def broken(self, rule: LoreRule) -> str:
        """What is wrong with the regex keys of a rule, or ""."""
        keys, broken = self.rules.keys, self.rules.index.broken
        return next((f"{keys[at].text}: {broken[at]}" for at in rule.primary if at in broken), "")


def _state_after(
    since: dict[int, int], fired: Sequence[LoreRule], turn: int, rules: Sequence[LoreRule]
) -> dict[int, int]:
    """Rule → turn at which it last fired, after a turn; a sticky entry keeps its first turn."""
    state = {at: start for at, start in since.items() if turn <= start + rules[at].span}
    for rule in fired:
        start = state.get(rule.index)
        if rule.timed and (start is None or turn > start + rule.sticky):
            state[rule.index] = turn
    return state


class _Firing:
    """Fires the entries at one point of a chat, recursively if the book says so."""

    def __init__(self, matcher: Matcher, point: ChatPoint, window: ScanWindow) -> None:
        self.matcher, self.point, self.window = matcher, point, window
        self.rules, self.book = matcher.rules, matcher.book
        self.tokens = partial(matcher.tokens, point.context)
        self.budget = TokenBudget(self.book.budget or point.context.tokens // 4, self.tokens)
        self.fired: list[LoreRule] = []
        self.reasons: dict[int, Reason] = {}
        self.settled: set[int] = set()

    def run(self) -> None:
        """Fire by the keys in the turns, then by those in fired texts, until none are new."""
        keys = set(self.window.turns_back)
        keyless = {*self.rules.always, *self.point.last_fired}
        while keys or keyless:
            candidates = keyless | {at for key in keys for at in self.rules.owners.get(key, ())}
            fired = self._fire(sorted(candidates - self.settled))
            keyless, keys = set(), set()
            if not self.book.recursive:
                break
            for rule in fired:
                if not rule.entry.prevent_recursion:
                    keys |= self.window.add_entry_keys(
                        self.matcher.hits(rule.entry.content), rule.name
                    )
            if keys:
                # Constant entries that wait for recursion have no key that could trigger them.
                keyless = set(self.rules.always) - self.settled

    def _fire(self, candidates: list[int]) -> list[LoreRule]:
        """Evaluate candidates and return those that fire, the most important first."""
        able: list[LoreRule] = []
        for at in candidates:
            rule = self.rules.all[at]
            fires, reason = may_fire(rule, self.point, self.window)
            self.reasons[at] = reason
            if fires:
                able.append(rule)
            if fires or reason[0] == "probability":
                self.settled.add(at)
        losers = group_losers(able, self.fired, self.point)
        self._refuse("group", losers)
        admitted, refused = self.budget.admit(rule for rule in able if rule.index not in losers)
        self._refuse("budget", refused)
        self.fired += admitted
        return admitted

    def _refuse(self, code: Code, refused: dict[int, str]) -> None:
        for at, why in refused.items():
            self.reasons[at] = (code, f"{self.reasons[at][1]}, but {why}")

    def result(self) -> LoreResult:
        """The entries that fired, and a verdict for every entry, computed on demand."""
        hits = sorted((self._hit(rule) for rule in self.fired), key=_prompt_order)
        fired = {rule.index for rule in self.fired}
        missed = tuple(at for at in sorted(self.reasons) if at not in fired)

        def verdict(at: int) -> LoreVerdict:
            rule = self.rules.all[at]
            code, why = self.reasons.get(at) or self._reason_not_tried(rule)
            tokens = self.tokens(rule) if at in self.reasons else 0
            return LoreVerdict(at, rule.name, at in fired, code, why, rule.entry.content, tokens)

        return LoreResult(tuple(hits), self.budget.limit, len(self.rules.all), verdict, missed)

    def _reason_not_tried(self, rule: LoreRule) -> Reason:
        """Why a rule was not even a candidate."""
        if (broken := self.matcher.broken(rule)) and not rule.never_reason:
            return "key_missed", f"its pattern is not valid: {broken}"
        return may_fire(rule, self.point, self.window)[1]

    def _hit(self, rule: LoreRule) -> LoreHit:
        entry = rule.entry
        return LoreHit(
            rule.index, rule.name, _text_of(rule, self.point.context), entry.position,
            entry.depth, entry.role, entry.order, self.tokens(rule), rule.static,
            self.reasons[rule.index][1],
        )  # fmt: skip


def _text_of(rule: LoreRule, context: LoreContext) -> str:
    expand = context.expand_static if rule.static else context.expand
    return expand(rule.entry.content)


def _prompt_order(hit: LoreHit) -> tuple[int, int]:
    return hit.order, hit.index
