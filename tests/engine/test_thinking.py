"""Thought and reply are told apart: in any cut, by every engine, and by the real model."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpterm.chat.replay import replay
from rpterm.engine.llama import LlamaEngine
from rpterm.engine.protocol import (
    Delta,
    Engine,
    EngineEvent,
    Finished,
    GenerateRequest,
    Piece,
    Thought,
)
from rpterm.engine.scripted import ScriptedEngine
from rpterm.engine.thinking import FAMILIES, ThoughtSplitter, ThoughtTags, split, split_unopened
from rpterm.types import Generation, Sampling

FAMILY = {marks.opens: marks for marks in FAMILIES}
QWEN, HARMONY = FAMILY["<think>"], FAMILY["<|channel|>analysis<|message|>"]


def cut(text: str, at: list[int], prompt: str = "") -> tuple[str, str]:
    """What comes of a text that arrives in pieces."""
    data, thinking = text.encode(), ThoughtSplitter(prompt)
    places = sorted({min(place, len(data)) for place in at} | {0, len(data)})
    pieces = [data[a:b] for a, b in pairwise(places)]
    got = [thinking.feed(piece) for piece in pieces] + [thinking.finish()]
    return "".join(each for each, _ in got), b"".join(each for _, each in got).decode()


@pytest.mark.parametrize("marks", FAMILIES, ids=lambda marks: marks.opens)
def test_the_thought_of_every_model_family_is_separated(marks: ThoughtTags) -> None:
    text = f"\n{marks.opens}He lies…{marks.noise}{marks.closes}\n\n*nods* Yes."
    assert split(text) == ("He lies…", "*nods* Yes.")
    assert split(f"{marks.opens}{marks.noise}{marks.closes}Yes.") == ("", "Yes.")
    begun = f"…assistant\n{marks.opens}\n"
    assert cut(f"He lies.{marks.noise}{marks.closes} Yes.", [], begun) == ("He lies.", "Yes.")
    done = f"…assistant\n{marks.opens}\n\n{marks.closes}\n\n"
    assert cut("Yes.", [], done) == ("", "Yes.")


@pytest.mark.parametrize(
    "text",
    ["", "Yes.", "<thin ice", "<", "a < b <think>c</think>", "*She thinks.* <think>", "  Yes"],
)
def test_a_reply_without_a_thought_stays_as_it_is(text: str) -> None:
    assert cut(text, list(range(len(text)))) == ("", text)
    assert split(text) == ("", text)


def test_an_unclosed_thought_lasts_to_the_end() -> None:
    assert split("<think>He lies, and </thi") == ("He lies, and </thi", "")


def test_an_answer_that_goes_straight_to_its_channel() -> None:
    assert cut("<|channel|>final<|message|>Yes.", [3, 12]) == ("", "Yes.")


@given(
    st.sampled_from([QWEN, HARMONY]),
    st.text(alphabet="ab <|>/é\n"),
    st.text(alphabet="ab <|>/é\n"),
    st.lists(st.integers(0, 120)),
    st.booleans(),
)
def test_thoughts_do_not_depend_on_how_bytes_are_split(
    marks: ThoughtTags, thought: str, reply: str, at: list[int], opened: bool
) -> None:
    text = f"{marks.opens if opened else ''}{thought}{marks.noise}{marks.closes}{reply}"
    prompt = "" if opened else f"x{marks.opens}"
    assert cut(text, at, prompt) == cut(text, [], prompt) == (thought, reply.lstrip())


def test_a_thought_without_an_opening_mark() -> None:
    assert split_unopened("He lies.\n</think>\n\nYes.") == ("He lies.", "Yes.")
    assert split_unopened("Yes. </i>") is None


def said(events: list[EngineEvent]) -> tuple[str, str, Finished]:
    """Thought, reply and end of the only reply."""
    thought = "".join(event.text for event in events if isinstance(event, Thought))
    reply = "".join(event.text for event in events if isinstance(event, Delta))
    (end,) = [event for event in events if isinstance(event, Finished)]
    return thought, reply, end


def asked(engine: Engine, prompt: str, sampling: Sampling, **more: object) -> GenerateRequest:
    (ids,) = engine.tokenize([Piece(prompt, special=True)])
    return GenerateRequest(tuple(ids), sampling, **more)  # type: ignore[arg-type]


def test_the_scripted_engine_thinks() -> None:
    engine = ScriptedEngine(["<think>\nUser: asks of bees.</think>\n\nBees?"])
    engine.load()
    request = asked(engine, "hi", Sampling(seed=1), stop=("\nUser:",))
    thought, reply, end = said(list(engine.generate(request)))
    assert (thought, reply, end.reason) == ("\nUser: asks of bees.", "Bees?", "end")


PLAIN = Sampling(seed=11, max_tokens=8)
BEGUN = "<|im_start|>user\nWho are you?<|im_end|>\n<|im_start|>assistant\n<think>\n"


@pytest.mark.model
@pytest.mark.parametrize("most", [0, 6])
def test_a_thought_ends_after_its_tokens(engine: LlamaEngine, most: int) -> None:
    request = asked(engine, BEGUN, replace(PLAIN, think_tokens=most))
    events = list(engine.generate(request))
    thought, reply, end = said(events)
    written = engine.detokenize(end.ids)
    assert written.partition("</think>")[0].strip() == thought.strip()
    assert written.partition("</think>")[2].lstrip() == reply != ""
    closing = engine.tokenize([Piece(QWEN.ending, special=True)])[0]
    assert end.ids[most : most + len(closing)] == tuple(closing)
    assert engine.detokenize(end.ids[-PLAIN.max_tokens :]) == reply  # a space between is no word
    assert sum(event.tokens for event in events if isinstance(event, Delta)) == PLAIN.max_tokens
    again = said(list(engine.generate(request)))
    assert again[:2] == (thought, reply) and again[2].ids == end.ids


@pytest.mark.model
def test_a_grammar_and_bans_bind_the_reply_alone(engine: LlamaEngine) -> None:
    grammar = 'root ::= "No." | "Yes."'
    sampling = replace(PLAIN, think_tokens=5, grammar=grammar, banned=("e",))
    thought, reply, _ = said(list(engine.generate(asked(engine, BEGUN, sampling))))
    assert thought and reply == "No."


@pytest.mark.model
def test_several_replies_think_each_for_itself(engine: LlamaEngine) -> None:
    sampling = replace(PLAIN, think_tokens=5, temperature=1.5)
    events = list(engine.generate(asked(engine, BEGUN, sampling, seeds=(1, 2))))
    thoughts = {
        index: "".join(e.text for e in events if isinstance(e, Thought) and e.index == index)
        for index in (0, 1)
    }
    assert all(thoughts.values()) and thoughts[0] != thoughts[1]


@pytest.mark.model
@pytest.mark.parametrize("kept", [4, 14])
def test_a_stopped_reply_is_reproduced(engine: LlamaEngine, kept: int) -> None:
    request = asked(engine, BEGUN, replace(PLAIN, think_tokens=6))
    *_, end = said(list(engine.generate(request)))
    info = engine.load()
    made = Generation(
        "llama", info.model, info.model_hash, request.sampling, prompt_ids=request.prompt_ids,
        reply_ids=end.ids[:kept], batch_seeds=(11,), stop_reason="cancelled",
    )  # fmt: skip
    assert replay(made, engine).identical
