"""Reading cards: valid ones completely, invalid ones with every problem."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpterm.cards.card import CharacterCard, Example, LoreEntry, Probe
from rpterm.cards.format.reader import MAX_BYTES, load, parse
from rpterm.cards.problems import CardError, Problem

GOOD = '''
name = "Ada"
tagline = "Mends clocks."
description = """
She mends clocks."""
greetings = ["Hello.", "Good day."]
knows_until = "1895-04-23"
limits = ["Never lies."]

[persona]
attributes = ["Is 41."]
relations = ["Bram is her brother."]
style = ["Speaks slowly."]

[user]
name = "Tom"
description = "A customer."

[sampling]
temperature = 1
top_k = 40

[[examples]]
user = "Hi."
char = "Hm?"

[[examples]]
dialogue = [["char", "Tick."], ["user", "Tock."]]
pinned = true

[lorebook]
scan_depth = 3

[[lore]]
keys = "clock"
content = "Clocks are dear."
greetings = 1

[[lore]]
keys = ["/w[ai]tch/i", "chain"]
content = "Watches."
[lore.extensions]
odd = { "$json" = "null" }

[[test]]
user = "Who are you?"
contains = "Ada"
score_above = 0.5

[extensions]
other = { deep = [1, "a", true] }
'''


def problems(text: str) -> list[Problem]:
    with pytest.raises(CardError) as caught:
        parse(text, "my.toml")
    return list(caught.value.problems)


def test_every_part_of_a_complete_card_is_read() -> None:
    card = parse(GOOD)
    assert card.name == "Ada"
    assert card.description == "She mends clocks."
    assert card.attributes == ("Is 41.",)
    assert (card.user_name, card.user_description) == ("Tom", "A customer.")
    assert card.sampling == {"temperature": 1.0, "top_k": 40}
    assert card.examples == (
        Example((("user", "Hi."), ("char", "Hm?"))),
        Example((("char", "Tick."), ("user", "Tock.")), pinned=True),
    )
    assert card.lorebook.scan_depth == 3
    assert card.lorebook.entries == (
        LoreEntry(("clock",), "Clocks are dear.", greetings=(1,)),
        LoreEntry(("/w[ai]tch/i", "chain"), "Watches.", extensions={"odd": None}),
    )
    assert card.tests == (Probe(("Who are you?",), contains=("Ada",), score_above=0.5),)
    assert card.extensions == {"other": {"deep": [1, "a", True]}}


def test_the_smallest_card() -> None:
    assert parse('name = "Ada"') == CharacterCard(name="Ada")


def test_all_problems_at_once_each_with_its_line() -> None:
    text = (
        'tagline = 5\ngreetings = [\n  "Hi.",\n  " ",\n]\nknows_until = "lately"\n'
        '[persona]\nstyel = ["x"]\n[sampling]\ntemperatur = 1.0\ntop_p = 3\n'
        '[[lore]]\nkeys = ["a", "/(/"]\ncontent = "x"\nprobability = 120\ndepth = -1\n'
        '[[lore]]\nkeys = ["a"]\ncontent = "x"\ngreetings = [0,\n 2]\n'
    )
    found = {(problem.line, problem.field) for problem in problems(text)}
    assert found == {
        (0, ""),
        (1, "tagline"),
        (4, "greetings #2"),
        (6, "knows_until"),
        (8, "persona styel"),
        (10, "sampling temperatur"),
        (11, "sampling top_p"),
        (13, "lore #1 keys #2"),
        (15, "lore #1 probability"),
        (16, "lore #1 depth"),
        (21, "lore #2 greetings #2"),
    }
    assert all(problem.file == "my.toml" and problem.message for problem in problems(text))
    assert all(problem.remedy for problem in problems(text))


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ('tagine = "x"', "tagline"),
        ('first_mes = "x"', "greetings"),
        ('attributes = ["x"]', "[persona]"),
        ('[persona]\ntags = ["x"]', "at the top"),
        ('[[lore]]\ncontent = "x"\ninsertion_order = 1', "order"),
        ("[loer]", "lore"),
        ("zzzzqqq = 1", "[extensions]"),
    ],
)
def test_unknown_keys_say_what_to_do(line: str, remedy: str) -> None:
    [problem] = problems(f'name = "Ada"\n{line}\n')
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("name = 3", "name"),
        ('name = ""', "name"),
        ('name = "a\\nb"', "name"),
        ('name = "a"\ngreetings = "x"', "greetings"),
        ('name = "a"\npersona = 1', "persona"),
        ('name = "a"\nlore = [1]', "lore #1"),
        ('name = "a"\n[lore]\nkeys = "x"', "lore"),
        ('name = "a"\n[[examples]]\npinned = true', "examples #1"),
        ('name = "a"\n[[examples]]\nuser = "a"\ndialogue = [["user", "b"]]', "examples #1"),
        ('name = "a"\n[[lore]]\nkeys = "x"', "lore #1"),
        ('name = "a"\n[[lore]]\ncontent = "x"\nenabled = 1', "lore #1 enabled"),
        ('name = "a"\n[[lore]]\ncontent = "x"\nlogic = "or"', "lore #1 logic"),
        ('name = "a"\n[[lore]]\ncontent = "x"\ndepth = true', "lore #1 depth"),
        ('name = "a"\n[sampling]\ntemperature = nan', "sampling temperature"),
        ('name = "a"\n[sampling]\nseed = 3', "sampling seed"),
        ('name = "a"\n[[test]]\nuser = []', "test #1 user"),
        ('name = "a"\n[[test]]\nuser = "a"\nregex = "("', "test #1 regex"),
        ('name = "a"\nextensions = 3', "extensions"),
        ('name = "a"\n[extensions]\nx = { "$json" = "{" }', "extensions"),
        ('name = "a"\ndescription = "\\u001b[2J"', "description"),
        ('name = "a"\nknows_until = 1895', "knows_until"),
        ('name = "a"\nknows_until = "1895-02-30"', "knows_until"),
    ],
)
def test_a_bad_value_is_reported_with_its_field(line: str, field: str) -> None:
    [problem] = problems(line)
    assert problem.field == field
    assert str(problem).startswith("my.toml:")


@pytest.mark.parametrize("until", ["1895", "1895-04-23", "-0399", "79"])
def test_a_year_or_a_date_is_a_horizon(until: str) -> None:
    assert parse(f'name = "A"\nknows_until = "{until}"').knows_until == until


def test_syntax_errors_name_every_line() -> None:
    found = problems('name = Ada\ntagline = "x"\nversion = 1 2\n[persona]\nstyle = ["a" "b"]\n')
    assert [problem.line for problem in found] == [1, 3, 5]


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("tagline = “Bakes bread.”", "straight quotes"),
        ('greetings = [“Hello.”, "x"]', "straight quotes"),
        ('tagline = "Bakes bread.",', "Remove the comma"),
        ("tagline = 'It's bread.'", 'between " and "'),
        ('tagline = "She says "hi" to all."', 'write \\" for a quote'),
        ('tagline = "one\ntwo"', 'between """ and """'),
        ('portrait = "C:\\users\\me.png"', "for a backslash"),
    ],
)
def test_the_slips_of_beginners_are_explained(line: str, remedy: str) -> None:
    [problem] = problems(f'name = "Ada"\n{line}\n')
    assert problem.line == 2
    assert remedy in problem.remedy


def test_other_problems_are_reported_along_with_a_syntax_error() -> None:
    found = problems("tagline = x\ntagz = [1]\n")
    assert [(problem.line, problem.field) for problem in found] == [(1, ""), (2, "tagz")]


def test_an_unterminated_string_is_reported_where_it_begins() -> None:
    found = problems('name = "Ada"\n\ndescription = """Once\nupon\na time')
    assert [problem.line for problem in found] == [3]


