"""The slash commands of plain mode. Replies go through ``PlainChat.reply``, as for any message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rpterm.chat import slash
from rpterm.chat.branches import leaves, without_unused_swipes
from rpterm.chat.cast.setup import parse_taking
from rpterm.chat.live_settings import DEFAULT
from rpterm.chat.request import ReplyRequest
from rpterm.cli import out
from rpterm.cli.plain.chat import SHOWN, Leave, PlainChat
from rpterm.cli.plain.rating_commands import RATING_COMMANDS
from rpterm.errors import RptermError
from rpterm.humanize import counted
from rpterm.types import Intent, Turn, TurnTaking

Command = Callable[[PlainChat, str], None]

_DELETE_MODES = ("alone", "all")


def run_command(chat: PlainChat, line: str) -> None:
    """Carry out a line that begins with a slash.

    Raises:
        RptermError: There is no such command, or it cannot be carried out here.
    """
    name, rest = slash.split(line)
    if name not in COMMANDS:
        raise RptermError(slash.unknown_command(name, COMMANDS, "/help lists them."))
    COMMANDS[name][0](chat, rest)


def _help(chat: PlainChat, rest: str) -> None:
    out.tell("A line is sent as a message; one that ends with \\ continues on the next line.")
    for name, (_, what) in COMMANDS.items():
        out.tell(f"/{name} {what}")


def _quit(chat: PlainChat, rest: str) -> None:
    raise Leave(0)


def _regenerate(chat: PlainChat, rest: str) -> None:
    if rest and not rest.isnumeric():
        chat.reply(ReplyRequest(Intent.REGENERATE, hint=rest))
    else:
        chat.reply(ReplyRequest(Intent.REGENERATE, candidates=_number(rest, 1)))


def _continue(chat: PlainChat, rest: str) -> None:
    chat.reply(ReplyRequest(Intent.CONTINUE))


def _impersonate(chat: PlainChat, rest: str) -> None:
    draft = chat.reply(ReplyRequest(Intent.IMPERSONATE, text=rest))
    if draft:
        out.tell(f"Draft, not sent: {draft}")


def _swipe(chat: PlainChat, rest: str) -> None:
    last = _last(chat)
    if rest.isdecimal():
        step = _number(rest, 0) - last.swipe
    else:
        steps = {"": 1, "right": 1, "next": 1, "left": -1, "previous": -1}
        if rest not in steps:
            raise RptermError("Say /swipe, /swipe left, or /swipe and a number.")
        step = steps[rest]
    turn = last if step == 0 else chat.session.swipe(last.id, step)
    if turn is None:
        raise RptermError(
            f"There is no such version: this is version {last.swipe} of {last.swipes}."
        )
    chat.show([chat.session.store.turn(turn.id)])


def _edit(chat: PlainChat, rest: str) -> None:
    if not rest:
        raise RptermError("Add the new text: /edit TEXT.")
    chat.show([chat.session.edit(_last(chat).id, rest)])


def _undo(chat: PlainChat, rest: str) -> None:
    if rest:
        raise RptermError("/undo takes back one message; repeat it for the one before.")
    taken = chat.session.take_back()
    out.tell("Your last message and its reply are set aside; /branches lists them. It was:")
    out.tell(taken.text)


def _hide(chat: PlainChat, rest: str) -> None:
    turn = chat.session.hide(_nth_from_end(chat, rest).id)
    what = "Hidden from the model" if turn.hidden else "The model reads it again"
    out.tell(f"{what}: {_beginning(turn)}")


def _thought(chat: PlainChat, rest: str) -> None:
    turn = _nth_from_end(chat, rest)
    out.tell(turn.thought or "The model did not think before this; /set think_tokens N allows it.")


def _delete(chat: PlainChat, rest: str) -> None:
    number, _, how = rest.partition(" ")
    if number in _DELETE_MODES:
        number, how = "", rest
    if how and how not in _DELETE_MODES:
        raise RptermError("Say /delete, optionally with a number, and then alone or all.")
    turn = _nth_from_end(chat, number)
    below = chat.session.following(turn.id)
    if below.turns and not how:
        again = f"/delete {number}".rstrip()
        raise RptermError(
            f"{below.describe()} Say {again} alone, or {again} all; neither can be undone."
        )
    chat.session.delete(turn.id, alone=bool(below.turns) and how == "alone")
    out.tell(f"Deleted: {_beginning(turn)}")


def _beginning(turn: Turn) -> str:
    """The beginning of a turn's text, on one line."""
    return out.one_line(turn.text)[:60]


