"""The key registry: the one place that says which key runs which command.

Bindings, the hint line, the palette, the help screen and the table in the README are all generated
from ``KEYS``. A user remaps a key by its id in ``config.toml``::

    [keys]
    regenerate = "ctrl+y,ctrl+r"

Importing this module does not import Textual, so that the command line can print the table. It does
not know how a command is run: ``screens.chat.commands`` maps ids to functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from rpterm.tui import key_names

if TYPE_CHECKING:
    from textual.binding import Binding
    from textual.dom import DOMNode

Scope = Literal["app", "chat", "turn", "list", "edit", "judge", "memory", "examples"]
"""Where a key is active: everywhere, in the chat, in the editor of a turn, in a list, in a form,
on the screens that judge replies one after another, in the Memory pane or in the Examples pane."""

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
"""The state of the chat in which a key acts.

``empty``: the input has the focus and no text. ``typing``: it has text. ``input``: either of them.
``command``: it has the start of a command. ``elsewhere``: the focus is not in the input.
``selected``: a turn is selected. ``writing``: a reply is being generated. ``free``: there is
something to go back from. ``choosing``: candidates wait for a choice. ``dueling``: two blind
candidates wait for a verdict.
"""


INPUT_STATES: frozenset[When] = frozenset(
    ("empty", "typing", "input", "command", "choosing", "dueling")
)
"""States that depend on the text in the input: the input decides, in the order of key events."""


class Key(NamedTuple):
    """One command and its keys.

    Attributes:
        id: Name in the settings and in ``commands``.
        keys: Textual key names; the first one is shown.
        label: One or two words for the hint line.
        description: One sentence for the help, the palette and the README.
        group: Heading in the help.
        when: The states in which the key acts; one of them is enough.
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

_STARS = ("one star", "two stars", "three stars", "four stars", "five stars")

