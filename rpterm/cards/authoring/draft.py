"""Drafts a card with a model: the prompts, the answers' grammars, and the resulting card.

Pure functions: the caller, who has the model, asks one stage after the other and passes what is
``known`` so far. A grammar bounds every text, so an answer always ends and always parses. For
engines without grammars the parser is lenient: it skips code fences and chatter, closes truncated
JSON and drops unusable values. So ``build_card`` always returns a card, in the worst case one with
nothing but the user's own words.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from rpterm.cards.card import CharacterCard, Example, Lorebook, LoreEntry
from rpterm.types import Sampling

SYSTEM = (
    "You invent characters for role-play. You answer with one JSON object and nothing else. You "
    "are concrete: things, places, habits, names, numbers. You never repeat yourself."
)
_TOKENS_PER_CHARACTER = 0.4
_TEMPERATURE, _MIN_P = 0.7, 0.1
_TOO_HARD = ("description", "examples", "lore")
_STARTS = {
    "attributes": ("NAME is ", "NAME has ", "NAME once ", "NAME wants ", "NAME fears "),
    "relations": ("NAME's best friend is ", "NAME's rival is "),
    "style": ("Speaks ", "Often ", "Never "),
    "limits": ("NAME never ",),
}
_EXAMPLE_IDEA = "a sleepless woman who mends clocks in a harbour town and owes money"
_MAX_NAME = 60
_TELLING = 12
"""Minimum length, in characters, at which a text copied from the example is recognised."""
_PLAIN_NAME = re.compile(r"[^\W_][\w'.-]*")
_RULES = (
    # No brackets except those of the two macros, so that a text cannot turn into more JSON.
    r'char ::= [^"\\\x00-\x1f\x7f{}\[\]<>|#] | "{{user}}" | "{{char}}" | "\\\""',
    r'begin ::= [^\x00-\x40\[-`{-\x7f] | "{{char}}" | "{{user}}"',
    r'plain ::= [^"\\\x00-\x1f\x7f{}\[\]<>|#.!?] | "{{user}}" | "{{char}}"',
    "end ::= [.!?]",
    r'spoken ::= [A-Z*] | [^\x00-\x7f] | "\\\""',
)


@dataclass(frozen=True, slots=True)
class DraftField:
    """One key of an answer.

    Attributes:
        ask: What the prompt asks for.
        low, high: Minimum and maximum length of a text, in characters.
        count: The number of texts in the list; 0 means a single text instead of a list.
        parts: If the list holds tables, their keys.
        example: A good value, taken from a very different character.
        starts: The given beginnings of the list's texts, in order; NAME is the character's name.
        sentence: Whether a text ends with its first sentence.
    """

    name: str
    ask: str
    low: int
    high: int
    count: int = 0
    parts: tuple[str, ...] = ()
    example: Any = ""
    starts: tuple[str, ...] = ()
    sentence: bool = False


@dataclass(frozen=True, slots=True)
class DraftStage:
    """Fields requested in one prompt; ``title`` is for a progress bar."""

    title: str
    fields: tuple[DraftField, ...]

    @property
    def max_tokens(self) -> int:
        """Enough tokens, in nearly all cases, for the longest answer the grammar allows."""
        size = sum((f.high + 12) * max(f.count, 1) * max(len(f.parts), 1) + 24 for f in self.fields)
        return int(size * _TOKENS_PER_CHARACTER) + 16


STAGES = (
    DraftStage("who they are", (
        DraftField("name", "the character's name", 2, 40, example="Odile Marsh"),
        DraftField("tagline", "one line that makes one want to talk to them", 15, 100,
              example="She mends clocks, and lies about the time."),
        DraftField("description", "who they are and what they want, three sentences", 120, 700,
              example=(
            "Odile Marsh mends clocks above a chandler's shop and sleeps badly. She owes money to "
            "two brothers who never raise their voices. What she wants is one quiet year.")),
        DraftField("scenario", "where they are now, and how the user comes in", 60, 320, example=(
            "A wet evening in the harbour town of Sill. {{user}} brings a watch that runs "
            "backwards into {{char}}'s workshop.")),
    )),
    DraftStage("what is true of them", (
        DraftField("attributes", "facts, one claim each", 15, 110, 6, example=(
            "Odile is left-handed.", "Odile keeps a pistol in the case clock.")),
        DraftField("relations", "other people, one each", 15, 110, 3, example=(
            "Bram, her brother, writes from prison every month.",)),
        DraftField("style", "how they speak and act", 10, 110, 4, example=(
            "Short, dry sentences.", "Answers a question with a price.")),
        DraftField("limits", "what they never do", 15, 110, 2, example=(
            "{{char}} never decides what {{user}} says or does.",)),
    )),
    DraftStage("how they begin", (
        DraftField("greetings",
              "first messages to {{user}}: an action between asterisks, then speech",
              80, 420, 2, example=(
                  '*She does not look up from the lens.* "If it ticks, put it on the left."',)),
    )),
    DraftStage("how they talk", (
        DraftField("examples", "what {{user}} says and how the character answers", 15, 260, 4,
              ("user", "char"), example=(
                  {"user": "How much to mend it?",
                   "char": '*She turns it over once.* "More than it cost you. Leave it."'},)),
    )),
    DraftStage("what they know", (
        DraftField("lore", "things that matter when the talk comes to the key", 3, 220, 3,
              ("key", "content"), example=(
                  {"key": "Sill", "content": "Sill is a harbour town that silts up a little more "
                   "each year."},)),
    )),
)  # fmt: skip


def remaining_stages(known: Mapping[str, Any], *, brief: bool = False) -> list[DraftStage]:
    """The stages, without the fields that are already known.

    Args:
        brief: For small models, in English: fewer and shorter texts with given beginnings, and
            none of the fields such models get wrong. The user's own words stay the description.
    """
    remaining = []
    for stage in STAGES:
        kept = [each for each in stage.fields if each.name not in known]
        if brief:
            kept = [_shortened(each) for each in kept if each.name not in _TOO_HARD]
        if kept:
            remaining.append(replace(stage, fields=tuple(kept)))
    return remaining


def _shortened(field: DraftField) -> DraftField:
    starts = _STARTS.get(field.name, ())
    count = len(starts) or min(field.count, 2)
    return replace(field, starts=starts, count=count if field.count else 0, sentence=True)


def build_prompt(stage: DraftStage, description: str, known: Mapping[str, Any]) -> str:
    """The prompt of a stage: an example of the JSON, then the idea and the answers so far."""
    example = json.dumps({f.name: f.example for f in stage.fields}, ensure_ascii=False)
    wanted = [f'- "{f.name}": {f"{f.count} " if f.count else ""}{f.ask}.' for f in stage.fields]
    lines = [
        f"Idea: {_EXAMPLE_IDEA}",
        f"JSON: {example}",
        "",
        "Now for another idea, with nothing of the first one in it:",
        *wanted,
        "",
        f"Idea: {' '.join(description.split())}",
    ]
    if known:
        lines.append(f"Known: {json.dumps(dict(known), ensure_ascii=False)}")
    return "\n".join([*lines, "JSON:"])


def grammar(stage: DraftStage, known: Mapping[str, Any]) -> str:
    """The GBNF grammar of a stage's answer; facts begin with the character's name if known."""
    rules = list(_RULES)
    keys = [f'"\\"{each.name}\\": " {_value_grammar(each, known, rules)}' for each in stage.fields]
    return "\n".join(['root ::= "{" ' + ' ", " '.join(keys) + ' "}"', *rules]) + "\n"


def _value_grammar(field: DraftField, known: Mapping[str, Any], rules: list[str]) -> str:
    """The grammar of a field's value: a text, a list of texts or a list of tables."""
    starts = [_start(field, start, known) for start in field.starts or ("",)]
    for number, start in enumerate(starts):
        rules.append(f'{field.name}-t{number} ::= "\\"" {start} {_remainder(field)} "\\""')
    items = [f"{field.name}-t{number % len(starts)}" for number in range(max(field.count, 1))]
    if field.parts:
        inner = ' ", " '.join(f'"\\"{part}\\": " {items[0]}' for part in field.parts)
        rules.append(f'{field.name}-o ::= "{{" {inner} "}}"')
        items = [f"{field.name}-o"] * len(items)
    return '"[" ' + ' ", " '.join(items) + ' "]"' if field.count else items[0]


