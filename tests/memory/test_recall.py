"""The parts of recall one by one, and the benchmark on a small conversation of our own."""

import json
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpterm.bench import locomo
from rpterm.bench import recall as bench
from rpterm.errors import RptermError
from rpterm.memory.indexing.bm25 import WordIndex, query_terms
from rpterm.memory.indexing.index import SITTING_GAP, MemoryIndex
from rpterm.memory.indexing.vector_index import VectorIndex, top
from rpterm.memory.indexing.words import terms
from rpterm.memory.recalled import Recalled, fill, format_hit, under_present_name
from rpterm.memory.search import dates
from rpterm.memory.search.recall import RecallHit, RecallQuery, RecallWeights, recall
from rpterm.memory.search.text_query import build_text_query
from rpterm.store.memory.records import Memory
from rpterm.text.stem import stem
from rpterm.types import Origin, Turn

NOON = datetime(2026, 11, 22, 12).timestamp()  # a Sunday


# Words -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "forms",
    [
        ("paint", "paints", "painted", "painting"),
        ("stop", "stopped", "stopping"),
        ("party", "parties"),
        ("box", "boxes"),
        ("love", "loved", "loving", "loves"),
    ],
)
def test_forms_of_a_word_share_a_stem(forms):
    assert len({stem(form) for form in forms}) == 1


def test_different_words_stay_different():
    assert len({stem(word) for word in ("bus", "bath", "news", "king", "red", "sing")}) == 6


def test_terms_drop_stop_words_and_endings():
    assert terms("What was Ann’s dog called? Dogs!") == ("ann", "dog", "call", "dog")
    assert terms("i'm sure you're right, don’t what's-it Ann's dog") == (
        "sure",
        "right",
        "ann",
        "dog",
    )
    assert terms("我喜欢猫") == ("我喜", "喜欢", "欢猫")
    assert terms("") == ()


@given(st.text())
def test_any_text_has_terms(text):
    assert all(isinstance(term, str) and term for term in terms(text))


# BM25 ------------------------------------------------------------------------------------------
def test_rare_words_count_more_and_repeats_saturate():
    index = WordIndex()
    for row in (["the", "bee"], ["the", "fox"], ["the", "fox", "fox"], ["the"]):
        index.add(row)
    scores = index.scores({"bee": 1.0, "the": 1.0})
    assert scores.argmax() == 0
    once, twice = index.scores({"fox": 1.0})[1:3]
    assert once < twice < 2 * once
    assert index.scores({"wolf": 1.0}).tolist() == [0, 0, 0, 0]


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=6), max_size=30), st.integers(0, 30))
def test_merging_changes_no_score(rows, split):
    query = {"a": 1.0, "b": 0.5, "e": 2.0}
    plain, merged = WordIndex(), WordIndex()
    for number, row in enumerate(rows):
        plain.add(row)
        if number == split:
            merged.merge()
        merged.add(row)
    merged.merge()
    assert np.allclose(plain.scores(query), merged.scores(query))


def test_a_term_keeps_its_largest_weight():
    assert query_terms([(["a", "a"], 1.0), (["a", "b"], 0.3)]) == {"a": 2.0, "b": 0.3}


# Dates -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("what did I say last Tuesday?", "2026-11-17", "2026-11-18"),
        ("what did I say last Sunday?", "2026-11-15", "2026-11-16"),
        ("in May you told me", "2026-05-01", "2026-06-01"),
        ("in December", "2025-12-01", "2026-01-01"),
        ("on May 3, 2023", "2023-05-03", "2023-05-04"),
        ("the 3rd of March", "2026-03-03", "2026-03-04"),
        ("3 weeks ago", "2026-10-29", "2026-11-05"),
        ("yesterday", "2026-11-21", "2026-11-22"),
        ("last month", "2026-10-01", "2026-11-01"),
        ("in 2022", "2022-01-01", "2023-01-01"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
    ],
)
def test_times_are_read(text, start, end):
    (span,) = dates.spans(text, NOON)
    days = [datetime.fromtimestamp(moment).date().isoformat() for moment in (span.start, span.end)]
    assert days == [start, end]


@pytest.mark.parametrize("text", ["may I ask", "2024-02-30", "march on", "second to none", "sun"])
def test_no_time_is_read_where_there_is_none(text):
    assert dates.spans(text, NOON) == []


@pytest.mark.parametrize("text", ["9999-12-31", "December 9999", "May 0000", "0000-01-01"])
def test_a_day_no_calendar_has_is_no_time(text):
    assert dates.spans(text, NOON) == []


@given(st.text() | st.dates().map(str), st.floats(0, 4e9))
def test_dates_never_fail(text, now):
    dates.spans(text, now)


