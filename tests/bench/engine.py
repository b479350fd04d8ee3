"""The engine benchmark: ``python tests/bench/engine.py [--json]``; see ``rpterm.bench.engine``."""

import sys

from rpterm.bench.engine import main

if __name__ == "__main__":
    main(json="--json" in sys.argv[1:])
