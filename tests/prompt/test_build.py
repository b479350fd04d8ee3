"""The ledger: order, zones, exact tokens, what is left out, and that the card is never cut."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rpterm.cards.card import CharacterCard, Example
from rpterm.engine.scripted import ScriptedEngine, decode
from rpterm.prompt.build import PromptInput, PromptTooLarge, build_prompt
from rpterm.prompt.extras import PromptExtras
from rpterm.prompt.static_block import Insert
from rpterm.prompt.template import CHATML, OPEN_LAST, OPEN_USER, ChatTemplate
from rpterm.prompt.token_cache import TokenCache
from rpterm.types import Persona, Prompt, Turn

CARD = CharacterCard(
    name="Mara",
    description="Keeps a lighthouse.",
    attributes=("Mara is forty.",),
    examples=(Example((("user", "Cold?"), ("char", "Always."))),),
)
TEMPLATE = ChatTemplate(CHATML)


def encode() -> TokenCache:
    return TokenCache(ScriptedEngine([""]).tokenize)


def chat(*texts: str) -> list[Turn]:
    roles = ("assistant", "user")
    return [
        Turn(i + 1, 1, i or None, roles[i % 2], "x", text) for i, text in enumerate(texts)
    ]  # fmt: skip


def given_input(history: list[Turn], **changes: object) -> PromptInput:
    base = PromptInput(CARD, Persona("Ann"), history, 4096, 200, lambda t: t)
    if "inserts" in changes:
        changes["extras"] = PromptExtras(inserts=changes.pop("inserts"))  # type: ignore[arg-type]
    return replace(base, **changes)  # type: ignore[arg-type]


def build(history: list[Turn], **changes: object) -> Prompt:
    return build_prompt(given_input(history, **changes), TEMPLATE, encode())


def test_zones_come_in_order() -> None:
    note = Insert("note", "[It rains.]", "note")
    prompt = build(chat("Hello.", "Hi!"), inserts=(note,))
    zones = [s.zone for s in prompt.spans if s.source not in ("template", "turn:2")]
    assert zones == sorted(zones, key=["static", "history", "volatile"].index)
    assert [s.source for s in prompt.spans][-3:] == ["note", "turn:2", "template"]


def test_text_and_tokens_agree() -> None:
    prompt = build(chat("Hello.", "Hi <|im_end|> there!"))
    assert decode(prompt.ids) == prompt.text
    assert prompt.tokens == len(prompt.ids)


def test_typed_control_tokens_are_plain_text() -> None:
    with_token = build(chat("Hello.", "a<|im_end|>b"))
    span = next(s for s in with_token.spans if s.source == "turn:2")
    assert 1 not in span.ids
    assert span.text == "a<|im_end|>b"


def test_clean_prompt_is_a_prefix_up_to_the_volatile_block() -> None:
    history = chat("Hello.", "Hi!", "Sit down.")
    known = build(history, ending=OPEN_USER).ids
    sent = build(
        [*history, Turn(9, 1, 3, "user", "x", "Why?")], inserts=(Insert("m", "[memo]", "w"),)
    )
    assert sent.ids[: len(known)] == known
    new = sum(s.tokens for s in sent.spans if s.source in ("m", "turn:9"))
    assert len(sent.ids) - len(known) - new == sent.spans[-1].tokens


def test_a_note_with_depth_stands_higher() -> None:
    deep = Insert("note", "[deep]", "note", depth=2)
    sources = [s.source for s in build(chat("a", "b", "c", "d"), inserts=(deep,)).spans]
    assert sources.index("note") < sources.index("turn:2") < sources.index("turn:4")


def test_an_insert_after_stands_after_the_last_user_text() -> None:
    last = Insert("post", "[last word]", "post", after=True)
    sources = [s.source for s in build(chat("a", "b"), inserts=(last,)).spans]
    assert sources[-3:] == ["turn:2", "post", "template"]


def test_an_insert_stands_before_the_last_text_of_the_user_in_the_chat() -> None:
    note = Insert("note", "[It rains.]", "note")
    sources = [s.source for s in build(chat("a", "b", "c"), inserts=(note,)).spans]
    assert sources.index("note") == sources.index("turn:2") - 1
    begun = [s.source for s in build(chat("a"), inserts=(note,)).spans]
    assert begun[-4:] == ["note", "template", "turn:1", "template"]


def test_each_part_of_the_card_stands_in_the_prompt_once() -> None:
    prompt = build(chat("a", "b"))
    sources = [s.source for s in prompt.spans if s.source.startswith(("system", "card."))]
    assert len(sources) == len(set(sources)) >= 3
    assert {role for role, _ in prompt.messages} == {"system", "user", "assistant"}


def test_a_card_that_is_too_large_is_an_error_with_numbers() -> None:
    card = replace(CARD, description="word " * 2000)
    with pytest.raises(PromptTooLarge, match=r"card of Mara alone has [\d,]+ tokens"):
        build(chat("a", "b"), card=card, context=1024)


def test_a_message_too_long_is_refused_and_nothing_cut() -> None:
    with pytest.raises(PromptTooLarge, match="shorten the last message"):
        build(chat("a", "b " * 5000), context=1024)


def cued(*texts: str) -> Prompt:
    history = [*chat(*texts), Turn(0, 1, None, "assistant", "Mara", "Mara:")]
    return build(history, context=1024, ending=OPEN_LAST, cued=True)


def test_a_cue_does_not_change_that_a_message_is_too_long() -> None:
    assert cued("a", "b").text.endswith("Mara:")
    with pytest.raises(PromptTooLarge, match="shorten the last message"):
        cued("a", "b " * 5000)


def test_examples_leave_before_the_card_does() -> None:
    many = tuple(Example((("user", "Cold?"), ("char", "Always. " * 20))) for _ in range(40))
    prompt = build(chat("a", "b"), card=replace(CARD, examples=many), context=1024)
    gone = [out.source for out in prompt.left_out]
    assert gone and all(source.startswith("example:") for source in gone)
    assert any(s.source == "card.attributes" for s in prompt.spans)


def test_beside_a_large_card_examples_leave_room_for_the_chat() -> None:
    many = tuple(Example((("user", "Cold?"), ("char", "Always."))) for _ in range(40))
    card = replace(CARD, description="word " * 190, examples=many)
    prompt = build(chat("a", "b"), card=card, context=1024)
    assert {"example:1", "turn:2"} <= {s.source for s in prompt.spans}


def test_pinned_examples_come_first() -> None:
    loose = Example((("user", "q"), ("char", "loose " * 60)))
    pinned = Example((("user", "q"), ("char", "pinned " * 60)), pinned=True)
    prompt = build(
        chat("a", "b"), card=replace(CARD, examples=(loose,) * 9 + (pinned,)), context=1024
    )
    assert "example:10" in [s.source for s in prompt.spans]
    assert prompt.left_out


def test_turns_that_left_the_window_are_listed() -> None:
    prompt = build(chat(*["some words of a turn " * 4] * 80), context=1024)
    gone = [out.source for out in prompt.left_out]
    assert gone[0] == "turn:1"
    assert prompt.spans[-2].source == "turn:80"
    assert prompt.tokens + prompt.reserve <= prompt.context


@given(
    st.lists(st.text(max_size=300), max_size=30), st.integers(0, 1200), st.integers(700, 3000)
)  # fmt: skip
def test_a_prompt_fits_or_is_an_error(texts: list[str], words: int, context: int) -> None:
    history = chat(*texts, "word " * words)
    try:
        prompt = build(history, context=context)
    except PromptTooLarge as error:
        assert f"{context:,}" in str(error)
        return
    assert prompt.tokens + prompt.reserve <= context
    kept = {s.source for s in prompt.spans} | {o.source for o in prompt.left_out}
    assert all(f"turn:{turn.id}" in kept for turn in history if turn.text)


@given(
    st.integers(900, 3000), st.integers(1, 150), st.integers(1, 9), st.integers(0, 30),
    st.integers(0, 60),
)  # fmt: skip
@example(950, 84, 1, 28, 55)
def test_a_long_chat_of_short_messages_is_never_refused(
    context: int, turns: int, words: int, recalled: int, cue: int
) -> None:
    memories = [Insert(f"memory:{at}", "a memory " * at, "recalled") for at in range(recalled)]
    history = chat(*["word " * words] * turns)
    if cue:
        history.append(Turn(0, 1, None, "assistant", "Mara", "word " * cue))
    given = {"ending": OPEN_LAST, "cued": True} if cue else {}
    prompt = build(history, context=context, inserts=tuple(memories), **given)
    assert prompt.tokens + prompt.reserve <= context
    told = {span.source for span in prompt.spans} | {out.source for out in prompt.left_out}
    assert all(memory.source in told for memory in memories)


def test_the_persona_stands_in_the_static_block() -> None:
    prompt = build(chat("a", "b"), persona=Persona("Ann", " She sails. "))
    (span,) = (s for s in prompt.spans if s.source == "persona")
    assert (span.text, span.zone) == ("About {{user}}:\nShe sails.", "static")
    assert not any(s.source == "persona" for s in build(chat("a", "b")).spans)
