"""Renders messages with the model's own chat template, safely and predictably.

A template is a program that comes with the weights. It is rendered in a sandbox with placeholders
instead of contents: what the template writes around them is scaffold (control tokens are parsed),
what replaces them is user or card text (control tokens are not parsed). So a typed ``<|im_end|>``
stays plain text.

Many templates reject or drop what role-play needs: a greeting before the first user turn, or a
system message. The constructor tries a canary chat in each shape of ``SHAPES`` and keeps the first
one that renders every content, once and in order. This module knows no tokens.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from rpterm.engine.thinking import FAMILIES
from rpterm.errors import RptermError
from rpterm.types import Role

Ending = str
REPLY: Ending = "reply"
"""End with the generation prompt, so that the model replies."""
OPEN_USER: Ending = "open_user"
"""End right before the content of the next user message: all that is known while the user types."""
OPEN_LAST: Ending = "open_last"
"""End inside the last message without closing it, so that the model continues it."""

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content"
    " + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""Used where a model has no template, or one that works in no shape."""

SEED = "(The scene begins.)"
"""The user's text before the greeting, where a template requires the user to speak first."""

_MIN_STOP_LENGTH = 4
"""Characters of a stop text: a shorter one could appear in any reply."""
_PLACEHOLDER = re.compile("\ue0f0([0-9]+)\ue0f1")


class TemplateError(RptermError):
    """A template is invalid, raised an error, or lost, repeated or reordered a content."""


@dataclass(frozen=True, slots=True)
class Part:
    """Part of the rendered prompt: scaffold text, or the content with number ``index``."""

    text: str = ""
    index: int | None = None


Layout = list[tuple[Role, list[int]]]
"""Messages for the template: a role, and the numbers of the contents in it; -1 is ``SEED``."""
Shape = Callable[[Layout], Layout]


def _unchanged(layout: Layout) -> Layout:
    return layout


def _user_first(layout: Layout) -> Layout:
    """Insert a user message before the greeting."""
    at = next((i for i, (role, _) in enumerate(layout) if role != "system"), len(layout))
    if at < len(layout) and layout[at][0] == "assistant":
        return [*layout[:at], ("user", [-1]), *layout[at:]]
    return layout


def _system_in_user(layout: Layout) -> Layout:
    """Move the system text to the beginning of the first user message."""
    if not layout or layout[0][0] != "system":
        return layout
    (_, system), rest = layout[0], layout[1:]
    if rest and rest[0][0] == "user":
        return [("user", system + rest[0][1]), *rest[1:]]
    return [("user", system), *rest]


SHAPES: tuple[tuple[str, Shape], ...] = (
    ("as it is", _unchanged),
    ("user seed before the greeting", _user_first),
    ("system text in the first user turn", _system_in_user),
)


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)


def _compile(source: str) -> Any:
    # Importing jinja2 takes a tenth of a second, too long before the first frame.
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    env.globals["raise_exception"] = _raise
    # A real date would change the prompt of the same chat, and its replays, from day to day.
    env.globals["strftime_now"] = lambda _format: "2024-07-01"
    try:
        return env.from_string(source)
    except Exception as error:  # A foreign program can raise anything.
        raise TemplateError(str(error)) from error


def _render_text(template: Any, **variables: Any) -> str:
    try:
        return str(template.render(variables))
    except Exception as error:  # As above.
        raise TemplateError(str(error)) from error


class PlainTemplate:
    """Renders messages as a trainer does, without shapes that avoid the template's errors."""

    def __init__(self, source: str, *, bos: str = "", eos: str = "") -> None:
        """Args:
            source: The template, or "" for ``CHATML``.

        Raises:
            TemplateError: It is not a valid template.
        """
        self._tokens = {"bos_token": bos, "eos_token": eos}
        self._template = _compile(source or CHATML)

    def __call__(self, messages: Sequence[tuple[str, str]], *, reply: bool) -> str:
        """The text of a chat.

        Args:
            reply: Whether to end with the generation prompt.

        Raises:
            TemplateError: The template rejects these messages.
        """
        rows = [{"role": role, "content": content} for role, content in messages]
        return _render_text(
            self._template,
            messages=rows,
            add_generation_prompt=reply,
            tools=None,
            documents=None,
            **self._tokens,
        )


