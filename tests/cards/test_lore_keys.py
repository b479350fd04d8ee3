"""The key index compared with a naive search, and regex sets that run out of memory."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpterm.cards.lore import pattern_set
from rpterm.cards.lore.keys import KeyIndex, KeySpec, normalize
from rpterm.cards.lore.pattern_set import PatternSet

_LETTERS = st.text(st.sampled_from("abAB -'."), min_size=1, max_size=12)
_SPECS = st.lists(st.builds(KeySpec, _LETTERS, st.booleans(), st.booleans()), max_size=12)


def plain(spec: KeySpec, text: str) -> bool:
    """One key in one text, as one would write it without an index."""
    fold = not spec.case_sensitive
    key, said = normalize(spec.text, fold), normalize(text, fold)
    if not key:
        return False
    before = r"(?<!\w)" if spec.whole_words and re.search(r"\w", key) and key[0].isalnum() else ""
    behind = r"(?!\w)" if spec.whole_words and re.search(r"\w", key) and key[-1].isalnum() else ""
    return bool(re.search(before + re.escape(key) + behind, said))


@settings(max_examples=100)
@given(_SPECS, st.text(st.sampled_from("abAB -'.\n"), max_size=60))
def test_the_index_finds_what_a_naive_search_finds(specs: list[KeySpec], text: str) -> None:
    found = KeyIndex(specs).hits(text)
    assert found == {number for number, spec in enumerate(specs) if plain(spec, text)}


def test_many_patterns_find_what_single_ones_find(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {number: f"/w{number}[a-c]+x|end{number}$/i" for number in range(40)} | {99: "/(/"}
    text = "W7abcx and w12x, w30cx, end5"
    wanted = {5, 7, 30}
    whole = PatternSet(keys)
    assert whole.hits(text) == wanted
    assert set(whole.broken) == {99}
    monkeypatch.setattr(pattern_set, "_CHUNK_SIZE", 3)
    assert PatternSet(keys).hits(text) == wanted


@pytest.mark.parametrize("memory", [1 << 15, 1 << 17, 1 << 18])
def test_patterns_that_need_too_much_memory_are_tried_one_by_one(
    memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pattern_set, "_MAX_MEMORY", memory)
    keys = {number: f"/[a-f]{{{number + 1}}}[^u-z]{{30}}{number}x/" for number in range(20)}
    text = "abcdefabcdef" + "m" * 30 + "3x" + "abcdef" * 3000
    assert PatternSet(keys).hits(text) == {3}


def test_broken_unicode_in_a_text_is_tolerated() -> None:
    index = KeyIndex([KeySpec("/a/"), KeySpec("b")])
    assert index.hits("a \ud800 b") == {0, 1}


@pytest.mark.parametrize(
    ("key", "text", "fires"),
    [
        (r"/(?<!\w)elf(?!\w)/i", "An Elf.", True),
        (r"/(?<!\w)elf(?!\w)/i", "Myself.", False),
        (r"/(?<![a-zA-Z])(elf|elves)(?![a-z])/", "two elves!", True),
        ("/clock(?=work)/", "a clockwork bird", True),
        ("/(clock|watch(?=work))/", "a watch", False),
        ("/(?<=old )clock/", "an old clock", True),
        ("/(?<=old )clock/", "a clock", False),
        (r"/bank(?=\))/", "(a bank)", True),
    ],
)
def test_common_look_around_is_understood(key: str, text: str, fires: bool) -> None:
    index = KeyIndex([KeySpec(key)])
    assert (not index.broken, bool(index.hits(text))) == (True, fires)


@pytest.mark.parametrize("key", ["/^(?=.*a)(?=.*b)/", r"/(a)\1/", "/elf(?!in)/"])
def test_other_look_around_stays_invalid(key: str) -> None:
    assert KeyIndex([KeySpec(key)]).broken
