"""Entry point of ``rpterm`` and ``python -m rpterm``.

``rpterm chat NAME`` without options skips the command-line parser and starts the chat directly;
every other command line goes through the parser. Imports are local to the functions, so that the
first frame does not wait for modules it does not need.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line and return the process's exit code."""
    import gc

    gc.disable()  # Collecting takes a fifth of the import time; the chat enables it again.
    from rpterm.cli import guard

    return guard.run(_dispatch, sys.argv[1:])


def _dispatch(arguments: list[str]) -> int:
    noun, *rest = arguments or [""]
    if noun == "chat" and len(rest) <= 1 and not any(word.startswith("-") for word in rest):
        from rpterm.cli import chat_run
        from rpterm.startup.launch import ChatRequest

        return chat_run.run_chat(ChatRequest(rest[0] if rest else None))
    from rpterm.cli import app

    return app.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
