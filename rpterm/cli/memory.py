"""``rpterm memory``: lists, searches and changes what characters remember."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rpterm import paths as folders
from rpterm.cli import memory_list, out
from rpterm.cli.app import NOUNS, accepting_old_option, new_app, one_of
from rpterm.cli.options import Force, Json, Limit, To, Yes, card_argument, confirm
from rpterm.cli.user_files import open_store
from rpterm.errors import RptermError
from rpterm.humanize import counted

if TYPE_CHECKING:
    from rpterm.memory.character_memory import CharacterMemory
    from rpterm.store.memory.records import Kind, Mark

app = new_app(NOUNS["memory"], no_args_is_help=True)

_Character = Annotated[
    str,
    card_argument("Name of a character or card, or a card's file.", "CHARACTER"),
]
_Ids = Annotated[
    list[int],
    typer.Argument(metavar="ID…", help="Numbers of memories, as `rpterm memory list` shows them."),
]
_Undo = Annotated[bool, typer.Option("--undo", help="Undo this.")]

KINDS: tuple[Kind, ...] = ("turn", "fact", "reflection", "summary", "note", "document")


@contextmanager
def open_memory(
    character: str = "", *, begin: bool = False, for_program: bool = False
) -> Iterator[CharacterMemory]:
    """The memory of a character, closed at the end of the block; no model is started.

    Args:
        character: A name in the database, or a card; "" if only numbers of memories are needed.
        begin: Create the database if there is none yet.
        for_program: Before the first chat, open an empty memory instead of raising an error.

    Raises:
        RptermError: There is no database yet, it cannot be used, or nobody has that name.
    """
    from rpterm.memory.character_memory import CharacterMemory

    if begin and not folders.find().database.exists():
        resolve_character(character, ())  # An unknown name must not create a database.
    with open_store(begin=begin, for_program=for_program) as store:
        if character:
            character = resolve_character(character, CharacterMemory(store, "").characters())
        yield CharacterMemory(store, character)


def resolve_character(wanted: str, known: Sequence[str]) -> str:
    """The character's full name: one of the ``known`` ones in the database, or else a card's.

    Raises:
        CardNotFound: It is neither; the text suggests similar names.
    """
    from rpterm.startup.launch import find_card

    exact = [name for name in known if name.casefold() == wanted.casefold()]
    return exact[0] if exact else find_card(wanted, folders.find()).card.name


@app.command("list")
def list_memories(
    character: _Character,
    kind: Annotated[
        str | None,
        typer.Option(metavar="KIND", help=f"Only memories of this kind: {', '.join(KINDS)}."),
    ] = None,
    files: Annotated[
        bool, typer.Option("--files", help="List the files that were added, instead of memories.")
    ] = False,
    blocked: Annotated[
        bool, typer.Option("--blocked", help="List the blocked phrases, instead of memories.")
    ] = False,
    limit: Limit = 200,
    json: Json = False,
) -> None:
    """List what a character remembers, newest first. All chats and branches are included."""
    from rpterm.cli import memory_files

    kinds = () if kind is None else (one_of(KINDS, kind, "kind"),)
    with open_memory(character, for_program=json) as memory:
        if files or blocked:
            if kind is not None:
                raise RptermError(
                    "--kind is for memories: do not use it with --files or --blocked."
                )
            memory_files.print_list(memory, json, limit, files=files)
            return
        rows = memory.page(kinds=kinds, limit=limit)
        memory_list.print_memories(memory, rows, json)


@app.command()
def search(
    character: _Character,
    words: Annotated[list[str], typer.Argument(metavar="WORDS...", help="Words to search for.")],
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Search for memories that contain all these words."""
    with open_memory(character, for_program=json) as memory:
        rows = memory.search(" ".join(words), limit)
        if not rows and not json:
            raise RptermError(f"Nothing was found for {' '.join(words)!r}.")
        memory_list.print_memories(memory, rows, json)


