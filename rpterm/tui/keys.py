"""The registry of keys: the one place that says which key does what.

Bindings, the hint line, the palette, the help screen and the table in the readME are all made from
``KEYS``. A user remaps a key by its id in ``config.toml``::

    [keys]
    regenerate = "ctrl+y,ctrl+r"

Importing this module does not import textual, so that the command line can print the table. It does
not know what a command does: ``screens.chat.commands`` maps ids to functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rpterm.tui import key_names

if TYPE_CHECKING:
    from textual.binding import Binding

Scope = Literal["app", "chat", "turn", "list", "edit", "judge", "memory", "examples"]
"""Where a key is looked at: everywhere, in the chat, in the editor of a turn, in a list, in a form,
where one judges replies one after the other, in the Memory or the Examples pane."""
SCOPES: tuple[Scope, ...] = ("app", "chat", "turn", "list", "edit", "judge", "memory", "examples")

When = Literal[
    "always",
    "empty",
    "typing",
    "input",
    "command",
    "elsewhere",
    "selected",
    "writing",
    "free",
    "choosing",
    "dueling",
]
"""The state of the chat a key needs.

``empty``: writing in an input without text. ``typing``: in one with text. ``input``: in either.
``command``: in one with the beginning of a command. ``elsewhere``: not writing in the input.
``selected``: a turn is selected. ``writing``: a reply is being made. ``free``: something to go back
from. ``choosing``: candidates wait for a choice. ``dueling``: two blind ones wait for a verdict.
"""


OF_THE_INPUT: frozenset[When] = frozenset(
    ("empty", "typing", "input", "command", "choosing", "dueling")
)
"""States that depend on what is written: the input decides, in the order of the keys."""


@dataclass(frozen=True, slots=True)
class Key:
    """One command and its keys.

    Attributes:
        id: Name in the settings and in ``commands``.
        keys: Textual key names, the first one is shown.
        label: One or two words for the hint line.
        description: One sentence for the help, the palette and the readME.
        group: Heading in the help.
        when: A tuple of states, any of which lets the key act.
        palette: Whether the command palette offers it.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    description: str
    group: str
    scope: Scope = "chat"
    when: tuple[When, ...] = ("always",)
    palette: bool = True


WRITE, REPLIES, TURNS, RATING, CHAT, PANES, REMEDY, APP, LISTS, REVIEW, MEMORY, EXAMPLES = (
    "Writing", "Replies", "Turns", "Rating", "Chats", "Panes", "In character",
    "Program", "Lists and forms",
    "Review and duels", "In the Memory pane", "In the Examples pane",
)  # fmt: skip

_COUNTED = ("one star", "two stars", "three stars", "four stars", "five stars")

