"""Windows and memory: what is chosen, what is refused, and how much there is."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpterm.engine.protocol import ModelError
from rpterm.hardware.gpu_memory import GpuMemory, gpu_memory
from rpterm.hardware.system_memory import SystemMemory, system_memory
from rpterm.models import fit
from rpterm.models.catalogue import MODELS, by_name, obstacle, recommend
from rpterm.models.fit import CPU_CAP, GPU_CAP, STEP, bytes_needed, choose, kv_bytes
from rpterm.models.header import Header

GB = 10**9
EIGHT = Header(
    arch="llama",
    context_length=131_072,
    block_count=32,
    embedding_length=4096,
    heads=32,
    heads_kv=(8,) * 32,
    key_length=128,
    value_length=128,
    vocab_size=128_256,
    file_size=int(4.92 * GB),
    block_bytes=int(4.2 * GB),
)
PLENTY = SystemMemory(64 * GB, 60 * GB)


def test_the_cache_formula() -> None:
    assert kv_bytes(EIGHT, 8192) == 2 * 32 * 8 * 128 * 2 * 8192
    assert kv_bytes(EIGHT, 8192, "q8_0") == kv_bytes(EIGHT, 8192) * 34 // 64


def test_plenty_of_memory_gives_the_default_window() -> None:
    fit = choose(EIGHT, PLENTY)
    assert (fit.context, fit.gpu_layers, fit.why) == (CPU_CAP, 0, "the default")
    assert fit.bytes_needed == bytes_needed(EIGHT, CPU_CAP)


def test_never_more_than_trained() -> None:
    small = replace(EIGHT, context_length=2048)
    assert choose(small, PLENTY).context == 2048
    assert choose(replace(EIGHT, context_length=2100), PLENTY).context == 2048
    with pytest.raises(ModelError, match=r"4,096 tokens is more than the model was trained for"):
        choose(small, PLENTY, context=4096)


def test_little_memory_gives_a_small_window() -> None:
    room = bytes_needed(EIGHT, 3000) + fit._RESERVE
    chosen = choose(EIGHT, SystemMemory(2 * room, room))
    assert 2560 <= chosen.context <= 3000
    assert chosen.context % STEP == 0
    assert chosen.why == "limited by memory"


def test_too_large_a_model_is_refused_with_numbers() -> None:
    with pytest.raises(ModelError, match=r"needs 5\.\d GB.*4\.9 GB for the weights.*3\.0 GB are"):
        choose(EIGHT, SystemMemory(4 * GB, 3 * GB))


def test_too_large_a_window_is_refused_with_one_that_fits() -> None:
    memory = SystemMemory(16 * GB, 10 * GB)
    with pytest.raises(ModelError, match=r"set a context of [\d,]+, or 0") as caught:
        choose(EIGHT, memory, context=131_072)
    told = int(str(caught.value).rsplit("a context of ", 1)[1].split(", or")[0].replace(",", ""))
    assert choose(EIGHT, memory, context=told).context == told
    with pytest.raises(ModelError):
        choose(EIGHT, memory, context=told + STEP)


@pytest.mark.parametrize("context", [-1, -(2**31), 2_000_000_000, 2**63])
def test_an_impossible_window_is_refused(context: int) -> None:
    with pytest.raises(ModelError, match="tokens"):
        choose(EIGHT, PLENTY, context=context)
    with pytest.raises(ModelError, match="tokens"):
        choose(replace(EIGHT, context_length=0), PLENTY, context=context)


def test_an_asked_window_is_rounded_up_to_256() -> None:
    assert choose(EIGHT, PLENTY, context=4000).context == 4096
    assert choose(EIGHT, PLENTY, context=1).context == 256


def test_unknown_memory_refuses_nothing() -> None:
    assert choose(EIGHT, SystemMemory(0, 0)).context == CPU_CAP


def test_a_gpu_that_fits_all_layers() -> None:
    fit = choose(EIGHT, SystemMemory(8 * GB, 2 * GB), gpu=GpuMemory("x", 24 * GB, 23 * GB))
    assert fit.context == GPU_CAP
    assert fit.gpu_layers == EIGHT.block_count + 1


def test_a_gpu_that_fits_some_layers() -> None:
    fit = choose(EIGHT, PLENTY, gpu=GpuMemory("x", 4 * GB, 4 * GB))
    assert 0 < fit.gpu_layers < EIGHT.block_count
    per_layer = EIGHT.block_bytes // EIGHT.block_count
    assert fit.gpu_layers * per_layer < 4 * GB
    assert fit.context == CPU_CAP


def test_a_gpu_too_small_for_the_large_window_gets_the_cpu_default() -> None:
    card = GpuMemory("x", 8 * GB, int(7.3 * GB))
    fit = choose(EIGHT, PLENTY, gpu=card)
    assert (fit.context, fit.gpu_layers) == (CPU_CAP, EIGHT.block_count + 1)


def test_the_users_gpu_layers_are_used() -> None:
    card = GpuMemory("x", 24 * GB, 23 * GB)
    assert choose(EIGHT, PLENTY, gpu=card, gpu_layers=7).gpu_layers == 7
    assert choose(EIGHT, PLENTY, gpu=card, gpu_layers=0).gpu_layers == 0
    assert choose(EIGHT, PLENTY, gpu=None, gpu_layers=7).gpu_layers == 0


def test_unknown_gpu_memory_leaves_the_layers_to_the_engine() -> None:
    fit = choose(EIGHT, SystemMemory(4 * GB, 3 * GB), gpu=GpuMemory("vulkan", 0, 0))
    assert fit.gpu_layers == -1


def test_unified_memory_is_not_counted_twice() -> None:
    card = GpuMemory("Apple", 6 * GB, 4 * GB, unified=True)
    with pytest.raises(ModelError, match="are free"):
        choose(EIGHT, SystemMemory(8 * GB, 4 * GB), gpu=card)


@given(
    available=st.integers(1 * GB, 100 * GB),
    trained=st.integers(256, 200_000),
    layers=st.integers(1, 100),
    free=st.none() | st.integers(0, 100 * GB),
)
def test_any_choice_satisfies_its_invariants(
    available: int, trained: int, layers: int, free: int | None
) -> None:
    header = replace(EIGHT, context_length=trained, block_count=layers, heads_kv=(8,) * layers)
    card = None if free is None else GpuMemory("x", free, free)
    try:
        fit = choose(header, SystemMemory(available, available), gpu=card)
    except ModelError:
        assert bytes_needed(header, min(1024, trained // 256 * 256)) > available
        return
    assert fit.context % STEP == 0
    assert min(1024, trained // 256 * 256) <= fit.context <= trained
    if card is None:
        assert fit.bytes_needed <= available


def test_linux_memory_and_its_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 800 kB")
    assert system_memory(tmp_path) == SystemMemory(1_024_000, 819_200)
    group = tmp_path / "sys/fs/cgroup/box"
    group.mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/box\n")
    (group / "memory.max").write_text("max\n")
    assert system_memory(tmp_path).available == 819_200
    (group / "memory.max").write_text("500000\n")
    (group / "memory.current").write_text("300000\n")
    (group / "memory.stat").write_text("anon 1\ninactive_file 100000\n")
    assert system_memory(tmp_path) == SystemMemory(500_000, 300_000)
    (tmp_path / "proc/self/cgroup").write_text("0::/box/in/it\n")
    (group / "in/it").mkdir(parents=True)
    (group / "in/it/memory.max").write_text("max\n")
    assert system_memory(tmp_path) == SystemMemory(500_000, 300_000)
    (tmp_path / "proc/self/cgroup").write_text("5:memory:/box\n")
    old = tmp_path / "sys/fs/cgroup/memory/box"
    old.mkdir(parents=True)
    (old / "memory.limit_in_bytes").write_text("400000")
    (old / "memory.usage_in_bytes").write_text("100000")
    assert system_memory(tmp_path) == SystemMemory(400_000, 300_000)


def test_this_machine_has_memory() -> None:
    memory = system_memory()
    assert 0 < memory.available <= memory.total


def test_the_gpu_is_known_from_the_build(tmp_path: Path) -> None:
    memory = SystemMemory(16 * GB, 10 * GB)
    assert gpu_memory(tmp_path, memory) is None
    (tmp_path / "libggml-metal.dylib").touch()
    assert gpu_memory(tmp_path, memory) == GpuMemory("Apple", 12 * GB, 10 * GB, unified=True)
    (tmp_path / "libggml-metal.dylib").unlink()
    (tmp_path / "libggml-vulkan.so").touch()
    card = tmp_path / "sys/class/drm/card0/device"
    assert gpu_memory(tmp_path, memory, tmp_path) == GpuMemory("vulkan", 0, 0)
    card.mkdir(parents=True)
    (card / "mem_info_vram_total").write_text("8000")
    (card / "mem_info_vram_used").write_text("1000")
    assert gpu_memory(tmp_path, memory, tmp_path) == GpuMemory("AMD", 8000, 7000)
    assert gpu_memory(tmp_path / "none", memory) is None


def test_the_catalogue_is_sound() -> None:
    assert len({model.name for model in MODELS}) == len(MODELS)
    for model in MODELS:
        assert model.file.casefold().endswith("q4_k_m.gguf")
        assert model.repo.count("/") == 1
        assert model.size < model.memory < model.size * 4
        assert by_name(model.name.upper()) is model


def test_recommendations_fit_and_the_best_is_first() -> None:
    for total in (2, 4, 8, 16, 64):
        found = recommend(SystemMemory(total * GB, total * GB))
        assert all(model.memory < total * GB for model in found)
        assert [m.size for m in found] == sorted((m.size for m in found), reverse=True)
    assert recommend(SystemMemory(0, 0)) == []
    assert recommend(SystemMemory(2 * GB, 2 * GB)) == []
    assert recommend(SystemMemory(8 * GB, GB))[0].name == "qwen3-4b"
    card = GpuMemory("x", 24 * GB, 23 * GB)
    assert recommend(SystemMemory(8 * GB, GB), card)[0].name == "mistral-small-24b"


def test_a_hidden_gpu_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "libggml-cuda.so").touch()
    memory = SystemMemory(16 * GB, 10 * GB)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert gpu_memory(tmp_path, memory) is None
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    found = gpu_memory(tmp_path, memory)
    assert found is not None
    assert found.name == "NVIDIA"
    assert 0 <= found.free <= found.total


def test_a_model_that_does_not_fit_has_a_reason() -> None:
    small, large = MODELS[0], MODELS[-1]
    assert obstacle(small, SystemMemory(8 * GB, GB)) == ""
    told = obstacle(large, SystemMemory(8 * GB, GB))
    assert re.fullmatch(r"needs 4\d\.\d GB, but a model can use 6\.\d GB here", told), told
    slow = next(model for model in MODELS if model.name == "mistral-nemo-12b")
    assert obstacle(slow, SystemMemory(64 * GB, GB)) == "too slow without a GPU"
    assert "is unknown" in obstacle(small, SystemMemory(0, 0))
    assert "on the GPU" in obstacle(
        large, SystemMemory(8 * GB, GB), GpuMemory("x", 24 * GB, 24 * GB)
    )
