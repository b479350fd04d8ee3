"""Edits of the examples in a card's text, which leave everything else unchanged."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpterm.cards.authoring import example_edit
from rpterm.cards.authoring.example_edit import add, change
from rpterm.cards.card import Example
from rpterm.cards.format.reader import parse
from rpterm.errors import RptermError

SHERLOCK = Path(__file__).parents[2] / "characters" / "sherlock.toml"
NEW = Example((("user", "What's that?"), ("char", '*He looks.* "Nothing."\n\n"Truly."')))
LINES = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\"'\\"), min_size=1,
    max_size=40,
).filter(lambda text: text.strip() == text and bool(text))  # fmt: skip
EXAMPLES = st.lists(st.tuples(LINES, LINES), min_size=1, max_size=3).map(
    lambda pairs: Example(
        tuple(line for user, char in pairs for line in (("user", user), ("char", char)))  # type: ignore[misc]
    )
)


def changed(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[:1] in "+-"]


def test_a_new_example_only_adds_lines() -> None:
    text = SHERLOCK.read_text("utf-8")
    after = add(text, NEW)
    assert parse(after).examples[-1] == NEW
    assert all(line.startswith("+") for line in changed(text, after))
    assert after.index("What's that?") < after.index("[[lore]]")


def test_pinning_adds_one_line() -> None:
    text = SHERLOCK.read_text("utf-8")
    third = parse(text).examples[2]
    after = change(text, 3, Example(third.dialogue, pinned=True))
    assert changed(text, after) == ["+ pinned = true"]
    assert change(after, 3, third) == text


def test_comments_stay_where_an_example_changes() -> None:
    text = (
        'name = "A"  # who\n\n# the voice\n[[examples]]  # first\nuser = "a"  # asked\n'
        'char = "b"\n# the end\n'
    )
    after = change(text, 1, Example((("user", "a"), ("char", "c"))))
    assert changed(text, after) == ['- char = "b"', '+ char = "c"']
    for comment in ("# who", "# the voice", "# first", "# asked", "# the end"):
        assert comment in add(text, NEW)


DIALOGUE = """name = "A"
[[examples]]
dialogue = [  # the storm
    ["user", "a"],  # asked
    # she waits
    ['char', 'b'],   # at last
    [  "char",  "c"  ]
]  # the end
"""


def test_comments_and_layout_of_a_longer_dialogue_stay() -> None:
    after = change(DIALOGUE, 1, Example((("user", "a"), ("char", "It's b."), ("char", "c"))))
    assert after == DIALOGUE.replace("'b'", '"It\'s b."')
    pinned = Example((("user", "a"), ("char", "b"), ("char", "x\ny")), pinned=True)
    after = change(DIALOGUE, 1, pinned)
    assert after == DIALOGUE.replace('"c"', '"""\nx\ny"""') + "pinned = true\n"


def test_a_dialogue_of_two_lines_stays_one() -> None:
    text = 'name = "A"\n[[examples]]\ndialogue = [["user", "a"], ["char", "b"]]  # short\n'
    after = change(text, 1, Example((("user", "a"), ("char", "c"))))
    assert after == text.replace('"b"', '"c"')


def test_a_new_example_follows_the_last_one_after_a_blank_line() -> None:
    text = 'name = "A"\n\n[[examples]]\nuser = "a"\nchar = "b"'
    after = add(text, Example((("user", "c"), ("char", "d"))))
    assert after == f'{text}\n\n[[examples]]\nuser = "c"\nchar = "d"\n'


@pytest.mark.parametrize("end", ["", "\r\n", "\r\n\r\n"])
@pytest.mark.parametrize("body", ["", '\r\n[[examples]]\r\nuser = "a"\r\nchar = "b"'])
def test_line_ends_are_kept(body: str, end: str) -> None:
    text = f'name = "A"\r\ntagline = "T"{body}{end}'
    for after in (add(text, NEW), add(add(text, NEW), NEW)):
        assert after.count("\n") == after.count("\r\n") and "\r\n" * 3 not in after
        assert parse(after).examples[-1] == NEW


@pytest.mark.parametrize(
    "text",
    [
        'name = "A"\n', 'name = "A"\n[[lore]]\nkeys = ["k"]\ncontent = "c"',
        "name = 'A'\nexamples = [{user = 'a', char = 'b'}]\n",
        "name = 'A'\nexamples = []\n",
    ],
)  # fmt: skip
def test_an_example_can_be_added_to_any_layout(text: str) -> None:
    before = parse(text).examples
    assert parse(add(text, NEW)).examples == (*before, NEW)


def test_there_is_no_such_example() -> None:
    with pytest.raises(RptermError, match="has 0 examples"):
        change('name = "A"\n', 1, NEW)


def test_a_layout_that_cannot_be_changed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example_edit, "_table_text", lambda example: "# nothing\n")
    with pytest.raises(RptermError, match="edit the file"):
        add('name = "A"\n', NEW)


@settings(max_examples=20)
@given(st.lists(EXAMPLES, min_size=1, max_size=4), EXAMPLES, st.data())
def test_any_text_reads_back(examples: list[Example], other: Example, data: st.DataObject) -> None:
    text = 'name = "A"  # who\n'
    for example in examples:
        text = add(text, example)
    assert parse(text).examples == tuple(examples)
    number = data.draw(st.integers(1, len(examples)))
    wanted = [*examples[: number - 1], other, *examples[number:]]
    assert parse(change(text, number, other)).examples == tuple(wanted)
    assert text.startswith('name = "A"  # who\n')
