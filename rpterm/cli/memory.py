"""``rpterm memory``: what characters remember, and the user's hand on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rpterm import paths as folders
from rpterm.cli import out
from rpterm.cli.app import new, renamed
from rpterm.marks import why
from rpterm.plural import counted
from rpterm.types import NoSuchChoice, RptermError

if TYPE_CHECKING:
    from rpterm.memory.facade import Memory
    from rpterm.store.distilled import Detail
    from rpterm.store.memories import Memory as Row

app = new("List, search, add, pin, forget, export and import memories, and files to know.")

_Character = Annotated[
    str, typer.Argument(metavar="CHARACTER", help="A card, or the name of whoever has chats.")
]
_Json = Annotated[bool, typer.Option("--json", help="JSON instead of columns.")]
_Ids = Annotated[list[int], typer.Argument(metavar="ID…", help="Numbers, as `memory list` shows.")]
_Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]
_Undo = Annotated[bool, typer.Option("--undo", help="Take it back.")]

KINDS = ("turn", "fact", "reflection", "summary", "note", "document")


@contextmanager
def opened(character: str = "", *, begin: bool = False) -> Iterator[Memory]:
    """The memory of a character, closed at the end; no model is started.

    Args:
        character: A name in the database, or a card; "" where a memory's number says it all.
        begin: Make the database where there is none yet.

    Raises:
        RptermError: There is no database yet, it cannot be used, or nobody has that name.
    """
    from rpterm.memory.facade import Memory
    from rpterm.store import Store

    path = folders.find().database
    if begin:
        if not path.exists():
            named(character, ())  # A name that nobody has makes no database.
        folders.make(path.parent)
    elif not path.exists():
        raise RptermError("There is nothing to remember yet: `rpterm chat sherlock` begins.")
    with Store(path) as store:
        if character:
            character = named(character, Memory(store, "").characters())
        yield Memory(store, character)


def named(wanted: str, known: Sequence[str]) -> str:
    """Whom a name means: one who is in the database, else a card.

    Raises:
        CardNotFound: Neither; with names that look like it.
    """
    from rpterm.opening.launch import find_card

    exact = [name for name in known if name.casefold() == wanted.casefold()]
    return exact[0] if exact else find_card(wanted, folders.find()).card.name


@app.command("list")
def list_memories(
    character: _Character,
    kind: Annotated[str | None, typer.Option(help=", ".join(KINDS) + ".")] = None,
    files: Annotated[bool, typer.Option("--files", help="The files given to it.")] = False,
    blocked: Annotated[bool, typer.Option("--blocked", help="Phrases never mentioned.")] = False,
    limit: _Limit = 200,
    json: _Json = False,
) -> None:
    """List what a character remembers, newest first, of all branches."""
    from rpterm.cli import memory_files

    if kind is not None and kind not in KINDS:
        raise NoSuchChoice(f"There is no kind {kind!r}; there are {', '.join(KINDS)}.")
    with opened(character) as memory:
        if files or blocked:
            if kind is not None:
                raise RptermError("--kind is for memories: leave it out, or --files and --blocked.")
            memory_files.show(memory, json, limit, files=files)
            return
        rows = memory.page(kinds=() if kind is None else (kind,), limit=limit)  # type: ignore[arg-type]
        details = memory.distilled.details([row.id for row in rows])
    _show(rows, details, json)


@app.command()
def search(
    character: _Character,
    words: Annotated[list[str], typer.Argument(help="Words to look for.")],
    limit: _Limit = 50,
    json: _Json = False,
) -> None:
    """Find memories with all these words."""
    with opened(character) as memory:
        rows = memory.search(" ".join(words), limit)
        details = memory.distilled.details([row.id for row in rows])
    if not rows and not json:
        raise RptermError(f"Nothing was found for {' '.join(words)!r}.")
    _show(rows, details, json)


@app.command()
def add(
    what: Annotated[
        list[str], typer.Argument(metavar="[CHARACTER] TEXT|FILE…", help="Words, or files.")
    ],
    to: Annotated[
        str | None, typer.Option("--to", metavar="CHARACTER", help="Instead of the first argument.")
    ] = None,
    pinned: Annotated[bool, typer.Option("--pin", help="Recall it with every reply.")] = False,
    shared: Annotated[bool, typer.Option("--share", help="Other characters know it too.")] = False,
    embed: Annotated[
        bool, typer.Option("--embed", help="Wait until it is found by meaning, too.")
    ] = False,
    json: _Json = False,
) -> None:
    """Add a note, or files (.txt, .md, .html, .pdf, .epub), to a character's memory."""
    from rpterm.cli import memory_files

    character, *given = what if to is None else [to, *what]
    if not given:
        raise RptermError(
            "Name a character and what to add: `rpterm memory add sherlock book.txt`."
        )
    with opened(character, begin=True) as memory:
        if memory_files.are_files(given):
            if pinned or shared:
                raise RptermError(
                    "--pin and --share are for notes: add the file without, then `rpterm memory "
                    "pin` or `share` those of its pieces that matter."
                )
            memory_files.give(memory, given, json)
        elif len(given) == 1:
            row = memory.add(given[0], pinned=pinned, shared=shared)
            _tell(json, _plain(row), f"{row.id}")
        else:
            raise RptermError("Put a note in quotes, or name files only.")
        if embed:
            memory_files.embed(memory)


