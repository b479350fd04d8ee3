"""Finds models by name: the files of the models folder, and the starter.

A model's name is its file's name, with or without ``.gguf``; a split model has the name of its
first part.
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
    """An installed model.

    Attributes:
        name: The value of ``--model``.
        size: Bytes of all its parts.
        starter: Whether it ships with rpterm.
    """

    name: str
    path: Path
    size: int
    starter: bool = False


def list_models(folder: Path) -> list[ModelFile]:
    """All models in the folder and its subfolders by name, the starter last."""
    models = [_model_file(path, folder) for path in _model_files(folder)]
    try:
        path = starter.locate(starter.LLM)
        models.append(ModelFile("starter", path, path.stat().st_size, starter=True))
    except (ModelError, OSError):
        pass
    return models


def find_model(name_or_path: str, models_folder: Path, cache: Path | None = None) -> Path:
    """Find the file of a model.

    Args:
        name_or_path: A path, a name or its beginning, or "" for the starter.
        cache: The cache folder, for the check of the starter's file.

    Raises:
        ModelError: There is no such model; the message suggests similar names.
    """
    if name_or_path in STARTER_NAMES:
        return starter.llm_path(cache)
    path = Path(name_or_path).expanduser()
    if path.is_absolute() or path.exists() or _is_pathlike(name_or_path):
        return path
    wanted = _without_suffix(name_or_path).casefold()
    names = {_without_suffix(file.name): file for file in _model_files(models_folder)}
    for name, file in names.items():
        if name.casefold() == wanted:
            return file
    matching = [file for name, file in names.items() if name.casefold().startswith(wanted)]
    if len(matching) == 1:
        return matching[0]
    raise ModelError(_unknown_model(name_or_path, list(names), models_folder))


def _model_files(folder: Path) -> list[Path]:
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
    return ModelFile(_without_suffix(path.name), path, sum(part.stat().st_size for part in parts))


def _without_suffix(name: str) -> str:
    return name[:-5] if name.casefold().endswith(".gguf") else name


def _is_pathlike(name: str) -> bool:
    return "/" in name or "\\" in name or name.startswith("~")


def _unknown_model(name: str, names: list[str], folder: Path) -> str:
    from difflib import get_close_matches

    lowered = {each.casefold(): each for each in names}
    near = get_close_matches(_without_suffix(name).casefold(), list(lowered), 3, 0.5)
    if near:
        return f"There is no model {name!r}; did you mean {', '.join(lowered[n] for n in near)}?"
    if names:
        return f"There is no model {name!r} in {folder}; it has {', '.join(names[:8])}."
    return (
        f"There is no model {name!r}: give the path of a .gguf file, or download a model with "
        "`rpterm models pull`."
    )
