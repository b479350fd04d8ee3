"""What goes wrong around the worker: bad files, bad sizes, killed processes, vanished clients."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from rpterm.engine.llama import LlamaEngine, ModelOptions, client
from rpterm.engine.llama.messages import Message
from rpterm.engine.llama.process import WorkerProcess
from rpterm.engine.llama.threads import ENVIRONMENT
from rpterm.engine.protocol import (
    Delta,
    EngineError,
    Finished,
    GenerateRequest,
    ModelError,
    Piece,
    PromptProgress,
)
from rpterm.types import Sampling

SHORT = Sampling(seed=1, max_tokens=3)
Ids = tuple[int, ...]


def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """Whether a process ended (one that nobody waited for yet counts as ended)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


@pytest.fixture
def made(starter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LlamaEngine]:
    """An engine of its own, to be killed, whose threads are two as in the program."""
    monkeypatch.delitem(ENVIRONMENT, "OMP_THREAD_LIMIT")
    engine = LlamaEngine(
        ModelOptions(starter, context=512, threads=2), log=tmp_path / "log" / "engine.log"
    )
    yield engine
    engine.close()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"GGUF", "incomplete"),
        (b"\x89PNG" + b"\x00" * 60, "not a GGUF file"),
        (None, "There is no model file"),
    ],
)
def test_files_that_are_not_models(tmp_path: Path, data: bytes | None, says: str) -> None:
    path = tmp_path / "x.gguf"
    if data is not None:
        path.write_bytes(data)
    engine = LlamaEngine(ModelOptions(path, context=512))
    with pytest.raises(ModelError, match=says):
        engine.load()
    assert engine.pid is None, "no process is started for a file that cannot be a model"


def test_a_folder_is_not_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is a folder"):
        LlamaEngine(ModelOptions(tmp_path, context=512)).load()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(b"GGUF" * 8)
    path.chmod(0)
    with pytest.raises(ModelError, match="cannot be read"):
        LlamaEngine(ModelOptions(path, context=512)).load()


@pytest.mark.parametrize("context", [0, -1, 2_000_000_000])
def test_an_impossible_context_is_refused_before_loading(starter: Path, context: int) -> None:
    with pytest.raises(ModelError, match="context"):
        LlamaEngine(ModelOptions(starter, context=context)).load()


@pytest.mark.model
def test_a_context_beyond_training_is_refused_with_the_limit(starter: Path) -> None:
    engine = LlamaEngine(ModelOptions(starter, context=10_000))
    with pytest.raises(ModelError, match="at most 8,192"):
        engine.load()
    engine.close()