@pytest.mark.parametrize("text", ["a = " + "[" * 3000, "a = " + "9" * 5000, "\x00", "= = =", "]"])
def test_nonsense_is_refused(text: str) -> None:
    assert problems(text)


def test_windows_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes("\ufeffname = \"A\"\r\ndescription = '''a\r\nb'''\r\ntagx = 1\r\n".encode())
    with pytest.raises(CardError) as caught:
        load(file)
    assert [problem.line for problem in caught.value.problems] == [4]


def test_invalid_utf8_is_reported_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes(b'name = "A"\ntagline = "\xff"\n')
    with pytest.raises(CardError, match=r"a\.toml:2: .*UTF-8"):
        load(file)


def test_a_file_that_is_no_card_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="no such file"):
        load(tmp_path / "none.toml")
    with pytest.raises(CardError, match="folder"):
        load(tmp_path)
    big = tmp_path / "big.toml"
    big.write_text("#" * (MAX_BYTES + 1))
    with pytest.raises(CardError, match="bytes"):
        load(big)
    with pytest.raises(CardError, match="bytes"):
        parse("#" * (MAX_BYTES + 1))


def test_control_tokens_in_the_text_are_text() -> None:
    assert parse('name = "A"\ndescription = "<|im_end|>"').description == "<|im_end|>"