def _branches(chat: PlainChat, rest: str) -> None:
    if rest not in ("", "all"):
        raise RptermError("Say /branches, or /branches all to include every swipe.")
    shown, tree = chat.session.chat.leaf_id, chat.session.store.tree(chat.session.chat_id)
    kept, left_out = (tree, {}) if rest else without_unused_swipes(tree, shown)
    for leaf in leaves(kept):
        mark = "*" if leaf.id == shown else " "
        more = f"  (+{counted(left_out[leaf.id], 'swipe')})" if leaf.id in left_out else ""
        out.tell(f"{mark} {leaf.id}  {out.one_line(leaf.text)[:70]}{more}")
    hint = "; /branches all lists every swipe" if left_out else ""
    out.tell(f"/go and a number switches to a branch{hint}.")


def _go(chat: PlainChat, rest: str) -> None:
    known = {turn.id for turn in chat.session.store.tree(chat.session.chat.id)}
    number = _number(rest, 0)
    if number not in known:
        raise RptermError("There is no such turn in this chat; /branches lists the branches.")
    chat.session.select(number)
    chat.show(chat.session.path(SHOWN))


def _show(chat: PlainChat, rest: str) -> None:
    chat.show(chat.session.path())


def _note(chat: PlainChat, rest: str) -> None:
    note = chat.session.chat.note
    if rest:
        note = replace(note, text=slash.text_or_empty(rest))
        chat.session.set_note(note)
    out.tell(f"Author's note: {note.text or 'none'}")


def _persona(chat: PlainChat, rest: str) -> None:
    persona = chat.session.chat.persona
    if rest:
        persona = chat.session.write_persona(rest)
    out.tell(f"You are {persona.name}. {persona.description}".rstrip())
    chat.show_changed_greeting()


def _rename(chat: PlainChat, rest: str) -> None:
    chat.session.rename(rest)
    out.tell(f"This chat is now called {rest}." if rest else "This chat has no title now.")


def _set(chat: PlainChat, rest: str) -> None:
    name, value = slash.split_setting(rest)
    live_settings, card = chat.live_settings, chat.session.card
    if value:
        out.tell(live_settings.change(name, value, card).describe())
    elif name:
        out.tell(live_settings.effective(name, card).describe())
    else:
        for setting in live_settings.all_effective(card):
            out.tell(f"{setting.label} = {setting.shown}  ({setting.origin or DEFAULT})")


def _greeting(chat: PlainChat, rest: str) -> None:
    path = chat.session.path()
    if not path or path[0].role != "assistant":
        raise RptermError("This chat has no greeting.")
    siblings = chat.session.store.siblings(path[0].id)
    number = _number(rest, path[0].swipe % len(siblings) + 1)
    if not 1 <= number <= len(siblings):
        raise RptermError(f"Say a number from 1 to {len(siblings)}: that many greetings there are.")
    chat.session.select(siblings[number - 1].id)
    chat.show(chat.session.path(1))


def _world(chat: PlainChat, rest: str) -> None:
    from rpterm.cards.worlds import no_worlds_hint
    from rpterm.examples.editor import CardEditor
    from rpterm.paths import find

    editor = CardEditor(chat.session, find().characters)
    if rest:
        whose, world = editor.parse_target(rest)
        out.tell(editor.toggle_world(world, whose))
        return
    scene = chat.session.scene
    cards = [scene.actor(each.card_name).card for each in scene.present]
    lines = [f"{card.char} knows {', '.join(card.worlds) or 'no world'}." for card in cards]
    if extra := chat.session.chat.worlds:
        lines.append(f"This chat alone has {', '.join(extra)}.")
    known = ", ".join(editor.worlds())
    lines.append(f"Available: {known}." if known else no_worlds_hint(find().characters))
    out.tell(" ".join(lines))


def _export(chat: PlainChat, rest: str) -> None:
    from rpterm.paths import FileAlreadyExists
    from rpterm.transfer import chat_export

    try:
        path = chat_export.export(
            chat.session.store, chat.session.chat_id, *chat_export.parse_arguments(rest)
        )
    except FileAlreadyExists as error:
        raise RptermError(f"{error} Name another file.") from error
    out.tell(f"This chat was written to {path}.")


def _prompt(chat: PlainChat, rest: str) -> None:
    prompt = chat.session.preview(rest)
    for span in prompt.spans:
        out.tell(f"{span.tokens:6} {span.zone:8} {span.source}: {span.why}")
    for left_out in prompt.left_out:
        out.tell(f"{left_out.tokens:6} left out {left_out.source}: {left_out.why}")
    out.tell(
        f"{prompt.tokens:6} of {prompt.context} tokens, {prompt.reserve} kept free for the reply"
    )


def _last(chat: PlainChat) -> Turn:
    path = chat.session.path(1)
    if not path:
        raise RptermError("This chat is empty.")
    return path[-1]


