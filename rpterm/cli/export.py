"""``rpterm export``: writes judgements as training data, and marks the chats it may export.

``rpterm export OUT`` writes; ``allow``, ``deny`` and ``check`` are subcommands. A folder with the
name of one of them can be given as a path: ``rpterm export ./check``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from rpterm.cli import out
from rpterm.cli.app import accepting_old_option, new_app, one_of
from rpterm.cli.options import Json
from rpterm.cli.user_files import load_settings, open_store
from rpterm.humanize import counted
from rpterm.types import Chat

if TYPE_CHECKING:
    from rpterm.preference.export_result import ExportOptions, ExportResult
    from rpterm.preference.records import Source
    from rpterm.store import Store


class WithDefault(TyperGroup):
    """A group that passes its arguments to the command ``default`` if they name no command."""

    default = "write"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert the default command if none is named."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [self.default, *args]
        return list(super().parse_args(ctx, args))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Show the default command without its name in its usage line."""
        name, command, rest = super().resolve_command(ctx, args)
        return "" if name == self.default else name, command, rest


app = new_app(
    "Export your ratings as training data: `rpterm export OUT` writes them into the folder OUT.\n\n"
    "Only chats that you allow are exported. `rpterm export OUT --help` lists all options.",
    cls=WithDefault,
    no_args_is_help=True,
)

_Chats = Annotated[
    list[int],
    typer.Argument(
        metavar="CHAT...", help="Numbers of the chats, as `rpterm chats list` shows them."
    ),
]
_Model = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="The model whose chat template and tokens are used; by default, yours."
    ),
]
_Region = Annotated[
    str, typer.Option(metavar="CC", help="Country of phone numbers without a country code.")
]


@app.command()
def allow(chats: _Chats) -> None:
    """Allow chats to be exported; no other chat ever is."""
    _set_exportable(chats, True)


@app.command()
def deny(chats: _Chats) -> None:
    """Exclude chats from exports again."""
    _set_exportable(chats, False)


@app.command("check", cls=accepting_old_option("--max-length", "--max-tokens"))
def check_data(
    path: Annotated[
        Path, typer.Argument(metavar="OUT", help="An export, a folder of exports, or a data file.")
    ],
    model: _Model = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Longest row, in tokens; by default, each trainer's own limit."
        ),
    ] = None,
    region: _Region = "US",
    json: Json = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with code 1 if there are serious faults.")
    ] = False,
) -> None:
    """Check how good training data is, and what trainers do with it.

    It reads exports of rpterm, and JSONL or Parquet files in the same formats from elsewhere. In a
    folder of exports, each one is checked by itself.

    Serious faults are: rows that cannot be read, that the model's chat template refuses, or of
    which a trainer keeps nothing or no reply; rows in both splits; contradictions; personal data;
    and labels that are all the same. If no row at all can be read, the exit code is always 1.
    """
    from rpterm.cli import export_check, trainer_model
    from rpterm.preference.check.checker import check
    from rpterm.preference.check.reading import exports

    with trainer_model.open_trainer_model(model) as known:
        found = [check(each, known, limit=max_tokens, region=region) for each in exports(path)]
    if json:
        rows = [export_check.as_data(each) for each in found]
        out.json_data(rows[0] if len(rows) == 1 else {"exports": rows})
    else:
        export_check.print_reports(found)
    unreadable = not any(each.quality.rows for each in found)
    if unreadable or (strict and any(each.strict for each in found)):
        raise typer.Exit(1)


