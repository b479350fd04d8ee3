"""A chat that is open in two programs: nothing is lost, nothing goes where nobody looked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chatting import MakeSession

from rpterm.chat.events import UserTurnStored
from rpterm.chat.other_terminals import ChatPoller, is_reply_running_elsewhere
from rpterm.chat.request import ReplyRequest, SessionError
from rpterm.chat.session import Session
from rpterm.store import Store
from rpterm.store.database import other_processes
from rpterm.types import Intent, Origin, Status, Turn


@pytest.fixture
def session(make: MakeSession) -> Session:
    return make(["One.", "Two."])


@pytest.fixture
def other(session: Session) -> Iterator[Store]:
    """The same file in another program."""
    with Store(session.store.file) as opened:
        yield opened


def user_says(store: Store, session: Session, text: str) -> Turn:
    leaf = store.chat(session.chat_id).leaf_id
    return store.add_turn(session.chat_id, leaf, "user", "Ann", text, origin=Origin.TYPED)


def reply_begins(store: Store, session: Session, text: str = "Half") -> Turn:
    leaf = store.chat(session.chat_id).leaf_id
    turn = store.add_turn(
        session.chat_id, leaf, "assistant", "Mara", "",
        origin=Origin.GENERATED, status=Status.STREAMING,
    )  # fmt: skip
    store.write_reply(turn.id, text)
    return turn


def stored(session: Session, request: ReplyRequest) -> UserTurnStored:
    return next(e for e in list(session.reply(request)) if isinstance(e, UserTurnStored))


def test_what_was_meant_for_an_older_end_begins_a_branch_beside_the_others(
    session: Session, other: Store
) -> None:
    seen = session.path()[-1]
    theirs = user_says(other, session, "Theirs")
    told = stored(session, ReplyRequest(text="Ours", after=seen.id))
    assert told.begins_branch and told.turn.parent_id == seen.id == theirs.parent_id
    assert [turn.text for turn in session.path()[1:]] == ["Ours", "One."]
    assert session.store.turn(theirs.id).text == "Theirs"


def test_what_was_meant_for_the_end_goes_there(session: Session, other: Store) -> None:
    theirs = user_says(other, session, "Theirs")
    told = stored(session, ReplyRequest(text="Ours", after=theirs.id))
    assert not told.begins_branch and told.turn.parent_id == theirs.id
    assert not stored(session, ReplyRequest(text="And")).begins_branch


@pytest.mark.parametrize("intent", [Intent.SEND, Intent.CONTINUE, Intent.IMPERSONATE])
def test_nothing_goes_on_from_a_reply_that_is_being_written_elsewhere(
    session: Session, other: Store, intent: Intent
) -> None:
    reply = reply_begins(other, session)
    with pytest.raises(SessionError, match="Another terminal is writing a reply here"):
        list(session.reply(ReplyRequest(intent, "Ours")))
    other.finish_reply(reply.id, "Half and half", Status.COMPLETE, None)
    assert stored(session, ReplyRequest(text="Ours")).turn.parent_id == reply.id


def test_nothing_goes_between_what_another_one_said_and_its_reply(
    session: Session, other: Store
) -> None:
    theirs = user_says(other, session, "Theirs")
    with other_processes.mark_answering(other, theirs.id):
        with pytest.raises(SessionError, match="Another terminal is writing a reply here"):
            list(session.reply(ReplyRequest(text="Ours", after=theirs.id)))
        assert is_reply_running_elsewhere(session)
    assert not is_reply_running_elsewhere(session)
    assert stored(session, ReplyRequest(text="Ours", after=theirs.id)).turn.parent_id == theirs.id


def test_a_message_is_marked_until_its_reply_is_there_or_given_up(
    session: Session, other: Store
) -> None:
    for end in (list, lambda rest: rest.close()):  # type: ignore[var-annotated]
        events = session.reply(ReplyRequest(text="Ours"))
        said = next(event for event in events if isinstance(event, UserTurnStored))
        assert other_processes.is_written_elsewhere(other, said.turn.id)
        assert not other_processes.is_written_elsewhere(session.store, said.turn.id)
        end(events)
        assert not other_processes.is_written_elsewhere(other, said.turn.id)


def test_what_a_program_that_died_would_have_answered_can_be_answered(
    session: Session, other: Store
) -> None:
    theirs = user_says(other, session, "Theirs")
    with other_processes.mark_answering(other, theirs.id):
        other.owner.release()  # What a kill does.
        assert stored(session, ReplyRequest(text="Ours")).turn.parent_id == theirs.id


def test_one_may_make_another_version_of_it(session: Session, other: Store) -> None:
    user_says(other, session, "Theirs")
    reply = reply_begins(other, session)
    list(session.reply(ReplyRequest(Intent.REGENERATE, turn_id=reply.id)))
    assert [turn.id == reply.id for turn in session.store.siblings(reply.id)] == [True, False]


def test_a_look_tells_the_end_of_the_branch_once_after_each_change(
    session: Session, other: Store
) -> None:
    looks = ChatPoller(session, 10)
    assert looks.poll() == session.path()
    assert looks.poll() is None
    user_says(other, session, "Theirs")
    assert [turn.text for turn in looks.poll() or []][-1] == "Theirs"
    reply = reply_begins(other, session)
    assert [turn.text for turn in looks.poll() or []][-1] == "Half"
    assert looks.poll() is None
    other.finish_reply(reply.id, "Whole", Status.COMPLETE, None)
    told = looks.poll()
    assert told is not None and (told[-1].text, told[-1].status) == ("Whole", Status.COMPLETE)
    looks.again()
    assert looks.poll() == told


def test_a_look_at_a_reply_whose_program_died_ends_it(session: Session, other: Store) -> None:
    reply_begins(other, session)
    looks = ChatPoller(session, 10)
    told = looks.poll()
    assert told is not None and told[-1].status is Status.STREAMING
    other.owner.release()  # What a kill does.
    told = looks.poll()
    assert told is not None and (told[-1].text, told[-1].status) == ("Half", Status.PARTIAL)
