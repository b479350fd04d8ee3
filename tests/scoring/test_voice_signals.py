"""Voices told apart by words, meaning and likelihood; the corpus that judges it; the lifts."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from letters import Letters

from rpterm.bench import scoring_models
from rpterm.bench.likelihood_cache import CachedLikelihood
from rpterm.bench.pdnc import read
from rpterm.bench.voice import cross_validate, measure, pairs, report, run
from rpterm.engine.protocol import Piece
from rpterm.errors import RptermError
from rpterm.scoring.coefficients import load_coefficients
from rpterm.scoring.embedding import EmbeddingCache
from rpterm.scoring.likelihood import Text
from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.signals.likelihood_lift import (
    END,
    ContextLift,
    PersonaLift,
    prompt,
    reply_pieces,
)
from rpterm.scoring.signals.voice import VoiceLikelihood, VoiceMeaning, VoiceWords

PIRATE = tuple(
    f"Arr, matey, the {word} be mine, says I!" for word in ("gold", "rum", "ship", "map")
)
LADY = tuple(
    f"I should be most obliged, dear sir, for the {word}." for word in ("tea", "rose", "fan", "cat")
)
SCENE = ReplyScene(own_lines=PIRATE, other_lines=(LADY,), user="Tom", char="Ann")


def plain(text: Text) -> str:
    return text if isinstance(text, str) else "".join(x.text for x in text if x != END)


class Same:
    """A likelihood: what shares its first words with the prompt's last line is likely."""

    asked = 0

    def logprobs(self, reply, prompts, stopped=lambda: False):
        self.asked += len(prompts)
        begin = " ".join(plain(reply).split()[:2])
        return [[-1.0 if begin in plain(each) else -2.0] * 4 for each in prompts]

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "signal", [VoiceWords(), VoiceMeaning(EmbeddingCache(Letters())), VoiceLikelihood(Same())]
)
def test_an_own_line_sounds_more_like_the_character(signal: VoiceWords) -> None:
    own = signal.measure("Arr, matey, the sea be mine, says I!", SCENE)
    other = signal.measure("I should be most obliged, dear sir, for the sea.", SCENE)
    assert own.value > 0 > other.value
    assert signal.measure("Arr!", ReplyScene(own_lines=PIRATE)).confidence == 0
    assert signal.measure(" ", SCENE).confidence == 0


def test_a_voice_is_compared_with_voices_in_its_language() -> None:
    chinese = ("本狐最讨厌下雪！", "本狐住在山神庙。", "带着烤红薯来求我。", "本狐欠了香火钱。")
    other = ("我家在苏州。", "我在花店工作。", "我最怕打雷。")
    signal, reply = VoiceWords(), "本狐饿了。"
    assert (
        signal.measure(reply, ReplyScene(own_lines=chinese, other_lines=(PIRATE,))).confidence == 0
    )
    assert (
        signal.measure(reply, ReplyScene(own_lines=chinese, other_lines=(PIRATE, other))).value > 0
    )


def test_words_nobody_uses_count_for_no_voice_however_few_its_lines() -> None:
    many = tuple(
        f"I shall take the {word} number {at}." for at, word in enumerate("abcdefghij" * 2)
    )
    scene = replace(SCENE, own_lines=PIRATE, other_lines=(LADY * 5, many))
    read = VoiceWords().measure("Wonderful adventures happen whenever they want", scene)
    assert read.value < 0.3 and not [
        each for each in read.evidence if each.note.endswith("examples")
    ]
    assert VoiceWords().measure("Arr, the rum be mine, matey!", scene).value > 0.5


def test_evidence_points_at_telling_words() -> None:
    reply = "Arr, matey, the sea be mine!"
    found = VoiceWords().measure(reply, SCENE).evidence
    assert found and {reply[each.start : each.end].lower() for each in found} & {"arr", "matey"}


def test_lifts_compare_with_and_without() -> None:
    scene = ReplyScene(
        char="Ann", user="Tom", facts=(Fact("card.attributes:0", "Ann sails."),),
        history=((False, "sails?"), (True, "Yes."), (False, "Where?")),
    )  # fmt: skip
    text = plain(prompt(scene, facts=True))
    assert text.startswith("<|im_start|>system\nYou are Ann. Ann sails.<|im_end|>\n")
    assert text.endswith("<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\n")
    reading = PersonaLift(Same()).measure("sails", scene)
    assert reading.value == 0  # the talk names it already
    assert ContextLift(Same()).measure("sails", scene).value == pytest.approx(1.0)
    assert PersonaLift(Same()).measure("sails", ReplyScene()).confidence == 0


def test_a_reply_is_compared_with_talks_of_anybody_written_alike() -> None:
    asked: list[str] = []

    class Listening(Same):
        def logprobs(self, reply, prompts, stopped=lambda: False):
            asked.extend(plain(each) for each in prompts)
            return super().logprobs(reply, prompts, stopped)

    def lift(reply: str, turn: str) -> float:
        asked.clear()
        return ContextLift(Listening()).measure(reply, ReplyScene(history=((False, turn),))).value

    value = lift("nice !", "who are you ?")
    here, nowhere, *elsewhere = asked
    assert "who are you ?" in here and "user" not in nowhere and len(elsewhere) == 2
    assert "nice ! do you run often ?" in elsewhere[0]
    assert all(each == each.lower() for each in elsewhere)
    # It is likely after one of the talks, not here and not after nothing.
    assert value == pytest.approx(-1 / 2 / 2)
    assert lift("Nice!", "Who are you?") == value and "Nice! Do you run often?" in asked[2]
    lift("Nice!", '*nods* "Who are you?"')
    assert all("*" in each and '"' in each for each in asked[2:])


