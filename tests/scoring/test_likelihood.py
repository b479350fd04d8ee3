"""The fixed language model behind a small engine that counts, and the real one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from rpterm import paths
from rpterm.bench.scoring_models import open_models
from rpterm.config import Settings
from rpterm.engine.protocol import EngineError, Piece
from rpterm.engine.scripted import ScriptedEngine, decode
from rpterm.models.engine_factory import open_starter
from rpterm.paths import Paths
from rpterm.scoring.likelihood import EngineLikelihood, Stopped, Text
from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.scorer import Scorer
from rpterm.scoring.signals.likelihood_lift import PersonaPeak
from rpterm.startup.scorer import open_scorer


class Counting:
    """An engine whose tokens are letters; it notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.closed = False

    def load(self) -> None:
        pass

    def tokenize(self, pieces: list[Piece]) -> list[list[int]]:
        return [[1] if each.special else [ord(x) for x in each.text] for each in pieces]

    def logprobs(self, reply: list[int], prompts: list[list[int]]) -> list[list[float]]:
        self.asked += [list(each) for each in prompts]
        return [[-0.5] * len(reply) for _ in prompts]

    def close(self) -> None:
        self.closed = True


def test_prompts_begin_with_the_begin_token_and_replies_have_one_number_a_token() -> None:
    engine = Counting()
    likelihood = EngineLikelihood(lambda: engine)  # type: ignore[arg-type,return-value]
    assert likelihood.logprobs("abc", ["x", ""]) == [[-0.5] * 3] * 2
    assert engine.asked == [[1, ord("x")], [1]]
    assert likelihood.logprobs("", ["x"]) == [[]]
    likelihood.close()
    likelihood.close()
    assert engine.closed


def test_pieces_open_themselves_and_their_control_tokens_are_parsed() -> None:
    engine = Counting()
    likelihood = EngineLikelihood(lambda: engine)  # type: ignore[arg-type,return-value]
    opened = (Piece("<|im_start|>", special=True), Piece("x"))
    assert likelihood.logprobs((Piece("ab"), Piece("<|im_end|>", special=True)), [opened]) == [
        [-0.5] * 3
    ]
    assert engine.asked == [[1, ord("x")]]


def test_a_long_prompt_is_evaluated_in_pieces_once_and_can_be_stopped() -> None:
    engine = Counting()
    likelihood = EngineLikelihood(lambda: engine)  # type: ignore[arg-type,return-value]
    likelihood.logprobs("a", ["y" * 500])
    assert [len(each) for each in engine.asked] == [192, 384, 501]
    likelihood.logprobs("b", ["y" * 500])
    assert [len(each) for each in engine.asked[3:]] == [501]
    answers = iter([False, True])
    with pytest.raises(Stopped):
        likelihood.logprobs("a", ["z" * 700], lambda: next(answers))


class Keeping(Counting):
    """An engine that can keep prompts, as marks on disk."""

    def load_prompt(self, prompt: list[int], path: Path, room: int) -> bool:
        return path.exists()

    def save_prompt(self, prompt: list[int], path: Path) -> bool:
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{len(prompt)}")
        return True


def test_long_plain_prompts_are_evaluated_in_one_run_only(tmp_path: Path) -> None:
    talk = (Piece("z" * 500),)
    for new in (True, False):
        engine = Keeping()
        likelihood = EngineLikelihood(lambda: engine, kept=tmp_path / "kept")  # type: ignore[arg-type,return-value]  # noqa: B023
        likelihood.logprobs("a", ["y" * 500, "short", talk])
        pieces = [192, 384] if new else []
        assert [len(each) for each in engine.asked] == [*pieces, 192, 384, 501, 6, 500]
    (file,) = (tmp_path / "kept").iterdir()
    assert file.read_text() == "501"


def test_what_several_signals_ask_is_evaluated_once() -> None:
    engine = Counting()
    likelihood = EngineLikelihood(lambda: engine)  # type: ignore[arg-type,return-value]
    assert likelihood.logprobs("ab", ["x", "y"]) == [[-0.5] * 2] * 2
    assert likelihood.logprobs("ab", ["z", "x"]) == [[-0.5] * 2] * 2
    assert engine.asked == [[1, ord(each)] for each in "xyz"]
    likelihood.logprobs("abc", ["x"])
    assert engine.asked[3:] == [[1, ord("x")]]


