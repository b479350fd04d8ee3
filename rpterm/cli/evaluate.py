"""``rpterm eval``: models play a card, and are compared by metrics, a judge model and ratings."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rpterm import paths as folders
from rpterm.cards.card import CharacterCard
from rpterm.cli import evaluation_report, out, rich_out
from rpterm.cli.app import accepting_old_option, new_app, one_of
from rpterm.cli.card_source import load_card
from rpterm.cli.options import Json, complete_card
from rpterm.cli.scoring_setup import choose_contrast, running_scorer
from rpterm.cli.user_files import load_settings
from rpterm.config import Settings
from rpterm.errors import InvalidChoice, RptermError
from rpterm.paths import Paths

if TYPE_CHECKING:
    from rpterm.dueling.contender import Contender
    from rpterm.engine.protocol import Engine
    from rpterm.evaluation.answers import Answer, Answers
    from rpterm.evaluation.judge import JudgeVerdict
    from rpterm.evaluation.metrics import MeasuredAnswer
    from rpterm.evaluation.questions import Question
    from rpterm.evaluation.report import EvaluationReport
    from rpterm.preference.overview import Overview

app = new_app()


@app.command("eval", cls=accepting_old_option("--out", "--to"))
def evaluate(
    card: Annotated[
        str,
        typer.Argument(
            metavar="CARD",
            help="Name of a card, or a card file in any format.",
            autocompletion=complete_card,
        ),
    ],
    more: Annotated[
        list[str] | None, typer.Argument(metavar="MODEL…", help="More models, as in --models.")
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            help='A GGUF file, or a setup like "temperature=1.2 adapter=x.gguf"; can be repeated.',
        ),
    ] = None,
    probes: Annotated[
        str,
        typer.Option(
            metavar="FILE.toml",
            help="Your own questions, as [[probe]] tables with user and reference; or `builtin`.",
        ),
    ] = "builtin",
    kinds: Annotated[
        str,
        typer.Option(metavar="KINDS", help="Which of the built-in questions to ask."),
    ] = "reference,knowledge,later,personality",
    seeds: Annotated[
        int, typer.Option(min=1, max=1000, metavar="N", help="Number of answers to each question.")
    ] = 1,
    limit: Annotated[
        int, typer.Option(min=0, metavar="N", help="Ask at most N questions; 0 is all.")
    ] = 0,
    judge: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="A model that judges the answers pair by pair."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where answers, scores and verdicts are stored."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write the report as an HTML page.", metavar="FILE")
    ] = None,
    png: Annotated[
        Path | None, typer.Option(help="Draw the results as a picture.", metavar="FILE")
    ] = None,
    answered: Annotated[
        bool, typer.Option("--answers", help="Also print every answer, its score and the reasons.")
    ] = False,
    json: Json = False,
) -> None:
    """Let models play a card, and compare them in every way rpterm can judge.

    These are: similarity to reference answers (ROUGE-L, BLEU, chrF), the scorer and its
    likelihoods, a judge model that sees each pair in both orders, your own ratings, and a
    personality interview. Below the tables, the report recommends a model; the page written by
    --html has every answer with its score.

    Answers, scores and verdicts are stored as they come: after Ctrl+C, the same command continues.
    """
    from rpterm.dueling.contender import short_names
    from rpterm.evaluation import page
    from rpterm.evaluation.answers import Answers

    for file in filter(None, (html, png)):
        folders.check_folder(file)
    if png is not None:
        page.check_pictures()
    paths = folders.find()
    mine = load_card(card)
    questions = _questions(mine, probes, kinds)[: limit or None]
    contenders = _contenders([*(models or ()), *(more or ())])
    numbers = list(range(1, seeds + 1))
    kept = to or paths.cache / "evaluations"
    answers = Answers(kept / "answers.jsonl")
    settings = load_settings()
    if judge and len(contenders) < 2:
        raise RptermError("--judge compares models: name two or more with --models.")
    asked = [each.settings(settings) for each in contenders]
    for each in (*asked, *([_judging(judge, settings)] if judge else [])):
        with _engine(each, paths):
            pass  # A model that does not exist is reported before any other starts to play.
    known = [
        answer
        for each in contenders
        for answer in _play(mine, each, settings, paths, questions, numbers, answers)
    ]
    names = short_names(list(dict.fromkeys(each.model for each in known)))
    known = [replace(each, model=names[each.model]) for each in known]
    run = _Run(mine, {each.name: each for each in questions}, paths, settings, kept)
    report = _report(run, known, judge)
    if json:
        out.json_data(asdict(report))
    else:
        evaluation_report.print_evaluation(report, answers=answered)
    if html is not None:
        folders.write_new(html, page.html(report), force=True)
    if png is not None:
        page.picture(report, png)


def _questions(card: CharacterCard, probes: str, kinds: str) -> list[Question]:
    from rpterm.evaluation import questions

    if probes != "builtin":
        return questions.read(folders.read_text(Path(probes)), probes)
    wanted = [
        one_of(questions.KINDS, each.strip(), "kind of question")
        for each in kinds.split(",")
        if each.strip()
    ]
    if not wanted:
        raise InvalidChoice(f"--kinds is empty; there are {', '.join(questions.KINDS)}.")
    found = questions.builtin(card, wanted)
    if not found:
        raise RptermError(f"The card of {card.name} yields no questions of the kinds {kinds}.")
    return found


def _contenders(specs: Sequence[str]) -> list[Contender]:
    from rpterm.dueling import contender

    return [contender.parse(spec or "as set", spec) for spec in dict.fromkeys(specs or [""])]


def _engine(settings: Settings, paths: Paths, sequences: int = 1) -> closing[Engine]:
    from rpterm.models.engine_factory import open_engine

    return closing(open_engine(settings, paths, sequences=sequences))


def _play(
    card: CharacterCard,
    contender: Contender,
    settings: Settings,
    paths: Paths,
    questions: Sequence[Question],
    seeds: Sequence[int],
    answers: Answers,
) -> list[Answer]:
    """Ask one contender all questions, with a progress bar."""
    from rpterm.evaluation.answers import interview
    from rpterm.evaluation.probing import ProbeSetup

    own = replace(contender.settings(settings), memory=False)
    with _engine(own, paths, min(len(seeds), 8)) as engine, rich_out.progress() as bar:
        task = bar.add_task("loading the model", total=len(questions) * len(seeds))
        label = contender.spec or engine.load().model

        def step(name: str) -> None:
            bar.update(task, advance=1, description=f"{label}: {name}")

        bench = ProbeSetup(engine, own, flagged=frozenset(contender.sampling))
        setup = repr((_model(own, paths), own.sampling))
        return interview(card, bench, questions, seeds, answers, label, step, setup)


@dataclass(frozen=True)
class _Run:
    """What an evaluation is about, and the folder where its results are stored."""

    card: CharacterCard
    questions: dict[str, Question]
    paths: Paths
    settings: Settings
    kept: Path


def _report(run: _Run, answers: Sequence[Answer], judge: str | None) -> EvaluationReport:
    from rpterm.dueling.contender import short_names
    from rpterm.evaluation.report import build

    measured = _measured(run, answers)
    verdicts = _verdicts(run, answers, judge) if judge else []
    named = "" if judge is None else short_names([judge])[judge]
    return build(
        run.card.name,
        measured,
        answers,
        run.questions,
        verdicts,
        _human(run.card, run.paths),
        named,
    )


def _measured(run: _Run, answers: Sequence[Answer]) -> list[MeasuredAnswer]:
    from rpterm.evaluation.metrics import MISSING, AnswerScores, has_references, measure
    from rpterm.evaluation.result_cache import ResultCache

    if not has_references() and any(each.references for each in run.questions.values()):
        out.tell(f"ROUGE-L, BLEU and chrF: {MISSING}")
    known = ResultCache(run.kept / "scores.jsonl", "scores of an evaluation")
    setup = repr((run.settings.scoring, run.settings.embedder))
    with running_scorer() as scorer, rich_out.progress() as bar:
        scored = AnswerScores(scorer, known, choose_contrast()(run.card), setup)
        task = bar.add_task("scoring", total=len(answers))
        return measure(run.card, answers, run.questions, scored, lambda: bar.advance(task))


def _verdicts(run: _Run, answers: Sequence[Answer], judge: str) -> list[JudgeVerdict]:
    from rpterm.evaluation.judge import Judge, compare, pairs, rubric
    from rpterm.evaluation.result_cache import ResultCache

    known = ResultCache(run.kept / "verdicts.jsonl", "verdicts of a judge")
    own = _judging(judge, run.settings)
    with _engine(own, run.paths) as engine, rich_out.progress() as bar:
        total = len(pairs(answers, run.questions)) * len(rubric())
        task = bar.add_task("judging", total=total)
        judging = Judge(engine, known, _model(own, run.paths))
        return list(compare(judging, run.card, answers, run.questions, lambda: bar.advance(task)))


def _model(settings: Settings, paths: Paths) -> str:
    """A key for a model, wherever it runs, and for its adapter, which may have been retrained."""
    from rpterm.models.hashes import adapter_hash

    key = repr((settings.engine, settings.remote_url, settings.model, settings.adapter))
    return key + adapter_hash(settings.adapter, folders.make_folder(paths.cache))


def _judging(judge: str, settings: Settings) -> Settings:
    from rpterm.dueling import contender

    return contender.parse("judge", judge).settings(settings)


def _human(card: CharacterCard, paths: Paths) -> Overview | None:
    from rpterm.preference.overview import overview
    from rpterm.store import Store
    from rpterm.store.judgements import Judgements

    if not paths.database.exists():
        return None
    with Store(paths.database) as store:
        return overview(Judgements(store), card=card.name)
