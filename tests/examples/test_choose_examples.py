"""Which examples are taken for a turn: like it, unlike each other, and never the answer itself."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from rpterm.cards.card import Example
from rpterm.examples.choose import (
    COPY_OVERLAP,
    KnownTexts,
    Situation,
    Voice,
    choose,
    rank,
)
from rpterm.examples.records import Exemplar, card_key
from rpterm.scoring.texts import ngrams, words


def copy_overlap(left: str, right: str) -> float:
    """The share of the shorter text's three-word sequences that the other contains, 0 to 1."""
    left_grams, right_grams = set(ngrams(words(left), 3)), set(ngrams(words(right), 3))
    shorter = min(len(left_grams), len(right_grams))
    if not shorter:
        return float(words(left) == words(right) and bool(words(left)))
    return len(left_grams & right_grams) / shorter


WORDS = st.lists(
    st.sampled_from(
        ["lamp", "tide", "ship", "bell", "storm", "brother", "letter", "clock", "rope", "salt"]
    ),
    min_size=1, max_size=9,
).map(" ".join)  # fmt: skip


def exemplar(asked: str, said: str, number: int = 0, turns: tuple[int, ...] = ()) -> Exemplar:
    example = Example((("user", asked), ("char", said)))
    source = "starred" if turns else "card"
    key = f"turn:{turns[-1]}" if turns else f"{card_key(example)}:{number}"
    return Exemplar(key, source, example, number, turns, chat_id=7 if turns else 0)  # type: ignore[arg-type]


POOLS = st.lists(st.tuples(WORDS, WORDS, st.booleans()), max_size=12).map(
    lambda rows: [
        exemplar(asked, said, at, (2 * at + 1, 2 * at + 2) if starred else ())
        for at, (asked, said, starred) in enumerate(rows, 1)
    ]
)
PATHS = st.dictionaries(st.integers(1, 30), WORDS, max_size=6)


def cost(each: Exemplar) -> int:
    return len(words(each.question)) + len(words(each.reply))


@settings(max_examples=60)
@given(POOLS, WORDS, PATHS, st.integers(0, 5), st.integers(0, 60))
def test_a_choice_keeps_to_its_bounds_and_gives_nothing_away(
    pool: list[Exemplar], asked: str, path: dict[int, str], k: int, room: int
) -> None:
    situation = Situation(asked, path, own_lines=("The lamp burns.",))
    excluded = {each.key for each in pool[:1]}
    choice = choose(pool, situation, k=k, room=room, cost=cost, excluded=excluded)
    taken = [each.exemplar for each in choice.taken]
    assert len(taken) <= k and sum(map(cost, taken)) <= room
    assert len({each.key for each in taken}) == len(taken)
    passed = [each.exemplar for each, _ in choice.passed]
    assert {e.key for e in taken} | {e.key for e in passed} == {e.key for e in pool}
    assert not {e.key for e in taken} & {e.key for e in passed}
    for each in taken:
        assert each.key not in excluded
        assert not set(each.turns) & set(path)
        assert all(copy_overlap(each.reply, text) < COPY_OVERLAP for text in path.values())
    for at, each in enumerate(taken):
        assert all(copy_overlap(each.reply, other.reply) < COPY_OVERLAP for other in taken[:at])
    assert all(why for _, why in choice.passed)


@settings(max_examples=40)
@given(POOLS, WORDS, st.randoms(use_true_random=False))
def test_the_order_of_the_pool_changes_nothing(
    pool: list[Exemplar], asked: str, chance: random.Random
) -> None:
    mixed = list(pool)
    chance.shuffle(mixed)
    situation = Situation(asked)
    one = choose(pool, situation, k=3, room=100, cost=cost)
    other = choose(mixed, situation, k=3, room=100, cost=cost)
    assert [e.exemplar.key for e in one.taken] == [e.exemplar.key for e in other.taken]


def test_the_most_similar_comes_first_and_shows_its_similarity() -> None:
    pool = [
        exemplar("Who built the clock?", "My father did, with one hand.", 1),
        exemplar("Is the storm near?", "Near enough to hear.", 2),
    ]
    choice = choose(pool, Situation("How near is the storm?"), k=1, room=99, cost=cost)
    (best,) = choice.taken
    assert best.exemplar.number == 2 and best.meaning > 0.3
    assert "similarity to what was said" in best.why
    assert choice.passed[0][1] == "nothing in common with what was said"


def test_vectors_decide_where_words_do_not_meet() -> None:
    pool = [exemplar("Any vessels?", "None since spring.", 1), exemplar("Hungry?", "Always.", 2)]
    near = {1: 0.9, 2: 0.1}
    choice = choose(
        pool, Situation("Do ships come by?"), k=1, room=99, cost=cost,
        similarity=lambda each: near[each.number],
    )  # fmt: skip
    assert [each.exemplar.number for each in choice.taken] == [1]


def test_the_same_question_of_another_chat_is_no_example() -> None:
    pool = [exemplar("What is your name?", "Mara, and yours I know.", turns=(3, 4))]
    choice = choose(pool, Situation("What is your name"), k=2, room=99, cost=cost)
    assert not choice.taken
    assert choice.passed[0][1] == "the same question: its answer would be copied"


def test_voice_prefers_what_sounds_like_the_card() -> None:
    own = ["Quite so. Observe the mud upon the boots.", "Elementary, and rather dull."]
    pool = [
        exemplar("What of the mud?", "Observe it upon the boots; quite dull.", turns=(1, 2)),
        exemplar("What of the mud?", "lol idk, gross, just wash em??", turns=(3, 4)),
    ]
    ranked = rank(pool, Situation("Tell me of mud", own_lines=own))
    assert ranked[0].exemplar.turns == (1, 2)
    assert ranked[0].voice > ranked[1].voice
    assert Voice([])("anything") == 0.0


FEW_WORDS = st.lists(st.sampled_from(["the", "lamp", "burns", "low", "tonight"]), max_size=7)
SHORT = FEW_WORDS.map(" ".join)


@given(SHORT, st.lists(SHORT, max_size=4))
def test_a_copy_among_many_texts_is_found_as_by_comparing_each(text: str, known: list[str]) -> None:
    compared = any(copy_overlap(text, each) >= COPY_OVERLAP for each in known)
    assert KnownTexts(known).have_copy_of(text) == compared
