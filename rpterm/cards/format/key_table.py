"""The key table of a card's TOML: every key, its type and its purpose.

Reader, writer and JSON schema are all driven by it, so they cannot disagree; a test compares it
with the dataclasses of ``cards.card``. It knows no values and reads no files.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Literal, NamedTuple, get_args

from rpterm.cards.card import Logic, Position
from rpterm.sampling_ranges import SAMPLING_RANGES
from rpterm.types import Sampling

Kind = Literal[
    "text", "prose", "lines", "words", "boolean", "integer", "number", "choice", "integers"
]
"""``lines`` is a list of strings; ``words`` a list or a single string; ``integers`` a list of whole
numbers or a single one."""


class CardKey(NamedTuple):
    """One key of a table.

    Attributes:
        name: As written in the file.
        attr: The dataclass field, where its name differs.
        low, high: Inclusive limits of a number; ``None`` means no limit.
    """

    name: str
    kind: Kind
    doc: str
    attr: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    required: bool = False

    @property
    def field(self) -> str:
        return self.attr or self.name


TOP = (
    CardKey("name", "text", "The name shown, and the value of {{char}}.", required=True),
    CardKey("tagline", "text", "One line for lists of cards."),
    CardKey("nickname", "text", "The value of {{char}} instead of the name."),
    CardKey("version", "text", "The version of this card; not part of the prompt."),
    CardKey("creator", "text", "Who wrote the card; not part of the prompt."),
    CardKey("creator_notes", "prose", "Notes for people who use the card; not part of the prompt."),
    CardKey("tags", "lines", "Words to find the card by."),
    CardKey("portrait", "text", "Path of a picture, relative to this file."),
    CardKey("worlds", "words", "World files: lore this character shares with others."),
    CardKey(
        "knows_until", "text", 'A year ("1895") or date after which the character knows nothing.'
    ),
    CardKey("description", "prose", "Who the character is, in prose."),
    CardKey("scenario", "prose", "Where and when the chat takes place."),
    CardKey("greetings", "lines", "Opening messages to choose from; the first is the default."),
    CardKey("group_greetings", "lines", "Opening messages for group chats."),
    CardKey("limits", "lines", "What the character never does, one rule per line."),
    CardKey("system_prompt", "prose", "Replaces the user's own; {{original}} inserts that one."),
    CardKey("post_history_instructions", "prose", "Repeated right before the reply."),
)
PERSONA = (
    CardKey("attributes", "lines", "Facts about the character, one claim per line."),
    CardKey("relations", "lines", "One claim per line, each about one other person."),
    CardKey("style", "lines", "How the character speaks and acts, one trait per line."),
)
USER = (
    CardKey("name", "text", "A name for the user that fits the scenario.", "user_name"),
    CardKey("description", "prose", "Who the user is in the scenario.", "user_description"),
)
EXAMPLE = (
    CardKey("user", "prose", "What the user says."),
    CardKey("char", "prose", "What the character answers."),
    CardKey("pinned", "boolean", "true keeps this example in the prompt at all times."),
)
LOREBOOK = (
    CardKey("name", "text", "Name of the lorebook."),
    CardKey("description", "prose", "What the lorebook is about; not part of the prompt."),
    CardKey("scan_depth", "integer", "How many of the last turns are searched for keys.", low=0),
    CardKey(
        "budget", "integer", "Tokens for all entries; 0 means a quarter of the context.", low=0
    ),
    CardKey("recursive", "boolean", "true also searches the text of entries that fired."),
)
LORE = (
    CardKey("name", "text", "The entry's name in lists."),
    CardKey("keys", "words", "Words, or /regex/flags; any one of them fires the entry."),
    CardKey("secondary_keys", "words", "Checked only when one of the keys matched."),
    CardKey(
        "logic",
        "choice",
        "Which secondary keys must match: any, not all, none or all of them.",
        choices=get_args(Logic),
    ),
    CardKey("content", "prose", "What the model reads when the entry fires.", required=True),
    CardKey("comment", "prose", "A note to yourself; not part of the prompt."),
    CardKey("enabled", "boolean", "false switches the entry off."),
    CardKey("constant", "boolean", "true keeps this entry in the prompt at all times."),
    CardKey("case_sensitive", "boolean", "true distinguishes small and capital letters in keys."),
    CardKey("whole_words", "boolean", "false also matches keys inside words."),
    CardKey("use_regex", "boolean", "Kept for other programs; here /…/ is always a regex."),
    CardKey("position", "choice", "Where the text is inserted.", choices=get_args(Position)),
    CardKey("depth", "integer", "With position depth: how many turns above the end.", low=0),
    CardKey(
        "role",
        "choice",
        "With position depth: the role that says the text.",
        choices=("system", "user", "assistant"),
    ),
    CardKey("order", "integer", "Entries with a lower order come earlier in the prompt."),
    CardKey(
        "priority", "integer", "Entries with a lower priority are dropped first for the budget."
    ),
    CardKey(
        "probability", "integer", "The chance that the entry fires, in percent.", low=0, high=100
    ),
    CardKey(
        "scan_depth", "integer", "How many of the last turns are searched for this entry.", low=0
    ),
    CardKey("sticky", "integer", "How many more turns the entry stays active after firing.", low=0),
    CardKey("cooldown", "integer", "How many turns the entry then cannot fire again.", low=0),
    CardKey(
        "delay", "integer", "The entry cannot fire before the chat has this many turns.", low=0
    ),
    CardKey("group", "text", "Only one entry of a group fires."),
    CardKey("group_weight", "integer", "Chance within the group, relative to the others.", low=0),
    CardKey("group_override", "boolean", "true lets the highest order win the group, not chance."),
    CardKey(
        "exclude_recursion", "boolean", "true: the text of other entries cannot fire this one."
    ),
    CardKey("prevent_recursion", "boolean", "true: the text of this entry fires no other entries."),
    CardKey(
        "delay_until_recursion",
        "boolean",
        "true: only other entries' text can fire this one.",
    ),
    CardKey(
        "greetings",
        "integers",
        "Only in chats that began with these greetings; 0 is the first.",
        low=0,
    ),
    CardKey("characters", "words", "Only in chats with these characters."),
    CardKey("exclude_characters", "words", "Not in chats with these characters."),
    CardKey(
        "ignore_budget", "boolean", "true lets the entry fire even when the budget is used up."
    ),
    CardKey("world", "text", "The world it was read from; written into the copy a chat keeps."),
)
TEST = (
    CardKey("name", "text", "The test's name in the report."),
    CardKey("user", "words", "What the user says, one string per turn.", required=True),
    CardKey("contains", "words", "The last reply must contain each of these."),
    CardKey("not_contains", "words", "The last reply must contain none of these."),
    CardKey("regex", "text", "A pattern that the last reply must match."),
    CardKey(
        "score_above",
        "number",
        "The lowest accepted consistency score, from 0 to 1.",
        low=0,
        high=1,
    ),
    CardKey("judge", "prose", "A yes-or-no question about the last reply, for a judge model."),
)
_MODEL_SPECIFIC = ("think_tokens",)
"""Sampler values that depend on the model, not on the character."""
SAMPLING = tuple(
    CardKey(
        item.name, "integer" if item.type == "int" else "number",
        f"The sampler value {item.name} that suits this character.", "",
        *SAMPLING_RANGES[item.name],
    )
    for item in fields(Sampling)
    if item.type in ("int", "float") and item.name not in _MODEL_SPECIFIC
)  # fmt: skip

TABLES: dict[str, tuple[CardKey, ...]] = {
    "": TOP,
    "persona": PERSONA,
    "user": USER,
    "sampling": SAMPLING,
    "examples": EXAMPLE,
    "lorebook": LOREBOOK,
    "lore": LORE,
    "test": TEST,
}
"""Tables by name; ``examples``, ``lore`` and ``test`` are arrays of tables."""

ARRAYS = frozenset({"examples", "lore", "test"})
OPEN_TABLES = {"": ("extensions",), "lorebook": ("extensions",), "lore": ("extensions",)}
"""Table → its subtables that may contain anything and are kept unchanged."""
HAND_PARSED_KEYS = {"examples": ("dialogue",)}
"""Table → its keys that no ``CardKey`` describes, because they are parsed by hand."""

ALIASES = {
    "personality": "description",
    "first_mes": "greetings",
    "greeting": "greetings",
    "alternate_greetings": "greetings",
    "group_only_greetings": "group_greetings",
    "mes_example": "[[examples]]",
    "example": "[[examples]]",
    "example_dialogue": "[[examples]]",
    "character_book": "[[lore]]",
    "entries": "[[lore]]",
    "tests": "[[test]]",
    "character_version": "version",
    "insertion_order": "order",
    "key": "keys",
    "secondary": "secondary_keys",
    "keysecondary": "secondary_keys",
    "selective": "secondary_keys",
    "selectiveLogic": "logic",
    "disable": "enabled",
    "weight": "group_weight",
    "token_budget": "budget",
    "recursive_scanning": "recursive",
    "author": "creator",
    "world": "worlds",
    "world_info": "worlds",
    "world_scenario": "scenario",
}
"""Other programs' name of a key → ours."""
