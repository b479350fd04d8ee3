"""Writes examples and worlds into a chat's card: into its file if it has one of its own.

The file is replaced atomically, so nobody reads half of it. If the card ships with the program, a
copy is written to the user's folder, and the chat goes on with the copy. ``undo`` works while the
text is still the one written here. A world may belong to the chat alone, which changes no card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rpterm.cards import library, worlds
from rpterm.cards.authoring import card_files, card_worlds, example_edit
from rpterm.cards.card import CharacterCard, Example
from rpterm.cards.format import reader
from rpterm.cards.format.writer import dump
from rpterm.cards.worlds import CardText
from rpterm.errors import RptermError
from rpterm.examples.records import card_key
from rpterm.store.example_settings import ExampleMarks
from rpterm.types import Chat, Member

if TYPE_CHECKING:
    from rpterm.store import Store

CHAT = "this chat"
"""Stands for the chat itself in the place of a card's name."""


class SceneLike(Protocol):
    """The part of a session's scene used here."""

    @property
    def present(self) -> list[Member]: ...
    def set_card_path(self, name: str, path: str) -> None: ...


class CardSession(Protocol):
    """The part of a session used here."""

    store: Store
    card: CharacterCard

    @property
    def chat(self) -> Chat: ...
    @property
    def scene(self) -> SceneLike: ...
    def set_card(self, card: CharacterCard, text: str, member: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class Edit:
    """One change that can be undone.

    Attributes:
        member: The card name of one of several characters; "" is the chat's own card.
        before: The card's text before the change.
        after: Its text after the change.
        old: The example that was changed; ``None`` if one was added.
        new: The changed example; ``None`` if one was added.
    """

    member: str
    before: str
    after: str
    old: Example | None = None
    new: Example | None = None


class CardEditor:
    """Changes the cards of one session, and undoes changes."""

    def __init__(self, session: CardSession, folder: Path | None) -> None:
        """Create an editor.

        Args:
            folder: The user's own folder, for copies of cards that ship with the program.
        """
        self.session = session
        self._folder = folder
        self._folders = [*([folder] if folder else []), *library.card_folders(None)]
        self._undo: list[Edit] = []

    def add(self, example: Example, member: str = "") -> str:
        """Append an example to a card; returns a sentence for the user.

        Args:
            member: The card name of one of several characters; "" is the chat's own card.

        Raises:
            RptermError: The card cannot be read, changed, or written.
        """
        before = self._text(member)
        dialogues = [each.dialogue for each in reader.parse(before).examples]
        if example.dialogue in dialogues:
            number = dialogues.index(example.dialogue) + 1
            raise RptermError(f"The card has this exchange already, as example {number}.")
        after = example_edit.add(before, example)
        where = self._write(Edit(member, before, after))
        return f"Example {len(reader.parse(after).examples)} was added {where}"

    def change(self, old: Example, new: Example) -> str:
        """Reword an example of the chat's own card, wherever in the card it stands now.

        Whether the card pins it does not change.

        Raises:
            RptermError: As for ``add``, or the card has no such example, or has it twice.
        """
        before = self._text("")
        examples = reader.parse(before).examples
        number = _example_number(examples, old)
        new = replace(new, pinned=examples[number - 1].pinned)
        after = example_edit.change(before, number, new)
        where = self._write(Edit("", before, after, old, new))
        self._move_marks(old, new)
        return f"Example {number} was changed {where}"

    def toggle_world(self, world: str, whose: str = "") -> str:
        """Add a world to a card, or remove it if it is there; returns a sentence for the user.

        Args:
            whose: The card name of one of several characters; "" is the chat's own card; ``CHAT``
                adds the world to this chat alone.

        Raises:
            RptermError: As for ``add``, or there is no such world.
        """
        if whose == CHAT:
            return self._toggle_world_of_chat(world)
        path = self.file(whose)
        if path is None:
            raise RptermError("The card's file is gone, so it cannot name other worlds.")
        before = self._text(whose)
        remove = bool(card_worlds.match_world_name(reader.parse(before).worlds, world))
        own = card_files.writable_path(path, self._folder)
        after = card_worlds.with_world_changed(before, world, own, self._folders, leave=remove)
        where = self._write(Edit(whose, before, after))
        return f"The world {world} was {'removed' if remove else 'added'} {where}"

    def parse_target(self, words: str) -> tuple[str, str]:
        """The card and the world named by ``WORLD`` or ``WHOSE: WORLD``; see ``toggle_world``."""
        name, _, world = (part.strip() for part in words.partition(":"))
        cards = {each.speaker.casefold(): each.card_name for each in self.session.scene.present[1:]}
        cards |= {self.session.card.char.casefold(): "", "chat": CHAT}
        whose = cards.get(name.casefold()) if world else None
        return ("", words) if whose is None else (whose, world)

    def _toggle_world_of_chat(self, world: str) -> str:
        chat = self.session.chat
        removed = card_worlds.match_world_name(chat.worlds, world)
        chat_worlds = tuple(each for each in chat.worlds if each != removed)
        if not removed:
            path = self.file("") or self._placeholder_path
            added = card_worlds.world_reference_for_chat(world, path, self._folders)
            chat_worlds = (*chat_worlds, added)
        members = ["", *(member.card_name for member in self.session.scene.present[1:])]
        cards = {each: self._with_chat_worlds(each, chat_worlds, removed) for each in members}
        for member, card in cards.items():
            self.session.set_card(card.card, card.text, member)
        self.session.store.update_chat(chat.id, worlds=chat_worlds)
        return f"The world {world} was {'removed from' if removed else 'added to'} this chat alone."

    def _with_chat_worlds(self, member: str, extra: tuple[str, ...], removed: str) -> CardText:
        """A card with these worlds of the chat added, and one removed."""
        if (path := self.file(member)) is not None:
            return worlds.CardReader(path, self._folders, extra).read()
        # A card without a file is the chat's own text, which includes the lore of its worlds.
        card = reader.parse(self._text(member))
        entries = tuple(
            each for each in card.lorebook.entries if not removed or each.world != removed
        )
        text = dump(replace(card, lorebook=replace(card.lorebook, entries=entries)))
        return worlds.CardReader(self._placeholder_path, self._folders, extra).parse(text)

    @property
    def _placeholder_path(self) -> Path:
        """Where a card without a file would be."""
        return self._folders[0] / "card.toml"

    def worlds(self, member: str = "") -> dict[str, Path]:
        """The worlds that a card can name, by name; those next to its file come first."""
        path = self.file(member)
        return worlds.world_files([*([path.parent] if path is not None else []), *self._folders])

    def own_file(self, member: str = "") -> Path:
        """The card's file, for a text editor; a copy, if the card ships with rpterm.

        Raises:
            RptermError: There is none, or a copy cannot be made.
        """
        path = self.file(member)
        if path is None:
            raise RptermError(
                "The card has no file: it was created for this chat, or the file is gone."
            )
        own = self._own_path(path)
        if own != path:
            self._save(member, reader.read_text(path))
        return own

    def undo(self) -> Edit | None:
        """Undo the last change; ``None`` if there is none, or the text has changed since.

        Raises:
            RptermError: As for ``add``.
        """
        if not self._undo or self._text(self._undo[-1].member) != self._undo[-1].after:
            return None
        edit = self._undo.pop()
        self._save(edit.member, edit.before)
        if edit.old is not None and edit.new is not None:
            self._move_marks(edit.new, edit.old)
        return edit

    def _write(self, edit: Edit) -> str:
        where = self._save(edit.member, edit.after)
        self._undo.append(edit)
        return where

    def _move_marks(self, old: Example, new: Example) -> None:
        """Move the marks on an example to its new wording, in all chats with this card."""
        marks, store, chat = ExampleMarks(self.session.store), self.session.store, self.session.chat
        for each in store.chats(card_name=chat.card_name):
            same = chat.card_path is not None and each.card_path == chat.card_path
            if (same or each.id == chat.id) and (mark := marks.marks(each.id).get(card_key(old))):
                marks.mark(each.id, card_key(old), None)
                marks.mark(each.id, card_key(new), mark)

    def _card_record(self, member: str) -> Chat | Member:
        """The stored version and file of a card."""
        if not member:
            return self.session.chat
        here = (each for each in self.session.scene.present if each.card_name == member)
        if (found := next(here, None)) is None:
            raise RptermError(f"{member} is not here any more.")
        return found

    def file(self, member: str = "") -> Path | None:
        """The file of a card of the chat, if it has one."""
        path = self._card_record(member).card_path
        return Path(path) if path is not None and Path(path).is_file() else None

    def _text(self, member: str) -> str:
        path = self.file(member)
        if path is not None:
            return reader.read_text(path)
        text = self.session.store.get_card(self._card_record(member).card_hash)
        if text is None:
            raise RptermError("The card's text is gone, so nothing can be written into it.")
        return text

    def _save(self, member: str, text: str) -> str:
        path = self.file(member)
        if path is None:
            # A card without a file is the chat's own text, which includes the lore of its worlds.
            self.session.set_card(reader.parse(text, "the card"), text, member)
            return "in this chat's copy of the card; its file is gone."
        own = self._own_path(path)
        card = worlds.CardReader(own, self._folders, self.session.chat.worlds).parse(text)
        card_files.write_card(own, text, path, card.card.portrait)
        if own != path:
            self._refile(member, own)
        self.session.set_card(card.card, card.text, member)
        return f"in {own.name}." if own == path else f"in your own copy of the card, {own}."

    def _refile(self, member: str, path: Path) -> None:
        if member:
            self.session.scene.set_card_path(member, str(path))
        else:
            self.session.store.update_chat(self.session.chat.id, card_path=str(path))

    def _own_path(self, path: Path) -> Path:
        """Where to write a card; for one that ships with rpterm, a file in the user's folder."""
        own = card_files.writable_path(path, self._folder)
        if own == path:
            return path
        if own.exists():
            raise RptermError(
                f"You have a card of your own in {own}, but this chat uses the one that comes "
                "with rpterm. Start a new chat to talk to your own."
            )
        return own


def _example_number(examples: Sequence[Example], example: Example) -> int:
    """The example's current number, from 1: the card may have changed since it was shown."""
    dialogues = [each.dialogue for each in examples]
    if example.dialogue not in dialogues:
        raise RptermError(
            "Nothing was changed: this example was changed or removed from the card meanwhile."
        )
    if dialogues.count(example.dialogue) > 1:
        raise RptermError("Nothing was changed: the card has this example twice. Edit its file.")
    return dialogues.index(example.dialogue) + 1
