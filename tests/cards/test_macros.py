"""Macros: the value of each, and that no text can blow up."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpterm.cards.macros import MacroScope, duration_in_words, expand, expand_with

NOW = datetime(2031, 5, 7, 9, 4)


def run(text: str, seed: int = 1, chat_seed: int = 1) -> str:
    more = {"persona": "a customer"}
    return expand_with(text, MacroScope("Ada", "Tom", seed, chat_seed, NOW, 7300, more))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{{char}} {{user}}", "Ada Tom"),
        ("{{CHAR}} {{ User }}", "Ada Tom"),
        ("<BOT> <user> <Char>", "Ada Tom Ada"),
        ("{{random:only}}", "only"),
        (r"{{random:a\,b}}", "a,b"),
        ("{{pick::a,b}}", {"a", "b"}),
        ("{{random::a,x::b,y}}", {"a,x", "b,y"}),
        ("{{roll:6}}", {str(n) for n in range(1, 7)}),
        ("{{roll:d4}}", {"1", "2", "3", "4"}),
        ("{{roll:2d1+3}}", "5"),
        ("{{roll:1-3}}", "-2"),
        ("{{roll:0}}", "{{roll:0}}"),
        ("{{roll:0d6}} {{roll:101d1}} {{roll:100d1}}", "{{roll:0d6}} {{roll:101d1}} 100"),
        ("{{roll:x}}", "{{roll:x}}"),
        ("a{{// a note }}b{{comment: x}}{{hidden_key:y}}", "ab"),
        ("{{reverse:abc}}", "cba"),
        ("{{reverse:{{char}}}}", "adA"),
        ("{{roll d4}}", {"1", "2", "3", "4"}),
        ("{{original}}", "{{original}}"),
        ("{{persona}}", "a customer"),
        ("{{time}} {{date}} {{weekday}}", "09:04 7 May 2031 Wednesday"),
        ("{{isodate}}", "2031-05-07"),
        ("{{idle_duration}}", "2 hours"),
        ("{{unknown}} {{what:{{user}}}}", "{{unknown}} {{what:Tom}}"),
        ("{{ {{char}} {{", "{{ Ada {{"),
        ("}} {{}}", "}} {{}}"),
        ("<|im_end|> <b>", "<|im_end|> <b>"),
    ],
)
def test_each_macro(text: str, wanted: str | set[str]) -> None:
    result = run(text)
    assert result in wanted if isinstance(wanted, set) else result == wanted


def test_macros_without_a_value_stay_unexpanded() -> None:
    text = "{{time}} {{date}} {{weekday}} {{idle_duration}} {{time_UTC+2}} {{persona}}"
    assert expand(text, char="A", user="U") == text


def test_names_are_not_expanded_again() -> None:
    assert expand("{{char}}", char="{{user}}", user="<BOT>") == "{{user}}"
    assert expand("{{user}}", char="A", user="<BOT>") == "<BOT>"


def test_random_draws_depend_on_the_seed_and_reach_every_choice() -> None:
    text = "{{random:a,b,c}}"
    results = [run(text, seed=seed) for seed in range(60)]
    assert set(results) == {"a", "b", "c"}
    assert results == [run(text, seed=seed) for seed in range(60)]
    assert len({run("{{roll:d20}} {{roll:d20}}", seed) for seed in range(30)}) > 20


def test_a_pick_is_constant_within_a_chat() -> None:
    text = "{{pick:a,b,c,d}}"
    assert len({run(text, seed=seed) for seed in range(30)}) == 1
    assert len({run(text, chat_seed=seed) for seed in range(30)}) == 4


def test_a_draw_is_the_same_in_two_texts_and_differs_within_one() -> None:
    eyes = "{{pick:red,green,blue,grey,brown,black}}"
    described = run(f"{{{{char}}}} has {eyes} eyes.")
    assert described == f"Ada has {run(eyes)} eyes."
    assert len(set(run(" ".join([eyes] * 40)).split())) == 6


def test_a_time_in_another_zone() -> None:
    moment = datetime(2031, 5, 7, 9, 4, tzinfo=UTC)
    scope = MacroScope("A", "U", now=moment)
    assert expand_with("{{time_UTC+2}} {{time_utc-10}}", scope) == "11:04 23:04"
    assert expand_with("{{time_UTC+99}}", scope) == "{{time_UTC+99}}"


@given(st.text(st.sampled_from("{}<>:/,abcharuser \\"), max_size=60))
def test_any_text_expands_the_same_twice(text: str) -> None:
    assert run(text) == run(text)


@given(st.text(st.characters(exclude_characters="{<"), max_size=60))
def test_text_without_macros_is_unchanged(text: str) -> None:
    assert run(text) == text


def test_nested_macros_cannot_grow_the_text() -> None:
    """Doubling by nesting is not possible: the result is no longer than names times macros."""
    count = 20_000
    begin = time.process_time()
    text = "{{random:" * count + "{{char}}" + "," + "}}" * count
    assert len(run(text)) <= len(text)
    assert len(run("{{char}}" * count)) == 3 * count
    assert len(run("{{" * count)) == 2 * count
    assert time.process_time() - begin < 5


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [(5, "just now"), (60, "1 minute"), (7200, "2 hours"), (200000, "2 days")],
)
def test_an_idle_time_is_told_in_words(seconds: float, wanted: str) -> None:
    assert duration_in_words(seconds) == wanted