class ChatTemplate:
    """Renders messages with a model's template, in the first shape that works.

    Attributes:
        shape: Name of the shape in use.
        own: Whether the model's own template is in use, not ``CHATML``.
        thinks: Whether the template knows a thought before the reply.
        hash: Hash of source and shape; prompts and caches are comparable only if it is the same.
        stops: What the model writes if it continues as the user; a reply ends before it.
    """

    def __init__(self, source: str, *, bos: str = "", eos: str = "") -> None:
        self._bos, self._eos = bos, eos
        self.own = bool(source)
        working = self._find_shape(source) if source else None
        if working is None:
            self.own = False
            source, working = CHATML, self._find_shape(CHATML)
        assert working is not None
        self.shape, self._shape, self._template = working
        self.hash = hashlib.sha256(f"{self.shape}\0{source}".encode()).hexdigest()
        self.thinks = any(tags.opens in source for tags in FAMILIES)
        self.stops = self._user_header()

    def parts(
        self, roles: Sequence[Role], ending: Ending = REPLY, *, thinking: bool = False
    ) -> list[Part]:
        """Render a chat with these roles.

        Args:
            roles: The role of each content, in order; adjacent contents with the same role share
                one message, joined by a blank line.
            ending: How the prompt ends.
            thinking: Whether to let the model think before it replies, where it can be told.

        Returns:
            Scaffold and contents in reading order.

        Raises:
            TemplateError: The template rejects these roles; the text is for the user.
        """
        try:
            return self._render(self._template, self._shape, roles, ending, thinking)
        except TemplateError as error:
            raise TemplateError(
                f"The model's chat template cannot write this chat ({error}). Use another model."
            ) from error

    def _user_header(self) -> tuple[str, ...]:
        """The beginning of a user message, unless an end token stands between it and a reply."""
        parts = self.parts(["user", "assistant", "user"])
        reply_at = next(at for at, part in enumerate(parts) if part.index == 1)
        between = parts[reply_at + 1].text
        header = next((line.strip() for line in between.splitlines() if line.strip()), "")
        if len(header) < _MIN_STOP_LENGTH or (self._eos and self._eos in between):
            return ()
        return (header if header.startswith("<") else f"\n{header}",)

    def _find_shape(self, source: str) -> tuple[str, Shape, Any] | None:
        try:
            template = _compile(source)
        except TemplateError:
            return None
        for name, shape in SHAPES:
            try:
                for canary in _CANARIES:
                    self._render(template, shape, canary, REPLY)
                    self._render(template, shape, canary, OPEN_USER)
            except TemplateError:
                continue
            return name, shape, template
        return None

    def _render(
        self,
        template: Any,
        shape: Shape,
        roles: Sequence[Role],
        ending: Ending,
        thinking: bool = False,
    ) -> list[Part]:
        layout = _merge_neighbours([(role, [i]) for i, role in enumerate(roles)])
        if ending == OPEN_USER:
            layout = [*layout, ("user", [len(roles)])]
        layout = _merge_neighbours(shape(layout))
        text = _render_text(
            template,
            messages=[
                {"role": role, "content": _placeholders(numbers)} for role, numbers in layout
            ],
            add_generation_prompt=ending == REPLY,
            bos_token=self._bos,
            eos_token=self._eos,
            tools=[],
            **_thinking_variables(thinking),
        )
        if self._bos and not text.startswith(self._bos):
            text = self._bos + text
        expected = [n for _, numbers in layout for n in numbers if n >= 0]
        return _truncate(_split(text), expected, ending)


def _thinking_variables(thinking: bool) -> dict[str, object]:
    """Template variables that switch thinking on or off, by the names of all model families."""
    effort = "medium" if thinking else "low"
    return {"enable_thinking": thinking, "thinking": thinking, "reasoning_effort": effort}


_CANARIES: tuple[tuple[Role, ...], ...] = (
    ("system", "assistant", "user", "assistant", "user"),
    ("system", "user", "assistant", "user"),
    ("system", "assistant"),
)


def _merge_neighbours(layout: Layout) -> Layout:
    merged: Layout = []
    for role, numbers in layout:
        if merged and merged[-1][0] == role:
            merged[-1] = (role, merged[-1][1] + numbers)
        else:
            merged.append((role, list(numbers)))
    return merged


def _placeholders(numbers: Sequence[int]) -> str:
    return "\n\n".join(SEED if n < 0 else f"\ue0f0{n}\ue0f1" for n in numbers)


def _split(text: str) -> list[Part]:
    parts: list[Part] = []
    for i, piece in enumerate(_PLACEHOLDER.split(text)):
        if i % 2:
            parts.append(Part(index=int(piece)))
        elif piece:
            parts.append(Part(text=piece))
    return parts


def _truncate(parts: list[Part], expected: list[int], ending: Ending) -> list[Part]:
    """Check that every content was rendered, and remove what follows the ending."""
    if [part.index for part in parts if part.index is not None] != expected:
        raise TemplateError("the template lost, repeated or reordered a message")
    if ending == REPLY:
        return parts
    last = next(i for i, part in enumerate(parts) if part.index == expected[-1])
    return parts[: last + 1] if ending == OPEN_LAST else parts[:last]