KEYS: tuple[Key, ...] = (
    Key("send", ("enter",), "send", "Send what you wrote; with nothing written, the next of "
        "several characters speaks.", WRITE, when=("input",), palette=False),
    Key("newline", ("ctrl+j", "shift+enter", "alt+enter"), "new line", "Start a new line.", WRITE,
        when=("input",), palette=False),
    Key("complete", ("tab",), "complete", "Complete a command that begins with /.", WRITE,
        when=("command",), palette=False),
    Key("stop", ("escape",), "stop", "Stop the reply; what has come is kept.", WRITE,
        when=("writing",)),
    Key("back", ("escape",), "back", "Leave the selected turn, the candidates or a pane.", WRITE,
        when=("free",), palette=False),
    Key("editor", ("ctrl+e",), "$EDITOR", "Write in your own editor: a turn, where one is "
        "selected or edited, the card in its pane, or your draft.", WRITE),
    Key("impersonate", ("ctrl+t",), "write for me", "Let the model draft your next line into the "
        "input.", WRITE),
    Key("regenerate", ("ctrl+r",), "again", "Make another reply; the old one stays as a swipe.",
        REPLIES),
    Key("candidates", ("ctrl+g",), "several", "Make several replies at once and choose one.",
        REPLIES),
    Key("continue", ("ctrl+o",), "go on", "Let the reply go on where it ended.", REPLIES),
    Key("swipe-previous", ("left",), "swipe", "Show the previous version of a turn.", REPLIES,
        when=("empty", "selected")),
    Key("swipe-next", ("right",), "swipe", "Show the next version of a turn.", REPLIES,
        when=("empty", "selected")),
    Key("choose", ("enter",), "choose", "Keep the marked candidate; the others stay as swipes.",
        REPLIES, when=("choosing",), palette=False),
    Key("edit-last", ("up",), "edit last", "Edit what you said last.", TURNS, when=("empty",)),
    Key("select-previous", ("ctrl+up", "alt+up"), "select", "Select the turn above.", TURNS),
    Key("select-next", ("ctrl+down", "alt+down"), "select", "Select the turn below.", TURNS),
    Key("edit", ("e", "enter"), "edit", "Edit the selected turn; the original stays as a swipe.",
        TURNS, when=("selected",)),
    Key("regenerate-here", ("r",), "again", "Make another version of the selected reply.", TURNS,
        when=("selected",)),
    Key("continue-here", ("o",), "go on", "Let the selected reply go on.", TURNS,
        when=("selected",)),
    Key("branch-here", ("b",), "branch", "Go on from the selected turn in a branch of its own.",
        TURNS, when=("selected",)),
    Key("copy", ("c",), "copy", "Copy the selected turn.", TURNS, when=("selected",)),
    Key("hide", ("h",), "hide", "Hide the selected turn from the model, or show it again.", TURNS,
        when=("selected",)),
    Key("thought", ("y",), "thought", "Show what the model thought before the selected reply.",
        TURNS, when=("selected",)),
    Key("delete", ("d", "delete"), "delete", "Delete the selected turn, alone or with all that "
        "follows it.", TURNS, when=("selected",)),
    Key("turn-keep", ("enter",), "keep", "Keep what you changed in a turn.", TURNS, scope="turn",
        palette=False),
    Key("turn-line", ("ctrl+j", "shift+enter", "alt+enter"), "new line", "Start a new line in it.",
        TURNS, scope="turn", palette=False),
    Key("turn-leave", ("escape",), "leave", "Leave it as it was.", TURNS, scope="turn",
        palette=False),
    *(
        Key(f"stars-{n}", (str(n),), "stars", f"Give the selected reply {words}.", RATING,
            when=("selected",), palette=False)
        for n, words in enumerate(_COUNTED, 1)
    ),
    Key("thumb-up", ("plus",), "thumb", "The selected reply is good.", RATING, when=("selected",),
        palette=False),
    Key("thumb-down", ("minus",), "thumb", "The selected reply is bad.", RATING, when=("selected",),
        palette=False),
    Key("tags", ("t",), "tags", "Say what was good or bad about the selected reply.", RATING,
        when=("selected",)),
    Key("flag", ("x",), "flag", "Say what is wrong with the selected reply, or a line of it.",
        RATING, when=("selected",)),
    Key("unrate", ("u",), "unrate", "Take back the last rating of the selected reply.", RATING,
        when=("selected",)),
    Key("good", ("alt+g",), "good", "The last reply is good.", RATING),
    # Most terminals send Alt+B as Ctrl+←, so it cannot be the only key.
    Key("bad", ("alt+w", "alt+b"), "bad", "The last reply is bad.", RATING),
    Key("duel", ("alt+d",), "duel", "Make two blind replies and judge between them.", RATING),
    Key("duel-left", ("left",), "left", "The left one is better.", RATING, when=("dueling",),
        palette=False),
    Key("duel-right", ("right",), "right", "The right one is better.", RATING, when=("dueling",),
        palette=False),
    Key("duel-tie", ("equals_sign",), "tie", "Both are equally good.", RATING, when=("dueling",),
        palette=False),
    Key("duel-bad", ("0",), "both bad", "Neither is any good.", RATING, when=("dueling",),
        palette=False),
    Key("review", ("alt+v",), "review", "Rate replies one after the other, in all chats.", RATING),
    Key("consent", ("alt+e",), "exports", "Allow this chat in exports, or forbid it.", RATING),
    Key("scroll-up", ("pageup",), "page up", "Scroll the chat up.", TURNS, palette=False),
    Key("scroll-down", ("pagedown",), "page down", "Scroll the chat down.", TURNS, palette=False),
    Key("to-end", ("ctrl+end", "alt+end"), "to the end", "Go to the end of the chat.", TURNS),
    Key("chats", ("ctrl+s",), "chats", "Find, open, rename or delete a chat.", CHAT),
    Key("new-chat", ("ctrl+n",), "new", "Start a new chat with this character.", CHAT),
    Key("characters", ("f9",), "characters", "Talk to another character.", CHAT),
    Key("rename", ("alt+r",), "rename", "Rename this chat.", CHAT),
    Key("greeting", ("f7",), "greeting", "Choose how the character opens the chat.", CHAT),
    Key("branches", ("f8", "ctrl+b"), "branches", "See all branches of this chat and go to one.",
        CHAT),
    Key("note", ("f5",), "note", "Write an author's note that the model reads on every turn.",
        CHAT),
    Key("speaker", ("alt+p",), "who speaks", "Choose who speaks next, or how turns are taken.",
        CHAT),
    Key("export-chat", ("alt+u",), "export", "Write this chat into a file: to read, or for other "
        "programs.", CHAT),
    Key("cast", ("alt+a",), "cast", "Let characters join this chat, leave it, or only listen.",
        CHAT),
    Key("world", ("alt+l",), "worlds", "Choose worlds of a character or of this chat: lore that "
        "several share.", CHAT),
    Key("persona", ("f6",), "you", "Choose or write who you are in this chat.", CHAT),
    Key("next-place", ("tab",), "next", "Let the next pane take the keys, and after the last one "
        "your line again.", PANES, when=("input", "elsewhere")),
    Key("pane-prompt", ("f2",), "prompt", "Show the prompt: every piece, its tokens, and what was "
        "left out.", PANES),
    Key("pane-card", ("f3",), "card", "Show the character's card.", PANES),
    Key("edit-card", ("alt+y",), "edit card", "Edit a character's card in your own editor.",
        PANES),
    Key("pane-chats", ("f4",), "chats", "Show the chats beside this one.", PANES),
    Key("pane-memory", ("alt+m",), "memory", "Show what was recalled and why, and all that is "
        "remembered.", PANES),
    Key("memory-file", ("alt+f",), "file", "Add a file to the memory: a book, notes, a page.",
        PANES),
    Key("go-back", ("alt+left",), "back", "Go back to the chat or branch from which a memory or "
        "a search led here.", PANES),
    Key("pane-consistency", ("f12", "alt+c"), "consistency", "Show how much in character the reply "
        "is, and why.", PANES),
    Key("pane-examples", ("alt+x",), "examples", "Show the example dialogues: which are in the "
        "prompt, and why.", PANES),
    Key("remedy-hint", ("alt+h",), "with a hint", "Make the reply again, told what was wrong "
        "with it.", REMEDY),
    Key("remedy-best", ("alt+o",), "best of N", "Make several replies and keep the one that "
        "is most in character.", REMEDY),
    Key("remedy-pin", ("alt+j",), "pin example", "Pin the example that shows best what the "
        "reply missed.", REMEDY),
    Key("remedy-note", ("alt+n",), "note", "Write an author's note about what went wrong.",
        REMEDY),
    Key("keep-example", ("alt+k",), "keep", "Write the exchange into the card, as an example.",
        REMEDY),
    Key("help", ("f1", "question_mark"), "help", "Show all keys (? when the input is empty).", APP,
        scope="app"),
    Key("palette", ("ctrl+p",), "commands", "Find any command by name.", APP, scope="app",
        palette=False),
    Key("theme", ("f10", "alt+t"), "theme", "Choose the colours.", APP, scope="app"),
    # Many terminals take F11 for themselves, so it is not the first.
    Key("settings", ("alt+s", "f11"), "settings", "Change temperature, length of replies and other "
        "settings.", APP),
    Key("tour", ("alt+i",), "tour", "See the short tour again.", APP, scope="app"),
    Key("interrupt", ("ctrl+c",), "quit", "Stop the reply; twice: quit.", APP, scope="app",
        palette=False),
    Key("suspend", ("alt+z",), "suspend", "Go back to the shell for a while; fg comes back.", APP,
        scope="app"),
    Key("quit", ("ctrl+q",), "quit", "Quit. Everything is saved already.", APP, scope="app"),
    Key("list-new", ("ctrl+n",), "new", "Make a new one.", LISTS, scope="list", palette=False),
    Key("list-rename", ("ctrl+r",), "rename", "Rename or change the marked one.", LISTS,
        scope="list", palette=False),
    Key("list-delete", ("ctrl+d", "delete"), "delete", "Delete the marked one.", LISTS,
        scope="list", palette=False),
    Key("list-default", ("ctrl+z",), "default", "Set the marked one back to its default.", LISTS,
        scope="list", palette=False),
    Key("list-all", ("ctrl+a", "f8"), "all", "Show all branches, also swipes that nobody went on "
        "from, or fewer again.", LISTS, scope="list", palette=False),
    Key("judge-skip", ("space", "right"), "skip", "Go on without rating.", REVIEW, scope="judge",
        palette=False),
    Key("judge-back", ("left", "backspace"), "before", "Go back to the reply before.", REVIEW,
        scope="judge", palette=False),
    Key("judge-undo", ("u", "ctrl+z"), "undo", "Take back the last judgement and see it again.",
        REVIEW, scope="judge", palette=False),
    Key("judge-filter", ("f",), "filter", "Choose which replies are shown.", REVIEW, scope="judge",
        palette=False),
    Key("judge-more", ("m",), "context", "Show more or less of what was said before.", REVIEW,
        scope="judge", palette=False),
    Key("judge-leave", ("escape", "q"), "leave", "Leave the review.", REVIEW, scope="judge",
        palette=False),
    Key("memory-open", ("enter",), "source", "Go to the turn a memory comes from.", MEMORY,
        scope="memory", palette=False),
    Key("memory-pin", ("p",), "pin", "Pin or unpin a memory: recall it with every reply.", MEMORY,
        scope="memory", palette=False),
    Key("memory-edit", ("e",), "edit", "Change the words of a memory.", MEMORY, scope="memory",
        palette=False),
    Key("memory-never", ("n",), "never", "Never mention a memory or a phrase, or allow it again.",
        MEMORY, scope="memory", palette=False),
    Key("memory-forget", ("d", "delete"), "forget", "Forget a memory, for good.", MEMORY,
        scope="memory", palette=False),
    Key("memory-add", ("a",), "add", "Write a memory by hand.", MEMORY, scope="memory",
        palette=False),
    Key("memory-search", ("slash",), "search", "Search all memories.", MEMORY, scope="memory",
        palette=False),
    Key("memory-kind", ("k",), "kind", "Show the next kind of memories alone.", MEMORY,
        scope="memory", palette=False),
    Key("example-pin", ("p",), "pin", "Pin or unpin an example in this chat.", EXAMPLES,
        scope="examples", palette=False),
    Key("example-exclude", ("x",), "out", "Leave an example out of this chat, or take it back in.",
        EXAMPLES, scope="examples", palette=False),
    Key("example-edit", ("e",), "edit", "Change an example, in the card's file.", EXAMPLES,
        scope="examples", palette=False),
    Key("example-undo", ("u",), "undo", "Take back the last change of the card.", EXAMPLES,
        scope="examples", palette=False),
    Key("example-aside", ("w",), "without", "Make the reply with and without examples, beside "
        "each other.", EXAMPLES, scope="examples", palette=False),
    Key("example-more", ("plus",), "more", "One more example for each turn.", EXAMPLES,
        scope="examples", palette=False),
    Key("example-fewer", ("minus",), "fewer", "One fewer example for each turn.", EXAMPLES,
        scope="examples", palette=False),
    Key("example-larger", ("right_square_bracket",), "larger", "More tokens for the examples that "
        "stay.", EXAMPLES, scope="examples", palette=False),
    Key("example-smaller", ("left_square_bracket",), "smaller", "Fewer tokens for them.",
        EXAMPLES, scope="examples", palette=False),
    Key("form-save", ("ctrl+s",), "save", "Keep what the form says.", LISTS, scope="edit",
        palette=False),
)  # fmt: skip

