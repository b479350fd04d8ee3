"""``rpterm chats``: what was said, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rpterm import paths as folders
from rpterm.chat.states import States
from rpterm.cli import out
from rpterm.cli.app import new, renamed
from rpterm.plural import counted
from rpterm.types import RptermError

if TYPE_CHECKING:
    from rpterm.store import Store
    from rpterm.types import Chat

app = new("List, search, show, rename, delete and export chats.")

_Id = Annotated[int, typer.Argument(metavar="ID", help="A chat's number, as `chats list` shows.")]
_Json = Annotated[bool, typer.Option("--json", help="JSON instead of columns.")]
_Card = Annotated[
    str | None, typer.Option("--card", metavar="NAME", help="Only with this character.")
]


@contextmanager
def opened(*, begin: bool = False) -> Iterator[Store]:
    """The store of this user, closed at the end; there is none before the first chat.

    Args:
        begin: Make the database where there is none yet.

    Raises:
        RptermError: There is no database yet, or it cannot be used.
    """
    from rpterm.store import Store

    path = folders.find().database
    if begin:
        folders.make(path.parent)
    elif not path.exists():
        raise RptermError("There are no chats yet: `rpterm chat sherlock` begins one.")
    with Store(path) as store:
        yield store


@app.callback(invoke_without_command=True)
def bare(context: typer.Context) -> None:
    """List, search, show, rename, delete and export chats."""
    if context.invoked_subcommand is None:
        list_chats()


@app.command("list")
def list_chats(
    card: _Card = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 200,
    json: _Json = False,
) -> None:
    """List chats, newest first."""
    from rpterm.store.cast import Casts
    from rpterm.store.reviews import exportable

    if json and not folders.find().database.exists():
        out.data([])  # A program that asks for a list gets one before the first chat, too.
        return
    with opened() as store:
        chats, allowed = store.chats(card_name=card, limit=limit), exportable(store)
        others = Casts(store).counts()
    if json:
        out.data([asdict(chat) | {"exportable": chat.id in allowed} for chat in chats])
        return
    rows = [
        (chat.id, out.when(chat.updated_at), _who(chat, others), chat.length,
         "yes" if chat.id in allowed else "no", chat.heading or chat.preview)
        for chat in chats
    ]  # fmt: skip
    out.table(rows, ("id", "last", "character", "turns", "exports", "title"))


def _who(chat: Chat, others: Mapping[int, int]) -> str:
    """The chat's character, and how many others take part."""
    return f"{chat.card_name} +{others[chat.id] - 1}" if chat.id in others else chat.card_name


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="Words to look for.")],
    card: _Card = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    json: _Json = False,
) -> None:
    """Find turns by their words; hits stand in [brackets]."""
    with opened() as store:
        hits = store.search(" ".join(words), card_name=card, limit=limit)
    if json:
        out.data(hits)
        return
    for hit in hits:
        text = hit.snippet.replace("\x02", "[").replace("\x03", "]")
        title = out.one_line(hit.chat_title)
        out.say(f"chat {hit.turn.chat_id}, turn {hit.turn.id}, {title}")
        out.say(f"    {out.one_line(hit.turn.speaker)}: {out.one_line(text)}")
    if not hits:
        raise RptermError(f"Nothing was found for {' '.join(words)!r}.")


@app.command()
def show(
    chat_id: _Id,
    ids: Annotated[bool, typer.Option("--ids", help="Each turn with its number.")] = False,
) -> None:
    """Print the branch of a chat that is shown."""
    with opened() as store:
        chat = store.chat(chat_id)
        turns = store.path(chat.leaf_id) if chat.leaf_id is not None else []
    for turn in turns:
        number = f"[{turn.id}] " if ids else ""
        hidden = " (hidden from the model)" if turn.hidden else ""
        out.say(f"{number}{out.one_line(turn.speaker)}{hidden}: {turn.text}\n")


@app.command()
def rename(chat_id: _Id, title: Annotated[str, typer.Argument(help="The new title.")]) -> None:
    """Give a chat a title."""
    with opened() as store:
        store.chat(chat_id)
        store.update_chat(chat_id, title=title)


@app.command()
def delete(
    chat_id: _Id,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a chat with all its branches, for good."""
    with opened() as store:
        chat = store.chat(chat_id)
        what = f"chat {chat.id} with {chat.card_name}, {counted(chat.length, 'turn')}"
        if not yes and not typer.confirm(f"Delete {what}, for good?"):
            raise typer.Exit(1)
        store.delete_chat(chat_id)
    States(folders.find().states).forget(chat_id)


@app.command("import")
def import_chats(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="JSONL chat logs, or folders of them.")
    ],
    card: Annotated[
        str | None, typer.Option(metavar="CARD", help="Whose chats they are; else found by name.")
    ] = None,
    ratings: Annotated[
        bool, typer.Option("--ratings", help="With ratings, and swipes kept as judgements.")
    ] = False,
) -> None:
    """Import chat logs of other programs, with their swipes, and chats that were exported as jsonl.

    --ratings also takes thumbs and stars, and each swipe the chat went on with as a verdict over
    the others; it may be given later, for chats that are here already.
    """
    from rpterm.cli import exchanging

    results = exchanging.import_chats(paths, card, ratings)
    if any(each.error for each in results) or not results:
        raise typer.Exit(1)


@app.command(cls=renamed("--output", "--to"))
def export(
    chat_id: _Id,
    format: Annotated[str, typer.Option("--format", "-f", help="md, jsonl or log.")] = "md",
    to: Annotated[
        Path | None, typer.Option("--to", "-o", metavar="FILE", help="Instead of the terminal.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over FILE.")] = False,
) -> None:
    """Write a chat: md to read, jsonl with every turn, log for other programs."""
    from rpterm.transfer import chat_export

    with opened() as store:
        text = chat_export.render_chat(store, chat_id, format)
    if to is None:
        out.say(text, end="")
    else:
        out.save(to, text, force)
