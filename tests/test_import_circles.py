"""No module imports itself through others, not even in annotations or inside functions.

import-linter's contracts ignore imports for annotations and compare packages; this reads every
import statement of every module. The modules of the chat screen are parts of that class, so they
may name it in their annotations.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import rpterm

ROOT = Path(rpterm.__file__).parent
CHAT_SCREEN = "rpterm.tui.screens.chat.screen"


def _name(file: Path) -> str:
    parts = file.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {_name(file): file for file in ROOT.rglob("*.py")}


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            members = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (each if each in FILES else node.module for each in members)


def test_no_module_imports_itself_through_others() -> None:
    graph = {module: set(_imports(file)) & FILES.keys() for module, file in FILES.items()}
    for module, imported in graph.items():
        if module.startswith(CHAT_SCREEN.removesuffix("screen")):
            imported.discard(CHAT_SCREEN)
    TopologicalSorter(graph).prepare()  # Raises CycleError, which names the circle.
