"""Macros that set and read variables, in one text."""

import pytest

from rpterm.cards import variables
from rpterm.cards.macros import MacroScope, expand, expand_with


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{{setvar::a::b}}{{getvar::a}}{{getvar a}}", "bb"),
        ("{{SetVar:: a ::x::y}}{{getvar::a}}", "x::y"),
        ("{{setvar::a::{{char}}}}{{getvar::a}}", "Ada"),
        ("{{getvar::none}}|{{hasvar::none}}", "|false"),
        ("{{addvar::n::2}}{{addvar::n::1.5}}{{getvar::n}}", "3.5"),
        ("{{addvar::n::2}}{{addvar::n::-2}}{{getvar::n}}", "0"),
        ("{{setvar::n::x}}{{addvar::n::y}}{{getvar::n}}", "xy"),
        ("{{incvar::n}}{{incvar::n}}{{decvar::n}}", "121"),
        ("{{addvar::n::1e999}}{{getvar::n}}", "inf"),
        ("{{setvar::a::1}}{{deletevar::a}}{{hasvar::a}}", "false"),
        ("{{setglobalvar::a::1}}{{getvar::a}}{{getglobalvar::a}}", "1"),
        ("{{setvar::a::b}}\n{{// note}}\n{{trim}}\n\nText", "Text"),
        ("a{{newline::2}}b{{space}}{{space::2}}c", "a\n\nb   c"),
        pytest.param("{{space::%s}}" % ("1" * 5000), "{{space::%s}}" % ("1" * 5000), id="endless"),
    ],
)
def test_each_macro(text: str, wanted: str) -> None:
    assert expand(text, char="Ada", user="Tom") == wanted


def test_a_scope_keeps_its_variables() -> None:
    scope = MacroScope("Ada", "Tom")
    expand_with("{{setvar::a::b}}", scope)
    assert expand_with("{{getvar::a}}", scope) == "b"
    assert variables.read(variables.write(scope.variables)) == {"a": "b"}


def test_variables_cannot_grow_without_end() -> None:
    scope = MacroScope("Ada", "Tom")
    for _ in range(20):
        expand_with("{{addvar::a::{{getvar::a}}x}}", scope)
    for number in range(600):
        expand_with(f"{{{{setvar::v{number}::1}}}}", scope)
    assert len(variables.write(scope.variables)) < 20_000


def test_damaged_variables_are_none() -> None:
    assert variables.read("[") == variables.read("[1]") == {}
    assert variables.of_table({"hp": 20, "bag": ["rope"]}) == {"hp": "20", "bag": '["rope"]'}
