"""Hypothesis strategies for foreign cards: valid and odd values, unknown keys everywhere."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TEXT = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="ab{}\"'\\\r\n\t\x00\x1b\x85\u2028é漢🙂#=[]. ", max_size=40),
    st.sampled_from(
        [
            "", " ", "\r\n", "{{char}} said:\r\n\"Hi\"\r\n", "'''", '"""', "<START>", "null",
            "<START>\n{{user}}: hi\n{{char}}: ho\n",
            "<START>\r\n{{char}}: a\r\nb\r\n<START>\r\n{{user}}: c",
            "{{user}}: no start\n\n\n{{char}}: x  ", "\ud800 broken",
            "/(?<=a)b/i", "/a(/", "/ok/gi",
        ]
    ),
)  # fmt: skip
NUMBER = st.one_of(
    st.integers(-5, 300), st.integers(), st.floats(allow_nan=False, allow_infinity=False)
)
JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBER, TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)
KEYS = st.text(min_size=1, max_size=8) | st.sampled_from(
    ["rpterm", "rpterm_origin", "$json", "name", "x.y", "", "uid", "set", "was", "assets"]
)
UNKNOWN = st.dictionaries(KEYS, JUNK, max_size=3)


def mostly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The right thing, nearly always."""
    return st.integers(0, 9).flatmap(lambda n: JUNK if n == 0 else good)


def table(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the fields, and keys nobody knows."""
    known = st.fixed_dictionaries({}, optional={k: mostly(v) for k, v in fields.items()})
    return st.builds(lambda more, own: {**more, **own}, UNKNOWN, known)


TEXTS = st.lists(TEXT, max_size=3)
ENTRY_EXTENSIONS = table(
    {
        "position": st.integers(0, 8), "depth": st.integers(0, 9), "role": st.integers(0, 3),
        "probability": st.integers(0, 100), "useProbability": st.booleans(),
        "selectiveLogic": st.integers(0, 4), "sticky": NUMBER, "cooldown": st.none() | NUMBER,
        "delay": NUMBER, "group": TEXT, "group_override": st.booleans(), "group_weight": NUMBER,
        "scan_depth": st.none() | NUMBER, "match_whole_words": st.none() | st.booleans(),
        "case_sensitive": st.none() | st.booleans(), "exclude_recursion": st.booleans(),
        "delay_until_recursion": st.booleans() | NUMBER, "display_index": st.integers(0, 9),
    }
)  # fmt: skip
ENTRY = table(
    {
        "keys": TEXTS, "content": TEXT, "extensions": ENTRY_EXTENSIONS, "enabled": st.booleans(),
        "insertion_order": NUMBER, "case_sensitive": st.booleans(), "name": TEXT,
        "priority": NUMBER, "id": NUMBER, "comment": TEXT, "selective": st.booleans(),
        "secondary_keys": TEXTS, "constant": st.booleans(), "use_regex": st.booleans(),
        "position": st.sampled_from(["before_char", "after_char", "", None]),
    }
)  # fmt: skip
BOOK = table(
    {
        "name": TEXT, "description": TEXT, "scan_depth": NUMBER, "token_budget": NUMBER,
        "recursive_scanning": st.booleans(), "extensions": UNKNOWN,
        "entries": st.lists(ENTRY, max_size=4),
    }
)  # fmt: skip
EXTENSIONS = table(
    {
        "talkativeness": TEXT, "fav": st.booleans(), "world": TEXT,
        "depth_prompt": table({"prompt": TEXT, "depth": NUMBER, "role": TEXT}),
        "rpterm": table({"tagline": TEXT, "persona": table({"attributes": TEXTS}), "tests": JUNK}),
    }
)  # fmt: skip
FLAT = {
    "name": TEXT, "description": TEXT, "personality": TEXT, "scenario": TEXT, "first_mes": TEXT,
    "mes_example": TEXT,
}  # fmt: skip
DATA = table(
    {
        **FLAT, "creator_notes": TEXT, "system_prompt": TEXT, "post_history_instructions": TEXT,
        "alternate_greetings": TEXTS, "tags": TEXTS, "creator": TEXT, "character_version": TEXT,
        "extensions": EXTENSIONS, "character_book": BOOK, "nickname": TEXT,
        "group_only_greetings": TEXTS, "creation_date": NUMBER, "source": TEXTS,
        "assets": st.lists(table({"type": TEXT, "uri": TEXT, "ext": TEXT}), max_size=2),
    }
)  # fmt: skip


@st.composite
def documents(draw: st.DrawFn, spec: str = "") -> dict[str, Any]:
    """A V2 or V3 document; some repeat their fields at the root, as programs do."""
    spec = spec or draw(st.sampled_from(["v2", "v3"]))
    data = draw(DATA)
    root = draw(UNKNOWN)
    for key in draw(st.lists(st.sampled_from([*FLAT, "tags"]), max_size=3)):
        if key in data:
            root[key] = data[key]
    version = {"v2": ("chara_card_v2", "2.0"), "v3": ("chara_card_v3", "3.0")}[spec]
    return {**root, "spec": version[0], "spec_version": version[1], "data": data}


WORLD_ENTRY = table(
    {
        "uid": NUMBER, "key": TEXTS, "keysecondary": TEXTS, "content": TEXT, "comment": TEXT,
        "constant": st.booleans(), "selective": st.booleans(), "order": NUMBER,
        "position": st.integers(0, 8), "disable": st.booleans(), "probability": NUMBER,
        "useProbability": st.booleans(), "depth": NUMBER, "role": st.none() | st.integers(0, 2),
        "caseSensitive": st.none() | st.booleans(), "scanDepth": st.none() | NUMBER,
        "characterFilter": table({"isExclude": st.booleans(), "names": TEXTS, "tags": TEXTS}),
        "sticky": NUMBER, "matchWholeWords": st.none() | st.booleans(), "groupWeight": NUMBER,
    }
)  # fmt: skip
ENTRIES = st.dictionaries(st.integers(0, 99).map(str) | TEXT, WORLD_ENTRY, max_size=4)


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """A world file."""
    top = draw(table({"name": TEXT, "description": TEXT, "scan_depth": NUMBER}))
    for key in ("first_mes", "data", "spec"):
        top.pop(key, None)
    return {**top, "entries": draw(ENTRIES)}
