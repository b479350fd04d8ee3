"""The plain functions of the TUI: history, status line, hints, prompt pieces, branches."""

from __future__ import annotations

from dataclasses import replace

from textual.content import Content

from rpterm.chat.branches import leaves, without_unused_swipes
from rpterm.tui import key_names, keys
from rpterm.tui.screens.branches import stretches_of
from rpterm.tui.screens.chats import ago
from rpterm.tui.screens.chooser import highlighted
from rpterm.tui.screens.help import table
from rpterm.tui.widgets.hints import Hint
from rpterm.tui.widgets.hints import fit as fitting
from rpterm.tui.widgets.panes.prompt import pieces
from rpterm.tui.widgets.status import Figures, Phase, fit, parts
from rpterm.tui.widgets.transcript import kept_before
from rpterm.types import Span, Turn


def turn(id: int, parent: int | None) -> Turn:
    return Turn(id, 1, parent, "assistant", "Mara", f"text {id}")


def test_loaded_turns_above_a_new_tail_are_kept() -> None:
    shown = [turn(1, None), turn(2, 1), turn(3, 2), turn(4, 3)]
    assert kept_before(shown, [turn(3, 2), turn(4, 3), turn(5, 4)]) == 2
    assert kept_before(shown, [turn(1, None), turn(2, 1)]) == 0


def test_a_swiped_turn_replaces_its_sibling() -> None:
    shown = [turn(1, None), turn(2, 1), turn(3, 2)]
    assert kept_before(shown, [turn(9, 2)]) == 2


def test_another_chat_replaces_all_loaded_turns() -> None:
    assert kept_before([turn(1, None), turn(2, 1)], [turn(50, None), turn(51, 50)]) == 0
    assert kept_before([turn(1, None)], []) == 0


def test_the_status_line_drops_the_least_important_first() -> None:
    figures = Figures(
        Phase.READY, "model", used=1204, context=2048, reused=3912, evaluated=41, rate=61.6,
        first_s=0.312, hint="a hint",
    )  # fmt: skip
    wide = fit(parts(figures), 200).plain
    assert "reused 3,912 · evaluated 41" in wide
    assert "1,204/2,048" in wide and "62 tokens/s" in wide and "0.31 s" in wide
    assert "1 token/s" in fit(parts(replace(figures, rate=1.2)), 200).plain
    narrow = fit(parts(figures), 40).plain
    assert "ready" in narrow and "1,204/2,048" in narrow
    assert "hint" not in narrow and "tokens/s" not in narrow
    assert len(narrow) <= 40
    assert fit(parts(figures), 3).plain == "● ready"


def test_the_status_line_shows_left_out_turns_on_a_narrow_terminal() -> None:
    figures = Figures(
        Phase.READY, "SmolLM2-135M-Instruct.Q8_0", used=3000, context=4096, left=12,
        reused=2757, evaluated=2, score="in character 30%",
    )  # fmt: skip
    assert "3,000/4,096   12 turns left out" in fit(parts(figures), 76).plain
    assert "in character 30%" in fit(parts(figures), 76).plain
    assert "left out" not in fit(parts(replace(figures, left=0)), 76).plain


def test_the_status_line_keeps_the_score_longer_than_the_model() -> None:
    figures = Figures(
        Phase.READY, "SmolLM2-135M-Instruct Q4_1", used=3684, context=8192, score="in character 48%"
    )
    shown = fit(parts(figures), 76).plain
    assert shown.startswith("● ready") and "3,684/8,192" in shown
    assert shown.endswith("in character 48%")


def test_leaving_and_help_are_the_last_hints_to_be_dropped() -> None:
    hints = [
        Hint(Content("⏎ send")), Hint(Content("Esc back"), True), Hint(Content("^R retry")),
        Hint(Content("F1 help"), True),
    ]  # fmt: skip
    assert fitting(hints, 40).plain == "⏎ send   Esc back   ^R retry   F1 help"
    assert fitting(hints, 35).plain == "⏎ send  Esc back  ^R retry  F1 help"
    assert fitting(hints, 34).plain == "⏎ send  Esc back  F1 help"
    assert fitting(hints, 20).plain == "Esc back  F1 help"
    assert fitting(hints, 8).plain == "Esc back"
    assert fitting(hints, 3).plain == ""


def test_the_status_line_shows_progress_in_numbers() -> None:
    assert "loading 40%" in fit(parts(Figures(Phase.LOADING, share=0.4)), 80).plain
    assert "reading 120/900" in fit(parts(Figures(Phase.EVALUATING, done=120, total=900)), 80).plain