def _nth_from_end(chat: PlainChat, rest: str) -> Turn:
    """The turn with this number, counted from the end; by default 1, the last one."""
    number = _number(rest, 1)
    path = chat.session.path(number)
    if not 1 <= number <= len(path):
        raise RptermError(f"Say a number from 1, the last turn, to {len(chat.session.path())}.")
    return path[0]


def _number(text: str, default: int) -> int:
    if not text:
        return default
    if not text.isdecimal() or len(text) > 9:
        raise RptermError(f"{text!r} is not a number.")
    return int(text)


def _as(chat: PlainChat, rest: str) -> None:
    name, _, text = rest.partition(":")
    if not name.strip():
        raise RptermError("Say /as NAME, or /as NAME: and your message to them.")
    scene = chat.session.scene
    speaker = scene.actor(name).card.name
    if scene.cast is not None and scene.cast.taking is TurnTaking.HAND:
        scene.set_speaker(speaker)
    intent = Intent.SEND if text.strip() else Intent.NEXT
    chat.reply(ReplyRequest(intent, text.strip(), speaker=speaker))


def _next(chat: PlainChat, rest: str) -> None:
    chat.reply(ReplyRequest(Intent.NEXT))


def _cast(chat: PlainChat, rest: str) -> None:
    what, _, name = rest.partition(" ")
    scene = chat.session.scene
    changes: dict[str, Callable[[str], object]] = {
        "add": scene.add,
        "remove": scene.remove,
        "mute": lambda who: scene.mute(who, True),
        "unmute": lambda who: scene.mute(who, False),
        "turns": lambda way: scene.set_taking(parse_taking(way)),
    }
    if what and (what not in changes or not name.strip()):
        raise RptermError(
            "Say /cast add CARD, /cast remove NAME, /cast mute NAME, /cast unmute NAME, or "
            f"/cast turns {'|'.join(TurnTaking)}."
        )
    if what:
        changes[what](name.strip())
        chat.session.settle_cache()
    for member in scene.present:
        marks = [word for word, is_so in (("narrator", member.narrator), ("muted", member.muted))
                 if is_so]  # fmt: skip
        out.tell(member.speaker + (f" ({', '.join(marks)})" if marks else ""))
    if scene.group and scene.cast is not None:
        out.tell(f"Turns: {scene.cast.taking}. /next or an empty line lets the next one speak.")


COMMANDS: dict[str, tuple[Command, str]] = {
    "help": (_help, "lists the commands."),
    "regenerate": (
        _regenerate,
        "[N|HINT] generates another reply, N at once, or one with a hint (shorter, she is angry); "
        "the old one is kept.",
    ),
    "continue": (_continue, "continues the last reply."),
    "swipe": (_swipe, "[left|right|N] shows another version of the last turn."),
    "edit": (_edit, "TEXT replaces the text of the last turn; the original is kept."),
    "undo": (_undo, "sets your last message and its reply aside; nothing is deleted."),
    "impersonate": (_impersonate, "[BEGINNING] lets the model draft your next line."),
    "as": (_as, "NAME lets that character speak; /as NAME: TEXT sends TEXT to them."),
    "next": (_next, "lets the next character speak; so does an empty line."),
    "cast": (_cast, "[add|remove|mute|unmute|turns WHAT] lists or changes who takes part."),
    "note": (_note, "[TEXT] shows or sets the author's note; /note - clears it."),
    "persona": (_persona, "[NAME: DESCRIPTION] shows or sets who you are."),
    "greeting": (_greeting, "[N] begins the chat with another greeting."),
    "set": (_set, "[NAME [VALUE]] shows settings or changes one; the value default restores it."),
    "world": (
        _world,
        "[NAME] adds a world to the character or removes it; chat: NAME does so for this chat "
        "only, WHO: NAME for another character. Without a name it lists them.",
    ),
    "export-chat": (_export, "[md|jsonl|log] [FILE] writes this chat to a file."),
    "rename": (_rename, "TITLE gives the chat a title."),
    "show": (_show, "prints the complete chat."),
    "prompt": (_prompt, "[DRAFT] shows what the model would read."),
    "branches": (_branches, "[all] lists the ends of the branches; with all, every swipe."),
    "go": (_go, "ID switches to the branch through a turn."),
    "thought": (
        _thought,
        "[N] shows what the model thought before the last turn, or the Nth from the end.",
    ),
    "hide": (
        _hide,
        "[N] hides the last turn, or the Nth from the end, from the model, or shows it again.",
    ),
    "delete": (
        _delete,
        "[N] [alone|all] deletes the last turn, or the Nth from the end, for good: "
        "alone, or with all that follow.",
    ),
    **RATING_COMMANDS,
    "quit": (_quit, "leaves the chat; everything is saved."),
}
"""The function and the line of help of each command, by name."""
