"""Who speaks next and what each one sees: pure rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpterm.chat.cast import turn_taking
from rpterm.chat.cast.turn_taking import GroupError
from rpterm.prompt.perspective import (
    as_heard,
    speaker_of,
    view_for,
    with_speaker_name,
)
from rpterm.types import Cast, Member, Turn, TurnTaking

HOLMES = Member("Sherlock Holmes", "Holmes")
IRENE = Member("Irene Adler", "Irene Adler")
WILL = Member("Will Rose", "Will")
TOLD = Member("Narrator", "Narrator", narrator=True)
ALL = Cast((HOLMES, IRENE, WILL, TOLD))


def said(*lines: tuple[str, str], start: int = 1) -> list[Turn]:
    """``("Ann", …)`` is the user; every other name a character."""
    return [
        Turn(n, 1, n - 1 or None, "user" if who == "Ann" else "assistant", who, text)
        for n, (who, text) in enumerate(lines, start)
    ]


def who(cast: Cast, *lines: tuple[str, str]) -> str:
    return turn_taking.next_speaker(cast, said(*lines)).speaker


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("irene, what did you see?", ["Irene Adler"]),
        ("Adler's letter!", ["Irene Adler"]),
        ("Miss Adler and HOLMES", ["Irene Adler", "Holmes"]),
        ("I will go, if you will.", []),
        ("Will, go.", ["Will"]),
        ("A rose is a rose.", []),
        ("Sirenes and Holmesian ideas", []),
        ("What does the narrator see?", ["Narrator"]),
        ("Sherlock Holmes, of course", ["Holmes"]),
        ("", []),
    ],
)
def test_names_in_a_text(text: str, found: list[str]) -> None:
    assert [m.speaker for m in turn_taking.mentioned_in(text, ALL.members)] == found


def test_a_common_word_of_a_name_counts_only_as_the_card_writes_it() -> None:
    cast = (Member("The Keeper of Skarv Light", "Keeper"), Member("Sun Wukong", "Wukong"))
    assert turn_taking.mentioned_in("I light a candle and wait for the sun.", cast) == []
    assert turn_taking.mentioned_in("The monkey Sun nods to skarv.", cast) == [cast[1], cast[0]]


def test_a_shared_word_calls_nobody() -> None:
    brothers = (Member("Sherlock Holmes", "Sherlock"), Member("Mycroft Holmes", "Mycroft"))
    assert turn_taking.mentioned_in("Mr Holmes!", brothers) == []
    assert turn_taking.mentioned_in("Mycroft Holmes!", brothers) == [brothers[1]]


def test_names_without_spaces_around_them() -> None:
    monkey = Member("孫悟空", "悟空")
    assert turn_taking.mentioned_in("請問悟空在哪裏", (monkey, HOLMES)) == [monkey]


def test_called_goes_first_and_each_call_is_answered_once() -> None:
    assert who(ALL, ("Ann", "Irene and Holmes, come in.")) == "Irene Adler"
    both = [("Ann", "Irene and Holmes, come in."), ("Irene Adler", "I am here.")]
    assert who(ALL, *both) == "Holmes"
    assert who(ALL, *both, ("Holmes", "And Will?")) == "Will"
    assert who(ALL, *both, ("Holmes", "And Will?"), ("Will", "Here.")) == "Holmes"


def test_an_unnamed_word_is_answered_by_who_spoke_last() -> None:
    assert who(ALL, ("Holmes", "Come."), ("Irene Adler", "No."), ("Ann", "Why?")) == "Irene Adler"
    assert who(ALL, ("Narrator", "It rains."), ("Ann", "Why?")) == "Holmes"
    assert who(ALL) == "Holmes"


def test_without_a_word_the_word_goes_round_past_the_narrator() -> None:
    order, path = [], said(("Holmes", "So."))
    for number in range(4):
        member = turn_taking.next_speaker(ALL, path)
        order.append(member.speaker)
        path += said((member.speaker, "…"), start=number + 2)
    assert order == ["Irene Adler", "Will", "Holmes", "Irene Adler"]


def test_the_round_has_a_place_for_the_narrator_and_none_for_the_muted() -> None:
    muted = Member("Will Rose", "Will", muted=True)
    gone = Member("Dr Watson", "Watson", present=False)
    cast = Cast((HOLMES, IRENE, muted, gone, TOLD), TurnTaking.ROUND)
    order, path = [], said(("Ann", "Will, speak!"))
    for number in range(4):
        member = turn_taking.next_speaker(cast, path)
        order.append(member.speaker)
        path += said((member.speaker, "…"), start=number + 2)
    assert order == ["Holmes", "Irene Adler", "Narrator", "Holmes"]


def test_by_hand_one_keeps_the_word() -> None:
    cast = Cast(ALL.members, TurnTaking.HAND, "Will Rose")
    assert who(cast, ("Ann", "Irene?")) == "Will"
    assert who(Cast(ALL.members, TurnTaking.HAND, "nobody"), ("Ann", "Irene?")) == "Holmes"


def test_nobody_can_speak_when_all_are_muted() -> None:
    with pytest.raises(GroupError, match="muted"):
        turn_taking.next_speaker(Cast((Member("A", "A", muted=True),)), [])


def test_the_one_to_prepare() -> None:
    path = said(("Ann", "Hm."), ("Holmes", "Irene, tell her."))
    assert turn_taking.expected_speaker(ALL, path) == IRENE
    assert turn_taking.expected_speaker(ALL, said(("Ann", "Hm."), ("Irene Adler", "No."))) == IRENE
    assert (
        turn_taking.expected_speaker(Cast(ALL.members, TurnTaking.ROUND), said(("Holmes", "So.")))
        == IRENE
    )


def test_a_name_finds_its_member() -> None:
    assert turn_taking.member_named(ALL, " irene ") == IRENE
    assert turn_taking.member_named(ALL, "sherlock holmes") == HOLMES
    with pytest.raises(GroupError, match=r"Moriarty.*Holmes, Irene Adler, Will, Narrator"):
        turn_taking.member_named(ALL, "Moriarty")


def test_each_sees_the_others_as_people_who_speak() -> None:
    path = said(("Holmes", "Come in."), ("Ann", "Hello."), ("Irene Adler", "Hello, Ann."))
    assert [t.role for t in view_for(ALL, HOLMES, path)] == [
        "assistant",
        "user",
        "user",
    ]
    assert [t.role for t in view_for(ALL, IRENE, path)] == ["user", "user", "assistant"]
    assert [t.role for t in view_for(ALL, TOLD, path)] == ["user"] * 3
    assert as_heard(view_for(ALL, IRENE, path)[0]).text == "Holmes: Come in."
    assert as_heard(path[0]).text == "Come in."
    assert with_speaker_name(path[0]).text == "Holmes: Come in."


def test_a_turn_under_a_forgotten_name_is_the_chats_own_characters() -> None:
    (turn,) = said(("The Detective", "I was called so once."))
    assert speaker_of(ALL, turn) == HOLMES


_NAMES = st.text("abcé ", min_size=1, max_size=6).filter(str.strip)


@given(
    names=st.lists(_NAMES, min_size=1, max_size=5, unique_by=str.casefold),
    muted=st.sets(st.integers(0, 4)),
    taking=st.sampled_from(TurnTaking),
    lines=st.lists(st.tuples(st.integers(-1, 5), st.text("abcé ,", max_size=20)), max_size=12),
)
def test_whoever_speaks_may_speak(
    names: list[str], muted: set[int], taking: TurnTaking, lines: list[tuple[int, str]]
) -> None:
    members = tuple(Member(n, n, muted=i in muted, narrator=i == 2) for i, n in enumerate(names))
    cast = Cast(members, taking)
    path = said(*((names[i] if 0 <= i < len(names) else "Ann", text) for i, text in lines))
    free = turn_taking.eligible(cast)
    for rule in (turn_taking.next_speaker, turn_taking.expected_speaker):
        if free:
            assert rule(cast, path) in free
        else:
            with pytest.raises(GroupError):
                rule(cast, path)
