"""Never mentioned by meaning: how much is kept out, with the real starter model and without one."""

import numpy as np
import pytest
from never_mentioned import EVERYDAY, FRESH, SEEN
from test_character_memory import BagEmbedder, World, texts

from rpterm.memory.search.blocked_topics import BlockedTopics, Topic, about_topics


def shares(embedder, topics):
    """The share kept out of lines about a topic, of near misses, and of everyday lines."""
    known, found = BlockedTopics(embedder), ([], [], [])
    for phrase, (about, near) in topics.items():
        lines = [*about, *near, *EVERYDAY]
        vectors = embedder.encode([f"Ann: {line}" for line in lines])
        hushed = about_topics(known.of([phrase], embedder.dim), vectors, ["Ann"] * len(lines))
        edges = np.cumsum([len(about), len(near)])
        for share, part in zip(found, np.split(hushed, edges), strict=True):
            share.extend(part)
    return [float(np.mean(share)) for share in found]


@pytest.mark.model
def test_other_words_for_a_topic_are_kept_out_and_little_else(starter):
    starter.encode(["."])
    about, near, everyday = shares(starter, SEEN)
    assert (about > 0.5, near < 0.1, everyday) == (True, True, 0.0)
    about, near, everyday = shares(starter, FRESH)
    assert (about > 0.3, near < 0.15, everyday < 0.02) == (True, True, True)


def test_the_name_of_the_speaker_is_left_to_words():
    topic = Topic(frozenset(["ann"]), np.array([1, 0], np.float32))
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0, 0]], np.float32)
    assert about_topics([topic], vectors, ["Ann", "", "", ""]).tolist() == [
        False,
        True,
        False,
        False,
    ]


def test_topics_of_another_size_or_not_in_time_keep_nothing_out():
    embedder = BagEmbedder()
    assert len(BlockedTopics(embedder).of(["bees"], embedder.dim)) == 1
    assert BlockedTopics(embedder).of(["bees"], embedder.dim + 1) == []
    embedder.encode_now = lambda text, timeout: None
    assert BlockedTopics(embedder).of(["bees"], embedder.dim) == []
    assert BlockedTopics(None).of(["bees"], 0) == []


def test_a_pinned_memory_is_recalled_whatever_it_speaks_of(tmp_path):
    world = World(tmp_path / "t.db", BagEmbedder())
    world.memory.start()
    note = world.memory.add("this is about grief, this is about sorrow")
    world.memory.block("sorrow and grief")
    chat = world.chat()
    assert texts(world.ask(chat, "grief, sorrow?")) == []
    world.memory.mark(note.id, "pinned")
    assert len(world.ask(chat, "grief, sorrow?")) == 1
    world.close()
