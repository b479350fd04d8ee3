"""One lorebook entry ↔ the entry of a V2 or V3 card, with what does not map kept as patches.

``LoreEntry.extensions`` holds the original's own ``extensions`` as they were, without the keys
that map to our fields; under ``ORIGIN`` it holds the patches of this entry: ``e`` for the entry,
``x`` for its ``extensions``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rpterm.cards.card import Logic, Lorebook, LoreEntry, Position
from rpterm.cards.exchange.mend import Mend
from rpterm.cards.exchange.patch import Table, apply, diff, lower
from rpterm.cards.patterns import PatternError, TooManyPatterns, split

ORIGIN = "rpterm_origin"
OWN = "rpterm"
"""Key under which our own fields travel inside other programs' ``extensions``."""

POSITIONS: tuple[Position, ...] = (
    "before_card",
    "after_card",
    "note_top",
    "note_bottom",
    "depth",
    "before_examples",
    "after_examples",
)
"""By the number other programs use."""
LOGICS: tuple[Logic, ...] = ("and_any", "not_all", "not_any", "and_all")
ROLES = ("system", "user", "assistant")
NUMBERS = ("sticky", "cooldown", "delay")
FLAGS = ("exclude_recursion", "prevent_recursion", "delay_until_recursion", "ignore_budget")
MAPPED = (
    "position", "depth", "role", "probability", "useProbability", "selectiveLogic", "group",
    "group_override", "group_weight", "scan_depth", "match_whole_words", *NUMBERS, *FLAGS,
)  # fmt: skip
"""Keys of an entry's ``extensions`` that are fields of ours."""
_OWN_LISTS = ("characters", "exclude_characters")
_POSITION_GROUP = {"position": ("position", "depth", "role")}


def read_entry(raw: Mapping[str, Any], number: int, mend: Mend, spec: str) -> LoreEntry:
    """An entry of a V2 or V3 book.

    Args:
        number: From 1, for the notes.
    """
    where = f"lorebook entry {number}"
    ext = raw.get("extensions")
    extra: dict[str, Any] = dict(ext) if isinstance(ext, Mapping) else {}
    secondary = mend.texts(raw.get("secondary_keys"), f"{where}: secondary_keys")
    selective = mend.flag(raw.get("selective"), f"{where}: selective", bool(secondary))
    plain: Position = "before_card" if raw.get("position") == "before_char" else "after_card"
    entry = LoreEntry(
        keys=usable_keys(mend.texts(raw.get("keys"), f"{where}: keys"), where, mend),
        content=mend.text(raw.get("content"), f"{where}: content"),
        name=mend.line(raw.get("name"), f"{where}: name"),
        comment=mend.text(raw.get("comment"), f"{where}: comment"),
        secondary_keys=usable_keys(secondary, where, mend) if selective else (),
        enabled=mend.flag(raw.get("enabled"), f"{where}: enabled", True),
        constant=mend.flag(raw.get("constant"), f"{where}: constant", False),
        case_sensitive=mend.flag(raw.get("case_sensitive"), f"{where}: case_sensitive", False),
        use_regex=mend.flag(raw.get("use_regex"), f"{where}: use_regex", False),
        order=mend.whole(raw.get("insertion_order"), f"{where}: insertion_order", 100),
        priority=mend.whole(raw.get("priority"), f"{where}: priority", 100),
        **_extension_fields(extra, plain, where, mend),
    )
    return keep(entry, raw, spec)


def keep(entry: LoreEntry, raw: Mapping[str, Any], spec: str) -> LoreEntry:
    """Remember what the mapped entry does not say of its original."""
    ext = raw.get("extensions")
    origin: Table = {}
    base = base_entry(entry, spec)
    base_ext = base.pop("extensions")
    own: dict[str, Any] = {}
    if isinstance(ext, Mapping):
        own = {key: value for key, value in ext.items() if key not in (*MAPPED, OWN, ORIGIN)}
        _put(origin, "x", diff({**base_ext, **own}, dict(ext), _POSITION_GROUP))
        rest = {key: value for key, value in raw.items() if key != "extensions"}
    else:
        base["extensions"] = base_ext
        rest = dict(raw)
    _put(origin, "e", diff(base, rest))
    return replace(entry, extensions={**own, ORIGIN: origin})


