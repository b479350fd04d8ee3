"""The way in: ``rpterm`` and ``python -m rpterm``.

``rpterm chat NAME`` without options goes past the command-line parser straight to the chat; all
else goes through it. Imports stay inside functions, so that the first frame waits for nothing it
does not need.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; the process ends with what this returns."""
    import gc

    gc.disable()  # A fifth of the imports' time; the chat switches it on again.
    from rpterm.cli import guard

    return guard.run(_dispatch, sys.argv[1:])


def _dispatch(arguments: list[str]) -> int:
    noun, *rest = arguments or [""]
    if noun == "chat" and len(rest) <= 1 and not any(word.startswith("-") for word in rest):
        from rpterm.cli import play
        from rpterm.opening.launch import Asked

        return play.chat(Asked(rest[0] if rest else None))
    from rpterm.cli import app

    return app.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
