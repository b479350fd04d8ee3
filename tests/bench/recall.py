"""How long recall takes: ``python tests/bench/recall.py [--large] [--json]``; with a million, too.

See ``rpterm.bench.recall_speed``.
"""

import sys

from rpterm.bench.recall_speed import GOAL_MS, SIZES, main

if __name__ == "__main__":
    main("--json" in sys.argv[1:], tuple(GOAL_MS) if "--large" in sys.argv[1:] else SIZES)
