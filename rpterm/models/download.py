"""Get a model from Hugging Face: resumed where it was cut, checked against the server's hash.

The transfer itself is huggingface_hub's; its own ``hf_hub_download`` throws an unfinished file away
(since 2.0 each process writes under a name of its own), so the unfinished file is kept here:
``FILE.HASH.part`` beside the model, until the hash of all of it is right.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rpterm.marks import why
from rpterm.models.catalogue import MODELS, by_name
from rpterm.models.gguf import read_header
from rpterm.models.remember import FileFacts
from rpterm.plural import sized
from rpterm.types import RptermError

_SLACK = 64 << 20


class DownloadError(RptermError):
    """A model could not be had; what came so far is kept unless it was wrong."""


class OnProgress(Protocol):
    """Told how far a download is, in bytes; ``stage`` is ``download`` or ``check``."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file on Hugging Face."""

    repo: str
    file: str


def parse(spec: str) -> Wanted:
    """What ``rpterm models pull`` was given.

    Args:
        spec: A name of the catalogue, ``OWNER/REPO/FILE.gguf``, or the link of such a file.

    Raises:
        DownloadError: It is none of these.
    """
    known = by_name(spec)
    if known is not None:
        return Wanted(known.repo, known.file)
    parts = [part for part in spec.split("?")[0].split("/") if part]
    if parts[:1] in (["https:"], ["http:"]):
        parts = parts[2:]
        parts = parts[:2] + parts[4:] if parts[2:3] in (["resolve"], ["blob"]) else parts
    if len(parts) >= 3 and parts[-1].endswith(".gguf") and ".." not in parts:
        return Wanted("/".join(parts[:2]), "/".join(parts[2:]))
    from difflib import get_close_matches

    near = get_close_matches(spec.casefold(), [model.name for model in MODELS], 1, 0.5)
    hint = f"did you mean {near[0]}? Or give" if near else "give a name of `rpterm models`, or"
    raise DownloadError(f"{spec!r} names no model: {hint} OWNER/REPO/FILE.gguf of Hugging Face.")


def pull(
    spec: str,
    folder: Path,
    *,
    endpoint: str | None = None,
    token: str | bool | None = None,
    cache: Path | None = None,
    on_progress: OnProgress | None = None,
) -> Path:
    """Download a model, or go on with a download that was cut.

    Args:
        spec: See ``parse``.
        folder: The models folder; made where it is missing.
        endpoint: Another server that speaks the same; ``None`` is Hugging Face or ``HF_ENDPOINT``.
        token: For models behind a login; ``None`` uses the one huggingface_hub has, if any.
        cache: Where the hash is remembered.
        on_progress: Told bytes done and in all.

    Returns:
        The file, whole and checked. It is there at once when it was downloaded before.

    Raises:
        DownloadError: Offline, not found, behind a login, disk full, damaged on the way.
    """
    wanted = parse(spec)
    target = folder / Path(wanted.file).name
    from huggingface_hub.errors import HfHubHTTPError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _pull(wanted, target, endpoint, token, cache, on_progress or _silent)
    except HfHubHTTPError as error:
        raise DownloadError(_http_sentence(wanted, error)) from error
    except OSError as error:
        raise DownloadError(_os_sentence(wanted, target, error)) from error
    except _network_errors() as error:
        raise DownloadError(
            f"{wanted.repo} cannot be reached: {error}. Check the network and give the command "
            "again; it goes on where it was."
        ) from error


def _pull(
    wanted: Wanted,
    target: Path,
    endpoint: str | None,
    token: str | bool | None,
    cache: Path | None,
    on_progress: OnProgress,
) -> Path:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url = hf_hub_url(wanted.repo, wanted.file, endpoint=endpoint)
    meta = get_hf_file_metadata(url, token=token)
    digest, size = (meta.etag or "").strip('"').lower(), meta.size
    if size is None or len(digest) != 64:
        raise DownloadError(
            f"{wanted.repo} does not tell size and hash of {wanted.file}: it is not a model file."
        )
    if target.exists():
        return _already(target, digest, size, cache, on_progress)
    part = target.with_name(f"{target.name}.{digest[:16]}.part")
    with _OnlyOne(part):
        have = part.stat().st_size if part.exists() else 0
        _check_room(target.parent, size - have)
        _transfer(url, part, size, token, on_progress)
        _check_hash(part, digest, size, on_progress)
        read_header(part)
        part.replace(target)
    FileFacts(target, cache).set("sha256", digest)
    return target


