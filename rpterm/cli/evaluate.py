"""``rpterm eval``: models play a card, and are compared by metrics, a judge model and ratings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rpterm import paths as folders
from rpterm.cards.card import CharacterCard
from rpterm.cli import evaluation_report, out, rich_out
from rpterm.cli.app import accepting_old_option, new_app, one_of
from rpterm.cli.card_source import load_card
from rpterm.cli.options import Json, card_argument
from rpterm.cli.scoring_setup import choose_contrast, running_scorer
from rpterm.cli.user_files import load_settings
from rpterm.errors import InvalidChoice, RptermError

if TYPE_CHECKING:
    from rpterm.dueling.contender import Contender
    from rpterm.evaluation.questions import Question

app = new_app()


@app.command("eval", cls=accepting_old_option("--out", "--to"))
def evaluate(
    card: Annotated[
        str,
        card_argument("Name of a card, or a card file in any format."),
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
    from rpterm.evaluation import page
    from rpterm.evaluation.evaluation import Evaluation
    from rpterm.evaluation.metrics import MISSING, has_references

    for file in filter(None, (html, png)):
        folders.check_folder(file)
    if png is not None:
        page.check_pictures()
    paths = folders.find()
    mine = load_card(card)
    questions = _questions(mine, probes, kinds)[: limit or None]
    run = Evaluation(
        mine, questions, _contenders([*(models or ()), *(more or ())]), judge, load_settings(),
        paths, to or paths.cache / "evaluations",
    )  # fmt: skip
    if not has_references() and any(each.references for each in questions):
        out.tell(f"ROUGE-L, BLEU and chrF: {MISSING}")
    with rich_out.progress() as bar:
        stages = rich_out.stages(bar)
        answers = run.play(range(1, seeds + 1), stages)
        with running_scorer() as scorer:
            report = run.report(answers, scorer, choose_contrast()(mine), stages)
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
