"""Examples and worlds written into a card of a chat: into its file where it has one of its own.

The file is replaced whole, so that nobody reads half of it. Of a card that ships with the program a
copy is written to the user's folder, and the chat goes on with the copy. ``undo`` works while the
text is still the one written here. A world may be the chat's alone, which changes no card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rpterm import card_files
from rpterm.cards import example_edit, library, reader, worlds
from rpterm.cards.card import CharacterCard, Example
from rpterm.cards.worlds import CardText
from rpterm.cards.writer import dump
from rpterm.examples.records import card_key
from rpterm.store.example_marks import ExampleMarks
from rpterm.types import Chat, Member, RptermError

if TYPE_CHECKING:
    from rpterm.store import Store

CHAT = "this chat"
"""In place of a card's name: no card, but the chat."""


class Company(Protocol):
    """What is asked of a session's scene."""

    @property
    def present(self) -> list[Member]: ...
    def refile(self, name: str, path: str) -> None: ...


class Carded(Protocol):
    """What is asked of a session."""

    store: Store
    card: CharacterCard

    @property
    def chat(self) -> Chat: ...
    @property
    def scene(self) -> Company: ...
    def set_card(self, card: CharacterCard, text: str, member: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class Edit:
    """One change, as it can be taken back.

    Attributes:
        member: The card name of one of several characters; "" is the chat's own.
        before, after: The card's text.
        old, new: The example that was changed; ``None`` where one was added.
    """

    member: str
    before: str
    after: str
    old: Example | None = None
    new: Example | None = None


class CardEditor:
    """Changes one session's cards, and takes changes back."""

    def __init__(self, session: Carded, folder: Path | None) -> None:
        """``folder`` is the user's own, for copies of cards that ship with the program."""
        self.session = session
        self._folder = folder
        self._folders = [*([folder] if folder else []), *library.card_folders(None)]
        self._undo: list[Edit] = []

    def add(self, example: Example, member: str = "") -> str:
        """Write one more behind the others; returns one sentence for the user.

        Args:
            member: The card name of one of several characters; "" is the chat's own.

        Raises:
            RptermError: The card cannot be read, changed, or written.
        """
        before = self._text(member)
        words = [each.dialogue for each in reader.parse(before).examples]
        if example.dialogue in words:
            number = words.index(example.dialogue) + 1
            raise RptermError(f"The card has this exchange already, as example {number}.")
        after = example_edit.add(before, example)
        where = self._write(Edit(member, before, after))
        return f"Example {len(reader.parse(after).examples)} was added {where}"

    def change(self, old: Example, new: Example) -> str:
        """Give an example other words, wherever in the chat's own card it stands by now.

        Whether the card pins it stays as it is there.

        Raises:
            RptermError: As ``add``, or the card has no such example, or has it twice.
        """
        before = self._text("")
        examples = reader.parse(before).examples
        number = _number(examples, old)
        new = replace(new, pinned=examples[number - 1].pinned)
        after = example_edit.change(before, number, new)
        where = self._write(Edit("", before, after, old, new))
        self._follow(old, new)
        return f"Example {number} was changed {where}"

    def turn_world(self, world: str, whose: str = "") -> str:
        """Let a card name a world, or no longer where it does; returns one sentence for the user.

        Args:
            whose: The card name of one of several characters; "" is the chat's own, and with
                ``CHAT`` this chat has the world for itself.

        Raises:
            RptermError: As ``add``, or there is no such world.
        """
        if whose == CHAT:
            return self._turn_chats_world(world)
        path = self.file(whose)
        if path is None:
            raise RptermError("The card's file is gone, so it cannot name other worlds.")
        before = self._text(whose)
        leave = bool(card_files.match_world_name(reader.parse(before).worlds, world))
        own = card_files.writable_path(path, self._folder)
        after = card_files.with_world_changed(before, world, own, self._folders, leave=leave)
        where = self._write(Edit(whose, before, after))
        return f"The world {world} was {'taken out' if leave else 'joined'} {where}"

    def aimed(self, words: str) -> tuple[str, str]:
        """Whose world is meant, and which, by ``WORLD`` or ``WHOSE: WORLD``; see ``turn_world``."""
        said, _, world = (part.strip() for part in words.partition(":"))
        known = {each.speaker.casefold(): each.card_name for each in self.session.scene.present[1:]}
        known |= {self.session.card.char.casefold(): "", "chat": CHAT}
        whose = known.get(said.casefold()) if world else None
        return ("", words) if whose is None else (whose, world)

    def _turn_chats_world(self, world: str) -> str:
        chat = self.session.chat
        named = card_files.match_world_name(chat.worlds, world)
        now = tuple(each for each in chat.worlds if each != named)
        if not named:
            beside = self.file("") or self._nowhere
            now = (*now, card_files.world_reference_for_chat(world, beside, self._folders))
        members = ["", *(member.card_name for member in self.session.scene.present[1:])]
        found = {member: self._beside(member, now, named) for member in members}
        for member, card in found.items():
            self.session.set_card(card.card, card.text, member)
        self.session.store.update_chat(chat.id, worlds=now)
        return f"The world {world} was {'taken out of' if named else 'joined for'} this chat alone."

    def _beside(self, member: str, extra: tuple[str, ...], gone: str) -> CardText:
        """A card with other worlds of the chat than it has now."""
        if (path := self.file(member)) is not None:
            return worlds.read_card(path, self._folders, extra)
        # Without a file it is the chat's own text, which has the lore of its worlds already.
        card = reader.parse(self._text(member))
        entries = tuple(each for each in card.lorebook.entries if not gone or each.world != gone)
        text = dump(replace(card, lorebook=replace(card.lorebook, entries=entries)))
        return worlds.parse_card(text, self._nowhere, self._folders, extra=extra)

    @property
    def _nowhere(self) -> Path:
        """Where a card without a file would be."""
        return self._folders[0] / "card.toml"

    def worlds(self, member: str = "") -> dict[str, Path]:
        """The worlds that a card of the chat can name, by name: those beside it come first."""
        path = self.file(member)
        return worlds.world_files([*([path.parent] if path is not None else []), *self._folders])

    def own_file(self, member: str = "") -> Path:
        """The file of a card of the chat, for an editor: a copy, where the card ships.

        Raises:
            RptermError: There is none, or a copy cannot be made.
        """
        path = self.file(member)
        if path is None:
            raise RptermError(
                "The card has no file: it was made for this chat, or the file is gone."
            )
        own = self._own(path)
        if own != path:
            self._put(member, reader.read_text(path))
        return own

    def undo(self) -> Edit | None:
        """Take the last change back; ``None`` where there is none, or the text is another by now.

        Raises:
            RptermError: As ``add``.
        """
        if not self._undo or self._text(self._undo[-1].member) != self._undo[-1].after:
            return None
        edit = self._undo.pop()
        self._put(edit.member, edit.before)
        if edit.old is not None and edit.new is not None:
            self._follow(edit.new, edit.old)
        return edit

    def _write(self, edit: Edit) -> str:
        where = self._put(edit.member, edit.after)
        self._undo.append(edit)
        return where

    def _follow(self, old: Example, new: Example) -> None:
        """What chats with this card say of an example holds for its new words, too."""
        marks, store, chat = ExampleMarks(self.session.store), self.session.store, self.session.chat
        for each in store.chats(card_name=chat.card_name):
            same = chat.card_path is not None and each.card_path == chat.card_path
            if (same or each.id == chat.id) and (mark := marks.marks(each.id).get(card_key(old))):
                marks.mark(each.id, card_key(old), None)
                marks.mark(each.id, card_key(new), mark)

    def _record(self, member: str) -> Chat | Member:
        """What is stored of a card: its version and its file."""
        if not member:
            return self.session.chat
        here = (each for each in self.session.scene.present if each.card_name == member)
        if (found := next(here, None)) is None:
            raise RptermError(f"{member} is not here any more.")
        return found

    def file(self, member: str = "") -> Path | None:
        """The file of a card of the chat, if it knows one."""
        path = self._record(member).card_path
        return Path(path) if path is not None and Path(path).is_file() else None

    def _text(self, member: str) -> str:
        path = self.file(member)
        if path is not None:
            return reader.read_text(path)
        text = self.session.store.get_card(self._record(member).card_hash)
        if text is None:
            raise RptermError("The card's text is gone, so nothing can be written into it.")
        return text

    def _put(self, member: str, text: str) -> str:
        path = self.file(member)
        own = self._own(path) if path is not None else None
        # Without a file it is the chat's own text, which has the lore of its worlds already.
        found = (
            worlds.parse_card(text, own, self._folders, extra=self.session.chat.worlds)
            if own is not None
            else CardText(reader.parse(text, "the card"), text, text)
        )
        where = "in this chat's copy of the card; its file is gone."
        if path is not None and own is not None:
            card_files.write_card(own, text, path, found.card.portrait)
            where = f"in {own.name}."
            if own != path:
                self._refile(member, own)
                where = f"in your own copy of the card, {own}."
        self.session.set_card(found.card, found.text, member)
        return where

    def _refile(self, member: str, path: Path) -> None:
        if member:
            self.session.scene.refile(member, str(path))
        else:
            self.session.store.update_chat(self.session.chat.id, card_path=str(path))

    def _own(self, path: Path) -> Path:
        """Where to write: instead of a card that ships with rpterm, in the user's folder."""
        own = card_files.writable_path(path, self._folder)
        if own == path:
            return path
        if own.exists():
            raise RptermError(
                f"You have a card of your own in {own}, but this chat is with the one that comes "
                "with rpterm. Open a new chat to talk to your own."
            )
        return own


def _number(examples: Sequence[Example], example: Example) -> int:
    """Where it stands, from 1: the card may have been saved since it was shown."""
    words = [each.dialogue for each in examples]
    if example.dialogue not in words:
        raise RptermError(
            "Nothing was changed: this example was changed or taken out of the card meanwhile."
        )
    if words.count(example.dialogue) > 1:
        raise RptermError("Nothing was changed: the card has this example twice. Edit its file.")
    return words.index(example.dialogue) + 1
