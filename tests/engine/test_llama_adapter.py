"""A LoRA adapter changes what the model says, and states made without it are not used with it."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import pytest

from rpterm.engine.llama import LlamaEngine, ModelOptions
from rpterm.engine.protocol import Finished, GenerateRequest
from rpterm.types import Sampling

pytestmark = pytest.mark.model

WIDTH = 576
"""Of the starter model, in and out of a layer's query matrix."""
GREEDY = Sampling(seed=1, temperature=0.0, repeat_penalty=1.0, dry_multiplier=0.0, max_tokens=6)
Ids = tuple[int, ...]


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def write_adapter(path: Path, strength: float) -> None:
    """A rank-one adapter for the first layer's queries, as a GGUF file of version 3."""
    facts = text("general.architecture") + struct.pack("<I", 8) + text("llama")
    facts += text("general.type") + struct.pack("<I", 8) + text("adapter")
    facts += text("adapter.type") + struct.pack("<I", 8) + text("lora")
    facts += text("adapter.lora.alpha") + struct.pack("<If", 6, 1.0)
    size = WIDTH * 4
    tensors = b""
    for name, shape, offset in (("lora_a", (WIDTH, 1), 0), ("lora_b", (1, WIDTH), size)):
        tensors += text(f"blk.0.attn_q.weight.{name}")
        tensors += struct.pack("<IQQIQ", 2, *shape, 0, offset)
    head = b"GGUF" + struct.pack("<IQQ", 3, 2, 4) + facts + tensors
    head += b"\x00" * (-len(head) % 32)
    ups = struct.pack(f"<{WIDTH}f", *[1.0 - 2.0 * (at % 2) for at in range(WIDTH)])
    downs = struct.pack(f"<{WIDTH}f", *[strength * (1 + at % 3) for at in range(WIDTH)])
    path.write_bytes(head + ups + downs)


def greedy(engine: LlamaEngine, prompt: Ids) -> Ids:
    events = list(engine.generate(GenerateRequest(prompt, GREEDY)))
    return next(event.ids for event in events if isinstance(event, Finished))


def test_an_adapter_changes_replies_by_its_strength_and_refuses_other_states(
    engine: LlamaEngine, starter: Path, prompt: Ids, tmp_path: Path
) -> None:
    plain = greedy(engine, prompt)
    assert engine.save_state(tmp_path / "plain.kv")
    found = {}
    for strength in (0.0, 3.0):
        path = tmp_path / f"{strength}.gguf"
        write_adapter(path, strength)
        other = LlamaEngine(
            ModelOptions(starter, context=256, threads=2, sequences=1, adapter=path)
        )
        assert other.load().model == f"{starter.stem} + {path.stem}"
        assert other.load().adapter_hash == hashlib.sha256(path.read_bytes()).hexdigest()
        assert other.load_state(tmp_path / "plain.kv") == 0
        found[strength] = greedy(other, prompt)
        other.close()
    assert found[0.0] == plain
    assert found[3.0] != plain


def test_states_of_another_model_are_refused(
    engine: LlamaEngine, starter: Path, prompt: Ids, tmp_path: Path
) -> None:
    """The same shape and even the same weights, but said to be another model."""
    greedy(engine, prompt)
    assert engine.save_state(tmp_path / "kv")
    other = LlamaEngine(
        ModelOptions(starter, context=256, threads=2, sequences=1, model_hash="another")
    )
    assert other.load_state(tmp_path / "kv") == 0
    other.close()
    assert engine.load_state(tmp_path / "kv") > 0
