"""Chooses how many threads run the model, and how they wait for each other.

One thread per physical core, and an OpenMP runtime whose threads spin for some microseconds before
they sleep. A token takes hundreds of small steps, and the threads wait after each: sleeping at once
(``OMP_WAIT_POLICY=PASSIVE`` alone) makes every wait a system call, and spinning for long makes the
speed collapse as soon as another program runs. Tokens decoded per second with the starter model on
2 cores with 2 threads, mean of four replies of 48 tokens after a prompt of 1,800:

=========================  =============  =======================
waiting                    idle machine   two other programs busy
=========================  =============  =======================
sleep at once              29             37
3,000 spins, then sleep    66             58
10,000 spins               not run        56
30,000 spins               71             not run
sleep at once, 1 thread    47             not run
=========================  =============  =======================

Spinning without end (the default) gave 3 in an earlier measurement, and did not finish within a
minute next to one busy program.
"""

from __future__ import annotations

import os
from pathlib import Path

ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "3000",  # Read by GNU's OpenMP runtime only.
    "GGML_NO_BACKTRACE": "1",
}
"""Environment of the worker, read when its OpenMP runtime starts. Without the last variable, a
failed allocation starts a debugger, whose thousand lines of output hide the actual error."""


def usable_cpus() -> set[int]:
    """The logical CPUs this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def physical_cores(topology: Path = Path("/sys/devices/system/cpu")) -> int:
    """Cores this process may use; logical CPUs of one core count once where the system says so."""
    cpus = usable_cpus()
    cores: set[str] = set()
    for cpu in cpus:
        try:
            siblings = topology / f"cpu{cpu}" / "topology" / "thread_siblings_list"
            cores.add(siblings.read_text(encoding="ascii").strip())
        except OSError:
            return max(1, len(cpus))
    return max(1, len(cores))


def choose_threads(requested: int) -> int:
    """The requested number, or the number of physical cores for 0."""
    return requested if requested > 0 else physical_cores()
