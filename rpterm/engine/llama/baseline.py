"""The baselines of ``rpterm bench engine``: llama.cpp without rpterm.

Runs as a process of its own: ``python -m rpterm.engine.llama.baseline < JOB.json``. ``decode`` is a
minimal greedy loop without a pipe or text. ``naive`` is what a simple chat program does: a chat
completion with this turn's memories and lore in the system message.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from typing import Any

import llama_cpp
import llama_cpp.llama_cpp as ll


def _discard(_level: int, _text: bytes, _data: Any) -> None:
    """Drop llama.cpp's log."""


_DISCARD_LOG = ll.llama_log_callback(_discard)  # A reference, because C code holds none.


def decode(job: dict[str, Any]) -> dict[str, float]:
    """Evaluate a prompt, then sample greedily.

    Args:
        job: ``model``, ``threads``, ``context``, ``prompt_ids`` and ``tokens`` (how many to
            sample).

    Returns:
        ``tokens_per_s`` from the first to the last sampled token.
    """
    params = ll.llama_model_default_params()
    params.n_gpu_layers = job.get("gpu_layers", 0)
    model = ll.llama_model_load_from_file(job["model"].encode(), params)
    settings = ll.llama_context_default_params()
    settings.n_ctx = job["context"]
    settings.n_threads = settings.n_threads_batch = job["threads"]
    context = ll.llama_init_from_model(model, settings)
    sampler = ll.llama_sampler_init_greedy()
    ids = job["prompt_ids"]
    tokens = (ctypes.c_int32 * len(ids))(*ids)
    size = ll.llama_n_batch(context)
    for start in range(0, len(ids), size):
        part = (ctypes.c_int32 * min(size, len(ids) - start)).from_buffer(tokens, start * 4)
        ll.llama_decode(context, ll.llama_batch_get_one(part, len(part)))
    one = (ctypes.c_int32 * 1)(ll.llama_sampler_sample(sampler, context, -1))
    began = time.perf_counter()
    for _ in range(job["tokens"] - 1):
        ll.llama_decode(context, ll.llama_batch_get_one(one, 1))
        one[0] = ll.llama_sampler_sample(sampler, context, -1)
    spent = time.perf_counter() - began
    return {"tokens_per_s": (job["tokens"] - 1) / spent}


def naive(job: dict[str, Any]) -> dict[str, float]:
    """Run a chat completion for each turn; only the last one is timed.

    Args:
        job: ``model``, ``threads``, ``context`` and ``chats`` (the list of messages of each
            successive turn).

    Returns:
        ``first_token_s`` of the last turn, with the earlier ones in the cache.
    """
    llama = llama_cpp.Llama(
        job["model"],
        n_ctx=job["context"],
        n_threads=job["threads"],
        n_threads_batch=job["threads"],
        n_gpu_layers=job.get("gpu_layers", 0),
        verbose=True,
    )
    first = 0.0
    for messages in job["chats"]:
        first = _first_token_s(llama, messages)
    return {"first_token_s": first}


def _first_token_s(llama: Any, messages: list[dict[str, str]]) -> float:
    """Seconds from the call to the first chunk with text (the very first has only the role)."""
    began = time.perf_counter()
    stream = llama.create_chat_completion(messages, max_tokens=4, stream=True, temperature=0.0)
    spent = 0.0
    for chunk in stream:
        if not spent and "content" in chunk["choices"][0]["delta"]:
            spent = time.perf_counter() - began
    return spent or time.perf_counter() - began


def main() -> None:
    """Read a job from stdin, write its result to stdout."""
    ll.llama_log_set(_DISCARD_LOG, ctypes.c_void_p(0))
    job = json.load(sys.stdin)
    result = {"decode": decode, "naive": naive}[job["what"]](job)
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
