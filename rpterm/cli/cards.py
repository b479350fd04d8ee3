"""``rpterm cards``: who is there, and whether their cards are good."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rpterm import config
from rpterm import paths as folders
from rpterm.cards import library, worlds
from rpterm.cli import out
from rpterm.cli.app import new
from rpterm.types import RptermError

if TYPE_CHECKING:
    from rpterm.cli.counting import Counter

app = new("List, write, check, test, import and export character cards.")

_Card = Annotated[str, typer.Argument(metavar="CARD", help="A name, or a file.")]
_Exact = Annotated[
    bool | None,
    typer.Option(
        "--exact/--rough", help="Count by the model, or estimate; by itself what is cheap."
    ),
]
_Model = Annotated[
    str | None, typer.Option(metavar="NAME", help="A GGUF file, or a name in the models folder.")
]
_Json = Annotated[bool, typer.Option("--json", help="JSON instead of columns.")]


@app.callback(invoke_without_command=True)
def bare(context: typer.Context) -> None:
    """List, write, check, test, import and export character cards."""
    if context.invoked_subcommand is None:
        list_cards()


@app.command("list")
def list_cards(json: _Json = False) -> None:
    """List every card: your own folder first, then those that come with rpterm."""
    found = library.summaries(library.card_folders(folders.find().characters))
    if json:
        keys = ("key", "name", "tagline", "tags", "path", "error")
        out.data([{key: getattr(summary, key) for key in keys} for summary in found])
        return
    rows = [(each.key, each.name, each.error or each.about) for each in found]
    out.table(rows, ("card", "name", ""))


@app.command()
def show(
    card: _Card,
    toml: Annotated[
        bool | None,
        typer.Option("--toml/--view", help="The file, or a view of it; a pipe gets the file."),
    ] = None,
    exact: _Exact = None,
) -> None:
    """Show a card with its tokens; in a pipe print its file."""
    from rpterm.cli import card_source, card_view, rich_out

    found = card_source.find_card(card)
    if toml or (toml is None and not sys.stdout.isatty()):
        out.say(found.source, end="")
        return

    with _counter(exact) as counter:
        card_view.show(found.card, counter, rich_out.console())


@app.command()
def lint(
    cards: Annotated[list[str] | None, typer.Argument(metavar="CARD...", help="None: all.")] = None,
    exact: _Exact = None,
    json: _Json = False,
) -> None:
    """Check cards: all that is wrong or could be better, and the tokens of each part."""
    from rpterm.cli import linting

    paths = library.card_folders(folders.find().characters)
    folder = any(Path(card).is_dir() for card in cards or [])
    files = [file for card in cards or [] for file in linting.files(card, paths)]
    with _counter(exact) as counter:
        every = files or [*library.card_files(paths).values(), *worlds.world_files(paths).values()]
        checked = [linting.check(file, counter, paths) for file in every]
    if json:
        out.data([problem for each in checked for problem in each.problems])
    else:
        linting.tell(checked, counter, costs=bool(files) and not folder)
    if any(problem.severity == "error" for each in checked for problem in each.problems):
        raise typer.Exit(1)


@app.command("new")
def new_card(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the character is called.")],
    idea: Annotated[
        str | None,
        typer.Option("--from", metavar="DESCRIPTION", help="Let the model draft the card."),
    ] = None,
    tagline: Annotated[str | None, typer.Option(help="One line for lists.")] = None,
    description: Annotated[str | None, typer.Option(help="Who they are.")] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="PATH", help="A folder, or a .toml file.")
    ] = None,
    edit: Annotated[
        bool | None, typer.Option("--edit/--no-edit", help="Open it in $EDITOR.")
    ] = None,
    model: _Model = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Seed of the draft.")] = None,
    world: Annotated[
        bool, typer.Option("--world", help="Write a world instead: lore that cards share.")
    ] = False,
) -> None:
    """Write a new card: a commented template, or a draft by the model."""
    from rpterm.cli import card_new

    paths = folders.find()
    file = card_new.target(name, to, paths, world=world)
    if world:
        if idea or tagline or description:
            raise RptermError("A world is no character: --world takes no description.")
        text = card_new.world(name)
    elif idea is not None:
        if not idea.strip():
            raise RptermError("--from needs a description, in a sentence or more.")
        text = card_new.drafted(name, idea, _flags(model), paths, seed)
    else:
        asks = tagline is None and description is None
        line = card_new.question("In one line, who are they?") if asks else tagline
        text = card_new.blank(name, line or "", description or "")
        if edit is None and asks:
            answer = card_new.question("Open it in your editor? [Y/n]")
            edit = answer is not None and answer.casefold() in ("", "y", "yes")
    card_new.write(file, text)
    out.say(f"{file}")
    if edit:
        card_new.edit(file)
    shown = shlex.quote(str(file))
    known = f"Join it:  rpterm cards join CARD {shlex.quote(file.stem)}"
    out.say(f"Check it: rpterm cards lint {shown}")
    out.say(known if world else f"Talk:     rpterm chat {shown}")


@app.command()
def extract(
    book: Annotated[
        Path, typer.Argument(metavar="BOOK", help="A novel: .txt, .md, .html, .epub or .pdf.")
    ],
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Who; none lists who speaks in it.")
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option("--also", metavar="NAME", help="Another name of the same person."),
    ] = None,
    year: Annotated[
        str, typer.Option("--year", metavar="YEAR", help="After it the character knows nothing.")
    ] = "",
    to: Annotated[
        Path | None, typer.Option("--to", metavar="PATH", help="A file, or another folder.")
    ] = None,
    json: _Json = False,
) -> None:
    """Draft a card from a novel: the character's own lines, and what is told of them."""
    from rpterm.cli import card_extract

    if name is None:
        card_extract.tell_cast(card_extract.opened(book, also or []), json)
        return
    file = card_extract.write(book, name, also or [], year, to, folders.find())
    card_extract.tell(file, book, json)


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A name, a file, or REV:PATH of git.")],
    new_version: Annotated[
        str | None, typer.Argument(metavar="NEW", help="None: OLD's file against git.")
    ] = None,
    git: Annotated[
        str, typer.Option("--git", metavar="REV", help="The revision, when NEW is not given.")
    ] = "HEAD",
    exact: _Exact = None,
    json: _Json = False,
) -> None:
    """Show what changed between two versions of a card, in fields and tokens."""
    from rpterm.cards.diff import diff as changes_of
    from rpterm.cli import card_source, card_view, rich_out

    first = card_source.find(old)
    before, after = (
        (card_source.before(first, git), first)
        if new_version is None
        else (first, card_source.find(new_version))
    )
    changes = changes_of(before.card, after.card)
    with _counter(exact) as counter:
        if json:
            rows = [
                {**asdict(change), "tokens": change.tokens(counter.count)} for change in changes
            ]
            out.data(rows)
        elif not changes:
            out.say(f"{before.label} and {after.label} say the same.")
        else:
            shown = rich_out.console()
            card_view.differences(changes, counter, before.card, after.card, shown)


