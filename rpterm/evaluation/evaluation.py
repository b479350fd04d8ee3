"""An evaluation from its first question to its report: models play a card, and are compared.

Answers, scores and verdicts are saved as they come, so an interrupted evaluation continues where it
stopped. Knows no user interface.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from rpterm import paths as folders
from rpterm.cards.card import CharacterCard
from rpterm.config import Settings
from rpterm.dueling import contender
from rpterm.dueling.contender import Contender, short_names
from rpterm.engine.protocol import Engine
from rpterm.errors import RptermError
from rpterm.evaluation.answers import Answer, Answers, interview
from rpterm.evaluation.judge import Judge, JudgeVerdict, compare, pairs, rubric
from rpterm.evaluation.metrics import AnswerScores, measure
from rpterm.evaluation.probing import ProbeSetup
from rpterm.evaluation.questions import Question
from rpterm.evaluation.report import EvaluationReport, build
from rpterm.evaluation.result_cache import ResultCache
from rpterm.models.engine_factory import open_engine
from rpterm.models.hashes import adapter_hash
from rpterm.paths import Paths
from rpterm.preference.overview import Overview, overview
from rpterm.scoring.scorer import Scorer
from rpterm.store import Store
from rpterm.store.judgements import Judgements

StartStage = Callable[[str, int], Callable[[str], object]]
"""Called with a stage's name and its number of steps; the result is called with the name of each
step, or ""."""
_MOST_PARALLEL = 8
"""Most seeds of a question that are answered at once."""


class Evaluation:
    """An evaluation of one card."""

    def __init__(
        self,
        card: CharacterCard,
        questions: Sequence[Question],
        contenders: Sequence[Contender],
        judge: str | None,
        settings: Settings,
        paths: Paths,
        folder: Path,
    ) -> None:
        """Load what is saved, and check that every model can be used before any starts to play.

        Args:
            card: The character.
            questions: What the models are asked.
            contenders: The models.
            judge: The judging model, as the line of a contender.
            settings: The settings, which a contender changes.
            paths: Where models and the database are.
            folder: Where answers, scores and verdicts are saved.

        Raises:
            RptermError: A model or the folder cannot be used, or a judge has nothing to compare.
        """
        self._card, self._contenders, self._judge = card, contenders, judge
        self._questions = {each.name: each for each in questions}
        self._settings, self._paths, self._folder = settings, paths, folder
        self._answers = Answers(folder / "answers.jsonl")
        if judge and len(contenders) < 2:
            raise RptermError("--judge compares models: name two or more with --models.")
        own = [each.settings(settings) for each in contenders]
        for each in own + ([_judging(judge, settings)] if judge else []):
            self._engine(each).close()

    def play(self, seeds: Sequence[int], start: StartStage) -> list[Answer]:
        """Ask every model all questions; answers have the short names of the models.

        Raises:
            RptermError: A model cannot be used, or an answer cannot be saved.
        """
        given = [answer for each in self._contenders for answer in self._play(each, seeds, start)]
        names = short_names(list(dict.fromkeys(each.model for each in given)))
        return [replace(each, model=names[each.model]) for each in given]

    def report(
        self,
        answers: Sequence[Answer],
        scorer: Scorer,
        others: tuple[CharacterCard, ...],
        start: StartStage,
    ) -> EvaluationReport:
        """Measure the answers, let the judge compare them, and put everything side by side.

        Args:
            answers: The answers.
            scorer: Scores replies.
            others: Cards of other characters, for contrast.
            start: Starts a stage.

        Raises:
            RptermError: The judge cannot be used, or a result cannot be saved.
        """
        known = ResultCache(self._folder / "scores.jsonl", "scores of an evaluation")
        setup = repr((self._settings.scoring, self._settings.embedder))
        scored = AnswerScores(scorer, known, others, setup)
        step = start("scoring", len(answers))
        measured = measure(self._card, answers, self._questions, scored, lambda: step(""))
        judge = self._judge
        return build(
            self._card.name, measured, answers, self._questions,
            list(self._verdicts(answers, judge, start)) if judge else [],
            self._human(), short_names([judge])[judge] if judge else "",
        )  # fmt: skip

    def _play(self, contender: Contender, seeds: Sequence[int], start: StartStage) -> list[Answer]:
        own = replace(contender.settings(self._settings), memory=False)
        questions = list(self._questions.values())
        step = start("loading the model", len(questions) * len(seeds))
        with closing(self._engine(own, min(len(seeds), _MOST_PARALLEL))) as engine:
            label = contender.spec or engine.load().model
            bench = ProbeSetup(engine, own, flagged=frozenset(contender.sampling))
            setup = repr((model_key(own, self._paths), own.sampling))
            return interview(
                self._card, bench, questions, seeds, self._answers, label,
                lambda name: step(f"{label}: {name}"), setup,
            )  # fmt: skip

    def _verdicts(
        self, answers: Sequence[Answer], judge: str, start: StartStage
    ) -> Iterable[JudgeVerdict]:
        known = ResultCache(self._folder / "verdicts.jsonl", "verdicts of a judge")
        own = _judging(judge, self._settings)
        step = start("judging", len(pairs(answers, self._questions)) * len(rubric()))
        with closing(self._engine(own)) as engine:
            judging = Judge(engine, known, model_key(own, self._paths))
            yield from compare(judging, self._card, answers, self._questions, lambda: step(""))

    def _human(self) -> Overview | None:
        if not self._paths.database.exists():
            return None
        with Store(self._paths.database) as store:
            return overview(Judgements(store), card=self._card.name)

    def _engine(self, settings: Settings, sequences: int = 1) -> Engine:
        return open_engine(settings, self._paths, sequences=sequences)


def model_key(settings: Settings, paths: Paths) -> str:
    """A key for a model, wherever it runs, and for its adapter, which may have been retrained."""
    key = repr((settings.engine, settings.remote_url, settings.model, settings.adapter))
    return key + adapter_hash(settings.adapter, folders.make_folder(paths.cache))


def _judging(judge: str, settings: Settings) -> Settings:
    return contender.parse("judge", judge).settings(settings)
