"""Entry point of ``rpterm`` and ``python -m rpterm``.

``rpterm chat NAME``, with or without ``--new``, skips the command-line parser, whose import takes
0.1 s, and starts the chat directly; every other command line goes through the parser. Imports are
local to the functions, so that the first frame does not wait for modules it does not need.
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
    names = [word for word in rest if word != "--new"]
    if noun == "chat" and len(names) <= 1 and not any(name.startswith("-") for name in names):
        from rpterm.cli import chat_run
        from rpterm.startup.launch import ChatRequest

        new = len(names) < len(rest)
        return chat_run.run_chat(ChatRequest(names[0] if names else None, new=new))
    from rpterm.cli import app

    return app.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
