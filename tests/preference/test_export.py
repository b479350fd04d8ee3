"""From judgements to files: one prompt per pair, nothing lost silently, consent required."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from preference_support import MODEL, SYSTEM, Scene, left_out, rows, run

from rpterm.errors import RptermError
from rpterm.preference.formats import FORMATS
from rpterm.preference.pairs import rated_pairs
from rpterm.preference.records import Meta, Record, Reply, Source
from rpterm.store import Store
from rpterm.store.judgement_records import Circumstances
from rpterm.store.memory.distilled import Distilled, Draft
from rpterm.store.memory.memories import Memories
from rpterm.types import Chat, Origin

HEAD = [
    {"role": "system", "content": SYSTEM},
    {"role": "assistant", "content": "Come in!"},
    {"role": "user", "content": "Who was it?"},
]


def edited(scene: Scene, original: int, text: str) -> int:
    return scene.say(scene.user.id, text, origin=Origin.EDITED, edited_from=original).id


def test_a_duel_becomes_one_pair_with_one_prompt(scene: Scene, tmp_path: Path) -> None:
    a, b = scene.reply(" It was Moran.\n"), scene.reply("It was I.")
    duel = scene.judge.compare(a, b, "right", how=Circumstances(seconds=3.0, position="left"))
    run(scene, tmp_path / "out")
    (row,) = rows(tmp_path / "out")
    assert row["prompt"] == HEAD
    assert row["chosen"] == [{"role": "assistant", "content": "It was I."}]
    assert row["rejected"] == [{"role": "assistant", "content": "It was Moran."}]
    assert row["meta"]["judgements"] == [duel.id]
    assert row["meta"]["turns"] == [b, a] and row["meta"]["seconds"] == 3.0


def test_ratings_pair_only_within_one_rater_and_scale(scene: Scene, tmp_path: Path) -> None:
    a, b, c = (scene.reply(text) for text in ("One.", "Two.", "Three."))
    scene.judge.stars(a, 5)
    scene.judge.stars(b, 2)
    scene.judge.stars(b, 4)  # changed
    scene.judge.stars(c, 4)
    scene.judge.thumb(b, False, how=Circumstances("ann"))
    done = run(scene, tmp_path / "out")
    pairs = {(row["chosen"][0]["content"], row["rejected"][0]["content"])
             for row in rows(tmp_path / "out")}  # fmt: skip
    assert pairs == {("One.", "Two."), ("One.", "Three.")}
    assert done.left_out["the same rater changed it later"] == 1


def test_both_bad_is_two_negatives_and_a_tie_is_no_pair(scene: Scene, tmp_path: Path) -> None:
    a, b, c = (scene.reply(text) for text in ("One.", "Two.", "Three."))
    scene.judge.compare(a, b, "both_bad")
    scene.judge.compare(a, c, "tie")
    run(scene, tmp_path / "kto", format="trl_kto")
    assert [(row["completion"][0]["content"], row["label"]) for row in rows(tmp_path / "kto")] == [
        ("One.", False), ("Two.", False),
    ]  # fmt: skip
    with pytest.raises(RptermError, match=r"othing (to export|was rated)"):
        run(scene, tmp_path / "dpo")
    run(scene, tmp_path / "people", format="argilla")
    ranks = [
        [each["rank"] for each in row["suggestions"]["ranking"]]
        for row in rows(tmp_path / "people", "ranking-train")
    ]
    assert ranks == [[2, 2], [1, 1]]


def test_a_reply_that_two_raters_like_is_one_demo_and_only_stars_are_ratings(
    scene: Scene, tmp_path: Path
) -> None:
    starred, liked = scene.reply("One."), scene.reply("Two.")
    for rater in ("ann", "ben"):
        scene.judge.stars(starred, 5, how=Circumstances(rater=rater))
    scene.judge.thumb(liked, True)
    done = run(scene, tmp_path / "sft", format="trl_sft")
    assert [row["messages"][-1]["content"] for row in rows(tmp_path / "sft")] == ["One.", "Two."]
    assert not done.left_out
    run(scene, tmp_path / "people", format="argilla")
    (row,) = rows(tmp_path / "people", "rating-train")
    assert (row["fields"]["response"], row["suggestions"]["rating"]) == ("One.", 5)


def test_a_reply_gets_no_two_labels(scene: Scene, tmp_path: Path) -> None:
    a, b, c = (scene.reply(text) for text in ("One.", "Two.", "Three."))
    scene.judge.compare(a, b, "both_bad")
    scene.judge.stars(a, 5)
    scene.judge.stars(c, 5)
    scene.judge.thumb(c, False)
    run(scene, tmp_path / "kto", format="trl_kto")
    labels = {row["completion"][0]["content"]: row["label"] for row in rows(tmp_path / "kto")}
    assert len(labels) == len(rows(tmp_path / "kto")) == 3
    assert labels["One."] is True and labels["Two."] is False
    assert labels["Three."] is False  # What the rater said last.
    assert "a rating says the opposite" in left_out(tmp_path / "kto").values()


def test_the_majority_of_raters_decides_about_a_reply(scene: Scene, tmp_path: Path) -> None:
    disputed, liked = scene.reply("One."), scene.reply("Two.")
    for turn, rater, good in (
        (disputed, "ann", True), (disputed, "ben", False),
        (liked, "ann", True), (liked, "ben", False), (liked, "cid", True),
    ):  # fmt: skip
        scene.judge.thumb(turn, good, how=Circumstances(rater=rater))
    scene.judge.stars(disputed, 5, how=Circumstances(rater="ann"))  # Still one rater.
    done = run(scene, tmp_path / "kto", format="trl_kto")
    (row,) = rows(tmp_path / "kto")
    assert row["completion"][0]["content"] == "Two." and row["label"] is True
    assert done.left_out["as many raters call it good as bad"] == 3
    assert done.left_out["outvoted by other judgements"] == 1
    run(scene, tmp_path / "sft", format="trl_sft")
    assert [row["messages"][-1]["content"] for row in rows(tmp_path / "sft")] == ["Two."]


def test_a_prompt_cut_to_its_last_message_is_counted(scene: Scene, tmp_path: Path) -> None:
    again = scene.say(
        scene.reply("Seven words are in this long reply."), "And who else?", "user"
    ).id
    scene.judge.thumb(scene.reply("Nobody.", again), True)
    done = run(scene, tmp_path / "out", format="trl_kto", max_tokens=50)
    assert (done.cut, done.bare) == (1, 1)
    assert [each["role"] for each in rows(tmp_path / "out")[0]["prompt"]] == ["system", "user"]


def test_the_last_opinion_of_a_rater_counts_in_pairs(scene: Scene, tmp_path: Path) -> None:
    a, b = scene.reply("One."), scene.reply("Two.")
    scene.judge.thumb(a, True)
    scene.judge.thumb(b, False)
    scene.judge.stars(a, 1)
    with pytest.raises(RptermError, match=r"the same rater changed it later \(1\)"):
        run(scene, tmp_path / "out")


def test_a_name_told_in_a_chat_is_removed(scene: Scene, tmp_path: Path) -> None:
    memories = Memories(scene.store)
    draft = Draft(
        "fact", "X is called Zenobia Fell", (scene.user.id,), "rules", slot="name",
        value="Zenobia Fell",
    )  # fmt: skip
    Distilled(memories).add("Watson", scene.chat.id, [draft], [scene.user.id], "rules")
    scene.judge.stars(scene.reply("Dear Zenobia, you fell."), 5)
    run(scene, tmp_path / "kto", format="trl_kto")
    (row,) = rows(tmp_path / "kto")
    assert row["completion"][0]["content"] == "Dear User, you fell."


def test_a_persona_is_removed_by_each_of_its_names(tmp_path: Path) -> None:
    with Store(tmp_path / "rp.db") as store:
        scene = Scene(store, persona="Miss Zenobia Fell")
        scene.judge.stars(scene.reply("I miss you, Zenobia. Miss Fell, you fell."), 5)
        run(scene, tmp_path / "kto", format="trl_kto")
    (row,) = rows(tmp_path / "kto")
    assert row["completion"][0]["content"] == "I miss you, User. Miss User, you fell."


def test_an_edit_is_chosen_over_its_original_and_shown_as_demo(
    scene: Scene, tmp_path: Path
) -> None:
    a = scene.reply("It was Moran, surely.")
    small = scene.judge.kept_edit(a, edited(scene, a, "It was Moran, surely!"))
    large = scene.judge.kept_edit(a, edited(scene, a, "It was the baronet, surely."))
    run(scene, tmp_path / "dpo")
    (row,) = rows(tmp_path / "dpo")
    assert row["meta"]["judgements"] == [large.id]
    assert left_out(tmp_path / "dpo")[small.id] == "the edit is too small"
    run(scene, tmp_path / "sft", format="trl_sft")
    (demo,) = rows(tmp_path / "sft")
    assert demo["messages"][-1]["content"] == "It was the baronet, surely."


def test_replies_from_different_prompts_are_not_paired(scene: Scene, tmp_path: Path) -> None:
    a, b, c = (
        scene.made("One.", (1, 2)), scene.made("Two.", (1, 2, 3)), scene.made("Three.", (1, 2))
    )  # fmt: skip
    apart = scene.judge.compare(a, b, "left")
    fine = scene.judge.compare(a, c, "left")
    run(scene, tmp_path / "out")
    assert [row["meta"]["judgements"] for row in rows(tmp_path / "out")] == [[fine.id]]
    assert left_out(tmp_path / "out")[apart.id] == "the replies were made from different prompts"
    assert rows(tmp_path / "out")[0]["meta"]["seeds"] == ["7", "7"]


def test_replies_of_a_batch_have_their_own_seeds(scene: Scene, tmp_path: Path) -> None:
    one, other = (scene.made(text, (1,), batch=(7, 8), index=at) for at, text in enumerate("AB"))
    scene.judge.compare(one, other, "right")
    run(scene, tmp_path / "out")
    assert rows(tmp_path / "out")[0]["meta"]["seeds"] == ["8", "7"]


def test_conflicts_are_resolved_by_strength_then_majority(scene: Scene, tmp_path: Path) -> None:
    a, b, c = (scene.reply(text) for text in ("One.", "Two.", "Three."))
    scene.judge.kept_swipe(a, [b])
    strong = scene.judge.compare(a, b, "right")
    undecided = [scene.judge.compare(a, c, verdict).id for verdict in ("left", "right")]
    run(scene, tmp_path / "out")
    (row,) = rows(tmp_path / "out")
    assert row["chosen"][0]["content"] == "Two." and row["meta"]["judgements"] == [strong.id]
    gone = left_out(tmp_path / "out")
    assert [gone[number] for number in undecided] == ["judgements contradict each other"] * 2


@pytest.mark.parametrize("winners", ["abb", "bab", "bba", "aabbb", "bbaab", "abbbab"])
def test_the_majority_of_verdicts_decides_in_any_order(
    scene: Scene, tmp_path: Path, winners: str
) -> None:
    a, b = scene.reply("One."), scene.reply("Two.")
    judged = {"a": list[int](), "b": list[int]()}
    for number, winner in enumerate(winners):
        sides = (a, b) if number % 2 else (b, a)
        verdict = "left" if sides[0] == {"a": a, "b": b}[winner] else "right"
        judged[winner].append(scene.judge.compare(*sides, verdict).id)
    run(scene, tmp_path / "out")
    (row,) = rows(tmp_path / "out")
    assert (row["chosen"][0]["content"], row["rejected"][0]["content"]) == ("Two.", "One.")
    assert row["meta"]["judgements"] == judged["b"]
    assert left_out(tmp_path / "out") == dict.fromkeys(judged["a"], "outvoted by other judgements")


def test_long_histories_lose_old_turns_and_keep_the_system_prompt(
    scene: Scene, tmp_path: Path
) -> None:
    at = scene.user.id
    for number in range(20):
        at = scene.reply(f"Reply {number} has six words here.", at)
        at = scene.say(at, f"Question {number} has six words here.", "user").id
    a, b = scene.reply("Yes indeed, my dear.", at), scene.reply("No.", at)
    scene.judge.compare(a, b, "left")
    assert run(scene, tmp_path / "whole", max_tokens=0).cut == 0
    assert run(scene, tmp_path / "out", max_tokens=100).cut == 1
    (row,) = rows(tmp_path / "out")
    prompt = row["prompt"]
    assert prompt[0] == HEAD[0] and prompt[1]["role"] == "user" and len(prompt) > 3
    assert prompt[-1]["content"] == "Question 19 has six words here."
    assert sum(len(m["content"].split()) + 8 for m in prompt) + 12 <= 100
    message = r"1 is longer than 20 tokens, the longest 53\. `--max-tokens 256` includes the long"
    with pytest.raises(RptermError, match=message):
        run(scene, tmp_path / "small", max_tokens=20)
    assert run(scene, tmp_path / "small", max_tokens=53).rows == {"train": 1}
    with pytest.raises(RptermError, match="1 is longer than 52 tokens, the longest 53"):
        run(scene, tmp_path / "none", max_tokens=52)


@pytest.mark.parametrize(
    ("greeting", "roles"),
    [("keep", "sau"), ("seed", "suau"), ("system", "su"), ("auto", "sau")],
)
def test_the_greeting_is_exported_as_chosen(
    scene: Scene, tmp_path: Path, greeting: str, roles: str
) -> None:
    from rpterm.preference.message_shape import Greeting

    scene.judge.thumb(scene.reply("Yes."), True)
    run(scene, tmp_path / "out", format="trl_kto", greeting=Greeting(greeting))
    (row,) = rows(tmp_path / "out")
    assert "".join(message["role"][0] for message in row["prompt"]) == roles
    assert "Come in!" in json.dumps(row["prompt"])


@pytest.mark.parametrize("format", ["trl_kto", "trl_sft", "sharegpt"])
def test_a_format_without_matching_records_explains_why(
    scene: Scene, tmp_path: Path, format: str
) -> None:
    scene.judge.compare(scene.reply("One."), scene.reply("Two."), "left")
    scene.judge.compare(scene.reply("Three."), scene.reply("Four."), "tie")
    with pytest.raises(RptermError, match=r"choices between two replies \(1\)") as caught:
        run(scene, tmp_path / "out", format=format)
    assert str(caught.value).endswith("`--format dpo` takes choices between two replies.")
    assert run(scene, tmp_path / "out", format="trl_dpo").unused == {"tie": 1}


def test_ratings_that_are_neither_good_nor_bad_are_explained(scene: Scene, tmp_path: Path) -> None:
    scene.judge.stars(scene.reply("Well."), 3)
    with pytest.raises(RptermError, match=r"as kto: it cannot express some ratings \(1\)"):
        run(scene, tmp_path / "out", format="trl_kto")


def test_the_error_lists_characters_with_ratings(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(RptermError, match="Nothing was rated yet"):
        run(scene, tmp_path / "out", card="nosuch")
    scene.judge.compare(scene.reply("One."), scene.reply("Two."), "left")
    with pytest.raises(RptermError, match=r"with 'nosuch': `--card` can be Watson\."):
        run(scene, tmp_path / "out", card="nosuch")


def test_a_chat_without_consent_is_not_exported(scene: Scene, tmp_path: Path) -> None:
    scene.judge.thumb(scene.reply("Yes."), True)
    scene.judge.consent(scene.chat.id, False)
    with pytest.raises(RptermError, match="not marked as exportable"):
        run(scene, tmp_path / "out", format="raw")
    assert not (tmp_path / "out").exists()


def test_personal_data_is_removed_and_listed_next_to_the_export(tmp_path: Path) -> None:
    with Store(tmp_path / "rp.db") as store:
        scene = Scene(store, persona="Violet Hunter", greeting="Come in, Violet Hunter!")
        said = "Write to v.hunter@example.org or +49 171 2345678, /home/violet/x, ghp_" + "a1" * 12
        scene.judge.thumb(scene.reply(said), False, reason="told violet hunter's mail")
        run(scene, tmp_path / "out", format="raw")
    everything = "".join(
        path.read_text() for path in (tmp_path / "out").rglob("*") if path.is_file()
    )
    assert "[mail] or [phone], [path], [key]" in everything
    for secret in ("iolet", "example.org", "2345678", "ghp_"):
        assert secret not in everything
    review = (tmp_path / "out-scrubbed.jsonl").read_text()
    assert "v.hunter@example.org" in review and "+49 171 2345678" in review


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_same_store_gives_the_same_bytes(scene: Scene, tmp_path: Path, name: str) -> None:
    a, b = scene.made("One.", (1,)), scene.made("Two.", (1,))
    scene.judge.stars(a, 5, dimensions={"voice": 5})
    scene.judge.compare(a, b, "left")
    found = []
    for folder in ("one", "two"):
        run(scene, tmp_path / folder, format=name)
        files = sorted(path for path in (tmp_path / folder).rglob("*") if path.is_file())
        found.append([(p.relative_to(tmp_path / folder), p.read_bytes()) for p in files])
    assert found[0] == found[1] and len(found[0]) >= 3


def test_only_an_export_is_ever_replaced(scene: Scene, tmp_path: Path) -> None:
    scene.judge.thumb(scene.reply("Yes."), True)
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.txt").write_text("mine")
    with pytest.raises(RptermError, match="is not an export of rpterm"):
        run(scene, home, format="raw")
    assert [path.name for path in home.iterdir()] == ["thesis.txt"]
    run(scene, tmp_path / "out", format="raw")
    run(scene, tmp_path / "out", format="trl_kto")
    assert (tmp_path / "out" / "rpterm-export.json").read_text().count("trl_kto") == 1
    assert not list(tmp_path.glob(".out*"))


_KILLED = """
import sys
sys.path[:0] = [{tests!r}]
import os, signal
from pathlib import Path
from preference_support import Scene, run
from rpterm.preference import export, export_folder
from rpterm.store import Store
place, at = Path(sys.argv[1]), sys.argv[2]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
real = export_folder._exchange_atomically
def exchanged(*names):
    return real(*names) and die()
{{"rows": lambda: setattr(export_folder.JsonlWriter, "add", die),
  "sync": lambda: setattr(export_folder, "_sync", die),
  "swap": lambda: setattr(export_folder, "_exchange_atomically", exchanged)}}[at]()
