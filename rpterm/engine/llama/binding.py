"""Imports the low-level llama.cpp functions without the rest of the ``llama_cpp`` package.

``import llama_cpp`` also imports numpy, jinja2 and its own server classes, which takes 0.43 s
instead of 0.09 s for the binding alone. Only worker processes import this module, so no other code
sees the empty package that it registers.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
import types
from collections import deque
from typing import Any


def _import_functions() -> Any:
    spec = importlib.util.find_spec("llama_cpp")
    if spec is not None and spec.submodule_search_locations and "llama_cpp" not in sys.modules:
        package = types.ModuleType("llama_cpp")
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules["llama_cpp"] = package
    import llama_cpp.llama_cpp as functions

    return functions


lib: Any = _import_functions()
"""The module ``llama_cpp.llama_cpp``."""

_DEBUG, _CONTINUED = 1, 5  # As the library sends them; the package's own table differs.
recent: deque[str] = deque(maxlen=20)
"""The last messages of llama.cpp, which give the reason of a failure."""


def _make_log() -> Any:
    """A llama.cpp log callback that writes all but debug messages to stderr."""
    shown = True

    def write(level: int, text: bytes, _data: Any) -> None:
        nonlocal shown
        shown = shown if level == _CONTINUED else level != _DEBUG
        if shown:
            recent.append(text.decode("utf-8", "replace"))
            os.write(2, text)

    return lib.llama_log_callback(write)


_log = _make_log()  # A reference, because C code holds none.


def log_to_stderr() -> None:
    """Send llama.cpp's messages to stderr."""
    lib.llama_log_set(_log, ctypes.c_void_p(0))
