"""Checks the promised start-up times: exits with the number of those that are exceeded."""

from __future__ import annotations

import json
import sys

from rpterm.bench.startup import run

PROMISED = {"first_frame_s": 0.6, "help_s": 0.25}


def main() -> int:
    figures = run()
    broken = [name for name, most in PROMISED.items() if float(str(figures[name])) > most]
    sys.stdout.write(json.dumps({**figures, "broken": broken}, indent=2) + "\n")
    return len(broken)


if __name__ == "__main__":
    sys.exit(main())