@app.command()
def add(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="[CHARACTER] TEXT|FILE…",
            help="The character, then a note in quotes, or one or more files.",
        ),
    ],
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="CHARACTER", help="The character, instead of the first argument."
        ),
    ] = None,
    pinned: Annotated[
        bool, typer.Option("--pin", help="Pin the note, so that it is recalled with every reply.")
    ] = False,
    shared: Annotated[
        bool, typer.Option("--share", help="Let all other characters know the note, too.")
    ] = False,
    embed: Annotated[
        bool,
        typer.Option("--embed", help="Embed it now, so that it can be recalled by its meaning."),
    ] = False,
    json: Json = False,
) -> None:
    """Add a note or files to a character's memory.

    Files can be .txt, .md, .html, .pdf or .epub.
    """
    from rpterm.cli import memory_files

    character, *given = what if to is None else [to, *what]
    if not given:
        raise RptermError(
            "Name a character and what to add: `rpterm memory add sherlock book.txt`."
        )
    with open_memory(character, begin=True) as memory:
        if memory_files.are_files(given):
            if pinned or shared:
                raise RptermError(
                    "--pin and --share are for notes: add the file without them, then use `rpterm "
                    "memory pin` or `share` for the pieces that matter."
                )
            memory_files.add_files(memory, given, json)
        elif len(given) == 1:
            row = memory.add(given[0], pinned=pinned, shared=shared)
            out.tell(f"{memory.character} remembers it from now on. Number of the memory:")
            _print_result(json, memory_list.as_data(row), f"{row.id}")
        else:
            raise RptermError("Put the note in quotes, or name only files.")
        if embed:
            memory_files.embed_memories(memory)


@app.command()
def block(
    character: _Character,
    phrase: Annotated[str, typer.Argument(metavar="PHRASE", help="A word or a phrase.")],
    undo: _Undo = False,
) -> None:
    """Never recall memories that mention a phrase, even in other words."""
    with open_memory(character, begin=not undo) as memory:
        if not undo:
            memory.block(phrase)
            out.tell(f"{memory.character} recalls nothing about {phrase!r}; --undo allows it.")
            return
        wanted = " ".join(phrase.split()).casefold()
        found = [one for one in memory.blocks() if one.phrase.casefold() == wanted]
        if not found:
            raise RptermError(f"{phrase!r} is not blocked; `memory list --blocked` shows what is.")
        for one in found:
            memory.unblock(one.id)
    out.tell(f"{phrase!r} can be recalled again.")


@app.command()
def move(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The card's old name.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The card's new name.")],
) -> None:
    """Move a character's chats and memories to its card's new name."""
    with open_memory(old) as memory:
        if resolve_character(new, memory.characters()) == memory.character:
            raise RptermError(f"{old} and {new} are the same character.")
        chats, memories = memory.rename(resolve_character(new, memory.characters()))
    out.say(f"{counted(chats, 'chat')} and {counted(memories, 'memory', 'memories')} moved")


@app.command()
def edit(
    memory_id: Annotated[
        int,
        typer.Argument(
            metavar="ID", help="Number of the memory, as `rpterm memory list` shows it."
        ),
    ],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The new text.")],
) -> None:
    """Replace the text of a memory. The old text is erased from the disk."""
    with open_memory() as memory:
        memory.edit(memory_id, text)
    out.tell(f"Memory {memory_id} is changed, and its old text erased.")


@app.command()
def pin(ids: _Ids, undo: _Undo = False) -> None:
    """Pin memories, so that they are recalled with every reply."""
    _mark(ids, "pinned", undo)


@app.command()
def hide(ids: _Ids, undo: _Undo = False) -> None:
    """Hide memories: they are kept, but never recalled."""
    _mark(ids, "hidden", undo)


@app.command()
def share(ids: _Ids, undo: _Undo = False) -> None:
    """Share memories with all other characters."""
    _mark(ids, "shared", undo)