def test_template_tokens_are_merged_with_the_piece_they_wrap() -> None:
    spans = [
        Span("template", "<s>", (1,), "", "static"),
        Span("system", "Play.", (2, 3), "own", "static"),
        Span("template", "<u>", (4,), "", "history"), Span("turn:7", "Hi", (5,), "", "history"),
        Span("turn:7", "more", (6,), "", "history"),
    ]  # fmt: skip
    found = list(pieces(spans))
    assert [(zone, piece.source, piece.tokens) for zone, piece in found] == [
        ("static", "system", 3), ("history", "turn:7", 3),
    ]  # fmt: skip
    assert len({piece.key for _, piece in found}) == 2
    assert found[0][1].body == "<s>Play."


def test_branches_are_stretches_between_forks() -> None:
    tree = [turn(1, None), turn(2, 1), turn(3, 2), turn(4, 3), turn(5, 2), turn(6, 5)]
    found = list(stretches_of(tree, 4))
    assert [(s.first.id, s.last.id, s.length) for s in found] == [(1, 2, 2), (3, 4, 2), (5, 6, 2)]
    assert [s.shown for s in found] == [True, True, False]
    assert [s.drawing for s in found] == ["", "├", "└"]


def test_a_stretch_is_current_even_if_the_branch_ends_within_it() -> None:
    tree = [turn(1, None), turn(2, 1), turn(3, 1), turn(4, 3), turn(5, 4)]
    assert [stretch.first.id for stretch in stretches_of(tree, 4) if stretch.shown] == [1, 3]


def test_unused_swipes_are_counted_at_their_turn() -> None:
    # Greetings 1 to 3; 4 to 6 answer the third, of which 5 was gone on from; 8 and 9 follow it.
    tree = [
        turn(1, None), turn(2, None), turn(3, None), turn(4, 3), turn(5, 3), turn(6, 3),
        turn(7, 5), turn(8, 7), turn(9, 7),
    ]  # fmt: skip
    kept, left_out = without_unused_swipes(tree, 8)
    assert [each.id for each in kept] == [3, 5, 7, 8]
    assert left_out == {3: 2, 5: 2, 8: 1}
    (stretch,) = stretches_of(kept, 8, left_out)
    assert (stretch.length, stretch.swipes, stretch.last.id) == (4, 5, 8)
    assert [each.id for each in leaves(kept)] == [8]


def test_of_unused_swipes_only_the_newest_is_listed_and_branches_always() -> None:
    tree = [turn(1, None), turn(2, 1), turn(3, 1), turn(4, 1), turn(5, 2), turn(6, 5), turn(7, 5)]
    kept, left_out = without_unused_swipes(tree, 3)
    assert [each.id for each in kept] == [1, 2, 3, 5, 7]
    assert left_out == {3: 1, 7: 1}
    assert [each.id for each in leaves(kept)] == [7, 3]
    assert without_unused_swipes([], None) == ([], {})


def test_two_thousand_turns_in_a_row_are_one_stretch() -> None:
    tree = [turn(1, None), *(turn(n, n - 1) for n in range(2, 2001))]
    assert [s.length for s in stretches_of(tree, 2000)] == [2000]


def test_a_moment_is_shown_in_its_largest_unit() -> None:
    assert ago(1000, 1010) == "just now"
    assert ago(1000, 1000 + 120) == "2 min ago"
    assert ago(1000, 1000 + 3 * 86_400) == "3 d ago"


def test_search_hits_are_highlighted_and_the_rest_is_plain_text() -> None:
    content = highlighted("the \x02bell\x03 [red]rings[/red]")
    assert content.plain == "the bell [red]rings[/red]"
    marked = [content.plain[span.start : span.end] for span in content.spans]
    assert marked == ["bell"]


def test_the_help_states_a_condition_once_for_consecutive_keys() -> None:
    for heading, group in keys.groups().items():
        told = table(heading, group, {}, 70).plain
        assert told.count("when a turn is selected") < 4, told
    told = table("Rating", keys.groups()["Rating"], {}, 70).plain.splitlines()
    assert told[:2] == ["Rating", "when a turn is selected:"]
    assert next(line for line in told if "Alt+G" in line) == told[told.index("otherwise:") + 1]


def test_alt_is_displayed_the_same_way_everywhere() -> None:
    assert key_names.display_short("alt+h") == key_names.display("alt+h") == "Alt+H"
    assert key_names.display_short("ctrl+alt+h") == "^Alt+H"


def test_an_adapter_stays_visible_next_to_a_long_name() -> None:
    shown = fit(parts(Figures(model="SmolLM2-135M-Instruct.Q8_0 + holmes-dpo")), 200).plain
    assert "SmolLM2-135M-I… + holmes-dpo" in shown
    assert "thinker" in fit(parts(Figures(model="thinker")), 200).plain
