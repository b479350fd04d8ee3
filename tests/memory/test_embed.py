"""The embedder's process: answers, urgent first, dies, comes back. With a tiny stand-in worker."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from rpterm.memory.embedding.embed import _BACKGROUND, EmbedError, WorkerEmbedder

STAND_IN = """
import base64, json, os, struct, sys
def tell(m): sys.stdout.write(json.dumps(m) + "\\n"); sys.stdout.flush()
if sys.argv[1] == "broken": tell({"error": "no weights"}); sys.exit(1)
tell({"ready": True, "dim": 2})
for line in sys.stdin:
    r = json.loads(line)
    if "die" in r["texts"] and not os.path.exists(sys.argv[1]):
        open(sys.argv[1], "w").close(); os._exit(9)
    if "always die" in r["texts"]: os._exit(9)
    rows = b"".join(struct.pack("<2f", len(t), 1) for t in r["texts"])
    tell({"id": r["id"], "dim": 2, "rows": base64.b64encode(rows).decode()})
"""


@pytest.fixture
def make(tmp_path):
    script = tmp_path / "worker.py"
    script.write_text(STAND_IN)
    made: list[WorkerEmbedder] = []

    def build(argument: str = "") -> WorkerEmbedder:
        argument = argument or str(tmp_path / "died")
        made.append(
            WorkerEmbedder(tmp_path, "stand-in", command=[sys.executable, str(script), argument])
        )
        return made[-1]

    yield build
    for embedder in made:
        embedder.close()


def until(predicate, seconds=20.0):
    end = time.monotonic() + seconds
    while not predicate():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def test_it_answers_in_order(make):
    texts = ["x" * n for n in range(40)]
    assert make().encode(texts)[:, 0].tolist() == list(range(40))


def test_urgent_requests_go_before_background_ones(make):
    embedder, asked = make(), []
    exchange = embedder._exchange

    def seen(job):
        asked.extend(job.request["texts"])
        return exchange(job)

    embedder._exchange = seen
    later = embedder._submit(_BACKGROUND, {"texts": ["can wait"]})  # Nothing runs yet.
    assert embedder.start_encoding(["soon"])().tolist() == [[4, 1]]
    assert later.result.result().tolist() == [[8, 1]]
    assert asked == ["soon", "can wait"]


def test_texts_of_very_different_lengths_are_embedded_apart():
    from rpterm.memory.embedding.embed_worker import length_groups

    texts = ["x" * size for size in (900, 20, 800, 30, 190, 0)]
    assert length_groups(texts) == [[5, 1, 3], [4], [2, 0]]
    assert length_groups([]) == []


def test_before_it_is_ready_there_is_no_vector(make):
    embedder = make()
    assert embedder.encode_now("hello", 5) is None
    embedder.start()
    until(lambda: embedder.state == "ready")
    vector = embedder.encode_now("hello", 10)
    assert vector is not None
    assert vector.tolist() == [5, 1]
    assert embedder.dim == 2


def test_a_text_asked_again_needs_no_worker(make):
    embedder = make()
    embedder.encode(["a"])
    first = embedder.encode_now("abc", 5)
    for number in range(7):
        embedder.encode_now("x" * number, 5)
    assert embedder.encode_now("abc", 0.0) is first
    embedder.encode_now("one more", 5)
    assert "abc" not in embedder._recent


def test_a_dead_worker_is_replaced_and_its_request_repeated(make):
    assert make().encode(["a", "die", "bcd"])[:, 0].tolist() == [1, 3, 3]


def test_a_killed_worker_is_replaced(make):
    embedder = make()
    embedder.encode(["a"])
    os.kill(embedder._process.pid, signal.SIGKILL)
    assert embedder.encode(["abcd"]).tolist() == [[4, 1]]


def test_a_worker_that_always_dies_fails_with_a_sentence(make):
    embedder = make()
    with pytest.raises(EmbedError, match="three times"):
        embedder.encode(["always die"])
    assert embedder.state == "failed"
    assert embedder.encode_now("x", 1) is None
    with pytest.raises(EmbedError):
        embedder.encode(["x"])


def test_a_model_that_cannot_be_loaded(make):
    embedder = make("broken")
    with pytest.raises(EmbedError, match="no weights"):
        embedder.encode(["x"])
    assert embedder.state == "failed"


def test_the_real_worker_says_why_it_cannot_load():
    code = (
        "from rpterm.memory.embedding import embed_worker\n"
        "def load(folder): raise OSError(f'{folder} holds no model')\n"
        "embed_worker._load = load\n"
        "raise SystemExit(embed_worker.main('here'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"error": "OSError: here holds no model"}


def test_close_ends_a_process_that_is_just_being_started(make, tmp_path):
    embedder = make()

    def folder():
        threading.Thread(target=embedder.close).start()
        until(lambda: embedder._closed)
        return tmp_path

    embedder._folder = folder
    embedder.start()
    until(lambda: embedder._process is not None and embedder._process.poll() is not None)


def test_close_ends_the_process_and_what_waits(make):
    embedder = make()
    embedder.encode(["a"])
    process = embedder._process
    embedder.close()
    embedder.close()
    assert process.poll() is not None
    with pytest.raises(EmbedError, match="closed"):
        embedder.encode(["b"])


def test_nothing_heavy_is_imported():
    code = (
        "import sys, rpterm.memory.embedding.embed, rpterm.memory.search.recall\n"
        "assert not {'torch', 'sentence_transformers', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.model
def test_the_starter_model_knows_what_is_alike(starter):
    rows = starter.encode(["a dog in the park", "a puppy outdoors", "income tax law"])
    assert rows.shape == (3, 384)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)
    assert rows[0] @ rows[1] > 0.4 > rows[0] @ rows[2]


def test_the_log_gets_what_the_worker_says_and_need_not_be_writable(make, tmp_path):
    script = tmp_path / "worker.py"
    make("steady").encode(["makes the script"])
    for log in (tmp_path / "logs" / "embedder.log", tmp_path):
        embedder = WorkerEmbedder(
            tmp_path, "stand-in", command=[sys.executable, str(script), "steady"], log=log
        )
        try:
            assert embedder.encode(["a"]).shape[0] == 1
        finally:
            embedder.close()
    assert (tmp_path / "logs" / "embedder.log").is_file()