@app.command()
def block(
    character: _Character,
    phrase: Annotated[str, typer.Argument(help="A word or a phrase.")],
    undo: _Undo = False,
) -> None:
    """Never mention what holds a phrase, or speaks of it in other words."""
    with opened(character, begin=not undo) as memory:
        if not undo:
            memory.block(phrase)
            return
        wanted = " ".join(phrase.split()).casefold()
        found = [one for one in memory.blocks() if one.phrase.casefold() == wanted]
        if not found:
            raise RptermError(f"{phrase!r} is not blocked; `memory list --blocked` shows what is.")
        for one in found:
            memory.unblock(one.id)


@app.command()
def move(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The name the card had.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The name it has.")],
) -> None:
    """Give a character's chats and memories to the card's new name."""
    with opened(old) as memory:
        if named(new, memory.characters()) == memory.character:
            raise RptermError(f"{old} and {new} are the same character.")
        chats, memories = memory.rename(named(new, memory.characters()))
    out.say(f"{counted(chats, 'chat')} and {counted(memories, 'memory', 'memories')} moved")


@app.command()
def edit(
    memory_id: Annotated[int, typer.Argument(metavar="ID")],
    text: Annotated[str, typer.Argument(help="The new words.")],
) -> None:
    """Change the words of a memory; the old ones leave the disk."""
    with opened() as memory:
        memory.edit(memory_id, text)


@app.command()
def pin(ids: _Ids, undo: _Undo = False) -> None:
    """Recall memories with every reply."""
    with opened() as memory:
        for memory_id in _wrong_or_all(memory, ids):
            memory.pin(memory_id, not undo)


@app.command()
def hide(ids: _Ids, undo: _Undo = False) -> None:
    """Never mention memories, but keep them."""
    with opened() as memory:
        for memory_id in _wrong_or_all(memory, ids):
            memory.never_mention(memory_id, not undo)


@app.command()
def share(ids: _Ids, undo: _Undo = False) -> None:
    """Let other characters know memories, too."""
    with opened() as memory:
        for memory_id in _wrong_or_all(memory, ids):
            memory.share(memory_id, not undo)


