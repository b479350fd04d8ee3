"""The CharacterCard: what a character is, as data.

A card knows nothing of files, models or chats. ``cards.reader`` makes one from TOML,
``cards.writer`` makes TOML from one; ``cards.layout`` says which key of the file is which field.
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
    """One example dialogue: lines of ``("user" | "char", text)`` in order.

    In TOML a single exchange is ``user = "…"`` and ``char = "…"``; a longer one is
    ``dialogue = [["user", "…"], ["char", "…"], …]``.
    """

    dialogue: tuple[tuple[Literal["user", "char"], str], ...]
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class LoreEntry:
    """One entry of a lorebook: text that enters the prompt when the talk comes to it.

    Attributes:
        keys: Plain words, or ``/regex/flags``; any one fires the entry.
        secondary_keys: Looked at only when a key matched, by ``logic``.
        logic: ``and_any`` one secondary key too; ``and_all`` every one; ``not_any`` none;
            ``not_all`` not every one.
        constant: Always in the prompt; part of the static block.
        position: Where it goes; ``depth`` puts it ``depth`` turns above the end, as ``role``.
            An entry that is not constant always travels in the volatile block unless its
            position is ``depth``.
        order: Lower stands higher in the prompt.
        priority: Lower is left out first when the budget is short.
        probability: Percent.
        scan_depth: How many last turns are searched; ``None`` takes the book's.
        sticky, cooldown, delay: In turns: stays active, rests afterwards, sleeps at the start.
        group: Of the entries of one inclusion group only one fires, drawn by ``group_weight``;
            ``group_override`` lets the highest ``order`` win instead.
        greetings: Only in chats begun with one of these greetings; 0 is the first.
        world: The world it comes from, as the card names it; "" is the card's own entry.
        extensions: Keys of other programs, kept as they were.
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
        budget: Tokens for all entries together; 0 means a quarter of the context.
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
    """One ``[[test]]`` of a card: user lines, and what must hold of the last reply."""

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
        name: Shown, and what ``{{char}}`` stands for unless ``nickname`` is set.
        tagline: One line for lists.
        description: Who they are, in prose.
        attributes: One claim a line: the consistency score points at single lines.
        relations: One claim a line, each about one other person.
        style: How they speak and act, one trait a line.
        scenario: Where and when the chat takes place.
        greetings: First turns to choose from; the first is the default.
        system_prompt: Replaces the user's own; ``{{original}}`` inserts the replaced one.
        post_history_instructions: Repeated right before the reply.
        knows_until: A year ("1895") or a date ("1895-04-23") after which the character knows
            nothing; "" is no limit.
        limits: What the character never does, one rule a line.
        sampling: Names of ``Sampling`` fields → values this character speaks best with.
        user_name, user_description: Hints for a persona of the user that fits the scenario.
        portrait: Path of a picture, relative to the card's file.
        worlds: Files of lore that several characters share; ``lorebook`` has their entries, too,
            once ``cards.worlds`` has read them.
        extensions: Keys of other programs, kept as they were.
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
        """What ``{{char}}`` stands for."""
        return self.nickname or self.name

    def user(self, own: Persona) -> Persona:
        """Who the user is in a new chat; the card's hint counts where nobody set their ``own``."""
        if own != Persona() or not self.user_name:
            return own
        return Persona(self.user_name, self.user_description)
