"""``rpterm duel`` and ``rpterm review`` in lines."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cli_tools import Cli

from rpterm.cli import duel_run, rich_out
from rpterm.config import Settings
from rpterm.dueling.duel import Duel, DuelSetup, ReplyPair
from rpterm.preference.rating import Rater
from rpterm.store import Store
from rpterm.types import Generation, Origin, Sampling, Status

B = ("--b", "temperature=1.5")


def lines_file(tmp_path: Path, *lines: str) -> str:
    path = tmp_path / "lines.txt"
    path.write_text("# ours\n\n" + "\n".join(lines), encoding="utf-8")
    return str(path)


def test_a_duel_is_judged_reported_and_resumed(cli: Cli, home: Path, tmp_path: Path) -> None:
    source = lines_file(tmp_path, "Who is there?", "And why?")
    command = ("duel", "sherlock", *B, "-n", "3", "--turns", source)
    done = cli(*command, stdin="l\nu\nr\nwhat\nq\n")
    assert done.code == 0, done.err
    assert "Round 1 of 3" in done.out and "And why?" not in done.out.split("Round 2")[0]
    assert "Undone." in done.out and "1 of 3 rounds" in done.out
    assert "A (as set)" in done.out and "B (temperature=1.5)" in done.out
    done = cli(*command, stdin="=\n0\n")
    assert done.out.count("Round ") == 2 and "3 of 3 rounds" in done.out
    (row,) = [line.split() for line in done.out.splitlines() if line.startswith("A–B")]
    assert sorted(row[1:3]) == ["0", "1"] and row[3:6] == ["1", "1", "3"] and row[7] == "undecided"
    told = cli(*command, "--report", "--json")
    assert json.loads(told.out)["votes"] == 3
    with Store(home / "rpterm.db") as store:
        verdicts = [each.verdict for each in Rater(store).judgements.comparisons()]
        assert verdicts == ["right", "tie", "both_bad"]
        assert len(store.chats()) == 1 and store.chats()[0].title.startswith("Duel: as set against")
    assert cli("chat", "sherlock", stdin="Hello\n").code == 0
    with Store(home / "rpterm.db") as store:
        assert store.chats()[0].turn_count == 5 and len(store.chats()) == 2


def test_a_retrained_adapter_begins_a_new_duel(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    adapter = tmp_path / "mine.gguf"
    adapter.write_bytes(b"one")
    wanted = DuelSetup("Sherlock Holmes", ("", f"adapter={adapter}"), 3, 1, ("Who?",))
    llama = Settings(engine="llama")
    with Store(home / "rpterm.db") as store:
        duel = duel_run.open_bout(store, "sherlock", wanted, llama, False)
        for name, digest in (("A", ""), ("B", hashlib.sha256(b"one").hexdigest())):
            turn = store.add_turn(
                duel.chat_id, None, "assistant", "Holmes", "", origin=Origin.GENERATED,
                status=Status.STREAMING,
            )  # fmt: skip
            made = Generation("llama", "m", "h", Sampling(seed=1), adapter_hash=digest)
            store.finish_reply(turn.id, "I.", Status.COMPLETE, made)
            duel.record_reply(0, name, turn.id)
        assert duel_run.open_bout(store, "sherlock", wanted, llama, False).id == duel.id
        adapter.write_bytes(b"other")
        remote = Settings(engine="remote")
        assert duel_run.open_bout(store, "sherlock", wanted, remote, False).id == duel.id
        assert not capsys.readouterr().out
        assert duel_run.open_bout(store, "sherlock", wanted, llama, False).id != duel.id
        assert "Side B has another adapter" in capsys.readouterr().out


def test_replies_finished_while_the_next_round_is_looked_up_are_judged(
    cli: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_generated = threading.Event()
    find_next, generate = Duel.next, duel_run._PlainVoting.generate

    def next_too_late(duel: Duel) -> ReplyPair | None:
        pair = find_next(duel)
        all_generated.wait(30)
        return pair

    def generate_and_tell(voting: duel_run._PlainVoting) -> None:
        generate(voting)
        all_generated.set()

    monkeypatch.setattr(Duel, "next", next_too_late)
    monkeypatch.setattr(duel_run._PlainVoting, "generate", generate_and_tell)
    source = lines_file(tmp_path, "Who is there?", "And why?")
    done = cli("duel", "sherlock", *B, "-n", "2", "--turns", source, stdin="l\nr\n")
    assert done.code == 0 and "2 of 2 rounds" in done.out, done.out + done.err


def test_the_report_on_four_sides_fits_80_columns_and_adds_up(
    cli: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rich_out, "_PIPE_WIDTH", 80)
    sides = ("--b", "temperature=1.5 min_p=0.1", "--c", "top_k=5", "--d", "top_p=0.5")
    source = lines_file(tmp_path, "Who is there?", "And why?")
    said = "l\nr\n=\n0\n" * 3
    done = cli("duel", "sherlock", *sides, "-n", "12", "--turns", source, stdin=said + "l\n" * 4)
    assert done.code == 0, done.err
    report = done.out[done.out.rindex("A (as set)") :]
    assert max(map(len, report.splitlines())) <= 80
    assert "13 of 13 rounds: 12 votes, 1 asked again" in report
    rows = [line.split() for line in report.splitlines() if line[1:2] == "–" and line[0] in "ABC"]
    assert len(rows) == 6
    assert all(sum(map(int, row[1:5])) == int(row[5]) for row in rows)
    assert sum(int(row[5]) for row in rows) == 12
    ends = [line.split() for line in report.splitlines() if line.startswith("–")]
    assert sorted(line[1] for line in ends) == ["A", "B", "C", "D"]
    *_, last = [line for line in done.out.splitlines() if " vote" in line and ":" in line
                and "A–B" in line]  # fmt: skip
    assert len(last) <= 76


def test_a_fresh_duel_reads_each_message_from_the_input(cli: Cli, home: Path) -> None:
    done = cli("duel", "sherlock", *B, "-n", "2", "--turns", "fresh",
               stdin="Good evening\nl\nGo on\n=\n")  # fmt: skip
    assert done.code == 0, done.err
    assert "2 of 2 rounds" in done.out
    with Store(home / "rpterm.db") as store:
        path = store.path(store.chat(1).leaf_id or 0)
        assert [turn.text for turn in path if turn.role == "user"] == ["Good evening", "Go on"]


def test_a_missing_reply_in_a_fresh_duel_is_generated_on_resuming(cli: Cli, home: Path) -> None:
    command = ("duel", "sherlock", *B, "-n", "1", "--turns", "fresh")
    cli(*command, stdin="Good evening\n")
    with closing(sqlite3.connect(home / "rpterm.db")) as database, database:
        database.execute("DELETE FROM duel_replies WHERE side = 'B'")
    done = cli(*command, stdin="l\n")
    assert done.code == 0 and "1 of 1 rounds" in done.out, done.out + done.err
    with Store(home / "rpterm.db") as store:
        (last,) = Rater(store).judgements.comparisons()
        left, right = store.turn(last.left_id), store.turn(last.right_id)
        assert left.parent_id == right.parent_id


def test_a_report_ignores_the_number_of_rounds(cli: Cli, home: Path) -> None:
    for count in ("1", "2"):
        cli("duel", "sherlock", *B, "-n", count, "--turns", "fresh", stdin="Good evening\nl\n")
    for more in ((), ("-n", "1")):
        done = cli("duel", "sherlock", *B, "--turns", "fresh", "--report", *more)
        assert done.code == 0 and "1 of 2 rounds" in done.out, done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((), "same"), (("--b", "warmth=3"), "cannot be set"), ((*B, "--turns", "none.txt"), "fresh"),
     ((*B, "--report"), "no such duel"), ((*B, "--json"), "--report")],
)  # fmt: skip
def test_an_invalid_duel_is_refused_in_one_sentence(
    cli: Cli, home: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = cli("duel", "sherlock", *arguments)
    assert done.code == 1 and words in done.err
    assert len(done.err.splitlines()) == 1 and not (home / "rpterm.db").exists()


def test_a_duel_with_a_missing_model_does_not_begin(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RPTERM_ENGINE", "llama")
    done = cli("duel", "sherlock", "--b", "model=none.gguf")
    assert done.code == 1 and "none.gguf" in done.err
    assert not (home / "rpterm.db").exists()


def test_a_duel_without_a_file_uses_the_shipped_messages() -> None:
    from rpterm.cli.duel_run import read_messages

    assert len(read_messages("")) >= 30 and len(set(read_messages(""))) == len(read_messages(""))


def test_an_error_while_generating_ends_the_questions() -> None:
    def run(told: object) -> None:
        raise KeyError("defect")

    duel: Any = SimpleNamespace(fresh=False, next=lambda: SimpleNamespace(ready=False))
    maker: Any = SimpleNamespace(run=run, stop=lambda: None)
    with pytest.raises(KeyError):
        duel_run.run_plain(duel, maker)


def test_review_works_in_plain_mode(cli: Cli, home: Path) -> None:
    cli("chat", "sherlock", stdin="Hello\nAnd then?\n")
    done = cli("review", "sherlock", stdin="5\nten\n-\n")
    assert "2 to review" in done.out and "2 of 2" in done.out
    with Store(home / "rpterm.db") as store:
        found = [(each.kind, each.value) for each in Rater(store).judgements.ratings()]
        assert found == [("stars", 5), ("thumb", 0)]
        rater = Rater(store)
        reply = next(each.turn_id for each in rater.judgements.ratings())
        turn = store.turn(reply)
        other = store.add_turn(
            turn.chat_id, turn.parent_id, "assistant", "X", "Never.", origin=turn.origin
        )
        rater.duel(reply, other.id, "tie")
    done = cli("review", "--show", "doubtful", stdin="5\nr\n")
    assert "Left: Never." in done.out and "Right: " in done.out
    with Store(home / "rpterm.db") as store:
        *_, last = Rater(store).judgements.comparisons()
        assert (last.left_id, last.verdict, last.how.method) == (other.id, "right", "review")
    assert "0 to review" in cli("review", stdin="").out
    assert "there are unrated" in cli("review", "--show", "odd").err
    with Store(home / "rpterm.db") as store:
        store.create_chat(card_name="Gone", card_hash="h")
    assert "to review" in cli("review", "gone", stdin="").out  # its card's file is gone
