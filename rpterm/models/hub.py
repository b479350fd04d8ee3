"""Finds the file on Hugging Face that a name, a repository or a link means.

Asks the server for nothing but the names of a repository's files, and only when no file is named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rpterm.errors import RptermError
from rpterm.models.catalogue import MODELS, by_name

PREFERRED = ("Q4_K_M", "Q4_K_S", "IQ4_XS", "Q4_0", "Q5_K_M", "Q5_K_S", "Q3_K_M", "Q6_K", "Q8_0")
"""Quantizations in the order they are chosen: four bits keep most of the quality at a third of the
size, and ``Q4_K_M`` is what nearly every repository has."""
_SITES = ("huggingface.co", "www.huggingface.co", "hf.co")
_NAME = re.compile(r"[\w-][\w.-]*")
_QUANTIZATION = re.compile(r"(?:I?Q\d+(?:_[0-9A-Z]+)*|TQ\d_\d|MXFP4|BF16|F16|F32)", re.IGNORECASE)
_NO_WHOLE_MODEL = re.compile(r"mmproj|imatrix|-\d{5}-of-\d{5}", re.IGNORECASE)
"""Image encoders, calibration data, and parts of a split model."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file on Hugging Face.

    Attributes:
        file: Path in the repository; "" is still to be chosen.
        quantization: The kind of file to choose, such as ``Q5_K_M``; "" is the best known.
    """

    repo: str
    file: str
    quantization: str = ""


def parse_source(spec: str) -> HubFile:
    """Parse the argument of ``rpterm models pull``.

    Args:
        spec: A name from the catalogue, ``OWNER/REPO``, ``OWNER/REPO:QUANTIZATION``,
            ``OWNER/REPO/FILE.gguf``, or a link to a repository or a file.

    Raises:
        RptermError: It is none of these.
    """
    model = by_name(spec)
    if model is not None:
        return HubFile(model.repo, model.file)
    parts = _path(spec)
    if len(parts) >= 3 and parts[-1].endswith(".gguf") and ".." not in parts:
        return HubFile("/".join(parts[:2]), "/".join(parts[2:]))
    if len(parts) == 2:
        owner, (name, _, quantization) = parts[0], parts[1].partition(":")
        if _NAME.fullmatch(owner) and _NAME.fullmatch(name) and not name.endswith(".gguf"):
            return HubFile(f"{owner}/{name}", "", quantization)
    from difflib import get_close_matches

    near = get_close_matches(spec.casefold(), [model.name for model in MODELS], 1, 0.5)
    hint = f"did you mean {near[0]}? Or give" if near else "give a name from `rpterm models`, or"
    raise RptermError(
        f"There is no model {spec!r}: {hint} OWNER/REPO or OWNER/REPO/FILE.gguf on Hugging Face."
    )


def _path(spec: str) -> list[str]:
    """Owner, repository and what follows, also of a link."""
    parts = [part for part in spec.split("?")[0].split("/") if part]
    if parts[:1] in (["https:"], ["http:"]):  # The host may be a mirror: any will do.
        parts = parts[2:]
    elif parts[:1] and parts[0] in _SITES:
        parts = parts[1:]
    else:
        return parts
    if parts[2:3] in (["resolve"], ["blob"]):
        return parts[:2] + parts[4:]
    return parts[:2] if parts[2:3] == ["tree"] else parts


def with_file(source: HubFile, names: Sequence[str]) -> HubFile:
    """Choose one of a repository's files.

    Args:
        source: A repository, perhaps with a quantization.
        names: The paths of all its files.

    Raises:
        RptermError: It has no such file, or no model in one file at all.
    """
    kinds = {
        found[-1].upper(): name
        for name in names
        if name.endswith(".gguf") and not _NO_WHOLE_MODEL.search(name)
        if (found := _QUANTIZATION.findall(name.rsplit("/", 1)[-1]))
    }
    if not kinds:
        parts = any(name.endswith(".gguf") for name in names)
        reason = "no model in a single GGUF file" if parts else "no GGUF file"
        raise RptermError(
            f"{source.repo} has {reason}: look for a repository of the same model with GGUF in "
            "its name, or name a file as OWNER/REPO/FILE.gguf."
        )
    wanted = (source.quantization.upper(),) if source.quantization else (*PREFERRED, *kinds)
    for kind in wanted:
        if kind in kinds:
            return replace(source, file=kinds[kind])
    raise RptermError(
        f"{source.repo} has no {source.quantization}: it has {', '.join(sorted(kinds))}."
    )