@given(st.integers(0, 10**9), st.sampled_from(["days", "weeks", "months", "years"]))
def test_any_count_of_days_ago_is_a_time(number, unit):
    for span in dates.spans(f"{number} {unit} ago", NOON):
        assert span.start < span.end


def test_a_moment_fits_inside_best_and_after_better_than_before():
    (span,) = dates.spans("last Tuesday", NOON)
    inside, after, before = dates.fit(
        np.array([span.start + 60, span.end + dates.DAY, span.start - dates.DAY]), [span]
    )
    assert inside == 1 > after > before > 0


# Vectors ---------------------------------------------------------------------------------------
def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_sign_bits_find_nearly_all_true_neighbours():
    draw = np.random.default_rng(1)
    topics = draw.standard_normal((60, 128))
    rows = unit(topics[draw.integers(0, 60, 6000)] + 0.6 * draw.standard_normal((6000, 128)))
    exact, quick = VectorIndex(128), VectorIndex(128, exact_rows=100)
    for index in (exact, quick):
        for start in range(0, 6000, 700):
            index.put_many(np.arange(start, min(start + 700, 6000)), rows[start : start + 700])
    allowed = draw.random(6000) < 0.7
    same = []
    for query in rows[:40]:
        true = exact.query(query).nearest(allowed, 10)
        found = quick.query(query).nearest(allowed, 10)
        assert allowed[found].all()
        same.append(len(set(true) & set(found)) / 10)
    assert np.mean(same) >= 0.98


def test_cleared_rows_are_not_found_in_either_form():
    for exact_rows in (1000, 2):
        index = VectorIndex(3, exact_rows)
        index.put_many(np.arange(4), np.array([[1, 0, 0], [0, 1, 0], [2, 0, 0], [1, 1, 0]], float))
        lengths = np.linalg.norm(index.gather(np.arange(4)), axis=1)
        assert lengths == pytest.approx(1, abs=0.01), "each is normalised on its own"
        index.grow(6)
        index.clear(0)
        asked = index.query(np.array([1, 0, 0], np.float32))
        assert asked.nearest(np.ones(6, bool), 9).tolist() == [2, 3, 1]
        assert index.gather(np.array([0, 5])).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_top_keeps_the_order_of_equals():
    assert top(np.array([1, 3, 3, 2, 3], np.float32), 2).tolist() == [1, 2]
    assert top(np.zeros(0, np.float32), 5).tolist() == []


# The whole -------------------------------------------------------------------------------------
def talk(*lines, gap=60.0):
    """An index of one chat, all shown."""
    index = MemoryIndex(VectorIndex(0))
    for number, line in enumerate(lines, 1):
        when = NOON + gap * number
        memory = Memory("turn", "C", line, number, chat_id=1, turn_id=number, created_at=when)
        index.add(memory, terms(line))
    index.show(1, range(1, len(lines) + 1))
    return index


def ask(index, text, count=3, weights=RecallWeights(), **more):  # noqa: B008
    hits = recall(
        index, RecallQuery(dict.fromkeys(terms(text), 1.0), now=NOON, **more), count, weights
    )
    return [hit.row for hit in hits]


LINES = (
    "what is your favourite meal", "risotto", "nice weather today", "I saw a heron",
    "do you like the weather", "the bus was late", "my shoes are wet",
)  # fmt: skip


def test_an_answer_is_found_by_its_question():
    found = ask(talk(*LINES), "favourite meal", 2)
    assert found == [1, 0]
    alone = RecallWeights(neighbours=False, sitting=0, questions=False)
    assert ask(talk(*LINES), "favourite meal", 2, alone) == [0]


def test_scores_do_not_spread_to_another_day():
    assert ask(talk(*LINES, gap=SITTING_GAP + 1), "favourite meal", 2) == [0]


def test_forgetting_closes_the_gap():
    index = talk("favourite meal", "hm", "risotto")
    index.forget(1)
    assert index.before[2] == 0
    assert index.after[0] == 2
    assert ask(index, "hm") == []


def test_hidden_rows_pass_on_no_score():
    index = talk("hello", "favourite meal", "risotto")
    index.show(1, [1, 3])
    assert ask(index, "favourite meal") == []


def test_importance_and_age_break_ties():
    index = MemoryIndex(VectorIndex(0))
    for number, (age, importance) in enumerate([(300, 0.0), (1, 0.0), (300, 1.0)], 1):
        when = NOON - age * dates.DAY
        memory = Memory("note", "C", "", number, created_at=when, importance=importance)
        index.add(memory, ["bee"])
    assert ask(index, "bee") == [2, 1, 0]


