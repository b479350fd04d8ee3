"""``rpterm chats``: lists, searches, shows, renames, deletes, imports and exports chats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rpterm import paths as folders
from rpterm.chat.saved_caches import SavedCaches
from rpterm.cli import out
from rpterm.cli.app import NOUNS, accepting_old_option, new_app
from rpterm.cli.options import Force, Json, Limit, To, Yes, confirm
from rpterm.cli.user_files import open_store
from rpterm.errors import RptermError
from rpterm.humanize import counted

if TYPE_CHECKING:
    from rpterm.store import Store
    from rpterm.types import Chat

app = new_app(NOUNS["chats"])

_Id = Annotated[
    int, typer.Argument(metavar="ID", help="Number of the chat, as `rpterm chats list` shows it.")
]
_Card = Annotated[
    str | None, typer.Option("--card", metavar="NAME", help="Only chats with this character.")
]


@app.callback(invoke_without_command=True)
def bare(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_chats()


@app.command("list")
def list_chats(
    card: _Card = None,
    limit: Limit = 200,
    json: Json = False,
) -> None:
    """List chats, the most recent first."""
    from rpterm.store.cast import Casts
    from rpterm.store.reply_queries import exportable_chats

    with open_store(for_program=json) as store:
        card = _full_name(store, card)
        chats, allowed = store.chats(card_name=card, limit=limit), exportable_chats(store)
        members = Casts(store).counts()
    if json:
        out.json_data([asdict(chat) | {"exportable": chat.id in allowed} for chat in chats])
        return
    rows = [
        (chat.id, out.local_time(chat.updated_at), _characters(chat, members), chat.length,
         "yes" if chat.id in allowed else "no", chat.heading or chat.preview)
        for chat in chats
    ]  # fmt: skip
    out.table(("id", "updated", "character", "turns", "exportable", "title"), rows)


def _full_name(store: Store, card: str | None) -> str | None:
    """The character's name as chats have it, given that name or the card's short one."""
    from rpterm.cli.memory import resolve_character
    from rpterm.memory.character_memory import CharacterMemory

    return card and resolve_character(card, CharacterMemory(store, "").characters())


def _characters(chat: Chat, members: Mapping[int, int]) -> str:
    """The chat's character, and the number of others in a group chat."""
    return f"{chat.card_name} +{members[chat.id] - 1}" if chat.id in members else chat.card_name


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS...", help="Words to search for.")],
    card: _Card = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Search the text of all chats; matches are shown in [brackets]."""
    with open_store(for_program=json) as store:
        card = _full_name(store, card)
        hits = store.search(" ".join(words), card_name=card, limit=limit)
    if json:
        out.json_data(hits)
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
    ids: Annotated[
        bool, typer.Option("--ids", help="Print each turn's number, which `rpterm replay` takes.")
    ] = False,
) -> None:
    """Print a chat, in the branch that was shown last."""
    with open_store() as store:
        chat = store.chat(chat_id)
        turns = store.path(chat.leaf_id) if chat.leaf_id is not None else []
    for turn in turns:
        number = f"[{turn.id}] " if ids else ""
        hidden = " (hidden from the model)" if turn.hidden else ""
        out.say(f"{number}{out.one_line(turn.speaker)}{hidden}: {turn.text}\n")


@app.command()
def rename(
    chat_id: _Id, title: Annotated[str, typer.Argument(metavar="TITLE", help="The new title.")]
) -> None:
    """Give a chat a title."""
    with open_store() as store:
        store.chat(chat_id)
        store.update_chat(chat_id, title=title)
    named = f"is now called {title!r}" if title.strip() else "has no title now"
    out.tell(f"Chat {chat_id} {named}.")


@app.command()
def delete(
    chat_id: _Id,
    yes: Yes = False,
) -> None:
    """Delete a chat with all its branches; this cannot be undone."""
    with open_store() as store:
        chat = store.chat(chat_id)
        what = f"chat {chat.id} with {chat.card_name} ({counted(chat.length, 'turn')})"
        confirm(f"Delete {what}?", yes=yes)
        store.delete_chat(chat_id)
    SavedCaches(folders.find().states).forget(chat_id)
    out.tell(f"Chat {chat_id} is deleted.")


@app.command("import")
def import_chats(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="JSONL chat logs, or folders of them.")
    ],
    card: Annotated[
        str | None,
        typer.Option(
            metavar="CARD",
            help="The character of these chats; by default, found by the log's name.",
        ),
    ] = None,
    ratings: Annotated[
        bool, typer.Option("--ratings", help="Also import ratings and choices between swipes.")
    ] = False,
) -> None:
    """Import chat logs from other programs, with their swipes.

    Chats exported as jsonl can be imported, too.

    With --ratings, thumbs and stars are imported as well, and wherever a chat continued from one
    of several swipes, that swipe counts as preferred to the others. This also works later, for
    chats that have already been imported.
    """
    from rpterm.cli import exchange

    results = exchange.import_chats(paths, card, ratings)
    if any(each.error for each in results) or not results:
        raise typer.Exit(1)


@app.command(cls=accepting_old_option("--output", "--to"))
def export(
    chat_id: _Id,
    format: Annotated[
        str, typer.Option("--format", "-f", metavar="FORMAT", help="md, jsonl or log.")
    ] = "md",
    to: To = None,
    force: Force = False,
) -> None:
    """Export a chat to read it, to keep it, or for other programs.

    The formats are md (for reading), jsonl (with every turn) and log (for other programs).
    """
    from rpterm.transfer import chat_export

    with open_store() as store:
        text = chat_export.render_chat(store, chat_id, format)
    out.save(to, text, force)
