"""The pure parts of the llama engine: stop texts, reuse plans, banned phrases, messages, queues."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rpterm.engine.llama.cache.prefix_reuse import (
    common_prefix_length,
    fit_chunk,
    next_chunk,
    plan_prompt,
    plan_settle,
)
from rpterm.engine.llama.event_buffer import EventBuffer
from rpterm.engine.llama.job_queue import AbortFlag, JobQueue
from rpterm.engine.llama.messages import (
    pack,
    pack_event,
    pack_request,
    unpack,
    unpack_event,
    unpack_request,
)
from rpterm.engine.llama.sampling.banned_phrases import BannedPhrases
from rpterm.engine.llama.threads import choose_threads, physical_cores
from rpterm.engine.protocol import (
    Delta,
    EngineEvent,
    Finished,
    GenerateRequest,
    PromptProgress,
    Retracted,
)
from rpterm.engine.reply_text import ReplyText, fold, partial_match_length
from rpterm.types import Sampling, Usage

SMALL = st.text("abAB é🎉\n", max_size=24)
NEEDLES = st.lists(st.text("abé🎉\n", min_size=1, max_size=4), max_size=3)


def feed_all(text: ReplyText, raw: bytes, cuts: list[int]) -> str:
    """Everything shown when the bytes come in pieces of these sizes."""
    shown, at = "", 0
    for size in [*cuts, len(raw)]:
        shown += text.feed(raw[at : at + size])
        at += size
        if text.stopped:
            return shown
    return shown + text.finish()


@given(SMALL, NEEDLES, st.lists(st.integers(1, 5), max_size=20))
def test_text_does_not_depend_on_how_bytes_are_split(
    text: str, stops: list[str], cuts: list[int]
) -> None:
    raw = text.encode()
    by_byte = feed_all(ReplyText(stops), raw, [1] * len(raw))
    assert feed_all(ReplyText(stops), raw, cuts) == by_byte
    assert text.startswith(by_byte)
    assert not any(stop in by_byte for stop in stops)
    assert by_byte == text or any(stop in text for stop in stops)


@given(SMALL, NEEDLES, st.lists(st.integers(1, 3), max_size=12), SMALL)
def test_rewind_leaves_no_trace(text: str, needles: list[str], cuts: list[int], other: str) -> None:
    """Feed, rewind to a cut, feed something else: what stands is the same as without the detour."""
    raw = text.encode()
    kept = raw[: sum(cuts[:1])]
    reply = ReplyText((), needles)
    shown = reply.feed(kept)
    mark = reply.size
    shown += reply.feed(raw[len(kept) :])
    shown = shown[: len(shown) - reply.rewind(mark)]
    shown += reply.feed(other.encode()) + reply.finish()
    straight = ReplyText((), needles)
    assert shown == straight.feed(kept + other.encode()) + straight.finish()


def test_a_split_stop_text_is_held_back() -> None:
    reply = ReplyText(("\nUser:",))
    assert reply.feed(b"Aye.\nUs") == "Aye."
    assert reply.feed(b"er") == ""
    assert reply.feed(b": no") == ""
    assert reply.stopped and reply.text == "Aye."


def test_half_a_character_waits_and_is_dropped_at_the_end() -> None:
    reply = ReplyText()
    raw = "🎉".encode()
    assert [reply.feed(raw[:2]), reply.feed(raw[2:]), reply.feed(raw[:3])] == ["", "🎉", ""]
    assert reply.finish() == ""


@example("ΟΔΟΣ")
@example("İ")
@given(st.text())
def test_each_character_is_folded_alone(text: str) -> None:
    assert fold(text) == "".join(fold(char) for char in text)
    assert len(fold(text)) == len(text)
    assert fold("ο δρόμος") == fold("Ο ΔΡΌΜΟΣ")


@given(SMALL, NEEDLES)
def test_partial_match_length_is_the_longest(text: str, needles: list[str]) -> None:
    expected = max(
        (n for needle in needles for n in range(1, len(needle)) if text.endswith(needle[:n])),
        default=0,
    )
    assert partial_match_length(text, needles) == expected


TOKENS = st.lists(st.integers(0, 3), max_size=40)


@given(TOKENS, TOKENS, st.integers(0, 40))
def test_exact_plans_keep_only_exact_equal_tokens(
    old: list[int], new: list[int], exact: int
) -> None:
    plan = plan_prompt(old, min(exact, len(old)), new, "exact")
    assert plan.cut is None
    assert old[: plan.keep] == new[: plan.keep]
    assert plan.keep <= exact
    assert len(new) - plan.keep >= min(2, len(new)), "never a batch of one"
    settle = plan_settle(old, min(exact, len(old)), new)
    assert old[: settle.keep] == new[: settle.keep]
    assert len(new) - settle.keep != 1 or len(new) == 1


def test_shift_finds_what_was_removed() -> None:
    old = [*range(100), *range(500, 520), *range(100, 200)]
    new = [*range(200), 7, 8, 9]
    plan = plan_prompt(old, len(old), new, "shift")
    assert plan.cut == (100, 120)
    assert plan.keep == 200
    assert plan_prompt(old, len(old), new, "exact").keep == 100


@given(TOKENS, TOKENS)
def test_shift_plans_are_consistent(old: list[int], new: list[int]) -> None:
    plan = plan_prompt(old, 0, new, "shift")
    if plan.cut is not None:
        old = old[: plan.cut[0]] + old[plan.cut[1] :]
    assert old[: plan.keep] == new[: plan.keep]
    assert common_prefix_length(old, new) >= plan.keep


@given(st.integers(2, 5000), st.integers(32, 512))
def test_chunks_never_leave_a_single_token(total: int, chunk: int) -> None:
    left = total
    while left:
        step = next_chunk(left, chunk)
        assert 2 <= step <= chunk
        left -= step


def test_chunk_size_follows_the_speed() -> None:
    assert fit_chunk(128, 10.0, 512) == 32
    assert fit_chunk(128, 0.1, 512) == 128
    assert fit_chunk(128, 0.001, 512) == 512


def test_banned_phrases_in_any_case_and_over_tokens() -> None:
    banned = BannedPhrases(("Shivers down", ""))
    assert banned.find("I feel shIVers", [2, 7, 14]) is None
    assert banned.find("I feel shIVers DOWN", [2, 7, 9, 14, 19]) == 2
    banned.forbid(2, 77)
    banned.forbid(4, 78)
    banned.forbid(3, 79)
    assert (banned.forbidden(2), banned.forbidden(3), banned.forbidden(4)) == ({77}, {79}, set())
    assert banned.rewinds == 3


def test_an_earlier_phrase_is_not_found_again() -> None:
    banned = BannedPhrases(("ab",))
    assert banned.find("ab" + "x" * 50 + "y", [2, 52, 53]) is None


EVENTS: list[EngineEvent] = [
    Delta(1, "é🎉\n\u2028", 3),
    PromptProgress(1, 2, 3),
    Retracted(0, 4),
    Finished(2, "stop", Usage(1, 2, 3, 0.5, 0.25), (5, 6)),
]


@pytest.mark.parametrize("event", EVENTS)
def test_events_survive_encoding(event: EngineEvent) -> None:
    line = pack({"ev": [pack_event(event)]})
    assert line.count(b"\n") == 1
    assert unpack_event(unpack(line)["ev"][0]) == event


@given(st.text(), st.dictionaries(st.text(), st.floats(-10, 10)), st.lists(st.text()))
def test_requests_survive_encoding(text: str, bias: dict[str, float], stops: list[str]) -> None:
    sampling = Sampling(seed=3, logit_bias=bias, banned=(text,), grammar=text)
    request = GenerateRequest((1, 2), sampling, seeds=(3, 4), stop=tuple(stops), kv_mode="shift")
    assert unpack_request(unpack(pack(pack_request(request)))) == request


def test_the_buffer_merges_text_and_drops_unsent_text_when_it_is_retracted() -> None:
    lines: list[list[list[object]]] = []
    buffer = EventBuffer(lines.append)
    buffer.add_text(0, "ab", 1)
    buffer.flush_due()
    buffer.add_text(0, "cd", 1)
    buffer.add_text(0, "", 1)
    buffer.add_text(0, "ef", 1)
    buffer.flush_due()
    assert lines == [[["d", 0, "ab", 1]]], "the second flush is not due yet"
    buffer.retract(0, 5)
    assert lines[-1] == [["r", 0, 1]], "four of five characters were never sent"


def test_the_queue_aborts_settling_for_any_job_and_remembers_cancellations() -> None:
    queue = JobQueue(AbortFlag())
    queue.put({"id": 1, "op": "settle"})
    assert queue.take()["id"] == 1 and not queue.abort.is_set()
    queue.put({"id": 2, "op": "generate"})
    assert queue.abort.is_set()
    queue.put({"id": 3, "op": "generate"})
    queue.cancel([3, 99])
    assert queue.take()["id"] == 2 and not queue.abort.is_set()
    assert queue.take()["id"] == 3 and queue.abort.is_set()
    queue.put({"id": 4, "op": "generate"})
    assert queue.take()["id"] == 4 and not queue.abort.is_set()
    queue.cancel([4])
    assert queue.abort.is_set()


def test_one_thread_runs_on_each_physical_core_unless_asked_otherwise(tmp_path: Path) -> None:
    assert choose_threads(3) == 3
    assert choose_threads(0) == physical_cores() >= 1
    assert physical_cores(tmp_path) >= 1, "no topology: logical CPUs"


def test_the_client_imports_nothing_heavy() -> None:
    code = (
        "import sys, rpterm.engine.llama, rpterm.engine.scripted; "
        "bad = {'llama_cpp', 'numpy', 'jinja2'} & set(sys.modules); "
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
