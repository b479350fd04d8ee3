"""Whatever is said, swiped, edited and rated: every judgement is accounted for, splits share
nothing, a pair has one prompt, no text is lost, and the check finds nothing that loses a row."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from preference_support import ALL, MODEL, SYSTEM, Scene, left_out, read_lines, rows, system
from preference_support import run as export_scene

from rpterm.errors import RptermError
from rpterm.preference.check.checker import check
from rpterm.preference.check.examples import parse_row
from rpterm.preference.export import export
from rpterm.preference.export_result import ExportOptions
from rpterm.preference.formats import FORMATS
from rpterm.preference.message_shape import Greeting
from rpterm.store import Store, StoreError
from rpterm.store.judgement_records import ME, Circumstances
from rpterm.store.judgements import Judgements
from rpterm.types import Generation, Origin, Sampling, Status

TEXTS = st.sampled_from(
    ["Yes.", "No.", "  Yes. ", "", "Perhaps\nnot.", "é\u2028x", "User", "a@b.cd"]
)
PICK = st.integers(0, 50)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(0, 2), PICK, TEXTS, st.booleans()),
        st.tuples(st.just("edit"), st.integers(0, 2), PICK, TEXTS),
        st.tuples(st.just("thumb"), PICK, st.booleans(), st.sampled_from(["me", "ann"])),
        st.tuples(st.just("stars"), PICK, st.integers(1, 5), st.sampled_from(["me", "ann"])),
        st.tuples(st.just("flag"), PICK),
        st.tuples(st.just("swipe"), PICK),
        st.tuples(
            st.just("duel"), PICK, PICK, st.sampled_from(["left", "right", "tie", "both_bad"])
        ),
        st.tuples(st.just("undo")),
    ),
    max_size=30,
)


class World:
    """Four chats, so that both splits and equal prompts occur."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "rp.db")
        self.judge = Judgements(self.store)
        self.chats = [self.store.create_chat(card_name="A", card_hash="h").id for _ in range(4)]
        self.turns: dict[int, list[Any]] = {chat: [] for chat in self.chats}
        for chat in self.chats:
            self.judge.consent(chat, True)
        # The same beginning in all chats: prompts that would leak, replies of unlike prompts.
        for chat in range(4):
            self.say(chat, 0, "Hi", False)
            self.say(chat, 1, "Who?", False)
            root = self.turns[self.chats[chat]][1]
            for text, odd in (("Yes.", False), ("No.", False), ("Perhaps.", True)):
                self.say_under(chat, root, text, odd)

    def do(self, step: tuple[Any, ...]) -> None:
        try:
            getattr(self, step[0])(*step[1:])
        except (StoreError, LookupError):
            return  # no such turn yet, or one that may not be judged

    def say(self, chat: int, at: int, text: str, odd_prompt: bool) -> None:
        number = self.chats[chat]
        known = self.turns[number]
        parent = known[at % len(known)] if known and at % 7 else None
        role = "user" if parent is not None and parent.role == "assistant" else "assistant"
        self._add(number, parent, role, text, odd_prompt)

    def say_under(self, chat: int, parent: Any, text: str, odd_prompt: bool) -> None:
        self._add(self.chats[chat], parent, "assistant", text, odd_prompt)

    def _add(self, number: int, parent: Any, role: str, text: str, odd_prompt: bool) -> None:
        origin = Origin.GENERATED if role == "assistant" else Origin.TYPED
        turn = self.store.add_turn(
            number, parent.id if parent else None, role, "X", "", origin=origin,  # type: ignore[arg-type]
            status=Status.STREAMING,
        )  # fmt: skip
        made = Generation("scripted", "m", "h", Sampling(seed=1), prompt_ids=(int(odd_prompt),))
        self.turns[number].append(
            self.store.finish_reply(
                turn.id, text, Status.COMPLETE, made if role == "assistant" else None
            )
        )

    def edit(self, chat: int, at: int, text: str) -> None:
        known = self.turns[self.chats[chat]]
        old = known[at % len(known)] if known else None
        if old is None:
            return
        new = self.store.add_turn(
            old.chat_id, old.parent_id, old.role, "X", text, origin=Origin.EDITED,
            edited_from=old.id,
        )  # fmt: skip
        known.append(new)
        self.judge.kept_edit(old.id, new.id)

    def reply(self, at: int) -> Any:
        every = [turn for turns in self.turns.values() for turn in turns]
        return every[at % len(every)]

    def thumb(self, at: int, up: bool, rater: str) -> None:
        self.judge.thumb(self.reply(at).id, up, how=Circumstances(rater))

    def stars(self, at: int, n: int, rater: str) -> None:
        self.judge.stars(self.reply(at).id, n, how=Circumstances(rater))

    def flag(self, at: int) -> None:
        self.judge.flag(self.reply(at).id, (0, 1), "odd")

    def swipe(self, at: int) -> None:
        turn = self.reply(at)
        self.judge.kept_swipe(turn.id, [each.id for each in self.store.siblings(turn.id)])

    def duel(self, one: int, other: int, verdict: Any) -> None:
        left = self.reply(one)
        siblings = self.store.siblings(left.id)
        self.judge.compare(left.id, siblings[other % len(siblings)].id, verdict)

    def texts(self) -> set[str]:
        return {turn.text.strip() for chat in self.chats for turn in self.store.tree(chat)}

    def undo(self) -> None:
        judged = (*self.judge.ratings(), *self.judge.comparisons())
        mine = [each for each in judged if each.how.rater == ME]
        if mine:
            last = max(mine, key=lambda each: each.id)
            self.judge.withdraw(last.id, last.chat_id)


