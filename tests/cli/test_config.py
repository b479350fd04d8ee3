"""Settings: read strictly, all problems at once, overridden in order, written back gently."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_tools import Cli

from rpterm import config
from rpterm.config import (
    ConfigError,
    Settings,
    load,
    origins,
    profiles,
    save,
    setting_kinds,
    values,
)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_missing_settings_file_means_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "none.toml") == Settings()


def test_every_problem_is_reported_with_its_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '# mine\nmodle = "x"\nthreads = "2"\ncontext = -4\nengine = "lama"\ncandidates = true\n'
        '[sampling]\ntemprature = 1.0\ntop_p = 2\nbanned = ["a", 3]\n[persona]\nname = 3\n',
    )
    with pytest.raises(ConfigError) as caught:
        load(path)
    told = caught.value.problems
    assert [int(line.split(":")[1]) for line in told] == [2, 3, 4, 5, 6, 8, 9, 10, 12]
    assert "did you mean model?" in told[0]
    assert "did you mean sampling.temperature?" in told[5]


@pytest.mark.parametrize(
    "text",
    ["theme = ", "[[", "a = 1\na = 2", "x = '\x00'", "context = " + "1" * 5000, "x = " + "[" * 999],
)
def test_broken_toml_is_reported_in_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text))
    assert len(caught.value.problems) == 1
    assert "config.toml:" in str(caught.value)


def test_a_settings_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        load(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


def test_flags_override_the_environment_which_overrides_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, 'threads = 1\ncontext = 512\ntheme = "nord"\n')
    env = {"RPTERM_THREADS": "2", "RPTERM_CONTEXT": "1024", "RPTERM_TEMPERATURE": "0.25"}
    settings = load(path, env, {"threads": 3, "sampling.seed": 7, "model": None})
    assert (settings.threads, settings.context, settings.theme) == (3, 1024, "nord")
    assert (settings.sampling.temperature, settings.sampling.seed) == (0.25, 7)


def test_problems_in_environment_and_flags_name_their_source(tmp_path: Path) -> None:
    env, flags = {"RPTERM_THREADS": "many"}, {"gpu_layers": -5, "sampling.top_p": float("nan")}
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "none.toml", env, flags)
    told = caught.value.problems
    assert [line.split()[0] for line in told] == ["RPTERM_THREADS", "--gpu-layers", "--top-p"]


def test_lists_and_tables_are_converted_to_their_types(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '[sampling]\nbanned = ["a", "b"]\nlogit_bias = { x = 1 }\n[keys]\nsend = "f1"\n',
    )
    settings = load(path)
    assert settings.sampling.banned == ("a", "b")
    assert settings.sampling.logit_bias == {"x": 1}
    assert settings.keys == {"send": "f1"}


def test_saving_keeps_comments_and_order(tmp_path: Path) -> None:
    path = write(tmp_path, '# top\nthreads = 2 # two\n\n[keys]\nsend = "f1" # mine\n')
    save(path, "threads", "3")
    save(path, "temperature", "0.5")
    save(path, "keys.quit", "f12")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# top\nthreads = 3 # two\n")
    assert 'send = "f1" # mine' in text
    settings = load(path)
    assert (settings.threads, settings.sampling.temperature) == (3, 0.5)
    assert settings.keys == {"send": "f1", "quit": "f12"}
    save(path, "threads", None)
    assert load(path).threads == 0


@pytest.mark.parametrize(
    ("name", "value"), [("foo", "1"), ("threads", "x"), ("engine", "gpt"), ("banned", "x y")]
)
def test_saving_refuses_values_that_loading_would_refuse(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(ConfigError):
        save(tmp_path / "config.toml", name, value)
    assert not (tmp_path / "config.toml").exists()


def test_saving_never_changes_a_broken_file(tmp_path: Path) -> None:
    path = write(tmp_path, "theme = \n")
    with pytest.raises(ConfigError, match="fix the file"):
        save(path, "theme", "nord")
    assert path.read_text(encoding="utf-8") == "theme = \n"


def test_saving_explains_what_stands_in_place_of_a_table(tmp_path: Path) -> None:
    path = write(tmp_path, "sampling = 5\n")
    with pytest.raises(ConfigError, match=r"write \[sampling\] and its settings below it"):
        save(path, "sampling.temperature", "0.5")


def test_every_setting_can_be_written_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    kinds = config.setting_kinds()
    for name, value in config.as_dict(Settings()).items():
        if kinds[name].shape == "plain" and value is not None:
            save(path, name, str(value))
    assert load(path) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("theme", "nosuch", "there is no 'nosuch'; there are"),
        ("remote_url", "notaurl", "is not an address such as http://"),
        ("remote_url", "ftp://host", "is not an address"),
        ("duel.b", "temperature=abc", "temperature"),
        ("context", "1" * 5000, "context must be a whole number, not '111"),
        ("sampling.banned", "[" * 999, "must be a list in TOML syntax"),
    ],
)
def test_values_that_cannot_be_used_are_refused(cli: Cli, name: str, value: str, said: str) -> None:
    done = cli("config", "set", name, value)
    assert done.code == 1 and said in done.err


def test_a_relative_model_path_is_saved_as_absolute(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mods").mkdir()
    (tmp_path / "mods" / "a.gguf").touch()
    monkeypatch.chdir(tmp_path)
    done = cli("config", "set", "model", "mods/a.gguf")
    assert done.code == 0 and done.err == f"model is now {tmp_path / 'mods' / 'a.gguf'}.\n"
    assert str(tmp_path / "mods" / "a.gguf") in cli("config", "show").out
    (tmp_path / "qwen").mkdir()
    assert cli("config", "set", "model", "qwen").code == 0
    assert str(tmp_path) not in cli("config", "show").out


@pytest.mark.parametrize("model", ["lama-3", "models/typo.gguf"])
def test_a_model_that_is_not_there_is_saved_with_a_warning(cli: Cli, model: str) -> None:
    done = cli("config", "set", "model", model)
    assert done.code == 0 and model in done.err and "no chat can begin" in done.err
    cli("config", "set", "engine", "remote")  # A server may well have it.
    assert cli("config", "set", "model", model).err == f"model is now {model}.\n"


def test_saving_keeps_a_symlink_and_its_permissions(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles" / "rpterm.toml", tmp_path / "config.toml"
    real.parent.mkdir()
    real.write_text("# mine\n", encoding="utf-8")
    real.chmod(0o644)
    link.symlink_to(real)
    config.save(link, "theme", "lamplight")
    assert link.is_symlink() and real.read_text("utf-8").startswith("# mine\n")
    assert config.load(link, {}).theme == "lamplight" and real.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in real.parent.iterdir()] == [real.name]


def profile(folder: Path, name: str, text: str) -> None:
    (folder / "profiles").mkdir(exist_ok=True)
    (folder / "profiles" / f"{name}.toml").write_text(text, encoding="utf-8")


def test_a_profile_overrides_the_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('profile = "wild"\ntheme = "paper"\n[sampling]\ntop_k = 9\nmin_p = 0.2\n')
    profile(tmp_path, "wild", 'model = "big"\n[sampling]\ntemperature = 1.3\nmin_p = 0.0\n')
    profile(tmp_path, "calm", "[sampling]\ntemperature = 0.2\n")
    wild = load(file)
    assert (wild.model, wild.theme) == ("big", "paper")
    assert (wild.sampling.temperature, wild.sampling.min_p, wild.sampling.top_k) == (1.3, 0.0, 9)
    assert load(file, {"RPTERM_TEMPERATURE": "0.7"}).sampling.temperature == 0.7
    calm = load(file, {"RPTERM_PROFILE": "calm"})
    assert (calm.sampling.temperature, calm.sampling.min_p, calm.model) == (0.2, 0.2, "")
    assert load(file, {"RPTERM_PROFILE": "calm"}, {"profile": "wild"}).model == "big"
    assert load(file, {}, {"profile": ""}).sampling.min_p == 0.2
    assert origins(file, {}, {})["sampling.temperature"] == "profile"
    assert profiles(file) == ["calm", "wild"]


@pytest.mark.parametrize(
    ("named", "text", "told"),
    [
        ("wilt", "", r"no profile 'wilt': there are wild\."),
        ("../wild", "", r"no profile '\.\./wild'"),
        ("wild", "temprature = 1\n", r"wild\.toml:1: temprature is not a setting"),
        ("wild", 'profile = "calm"\n', r"wild\.toml: a profile cannot name another"),
        ("wild", "[sampling\n", r"wild\.toml:1: "),
    ],
)
def test_a_missing_or_broken_profile_is_an_error(
    tmp_path: Path, named: str, text: str, told: str
) -> None:
    profile(tmp_path, "wild", text)
    with pytest.raises(ConfigError, match=told):
        load(tmp_path / "config.toml", {}, {"profile": named})


def test_every_number_has_a_range() -> None:
    numbers = {name for name, kind in setting_kinds().items() if kind.item in (int, float)}
    assert numbers - {"sampling.logit_bias"} == set(values.RANGES)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("context", "12", "context must be 0 or between 512 and"),
        ("think_tokens", "-5", "must be between 0 and"),
        ("profile", "nosuch", "There is no profile 'nosuch'"),
    ],
)
def test_a_value_that_no_chat_could_use_is_refused_at_once(
    cli: Cli, name: str, value: str, told: str
) -> None:
    refused = cli("config", "set", name, value)
    assert refused.code == 1 and told in refused.err
    assert f"{name} = {value}" not in cli("config", "show").out


def test_an_automatic_context_is_written_as_0(tmp_path: Path) -> None:
    assert load(write(tmp_path, "context = 0\n")).context == 0
    with pytest.raises(ConfigError, match=r"config\.toml:1: context must be 0 or between 512"):
        load(write(tmp_path, "context = 511\n"))


def test_an_adapter_that_does_not_exist_yet_is_saved_with_a_warning(cli: Cli) -> None:
    done = cli("config", "set", "adapter", "nowhere.gguf")
    assert done.code == 0 and "until it exists no chat can begin: nowhere.gguf" in done.err


def test_a_profile_is_created_and_used_from_the_command_line(cli: Cli) -> None:
    assert cli("config", "set", "temperature", "1.3", "--profile", "wild").code == 0
    file = Path(cli("config", "path", "--profile", "wild").out.strip())
    assert (file.parent.name, file.name) == ("profiles", "wild.toml")
    assert "temperature = 1.3" in file.read_text(encoding="utf-8")
    assert cli("config", "set", "profile", "wild").code == 0
    assert "sampling.temperature = 1.3" in cli("config", "show").out
    refused = cli("config", "set", "temperature", "1", "--profile", "../x")
    assert refused.code == 2 and "plain name" in refused.err
    gone = cli("chat", "sherlock", "--profile", "wilt", "--once", "Hi")
    assert gone.code != 0 and "no profile 'wilt': there are wild" in gone.err
