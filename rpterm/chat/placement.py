"""Determines where in the tree a requested reply belongs. Generates and stores nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rpterm.chat.request import ReplyRequest, SessionError
from rpterm.chat.tree import Tree
from rpterm.prompt.template import OPEN_LAST, OPEN_USER, REPLY, Ending
from rpterm.store.database import other_processes
from rpterm.types import Intent, Turn

WRITTEN_ELSEWHERE = (
    "Another terminal is writing a reply here. Wait until it is complete, or stop it there."
)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a reply goes, and what it begins with.

    Attributes:
        history: The turns that the model reads.
        parent_id: The turn that the reply follows; ``None`` for a draft or a first turn.
        ending: How the prompt ends.
        base: Text that the reply continues.
        edited_from: The turn whose continuation this is.
        draft: Whether this is the user's next line, which is not stored.
        said_by: A turn by the character that speaks; ``None`` leaves open who does.
        variables: The chat's variables after the reply; see ``Turn``.
    """

    history: list[Turn]
    parent_id: int | None
    ending: Ending = REPLY
    base: str = ""
    edited_from: int | None = None
    draft: bool = False
    said_by: Turn | None = None
    variables: str = ""

    def with_variables(self, changed: str) -> Placement:
        """The placement with variables; a reply that is continued keeps its own."""
        continued = self.edited_from is not None
        return replace(self, variables=self.history[-1].variables if continued else changed)


def find_placement(chat: Tree, request: ReplyRequest, *, group: bool) -> Placement:
    """Find the place of a requested reply, starting from the branch that is shown.

    Args:
        group: Whether several characters take part.

    Raises:
        SessionError: The request makes no sense here.
    """
    path = chat.path()
    if request.intent is Intent.IMPERSONATE:
        return _draft(chat, path, request.text, group)
    if request.intent is Intent.CONTINUE:
        turn = _target(chat, request, path)
        if turn.hidden:
            raise SessionError(
                "That reply is hidden from the model, so it cannot be continued. Unhide it first "
                "(/hide)."
            )
        history = chat.store.path(turn.id)
        return Placement(history, turn.parent_id, OPEN_LAST, turn.text, turn.id, said_by=turn)
    if request.intent is Intent.REGENERATE and request.turn_id is not None:
        return _sibling_of(chat, _target(chat, request, path))
    if request.intent is Intent.REGENERATE and path and path[-1].role == "assistant":
        return _sibling_of(chat, path[-1])
    if request.intent is Intent.NEXT and not group:
        raise SessionError("There is no other character who could speak: write something first.")
    return Placement(path, path[-1].id if path else None)


def parent_of_message(chat: Tree, request: ReplyRequest) -> tuple[int | None, bool]:
    """The turn that the user's message follows, and whether the message begins a branch.

    The turn is ``None`` in an empty chat. The message begins a branch if another program has
    already continued that turn.

    Raises:
        SessionError: Another program is still writing the turn that the request builds on, or a
            reply to it.
    """
    leaf_id = chat.chat.leaf_id
    parent_id = request.after or leaf_id
    continues = request.intent is Intent.CONTINUE and request.turn_id
    built_on = request.turn_id if continues else parent_id
    regenerates = request.intent is Intent.REGENERATE
    if built_on and not regenerates and other_processes.is_written_elsewhere(chat.store, built_on):
        raise SessionError(WRITTEN_ELSEWHERE)
    return parent_id, parent_id != leaf_id


def _draft(chat: Tree, path: list[Turn], text: str, group: bool) -> Placement:
    if not text.strip() and not group:
        return Placement(path, None, OPEN_USER, draft=True)
    begun = Turn(
        0, chat.chat_id, None, "user", chat.chat.persona.name, text, created_at=chat.store.now()
    )
    return Placement([*path, begun], None, OPEN_LAST, base=text, draft=True)


def _target(chat: Tree, request: ReplyRequest, path: list[Turn]) -> Turn:
    if request.turn_id is not None:
        turn = chat.store.turn(request.turn_id)
    elif path:
        turn = path[-1]
    else:
        raise SessionError("This chat has no reply yet.")
    if turn.role != "assistant":
        raise SessionError("That turn is yours, not a reply: edit it, or send a new message.")
    return turn


def _sibling_of(chat: Tree, turn: Turn) -> Placement:
    """Another version of a reply, by the same character."""
    parent_id = turn.parent_id
    history = chat.store.path(parent_id) if parent_id else []
    return Placement(history, parent_id, said_by=turn)
