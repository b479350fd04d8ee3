"""The root command: names and help lines of all commands, which live in one module each.

A command's module has an ``app``, a ``typer.Typer``, and is imported when the command is used;
``rpterm --help`` imports none of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from rpterm.errors import InvalidChoice

Choice = TypeVar("Choice", bound=str)

NOUNS: dict[str, str] = {
    "chat": "Chat with a character.",
    "chats": "List, search, show, rename, delete, import and export chats.",
    "cards": "List, create, check, test, import and export character cards.",
    "import": "Import cards, worlds and chats from another program in one go.",
    "memory": "List, search, add, pin, hide and forget what characters remember.",
    "models": "List, inspect and download models.",
    "config": "Show and change settings.",
    "score": "Score how well the replies in a chat file stay in character.",
    "review": "Rate the replies of your chats one by one, one key each.",
    "duel": "Compare models, adapters or samplers in a blind vote.",
    "stats": "Show your ratings, and how well the live score agrees with them.",
    "eval": "Compare models on a card: metrics, a judge model, your ratings.",
    "export": "Export your ratings as training data, from chats you allow.",
    "train": "Train a LoRA adapter for your model on exported ratings.",
    "replay": "Generate a stored reply again and check that it is identical.",
    "backup": "Copy the database, even while it is in use.",
    "doctor": "Check this installation: what works, what is slow, what to do.",
    "bench": "Measure the speed and quality of rpterm on this machine.",
    "help": "Print all commands, the keys, or the commands of plain mode.",
}
"""The commands with their line of help, in the order shown."""

_MODULES = {"eval": "evaluate", "import": "import_all"}
"""Modules of commands whose names are reserved in Python."""

_HELP = """Role-play with a local language model, in the terminal.

`rpterm chat sherlock` starts a chat at once; `rpterm chat` lets you choose a character first.
`rpterm COMMAND --help` explains a command."""


class LazyGroup(TyperGroup):
    """A group that replaces the placeholder of a command by the real one when it is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the command that is called, then resolve it as usual."""
        if args and args[0] in NOUNS:
            self.commands[args[0]] = load_command(args[0])
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what it says about a wrong value is put into plain words."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _in_plain_words(error.message)
            raise


_PLAIN_WORDS = {
    r"Input should be a valid integer.*": "it must be a whole number.",
    r"Input should be a valid number.*": "it must be a number.",
    r"Input should be greater than or equal to (\S+)": r"it must be \1 or more.",
    r"Input should be less than or equal to (\S+)": r"it must be \1 or less.",
}
"""The words of the library that checks the values, and ours."""


def _in_plain_words(message: str) -> str:
    for theirs, ours in _PLAIN_WORDS.items():
        message = re.sub(theirs, ours, message)
    return message


def load_command(noun: str) -> Any:
    """Import a command."""
    module = import_module(f"rpterm.cli.{_MODULES.get(noun, noun)}")
    command = typer.main.get_command(module.app)
    command.name = noun
    command.short_help = NOUNS[noun]
    return command


def root() -> Any:
    """The command ``rpterm``."""
    app = typer.Typer(
        cls=LazyGroup, help=_HELP, no_args_is_help=True, rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip
    app.callback()(_root)
    for noun, line in NOUNS.items():
        app.command(noun, help=line)(_placeholder(noun))
    return typer.main.get_command(app)


def run(arguments: list[str]) -> int:
    """Run a command line and return the exit code; 2 for a wrong command line."""
    try:
        root().main(args=arguments, prog_name="rpterm", standalone_mode=True)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    return 0


def new_app(help_text: str = "", **settings: Any) -> typer.Typer:
    """The ``app`` of a command, set up like all others."""
    return typer.Typer(
        help=help_text, rich_markup_mode=None, add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]}, **settings,
    )  # fmt: skip


def one_of(choices: Iterable[Choice], given: str, what: str) -> Choice:
    """The choice that was given; ``what`` names the choices in the error.

    Raises:
        InvalidChoice: It is none of them.
    """
    known = list(choices)
    for each in known:
        if each == given:
            return each
    raise InvalidChoice(f"There is no {what} {given!r}; there are {', '.join(known)}.")


def accepting_old_option(older: str, now: str) -> type[TyperCommand]:
    """A command that silently accepts the older name of an option that was renamed.

    Output files were renamed to ``--to``, and row lengths to ``--max-tokens``, in every command.
    """

    class Renamed(TyperCommand):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            """Replace the older name by the current one."""
            return list(super().parse_args(ctx, [self._current(each) for each in args]))

        def _current(self, argument: str) -> str:
            name, equals, value = argument.partition("=")
            return f"{now}{equals}{value}" if name == older else argument

    return Renamed


def _print_version(wanted: bool) -> None:
    if wanted:
        from rpterm.version import __version__

        typer.echo(f"rpterm {__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(
        False,
        "--version",
        help="Show the version and exit.",
        is_eager=True,
        callback=_print_version,
    ),
) -> None:
    pass


def _placeholder(noun: str) -> Callable[[], None]:
    def command() -> None:
        raise AssertionError(f"{noun} was called before it was imported")

    return command