@pytest.mark.model
@pytest.mark.parametrize("kind", ["cut", "header cut", "random"])
def test_a_damaged_model_is_told_with_the_log(starter: Path, tmp_path: Path, kind: str) -> None:
    data = starter.read_bytes()
    path = tmp_path / "x.gguf"
    head = data[:24]
    contents = {"cut": data[: len(data) // 2], "header cut": data[:2000]}
    path.write_bytes(contents.get(kind, head + bytes(range(256)) * 40))
    engine = LlamaEngine(ModelOptions(path, context=512))
    with pytest.raises(ModelError, match="incomplete" if kind == "cut" else "damaged") as caught:
        engine.load()
    assert caught.value.log_tail
    engine.close()


@pytest.mark.model
@pytest.mark.parametrize("kind", ["missing", "not one", "a model"])
def test_an_adapter_that_is_none_is_told(starter: Path, tmp_path: Path, kind: str) -> None:
    adapter = tmp_path / "lora.gguf"
    if kind == "not one":
        adapter.write_bytes(b"GGUF" + b"\x00" * 100)
    engine = LlamaEngine(
        ModelOptions(starter, context=512, adapter=starter if kind == "a model" else adapter)
    )
    with pytest.raises(ModelError, match="adapter"):
        engine.load()
    engine.close()


SITE = """
import resource, sys
if "rpterm.engine.llama.worker" in sys.orig_argv:
    resource.setrlimit(resource.RLIMIT_AS, ({0}, {0}))
"""


@pytest.mark.model
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits address space")
@pytest.mark.parametrize("megabytes", [200, 330, 420])
def test_a_worker_without_memory_is_a_clear_error(
    starter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, megabytes: int
) -> None:
    """Whether the weights, the cache or a buffer is refused, and whoever ends of it."""
    (tmp_path / "sitecustomize.py").write_text(SITE.format(megabytes << 20), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    engine = LlamaEngine(ModelOptions(starter, context=8192), log=tmp_path / "log")
    try:
        with pytest.raises(EngineError, match="memory"):
            engine.load()
    finally:
        engine.close()


def left_in(folder: Path) -> list[Path]:
    return list(folder.glob("rpterm-engine-*"))


def test_a_killed_worker_leaves_no_log_file_but_a_log_tail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    worker = WorkerProcess(None)
    (log,) = left_in(tmp_path)
    log.write_text("The last words.\n", encoding="utf-8")
    pending = worker.request("load", options={})
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(EngineError, match="was killed") as caught:
        worker.receive(pending)
    assert "The last words." in caught.value.log_tail
    assert not left_in(tmp_path)
    worker.close()


def test_a_process_that_cannot_be_started_is_an_error(
    starter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(subprocess, "Popen", refuse)
    engine = LlamaEngine(ModelOptions(starter, context=512))
    with pytest.raises(EngineError, match="cannot be started"):
        engine.load()
    engine.close()
    assert not left_in(tmp_path)


@pytest.mark.model
def test_killed_while_loading(made: LlamaEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    made.start()
    pid = made.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # it reads the wish to load, if ever, too late to answer
    send = WorkerProcess.send

    def send_and_kill(worker: WorkerProcess, message: Message) -> None:
        send(worker, message)
        os.kill(worker.pid, signal.SIGKILL)

    with monkeypatch.context() as patch:
        patch.setattr(WorkerProcess, "send", send_and_kill)
        with pytest.raises(EngineError, match="was killed"):
            made.load()
    made.load()
    assert made.pid != pid


@pytest.mark.model
@pytest.mark.parametrize("phase", ["evaluating", "generating"])
def test_killed_while_generating(made: LlamaEngine, phase: str) -> None:
    made.load()
    (ids,) = made.tokenize([Piece("The sea was calm and the ship sailed on. " * 40)])
    wanted = PromptProgress if phase == "evaluating" else Delta
    endless = Sampling(temperature=0, repeat_penalty=1, dry_multiplier=0)
    request = GenerateRequest(tuple(ids[: 400 if phase == "evaluating" else 100]), endless)
    pid = made.pid
    assert pid is not None
    with pytest.raises(EngineError, match="was killed") as caught:
        for event in made.generate(request):
            if isinstance(event, wanted):
                os.kill(pid, signal.SIGKILL)
    assert "llama" in caught.value.log_tail
    assert not made.save_state(Path("nowhere")), "there is nothing to save"
    again = list(made.generate(GenerateRequest(tuple(ids[:20]), SHORT)))
    assert isinstance(again[-1], Finished)
    assert made.pid not in (pid, None)


@pytest.mark.model
def test_a_worker_that_does_not_react_to_a_cancellation_is_ended(
    made: LlamaEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_REACT_S", 0.2)
    made.load()
    (ids,) = made.tokenize([Piece("The sea was calm.")])
    events = made.generate(GenerateRequest(tuple(ids), Sampling(max_tokens=400)))
    assert next(events)
    assert made.pid is not None
    os.kill(made.pid, signal.SIGSTOP)
    made.cancel()
    with pytest.raises(EngineError, match="did not react any more and was ended; it starts again"):
        list(events)
    assert isinstance(list(made.generate(GenerateRequest(tuple(ids), SHORT)))[-1], Finished)


@pytest.mark.model
def test_killed_while_idle_or_settling(made: LlamaEngine) -> None:
    made.load()
    (ids,) = made.tokenize([Piece("The sea was calm and the ship sailed on. " * 40)])
    made.settle(ids[:400])
    pid = made.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert not made.settled(30)
    until(lambda: made.pid is None)
    made.cancel()
    assert made.tokenize([Piece("x")])[0], "the next call starts it again"


@pytest.mark.model
def test_a_state_that_takes_too_long_is_given_up(
    made: LlamaEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.load()
    assert made.pid is not None
    list(made.generate(GenerateRequest(tuple(made.tokenize([Piece("The sea")])[0]), SHORT)))
    path = tmp_path / "chat.state"
    assert made.save_state(path)
    whole = path.read_bytes()
    monkeypatch.setattr("rpterm.engine.llama.client._SAVE_WAIT_S", 0.2)
    os.kill(made.pid, signal.SIGSTOP)  # like a disk that stands still
    half_written = tmp_path / f"chat.state.{made.pid}.tmp"
    half_written.write_bytes(b"half")
    began = time.monotonic()
    assert not made.save_state(path)
    made.close()
    assert time.monotonic() - began < 3
    assert not half_written.exists() and path.read_bytes() == whole


def test_closing_ends_everything(made: LlamaEngine) -> None:
    made.load()
    pid = made.pid
    assert pid is not None
    failed: list[EngineError] = []
    begun = threading.Event()

    def work() -> None:
        try:
            for _ in made.generate(GenerateRequest((1, 2, 3), Sampling(seed=1, max_tokens=400))):
                begun.set()
        except EngineError as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(30)
    made.close()
    made.close()
    thread.join(30)
    assert not thread.is_alive() and len(failed) == 1
    assert gone(pid)
    with pytest.raises(EngineError, match="closed"):
        made.load()


@pytest.mark.model
def test_interrupt_from_the_terminal_does_not_reach_the_worker(
    engine: LlamaEngine, prompt: Ids
) -> None:
    pid = engine.pid
    assert pid is not None
    assert os.getsid(pid) == pid != os.getsid(0)
    os.kill(pid, signal.SIGINT)
    assert list(engine.generate(GenerateRequest(prompt, SHORT)))
    assert engine.pid == pid


@pytest.mark.model
def test_the_worker_exits_when_its_client_is_gone(starter: Path, tmp_path: Path) -> None:
    """A client that is killed in the middle of a reply leaves no process behind."""
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from rpterm.engine.llama import LlamaEngine, ModelOptions
        from rpterm.engine.protocol import Delta, GenerateRequest
        from rpterm.types import Sampling
        engine = LlamaEngine(ModelOptions(Path(sys.argv[1]), context=512), log=Path(sys.argv[2]))
        engine.load()
        for event in engine.generate(GenerateRequest((1, 2, 3), Sampling(seed=1, max_tokens=400))):
            if isinstance(event, Delta):
                sys.stdout.write(f"{engine.pid}\\n")
                sys.stdout.flush()
        """
    )
    command = [sys.executable, "-c", program, str(starter), str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        worker = int(client.stdout.readline())
        assert not gone(worker)
        client.kill()
    until(lambda: gone(worker))


@pytest.mark.model
def test_nothing_is_printed(starter: Path, tmp_path: Path) -> None:
    """Neither Python's nor C's output of the engine reaches the terminal."""
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from rpterm.engine.llama import LlamaEngine, ModelOptions
        engine = LlamaEngine(ModelOptions(Path(sys.argv[1]), context=512))
        engine.load()
        engine.close()
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(starter)], capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.model
def test_loading_reports_progress(made: LlamaEngine) -> None:
    shares: list[float] = []
    info = made.load(shares.append)
    assert shares and shares == sorted(shares) and shares[-1] == pytest.approx(1.0)
    assert made.load() is info


@pytest.mark.model
def test_settle_before_loading_does_nothing(made: LlamaEngine) -> None:
    assert made.settled()
    made.settle([1, 2, 3])
    assert not made.settled(0)
    assert made.pid is None


@pytest.mark.model
def test_a_quantized_cache_works(starter: Path) -> None:
    engine = LlamaEngine(ModelOptions(starter, context=512, kv_type="q8_0", sequences=1))
    events: list[Any] = list(engine.generate(GenerateRequest((1, 9690, 198), SHORT)))
    assert len(events[-1].ids) == 3
    engine.close()


@pytest.mark.model
def test_a_cache_left_to_itself_keeps_keys_as_q8_0_on_a_cpu(starter: Path) -> None:
    engine = LlamaEngine(ModelOptions(starter, context=512, gpu_layers=0, sequences=1))
    assert engine.load().detail["kv_type"] == "q8_0/f16"
    engine.close()


@pytest.mark.parametrize(("nice", "waits"), [(0, 1), (5, 0)])
def test_closing_does_not_wait_for_a_process_that_gets_no_time_to_die(
    nice: int, waits: int
) -> None:
    worker = WorkerProcess(None)
    process = worker._process
    os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + nice)
    stand_in = Mock(pid=process.pid)
    worker._process = stand_in
    worker.close()
    assert stand_in.kill.call_count == 1 and stand_in.wait.call_count == waits
    process.kill()
    process.wait(20)
