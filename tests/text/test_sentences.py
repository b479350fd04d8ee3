"""Where sentences end, and where a stop ends nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpterm.text.sentences import is_abbreviation, sentences, spans, with_offsets


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("  \n ", []),
        ("No stop at all", ["No stop at all"]),
        ("I met Mr. Pell. It rained.", ["I met Mr. Pell.", "It rained."]),
        ("Ask J. Watson, M.D. He knows.", ["Ask J. Watson, M.D.", "He knows."]),
        ("It was I. Nobody else.", ["It was I.", "Nobody else."]),
        ("No. I will not.", ["No.", "I will not."]),
        ("See No. 7. There!", ["See No. 7.", "There!"]),
        ("Cats, dogs, etc. are out. Rats, etc. Go.", ["Cats, dogs, etc. are out.",
                                                      "Rats, etc.", "Go."]),
        ("It costs 3.50 in all. i pay.", ["It costs 3.50 in all.", "i pay."]),
        ('"Stop!" *He turns.* Then nothing…', ['"Stop!"', "*He turns.*", "Then nothing…"]),
        ("One line\nand another. End", ["One line", "and another.", "End"]),
        ("はい。「そうですか。」行きます！", ["はい。", "「そうですか。」", "行きます！"]),
        ("What?! Really...\tYes.", ["What?!", "Really...", "Yes."]),
    ],
)  # fmt: skip
def test_sentences(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts
    assert with_offsets(text) == [(text.index(part), part) for part in parts]


@given(st.text(alphabet='aZ.!?…" \n*。」Dr', max_size=60))
def test_nothing_but_blanks_is_lost(text: str) -> None:
    found = spans(text)
    assert "".join("".join(text[a:b] for a, b in found).split()) == "".join(text.split())
    assert all(text[a:b] == text[a:b].strip() != "" for a, b in found)
    assert found == sorted(found)


def test_what_ends_a_text_is_a_sentence_unless_it_is_a_title() -> None:
    assert is_abbreviation("I asked Dr.")
    assert not is_abbreviation("Cats, dogs, etc.")
    assert not is_abbreviation("I said no.")
    assert is_abbreviation("the house at no.", " 7")