KEYS: tuple[Key, ...] = (
    Key("send", ("enter",), "send", "Send your message; with nothing written in a group chat, let "
        "the next character speak.", WRITE, when=("input",), palette=False),
    Key("newline", ("ctrl+j", "shift+enter", "alt+enter"), "new line", "Start a new line.", WRITE,
        when=("input",), palette=False),
    Key("complete", ("tab",), "complete", "Complete a command that starts with /.", WRITE,
        when=("command",), palette=False),
    Key("stop", ("escape",), "stop", "Stop the reply; what was written so far is kept.", WRITE,
        when=("writing",)),
    Key("back", ("escape",), "back", "Leave the selected turn, the candidates or the pane.", WRITE,
        when=("free",), palette=False),
    Key("editor", ("ctrl+e",), "$EDITOR", "Open your own editor: on the selected or edited turn, "
        "on the card in its pane, or on your draft.", WRITE),
    Key("impersonate", ("ctrl+t",), "write for me", "Let the model draft your next message in the "
        "input.", WRITE),
    Key("regenerate", ("ctrl+r",), "retry", "Generate another reply; the old one stays as a swipe.",
        REPLIES),
    Key("candidates", ("ctrl+g",), "more", "Generate several replies at once and choose one.",
        REPLIES),
    Key("continue", ("ctrl+o",), "continue", "Continue the reply where it ended.", REPLIES),
    Key("swipe-previous", ("left",), "swipe", "Show the previous version of a turn.", REPLIES,
        when=("empty", "selected")),
    Key("swipe-next", ("right",), "swipe", "Show the next version of a turn.", REPLIES,
        when=("empty", "selected")),
    Key("choose", ("enter",), "choose", "Keep the marked candidate; the others stay as swipes.",
        REPLIES, when=("choosing",), palette=False),
    Key("edit-last", ("up",), "edit last", "Edit your last message.", TURNS, when=("empty",)),
    Key("select-previous", ("ctrl+up", "alt+up"), "select", "Select the turn above.", TURNS),
    Key("select-next", ("ctrl+down", "alt+down"), "select", "Select the turn below.", TURNS),
    Key("edit", ("e", "enter"), "edit", "Edit the selected turn; the original stays as a swipe.",
        TURNS, when=("selected",)),
    Key("regenerate-here", ("r",), "retry", "Generate another version of the selected reply.",
        TURNS, when=("selected",)),
    Key("continue-here", ("o",), "continue", "Continue the selected reply.", TURNS,
        when=("selected",)),
    Key("branch-here", ("b",), "branch", "Start a new branch at the selected turn.", TURNS,
        when=("selected",)),
    Key("undo", ("alt+q",), "undo", "Take your last message back into the input; it stays with its "
        "reply in a branch.", TURNS),
    Key("copy", ("c",), "copy", "Copy the selected turn.", TURNS, when=("selected",)),
    Key("hide", ("h",), "hide", "Hide the selected turn from the model, or show it again.", TURNS,
        when=("selected",)),
    Key("thought", ("y",), "thought", "Show or hide what the model thought before the selected "
        "reply.", TURNS, when=("selected",)),
    Key("delete", ("d", "delete"), "delete", "Delete the selected turn, alone or with everything "
        "after it.", TURNS, when=("selected",)),
    Key("turn-keep", ("enter",), "keep", "Save your changes to the turn.", TURNS, scope="turn",
        palette=False),
    Key("turn-line", ("ctrl+j", "shift+enter", "alt+enter"), "new line",
        "Start a new line in the turn.", TURNS, scope="turn", palette=False),
    Key("turn-leave", ("escape",), "leave", "Discard your changes to the turn.", TURNS,
        scope="turn", palette=False),
    *(
        Key(f"stars-{n}", (str(n),), "rate", f"Give the selected reply {words}.", RATING,
            when=("selected",), palette=False)
        for n, words in enumerate(_STARS, 1)
    ),
    Key("thumb-up", ("plus",), "thumb", "Mark the selected reply as good.", RATING,
        when=("selected",), palette=False),
    Key("thumb-down", ("minus",), "thumb", "Mark the selected reply as bad.", RATING,
        when=("selected",), palette=False),
    Key("tags", ("t",), "tags", "Tag what is good or bad about the selected reply.", RATING,
        when=("selected",)),
    Key("flag", ("x",), "flag", "Flag what is wrong with the selected reply or with one of its "
        "lines.", RATING, when=("selected",)),
    Key("unrate", ("u",), "unrate", "Remove the last rating of the selected reply.", RATING,
        when=("selected",)),
    Key("good", ("alt+g",), "good", "Mark the last reply as good.", RATING),
    # Most terminals send Alt+B as Ctrl+←, so it cannot be the only key.
    Key("bad", ("alt+w", "alt+b"), "bad", "Mark the last reply as bad.", RATING),
    Key("duel", ("alt+d",), "duel", "Generate two blind replies and judge which is better.",
        RATING),
    Key("duel-left", ("left",), "left", "The left reply is better.", RATING, when=("dueling",),
        palette=False),
    Key("duel-right", ("right",), "right", "The right reply is better.", RATING, when=("dueling",),
        palette=False),
    Key("duel-tie", ("equals_sign",), "tie", "Both replies are equally good.", RATING,
        when=("dueling",), palette=False),
    Key("duel-bad", ("0",), "both bad", "Both replies are bad.", RATING, when=("dueling",),
        palette=False),
    Key("review", ("alt+v",), "review", "Rate replies one after another, from all chats.", RATING),
    Key("consent", ("alt+e",), "exports", "Allow this chat in exports, or forbid it.", RATING),
    Key("scroll-up", ("pageup",), "page up", "Scroll the chat up.", TURNS, palette=False),
    Key("scroll-down", ("pagedown",), "page down", "Scroll the chat down.", TURNS, palette=False),
    Key("to-end", ("ctrl+end", "alt+end"), "to the end", "Jump to the end of the chat.", TURNS),
    Key("chats", ("ctrl+s",), "chats", "Find, open, rename or delete a chat.", CHAT),
    Key("new-chat", ("ctrl+n",), "new", "Start a new chat with this character.", CHAT),
    Key("characters", ("f9",), "characters", "Chat with another character.", CHAT),
    Key("rename", ("alt+r",), "rename", "Rename this chat.", CHAT),
    Key("greeting", ("f7",), "greeting", "Choose the greeting that opens the chat.", CHAT),
    Key("branches", ("f8", "ctrl+b"), "branches", "Show all branches of this chat and switch to "
        "one.", CHAT),
    Key("note", ("f5",), "note", "Write an author's note that the model reads on every turn.",
        CHAT),
    Key("speaker", ("alt+p",), "who speaks", "Choose who speaks next, or how the turn order is "
        "decided.", CHAT),
    Key("export-chat", ("alt+u",), "export", "Export this chat to a file: for reading, or for "
        "other programs.", CHAT),
    Key("cast", ("alt+a",), "cast", "Add characters to this chat, remove them, or let them only "
        "listen.", CHAT),
    Key("world", ("alt+l",), "worlds", "Choose the worlds of a character or of this chat: lore "
        "that several of them share.", CHAT),
    Key("persona", ("f6",), "you", "Choose or describe who you are in this chat.", CHAT),
    Key("next-place", ("tab",), "next pane", "Move to the next pane, and from the last one back "
        "to the input.", PANES, when=("input", "elsewhere")),
    Key("pane-prompt", ("f2",), "prompt", "Show the prompt: every piece with its tokens, and what "
        "was left out.", PANES),
    Key("pane-card", ("f3",), "card", "Show the character's card.", PANES),
    Key("edit-card", ("alt+y",), "edit card", "Edit a character's card in your own editor.", PANES),
    Key("pane-chats", ("f4",), "chats", "Show the list of chats next to this one.", PANES),
    Key("pane-memory", ("alt+m",), "memory", "Show the memories: what was recalled and why, and "
        "everything that is stored.", PANES),
    Key("memory-file", ("alt+f",), "file", "Add a file to the memory: a book, notes or a web page.",
        PANES),
    Key("go-back", ("alt+left",), "back", "Go back to the chat or branch from which a memory or a "
        "search brought you here.", PANES),
    Key("pane-consistency", ("f12", "alt+c"), "consistency", "Show how well the reply stays in "
        "character, and why.", PANES),
    Key("pane-examples", ("alt+x",), "examples", "Show the example dialogues: which are in the "
        "prompt, and why.", PANES),
    Key("remedy-hint", ("alt+h",), "with a hint", "Regenerate the reply with a hint about what was "
        "wrong with it.", REMEDY),
    Key("remedy-best", ("alt+o",), "best of N", "Generate several replies and keep the one that is "
        "most in character.", REMEDY),
    Key("remedy-pin", ("alt+j",), "pin example", "Pin the example that best shows what the reply "
        "missed.", REMEDY),
    Key("remedy-note", ("alt+n",), "note", "Write an author's note about what went wrong.", REMEDY),
    Key("keep-example", ("alt+k",), "keep", "Save this exchange to the card as an example.",
        REMEDY),
    Key("help", ("f1", "question_mark"), "help", "Show all keys (? works when the input is empty).",
        APP, scope="app"),
    Key("palette", ("ctrl+p",), "commands", "Find any command by name.", APP, scope="app",
        palette=False),
    Key("theme", ("f10", "alt+t"), "theme", "Choose the colour theme.", APP, scope="app"),
    # Many terminals use F11 themselves, so it is not the first key.
    Key("settings", ("alt+s", "f11"), "settings", "Change the temperature, the reply length and "
        "other settings.", APP),
    Key("tour", ("alt+i",), "tour", "Show the short tour again.", APP, scope="app"),
    Key("interrupt", ("ctrl+c",), "quit", "Stop the reply; press it twice to quit.", APP,
        scope="app", palette=False),
    Key("suspend", ("alt+z",), "suspend", "Return to the shell for a while; fg brings rpterm back.",
        APP, scope="app"),
    Key("quit", ("ctrl+q",), "quit", "Quit; everything is saved already.", APP, scope="app"),
    Key("list-new", ("ctrl+n",), "new", "Create a new entry.", LISTS, scope="list", palette=False),
    Key("list-rename", ("ctrl+r",), "rename", "Rename or change the marked entry.", LISTS,
        scope="list", palette=False),
    Key("list-delete", ("ctrl+d", "delete"), "delete", "Delete the marked entry.", LISTS,
        scope="list", palette=False),
    Key("list-default", ("ctrl+z",), "default", "Reset the marked entry to its default.", LISTS,
        scope="list", palette=False),
    Key("list-all", ("ctrl+a", "f8"), "all", "Show all branches including swipes that were never "
        "continued, or fewer again.", LISTS, scope="list", palette=False),
    Key("judge-skip", ("space", "right"), "skip", "Go to the next reply without rating this one.",
        REVIEW, scope="judge", palette=False),
    Key("judge-back", ("left", "backspace"), "back", "Go back to the previous reply.", REVIEW,
        scope="judge", palette=False),
    Key("judge-undo", ("u", "ctrl+z"), "undo", "Undo the last judgement and show its reply again.",
        REVIEW, scope="judge", palette=False),
    Key("judge-filter", ("f",), "filter", "Choose which replies are shown.", REVIEW, scope="judge",
        palette=False),
    Key("judge-more", ("m",), "context", "Show more or less of the conversation before the reply.",
        REVIEW, scope="judge", palette=False),
    Key("judge-leave", ("escape", "q"), "leave", "Leave the review.", REVIEW, scope="judge",
        palette=False),
    Key("memory-open", ("enter",), "source", "Go to the turn that the memory comes from.", MEMORY,
        scope="memory", palette=False),
    Key("memory-pin", ("p",), "pin", "Pin or unpin the memory; a pinned one is recalled for every "
        "reply.", MEMORY, scope="memory", palette=False),
    Key("memory-edit", ("e",), "edit", "Edit the text of the memory.", MEMORY, scope="memory",
        palette=False),
    Key("memory-never", ("n",), "never", "Never mention the memory or phrase, or allow it again.",
        MEMORY, scope="memory", palette=False),
    Key("memory-forget", ("d", "delete"), "forget", "Forget the memory for good.", MEMORY,
        scope="memory", palette=False),
    Key("memory-add", ("a",), "add", "Write a memory by hand.", MEMORY, scope="memory",
        palette=False),
    Key("memory-search", ("slash",), "search", "Search all memories.", MEMORY, scope="memory",
        palette=False),
    Key("memory-kind", ("k",), "kind", "Show only the next kind of memory.", MEMORY, scope="memory",
        palette=False),
    Key("example-pin", ("p",), "pin", "Pin or unpin the example in this chat.", EXAMPLES,
        scope="examples", palette=False),
    Key("example-exclude", ("x",), "out", "Leave the example out of this chat, or include it "
        "again.", EXAMPLES, scope="examples", palette=False),
    Key("example-edit", ("e",), "edit", "Edit the example in the card's file.", EXAMPLES,
        scope="examples", palette=False),
    Key("example-undo", ("u",), "undo", "Undo the last change to the card.", EXAMPLES,
        scope="examples", palette=False),
    Key("example-aside", ("w",), "without", "Generate the reply with and without examples, side by "
        "side.", EXAMPLES, scope="examples", palette=False),
    Key("example-more", ("plus",), "more", "Use one more example on each turn.", EXAMPLES,
        scope="examples", palette=False),
    Key("example-fewer", ("minus",), "fewer", "Use one example fewer on each turn.", EXAMPLES,
        scope="examples", palette=False),
    Key("example-larger", ("right_square_bracket",), "larger", "Give the fixed examples more "
        "tokens.", EXAMPLES, scope="examples", palette=False),
    Key("example-smaller", ("left_square_bracket",), "smaller", "Give the fixed examples fewer "
        "tokens.", EXAMPLES, scope="examples", palette=False),
    Key("form-save", ("ctrl+s",), "save", "Save what is in the form.", LISTS, scope="edit",
        palette=False),
)  # fmt: skip