def write_entry(
    entry: LoreEntry, spec: str, common: Mapping[str, Any], *, additive: bool
) -> dict[str, Any]:
    """The entry as V2 or V3 wants it, patched to what it was.

    Args:
        common: What ``hoist`` took out of all entries: level → keys.
        additive: The original was of another format.
    """
    origin = entry.extensions.get(ORIGIN)
    base: Table = base_entry(entry, spec)
    if not isinstance(origin, Mapping):
        return base
    base_ext = base.pop("extensions")
    ext = apply(
        base_ext, lower(origin.get("x"), common.get("x")), _POSITION_GROUP, additive=additive
    )
    if "position" in ext and _position(ext, entry.position, "", Mend()) != entry.position:
        ext["position"] = POSITIONS.index(entry.position)
    patch = lower(origin.get("e"), common.get("e"))
    if "extensions" in patch.get("set", {}) or "extensions" in patch.get("drop", ()):
        return apply({**base, "extensions": ext}, patch, additive=additive)
    return {**apply(base, patch, additive=additive), "extensions": ext}


def whole(entry: LoreEntry, book: Lorebook) -> LoreEntry:
    """An entry that remembers by itself what the entries of its book have in common."""
    own, origin = entry.extensions.get(ORIGIN), book.extensions.get(ORIGIN)
    common = origin.get("common") if isinstance(origin, Mapping) else None
    if not isinstance(own, Mapping) or not isinstance(common, Mapping):
        return entry
    levels = {level: lower(own.get(level), common.get(level)) for level in common}
    kept = {**own, **{level: patch for level, patch in levels.items() if patch}}
    return replace(entry, extensions={**entry.extensions, ORIGIN: kept})


def base_entry(entry: LoreEntry, spec: str) -> dict[str, Any]:
    """What our fields alone say, in the words of V2 (``spec`` "v2") or V3."""
    base: dict[str, Any] = {
        "keys": list(entry.keys),
        "content": entry.content,
        "extensions": _base_extensions(entry),
        "enabled": entry.enabled,
        "insertion_order": entry.order,
        "position": "before_char" if entry.position == "before_card" else "after_char",
    }
    if spec == "v3" or entry.use_regex:
        base["use_regex"] = entry.use_regex
    if entry.secondary_keys:
        base |= {"selective": True, "secondary_keys": list(entry.secondary_keys)}
    for key in ("name", "comment", "constant", "case_sensitive"):
        if getattr(entry, key):
            base[key] = getattr(entry, key)
    if entry.priority != 100:
        base["priority"] = entry.priority
    return base


def _base_extensions(entry: LoreEntry) -> dict[str, Any]:
    ext = {key: value for key, value in entry.extensions.items() if key != ORIGIN}
    if entry.position not in ("before_card", "after_card"):
        ext["position"] = POSITIONS.index(entry.position)
    if entry.position == "depth":
        ext |= {"depth": entry.depth, "role": ROLES.index(entry.role)}
    if entry.probability != 100:
        ext |= {"probability": entry.probability, "useProbability": True}
    if entry.logic != "and_any":
        ext["selectiveLogic"] = LOGICS.index(entry.logic)
    for key in (*NUMBERS, *FLAGS, "group", "group_override"):
        if getattr(entry, key):
            ext[key] = getattr(entry, key)
    if entry.group_weight != 100:
        ext["group_weight"] = entry.group_weight
    if entry.scan_depth is not None:
        ext["scan_depth"] = entry.scan_depth
    if entry.whole_words:
        ext["match_whole_words"] = True
    own: dict[str, Any] = {key: list(getattr(entry, key)) for key in _OWN_LISTS}
    own["greetings"] = list(entry.greetings)
    own = {key: value for key, value in own.items() if value}
    if own:
        ext[OWN] = own
    return ext


