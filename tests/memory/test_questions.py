"""A remembered question says nothing: what answers it is recalled instead."""

import numpy as np
import pytest

from rpterm.memory.indexing.index import MemoryIndex
from rpterm.memory.indexing.vector_index import VectorIndex
from rpterm.memory.indexing.words import terms
from rpterm.memory.search.questions import question_share
from rpterm.memory.search.recall import RecallQuery, RecallWeights, recall
from rpterm.memory.search.relevance import says_something
from rpterm.store.memory.records import Memory
from rpterm.text.stem import stem

LINES = (
    "Where do you live, sailor?",
    "Over the bakery in Tromsø.",
    "I live to sing in taverns by the river, sailor.",
)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("I sold the boat.", 0.0),
        ("Where is the boat?", 1.0),
        ("*She nods.* “Where is the boat?”", 0.5),
        ("ボートは、どこですか？", 1.0),
        ("Why?", 1.0),
    ],
)
def test_the_share_of_a_text_that_asks(text, share):
    assert question_share(text) == pytest.approx(share, abs=0.17)


def found(vectors=None, query=None, weights=RecallWeights()):  # noqa: B008
    index = MemoryIndex(VectorIndex(2))
    for number, line in enumerate(LINES, 1):
        memory = Memory("turn", "C", line, number, chat_id=1, turn_id=number)
        index.add(memory, terms(line))
        if vectors is not None:
            index.vectors.put(number - 1, np.array(vectors[number - 1], np.float32))
    index.show(1, [1, 2, 3])
    asked = RecallQuery(dict.fromkeys(terms("Where does the sailor live?"), 1.0), query)
    return recall(index, asked, 3, weights)


def test_a_statement_comes_before_the_same_question():
    rows = [hit.row for hit in found()]
    assert rows.index(2) < rows.index(0)
    unaware = [hit.row for hit in found(weights=RecallWeights(questions=False))]
    assert unaware.index(0) < unaware.index(2)


def test_meaning_flows_from_a_question_to_its_answer():
    alike, other = (1.0, 0.0), (0.0, 1.0)
    query = np.array(alike, np.float32)
    answer = next(hit for hit in found((alike, other, other), query) if hit.row == 1)
    unasked = next(hit for hit in found((other, other, alike), query) if hit.row == 1)
    assert answer.from_neighbours > unasked.from_neighbours
    assert answer.evidence > unasked.evidence


@pytest.mark.parametrize(
    "text", ["Hello, how are you today?", "Ha ha, I know!", "Good night then."]
)
def test_small_talk_says_nothing(text):
    assert not says_something(text)
    assert says_something(text + " The dragon is back.")


@pytest.mark.parametrize(
    ("one", "other"),
    [("car", "care"), ("hop", "hope"), ("plan", "plane"), ("star", "stare"), ("rid", "ride")],
)
def test_words_that_differ_by_a_silent_e_stay_apart(one, other):
    assert stem(one) != stem(other)


@pytest.mark.parametrize(
    "forms",
    ["sell selling sold", "care cared caring", "live lived lives living", "tell told telling",
     "eat ate eaten", "man men", "promise promised promising", "run ran running"],
)  # fmt: skip
def test_forms_share_a_stem(forms):
    assert len({stem(form) for form in forms.split()}) == 1
