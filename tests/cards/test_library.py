"""Finding cards by name and by path."""

from pathlib import Path

import pytest

from rpterm.cards.library import CardNotFound, card_folders, find, summaries


@pytest.fixture
def shelves(tmp_path: Path) -> list[Path]:
    mine, shipped = tmp_path / "mine", tmp_path / "shipped"
    for folder in (mine, shipped):
        folder.mkdir()
    (mine / "ada.toml").write_text('name = "Ada of mine"\ntagline = "Mine."\n')
    (shipped / "ada.toml").write_text('name = "Ada"\n')
    (shipped / "Iron-Duke.toml").write_text('name = "Arthur Wellesley"\nnickname = "Duke"\n')
    (shipped / "broken.toml").write_text("name = \n")
    return [mine, shipped]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("ada", "mine/ada.toml"),
        ("ADA", "mine/ada.toml"),
        ("iron duke", "shipped/Iron-Duke.toml"),
        ("iron_duke", "shipped/Iron-Duke.toml"),
        ("Arthur Wellesley", "shipped/Iron-Duke.toml"),
        ("arthur", "shipped/Iron-Duke.toml"),
        ("duke", "shipped/Iron-Duke.toml"),
        ("broken", "shipped/broken.toml"),
    ],
)
def test_a_card_is_found_by_any_of_its_names(shelves: list[Path], name: str, file: str) -> None:
    assert find(name, shelves) == shelves[0].parent / file


@pytest.mark.parametrize("name", ["inês duarte", "ines-duarte", "inês", "Ines"])
def test_a_broken_card_is_found_by_its_first_name_and_without_accents(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "inês-duarte.toml").write_text("name = \n")
    assert find(name, [tmp_path]).stem == "inês-duarte"


def test_a_card_is_found_by_its_path(shelves: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shelves[0])
    assert find("./ada.toml", []) == Path("ada.toml")
    assert find("ada.toml", []) == Path("ada.toml")
    with pytest.raises(CardNotFound, match="no file"):
        find("./adda.toml", shelves)


def test_a_near_name_is_offered(shelves: list[Path]) -> None:
    with pytest.raises(CardNotFound, match=r"Did you mean ada\?"):
        find("adda", shelves)
    with pytest.raises(CardNotFound, match="There are: ada"):
        find("zzzzzz", shelves)
    with pytest.raises(CardNotFound, match="no cards yet"):
        find("ada", [])


@pytest.mark.parametrize("name", ["", " ", "\0", "\0.toml", "../..", "a" * 5000, "x" * 5000 + "/y"])
def test_odd_names_are_refused(shelves: list[Path], name: str) -> None:
    if name == "../..":  # a folder: the reader refuses it with a sentence
        assert find(name, shelves).is_dir()
    else:
        with pytest.raises(CardNotFound):
            find(name, shelves)


def test_other_programs_cards_get_a_hint_at_the_importer(tmp_path: Path) -> None:
    file = tmp_path / "my card.png"
    file.write_bytes(b"x")
    with pytest.raises(CardNotFound, match=r"rpterm cards import '.*my card\.png'"):
        find(str(file), [])


def test_summaries_include_invalid_cards(shelves: list[Path]) -> None:
    found = summaries(shelves)
    assert [(item.name, item.key) for item in found] == [
        ("Ada of mine", "ada"), ("Arthur Wellesley", "Iron-Duke"), ("broken", "broken"),
    ]  # fmt: skip
    assert found[0].tagline == "Mine."
    assert "broken.toml:1" in found[2].error
    assert found[2].card is None


def test_a_card_without_a_tagline_is_listed_by_its_description(tmp_path: Path) -> None:
    text = 'name = "Hy"\ndescription = "{{char}} reads\\nthe stars for {{user}}."\n'
    (tmp_path / "hy.toml").write_text(text)
    assert summaries([tmp_path])[0].about == "Hy reads the stars for User."


def test_the_shipped_folder_is_found(tmp_path: Path) -> None:
    found = card_folders(tmp_path)
    assert found[0] == tmp_path
    assert found[-1].name == "characters"
    assert card_folders(tmp_path / "missing") == found[1:]
