"""Prints how fast the terminal program is, as JSON: ``python tests/bench/tui.py``."""

import json
import sys

from rpterm.tui.bench import measure

if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(), indent=2) + "\n")
