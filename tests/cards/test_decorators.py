"""V3 decorators: parsing, fallbacks and effects."""

import pytest

from rpterm.cards.card import Lorebook, LoreEntry
from rpterm.cards.lore.decorators import decorate, parse
from rpterm.cards.lore.lorebook import Matcher
from rpterm.cards.lore.records import LoreContext, LoreResult


def run(text: str, turns: list[tuple[str, str]], keys: tuple[str, ...] = ("x",)) -> LoreResult:
    return Matcher(Lorebook((LoreEntry(keys, text),), scan_depth=9)).fire(
        LoreContext(turns, greeting=0)
    )


def chat(replies: int) -> list[tuple[str, str]]:
    return [("user", "x"), ("assistant", "ok")] * replies + [("user", "x")]


@pytest.mark.parametrize(
    ("content", "found", "text"),
    [
        ("plain", {}, "plain"),
        ("@@depth 3\n@@role user\n\nHello", {"depth": "3", "role": "user"}, "Hello"),
        ("@@unknown 3\n@@@depth 2\nHello", {"depth": "2"}, "Hello"),
        ("@@depth x\n@@@odd 1\n@@@depth 2\nHello", {"depth": "2"}, "Hello"),
        ("@@depth 1\n@@@depth 2\nHello", {"depth": "1"}, "Hello"),
        ("@@depth 1\n@@depth 2\nHello", {"depth": "1"}, "Hello"),
        ("@@@depth 1\nHello", {}, "Hello"),
        ("\n@@Depth 1\r\nHello\r\n", {"depth": "1"}, "Hello\r\n"),
        ("@@activate", {"activate": ""}, ""),
        ("Hello\n@@depth 1", {}, "Hello\n@@depth 1"),
        ("mail me @@home", {}, "mail me @@home"),
    ],
)
def test_parsing_decorators(content: str, found: dict[str, str], text: str) -> None:
    assert parse(content) == (found, text)


def test_decorators_set_the_position_of_an_entry() -> None:
    entry = decorate(LoreEntry(("x",), "@@depth 2\n@@role assistant\nHi")).entry
    assert (entry.position, entry.depth, entry.role, entry.content) == (
        "depth",
        2,
        "assistant",
        "Hi",
    )
    entry = decorate(LoreEntry(("x",), "@@depth 2\n@@position before_desc\nHi")).entry
    assert entry.position == "before_card"
    assert decorate(LoreEntry(("x",), "@@scan_depth 7\nHi")).entry.scan_depth == 7


def test_an_entry_fires_after_or_at_every_nth_reply() -> None:
    assert [bool(run("@@activate_only_after 2\nHi", chat(n)).hits) for n in range(4)] == [
        False, False, True, True,
    ]  # fmt: skip
    assert [bool(run("@@activate_only_every 2\nHi", chat(n)).hits) for n in range(5)] == [
        True, False, True, False, True,
    ]  # fmt: skip
    why = run("@@activate_only_every 3\nHi", chat(1)).verdict(0).why
    assert why == "it fires only at every 3rd reply"


def test_keep_and_dont_after_match() -> None:
    silence = [("assistant", "ok"), ("user", "no")] * 10
    keep = run("@@keep_activate_after_match\n@@scan_depth 1\nHi", chat(0) + silence)
    assert keep.verdict(0).code == "sticky"
    once = "@@dont_activate_after_match\nHi"
    assert run(once, chat(0)).hits
    assert run(once, chat(1)).verdict(0).code == "cooldown"


def test_decorators_force_an_entry_on_or_off() -> None:
    assert run("@@activate\nHi", [("user", "no")]).hits
    assert run("@@dont_activate\nHi", chat(0)).verdict(0).code == "switched_off"
    assert run("@@dont_activate\n@@activate\nHi", chat(0)).hits


def test_additional_and_excluded_keys() -> None:
    assert run("@@additional_keys red, blue\nHi", [("user", "x blue")]).hits
    assert run("@@additional_keys red\nHi", [("user", "x")]).verdict(0).code == "secondary"
    assert run("@@exclude_keys red\nHi", [("user", "x red")]).verdict(0).code == "excluded"
    assert run("@@exclude_keys red\nHi", [("user", "x")]).hits


def test_an_entry_fires_only_with_its_greeting() -> None:
    assert run("@@is_greeting 0\nHi", chat(0)).hits
    assert run("@@is_greeting 1\nHi", chat(0)).verdict(0).code == "greeting"


def test_yielding_entries_are_dropped_first() -> None:
    book = Lorebook(
        (
            LoreEntry(("x",), "@@ignore_on_max_context\naaaaaaaa", priority=999),
            LoreEntry(("x",), "bbbbbbbb", priority=1),
        ),
        budget=3,
    )
    assert [hit.index for hit in Matcher(book).fire(LoreContext(chat(0))).hits] == [1]
