"""What holds for all tests: nothing is timed, and the model runs in one thread of one worker."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from rpterm.engine.llama.threads import ENVIRONMENT

# Two threads of a model wait for each other longer than they work when tests run beside it: the
# same tests take three times the processor. The engines still ask for as many as ever.
ENVIRONMENT["OMP_THREAD_LIMIT"] = "1"

# How fast a machine is decides no test; half of hypothesis's own number of examples is enough.
hypothesis.settings.register_profile("rpterm", deadline=None, max_examples=50)
hypothesis.settings.load_profile("rpterm")


class OneModel(LoadFileScheduling):
    """All files that run the model go to one worker, of the others each to whichever is free.

    Two llama.cpp processes on two cores slow each other down several times over. xdist's groups
    would say the same, but 3.8 does not see them with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "model" if _runs_model(self.config.rootpath / file) else file


@cache
def _runs_model(file: Path) -> bool:
    return "mark.model" in file.read_text(encoding="utf-8")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneModel | None:
    """Where ``--dist loadfile`` is asked for, with one worker for the model."""
    return OneModel(config, log) if config.getvalue("dist") == "loadfile" else None
