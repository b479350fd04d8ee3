"""llama.cpp as an ``Engine``: ``client`` talks to a ``worker`` process over a pipe."""

from rpterm.engine.llama.client import LlamaEngine
from rpterm.engine.llama.messages import ModelOptions

__all__ = ["LlamaEngine", "ModelOptions"]