def _start(field: DraftField, start: str, known: Mapping[str, Any]) -> str:
    """The grammar of a text's beginning: given words, speech or an action, or a sentence."""
    name = str(known.get("name", "")).split(" ")[0]
    named = bool(_PLAIN_NAME.fullmatch(name))
    if start:
        return json.dumps(start.replace("NAME", name if named else "{{char}}"))
    if field.name == "attributes" and named:
        return f'"{name} "'
    return "spoken" if field.name in ("greetings", "examples") else "begin"


def _remainder(field: DraftField) -> str:
    """The grammar of a text's remainder; a ``sentence`` ends with its first full stop."""
    if not field.sentence:
        return f"char{{{field.low},{field.high}}}"
    return f"char{{{field.low}}} plain{{0,{field.high - field.low}}} end"


def sampling(stage: DraftStage, base: Sampling, known: Mapping[str, Any], seed: int) -> Sampling:
    """The sampling of one stage: the user's own, less random, and constrained by the grammar.

    Repetition penalties are off, because JSON syntax repeats itself all the time.
    """
    return replace(
        base, grammar=grammar(stage, known), max_tokens=stage.max_tokens, banned=(),
        temperature=min(base.temperature, _TEMPERATURE), min_p=max(base.min_p, _MIN_P),
        dry_multiplier=0.0, repeat_penalty=1.0, xtc_probability=0.0, mirostat=0,
        seed=(seed + zlib.crc32(stage.title.encode())) & 0xFFFFFFFF,
    )  # fmt: skip


