"""Parses the rows of all known formats into one representation, so that checks are uniform.

The format of a row is recognised by its keys, not by its file, because foreign files have no
manifest. A row that is broken or of no known format raises an error with one sentence. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from rpterm.foreign_json import as_mapping

Kind = Literal["pair", "label", "demo", "other"]
Row = Mapping[str, Any]
Messages = tuple[tuple[str, str], ...]

_ROLES = {
    "system": "system", "user": "user", "human": "user", "assistant": "assistant",
    "gpt": "assistant", "model": "assistant",
}  # fmt: skip


_KINDS: dict[str, Kind] = {"pair": "pair", "label": "label", "demo": "demo"}


class RowError(ValueError):
    """A row that no trainer can read; the message says why."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row.

    Attributes:
        reader: The family of formats, which determines the trainers.
        kind: ``pair`` (chosen, rejected), ``label`` (one reply and whether it is good), ``demo``
            (one reply to imitate) or ``other`` (ties, flags: no trainer uses them).
        prompt: Messages, or an already rendered text.
        apart: Whether the reply has a field of its own instead of ending a conversation.
    """

    reader: str
    kind: Kind
    prompt: Messages | str
    replies: tuple[str, ...]
    label: bool | None = None
    meta: Row = field(default_factory=dict)
    apart: bool = True


def parse_row(row: Any) -> Example:
    """Parse a row of any format; a ``RowError`` stands for one that could not be read.

    Raises:
        RowError: The row is broken or of no known format.
    """
    if isinstance(row, RowError):
        raise row
    if not isinstance(row, Mapping):
        raise RowError("it is not an object")
    for keys, read in _FORMATS:
        if keys <= row.keys():
            example = read(row)
            _require_valid(example)
            return example
    raise RowError(f"its keys match no known format: {', '.join(map(str, sorted(row)[:6]))}")


def _require_valid(example: Example) -> None:
    if isinstance(example.prompt, str):
        texts: list[str] = []
    else:
        texts = [content for _, content in example.prompt]
        later = [role for role, _ in example.prompt[1:]]
        if "system" in later:
            raise RowError("a system message comes after other messages")
    if any(not text.strip() for text in texts):
        raise RowError("a message of the prompt is empty")
    if any(not text.strip() for text in example.replies):
        raise RowError("a reply is empty")
    if example.kind == "pair" and example.replies[0] == example.replies[1]:
        raise RowError("the chosen and the rejected reply are the same")


def _raw(row: Row) -> Example:
    texts = [row["reply"], row.get("other")]
    replies = tuple(_text(each.get("text"), "reply") for each in texts if isinstance(each, Mapping))
    kind = _KINDS.get(str(row["kind"]), "other")
    return _example("raw", kind, _messages(row["prompt"]), replies, row, row.get("label"))


def _argilla(row: Row) -> Example:
    fields = row["fields"]
    if not isinstance(fields, Mapping) or not isinstance(fields.get("prompt"), str):
        raise RowError("its fields have no prompt")
    if "response" in fields:
        reply = _text(fields["response"], "response")
        return _example("argilla", "other", fields["prompt"], (reply,), row)
    replies = tuple(_text(fields.get(f"response-{n}"), f"response-{n}") for n in (1, 2))
    suggestions = row.get("suggestions")
    ranking = suggestions.get("ranking") if isinstance(suggestions, Mapping) else None
    ranks = [
        each.get("rank") if isinstance(each, Mapping) else None
        for each in (ranking if isinstance(ranking, list) else [])
    ]
    kind: Kind = "pair" if ranks == [1, 2] else "other"
    return _example("argilla", kind, fields["prompt"], replies, row)


def _openai(row: Row) -> Example:
    if not isinstance(row["input"], Mapping):
        raise RowError("its input has no messages")
    replies = tuple(
        _single_reply(row[key], key) for key in ("preferred_output", "non_preferred_output")
    )
    return _example("openai", "pair", _messages(row["input"].get("messages")), replies, row)


def _sharegpt_pair(row: Row) -> Example:
    replies = tuple(_message(row[key], key)[1] for key in ("chosen", "rejected"))
    return _example("llama_factory", "pair", _sharegpt(row), replies, row)


def _sharegpt_conversation(row: Row) -> Example:
    *prompt, (role, reply) = _sharegpt(row)
    if role != "assistant":
        raise RowError("its conversation does not end with a reply")
    label = row.get("label", row.get("kto_tag"))
    reader = "llama_factory" if "system" in row or label is not None else "sharegpt"
    kind: Kind = "demo" if label is None else "label"
    return _example(reader, kind, tuple(prompt), (reply,), row, label)


def _sharegpt(row: Row) -> Messages:
    messages = _messages(row["conversations"])
    system = row.get("system")
    return (("system", system), *messages) if isinstance(system, str) and system else messages


def _axolotl(row: Row) -> Example:
    if isinstance(row["chosen"], list):  # UltraFeedback rows without a separate prompt
        return _trl_pair(row)
    replies = tuple(_message(row[key], key)[1] for key in ("chosen", "rejected"))
    return _example("axolotl", "pair", _messages(row["messages"]), replies, row)


def _trl_pair(row: Row) -> Example:
    chosen, rejected, prompt = row["chosen"], row["rejected"], row.get("prompt")
    if isinstance(chosen, str) and isinstance(rejected, str):
        if not isinstance(prompt, str | None):
            raise RowError("its prompt is a list of messages, but its replies are plain texts")
        return _example("trl", "pair", prompt or "", (chosen, rejected), row)
    if isinstance(prompt, list):
        replies = (_single_reply(chosen, "chosen"), _single_reply(rejected, "rejected"))
        return _example("trl", "pair", _messages(prompt), replies, row)
    (*one, better), (*other, worse) = _messages(chosen), _messages(rejected)
    if one != other:
        raise RowError("its two replies have different prompts")
    if (better[0], worse[0]) != ("assistant", "assistant"):
        raise RowError("its conversations do not end with a reply")
    return _example("trl", "pair", tuple(one), (better[1], worse[1]), row)


def _trl_completion(row: Row) -> Example:
    prompt, reply, label = row["prompt"], row["completion"], row.get("label")
    kind: Kind = "demo" if label is None else "label"
    if isinstance(prompt, str) and isinstance(reply, str):
        return _example("trl", kind, prompt, (reply,), row, label)
    return _example(
        "trl", kind, _messages(prompt), (_single_reply(reply, "completion"),), row, label
    )


def _trl_conversation(row: Row) -> Example:
    *prompt, (role, reply) = _messages(row["messages"])
    if role != "assistant":
        raise RowError("its messages do not end with a reply")
    return replace(_example("trl", "demo", tuple(prompt), (reply,), row), apart=False)


_FORMATS: tuple[tuple[frozenset[str], Callable[[Row], Example]], ...] = (
    (frozenset({"kind", "prompt", "reply"}), _raw),
    (frozenset({"fields"}), _argilla),
    (frozenset({"input", "preferred_output", "non_preferred_output"}), _openai),
    (frozenset({"conversations", "chosen", "rejected"}), _sharegpt_pair),
    (frozenset({"conversations"}), _sharegpt_conversation),
    (frozenset({"prompt", "chosen", "rejected"}), _trl_pair),
    (frozenset({"messages", "chosen", "rejected"}), _axolotl),
    (frozenset({"chosen", "rejected"}), _trl_pair),
    (frozenset({"prompt", "completion"}), _trl_completion),
    (frozenset({"messages"}), _trl_conversation),
)


def _example(
    reader: str,
    kind: Kind,
    prompt: Messages | str,
    replies: tuple[str, ...],
    row: Row,
    label: Any = None,
) -> Example:
    if kind == "label" and not isinstance(label, bool):
        if label is None and reader == "raw":
            kind = "other"  # Three stars are neither good nor bad.
        else:
            raise RowError(f"its label is {label!r}, neither true nor false")
    provenance = as_mapping(row.get("meta", row.get("metadata")))
    return Example(reader, kind, prompt, replies, label if kind == "label" else None, provenance)


def _messages(value: Any) -> Messages:
    if not isinstance(value, list) or not value:
        raise RowError("it has no messages where they are expected")
    return tuple(_message(each, "a message") for each in value)


def _message(value: Any, what: str) -> tuple[str, str]:
    if not isinstance(value, Mapping):
        raise RowError(f"{what} is not a message")
    role, text = value.get("role", value.get("from")), value.get("content", value.get("value"))
    if not isinstance(role, str) or role not in _ROLES:
        raise RowError(f"a message has the role {role!r}, which no trainer knows")
    return _ROLES[role], _text(text, "a message")


def _single_reply(value: Any, what: str) -> str:
    """The text of a reply given as a list with one message."""
    messages = _messages(value)
    if len(messages) != 1 or messages[0][0] != "assistant":
        raise RowError(f"{what} is not a single reply")
    return messages[0][1]


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise RowError(f"{what} has no text")
    return value
