"""Lint: what it must report and what it must not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rpterm.cards.card import CharacterCard, Example, Lorebook, LoreEntry
from rpterm.cards.checks.lint import lint, static_tokens, tokens
from rpterm.cards.checks.voice import speaks_for_user
from rpterm.cards.format.reader import parse
from rpterm.cards.library import card_folders, summaries
from rpterm.cards.problems import Problem

GOOD = CharacterCard(
    name="Ada Byron",
    nickname="Ada",
    description="Ada is a clockmaker, 41 years old.",
    attributes=("Is 41 years old.", "Is left-handed."),
    relations=("Bram is her brother.",),
    greetings=('*Ada looks up.* "You look cold. Come in, {{user}}."',),
    examples=(Example((("user", "Hi."), ("char", '*nods* "Hm?"'))),) * 3,
)


ALWAYS = LoreEntry(("clock",), "He said {{lastMessage}}.", constant=True)


def words(text: str) -> int:
    return len(text.split())


def found(card: CharacterCard, **options: Any) -> list[Problem]:
    return [problem for problem in lint(card, **options) if problem.severity != "note"]


def only(card: CharacterCard, **options: Any) -> Problem:
    [problem] = found(card, **options)
    assert problem.message.endswith((".", "“.", "”."))
    return problem


def with_lore(*entries: LoreEntry, **book: Any) -> CharacterCard:
    return replace(GOOD, lorebook=Lorebook(entries, **book))


def test_a_good_card_has_no_findings() -> None:
    assert found(GOOD, count=words) == []


def test_the_shipped_cards_have_no_findings() -> None:
    cards = summaries(card_folders(None))
    assert cards
    for summary in cards:
        assert summary.card, summary.error
        assert [str(problem) for problem in found(summary.card, count=words)] == []


def test_two_tests_with_the_same_name() -> None:
    text = 'name = "Ada"\n' + '[[test]]\nname = "tea"\nuser = "Tea?"\n' * 2
    tests = parse(text, "ada.toml").tests
    problem = only(replace(GOOD, tests=tests), text=text)
    assert problem.line == 6 and "Another test is also named tea" in problem.message


def test_an_empty_card() -> None:
    messages = " ".join(problem.message for problem in found(CharacterCard(name="A")))
    for word in ("no greeting", "no examples", "says nothing"):
        assert word in messages


@pytest.mark.parametrize(
    "text",
    [
        "{{user}} nods and sits down.",
        "<USER> said nothing.",
        "{{user}}: Hello!",
        "**You:** Hello!",
        "*You feel a chill.*",
        "She smiles. You smile back at her.",
        "{{user}} replies at once.",
    ],
)
def test_speaking_for_the_user_is_found(text: str) -> None:
    assert speaks_for_user(text)
    assert only(replace(GOOD, greetings=(text,))).field == "greetings #1"


@pytest.mark.parametrize("markup", ["![x](https://a.org/x.png)", '<img src="x.png">'])
def test_a_picture_in_a_greeting_is_found(markup: str) -> None:
    notes = lint(replace(GOOD, greetings=(f"{markup}\n\nShe waits.",)))
    assert [markup in each.message for each in notes if each.field == "greetings #1"] == [True]


def test_a_variable_that_nothing_sets_is_found() -> None:
    text = "{{setvar::mood::wary}}{{incvar n}}{{getvar::mood}} {{getvar::n}} {{getvar::hp}}"
    notes = [each for each in lint(replace(GOOD, scenario=text)) if "variable" in each.message]
    assert [(each.field, each.severity) for each in notes] == [("scenario", "note")]
    assert "sets the variable hp." in notes[0].message


@pytest.mark.parametrize(
    "text",
    [
        '"You feel cold," she says.',
        "“You think so?”",
        '*She looks at {{user}}.* "{{user}} said you would come."',
        "{{char}} nods to {{user}}.",
        "*She waits.* What do you say?",
        "Do you want tea?",
    ],
)
def test_speaking_to_the_user_is_fine(text: str) -> None:
    assert speaks_for_user(text) == ""


@pytest.mark.parametrize(
    ("role", "text", "word"),
    [
        ("char", "{{char}}: Hello.", "name"),
        ("char", "Ada: Hello.", "name"),
        ("char", "Hello.\n{{user}}: Hi.", "name"),
        ("char", "<START> Hi", "START"),
        ("char", "  ", "empty"),
        ("char", "*nods", "asterisk"),
        ("char", '"Hm?', "quotation"),
        ("char", "{{user}} nods.", "speaks for"),
        ("user", "{{user}}: Hi.", "name"),
    ],
)
def test_examples_that_break_the_format(role: Any, text: str, word: str) -> None:
    lines = {"user": "Hi.", "char": "Hm?", role: text}
    example = Example((("user", lines["user"]), ("char", lines["char"])))
    problem = only(replace(GOOD, examples=(*GOOD.examples, example)))
    assert word in problem.message
    assert problem.field == f"examples #4 {role}"


def test_an_example_ends_with_the_character() -> None:
    example = Example((("char", "Hm?"), ("user", "Hi.")))
    assert "end with" in only(replace(GOOD, examples=(*GOOD.examples, example))).message


def test_the_age_of_another_person_is_not_a_contradiction() -> None:
    ages = ("Ada is 41.", "Her brother is 12.", "Has a dog aged 9.")
    assert found(replace(GOOD, attributes=ages)) == []


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"attributes": ("Has 3 cats at home.", "Has 4 cats at home.")}, "different number"),
        ({"attributes": ("Smokes a pipe.", "Never smokes a pipe.")}, "contradicts"),
        (
            {"attributes": ("Likes cold rain.",), "style": ("Doesn't like cold rain.",)},
            "contradicts",
        ),
        ({"attributes": ("Is 43 years old.",)}, "age"),
        ({"scenario": "It is {{getsecret::hour}}."}, "macro {{getsecret"),
        ({"scenario": "You said {{lastMessage}}."}, "changes with every message"),
        ({"lorebook": Lorebook((ALWAYS,))}, "changes with every message"),
        ({"description": "{{original}}"}, "macro {{original}}"),
        ({"description": "Ada is 40 years old.", "attributes": ("Is 41.",)}, "age"),
        ({"knows_until": "1895", "scenario": "It is 1901."}, "1901"),
        ({"scenario": "{{usr}} is here."}, "{{usr}}"),
        ({"scenario": "{user} is here."}, "{user}"),
        ({"scenario": "{{user is here."}, "{{user"),
        ({"attributes": ("She is 43 years old.",)}, "age"),
    ],
)
def test_a_line_that_contradicts_another_is_found(fields: dict[str, Any], word: str) -> None:
    assert word in only(replace(GOOD, **fields)).message


@pytest.mark.parametrize(
    "fields",
    [
        {"attributes": ("Has 3 cats.", "Has 4 dogs.")},
        {"attributes": ("Owns a shop in Lund.", "Never leaves Lund.")},
        {"description": "Her clock is 300 years old. Ada is 41 years old."},
        {"knows_until": "1895", "scenario": "It is 1894. 1900 miles away."},
        {"knows_until": "1895", "scenario": "She owns 1,901 clocks."},
        {"scenario": "{{random:a,b}} {{user}}", "system_prompt": "{{original}} Be brief."},
        {"scenario": "{{weekday}}, {{date}}, {{time}}. {{user}} was away for {{idle_duration}}."},
        {"system_prompt": "{{persona}} {{description}}"},
        {"post_history_instructions": "{{time}}: answer {{lastUserMessage}}."},
        {"lorebook": Lorebook((replace(ALWAYS, constant=False),))},
    ],
)
def test_what_only_looks_like_a_contradiction(fields: dict[str, Any]) -> None:
    assert found(replace(GOOD, **fields)) == []


def test_a_repeated_line_is_a_note() -> None:
    card = replace(GOOD, attributes=("Likes cold rain.", "Likes cold rain."))
    assert any("repeats" in problem.message for problem in lint(card))


@pytest.mark.parametrize(
    ("entry", "book", "word"),
    [
        (LoreEntry((), "x"), {}, "no keys"),
        (LoreEntry(("a1",), " "), {}, "empty"),
        (LoreEntry(("a1",), "x", probability=0), {}, "0 %"),
        (LoreEntry(("/(/",), "x"), {}, "can never fire"),
        (LoreEntry(("a1",), "x", delay_until_recursion=True), {}, "not recursive"),
        (LoreEntry(("a1",), "x", delay_until_recursion=True), {"recursive": True}, "no other"),
        (LoreEntry(("a1",), "x", scan_depth=0), {}, "no turn"),
        (LoreEntry(("a1",), "x", characters=("Bram",)), {}, "characters"),
        (LoreEntry(("a1",), "x", group="g", group_weight=0), {}, "weight"),
        (LoreEntry(("the",), "x"), {}, "nearly every"),
        (LoreEntry(("a1",), "x x x x"), {"budget": 3}, "budget"),
    ],
)
def test_lore_that_never_fires_or_always(entry: LoreEntry, book: dict[str, Any], word: str) -> None:
    problem = only(with_lore(entry, **book), count=words)
    assert word in problem.message
    assert problem.field.startswith("lore #1")


def test_several_keys_in_one_text_are_noted() -> None:
    notes = lint(with_lore(LoreEntry(("harbour, Sill",), "x")))
    assert [each.field for each in notes if "comma" in each.message] == ["lore #1 keys #1"]


def test_good_lore_has_no_findings() -> None:
    card = with_lore(
        LoreEntry(("castle",), "Its dragon sleeps.", characters=("ada",)),
        LoreEntry(("dragon",), "Gold.", delay_until_recursion=True),
        LoreEntry((), "Always.", constant=True),
        LoreEntry((), "@@activate\nForced."),
        recursive=True, budget=9,
    )  # fmt: skip
    assert found(card, count=words) == []


def test_unused_lore_is_a_note_and_duplicates_are_reported() -> None:
    off = with_lore(LoreEntry(("a1",), "x", enabled=False))
    assert any(problem.message.startswith("Unused") for problem in lint(off))
    twins = with_lore(LoreEntry(("a1",), "x"), LoreEntry(("a1",), "x"))
    assert "entry #1" in only(twins).message


def test_the_tokens_of_each_part_are_counted() -> None:
    card = with_lore(
        LoreEntry(("a1",), "one two"), LoreEntry((), "three", constant=True),
        LoreEntry(("a1",), "off", enabled=False),
    )  # fmt: skip
    costs = tokens(card, words)
    assert costs["lore"] == 2
    assert costs["lore.constant"] == 1
    assert (
        static_tokens(costs)
        == sum(costs[name] for name in ("card.description", "card.attributes", "card.relations"))
        + 1
    )
    large = replace(GOOD, description="word " * 2500)
    assert "on every turn" in only(large, count=words).message


def test_lines_come_from_the_text(tmp_path: Path) -> None:
    text = 'name = "A"\ngreetings = [\n  "Hi.",\n  "*You feel cold.*",\n]\n'
    problems = lint(parse(text), text=text, origin="a.toml")
    [problem] = [problem for problem in problems if problem.field == "greetings #2"]
    assert str(problem).startswith("a.toml:4: greetings #2: ")
