"""The starter written again as Q8_0: once, whole, and only where there is room."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from rpterm.chat.replay import find_model
from rpterm.config import Settings
from rpterm.engine.protocol import Engine, EngineInfo, Piece
from rpterm.hardware.system_memory import SystemMemory
from rpterm.models import engine_factory as opening
from rpterm.models import starter, starter_q8
from rpterm.paths import Paths

PLENTY = SystemMemory(64 * 10**9, 60 * 10**9)
TEXT = '*leans on the mantelpiece* "You have been in Afghanistan, I perceive."'
pytestmark = pytest.mark.model


def at(cache: Path) -> Paths:
    return Paths(cache, cache, cache, cache)


def loaded(cache: Path, model: str = "") -> tuple[EngineInfo, list[float]]:
    """The engine's facts and the log-probabilities of a text."""
    settings = Settings(context=512, model=model)
    engine = opening.open_engine(settings, at(cache))
    try:
        return engine.load(), _likelihood(engine)
    finally:
        engine.close()


def _likelihood(engine: Engine) -> list[float]:
    prompt, reply = engine.tokenize([Piece("Holmes: "), Piece(TEXT)])
    (found,) = engine.logprobs(reply, [prompt])
    return list(found)


def distance(ones: Sequence[float], others: Sequence[float]) -> float:
    return sum(abs(one - other) for one, other in zip(ones, others, strict=True)) / len(ones)


@pytest.fixture(scope="module")
def first_load(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, EngineInfo, list[float]]:
    """A cache folder in which the starter has been loaded once, and what that gave."""
    cache = tmp_path_factory.mktemp("cache")
    return cache, *loaded(cache)


@pytest.fixture(scope="module")
def written(first_load: tuple[Path, EngineInfo, list[float]]) -> Path:
    return first_load[0]


def test_the_first_load_requantizes_and_the_second_reuses_the_file(
    first_load: tuple[Path, EngineInfo, list[float]],
) -> None:
    cache, first, some = first_load
    place = starter_q8.path_in(cache)
    state = place.stat()
    assert (first.path, first.starter) == (str(place), True)
    assert (first.context, first.trained_context) == (512, 8192)
    assert first.model_hash == hashlib.sha256(place.read_bytes()).hexdigest()
    second, same = loaded(cache)
    assert (second.path, second.model_hash) == (str(place), first.model_hash)
    assert place.stat() == state
    assert same == some
    assert [each.name for each in place.parent.iterdir()] == [place.name]


def test_a_restarted_worker_does_not_requantize_again(written: Path) -> None:
    engine = opening.open_starter(written, context=256)
    try:
        engine.load()
        state = starter_q8.path_in(written).stat()
        os.kill(engine.pid, signal.SIGKILL)  # type: ignore[attr-defined]
        assert engine.load().path == str(starter_q8.path_in(written))
        assert starter_q8.path_in(written).stat() == state
    finally:
        engine.close()


def test_requantized_weights_give_nearly_the_same_logprobs(written: Path) -> None:
    original, told = loaded(written, model=str(starter.llm_path(written)))
    faster, same = loaded(written)
    assert (original.model, faster.model) == (
        "SmolLM2-135M-Instruct.Q4_1",
        "SmolLM2-135M-Instruct.Q8_0",
    )
    assert original.model_hash == starter.LLM.sha256
    assert 0 < distance(told, same) < 0.25  # as Q5_0 0.31, as Q4_0 1.19


def test_a_damaged_file_is_rewritten(tmp_path: Path, written: Path) -> None:
    place = starter_q8.path_in(tmp_path)
    place.parent.mkdir(parents=True)
    place.write_bytes(starter_q8.path_in(written).read_bytes()[:1_000_000])
    planned = opening.plan_model(Settings(), at(tmp_path), memory=PLENTY)
    assert (planned.path, planned.requantize_to) == (starter.llm_path(tmp_path), place)
    info, _ = loaded(tmp_path)
    assert info.path == str(place)
    assert place.stat().st_size == starter_q8.path_in(written).stat().st_size


def test_without_disk_space_the_original_weights_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = SimpleNamespace(free=starter_q8._MIN_FREE_BYTES - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: few)
    planned = opening.plan_model(Settings(), at(tmp_path))
    assert (planned.path.name, planned.requantize_to) == (Path(starter.LLM.inside).name, None)
    assert not starter_q8.has_disk_space(tmp_path)
    monkeypatch.undo()
    assert not starter_q8.has_disk_space(tmp_path / "missing")


def test_without_a_writable_folder_the_original_weights_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "starter").write_text("a file where the folder should be")
    info, _ = loaded(tmp_path)
    assert (info.path, info.model_hash) == (str(starter.llm_path(tmp_path)), starter.LLM.sha256)


def test_temporary_files_of_killed_processes_are_removed(tmp_path: Path) -> None:
    folder = starter_q8.path_in(tmp_path).parent
    folder.mkdir(parents=True)
    for name, age in ((".old.part", 7200), (".new.part", 0)):
        (folder / name).write_bytes(b"half")
        when = (folder / name).stat().st_mtime - age
        os.utime(folder / name, (when, when))
    loaded(tmp_path)
    assert {each.name for each in folder.iterdir()} == {
        ".new.part",
        starter_q8.path_in(tmp_path).name,
    }


def test_replies_of_both_files_find_their_model(tmp_path: Path, written: Path) -> None:
    of_faster = hashlib.sha256(starter_q8.path_in(written).read_bytes()).hexdigest()
    found = [find_model(each, "", tmp_path, written) for each in (starter.LLM.sha256, of_faster)]
    assert found == [str(starter.llm_path(written)), str(starter_q8.path_in(written))]


def test_the_fixed_model_that_scores_is_the_same_file(written: Path) -> None:
    engine = opening.open_starter(written, context=256)
    try:
        assert engine.load().path == str(starter_q8.path_in(written))
    finally:
        engine.close()