@app.command(hidden=True)
def write(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write.")],
    format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="dpo, orpo, reward, kto, sft, axolotl, llama-factory, openai, sharegpt, "
            "ultrafeedback, argilla or raw.",
        ),
    ] = "dpo",
    sources: Annotated[
        str,
        typer.Option(
            metavar="NAMES", help="Which judgements to use: duel, edit, stars, thumbs, flag, swipe."
        ),
    ] = "duel,edit,stars,thumbs,flag",
    greeting: Annotated[
        str,
        typer.Option(
            metavar="WAY",
            help="Where greetings go: keep (a first reply), seed (after a user turn), system, or "
            "auto (what the model's template allows).",
        ),
    ] = "auto",
    split: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            metavar="X",
            help="Fraction of the chats (in duels, of the messages) for the test split.",
        ),
    ] = 0.1,
    max_tokens: Annotated[
        int, typer.Option(min=0, metavar="N", help="Longest row, in tokens; 0 is no limit.")
    ] = 1024,
    min_edit: Annotated[
        int, typer.Option(min=0, metavar="N", help="Ignore edits of fewer characters.")
    ] = 3,
    scrub: Annotated[bool, typer.Option(help="Replace personal data by placeholders.")] = True,
    region: _Region = "US",
    licence: Annotated[
        str, typer.Option("--license", metavar="NAME", help="License for the dataset card.")
    ] = "",
    parquet: Annotated[bool, typer.Option("--parquet", help="Write Parquet, not JSONL.")] = False,
    card: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only chats with this character.")
    ] = None,
    model: _Model = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Keep the old export if `export check` finds serious faults in the new.",
        ),
    ] = False,
) -> None:
    """Write the ratings of the chats you allow as training data."""
    from rpterm.cli.card_source import rated_character
    from rpterm.cli.trainer_model import open_trainer_model
    from rpterm.preference.export import export
    from rpterm.preference.export_result import ExportOptions
    from rpterm.preference.formats import canonical_name
    from rpterm.preference.message_shape import Greeting
    from rpterm.preference.record_builder import Selection
    from rpterm.store.judgements import Judgements

    options = ExportOptions(
        format=canonical_name(format),
        wanted=replace(Selection(), sources=_sources(sources), min_edit=min_edit),
        greeting=one_of(Greeting, greeting, "way with greetings"), split=split,
        max_tokens=max_tokens, scrub=scrub, region=region, licence=licence,
        file_type="parquet" if parquet else "jsonl", strict=strict,
    )  # fmt: skip
    own = load_settings().system_prompt
    with open_store() as store, open_trainer_model(model) as known:
        judgements = Judgements(store)
        options = replace(options, card=rated_character(judgements, card))
        done = export(judgements, folder, options, known, lambda chat: _system(store, chat, own))
    _print_result(done, options)


def _print_result(done: ExportResult, options: ExportOptions) -> None:
    """Print how many rows were written, and what was left out and why."""
    from rpterm.preference.left_out import KIND_NAMES, remedy

    for name, rows in done.rows.items():
        out.say(f"{name}: {counted(rows, 'row')}")
    if options.split and not any(name.endswith("test") for name in done.rows):
        why = "no test chat has such ratings (`--split 0.3` sets more chats aside)"
        if done.chats == 1:
            why = "one chat is never divided: rate replies in a second one"
        out.say(f"test: none, because {why}")
    if done.cut:
        limit = options.max_tokens
        bare = f", {done.bare} of them to the card and the last message" if done.bare else ""
        out.say(
            f"{counted(done.cut, 'prompt')} shortened to fit into {limit:,} tokens{bare}: "
            f"`--max-tokens {2 * limit}` keeps more of the conversation"
        )
    for why, many in done.left_out.most_common():
        hint = remedy(why, options, done)
        out.say(f"left out, {why}{f' ({hint})' if hint else ''}: {many}")
    for kind in ("pair", "tie", "both_bad", "flag"):  # Labels and demos may be in pairs.
        if many := done.unused[kind]:
            out.say(f"{KIND_NAMES[kind]} that this format does not use: {many}")
    if done.review is not None:
        out.say(f"Review what was removed as personal data: {done.review}")


def _sources(names: str) -> frozenset[Source]:
    from rpterm.preference.records import Source

    known = {each.name.lower(): each for each in Source}
    return frozenset(known[one_of(known, name.strip(), "source")] for name in names.split(","))


def _set_exportable(chats: list[int], exportable: bool) -> None:
    from rpterm.store.judgements import Judgements

    with open_store() as store:
        judgements = Judgements(store)
        for chat in chats:
            store.chat(chat)  # A wrong number is reported before anything is marked.
        for chat in chats:
            judgements.consent(chat, exportable)
    names = f"{'Chat' if len(chats) == 1 else 'Chats'} {', '.join(map(str, chats))}"
    out.tell(
        f"{names} can be exported: `rpterm export OUT` writes the ratings as training data."
        if exportable
        else f"{names} will not be exported."
    )


def _system(store: Store, chat: Chat, own: str) -> str:
    """The system prompt of a chat: the static part of its prompt; "" if its card is gone."""
    from rpterm.cards.format import reader
    from rpterm.prompt.chat_view import ChatView
    from rpterm.prompt.static_block import card_segments

    toml = store.get_card(chat.card_hash)
    if toml is None:
        return ""
    card = reader.parse(toml, f"the card of chat {chat.id}")
    segments = card_segments(card, chat.persona, own, (), ChatView(card, chat).expand_static)
    return "\n\n".join(segment.text for segment in segments if segment.text)
