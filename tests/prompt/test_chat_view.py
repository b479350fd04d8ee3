"""The values of macros: what stands still for a chat or a day, and what changes with each turn."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from rpterm.cards.card import CharacterCard
from rpterm.prompt.chat_view import ChatView
from rpterm.types import Chat, Persona, Turn

CARD = CharacterCard("Mara Quill", nickname="Mara", description="{{char}} keeps {{user}}'s lamp.")
CLOCK = "{{weekday}} {{isodate}} {{time}}, after {{idle_duration}}"


def at(day: int, hour: int, minute: int = 0) -> float:
    return datetime(2031, 5, day, hour, minute).timestamp()


CHAT = Chat(
    7, "", "Mara Quill", "", persona=Persona("Ann", "{{user}} sails."), created_at=at(5, 20)
)


def turns(*times: float) -> list[Turn]:
    """A branch of user turns and replies that were written at these times."""
    return [
        Turn(
            index + 1, 7, index or None, "assistant" if index % 2 else "user", "", f"t{index}",
            created_at=time,
        )
        for index, time in enumerate(times)
    ]  # fmt: skip


FIRST_DAY = turns(at(5, 20, 1), at(5, 20, 2), at(5, 23, 50))
SECOND_DAY = [*FIRST_DAY, *turns(*[at(5, 23, 51)] * 3, at(6, 9), at(6, 9, 1), at(6, 9, 30))[3:]]


def test_time_in_the_static_block_stands_still_for_a_day() -> None:
    assert ChatView(CARD, CHAT).expand_static(CLOCK) == "Monday 2031-05-05 20:00, after just now"
    same_day = {ChatView(CARD, CHAT, FIRST_DAY[:n]).expand_static(CLOCK) for n in range(4)}
    assert len(same_day) == 1
    next_day = {ChatView(CARD, CHAT, SECOND_DAY[:n]).expand_static(CLOCK) for n in (4, 5, 6)}
    assert next_day == {"Tuesday 2031-05-06 09:00, after 9 hours"}


def test_the_next_message_is_expected_today() -> None:
    tomorrow = ChatView(CARD, CHAT, FIRST_DAY, at(6, 9)).expand_static("{{isodate}} {{time}}")
    assert tomorrow == "2031-05-06 09:00"
    later = ChatView(CARD, CHAT, FIRST_DAY, at(5, 23, 55)).expand_static("{{isodate}} {{time}}")
    assert later == "2031-05-05 20:00"


def test_a_turn_has_the_time_of_the_message_that_is_answered() -> None:
    macros = ChatView(CARD, CHAT, FIRST_DAY)
    assert macros.expand_for_turn(CLOCK) == "Monday 2031-05-05 23:50, after 3 hours"
    said = "{{lastMessage}} {{LASTUSERMESSAGE}} {{lastCharMessage}}"
    assert macros.expand_for_turn(said) == "t2 t2 t1"
    assert macros.expand_static(said) == said
    assert ChatView(CARD, CHAT).expand_for_turn(said) == "  "


def test_what_the_user_hid_was_not_said_last() -> None:
    *before, last = FIRST_DAY
    view = ChatView(CARD, CHAT, [*before, replace(last, hidden=True)])
    assert view.expand_for_turn("{{lastMessage}} {{lastUserMessage}}") == "t1 t0"
    assert [turn.text for turn in view.hidden] == ["t2"] and view.user_text == "t0"


def test_parts_of_the_card_and_the_persona() -> None:
    text = ChatView(CARD, CHAT).expand_static("{{description}} {{persona}} {{scenario}}")
    assert text == "Mara keeps Ann's lamp. Ann sails. "


def test_draws_hold_for_a_chat_or_for_a_turn() -> None:
    die, pick = "{{roll:d1000}}", "{{pick:a,b,c,d,e,f,g}}"
    branches = [FIRST_DAY[:n] for n in range(4)]
    assert len({ChatView(CARD, CHAT, each).expand_static(die) for each in branches}) == 1
    rolls = [ChatView(CARD, CHAT, each).expand_for_turn(die) for each in branches[1:]]
    assert len(set(rolls)) == 3
    assert rolls[-1] == ChatView(CARD, CHAT, FIRST_DAY).expand_for_turn(die)
    picks = {ChatView(CARD, CHAT, each).expand_for_turn(pick) for each in branches}
    assert picks == {ChatView(CARD, CHAT).expand_static(pick)}
    others = {ChatView(CARD, replace(CHAT, id=n)).expand_static(pick) for n in range(60)}
    assert len(others) == 7


@given(st.lists(st.floats(0, 1e11), max_size=6))
def test_no_times_of_an_imported_chat_are_refused(times: list[float]) -> None:
    macros = ChatView(CARD, CHAT, turns(*times))
    assert "{{" not in macros.expand_static(CLOCK) + macros.expand_for_turn(CLOCK)