def test_control_tokens_in_what_was_said_are_text_and_a_cut_reply_has_no_end() -> None:
    scene = ReplyScene(history=((False, "<|im_end|>"),))
    assert [x for x in prompt(scene, facts=False) if not x.special] == [Piece("<|im_end|>")]
    assert reply_pieces("Yes.") == (Piece("Yes."), END)
    assert reply_pieces("word " * 81) == (Piece(("word " * 80).strip()),)


def _novel(folder: Path, name: str, lines: int = 30) -> None:
    rows = ["quoteID,quoteText,speaker"]
    for at in range(lines):
        rows.append(f"{at},arr matey the {at} gold be mine says I,Ann")
        rows.append(f"{at},I should be most obliged for tea number {at},Lady")
        rows.append(f"{at},so said we all in number {at} together,_group")
    (folder / name).mkdir()
    (folder / name / "quotations.csv").write_text("\n".join(rows), encoding="utf-8")


def test_novels_are_read_and_told_apart(tmp_path: Path) -> None:
    for name in ("One", "Three", "Two"):
        _novel(tmp_path, name)
    novels = read(tmp_path, 4)
    assert [novel.name for novel in novels] == ["One", "Three", "Two"]
    assert {voice.name for voice in novels[0].voices} == {"Ann", "Lady"}
    assert all(not set(each.examples) & set(each.tested) for each in novels[0].voices)
    assert read(tmp_path, 4) == novels
    heard = measure(novels[:1], novels, EmbeddingCache(Letters()), Same())
    assert len(heard) == 16 and pairs(heard)
    figures = report(heard, lambda _: load_coefficients())
    assert figures["pairwise"] == 1.0 and figures["top1"] == 1.0
    assert "without voice_words" in figures["ablations"]


def test_crossed_each_novel_is_judged_by_terms_of_the_others(tmp_path: Path) -> None:
    for name in ("One", "Three", "Two"):
        _novel(tmp_path, name)
    novels = read(tmp_path, 4)
    heard = measure(novels, novels, EmbeddingCache(Letters()), Same())
    of = cross_validate(heard, load_coefficients())
    assert len({str(of(novel.name).cast_slow) for novel in novels}) > 1
    figures = report(heard, of)
    assert figures["novels"] == 3 and figures["pairwise"] == 1.0
    with pytest.raises(RptermError, match="two novels"):
        cross_validate(heard[:16], load_coefficients())


@pytest.mark.parametrize("new", ["A novel of its own", ""])
def test_a_folder_whose_novels_were_all_fitted_on_is_judged_crossed(
    new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*sorted(load_coefficients().novels)[:2], *([new] if new else [])):
        _novel(tmp_path, name)
    made = EmbeddingCache(Letters()), Same()
    monkeypatch.setattr(scoring_models, "open_models", lambda cache: nullcontext(made))
    figures = run(lambda done, total: None, tmp_path)
    assert figures["crossed"] is not bool(new) and figures["novels"] == (1 if new else 2)


def test_a_folder_without_novels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RptermError, match=r"quotations\.csv"):
        read(tmp_path)
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "quotations.csv").write_text("a,b\n1,2\n")
    with pytest.raises(RptermError, match="no columns"):
        read(tmp_path)


def test_known_likelihoods_are_not_asked_again(tmp_path: Path) -> None:
    file, asked = tmp_path / "known.jsonl", Same()
    first = CachedLikelihood(asked, file).logprobs("a b", ["a", "c"])
    assert asked.asked == 2
    assert CachedLikelihood(asked, file).logprobs("a b", ["a", "c"]) == first and asked.asked == 2
    file.write_text(file.read_text()[:-9], encoding="utf-8")  # A kill cut the last line off.
    assert CachedLikelihood(asked, file).logprobs("a b", ["a", "c"]) == first and asked.asked == 3


def test_from_which_end_the_example_lines_begin_does_not_matter() -> None:
    class LastLine(Same):
        """What the prompt's last line holds is likely."""

        def logprobs(self, reply, prompts, stopped=lambda: False):
            return super().logprobs(reply, [each.splitlines()[-1] for each in prompts], stopped)

    turned = ReplyScene(own_lines=PIRATE[::-1], other_lines=(LADY[::-1],))
    mixed = (*PIRATE, "I should be most obliged.")
    one_way, other_way = ReplyScene(own_lines=mixed, other_lines=(LADY,)), ReplyScene(
        own_lines=mixed[::-1], other_lines=(LADY,)
    )  # fmt: skip
    signal = VoiceLikelihood(LastLine())
    for left, right in ((SCENE, turned), (one_way, other_way)):
        said_so = [signal.measure("Arr, matey, the sea!", each).value for each in (left, right)]
        assert said_so[0] == said_so[1] != 0
