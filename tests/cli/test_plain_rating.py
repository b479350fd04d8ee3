"""Rating and duels in plain mode."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_tools import Cli

from rpterm.models.engine_factory import SCRIPTED_REPLIES
from rpterm.preference.rating import Rater
from rpterm.store import Store


def talk(cli: Cli, *lines: str) -> tuple[str, str]:
    done = cli("chat", "sherlock", stdin="".join(f"{line}\n" for line in lines))
    assert done.code == 0, done.err
    return done.out, done.err


def test_the_last_reply_is_rated_and_unrated(cli: Cli, home: Path) -> None:
    _, err = talk(cli, "Hello", "/rate 4 style=2 c=5", "/good", "/flag too long")
    assert "★★★★☆ 2±" in err
    with Store(home / "rpterm.db") as store:
        rater = Rater(store)
        (mark,) = rater.marks(1).values()
        assert (mark.stars, mark.thumb, mark.flags) == (4, True, 1)
        assert mark.dimensions == {"style": 2, "coherence": 5}
    talk(cli, "/unrate", "/unrate", "/bad")
    with Store(home / "rpterm.db") as store:
        (mark,) = Rater(store).marks(1).values()
        assert (mark.stars, mark.thumb, mark.flags) == (4, False, 0)


def test_flagged_words_are_stored_with_their_position(cli: Cli, home: Path) -> None:
    talk(cli, "Hello", "/flag Sit down,")
    with Store(home / "rpterm.db") as store:
        (rating,) = Rater(store).judgements.ratings()
        assert rating.span is not None
        assert store.turn(rating.turn_id).text[slice(*rating.span)] == "Sit down,"


@pytest.mark.parametrize(
    ("line", "verdict"), [("/left", "left"), ("/right", "right"), ("/tie", "tie"),
                          ("/neither", "both_bad")],
)  # fmt: skip
def test_a_duel_is_blind_until_the_verdict(cli: Cli, home: Path, line: str, verdict: str) -> None:
    out, err = talk(cli, "/duel Hello", line)
    assert "Left: " in out and "Right: " in out and "only chance differed" in err
    with Store(home / "rpterm.db") as store:
        (duel,) = Rater(store).judgements.comparisons()
        texts = [store.turn(turn).text for turn in (duel.left_id, duel.right_id)]
        assert duel.verdict == verdict and sorted(texts) == sorted(SCRIPTED_REPLIES[:2])
        assert out.index(f"Left: {texts[0]}") < out.index(f"Right: {texts[1]}")
        leaf = store.chat(1).leaf_id
        assert leaf == (duel.right_id if verdict == "right" else duel.left_id)


def test_allow_and_deny_set_the_consent(cli: Cli, home: Path) -> None:
    talk(cli, "/allow")
    with Store(home / "rpterm.db") as store:
        assert Rater(store).judgements.exportable(1)
    talk(cli, "/deny")
    with Store(home / "rpterm.db") as store:
        assert not Rater(store).judgements.exportable(1)


@pytest.mark.parametrize("line", ["/rate", "/rate 9", "/rate 3 wit=4", "/unrate", "/left"])
def test_impossible_judgements_are_one_sentence(cli: Cli, line: str) -> None:
    done = cli("chat", "sherlock", stdin=f"{line}\nHello\n")
    assert done.code == 0
    assert len(done.err.splitlines()) == 1 and done.err.startswith("rpterm: ")
