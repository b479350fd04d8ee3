"""Where a reply belongs: a request and the branch shown give a place in the tree. Makes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from rpterm.chat.request import ReplyRequest, SessionError
from rpterm.chat.tree import Tree
from rpterm.prompt.template import OPEN_LAST, OPEN_USER, REPLY, Ending
from rpterm.store import shared
from rpterm.types import Intent, Turn

WRITTEN_ELSEWHERE = (
    "Another terminal is writing a reply here: go on when it is there, or stop it there."
)


@dataclass(frozen=True, slots=True)
class Job:
    """A request, placed in the tree: what is read, where the reply goes, and how it begins."""

    history: list[Turn]
    parent_id: int | None
    ending: Ending = REPLY
    base: str = ""
    edited_from: int | None = None
    draft: bool = False
    said_by: Turn | None = None


def place(chat: Tree, request: ReplyRequest, *, group: bool) -> Job:
    """Where a request belongs on the branch shown.

    Args:
        group: Whether several characters take part.

    Raises:
        SessionError: The request makes no sense here.
    """
    path = chat.path()
    if request.intent is Intent.IMPERSONATE:
        return _draft(chat, path, request.text, group)
    if request.intent is Intent.CONTINUE:
        turn = _meant(chat, request, path)
        if turn.hidden:
            raise SessionError(
                "That reply is hidden from the model, which cannot go on with it: show it again "
                "first (/hide)."
            )
        history = chat.store.path(turn.id)
        return Job(history, turn.parent_id, OPEN_LAST, turn.text, turn.id, said_by=turn)
    if request.intent is Intent.REGENERATE and request.turn_id is not None:
        return _instead_of(chat, _meant(chat, request, path))
    if request.intent is Intent.REGENERATE and path and path[-1].role == "assistant":
        return _instead_of(chat, path[-1])
    if request.intent is Intent.NEXT and not group:
        raise SessionError("Nobody else is here who could speak: write something first.")
    return Job(path, path[-1].id if path else None)


def goes_on_from(chat: Tree, request: ReplyRequest) -> tuple[int | None, bool]:
    """The turn under which the user's words belong, and whether a branch begins there.

    The turn is ``None`` in an empty chat. A branch begins where another program has gone on from
    that turn.

    Raises:
        SessionError: Another program is still writing what the request goes on from, or a reply to
            it.
    """
    leaf = chat.chat.leaf_id
    under = request.after or leaf
    meant = request.turn_id if request.intent is Intent.CONTINUE and request.turn_id else under
    anew = request.intent is Intent.REGENERATE
    if meant and not anew and shared.written_elsewhere(chat.store, meant):
        raise SessionError(WRITTEN_ELSEWHERE)
    return under, under != leaf


def _draft(chat: Tree, path: list[Turn], text: str, group: bool) -> Job:
    if not text.strip() and not group:
        return Job(path, None, OPEN_USER, draft=True)
    begun = Turn(0, chat.chat_id, None, "user", chat.chat.persona.name, text)
    return Job([*path, begun], None, OPEN_LAST, base=text, draft=True)


def _meant(chat: Tree, request: ReplyRequest, path: list[Turn]) -> Turn:
    if request.turn_id is not None:
        turn = chat.store.turn(request.turn_id)
    elif path:
        turn = path[-1]
    else:
        raise SessionError("This chat has no reply yet.")
    if turn.role != "assistant":
        raise SessionError("That turn is yours, not a reply: edit it, or send a new message.")
    return turn


def _instead_of(chat: Tree, turn: Turn) -> Job:
    """Another version of a reply, by the same one."""
    parent_id = turn.parent_id
    history = chat.store.path(parent_id) if parent_id else []
    return Job(history, parent_id, said_by=turn)
