"""What a card's original says beyond what the card itself says, kept small, and put back.

A card is mapped to our fields and back: the way back gives the *base*. Whatever the original has
that the base has not (unknown keys, other spellings, nulls, missing keys) is a *patch*. On export
the base of the card as it is by then is patched: an edit of the user always wins, because a patch
replaces a value only while the base's value is the one it was made against (its ``was``).

A patch is plain data that TOML can hold:

- ``set``: key → the original's value; with a ``was`` only while the base is unchanged, without one
  only where the base has no such key;
- ``drop``: keys of the base that the original lacks, each with its ``was``;
- ``wrap``: key → [before, after]: text that the original has around the base's;
- ``crlf``: keys whose line ends were CR LF.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from rpterm.cards.exchange.jsonio import same

Table = dict[str, Any]
Groups = Mapping[str, Collection[str]]
"""Key → the keys of the base that belong together: an edit of one counts for all."""
_WRAP = 60


def diff(base: Table, original: Table, groups: Groups | None = None) -> Table:
    """What turns ``base`` into ``original``; empty when nothing does."""
    groups = groups or {}
    patch: Table = {}
    for key, value in original.items():
        if key not in base:
            patch.setdefault("set", {})[key] = value
        elif not same(base[key], value) and not _small(patch, key, base[key], value):
            patch.setdefault("set", {})[key] = value
            patch.setdefault("was", {})[key] = sign(base, key, groups)
    for key in base:
        if key not in original:
            patch.setdefault("drop", []).append(key)
            patch.setdefault("was", {})[key] = sign(base, key, groups)
    return patch


def apply(
    base: Table, patch: Any, groups: Groups | None = None, *, additive: bool = False
) -> Table:
    """Put a patch back.

    Args:
        additive: Only add what the base lacks: for an export in another format than the original.
    """
    if not isinstance(patch, Mapping):
        return base
    groups = groups or {}
    was = _table(patch, "was")
    result = dict(base)
    for key in patch.get("crlf", ()):
        if key in result:
            result[key] = _crlf(result[key])
    for key, around in _table(patch, "wrap").items():
        if isinstance(result.get(key), str) and len(around) == 2:
            result[key] = f"{around[0]}{result[key]}{around[1]}"
    for key, value in _table(patch, "set").items():
        if key in was:
            due = not additive and was[key] == sign(base, key, groups)
        else:
            due = key not in base
        if due:
            result[key] = value
    for key in [] if additive else patch.get("drop", ()):
        if was.get(key) == sign(base, key, groups):
            result.pop(key, None)
    return result


def _small(patch: Table, key: str, base: Any, value: Any) -> bool:
    """Say the difference of two texts in few words, where that is possible."""
    if isinstance(base, list) and isinstance(value, list) and same(_crlf(base), value):
        patch.setdefault("crlf", []).append(key)
        return True
    if not isinstance(base, str) or not isinstance(value, str) or not base:
        return False
    dos = "\r\n" in value
    inner = _crlf(base) if dos else base
    at = value.find(inner)
    if at < 0 or len(value) - len(inner) > _WRAP:
        return False
    if dos and inner != base:
        patch.setdefault("crlf", []).append(key)
    if inner != value:
        patch.setdefault("wrap", {})[key] = [value[:at], value[at + len(inner) :]]
    return True


def _crlf(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\n", "\r\n")
    return [_crlf(each) for each in value] if isinstance(value, list) else value


def sign(base: Table, key: str, groups: Groups) -> str:
    """A short mark of a value of the base, and of what belongs to it."""
    values = [[each, base.get(each), each in base] for each in sorted({key, *groups.get(key, ())})]
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _table(patch: Mapping[str, Any], key: str) -> Table:
    value = patch.get(key)
    return dict(value) if isinstance(value, Mapping) else {}


def hoist(patches: list[Table]) -> Table:
    """Take out of many patches what most of them add alike, so that it is written once.

    Args:
        patches: Changed in place: ``set`` loses what is common; ``lacks`` names what is common and
            not theirs.

    Returns:
        Key → value that ``lower`` adds again.
    """
    if len(patches) < 3:
        return {}
    counts: dict[str, dict[str, int]] = {}
    for patch in patches:
        for key, value in patch.get("set", {}).items():
            if key not in patch.get("was", {}):
                text = json.dumps(value, sort_keys=True)
                counts.setdefault(key, {}).setdefault(text, 0)
                counts[key][text] += 1
    common: Table = {}
    for key, texts in counts.items():
        text, count = max(texts.items(), key=lambda item: item[1])
        if count * 3 >= len(patches) * 2:
            common[key] = json.loads(text)
    for patch in patches:
        _take_out(patch, common)
    return common


def _take_out(patch: Table, common: Table) -> None:
    own = patch.get("set", {})
    for key, value in common.items():
        if key in own and key not in patch.get("was", {}) and same(own[key], value):
            del own[key]
        elif key not in own:
            patch.setdefault("lacks", []).append(key)
    if "set" in patch and not own:
        del patch["set"]


def lower(patch: Any, common: Any) -> Table:
    """Undo ``hoist`` for one patch."""
    own_patch: Table = dict(patch) if isinstance(patch, Mapping) else {}
    common = common if isinstance(common, Mapping) else {}
    own = _table(own_patch, "set")
    lacks = own_patch.get("lacks", ())
    added = {key: value for key, value in common.items() if key not in lacks and key not in own}
    if added or own:
        own_patch["set"] = {**added, **own}
    return own_patch