BY_ID: dict[str, Key] = {key.id: key for key in KEYS}

ALIASES: Mapping[str, tuple[str, ...]] = {
    "regenerate": ("reroll",), "candidates": ("alternatives",), "delete": ("remove",),
    "branch-here": ("checkpoint", "fork"), "branches": ("checkpoints",), "hide": ("ghost",),
    "chats": ("search", "find", "history"), "cast": ("group", "narrator", "mute"),
    "quit": ("exit",), "world": ("lorebook", "world info"), "pane-prompt": ("context",),
    "pane-card": ("avatar", "portrait"), "pane-memory": ("summary", "facts"),
    "settings": ("model", "samplers", "options"), "theme": ("dark", "light", "appearance"),
    "unrate": ("undo rating",),
}  # fmt: skip
"""What other programs call a command, by its id."""


def spoken_names(key: Key) -> tuple[str, ...]:
    """What a user may call a command: its id, its label, and what other programs call it."""
    return (key.id.replace("-", " "), key.label.casefold(), *ALIASES.get(key.id, ()))


def keys_of(key: Key, overrides: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of a command: the user's own (already validated by ``key_check``) or the default."""
    return parse_keys(overrides.get(key.id, "")) or key.keys


def key_name(name: str, overrides: Mapping[str, str]) -> str:
    """The first key of a command as it is written in a sentence: ``Ctrl+R``."""
    return key_names.display(keys_of(BY_ID[name], overrides)[0])


def short_key_name(name: str, overrides: Mapping[str, str]) -> str:
    """The first key of a command as it is written in the hint line: ``^R``."""
    return key_names.display_short(keys_of(BY_ID[name], overrides)[0])


def parse_keys(value: str) -> tuple[str, ...]:
    """Parse comma-separated keys into Textual's names."""
    return tuple(key_names.parse(part) for part in value.split(",") if part.strip())


def of_scope(scope: str) -> list[str]:
    """The ids of the commands of a scope."""
    return [key.id for key in KEYS if key.scope == scope]


def groups() -> dict[str, list[Key]]:
    """All keys by heading, in the order of the registry."""
    by_heading: dict[str, list[Key]] = {}
    for key in KEYS:
        by_heading.setdefault(key.group, []).append(key)
    return by_heading


def commands_for_input_key(name: str, overrides: Mapping[str, str]) -> list[Key]:
    """The commands that a key may run while the input has the focus, in order of precedence."""
    found = [
        key
        for key in KEYS
        if key.scope == "chat" and INPUT_STATES.intersection(key.when)
        if name in keys_of(key, overrides)
    ]
    # Choosing a candidate takes precedence over sending an empty message.
    return sorted(found, key=lambda key: not {"choosing", "dueling"}.intersection(key.when))


def is_key_of(command: str, name: str, overrides: Mapping[str, str]) -> bool:
    """Whether a key runs this command."""
    return name in keys_of(BY_ID[command], overrides)


def bindings(ids: Iterable[str], overrides: Mapping[str, str]) -> list[Binding]:
    """Textual bindings for these commands; each runs the action ``command('ID')`` with priority.

    Priority lets a key act before the input gets it. ``check_action`` of the screen then decides by
    ``Key.when`` whether it acts; if not, the input gets the key.
    """
    from textual.binding import Binding

    return [
        Binding(
            ",".join(keys_of(key, overrides)), f"command('{key.id}')", key.label,
            tooltip=key.description, id=key.id, show=False, priority=True,
        )
        for key in map(BY_ID.__getitem__, ids)
    ]  # fmt: skip


def of_user(node: DOMNode) -> Mapping[str, str]:
    """The user's own keys, as the settings of a widget's app have them."""
    own: Mapping[str, str] = node.app.settings.keys  # type: ignore[attr-defined]
    return own


def bind(node: DOMNode, ids: Iterable[str]) -> None:
    """Bind commands to a widget or screen with the user's keys, below the bindings of its class."""
    from textual.binding import BindingsMap

    own = BindingsMap(bindings(ids, of_user(node)))
    node._bindings = BindingsMap.merge([node._bindings, own])


def markdown() -> str:
    """The key table of the README: one row per command, with its id."""
    rows = ["| key | what it does | id |", "|---|---|---|"]
    for heading, keys in groups().items():
        rows.append(f"| **{heading}** | | |")
        for key in keys:
            shown = " · ".join(f"`{key_names.display(name)}`" for name in key.keys)
            rows.append(f"| {shown} | {key.description} | `{key.id}` |")
    return "\n".join(rows) + "\n"