@app.command()
def test(
    card: _Card,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help="This test alone.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="Trials a test.")] = 4,
    against: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Compare with `git`, a revision, or another card."),
    ] = None,
    max_failures: Annotated[
        int, typer.Option(min=0, metavar="N", help="Failed trials a test may have.")
    ] = 0,
    model: _Model = None,
    judge: Annotated[
        str | None, typer.Option(metavar="NAME", help="Another model for yes-or-no questions.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Longest reply, in tokens.")
    ] = None,
    json: _Json = False,
) -> None:
    """Run a card's tests against a model; exit code 1 when one fails too often.

    So it is when nothing could be judged, and every trial was skipped.
    """
    from rpterm.cli import card_source, card_test, rich_out

    source = card_source.find(card)
    probes = card_test.chosen(source.card, only or [])
    other = card_test.against(source, against) if against is not None else None
    flags = {**_flags(model), **({"sampling.max_tokens": max_tokens} if max_tokens else {})}
    old = other.card if other else None
    report = card_test.run(source.card, probes, old, seeds, flags, judge)
    if json:
        out.data(card_test.plain(report, source, other))
    else:
        card_test.tell(report, source, other, rich_out.console())
    if not card_test.held(report, max_failures):
        raise typer.Exit(1)


@app.command("import")
def import_cards(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="PNG, APNG, JSON, CHARX, YAML, folders.")
    ],
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FOLDER", help="Where they go; yours if none.")
    ] = None,
) -> None:
    """Import cards and lorebooks of other programs as TOML; nothing is overwritten."""
    from rpterm.cli import exchanging

    results = exchanging.import_cards(paths, to or folders.find().characters)
    named = {path for path in paths if not path.is_dir()}
    if not any(each.target for each in results) or any(
        each.error and each.source in named for each in results
    ):
        raise typer.Exit(1)


@app.command()
def export(
    card: _Card,
    output: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write.")],
    format: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="F", help="v1 v2 v3 png charx world lorebook."),
    ] = None,
) -> None:
    """Export a card for other programs; nothing is overwritten."""
    from rpterm.cli import exchanging

    exchanging.export_card(card, format, output)


@app.command()
def join(
    card: _Card,
    world: Annotated[str, typer.Argument(metavar="WORLD", help="A world's name, or its file.")],
    leave: Annotated[bool, typer.Option("--leave", help="Take the world out again.")] = False,
) -> None:
    """Let a character know a world: lore that it shares with others."""
    from rpterm import card_files

    mine = folders.find().characters
    file = card_files.join(library.find(card, library.card_folders(mine)), world, mine, leave=leave)
    out.say(str(file))


@app.command("worlds")
def list_worlds(json: _Json = False) -> None:
    """List worlds, how much lore each has, and which characters know it."""
    from rpterm.cli import card_worlds

    rows = card_worlds.rows(library.card_folders(folders.find().characters))
    if json:
        out.data([asdict(row) for row in rows])
        return
    if not rows:
        raise RptermError(worlds.no_worlds_hint(folders.find().characters))
    shown = [(row.key, row.error or row.entries, ", ".join(row.cards)) for row in rows]
    out.table(shown, ("world", "lore", "known by"))


@app.command()
def schema(
    path: Annotated[bool, typer.Option("--path", help="Where the schema's file is.")] = False,
) -> None:
    """Print the JSON schema of a card, for completion in an editor."""
    from rpterm.cards import schema as published

    out.say(str(published.PUBLISHED) if path else published.text(), end="\n" if path else "")


@app.command()
def path(
    card: Annotated[str | None, typer.Argument(metavar="CARD", help="None: the folders.")] = None,
) -> None:
    """Print where a card is, or where cards are looked for."""
    paths = folders.find()
    found = library.card_folders(paths.characters)
    if card is not None:
        out.say(str(library.find(card, found)))
        return
    for folder in dict.fromkeys([paths.characters, *found]):
        out.say(str(folder))
    if not found:
        raise RptermError("No folder of cards exists.")


def _flags(model: str | None) -> Mapping[str, object]:
    return {"model": model} if model is not None else {}


def _counter(exact: bool | None) -> AbstractContextManager[Counter]:
    """Tokens by the model in use, or an estimate."""
    from rpterm.cli.counting import counter

    paths = folders.find()
    return counter(config.load(paths.config_file, os.environ), paths, exact)
