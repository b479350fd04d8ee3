"""The shipped cards: each is complete, never speaks for the user, and fits a small window."""

import re
from functools import cache
from pathlib import Path

import pytest

from rpterm.cards import library
from rpterm.cards.card import CharacterCard
from rpterm.cards.format import reader
from rpterm.cards.lore.lorebook import Matcher
from rpterm.cards.lore.records import LoreContext
from rpterm.cards.macros import expand

FOLDER = Path(__file__).resolve().parents[2] / "characters"
FILES = sorted(FOLDER.glob("*.toml"))
CHARACTERS_A_TOKEN = 4
ALWAYS_TOKENS = 1700
FORMAT = re.compile(r"(?:\s*(?:\*[^*]+\*|\"[^\"]+\"))+\s*")
ACTION = re.compile(r"\"[^\"]*\"|\*([^*]+)\*")
PLAYS_USER = re.compile(
    r"(?:^|[.;:!?,]\s+|\b(?:and|then|as|while|when)\s+)(?:you|\{\{user\}\})\s+\w", re.I
)

each_card = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@cache
def card_in(file: Path) -> CharacterCard:
    return reader.load(file)


def speaks_for_user(text: str) -> bool:
    """Whether a text has a line of the user's, or tells in an action what the user does."""
    if re.search(r"^\s*(?:\{\{user\}\}|user|you)\s*:", text, re.IGNORECASE | re.MULTILINE):
        return True
    actions = [found[1] for found in ACTION.finditer(text) if found[1]]
    return any(PLAYS_USER.search(action) for action in actions)


def always_present(card: CharacterCard) -> str:
    """What no prompt can do without, examples included."""
    examples = [line for example in card.examples for _, line in example.dialogue]
    constant = [entry.content for entry in card.lorebook.entries if entry.constant]
    single = [card.system_prompt, card.description, card.scenario, card.post_history_instructions]
    several = [*card.attributes, *card.relations, *card.style, *card.limits, *examples, *constant]
    return "\n".join([*single, *several])


def test_there_are_enough_and_sherlock_is_one() -> None:
    assert len(FILES) >= 8
    assert library.find("sherlock", [FOLDER]) == FOLDER / "sherlock.toml"


@each_card
def test_it_is_complete(file: Path) -> None:
    card = card_in(file)
    assert len(card.greetings) == 3
    assert len(card.examples) >= 8
    assert len(card.attributes) + len(card.relations) >= 12
    assert len(card.relations) >= 6
    assert card.tagline and card.scenario and card.limits and card.tags
    assert card.user_name and card.user_description
    assert 90 <= len(card.description.split()) <= 160
    assert all(60 <= len(greeting.split()) <= 135 for greeting in card.greetings)


@each_card
def test_no_line_is_repeated(file: Path) -> None:
    card = card_in(file)
    lines = [*card.attributes, *card.relations, *card.style, *card.limits, *card.greetings]
    assert len(set(lines)) == len(lines)


@each_card
def test_every_word_of_the_character_keeps_to_the_format(file: Path) -> None:
    card = card_in(file)
    replies = [text for each in card.examples for role, text in each.dialogue if role == "char"]
    for text in [*card.greetings, *replies]:
        if not FORMAT.fullmatch(nested_emphasis_removed(text)):
            pytest.fail(f'not only *actions* and "speech": {text}')


def nested_emphasis_removed(text: str) -> str:
    """The text without asterisks inside speech: there they stress a word."""
    return re.sub(r"\"[^\"]*\"", lambda found: found[0].replace("*", ""), text)


@each_card
def test_nobody_speaks_or_acts_for_the_user(file: Path) -> None:
    card = card_in(file)
    replies = [text for each in card.examples for role, text in each.dialogue if role == "char"]
    assert [text for text in [*card.greetings, *replies] if speaks_for_user(text)] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('*You walk in and sit down.* "Hello."', True),
        ('*She waits, and {{user}} takes the chair.* "Good."', True),
        ('"Hello."\n{{user}}: Hello.', True),
        ('*She looks at you.* "You walk like a dancer, {{user}}."', False),
        ('"Hush," *he says to {{user}}, and waits.*', False),
    ],
)
def test_the_check_for_speaking_for_the_user(text: str, expected: bool) -> None:
    assert speaks_for_user(text) is expected


@each_card
def test_lore_fires_on_its_own_keys(file: Path) -> None:
    book = card_in(file).lorebook
    assert 5 <= len(book.entries) <= 9
    for index, entry in enumerate(book.entries):
        assert 25 <= len(entry.content.split()) <= 70, entry.name
        for key in entry.keys:
            turns = [("user", f"Tell me about {key}, please.")]
            result = Matcher(book).fire(LoreContext(turns, greeting=0))
            assert index in [hit.index for hit in result.hits], key


@each_card
def test_macros_are_known(file: Path) -> None:
    card = card_in(file)
    lore = [entry.content for entry in card.lorebook.entries]
    text = "\n".join([always_present(card), *card.greetings, *lore])
    assert "{{" not in expand(text, char=card.char, user=card.user_name)


@each_card
def test_it_leaves_room_in_a_small_window(file: Path) -> None:
    assert len(always_present(card_in(file))) <= ALWAYS_TOKENS * CHARACTERS_A_TOKEN


@each_card
def test_the_portrait_is_a_small_png(file: Path) -> None:
    picture = file.parent / card_in(file).portrait
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(data) < 60_000


@each_card
def test_probes_ask_and_expect_something(file: Path) -> None:
    probes = card_in(file).tests
    assert 2 <= len(probes) <= 3
    for probe in probes:
        assert probe.user and probe.name
        assert probe.contains or probe.not_contains or probe.regex
        re.compile(probe.regex)


def test_historical_people_have_a_last_year() -> None:
    historical = [card_in(file) for file in FILES if "historical" in card_in(file).tags]
    assert len(historical) >= 3
    assert all(re.fullmatch(r"\d{4}(?:-\d\d-\d\d)?", card.knows_until) for card in historical)
