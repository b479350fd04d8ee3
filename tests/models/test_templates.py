"""Chat templates by name write a chat as the models of that name were trained to read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rpterm.chat.prompting import Prompter
from rpterm.config import Settings
from rpterm.engine.protocol import EngineInfo, ModelError
from rpterm.engine.scripted import ScriptedEngine
from rpterm.models.templates import NAMED, load_template
from rpterm.prompt.template import OPEN_USER, ChatTemplate, TemplateError
from rpterm.types import Role

ROLES: list[Role] = ["system", "assistant", "user", "assistant", "user"]


def written(name: str) -> ChatTemplate:
    return ChatTemplate(load_template(name), bos="<s>", eos="</s>")


def shown(template: ChatTemplate, *ending: str) -> str:
    return "".join(
        f"{{{part.index}}}" if part.index is not None else part.text
        for part in template.parts(ROLES, *ending)
    )


@pytest.mark.parametrize("name", NAMED)
def test_every_named_template_renders_a_role_play(name: str) -> None:
    template = written(name)
    assert template.own
    assert shown(template).startswith(shown(template, OPEN_USER).partition("{3}")[0])


def test_alpaca_and_what_ends_a_reply_in_it() -> None:
    template = written("alpaca")
    assert shown(template) == (
        "<s>{0}\n\n### Response:\n{1}\n\n### Instruction:\n{2}\n\n### Response:\n{3}\n\n"
        "### Instruction:\n{4}\n\n### Response:\n"
    )
    assert template.stops == ("\n### Instruction:",)


def test_a_layout_without_a_system_message() -> None:
    assert shown(written("mistral")).startswith("<s>[INST] {0}[/INST] {1}</s>[INST] {2}[/INST] {3}")
    assert shown(written("gemma")).endswith("{4}<end_of_turn>\n<start_of_turn>model\n")


@pytest.mark.parametrize(
    ("name", "stops"),
    [
        ("chatml", ("<|im_end|>",)), ("metharme", ("<|user|>",)), ("mistral", ()), ("vicuna", ()),
        ("gemma", ("<end_of_turn>",)),
        ("llama-3", ("<|eot_id|><|start_header_id|>user<|end_header_id|>",)),
    ],
)  # fmt: skip
def test_a_reply_ends_before_the_user_speaks(name: str, stops: tuple[str, ...]) -> None:
    assert written(name).stops == stops


def test_a_template_file_and_an_unknown_name(tmp_path: Path) -> None:
    file = tmp_path / "own.jinja"
    file.write_text(NAMED["metharme"], encoding="utf-8")
    assert load_template(str(file)) == NAMED["metharme"]
    assert load_template("") == ""
    with pytest.raises(ModelError, match=r"'alpac'.*did you mean alpaca\?"):
        load_template("alpac")
    with pytest.raises(ModelError, match="use one of chatml, llama-3"):
        load_template(str(tmp_path))


def test_a_template_that_cannot_render_a_chat_is_refused() -> None:
    prompter = Prompter(ScriptedEngine(["Yes."]), Settings(chat_template="mine.jinja"))
    with pytest.raises(TemplateError, match=r"mine\.jinja loses or refuses"):
        prompter.ready(EngineInfo("llama", "m", chat_template="{{ messages[0].content }}"))
