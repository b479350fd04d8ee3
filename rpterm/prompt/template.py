"""The model's own chat template, made safe and predictable.

A template is a program that came with the weights. It is rendered in a sandbox, with placeholders
in the place of contents: what it writes around them is scaffold (control tokens are parsed), what
stands in their place is text of people (control tokens are not parsed). So a typed ``<|im_end|>``
stays seven characters and a bracket.

Many templates refuse or drop what role-play needs: a greeting before the first user turn, a system
message. At construction a canary chat is tried in each shape of ``SHAPES`` and the first that
brings every content through, once and in order, is kept. This module knows no tokens.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from rpterm.types import Role, RptermError

Ending = str
REPLY: Ending = "reply"
"""End with the generation prompt: the model answers."""
OPEN_USER: Ending = "open_user"
"""End right before the content of a next user message: what is known while the user types."""
OPEN_LAST: Ending = "open_last"
"""End inside the last message, without closing it: the model goes on with it."""

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content"
    " + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""Used where a model has no template or one that fits no shape."""

SEED = "(The scene begins.)"
"""What the user 'says' before the greeting where a template wants the user to speak first."""

_LEAST_STOP = 4
"""Characters of a text that may end a reply: less could be anything."""
_MARK = re.compile("\ue0f0([0-9]+)\ue0f1")


class TemplateError(RptermError):
    """A template cannot be read, raised, or lost, doubled or reordered a content."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the rendered prompt: scaffold, or the content of message ``index``."""

    text: str = ""
    index: int | None = None


Slots = list[tuple[Role, list[int]]]
"""Messages for the template: a role, and the numbers of the contents that make it up.
Number -1 is ``SEED``."""
Shape = Callable[[Slots], Slots]


def _as_it_is(slots: Slots) -> Slots:
    return slots


def _seeded(slots: Slots) -> Slots:
    """Let the user speak first."""
    at = next((i for i, (role, _) in enumerate(slots) if role != "system"), len(slots))
    if at < len(slots) and slots[at][0] == "assistant":
        return [*slots[:at], ("user", [-1]), *slots[at:]]
    return slots


def _system_in_user(slots: Slots) -> Slots:
    """Write the system text at the head of the first user message."""
    if not slots or slots[0][0] != "system":
        return slots
    (_, system), rest = slots[0], slots[1:]
    if rest and rest[0][0] == "user":
        return [("user", system + rest[0][1]), *rest[1:]]
    return [("user", system), *rest]


SHAPES: tuple[tuple[str, Shape], ...] = (
    ("as it is", _as_it_is),
    ("user seed before the greeting", _seeded),
    ("system text in the first user turn", _system_in_user),
)


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)


def _compile(source: str) -> Any:
    # jinja2 costs a tenth of a second: not before the first frame.
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    env.globals["raise_exception"] = _refuse
    # A date in the prompt would make the same chat differ from day to day, and replays too.
    env.globals["strftime_now"] = lambda _format: "2024-07-01"
    try:
        return env.from_string(source)
    except Exception as error:  # a foreign program: whatever it raises, it is unusable
        raise TemplateError(str(error)) from error


def _written(template: Any, **given: Any) -> str:
    """What a template makes of what it is given."""
    try:
        return str(template.render(given))
    except Exception as error:  # as above
        raise TemplateError(str(error)) from error


class PlainTemplate:
    """Renders messages as a trainer does: no shape mends what the template refuses."""

    def __init__(self, source: str, *, bos: str = "", eos: str = "") -> None:
        """Args:
            source: The template, or "" for ``CHATML``.

        Raises:
            TemplateError: It is no template.
        """
        self._marks = {"bos_token": bos, "eos_token": eos}
        self._template = _compile(source or CHATML)

    def __call__(self, messages: Sequence[tuple[str, str]], *, reply: bool) -> str:
        """The text of a chat.

        Args:
            reply: End with what opens a reply.

        Raises:
            TemplateError: The template refuses these messages.
        """
        said = [{"role": role, "content": content} for role, content in messages]
        return _written(
            self._template,
            messages=said,
            add_generation_prompt=reply,
            tools=None,
            documents=None,
            **self._marks,
        )


