"""The llama engine with the starter model: text, samplers, stops, candidates, scoring."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rpterm.engine.llama import LlamaEngine
from rpterm.engine.protocol import (
    Delta,
    EngineError,
    EngineEvent,
    Finished,
    GenerateRequest,
    Piece,
    PromptProgress,
    Retracted,
)
from rpterm.types import Sampling

pytestmark = pytest.mark.model

PLAIN = Sampling(seed=11, max_tokens=14)
GREEDY = replace(PLAIN, temperature=0.0, repeat_penalty=1.0, dry_multiplier=0.0)
Ids = tuple[int, ...]


def run(engine: LlamaEngine, prompt: Iterable[int], s: Sampling, **more: Any) -> list[EngineEvent]:
    return list(engine.generate(GenerateRequest(tuple(prompt), s, **more)))


def text_of(events: list[EngineEvent], index: int = 0) -> str:
    """What stands on the screen in the end."""
    text = ""
    for event in events:
        if isinstance(event, Delta) and event.index == index:
            text += event.text
        elif isinstance(event, Retracted) and event.index == index:
            text = text[: len(text) - event.characters]
    return text


def ends(events: list[EngineEvent]) -> list[Finished]:
    return [event for event in events if isinstance(event, Finished)]


def end(events: list[EngineEvent]) -> Finished:
    (only,) = ends(events)
    return only


def tell(line: str) -> None:
    """A time, for whoever runs with -s; never asserted, because other programs run beside."""
    sys.stdout.write(f"\n{line}\n")


def say(engine: LlamaEngine, text: str) -> Ids:
    asked = f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"
    return tuple(engine.tokenize([Piece(asked, special=True)])[0])


def test_info_has_what_a_prompt_needs(engine: LlamaEngine) -> None:
    info = engine.load()
    assert info is engine.info
    assert (info.engine, info.context, info.trained_context) == ("llama", 256, 8192)
    assert "im_start" in info.chat_template
    assert (info.bos, info.eos) == ("", "<|im_end|>")
    assert info.can_score and info.exact_tokens
    assert int(info.detail["threads"]) == 2


def test_typed_control_tokens_stay_text(engine: LlamaEngine) -> None:
    typed, special, empty = engine.tokenize(
        [Piece("<|im_end|>"), Piece("<|im_end|>", special=True), Piece("")]
    )
    assert len(typed) > 1 and len(special) == 1 and empty == []
    assert engine.detokenize(typed) == engine.detokenize(special) == "<|im_end|>"


def test_any_text_survives_tokens(engine: LlamaEngine) -> None:
    odd = ["é🎉 ‍👩‍🚀", "\x00\x01", "a" * 3000, "日本語", "\ud800x", "  spaces\t\n"]
    tokens = engine.tokenize([Piece(text) for text in odd])
    back = [engine.detokenize(ids) for ids in tokens]
    assert back == [text.encode("utf-8", "replace").decode() for text in odd]
    assert engine.detokenize([-1, 10**9]) == "\ufffd\ufffd"


def test_streamed_text_is_the_text_of_the_ids(engine: LlamaEngine, prompt: Ids) -> None:
    events = run(engine, prompt, PLAIN)
    done = end(events)
    assert isinstance(events[0], PromptProgress)
    assert text_of(events) == engine.detokenize(done.ids)
    assert sum(e.tokens for e in events if isinstance(e, Delta)) == len(done.ids) == 14
    assert done.reason == "length"
    assert done.usage.generated == 14
    assert done.usage.reused + done.usage.evaluated == len(prompt)
    assert done.usage.first_token_s > 0 and done.usage.decode_s > 0


def test_the_same_seed_gives_the_same_reply(engine: LlamaEngine, prompt: Ids) -> None:
    first = end(run(engine, prompt, PLAIN)).ids
    run(engine, say(engine, "Something else."), PLAIN)
    assert end(run(engine, prompt, PLAIN)).ids == first
    assert end(run(engine, prompt, replace(PLAIN, seed=12))).ids != first


def test_every_sampler_runs_and_is_reproducible(engine: LlamaEngine, prompt: Ids) -> None:
    short = replace(PLAIN, max_tokens=4)
    changes: list[dict[str, Any]] = [
        {"top_k": 20, "top_p": 0.9, "typical_p": 0.9},
        {"top_n_sigma": 1.0, "dynatemp_range": 0.3, "dynatemp_exponent": 1.2},
        {"xtc_probability": 0.5, "xtc_threshold": 0.05},
        {"mirostat": 1},
        {"mirostat": 2},
        {"presence_penalty": 0.5, "frequency_penalty": 0.5, "penalty_last_n": 64},
    ]
    for change in changes:
        sampling = replace(short, **change)
        ids = end(run(engine, prompt, sampling)).ids
        assert len(ids) == 4 and end(run(engine, prompt, sampling)).ids == ids


def test_logit_bias_by_text(engine: LlamaEngine, prompt: Ids) -> None:
    (token,) = engine.tokenize([Piece(" ship")])
    loud = replace(GREEDY, max_tokens=4, logit_bias={" ship": 100.0})
    assert end(run(engine, prompt, loud)).ids == tuple(token * 4)
    (first, *_) = end(run(engine, prompt, GREEDY)).ids
    never = replace(GREEDY, max_tokens=1, logit_bias={engine.detokenize([first]): -100.0})
    assert end(run(engine, prompt, never)).ids != (first,)


def test_penalties_see_the_history(engine: LlamaEngine) -> None:
    """A list that repeats one word goes on with it, unless what the prompt holds counts."""
    (ids,) = engine.tokenize([Piece("apple, apple, apple, apple, apple, apple, apple,")])
    (word,) = engine.tokenize([Piece(" apple")])
    free = end(run(engine, ids, replace(GREEDY, max_tokens=1))).ids
    assert free == tuple(word[:1])
    held = replace(GREEDY, max_tokens=1, repeat_penalty=3.0, penalty_last_n=64)
    assert end(run(engine, ids, held)).ids != free
    unseen = replace(held, penalty_last_n=0)
    assert end(run(engine, ids, unseen)).ids == free
    dry = replace(GREEDY, max_tokens=1, dry_multiplier=5.0, dry_allowed_length=1, dry_range=64)
    assert end(run(engine, ids, dry)).ids != free


def test_stop_text_split_over_tokens(engine: LlamaEngine, prompt: Ids) -> None:
    whole = text_of(run(engine, prompt, GREEDY))
    middle = len(whole) // 2
    stop = whole[middle - 2 : middle + 3]
    events = run(engine, prompt, GREEDY, stop=(stop,))
    assert text_of(events) == whole[: whole.index(stop)]
    assert end(events).reason == "stop"


def test_end_token_ends_and_is_not_in_the_ids(engine: LlamaEngine) -> None:
    ask = say(engine, "Answer with the single word: yes")
    done = end(run(engine, ask, replace(GREEDY, max_tokens=60)))
    assert done.reason == "end"
    assert "<|im_end|>" not in engine.detokenize(done.ids)


def test_whole_characters_only(engine: LlamaEngine) -> None:
    forced = replace(PLAIN, max_tokens=12, grammar='root ::= ("🎉" | "é" | "日")+')
    events = run(engine, say(engine, "Emoji!"), forced)
    texts = [event.text for event in events if isinstance(event, Delta)]
    assert texts and all(char in "🎉é日" for text in texts for char in text)


def test_banned_phrases_are_rewound(engine: LlamaEngine, prompt: Ids) -> None:
    plain = text_of(run(engine, prompt, GREEDY))
    words = plain.split()
    phrase = " ".join(words[2:4]).upper()
    events = run(engine, prompt, replace(GREEDY, banned=(phrase,)))
    assert phrase.lower() not in text_of(events).lower()
    assert text_of(events).startswith(" ".join(words[:2]))
    assert text_of(events) == engine.detokenize(end(events).ids)
    again = run(engine, prompt, replace(GREEDY, banned=(phrase,)))
    assert end(again).ids == end(events).ids


def test_the_very_first_word_can_be_banned(engine: LlamaEngine, prompt: Ids) -> None:
    plain = text_of(run(engine, prompt, GREEDY))
    first = " ".join(plain.split()[:2])
    events = run(engine, prompt, replace(GREEDY, banned=(first,)), seeds=(1, 2))
    assert len(ends(events)) == 2
    for index in (0, 1):
        assert text_of(events, index)
        assert first.lower() not in text_of(events, index).lower()
    assert text_of(run(engine, prompt, GREEDY)) == plain, "the cache was left clean"


def test_grammar_is_followed(engine: LlamaEngine, prompt: Ids) -> None:
    sampling = replace(PLAIN, max_tokens=30, grammar='root ::= "Aye, " ("yes" | "no") "."')
    events = run(engine, prompt, sampling)
    assert text_of(events) in ("Aye, yes.", "Aye, no.")
    assert end(events).reason == "end"


@pytest.mark.parametrize("grammar", ['root ::= "a', "nonsense", 'other ::= "a"', "root ::= root"])
def test_bad_grammar_is_an_error(engine: LlamaEngine, prompt: Ids, grammar: str) -> None:
    with pytest.raises(EngineError, match="grammar"):
        run(engine, prompt, replace(PLAIN, grammar=grammar))
    assert end(run(engine, prompt, replace(PLAIN, max_tokens=2))).reason == "length"


def test_candidates_share_a_prefix_and_repeat(engine: LlamaEngine, prompt: Ids) -> None:
    sampling = replace(PLAIN, max_tokens=8)
    seeds = (1, 2, 3, 4)
    first = ends(run(engine, prompt, sampling, seeds=seeds))
    run(engine, say(engine, "Something else."), sampling)
    second = ends(run(engine, prompt, sampling, seeds=seeds))
    assert [done.index for done in first] == [0, 1, 2, 3]
    assert [done.ids for done in first] == [done.ids for done in second]
    assert len({done.ids for done in first}) > 1
    after = end(run(engine, prompt, sampling))
    assert after.usage.reused == len(prompt) - 2, "the shared prefix stayed"


def test_candidates_cost_less_than_replies_in_turn(engine: LlamaEngine, prompt: Ids) -> None:
    """Behaviour only: all end; the times are printed, because other programs run beside."""
    sampling = replace(PLAIN, max_tokens=16)
    began = time.perf_counter()
    for seed in (1, 2, 3, 4):
        run(engine, prompt, replace(sampling, seed=seed))
    middle = time.perf_counter()
    done = ends(run(engine, prompt, sampling, seeds=(1, 2, 3, 4)))
    spent = time.perf_counter() - middle
    tell(f"four in turn {middle - began:.2f} s, at once {spent:.2f} s")
    assert [len(each.ids) for each in done] == [16] * 4


def test_more_candidates_than_sequences_are_refused(engine: LlamaEngine, prompt: Ids) -> None:
    with pytest.raises(EngineError, match="too many"):
        run(engine, prompt, PLAIN, seeds=tuple(range(9)))


def test_a_prompt_too_long_empty_or_of_another_model_is_refused(engine: LlamaEngine) -> None:
    with pytest.raises(EngineError, match="context only 256"):
        run(engine, [100] * 256, PLAIN)
    with pytest.raises(EngineError, match="empty"):
        run(engine, [], PLAIN)
    with pytest.raises(EngineError, match="another model"):
        run(engine, [100, 10**6], PLAIN)


def test_a_full_window_ends_the_reply(engine: LlamaEngine, long_prompt: Ids) -> None:
    filled = (*long_prompt, *long_prompt[:22])
    done = end(run(engine, filled, replace(GREEDY, max_tokens=50, logit_bias={"<|im_end|>": -9.0})))
    assert (done.reason, len(done.ids)) == ("context", 5)


def has_begun(event: EngineEvent) -> bool:
    return isinstance(event, PromptProgress) and event.done > 0


@pytest.mark.parametrize("where", ["prompt", "reply"])
def test_cancel_ends_a_reply_and_keeps_what_was_evaluated(
    engine: LlamaEngine, prompt: Ids, long_prompt: Ids, where: str
) -> None:
    ids = (where == "prompt") * long_prompt[::-1] or prompt
    begun = threading.Event()
    events: list[EngineEvent] = []

    def consume() -> None:
        for event in engine.generate(GenerateRequest(ids, replace(PLAIN, max_tokens=400))):
            events.append(event)
            if isinstance(event, Delta) or (where == "prompt" and has_begun(event)):
                begun.set()

    thread = threading.Thread(target=consume)
    thread.start()
    assert begun.wait(30)
    asked = time.perf_counter()
    engine.cancel()
    thread.join(30)
    tell(f"cancelled inside the {where} after {(time.perf_counter() - asked) * 1000:.0f} ms")
    done = end(events)
    assert done.reason == "cancelled"
    assert len(done.ids) < 400
    assert text_of(events) == engine.detokenize(done.ids).rstrip("\ufffd")
    again = end(run(engine, ids, replace(PLAIN, max_tokens=2)))
    assert again.reason == "length"
    if where == "prompt":
        assert again.usage.reused >= done.usage.evaluated - 2 > 0, "what was evaluated stays"


def test_closing_the_iterator_cancels(engine: LlamaEngine, prompt: Ids) -> None:
    stream: Any = engine.generate(GenerateRequest(prompt, replace(PLAIN, max_tokens=900)))
    while not isinstance(next(stream), Delta):
        pass
    stream.close()
    began = time.perf_counter()
    assert end(run(engine, prompt, replace(PLAIN, max_tokens=2))).reason == "length"
    tell(f"next reply {time.perf_counter() - began:.2f} s after closing")


def test_two_threads_take_turns(engine: LlamaEngine, prompt: Ids) -> None:
    alone = end(run(engine, prompt, replace(PLAIN, max_tokens=8))).ids
    found: list[Ids] = []

    def work() -> None:
        found.append(end(run(engine, prompt, replace(PLAIN, max_tokens=8))).ids)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [alone] * 3


def test_tokenize_answers_while_the_model_works(engine: LlamaEngine, prompt: Ids) -> None:
    stream: Any = engine.generate(GenerateRequest(prompt, replace(PLAIN, max_tokens=300)))
    while not isinstance(next(stream), Delta):
        pass
    assert engine.tokenize([Piece("hello")])[0]
    assert engine.detokenize(prompt)
    assert not isinstance(next(stream), Finished), "the reply was still running"
    stream.close()


def test_settle_then_only_new_tokens_are_evaluated(engine: LlamaEngine, prompt: Ids) -> None:
    reply = end(run(engine, prompt, PLAIN)).ids
    clean = (*prompt, *reply)
    engine.settle(clean)
    assert engine.settled(60)
    more = say(engine, "And then?")
    done = end(run(engine, (*clean, *more), replace(PLAIN, max_tokens=2)))
    assert (done.usage.reused, done.usage.evaluated) == (len(clean), len(more))


def test_settle_is_interrupted_by_generate(
    engine: LlamaEngine, prompt: Ids, long_prompt: Ids
) -> None:
    run(engine, prompt, replace(PLAIN, max_tokens=1))
    # Nothing that a test before left at hand: such a cache would come back in no time.
    engine.settle((*long_prompt[60:], *long_prompt[:60]))
    began = time.perf_counter()
    done = end(run(engine, prompt, replace(PLAIN, max_tokens=1)))
    tell(f"reply {time.perf_counter() - began:.2f} s after interrupting")
    assert not engine.settled(0), "it was interrupted, not finished first"
    assert done.reason == "length"


def test_shift_mode_removes_the_middle(engine: LlamaEngine, long_prompt: Ids) -> None:
    first = long_prompt[:120]
    run(engine, first, replace(PLAIN, max_tokens=1))
    middle = say(engine, "A note that goes away.")
    whole = (*first[:60], *middle, *first[60:])
    run(engine, whole, replace(PLAIN, max_tokens=1))
    again = (*first, *say(engine, "On we go."))
    done = end(run(engine, again, replace(PLAIN, max_tokens=4), kv_mode="shift"))
    assert done.usage.reused >= len(first) - 16
    exact = end(run(engine, again, replace(PLAIN, max_tokens=4)))
    assert exact.usage.reused <= 62, "shifted cells are not exact"


def test_logprobs_do_not_touch_the_chats_cache(engine: LlamaEngine, prompt: Ids) -> None:
    reply = end(run(engine, prompt, GREEDY)).ids
    engine.settle(prompt)
    assert engine.settled(60)
    values = engine.logprobs(reply, [prompt, prompt[-6:], ()])
    assert [len(row) for row in values] == [len(reply)] * 3
    assert all(value <= 0 for row in values for value in row)
    assert sum(values[0]) > sum(values[2]), "greedy after the prompt, so likely after it"
    done = end(run(engine, prompt, replace(PLAIN, max_tokens=1)))
    assert done.usage.reused == len(prompt) - 2
    assert engine.logprobs((), [prompt, prompt]) == [[], []]
    assert engine.logprobs(reply, []) == []
    assert engine.logprobs(reply, [prompt, prompt[-6:], ()]) == values, "nor on its own cache"


def test_state_is_saved_and_restored(engine: LlamaEngine, prompt: Ids, tmp_path: Path) -> None:
    run(engine, prompt, replace(PLAIN, max_tokens=1))
    engine.settle(prompt)
    assert engine.settled(60)
    path = tmp_path / "states" / "chat.kv"
    assert engine.save_state(path)
    assert [each.name for each in path.parent.iterdir()] == ["chat.kv"]
    fresh = end(run(engine, prompt, PLAIN)).ids
    run(engine, say(engine, "Something else."), replace(PLAIN, max_tokens=1))
    assert engine.load_state(path) == len(prompt)
    done = end(run(engine, prompt, PLAIN))
    assert done.usage.reused == len(prompt) - 2
    assert done.ids == fresh


def test_bad_states_restore_nothing(engine: LlamaEngine, prompt: Ids, tmp_path: Path) -> None:
    run(engine, prompt, replace(PLAIN, max_tokens=1))
    path = tmp_path / "chat.kv"
    assert engine.save_state(path)
    good = path.read_bytes()
    damaged = bytearray(good)
    damaged[len(good) // 2] ^= 255
    more = re.sub(rb'(?<="exact": )\d+', lambda found: b"9" * len(found[0]), good)
    assert len(more) == len(good) and more != good
    bad = [b"", b"x", good[: len(good) // 2], good[:-1], good[5:], bytes(damaged), good * 2, more]
    for data in bad:
        path.write_bytes(data)
        assert engine.load_state(path) == 0
    path.unlink()
    assert engine.load_state(path) == 0
    assert engine.load_state(tmp_path) == 0
    done = end(run(engine, prompt, replace(PLAIN, max_tokens=2)))
    assert (done.usage.reused, done.reason) == (0, "length")
    assert not engine.save_state(tmp_path), "a folder cannot be written to"


def test_an_evaluated_prompt_is_saved_and_loaded(
    engine: LlamaEngine, prompt: tuple[int, ...], tmp_path: Path
) -> None:
    unseen, reply, path = prompt[::-1], prompt[:4], tmp_path / "prompt"
    assert not engine.load_prompt(unseen, path, len(reply)), "neither evaluated nor in a file"
    evaluated = engine.logprobs(reply, [unseen])
    assert engine.save_prompt(unseen, path) and path.is_file()
    assert engine.load_prompt(unseen, path, len(reply))
    assert engine.logprobs(reply, [unseen]) == evaluated
