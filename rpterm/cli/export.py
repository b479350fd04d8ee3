"""``rpterm export``: judgements as training data, and which chats may leave.

``rpterm export OUT`` writes; ``allow``, ``deny`` and ``check`` are commands of their own. A folder
that is called like one of them is meant by its path: ``rpterm export ./check``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from typer.core import TyperGroup

from rpterm import config
from rpterm import paths as folders
from rpterm.cli import out
from rpterm.cli.app import new, renamed
from rpterm.plural import counted
from rpterm.types import Chat, RptermError

if TYPE_CHECKING:
    from rpterm.cli.trainer_model import TrainerModel
    from rpterm.preference.export import Model
    from rpterm.preference.records import Source
    from rpterm.store import Store


class WithDefault(TyperGroup):
    """A group that takes what is no command of it as arguments of ``default``."""

    default = "write"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default in front where no command stands."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [self.default, *args]
        return list(super().parse_args(ctx, args))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The default goes without a name, also where its usage is shown."""
        name, command, rest = super().resolve_command(ctx, args)
        return "" if name == self.default else name, command, rest


app = new(
    "Export ratings as training data: `rpterm export OUT` (`rpterm export OUT --help`).",
    cls=WithDefault,
    no_args_is_help=True,
)

_Kind = TypeVar("_Kind", bound=StrEnum)

_Chats = Annotated[
    list[int], typer.Argument(metavar="CHAT...", help="Numbers, as `chats list` shows them.")
]
_Model = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Whose template and tokens; else that of the settings."),
]
_Region = Annotated[str, typer.Option(metavar="CC", help="Country of phone numbers.")]


@app.command()
def allow(chats: _Chats) -> None:
    """Mark chats as exportable; nothing leaves without."""
    _consent(chats, True)


@app.command()
def deny(chats: _Chats) -> None:
    """Take that mark back."""
    _consent(chats, False)


@app.command(cls=renamed("--max-length", "--max-tokens"))
def check(
    path: Annotated[
        Path, typer.Argument(metavar="OUT", help="An export, a folder of them, or a file.")
    ],
    model: _Model = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Tokens of a row; else each trainer's own default."),
    ] = None,
    region: _Region = "US",
    json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with an error when a row is lost or leaks.")
    ] = False,
) -> None:
    """Say what trainers will do with training data, and what it is worth.

    It reads exports of rpterm and JSONL or Parquet of the same formats from elsewhere; of a folder
    of exports each by itself. --strict fails on rows that cannot be read, that the model's template
    refuses, that a trainer drops or learns no reply of; on leaks between splits, contradictions,
    personal data, and labels that are all alike.
    """
    from rpterm.cli import export_check

    found = export_check.reports(path, model, max_tokens, region)
    if json:
        rows = [export_check.as_data(each) for each in found]
        out.data(rows[0] if len(rows) == 1 else {"exports": rows})
    else:
        export_check.show_all(found)
    if strict and any(each.strict for each in found):
        raise typer.Exit(1)


