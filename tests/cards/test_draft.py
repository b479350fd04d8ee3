"""Drafting: grammars constrain answers, parsing is lenient, and there is always a card."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpterm.cards.authoring import draft
from rpterm.cards.authoring.template import template
from rpterm.cards.card import CharacterCard
from rpterm.cards.format.reader import parse
from rpterm.cards.format.writer import dump
from rpterm.types import Sampling

IDEA = "a keeper of a lighthouse who fears still water"


def _answer(stage: draft.DraftStage, word: str = "w") -> dict[str, Any]:
    """An answer as the grammar would let a model write it."""
    made: dict[str, Any] = {}
    number = 0
    for field in stage.fields:

        def text(field: draft.DraftField = field) -> str:
            nonlocal number
            number += 1
            return (
                f"{word.capitalize()} number {number} of {field.name}".ljust(field.low, "e") + "."
            )

        items: list[Any] = [
            {part: text() for part in field.parts} if field.parts else text()
            for _ in range(max(field.count, 1))
        ]
        made[field.name] = items if field.count else items[0]
    return made


def _whole() -> dict[str, Any]:
    known: dict[str, Any] = {}
    for stage in draft.remaining_stages(known):
        known |= draft.parse_answer(stage, json.dumps(_answer(stage)), known)
    return known


def test_good_answers_fill_every_part_of_the_card() -> None:
    card = draft.build_card(IDEA, _whole())
    assert card.name == "W number 1 of name."
    assert (len(card.attributes), len(card.relations), len(card.style)) == (6, 3, 4)
    assert (len(card.greetings), len(card.examples), len(card.lorebook.entries)) == (2, 4, 3)
    assert parse(template(card)) == card == parse(dump(card))


def test_what_is_known_is_not_asked_again() -> None:
    asked = [f.name for stage in draft.remaining_stages({"name": "Odo"}) for f in stage.fields]
    assert "name" not in asked and "tagline" in asked
    assert draft.build_card(IDEA, {**_whole(), "name": "Odo"}).name == "Odo"


def test_small_models_are_asked_for_less_and_keep_the_users_words() -> None:
    fields = [f for stage in draft.remaining_stages({}, brief=True) for f in stage.fields]
    assert {"description", "examples", "lore"}.isdisjoint(f.name for f in fields)
    assert draft.build_card(IDEA, {"name": "Odo"}).description == IDEA


def test_an_idea_alone_still_gives_a_card() -> None:
    card = draft.build_card(IDEA, {})
    assert (card.name, card.description) == ("a keeper of a", IDEA)
    assert draft.build_card("\n\t", {}).name == "Nameless"
    assert isinstance(parse(template(card)), CharacterCard)


def test_facts_begin_with_the_name_once_it_is_known() -> None:
    stage = draft.STAGES[1]
    assert 'attributes-t0 ::= "\\"" "Odo " char' in draft.grammar(stage, {"name": "Odo Marsh"})
    hostile = draft.grammar(stage, {"name": '"Odo" ::= root'})
    assert "Odo" not in hostile


def test_a_grammar_asks_for_tables_only_where_a_field_has_parts() -> None:
    for stage in draft.STAGES:
        rules = draft.grammar(stage, {})
        for field in stage.fields:
            assert (f"{field.name}-o ::=" in rules) == bool(field.parts)


def test_repetition_penalties_are_off() -> None:
    stage = draft.STAGES[0]
    chosen = draft.sampling(stage, Sampling(temperature=1.5), {}, 3)
    assert (chosen.dry_multiplier, chosen.repeat_penalty, chosen.temperature) == (0.0, 1.0, 0.7)
    assert chosen.grammar == draft.grammar(stage, {}) and chosen.max_tokens == stage.max_tokens
    assert chosen.seed != draft.sampling(draft.STAGES[1], Sampling(), {}, 3).seed


def test_code_fences_and_chatter_are_skipped() -> None:
    stage = draft.STAGES[0]
    answer = f"Sure! Here it is:\n```json\n{json.dumps(_answer(stage))}\n```\nEnjoy {{it}}!"
    assert set(draft.parse_answer(stage, answer, {})) == {f.name for f in stage.fields}


@settings(max_examples=60)
@given(st.data())
def test_a_truncated_answer_keeps_its_complete_parts(data: st.DataObject) -> None:
    stage = data.draw(st.sampled_from(draft.STAGES))
    whole = json.dumps(_answer(stage))
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    found, full = draft.parse_answer(stage, cut, {}), draft.parse_answer(stage, whole, {})
    assert list(found) == list(full)[: len(found)]
    for name, value in list(found.items())[:-1]:
        assert value == full[name]


@settings(max_examples=80)
@given(st.text(), st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["name", "tagline", "lore", "examples", "user", "char",
                                       "greetings", "key", "content"]), inner, max_size=5),
    max_leaves=12))  # fmt: skip
def test_any_answer_gives_a_card_that_reads_back(noise: str, value: Any) -> None:
    known: dict[str, Any] = {}
    for stage in draft.STAGES:
        for answer in (noise, "{" + noise, json.dumps(value)):
            known |= draft.parse_answer(stage, answer, known)
    card = draft.build_card(noise, known)
    assert parse(dump(card)) == card


def test_texts_copied_from_the_example_are_dropped() -> None:
    stage = draft.STAGES[2]
    example = stage.fields[0].example[0]
    twice = '*He nods.* "The lamp is lit, and that is all you need to know about it tonight."'
    answer = json.dumps({"greetings": [example + " More.", twice, twice.upper()]})
    assert draft.parse_answer(stage, answer, {})["greetings"] == [twice]
    assert draft.parse_answer(stage, answer, {"tagline": twice}) == {}


def test_a_text_cut_at_its_maximum_length_ends_with_a_sentence() -> None:
    field = next(f for f in draft.STAGES[0].fields if f.name == "tagline")
    long = "One whole sentence stands here. " + "and then it runs on " * 9
    stage = draft.DraftStage("", (field,))
    assert draft.parse_answer(stage, json.dumps({"tagline": long[: field.high]}), {}) == {
        "tagline": "One whole sentence stands here."
    }


@pytest.mark.parametrize("stage", draft.STAGES, ids=lambda stage: stage.title)
@pytest.mark.parametrize("brief", [False, True])
def test_every_rule_of_a_grammar_is_defined(stage: draft.DraftStage, brief: bool) -> None:
    for each in draft.remaining_stages({"name": "Odo"}, brief=brief):
        if each.title != stage.title:
            continue
        lines = draft.grammar(each, {"name": "Odo"}).splitlines()
        defined = {line.split(" ::= ")[0] for line in lines}
        import re

        for line in lines:
            body = re.sub(
                r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|\{[\d,]+\}', " ", line.split(" ::= ")[1]
            )
            assert set(re.findall(r"[a-z][a-z0-9-]*", body)) <= defined, line