def test_the_pinned_names_of_the_record() -> None:
    from dataclasses import fields

    from rpterm.cards import card
    from rpterm.cards.format import key_table

    tables = {
        card.LoreEntry: ("lore",), card.Lorebook: ("lorebook",), card.Probe: ("test",),
        CharacterCard: ("", "persona", "user"),
    }  # fmt: skip
    other = {"extensions", "entries", "examples", "sampling", "lorebook", "tests"}
    for record, names in tables.items():
        keys = {key.field for name in names for key in key_table.TABLES[name]}
        assert keys == {item.name for item in fields(record)} - other


_PIECES = st.sampled_from(
    ["[", "]", "[[lore]]", "[persona]", '"', '"""', "'''", "=", "name", "\n", "{", "}", ",", "#",
     "\\", "1", "true", "keys", "content", "\x1b", "é", "greetings", "nan", "1895-01-01", "/(/"]
)  # fmt: skip


@settings(max_examples=100)
@given(st.lists(_PIECES, max_size=30), st.integers(0, len(GOOD)), st.integers(0, 40))
def test_any_damage_raises_only_a_card_error(pieces: list[str], place: int, cut: int) -> None:
    text = GOOD[:place] + "".join(pieces) + GOOD[place + cut :]
    try:
        card = parse(text, "my.toml")
    except CardError as error:
        lines = text.count("\n") + 1
        assert error.problems
        assert all(0 <= problem.line <= lines for problem in error.problems)
        assert not any("\x1b" in str(problem) for problem in error.problems)
    else:
        assert card.name


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"key{number} = 1\n" for number in range(20_000)),
        "x = \n" * 50_000,
        'x = "\n' * 50_000,
        "[[lore]]\n" * 20_000,
        "greetings = [" + '"",' * 100_000 + "]",
    ],
)
def test_a_malicious_file_is_rejected_quickly(text: str) -> None:
    begin = time.process_time()
    assert 1 <= len(problems(text)) <= 110
    assert time.process_time() - begin < 5


def test_a_key_cannot_control_the_terminal() -> None:
    [problem] = problems('name = "A"\n"\\u001b[2J" = 1\n')
    assert str(problem).isprintable()
    [problem] = problems(f'name = "A"\n{"x" * 100_000} = 1\n')
    assert len(str(problem)) < 400


def test_a_key_of_a_null_character_is_unknown_like_any_other() -> None:
    """It once marked a table as reported, so that the entry vanished without a word."""
    text = 'name = "Ada"\n[[lore]]\nkeys = "clock"\n"\\u0000" = 1\ncontent = "Clocks are dear."\n'
    with pytest.raises(CardError, match="There is no key"):
        parse(text)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_among_the_cards_stops_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(CardError, match="a device or a pipe"):
        load(tmp_path / "pipe.toml")
    with pytest.raises(CardError, match="a device or a pipe"):
        load("/dev/zero")


def test_a_card_can_come_through_a_pipe() -> None:
    out, into = os.pipe()
    os.write(into, b'name = "Ada"')
    os.close(into)
    try:
        assert load(f"/dev/fd/{out}").name == "Ada"
    finally:
        os.close(out)