def exported(world: World, out: Path, **options: Any) -> list[tuple[str, dict[str, Any]]]:
    try:
        export(
            world.judge,
            out,
            ExportOptions(**{"split": 0.5, "wanted": ALL} | options),
            MODEL,
            system,
        )
    except RptermError:
        return []
    return [(split, row) for split in ("train", "test") for row in rows(out, split)]


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(STEPS, st.sampled_from(list(Greeting)), st.sampled_from([0, 25, 60]))
def test_any_tree_exports_consistently(
    steps: list[tuple[Any, ...]], greeting: Greeting, limit: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        world = World(Path(name))
        with world.store:
            for step in steps:
                world.do(step)
            raw = exported(
                world, Path(name) / "raw", format="raw", greeting=greeting, max_tokens=limit
            )
            pairs = exported(
                world, Path(name) / "dpo", format="trl_dpo", greeting=greeting, max_tokens=limit
            )
            standing = {
                each.id for found in (world.judge.ratings(), world.judge.comparisons())
                for each in found
            }  # fmt: skip
            _accounted(standing, raw, left_out(Path(name) / "raw"))
            _apart(raw)
            for _, row in pairs:
                _one_prompt(world, row)


# Shrinking would export some hundred times over.
@settings(
    max_examples=20, suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)  # fmt: skip
@given(STEPS, st.sampled_from(sorted(FORMATS)), st.sampled_from([0, 60, 200]), st.booleans())
def test_exports_pass_the_check_and_are_reproducible(
    steps: list[tuple[Any, ...]], name: str, limit: int, scrub: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world, outs = World(Path(folder)), [Path(folder) / each for each in ("one", "two")]
        with world.store:
            for step in steps:
                world.do(step)
            found = [
                exported(world, out, format=name, max_tokens=limit, scrub=scrub) for out in outs
            ]
            assert found[0] == found[1]
            if not outs[0].exists():
                return
            assert _bytes(outs[0]) == _bytes(outs[1])
            report = check(outs[0], MODEL, limit=limit or None)
            _sound(report, scrub)
            if limit:
                assert max(report.tokens) <= limit
            if not scrub:
                _nothing_lost(world, outs[0])


def _sound(report: Any, scrub: bool) -> None:
    quality = report.quality
    assert not report.bad.count and not report.refused.count, report.bad.first
    assert not quality.leaks.count and not quality.duplicates.count
    assert all(not each.fates["dropped"] and not each.fates["cut"] for each in report.outlooks)
    assert not (scrub and quality.private)
    if quality.kinds["label"] == 0:  # raters may differ about one reply
        assert not quality.contradictions.count, quality.contradictions.first


def _nothing_lost(world: World, out: Path) -> None:
    """Every reply in the rows is the text of a turn, and every text is there to its last letter."""
    for file in (out / "data").iterdir():
        for row in read_lines(file):
            for text in parse_row(row).replies:
                ends = (text, text.removesuffix(MODEL.end))
                assert any(each in world.texts() for each in ends)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _accounted(
    standing: set[int], raw: list[tuple[str, dict[str, Any]]], gone: dict[int, str]
) -> None:
    there = {number for _, row in raw for number in row["meta"]["judgements"]}
    assert there <= standing, "something that was taken back is exported"
    if raw:
        assert there | set(gone) == standing


def _apart(raw: list[tuple[str, dict[str, Any]]]) -> None:
    sides: dict[str, set[str]] = {"train": set(), "test": set()}
    for split, row in raw:
        sides[split] |= {repr(row["prompt"]), f"chat {row['meta']['chat']}"}
    assert not sides["train"] & sides["test"]


def _one_prompt(world: World, row: dict[str, Any]) -> None:
    chosen, rejected = (world.store.turn(number) for number in row["meta"]["turns"])
    assert (chosen.chat_id, chosen.parent_id) == (rejected.chat_id, rejected.parent_id)
    one, other = (world.store.generation(turn.id) for turn in (chosen, rejected))
    assert one is None or other is None or one.prompt_ids == other.prompt_ids
    said, unsaid = row["chosen"][0]["content"], row["rejected"][0]["content"]
    assert said and unsaid and said != unsaid
    assert all(message["content"] == message["content"].strip() for message in row["prompt"])


FORKS = st.lists(st.tuples(PICK, st.sampled_from(["none", "side", "message"])), max_size=12)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(FORKS, st.sampled_from([0, 60, 200]))
def test_both_replies_of_a_pair_continue_one_branch(
    forks: list[tuple[int, str]], limit: int
) -> None:
    """Every text is said once, so that a prompt shows which turns it was made of."""
    with tempfile.TemporaryDirectory() as name, Store(Path(name) / "rp.db") as store:
        scene = Scene(store)
        replies = [scene.greeting.id]
        for number, (at, edited) in enumerate(forks):
            asked = scene.say(replies[at % len(replies)], f"Question {number}?", "user").id
            if edited == "message":
                text = f"Better question {number}?"
                above = store.turn(asked).parent_id
                asked = scene.say(above, text, "user", Origin.EDITED, edited_from=asked).id
            one, other = (scene.reply(f"Reply {number}{side}.", asked) for side in "ab")
            scene.judge.compare(one, other, "left" if at % 2 else "right")
            if edited == "side":
                text = f"Edited reply {number}."
                other = scene.say(asked, text, "assistant", Origin.EDITED, edited_from=one).id
                scene.judge.kept_edit(one, other)
            replies += [one, other]
        if not forks:
            return
        export_scene(scene, Path(name) / "out", format="trl_dpo", max_tokens=limit)
        found = rows(Path(name) / "out")
        assert len(found) == len(forks) + sum(edited == "side" for _, edited in forks)
        for row in found:
            _one_branch(store, row, complete=not limit)


def _one_branch(store: Store, row: dict[str, Any], *, complete: bool) -> None:
    """The prompt is the branch above both replies, or its last turns."""
    chosen, rejected = map(store.turn, row["meta"]["turns"])
    assert row["chosen"][0]["content"] == chosen.text
    assert row["rejected"][0]["content"] == rejected.text
    assert chosen.parent_id is not None and chosen.parent_id == rejected.parent_id
    branch = [(turn.role, turn.text) for turn in store.path(chosen.parent_id)]
    system, *said = [(each["role"], each["content"]) for each in row["prompt"]]
    assert system == ("system", SYSTEM)
    assert said == (branch if complete else branch[len(branch) - len(said) :])
    assert said[-1] == branch[-1]
