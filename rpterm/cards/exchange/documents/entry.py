"""Converts one lorebook entry from and to V2 and V3 cards; what does not map is kept as patches.

Under ``ORIGIN``, ``LoreEntry.extensions`` holds the entry's patches: ``e`` for the entry and ``x``
for its ``extensions``. Unknown keys are part of the patches, so that what all entries share (twenty
settings of a program, as a rule) is written once for the book and the entries stay readable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from rpterm.cards.card import Logic, Lorebook, LoreEntry, Position
from rpterm.cards.exchange.documents.fields import Fields
from rpterm.cards.exchange.documents.patch import Table, apply, diff, merge_common, without
from rpterm.cards.exchange.notes import ImportNotes
from rpterm.cards.lore.patterns import PatternError, TooManyPatterns, split_regex_key
from rpterm.foreign_json import as_mapping, as_texts

ORIGIN = "rpterm_origin"
RPTERM_KEY = "rpterm"
"""Key for our own fields inside other programs' ``extensions``."""

POSITIONS: tuple[Position, ...] = (
    "before_card",
    "after_card",
    "note_top",
    "note_bottom",
    "depth",
    "before_examples",
    "after_examples",
)
"""Positions in the order of the numbers other programs use."""
OUTLET = 7
"""The number of a position that we do not have."""
LOGICS: tuple[Logic, ...] = ("and_any", "not_all", "not_any", "and_all")
ROLES = ("system", "user", "assistant")
NUMBERS = ("sticky", "cooldown", "delay")
FLAGS = ("exclude_recursion", "prevent_recursion", "delay_until_recursion", "ignore_budget")
_OWN_LISTS = ("characters", "exclude_characters")
_SEARCHED_TEXTS = tuple(
    f"match_{name}"
    for name in (
        "persona_description", "character_description", "character_personality",
        "character_depth_prompt", "scenario", "creator_notes",
    )
)  # fmt: skip
_RECURSION_KEYS = {
    "excludeRecursion", "delayUntilRecursion", "exclude_recursion", "delay_until_recursion",
}  # fmt: skip
_POSITION_GROUP = {"position": ("position", "depth", "role")}


def read_entry(raw: Mapping[str, Any], number: int, notes: ImportNotes, spec: str) -> LoreEntry:
    """Read an entry of a V2 or V3 book.

    Args:
        number: The entry's number, from 1, for the notes.
    """
    fields = Fields(raw, notes, f"lorebook entry {number}")
    extra = as_mapping(raw.get("extensions"))
    extensions = Fields(extra, notes, fields.where)
    keys = usable_keys(key_texts(fields, "keys"), fields)
    secondary = key_texts(fields, "secondary_keys")
    selective = fields.flag("selective", bool(secondary))
    default: Position = "before_card" if raw.get("position") == "before_char" else "after_card"
    entry = LoreEntry(
        keys=keys,
        content=fields.text("content"),
        name=fields.line("name"),
        comment=fields.text("comment"),
        secondary_keys=usable_keys(secondary, fields) if selective else (),
        enabled=fields.flag("enabled", True),
        constant=fields.flag("constant"),
        case_sensitive=fields.flag("case_sensitive"),
        use_regex=fields.flag("use_regex"),
        order=fields.integer("insertion_order", 100),
        priority=fields.integer("priority", 100),
        whole_words=extensions.flag("match_whole_words", usual_whole_words(keys)),
        **setting_fields(extensions, default),
    )
    keyed = bool(entry.keys or entry.constant)
    note_unsupported(extra, keyed, extra.get("position") == OUTLET, notes)
    return _with_patches(entry, raw, spec)


def _with_patches(entry: LoreEntry, raw: Mapping[str, Any], spec: str) -> LoreEntry:
    """Add patches for what the mapped entry does not say about its original."""
    ext = raw.get("extensions")
    origin: Table = {}
    base = base_entry(entry, spec)
    base_ext = base.pop("extensions")
    if isinstance(ext, Mapping):
        if patch := diff(base_ext, dict(ext), _POSITION_GROUP):
            origin["x"] = patch
        rest = without(raw, "extensions")
    else:
        base["extensions"] = base_ext
        rest = dict(raw)
    if patch := diff(base, rest):
        origin["e"] = patch
    return replace(entry, extensions={ORIGIN: origin})


def write_entry(
    entry: LoreEntry, spec: str, common: Mapping[str, Any], *, additive: bool
) -> dict[str, Any]:
    """The entry in the form of V2 or V3, with the patches of its original applied.

    Args:
        common: What ``hoist_common`` moved from the entries to the book: level → keys.
        additive: The original had a different format.
    """
    origin = entry.extensions.get(ORIGIN)
    base: Table = base_entry(entry, spec)
    if not isinstance(origin, Mapping):
        return base
    base_ext = base.pop("extensions")
    ext = apply(
        base_ext, merge_common(origin.get("x"), common.get("x")), _POSITION_GROUP, additive=additive
    )
    shown = Fields(ext, ImportNotes())
    if "position" in ext and _position(shown, entry.position) != entry.position:
        ext["position"] = POSITIONS.index(entry.position)
    patch = merge_common(origin.get("e"), common.get("e"))
    if "extensions" in patch.get("set", {}) or "extensions" in patch.get("drop", ()):
        return apply({**base, "extensions": ext}, patch, additive=additive)
    return {**apply(base, patch, additive=additive), "extensions": ext}


def with_common_patches(entry: LoreEntry, book: Lorebook) -> LoreEntry:
    """The entry with the patches its book holds for all entries, so that it can leave the book."""
    own, origin = entry.extensions.get(ORIGIN), book.extensions.get(ORIGIN)
    common = origin.get("common") if isinstance(origin, Mapping) else None
    if not isinstance(own, Mapping) or not isinstance(common, Mapping):
        return entry
    levels = {level: merge_common(own.get(level), common.get(level)) for level in common}
    kept = {**own, **{level: patch for level, patch in levels.items() if patch}}
    return replace(entry, extensions={**entry.extensions, ORIGIN: kept})


