"""How many threads to give the model, and how they wait for each other.

Every physical core, and an OpenMP runtime whose threads spin for some microseconds before they
sleep. A token is hundreds of small steps, after each of which the threads wait: falling asleep at
once (``OMP_WAIT_POLICY=PASSIVE`` alone) makes every wait a call of the kernel, and spinning for
long lets as many threads as cores collapse as soon as anything else runs. Starter model, 2 cores
and threads, tokens decoded per second, mean of four replies of 48 tokens, 1,800 tokens of prompt:

=========================  =========  ===========================
waiting                    "idle"     two other programs busy
=========================  =========  ===========================
asleep at once             29         37
3,000 turns, then asleep   66         58
10,000                     not run    56
30,000                     71         not run
asleep, 1 thread           47         not run
=========================  =========  ===========================

Spinning without end (the default) gave 3 in an earlier measurement and did not end within a minute
beside one busy program.
"""

from __future__ import annotations

import os
from pathlib import Path

ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "3000",  # Of GNU's runtime; others do not read it.
    "GGML_NO_BACKTRACE": "1",
}
"""What the worker's environment must hold before its OpenMP runtime starts. Without the last, a
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
