"""Patches: what an imported document says beyond our fields, stored compactly and reapplied.

A document is mapped to our fields, and these back to a document, the *base*. Every difference of
the original from the base (unknown keys, other spellings, nulls, missing keys) goes into a *patch*.
On export the patch is applied to the base of the card as it is then. An edit by the user always
wins, because a patch replaces a value only while the fingerprint of the base's value (``was``) is
still the one it was created with.

A patch is plain data that TOML can represent:

- ``set``: key → the original's value. With a ``was`` it applies only while the base is unchanged,
  without one only if the base lacks the key;
- ``drop``: keys of the base that the original lacks, each with its ``was``;
- ``wrap``: key → [before, after]: text that surrounds the base's text in the original;
- ``crlf``: keys whose line ends were CR LF.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from rpterm.cards.exchange.containers.jsonio import same_json
from rpterm.foreign_json import as_mapping

Table = dict[str, Any]
Groups = Mapping[str, Collection[str]]
"""Key → the keys of the base that belong to it: an edit of one counts as an edit of all."""
_MAX_WRAP = 60


def diff(base: Table, original: Table, groups: Groups | None = None) -> Table:
    """The patch that turns ``base`` into ``original``; empty if they are equal."""
    groups = groups or {}
    patch: Table = {}
    for key, value in original.items():
        if key not in base:
            patch.setdefault("set", {})[key] = value
        elif not same_json(base[key], value) and not _add_text_patch(patch, key, base[key], value):
            patch.setdefault("set", {})[key] = value
            patch.setdefault("was", {})[key] = fingerprint(base, key, groups)
    for key in base:
        if key not in original:
            patch.setdefault("drop", []).append(key)
            patch.setdefault("was", {})[key] = fingerprint(base, key, groups)
    return patch


def apply(
    base: Table, patch: Any, groups: Groups | None = None, *, additive: bool = False
) -> Table:
    """Apply a patch to a base.

    Args:
        additive: For an export in a format other than the original's, which has rules of its own:
            no key is dropped, and a value is replaced only by one of the same kind, and only if it
            belongs to no group.
    """
    if not isinstance(patch, Mapping):
        return base
    groups = groups or {}
    was = as_mapping(patch.get("was"))
    result = dict(base)
    for key in patch.get("crlf", ()):
        if key in result:
            result[key] = _crlf(result[key])
    for key, around in as_mapping(patch.get("wrap")).items():
        if isinstance(result.get(key), str) and len(around) == 2:
            result[key] = f"{around[0]}{result[key]}{around[1]}"
    for key, value in as_mapping(patch.get("set")).items():
        if key in was:
            fits = not additive or (key not in groups and _same_kind(base.get(key), value))
            applies = fits and was[key] == fingerprint(base, key, groups)
        else:
            applies = key not in base
        if applies:
            result[key] = value
    for key in [] if additive else patch.get("drop", ()):
        if was.get(key) == fingerprint(base, key, groups):
            result.pop(key, None)
    return result


def _same_kind(one: Any, other: Any) -> bool:
    """Whether two values are both text, both numbers (or flags), or both lists of texts."""
    if isinstance(one, list) and isinstance(other, list):
        return all(isinstance(each, str) for each in (*one, *other))
    return any(isinstance(one, kind) and isinstance(other, kind) for kind in (str, int | float))


def _add_text_patch(patch: Table, key: str, base: Any, value: Any) -> bool:
    """Patch two similar texts by ``wrap`` and ``crlf``; whether that was possible."""
    if isinstance(base, list) and isinstance(value, list) and same_json(_crlf(base), value):
        patch.setdefault("crlf", []).append(key)
        return True
    if not isinstance(base, str) or not isinstance(value, str) or not base:
        return False
    has_crlf = "\r\n" in value
    inner = _crlf(base) if has_crlf else base
    at = value.find(inner)
    if at < 0 or len(value) - len(inner) > _MAX_WRAP:
        return False
    if has_crlf and inner != base:
        patch.setdefault("crlf", []).append(key)
    if inner != value:
        patch.setdefault("wrap", {})[key] = [value[:at], value[at + len(inner) :]]
    return True


def _crlf(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\n", "\r\n")
    return [_crlf(each) for each in value] if isinstance(value, list) else value


def fingerprint(base: Table, key: str, groups: Groups) -> str:
    """A short fingerprint of a value of the base and of the keys in its group."""
    values = [[each, base.get(each), each in base] for each in sorted({key, *groups.get(key, ())})]
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def without(table: Mapping[str, Any], *keys: str) -> Table:
    """A copy of the table that lacks these keys."""
    return {key: value for key, value in table.items() if key not in keys}


def hoist_common(patches: list[Table]) -> Table:
    """Move values that most patches set alike into one table, so that they are written only once.

    Args:
        patches: Changed in place: common values are removed from ``set``; ``lacks`` lists the
            common keys that do not apply to a patch.

    Returns:
        Key → common value, which ``merge_common`` adds again.
    """
    counts = Counter(
        (key, json.dumps(value, sort_keys=True))
        for patch in patches
        for key, value in patch.get("set", {}).items()
        if key not in patch.get("was", {})
    )
    most = len(patches) * 2 / 3
    common = {key: json.loads(text) for (key, text), count in counts.items() if count >= most}
    for patch in patches:
        _remove_common(patch, common)
    return common


def _remove_common(patch: Table, common: Table) -> None:
    own = patch.get("set", {})
    for key, value in common.items():
        if key in own and key not in patch.get("was", {}) and same_json(own[key], value):
            del own[key]
        elif key not in own:
            patch.setdefault("lacks", []).append(key)
    if "set" in patch and not own:
        del patch["set"]


def merge_common(patch: Any, common: Any) -> Table:
    """Undo ``hoist_common`` for one patch."""
    own_patch: Table = dict(as_mapping(patch))
    common = as_mapping(common)
    own = as_mapping(own_patch.get("set"))
    lacks = own_patch.get("lacks", ())
    added = {key: value for key, value in common.items() if key not in lacks and key not in own}
    if added or own:
        own_patch["set"] = {**added, **own}
    return own_patch
