"""Several characters from the command line and in plain mode."""

from __future__ import annotations

import json
import os
from pathlib import Path

from cli_tools import Cli

from rpterm import paths as folders
from rpterm.config import load
from rpterm.models.engine_factory import SCRIPTED_REPLIES
from rpterm.startup.launch import NEW_CHAT, ChatRequest, Launch
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.types import TurnTaking

FIRST, SECOND, THIRD = SCRIPTED_REPLIES
GROUP = ("chat", "sherlock", "--with", "keeper", "--with", "tola")


def speakers(home: Path, chat_id: int = 1) -> list[str]:
    with Store(home / "rpterm.db") as store:
        return [turn.speaker for turn in store.path(store.chat(chat_id).leaf_id or 0)]


def names(cli: Cli) -> list[str]:
    done = cli(*GROUP, stdin="/cast\n")
    return [line.split(" (")[0] for line in done.err.splitlines() if "Turns" not in line]


def test_a_named_member_replies(cli: Cli, home: Path) -> None:
    holmes, keeper, tola = names(cli)
    done = cli(*GROUP, stdin=f"{tola}, look!\n{keeper}?\nAnd then?\n/next\n/as {holmes}\n")
    assert done.code == 0, done.err
    said = [line.split(": ", 1)[0] for line in done.out.splitlines() if ": " in line]
    assert said[-5:] == [tola, keeper, keeper, tola, holmes]
    assert speakers(home)[-1] == holmes


def test_the_same_members_continue_a_chat_and_others_begin_a_new_one(cli: Cli, home: Path) -> None:
    cli(*GROUP, stdin="Hello\n")
    cli("chat", "sherlock", "--with", "tola", "--with", "keeper", stdin="Again\n")
    cli("chat", "sherlock", "--with", "tola", stdin="Hello\n")
    cli("chat", "sherlock", "--turns", "round", stdin="You two?\n")
    with Store(home / "rpterm.db") as store:
        assert Casts(store).counts() == {1: 3, 2: 2}
        assert [chat.turn_count for chat in reversed(store.chats())] == [
            len(store.tree(1)), len(store.tree(2)),
        ]  # fmt: skip
    assert len(speakers(home)) == 5 and len(speakers(home, 2)) == 5
    listed = cli("chats", "list").out
    assert "Sherlock Holmes +2" in listed and "Sherlock Holmes +1" in listed


def test_without_members_the_newest_single_chat_is_continued(cli: Cli, home: Path) -> None:
    cli(*GROUP, stdin="All of you\n")
    cli("chat", "sherlock", stdin="You alone\n")
    cli(*GROUP, stdin="All again\n")
    cli("chat", "sherlock", stdin="Alone again\n")
    cli("chat", "keeper", stdin="And you\n")
    with Store(home / "rpterm.db") as store:
        said = [
            [t.text for t in store.path(c.leaf_id or 0) if t.role == "user"]
            for c in sorted(store.chats(), key=lambda c: c.id, reverse=True)
        ]
    assert said == [["And you"], ["You alone", "Alone again"], ["All of you", "All again"]]


def test_a_chat_whose_members_left_is_a_single_chat(cli: Cli, home: Path) -> None:
    cli("chat", "sherlock", "--with", "tola", stdin="/cast remove tola\n")
    cli("chat", "sherlock", stdin="Only you\n")
    with Store(home / "rpterm.db") as store:
        assert len(store.chats()) == 1


def test_once_prints_one_reply_of_a_group(cli: Cli, home: Path) -> None:
    _, keeper, _ = names(cli)
    done = cli(*GROUP, "--turns", "round", "--once", "Hello")
    assert done.out == f"{FIRST}\n"
    assert speakers(home)[-1] == keeper


def test_a_narrator_and_the_turn_order_are_set_by_options(cli: Cli, home: Path) -> None:
    done = cli(
        "chat", "sherlock", "--narrator", "--turns", "hand",
        stdin="/cast\n/as narrator\nAnd?\n/cast turns round\n/cast mute narrator\n/cast\n",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "Narrator (narrator)\nTurns: hand." in done.err
    assert speakers(home)[1:] == ["Narrator", speakers(home)[2], "Narrator"]
    assert "Narrator (narrator, muted)\nTurns: round." in done.err
    with Store(home / "rpterm.db") as store:
        cast = Casts(store).get(1)
        assert cast is not None and cast.taking is TurnTaking.ROUND


def test_invalid_members_are_reported_before_a_chat_is_created(cli: Cli, home: Path) -> None:
    for more, sentence in (
        (("--with", "nobdy"), "nobdy"),
        (("--with", "keeper", "--turns", "dice"), "mentioned, round, model, hand"),
    ):
        done = cli("chat", "sherlock", "--new", *more, stdin="")
        assert done.code != 0 and sentence in done.err
    done = cli("chat", "sherlock", stdin="/next\n/as Moriarty\n/cast fire keeper\n")
    assert "no other character" in done.err and "Moriarty" in done.err and "/cast add" in done.err
    with Store(home / "rpterm.db") as store:
        assert len(store.chats()) == 1


def test_a_new_chat_keeps_its_members_and_another_character_does_not(home: Path) -> None:
    found = folders.find()
    asked = ChatRequest("sherlock", company=("keeper", "narrator"), turns="round")
    launch = Launch(load(found.config_file, os.environ), found, asked)
    try:
        first = launch.open()
        first.scene.mute("Narrator", True)
        second = launch.open("sherlock", NEW_CHAT)
        assert second.chat_id != first.chat_id
        assert second.scene.present == first.scene.present
        assert second.scene.cast is not None and second.scene.cast.taking is TurnTaking.ROUND
        assert not launch.open("keeper", NEW_CHAT).scene.group
        assert launch.open(None, first.chat_id).scene.cast == first.scene.cast
    finally:
        launch.close()


def test_exports_name_the_speaker_of_each_turn(cli: Cli, home: Path) -> None:
    cli(*GROUP, stdin="Tola, look!\n")
    chat, *turns = map(
        json.loads, cli("chats", "export", "1", "--format", "jsonl").out.splitlines()
    )
    assert [member["present"] for member in chat["cast"]["members"]] == [True] * 3
    names = [turn["speaker"] for turn in turns]
    assert names[-1] == chat["cast"]["members"][2]["speaker"]
    assert f"**{names[-1]}:**" in cli("chats", "export", "1").out
    log = [json.loads(line) for line in cli("chats", "export", "1", "-f", "log").out.splitlines()]
    assert log[-1]["name"] == names[-1] and not log[-1]["is_user"]
