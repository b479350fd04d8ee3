"""Role-play text: what is styled, what is not, and what a terminal must never receive."""

from __future__ import annotations

import pytest
from textual.content import Content

from rpterm.tui import text
from rpterm.tui.markup import BOLD, CODE, SPEECH, roleplay
from rpterm.tui.text import ACTION, harmless, one_line


def styled(source: str, style: str, **kwargs: bool) -> list[str]:
    content = roleplay(source, **kwargs)
    return [content.plain[span.start : span.end] for span in content.spans if span.style == style]


def test_action_speech_bold_and_code_are_styled_and_their_marks_hidden() -> None:
    source = '*She nods.* "Come in," **now**, says `the door`.'
    assert roleplay(source).plain == 'She nods. "Come in," now, says the door.'
    assert styled(source, ACTION) == ["She nods."]
    assert styled(source, SPEECH) == ['"Come in,"']
    assert styled(source, BOLD) == ["now"]
    assert styled(source, CODE) == ["the door"]


def test_marks_stay_visible_without_colour() -> None:
    assert roleplay("*She nods.* **No.**", marks=True).plain == "*She nods.* **No.**"


def test_curly_quotes_and_quotes_inside_an_action_are_speech() -> None:
    assert styled("“Hush.” *He says “now” twice.*", SPEECH) == ["“Hush.”", "“now”"]


def test_an_unclosed_quote_ends_with_its_paragraph() -> None:
    assert styled('"I was there\nHe left.', SPEECH) == ['"I was there']


@pytest.mark.parametrize("source", ["5 * 3 * 2", "a * b", "2*3*4", "snake_case_name", '5" wide'])
def test_arithmetic_snake_case_and_inches_are_not_styled(source: str) -> None:
    content = roleplay(source)
    assert content.plain == source
    assert not content.spans


def test_a_mark_that_is_still_open_is_styled_as_if_it_were_closed() -> None:
    for streaming in (False, True):
        assert styled("Then *she turns", ACTION, streaming=streaming) == ["she turns"]
        assert roleplay("Then *she turns", streaming=streaming).plain == "Then she turns"
    # Without colours the mark stays, but the words are the same.
    assert roleplay("Then *she turns", streaming=True, marks=True).plain == "Then *she turns"
    assert roleplay("Then *she turns", marks=True).plain == "Then *she turns"


def test_a_mark_that_was_never_closed_ends_where_speech_begins() -> None:
    forgotten = '*She turns. "No," *she says.* **Quietly\n\n*The bell. "Now."'
    assert styled(forgotten, ACTION) == ["She turns.", "she says.", "The bell."]
    assert styled(forgotten, BOLD) == ["Quietly"]
    assert roleplay(forgotten).plain == 'She turns. "No," she says. Quietly\n\nThe bell. "Now."'
    # While it streams, the last one may still be closed behind the speech.
    assert styled('*She says "No', ACTION, streaming=True) == ['She says "No']


def test_markup_of_rich_and_textual_stays_text() -> None:
    source = "[red]no[/red] [@click=app.quit]x[/] [b]y"
    assert roleplay(source).plain == source


def test_control_characters_are_made_visible() -> None:
    assert harmless("a\x1b[31mb\x00c\x07") == "a␛[31mb␀c␇"
    assert harmless("one\r\ntwo\ttab") == "one\ntwo    tab"
    assert harmless("\u202eevil\u2066") == "�evil�"
    assert harmless("\ud800 alone") == "� alone"
    assert harmless("plain ünïcødé 👩‍🚀") == "plain ünïcødé 👩‍🚀"


def test_one_line_shortens_and_joins_a_text() -> None:
    assert one_line("*She\nnods.*  **Yes**") == "She nods. Yes"
    assert one_line("x" * 50, 10) == "x" * 9 + "…"


def test_cells_flow_into_lines_and_are_never_broken() -> None:
    cells = [Content("━ words 56%"), Content("─ next to a match 20%"), Content("· rest")]
    assert text.flow(cells, 30).plain == "━ words 56%\n─ next to a match 20%  · rest"
    assert text.flow((), 30).plain == ""


def test_each_line_of_wrapped_content_has_the_prefix() -> None:
    hung = text.hang(Content("one two three\nfour"), 9, "| ")
    assert hung.plain == "| one two\n| three\n| four"


def test_a_bar_shows_something_as_soon_as_there_is_something() -> None:
    assert text.bar(0.0, 8) == ("", "─" * 8)
    assert text.bar(0.001, 8) == ("━", "─" * 7)
    assert text.bar(2.0, 8) == ("━" * 8, "")


@pytest.mark.parametrize("piece", ["**a ", "*a ", '*a "b **c `d _e\n', "**a ** b ", '"a '])
def test_marks_that_never_close_cost_time_in_proportion_to_the_text(piece: str) -> None:
    roleplay(piece * (240_000 // len(piece)))  # a second; a quarter of an hour otherwise
