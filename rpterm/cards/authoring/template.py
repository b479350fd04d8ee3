"""Writes a new card or world as an annotated TOML file to fill in.

Every part is explained in comments, and known values are already in place. The text parses back to
the card it was written from. This module knows no files and no models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rpterm.cards.card import CharacterCard, Example, LoreEntry
from rpterm.cards.format import key_table, toml_text
from rpterm.cards.format.key_table import CardKey
from rpterm.cards.format.schema import TABLE_DOCS, defaults_of
from rpterm.cards.format.toml_text import comment
from rpterm.cards.format.value_checks import sample_value
from rpterm.cards.format.writer import entry_lines, example_lines, key_lines

_HEAD = """\
A line that begins with # is a comment: for you, never for the model. Remove the # to use the line.
A text between three quotes, like the description below, may have several lines.
{{char}} stands for the character's name, {{user}} for the name of the person who chats with them.
{{date}}, {{weekday}}, {{time}}, {{random:tea,coffee}} and {{roll:d20}} work, too.
If you save this file during a chat, the character changes with the next turn.

Check it: rpterm cards lint FILE.  Chat: rpterm chat FILE.  Test it: rpterm cards test FILE."""

_WORLD = """\
A card uses this world if it names the file (worlds = ["..."]); `rpterm cards join`, or Alt+L in a
chat, adds that line. If you save this file during a chat, the lore changes with the next turn."""


def template(card: CharacterCard, head: str = "", notes: Mapping[str, str] | None = None) -> str:
    """Write a card for somebody who has never written one.

    Args:
        card: The known values, at least a name; only its texts and its lore are written.
        head: Text for a comment above the explanations.
        notes: Claim → text for a comment above it, such as its source.
    """
    top = _top(card, notes or {})
    shown = "\n".join(top)
    top += [line for line in key_lines("", card) if f"\n{line.partition('=')[0]}=" not in shown]
    sections = {
        "": top, "persona": _persona(card, notes or {}),
        "user": _table("user"), "sampling": _table("sampling", "temperature = 0.9"),
        "examples": _examples(card.examples), "lorebook": _table("lorebook"),
        "lore": _lore(card.lorebook.entries), "test": _test(),
    }  # fmt: skip
    first = comment("\n".join(filter(None, [f"{card.name}: a character for rpterm.", head])))
    blocks = (block for table, own in sections.items() for block in _with_more_keys(table, own))
    return "\n".join([first, comment(_HEAD), *blocks])


def world_template(name: str) -> str:
    """Write a world (lore shared by several characters) for somebody who has never written one."""
    entry = LoreEntry(("mill", "miller"), "The mill burned down last winter.")
    return "\n".join([
        comment(f"{name}: a world for rpterm, lore that several characters share.\n{_WORLD}"),
        *_with_more_keys("lorebook", [f"[lorebook]\nname = {toml_text.string(name)}\n"]),
        comment("One entry: the model reads it when one of its keys was mentioned recently."),
        *_with_more_keys("lore", [_entry(entry)]),
    ])  # fmt: skip


def _with_more_keys(table: str, blocks: list[str]) -> list[str]:
    """The blocks of a table, and as a comment the keys that they lack, with their usual values."""
    known = {line.lstrip("# ").partition(" = ")[0] for each in blocks for line in each.splitlines()}
    usual = defaults_of(table)
    more = [
        f"{key.name} = {_usual(key, usual[key.field])}  # {key.doc}"
        + f" It can be {', '.join(key.choices)}." * bool(key.choices)
        for key in key_table.TABLES[table]
        if key.field in usual and key.name not in known
    ]
    title = "More keys, with their usual values:"
    return [*blocks, *([comment("\n".join([title, *more]))] if more else [])]


def _usual(key: CardKey, default: Any) -> str:
    return sample_value(key) if default is None else toml_text.value(default)


def _table(name: str, sample: str = "") -> list[str]:
    return [comment(f"{TABLE_DOCS[name]}\n[{name}]\n{sample}")]


def _top(card: CharacterCard, notes: Mapping[str, str]) -> list[str]:
    return [
        _text("name", card.name, "The name shown everywhere, and the value of {{char}}."
              if not card.nickname else "The name shown everywhere."),
        *([_text("nickname", card.nickname, "The value of {{char}}.")] if card.nickname else []),
        _text("tagline", card.tagline, "One line for lists: why would you want to talk to them?",
              "She mends clocks, and lies about the time."),
        _text("description", card.description,
              "Who they are, in a few sentences: looks, work, past, what they want. Be concrete.\n"
              "The model reads this on every turn, so keep it short."
              + _source(card.description, notes)),
        _text("scenario", card.scenario, "Where the chat takes place, and why {{user}} is there.",
              "A wet evening. {{user}} brings a watch that runs backwards."),
        _text("knows_until", card.knows_until,
              "The last year they know anything about. Leave it out for people of today."
              + _source(card.knows_until, notes), "1895"),
        _list("greetings", card.greetings,
              "Their opening messages; the first is the default. The model copies their style:\n"
              '*actions between asterisks*, "speech in quotes". Leave it to {{user}} what {{user}} '
              "says and does.",
              ('*She does not look up.* "If it ticks, put it on the left."',
               '*The shop is shut. She opens anyway.* "Twice the price, {{user}}."')),
        _list("limits", card.limits, "What they never do, one rule per line.",
              ("{{char}} never decides what {{user}} says, does or feels.",)),
    ]  # fmt: skip


def _persona(card: CharacterCard, notes: Mapping[str, str]) -> list[str]:
    return [
        comment("One claim per line, because replies are checked line by line.") + "[persona]\n",
        _list("attributes", card.attributes, "Facts.",
              ("Odile is left-handed.", "Odile owes money to two brothers."), notes),
        _list("relations", card.relations, "People they know, one per line.",
              ("Bram, her brother, writes from prison every month.",), notes),
        _list("style", card.style, "How they speak and act, one trait per line.",
              ("Short, dry sentences.", "Answers a question with a price.")),
    ]  # fmt: skip


def _examples(examples: Sequence[Example]) -> list[str]:
    explanation = "Examples teach the voice better than any description; eight is a good number."
    sample = Example((
        ("user", "How much to mend it?"),
        ("char", '*She turns it over once.* "More than it cost you. Leave it."'),
    ))  # fmt: skip
    blocks = [_example(example) for example in examples] or [comment(_example(sample))]
    return [comment(explanation) + blocks[0], *blocks[1:]]


def _example(example: Example) -> str:
    return f"[[examples]]\n{''.join(example_lines(example))}"


def _lore(entries: Sequence[LoreEntry]) -> list[str]:
    explanation = "Lore: text that enters the prompt only when one of its keys is mentioned."
    sample = LoreEntry(("harbour", "Sill"), "Sill is a harbour town that silts up a little more.")
    blocks = [_entry(entry) for entry in entries] or [comment(_entry(sample))]
    return [comment(explanation) + blocks[0], *blocks[1:]]


def _entry(entry: LoreEntry) -> str:
    return f"[[lore]]\n{''.join(entry_lines(entry))}"


def _test() -> list[str]:
    explanation = "A test for `rpterm cards test`: what you say, and what the reply must fulfil."
    sample = (
        '[[test]]\nname = "is no assistant"\nuser = ["Who are you?"]\n'
        'not_contains = ["language model", "As an AI"]\n'
    )
    return [comment(explanation) + comment(sample)]


def _text(key: str, value: str, explanation: str, sample: str = "") -> str:
    """A key with its explanation; without a value, the sample is given as a comment."""
    if value:
        return comment(explanation) + f"{key} = {toml_text.string(value)}\n"
    if not sample:
        return comment(explanation) + f'{key} = """\n"""\n'
    return comment(f"{explanation}\n{key} = {toml_text.string(sample)}")


def _list(
    key: str,
    values: Iterable[str],
    explanation: str,
    samples: Sequence[str],
    notes: Mapping[str, str] | None = None,
) -> str:
    texts = list(values)
    if notes and any(notes.get(text, text) != text for text in texts):
        return comment(explanation) + f"{key} = [\n{_annotated(texts, notes)}]\n"
    if texts:
        return comment(explanation) + f"{key} = {toml_text.strings(texts)}\n"
    lines = [f"    {toml_text.string(sample)}," for sample in samples]
    return comment("\n".join([explanation, f"{key} = [", *lines, "]"]))


def _source(text: str, notes: Mapping[str, str]) -> str:
    return f"\n{notes[text]}" if text and notes.get(text, text) != text else ""


def _annotated(texts: Sequence[str], notes: Mapping[str, str]) -> str:
    """The items of a list, each below its comment if it has one."""
    lines: list[str] = []
    for text in texts:
        note = notes.get(text, text)
        lines += [f"    {line}" for line in comment(note).splitlines()] if note not in text else []
        lines.append(f"    {toml_text.string(text)},")
    return "".join(f"{line}\n" for line in lines)