class ChatTemplate:
    """Renders messages by a model's template, in the first shape that works.

    Attributes:
        shape: Name of the shape in use.
        own: Whether the model's own template is in use, not ``CHATML``.
        hash: Of source and shape: prompts and caches are only comparable where it is the same.
        stops: What the model writes where it goes on as the user: a reply ends before it.
    """

    def __init__(self, source: str, *, bos: str = "", eos: str = "") -> None:
        self._bos, self._eos = bos, eos
        self.own = bool(source)
        found = self._fitting(source) if source else None
        if found is None:
            self.own = False
            source, found = CHATML, self._fitting(CHATML)
        assert found is not None
        self.shape, self._shape, self._template = found
        self.hash = hashlib.sha256(f"{self.shape}\0{source}".encode()).hexdigest()
        self.stops = self._head_of_user()

    def parts(
        self, roles: Sequence[Role], ending: Ending = REPLY, *, thinking: bool = False
    ) -> list[Part]:
        """Render a chat of the given roles.

        Args:
            roles: The role of each content, in order; neighbours of the same role share one
                message, joined by a blank line.
            ending: How the prompt ends.
            thinking: Let a model that can be told so think before it replies.

        Returns:
            Scaffold and contents in the order the model reads them.

        Raises:
            TemplateError: The template refuses just these roles; the text is for people.
        """
        try:
            return self._render(self._template, self._shape, roles, ending, thinking)
        except TemplateError as error:
            raise TemplateError(
                f"The model's chat template cannot write this chat ({error}). Use another model."
            ) from error

    def _head_of_user(self) -> tuple[str, ...]:
        """What stands between a reply and the next message, where no end token does."""
        parts = self.parts(["user", "assistant", "user"])
        place = next(at for at, part in enumerate(parts) if part.index == 1)
        between = parts[place + 1].text
        head = next((line.strip() for line in between.splitlines() if line.strip()), "")
        if len(head) < _LEAST_STOP or (self._eos and self._eos in between):
            return ()
        return (head if head.startswith("<") else f"\n{head}",)

    def _fitting(self, source: str) -> tuple[str, Shape, Any] | None:
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
        slots = _merged(roles)
        if ending == OPEN_USER:
            slots = [*slots, ("user", [len(roles)])]
        slots = _merged_slots(shape(slots))
        text = _written(
            template,
            messages=[{"role": role, "content": _marks(numbers)} for role, numbers in slots],
            add_generation_prompt=ending == REPLY,
            bos_token=self._bos,
            eos_token=self._eos,
            tools=[],
            **_switches(thinking),
        )
        if self._bos and not text.startswith(self._bos):
            text = self._bos + text
        wanted = [n for _, numbers in slots for n in numbers if n >= 0]
        return _cut(_split(text), wanted, len(roles), ending)


def _switches(thinking: bool) -> dict[str, object]:
    """How templates are told whether the model shall think first; each family has its own name."""
    effort = "medium" if thinking else "low"
    return {"enable_thinking": thinking, "thinking": thinking, "reasoning_effort": effort}


_CANARIES: tuple[tuple[Role, ...], ...] = (
    ("system", "assistant", "user", "assistant", "user"),
    ("system", "user", "assistant", "user"),
    ("system", "assistant"),
)


def _merged(roles: Sequence[Role]) -> Slots:
    return _merged_slots([(role, [i]) for i, role in enumerate(roles)])


def _merged_slots(slots: Slots) -> Slots:
    merged: Slots = []
    for role, numbers in slots:
        if merged and merged[-1][0] == role:
            merged[-1] = (role, merged[-1][1] + numbers)
        else:
            merged.append((role, list(numbers)))
    return merged


def _marks(numbers: Sequence[int]) -> str:
    return "\n\n".join(SEED if n < 0 else f"\ue0f0{n}\ue0f1" for n in numbers)


def _split(text: str) -> list[Part]:
    parts: list[Part] = []
    for i, piece in enumerate(_MARK.split(text)):
        if i % 2:
            parts.append(Part(index=int(piece)))
        elif piece:
            parts.append(Part(text=piece))
    return parts


def _cut(parts: list[Part], wanted: list[int], count: int, ending: Ending) -> list[Part]:
    """Check that every content came through and cut the tail the ending does not want."""
    if [part.index for part in parts if part.index is not None] != wanted:
        raise TemplateError("the template lost, doubled or reordered a message")
    if ending == REPLY:
        return parts
    last = next(i for i, part in enumerate(parts) if part.index == wanted[-1])
    return parts[: last + 1] if ending == OPEN_LAST else parts[:last]
