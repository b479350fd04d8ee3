"""Keys with macros follow the persona and the card; a book that stayed is not prepared again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rpterm.cards.card import CharacterCard, Lorebook, LoreEntry
from rpterm.prompt import lore
from rpterm.prompt.chat_view import ChatView
from rpterm.prompt.lore import LoreFinder
from rpterm.types import Chat, Persona, Turn


def _book(*entries: LoreEntry) -> Lorebook:
    return Lorebook(entries)


def _chat(persona: str) -> Chat:
    return Chat(1, "", "Mara", "", persona=Persona(persona))


def _fired(finder: LoreFinder, card: CharacterCard, persona: str, text: str) -> list[str]:
    chat, history = _chat(persona), [Turn(1, 1, None, "user", persona, text)]
    found = finder.find(ChatView(card, chat, history), 4096)
    return [insert.source for insert in found.inserts]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Lorebook]:
    """Every book that was prepared."""
    books: list[Lorebook] = []
    real = lore.Matcher

    def counting(book: Lorebook, *rest: object) -> object:
        books.append(book)
        return real(book, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(lore, "Matcher", counting)
    return books


@pytest.mark.parametrize(
    "entry",
    [
        LoreEntry(("{{user}}",), "Known here.", name="you"),
        LoreEntry(("/{{user}}/i",), "Known here.", name="you"),
        LoreEntry(("am",), "@@additional_keys {{user}}\nKnown here.", name="you"),
    ],
)
def test_a_key_with_the_users_name_follows_the_persona(entry: LoreEntry) -> None:
    card = CharacterCard("Mara", lorebook=_book(entry))
    finder = LoreFinder(len)
    assert _fired(finder, card, "Ann", "I am Ann.") == ["lore:you"]
    assert _fired(finder, card, "Ben", "I am Ann.") == []
    assert _fired(finder, card, "Ben", "I am Ben.") == ["lore:you"]


def test_a_key_with_the_characters_name_follows_the_card() -> None:
    card = CharacterCard("Mara", lorebook=_book(LoreEntry(("{{char}}",), "Her.", name="she")))
    finder = LoreFinder(len)
    assert _fired(finder, card, "Ann", "Mara?") == ["lore:she"]
    renamed = replace(card, nickname="Vex")
    assert _fired(finder, renamed, "Ann", "Mara?") == []
    assert _fired(finder, renamed, "Ann", "Vex?") == ["lore:she"]


def test_a_new_name_recompiles_nothing_without_macros_in_keys(made: list[Lorebook]) -> None:
    card = CharacterCard("Mara", lorebook=_book(LoreEntry(("lamp",), "Oil.", name="lamp")))
    finder = LoreFinder(len)
    for persona in ("Ann", "Ben", "Ann"):
        assert _fired(finder, card, persona, "the lamp") == ["lore:lamp"]
    assert len(made) == 1


def test_a_reloaded_card_keeps_its_compiled_lorebook(made: list[Lorebook]) -> None:
    entry = LoreEntry(("lamp",), "Oil.", name="lamp")
    finder = LoreFinder(len)
    assert _fired(finder, CharacterCard("Mara", lorebook=_book(entry)), "Ann", "lamp")
    assert _fired(finder, CharacterCard("Mara", lorebook=_book(entry)), "Ann", "lamp")
    assert len(made) == 1
    changed = replace(entry, keys=("bell",))
    assert not _fired(finder, CharacterCard("Mara", lorebook=_book(changed)), "Ann", "lamp")
    assert len(made) == 2


def test_a_constant_entry_stays_in_the_fixed_part_and_no_other_does() -> None:
    entries = (
        LoreEntry((), "Rain.", name="always", constant=True),
        LoreEntry(("am",), "A", name="b"),
    )
    view = ChatView(
        CharacterCard("Mara", lorebook=_book(*entries)),
        _chat("Ann"),
        [Turn(1, 1, None, "user", "Ann", "I am.")],
    )
    found = LoreFinder(len).find(view, 4096)
    assert [each.source for each in found.fixed] == ["lore:always"]
    assert [each.source for each in found.inserts] == ["lore:b"]
