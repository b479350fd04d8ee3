"""The chat template: shapes, sentinels, endings, and what a hostile or odd template does."""

from __future__ import annotations

import pytest

from rpterm.errors import RptermError
from rpterm.prompt.template import CHATML, OPEN_LAST, OPEN_USER, REPLY, SEED, ChatTemplate, Part
from rpterm.types import Role

ROLES: list[Role] = ["system", "assistant", "user"]

ALTERNATING = """{% if messages[0].role == 'system' %}
{{- raise_exception('no system here') }}{% endif %}
{%- for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}
{{- raise_exception('must alternate') }}{% endif %}
{{- '<' + m.role + '>' + m.content | trim + '</>' }}{% endfor %}
{%- if add_generation_prompt %}<assistant>{% endif %}"""

USER_FIRST = """{% for m in messages %}{% if loop.index0 == 1 and messages[0].role == 'system'
 and m.role != 'user' %}{{ raise_exception('user first') }}{% endif %}
{{- '[' + m.role + ']' + m.content }}{% endfor %}
{%- if add_generation_prompt %}[assistant]{% endif %}"""

DROPS_SYSTEM = """{% for m in messages if m.role != 'system' %}{{ '[' + m.role + ']' + m.content }}
{%- endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"""


def shown(parts: list[Part]) -> str:
    return "".join(f"{{{p.index}}}" if p.index is not None else p.text for p in parts)


def test_chatml_wraps_each_content() -> None:
    template = ChatTemplate(CHATML)
    assert template.own
    assert shown(template.parts(ROLES)) == (
        "<|im_start|>system\n{0}<|im_end|>\n<|im_start|>assistant\n{1}<|im_end|>\n"
        "<|im_start|>user\n{2}<|im_end|>\n<|im_start|>assistant\n"
    )


def test_open_user_is_a_prefix_of_the_next_prompt() -> None:
    template = ChatTemplate(CHATML)
    known = shown(template.parts([*ROLES, "assistant"], OPEN_USER))
    following = shown(template.parts([*ROLES, "assistant", "user"], REPLY))
    assert known.endswith("<|im_start|>user\n")
    assert following.startswith(known)


def test_open_last_leaves_the_last_message_open() -> None:
    assert shown(ChatTemplate(CHATML).parts(ROLES, OPEN_LAST)).endswith("user\n{2}")


def test_same_roles_share_a_message() -> None:
    rendered = shown(ChatTemplate(CHATML).parts(["system", "user", "user"]))
    assert "{1}\n\n{2}<|im_end|>" in rendered


@pytest.mark.parametrize(
    ("source", "shape", "begins"),
    [
        (USER_FIRST, "user seed before the greeting", f"[system]{{0}}[user]{SEED}[assistant]{{1}}"),
        (ALTERNATING, "system text in the first user turn", "<user>{0}</><assistant>{1}</>"),
        (DROPS_SYSTEM, "system text in the first user turn", "[user]{0}[assistant]{1}"),
    ],
)
def test_a_picky_template_gets_a_shape_it_takes(source: str, shape: str, begins: str) -> None:
    template = ChatTemplate(source)
    assert (template.own, template.shape) == (True, shape)
    assert shown(template.parts(ROLES)).startswith(begins)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "{% for %}",
        "{{ messages[0].content }}",
        "{{ raise_exception('never') }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{% for i in range(10**9) %}x{% endfor %}",
    ],
)
def test_a_broken_or_hostile_template_is_replaced_by_chatml(source: str) -> None:
    template = ChatTemplate(source)
    assert not template.own
    assert shown(template.parts(ROLES)).startswith("<|im_start|>system\n{0}")


@pytest.mark.parametrize(
    "fault",
    ["raise_exception('too long')", "messages[0].nothing.more", "1 + messages[0].content", "1 / 0"],
)
def test_a_template_that_fails_late_is_a_readable_error(fault: str) -> None:
    late = "{% if messages | length > 6 %}{{ " + fault + " }}{% endif %}"
    template = ChatTemplate(CHATML + late)
    assert template.own
    with pytest.raises(RptermError, match=r"^The model's chat template cannot write this chat \("):
        template.parts([*ROLES, "assistant", "user", "assistant", "user"])


def test_the_begin_token_comes_once() -> None:
    assert shown(ChatTemplate(CHATML, bos="<s>").parts(ROLES)).startswith("<s><|im_start|>")
    own = ChatTemplate("{{ bos_token }}" + CHATML, bos="<s>")
    assert shown(own.parts(ROLES)).count("<s>") == 1


def test_hash_tells_templates_apart() -> None:
    assert ChatTemplate(CHATML).hash == ChatTemplate(CHATML).hash
    assert ChatTemplate(CHATML).hash != ChatTemplate(USER_FIRST).hash


THINKER = """{% for m in messages %}{{- '[' + m.role + ']' + m.content }}{% endfor %}
{%- if add_generation_prompt %}[assistant]
{%- if enable_thinking is defined and not enable_thinking %}
{{- '<think>\\n\\n</think>\\n\\n' }}{% else %}<think>{% endif %}{% endif %}"""


def test_a_request_says_whether_to_think_first() -> None:
    template = ChatTemplate(THINKER)
    assert template.own
    assert shown(template.parts(ROLES)).endswith("[assistant]<think>\n\n</think>\n\n")
    assert shown(template.parts(ROLES, thinking=True)).endswith("[assistant]<think>")


def test_a_reply_ends_where_the_template_begins_the_users_message() -> None:
    source = (
        "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}{{ end }}\n{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
    )
    assert ChatTemplate(source.replace("{{ end }}", "")).stops == ("<|user|>",)
    ended = ChatTemplate(source.replace("{{ end }}", "</s>"), eos="</s>")
    assert ended.own and ended.stops == (), "the end token comes first"
