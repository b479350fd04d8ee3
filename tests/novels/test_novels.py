"""Who says what in a book, and the card that comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from story import STORY, paragraphs

from rpterm.bench import novels
from rpterm.cards.authoring.template import template
from rpterm.cards.card import CharacterCard, Example
from rpterm.cards.format.reader import parse
from rpterm.errors import RptermError
from rpterm.novels import gender
from rpterm.novels.book import Book
from rpterm.novels.names import NameEvidence, add_rank_nouns, group_names
from rpterm.novels.portrait import draft_card
from rpterm.novels.quotations import marks_of, restore_apostrophes, split_paragraphs
from rpterm.novels.speech_tags import Kind, SpeechTag, tag_after, tag_before
from rpterm.novels.style import speech_style
from rpterm.novels.voices import Voices
from rpterm.text.sentences import sentences

FILLER = ['"So," said Nobody.'] * 4
"""Enough marks for a short text to have some."""


@pytest.fixture(scope="module")
def book() -> Book:
    return Book(paragraphs())


def speaker(book: Book, words: str) -> tuple[str | None, str | None]:
    """Who says this, and by which rule."""
    line = next(each for each in book.lines if words in each.paragraph.speech)
    return (line.speaker.name if line.speaker else None), line.how


# Cues for who speaks ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("said Mademoiselle. The lamp smoked.", "Mademoiselle"),
        ("said Anna--quite softly.", "Anna"),
        ("said the Count de St. Alard, bowing.", "the Count de St. Alard"),
        ("said Mr Pell.", "Mr Pell"),
        ("said Dr. Orme. He sat.", "Dr. Orme"),
        ("said Miss.", None),
    ],
)
def test_a_name_ends_where_it_ends(told: str, name: str | None) -> None:
    tag = tag_after(told)
    assert (tag.text if tag else None) == name


def test_an_honorific_tells_the_sex_of_the_listener() -> None:
    assert gender.of_listener("Yes, sir, at once.") is False
    assert gender.of_listener("I never saw it, ma'am.") is True
    assert gender.of_listener("Ask my father. The sir of it!") is None
    assert gender.of_listener("Sir, and you, madam, be seated.") is None


def test_sir_is_said_to_the_man_who_answers() -> None:
    told = [
        "Mrs. Orme met Mr. Pell at the gate.",
        '"The bridge is down, sir."',
        '"Then I walk."',
        "It rained.",
        "It rained more.",
        "It rained still.",
    ]
    book = Book([*paragraphs(), *told])
    assert speaker(book, "bridge is down")[0] == "Mrs. Orme"
    assert speaker(book, "Then I walk")[0] == "Mr. Pell"


def test_a_woman_named_long_before_may_be_the_she_who_speaks() -> None:
    far = ["Dora went out to the bridge alone.", *["The rain fell."] * 9]
    book = Book([*paragraphs(), *far, '"Nobody is here," she said.'])
    assert speaker(book, "Nobody is here")[0] == "Dora"


def test_a_line_sounds_like_whoever_uses_its_words() -> None:
    voices = Voices(
        [(1, "Ann", "Verily the tide, verily the moon."), (2, "Bob", "Grand, that is grand, lad.")]
    )
    ratios = voices.log_ratios(9, "Grand, lad", ("Ann", "Bob"))
    assert ratios["Bob"] > 0 > ratios["Ann"]
    own = voices.log_ratios(1, "Verily the tide, verily the moon.", ("Ann", "Bob"))
    assert set(own.values()) == {0.0}, "a line is no evidence for its own speaker"


# What is said -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "said", "told"),
    [
        ('"No," said Ann. "Not yet."', ("No,", "Not yet."), ("", "said Ann.", "")),
        ('He called it "the Hat" again.', (), ("He called it the Hat again.",)),
        ("Nothing is said.", (), ("Nothing is said.",)),
    ],
)
def test_a_paragraph_is_split_into_quotes_and_narration(
    text: str, said: tuple[str, ...], told: tuple[str, ...]
) -> None:
    first = split_paragraphs([text, *FILLER])[0]
    assert (first.quotes, first.narration_parts) == (said, told)


def test_a_speech_goes_on_in_the_next_paragraph() -> None:
    first, second, third = split_paragraphs(
        ['"I have much to say.', '"And more," said Ann.', '"Do."', *FILLER]
    )[:3]
    assert not first.continues_speech and second.continues_speech and not third.continues_speech


def test_other_marks_and_apostrophes() -> None:
    curly = ["“Don’t,” said Ann. “It’s his.”"] * 20
    assert split_paragraphs(curly)[0].quotes == ("Don’t,", "It’s his.")
    single = ["‘Don’t,’ said Ann. ‘It’s his.’", "Ann’s hat fell. ‘It’s mine.’"] * 20
    assert split_paragraphs(single)[0].quotes == ("Don’t,", "It’s his.")
    assert marks_of(["no marks at all"]) is None


@pytest.mark.parametrize("marks", ["«»", "»«", "„“", "„”", "‹›", "›‹", "‚‘", "「」", "“”", "‘’"])
def test_the_quotation_marks_of_other_languages(marks: str) -> None:
    opening, closing = marks[0], marks[1]
    told = [f"{opening}No,{closing} said Ann. {opening}Not yet.{closing}", "Ann left."] * 9
    assert marks_of(told) == (opening, closing)
    assert split_paragraphs(told)[0].quotes == ("No,", "Not yet.")


def test_a_copy_that_lost_its_apostrophes_has_them_again() -> None:
    lost = ["It s Kemp s house, and I don t mind. He d say they ll come; I m sure."] * 2
    assert restore_apostrophes(lost)[0] == (
        "It's Kemp's house, and I don't mind. He'd say they'll come; I'm sure."
    )
    whole = ["It's Kemp's house, and I don't mind the letter s or t of it: that's all."] * 9
    assert restore_apostrophes(whole) == whole


@given(st.lists(st.text('ab ".“”', max_size=30), max_size=6))
def test_no_letter_is_lost(texts: list[str]) -> None:
    for text, apart in zip(texts, split_paragraphs([*texts, *FILLER]), strict=False):
        told = "".join((*apart.narration_parts, *apart.quotes))
        assert sorted(c for c in told if c in "ab") == sorted(c for c in text if c in "ab")
        assert len(apart.narration_parts) == len(apart.quotes) + 1


def test_a_title_ends_no_sentence() -> None:
    assert sentences("He met Mr. Pell. It rained.") == ["He met Mr. Pell.", "It rained."]


# Who says it --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("words", "who"),
    [
        ("You are late", ("Mrs. Orme", "named")),
        ("The river took", ("Mr. Pell", "named")),
        ("In your boots!", ("Mrs. Orme", "turns")),
        ("Where else", ("Mr. Pell", "turns")),
        ("on their roofs", ("Dora", "named")),
        ("Eleven", ("Dora", "named")),
    ],
)
def test_each_line_is_attributed_to_who_says_it(
    book: Book, words: str, who: tuple[str, str]
) -> None:
    assert speaker(book, words) == who


def test_a_name_with_and_without_its_title_is_one_person() -> None:
    told = [
        '"Yes," said Pell.',
        '"No," said Mr. Pell.',
        '"Yes," said Pell.',
        '"Do," said Mr. Pell.',
    ]
    (person,) = Book([*told, *(['"x."'] * 10)]).people.persons
    assert person.names == {"Pell", "Mr. Pell"} and person.female is False


def test_two_who_talk_to_each_other_stay_two_people() -> None:
    talk = [
        "The Grey Heron sat with poor Grey Heron.",
        "“No room,” said the Toad, looking at Grey Heron.",
        "“It is the best mud,” said the Grey Heron.",
        "“Why should it be,” said the Toad, nodding at the Grey Heron.",
    ]
    names = [person.names for person in Book(talk * 3).people.persons]
    assert {"the Toad"} in names and len(names) == 2


def test_the_reader_can_name_a_nickname() -> None:
    told = ['"Yes," said Dora.', '"No," said Dolly.'] * 10
    assert len(Book(told).people.persons) == 2
    (person,) = Book(told, same=("Dora", "Dolly")).people.persons
    assert person.names == {"Dora", "Dolly"}


def test_he_is_not_a_woman_named_before(book: Book) -> None:
    who, _ = speaker(book, "She reads it to us")
    assert who in (None, "Mr. Pell")


def test_a_first_person_narrator_gets_the_name_others_use() -> None:
    told = [
        "I had walked all day, and my boots were full of the river. I sat down by the wall.",
        '"You are wet, Wade," said Ann.',
        '"It is the river," I said.',
        '"Sit by the stove, Wade," said Ann.',
        '"Gladly," I answered. "My coat as well?"',
        "I hung it up, and I thought of the mill.",
        *['"Drink this, Wade," said Ann.'] * 4,
    ]
    book = Book(told)
    assert book.people.narrator is not None and book.people.narrator.name == "Wade"
    assert speaker(book, "It is the river") == ("Wade", "named")


def test_a_first_person_narrator_may_give_a_name() -> None:
    told = [
        "My name is Margaret Fell. I had walked all day, and my boots were full of the river.",
        *['"You are wet," said Ann.', '"It is the river," I said.', "I sat down."] * 3,
    ]
    narrator = Book(told).people.narrator
    assert narrator is not None and (narrator.name, narrator.female) == ("Margaret Fell", True)


def test_a_later_name_identifies_earlier_speakers() -> None:
    told = [
        "Ann and Ben met on the bridge.",
        '"It rains again."',
        '"It does."',
        '"And nobody says why," said Ann.',
        '"Ask the miller," said Ben.',
        *['"So," said Ann.', '"Yes," said Ben.'] * 3,
    ]
    book = Book(told)
    assert speaker(book, "It rains again") == ("Ann", "turns")
    assert speaker(book, "It does") == ("Ben", "turns")


@pytest.mark.parametrize(
    ("told", "kind", "text"),
    [
        ("said Mr. Pell, wringing out his hat.", "name", "Mr. Pell"),
        ("she asked, at last.", "pronoun", "she"),
        ("I cried.", "narrator", ""),
        ("said the old lady with the lamp.", "noun", "the old lady"),
        ("was his only answer.", "pronoun", "he"),
        ("was Mr. Pell's only answer.", "name", "Mr. Pell"),
        ("corroborated Flora Jane earnestly.", "name", "Flora Jane"),
        ("said the gentle Mrs. Orme, smiling.", "name", "Mrs. Orme"),
        ("said the bewildered Colonel.", "name", "the Colonel"),
    ],
)
def test_a_tag_is_read(told: str, kind: str, text: str) -> None:
    assert tag_after(told) == SpeechTag(cast(Kind, kind), text)


def test_a_tag_before_a_quotation_is_read() -> None:
    assert tag_before("The door opened. Mr. Pell bowed to her, and said,") == SpeechTag(
        "name", "Mr. Pell"
    )
    assert tag_before("Ann had not heard; but now, with a smile, she said:") == SpeechTag(
        "pronoun", "she"
    )
    assert tag_before("He thanked them all, and added,") == SpeechTag("pronoun", "he")
    assert tag_before("Taking it as a joke, he said, with a smile") == SpeechTag("pronoun", "he")
    assert tag_before("It rained.") is None
    went = "The goat saw her, as she went about, and it called out in anger,"
    assert tag_before(went) is None, "who goes does not speak; who goes on does"
    assert tag_before("She rose, and she went on:") == SpeechTag("pronoun", "she")


@pytest.mark.parametrize("told_apart", ["Young Tom yawned.", "Mrs. Thomas Hale yawned."])
def test_a_son_or_younger_brother_is_not_the_head_of_the_family(told_apart: str) -> None:
    told = [
        '"I," said Mr. Hale.', "Rain.", '"No," said Tom.', "Rain.", '"So," said Thomas Hale.',
        "Rain.", '"Me," said Hale.', "Rain.", '"And I," said Mr. Hale.', told_apart,
    ] * 4  # fmt: skip
    groups = [person.names for person in Book(told).people.persons]
    assert {"Tom", "Thomas Hale"} in groups
    assert {"Hale", "Mr. Hale"} in groups


def test_who_reacts_to_a_line_did_not_say_it() -> None:
    told = [
        "Ann met Ben on the bridge.",
        '"It rains again."',
        "Ben laughed at that, and sat down.",
        *['"So," said Ann.', '"Yes," said Ben.'] * 3,
    ]
    assert speaker(Book(told), "It rains again")[0] == "Ann"


def test_a_paragraph_that_breaks_off_introduces_the_next_line() -> None:
    told = [*paragraphs(), "Mr. Pell looked at Dora, and then he said—", '"Nobody is here."']
    line = Book(told).lines[-1]
    assert line.speaker is not None and (line.speaker.name, line.how) == ("Mr. Pell", "pronoun")
    told = [*paragraphs(), '"So it is," said Dora. She turned, and Mr. Pell added:', '"Ah."']
    line = Book(told).lines[-1]
    assert line.speaker is not None and (line.speaker.name, line.how) == ("Mr. Pell", "named")


def test_a_conversation_ends_with_its_chapter() -> None:
    told = [*paragraphs(), '"Will you go?" asked Dora.', '"I went at dawn."']
    line = Book(told, headings=[("I",)] * (len(told) - 1) + [("II",)]).lines[-1]
    assert Book(told).lines[-1].replies_to is not None and line.replies_to is None


def test_a_pet_name_is_the_same_person_and_a_father_is_not() -> None:
    told = [
        '"I," said Mr. Hale.', '"No," said Lizzy.', '"So," said Mr. Hale.',
        '"Me," said Elizabeth Hale.', "Elizabeth Hale laughed, and she sat down.",
    ] * 3  # fmt: skip
    groups = {person.names for person in Book(told).people.persons}
    assert groups == {frozenset({"Lizzy", "Elizabeth Hale"}), frozenset({"Mr. Hale"})}


@pytest.mark.parametrize(
    ("names", "female"),
    [
        (("Lady Catherine", "Kitty"), {"Lady Catherine": True, "Kitty": True}),
        (("Mordecai Smith", "Mrs. Smith"), {"Mrs. Smith": True}),
        (("Maria Lucas", "Lady Lucas"), {"Maria Lucas": True, "Lady Lucas": True}),
    ],
)
def test_a_wife_and_a_lady_are_not_their_families(
    names: tuple[str, ...], female: dict[str, bool]
) -> None:
    evidence = NameEvidence(dict.fromkeys(names, 5), female)
    assert len(group_names(evidence)) == 2


def test_a_wife_is_herself() -> None:
    names = ("Edna Pontellier", "Mrs. Pontellier")
    evidence = NameEvidence(dict.fromkeys(names, 5), dict.fromkeys(names, True))
    assert group_names(evidence) == [set(names)]


def test_a_rank_is_a_name_of_the_one_who_holds_it() -> None:
    told = [
        '"Sit," said Captain Hale.', '"No," said Bess.', '"Sit," growled the captain.',
        'Bess stood before Captain Hale. "No," said Bess.',
    ] * 3  # fmt: skip
    book = Book(told)
    captain = book.people.named("Captain Hale")
    assert captain is not None and "the captain" in captain.names
    said = {line.paragraph.text: line.speaker for line in book.lines}
    assert said['"Sit," growled the captain.'] == captain
    counts = {"Captain Hale": 5, "Captain Moss": 4}
    groups = [{name} for name in counts]
    add_rank_nouns(groups, counts)
    assert groups == [{"Captain Hale"}, {"Captain Moss"}]


def test_who_is_spoken_to_is_there() -> None:
    told = [
        "Mr. Gray watched from the door. Mr. Gray said nothing. Mr. Gray was tired.",
        '"Good morning," said Hale.', '"Good morning, sir."', '"How is the boy, Mrs. Smith?"',
        '"Well, sir."',
    ]  # fmt: skip
    about = ['"I," said Mr. Gray.', '"So," said Hale.', '"Oh," said Mrs. Smith.'] * 2
    book = Book([*about, *["It rained."] * 8, *told])
    assert [line.speaker.name for line in book.lines[-4:] if line.speaker] == [
        "Hale", "Mrs. Smith", "Hale", "Mrs. Smith",
    ]  # fmt: skip


def test_style_says_what_a_model_can_do() -> None:
    own = ["Oh, I don't know! The goose is a goose, my dear!"] * 8
    others = ["We do not think that the weather is going to be any better before Sunday."] * 20
    told = " ".join(speech_style(own, others))
    assert "shorter than the others" in told and "Exclaims" in told and "“goose”" in told
    assert "“Oh”" in told and "“my dear”" in told


# The card -----------------------------------------------------------------------------------
def test_a_card_of_the_books_own_words(book: Book) -> None:
    person = book.people.named("Mrs. Orme")
    assert person is not None
    drafted = draft_card(book, person, "The Flood", "1840")
    card = drafted.card
    assert (card.name, card.knows_until) == ("Mrs. Orme", "1840")
    assert "ink on every finger" in card.description
    told = " ".join([card.description, *card.attributes])
    assert "no patience" in told, "she, right after her name"
    assert not any(claim in card.description for claim in card.attributes), "nothing is told twice"
    assert not any("times" in claim for claim in card.attributes), "what is counted is no claim"
    assert card.greetings and card.examples
    for example in card.examples:
        (asked_by, _), (said_by, said) = example.dialogue
        assert (asked_by, said_by) == ("user", "char")
        assert "Mrs. Orme" not in said, "the book's own words about who speaks are taken off"
    assert parse(template(card, "", drafted.notes), "card.toml") == parse(template(card), "c.toml")


def test_a_talk_of_several_turns_reads_back_from_the_template() -> None:
    talk = Example((("user", "In?"), ("char", "Out."), ("user", "Why?"), ("char", "Rain.")))
    card = CharacterCard("Ann", examples=(talk,))
    assert parse(template(card), "card.toml").examples == (talk,)


# Measured -----------------------------------------------------------------------------------
def test_the_benchmark_counts_right_and_wrong(tmp_path: Path) -> None:
    folder = tmp_path / "Flood"
    folder.mkdir()
    (folder / "text.txt").write_text(STORY, encoding="utf-8")
    (folder / "characters.csv").write_text(
        "Character ID,Main Name,Aliases\n0,Mrs. Orme,{'Mrs. Orme'}\n1,Dora,\"{'Dora', 'Dolly'}\"\n"
    )
    said = [("You are late, Pell,", "Mrs. Orme", "Explicit"), ("Eleven,", "Mrs. Orme", "Explicit"),
            ("Nobody asked the lower town,", "Dolly", "Implicit")]  # fmt: skip
    rows = ["quoteText,speaker,quoteByteSpans,quoteType"]
    for text, speaker, kind in said:
        at = STORY.index(text)
        rows.append(f'"{text}",{speaker},"[[{at}, {at + len(text)}]]",{kind}')
    rows.append('"CHAPTER",Dora,"[[0, 7]]",Implicit')
    (folder / "quotations.csv").write_text("\n".join(rows) + "\n")
    found = novels.run(lambda done, total: None, tmp_path)
    assert (found["quotations"], found["coverage"]) == (4, 0.75)
    assert found["precision"]["value"] == pytest.approx(2 / 3, abs=0.001)
    assert found["accuracy"]["value"] == 0.5
    assert found["kinds"]["implicit"]["value"] == 0.5
    assert found["characters"]["main"] == 0


def test_a_folder_without_novels_is_told(tmp_path: Path) -> None:
    with pytest.raises(RptermError, match="no novel"):
        novels.run(lambda done, total: None, tmp_path)


def test_a_novel_that_lacks_a_file_or_a_column_is_told(tmp_path: Path) -> None:
    (tmp_path / "Flood").mkdir()
    (tmp_path / "Flood" / "quotations.csv").write_text("quoteText,speaker\nYes.,Dora\n")
    with pytest.raises(RptermError, match=r"characters.csv cannot be read"):
        novels.run(lambda done, total: None, tmp_path)
    (tmp_path / "Flood" / "characters.csv").write_text("Main Name,Aliases\nDora,{'Dora'}\n")
    with pytest.raises(RptermError, match="no columns quoteByteSpans and speaker"):
        novels.run(lambda done, total: None, tmp_path)


TALKS = """\
"The goat is on the roof," said Mr. Pell, "and it will not come down for anybody."

