"""The optional cross-encoder: it orders what was found, and never stands in the way."""

import sys
import textwrap

import numpy as np
import pytest
from test_character_memory import BagEmbedder, World

from rpterm.memory.embedding.embed import WorkerEmbedder

WORKER = """
    import base64, json, sys
    import numpy as np

    print(json.dumps({"ready": True, "dim": 2}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if "query" not in asked:
            rows = np.ones((len(asked["texts"]), 2), "<f4")
        elif sys.argv[-1] == "broken":
            print(json.dumps({"id": asked["id"], "error": "no such model"}), flush=True)
            continue
        else:
            rows = np.array([[text.count(asked["query"])] for text in asked["texts"]], "<f4")
        told = {"id": asked["id"], "dim": rows.shape[1]}
        told["rows"] = base64.b64encode(rows.tobytes()).decode()
        print(json.dumps(told), flush=True)
"""


@pytest.fixture
def worker(tmp_path):
    made = []

    def build(reranker):
        script = tmp_path / "worker.py"
        script.write_text(textwrap.dedent(WORKER))
        command = [sys.executable, str(script), reranker]
        embedder = WorkerEmbedder(tmp_path, "stand-in", command=command, reranker=reranker)
        made.append(embedder)
        assert embedder.encode(["wakes it"]).shape == (1, 2)
        return embedder

    yield build
    for embedder in made:
        embedder.close()


def test_texts_are_scored_by_the_process(worker):
    embedder = worker("good")
    assert embedder.rank("a", ["b", "aa", "a"], 10).tolist() == [0, 2, 1]
    assert embedder.rank("a", [], 10) is None
    assert embedder.rank_error == ""


def test_without_a_reranker_nothing_is_asked(worker):
    assert worker("").rank("a", ["b"], 10) is None


def test_an_unusable_reranker_is_reported_once_and_embedding_continues(worker):
    embedder = worker("broken")
    assert embedder.rank("a", ["b"], 10) is None
    assert "'broken' cannot be used" in embedder.rank_error
    assert embedder.rank("a", ["b"], 10) is None
    assert embedder.encode(["c"]).shape == (1, 2)


class Ranker(BagEmbedder):
    """Likes what has most letters z."""

    rank_error = ""
    slow = False

    def rank(self, query, texts, timeout):
        return None if self.slow else np.array([text.count("z") for text in texts], np.float32)


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path / "t.db", Ranker())
    world.memory.start()
    yield world
    world.close()


def test_hits_are_reranked_and_pinned_ones_stay_first(world):
    world.memory.add("The ferryman sings of the ferryman, the ferryman")
    best = world.memory.add("The ferryman buzzes and dazzles")
    pinned = world.memory.add("Never trust anybody", pinned=True)
    found = world.ask(world.chat(), "What of the ferryman?")
    assert [item.id for item in found][:2] == [pinned.id, best.id]
    assert len(found) == 3
    world.memory._embedder.slow = True
    found = world.ask(world.chat(), "What of the ferryman?")
    assert [item.id for item in found] == [pinned.id, best.id - 1, best.id]


@pytest.mark.model
def test_a_real_cross_encoder_of_tiny_size_answers(with_tiny):
    with_tiny.encode(["wakes it"])
    scores = with_tiny.rank("Who keeps bees?", ["Ann keeps bees", "It rains"], 120)
    assert with_tiny.rank_error == ""
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()
    assert scores[0] != scores[1]


@pytest.mark.model
def test_a_missing_reranker_is_reported(starter):
    starter.encode(["wakes it"])
    assert starter.rank("a", ["b"], 120) is None
    assert "none" in starter.rank_error
