"""One shape for the rows of every known format, so that each is looked at in the same way.

A row is known by its keys, not by the file it stands in: foreign files carry no manifest. What is
no row of any format, or a broken one, is told in one sentence. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Kind = Literal["pair", "label", "demo", "other"]
Row = Mapping[str, Any]
Messages = tuple[tuple[str, str], ...]

_ROLES = {
    "system": "system", "user": "user", "human": "user", "assistant": "assistant",
    "gpt": "assistant", "model": "assistant",
}  # fmt: skip


_KINDS: dict[str, Kind] = {"pair": "pair", "label": "label", "demo": "demo"}


class RowError(ValueError):
    """A row that no trainer can read; the text says why."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row.

    Attributes:
        reader: The family of formats, which decides who trains on it.
        kind: ``pair`` (chosen, rejected), ``label`` (one reply and whether it is good), ``demo``
            (one reply to imitate) or ``other`` (ties, flags: nothing is trained on them).
        prompt: Messages, or a text that is rendered already.
        apart: Whether the reply stands in a field of its own, not as the end of a conversation.
    """

    reader: str
    kind: Kind
    prompt: Messages | str
    replies: tuple[str, ...]
    label: bool | None = None
    meta: Row = field(default_factory=dict)
    apart: bool = True


def recognise(row: Any) -> Example:
    """The example in a row of any format.

    Raises:
        RowError: It is none, or it is broken.
    """
    if not isinstance(row, Mapping):
        raise RowError("it is no object")
    for keys, read in _FORMATS:
        if keys <= row.keys():
            example = read(row)
            _sound(example)
            return example
    raise RowError(f"its keys are of no known format: {', '.join(map(str, sorted(row)[:6]))}")


def _sound(example: Example) -> None:
    if isinstance(example.prompt, str):
        said: list[str] = []
    else:
        said = [content for _, content in example.prompt]
        later = [role for role, _ in example.prompt[1:]]
        if "system" in later:
            raise RowError("a system message stands behind other messages")
    if any(not text.strip() for text in said):
        raise RowError("a message of the prompt is empty")
    if any(not text.strip() for text in example.replies):
        raise RowError("a reply is empty")
    if example.kind == "pair" and example.replies[0] == example.replies[1]:
        raise RowError("the chosen and the rejected reply are the same")


def _raw(row: Row) -> Example:
    texts = [row["reply"], row.get("other")]
    replies = tuple(_text(each.get("text"), "reply") for each in texts if isinstance(each, Mapping))
    kind = _KINDS.get(str(row["kind"]), "other")
    return _made("raw", kind, _chat(row["prompt"]), replies, row, row.get("label"))


def _argilla(row: Row) -> Example:
    fields = row["fields"]
    if not isinstance(fields, Mapping) or not isinstance(fields.get("prompt"), str):
        raise RowError("its fields have no prompt")
    if "response" in fields:
        reply = _text(fields["response"], "response")
        return _made("argilla", "other", fields["prompt"], (reply,), row)
    replies = tuple(_text(fields.get(f"response-{n}"), f"response-{n}") for n in (1, 2))
    suggested = row.get("suggestions")
    ranking = suggested.get("ranking") if isinstance(suggested, Mapping) else None
    ranks = [
        each.get("rank") if isinstance(each, Mapping) else None
        for each in (ranking if isinstance(ranking, list) else [])
    ]
    kind: Kind = "pair" if ranks == [1, 2] else "other"
    return _made("argilla", kind, fields["prompt"], replies, row)


def _openai(row: Row) -> Example:
    if not isinstance(row["input"], Mapping):
        raise RowError("its input has no messages")
    replies = tuple(_last(row[key], key) for key in ("preferred_output", "non_preferred_output"))
    return _made("openai", "pair", _chat(row["input"].get("messages")), replies, row)


def _sharegpt_pair(row: Row) -> Example:
    replies = tuple(_said(row[key], key)[1] for key in ("chosen", "rejected"))
    return _made("llama_factory", "pair", _sharegpt(row), replies, row)


def _sharegpt_one(row: Row) -> Example:
    *prompt, (role, reply) = _sharegpt(row)
    if role != "assistant":
        raise RowError("its conversation does not end in a reply")
    label = row.get("label", row.get("kto_tag"))
    reader = "llama_factory" if "system" in row or label is not None else "sharegpt"
    kind: Kind = "demo" if label is None else "label"
    return _made(reader, kind, tuple(prompt), (reply,), row, label)


def _sharegpt(row: Row) -> Messages:
    messages = _chat(row["conversations"])
    system = row.get("system")
    return (("system", system), *messages) if isinstance(system, str) and system else messages


def _axolotl(row: Row) -> Example:
    if isinstance(row["chosen"], list):  # UltraFeedback rows without a prompt of their own
        return _pair(row)
    replies = tuple(_said(row[key], key)[1] for key in ("chosen", "rejected"))
    return _made("axolotl", "pair", _chat(row["messages"]), replies, row)


def _pair(row: Row) -> Example:
    chosen, rejected, prompt = row["chosen"], row["rejected"], row.get("prompt")
    if isinstance(chosen, str) and isinstance(rejected, str):
        if not isinstance(prompt, str | None):
            raise RowError("its prompt is messages and its replies are plain texts")
        return _made("trl", "pair", prompt or "", (chosen, rejected), row)
    if isinstance(prompt, list):
        replies = (_last(chosen, "chosen"), _last(rejected, "rejected"))
        return _made("trl", "pair", _chat(prompt), replies, row)
    (*one, last), (*other, worse) = _chat(chosen), _chat(rejected)
    if one != other:
        raise RowError("its two replies have two prompts")
    if (last[0], worse[0]) != ("assistant", "assistant"):
        raise RowError("its conversations do not end in a reply")
    return _made("trl", "pair", tuple(one), (last[1], worse[1]), row)


def _completion(row: Row) -> Example:
    prompt, reply, label = row["prompt"], row["completion"], row.get("label")
    kind: Kind = "demo" if label is None else "label"
    if isinstance(prompt, str) and isinstance(reply, str):
        return _made("trl", kind, prompt, (reply,), row, label)
    return _made("trl", kind, _chat(prompt), (_last(reply, "completion"),), row, label)


def _conversation(row: Row) -> Example:
    *prompt, (role, reply) = _chat(row["messages"])
    if role != "assistant":
        raise RowError("its messages do not end in a reply")
    return replace(_made("trl", "demo", tuple(prompt), (reply,), row), apart=False)


_FORMATS: tuple[tuple[frozenset[str], Callable[[Row], Example]], ...] = (
    (frozenset({"kind", "prompt", "reply"}), _raw),
    (frozenset({"fields"}), _argilla),
    (frozenset({"input", "preferred_output", "non_preferred_output"}), _openai),
    (frozenset({"conversations", "chosen", "rejected"}), _sharegpt_pair),
    (frozenset({"conversations"}), _sharegpt_one),
    (frozenset({"prompt", "chosen", "rejected"}), _pair),
    (frozenset({"messages", "chosen", "rejected"}), _axolotl),
    (frozenset({"chosen", "rejected"}), _pair),
    (frozenset({"prompt", "completion"}), _completion),
    (frozenset({"messages"}), _conversation),
)


def _made(
    reader: str,
    kind: Kind,
    prompt: Messages | str,
    replies: tuple[str, ...],
    row: Row,
    label: Any = None,
) -> Example:
    if kind == "label" and not isinstance(label, bool):
        if label is None and reader == "raw":
            kind = "other"  # three stars say neither good nor bad
        else:
            raise RowError(f"its label is {label!r}, neither true nor false")
    meta = row.get("meta", row.get("metadata"))
    known = meta if isinstance(meta, Mapping) else {}
    return Example(reader, kind, prompt, replies, label if kind == "label" else None, known)


def _chat(value: Any) -> Messages:
    if not isinstance(value, list) or not value:
        raise RowError("it has no messages where messages belong")
    return tuple(_said(each, "a message") for each in value)


def _said(value: Any, what: str) -> tuple[str, str]:
    if not isinstance(value, Mapping):
        raise RowError(f"{what} is no message")
    role, text = value.get("role", value.get("from")), value.get("content", value.get("value"))
    if not isinstance(role, str) or role not in _ROLES:
        raise RowError(f"a message is by {role!r}, which no trainer knows")
    return _ROLES[role], _text(text, "a message")


def _last(value: Any, what: str) -> str:
    """The one reply of a list of one message."""
    messages = _chat(value)
    if len(messages) != 1 or messages[0][0] != "assistant":
        raise RowError(f"{what} is not one reply")
    return messages[0][1]


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise RowError(f"{what} has no text")
    return value
