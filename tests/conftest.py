"""Settings for all tests: no deadlines, and the real model in one thread of one xdist worker."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from rpterm.engine.llama.threads import ENVIRONMENT
from rpterm.store import Store

# While other tests run, two threads of a model spend more time waiting for each other than working:
# the same tests take three times the CPU time. The engines still ask for their usual number.
ENVIRONMENT["OMP_THREAD_LIMIT"] = "1"

# No test may depend on the speed of the machine; half of the default number of examples is enough.
hypothesis.settings.register_profile("rpterm", deadline=None, max_examples=50)
hypothesis.settings.load_profile("rpterm")


class OneModelWorker(LoadFileScheduling):
    """Sends all test files that run the model to one worker, and the others to whichever is free.

    Two llama.cpp processes on two cores slow each other down several times over. xdist's groups
    would express this, but xdist 3.8 does not see them with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "model" if _runs_model(self.config.rootpath / file) else file


@cache
def _runs_model(file: Path) -> bool:
    return "mark.model" in file.read_text(encoding="utf-8")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneModelWorker | None:
    """Replace the scheduler of ``--dist loadfile``."""
    return OneModelWorker(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store, open during the test."""
    with Store(tmp_path / "rpterm.db") as opened:
        yield opened