def _already(
    target: Path, digest: str, size: int, cache: Path | None, on_progress: OnProgress
) -> Path:
    """A file of this name is there: fine if it is the same, and never overwritten."""
    if target.stat().st_size == size and _sha256(target, size, on_progress) == digest:
        FileFacts(target, cache).set("sha256", digest)
        return target
    raise DownloadError(
        f"{target} is there and is another file than the one asked for: move or delete it first."
    )


class _OnlyOne:
    """Two downloads into one file would spoil it: the second is refused."""

    def __init__(self, part: Path) -> None:
        self._part = part

    def __enter__(self) -> None:
        from filelock import FileLock, Timeout

        self._lock = FileLock(f"{self._part}.lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise DownloadError(
                f"{self._part.name} is being downloaded by another rpterm already: wait for it."
            ) from error

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        Path(f"{self._part}.lock").unlink(missing_ok=True)


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed + _SLACK > free:
        raise DownloadError(
            f"The download needs {sized(needed)} and {folder} has {sized(free)} free: make "
            "room, or set RPTERM_HOME to a folder on another disk."
        )


def _transfer(
    url: str, part: Path, size: int, token: str | bool | None, on_progress: OnProgress
) -> None:
    """Append what is missing. A server that cannot resume sends all again; that is handled."""
    import logging

    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils._headers import build_hf_headers

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    if part.exists() and part.stat().st_size > size:
        part.unlink()
    headers = {**build_hf_headers(token=token), "Accept-Encoding": "identity"}
    with part.open("ab") as file:
        http_get(
            url,
            file,
            resume_size=file.tell(),
            headers=headers,
            expected_size=size,
            tqdm_class=_bar(size, on_progress),
        )


def _bar(size: int, on_progress: OnProgress) -> Any:
    """What huggingface_hub takes for a progress bar."""

    class Bar:
        def __init__(self, *_: object, initial: int = 0, **__: object) -> None:
            self._done = initial
            on_progress("download", initial, size)

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None:
            return

        def update(self, count: float = 1) -> None:
            self._done += int(count)
            on_progress("download", self._done, size)

        def close(self) -> None:
            return

    return Bar


def _check_hash(part: Path, digest: str, size: int, on_progress: OnProgress) -> None:
    if _sha256(part, size, on_progress) != digest:
        part.unlink()
        raise DownloadError(
            f"{part.name} arrived damaged (its SHA-256 is not the server's) and was deleted: give "
            "the command again."
        )


def _sha256(path: Path, size: int, on_progress: OnProgress) -> str:
    digest, done = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            done += len(chunk)
            on_progress("check", done, size)
    return digest.hexdigest()


def _silent(stage: str, done: int, total: int) -> None:
    return


def _network_errors() -> tuple[type[Exception], ...]:
    """What the HTTP client of huggingface_hub raises without being an ``OSError``."""
    import importlib

    for name in ("httpx2", "httpx"):
        try:
            client = importlib.import_module(name)
        except ImportError:
            continue
        return (client.HTTPError,)
    return (ConnectionError,)


def _http_sentence(wanted: Wanted, error: Exception) -> str:
    from huggingface_hub.errors import GatedRepoError

    response = getattr(error, "response", None)
    status = getattr(response, "status_code", 0)
    if isinstance(error, GatedRepoError) or status in (401, 403):
        return (
            f"{wanted.repo} wants a login, or does not exist: accept its terms on its page, set "
            "HF_TOKEN to a token of yours, and give the command again."
        )
    if status == 404:
        return f"There is no {wanted.file} in {wanted.repo}: check the name on its page."
    return f"{wanted.repo} answered with an error ({status}): try again later."


def _os_sentence(wanted: Wanted, target: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: make room in {target.parent}, and give the command again."
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return f"{target.parent} cannot be written: make it writable, or set RPTERM_HOME."
    if isinstance(error, ConnectionError) or error.errno is None:
        return (
            f"The download of {wanted.file} was cut ({error}): give the command again; it goes on "
            "where it was."
        )
    return f"{target} cannot be written: {why(error)}."
