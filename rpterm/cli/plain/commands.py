"""The slash commands of plain mode. Replies go through ``Talk.reply``, like any message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm import slash
from rpterm.chat.branches import ends, played
from rpterm.chat.cast.casting import taking_of
from rpterm.chat.request import ReplyRequest
from rpterm.cli import out
from rpterm.cli.plain.judging import JUDGING
from rpterm.cli.plain.loop import Leave
from rpterm.plural import counted
from rpterm.tuning import DEFAULT
from rpterm.types import Intent, RptermError, Taking, Turn

if TYPE_CHECKING:
    from rpterm.cli.plain.loop import Talk

Command = Callable[["Talk", str], None]

_HOW = ("alone", "all")


class CommandError(RptermError):
    """The command does not exist, or cannot be done here."""


def command(talk: Talk, line: str) -> None:
    """Carry out a line that begins with a slash.

    Raises:
        CommandError: There is no such command, or it makes no sense here.
    """
    name, rest = slash.split(line)
    if name not in COMMANDS:
        raise CommandError(slash.unknown(name, COMMANDS, "/help lists them."))
    COMMANDS[name][0](talk, rest)


def _help(talk: Talk, rest: str) -> None:
    talk.tell("A line is sent as a message; one that ends with \\ goes on in the next line.")
    for name, (_, what) in COMMANDS.items():
        talk.tell(f"/{name} {what}")


def _quit(talk: Talk, rest: str) -> None:
    raise Leave(0)


def _regenerate(talk: Talk, rest: str) -> None:
    count = _number(rest, 1)
    talk.reply(ReplyRequest(Intent.REGENERATE, candidates=count))


def _continue(talk: Talk, rest: str) -> None:
    talk.reply(ReplyRequest(Intent.CONTINUE))


def _impersonate(talk: Talk, rest: str) -> None:
    draft = talk.reply(ReplyRequest(Intent.IMPERSONATE, text=rest))
    if draft:
        talk.tell(f"Draft, not sent: {draft}")


def _swipe(talk: Talk, rest: str) -> None:
    last = _last(talk)
    if rest.isdecimal():
        step = _number(rest, 0) - last.swipe
    else:
        steps = {"": 1, "right": 1, "next": 1, "left": -1, "previous": -1}
        if rest not in steps:
            raise CommandError("Say /swipe, /swipe left, or /swipe and a number.")
        step = steps[rest]
    turn = last if step == 0 else talk.session.swipe(last.id, step)
    if turn is None:
        raise CommandError(f"This is version {last.swipe} of {last.swipes}; there is none there.")
    talk.show([talk.session.store.turn(turn.id)])


def _edit(talk: Talk, rest: str) -> None:
    if not rest:
        raise CommandError("Write the new text behind it: /edit TEXT.")
    talk.show([talk.session.edit(_last(talk).id, rest)])


def _undo(talk: Talk, rest: str) -> None:
    if rest:
        raise CommandError("/undo takes one message back; write it again for the one before.")
    path = talk.session.path()
    own = [at for at, turn in enumerate(path) if turn.role == "user"]
    if not own:
        raise CommandError("You have not said anything yet.")
    if own[-1] == 0:
        raise CommandError("The chat begins with your message; /delete takes it away for good.")
    before = path[own[-1] - 1]
    talk.session.branch(before.id)
    talk.tell("Your last message and its reply are set aside; /branches has them. It read:")
    talk.tell(path[own[-1]].text)


def _hide(talk: Talk, rest: str) -> None:
    turn = talk.session.hide(_counted(talk, rest).id)
    what = "Hidden from the model" if turn.hidden else "The model reads it again"
    talk.tell(f"{what}: {_begun(turn)}")


def _thought(talk: Talk, rest: str) -> None:
    turn = _counted(talk, rest)
    talk.tell(turn.thought or "The model did not think before this; /set think_tokens lets it.")


def _delete(talk: Talk, rest: str) -> None:
    number, _, how = rest.partition(" ")
    if number in _HOW:
        number, how = "", rest
    if how and how not in _HOW:
        raise CommandError("Say /delete, or /delete and a number, with alone or all behind it.")
    turn = _counted(talk, number)
    below = talk.session.following(turn.id)
    if below.turns and not how:
        again = f"/delete {number}".rstrip()
        raise CommandError(
            f"{below.told()} Say {again} alone, or {again} all; neither can be undone."
        )
    talk.session.delete(turn.id, alone=bool(below.turns) and how == "alone")
    talk.tell(f"Deleted: {_begun(turn)}")


def _begun(turn: Turn) -> str:
    """How a turn begins, on one line."""
    return out.one_line(turn.text)[:60]


def _branches(talk: Talk, rest: str) -> None:
    if rest not in ("", "all"):
        raise CommandError("Say /branches, or /branches all for every swipe.")
    shown, tree = talk.session.chat.leaf_id, talk.session.store.tree(talk.session.chat_id)
    kept, left_out = (tree, {}) if rest else played(tree, shown)
    for leaf in ends(kept):
        mark = "*" if leaf.id == shown else " "
        more = f"  (+{counted(left_out[leaf.id], 'swipe')})" if leaf.id in left_out else ""
        talk.tell(f"{mark} {leaf.id}  {out.one_line(leaf.text)[:70]}{more}")
    every = "; /branches all lists every swipe" if left_out else ""
    talk.tell(f"/go and a number shows a branch{every}.")


def _go(talk: Talk, rest: str) -> None:
    from rpterm.cli.plain.loop import SHOWN

    known = {turn.id for turn in talk.session.store.tree(talk.session.chat.id)}
    number = _number(rest, 0)
    if number not in known:
        raise CommandError("There is no such turn in this chat; /branches lists the ends.")
    talk.session.select(number)
    talk.show(talk.session.path(SHOWN))


def _show(talk: Talk, rest: str) -> None:
    talk.show(talk.session.path())


def _note(talk: Talk, rest: str) -> None:
    note = talk.session.chat.note
    if rest:
        note = replace(note, text=slash.words(rest))
        talk.session.set_note(note)
    talk.tell(f"Author's note: {note.text or 'none'}")


def _persona(talk: Talk, rest: str) -> None:
    persona = talk.session.chat.persona
    if rest:
        name, _, description = rest.partition(":")
        if not name.strip():
            raise CommandError("Say /persona NAME: DESCRIPTION.")
        persona = replace(persona, name=name.strip(), description=description.strip())
        talk.session.set_persona(persona)
    talk.tell(f"You are {persona.name}. {persona.description}".rstrip())


def _rename(talk: Talk, rest: str) -> None:
    talk.session.rename(rest)
    talk.tell(f"This chat is called {rest or 'nothing'}.")


def _set(talk: Talk, rest: str) -> None:
    name, value = slash.setting(rest)
    tuning, card = talk.tuning, talk.session.card
    if value:
        talk.tell(tuning.change(name, value, card).told())
    elif name:
        talk.tell(tuning.knob(name, card).told())
    else:
        for knob in tuning.knobs(card):
            talk.tell(f"{knob.label} = {knob.shown}  ({knob.origin or DEFAULT})")


def _greeting(talk: Talk, rest: str) -> None:
    path = talk.session.path()
    if not path or path[0].role != "assistant":
        raise CommandError("This chat has no greeting.")
    siblings = talk.session.store.siblings(path[0].id)
    number = _number(rest, path[0].swipe % len(siblings) + 1)
    if not 1 <= number <= len(siblings):
        raise CommandError(f"There are {len(siblings)} greetings.")
    talk.session.select(siblings[number - 1].id)
    talk.show(talk.session.path(1))


def _world(talk: Talk, rest: str) -> None:
    from rpterm.cards.worlds import no_worlds_hint
    from rpterm.examples.editor import CardEditor
    from rpterm.paths import find

    editor = CardEditor(talk.session, find().characters)
    if rest:
        whose, world = editor.aimed(rest)
        talk.tell(editor.turn_world(world, whose))
        return
    scene = talk.session.scene
    cards = [scene.actor(each.card_name).card for each in scene.present]
    told = [f"{card.char} knows {', '.join(card.worlds) or 'no world'}." for card in cards]
    if extra := talk.session.chat.worlds:
        told.append(f"This chat alone has {', '.join(extra)}.")
    there = ", ".join(editor.worlds())
    talk.tell(
        " ".join([*told, f"There are: {there}." if there else no_worlds_hint(find().characters)])
    )


def _export(talk: Talk, rest: str) -> None:
    from rpterm.paths import FileThere
    from rpterm.transfer import chat_export

    try:
        path = chat_export.export(
            talk.session.store, talk.session.chat_id, *chat_export.parse_arguments(rest)
        )
    except FileThere as there:
        raise CommandError(f"{there} Name another file.") from there
    talk.tell(f"This chat was written to {path}.")


def _prompt(talk: Talk, rest: str) -> None:
    prompt = talk.session.preview(rest)
    for span in prompt.spans:
        talk.tell(f"{span.tokens:6} {span.zone:8} {span.source}: {span.why}")
    for gone in prompt.left_out:
        talk.tell(f"{gone.tokens:6} left out {gone.source}: {gone.why}")
    talk.tell(f"{prompt.tokens:6} of {prompt.context}, {prompt.reserve} kept free for the reply")


def _last(talk: Talk) -> Turn:
    path = talk.session.path(1)
    if not path:
        raise CommandError("This chat is empty.")
    return path[-1]


def _counted(talk: Talk, rest: str) -> Turn:
    """The last turn, or that one counted from the end, the last one being 1."""
    number = _number(rest, 1)
    path = talk.session.path(number)
    if not 1 <= number <= len(path):
        raise CommandError(f"Say a number from 1, the last turn, to {len(talk.session.path())}.")
    return path[0]


def _number(text: str, default: int) -> int:
    if not text:
        return default
    if not text.isdecimal() or len(text) > 9:
        raise CommandError(f"{text!r} is not a number.")
    return int(text)


def _as(talk: Talk, rest: str) -> None:
    name, _, text = rest.partition(":")
    if not name.strip():
        raise CommandError("Say /as NAME, or /as NAME: what you say to them.")
    scene = talk.session.scene
    speaker = scene.actor(name).card.name
    if scene.cast is not None and scene.cast.taking is Taking.HAND:
        scene.hold(speaker)
    intent = Intent.SEND if text.strip() else Intent.NEXT
    talk.reply(ReplyRequest(intent, text.strip(), speaker=speaker))


def _next(talk: Talk, rest: str) -> None:
    talk.reply(ReplyRequest(Intent.NEXT))


def _cast(talk: Talk, rest: str) -> None:
    what, _, name = rest.partition(" ")
    scene = talk.session.scene
    changes: dict[str, Callable[[str], object]] = {
        "add": scene.add,
        "remove": scene.remove,
        "mute": lambda who: scene.mute(who, True),
        "unmute": lambda who: scene.mute(who, False),
        "turns": lambda way: scene.take(taking_of(way)),
    }
    if what and (what not in changes or not name.strip()):
        raise CommandError(
            "Say /cast add CARD, /cast remove NAME, /cast mute NAME, /cast unmute NAME, or "
            f"/cast turns {'|'.join(Taking)}."
        )
    if what:
        changes[what](name.strip())
        talk.session.settle()
    for member in scene.present:
        marks = [word for word, is_so in (("narrator", member.narrator), ("muted", member.muted))
                 if is_so]  # fmt: skip
        said = f" ({', '.join(marks)})" if marks else ""
        talk.tell(member.speaker + said)
    if scene.group and scene.cast is not None:
        talk.tell(f"Turns: {scene.cast.taking}. /next or an empty line lets the next one speak.")


COMMANDS: dict[str, tuple[Command, str]] = {
    "help": (_help, "tells the commands."),
    "regenerate": (_regenerate, "[N] makes another reply, or N at once; the old one stays."),
    "continue": (_continue, "lets the last reply go on."),
    "swipe": (_swipe, "[left|right|N] shows another version of the last turn."),
    "edit": (_edit, "TEXT puts your text in place of the last turn; the original stays."),
    "undo": (_undo, "sets your last message and its reply aside; nothing is deleted."),
    "impersonate": (_impersonate, "[BEGINNING] lets the model draft your next line."),
    "as": (_as, "NAME lets that one speak; /as NAME: TEXT sends TEXT to them."),
    "next": (_next, "lets the next character speak; so does an empty line."),
    "cast": (_cast, "[add|remove|mute|unmute|turns WHAT] tells or changes who takes part."),
    "note": (_note, "[TEXT] sets the author's note; /note - clears it."),
    "persona": (_persona, "[NAME: DESCRIPTION] says who you are."),
    "greeting": (_greeting, "[N] opens with another greeting."),
    "set": (_set, "[NAME [VALUE]] tells settings or changes one; the value default sets it back."),
    "world": (
        _world,
        "[NAME] lets the character know a world, or no longer; chat: NAME this chat alone, and "
        "WHO: NAME another one. Alone it lists them.",
    ),
    "export-chat": (_export, "[md|jsonl|log] [FILE] writes this chat into a file."),
    "rename": (_rename, "TITLE gives the chat a title."),
    "show": (_show, "writes the whole chat."),
    "prompt": (_prompt, "[DRAFT] tells what the model would read."),
    "branches": (_branches, "[all] lists the ends of all branches; all: with every swipe."),
    "go": (_go, "ID shows the branch through a turn."),
    "thought": (_thought, "[N] writes what the model thought before the last turn, or the Nth."),
    "hide": (
        _hide,
        "[N] hides the last turn, or the Nth from the end, from the model, or shows it again.",
    ),
    "delete": (
        _delete,
        "[N] [alone|all] deletes the last turn, or the Nth from the end, for good: "
        "alone, or with all that follows.",
    ),
    **JUDGING,
    "quit": (_quit, "leaves; everything is saved."),
}
"""Name → what it does, and its line of help."""