with Store(place / "rp.db") as store:
    scene = Scene(store)
    scene.judge.thumb(scene.reply("New."), True)
    run(scene, place / "out", format="trl_kto")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="exchanges folders as Linux does")
@pytest.mark.parametrize("at", ["rows", "sync", "swap"])
def test_a_kill_leaves_a_complete_export(scene: Scene, tmp_path: Path, at: str) -> None:
    scene.judge.thumb(scene.reply("Old."), True)
    run(scene, tmp_path / "out", format="trl_kto")
    script = _KILLED.format(tests=str(Path(__file__).parent))
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), at], check=False, env=os.environ
    )
    assert done.returncode == -signal.SIGKILL
    told = json.loads((tmp_path / "out" / "rpterm-export.json").read_text())
    assert len(rows(tmp_path / "out")) == told["rows"]["train"] == (2 if at == "swap" else 1)
    run(scene, tmp_path / "out", format="trl_kto")
    assert not list(tmp_path.glob(".out*"))


_AGAIN = """
import sys
sys.path[:0] = [{tests!r}]
from pathlib import Path
from preference_support import MODEL, ExportOptions, system
from rpterm.preference.export import export
from rpterm.store import Store
from rpterm.store.judgements import Judgements
place = Path(sys.argv[1])
with Store(place / "rp.db") as store:
    while True:
        options = ExportOptions(format="raw", split=0.0)
        export(Judgements(store), place / "out", options, MODEL, system)
        print("done", flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="exchanges folders as Linux does")
def test_a_kill_at_any_moment_leaves_a_complete_export(scene: Scene, tmp_path: Path) -> None:
    for number in range(200):
        scene.judge.thumb(scene.reply(f"Reply {number}."), True)
    run(scene, tmp_path / "out", format="raw")
    script = _AGAIN.format(tests=str(Path(__file__).parent))
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, env=os.environ
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"done\n"
        time.sleep(0.013)  # the next export is under way: no moment of it is special
        process.kill()
    told = json.loads((tmp_path / "out" / "rpterm-export.json").read_text())
    there = {
        str(path.relative_to(tmp_path / "out")): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file() and path.name != "rpterm-export.json"
    }
    assert there == told["sha256"] and told["rows"] == {"train": 400}


def test_llama_factory_has_a_user_who_speaks_first_and_an_index(
    scene: Scene, tmp_path: Path
) -> None:
    a, b = scene.reply("One."), scene.reply("Two.")
    scene.judge.compare(a, b, "left")
    scene.judge.thumb(scene.greeting.id, True)
    run(scene, tmp_path / "out", format="llama_factory")
    info = json.loads((tmp_path / "out" / "dataset_info.json").read_text())
    entry = info["rpterm_dpo_train"]
    assert entry["ranking"] is True and (tmp_path / "out" / entry["file_name"]).exists()
    for name in ("dpo-train", "kto-train", "sft-train"):
        for row in rows(tmp_path / "out", name):
            said = [turn["from"] for turn in row["conversations"]]
            assert said == ["human", "gpt"] * (len(said) // 2) + ["human"] * (len(said) % 2)
            assert (len(said) % 2 == 1) == (name == "dpo-train")


def test_the_raw_format_has_exact_prompts_only_without_a_scrub(
    scene: Scene, tmp_path: Path
) -> None:
    scene.judge.flag(scene.made("One two.", (5, 6)), (4, 8), "not his word")
    run(scene, tmp_path / "open", format="raw", scrub=False)
    run(scene, tmp_path / "shut", format="raw", scrub=True)
    (row,) = rows(tmp_path / "open")
    assert row["exact"]["prompt_ids"] == [5, 6] and row["span"] == [4, 8]
    assert rows(tmp_path / "shut")[0]["exact"] is None


def test_another_card_version_or_comma_makes_no_unseen_prompt(scene: Scene, tmp_path: Path) -> None:
    again = Scene(scene.store)
    for each, question in ((scene, "Who was it?"), (again, "who was it"), (again, "Why him?")):
        asked = each.say(each.greeting.id, question, "user").id
        each.judge.compare(each.reply("Moran.", asked), each.reply("I.", asked), "left")

    def version(chat: Chat) -> str:
        return f"You are Watson, version {chat.id}."

    done = run(scene, tmp_path / "out", system=version, split=0.5)
    assert done.left_out == {"the same prompt is in the other split": 1}
    assert sum(done.rows.values()) == 2 and len(done.rows) == 2
    assert run(scene, tmp_path / "all", system=version, split=0.0).rows == {"train": 3}


@pytest.mark.trainer
def test_parquet_has_the_same_rows(scene: Scene, tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    scene.judge.stars(scene.made("One.", (1,)), 5)
    run(scene, tmp_path / "lines", format="raw")
    run(scene, tmp_path / "table", format="raw", file_type="parquet")
    found = pq.read_table(tmp_path / "table" / "data" / "train.parquet").to_pylist()
    assert found == rows(tmp_path / "lines") and MODEL.name == "words"


def test_impossible_pairs_do_not_use_up_the_limit() -> None:
    meta = Meta(Source.STARS, (1,), 1, "Ada", "h")
    labels = [
        Record("label", (), Reply(f"reply {stars}", stars, score=float(stars)), meta)
        for stars in range(1, 6)
    ]
    (widest,) = rated_pairs(labels, 1)
    assert widest.other is not None and (widest.reply.turn, widest.other.turn) == (5, 1)
    (pair,) = rated_pairs(labels, 1, lambda one, other: other.reply.turn > 1)
    assert pair.other is not None and (pair.reply.turn, pair.other.turn) == (5, 2)
