"""Quitting waits for no answer of another process, and nothing is lost by that."""

import threading

import pytest
from test_character_memory import BagEmbedder, World

from rpterm.memory.distil.distiller import Distiller


@pytest.fixture
def waited(monkeypatch):
    """The seconds for which a thread was waited for."""
    seconds = []
    join = threading.Thread.join

    def counted(thread, timeout=None):
        seconds.append(timeout)
        join(thread, timeout and min(timeout, 0.1))

    monkeypatch.setattr(threading.Thread, "join", counted)
    return seconds


class StuckEmbedder(BagEmbedder):
    """Answers once it is released."""

    def __init__(self):
        super().__init__()
        self.begun, self.released = threading.Event(), threading.Event()

    def encode(self, texts):
        self.begun.set()
        assert self.released.wait(20)
        return super().encode(texts)


def test_quitting_does_not_wait_for_vectors_and_the_next_start_embeds_the_rest(tmp_path, waited):
    embedder = StuckEmbedder()
    world = World(tmp_path / "t.db", embedder)
    world.memory.start()
    world.say(world.chat(), "The walrus is called Otto.")
    assert embedder.begun.wait(20)
    world.memory.close()
    assert sum(waited) < 1.0
    world.store.close()
    embedder.released.set()
    world.memory._writer._thread.join(20)
    assert not world.memory._writer.error
    again = World(tmp_path / "t.db", BagEmbedder())
    again.memory.start()
    assert again.memory.settled(20)
    assert again.memory.stats().vectors == again.memory.stats().wordings == 1
    again.memory.close()


def test_quitting_does_not_wait_for_a_distiller_that_waits_for_memory(waited):
    begun, released = threading.Event(), threading.Event()

    def works():
        begun.set()
        assert released.wait(20)
        return [None]  # whoever used this would fail

    distiller = Distiller(works, 1, lambda: "Ann")
    distiller.wake()
    assert begun.wait(20)
    distiller.close()
    assert sum(waited) < 1.0
    released.set()
    distiller._thread.join(20)
    assert not distiller.error
