"""How many threads to give the model.

Every physical core, and an OpenMP runtime that sleeps instead of spinning while it waits
(``OMP_WAIT_POLICY=PASSIVE``). With spinning threads, as many threads as cores collapse as soon as
anything else runs. Measured, starter model, 2 cores, tokens decoded per second:

=========================  =========  ========
threads, wait policy       "idle"     one core busy
=========================  =========  ========
1, passive                 59         11
2, active (the default)    3          did not end within a minute
2, passive                 40         31
=========================  =========  ========

One run each of 24 tokens, on a machine that other programs shared, "idle" rows too: take from them
that spinning collapses, and no more. Whether one thread less than cores is better is open: it was
in the first column (59 against 40) and over 128 tokens at a load of 7 (7.5 s against 8.9 s, means
of two), and it was not in the second (11 against 31). It has to be measured on a quiet machine.
"""

from __future__ import annotations

import os
from pathlib import Path

ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE", "GGML_NO_BACKTRACE": "1"}
"""What the worker's environment must hold before its OpenMP runtime starts. Without the second, a
failed allocation starts a debugger, whose thousand lines hide the one that tells of it."""


def usable_cpus() -> set[int]:
    """The logical CPUs this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def physical_cores(topology: Path = Path("/sys/devices/system/cpu")) -> int:
    """Cores this process may use; two logical CPUs of one core count once where that is known."""
    cpus = usable_cpus()
    cores: set[str] = set()
    for cpu in cpus:
        try:
            siblings = topology / f"cpu{cpu}" / "topology" / "thread_siblings_list"
            cores.add(siblings.read_text(encoding="ascii").strip())
        except OSError:
            return max(1, len(cpus))
    return max(1, len(cores))


def choose_threads(wanted: int) -> int:
    """The wanted number, or as many as there are cores."""
    return wanted if wanted > 0 else physical_cores()
