"""Ratings and swipes of chat logs become judgements, and pairs if requested."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from preference_support import MODEL, system

from rpterm.cards.card import CharacterCard
from rpterm.preference.export import export
from rpterm.preference.export_result import ExportOptions
from rpterm.preference.record_builder import Selection
from rpterm.preference.records import Source
from rpterm.store import Store
from rpterm.store.judgements import Judgements
from rpterm.transfer.chat_cards import KnownCard
from rpterm.transfer.chat_files.log_records import LogRating
from rpterm.transfer.chat_files.ratings import read_ratings
from rpterm.transfer.chat_import import import_chats


def said(name: str, text: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "is_user": name == "Ann", "mes": text} | more


LOG = [
    {"user_name": "Ann", "character_name": "Watson"},
    said("Watson", "Welcome.", swipes=["Hello.", "Welcome."], swipe_id=1),
    said("Ann", "Who was it?"),
    said(
        "Watson", "Moran.", swipes=["I.", "Moran.", "You."], swipe_id=1,
        swipe_info=[{"extra": {}}, {"extra": {"stars": 5, "reason": "sharp"}},
                    {"extra": {"thumb": "down"}}],
    ),
    said("Ann", "And then?"),
    said("Watson", "Nothing.", extra={"rating": 2}, swipes=["Nothing.", "All."], swipe_id=0),
]  # fmt: skip
CARD = KnownCard("watson", "watson", Path(), CharacterCard(name="Watson"), 'name = "Watson"\n')


def write(folder: Path, log: list[dict[str, Any]] = LOG) -> Path:
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in log), encoding="utf-8")
    return path


def test_ratings_and_kept_swipes_are_imported_once(tmp_path: Path) -> None:
    path = write(tmp_path)
    with Store(tmp_path / "rp.db") as store:
        (first,) = import_chats([path], store, [], card=CARD, ratings=True)
        assert (first.ratings, first.swipes) == (3, 2)
        (again,) = import_chats([path], store, [], card=CARD, ratings=True)
        assert (again.known, again.ratings, again.swipes) == (first.chat_id, 0, 0)
        judge = Judgements(store)
        found = {
            (store.turn(each.turn_id).text, each.kind, each.value, each.reason, each.how.method)
            for each in judge.ratings()
        }
        assert found == {
            ("Moran.", "stars", 5, "sharp", "import"), ("You.", "thumb", 0, "", "import"),
            ("Nothing.", "stars", 2, "", "import"),
        }  # fmt: skip
        pairs = {
            (store.turn(each.left_id).text, store.turn(each.right_id).text)
            for each in judge.comparisons()
        }
        # The greeting was chosen, and nobody went on with the last reply.
        assert pairs == {("Moran.", "I."), ("Moran.", "You.")}


def test_ratings_can_be_imported_for_an_existing_chat(tmp_path: Path) -> None:
    path = write(tmp_path)
    with Store(tmp_path / "rp.db") as store:
        (plain,) = import_chats([path], store, [], card=CARD)
        assert not list(Judgements(store).ratings())
        (later,) = import_chats([path], store, [], card=CARD, ratings=True)
        assert (later.known, later.ratings, later.swipes) == (plain.chat_id, 3, 2)


def test_changed_turns_are_skipped(tmp_path: Path) -> None:
    path = write(tmp_path)
    with Store(tmp_path / "rp.db") as store:
        (plain,) = import_chats([path], store, [], card=CARD)
        assert plain.chat_id is not None
        gone = next(turn for turn in store.tree(plain.chat_id) if turn.text == "You.")
        store.delete_turn(gone.id)
        (later,) = import_chats([path], store, [], card=CARD, ratings=True)
        assert (later.ratings, later.swipes) == (0, 0)


def test_kept_swipes_are_pairs_only_if_requested(tmp_path: Path) -> None:
    path = write(tmp_path)
    with Store(tmp_path / "rp.db") as store:
        (made,) = import_chats([path], store, [], card=CARD, ratings=True)
        judge = Judgements(store)
        assert made.chat_id is not None
        judge.consent(made.chat_id, True)
        kinds = {}
        for name, sources in (("swipe", {Source.SWIPE}), ("rated", {Source.STARS, Source.THUMBS})):
            out = tmp_path / name
            options = ExportOptions(
                format="raw", wanted=Selection(sources=frozenset(sources)), split=0
            )
            export(judge, out, options, MODEL, system)
            rows = [json.loads(line) for line in (out / "data" / "train.jsonl").open()]
            kinds[name] = sorted(row["kind"] for row in rows)
        assert kinds["swipe"] == ["pair", "pair"]
        assert "pair" not in kinds["rated"] and kinds["rated"].count("label") == 3


@pytest.mark.parametrize(
    ("raw", "mark"),
    [
        ({"extra": {"rating": 4}}, LogRating(stars=4)),
        ({"extra": {"rating": -1}}, LogRating(thumb=False)),
        ({"extra": {"rating": "good"}}, LogRating(thumb=True)),
        ({"extra": {"liked": False, "comment": "dull"}}, LogRating(thumb=False, reason="dull")),
        ({"annotation": {"rating": 1}}, LogRating(thumb=True)),
        ({"annotation": {"rating": -1, "reason": "x"}}, LogRating(thumb=False, reason="x")),
        ({"extra": {"annotation": {"rating": 1}}}, LogRating(thumb=True)),
        ({"extra": {"feedback": "Negative"}}, LogRating(thumb=False)),
        ({"extra": {"rating": 3.5}}, None),
        ({"extra": {"rating": 9}}, None),
        ({"extra": {"rating": True}}, LogRating(thumb=True)),
        ({"extra": {"stars": "many", "thumb": 7}}, None),
        ({"extra": 3, "swipe_info": "x"}, None),
        ({"extra": {"rating": float("nan"), "thumb": None}}, None),
    ],
)
def test_ratings_are_found_where_programs_write_them(
    raw: dict[str, Any], mark: LogRating | None
) -> None:
    found = read_ratings(raw, [0], 0)
    assert found == ((mark,) if mark else ())