def base_entry(entry: LoreEntry, spec: str) -> dict[str, Any]:
    """The entry as our fields alone describe it, with the keys of V2 (``spec`` "v2") or V3."""
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
    own: dict[str, Any] = {key: list(getattr(entry, key)) for key in (*_OWN_LISTS, "greetings")}
    own = {key: value for key, value in own.items() if value}
    return (
        without(entry.extensions, ORIGIN) | settings_of(entry) | ({RPTERM_KEY: own} if own else {})
    )


def settings_of(entry: LoreEntry) -> dict[str, Any]:
    """The unusual settings, as other programs store them in ``extensions``."""
    ext: dict[str, Any] = {}
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
    if entry.whole_words != usual_whole_words(entry.keys):
        ext["match_whole_words"] = entry.whole_words
    return ext


def setting_fields(ext: Fields, default: Position) -> dict[str, Any]:
    """The fields that other programs store in ``extensions``; see ``settings_of``."""
    own = as_mapping(ext.table.get(RPTERM_KEY))
    return {
        "position": _position(ext, default),
        "depth": ext.integer("depth", 4, 0),
        "role": read_role(ext),
        "probability": read_probability(ext),
        "logic": read_logic(ext),
        "group": ext.line("group"),
        "group_override": ext.flag("group_override"),
        "group_weight": ext.integer("group_weight", 100, 0),
        "scan_depth": ext.optional_integer("scan_depth"),
        **{key: ext.integer(key, 0, 0) for key in NUMBERS},
        **{key: ext.flag(key) for key in FLAGS},
        **{key: _own_texts(own.get(key)) for key in _OWN_LISTS},
    }


def _position(ext: Fields, default: Position) -> Position:
    """The position by its number in ``extensions``, else the entry's own ``default``."""
    number = ext.integer("position", POSITIONS.index(default), 0)
    return POSITIONS[number] if number < len(POSITIONS) else default


def note_unsupported(
    fields: Mapping[str, Any], keys: bool, outlet: bool, notes: ImportNotes
) -> None:
    """Note what an entry of another program can do that ours cannot.

    Args:
        fields: The entry's settings, with the key names of world files in snake case.
        keys: Whether the entry has keys or is constant.
        outlet: Whether its text goes where the card has an ``outlet`` macro.
    """
    if fields.get("vectorized") is True:
        found = "here only by keys" if keys else "here never: add keys"
        notes.count_entry(f"could be found by meaning (vectorized), {found}.")
    if any(fields.get(name) is True for name in _SEARCHED_TEXTS):
        notes.count_entry("also searched the card or persona for keys; here only the chat is.")
    if fields.get("triggers"):
        notes.count_entry("fired only for some kinds of generation; here it is for all.")
    if as_mapping(fields.get("character_filter")).get("tags"):
        notes.count_entry("had a filter by tags of characters, which does not exist here.")
    if outlet:
        notes.count_entry("went to an outlet, which does not exist here; it goes near the card.")


def key_texts(entry: Fields, name: str) -> tuple[str, ...]:
    """The keys of an entry; several in a single text, other than a regex, have commas between."""
    value = entry.table.get(name)
    if isinstance(value, str):
        parts = [value] if split_regex_key(value.strip()) else value.split(",")
        texts = [each.strip() for each in parts]
        entry = Fields({name: texts}, entry.notes, entry.where)
    return entry.texts(name)


def usable_keys(keys: tuple[str, ...], entry: Fields) -> tuple[str, ...]:
    """The keys that can match, without empty ones and patterns RE2 cannot run."""
    kept, notes = [], entry.notes
    for key in keys:
        if not key.strip():
            continue
        parts = split_regex_key(key)
        try:
            if parts:
                notes.patterns.check(*parts)
        except TooManyPatterns:
            notes.add("The card has too many regex patterns; the rest is kept for export only.")
            continue
        except PatternError as error:
            where = f"{entry.where}: the regex {key[:60]}"
            notes.add(f"{where} cannot be used ({error}); exports keep it.")
            continue
        kept.append(key)
    return tuple(kept)


def usual_whole_words(keys: Iterable[str]) -> bool:
    """Whether keys match whole words if their entry does not say.

    Other programs do that by default, but their test knows ASCII letters only; elsewhere a key
    matches inside of a word, on which languages with many endings rely.
    """
    return all(map(str.isascii, keys))


def recurses(raw: Mapping[str, Any]) -> bool:
    """Whether an entry, in either spelling, says how it takes part in recursion.

    It then comes from a program in which entries fire each other unless that is turned off.
    """
    return not _RECURSION_KEYS.isdisjoint(raw)


def read_role(fields: Fields) -> Any:
    """``system``, ``user`` or ``assistant``, by number or name."""
    if (name := fields.table.get("role")) in ROLES:
        return name
    number = fields.integer("role", 0, 0)
    return ROLES[number] if number < len(ROLES) else "system"


def read_logic(fields: Fields) -> Logic:
    """The logic of secondary keys, by number."""
    number = fields.integer("selectiveLogic", 0, 0)
    return LOGICS[number] if number < len(LOGICS) else "and_any"


def read_probability(fields: Fields) -> int:
    """The probability in percent; 100 if its use is switched off."""
    if fields.table.get("useProbability") is False:
        return 100
    return min(100, fields.integer("probability", 100, 0))


def _own_texts(value: Any) -> tuple[str, ...]:
    return tuple(each for each in as_texts(value) if each.isprintable())
