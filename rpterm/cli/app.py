"""The tree of commands: names and help lines stand here, the commands in a file for each noun.

``rpterm --help`` imports no noun. A noun's module has ``app``, a ``typer.Typer``.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

NOUNS: dict[str, str] = {
    "chat": "Talk to a character.",
    "chats": "List, search, show, rename, delete and export chats.",
    "cards": "List, write, check, test, import and export character cards.",
    "import": "Bring cards, world files and chats from another program.",
    "memory": "See, search, add, pin and forget what characters remember.",
    "models": "List, inspect and download models.",
    "config": "Show and change settings.",
    "score": "Score how much in character every reply of a chat file is.",
    "review": "Rate replies one after the other, one key each.",
    "duel": "Judge blind between models, adapters or samplers.",
    "stats": "Show what was rated, and how far the live score agrees.",
    "eval": "Compare models on a card, by every way of judging.",
    "export": "Export ratings as training data, and say which chats may leave.",
    "train": "Train an adapter for your model on exported ratings.",
    "replay": "Make a stored reply again and compare it bit for bit.",
    "backup": "Copy the database while it is in use.",
    "doctor": "Say what works, what is slow, and what to do about it.",
    "bench": "Measure this machine.",
    "help": "Print the keys, or the help of every command.",
}
"""Every noun and its line of help, in the order shown."""

_MODULES = {"eval": "evaluate", "import": "moving"}
"""Modules of nouns that Python reserves."""

_HELP = """A terminal playground for role-play with a local language model.

`rpterm chat sherlock` starts at once; `rpterm chat` lets you choose a character."""


class Nouns(TyperGroup):
    """A group whose commands are stand-ins until they are called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the noun that is called, then go on as usual."""
        if args and args[0] in NOUNS:
            self.commands[args[0]] = load(args[0])
        return super().resolve_command(ctx, args)


def load(noun: str) -> Any:
    """The real command of a noun."""
    module = import_module(f"rpterm.cli.{_MODULES.get(noun, noun)}")
    command = typer.main.get_command(module.app)
    command.name = noun
    command.short_help = NOUNS[noun]
    return command


def root() -> Any:
    """The command ``rpterm``."""
    app = typer.Typer(
        cls=Nouns, help=_HELP, no_args_is_help=True, rich_markup_mode=None,
        add_completion=False, context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip
    app.callback()(_root)
    for noun, line in NOUNS.items():
        app.command(noun, help=line)(_stand_in(noun))
    return typer.main.get_command(app)


def run(arguments: list[str]) -> int:
    """Run a command line; wrong ones are explained, with exit code 2."""
    try:
        root().main(args=arguments, prog_name="rpterm", standalone_mode=True)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    return 0


def new(help_text: str, **settings: Any) -> typer.Typer:
    """The ``app`` of a noun, set up like all others."""
    return typer.Typer(
        help=help_text, rich_markup_mode=None, add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]}, **settings,
    )  # fmt: skip


def renamed(older: str, now: str) -> type[TyperCommand]:
    """A command one of whose options has another name now; the older one still works, untold.

    What is written goes ``--to`` somewhere, and a row has ``--max-tokens``, in every command.
    """

    class Renamed(TyperCommand):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            """Take the older name for the newer one."""
            return list(super().parse_args(ctx, [self._now(each) for each in args]))

        def _now(self, each: str) -> str:
            name, equals, value = each.partition("=")
            return f"{now}{equals}{value}" if name == older else each

    return Renamed


def _print_version(wanted: bool) -> None:
    if wanted:
        from rpterm import __version__

        typer.echo(f"rpterm {__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(
        False, "--version", help="Print the version.", is_eager=True, callback=_print_version
    ),
) -> None:
    pass


def _stand_in(noun: str) -> Callable[[], None]:
    def command() -> None:
        raise AssertionError(f"{noun} was called before it was loaded")

    return command
