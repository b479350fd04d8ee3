"""Models by name: the files of the models folder, and the starter.

A name is the file's name with or without ``.gguf``; a split model is named by its first part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rpterm.engine.protocol import ModelError
from rpterm.models import starter

STARTER_NAMES = ("", "starter")
_LATER_PART = re.compile(r"-(?!00001)\d{5}-of-\d{5}\.gguf$")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model a user has.

    Attributes:
        name: What ``--model`` takes.
        size: Bytes of all parts.
        starter: Whether it came with rpterm.
    """

    name: str
    path: Path
    size: int
    starter: bool = False


def list_models(folder: Path) -> list[ModelFile]:
    """Every model of the folder and below, by name; the starter last. A missing folder is empty."""
    found = [_model_file(path, folder) for path in _files(folder)]
    try:
        path = starter.locate(starter.LLM)
        found.append(ModelFile("starter", path, path.stat().st_size, starter=True))
    except (ModelError, OSError):
        pass
    return found


def resolve(name_or_path: str, models_folder: Path, cache: Path | None = None) -> Path:
    """The file of a model.

    Args:
        name_or_path: A path, a name in the folder, or "" for the starter.
        cache: Where the starter's verdict is remembered.

    Raises:
        ModelError: There is no such model; near names are told.
    """
    if name_or_path in STARTER_NAMES:
        return starter.llm_path(cache)
    path = Path(name_or_path).expanduser()
    if path.is_absolute() or path.exists() or _is_pathlike(name_or_path):
        return path
    wanted = _bare(name_or_path).casefold()
    names = {_bare(file.name): file for file in _files(models_folder)}
    for name, file in names.items():
        if name.casefold() == wanted:
            return file
    begun = [file for name, file in names.items() if name.casefold().startswith(wanted)]
    if len(begun) == 1:
        return begun[0]
    raise ModelError(_unknown(name_or_path, list(names), models_folder))


def _files(folder: Path) -> list[Path]:
    try:
        files = sorted(folder.rglob("*.gguf"))
    except OSError:
        return []
    return [
        file
        for file in files
        if file.is_file()
        and not _LATER_PART.search(file.name)
        and ".cache" not in file.relative_to(folder).parts
    ]


def _model_file(path: Path, folder: Path) -> ModelFile:
    parts = [path]
    if "-00001-of-" in path.name:
        parts = sorted(path.parent.glob(path.name.replace("-00001-of-", "-?????-of-")))
    return ModelFile(_bare(path.name), path, sum(part.stat().st_size for part in parts))


def _bare(name: str) -> str:
    return name[:-5] if name.casefold().endswith(".gguf") else name


def _is_pathlike(name: str) -> bool:
    return "/" in name or "\\" in name or name.startswith("~")


def _unknown(name: str, names: list[str], folder: Path) -> str:
    from difflib import get_close_matches

    lowered = {each.casefold(): each for each in names}
    near = get_close_matches(_bare(name).casefold(), list(lowered), 3, 0.5)
    if near:
        return f"There is no model {name!r}; did you mean {', '.join(lowered[n] for n in near)}?"
    if names:
        return f"There is no model {name!r} in {folder}; there are {', '.join(names[:8])}."
    return (
        f"There is no model {name!r}: give the path of a .gguf file, or get one with "
        "`rpterm models pull`."
    )
