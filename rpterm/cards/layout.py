"""The one table of a card's TOML: every key, what it holds, and what it is for.

Reader, writer and JSON schema are all driven by it, so they cannot disagree; a test holds it
against the dataclasses of ``cards.card``. It knows no values and reads no files.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args

from rpterm.cards.card import Logic, Position
from rpterm.types import Sampling

Kind = Literal["text", "prose", "lines", "words", "flag", "whole", "number", "choice", "wholes"]
"""``lines`` is a list of strings; ``words`` a list or one string; ``wholes`` the same of ints."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table.

    Attributes:
        name: As in the file.
        attr: The field of the record.
        low, high: Limits of a number, both allowed; ``None`` is no limit.
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
    Key("name", "text", "Shown, and what {{char}} stands for.", required=True),
    Key("tagline", "text", "One line for lists of cards."),
    Key("nickname", "text", "What {{char}} stands for instead of the name."),
    Key("version", "text", "The version of this card; never in the prompt."),
    Key("creator", "text", "Who wrote the card; never in the prompt."),
    Key("creator_notes", "prose", "Notes for people who use the card; never in the prompt."),
    Key("tags", "lines", "Words to find the card by."),
    Key("portrait", "text", "Path of a picture, relative to this file."),
    Key("worlds", "words", "World files, whose lore this character shares with others."),
    Key("knows_until", "text", 'A year ("1895") or date after which the character knows nothing.'),
    Key("description", "prose", "Who the character is, in prose."),
    Key("scenario", "prose", "Where and when the chat takes place."),
    Key("greetings", "lines", "First turns to choose from; the first is the default."),
    Key("group_greetings", "lines", "First turns for chats with several characters."),
    Key("limits", "lines", "What the character never does, one rule a line."),
    Key("system_prompt", "prose", "Replaces the user's; {{original}} inserts the replaced one."),
    Key("post_history_instructions", "prose", "Repeated right before the reply."),
)
PERSONA = (
    Key("attributes", "lines", "Facts about the character, one claim a line."),
    Key("relations", "lines", "One claim a line, each about one other person."),
    Key("style", "lines", "How the character speaks and acts, one trait a line."),
)
USER = (
    Key("name", "text", "A name for the user that fits the scenario.", "user_name"),
    Key("description", "prose", "Who the user is in the scenario.", "user_description"),
)
EXAMPLE = (
    Key("user", "prose", "What the user says."),
    Key("char", "prose", "What the character answers."),
    Key("pinned", "flag", "Always in the prompt."),
)
LOREBOOK = (
    Key("name", "text", "Name of the lorebook."),
    Key("description", "prose", "What the lorebook is about; never in the prompt."),
    Key("scan_depth", "whole", "How many last turns are searched for keys.", low=0),
    Key("budget", "whole", "Tokens for all entries; 0 is a quarter of the context.", low=0),
    Key("recursive", "flag", "Search the text of entries that fired, too."),
)
LORE = (
    Key("name", "text", "A name for lists."),
    Key("keys", "words", "Words, or /regex/flags; any one fires the entry."),
    Key("secondary_keys", "words", "Looked at only when a key matched."),
    Key(
        "logic",
        "choice",
        "How secondary keys count: one, not all, none, every one.",
        choices=get_args(Logic),
    ),
    Key("content", "prose", "What the model reads when the entry fires.", required=True),
    Key("comment", "prose", "A note to yourself; never in the prompt."),
    Key("enabled", "flag", "false switches the entry off."),
    Key("constant", "flag", "Always in the prompt."),
    Key("case_sensitive", "flag", "Keys match only in this spelling of small and capital."),
    Key("whole_words", "flag", "false lets keys match inside of words."),
    Key("use_regex", "flag", "Kept for other programs: /…/ is a regex in any case."),
    Key("position", "choice", "Where the text goes.", choices=get_args(Position)),
    Key("depth", "whole", "With position depth: how many turns above the end.", low=0),
    Key(
        "role",
        "choice",
        "With position depth: who says it.",
        choices=("system", "user", "assistant"),
    ),
    Key("order", "whole", "Lower stands higher in the prompt."),
    Key("priority", "whole", "Lower is left out first when the budget is short."),
    Key("probability", "whole", "Percent.", low=0, high=100),
    Key("scan_depth", "whole", "How many last turns are searched for this entry.", low=0),
    Key("sticky", "whole", "Stays for so many more turns.", low=0),
    Key("cooldown", "whole", "Rests for so many turns afterwards.", low=0),
    Key("delay", "whole", "Sleeps until the chat has so many turns.", low=0),
    Key("group", "text", "Of the entries of one group only one fires."),
    Key("group_weight", "whole", "Chance in the group, against the others' weights.", low=0),
    Key("group_override", "flag", "In the group the highest order wins, not chance."),
    Key("exclude_recursion", "flag", "Text of other entries cannot fire this one."),
    Key("prevent_recursion", "flag", "This text fires no other entries."),
    Key("delay_until_recursion", "flag", "Only text of other entries can fire this one."),
    Key("greetings", "wholes", "Only after these greetings; 0 is the first.", low=0),
    Key("characters", "words", "Only with these characters."),
    Key("exclude_characters", "words", "Not with these characters."),
    Key("ignore_budget", "flag", "Fires even when the budget is spent."),
    Key("world", "text", "The world it was read from; written into the copy that a chat keeps."),
)
TEST = (
    Key("name", "text", "A name for the report."),
    Key("user", "words", "What the user says, one string a turn.", required=True),
    Key("contains", "words", "The last reply must contain each of these."),
    Key("not_contains", "words", "The last reply must contain none of these."),
    Key("regex", "text", "A pattern that the last reply must match."),
    Key("score_above", "number", "Least consistency score, from 0 to 1.", low=0, high=1),
    Key("judge", "prose", "A yes-or-no question about the last reply for a judge model."),
)
_LIMITS: dict[str, tuple[float | None, float | None]] = {
    "max_tokens": (1, 1_000_000), "close_after": (-1, 1_000_000), "temperature": (0, 10),
    "dynatemp_range": (0, 10), "dynatemp_exponent": (0, 10), "top_k": (0, None),
    "top_p": (0, 1), "min_p": (0, 1),
    "typical_p": (0, 1), "repeat_penalty": (0, 10), "presence_penalty": (-10, 10),
    "frequency_penalty": (-10, 10), "penalty_last_n": (0, None), "dry_multiplier": (0, 10),
    "dry_base": (1, 10), "dry_allowed_length": (0, None), "dry_range": (0, None),
    "xtc_probability": (0, 1), "xtc_threshold": (0, 1), "mirostat": (0, 2),
    "mirostat_tau": (0, 100), "mirostat_eta": (0, 1),
}  # fmt: skip
_OF_THE_MODEL = ("think_tokens",)
"""Samplers that depend on the model that plays, not on whom it plays."""
SAMPLING = tuple(
    Key(
        item.name, "whole" if item.type == "int" else "number",
        f"Sampler value {item.name} this character speaks best with.", "",
        *_LIMITS.get(item.name, (None, None)),
    )
    for item in fields(Sampling)
    if item.type in ("int", "float") and item.name not in _OF_THE_MODEL
)  # fmt: skip

TABLES: dict[str, tuple[Key, ...]] = {
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
OPEN = {"": ("extensions",), "lorebook": ("extensions",), "lore": ("extensions",)}
"""Tables that hold anything, kept as it is, by the table they stand in."""
EXTRA = {"examples": ("dialogue",)}
"""Keys that no ``Key`` describes: they are read by hand."""

NICKNAMES = {
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
"""What other programs call our keys."""