BY_ID: dict[str, Key] = {key.id: key for key in KEYS}


def keys_of(key: Key, overrides: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The keys of a command, with the user's own table (which ``key_check`` passed) laid over."""
    return read((overrides or {}).get(key.id, "")) or key.keys


def shown(name: str, overrides: Mapping[str, str] | None = None) -> str:
    """A command's first key, as a sentence names it: ``Ctrl+R``."""
    return key_names.show(keys_of(BY_ID[name], overrides)[0])


def hint(name: str, overrides: Mapping[str, str] | None = None) -> str:
    """The same as shortly as a line of hints names it: ``^R``."""
    return key_names.short(keys_of(BY_ID[name], overrides)[0])


def read(value: str) -> tuple[str, ...]:
    """Keys with commas between them, as Textual names them."""
    return tuple(key_names.read(part) for part in value.split(",") if part.strip())


def of_scope(scope: str) -> Iterable[Key]:
    return (key for key in KEYS if key.scope == scope)


def groups(
    scope: Iterable[Scope] = SCOPES,
) -> dict[str, list[Key]]:
    """The keys by heading, in the order of the registry."""
    found: dict[str, list[Key]] = {}
    wanted = set(scope)
    for key in KEYS:
        if key.scope in wanted:
            found.setdefault(key.group, []).append(key)
    return found


def while_writing(name: str, overrides: Mapping[str, str] | None = None) -> list[Key]:
    """What a key can mean while one writes, in the order in which it is tried."""
    found = [key for key in of_scope("chat") if OF_THE_INPUT.intersection(key.when)]
    found = [key for key in found if name in keys_of(key, overrides)]
    # Choosing a candidate goes before sending nothing.
    return sorted(found, key=lambda key: not {"choosing", "dueling"}.intersection(key.when))


def is_for(command: str, name: str, overrides: Mapping[str, str] | None = None) -> bool:
    """Whether a key belongs to a command."""
    return name in keys_of(BY_ID[command], overrides)


def bindings(scope: str, overrides: Mapping[str, str] | None = None) -> list[Binding]:
    """Textual bindings for a scope; every one runs ``command('ID')`` with priority.

    Priority lets a key act before the input gets it; ``check_action`` of the owner then says by
    ``Key.when`` whether it acts, and the input gets what does not.
    """
    return bindings_for([key.id for key in of_scope(scope)], overrides)


def bindings_for(ids: Iterable[str], overrides: Mapping[str, str] | None = None) -> list[Binding]:
    """The same for these commands."""
    from textual.binding import Binding

    return [
        Binding(
            ",".join(keys_of(key, overrides)), f"command('{key.id}')", key.label,
            tooltip=key.description, id=key.id, show=False, priority=True,
        )
        for key in map(BY_ID.__getitem__, ids)
    ]  # fmt: skip


def markdown() -> str:
    """The table of the README: one row for each command, with its id."""
    rows = ["| key | what it does | id |", "|---|---|---|"]
    for heading, keys in groups().items():
        rows.append(f"| **{heading}** | | |")
        for key in keys:
            shown = " · ".join(f"`{key_names.show(name)}`" for name in keys_of(key))
            rows.append(f"| {shown} | {key.description} | `{key.id}` |")
    return "\n".join(rows) + "\n"
