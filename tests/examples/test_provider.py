"""Examples as the prompt gets them: what stays, what joins a turn, and what is never shown."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from rpterm.cards import library
from rpterm.cards.card import CharacterCard, Example
from rpterm.cards.format.reader import load, parse
from rpterm.chat.card_reload import Reloaded, Reloader
from rpterm.chat.cast.card_lookup import CardSource
from rpterm.chat.events import ReplyFinished, ReplyStarted
from rpterm.chat.example_comparison import replies_with_and_without
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.scripted import ScriptedEngine
from rpterm.errors import RptermError
from rpterm.examples import pool
from rpterm.examples.editor import CardEditor
from rpterm.examples.provider import ExampleProvider
from rpterm.prompt.chat_view import ChatView
from rpterm.store import Store
from rpterm.store.judgement_records import Circumstances
from rpterm.store.judgements import Judgements
from rpterm.store.scores import Scores, StoredScore
from rpterm.types import Intent, Persona, Turn

CARD = CharacterCard(
    name="Mara",
    greetings=("Good evening, {{user}}.",),
    examples=(
        Example((("user", "Is it far?"), ("char", "Far enough, {{user}}."))),
        Example((("user", "What of the storm?"), ("char", "It knows the way."))),
    ),
)
TOML = (
    "name = 'Mara'\n[[examples]]\nuser = 'Is it far?'\nchar = 'Far enough, {{user}}.'\n"
    "[[examples]]\nuser = 'What of the storm?'\nchar = 'It knows the way.'\n"
)
Open = Callable[..., Session]


@pytest.fixture
def make(store: Store) -> Open:
    def made(replies: list[str], *, k: int = 0, budget: int = 0) -> Session:
        chat = begin_chat(store, CARD, TOML, Persona("Ann"))
        examples = ExampleProvider(store, per_turn=lambda: k, budget=budget)
        return Session(store, ScriptedEngine(replies), CARD, chat, Settings(), examples=examples)

    return made


def say(session: Session, text: str) -> Turn:
    *_, last = session.reply(ReplyRequest(Intent.SEND, text))
    assert isinstance(last, ReplyFinished)
    return last.turn


def sources(session: Session, draft: str = "Hello?") -> list[str]:
    session.load()
    found = [span.source for span in session.preview(draft).spans]
    return list(dict.fromkeys(each for each in found if each.startswith("example:")))


def provider(session: Session) -> ExampleProvider:
    assert isinstance(session.examples, ExampleProvider)
    return session.examples


def test_without_choices_the_prompt_is_what_it_was(make: Open, store: Store) -> None:
    session = make(["x"])
    plain = Session(store, ScriptedEngine(["x"]), CARD, session.chat, Settings())
    session.load()
    plain.load()
    assert session.preview("Hello?") == plain.preview("Hello?")


def test_pinned_ones_come_first_and_excluded_ones_are_gone(make: Open) -> None:
    session = make(["x"])
    assert sources(session) == ["example:1", "example:2"]
    first, second = pool.card_exemplars(CARD)
    provider(session).mark(session.chat_id, second.key, "pinned")
    assert sources(session) == ["example:2", "example:1"]
    provider(session).mark(session.chat_id, first.key, "excluded")
    assert sources(session) == ["example:2"]


def test_the_clean_prompt_has_the_same_static_part(make: Open) -> None:
    session = make(["x"], k=2)
    provider(session).mark(session.chat_id, pool.card_exemplars(CARD)[1].key, "pinned")
    say(session, "Is the storm near?")
    settled = session.engine.cached  # type: ignore[attr-defined]
    prompt = session.preview("And now?")
    static = [token for span in prompt.spans if span.zone == "static" for token in span.ids]
    assert list(settled[: len(static)]) == static


def test_a_starred_exchange_of_another_chat_joins_a_turn_like_it(make: Open, store: Store) -> None:
    old = make(["*She counts.* The bell rings before a wreck, never after."])
    starred = say(old, "Tell me of the bell in the fog")
    Judgements(store).stars(starred.id, 5)
    session = make(["x"], k=1)
    assert sources(session, "Why did the bell ring?") == [
        "example:1", "example:2", f"example:turn:{starred.id}",
    ]  # fmt: skip
    span = next(s for s in session.preview("Why did the bell ring?").spans
                if s.source == f"example:turn:{starred.id}")  # fmt: skip
    assert span.zone == "volatile" and "you starred it; similarity to what was said 0." in span.why
    assert "Mara: *She counts.* The bell" in span.text
    assert sources(session, "Where is the soup?") == ["example:1", "example:2"]


def test_what_is_starred_scored_or_deleted_meanwhile_counts_at_once(
    make: Open, store: Store
) -> None:
    old = make(["The bell rings before a wreck, never after.", "A bell is brass, mostly, I find."])
    first, second = say(old, "Tell me of the bell"), say(old, "And the bell, what is it made of?")
    session, judgements = make(["x"], k=2), Judgements(store)

    def inside() -> list[str]:
        return sources(session, "And the bell, what of it?")[2:]

    assert inside() == []
    Scores(store).put(StoredScore(second.id, "1", "c", 0.9, 0.8, 0.95))
    assert inside() == [f"example:turn:{second.id}"]
    star = judgements.stars(first.id, 5)
    assert f"example:turn:{first.id}" in inside()
    judgements.withdraw(star.id, old.chat_id)
    assert inside() == [f"example:turn:{second.id}"]
    store.delete_turn(second.id)
    assert inside() == []


def test_nothing_of_the_chat_itself_is_an_example(make: Open, store: Store) -> None:
    session = make(["The bell rings before a wreck, never after it."], k=3)
    turn = say(session, "Tell me of the bell")
    Judgements(store).stars(turn.id, 5)
    assert sources(session, "And the bell?") == ["example:1", "example:2"]
    found = pool.exchange_of_key(store, f"turn:{turn.id}")
    assert found is not None
    provider(session).mark(session.chat_id, found.key, "pinned")
    assert f"example:{found.key}" not in sources(session, "And the bell?")


def test_mined_ones_scored_well_and_nobody_disliked_them(make: Open, store: Store) -> None:
    old = make(["The bell rings before a wreck, never after.", "Bells are brass, mostly, I find."])
    good, bad = say(old, "Tell me of the bell"), say(old, "And what are bells made of?")
    for turn in (good, bad):
        Scores(store).put(StoredScore(turn.id, "1", "c", 0.9, 0.8, 0.95))
    Judgements(store).thumb(bad.id, False)
    found = {each.key: each for each in pool.exchanges(store, "Mara")}
    assert list(found) == [f"turn:{good.id}"]
    assert found[f"turn:{good.id}"].source == "mined"


def test_the_newest_score_and_the_last_word_decide(make: Open, store: Store) -> None:
    said = ["The bell rings before a wreck, never after."] * 4
    old = make(said)
    worse, changed, flagged, other = (say(old, f"Tell me of bell {n}") for n in range(4))
    scores = Scores(store)
    scores.put(StoredScore(worse.id, "1", "c", 0.9, 0.8, 0.95))
    scores.put(StoredScore(worse.id, "2", "c", 0.3, 0.2, 0.4))
    judgements = Judgements(store)
    judgements.thumb(changed.id, False)
    judgements.stars(changed.id, 5)
    judgements.flag(flagged.id, None, "no")
    judgements.stars(flagged.id, 5)
    judgements.stars(other.id, 5)
    judgements.thumb(other.id, False, how=Circumstances(rater="Ben"))
    assert [each.key for each in pool.exchanges(store, "Mara")] == [f"turn:{changed.id}"]


def test_the_pane_lists_all_in_the_order_of_the_prompt(make: Open, store: Store) -> None:
    session = make(["It rings before a wreck, never after it."])
    turn = say(session, "Tell me of the bell")
    Judgements(store).stars(turn.id, 5)
    session.load()
    rows = provider(session).rows(
        ChatView(CARD, session.chat, session.path()),
        session.preview(),
        session.scene.lead.prompter.count,
    )
    assert [(row.place, row.order) for row in rows] == [("card", 1), ("card", 2), ("out", 0)]
    assert rows[-1].why == "it is part of this chat"
    assert all(row.tokens for row in rows)


def test_a_budget_leaves_out_what_does_not_fit(make: Open) -> None:
    session = make(["x"], budget=30)
    session.load()
    assert sources(session) == ["example:1"]
    left = {out.source: out.why for out in session.preview("Hm?").left_out}
    assert left["example:2"].startswith("examples may take 30 tokens")


def test_with_and_without_are_stored_beside_the_branch(make: Open) -> None:
    session = make(["one", "two", "three"])
    turn = say(session, "Is it far?")
    told = list(replies_with_and_without(session, turn.id))
    started = [event for event in told if isinstance(event, ReplyStarted)]
    assert [len(event.turns) for event in started] == [2]
    ends = [event for event in told if isinstance(event, ReplyFinished)]
    assert [(end.index, end.turn.text) for end in ends] == [(0, "two"), (1, "three")]
    assert session.path()[-1].text == "one"
    assert [t.text for t in session.store.siblings(turn.id)] == ["one", "two", "three"]
    prompts = [end.generation.prompt_text for end in ends]
    assert "Far enough" in prompts[0] and "Far enough" not in prompts[1]
    assert ends[0].generation.sampling.seed == ends[1].generation.sampling.seed


def test_a_card_that_ships_is_copied_before_it_is_changed(make: Open, tmp_path: Path) -> None:
    shipped = next(library.card_folders(None)[-1].glob("sherlock.toml"))
    before = shipped.read_text("utf-8")
    session = make(["x"])
    session.store.update_chat(session.chat_id, card_path=str(shipped))
    new = Example((("user", "Hello?"), ("char", "Good day.")))
    own = tmp_path / "own"
    editor = CardEditor(session, own)
    assert "own copy" in editor.add(new)
    assert shipped.read_text("utf-8") == before
    assert session.card.examples[-1] == new and session.chat.card_path == str(own / shipped.name)
    with pytest.raises(RptermError, match="has this exchange already, as example"):
        editor.add(new)
    assert editor.undo() and not editor.undo()
    assert (own / shipped.name).read_text("utf-8") == before
    session.store.update_chat(session.chat_id, card_path=str(shipped))
    with pytest.raises(RptermError, match="a card of your own"):
        editor.add(new)


def test_the_users_own_copy_is_followed_once_the_chat_goes_on_with_it(
    make: Open, tmp_path: Path
) -> None:
    shipped = next(library.card_folders(None)[-1].glob("sherlock.toml"))
    session = make(["x"])
    session.set_card(parse(shipped.read_text("utf-8")), shipped.read_text("utf-8"))
    session.store.update_chat(session.chat_id, card_path=str(shipped))
    reloader = Reloader(session)
    assert reloader.poll() is None
    new = Example((("user", "Hello?"), ("char", "Good day.")))
    CardEditor(session, tmp_path / "own").add(new)
    assert reloader.poll() is None
    own = tmp_path / "own" / shipped.name
    own.write_text(own.read_text("utf-8").replace("Good day.", "Good night."), "utf-8")
    assert isinstance(reloader.poll(), Reloaded)
    assert session.card.examples[-1].dialogue[-1][1] == "Good night."
    session.store.delete_chat(session.chat_id)
    assert reloader.poll() is None


def test_a_folder_that_cannot_be_written_is_told_and_leaves_no_half_copy(
    make: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = next(library.card_folders(None)[-1].glob("sherlock.toml"))
    session = make(["x"])
    session.store.update_chat(session.chat_id, card_path=str(shipped))
    new = Example((("user", "Hello?"), ("char", "Good day.")))
    (tmp_path / "file").touch()
    with pytest.raises(RptermError, match="cannot be written"):
        CardEditor(session, tmp_path / "file").add(new)
    editor = CardEditor(session, tmp_path / "own")
    with monkeypatch.context() as full:
        full.setattr("tempfile.mkstemp", no_space)
        with pytest.raises(RptermError, match="No space left"):
            editor.add(new)
    assert "own copy" in editor.add(new)


def no_space(*args: object, **kwargs: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


class Near:
    """Vectors by the number of letters: whoever asks shortly is answered shortly."""

    state = "ready"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gate = threading.Event()

    def encode_now(self, text: str, timeout: float) -> np.ndarray | None:
        self.asked.append(text)
        return self._rows([text])[0]

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        assert self.gate.wait(10)
        return self._rows(texts)

    def _rows(self, texts: Sequence[str]) -> np.ndarray:
        angles = np.array([len(text) / 40 for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_meanings_are_compared_once_they_are_there_and_nobody_waits(
    make: Open, store: Store
) -> None:
    session = make(["x"])
    near = Near()
    examples = ExampleProvider(store, vectors=near)
    session.load()
    turn = Turn(0, session.chat_id, None, "user", "Ann", "Is it far?")

    def likeness() -> dict[int, float]:
        view = ChatView(CARD, session.chat, [turn])
        rows = examples.rows(view, session.preview(), session.scene.lead.prompter.count)
        return {row.exemplar.number: row.meaning or 0.0 for row in rows}

    by_words = likeness()
    assert not near.asked
    near.gate.set()
    end = time.monotonic() + 10
    while len(examples._embeddings) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    by_meaning = likeness()
    assert near.asked and by_meaning[1] > 0.9
    assert by_meaning[2] > by_words[2] == 0.0


def test_an_edit_is_not_taken_back_over_a_later_save(make: Open, tmp_path: Path) -> None:
    path = tmp_path / "mara.toml"
    path.write_text(TOML, "utf-8")
    session = make(["x"])
    session.store.update_chat(session.chat_id, card_path=str(path))
    editor = CardEditor(session, None)
    editor.change(CARD.examples[0], Example((("user", "Far?"), ("char", "Yes."))))
    path.write_text(path.read_text("utf-8") + "# mine\n", "utf-8")
    assert not editor.undo()
    assert "# mine" in path.read_text("utf-8")


def test_an_example_is_found_by_its_words_in_a_card_that_was_saved_meanwhile(
    make: Open, tmp_path: Path
) -> None:
    path = tmp_path / "mara.toml"
    first = "[[examples]]\nuser = 'New?'\nchar = 'New.'\n"
    path.write_text(TOML.replace("[[examples]]", f"{first}[[examples]]", 1), "utf-8")
    session = make(["x"])
    session.store.update_chat(session.chat_id, card_path=str(path))
    editor = CardEditor(session, None)
    old, new = CARD.examples[0], Example((("user", "Far?"), ("char", "Yes.")))
    assert editor.change(old, new) == "Example 2 was changed in mara.toml."
    assert [each.dialogue[0][1] for each in session.card.examples] == [
        "New?", "Far?", "What of the storm?",
    ]  # fmt: skip
    with pytest.raises(RptermError, match="removed from the card"):
        editor.change(old, new)
    path.write_text(path.read_text("utf-8") + first, "utf-8")
    with pytest.raises(RptermError, match="twice"):
        editor.change(session.card.examples[0], new)


def test_of_the_card_of_another_character_that_ships_a_copy_is_changed(
    store: Store, tmp_path: Path
) -> None:
    shipped = next(library.card_folders(None)[-1].glob("sherlock.toml"))
    text = shipped.read_text("utf-8")
    casting = CardSource(lambda target: SimpleNamespace(card=parse(text), text=text, path=shipped))
    chat = begin_chat(store, CARD, TOML, Persona("Ann"))
    session = Session(store, ScriptedEngine(["x"]), CARD, chat, Settings(), casting=casting)
    name = session.scene.add("sherlock").card_name
    editor = CardEditor(session, tmp_path / "own")
    assert "in your own copy of the card" in editor.add(CARD.examples[0], name)
    own = tmp_path / "own" / "sherlock.toml"
    assert [member.card_path for member in session.scene.present[1:]] == [str(own)]
    assert session.scene.actor(name).card == load(own)
    session.scene.remove(name)
    with pytest.raises(RptermError, match="not here any more"):
        editor.add(CARD.examples[0], name)
    assert shipped.read_text("utf-8") == text


def test_marks_follow_an_example_into_its_new_words_in_all_chats_with_its_file(
    make: Open, tmp_path: Path
) -> None:
    path, other = tmp_path / "mara.toml", tmp_path / "other.toml"
    path.write_text(TOML, "utf-8")
    old, new = CARD.examples[0], Example((("user", "Far?"), ("char", "Yes.")))
    before, after = (pool.card_exemplars(replace(CARD, examples=(e,)))[0].key for e in (old, new))
    sessions = [make(["x"]) for _ in range(3)]
    for session, where in zip(sessions, (path, path, other), strict=True):
        session.store.update_chat(session.chat_id, card_path=str(where))
        provider(session).mark(session.chat_id, before, "excluded")
    editor = CardEditor(sessions[0], None)
    editor.change(old, new)
    marks = [provider(each).marks(each.chat_id) for each in sessions]
    assert marks == [{after: "excluded"}, {after: "excluded"}, {before: "excluded"}]
    assert editor.undo() is not None
    assert all(provider(each).marks(each.chat_id) == {before: "excluded"} for each in sessions)


def test_own_writes_are_not_taken_for_an_editors_save(make: Open, tmp_path: Path) -> None:
    path = tmp_path / "mara.toml"
    path.write_text(TOML, "utf-8")
    session = make(["x"])
    session.store.update_chat(session.chat_id, card_path=str(path))
    reloader, editor = Reloader(session), CardEditor(session, None)
    assert reloader.poll() is None
    editor.change(CARD.examples[0], Example((("user", "Far?"), ("char", "Yes."))))
    assert reloader.poll() is None
    path.write_text(path.read_text("utf-8").replace("Yes.", "No."), "utf-8")
    assert isinstance(reloader.poll(), Reloaded)
    path.write_text(TOML, "utf-8")
    assert isinstance(reloader.poll(), Reloaded)


def test_the_save_of_another_terminal_is_followed(make: Open, tmp_path: Path) -> None:
    path = tmp_path / "mara.toml"
    path.write_text(TOML, "utf-8")
    mine = make(["x"])
    mine.store.update_chat(mine.chat_id, card_path=str(path))
    reloader = Reloader(mine)
    assert reloader.poll() is None
    other = Session(mine.store, ScriptedEngine(["x"]), CARD, mine.chat, Settings())
    new = Example((("user", "Far?"), ("char", "Yes.")))
    CardEditor(other, None).change(CARD.examples[0], new)
    assert isinstance(reloader.poll(), Reloaded)
    assert mine.card.examples[0] == new


def test_where_every_example_is_in_the_prompt_already_nothing_is_embedded(
    make: Open, store: Store
) -> None:
    session = make(["x"])
    near = Near()
    examples = ExampleProvider(store, per_turn=lambda: 2, vectors=near)
    session.load()
    turn = Turn(0, session.chat_id, None, "user", "Ann", "Is it far?")
    near.gate.set()
    examples._embeddings = {each.key: np.ones(2) for each in pool.card_exemplars(CARD)}
    prompt = session.preview()
    view = ChatView(CARD, session.chat, [turn])
    assert examples.for_turn(view, prompt, session.scene.lead.prompter.count) == ((), ())
    assert near.asked == []


def test_an_example_that_joins_a_turn_reads_the_time_of_that_turn(tmp_path: Path) -> None:
    clock = [1_000_000_000.0]
    card = replace(CARD, examples=(Example((("char", "It is {{isodate}}, and no later."),)),))
    with Store(tmp_path / "later.db", clock=lambda: clock[0]) as store:
        chat = begin_chat(store, card, TOML, Persona("Ann"))
        examples = ExampleProvider(store, per_turn=lambda: 1, budget=1)
        session = Session(store, ScriptedEngine(["x"]), card, chat, Settings(), examples=examples)
        session.load()
        clock[0] += 3 * 86_400
        spans = session.preview("Is it later than I think?").spans
    [note] = [span.text for span in spans if span.source == "example:1"]
    assert f"It is {date.fromtimestamp(clock[0])}" in note
