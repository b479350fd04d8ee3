"""The card's file, followed while a chat runs: a good save is used from the next turn on.

So are the files of the worlds it names.

``Reloader.poll`` looks once; whoever owns a loop calls it between replies. It knows the session
and the file, and no front end: what happened comes back as a report in words, fields and tokens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rpterm.cards.card import CharacterCard
from rpterm.cards.diff import Change, diff
from rpterm.cards.lint import static_tokens, tokens
from rpterm.cards.lore.rules import world_name
from rpterm.cards.problems import CardError
from rpterm.cards.reader import parse
from rpterm.cards.watch import CardBroken, CardChanged, CardWatcher
from rpterm.cards.worlds import UnreadableWorld
from rpterm.chat.cast.seats import Seat
from rpterm.chat.session import Session
from rpterm.engine.protocol import Piece
from rpterm.group import GroupError
from rpterm.store.errors import StoreError
from rpterm.types import Chat, LeftOut, Member, RptermError

_SHOWN = 6
"""Changes that a summary names one by one."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The chat goes on with this card.

    Attributes:
        changes: Field by field; empty when only comments or spaces changed.
        summary: The changes in a few short lines, with tokens where the model counts them; "" where
            nothing was saved, and only ``lost`` is told.
        member: Whose card it is where it is not the chat's own character's, else "".
        lost: What is wrong with worlds that cannot be read, and what comes of it, or "".
    """

    card: CharacterCard
    changes: tuple[Change, ...]
    summary: str
    member: str = ""
    lost: str = ""


@dataclass(frozen=True, slots=True)
class NotReloaded:
    """The file cannot be used; the chat keeps the last good card.

    Attributes:
        summary: The first problem, with its line where it has one, and how many more there are.
    """

    error: RptermError
    summary: str


class Reloader:
    """Follows the card's file of one session, and the files of the others who take part."""

    def __init__(self, session: Session, member: str = "") -> None:
        """``member`` is the card name of one of several characters; "" is the chat's own."""
        self._session = session
        self._member = member
        self._company: dict[str, Reloader] = {}
        self._path: Path | None = None
        self._file: CardWatcher | None = None
        self._told = ""
        self._lost: tuple[UnreadableWorld, ...] = ()

    def poll(self) -> Reloaded | NotReloaded | None:
        """Look at the file; a changed card is in the session when this returns.

        Call it from one thread at a time and not while a reply is made.
        """
        return self._poll() or self._poll_company()

    def _poll(self) -> Reloaded | NotReloaded | None:
        path = self._where()
        if path != self._path:
            self._path, self._file, self._told, self._lost = path, None, "", ()
        if path is None:
            return None
        if self._file is None:
            return self._begin(path)
        self._file.extra = self._extra()
        found = self._file.poll()
        if isinstance(found, CardBroken):
            return self._broken(found.error)
        if found is None or self._own_save(found):
            return None if found is None else self._tell(found.lost)
        return self._use(found)

    def _poll_company(self) -> Reloaded | NotReloaded | None:
        """The first of the others whose file was saved."""
        if self._member:
            return None
        here = [member.card_name for member in self._session.scene.present[1:]]
        for name in here:
            if name not in self._company:
                self._company[name] = Reloader(self._session, name)
            report = self._company[name].poll()
            if report is not None:
                return report
        return None

    def _where(self) -> Path | None:
        """The file by now: a chat may go on with the user's own copy of its card."""
        try:
            path = self._record.card_path
        except StoreError:  # another terminal deleted the chat
            return self._path
        return Path(path) if path else None

    def _extra(self) -> tuple[str, ...]:
        """Worlds of the chat alone."""
        try:
            return self._session.scene.worlds
        except StoreError:  # another terminal deleted the chat
            return self._file.extra if self._file is not None else ()

    @property
    def _record(self) -> Chat | Member:
        """What is stored of the card: its version and its file."""
        here = self._session.scene.present
        found = (each for each in here if each.card_name == self._member)
        return next(found, None) or self._session.chat

    @property
    def _seat(self) -> Seat:
        scene = self._session.scene
        return scene.seat(self._member) if self._member else scene.lead

    @property
    def _card(self) -> CharacterCard:
        return self._seat.card

    def _begin(self, path: Path) -> Reloaded | NotReloaded | None:
        """Start with the file as it is; it may have been saved since the chat was opened."""
        if self._member and not path.exists():
            return None  # One who takes part goes on as kept, until the file is there again.
        try:
            file = CardWatcher(path, self._session.scene.folders, self._extra())
        except CardError as error:
            return self._broken(error)
        self._file = file
        if self._stores(file.text) and not self._told:
            return self._tell(file.lost)
        before = self._stored() or self._card
        changes = tuple(diff(before, file.card))
        return self._use(CardChanged(file.card, file.text, changes, file.lost))

    def _own_save(self, found: CardChanged) -> bool:
        """Whether the session goes on with this already: it was written by the program itself.

        The card is looked at, too: what is stored may be another terminal's save.
        """
        return not self._told and found.card == self._card and self._stores(found.text)

    def _stores(self, text: str) -> bool:
        return hashlib.sha256(text.encode()).hexdigest() == self._record.card_hash

    def _stored(self) -> CharacterCard | None:
        """The card as the chat used it last: without what flags of the command line changed."""
        text = self._session.store.get_card(self._record.card_hash)
        try:
            return parse(text) if text is not None else None
        except CardError:
            return None

    def _broken(self, error: CardError) -> NotReloaded | None:
        if str(error) == self._told:
            return None
        self._told = str(error)
        more = len(error.problems) - 1
        rest = f" And {more} more." if more else ""
        summary = f"{error.problems[0]}{rest} The last good card stays."
        return NotReloaded(error, summary)

    def _refused(self, error: GroupError) -> NotReloaded | None:
        """A whole card that this company cannot have; the next save is compared with the last."""
        if self._file is not None:
            self._file.card = self._card
        if str(error) == self._told:
            return None
        self._told = str(error)
        return NotReloaded(error, f"{error} The last good card stays.")

    def _use(self, found: CardChanged) -> Reloaded | NotReloaded | None:
        before, mended = self._card, bool(self._told or self._lost)
        try:
            self._session.set_card(found.card, found.text, member=self._member)
        except GroupError as error:
            return self._refused(error)
        self._told = ""
        self._member = found.card.name if self._member else ""
        count = self._counter()
        lines = summary_lines(found.changes, count)
        lost = self._tell(found.lost)
        if not lines and lost is not None:
            return lost
        if not lines:
            lines = ["Only comments or spaces changed."]
            if mended:
                lines = ["The file can be used again; nothing else changed."]
        elif count:
            lines.append(_total(before, found.card, count))
        if any(change.field.split(" ")[0] == "greetings" for change in found.changes):
            lines.append("New greetings are for new chats.")
        told = lost.lost if lost is not None else ""
        return Reloaded(found.card, found.changes, "\n".join(lines), self._member, told)

    def _tell(self, lost: tuple[UnreadableWorld, ...]) -> Reloaded | None:
        """What cannot be read by now, where it was not told; the Prompt pane goes on telling it."""
        fresh = [each.told for each in lost if each not in self._lost]
        self._lost = lost
        self._seat.prompter.lost = tuple(
            LeftOut(f"world:{world_name(each.name)}", each.told, 0, each.problems[0].message)
            for each in lost if not each.kept
        )  # fmt: skip
        return Reloaded(self._card, (), "", self._member, "\n".join(fresh)) if fresh else None

    def _counter(self) -> Callable[[str], int] | None:
        engine = self._session.engine
        if engine.info is None:
            return None
        return lambda text: len(engine.tokenize([Piece(text)])[0])


def summary_lines(
    changes: tuple[Change, ...] | list[Change], count: Callable[[str], int] | None
) -> list[str]:
    """One short line for each change; of many only the first ones, and how many more.

    Args:
        count: Tokens of a text; ``None`` leaves them out.
    """
    lines = []
    for change in changes[:_SHOWN]:
        lines.append(f"{change.field}: {change.kind}{_cost(change, count)}")
    if len(changes) > _SHOWN:
        lines.append(f"and {len(changes) - _SHOWN} more changes")
    return lines


def _cost(change: Change, count: Callable[[str], int] | None) -> str:
    if count is None:
        return ""
    cost = change.tokens(count)
    return f", {cost:+,} token{'' if abs(cost) == 1 else 's'}"


def _total(before: CharacterCard, after: CharacterCard, count: Callable[[str], int]) -> str:
    old, new = (static_tokens(tokens(card, count)) for card in (before, after))
    if old == new:
        return f"{new:,} tokens on every turn, as before"
    return f"{old:,} → {new:,} tokens on every turn"
