"""Chooses the chat a run opens: a new one, the newest with a character, or one given by its id.

Knows cards and the store, but no models and no user interface. Importing it is cheap: card readers
and the store are imported when a chat is looked up.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rpterm.cards.card import CharacterCard
from rpterm.config import Settings
from rpterm.errors import RptermError
from rpterm.paths import Paths
from rpterm.types import Chat, Persona

if TYPE_CHECKING:
    from rpterm.cards.worlds import CardText
    from rpterm.store import Store

NEW_CHAT = 0
"""The chat id that requests a new chat."""


class ChatRequest(NamedTuple):
    """What the command line requests.

    Attributes:
        target: Name or path of a card; ``None`` lets the user choose, or means the chat's own card.
        chat_id: The chat to continue; ``None`` means the newest one with this character alone, or
            with exactly ``company``.
        greeting: Number of the greeting, from 1; it begins a new chat.
        persona: Name of the user's persona.
        company: Names or paths of the cards of all other members.
        turns: How the next speaker is chosen, a value of ``TurnTaking``; "" keeps the chat's own.
        flags: Dotted names of settings given as flags, which override the card's own samplers.
    """

    target: str | None = None
    chat_id: int | None = None
    new: bool = False
    greeting: int | None = None
    persona: str | None = None
    flags: tuple[str, ...] = ()
    company: tuple[str, ...] = ()
    turns: str = ""


def find_card(target: str, paths: Paths) -> CardText:
    """The card with a name or a path.

    Raises:
        CardNotFound: There is none; the text suggests similar names.
        CardError: With all problems in the file.
    """
    from rpterm.cards import library, worlds

    known = library.card_folders(paths.characters)
    path = library.find(target, known)
    return worlds.CardReader(path, known).read()._replace(path=path.absolute())


class ChatFinder:
    """Finds or creates the chats of one run."""

    def __init__(self, settings: Settings, paths: Paths, request: ChatRequest) -> None:
        self.settings, self.paths, self.request = settings, paths, request
        self._found: CardText | None = None

    def card(self) -> CardText | None:
        """The requested card, read only once; ``None`` if none was named.

        Raises:
            RptermError: It does not exist, or it has errors.
        """
        if self.request.target is not None and self._found is None:
            self._found = find_card(self.request.target, self.paths)
        return self._found

    def greeting(self) -> str:
        """The greeting of a new chat with macros expanded, to show before the store is open.

        "" if an older chat may be continued, or if only the store knows the user's name or the
        chat's random draws.
        """
        found, request = self.card(), self.request
        if found is None or request.chat_id or request.persona or request.company or request.turns:
            return ""
        from rpterm.store import resumable_chat

        card, index = found.card, (request.greeting or 1) - 1
        if not 0 <= index < len(card.greetings):
            return ""
        text = card.greetings[index]
        fresh = request.new or request.greeting is not None
        is_for_user = any(word in text.casefold() for word in ("user", "persona"))
        may_differ = not fresh or (is_for_user and self.settings.persona == Persona())
        if may_differ and resumable_chat.has_chat_to_resume(self.paths.database, card.name):
            return ""
        from rpterm.cards.macros import draws_at_random
        from rpterm.prompt.chat_view import ChatView

        if draws_at_random(text):
            return ""
        persona = card.user(self.settings.persona)
        chat = Chat(0, "", card.name, "", persona=persona, created_at=time.time())
        return ChatView(card, chat).greeting(index)

    def chat(self, store: Store, target: str | None, chat_id: int | None) -> tuple[CardText, Chat]:
        """The chat to open, with its card.

        Args:
            target: A card; ``None`` without a ``chat_id`` means the run's original request.
            chat_id: A chat, or ``NEW_CHAT``.

        Raises:
            RptermError: The card or chat does not exist or cannot be used.
        """
        first = target is None and chat_id is None
        request = (
            self.request
            if first
            else ChatRequest(target=target or self.request.target, chat_id=chat_id)
        )
        if request.chat_id:
            return self._resume(store, request, store.chat(request.chat_id))
        if request.target is None:
            raise RptermError("No character was chosen: `rpterm cards list` lists them.")
        found = self._found if self._found and request.target == self.request.target else None
        found = found or find_card(request.target, self.paths)
        fresh = request.new or request.greeting is not None or request.chat_id == NEW_CHAT
        others = self._others(request)
        newest = None if fresh else self._newest(store, found.card.name, others, request.turns)
        if newest is not None:
            return self._resume(store, request, newest, found)
        return found, self._begin(store, request, found)

    def _others(self, request: ChatRequest) -> list[str]:
        """Card names of the requested company, checked before a chat is created."""
        if not (request.company or request.turns):
            return []
        from rpterm.chat.cast.card_lookup import find_with_narrator
        from rpterm.chat.cast.setup import parse_taking

        if request.turns:
            parse_taking(request.turns)
        find = partial(find_card, paths=self.paths)
        return [find_with_narrator(find, target)[0].name for target in request.company]

    def _newest(self, store: Store, name: str, others: list[str], turns: str) -> Chat | None:
        """The newest chat with this character alone, or with exactly the requested company.

        A request with ``turns`` prefers the newest group chat, whatever its company.
        """
        from rpterm.chat.cast.setup import newest_chat_with
        from rpterm.store.cast import Casts

        if others:
            return newest_chat_with(store, name, others)
        casts = Casts(store)
        chat_id = casts.newest(name, company=True) if turns else None
        chat_id = chat_id or casts.newest(name)
        return None if chat_id is None else store.chat(chat_id)

    def _begin(self, store: Store, request: ChatRequest, found: CardText) -> Chat:
        from rpterm.chat.tree import begin_chat

        card = found.card
        if request.company and card.group_greetings:
            card = replace(card, greetings=card.group_greetings + card.greetings)
        count = len(card.greetings)
        if request.greeting is not None and not 1 <= request.greeting <= count:
            raise RptermError(
                f"There is no greeting {request.greeting}: {found.card.name} has {count}."
            )
        return begin_chat(
            store, card, found.text, self._persona(store, request, found.card),
            card_path=str(found.path) if found.path else None,
            greeting=(request.greeting or 1) - 1,
        )  # fmt: skip

    def _resume(
        self, store: Store, request: ChatRequest, chat: Chat, found: CardText | None = None
    ) -> tuple[CardText, Chat]:
        """Continue a chat with its card's file as it is now, or else with the stored copy."""
        found = found or self._card_of(store, request, chat)
        if chat.worlds:
            found = self._with_worlds(found, chat.worlds)
        digest = store.put_card(found.card.name, found.text)
        path = str(found.path) if found.path else None
        if digest != chat.card_hash or (path and path != chat.card_path):
            chat = store.update_chat(chat.id, card_hash=digest, card_path=path)
        if request.persona:
            chat = store.update_chat(chat.id, persona=self._persona(store, request, found.card))
        return found, chat

    def _with_worlds(self, found: CardText, names: tuple[str, ...]) -> CardText:
        """The card with the lore of the chat's own worlds added."""
        from rpterm.cards import library, worlds

        path = found.path or self.paths.characters / "card.toml"
        known = library.card_folders(self.paths.characters)
        read = worlds.CardReader(path, known, names).parse(found.source)
        return found._replace(card=read.card, text=read.text)

    def _card_of(self, store: Store, request: ChatRequest, chat: Chat) -> CardText:
        if request is self.request and request.target is not None:
            return self._other_card(store, find_card(request.target, self.paths), chat)
        if chat.card_path and (found := self._at(Path(chat.card_path), chat.card_name)):
            return found
        text = store.get_card(chat.card_hash)
        if text is None:
            raise RptermError(
                f"The card of chat {chat.id} is gone: give it another one with "
                f"`rpterm chat FILE.toml --chat {chat.id}`."
            )
        from rpterm.cards.format import reader
        from rpterm.cards.worlds import CardText

        return CardText(reader.parse(text, f"the stored card of chat {chat.id}"), text, text)

    def _other_card(self, store: Store, found: CardText, chat: Chat) -> CardText:
        """A card named for a chat: its own, perhaps renamed, or one in place of one that is gone.

        Raises:
            RptermError: It is another character's; a wrong number must not change a chat.
        """
        is_own = found.card.name == chat.card_name or str(found.path) == chat.card_path
        if not is_own and store.get_card(chat.card_hash) is not None:
            raise RptermError(
                f"Chat {chat.id} is with {chat.card_name}, not with {found.card.name}: "
                f"`rpterm chat --chat {chat.id}` continues it, `rpterm chats` lists all."
            )
        return found

    def _at(self, path: Path, name: str) -> CardText | None:
        """The card in a file, or one of that card's and file's name in the folders of cards.

        The latter finds a card that was moved, or whose rpterm was installed elsewhere.
        """
        if path.is_file():
            return find_card(str(path), self.paths)
        with suppress(RptermError):
            found = find_card(path.stem, self.paths)
            return found if found.card.name == name else None
        return None

    def _persona(self, store: Store, request: ChatRequest, card: CharacterCard) -> Persona:
        """The user's persona in a new chat.

        That of the flag or the settings, else the one chosen in the newest chat with the character,
        else the card's.
        """
        own, stored = self.settings.persona, {each.name: each for each in store.personas()}
        if request.persona:
            known = {persona.name.casefold(): persona for persona in [own, *stored.values()]}
            return known.get(request.persona.casefold(), Persona(request.persona))
        if own == Persona():
            last = self._newest(store, card.name, [], "")
            if last is not None and (last.persona.name in stored or not card.user_name):
                own = last.persona
        elif not own.description:
            own = stored.get(own.name, own)
        return card.user(own)
