"""Generates parts of the README: the table of keys and the list of commands.

``python -m rpterm.cli.readme`` updates them; ``--check`` only checks whether they are up to date.
Each part is between ``<!-- NAME: generated -->`` and ``<!-- NAME: end -->``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from rpterm.errors import RptermError

README = Path(__file__).resolve().parents[2] / "README.md"


def commands() -> str:
    """One line for each command: its usage and what it does."""
    from rpterm.cli.app import NOUNS, load_command

    lines: list[str] = []
    for noun in NOUNS:
        lines += _lines(load_command(noun), f"rpterm {noun}")
    return "\n".join(lines)


def renewed(text: str) -> str:
    """The README's text with its generated parts updated.

    Raises:
        RptermError: The marks of a part are missing.
    """
    from rpterm.tui.keys import markdown

    parts = {"keys": markdown(), "commands": f"```text\n{commands()}\n```\n"}
    for name, body in parts.items():
        part = re.compile(f"(<!-- {name}: generated -->\n).*?(<!-- {name}: end -->)", re.DOTALL)
        if not part.search(text):
            raise RptermError(f"README.md has no place for the generated part {name!r}.")
        text = part.sub(lambda match, body=body: match[1] + body + match[2], text)  # type: ignore[misc]
    return text


def block(text: str, name: str) -> str:
    """The shell commands in a marked code block, so that CI runs exactly what the README says."""
    found = re.search(f"<!-- {name} -->\n```sh\n(.*?)```", text, re.DOTALL)
    if not found:
        raise RptermError(f"README.md has no commands marked {name!r}.")
    return found[1]


def main(arguments: list[str]) -> int:
    """Update the README, check it (``--check``) or print a code block (``--block NAME``)."""
    text = README.read_text(encoding="utf-8")
    if arguments[:1] == ["--block"]:
        sys.stdout.write(block(text, arguments[1]))
        return 0
    fresh = renewed(text)
    if arguments == ["--check"]:
        if fresh != text:
            sys.stderr.write("README.md is stale: run python -m rpterm.cli.readme\n")
        return int(fresh != text)
    README.write_text(fresh, encoding="utf-8")
    return 0


def _lines(command: Any, name: str) -> list[str]:
    children: dict[str, Any] = getattr(command, "commands", {})
    if children:
        # A group's default command is shown under the name of the group alone.
        default = getattr(command, "default", None)
        return [
            line
            for key, child in children.items()
            for line in _lines(child, name if key == default else f"{name} {key}")
        ]
    arguments = [
        _argument(param) for param in command.params if param.param_type_name == "argument"
    ]
    usage = " ".join([name, *arguments])
    return [f"{usage:<40} {command.get_short_help_str(200)}"]


def _argument(param: Any) -> str:
    name = str(param.metavar or param.name).upper()
    return name if param.required else f"[{name}]"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
