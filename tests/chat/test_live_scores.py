"""Scores while one chats: made, kept, read back; a scorer that fails harms nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rpterm.cards.card import CharacterCard
from rpterm.chat.live_scores import (
    LiveScores,
    is_scorable,
    score_from_row,
    score_to_row,
    shipped_cards,
)
from rpterm.chat.tree import begin_chat
from rpterm.errors import RptermError
from rpterm.scoring.coefficients import load_coefficients
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.scorer import Score, Scorer
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.store.scores import Scores
from rpterm.types import (
    Cast,
    Chat,
    Generation,
    Member,
    Origin,
    Persona,
    Sampling,
    Status,
    Turn,
)

CARD = CharacterCard(
    name="Mara", attributes=("Mara keeps a lighthouse.", "Mara has a brother, Tam."),
    greetings=("Good evening.",),
)  # fmt: skip
OTHER = CharacterCard(name="Tam", greetings=("Ahoy!",))


@pytest.fixture
def chat(store: Store) -> Chat:
    return begin_chat(store, CARD, "name = 'Mara'", Persona("Ann"))


def reply(store: Store, chat: Chat, text: str) -> Turn:
    leaf = store.chat(chat.id).leaf_id
    asked = store.add_turn(chat.id, leaf, "user", "Ann", "Who are you?", origin=Origin.TYPED)
    return store.add_turn(chat.id, asked.id, "assistant", "Mara", text, origin=Origin.GENERATED)


def test_a_score_is_made_kept_and_read_back(store: Store, chat: Chat) -> None:
    live = LiveScores(store, Scorer)
    turn = reply(store, chat, "I keep the lighthouse, as my brother Tam did.")
    score = live.score_quickly(CARD, chat, turn)
    assert score is not None and 0 < score.probability < 1
    assert live.stored_scores(chat, [turn]) == {turn.id: score}
    assert Scores(store).get([turn.id])[turn.id].card_hash == chat.card_hash
    assert score_from_row(score_to_row(score, turn.id, "x")) == score


def test_a_scene_has_what_was_said_and_the_other_characters(store: Store, chat: Chat) -> None:
    live = LiveScores(store, Scorer, others=lambda: [CARD, OTHER])
    scene = live.scene(CARD, chat, reply(store, chat, "Yes."))
    assert scene.asked == "Who are you?" and scene.user == "Ann"
    assert [own for own, _ in scene.history] == [True, False]
    assert scene.other_lines == (("Ahoy!",),)


def test_what_the_prompt_mentioned_is_not_made_up(store: Store, chat: Chat) -> None:
    """A recalled memory or lore is in the prompt of a reply, and nowhere else in its scene."""
    live, text = LiveScores(store, Scorer), "I was on the boat with old Corvin that night."
    turn = store.add_turn(
        chat.id, store.chat(chat.id).leaf_id, "assistant", "Mara", "",
        origin=Origin.GENERATED, status=Status.STREAMING,
    )  # fmt: skip
    growing = live.score_quickly(CARD, chat, replace(turn, text=text, status=Status.COMPLETE))
    assert growing is not None and growing.readings["inventions"].value == 1
    made = Generation("llama", "m", "h", Sampling(seed=1), prompt_text="Corvin was her first mate.")
    done = store.finish_reply(turn.id, text, Status.COMPLETE, made)
    score = live.score_quickly(CARD, chat, done)
    assert score is not None and score.readings["inventions"].value == 0


def test_among_several_each_has_its_own_lines_and_its_own_card(store: Store, chat: Chat) -> None:
    """What another one said is heard, and a changed card makes only its own scores old."""
    casts, tam = Casts(store), Member("Tam", "Tam", "tam-1")
    casts.put(chat.id, Cast((Member("Mara", "Mara"), tam)))
    first = reply(store, chat, "I keep the lighthouse.")
    second = store.add_turn(
        chat.id, first.id, "assistant", "Tam", "And I sail.", origin=Origin.GENERATED
    )
    live = LiveScores(store, Scorer)
    owned = [own for own, _ in live.scene(OTHER, chat, second).history]
    assert owned == [False, False, False]
    scores = {
        turn.id: live.score_quickly(card, chat, turn)
        for card, turn in ((CARD, first), (OTHER, second))
    }
    assert live.stored_scores(chat, [first, second]) == scores
    casts.put(chat.id, Cast((Member("Mara", "Mara"), replace(tam, card_hash="tam-2"))))
    assert set(live.stored_scores(chat, [first, second])) == {first.id}


def test_what_has_no_words_is_not_scored(store: Store, chat: Chat) -> None:
    live = LiveScores(store, Scorer)
    turn = reply(store, chat, "  ")
    assert not is_scorable(turn) and live.score_quickly(CARD, chat, turn) is None
    assert not is_scorable(Turn(1, 1, None, "user", "Ann", "Hello"))
    assert not is_scorable(Turn(1, 1, None, "assistant", "Mara", "Hel", status=Status.STREAMING))


class Failing:
    """A scorer that cannot."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def score_quickly(self, reply: str, scene: ReplyScene) -> Score:
        raise self.error

    def score_fully(self, reply: str, scene: ReplyScene, stopped: Any) -> Score | None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "said"),
    [(RptermError("No model."), "No model."), (KeyError("x"), "Scoring failed here (KeyError")],
)
def test_a_scorer_that_fails_is_told_in_a_sentence(
    store: Store, chat: Chat, error: Exception, said: str
) -> None:
    live = LiveScores(store, lambda: Failing(error))  # type: ignore[arg-type,return-value]
    turn = reply(store, chat, "Yes, quite.")
    assert (
        live.score_quickly(CARD, chat, turn) is None and live.score_fully(CARD, chat, turn) is None
    )
    assert live.problem.startswith(said)
    assert live.stored_scores(chat, [turn]) == {} and live.problem.startswith(said), (
        "asking mends nothing"
    )
    assert Scores(store).get([turn.id]) == {}
    live._scorer = Scorer()
    assert live.score_quickly(CARD, chat, turn) is not None and live.problem, (
        "the slow one failed still"
    )
    assert live.score_fully(CARD, chat, turn) is not None and not live.problem


def test_a_stopped_or_forbidden_slow_score_leaves_nothing(store: Store, chat: Chat) -> None:
    turn = reply(store, chat, "Yes, quite.")
    live = LiveScores(store, Scorer)
    assert live.score_fully(CARD, chat, turn, lambda: True) is None
    assert LiveScores(store, Scorer, slow=False).score_fully(CARD, chat, turn) is None
    assert Scores(store).get([turn.id]) == {}
    assert not live.problem


def test_scores_of_another_version_are_not_read(store: Store, chat: Chat) -> None:
    live = LiveScores(store, Scorer)
    turn = reply(store, chat, "Yes, quite.")
    score = live.score_quickly(CARD, chat, turn)
    assert score is not None and score.version == load_coefficients().version
    old = Score(0.1, 0.0, 0.2, {}, {}, True, "older")
    Scores(store).put(score_to_row(old, turn.id, chat.card_hash))
    assert live.stored_scores(chat, [turn])[turn.id] == score


def test_shipped_cards_are_there_for_contrast() -> None:
    names = {card.name for card in shipped_cards(None)}
    assert "Sherlock Holmes" in names and len(names) >= 8
