"""``rpterm export``: judgements as training data, and which chats may leave."""

from __future__ import annotations

import os
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from rpterm import config
from rpterm import paths as folders
from rpterm.cli import out
from rpterm.cli.app import new
from rpterm.types import Chat, RptermError

if TYPE_CHECKING:
    from rpterm.preference.export import Model
    from rpterm.store import Store

app = new("Export ratings as training data, and say which chats may leave.")

_Kind = TypeVar("_Kind", bound=StrEnum)

_Chats = Annotated[
    list[int], typer.Argument(metavar="CHAT...", help="Numbers, as `chats list` shows them.")
]


@app.command()
def allow(chats: _Chats) -> None:
    """Mark chats as exportable; nothing leaves without."""
    _consent(chats, True)


@app.command()
def deny(chats: _Chats) -> None:
    """Take that mark back."""
    _consent(chats, False)


@app.command()
def write(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write.")],
    format: Annotated[str, typer.Option("--format", "-f", help="Who shall read it.")] = "trl_dpo",
    sources: Annotated[
        str, typer.Option(help="Of duel, edit, stars, thumbs, flag, swipe_kept.")
    ] = "duel,edit,stars,thumbs,flag",
    greeting: Annotated[str, typer.Option(help="keep, seed, system or auto.")] = "auto",
    split: Annotated[float, typer.Option(min=0, max=1, help="Share of chats to test on.")] = 0.1,
    max_tokens: Annotated[int, typer.Option(min=0, help="Of a row; 0 is no limit.")] = 1024,
    min_edit: Annotated[int, typer.Option(min=0, help="Characters an edit touches.")] = 3,
    scrub: Annotated[bool, typer.Option(help="Take personal data out.")] = True,
    region: Annotated[str, typer.Option(help="Country of phone numbers.")] = "US",
    licence: Annotated[str, typer.Option("--license", help="Named in the dataset card.")] = "",
    parquet: Annotated[bool, typer.Option("--parquet", help="Instead of JSONL.")] = False,
    card: Annotated[str | None, typer.Option(metavar="NAME", help="Only this character.")] = None,
) -> None:
    """Write the ratings of exportable chats for a trainer."""
    from rpterm.cli.chats import opened
    from rpterm.preference.export import Options, export
    from rpterm.preference.harvest import Wanted
    from rpterm.preference.records import Source
    from rpterm.preference.shaping import Greeting
    from rpterm.store.judgements import Judgements

    wanted = frozenset(_named(Source, name.strip(), "source") for name in sources.split(","))
    options = Options(
        format=format, wanted=replace(Wanted(), sources=wanted, min_edit=min_edit),
        greeting=_named(Greeting, greeting, "way with greetings"), split=split,
        max_tokens=max_tokens, scrub=scrub, region=region, licence=licence,
        file_type="parquet" if parquet else "jsonl", card=card,
    )  # fmt: skip
    with opened() as store:
        done = export(Judgements(store), folder, options, _model(store))
    for name, rows in done.rows.items():
        out.say(f"{name}: {rows} rows")
    for why, many in done.left_out.most_common():
        out.say(f"left out, {why}: {many}")
    if done.review is not None:
        out.say(f"Taken out as personal data, for you to look through: {done.review}")


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
            judgements.consent(chat, exportable)


def _model(store: Store) -> Model:
    """System prompts as the chats have them; ChatML as template, and tokens reckoned, not counted.

    The model is not loaded for an export.
    """
    from rpterm.preference.export import Model
    from rpterm.prompt.template import ChatTemplate

    paths = folders.find()
    settings = config.load(paths.config_file, os.environ, {})
    template = ChatTemplate("")

    def render(messages: tuple[tuple[str, str], ...]) -> str:
        parts = template.parts([role for role, _ in messages])  # type: ignore[misc]
        return "".join(p.text if p.index is None else messages[p.index][1] for p in parts)

    def system(chat: Chat) -> str:
        return _system(store, chat, settings.system_prompt)

    return Model(
        system=system,
        # Three bytes a token: more tokens than any common tokenizer makes of European text.
        count=lambda text: len(text.encode()) // 3 + 1,
        render=render,
        end="<|im_end|>\n",
        user_first=False,
        name="ChatML",
    )


def _system(store: Store, chat: Chat, own: str) -> str:
    from rpterm.cards import reader
    from rpterm.prompt.compose import expander
    from rpterm.prompt.static import card_segments

    toml = store.get_card(chat.card_hash)
    if toml is None:
        return ""
    card = reader.parse(toml, f"the card of chat {chat.id}")
    segments = card_segments(card, chat.persona, own, (), expander(card, chat))
    return "\n\n".join(segment.text for segment in segments if segment.text)