def test_near_duplicates_are_left_out():
    index = MemoryIndex(VectorIndex(2))
    for number, angle in enumerate((0.0, 0.05, 1.2)):
        index.add(Memory("note", "C", "", number + 1), ["bee"])
        index.vectors.put(number, np.array([np.cos(angle), np.sin(angle)], np.float32))
    query = np.array([1, 0], np.float32)
    assert ask(index, "bee", vector=query) == [0, 2]
    assert ask(index, "bee", weights=RecallWeights(alike=2), vector=query) == [0, 1, 2]


def test_a_named_time_is_enough():
    index = talk("alpha", "beta", "gamma", gap=3 * dates.DAY)
    spans = tuple(dates.spans("2026-11-25", NOON))
    assert ask(index, "zeta", 1, spans=spans) == [0]


def test_more_rows_than_are_searched_exactly_need_no_vectors():
    vectors = VectorIndex(0, exact_rows=2)
    vectors.reserve(100)
    vectors.grow(50)
    assert len(vectors) == 50


def test_an_empty_index_recalls_nothing():
    assert ask(MemoryIndex(VectorIndex(4)), "bee", vector=np.ones(4, np.float32)) == []


# Question and budget ---------------------------------------------------------------------------
def turn(number, text):
    return Turn(number, 1, number - 1 or None, "user", "Ann", text)


def test_the_last_turns_contribute_terms():
    path = [turn(1, "the zeppelin"), turn(2, "ferries"), turn(3, "harbour lights")]
    asked = build_text_query("tell me about lights and storms", path, NOON)
    assert asked.terms["light"] == 1.0
    assert 0 < asked.terms["ferry"] < asked.terms["harbour"] < 0.5
    assert asked.text == "tell me about lights and storms"
    short = build_text_query("tell me about lights", path, NOON)
    assert 0.5 < short.terms["ferry"] < short.terms["harbour"] < 1
    assert "zeppelin" not in asked.terms
    assert short.text == "ferries\nharbour lights\ntell me about lights"
    assert build_text_query("which ferry reached the harbour", path, NOON).text.count("\n") == 0


def test_terms_of_the_last_turns_are_no_evidence():
    index = talk("the old man smiles at you", "the slipper lies by the fire")
    reply = turn(1, "The old man smiles. He looks like an old sailor who smiles at the sea.")
    asked = build_text_query("Where did you put the Persian slipper?", [reply], NOON)
    assert set(asked.own) == set(terms("put Persian slipper")) < set(asked.terms)
    weights = RecallWeights(neighbours=False)
    hits = recall(index, RecallQuery(asked.terms, now=NOON, own=asked.own), 2, weights)
    said = {hit.row: hit for hit in hits}
    assert said[0].words > said[1].words and said[0].draft_words == 0 and said[1].draft_words > 0.2
    alone = recall(index, RecallQuery(asked.own, now=NOON), 2, weights)
    assert next(hit for hit in alone if hit.row == 1).draft_words == pytest.approx(
        said[1].draft_words
    )
    short = build_text_query("Where is the slipper?", [reply], NOON)
    assert short.own == short.terms


def test_a_long_turn_is_recalled_as_an_excerpt():
    filler = "The fog leans on the windows and nobody says a word about it. " * 6
    text = f"*He looks up.* {filler}The red notebook is under the piano. {filler}"
    row = Memory("turn", "C", text, id=1, chat_id=1, turn_id=1, speaker="Holmes", created_at=NOON)
    asked = build_text_query("where is the notebook under the piano", [], NOON)
    hit = RecallHit(0, 1.0, words=1.0)
    shown = format_hit(row, hit, asked, "", NOON).text
    assert "… The red notebook is under the piano. …" in shown
    assert len(shown) < 400 and "*" not in shown
    short = replace(row, text="*Short.* The notebook.")
    assert format_hit(short, hit, asked, "", NOON).text.endswith("Holmes: *Short.* The notebook.")


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "earlier today"), (-0.3, "earlier today"), (1, "yesterday"), (2, "two days ago"),
        (13, "13 days ago"), (14, "two weeks ago"), (75, "two months ago"), (800, "two years ago"),
        (36_500, "100 years ago"),
    ],
)  # fmt: skip
def test_a_memory_says_how_long_ago_it_was_and_no_date(days, said):
    assert dates.days_ago(NOON - days * 86_400, NOON) == said


def test_a_memory_without_a_time_says_none():
    assert dates.days_ago(0, NOON) == ""


def test_nothing_is_borrowed_from_a_greeting():
    greeting = replace(turn(1, "The lighthouse is dark tonight."), origin=Origin.GREETING)
    assert set(build_text_query("hey there", [greeting], NOON).terms) == set(terms("hey there"))


def test_a_question_about_oneself_borrows_no_evidence():
    asked = build_text_query("am i married?", [turn(1, "what is my sister's name?")], NOON)
    assert set(asked.own) == set(terms("married"))


