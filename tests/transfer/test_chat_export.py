"""A chat as Markdown and as JSON lines."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rpterm.transfer.chat_files.export import to_jsonl, to_markdown
from rpterm.types import Chat, Generation, Origin, Persona, Sampling, Status, Turn

CHAT = Chat(1, "Night\nwatch", "Ada", "h", persona=Persona("Jo"), created_at=86400.0)
FIRST = Turn(1, 1, None, "assistant", "Ada", "*waves*\nHello\n\nYou?", Origin.GREETING)
LAST = Turn(2, 1, 1, "user", "Jo", "# not a heading\n---", status=Status.PARTIAL)


def test_markdown_reads_as_it_was_typed() -> None:
    assert to_markdown(CHAT, [FIRST, LAST]) == (
        "# Night watch\n\n*Ada and Jo, 1970-01-02*\n\n"
        "**Ada:**\n\n*waves*  \nHello\n\nYou?\n\n"
        "**Jo:**\n\n\\# not a heading  \n\\---\n\n*(stopped here)*\n"
    )


def test_markdown_marks_hidden_turns() -> None:
    text = to_markdown(CHAT, [FIRST, replace(LAST, hidden=True)])
    assert "**Jo:** *(hidden from the model)*\n\n" in text
    assert text.count("hidden") == 1


def test_markdown_closes_code_that_was_left_open() -> None:
    text = to_markdown(CHAT, [replace(FIRST, text="```py\n# a comment"), LAST])
    assert "```py\n# a comment\n```\n" in text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_no_text_makes_a_heading_or_a_control_character(text: str) -> None:
    done = to_markdown(CHAT, [replace(FIRST, text=text.replace("`", "").replace("~", ""))])
    headings = [line for line in done.splitlines() if line.lstrip().startswith("#")]
    assert headings == ["# Night watch"]
    assert not any(char in done for char in "\0\x1b\x07\u202e")


def test_json_lines_contain_everything() -> None:
    made = Generation("llama", "m", "h", Sampling(seed=3, banned=("x",)), prompt_text="\ud800 é")
    lines = list(to_jsonl(CHAT, [FIRST, LAST], {1: made}))
    chat, first, last = (json.loads(line) for line in lines)
    assert (chat["type"], chat["title"], chat["persona"]["name"]) == ("chat", "Night\nwatch", "Jo")
    assert (first["text"], first["parent_id"], first["origin"]) == (FIRST.text, None, "greeting")
    assert first["generation"]["sampling"]["banned"] == ["x"]
    assert first["generation"]["prompt_text"] == "\ud800 é"
    assert (last["parent_id"], last["status"], "generation" in last) == (1, "partial", False)
    for line in lines:
        line.encode()
        assert "\n" not in line


def test_joined_emoji_and_wide_spaces_stay() -> None:
    assert "👩\u200d🚀\u3000東" in to_markdown(CHAT, [replace(FIRST, text="👩\u200d🚀\u3000東")])