@app.command(hidden=True)
def write(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write.")],
    format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            help="dpo, orpo, reward, kto, sft, axolotl, llama-factory, openai, sharegpt, "
            "ultrafeedback, argilla or raw.",
        ),
    ] = "dpo",
    sources: Annotated[
        str, typer.Option(help="Of duel, edit, stars, thumbs, flag, swipe.")
    ] = "duel,edit,stars,thumbs,flag",
    greeting: Annotated[str, typer.Option(help="keep, seed, system or auto.")] = "auto",
    split: Annotated[float, typer.Option(min=0, max=1, help="Share of chats to test on.")] = 0.1,
    max_tokens: Annotated[int, typer.Option(min=0, help="Of a row; 0 is no limit.")] = 1024,
    min_edit: Annotated[int, typer.Option(min=0, help="Characters an edit touches.")] = 3,
    scrub: Annotated[bool, typer.Option(help="Take personal data out.")] = True,
    region: _Region = "US",
    licence: Annotated[str, typer.Option("--license", help="Named in the dataset card.")] = "",
    parquet: Annotated[bool, typer.Option("--parquet", help="Instead of JSONL.")] = False,
    card: Annotated[str | None, typer.Option(metavar="NAME", help="Only this character.")] = None,
    model: _Model = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Replace nothing when `export check` finds faults.")
    ] = False,
) -> None:
    """Write the ratings of exportable chats for a trainer."""
    from rpterm.cli import trainer_model
    from rpterm.cli.chats import opened
    from rpterm.cli.judged import whose
    from rpterm.preference.export import Options, export
    from rpterm.preference.formats import named
    from rpterm.preference.harvest import Wanted
    from rpterm.preference.shaping import Greeting
    from rpterm.store.judgements import Judgements

    options = Options(
        format=named(format),
        wanted=replace(Wanted(), sources=_sources(sources), min_edit=min_edit),
        greeting=_named(Greeting, greeting, "way with greetings"), split=split,
        max_tokens=max_tokens, scrub=scrub, region=region, licence=licence,
        file_type="parquet" if parquet else "jsonl",
    )  # fmt: skip
    with opened() as store, trainer_model.opened(model) as known:
        judgements = Judgements(store)
        options = replace(options, card=whose(judgements, card))
        look = _strictly(known, region) if strict else None
        done = export(judgements, folder, options, _model(store, known), look)
    for name, rows in done.rows.items():
        out.say(f"{name}: {counted(rows, 'row')}")
    if done.cut:
        out.say(f"of {counted(done.cut, 'prompt')} the oldest turns are left out: --max-tokens")
    for why, many in done.left_out.most_common():
        out.say(f"left out, {why}: {many}")
    if done.review is not None:
        out.say(f"Taken out as personal data, for you to look through: {done.review}")


def _sources(names: str) -> frozenset[Source]:
    from rpterm.preference.records import Source

    known = {each.name.lower(): each for each in Source}
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in known:
            raise RptermError(f"There is no source {name!r}; there are {', '.join(known)}.")
    return frozenset(known[name] for name in wanted)


def _named(kinds: type[_Kind], name: str, what: str) -> _Kind:
    try:
        return kinds(name)
    except ValueError as error:
        known = ", ".join(str(each) for each in kinds)
        raise RptermError(f"There is no {what} {name!r}; there are {known}.") from error


def _consent(chats: list[int], exportable: bool) -> None:
    from rpterm.cli.chats import opened
    from rpterm.store.judgements import Judgements

    with opened() as store:
        judgements = Judgements(store)
        for chat in chats:
            store.chat(chat)  # A wrong number is told before anything is marked.
        for chat in chats:
            judgements.consent(chat, exportable)


def _strictly(model: TrainerModel, region: str) -> Callable[[Path], None]:
    """Look at an export before it stands where the old one stood."""
    from rpterm.cli import export_check
    from rpterm.preference.check.report import check

    return lambda path: export_check.refuse(check(path, export_check.made(model), region=region))


def _model(store: Store, model: TrainerModel) -> Model:
    """System prompts as the chats have them, and the model's own template and tokens."""
    from rpterm.preference.export import Model
    from rpterm.preference.writing import ExportError

    def render(messages: tuple[tuple[str, str], ...]) -> str:
        try:
            return model.render(messages, reply=True)
        except RptermError as error:
            raise ExportError(
                f"The template of {model.name} refuses the messages ({error}): use --greeting auto."
            ) from error

    own = config.load(folders.find().config_file, os.environ, {}).system_prompt
    return Model(
        system=lambda chat: _system(store, chat, own),
        count=model.count,
        render=render,
        end=model.end,
        user_first=model.user_first,
        name=model.name,
        per_message=model.per_message,
        no_system=model.no_system,
    )


def _system(store: Store, chat: Chat, own: str) -> str:
    from rpterm.cards import reader
    from rpterm.prompt.extras import macro_expander
    from rpterm.prompt.static_block import card_segments

    toml = store.get_card(chat.card_hash)
    if toml is None:
        return ""
    card = reader.parse(toml, f"the card of chat {chat.id}")
    segments = card_segments(card, chat.persona, own, (), macro_expander(card, chat))
    return "\n\n".join(segment.text for segment in segments if segment.text)