@app.command()
def forget(
    ids: _Ids,
    files: Annotated[
        bool,
        typer.Option(
            "--files", help="ID is the number of a file, which is deleted with all its pieces."
        ),
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Delete memories; this cannot be undone. The turns they came from stay in their chats."""
    from rpterm.cli import memory_files

    what = ("file", "files") if files else ("memory", "memories")
    with open_memory() as memory:
        known = memory_files.known_files(memory) if files else memory.get_many(ids)
        existing = [each for each in dict.fromkeys(ids) if each in known]
        things = counted(len(existing), *what)
        if existing:
            confirm(f"Forget {things}{' with all pieces' * files}?", yes=yes)
        if files:
            for each in existing:
                memory.remove_file(each)
        else:
            memory.forget(*existing)
    if json:
        out.json_data({"forgotten": len(existing)})
    if existing:
        out.tell(f"{things} forgotten.")
    if unknown := sorted(set(ids).difference(existing)):
        numbers = ", ".join(map(str, unknown))
        raise RptermError(f"There is no {what[0]} {numbers}; `rpterm memory list` shows them all.")


@app.command(cls=accepting_old_option("--output", "--to"))
def export(
    character: _Character,
    to: To = None,
    force: Force = False,
) -> None:
    """Export a character's memories as JSON lines."""
    with open_memory(character) as memory:
        text = "".join(line + "\n" for line in memory.export())
    out.save(to, text, force)


@app.command("import")
def import_memories(
    character: _Character,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A file written by `rpterm memory export`.")
    ],
    json: Json = False,
) -> None:
    """Import memories from a file; those that already exist are skipped."""
    text = folders.read_text(file, "Name a file written by `rpterm memory export`.")
    lines = text.split("\n")  # splitlines() also splits at separators within the text of a memory.
    with open_memory(character, begin=True) as memory:
        count = memory.import_(lines, str(file))
    _print_result(json, {"added": count}, f"{count} added")


@app.command()
def stats(character: _Character, json: Json = False) -> None:
    """Count a character's memories by kind."""
    with open_memory(character, for_program=json) as memory:
        kinds = dict.fromkeys(KINDS, 0) | memory.stats().kinds
        files, blocks = len(memory.files()), len(memory.blocks())
    if json:
        out.json_data({**kinds, "files": files, "blocked_phrases": blocks})
        return
    out.table(("kind", "memories"), [*kinds.items(), ("files", files), ("blocked phrases", blocks)])


@app.command()
def distil(
    character: _Character,
    model: Annotated[
        bool,
        typer.Option(
            "--model", help="Also let your model read the chats; this takes seconds for each turn."
        ),
    ] = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Read everything again; facts that you deleted may come back.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Extract facts about you from a character's chats. They are kept as memories."""
    from rpterm.cli import memory_distil

    with open_memory(character) as memory:
        rows = memory_distil.distil_chats(memory, model=model, again=again)
        if rows or json:
            memory_list.print_memories(memory, rows, json)
        else:
            out.say("Nothing new was found.")


@app.command()
def unlink(
    old: Annotated[int, typer.Argument(metavar="OLD", help="The fact that was replaced.")],
    new_id: Annotated[int, typer.Argument(metavar="NEW", help="The fact that replaced it.")],
) -> None:
    """Restore a fact that another one replaced, if both are true."""
    with open_memory() as memory:
        memory.unlink(old, new_id)
    out.tell(f"Memory {old} is a fact again, beside memory {new_id}.")


def _mark(ids: Sequence[int], mark: Mark, undo: bool) -> None:
    """Change memories one by one, and say what they are now."""
    with open_memory() as memory:
        for memory_id in _unknown_or_all(memory, ids):
            memory.mark(memory_id, mark, not undo)
    verb = "is" if len(ids) == 1 else "are"
    state = f"no longer {mark}" if undo else f"{mark}; --undo takes it back"
    out.tell(f"{counted(len(ids), 'memory', 'memories')} {verb} {state}.")


def _unknown_or_all(memory: CharacterMemory, ids: Sequence[int]) -> list[int]:
    """The numbers that no memory has, or else all: a wrong one fails before any is changed."""
    known = memory.get_many(ids)
    return [each for each in ids if each not in known] or list(ids)


def _print_result(json: bool, data: object, words: str) -> None:
    if json:
        out.json_data(data)
    elif words:
        out.say(words)