def parse_answer(stage: DraftStage, answer: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Parse the usable fields of an answer; never raises."""
    data = _first_object(answer)
    found: dict[str, Any] = {}
    seen = {text.casefold() for value in known.values() for text in _texts(value)}
    for each in stage.fields:
        copied = {text.casefold() for text in _texts(each.example) if len(text) > _TELLING}
        if (value := _value(each, data.get(each.name), seen, copied)) is not None:
            found[each.name] = value
            seen |= {text.casefold() for text in _texts(value)}
    return found


def build_card(description: str, known: Mapping[str, Any]) -> CharacterCard:
    """Build the card from the model's answers; fields without an answer stay empty.

    Args:
        description: The user's own words, used as the description if the model wrote none.
    """
    first = " ".join(one_line(description).split()[:4])[:_MAX_NAME]

    def lines(key: str) -> tuple[str, ...]:
        return tuple(known.get(key, ()))

    return CharacterCard(
        name=known.get("name") or first or "Nameless",
        tagline=known.get("tagline", ""),
        description=known.get("description") or paragraphs(description),
        attributes=lines("attributes"),
        relations=lines("relations"),
        style=lines("style"),
        scenario=known.get("scenario", ""),
        greetings=lines("greetings"),
        limits=lines("limits"),
        examples=tuple(
            Example((("user", item["user"]), ("char", item["char"])))
            for item in known.get("examples", ())
        ),
        lorebook=Lorebook(
            tuple(LoreEntry((item["key"],), item["content"]) for item in known.get("lore", ()))
        ),
    )


def one_line(text: str) -> str:
    """The text on one line, without characters that a card cannot contain."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def paragraphs(text: str) -> str:
    """The text without characters that a card cannot contain; line breaks are kept."""
    return "\n".join(one_line(line) for line in text.strip().splitlines()).strip()


def _texts(value: Any) -> list[str]:
    """Every text in a value, at any depth."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, Sequence | Mapping):
        return []
    items = value.values() if isinstance(value, Mapping) else value
    return [text for item in items for text in _texts(item)]


def _value(field: DraftField, value: Any, seen: set[str], copied: set[str]) -> Any:
    """The cleaned value of a field, or ``None`` if nothing of it is usable.

    Args:
        seen: Texts that other fields already contain.
        copied: Texts of the example; a text that contains one of them was not invented.
    """
    items = [value]
    if field.count:
        items = value if isinstance(value, list) else []
    kept: list[Any] = []
    for item in items:
        clean = _item(field, item)
        texts = {text.casefold() for text in _texts(clean)} if clean else set()
        if clean and not texts & seen and not any(c in t for c in copied for t in texts):
            kept.append(clean)
            seen = seen | texts
    if field.count:
        return kept or None
    return kept[0] if kept else None


def _item(field: DraftField, item: Any) -> str | dict[str, str] | None:
    if field.name == "name":
        return _clean(item, field)[:_MAX_NAME] or None
    if not field.parts:
        return _clean(item, field) or None
    if not isinstance(item, Mapping):
        return None
    table = {part: _clean(item.get(part), field) for part in field.parts}
    return table if all(table.values()) else None


def _clean(value: Any, field: DraftField) -> str:
    """One text on one line; if it was truncated, it ends at a sentence or word boundary."""
    if not isinstance(value, str):
        return ""
    text = one_line(value)
    if len(text) >= field.high - 1:
        end = max(text.rfind(mark) for mark in '.!?…"*')
        text = text[: end + 1] if end > field.low else text[: text.rfind(" ")]
    return text if re.search(r"\w", text) else ""


def _first_object(answer: str) -> dict[str, Any]:
    """The first JSON object in a text; a truncated one is completed."""
    start = answer.find("{")
    if start < 0:
        return {}
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(answer, start)
    except (ValueError, RecursionError):
        value = _parse_truncated(answer[start:])
    return value if isinstance(value, dict) else {}


def _parse_truncated(text: str) -> Any:
    """Parse JSON whose end is missing, dropping its last pieces until it parses."""
    for end in range(len(text), 0, -1):
        if end < len(text) and text[end] not in ',"':
            continue
        closers = _closing_brackets(text[:end])
        try:
            return json.loads(text[:end].rstrip(" ,") + closers, strict=False)
        except (ValueError, RecursionError):
            continue
    return {}


def _closing_brackets(text: str) -> str:
    """The quotes and brackets that close everything left open at the end of a text."""
    stack: list[Literal["}", "]"]] = []
    quoted = escaped = False
    for char in text:
        if quoted:
            quoted = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            quoted = True
        elif char in "{[":
            stack.append("}" if char == "{" else "]")
        elif char in "}]" and stack:
            stack.pop()
    return ('"' if quoted else "") + "".join(reversed(stack))
