"""What a score says in words, and what the model is told about it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letters import Letters

from rpterm.bench.refit import VIOLATION_TERMS
from rpterm.engine.scripted import ScriptedEngine
from rpterm.scoring.coefficients import load_coefficients
from rpterm.scoring.combine import SEPARATE_DIMENSION, Term
from rpterm.scoring.findings import (
    APPEAL,
    LABELS,
    author_note,
    broken_lines,
    broken_spans,
    excerpt,
    findings,
    regeneration_hint,
    weakest_dimension,
)
from rpterm.scoring.likelihood import EngineLikelihood
from rpterm.scoring.scorer import Score
from rpterm.scoring.signal import NO_DATA, Evidence, Reading
from rpterm.scoring.signals.registry import available_signals
from rpterm.scoring.similarity import ContrastiveSimilarity

REPLY = "You nod and sit. As an AI language model, I cannot help with that."
TERMS = {
    "speaking_for_user": Term(-3.0), "assistant_voice": Term(-3.0), "contradiction": Term(-1.5),
    "fact_words": Term(4.0, 0.12), "voice": Term(1.0),
}  # fmt: skip


def score(readings: Mapping[str, Reading], **dimensions: float | None) -> Score:
    return Score(0.2, 0.1, 0.3, dimensions, readings, True, "t")  # type: ignore[arg-type]


BAD = score(
    {
        "fact_words": Reading(0.5, 1.0, (Evidence(0, 60, "near", "card.attributes:0", "Plays."),)),
        "voice": NO_DATA,
        "speaking_for_user": Reading(1.0, 1.0, (Evidence(0, 16, "acts for the user"),)),
        "contradiction": Reading(
            0.8, 0.5, (Evidence(17, 40, "says the contrary", "card.attributes:2", "Is a man."),)
        ),
        "assistant_voice": Reading(0.0),
    },
    persona=0.4, behaviour=None, boundaries=0.0,
)  # fmt: skip


def test_the_worst_comes_first_and_the_mute_last() -> None:
    found = findings(BAD, TERMS)
    assert [each.signal for each in found] == [
        "speaking_for_user", "contradiction", "fact_words", "assistant_voice", "voice",
    ]  # fmt: skip
    assert [each.kind for each in found] == ["break", "break", "for", "clean", "mute"]
    assert found[0].label == "speaks for you" and found[0].adds == -3.0


def test_places_to_underline_are_those_that_broke() -> None:
    assert broken_spans(BAD) == ((0, 16), (17, 40))


def test_the_hint_says_what_to_do_and_names_the_line() -> None:
    said = regeneration_hint(BAD, REPLY, char="Holmes", user="Ashby")
    assert said.startswith("Write only what Holmes says and does; Ashby decides for Ashby.")
    assert "Remember: Is a man." in said
    assert "Remember" not in author_note(BAD, REPLY, char="Holmes", user="Ashby")
    assert "Is a man." in author_note(BAD, REPLY, char="Holmes", user="Ashby")


@pytest.mark.parametrize(("value", "label"), [(0.3, "is not finished"), (0.7, "is garbled text")])
def test_an_open_mark_is_not_called_garbled(value: float, label: str) -> None:
    garbled = Reading(value, 1.0, (Evidence(0, 1, "the * before it is never closed"),))
    (found,) = findings(score({"garbled": garbled}), {"garbled": Term(-2.0)})
    assert found.label == label


def test_a_reply_without_faults_still_gives_an_instruction() -> None:
    good = score({"fact_words": Reading(0.5)}, persona=0.9)
    assert "own voice" in regeneration_hint(good, "Yes.", char="Holmes", user="Ashby")
    assert broken_lines(good) == ()


def test_only_lines_of_the_card_are_broken_lines_the_worst_first() -> None:
    def broke(value: float, source: str, line: str) -> Reading:
        return Reading(value, 1.0, (Evidence(0, 3, "note", source, line),))

    broken = score(
        {
            "assistant_voice": broke(0.9, "turn:4", "What I said before."),
            "contradiction": broke(0.8, "card.limits:1", " She is shy. "),
            "speaking_for_user": broke(0.9, "card.style:0", "She is terse."),
        }
    )
    assert broken_lines(broken) == ("She is terse.", "She is shy.")


def test_the_weakest_dimension() -> None:
    assert weakest_dimension(BAD) == "boundaries"
    assert weakest_dimension(score({}, persona=None)) is None


def test_an_excerpt_has_no_unpaired_marks_of_an_action() -> None:
    reply = '*looks up* "Sit."'
    assert excerpt(reply, Evidence(0, len(reply), "note")) == '“looks up "Sit.”'


@given(st.text(max_size=200), st.integers(0, 220), st.integers(0, 220))
def test_an_excerpt_is_one_short_line(reply: str, start: int, end: int) -> None:
    found = excerpt(reply, Evidence(start, end, "note"))
    assert "\n" not in found and len(found) <= 62


READINGS = st.dictionaries(
    st.sampled_from([*TERMS, "unheard_of"]),
    st.builds(
        Reading, st.floats(-3, 3), st.sampled_from([0.0, 0.5, 1.0]),
        st.lists(
            st.builds(Evidence, st.integers(0, 30), st.integers(0, 70), st.just("note"),
                      st.sampled_from(["", "card.limits:1", "turn:-1"]), st.text(max_size=20)),
            max_size=3,
        ).map(tuple),
    ),
)  # fmt: skip


@given(READINGS)
def test_any_score_can_be_told(readings: Mapping[str, Reading]) -> None:
    given_score = score(readings, persona=0.5)
    found = findings(given_score, TERMS)
    assert {each.signal for each in found} == set(readings)
    order = ["break", "against", "for", "new", "little", "clean", "mute"]
    assert [order.index(e.kind) for e in found] == sorted(order.index(e.kind) for e in found)
    assert regeneration_hint(given_score, REPLY, char="A", user="B").strip()
    assert all(end > start for start, end in broken_spans(given_score))


# The tables that must agree --------------------------------------------------------------------
def test_every_signal_has_words_and_a_place_in_the_score() -> None:
    """A new signal needs a label, and a weight unless it is told apart from the score."""
    every = available_signals(
        ContrastiveSimilarity(Letters().encode), EngineLikelihood(lambda: ScriptedEngine([""]))
    )
    table = load_coefficients()
    weighed = {*table.fast, *table.slow, *VIOLATION_TERMS, *APPEAL}
    names = {each.name for each in every}
    told = {"persona_lift", "inventions"}  # See their modules.
    assert names == set(LABELS) == weighed | told and not told & weighed
    assert {each.name for each in every if each.dimension == SEPARATE_DIMENSION} == set(APPEAL)
