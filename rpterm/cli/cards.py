"""``rpterm cards``: lists, creates, checks, tests, imports and exports character cards."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rpterm import paths as folders
from rpterm.cards import library, worlds
from rpterm.cli import out
from rpterm.cli.app import NOUNS, new_app
from rpterm.cli.options import Json, card_argument
from rpterm.cli.user_files import card_folders, load_settings
from rpterm.errors import RptermError

if TYPE_CHECKING:
    from rpterm.cli.token_counter import TokenCounter

app = new_app(NOUNS["cards"])

_Card = Annotated[
    str,
    card_argument("Name of a card, or its file."),
]
_Exact = Annotated[
    bool | None,
    typer.Option(
        "--exact/--rough",
        help="Count tokens with your model, or estimate them; by default, count if that is quick.",
    ),
]
_Model = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A GGUF file, or a model in the models folder."),
]
_To = Annotated[
    Path | None,
    typer.Option("--to", metavar="PATH", help="A folder, or a .toml file, to write to."),
]


@app.callback(invoke_without_command=True)
def bare(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_cards()


@app.command("list")
def list_cards(json: Json = False) -> None:
    """List all cards: your own first, then those shipped with rpterm."""
    found = library.summaries(card_folders())
    if json:
        keys = ("key", "name", "tagline", "tags", "path", "error")
        out.json_data([{key: getattr(summary, key) for key in keys} for summary in found])
        return
    rows = [(each.key, each.name, each.error or each.about) for each in found]
    out.table(("card", "name", ""), rows)


@app.command()
def show(
    card: _Card,
    toml: Annotated[
        bool | None,
        typer.Option(
            "--toml/--view", help="Print its file, or a view of it; a pipe gets the file."
        ),
    ] = None,
    exact: _Exact = None,
) -> None:
    """Show a card with the tokens of each part. In a pipe, its file is printed instead."""
    from rpterm.cli import card_source, card_view, rich_out

    found = card_source.find_card(card)
    if toml or (toml is None and not sys.stdout.isatty()):
        out.say(found.source, end="")
        return

    with _counter(exact) as counter:
        card_view.print_card(found.card, counter, rich_out.Output())


@app.command()
def lint(
    cards: Annotated[
        list[str] | None,
        card_argument("Names, files or folders; by default, all cards.", "CARD..."),
    ] = None,
    exact: _Exact = None,
    json: Json = False,
) -> None:
    """Check cards for errors and possible improvements.

    For cards that you name, the tokens of each part are counted, too. The exit code is 1 if there
    are errors.
    """
    from rpterm.cli import card_lint

    paths = card_folders()
    has_folder = any(Path(card).is_dir() for card in cards or [])
    files = [file for card in cards or [] for file in card_lint.files_of(card, paths)]
    with _counter(exact) as counter:
        every = files or [*library.card_files(paths).values(), *worlds.world_files(paths).values()]
        checked = [card_lint.check_file(file, counter, paths) for file in every]
    if json:
        out.json_data([problem for each in checked for problem in each.problems])
    else:
        card_lint.print_results(checked, counter, costs=bool(files) and not has_folder)
    if any(problem.severity == "error" for each in checked for problem in each.problems):
        raise typer.Exit(1)


@app.command("new")
def new_card(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The character's name.")],
    idea: Annotated[
        str | None,
        typer.Option("--from", metavar="DESCRIPTION", help="Let the model draft the card from it."),
    ] = None,
    tagline: Annotated[
        str | None, typer.Option(metavar="TEXT", help="One line that says who they are, for lists.")
    ] = None,
    description: Annotated[
        str | None, typer.Option(metavar="TEXT", help="A longer description.")
    ] = None,
    to: _To = None,
    edit: Annotated[
        bool | None, typer.Option("--edit/--no-edit", help="Open the new file in $EDITOR.")
    ] = None,
    model: _Model = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Seed for --from, to repeat a draft.")
    ] = None,
    world: Annotated[
        bool, typer.Option("--world", help="Create a world instead: lore that cards can share.")
    ] = False,
) -> None:
    """Create a card: a template to fill in, or a draft by the model."""
    from rpterm.cards.authoring.new_card import blank_world, new_file, write_file
    from rpterm.cli import card_new

    if world and (idea or tagline or description):
        raise RptermError("A world is not a character: use --world without a description.")
    if idea is not None and not idea.strip():
        raise RptermError("--from needs a description of one sentence or more.")
    paths = folders.find()
    file = new_file(name, to, paths, world=world)
    if world:
        text = blank_world(name)
    elif idea is not None:
        text = card_new.drafted_card(name, idea, _flags(model), paths, seed)
    else:
        text, edit = card_new.filled_card(name, tagline, description, edit)
    write_file(file, text)
    card_new.finish(file, edit=bool(edit), world=world)


@app.command()
def extract(
    book: Annotated[
        Path, typer.Argument(metavar="BOOK", help="A novel: .txt, .md, .html, .epub or .pdf.")
    ],
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="The character; without it, all speakers are listed."),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option("--also", metavar="NAME", help="Another name of theirs; can be repeated."),
    ] = None,
    year: Annotated[
        str,
        typer.Option("--year", metavar="YEAR", help="They know nothing of what came after it."),
    ] = "",
    to: _To = None,
    json: Json = False,
) -> None:
    """Draft a card of a character in a novel.

    The draft consists of the character's own lines and of what the novel says about them.
    """
    from rpterm.cli import card_extract

    if name is None:
        card_extract.print_cast(card_extract.read_book(book, also or []), book, json)
        return
    file = card_extract.write_card(book, name, also or [], year, to, folders.find())
    card_extract.print_next_steps(file, book, json)


@app.command()
def diff(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="Name of a card, its file, or REV:PATH in git.")
    ],
    new_version: Annotated[
        str | None,
        typer.Argument(
            metavar="NEW", help="Another card; without it, OLD is compared with its version in git."
        ),
    ] = None,
    git: Annotated[
        str, typer.Option("--git", metavar="REV", help="The git revision to compare with.")
    ] = "HEAD",
    exact: _Exact = None,
    json: Json = False,
) -> None:
    """Show the differences between two versions of a card."""
    from rpterm.cards.diff import diff as changes_of
    from rpterm.cli import card_source, card_view, rich_out

    first = card_source.find(old)
    before, after = (
        (card_source.at_revision(first, git), first)
        if new_version is None
        else (first, card_source.find(new_version))
    )
    changes = changes_of(before.card, after.card)
    with _counter(exact) as counter:
        if json:
            out.json_data(
                [asdict(each) | {"tokens": each.tokens(counter.count)} for each in changes]
            )
        elif not changes:
            out.say(f"{before.label} and {after.label} are the same.")
        else:
            shown = rich_out.Output()
            card_view.print_differences(changes, counter, before.card, after.card, shown)


@app.command()
def test(
    card: _Card,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="NAME", help="Run only this test; can be repeated."),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(
            min=1, max=1000, metavar="N", help="Trials of each test, each with its own seed."
        ),
    ] = 4,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION",
            help="Compare with another card, a git revision, or `git` for the last commit.",
        ),
    ] = None,
    max_failures: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many trials of a test may fail.")
    ] = 0,
    model: _Model = None,
    judge: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Another model, to answer the tests' yes-or-no questions."
        ),
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Longest reply, in tokens.")
    ] = None,
    json: Json = False,
) -> None:
    """Run a card's tests with a model.

    The exit code is 1 if a test fails too often, or if every trial was skipped, so that nothing
    was judged.
    """
    from rpterm.cli import card_source, card_test, rich_out

    source = card_source.find(card)
    probes = card_test.selected_probes(source.card, only or [])
    other = card_test.version_to_compare(source, against) if against is not None else None
    flags = {**_flags(model), **({"sampling.max_tokens": max_tokens} if max_tokens else {})}
    old = other.card if other else None
    report = card_test.run(source.card, probes, old, seeds, flags, judge)
    if json:
        out.json_data(card_test.as_data(report, source, other))
    else:
        card_test.print_report(report, other, rich_out.Output())
    if not card_test.all_passed(report, max_failures):
        raise typer.Exit(1)


@app.command("import")
def import_cards(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="PNG, APNG, JSON, CHARX, YAML files, or folders."),
    ],
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FOLDER", help="Where to put them; by default, your cards."),
    ] = None,
) -> None:
    """Import cards and lorebooks from other programs. Nothing is overwritten."""
    from rpterm.cli import exchange

    results = exchange.import_cards(paths, to or folders.find().characters)
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
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="v1, v2, v3, png, charx, world or lorebook; by default, chosen by OUT's suffix.",
        ),
    ] = None,
) -> None:
    """Export a card for other programs; nothing is overwritten."""
    from rpterm.cli import exchange

    exchange.export_card(card, format, output)


@app.command()
def join(
    card: _Card,
    world: Annotated[str, typer.Argument(metavar="WORLD", help="Name of a world, or its file.")],
    leave: Annotated[bool, typer.Option("--leave", help="Remove the world from the card.")] = False,
) -> None:
    """Add a world to a card: lore that several characters share."""
    from rpterm.cards.authoring import card_worlds

    own = folders.find().characters
    out.say(str(card_worlds.join(library.find(card, card_folders()), world, own, leave=leave)))


@app.command("worlds")
def list_worlds(json: Json = False) -> None:
    """List the worlds, and the cards that use them."""
    from rpterm.cli import card_worlds

    rows = card_worlds.list_worlds(card_folders())
    if json:
        out.json_data([asdict(row) for row in rows])
        return
    if not rows:
        raise RptermError(worlds.no_worlds_hint(folders.find().characters))
    shown = [(row.key, row.error or row.entries, ", ".join(row.cards)) for row in rows]
    out.table(("world", "entries", "used by"), shown)


@app.command()
def schema(
    path: Annotated[bool, typer.Option("--path", help="Print the path of its file.")] = False,
) -> None:
    """Print the JSON schema of cards, for checks in an editor."""
    from rpterm.cards.format import schema as published

    out.say(str(published.PUBLISHED) if path else published.text(), end="\n" if path else "")


@app.command()
def path(
    card: Annotated[
        str | None,
        card_argument("Name of a card; without it, all folders are printed."),
    ] = None,
) -> None:
    """Print the file of a card, or the folders of all cards."""
    found = card_folders()
    if card is not None:
        out.say(str(library.find(card, found)))
        return
    for folder in dict.fromkeys([folders.find().characters, *found]):
        out.say(str(folder))
    if not found:
        raise RptermError("None of these folders exists.")


def _flags(model: str | None) -> Mapping[str, object]:
    return {"model": model} if model is not None else {}


def _counter(exact: bool | None) -> AbstractContextManager[TokenCounter]:
    """Counts tokens with the model of the settings, or estimates them."""
    from rpterm.cli.token_counter import open_counter

    return open_counter(load_settings(), folders.find(), exact)