"Then bring it hay," said Dora, "--hay, and a rope of good length."

"Is there any hay left in the flooded barn?" asked Mr. Pell.

"There is hay enough in the loft," said Dora. "Goats never ask how dry it is."

"You should be the mayor of this wet valley," said Mr. Pell.

"If they did," said Dora, "I would still climb on roofs."

"Do you never look before you jump into things?" asked Mr. Pell.

"I saw the goat!" she suddenly cried, pointing up at it. And she nodded at the barn. "It jumped."
"""


def test_no_answer_stands_in_two_examples_and_tags_leave_no_commas() -> None:
    book = Book([*paragraphs(), *TALKS.split("\n\n")])
    dora = book.people.named("Dora")
    assert dora is not None
    examples = draft_card(book, dora, "The Flood").card.examples
    turns = [turn for example in examples for turn in example.dialogue]
    answers = [text for role, text in turns if role == "char"]
    assert len(answers) == len(set(answers)) >= 3
    assert '"Then bring it hay--hay, and a rope of good length."' in answers
    assert any("loft. Goats" in text for text in answers)
    assert '"If they did, I would still climb on roofs."' in answers
    assert any("*Pointing up at it. And she nodded" in text for text in answers)
    asked = [text for role, text in turns if role == "user"]
    assert any("roof, and it" in text for text in asked)


def test_a_card_has_no_line_of_somebody_who_is_called_by_name() -> None:
    talk = [
        '"Who sits on the roof of the mill tonight?" asked Mr. Pell.',
        '"Nobody has ever sat on that roof, Dora, in my time," said Dora.',
        "It rained.",
        '"Who will feed the goat tonight, Mrs. Orme?" asked Mr. Pell.',
        '"Nobody ever feeds that goat in winter," said Dora.',
    ]
    book = Book([*paragraphs(), *TALKS.split("\n\n"), *talk])
    dora = book.people.named("Dora")
    assert dora is not None
    card = draft_card(book, dora, "The Flood").card
    texts = (*card.greetings, str(card.examples))
    assert not any("in my time" in text or "in winter" in text for text in texts)


def test_a_form_of_address_keeps_its_capitals() -> None:
    own = ["My dear Ann, sit down.", "Sit, my dear Ann!", "Oh, my dear Ann, no."] * 9
    assert "Calls people “my dear Ann”." in list(speech_style(own, ["It rains."] * 27))


def test_who_is_not_described_is_known_by_their_company() -> None:
    told = [
        '"Mind the step, Dora," said the Ferryman.',
        '"I see it, Ferryman," said Dora.',
        '"It is a wet step, Dora," said the Ferryman.',
        '"You are a good man, Ferryman," said Dora.',
    ]
    book = Book([*paragraphs(), *["It rained."] * 4, *told, *told])
    ferryman = book.people.named("the Ferryman")
    assert ferryman is not None
    card = draft_card(book, ferryman, "The Flood").card
    assert card.description == (
        "The Ferryman is a character of “The Flood”, who talks mostly with Dora."
    )
    dora = book.people.named("Dora")
    assert dora is not None
    lore = draft_card(book, dora, "The Flood").card.lorebook
    assert not any(entry.content.startswith("You ") for entry in lore.entries)


def test_who_is_talked_about_is_not_the_one_spoken_to() -> None:
    talk = [
        '"Who sits on the roof of the mill tonight?" asked Mr. Pell.',
        '"I dare say that Mr. Pell sits up there with goats," said Dora.',
    ]
    book = Book([*paragraphs(), *TALKS.split("\n\n"), *talk])
    dora = book.people.named("Dora")
    assert dora is not None
    card = draft_card(book, dora, "The Flood").card
    assert "dare say that {{user}}" not in str((card.greetings, card.examples))


def test_he_is_nobody_whom_his_own_sentence_names_after_him() -> None:
    told = [
        *['"So," said Mr. Pell.', '"No," said Mr. Orme.', '"Ah," said Mrs. Hale.'] * 4,
        '"The clock is late," said Mr. Orme.',
        '"It is, sir," said Mrs. Hale.',
        '"I am glad to have it mended," he said, seeing a doubt in Mr. Pell\'s eyes.',
    ]
    assert speaker(Book(told), "glad to have it mended")[0] == "Mr. Orme"


def test_the_pronouns_around_a_noun_tell_its_sex() -> None:
    told = [
        '"Very well, sir," said Mrs. Hale.', '"Thanks," said the stranger.',
        "The stranger went to his window. He closed it, and the stranger sat down by his fire.",
    ] * 7  # fmt: skip
    stranger = Book(told).people.named("the stranger")
    assert stranger is not None and stranger.female is False


def test_he_beside_a_line_is_who_acted_last() -> None:
    told = [
        *['"So," said Mr. Pell.', '"No," said Mr. Orme.', '"Ah," said Mrs. Hale.'] * 4,
        *["It rained."] * 4,
        "Mr. Orme came in with Mr. Pell's lamp. He shut the door.",
        'He put it down. "Who is at the mill?"',
    ]
    assert speaker(Book(told), "Who is at the mill")[0] == "Mr. Orme"


def test_a_long_speech_has_one_speaker() -> None:
    told = [
        *['"So it was," said Mr. Pell.', '"No," said Mr. Orme.', '"Ah," said Mrs. Hale.'] * 4,
        '"I saw it," said Mr. Pell. "It rained.',
        *['"The river rose.'] * 20,
        '"I ran."',
    ]
    last = Book(told).lines[-1]
    assert last.speaker is not None and last.speaker.name == "Mr. Pell"
    assert last.probability > 0.98, "no doubt adds up from paragraph to paragraph"
