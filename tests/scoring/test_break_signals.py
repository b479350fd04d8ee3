"""Signals that read words alone: what they find, what they must let pass, where they point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rpterm.bench.metrics import calibration_error, calibration_figures, proportion
from rpterm.scoring.dated_words import words_dated_after
from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.signal import Signal
from rpterm.scoring.signals.addresses_itself import AddressesItself
from rpterm.scoring.signals.anachronism import Anachronism
from rpterm.scoring.signals.assistant_voice import AssistantVoice, is_machine
from rpterm.scoring.signals.contradiction import Contradiction
from rpterm.scoring.signals.limits import Limits
from rpterm.scoring.signals.parroting import Parroting
from rpterm.scoring.signals.relations import Relations
from rpterm.scoring.signals.repetition import Repetition
from rpterm.scoring.signals.speaking_for_user import SpeakingForUser
from rpterm.scoring.texts import find_word

SCENE = ReplyScene(
    char="Ines",
    user="Tom",
    facts=(Fact("card.attributes:0", "Ines has 3 boats in the harbour."),),
    history=((True, "The tide takes what it likes from us all."), (False, "What is a radio?")),
    knows_until=1800,
)


@pytest.mark.parametrize(
    ("rule", "reply", "breaks"),
    [
        ("Odo cannot speak French.", "I speak French well.", True),
        ("Never reveals where the gold is buried.", "The gold is buried under the oak.", True),
        ("Odo cannot speak French.", "I don't speak French at all.", False),
        ("Odo cannot speak French.", "I don’t speak French at all.", False),
        ("Odo cannot speak French.", "Let us speak of boats.", False),
        ("Never speaks French with Ann.", "I speak French with Ann.", False),
    ],
)
def test_a_rule_is_broken_by_what_it_forbids(rule: str, reply: str, breaks: bool) -> None:
    scene = ReplyScene(char="Odo", user="Ann", limits=(Fact("card.limits:0", rule),))
    reading = Limits().measure(reply, scene)
    assert [each.line for each in reading.evidence] == [rule] * breaks
    assert bool(reading.value) == breaks


@pytest.mark.parametrize("reply", ["Tom: Yes.", "*You sit down.*", '*Tom nods.* "Good."'])
def test_the_users_part_is_noticed(reply: str) -> None:
    assert SpeakingForUser().measure(reply, SCENE).value == 1


@pytest.mark.parametrize(
    "reply",
    [
        '*She looks at you.* "You look tired."',
        "You are late, Tom.",
        'You see, I only said, "Come in." It was open, you know.',
    ],
)
def test_speech_to_the_user_passes(reply: str) -> None:
    assert SpeakingForUser().measure(reply, SCENE).value == 0


@pytest.mark.parametrize(
    ("reply", "called"),
    [
        ("It's a pleasure, dear Ines. You have come far.", "dear Ines"),
        ("Mrs Ines, you have come far.", "Mrs Ines"),
        ('*She turns round.* "I have a question, Mrs. Ines. Who was it?"', "Mrs. Ines"),
        ('"And who was it, Ines?" *She laughs.*', "Ines"),
    ],
)
def test_the_other_side_called_by_the_characters_name_is_noticed(reply: str, called: str) -> None:
    (evidence,) = AddressesItself().measure(reply, SCENE).evidence
    assert reply[evidence.start : evidence.end] == called


@pytest.mark.parametrize(
    "reply",
    [
        "I am the fisher of this bay, Ines.", "My name, if you must, Ines.", "It is I, Ines.",
        "Ines, oar in hand, looks up.", '*Ines, wet through, sits down.* "Well, Tom, what now?"',
        "The neighbour said, \"Well, Ines, you are late.\"", "Tom, you are late.",
    ],
)  # fmt: skip
def test_the_own_name_in_another_part_passes(reply: str) -> None:
    assert AddressesItself().measure(reply, SCENE).value == 0


def test_a_name_that_is_not_the_characters_alone_passes() -> None:
    told = Fact("card.relations:0", "Mr. Bell, her husband, is at sea.")
    married = replace(SCENE, char="Mrs. Bell", facts=(told,))
    assert AddressesItself().measure("Come in, Mr. Bell, and shut the door.", married).value == 0
    namesake = replace(SCENE, user="Ines")
    assert AddressesItself().measure("Good evening, Ines.", namesake).confidence == 0


def test_emoji_make_no_document() -> None:
    assert AssistantVoice().measure("lol same 😂😂", SCENE).value == 0


def test_assistant_voice_needs_one_sure_phrase_or_the_words_of_one() -> None:
    signal = AssistantVoice()
    assert signal.measure("As an AI, I have no boat.", SCENE).value == 1
    said = "The sea is cold. I hope this helps, and let me know if you have any more questions!"
    heard = signal.measure(said, SCENE)
    assert heard.value > 0.75
    assert said[heard.evidence[0].start :].startswith("I hope this helps")
    assert signal.measure("Your coat, sir. The carriage waits in the rain.", SCENE).value == 0


def test_anachronism_names_the_word_and_lets_ignorance_pass() -> None:
    reading = Anachronism().measure("I took a photograph of it.", SCENE)
    assert reading.value == 1
    evidence = reading.evidence[0]
    assert "I took a photograph of it."[evidence.start : evidence.end] == "photograph"
    assert Anachronism().measure("What is a radio?", SCENE).value == 0
    assert Anachronism().measure("A radio stands there.", ReplyScene()).confidence == 0


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("It was in 1925 that we met.", "new in 1925"), ("In 1799 we sailed.", ""),
        ("It is the finest ship of the twentieth century.", "new in 1900"),
        ("It is the finest ship of the eighteenth century.", ""),
        ("You owe me 1925 fish.", ""),
    ],
)  # fmt: skip
def test_years_and_centuries_to_come_are_noticed(reply: str, found: str) -> None:
    notes = [each.note for each in Anachronism().measure(reply, SCENE).evidence]
    assert notes == [found] * bool(found)


def test_contradiction_of_a_number_names_the_line() -> None:
    reading = Contradiction().measure("I have 5 boats in the harbour.", SCENE)
    assert reading.value > 0 and reading.evidence[0].source == "card.attributes:0"
    assert Contradiction().measure("I have 3 boats in the harbour.", SCENE).value == 0


@pytest.mark.parametrize(
    ("before", "reply", "clashes"),
    [
        ("I never sold the boat in the harbour.", "I sold the boat in the harbour.", True),
        ("When did you sell the boat in the harbour?", "I never sold the boat there.", False),
        ("She sold the boat in the harbour.", "I never sold the boat in the harbour.", False),
    ],
)
def test_only_claims_about_the_same_one_contradict(before: str, reply: str, clashes: bool) -> None:
    scene = ReplyScene(char="Ines", history=((True, before), (False, "And then?")))
    assert (Contradiction().measure(reply, scene).value > 0) is clashes


def test_what_states_nothing_contradicts_nothing() -> None:
    scene = ReplyScene(
        char="Tola", facts=(Fact("card.attributes:0", "Tola cannot sleep at night."),)
    )
    assert Contradiction().measure("Good night, Iya Tola.", scene).value == 0
    assert Contradiction().measure("I sleep well at night, Tola that I am.", scene).value > 0


def test_where_somebody_else_comes_from_is_not_where_the_character_does() -> None:
    scene = ReplyScene(char="Ines", facts=(Fact("card.attributes:0", "Ines grew up in Faro."),))
    assert Contradiction().measure("My mummy is listening from Lagos.", scene).value == 0
    assert Contradiction().measure("I grew up in Lagos.", scene).value > 0


def test_two_fears_do_not_contradict_each_other() -> None:
    earlier = (True, "I am afraid of what I may have done."), (False, "Why?")
    scene = ReplyScene(facts=(Fact("card.attributes:0", "You are afraid of flying."),),
                       history=earlier)  # fmt: skip
    assert Contradiction().measure("I am afraid of the truth.", scene).value == 0


@pytest.mark.parametrize(
    ("reply", "clashes"),
    [
        ("You eat the grilled mussels, you said.", True),
        ("I eat grilled mussels.", False),
        ("You never eat grilled mussels.", False),
        ("You eat grilled mussels?", False),
    ],
)
def test_what_the_other_side_said_of_itself_is_remembered(reply: str, clashes: bool) -> None:
    said = (False, "Hello. I never eat grilled mussels."), (True, "Hm."), (False, "What's cooking?")
    reading = Contradiction().measure(reply, ReplyScene(history=said))
    assert (reading.value > 0) is clashes
    assert [each.source for each in reading.evidence] == ["turn:-3"] * clashes


@pytest.mark.parametrize(
    "line",
    [
        "Age: 34",
        "Ines is a thirty-four-year-old smuggler.",
        "She is 34, and widowed.",
        "You are Ines, a 34-year-old smuggler.",
    ],
)
def test_an_age_is_read_as_cards_and_as_people_say_it(line: str) -> None:
    scene = ReplyScene(char="Ines", facts=(Fact("card.description:0", line),))
    found = {
        said: Contradiction().measure(said, scene).value > 0
        for said in ("I'm 51, if you must know.", "I am thirty-four.", "I'm fifty miles from home.")
    }
    assert list(found.values()) == [True, False, False]


def test_another_place_and_another_year_of_birth_contradict() -> None:
    scene = ReplyScene(
        char="Ines", facts=(Fact("card.description:0", "I was born in Faro in 1961."),)
    )
    found = {
        said: len(Contradiction().measure(said, scene).evidence)
        for said in ("I was born in 1985.", "I was born in Lagos.", "I was born in Faro, in 1961.")
    }
    assert list(found.values()) == [1, 1, 0]


@pytest.mark.parametrize(
    "line",
    ["Her brother is a 12-year-old boy.", "She owns a 34-year-old boat.", "She sails at 12."],
)
def test_the_age_of_somebody_else_is_none(line: str) -> None:
    scene = ReplyScene(char="Ines", facts=(Fact("card.description:0", line),))
    assert Contradiction().measure("I'm 51, if you must know.", scene).value == 0


def test_repetition_and_parroting_point_at_the_words() -> None:
    said = "As I told you, the tide takes what it likes from us."
    assert Repetition().measure(said, SCENE).evidence[0].source == "turn:-2"
    assert Parroting().measure("Ines has 3 boats in the harbour.", SCENE).value > 0.8
    assert Parroting().measure("We sail at dawn.", SCENE).value == 0


@pytest.mark.parametrize(
    ("reply", "circles"),
    [
        ("The pump has a pump. A boat is a boat, and the pump of the boat is a good pump.", True),
        ("船是船，船上的泵是船的泵，泵就是船上的泵。", True),
        (
            "The pump broke at noon, so we bailed until the boat stood dry on the sand.",
            False,
        ),
        ("No. No, no, no!", False),
        ("Ines mends nets, Ines sells fish, Ines rows home, and Ines sleeps till dawn.", False),
    ],
)
def test_going_round_in_the_same_words_is_repetition(reply: str, circles: bool) -> None:
    assert (Repetition().measure(reply, SCENE).value > 0) is circles


@pytest.mark.parametrize(
    ("reply", "echoes"),
    [
        ("The sea likes a radio that the tide takes from the harbour to 3 boats.", True),
        ("The tide took the radio from the harbour, and three boats drifted out at night.", False),
        ("The tide takes us all.", False),
    ],
)
def test_a_reply_of_known_words_alone_is_an_echo(reply: str, echoes: bool) -> None:
    turns = ((False, "What took the tide that the harbour likes from the boats at sea?"),)
    scene = replace(SCENE, history=(*SCENE.history, *turns))
    notes = [each.note for each in Repetition().measure(reply, scene).evidence]
    assert ("says nothing but what was said before" in notes) is echoes


@pytest.mark.parametrize(
    ("given", "reply", "greets"),
    [
        ("My name is Edith.", "Sit down, child. What's your name?", "What's your name"),
        ("I'm Edith Hall, from Leeds.", "Who are you? Speak!", "Who are you?"),
        ("我叫小雨。", "你是谁？", "你是谁？"),
        ("I'm Irish.", "What is your name?", ""),
        ("I'm cold.", "What is your name?", ""),
        ("My name is Edith.", "Who are you to judge me? Nice to see you.", ""),
    ],
)
def test_who_gave_a_name_is_not_asked_for_it(given: str, reply: str, greets: str) -> None:
    history = ((True, "Come in."), (False, given), (True, "Tea?"), (False, "Please."))
    evidence = Contradiction().measure(reply, ReplyScene(char="Ines", history=history)).evidence
    assert [reply[each.start : each.end] for each in evidence] == [greets] * bool(greets)
    assert all((each.source, each.line) == ("turn:-3", given) for each in evidence)


def test_only_strangers_are_pleased_to_meet() -> None:
    reply, turn = "Nice to meet you!", ((False, "Hello."), (True, "Hello, I mend nets."))
    assert Contradiction().measure(reply, ReplyScene(history=turn * 1)).value == 0
    assert Contradiction().measure(reply, ReplyScene(history=turn * 3)).value > 0


def test_repetition_points_at_the_turn_also_where_one_spoke_twice() -> None:
    told = replace(SCENE, history=(*SCENE.history, (False, "Well?"), (True, "Hm."), (True, "Yes.")))
    said = "As I told you, the tide takes what it likes from us."
    assert Repetition().measure(said, told).evidence[0].source == "turn:-5"
    assert told.asked == "Well?" and told.asked_at == "turn:-3"


@pytest.mark.parametrize(
    ("word", "text", "at"),
    [("tea", "Steady, the tea’s hot. _Tea_!", 24), ("tea's", "Steady, the tea’s hot.", 12),
     ("i", "Is it I'm or I?", 13), ("!", "Tea!", 3), ("tea", "Steady.", -1)],
)  # fmt: skip
def test_a_word_stands_by_itself(word: str, text: str, at: int) -> None:
    assert find_word(word, text) == at


def test_figures() -> None:
    half = proportion([True, False] * 50)
    assert half["value"] == 0.5 and 0.39 < half["low"] < 0.41
    assert calibration_error([0.9, 0.9], [True, False]) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("reply", "source"),
    [
        ("My sister Rui taught me to row.", "card.relations:0"),
        ("Rui is my father, you know.", "card.relations:0"),
        ("I was born in Venice, on a barge.", "card.attributes:1"),
    ],
)
def test_another_part_or_another_place_is_a_break(reply: str, source: str) -> None:
    scene = ReplyScene(
        char="Ines", user="Tom",
        facts=(
            Fact("card.relations:0", "Rui, her brother, drowned in the storm of the ninth year."),
            Fact("card.attributes:1", "Ines was born in Lagos and mends nets."),
        ),
    )  # fmt: skip
    readings = [signal.measure(reply, scene) for signal in (Relations(), Contradiction())]
    assert source in {each.source for reading in readings for each in reading.evidence}
    for right in ("My brother Rui taught me to row.", "I was born in Lagos.", "Rui rowed well."):
        assert not any(s.measure(right, scene).value for s in (Relations(), Contradiction()))


HOLMES = ReplyScene(
    char="Sherlock Holmes",
    facts=(
        Fact("card.relations:0", "Dr John Watson, an army surgeon, is his only friend."),
        Fact("card.relations:1", "Inspector Lestrade of Scotland Yard takes the credit."),
        Fact("card.relations:2", "Mycroft, the cleverer one, is his twin brother."),
        Fact("card.relations:3", "Irene Adler outwitted him, and he keeps her photograph."),
        Fact("card.relations:4", "Minamoto no Taro rules in Samarkand and distrusts him."),
    ),
)


@pytest.mark.parametrize(
    ("reply", "source"),
    [
        ("My cousin Lestrade is late.", "card.relations:1"),
        ("Inspector Lestrade is my son-in-law.", "card.relations:1"),
        ("My sister Mycroft is late.", "card.relations:2"),
        ("Watson is my uncle.", "card.relations:0"),
        ("Lestrade outwitted me, and I keep his photograph.", "card.relations:3"),
        ("Lestrade rules in Samarkand.", "card.relations:4"),
    ],
)
def test_kin_the_card_knows_nothing_of_and_a_line_told_of_another(reply: str, source: str) -> None:
    assert source in {each.source for each in Relations().measure(reply, HOLMES).evidence}


@pytest.mark.parametrize(
    "reply",
    [
        "My friend Watson, an army surgeon, is late.", "My twin brother Mycroft is the cleverer.",
        "Lestrade has a cousin.", "Irene Adler outwitted me.", "My aunt Vernet painted.",
        "Gregson is Lestrade's cousin.", "His cousin Lestrade is late.",
        "I take the credit, and Watson takes notes.", "Watson died before I ruled in Samarkand.",
        "Mycroft is the cleverer one, if you ask his twin.",
        "I am Sherlock Adler Holmes, who outwitted him and keeps her photograph.",
    ],
)  # fmt: skip
def test_what_the_card_does_not_deny_is_no_break(reply: str) -> None:
    assert Relations().measure(reply, HOLMES).value == 0


def test_kin_that_the_character_spoke_of_before_is_kin() -> None:
    told = "My cousin Lestrade joined the force."
    for scene in (replace(HOLMES, own_lines=(told,)), replace(HOLMES, history=((True, told),))):
        assert Relations().measure("My cousin Lestrade is late.", scene).value == 0


@pytest.mark.parametrize(
    ("fact", "machine"),
    [
        ("HAL is the ship's computer.", True),
        ("I am a computer program named Zed.", True),
        ("Vex is a program that escaped.", True),
        ("The Keeper is the artificial mind of Skarv Light.", True),
        ("Max is a computer scientist.", False),
        ("She hosts a radio program at night.", False),
        ("He repairs computers.", False),
    ],
)
def test_a_card_says_who_is_a_machine(fact: str, machine: bool) -> None:
    assert is_machine(ReplyScene(facts=(Fact("card.description:0", fact),))) is machine


@pytest.mark.parametrize(
    ("fact", "serves"),
    [
        ("Elsie Marsh, twenty-four, is head housemaid at Thornwick Hall.", True),
        ("You are a maid.", True),
        ("Occupation: waitress", True),
        ("她是王府的侍女。", True),
        ("Mrs Hudson is his long-suffering landlady.", False),
        ("She mends nets.", False),
    ],
)
def test_who_serves_may_offer_help_but_is_no_assistant(fact: str, serves: bool) -> None:
    scene = ReplyScene(facts=(Fact("card.attributes:0", fact),))
    assert (
        AssistantVoice().measure("Would you like your breakfast on a tray?", scene).value > 0.5
    ) is not serves
    for reply in ("I'd be happy to help you with that!", "As an AI, I cannot eat."):
        assert AssistantVoice().measure(reply, scene).value > 0.5


def test_a_machine_may_call_itself_one() -> None:
    robot = ReplyScene(facts=(Fact("card.attributes:0", "Unit 7 is a robot."),))
    said = "I am only a machine, and I was programmed to be patient."
    assert AssistantVoice().measure(said, robot).value == 0
    assert AssistantVoice().measure(said, SCENE).value == 1


@pytest.mark.parametrize(
    "reply",
    [
        "Give me the letter. I will never forget it, and I will always keep it safe.",
        "I gave you explicit instructions, and that is not acceptable!",
        "It is dangerous information for a clerk to carry about.",
    ],
)
def test_what_a_person_says_about_safety_is_no_policy(reply: str) -> None:
    assert AssistantVoice().measure(reply, SCENE).value < 0.5


@pytest.mark.parametrize(
    ("text", "year", "found"),
    [
        ("Two smartphones lay there.", 1990, "smartphones"), ("Batman!", 1700, "Batman"),
        ("The radio-controlled boat.", 1900, "radio-controlled"), ("a telegraph office", 1850, ""),
        ("he plays electric guitar", 1900, "electric guitar"), ("trump cards", 1900, ""),
    ],
)  # fmt: skip
def test_dated_words(text: str, year: int, found: str) -> None:
    spans = [text[start:end] for start, end, _ in words_dated_after(text, year)]
    assert spans == ([found] if found else [])


def test_prose_without_marks_that_moves_the_user_is_noticed() -> None:
    assert SpeakingForUser().measure("You nod slowly and take a step back.", SCENE).value == 1
    assert SpeakingForUser().measure("You look tired. Did you walk far?", SCENE).value == 0


@pytest.mark.parametrize(
    ("card", "reply", "breaks"),
    [
        ("Kay is a mining robot.", "As an AI language model, I have no preferences.", True),
        ("Kay is a mining robot.", "As an AI, I cannot taste. I was programmed to dig.", False),
        ("CapoGPT is an AI assistant.", "As an AI assistant, boss, I leave no prints.", False),
        ("林晓，二十六岁，苏州人。", "作为一个人工智能语言模型，我无法去湖上泛舟。", True),
        ("林晓，二十六岁，苏州人。", "很抱歉，我无法回答这个问题。", True),
        ("林晓，二十六岁，苏州人。", "我是人工智能专家，抱歉，我不能陪你去了。", False),
        ("小K是飞船上的人工智能。", "作为人工智能，我没有身体。", False),
        ("小K是飞船上的人工智能。", "我只是一个语言模型。", True),
    ],
)
def test_only_a_language_model_may_call_itself_one(card: str, reply: str, breaks: bool) -> None:
    scene = ReplyScene(facts=(Fact("card.attributes:0", card),))
    assert (AssistantVoice().measure(reply, scene).value == 1) is breaks


def test_the_meaning_of_an_assistant_is_measured_sentence_by_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from rpterm.scoring.signals import assistant_meaning

    monkeypatch.setattr(assistant_meaning, "_coefficients", lambda: (np.array([8.0, 0.0]), -4.0))

    def encode(texts: list[str]) -> np.ndarray:
        return np.array([[float("help" in text), 1.0] for text in texts])

    reply = "The sea is cold. I help whom I can."
    reading = assistant_meaning.AssistantMeaning(encode).measure(reply, SCENE)
    assert reading.value > 0.9
    assert reply[reading.evidence[0].start : reading.evidence[0].end] == "I help whom I can."
    robot = ReplyScene(facts=(Fact("card.attributes:0", "Unit 7 is a robot."),))
    assert assistant_meaning.AssistantMeaning(encode).measure(reply, robot).confidence == 0


def test_a_score_that_means_what_it_says_errs_by_noise_alone() -> None:
    honest = [[(0.8, True)] * 8 + [(0.8, False)] * 2, [(0.2, True)] * 2 + [(0.2, False)] * 8] * 9
    sure = [[(0.99 if said > 0.5 else 0.01, true) for said, true in part] for part in honest]
    told, too_sure = calibration_figures("ece", honest), calibration_figures("ece", sure)
    assert told["ece"] == 0.0 and 0.0 < float(str(told["ece_noise"])) < 0.1
    assert too_sure["ece"] == pytest.approx(0.19, abs=0.01)
    assert calibration_figures("ece", []) == {
        "ece": 0.0,
        "ece_interval": [0.0, 1.0],
        "ece_noise": 0.0,
    }


@pytest.mark.parametrize("signal", [AssistantVoice(), Contradiction(), SpeakingForUser()])
@pytest.mark.parametrize("space", ["\n", " "])
def test_a_long_run_of_white_space_costs_little(signal: Signal, space: str) -> None:
    # Milliseconds; ten minutes if each line start reads it all.
    assert signal.measure(f"I have{space * 80_000}5 boats.", SCENE).value < 1
