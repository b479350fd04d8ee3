"""Downloads against a server of our own: whole, cut and resumed, damaged, missing, no room."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import namedtuple
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from gguf_maker import build

from rpterm.errors import RptermError
from rpterm.models import download
from rpterm.models.download import download_model
from rpterm.models.file_cache import FileCache
from rpterm.models.hub import HubFile, parse_source, with_file

DATA = build() + bytes(300_000)
SPEC = "them/tiny-GGUF/tiny.gguf"


class Hub:
    """What the server does; the tests turn its knobs."""

    def __init__(self) -> None:
        self.data = DATA
        self.digest = hashlib.sha256(DATA).hexdigest()
        self.cut_at: list[int] = []
        self.ranges: list[str | None] = []
        self.status = 200
        self.resumes = True
        self.code = ""


class Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *_: object) -> None:
        return

    def do_HEAD(self) -> None:
        if not self._found():
            return
        self.send_response(200)
        self.send_header("ETag", f'"{self.hub.digest}"')
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("Content-Length", str(len(self.hub.data)))
        self.end_headers()

    def do_GET(self) -> None:
        if self.hub.status == 200 and "/tree/main" in self.path:
            listed = [{"type": "file", "path": "tiny.F16.gguf", "size": 1, "oid": "0"}]
            self._json(json.dumps(listed).encode())
            return
        if not self._found():
            return
        asked = self.headers.get("Range")
        self.hub.ranges.append(asked)
        start = 0
        if asked and self.hub.resumes:
            start = int(re.findall(r"\d+", asked)[0])
        body = self.hub.data[start:]
        self.send_response(206 if start else 200)
        if start:
            size = len(self.hub.data)
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.hub.cut_at:
            body = body[: max(0, self.hub.cut_at.pop(0) - start)]
            self.close_connection = True
        self.wfile.write(body)

    def _json(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _found(self) -> bool:
        files = ("/resolve/main/tiny.gguf", "/resolve/main/tiny.F16.gguf")
        if self.hub.status != 200 or not self.path.endswith(files):
            self.send_response(404 if self.hub.status == 200 else self.hub.status)
            if self.hub.code:
                self.send_header("X-Error-Code", self.hub.code)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return False
        return True


@pytest.fixture
def hub() -> Iterator[tuple[Hub, str]]:
    knobs = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("H", (Handler,), {"hub": knobs}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield knobs, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """huggingface_hub waits a second before it tries again."""
    import huggingface_hub.file_download as theirs

    monkeypatch.setattr(theirs.time, "sleep", lambda _: None)
    monkeypatch.setattr(theirs.constants, "DOWNLOAD_CHUNK_SIZE", 16_384)


def test_a_name_a_repository_or_a_link_is_a_source() -> None:
    nemo = parse_source("mistral-nemo-12b")
    assert nemo.repo == "bartowski/Mistral-Nemo-Instruct-2407-GGUF"
    assert parse_source("a/b/c/d.gguf") == HubFile("a/b", "c/d.gguf")
    link = "https://huggingface.co/a/b/resolve/main/c.gguf?download=true"
    assert parse_source(link) == HubFile("a/b", "c.gguf")
    assert parse_source(link.replace("resolve", "blob")) == HubFile("a/b", "c.gguf")
    assert parse_source(link.replace("huggingface.co", "mirror.example")) == HubFile(
        "a/b", "c.gguf"
    )
    assert parse_source("a/b/blob/main/c.gguf") == HubFile("a/b", "blob/main/c.gguf")
    for repository in (
        "a/b",
        "https://huggingface.co/a/b",
        "hf.co/a/b",
        "https://hf.co/a/b/tree/main",
    ):
        assert parse_source(repository) == HubFile("a/b", "")
    assert parse_source("a/b-GGUF:Q5_K_M") == HubFile("a/b-GGUF", "", "Q5_K_M")
    for wrong in ("", "a/b.gguf", "a/b/c.bin", "a/b/../c.gguf", "../b", "a b/c", "gemma-2-2"):
        with pytest.raises(RptermError, match=r"OWNER/REPO/FILE\.gguf"):
            parse_source(wrong)
    with pytest.raises(RptermError, match="did you mean gemma-2-2b"):
        parse_source("gema-2-2b")


FILES = [
    "README.md", "mmproj-F16.gguf", "tiny-Q4_K_M-00001-of-00002.gguf", "tiny-Q8_0.gguf",
    "IQ4_XS/tiny-IQ4_XS.gguf", "tiny-UD-Q5_K_XL.gguf",
]  # fmt: skip


@pytest.mark.parametrize(
    ("quantization", "file"),
    [("", "IQ4_XS/tiny-IQ4_XS.gguf"), ("q8_0", "tiny-Q8_0.gguf"),
     ("Q5_K_XL", "tiny-UD-Q5_K_XL.gguf")],
)  # fmt: skip
def test_a_file_is_chosen_from_a_repository(quantization: str, file: str) -> None:
    assert with_file(HubFile("a/b", "", quantization), FILES).file == file


def test_a_repository_without_such_a_file() -> None:
    with pytest.raises(RptermError, match="a/b has no Q2_K: it has IQ4_XS, Q5_K_XL, Q8_0"):
        with_file(HubFile("a/b", "", "Q2_K"), FILES)
    with pytest.raises(RptermError, match="no model in a single GGUF file"):
        with_file(HubFile("a/b", ""), FILES[:3])
    with pytest.raises(RptermError, match="no GGUF file"):
        with_file(HubFile("a/b", ""), FILES[:1])


def test_a_download_from_a_repository(hub: tuple[Hub, str], tmp_path: Path) -> None:
    assert download_model("them/tiny-GGUF", tmp_path, endpoint=hub[1]).name == "tiny.F16.gguf"


def test_a_repository_that_does_not_exist(hub: tuple[Hub, str], tmp_path: Path) -> None:
    hub[0].status, hub[0].code = 404, "RepoNotFound"
    with pytest.raises(RptermError, match="no repository them/tiny-GGUF"):
        download_model("them/tiny-GGUF", tmp_path, endpoint=hub[1])


def test_a_complete_download(hub: tuple[Hub, str], tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    path = download_model(
        SPEC,
        tmp_path / "models",
        endpoint=hub[1],
        cache=tmp_path / "c",
        on_progress=lambda *each: seen.append(each),
    )
    assert path.read_bytes() == DATA
    assert [file.name for file in path.parent.iterdir()] == ["tiny.gguf"]
    assert FileCache(path, tmp_path / "c").get("sha256") == hub[0].digest
    assert ("download", len(DATA), len(DATA)) in seen
    assert seen[-1] == ("check", len(DATA), len(DATA))
    done = [each[1] for each in seen if each[0] == "download"]
    assert done == sorted(done)
    assert download_model(SPEC, tmp_path / "models", endpoint=hub[1]) == path
    assert len(hub[0].ranges) == 1


def test_an_interrupted_connection_is_resumed(hub: tuple[Hub, str], tmp_path: Path) -> None:
    hub[0].cut_at = [100_000, 200_000]
    assert download_model(SPEC, tmp_path, endpoint=hub[1]).read_bytes() == DATA
    assert hub[0].ranges[0] is None
    assert all(each for each in hub[0].ranges[1:])


def test_a_download_is_resumed_in_another_run(hub: tuple[Hub, str], tmp_path: Path) -> None:
    part = tmp_path / f"tiny.gguf.{hub[0].digest[:16]}.part"
    part.write_bytes(DATA[:123_456])
    seen: list[int] = []
    path = download_model(
        SPEC, tmp_path, endpoint=hub[1], on_progress=lambda _, done, __: seen.append(done)
    )
    assert path.read_bytes() == DATA
    assert hub[0].ranges == ["bytes=123456-"]
    assert seen[0] == 123_456


def test_a_killed_run_keeps_the_partial_file(hub: tuple[Hub, str], tmp_path: Path) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if done > 150_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download_model(SPEC, tmp_path, endpoint=hub[1], on_progress=stop)
    (part,) = tmp_path.glob("*.part")
    assert 100_000 < part.stat().st_size < len(DATA)
    assert download_model(SPEC, tmp_path, endpoint=hub[1]).read_bytes() == DATA
    assert hub[0].ranges[-1] is not None


def test_a_server_that_cannot_resume(hub: tuple[Hub, str], tmp_path: Path) -> None:
    hub[0].resumes = False
    (tmp_path / f"tiny.gguf.{hub[0].digest[:16]}.part").write_bytes(b"x" * 100)
    assert download_model(SPEC, tmp_path, endpoint=hub[1]).read_bytes() == DATA


def test_a_damaged_download_is_detected_and_deleted(hub: tuple[Hub, str], tmp_path: Path) -> None:
    part = tmp_path / f"tiny.gguf.{hub[0].digest[:16]}.part"
    part.write_bytes(b"?" * 5000)
    with pytest.raises(RptermError, match="arrived damaged"):
        download_model(SPEC, tmp_path, endpoint=hub[1])
    assert list(tmp_path.iterdir()) == []
    assert download_model(SPEC, tmp_path, endpoint=hub[1]).read_bytes() == DATA


def test_another_file_is_never_overwritten(hub: tuple[Hub, str], tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(b"mine")
    with pytest.raises(RptermError, match="is another file"):
        download_model(SPEC, tmp_path, endpoint=hub[1])
    assert (tmp_path / "tiny.gguf").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (404, "EntryNotFound", r"There is no tiny\.gguf in them/tiny-GGUF"),
        (404, "RepoNotFound", r"There is no tiny\.gguf"),
        (401, "RepoNotFound", "requires a login, or does not exist"),
        (403, "GatedRepo", "requires a login"),
        (503, "", r"answered with an error \(503\)"),
    ],
)
def test_the_server_s_errors_are_told_in_a_sentence(
    hub: tuple[Hub, str], tmp_path: Path, status: int, code: str, words: str
) -> None:
    hub[0].status, hub[0].code = status, code
    with pytest.raises(RptermError, match=words):
        download_model(SPEC, tmp_path, endpoint=hub[1])


def test_a_server_that_cannot_be_reached_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RptermError, match="network"):
        download_model(SPEC, tmp_path, endpoint="http://127.0.0.1:9")


def test_a_web_page_instead_of_weights(hub: tuple[Hub, str], tmp_path: Path) -> None:
    hub[0].digest = "abc"
    with pytest.raises(RptermError, match="not a model file"):
        download_model(SPEC, tmp_path, endpoint=hub[1])


def test_too_little_disk_space(
    hub: tuple[Hub, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage(10, 9, 1))
    with pytest.raises(RptermError, match=r"needs 0\.?\d* ?.?B|needs \d+ \w?B and"):
        download_model(SPEC, tmp_path, endpoint=hub[1])
    assert hub[0].ranges == []


def test_a_disk_that_fills_up(
    hub: tuple[Hub, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download, "_transfer", full)
    with pytest.raises(RptermError, match="The disk is full"):
        download_model(SPEC, tmp_path, endpoint=hub[1])


def test_two_downloads_at_once(hub: tuple[Hub, str], tmp_path: Path) -> None:
    def again(stage: str, done: int, total: int) -> None:
        if stage == "download" and done == 0:
            with pytest.raises(RptermError, match="Another rpterm"):
                download_model(SPEC, tmp_path, endpoint=hub[1])

    assert download_model(SPEC, tmp_path, endpoint=hub[1], on_progress=again).read_bytes() == DATA
