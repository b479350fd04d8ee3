"""The lorebook engine: every setting of an entry, and the reasons it gives."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import entries

from rpterm.cards.card import Lorebook, LoreEntry
from rpterm.cards.lore.lorebook import Matcher
from rpterm.cards.lore.records import LoreContext, LoreResult

Turns = Sequence[tuple[str, str]]


def entry(*keys: str, text: str = "", **fields: Any) -> LoreEntry:
    name = fields.pop("name", "") or (keys[0] if keys else "x")
    return LoreEntry(keys, text or f"text of {name}", name=name, **fields)


def said(*texts: str) -> list[tuple[str, str]]:
    """Turns that end with the user."""
    roles = ["user" if (len(texts) - at) % 2 else "assistant" for at in range(len(texts))]
    return list(zip(roles, texts, strict=True))


def run(book: Lorebook | LoreEntry, turns: Turns, **context: Any) -> LoreResult:
    book = Lorebook((book,)) if isinstance(book, LoreEntry) else book
    lore = LoreContext(turns, **context)
    return Matcher(book, lore.expand).fire(lore)


def names(result: LoreResult) -> list[str]:
    return [hit.name for hit in result.hits]


def code(result: LoreResult, index: int = 0) -> str:
    verdict = result.verdict(index)
    assert verdict.fired == (index in [hit.index for hit in result.hits])
    assert verdict.why
    return verdict.code


@pytest.mark.parametrize(
    ("key", "text", "fires"),
    [
        ("clock", "The Clock!", True),
        ("clock", "clockwork", False),
        ("clock", "a clock's face", True),
        ("Baker  Street", "in baker\nstreet.", True),
        ("o'brien", "O’Brien", True),
        ("C++", "i like c++", True),
        ("Mr.", "mr x", False),
        ("Mr.", "mr. x", True),
        ("a b c", "a b", False),
        ("Straße", "STRASSE", True),
        ("café", "cafe\u0301", True),
        ("東京", "私は東京に", True),
        ("♥", "i ♥ you", True),
        ("/cl[ou]ck/", "a cluck", True),
        ("/Clock/", "clock", False),
        ("/Clock/i", "clock", True),
        ("/^the.end$/s", "the\nend", True),
        ("/\\bend\\b/", "bend", False),
        (r"/\u0041b/", "Ab", True),
        ("/usr/bin/", "see /usr/bin/ there", True),
        ("/(/", "(", False),
        (" ", "a b", False),
    ],
)
def test_a_key_fires_where_its_words_are_found(key: str, text: str, fires: bool) -> None:
    assert bool(run(entry(key), said(text)).hits) is fires


def test_whole_words_and_case_can_be_switched() -> None:
    assert run(entry("lock", whole_words=False), said("clocks")).hits
    assert run(entry("lo", whole_words=False), said("clocks")).hits
    assert not run(entry("Lock", case_sensitive=True), said("lock")).hits
    assert run(entry("Lock", case_sensitive=True), said("Lock")).hits
    assert run(entry("Lo", case_sensitive=True, whole_words=False), said("Locks")).hits


def test_an_invalid_pattern_is_reported() -> None:
    result = run(entry("/(/"), said("("))
    assert "not valid" in result.verdict(0).why


def test_a_catastrophic_pattern_takes_linear_time() -> None:
    assert not run(entry("/(a+)+$/"), said("a" * 20_000 + "b")).hits


@pytest.mark.parametrize(
    ("logic", "both", "one", "none"),
    [
        ("and_any", True, True, False),
        ("and_all", True, False, False),
        ("not_any", False, False, True),
        ("not_all", False, True, True),
    ],
)
def test_the_four_logics(logic: Any, both: bool, one: bool, none: bool) -> None:
    rule = entry("key", secondary_keys=("red", "blue"), logic=logic)
    for text, wanted in (("key red blue", both), ("key red", one), ("key", none)):
        result = run(rule, said(text))
        assert bool(result.hits) is wanted
        assert code(result) == ("key" if wanted else "secondary")
    assert code(run(rule, said("red blue"))) == "key_missed"


def test_scan_depth_of_book_and_entry() -> None:
    turns = said("dragon", "b", "c", "d")
    assert not run(Lorebook((entry("dragon"),), scan_depth=3), turns).hits
    assert run(Lorebook((entry("dragon"),), scan_depth=4), turns).hits
    assert run(Lorebook((entry("dragon", scan_depth=4),), scan_depth=1), turns).hits
    assert not run(Lorebook((entry("d", scan_depth=0),), scan_depth=9), turns).hits


def test_entries_that_cannot_fire_give_the_reason() -> None:
    turns = said("x")
    assert code(run(entry("x", enabled=False), turns)) == "disabled"
    assert code(run(LoreEntry(("x",), " \n"), turns)) == "empty"
    assert code(run(entry(), turns)) == "no_keys"
    assert code(run(entry("x", probability=0), turns)) == "probability"


def test_constants_and_the_static_block() -> None:
    result = run(entry(constant=True), [])
    assert code(result) == "constant"
    assert result.hits[0].static
    moving: list[dict[str, Any]] = [
        {"probability": 99}, {"cooldown": 1}, {"delay": 1}, {"group": "g"},
        {"position": "depth"}, {"text": "@@activate_only_every 2\nx"},
    ]  # fmt: skip
    for fields in moving:
        hits = run(entry(constant=True, **fields), said("a", "b", "c"), seed=1).hits
        assert all(not hit.static for hit in hits)


def test_hits_have_order_position_depth_and_role() -> None:
    book = Lorebook(
        (
            entry("x", order=5, name="low"),
            entry("x", order=1, name="high", position="depth", depth=2, role="user"),
            entry("x", order=5, name="last"),
        )
    )
    result = run(book, said("x"))
    assert names(result) == ["high", "low", "last"]
    hit = result.hits[0]
    assert (hit.position, hit.depth, hit.role, hit.source) == ("depth", 2, "user", "lore:high")


def test_probability_depends_on_seed_and_turn() -> None:
    rule = entry("x", probability=30)
    fired = [bool(run(rule, said("x"), seed=seed).hits) for seed in range(400)]
    assert 80 < sum(fired) < 160
    assert fired == [bool(run(rule, said("x"), seed=seed).hits) for seed in range(400)]
    by_turn = {bool(run(rule, said(*"abcdefghx"[-n:]), seed=5).hits) for n in range(1, 9)}
    assert by_turn == {True, False}


def test_recursion_and_its_settings() -> None:
    first = entry("castle", text="Its dragon sleeps.")
    second = entry("dragon", text="It guards gold.")
    third = entry("gold", text="Cursed.")
    book = Lorebook((first, second, third), recursive=True)
    assert names(run(book, said("the castle"))) == ["castle", "dragon", "gold"]
    assert names(run(replace(book, recursive=False), said("the castle"))) == ["castle"]

    deaf = replace(book, entries=(first, replace(second, exclude_recursion=True), third))
    result = run(deaf, said("the castle"))
    assert names(result) == ["castle"]
    assert code(result, 1) == "recursion"
    assert names(run(deaf, said("the dragon"))) == ["dragon", "gold"]

    mute = replace(book, entries=(replace(first, prevent_recursion=True), second, third))
    assert names(run(mute, said("the castle"))) == ["castle"]

    late = replace(book, entries=(first, replace(second, delay_until_recursion=True), third))
    assert names(run(late, said("the castle"))) == ["castle", "dragon", "gold"]
    result = run(late, said("the dragon"))
    assert names(result) == []
    assert code(result, 1) == "recursion"


def test_a_key_in_a_fired_text_fires_other_entries() -> None:
    first = entry("castle", text="Old. {{hidden_key:dragon}}")
    book = Lorebook((first, entry("dragon")), recursive=True)
    assert names(run(book, said("castle"))) == ["castle", "dragon"]


def test_mutual_recursion_ends() -> None:
    ring = tuple(entry(f"k{n}", text=f"k{(n + 1) % 50}") for n in range(50))
    assert len(run(Lorebook(ring, recursive=True), said("k7")).hits) == 50


def test_secondary_keys_may_come_from_another_entry() -> None:
    book = Lorebook((entry("a", text="red"), entry("b", secondary_keys=("red",))), recursive=True)
    assert names(run(book, said("a b"))) == ["a", "b"]


def timeline(book: Lorebook | LoreEntry, texts: Sequence[str], **context: Any) -> list[str]:
    """The names fired at each user turn of a chat, the character answering "ok"."""
    book = Lorebook((book,), scan_depth=1) if isinstance(book, LoreEntry) else book
    turns: list[tuple[str, str]] = []
    fired = []
    for text in texts:
        turns.append(("user", text))
        fired.append(" ".join(names(run(book, turns, **context))))
        turns.append(("assistant", "ok"))
    return fired


def test_sticky_is_not_renewed() -> None:
    assert timeline(entry("x", sticky=4), ["x", "", "", "", ""]) == ["x", "x", "x", "", ""]
    assert timeline(entry("x", sticky=2), ["x", "", ""]) == ["x", "x", ""]
    assert timeline(entry("x", sticky=1), ["x", ""]) == ["x", ""]
    lasting = run(entry("x", sticky=4), said("x", "ok", ""))
    assert lasting.verdict(0).why == "it fired before and stays active for 2 more turns"


def test_a_cooldown_keeps_an_entry_from_firing_again() -> None:
    assert timeline(entry("x", cooldown=4), ["x"] * 6) == ["x", "", "", "x", "", ""]
    both = entry("x", sticky=2, cooldown=2)
    assert timeline(both, ["x"] * 6) == ["x", "x", "", "x", "x", ""]
    result = run(entry("x", cooldown=4), [("user", "x"), ("assistant", "ok"), ("user", "x")])
    assert code(result) == "cooldown"
    assert "3 more turns" in result.verdict(0).why
    result = run(entry("x", cooldown=2), [("user", "x"), ("assistant", "ok"), ("user", "x")])
    assert result.verdict(0).why == "it is on cooldown for 1 more turn"


def test_an_entry_waits_for_as_many_turns_as_its_delay() -> None:
    assert timeline(entry("x", delay=4), ["x"] * 4) == ["", "", "x", "x"]
    assert code(run(entry("x", delay=4), said("x"))) == "delay"


def test_timed_effects_follow_the_branch() -> None:
    """Swiping, deleting and branching rewind, with one matcher that saw everything."""
    book = Lorebook((entry("x", cooldown=99),), scan_depth=1)
    matcher = Matcher(book)
    begin = [("user", "hello"), ("assistant", "ok")]
    spoken = [*begin, ("user", "x"), ("assistant", "ok"), ("user", "x")]
    assert matcher.fire(LoreContext(spoken[:3])).hits
    assert not matcher.fire(LoreContext(spoken)).hits
    assert matcher.fire(LoreContext(spoken[:3])).hits, "a swipe of the reply sees the first time"
    other = [*begin, ("user", "y"), ("assistant", "ok"), ("user", "x")]
    assert matcher.fire(LoreContext(other)).hits, "another branch never said it"
    assert matcher.fire(LoreContext([*begin, ("user", "x")])).hits, "deleted and said again"
    assert not matcher.fire(LoreContext(spoken)).hits


def test_entries_dropped_for_the_budget_do_not_become_sticky() -> None:
    book = Lorebook((entry("x", sticky=9, text="a long text of many tokens"),), budget=1)
    assert timeline(replace(book, scan_depth=1), ["x", ""]) == ["", ""]


def test_groups_draw_by_weight() -> None:
    book = Lorebook(
        (
            entry("x", name="a", group="g", group_weight=300),
            entry("x", name="b", group="g", group_weight=100),
            entry("x", name="c", group="g", group_weight=0),
            entry("x", name="free"),
        )
    )
    fired = [names(run(book, said("x"), seed=seed)) for seed in range(300)]
    assert all(len(found) == 2 and found[-1] == "free" for found in fired)
    share = [sum(name in found for found in fired) for name in "abc"]
    assert share[2] == 0
    assert 190 < share[0] < 260
    result = run(book, said("x"))
    assert "group" in {code(result, at) for at in range(3)}
    moved = replace(book, entries=book.entries[::-1])
    again = [names(run(moved, said("x"), seed=seed)) for seed in range(300)]
    assert [set(each) for each in again] == [set(each) for each in fired]


def test_groups_prefer_override_then_sticky_entries() -> None:
    strong = Lorebook(
        (
            entry("x", name="a", group="g", group_override=True, order=1),
            entry("x", name="b", group="g,h", group_override=True, order=2),
            entry("x", name="c", group="g", order=9),
            entry("x", name="d", group="h"),
        )
    )
    assert names(run(strong, said("x"))) == ["b"]
    sticky = Lorebook(
        (
            entry("a", group="g", sticky=9, group_weight=1),
            entry("b", group="g", group_weight=10_000),
        ),
        scan_depth=1,
    )
    assert timeline(sticky, ["a", "b", "b"]) == ["a"] * 3


def test_a_group_keeps_its_winner_in_recursion() -> None:
    book = Lorebook((entry("a", group="g", text="b"), entry("b", group="g")), recursive=True)
    assert names(run(book, said("a"))) == ["a"]


def test_the_budget_skips_what_does_not_fit() -> None:
    def words(text: str) -> int:
        return len(text.split())

    book = Lorebook(
        (
            entry("x", name="big", text="w " * 9, priority=5),
            entry("x", name="small", text="w w", priority=1),
            entry("x", name="first", text="w w w", priority=9),
            entry("x", name="free", text="w " * 50, ignore_budget=True, priority=0),
            entry(name="always", text="w", constant=True, priority=0),
        ),
        budget=57,
    )
    result = run(book, said("x"), count=words)
    assert sorted(names(result)) == ["always", "first", "free", "small"]
    assert code(result, 0) == "budget"
    assert "needs 9 tokens and only 3 are left" in result.verdict(0).why
    assert result.tokens == 56
    assert [verdict.name for verdict in result.missed()] == ["big"]
    loose = replace(book, budget=0)
    assert len(run(loose, said("x"), count=words).hits) == 5
    assert run(loose, said("x"), count=words, tokens=240).budget == 60


def test_a_constant_entry_that_does_not_fit_is_reported() -> None:
    book = Lorebook((entry(name="a", text="long " * 99, constant=True),), budget=5)
    result = run(book, [])
    assert code(result) == "budget"
    assert [verdict.name for verdict in result.missed()] == ["a"]


def test_filters_by_greeting_and_character() -> None:
    rule = entry("x", greetings=(1,))
    assert run(rule, said("x"), greeting=1).hits
    assert run(rule, said("x")).hits, "nobody knows the greeting"
    assert code(run(rule, said("x"), greeting=0)) == "greeting"
    rule = entry("x", characters=("Ada",))
    assert run(rule, said("x"), characters=("Ada Byron", "ada")).hits
    assert code(run(rule, said("x"), characters=("Bram",))) == "character"
    rule = entry("x", exclude_characters=("Ada",))
    assert code(run(rule, said("x"), characters=("ada",))) == "character"


def test_macros_in_keys_and_text() -> None:
    rule = entry("{{user}}", text="{{user}} is here.")

    def fill(text: str) -> str:
        return text.replace("{{user}}", "Tom")

    result = run(rule, said("hello tom"), expand=fill)
    assert result.hits[0].text == "Tom is here."


def test_an_identical_entry_is_added_once() -> None:
    assert len(run(entry("x", "y", "z"), said("x y z x")).hits) == 1


@settings(max_examples=30)
@given(
    st.lists(entries(3), max_size=8),
    st.booleans(),
    st.lists(st.text(max_size=30), max_size=6),
    st.integers(0, 300),
)
def test_any_book_gives_the_same_verdict_for_every_entry_twice(
    book: list[LoreEntry], recursive: bool, texts: list[str], tokens: int
) -> None:
    lore = Lorebook(tuple(book), recursive=recursive, scan_depth=4)
    context = LoreContext(said(*texts), tokens=tokens, seed=3, greeting=1)
    result = Matcher(lore, context.expand).fire(context)
    again = Matcher(lore)
    for cut in range(len(texts)):
        again.fire(replace(context, turns=context.turns[:cut]))
    assert again.fire(context).hits == result.hits
    verdicts = list(result.verdicts())
    assert [verdict.index for verdict in verdicts] == list(range(len(book)))
    assert {verdict.index for verdict in verdicts if verdict.fired} == {
        hit.index for hit in result.hits
    }
    strict = sum(hit.tokens for hit in result.hits if not book[hit.index].ignore_budget)
    assert not result.budget or strict <= result.budget
