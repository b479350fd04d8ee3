"""Every common shape of a chat file gives the same replies with the same history before them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpterm.errors import RptermError
from rpterm.evaluation.dialogues import MOST_REPORTED, RECENT, read, strangers

ASKED, TOLD = ("Who are you?", "And where?"), ("I am Holmes.", "In Baker Street.")
NAMES = ("Sherlock Holmes", "Holmes")
EXPECTED = [
    (TOLD[0], ((False, ASKED[0]),)),
    (TOLD[1], ((False, ASKED[0]), (True, TOLD[0]), (False, ASKED[1]))),
]


def lines(*values: Any) -> bytes:
    return "\n".join(map(json.dumps, values)).encode()


def turns(who: str, said: str, names: tuple[str, str]) -> list[dict[str, str]]:
    both = zip(ASKED, TOLD, strict=True)
    return [
        {who: name, said: text} for pair in both for name, text in zip(names, pair, strict=True)
    ]


TREE = [
    {"type": "chat", "persona": {"name": "Anna"}},
    {"type": "turn", "id": 1, "parent_id": None, "role": "user", "text": ASKED[0]},
    {"type": "turn", "id": 2, "parent_id": 1, "role": "assistant", "text": TOLD[0]},
    {"type": "turn", "id": 3, "parent_id": 2, "role": "user", "text": ASKED[1]},
    {"type": "turn", "id": 4, "parent_id": 3, "role": "assistant", "text": TOLD[1]},
]
LOG = [
    {"user_name": "Anna", "character_name": "Holmes"},
    *({"name": turn["n"], "is_user": turn["n"] == "Anna", "mes": turn["t"]}
      for turn in turns("n", "t", ("Anna", "Holmes"))),
]  # fmt: skip
SHAPES = {
    "own export": lines(*TREE),
    "chat log": lines(*LOG),
    "turns by role": lines(*turns("role", "content", ("user", "assistant"))),
    "turns by name": lines(*turns("speaker", "text", ("Anna", "Holmes"))),
    "messages": lines({"messages": turns("role", "content", ("user", "assistant"))}),
    "conversations": lines({"conversations": turns("from", "value", ("human", "gpt"))}),
    "plain turns": lines({"dialogue": [ASKED[0], TOLD[0], ASKED[1], TOLD[1]]}),
    "rows": lines(
        {"history": [ASKED[0]], "reply": TOLD[0]},
        {"history": [ASKED[0], TOLD[0], ASKED[1]], "response": TOLD[1]},
    ),
    "rows with text": lines(
        {"context": ASKED[0], "response": TOLD[0]},
        {"context": f"User: {ASKED[0]}\nHolmes: {TOLD[0]}\nUser: {ASKED[1]}", "output": TOLD[1]},
    ),
    "rows with other names": lines(
        {"context": [f"Watson: {ASKED[0]}"], "reply": f"Holmes: {TOLD[0]}"},
        {
            "context": f"Watson: {ASKED[0]}\n**Sherlock:** {TOLD[0]}\nWatson: {ASKED[1]}",
            "model_output": f"**Sherlock Holmes**: {TOLD[1]}",
        },
    ),
    "a list of named texts": lines(
        {
            "dialogue": [
                f"Watson: {ASKED[0]}",
                f"Sherlock: {TOLD[0]}",
                f"Watson: {ASKED[1]}",
                f"Sherlock: {TOLD[1]}",
            ]
        }
    ),
    "one object": json.dumps(
        {"version": 1, "data": [{"messages": turns("role", "content", ("user", "assistant"))}]},
        indent=1,
    ).encode(),
    "parts": lines(
        {
            "messages": [
                {"role": who, "content": [{"type": "text", "text": text}] if text else None}
                for pair in zip(ASKED, TOLD, strict=True)
                for who, text in zip(
                    ("user", "tool", "assistant"), (pair[0], "", pair[1]), strict=True
                )
            ]
        }
    ),
    "completions": lines(
        {
            "prompt": [{"role": "user", "content": ASKED[0]}],
            "completion": [{"role": "assistant", "content": TOLD[0]}],
        },
        {
            "prompt": turns("role", "content", ("user", "assistant"))[:3],
            "completion": [{"role": "assistant", "content": TOLD[1]}],
        },
    ),
    "one list": json.dumps(turns("role", "content", ("user", "assistant")), indent=1).encode(),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_same_replies(shape: str) -> None:
    found = read(SHAPES[shape], NAMES)
    assert [(said.text, said.history) for said in found] == EXPECTED


@pytest.mark.parametrize("shape", ["lines", "tree", "messages", "plain turns", "row"])
def test_only_the_recent_history_is_kept(shape: str) -> None:
    said = [(at % 2 == 1, f"Line {at}.") for at in range(2 * RECENT + 2)]
    roles = [{"role": "assistant" if own else "user", "content": text} for own, text in said]
    tree = [{**turn, "id": at, "parent_id": at - 1} for at, turn in enumerate(roles)]
    texts = [text for _, text in said]
    files = {
        "lines": lines(*roles),
        "tree": lines(*tree),
        "messages": lines({"messages": roles}),
        "plain turns": lines({"turns": texts}),
        "row": lines({"history": texts[:-1], "reply": texts[-1]}),
    }
    last = read(files[shape])[-1]
    assert last.text == texts[-1]
    assert last.history == tuple(said[-1 - RECENT : -1])


def test_a_swipe_has_the_history_of_its_branch() -> None:
    swipe = {"type": "turn", "id": 5, "parent_id": 1, "role": "assistant", "text": "Nobody."}
    found = read(lines(*TREE, swipe), NAMES)
    assert (found[-1].text, found[-1].history) == ("Nobody.", ((False, ASKED[0]),))
    assert found[-1].user == "Anna"


@pytest.mark.parametrize("shape", ["own export", "chat log"])
def test_hidden_turns_are_neither_history_nor_replies(shape: str) -> None:
    head, *said = map(json.loads, SHAPES[shape].splitlines())
    mark = "hidden" if "type" in head else "is_system"
    said[0][mark] = said[3][mark] = True
    (found,) = read(lines(head, *said), NAMES)
    assert (found.text, found.history) == (TOLD[0], ())


def test_a_greeting_is_history_and_not_a_reply() -> None:
    turns = [
        {"type": "turn", "id": at, "parent_id": None, "role": "assistant", "text": text,
         "origin": "greeting"} for at, text in ((1, "Good evening."), (2, "Come in."))
    ]  # fmt: skip
    asked = {"type": "turn", "id": 3, "parent_id": 2, "role": "user", "text": "Late?"}
    reply = {"type": "turn", "id": 4, "parent_id": 3, "role": "assistant", "text": "Never."}
    (said,) = read(lines(*turns, asked, reply), NAMES)
    assert said.text == "Never." and said.history == ((True, "Come in."), (False, "Late?"))


def named(name: str, text: str, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "speaker": name, "text": text, **more}


@pytest.mark.parametrize(
    "turns",
    [
        [named("Watson", "Hm."), named("Holmes", "Ha.")],
        [
            {"name": "Watson", "is_user": False, "mes": "Hm."},
            {"name": "Holmes", "is_user": False, "mes": "Ha."},
        ],
        [{"messages": [named("Watson", "Hm."), named("Holmes", "Ha.")]}],
    ],
)
def test_only_the_named_character_is_read(turns: list[dict[str, Any]]) -> None:
    found = read(lines(*turns), NAMES)
    assert [(said.text, said.history) for said in found] == [("Ha.", ((False, "Hm."),))]
    assert len(read(lines(*turns), ("Moriarty",))) == 2  # under another name all are judged


def test_strangers_names_the_speakers_of_another_characters_file() -> None:
    log, nobody = SHAPES["chat log"], SHAPES["turns by role"]
    assert strangers(read(log, ("Mara",)), ("Mara",)) == ["holmes"]
    assert strangers(read(log, NAMES), NAMES) == []
    assert strangers(read(nobody, ("Mara",)), ("Mara",)) == []
    row = lines({"name": "item 3", "history": [], "reply": "Yes."})
    assert strangers(read(row, ("Mara",)), ("Mara",)) == []


def test_an_empty_reply_is_skipped_and_its_branch_continues() -> None:
    log = {"name": "Holmes", "is_user": False, "mes": " "}
    assert [said.text for said in read(lines(*LOG, log), NAMES)] == list(TOLD)
    assert len(read(lines({"reply": ""}, {"reply": "Yes."}))) == 1
    silent = {"type": "turn", "id": 5, "parent_id": 1, "role": "assistant", "text": ""}
    after = {"type": "turn", "id": 6, "parent_id": 5, "role": "assistant", "text": "Nobody."}
    assert read(lines(*TREE, silent, after), NAMES)[-1].history == ((False, ASKED[0]),)


def test_the_context_precedes_the_history() -> None:
    (said,) = read(lines({"history": ["Hm?", "Ha.", "Well?"], "context": "Fog.", "reply": "No."}))
    assert said.history == ((False, "Fog."), (False, "Hm?"), (True, "Ha."), (False, "Well?"))


def test_unknown_names_split_a_history_into_turns() -> None:
    talk = "Lily: Hi.\nTom: Where are you?\nLily: Home.\nTom: Fine,\nbye: then."
    both = (True, "Hi."), (False, "Where are you?"), (True, "Home."), (False, "Fine,\nbye: then.")
    (said,) = read(lines({"context": talk, "reply": "Bye."}), NAMES)
    assert said.history == both
    (known,) = read(lines({"context": f"{talk}\nSherlock: Hm.", "reply": "Bye."}), NAMES)
    assert [own for own, _ in known.history] == [False] * 4 + [True]
    (asked,) = read(lines({"question": "Listen: what is it?", "answer": "It is me: Tom."}), NAMES)
    assert (asked.history, asked.text) == (((False, "Listen: what is it?"),), "It is me: Tom.")


def test_both_replies_of_a_preference_pair_are_read() -> None:
    asked = [{"role": "user", "content": "Who?"}]
    for chosen in ("Me.", {"from": "gpt", "value": "Me."}, [*asked, {"content": "Me."}]):
        found = read(lines({"prompt": asked, "chosen": chosen, "rejected": "You."}))
        assert [(said.text, said.number("chosen")) for said in found] == [("Me.", 1), ("You.", 0)]
        assert {said.history for said in found} == {((False, "Who?"),)}


def test_a_reply_has_its_line_and_its_turn() -> None:
    system = {"role": "system", "content": "You are Holmes."}
    listed = [system, *turns("role", "content", ("user", "assistant"))]
    found = read(lines({"messages": listed}, {"reply": "Yes."}))
    assert [(said.line, said.turn) for said in found] == [(1, 3), (1, 5), (2, 0)]


@pytest.mark.parametrize("odd", [f"1{'0' * 400}", "NaN", "-Infinity"])
def test_a_label_that_is_not_finite_is_none(odd: str) -> None:
    (said,) = read(f'{{"history": [], "reply": "Yes.", "odd": {odd}}}'.encode())
    assert said.number("odd") is None


def test_labels_are_the_fields_next_to_the_reply() -> None:
    data = lines({"history": [], "reply": "Yes.", "human": {"fit": 0.5}, "good": True, "by": "me"})
    (said,) = read(data)
    assert [said.number(name) for name in ("human.fit", "good", "by", "none")] == [
        0.5,
        1,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "line 1: this is not JSON"),
        (b"[1]", "line 1: expected an object"),
        (b"\xff", "line 1: this is not UTF-8"),
        ('{"reply": "a"}'.encode("utf-16"), "line 1: this is UTF-16"),
        (b'{"who": "user", "content": "a"}', "line 1: the speaker is unknown"),
        (b'{"role": "user"}', "line 1: a turn has no text"),
        (b'{"messages": [3]}', "line 1: a turn is neither"),
        (b'{"reply": "a", "n": 1' + b"0" * 5000 + b"}", "a number is too long"),
        (b"[" * 100_000, "line 1: this is not JSON"),
        (b'[{"reply": "a"},\n{"reply": "b"]', "line 2: this is not JSON"),
        (b'{\n"messages": [\n\xff]}', "line 3: this is not UTF-8"),
    ],
)
def test_a_line_that_cannot_be_read_is_reported_with_the_reason(data: bytes, words: str) -> None:
    problems: list[str] = []
    with pytest.raises(RptermError, match="has no reply of the character"):
        read(data, where="x.jsonl", report=problems.append)
    (problem,) = problems
    assert problem.startswith("x.jsonl, line ") and words in problem


@pytest.mark.parametrize("data", [b"", b" \n", b'{"role": "user", "content": "a"}'])
def test_a_file_without_replies_is_refused(data: bytes) -> None:
    problems: list[str] = []
    with pytest.raises(RptermError, match=r"is empty|has no reply"):
        read(data, report=problems.append)
    assert not problems


def test_broken_lines_do_not_hide_the_others() -> None:
    good = [b'{"reply": "a"}', b'{"messages": [{"role": "assistant", "text": "b"}]}']
    broken = [b"\xff", b"{", b"[1]", b'{"role": "user"}', b'{"messages": [{"role": "bot"}, 3]}']
    problems: list[str] = []
    found = read(b"\n".join([*broken[:3], good[0], *broken[3:], good[1]]), report=problems.append)
    assert [(said.line, said.text) for said in found] == [(4, "a"), (7, "b")]
    assert [problem.split(":")[0] for problem in problems] == [
        f"the file, line {line}" for line in (1, 2, 3, 5, 6)
    ]


def test_a_turn_after_a_broken_line_still_has_a_history() -> None:
    said = [json.dumps(turn).encode() for turn in LOG]
    said[2] = said[2][:-1]
    (reply,) = read(b"\n".join(said), NAMES)
    assert (reply.text, reply.history) == (TOLD[1], ((False, ASKED[0]), (False, ASKED[1])))


def test_only_the_first_broken_lines_are_reported_one_by_one() -> None:
    problems: list[str] = []
    read(b'{"reply": "a"}\n' + b"?\n" * 1250, report=problems.append)
    assert len(problems) == MOST_REPORTED + 1
    assert problems[-1] == "the file: 1,150 more lines cannot be read."


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["role", "name", "text", "messages", "reply", "history", "id",
                                       "parent_id", "mes", "is_user", "type"]), inner, max_size=5),
    max_leaves=12,
))  # fmt: skip
def test_arbitrary_json_raises_only_dialogue_errors(value: object) -> None:
    try:
        found = read(json.dumps(value).encode(), NAMES)
    except RptermError:
        return
    assert all(isinstance(said.text, str) for said in found)


def test_a_thought_is_not_part_of_the_reply() -> None:
    thinks = "<think>\nI should answer as Holmes.\n</think>\n\nThe maid did."
    turns = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": thinks}]
    rows = [{"messages": turns}, {"history": ["Who?"], "reply": thinks}]
    found = read("\n".join(map(json.dumps, rows)).encode())
    assert [said.text for said in found] == ["The maid did."] * 2
