"""Facts read out of turns by rules, and lines of a model judged against their turn. No model."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

from distil_turns import HELD, SEEN

from rpterm.memory.distil import facts, grammar, grounding, reflect, summary
from rpterm.memory.distil.clauses import clauses
from rpterm.memory.distil.statements import Statement, statements
from rpterm.memory.distil.supersede import KnownFact, supersession
from rpterm.memory.distil.support import support
from rpterm.store.memory.read_turns import SourceTurn


def texts(turn, speaker="Ann", listener=""):
    return [statement.text for statement in statements(turn, speaker, listener)]


@pytest.mark.parametrize(("turn", "expected"), [
    ("I live in Bath.", ["Ann lives in Bath"]),
    ("i live in bath", ["Ann lives in Bath"]),
    ("Well, I'm from Leeds, but I live in York now.",
     ["Ann comes from Leeds", "Ann lives in York"]),
    ("My sister Clara lives in York.", ["Ann's sister Clara lives in York"]),
    ("I have three brothers.", ["Ann has three brothers"]),
    ("I don't like rain.", ["Ann dislikes rain"]),
    ("I'm vegetarian, by the way.", ["Ann is vegetarian"]),
    ("\"I work as a nurse,\" I say. *sits down*", ["Ann works as a nurse"]),
    ("I love my two cats.", ["Ann likes their two cats"]),
    ("I love herring and hate the dark.", ["Ann likes herring", "Ann dislikes the dark"]),
    ("I love films and love stories.", ["Ann likes films and love stories"]),
    ("Please remember that I moved to London.", ["Ann moved to London and lives there"]),
    ("Remember that I take two sugars.", ['Ann asked to remember: "I take two sugars"']),
])  # fmt: skip
def test_plain_statements_are_read(turn, expected):
    assert texts(turn) == expected


@pytest.mark.parametrize(("turn", "expected"), [
    ("my name is tom btw, i work as a baker", ["Ann is called Tom", "Ann works as a baker"]),
    ("im Tom, nice to meet you", ["Ann is called Tom"]),
    ("the name's tom", ["Ann is called Tom"]),
    ("im from poland", ["Ann comes from Poland"]),
    ("i dont like spiders", ["Ann dislikes spiders"]),
    ("im allergic to nuts", ["Ann is allergic to nuts"]),
    ("my sisters name is anna", ["Ann's sister is called Anna"]),
    ("my sister Anna has gone missing, she is 24", ["Ann's sister is called Anna"]),
    ("i have a dog, his name is Biscuit", ["Ann has a dog called Biscuit"]),
    ("i got a cat named luna when i was ten", ["Ann has a cat named Luna"]),
    ("im 24 and live in new york with my mom",
     ["Ann is 24 years old", "Ann lives in New York with their mom"]),
    ("I moved to Leeds and quit the bakery", ["Ann moved to Leeds and lives there"]),
    ("i'm living in ohio and working nights", ["Ann lives in Ohio"]),
    ("i am living in usa for over 10 years", ["Ann lives in Usa"]),
    ("i'm going to york tomorrow", ["Ann said they were going to york tomorrow"]),
    ("my girlfriend left me", ["Ann's girlfriend left them"]),
    ("me and my boyfriend broke up yesterday", ["Ann and their boyfriend broke up"]),
    ("I drive a taxi now", ["Ann drives a taxi"]),
    ("thats wrong, im left handed", ["Ann is left handed"]),
    ("i have to go to the dentist tomorrow, im scared",
     ["Ann said they have to go to the dentist tomorrow"]),
    ("i have a kid, hes called ben", ["Ann has a kid called Ben"]),
    ("im 34 and im a welder", ["Ann is 34 years old", "Ann is a welder"]),
    ("not joking, my birthday is march 3rd", ["Ann's birthday is march 3rd"]),
    ("i promise ill bring real coffee on friday",
     ["Ann said they would bring real coffee on friday"]),
    ("just kidding, my birthday is march 3rd", []),
    ("my name is not important", []), ("my name is unknown to you", []),
    ("i come from a far country", []), ("I'm Irish.", []), ("im so tired", []),
    ("Im Garten ist es schön, und ich heiße Tom", []), ("my brother, I hate him", []),
])  # fmt: skip
def test_casual_spelling_is_read(turn, expected):
    assert texts(turn) == expected


@pytest.mark.parametrize(("turn", "expected"), [
    ("I will go to the docks tomorrow.", ["Ann said they would go to the docks tomorrow"]),
    ("I shall visit my brother in Pall Mall tomorrow morning, and you will come.",
     ["Ann said they would visit their brother in Pall Mall tomorrow morning"]),
    ("I'm going to Paris next week.", ["Ann said they would go to Paris next week"]),
    ("I'm going to the market at dawn.", ["Ann said they would go to the market at dawn"]),
    ("I am going to buy a violin on Monday.", ["Ann said they would buy a violin on Monday"]),
    ("I've decided to leave for Cairo in March.",
     ["Ann said they would leave for Cairo in March"]),
    ("*nods* I will not sell the farm after all.", ["Ann said they would not sell the farm"]),
    ("I'm also hosting a dance next month to raise money.",
     ["Ann said they were hosting a dance next month"]),
    ("Next month I'm having an art show.", ["Ann said they were having an art show next month"]),
    ("I've got a chess tournament on Friday.",
     ["Ann said they had a chess tournament on Friday"]),
    ("I won't give up.", []), ("I'll get them next time.", []),
    ("I'm feeling good tonight.", []), ("We're thinking about camping next month.", []),
    ("I'll see you tomorrow.", []), ("I will do it tomorrow.", []),
    ("I'll tell you tonight.", []), ("I will never forget this.", []),
    ("If it rains, I will stay home tomorrow.", []), ("I will be happy next year.", []),
    ("Will I go to the docks tomorrow?", []), ("You will go to the docks tomorrow.", []),
])  # fmt: skip
def test_plans_with_a_time_are_read(turn, expected):
    assert texts(turn) == expected


@pytest.mark.parametrize(("turn", "expected"), [
    ("I'll bring you the book tomorrow.", "Ann said they would bring Mr. Orr the book tomorrow"),
    ("Tomorrow I will show you my bees.", "Ann said they would show Mr. Orr their bees tomorrow"),
    ("I'll wait at your gate at noon.", "Ann said they would wait at Mr. Orr's gate at noon"),
    ("I promise I'll come back on Friday.", "Ann said they would come back on Friday"),
    ("On Saturday I'm going to Paris.", "Ann said they would go to Paris on Saturday"),
    ("My exam is on Friday.", "Ann's exam is on Friday"),
    ("I can't visit you tomorrow.", "Ann said they could not visit Mr. Orr tomorrow"),
    ("I'll tell you tonight.", None), ("I'll give it to you tomorrow.", None),
    ("I can't sleep tonight.", None),
])  # fmt: skip
def test_a_plan_that_concerns_the_listener_names_them(turn, expected):
    assert texts(turn, listener="Mr. Orr") == ([expected] if expected else [])


def test_who_introduces_themselves_has_that_name():
    for turn in ("Hi, I'm Lucy!", "Good evening, Mr. Holmes. I'm Lucy.", "Hello! I am Lucy."):
        assert texts(turn) == ["Ann is called Lucy"]
    assert texts("I am Margaret Fell.") == ["Ann is called Margaret Fell"]
    for turn in ("Hi, I'm German.", "Hi, I'm tired.", "I am Roman Catholic.", "I'm Not Sure."):
        assert texts(turn) == []


def test_animals_that_somebody_keeps_are_a_fact():
    read = {text: [each.text for each in statements(text, "Ann")] for text in (
        "I live in Porto and I keep bees.", "We keep honey bees.", "I keep hearing dogs.",
        "I keep my dogs in.",
    )}  # fmt: skip
    assert list(read.values()) == [
        ["Ann lives in Porto", "Ann keeps bees"],
        ["Ann keeps honey bees"],
        [],
        [],
    ]


def test_the_names_of_relatives_and_pets_are_kept():
    assert texts("I have a sister, Anna.") == ["Ann has a sister called Anna"]
    assert texts("I have two cats, Milo and Otis.") == ["Ann has two cats called Milo and Otis"]


@pytest.mark.parametrize("turn", [
    "No, my sister is called Anna.", "Sorry, my sister's name is Anna.",
    "My sister is called Anna, not Anne.", "Oh no, my sister is called Anna!",
    "It's not Anne, my sister is called Anna.", "My sister's name is actually Anna.",
    "You got it wrong, my sister is called Anna.",
])  # fmt: skip
def test_a_name_that_is_put_right_replaces_the_wrong_one(turn):
    (anna,) = statements(turn, "Ann")
    anne = KnownFact(1, 1, stated("Ann's sister is called Anne", "Anne"))
    assert supersession(anna, [anne], 5).takes_over == (1,)
    (second,) = statements("My sister is called Berta.", "Ann")
    assert not second.single, "somebody may have two sisters"


def test_a_plan_that_is_taken_back_no_longer_holds():
    (plan,), (back,) = (
        statements(text, "Ann")
        for text in ("I'm going to sell the farm in May.", "I won't sell the farm after all.")
    )
    known = KnownFact(1, 1, plan)
    assert supersession(back, [known], 5).takes_over == (1,)
    boat = stated("Ann said they would buy a boat in June", "buy a boat")
    other = supersession(boat, [known], 5)
    assert other.new and not other.takes_over


@pytest.mark.parametrize("turn", [
    "Do I live in Bath?", "If I lived in Bath I would swim.", "I wish I had a dog.",
    "My brother said I am a fool.", "He told me, \"I live in Bath.\"", "*I live in Bath*",
    "I love you.", "I love your hat.", "I live in hope.", "I moved to the window.",
    "Just kidding, I'm from Mars.", "I'm afraid not.", "I am tired.", "I'm 5 minutes late.",
    "Maybe I'm allergic to cats.", "I think I'm from Leeds.", "(OOC: my name is Bob)",
    "I would like a dog.", "You live in Bath.", "I am a nurse, he said.", "", "…", "I",
])  # fmt: skip
def test_what_is_in_doubt_is_left_out(turn):
    assert texts(turn) == []


@pytest.mark.parametrize(
    "turn",
    [
        "I'm learning , slowly",
        "My favourite     is tea.",
        "I am ² years old.",
        "I am " + "1" * 5000 + " years old.",
    ],
)
def test_a_statement_without_a_value_is_left_out(turn):
    assert statements(turn, "Ann") == []


def test_the_rules_are_right_on_the_turns_of_the_benchmark():
    from distil import by_rules

    for cases in (SEEN, HELD):
        figures = by_rules(cases)
        assert figures["precision"] == 1.0
        assert figures["found"] >= 0.6 * figures["expected"]


@given(st.text(max_size=300), st.text(min_size=1, max_size=20))
def test_any_text_can_be_read(text, speaker):
    for statement in statements(text, speaker):
        assert statement.text.startswith(speaker)
    for clause in clauses(text):
        assert clause.text
    support(text, speaker, text)


@pytest.mark.parametrize(("line", "turn"), [
    ("Ann broke her wrist", "I broke my wrist when I was nine."),
    ("Ann has never been to Africa", "I've never been to Africa."),
    ("Ann's neighbour Mr. Finch keeps bees", "My neighbour Mr. Finch keeps bees."),
    ("Tom next door keeps bees", "Tom next door keeps bees."),
])  # fmt: skip
def test_a_line_that_says_what_a_clause_says_is_supported(line, turn):
    assert support(line, "Ann", turn).clause is not None


@pytest.mark.parametrize(("line", "turn", "why"), [
    ("Ann moved to Bath", "I nearly moved to Bath.", "leaves out"),
    ("Ann lives in Bath", "I lived in Bath.", "tense"),
    ("Ann has a dog", "I had a dog.", "tense"),
    ("Ann likes honey", "I like tea.", "not said"),
    ("Ann hates Bath", "My sister hates Bath.", "leaves out"),
    ("Ann hates Bath", "Tom hates Bath.", "somebody else"),
    ("Ann eats meat", "I don't eat meat.", "denies"),
    ("Ann lives in Bath", "Do I live in Bath?", "no plain statement"),
    ("Sherlock lives in Bath", "You live in Bath.", "not named"),
    ("Tom loves Clara", "Clara loves Tom.", "not said"),
    ("Ann buys a boat", "I want to buy a boat.", "leaves out"),
    ("Ann loves violin playing", "I love your violin playing.", "not named"),
    ("Ann", "I live in Bath.", "says nothing"),
])  # fmt: skip
def test_a_line_that_says_anything_else_is_not_supported(line, turn, why):
    found = support(line, "Ann", turn)
    assert found.clause is None
    assert why in found.why


def test_a_model_that_makes_things_up_gives_nothing():
    said = []

    def ask(messages, rules, most):
        said.append((messages, rules))
        return "- Ann likes honey\n- Ann broke her wrist\n- Ann lives in Bath\n"

    turn = "I live in Bath. I broke my wrist in May."
    lines = facts.read(turn, "Ann", statements(turn, "Ann"), ask)
    assert [(line.text, line.fact is not None) for line in lines] == [
        ("Ann likes honey", False), ("Ann broke her wrist", True), ("Ann lives in Bath", False)
    ]  # fmt: skip
    assert lines[2].why == "known already"
    assert '"wrist"' in said[0][1]
    assert '"honey"' not in said[0][1]


def test_a_turn_without_a_statement_is_not_asked_about():
    assert facts.read("Shall we go?", "Ann", [], lambda *_: pytest.fail("asked")) == []
    assert facts.read("I live here.", "Ann", [], lambda *_: None) is None


def test_literals_of_a_grammar_are_escaped():
    assert grammar.quoted('a"b\\c\n') == '"a\\"b\\\\c\\n"'


def stated(text, value, **more):
    return Statement("Ann", "slot", value, text, text, **more)


BATH = stated("Ann lives in Bath", "Bath", single=True)
HOME = KnownFact(1, 10, BATH)


def judge(text, value, *known, turn=20, **more):
    return supersession(stated(text, value, **more), known, turn)


def test_a_newer_home_takes_the_place_of_the_older():
    found = judge("Ann moved to London", "London", HOME, single=True)
    assert (found.new, found.takes_over) == (True, (1,))


def test_the_same_said_again_is_not_new():
    assert not judge("Ann lives in Bath", "Bath", HOME, single=True).new


def test_what_was_said_in_one_breath_does_not_contradict_itself():
    assert judge("Ann lives on a boat", "a boat", HOME, single=True, turn=10).takes_over == ()


def test_a_fact_that_is_not_shown_is_left_alone():
    aside = KnownFact(1, 10, BATH, shown=False)
    alone = judge("Ann moved to London", "London", single=True)
    assert judge("Ann moved to London", "London", aside, single=True) == alone


def test_what_is_taken_back_concerns_only_the_same_thing():
    gone = judge("Ann does not live in Bath", "Bath", HOME, retracts=True)
    assert gone.takes_over == (1,)
    assert judge("Ann does not live in York", "York", HOME, retracts=True).takes_over == ()


def test_tastes_contradict_each_other_and_relatives_add_up():
    likes = KnownFact(2, 10, stated("Ann likes honey", "honey"))
    assert judge("Ann dislikes honey", "honey", likes).takes_over == (2,)
    assert judge("Ann likes tea", "tea", likes).takes_over == ()
    gone = KnownFact(4, 10, stated("Ann no longer likes honey", "honey", retracts=True))
    assert judge("Ann likes honey", "honey", gone).takes_over == (4,)
    assert judge("Ann likes tea", "tea", gone).takes_over == ()
    clara = KnownFact(3, 10, stated("Ann has a sister called Clara", "a sister called Clara"))
    assert judge("Ann has a brother", "a brother", clara).takes_over == ()
    assert not judge("Ann has a sister", "a sister", clara).new


LINES = ["Ann: I lost my grandmother's ring in the harbour.", "Sherlock: Who saw it last?",
         "Ann: Tom did, on Friday."]  # fmt: skip


def test_a_summary_keeps_only_what_the_turns_bear_out():
    answer = ("Ann lost her grandmother's ring in the harbour. Moriarty stole it in Vienna. "
              "Tom saw the ring on Friday.")  # fmt: skip
    kept = summary.check_sentences(f"{answer} Ann lost her ring in the harbour and", LINES)
    assert kept == "Ann lost her grandmother's ring in the harbour. Tom saw the ring on Friday."


def test_words_of_several_turns_woven_together_are_no_summary():
    lines = ["Ann: Yes, three loaves, still warm.", "Holmes: Somebody carried them in.",
             "Ann: His brother has an oven."]  # fmt: skip
    assert (
        summary.check_sentences("He is still carrying the bread from his brother's oven.", lines)
        == ""
    )


def test_a_line_of_a_script_is_no_summary():
    lines = ["Ann: I lost my ring.", "Holmes: Clara is a fine one."]
    assert summary.check_sentences("Ann: Clara is a fine one. Ann lost a ring.", lines) == (
        "Ann lost a ring."
    )


def test_a_summary_is_asked_for_and_may_come_to_nothing():
    turns = [SourceTurn(1, 1, "user", "Ann", "I lost my ring.", 0.0)]
    assert summary.write(turns, lambda *_: "The king of Spain was there.") == ""
    assert summary.write(turns, lambda *_: None) is None


FACTS = ["Ann lives in York", "Ann's sister Clara lives in York", "Ann is allergic to peanuts"]


def test_a_thought_must_cite_what_bears_it_out():
    answer = "\n".join((
        "- Ann and her sister Clara both live in York (1, 2)",
        "- Ann lives in York (1, 2)",
        "- Ann is a doctor from Vienna (1, 3)",
        "- Ann and Clara live in York (1)",
        "- Clara and Ann live in York (7, 9)",
        "no line at all",
    ))  # fmt: skip
    (thought,) = reflect.check_thoughts(answer, FACTS)
    assert thought.cites == (0, 1)
    assert thought.text.startswith("Ann and her sister")


def test_names_and_denials_must_be_in_the_texts():
    assert grounding.is_grounded("Ann lives in York", FACTS, 0.8)
    assert not grounding.is_grounded("Ann lives in Leeds", FACTS, 0.5)
    assert not grounding.is_grounded("Ann does not live in York", FACTS, 0.8)
    assert not grounding.is_grounded("Ann has 2 sisters in York", FACTS, 0.5)


@pytest.mark.parametrize("space", [" ", "\n", "\t"])
def test_a_long_run_of_white_space_does_not_stall_the_reading(space: str) -> None:
    # Milliseconds; hours with a pattern on the run.
    assert [each.text for each in clauses(f"I live{space * 100_000}in Bath and I like tea.")]
