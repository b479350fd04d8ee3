"""The CharacterCard: a character as immutable data.

A card knows nothing of files, models or chats. In ``cards.format``, the reader
parses one from TOML, the writer writes one as TOML, and the key table maps the file's keys to its
fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rpterm.types import Persona

Logic = Literal["and_any", "not_all", "not_any", "and_all"]
Position = Literal[
    "before_card",
    "after_card",
    "before_examples",
    "after_examples",
    "note_top",
    "note_bottom",
    "depth",
]


@dataclass(frozen=True, slots=True)
class Example:
    """One example dialogue: ``("user" | "char", text)`` lines in order.

    In TOML a single exchange is ``user = "…"`` and ``char = "…"``; a longer one is
    ``dialogue = [["user", "…"], ["char", "…"], …]``.
    """

    dialogue: tuple[tuple[Literal["user", "char"], str], ...]
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class LoreEntry:
    """One lorebook entry: text that enters the prompt when the conversation mentions a key.

    Attributes:
        keys: Plain words, or ``/regex/flags``; any one of them fires the entry.
        secondary_keys: Checked only when a key matched, according to ``logic``.
        logic: ``and_any`` requires one secondary key as well, ``and_all`` every one, ``not_any``
            none of them, ``not_all`` that at least one is absent.
        constant: Always in the prompt; part of the static block.
        position: Where the text is inserted; ``depth`` puts it ``depth`` turns above the end, as
            ``role``. An entry that is not constant always goes into the volatile block, unless
            its position is ``depth``.
        order: Entries with a lower order come earlier in the prompt.
        priority: Entries with a lower priority are dropped first when the budget is short.
        probability: In percent.
        scan_depth: How many of the last turns are searched; ``None`` uses the book's value.
        sticky, cooldown, delay: In turns: how long the entry stays active after firing, how long
            it then cannot fire, and how many turns the chat needs before it can fire at all.
        group: Only one entry of an inclusion group fires, drawn by ``group_weight``; with
            ``group_override`` the highest ``order`` wins instead.
        greetings: Only in chats that started with one of these greetings; 0 is the first.
        world: The world it comes from, as the card names it; "" for the card's own entries.
        extensions: Keys of other programs, kept unchanged.
    """

    keys: tuple[str, ...]
    content: str
    name: str = ""
    comment: str = ""
    secondary_keys: tuple[str, ...] = ()
    logic: Logic = "and_any"
    enabled: bool = True
    constant: bool = False
    case_sensitive: bool = False
    whole_words: bool = True
    use_regex: bool = False
    position: Position = "after_card"
    depth: int = 4
    role: Literal["system", "user", "assistant"] = "system"
    order: int = 100
    priority: int = 100
    probability: int = 100
    scan_depth: int | None = None
    sticky: int = 0
    cooldown: int = 0
    delay: int = 0
    group: str = ""
    group_weight: int = 100
    group_override: bool = False
    exclude_recursion: bool = False
    prevent_recursion: bool = False
    delay_until_recursion: bool = False
    greetings: tuple[int, ...] = ()
    characters: tuple[str, ...] = ()
    exclude_characters: tuple[str, ...] = ()
    ignore_budget: bool = False
    world: str = ""
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lorebook:
    """The entries and how they are searched.

    Attributes:
        budget: Tokens for all entries together; 0 means a quarter of the context window.
    """

    entries: tuple[LoreEntry, ...] = ()
    name: str = ""
    description: str = ""
    scan_depth: int = 2
    budget: int = 0
    recursive: bool = False
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Probe:
    """One ``[[test]]`` of a card: user messages, and what must be true of the last reply."""

    user: tuple[str, ...]
    name: str = ""
    contains: tuple[str, ...] = ()
    not_contains: tuple[str, ...] = ()
    regex: str = ""
    score_above: float | None = None
    judge: str = ""


@dataclass(frozen=True, slots=True)
class CharacterCard:
    """A character.

    Attributes:
        name: The name shown, and the value of ``{{char}}`` unless ``nickname`` is set.
        tagline: One line for lists.
        description: Who they are, in prose.
        attributes: One claim per line, because the consistency score points at single lines.
        relations: One claim per line, each about one other person.
        style: How they speak and act, one trait per line.
        scenario: Where and when the chat takes place.
        greetings: Opening messages to choose from; the first is the default.
        system_prompt: Replaces the user's own; ``{{original}}`` inserts the replaced one.
        post_history_instructions: Repeated right before the reply.
        knows_until: A year ("1895") or a date ("1895-04-23") after which the character knows
            nothing; "" for no limit.
        limits: What the character never does, one rule per line.
        sampling: ``Sampling`` field name → the value that suits this character best.
        user_name, user_description: A suggested persona for the user that fits the scenario.
        portrait: Path of a picture, relative to the card's file.
        worlds: Lore files shared by several characters; once ``cards.worlds`` has read them,
            ``lorebook`` contains their entries too.
        extensions: Keys of other programs, kept unchanged.
    """

    name: str
    tagline: str = ""
    nickname: str = ""
    description: str = ""
    attributes: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    style: tuple[str, ...] = ()
    scenario: str = ""
    greetings: tuple[str, ...] = ()
    group_greetings: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    system_prompt: str = ""
    post_history_instructions: str = ""
    knows_until: str = ""
    limits: tuple[str, ...] = ()
    sampling: Mapping[str, float] = field(default_factory=dict)
    lorebook: Lorebook = field(default_factory=Lorebook)
    user_name: str = ""
    user_description: str = ""
    portrait: str = ""
    worlds: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    creator: str = ""
    creator_notes: str = ""
    version: str = ""
    tests: tuple[Probe, ...] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def char(self) -> str:
        """The value of ``{{char}}``."""
        return self.nickname or self.name

    @property
    def is_narrator(self) -> bool:
        """Whether the card declares itself a narrator, with the tag ``narrator``."""
        return "narrator" in {tag.casefold() for tag in self.tags}

    def user(self, own: Persona) -> Persona:
        """The user's persona in a new chat: ``own`` if it was set, else the card's suggestion."""
        if own != Persona() or not self.user_name:
            return own
        return Persona(self.user_name, self.user_description)
