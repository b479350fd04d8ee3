"""Finds lore entries that never fire, fire too often or do not fit the budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rpterm.cards.card import CharacterCard
from rpterm.cards.checks.finding import CardFinding
from rpterm.cards.lore.keys import normalize
from rpterm.cards.lore.patterns import split_regex_key
from rpterm.cards.lore.rules import LoreRule, LoreRules
from rpterm.cards.problems import Severity

_COMMON = frozenset(
    (
        "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "from", "he", "her", "him",
        "his", "i", "in", "is", "it", "me", "my", "of", "on", "or", "she", "so", "that", "the",
        "they", "this", "to", "was", "we", "what", "who", "with", "you", "your",
    )
)  # fmt: skip


def lore(card: CharacterCard, count: Callable[[str], int] | None) -> Iterator[CardFinding]:
    """Entries that are off, never fire, fire nearly always, are too large, or are duplicates."""
    rules = LoreRules(card.lorebook, lambda text: text)
    mentioned = _mentioned_by_entries(rules) if card.lorebook.recursive else frozenset()
    first_index: dict[tuple[object, ...], int] = {}
    for rule in rules.all:
        yield from _never_fires(card, rules, rule, mentioned)
        yield from _odd_keys(rule)
        yield from _too_large(card, rule, count)
        twin = first_index.setdefault((rule.entry.keys, rule.entry.content), rule.index)
        if twin != rule.index:
            message = f"It has the same keys and text as entry #{twin + 1}."
            yield CardFinding(("lore", rule.index), "warning", message, "Keep one.")


def _mentioned_by_entries(rules: LoreRules) -> frozenset[int]:
    """Keys in the text of entries that may fire others recursively."""
    texts = (rule.entry.content for rule in rules.all
             if not rule.never_reason and not rule.entry.prevent_recursion)  # fmt: skip
    return frozenset(key for text in texts for key in rules.index.hits(text))


def _never_fires(
    card: CharacterCard, rules: LoreRules, rule: LoreRule, mentioned: frozenset[int]
) -> Iterator[CardFinding]:
    path = ("lore", rule.index)
    entry = rule.entry
    broken = [key for key in rule.primary if key in rules.index.broken]
    names = {card.name.casefold(), card.nickname.casefold()}
    if rule.never_reason:
        off = rule.never_reason[0] in ("disabled", "switched_off")
        severity: Severity = "note" if off else "warning"
        what = "Unused" if off else "It can never fire"
        yield CardFinding(
            path, severity, f"{what}: {rule.never_reason[1]}.", "Correct or remove it."
        )
    elif broken and len(broken) == len(rule.primary) and not rule.unconditional:
        why = rules.index.broken[broken[0]]
        yield CardFinding(path, "error", f"It can never fire: {why}.", "Correct the pattern.")
    elif (
        entry.characters
        and not entry.world  # Other cards share it.
        and not names & {name.casefold() for name in entry.characters}
    ):
        message = "It can never fire with this character, because characters does not name it."
        yield CardFinding(
            (*path, "characters"), "warning", message, "Correct or remove characters."
        )
    elif not rule.unconditional and not _is_reachable(rule, mentioned):
        message = "It can never fire: no turn is searched and no other entry mentions its keys."
        remedy = "Correct scan_depth or the recursion settings."
        yield CardFinding(path, "warning", message, remedy)
    elif entry.group and not entry.group_weight and not entry.group_override:
        message = "With group_weight 0 it can never win its group."
        yield CardFinding((*path, "group_weight"), "warning", message, "Give it a weight above 0.")


def _is_reachable(rule: LoreRule, mentioned: frozenset[int]) -> bool:
    if rule.depth and not rule.entry.delay_until_recursion:
        return True
    return not rule.entry.exclude_recursion and any(key in mentioned for key in rule.primary)


def _odd_keys(rule: LoreRule) -> Iterator[CardFinding]:
    entry = rule.entry
    for index, key in enumerate(entry.keys if entry.enabled and not entry.constant else ()):
        word = normalize(key, True)
        path = ("lore", rule.index, "keys", index)
        if split_regex_key(key) is not None:
            continue
        if ", " in word:
            message = f"The key “{word}” matches only this text with its comma."
            yield CardFinding(path, "note", message, "For several keys, quote each of them.")
        if word in _COMMON or (not entry.whole_words and len(word) == 1):
            message = f"The key “{word}” occurs in nearly every text."
            yield CardFinding(path, "warning", message, "Use a rarer word, or set constant = true.")


def _too_large(
    card: CharacterCard, rule: LoreRule, count: Callable[[str], int] | None
) -> Iterator[CardFinding]:
    budget = card.lorebook.budget
    if not (count and budget) or rule.entry.ignore_budget or rule.never_reason:
        return
    tokens = count(rule.entry.content)
    if tokens > budget:
        message = f"It can never fire: it has {tokens} tokens, but the budget is {budget}."
        yield CardFinding(
            ("lore", rule.index), "warning", message, "Shorten it, or raise the budget."
        )