class Slow(Counting):
    """An engine that answers nothing before it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = threading.Event()
        self.ended = threading.Event()

    def logprobs(self, reply: list[int], prompts: list[list[int]]) -> list[list[float]]:
        self.busy.set()
        assert self.ended.wait(20)
        raise EngineError("The engine was closed.")

    def close(self) -> None:
        super().close()
        self.ended.set()


def test_closing_waits_for_no_question_and_nothing_starts_again() -> None:
    made: list[Slow] = []

    def make() -> Slow:
        made.append(Slow())
        return made[-1]

    likelihood = EngineLikelihood(make)  # type: ignore[arg-type]
    failed: list[str] = []

    def ask() -> None:
        for _ in range(2):  # As a score does, that asks once for each of its signals.
            with pytest.raises(EngineError) as caught:
                likelihood.logprobs("a", ["x"])
            failed.append(str(caught.value))

    asking = threading.Thread(target=ask)
    asking.start()
    while not (made and made[0].busy.is_set()):
        asking.join(0.01)
    likelihood.close()
    asking.join(20)
    assert failed == [
        "The engine was closed.", "The language model that scores replies was closed."
    ]  # fmt: skip
    assert len(made) == 1 and made[0].closed


def test_closed_while_it_is_made_it_is_closed_all_the_same() -> None:
    engine = Counting()

    def make() -> Counting:
        likelihood.close()  # As another thread would, while the weights are looked for.
        return engine

    likelihood = EngineLikelihood(make)  # type: ignore[arg-type]
    with pytest.raises(EngineError, match="was closed"):
        likelihood.logprobs("a", ["x"])
    assert engine.closed and not engine.asked


def test_a_scripted_engine_is_scored_by_words_alone(tmp_path: Path) -> None:
    scorer = open_scorer(Settings(engine="scripted"), Paths(*[tmp_path] * 4))
    assert {each.cost for each in scorer.signals} == {"words"}


@pytest.mark.model
def test_the_starter_model_prefers_what_the_card_says() -> None:
    scene = ReplyScene(
        char="me", user="You", facts=(Fact("card.attributes:0", "I keep bees on a roof."),),
        history=((False, "What do you do all day?"),),
    )  # fmt: skip
    with open_models() as (_, likelihood):
        scorer = Scorer(likelihood=likelihood)
        own = scorer.score_fully("I look after my bees, up on the roof.", scene)
        other = scorer.score_fully("I fly planes to Canada and back again.", scene)
    assert own is not None and other is not None and own.complete
    assert own.readings["persona_lift"].value > other.readings["persona_lift"].value
    assert own.probability > other.probability


def test_the_words_that_the_card_makes_likelier_or_less_likely_are_named() -> None:
    class Piper:
        """After the card, the pipe is likelier and the gym less likely."""

        tokens = (" The", " pi", "pe", ",", " not", " the", " gym", ".")

        def logprobs(
            self, reply: Text, prompts: Sequence[Text], stopped: Callable[[], bool] = lambda: False
        ) -> list[list[float]]:
            known = [-1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -5.0, -1.0]
            return [known, [-1.0, -2.0, -3.0, -1.0, -9.0, -1.0, -1.0, -1.0]]

        def token_texts(self, reply: Text) -> list[str]:
            return list(self.tokens)

        def close(self) -> None:
            pass

    scene = ReplyScene(char="Holmes", facts=(Fact("card.description", "He smokes a pipe."),))
    (found,) = PersonaPeak(Piper()).measure("The pipe, not the gym.", scene).evidence
    assert found.note == "the card makes “pipe” 20 times likelier, “gym” 55 times less likely"
    Piper.tokens = ()
    (found,) = PersonaPeak(Piper()).measure("The pipe, not the gym.", scene).evidence
    assert found.note == "the card makes some of its words 7.4 times likelier"


def test_the_engine_is_asked_once_for_the_text_of_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, asked = ScriptedEngine([""]), []
    monkeypatch.setattr(engine, "detokenize", lambda ids: asked.append(ids) or decode(ids))
    likelihood = EngineLikelihood(lambda: engine)
    for reply in (" the bee and the hive", " and the bee"):
        assert "".join(likelihood.token_texts(reply)) == reply
    assert len(asked) == len({token for (token,) in asked})


@pytest.mark.model
def test_the_starter_model_names_a_word_of_the_card() -> None:
    scene = ReplyScene(
        char="me", facts=(Fact("card.attributes:0", "I keep bees in my garden in Surrey."),),
        history=((False, "What do you do all day?"),),
    )  # fmt: skip
    likelihood = EngineLikelihood(
        lambda: open_starter(paths.make_folder(paths.find().cache), context=2048), polite=False
    )
    try:
        reply = "The honey of Surrey is the best."
        (found,) = PersonaPeak(likelihood).measure(reply, scene).evidence
        assert "".join(likelihood.token_texts(reply)) == reply
    finally:
        likelihood.close()
    assert "“Surrey”" in found.note.split("likelier")[0]
