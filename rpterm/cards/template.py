"""A new card as a file to fill in: every part explained, what is known already in its place.

The text reads back as the card it was made from. It knows no files and no models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rpterm.cards import toml_text
from rpterm.cards.card import CharacterCard, Example, LoreEntry
from rpterm.cards.toml_text import comment
from rpterm.cards.writer import example_lines

_HEAD = """\
A line that begins with # is a comment: for you, never for the model. Take the # away to use one.
Texts may run over several lines between three quotes, like the description below.
{{char}} stands for the character's name, {{user}} for the name of whoever talks to them.
While a chat runs, saving this file changes the character at the next turn.

Look it over: rpterm cards lint FILE.  Talk: rpterm chat FILE.  Test: rpterm cards test FILE."""


_WORLD = """\
A card knows it that names its file (worlds = ["..."]), as `rpterm cards join` or Alt+L in a chat
writes it. While a chat runs, saving this file changes the lore at the next turn."""


def template(card: CharacterCard, head: str = "", notes: Mapping[str, str] | None = None) -> str:
    """Write a card for somebody who has never written one.

    Args:
        card: What is known: at least a name. Of other fields than a new card has, nothing is
            written.
        head: What stands above the explanations, as comments.
        notes: For a claim, what stands above it as a comment: where it comes from.
    """
    blocks = [comment("\n".join(filter(None, [f"{card.name}: a character for rpterm.", head]))),
              comment(_HEAD), *_top(card, notes or {}), *_persona(card, notes or {}),
              *_examples(card.examples), *_lore(card.lorebook.entries), *_test()]  # fmt: skip
    return "\n".join(blocks)


def world_template(name: str) -> str:
    """Write a world, lore that several characters share, for somebody who has never written one."""
    entry = LoreEntry(("mill", "miller"), "The mill burned down last winter.")
    return "\n".join([
        comment(f"{name}: a world for rpterm, lore that several characters share.\n{_WORLD}"),
        f"[lorebook]\nname = {toml_text.string(name)}\n",
        comment("One entry: the model reads it while one of its keys was said lately."),
        _entry(entry),
    ])  # fmt: skip


def _top(card: CharacterCard, notes: Mapping[str, str]) -> list[str]:
    return [
        _text("name", card.name, "Shown everywhere, and what {{char}} stands for."
              if not card.nickname else "Shown everywhere."),
        *([_text("nickname", card.nickname, "What {{char}} stands for.")] if card.nickname else []),
        _text("tagline", card.tagline, "One line for lists: why would one talk to them?",
              "She mends clocks, and lies about the time."),
        _text("description", card.description,
              "Who they are, in a few sentences: looks, work, past, what they want. Concrete beats "
              "grand.\nThe model reads it on every turn, so keep it short."
              + _source(card.description, notes)),
        _text("scenario", card.scenario, "Where the chat takes place, and why {{user}} is there.",
              "A wet evening. {{user}} brings a watch that runs backwards."),
        _text("knows_until", card.knows_until,
              "A year after which they know nothing. Leave it out for people of today."
              + _source(card.knows_until, notes), "1895"),
        _list("greetings", card.greetings,
              "How they begin; the first one is the default. The model takes its style from it:\n"
              "*actions between asterisks*, \"speech in quotes\". Leave to {{user}} what {{user}} "
              "says and does.",
              ('*She does not look up.* "If it ticks, put it on the left."',)),
        _list("limits", card.limits, "What they never do, one rule a line.",
              ("{{char}} never decides what {{user}} says, does or feels.",)),
    ]  # fmt: skip


def _persona(card: CharacterCard, notes: Mapping[str, str]) -> list[str]:
    return [
        comment("One claim a line: replies are checked against single lines.") + "[persona]\n",
        _list("attributes", card.attributes, "Facts.",
              ("Odile is left-handed.", "Odile owes money to two brothers."), notes),
        _list("relations", card.relations, "People they know, one a line.",
              ("Bram, her brother, writes from prison every month.",), notes),
        _list("style", card.style, "How they speak and act, one trait a line.",
              ("Short, dry sentences.", "Answers a question with a price.")),
    ]  # fmt: skip


def _examples(examples: Sequence[Example]) -> list[str]:
    said = "Examples teach the voice better than any description: eight are good."
    sample = Example((
        ("user", "How much to mend it?"),
        ("char", '*She turns it over once.* "More than it cost you. Leave it."'),
    ))  # fmt: skip
    blocks = [_example(example) for example in examples] or [comment(_example(sample))]
    return [comment(said) + blocks[0], *blocks[1:]]


def _example(example: Example) -> str:
    return f"[[examples]]\n{''.join(example_lines(example))}"


def _lore(entries: Sequence[LoreEntry]) -> list[str]:
    said = "Lore: what the model reads only when one of the keys comes up. It costs nothing else."
    sample = LoreEntry(("harbour", "Sill"), "Sill is a harbour town that silts up a little more.")
    blocks = [_entry(entry) for entry in entries] or [comment(_entry(sample))]
    return [comment(said) + blocks[0], *blocks[1:]]


def _entry(entry: LoreEntry) -> str:
    keys, content = toml_text.strings(entry.keys), toml_text.string(entry.content)
    return f"[[lore]]\nkeys = {keys}\ncontent = {content}\n"


def _test() -> list[str]:
    said = "A probe for `rpterm cards test`: what you say, and what must hold of the reply."
    sample = (
        '[[test]]\nname = "is no assistant"\nuser = ["Who are you?"]\n'
        'not_contains = ["language model", "As an AI"]\n'
    )
    return [comment(said) + comment(sample)]


def _text(key: str, value: str, said: str, sample: str = "") -> str:
    """A key with its explanation; without a value it is a comment to be filled in."""
    if not value and not sample:
        return comment(said) + f'{key} = """\n"""\n'
    if value:
        return comment(said) + f"{key} = {toml_text.string(value)}\n"
    return comment(f"{said}\n{key} = {toml_text.string(sample)}")


def _list(
    key: str,
    values: Iterable[str],
    said: str,
    samples: Sequence[str],
    notes: Mapping[str, str] | None = None,
) -> str:
    texts = list(values)
    if notes and any(notes.get(text, text) != text for text in texts):
        return comment(said) + f"{key} = [\n{_noted(texts, notes)}]\n"
    if texts:
        return comment(said) + f"{key} = {toml_text.strings(texts)}\n"
    lines = [f"    {toml_text.string(sample)}," for sample in samples]
    return comment("\n".join([said, f"{key} = [", *lines, "]"]))


def _source(text: str, notes: Mapping[str, str]) -> str:
    return f"\n{notes[text]}" if text and notes.get(text, text) != text else ""


def _noted(texts: Sequence[str], notes: Mapping[str, str]) -> str:
    """The items of a list, each below the comment about it where there is one."""
    lines: list[str] = []
    for text in texts:
        note = notes.get(text, text)
        lines += [f"    {line}" for line in comment(note).splitlines()] if note not in text else []
        lines.append(f"    {toml_text.string(text)},")
    return "".join(f"{line}\n" for line in lines)
