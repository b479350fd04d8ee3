"""What the scrubber removes, and that its prefilters never miss anything."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rpterm.errors import RptermError
from rpterm.preference import scrub
from rpterm.preference.scrub import NAME, Scrubber

NAMES = ("Violet Hunter", "Ann", "Zoë", "İpek")
PARTS = st.sampled_from(
    [
        "He said", "ann", "ANN", "Joanna", "violet hunter", "ZOË", "ipek", "@", "a@b.org",
        "/home/x/y", "C:\\Users\\ann\\z", "~/secret", "and/or", "+49 171 2345678",
        "(212) 555-0187", "1 2 3 4", "٠٥٠١٢٣٤٥٦٧", "AKIAABCDEFGHIJKLMNOP", "AIza" + "b" * 35,
        "sk-" + "q" * 20, "ghp_" + "a1" * 12, "d41d8cd98f00b204e9800998ecf8427e", "well-known",
        "-----BEGIN PRIVATE KEY-----\nabc", "…", "\n", "incomprehensibilities",
    ]
)  # fmt: skip
TEXTS = st.lists(st.tuples(PARTS, st.sampled_from([" ", "", ", "])), max_size=6).map(
    lambda parts: "".join(part + gap for part, gap in parts)
)


def slowly(text: str, names: tuple[str, ...]) -> str:
    """The same without any look before."""
    one = Scrubber(names)
    for pattern, mark in (
        (scrub._KEY_BLOCK, "[key]"), (scrub._KEY, "[key]"), (scrub._MAIL, "[mail]"),
        (scrub._PATH, "[path]"),
    ):  # fmt: skip
        text = pattern.sub(mark, text)
    text = one._without_phones(text)
    assert one._names is not None
    return one._names.sub(NAME, text)


@settings(max_examples=100)
@given(TEXTS, st.sampled_from([NAMES, NAMES[:2]]))
@example("AKIAABCDEFGHIJKLMNOP", NAMES)
@example("call 2125550187 now", NAMES)
@example("ipek", NAMES)
def test_the_prefilters_let_nothing_through(text: str, names: tuple[str, ...]) -> None:
    assert Scrubber(names)(text) == slowly(text, names)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Ann met Joanna.", f"{NAME} met Joanna."),
        ("mail v.h@example.org.", "mail [mail]."),
        ("in /home/violet/x and and/or", "in [path] and and/or"),
        ("call +49 171 2345678!", "call [phone]!"),
        ("room 221, 17 steps, 1895", "room 221, 17 steps, 1895"),
        ("key sk-" + "a" * 20, "key [key]"),
        ("ZOË", NAME),
        ("call +44 7700 900123 now", "call [phone] now"),  # a range that is not assigned yet
        ("+12 34 is no number", "+12 34 is no number"),
        ("_Ann smiles._ __Ann__ ann_x", f"_{NAME} smiles._ __{NAME}__ {NAME}_x"),
        ("Zoe\u0308 waves", f"{NAME} waves"),
        ("_sk-" + "a" * 20, "_[key]"),
        ("sk_live_" + "a1" * 12 + " ASIA" + "B2" * 8, "[key] [key]"),
        ("_/home/bo/x file:///home/bo/x", "_[path] file://[path]"),
        ("/mnt/c/Users/bo/x /var/home/bo", "[path] [path]"),
        ("https://example.org/home/bo", "https://example.org/home/bo"),
        (r"C:\Users\Bo Bee\x and C:\Users\bo and D:\x", r"[path] and [path] and D:\x"),
    ],
)
def test_what_is_removed_and_what_is_not(text: str, clean: str) -> None:
    assert Scrubber(NAMES)(text) == clean


def test_a_name_that_is_a_word_stays_in_lower_case() -> None:
    scrubber = Scrubber(("Will", "Margaret"))
    assert scrubber("Will will write, said margaret.") == f"{NAME} will write, said {NAME}."
    assert scrubber("WILL!") == f"{NAME}!"


def test_the_name_user_is_not_replaced() -> None:
    scrubber = Scrubber(("User", "you", " "))
    assert scrubber("You, user!") == "You, user!" and not scrubber.found


@pytest.mark.parametrize("region", ["US", "us", " Us "])
def test_a_country_may_be_in_lower_case(region: str) -> None:
    assert Scrubber(region=region)("call (415) 555-2671") == "call [phone]"


@pytest.mark.parametrize(
    ("region", "hint"), [("UK", "did you mean GB?"), ("uk", "GB"), ("ZZZ", "two letters"), ("", "")]
)
def test_an_unknown_country_is_refused(region: str, hint: str) -> None:
    with pytest.raises(RptermError, match="There is no country") as caught:
        Scrubber(region=region)
    assert hint in str(caught.value)


@pytest.mark.parametrize("names", [("Ann", "Ann Marie"), ("Ann Marie", "Ann"), ("Ann", "Ann-Lou")])
def test_of_two_names_the_longer_is_removed_whole(names: tuple[str, ...]) -> None:
    for name in names:
        assert Scrubber(names)(f"Dear {name}, come in.") == f"Dear {NAME}, come in."
