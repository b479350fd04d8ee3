"""Reloads the card file of a running chat, and the world files it names, when they are saved.

A valid save is used from the next reply on. ``Reloader.poll`` checks once; the owner of an event
loop calls it between replies. Knows the session and the file, but no front end: it returns a report
with a summary, the changed fields and their token costs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rpterm.cards.card import CharacterCard
from rpterm.cards.checks.lint import static_tokens, tokens
from rpterm.cards.diff import Change, diff
from rpterm.cards.format.reader import parse
from rpterm.cards.lore.rules import world_name
from rpterm.cards.problems import CardError
from rpterm.cards.watch import CardBroken, CardChanged, CardWatcher
from rpterm.cards.worlds import UnreadableWorld
from rpterm.chat.cast.actors import Actor
from rpterm.chat.cast.turn_taking import GroupError
from rpterm.chat.session import Session
from rpterm.engine.protocol import Piece
from rpterm.errors import RptermError
from rpterm.store.errors import StoreError
from rpterm.types import Chat, LeftOut, Member

_SHOWN = 6
"""The number of changes that a summary lists one by one."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The chat uses this card from now on.

    Attributes:
        changes: Field by field; empty if only comments or white space changed.
        summary: The changes in a few short lines, with token costs if the model is loaded; "" if
            nothing was saved and the report is only about ``lost``.
        member: The card name if it is not the card of the chat's own character, else "".
        lost: What is wrong with worlds that cannot be read, and the consequence, or "".
    """

    card: CharacterCard
    changes: tuple[Change, ...]
    summary: str
    member: str = ""
    lost: str = ""


@dataclass(frozen=True, slots=True)
class NotReloaded:
    """The file cannot be used; the chat keeps the last valid card.

    Attributes:
        summary: The first problem, with its line if it has one, and the number of further ones.
    """

    error: RptermError
    summary: str


class Reloader:
    """Follows the card file of one session, and the card files of the other characters in it."""

    def __init__(self, session: Session, member: str = "") -> None:
        """``member`` is the card name of one of several characters; "" is the chat's own."""
        self._session = session
        self._member = member
        self._others: dict[str, Reloader] = {}
        self._path: Path | None = None
        self._file: CardWatcher | None = None
        self._reported_error = ""
        self._lost: tuple[UnreadableWorld, ...] = ()

    def poll(self) -> Reloaded | NotReloaded | None:
        """Check the files; a changed card is already in the session when this returns.

        Call it from one thread at a time, and not while a reply is generated.
        """
        return self._poll_own() or self._poll_others()

    def _poll_own(self) -> Reloaded | NotReloaded | None:
        path = self._card_path()
        if path != self._path:
            self._path, self._file, self._reported_error, self._lost = path, None, "", ()
        if path is None:
            return None
        if self._file is None:
            return self._open(path)
        self._file.extra = self._chat_worlds()
        found = self._file.poll()
        if found is None:
            return None
        if isinstance(found, CardBroken):
            return self._report_broken(found.error)
        if self._is_own_save(found):
            return self._report_lost(found.unreadable)
        return self._use(found)

    def _poll_others(self) -> Reloaded | NotReloaded | None:
        """The report on the first of the other characters whose file was saved."""
        if self._member:
            return None
        for name in [member.card_name for member in self._session.scene.present[1:]]:
            if name not in self._others:
                self._others[name] = Reloader(self._session, name)
            report = self._others[name].poll()
            if report is not None:
                return report
        return None

    def _card_path(self) -> Path | None:
        """The present file, which changes when the chat switches to the user's own copy."""
        try:
            path = self._record.card_path
        except StoreError:  # another terminal deleted the chat
            return self._path
        return Path(path) if path else None

    def _chat_worlds(self) -> tuple[str, ...]:
        """The worlds that belong to the chat and not to a card."""
        try:
            return self._session.scene.worlds
        except StoreError:  # another terminal deleted the chat
            return self._file.extra if self._file is not None else ()

    @property
    def _record(self) -> Chat | Member:
        """The stored record that has the card's hash and path."""
        present = self._session.scene.present
        member = next((each for each in present if each.card_name == self._member), None)
        return member or self._session.chat

    @property
    def _actor(self) -> Actor:
        scene = self._session.scene
        return scene.actor(self._member) if self._member else scene.lead

    @property
    def _card(self) -> CharacterCard:
        return self._actor.card

    def _open(self, path: Path) -> Reloaded | NotReloaded | None:
        """Begin to follow the file, which may have been saved since the chat was opened."""
        if self._member and not path.exists():
            return None  # A member keeps its stored card until the file exists again.
        try:
            file = CardWatcher(path, self._session.scene.folders, self._chat_worlds())
        except CardError as error:
            return self._report_broken(error)
        self._file = file
        if self._is_stored(file.text) and not self._reported_error:
            return self._report_lost(file.unreadable)
        before = self._stored_card() or self._card
        changes = tuple(diff(before, file.card))
        return self._use(CardChanged(file.card, file.text, changes, file.unreadable))

    def _is_own_save(self, found: CardChanged) -> bool:
        """Whether the program itself wrote this version, so that the session already uses it.

        Comparing the stored text is not enough: another terminal may have stored its save.
        """
        in_use = found.card == self._card and self._is_stored(found.text)
        return in_use and not self._reported_error

    def _is_stored(self, text: str) -> bool:
        return hashlib.sha256(text.encode()).hexdigest() == self._record.card_hash

    def _stored_card(self) -> CharacterCard | None:
        """The card that the chat used last, without the changes of command-line flags."""
        text = self._session.store.get_card(self._record.card_hash)
        try:
            return parse(text) if text is not None else None
        except CardError:
            return None

    def _report_broken(self, error: CardError) -> NotReloaded | None:
        more = len(error.problems) - 1
        summary = f"{error.problems[0]}{f' And {more} more.' if more else ''}"
        return self._report_error(error, summary)

    def _report_refused(self, error: GroupError) -> NotReloaded | None:
        """Report a valid card whose name is taken; the next save is compared to the card in use."""
        if self._file is not None:
            self._file.card = self._card
        return self._report_error(error, str(error))

    def _report_error(self, error: CardError | GroupError, summary: str) -> NotReloaded | None:
        """Report an error once, not at every poll."""
        if str(error) == self._reported_error:
            return None
        self._reported_error = str(error)
        return NotReloaded(error, f"{summary} The last good card stays.")

    def _use(self, found: CardChanged) -> Reloaded | NotReloaded | None:
        before, was_broken = self._card, bool(self._reported_error or self._lost)
        try:
            self._session.set_card(found.card, found.text, member=self._member)
        except GroupError as error:
            return self._report_refused(error)
        self._reported_error = ""
        self._member = found.card.name if self._member else ""
        count = self._token_counter()
        lines = summary_lines(found.changes, count)
        lost = self._report_lost(found.unreadable)
        if not lines and lost is not None:
            return lost
        if not lines:
            lines = ["Only comments or spaces changed."]
            if was_broken:
                lines = ["The file can be used again; nothing else changed."]
        elif count:
            lines.append(_total_tokens(before, found.card, count))
        greeted = any(change.field.split(" ")[0] == "greetings" for change in found.changes)
        if greeted and (self._member or not self._session.only_greeted):
            lines.append("New greetings are for new chats.")
        problems = lost.lost if lost is not None else ""
        return Reloaded(found.card, found.changes, "\n".join(lines), self._member, problems)

    def _report_lost(self, lost: tuple[UnreadableWorld, ...]) -> Reloaded | None:
        """Report unreadable worlds once; the Prompt pane keeps listing them."""
        fresh = [each.message for each in lost if each not in self._lost]
        self._lost = lost
        self._actor.prompter.unreadable_worlds = tuple(
            LeftOut(f"world:{world_name(each.name)}", each.message, 0, each.problems[0].message)
            for each in lost if not each.kept
        )  # fmt: skip
        return Reloaded(self._card, (), "", self._member, "\n".join(fresh)) if fresh else None

    def _token_counter(self) -> Callable[[str], int] | None:
        engine = self._session.engine
        if engine.info is None:
            return None
        return lambda text: len(engine.tokenize([Piece(text)])[0])


def summary_lines(
    changes: tuple[Change, ...] | list[Change], count: Callable[[str], int] | None
) -> list[str]:
    """One short line for each change; of many, only the first, and the number of the others.

    Args:
        count: Counts the tokens of a text; ``None`` leaves token costs out.
    """
    lines = [f"{each.field}: {each.kind}{_cost(each, count)}" for each in changes[:_SHOWN]]
    if len(changes) > _SHOWN:
        lines.append(f"and {len(changes) - _SHOWN} more changes")
    return lines


def _cost(change: Change, count: Callable[[str], int] | None) -> str:
    if count is None:
        return ""
    cost = change.tokens(count)
    return f", {cost:+,} token{'' if abs(cost) == 1 else 's'}"


def _total_tokens(before: CharacterCard, after: CharacterCard, count: Callable[[str], int]) -> str:
    old, new = (static_tokens(tokens(card, count)) for card in (before, after))
    if old == new:
        return f"{new:,} tokens on every turn, as before"
    return f"{old:,} → {new:,} tokens on every turn"