@app.command()
def forget(
    ids: _Ids,
    files: Annotated[
        bool, typer.Option("--files", help="The numbers are files': all their pieces go.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: _Json = False,
) -> None:
    """Delete memories for good; a turn they came from stays in its chat."""
    from rpterm.cli import memory_files

    ids = list(dict.fromkeys(ids))
    if len(ids) == 1:
        things = "this file with all its pieces" if files else "this memory"
    else:
        things = f"{len(ids)} {'files with all their pieces' if files else 'memories'}"
    if not yes and not typer.confirm(f"Forget {things}, for good?"):
        raise typer.Exit(1)
    with opened() as memory:
        gone = memory_files.forget(memory, ids) if files else memory.forget(*ids)
    _tell(json, {"forgotten": gone}, "")
    if gone < len(ids):
        raise RptermError(f"{gone} forgotten; the others were not there.")


@app.command(cls=renamed("--output", "--to"))
def export(
    character: _Character,
    to: Annotated[
        Path | None, typer.Option("--to", "-o", metavar="FILE", help="Instead of the terminal.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over FILE.")] = False,
) -> None:
    """Write a character's memories as JSON lines."""
    with opened(character) as memory:
        text = "".join(line + "\n" for line in memory.export())
    if to is None:
        out.say(text, end="")
    else:
        out.save(to, text, force)


@app.command("import")
def import_memories(
    character: _Character,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="As `memory export` writes it.")],
    json: _Json = False,
) -> None:
    """Add memories from a file; what is there already is passed over."""
    try:
        # Not splitlines(): other separators may stand within the words of a memory.
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RptermError(
            f"{file} cannot be read: {why(error)}. Name what `memory export` wrote."
        ) from error
    with opened(character, begin=True) as memory:
        count = memory.import_(lines, str(file))
    _tell(json, {"added": count}, f"{count} added")


@app.command()
def stats(character: _Character, json: _Json = False) -> None:
    """Count what a character remembers."""
    with opened(character) as memory:
        kinds = memory.stats().kinds
        files, blocks = len(memory.files()), len(memory.blocks())
    if json:
        out.data({**kinds, "files": files, "blocked_phrases": blocks})
        return
    rows = [(kind, kinds.get(kind, 0)) for kind in KINDS]
    out.table([*rows, ("files", files), ("blocked phrases", blocks)], ("kind", "memories"))


@app.command()
def distil(
    character: _Character,
    model: Annotated[
        bool, typer.Option("--model", help="Let the model read, too; seconds for a turn.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Read what was read before, what you forgot included.")
    ] = False,
    json: _Json = False,
) -> None:
    """Read a character's chats for lasting facts about you, and keep them."""
    from rpterm.cli import memory_distil

    with opened(character) as memory:
        rows = memory_distil.run(memory, model=model, again=again)
        details = memory.distilled.details([row.id for row in rows])
    if rows or json:
        _show(rows, details, json)
    else:
        out.say("Nothing new was found.")


@app.command()
def unlink(
    old: Annotated[int, typer.Argument(metavar="OLD", help="The fact that was replaced.")],
    new_id: Annotated[int, typer.Argument(metavar="NEW", help="The fact that replaced it.")],
) -> None:
    """Say that a fact still holds beside the one that replaced it."""
    with opened() as memory:
        memory.unlink(old, new_id)


def _wrong_or_all(memory: Memory, ids: Sequence[int]) -> list[int]:
    """The numbers that no memory has, if any, else all: a wrong one ends the command unmarked."""
    known = memory.many(ids)
    return [each for each in ids if each not in known] or list(ids)


def _tell(json: bool, data: object, words: str) -> None:
    if json:
        out.data(data)
    elif words:
        out.say(words)


def _show(rows: list[Row], details: dict[int, Detail], json: bool) -> None:
    from rpterm.cli import memory_distil as drawn

    if json:
        out.data([_plain(row) | drawn.fields(details.get(row.id)) for row in rows])
        return
    heads = ["id", "when", "kind", "marks", "text"]
    table = [[row.id, out.when(row.created_at), row.kind, _marks(row), _text(row)] for row in rows]
    if details:
        heads.insert(4, "source")
        for line, row in zip(table, rows, strict=True):
            line.insert(4, drawn.source(row, details.get(row.id)))
    out.table(table, heads)


def _text(row: Row) -> str:
    if row.place:
        return f"({row.place}) {row.text}"
    return f"{row.speaker}: {row.text}" if row.speaker else row.text


def _marks(row: Row) -> str:
    marks = {"pinned": row.pinned, "hidden": row.hidden, "shared": row.shared,
             "by model": row.by_model}  # fmt: skip
    names = [name for name, given in marks.items() if given]
    if row.superseded_by is not None:
        names.append(f"now {row.superseded_by}")
    return ", ".join(names)


def _plain(row: Row) -> dict[str, object]:
    from dataclasses import asdict

    return {name: value for name, value in asdict(row).items() if name != "hash"}