def test_the_characters_own_name_is_no_search_word():
    path = [replace(turn(1, "Ah."), role="assistant", speaker="Juno Vale"), turn(2, "So.")]
    asked = build_text_query("hey Juno, where is Ann's lamp", path, NOON)
    assert "juno" not in asked.terms and {"ann", "lamp"} <= set(asked.own)


def test_a_greeting_does_not_search_for_the_speakers_names():
    path = [replace(turn(1, "Holmes lies on the sofa. Ann, sit down."), speaker="Holmes")]
    path.append(turn(2, "sherry please"))
    assert set(build_text_query("hi", path, NOON).terms) == set(terms("hi sherry lies sofa"))


@given(st.lists(st.integers(1, 50)), st.integers(0, 200), st.integers(0, 20))
def test_the_budget_is_never_overrun(sizes, budget, most):
    items = [Recalled(at, "x" * size, 0, "", "note", None, None, 0, 0)
             for at, size in enumerate(sizes)]  # fmt: skip
    taken = fill(items, len, budget, most)
    assert len(taken) <= most
    assert all(item.tokens == sizes[item.id] for item in taken)
    rest = budget - sum(item.tokens for item in taken)
    assert rest >= 0
    left = [size for at, size in enumerate(sizes) if at not in {item.id for item in taken}]
    assert len(taken) == most or rest <= 0 or all(size > rest for size in left)


# Benchmark -------------------------------------------------------------------------------------
@pytest.fixture
def small_locomo(tmp_path):
    def lines(session, *texts):
        names = ("Ann", "Bob")
        return [
            {"speaker": names[i % 2], "dia_id": f"D{session}:{i + 1}", "text": text}
            for i, text in enumerate(texts)
        ]

    one = {
        "sample_id": "one",
        "conversation": {
            "speaker_a": "Ann", "speaker_b": "Bob",
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": lines(1, "hello Bob", "hi", "I bought a kayak", "great"),
            "session_2_date_time": "9:10 am on 20 June, 2023",
            "session_2": lines(2, "it rains", "my cousin keeps llamas", "no way", "yes"),
        },
        "qa": [
            {"question": "What did Ann buy?", "evidence": ["D1:3"], "category": 4},
            {"question": "What animals, llamas?", "evidence": ["D2:2; D1:3"], "category": 1},
            {"question": "What about nobody?", "evidence": [], "category": 5},
        ],
    }  # fmt: skip
    path = tmp_path / "small.json"
    path.write_text(json.dumps([one, {**one, "sample_id": "two"}]))
    return path


def some_vectors(texts):
    return np.eye(len(texts), 16, dtype=np.float32)


def test_locomo_is_read(small_locomo):
    one, two = locomo.read(small_locomo)
    assert (one.name, two.name, len(one.turns), len(one.questions)) == ("one", "two", 8, 2)
    assert one.questions[1].evidence == {2, 5}
    assert one.turns[4].session == 2


def test_the_report_has_its_keys_and_right_numbers(small_locomo):
    report = bench.locomo_report(small_locomo, some_vectors)
    assert {"r@5", "r@10", "r@25"} <= set(report)
    assert report["questions"] == 4
    assert report["r@25"] == 1.0
    assert set(report["categories"]) == {"single-hop", "multi-hop"}
    words = report["ablation"]["words alone"]
    assert words["r@5"] == 0.75  # Ann said four things; of the llamas only their own turn
    assert set(report["ablation"]) >= {"all", "without neighbours", "without speakers"}
    assert report["leave_one_out"]["r@25"] == 1.0


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "other.json"
    path.write_text('[{"x": 1}]')
    with pytest.raises(RptermError, match="LoCoMo"):
        locomo.read(path)
    with pytest.raises(RptermError, match="LoCoMo"):
        bench.run(path)


def test_the_time_of_recall_is_reported_for_any_size():
    (figures,) = bench.run(memories=1_000)
    assert figures["memories"] == 1_000
    assert figures["recall@10_of_exact"] == 1.0
    assert 0 < figures["p50_ms"] <= figures["p95_ms"]
    assert figures["disk_mb"] > 0
    assert figures["peak_ram_mb"] > 0


def test_lines_for_people(small_locomo):
    shown = list(bench.lines(bench.locomo_report(small_locomo, some_vectors)))
    assert shown[1].startswith("all")
    assert any("without meaning" in line for line in shown)


def test_a_name_without_spaces_around_it_is_replaced_by_the_present_one() -> None:
    fact = Memory("fact", "C", "小明喜欢茶。", turn_id=3)
    assert under_present_name(fact, {3: "小明"}, "小红").text == "小红喜欢茶。"
