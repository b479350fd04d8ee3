"""Downloads a model from Hugging Face: resumable, and verified against the server's hash.

huggingface_hub does the transfer. Its own ``hf_hub_download`` discards an unfinished file (since
2.0 each process writes under a name of its own), so the unfinished file is managed here: it is kept
as ``FILE.HASH.part`` next to the model until its hash is right.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
from pathlib import Path
from typing import Any, Protocol

from rpterm.errors import RptermError, cause_of
from rpterm.humanize import byte_size
from rpterm.models.file_cache import FileCache
from rpterm.models.header import read_header
from rpterm.models.hub import HubFile, parse_source, with_file

_SPARE_BYTES = 64 << 20


class OnProgress(Protocol):
    """Called with the progress in bytes; ``stage`` is ``download`` or ``check``."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


def download_model(
    spec: str,
    folder: Path,
    *,
    endpoint: str | None = None,
    cache: Path | None = None,
    on_progress: OnProgress | None = None,
) -> Path:
    """Download a model, or resume an interrupted download.

    Args:
        spec: See ``hub.parse``.
        folder: The models folder; created if missing.
        endpoint: A server with the same API; ``None`` is Hugging Face or ``HF_ENDPOINT``.
        cache: The cache folder, where the hash is stored.
        on_progress: Called with the progress.

    Returns:
        The complete, verified file. Nothing is downloaded if it already exists.

    Raises:
        RptermError: The network, a missing file, a login, a full disk or a damaged transfer.
    """
    source = parse_source(spec)
    from huggingface_hub.errors import HfHubHTTPError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not source.file:
            source = with_file(source, _file_names(source.repo, endpoint))
        target = folder / Path(source.file).name
        return _pull(source, target, endpoint, cache, on_progress or _ignore_progress)
    except HfHubHTTPError as error:
        raise RptermError(_http_message(source, error)) from error
    except OSError as error:
        raise RptermError(_os_message(source, folder, error)) from error
    except _network_errors() as error:
        raise RptermError(
            f"{source.repo} cannot be reached: {error}. Check the network and repeat the command; "
            "the download continues where it stopped."
        ) from error


def _file_names(repo: str, endpoint: str | None) -> list[str]:
    from huggingface_hub import HfApi

    return list(HfApi(endpoint=endpoint).list_repo_files(repo))


def _pull(
    source: HubFile,
    target: Path,
    endpoint: str | None,
    cache: Path | None,
    on_progress: OnProgress,
) -> Path:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url = hf_hub_url(source.repo, source.file, endpoint=endpoint)
    meta = get_hf_file_metadata(url)
    digest, size = (meta.etag or "").strip('"').lower(), meta.size
    if size is None or len(digest) != 64:
        raise RptermError(
            f"{source.repo} gives no size and hash for {source.file}: it is not a model file."
        )
    if target.exists():
        return _check_existing(target, digest, size, cache, on_progress)
    part = target.with_name(f"{target.name}.{digest[:16]}.part")
    with _DownloadLock(part):
        downloaded = part.stat().st_size if part.exists() else 0
        _check_disk_space(target.parent, size - downloaded)
        _transfer(url, part, size, on_progress)
        _check_hash(part, digest, size, on_progress)
        read_header(part)
        part.replace(target)
    FileCache(target, cache).set("sha256", digest)
    return target


def _check_existing(
    target: Path, digest: str, size: int, cache: Path | None, on_progress: OnProgress
) -> Path:
    """Use an existing file of this name if it is the same; it is never overwritten."""
    if target.stat().st_size == size and _sha256(target, size, on_progress) == digest:
        FileCache(target, cache).set("sha256", digest)
        return target
    raise RptermError(f"{target} already exists and is another file: move or delete it first.")


class _DownloadLock:
    """Refuses a second download into the same file, which would corrupt it."""

    def __init__(self, part: Path) -> None:
        self._part = part

    def __enter__(self) -> None:
        from filelock import FileLock, Timeout

        self._lock = FileLock(f"{self._part}.lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise RptermError(
                f"Another rpterm is already downloading {self._part.name}: wait for it."
            ) from error

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        Path(f"{self._part}.lock").unlink(missing_ok=True)


def _check_disk_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed + _SPARE_BYTES > free:
        raise RptermError(
            f"The download needs {byte_size(needed)} and {folder} has {byte_size(free)} free: "
            "free some space, or set RPTERM_HOME to a folder on another disk."
        )


def _transfer(url: str, part: Path, size: int, on_progress: OnProgress) -> None:
    """Download the missing rest. If the server cannot resume, ``http_get`` starts over."""
    import logging

    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils._headers import build_hf_headers

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    if part.exists() and part.stat().st_size > size:
        part.unlink()
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    with part.open("ab") as file:
        http_get(
            url,
            file,
            resume_size=file.tell(),
            headers=headers,
            expected_size=size,
            tqdm_class=_progress_bar(size, on_progress),
        )


def _progress_bar(size: int, on_progress: OnProgress) -> Any:
    """A class with the part of tqdm's interface that huggingface_hub uses."""

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
        raise RptermError(
            f"{part.name} arrived damaged (its SHA-256 differs from the server's) and was deleted: "
            "repeat the command."
        )


def _sha256(path: Path, size: int, on_progress: OnProgress) -> str:
    digest, done = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            done += len(chunk)
            on_progress("check", done, size)
    return digest.hexdigest()


def _ignore_progress(stage: str, done: int, total: int) -> None:
    return


def _network_errors() -> tuple[type[Exception], ...]:
    """The errors of huggingface_hub's HTTP client that are no ``OSError``."""
    import importlib

    for name in ("httpx2", "httpx"):
        try:
            client = importlib.import_module(name)
        except ImportError:
            continue
        return (client.HTTPError,)
    return (ConnectionError,)


def _http_message(source: HubFile, error: Exception) -> str:
    from huggingface_hub.errors import GatedRepoError

    response = getattr(error, "response", None)
    status = getattr(response, "status_code", 0)
    if isinstance(error, GatedRepoError) or status in (401, 403):
        return (
            f"{source.repo} requires a login, or does not exist: accept its terms on its page, set "
            "HF_TOKEN to your token, and repeat the command."
        )
    if status == 404:
        what = f"{source.file} in {source.repo}" if source.file else f"repository {source.repo}"
        return f"There is no {what}: check the name on its page."
    return f"{source.repo} answered with an error ({status}): try again later."


def _os_message(source: HubFile, folder: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: free some space in {folder}, and repeat the command."
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return f"{folder} cannot be written: make it writable, or set RPTERM_HOME."
    if isinstance(error, ConnectionError) or error.errno is None:
        return (
            f"The download from {source.repo} was interrupted ({error}): repeat the command; it "
            "continues where it stopped."
        )
    return f"{folder} cannot be written: {cause_of(error)}."
