"""A model of a few thousand random-looking weights with a SentencePiece vocabulary, as GGUF."""

from __future__ import annotations

import struct
from pathlib import Path

SPACE = "\u2581"
WORDS = (SPACE, *"helo,", "he", "ll", "hell", "hello", SPACE + "h", SPACE + "he", SPACE + "hello")
WIDTH, INNER = 32, 64
_UINT, _FLOAT, _BOOL, _TEXT, _LIST = 4, 6, 7, 8, 9
_UNKNOWN, _CONTROL, _NORMAL, _BYTE = 2, 3, 1, 6
_STATES, _STEPS, _KERNEL = 8, 4, 4
_COMMON = {"block_count": 1, "context_length": 512, "embedding_length": WIDTH}
_NUMBERS = {
    "llama": _COMMON | {
        "feed_forward_length": INNER, "attention.head_count": 2, "attention.head_count_kv": 2,
        "rope.dimension_count": WIDTH // 2,
    },
    "mamba": _COMMON | {
        "feed_forward_length": 0, "attention.head_count": 0, "ssm.conv_kernel": _KERNEL,
        "ssm.inner_size": INNER, "ssm.state_size": _STATES, "ssm.time_step_rank": _STEPS,
    },
}  # fmt: skip


def _text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def _fact(name: str, kind: int, packed: bytes) -> bytes:
    return _text(name) + struct.pack("<I", kind) + packed


def _list(name: str, kind: int, packed: list[bytes]) -> bytes:
    return _fact(name, _LIST, struct.pack("<IQ", kind, len(packed)) + b"".join(packed))


def _facts(architecture: str, space_prefix: bool) -> list[bytes]:
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{at:02X}>" for at in range(256)), *WORDS]
    kinds = [_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256, *[_NORMAL] * len(WORDS)]
    scores = [0.0] * 259 + [float(len(word)) for word in WORDS]
    numbers = _NUMBERS[architecture] | {"vocab_size": len(tokens)}
    return [
        _fact("general.architecture", _TEXT, _text(architecture)),
        *(_fact(f"{architecture}.{k}", _UINT, struct.pack("<I", v)) for k, v in numbers.items()),
        _fact(f"{architecture}.attention.layer_norm_rms_epsilon", _FLOAT, struct.pack("<f", 1e-5)),
        _fact("tokenizer.ggml.model", _TEXT, _text("llama")),
        _list("tokenizer.ggml.tokens", _TEXT, [_text(token) for token in tokens]),
        _list("tokenizer.ggml.scores", _FLOAT, [struct.pack("<f", score) for score in scores]),
        _list("tokenizer.ggml.token_type", 5, [struct.pack("<i", kind) for kind in kinds]),
        _fact("tokenizer.ggml.bos_token_id", _UINT, struct.pack("<I", 1)),
        _fact("tokenizer.ggml.eos_token_id", _UINT, struct.pack("<I", 2)),
        _fact("tokenizer.ggml.add_space_prefix", _BOOL, struct.pack("<?", space_prefix)),
    ]


def _shapes(architecture: str) -> dict[str, tuple[int, ...]]:
    many = 259 + len(WORDS)
    return {
        "token_embd.weight": (WIDTH, many), "output.weight": (WIDTH, many),
        "output_norm.weight": (WIDTH,), "blk.0.attn_norm.weight": (WIDTH,),
        **{f"blk.0.{name}": shape for name, shape in _BLOCKS[architecture].items()},
    }  # fmt: skip


_BLOCKS: dict[str, dict[str, tuple[int, ...]]] = {
    "llama": {
        **{f"attn_{name}.weight": (WIDTH, WIDTH) for name in ("q", "k", "v", "output")},
        "ffn_norm.weight": (WIDTH,), "ffn_gate.weight": (WIDTH, INNER),
        "ffn_up.weight": (WIDTH, INNER), "ffn_down.weight": (INNER, WIDTH),
    },
    "mamba": {
        "ssm_in.weight": (WIDTH, 2 * INNER), "ssm_conv1d.weight": (_KERNEL, INNER),
        "ssm_conv1d.bias": (INNER,), "ssm_x.weight": (INNER, _STEPS + 2 * _STATES),
        "ssm_dt.weight": (_STEPS, INNER), "ssm_dt.bias": (INNER,), "ssm_a": (_STATES, INNER),
        "ssm_d": (INNER,), "ssm_out.weight": (INNER, WIDTH),
    },
}  # fmt: skip


def write_model(path: Path, *, space_prefix: bool = True, architecture: str = "llama") -> Path:
    """Write the model and return its path; one of ``mamba`` has a memory that forgets no part."""
    shapes = _shapes(architecture)
    facts, tensors, weights = _facts(architecture, space_prefix), b"", b""
    for name, shape in shapes.items():
        tensors += _text(name) + struct.pack("<I", len(shape))
        tensors += struct.pack(f"<{len(shape)}Q", *shape) + struct.pack("<IQ", 0, len(weights))
        many = shape[0] * (shape[1] if len(shape) > 1 else 1)
        row = [((at * 2654435761) % 1000 / 1000 - 0.5) * 0.2 for at in range(many)]
        weights += struct.pack(f"<{many}f", *row)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(shapes), len(facts))
    head += b"".join(facts) + tensors
    path.write_bytes(head + b"\x00" * (-len(head) % 32) + weights)
    return path