def _extension_fields(
    ext: Mapping[str, Any], plain: Position, where: str, mend: Mend
) -> dict[str, Any]:
    """The fields that other programs keep in ``extensions``."""
    own = ext.get(OWN)
    own = own if isinstance(own, Mapping) else {}
    return {
        "position": _position(ext, plain, where, mend),
        "depth": mend.whole(ext.get("depth"), f"{where}: depth", 4, 0),
        "role": role(ext.get("role"), where, mend),
        "probability": probability(ext, where, mend),
        "logic": logic(ext.get("selectiveLogic"), where, mend),
        "group": mend.line(ext.get("group"), f"{where}: group"),
        "group_override": mend.flag(ext.get("group_override"), f"{where}: group_override", False),
        "group_weight": mend.whole(ext.get("group_weight"), f"{where}: group_weight", 100, 0),
        "scan_depth": optional(ext.get("scan_depth"), f"{where}: scan_depth", mend),
        "whole_words": mend.flag(ext.get("match_whole_words"), f"{where}: whole words", False),
        **{key: mend.whole(ext.get(key), f"{where}: {key}", 0, 0) for key in NUMBERS},
        **{key: mend.flag(ext.get(key), f"{where}: {key}", False) for key in FLAGS},
        **{key: _own_texts(own.get(key)) for key in _OWN_LISTS},
    }


def _position(ext: Mapping[str, Any], plain: Position, where: str, mend: Mend) -> Position:
    """The place by its number; ``plain``, which the entry itself says, where there is none."""
    if ext.get("position") is None:
        return plain
    number = mend.whole(ext["position"], f"{where}: position", POSITIONS.index(plain), 0)
    return POSITIONS[number] if number < len(POSITIONS) else plain


def usable_keys(keys: tuple[str, ...], where: str, mend: Mend) -> tuple[str, ...]:
    """Keys that can match: an empty one is left out, and so is a pattern nobody can run."""
    kept = []
    for key in keys:
        if not key.strip():
            continue
        parts = split(key)
        try:
            if parts:
                mend.patterns.check(*parts)
        except TooManyPatterns:
            mend.note("The card has more patterns than can be looked for; the rest is kept aside.")
            continue
        except PatternError as error:
            mend.note(f"{where}: the pattern {key[:60]} cannot be used here ({error}); kept aside.")
            continue
        kept.append(key)
    return tuple(kept)


def role(value: Any, where: str, mend: Mend) -> Any:
    """``system``, ``user`` or ``assistant``, by number or name."""
    if value in ROLES:
        return value
    number = mend.whole(value, f"{where}: role", 0, 0)
    return ROLES[number] if number < len(ROLES) else "system"


def logic(value: Any, where: str, mend: Mend) -> Logic:
    """The logic of secondary keys, by number."""
    number = mend.whole(value, f"{where}: selectiveLogic", 0, 0)
    return LOGICS[number] if number < len(LOGICS) else "and_any"


def probability(ext: Mapping[str, Any], where: str, mend: Mend) -> int:
    """Percent; 100 where its use is switched off."""
    if ext.get("useProbability") is False:
        return 100
    return min(100, mend.whole(ext.get("probability"), f"{where}: probability", 100, 0))


def optional(value: Any, where: str, mend: Mend) -> int | None:
    """A whole number, or ``None`` where there is none."""
    return None if value is None or value == "" else mend.whole(value, where, 0, 0)


def _own_texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(each for each in value if isinstance(each, str) and each.isprintable())


def _put(origin: Table, key: str, patch: Table) -> None:
    if patch:
        origin[key] = patch
