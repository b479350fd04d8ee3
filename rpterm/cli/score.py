"""``rpterm score``: scores how well each reply in a chat file stays in character, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rpterm.cli import out, rich_out
from rpterm.cli.app import new_app
from rpterm.cli.card_source import load_card
from rpterm.cli.guard import INTERRUPTED, complain
from rpterm.cli.options import Json
from rpterm.cli.scoring_setup import Contrast, choose_contrast, running_scorer
from rpterm.errors import RptermError, cause_of
from rpterm.humanize import counted

if TYPE_CHECKING:
    from rpterm.evaluation.agreement import Agreement
    from rpterm.evaluation.profiled_rows import CharacterReplies
    from rpterm.evaluation.reply_scores import ScoredReply
    from rpterm.scoring.scorer import Scorer

app = new_app()
_HEADS = ("line", "in character", "from–to", "persona", "behaviour", "conversation", "boundaries")
_SHORT = ("line", "in char.", "from–to", "pers.", "behav.", "conv.", "bound.")
_FIELD = "field:"
_WIDE = 120
"""Terminal width from which on the reasons fit next to the figures."""


@app.command()
def score(
    card: Annotated[
        str,
        typer.Argument(
            metavar="CARD",
            help="Name of a card, a card file in any format, or field:NAME: each row's field NAME "
            "describes its character.",
        ),
    ],
    file: Annotated[
        Path, typer.Argument(metavar="FILE.jsonl", help="A chat, or rows with one reply each.")
    ],
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CARD",
            help="Another character to contrast with; can be repeated. By default, all your cards.",
        ),
    ] = None,
    fast: Annotated[
        bool, typer.Option(help="Leave out the language model: faster, less accurate.")
    ] = False,
    label: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="A numeric field of the file to correlate scores with."),
    ] = None,
    json: Json = False,
    csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV instead of a table, one row per reply.")
    ] = False,
) -> None:
    """Score every reply in a chat file: the probability that it is in character, and why.

    FILE may be a chat log, an export, messages with roles, or rows with a reply and its context.
    Lines that cannot be read are reported and skipped. The columns line and turn say where in the
    file a reply is. Ctrl+C ends early and shows the scores so far.
    """
    from rpterm.evaluation.agreement import LEAST
    from rpterm.evaluation.reply_scores import flat, with_labels

    found = _replies(card, file)
    replies = [reply for each in found for reply in each.replies]
    contrast = choose_contrast(against)
    if label and sum(each.number(label) is not None for each in replies) < LEAST:
        raise RptermError(
            f"{file} has fewer than {LEAST} replies with a number in the field {label!r}, too few "
            "for a correlation."
        )
    with running_scorer(slow=not fast) as scorer:
        scored = list(_scored(scorer, found, contrast))
    scored.sort(key=lambda each: (each.reply.line, each.reply.turn))
    labels = with_labels(scored, label) if label else {}
    if csv:
        out.csv([flat(each) for each in scored])
    elif json:
        out.json_data(_document(found, scored, labels))
    elif scored:
        _show(scored, labels)
    if len(scored) < len(replies):
        complain(f"Stopped: {len(scored)} of {len(replies)} replies were scored.")
        raise typer.Exit(INTERRUPTED)


def _replies(card: str, file: Path) -> list[CharacterReplies]:
    """What one character says in a file, or what each of several does that the rows describe."""
    from rpterm.evaluation import dialogues
    from rpterm.evaluation.profiled_rows import CharacterReplies, read_profiled

    if card.startswith(_FIELD):
        return read_profiled(_bytes(file), card.removeprefix(_FIELD), str(file), complain)
    mine = load_card(card)
    names = (mine.name, mine.char, mine.nickname)
    replies = dialogues.read(_bytes(file), names, str(file), complain)
    if others_speak := dialogues.strangers(replies, names):
        complain(
            f"The speakers in {file} are {', '.join(others_speak[:3])}, not {mine.name}; they are "
            "scored all the same."
        )
    return [CharacterReplies(mine, replies)]


def _bytes(file: Path) -> bytes:
    """As many bytes of a file as ``dialogues.read`` takes, plus one that shows there are more."""
    from rpterm.evaluation.dialogues import MOST_BYTES

    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise RptermError(f"{file} cannot be read: {cause_of(error)}.") from None


def _scored(
    scorer: Scorer, characters: Sequence[CharacterReplies], contrast: Contrast
) -> Iterator[ScoredReply]:
    """Score with a progress bar; Ctrl+C ends the scoring."""
    from rpterm.evaluation.reply_scores import score_all

    with rich_out.progress() as bar:
        task = bar.add_task("", total=sum(len(each.replies) for each in characters))
        try:
            for each in characters:
                bar.update(task, description=f"scoring {each.card.char}")
                for scored in score_all(scorer, each.card, each.replies, contrast(each.card)):
                    bar.advance(task)
                    yield scored
        except KeyboardInterrupt:
            return


def _document(
    characters: Sequence[CharacterReplies],
    scored: Sequence[ScoredReply],
    labels: dict[str, Agreement | None],
) -> dict[str, Any]:
    from rpterm.evaluation.reply_scores import as_data

    chances = [each.score.probability for each in scored]
    return {
        "card": ", ".join(dict.fromkeys(each.card.name for each in characters)),
        "version": scored[0].score.version if scored else "",
        "mean": sum(chances) / len(chances) if chances else None,
        "replies": [as_data(each) for each in scored],
        "agreement": labels,
    }


def _show(scored: Sequence[ScoredReply], labels: dict[str, Agreement | None]) -> None:
    shown = rich_out.Output()
    lines = [_row(each) for each in scored]
    if shown.console.width < _WIDE:
        _show_narrow(shown, lines)
    else:
        shown.table((*_HEADS, "main reason against"), lines, numbers=range(7))
    mean = sum(each.score.probability for each in scored) / len(scored)
    count = "1 reply," if len(scored) == 1 else f"{len(scored)} replies, on average"
    shown.say(f"\n{count} {mean:.0%} in character.")
    if lacking := sum(not each.score.complete for each in scored):
        shown.say(
            f"{counted(lacking, 'score')} without a signal whose model cannot be used: "
            "`rpterm doctor` says why."
        )
    _show_agreement(shown, labels)


def _show_agreement(shown: rich_out.Output, labels: dict[str, Agreement | None]) -> None:
    """Print how the label correlates with each signal; constant signals have no line."""
    known = {name: each for name, each in labels.items() if each and not isnan(each.spearman)}
    for name, found in known.items():
        shown.say(
            f"{name:<28} Spearman {found.spearman:+.2f} ({found.interval}), Pearson "
            f"{found.pearson:+.2f} over {found.count} replies"
        )
    if labels and not known:
        shown.say("No correlation: the labels or the scores are all the same.")


def _show_narrow(shown: rich_out.Output, lines: Sequence[tuple[str, ...]]) -> None:
    """Print the figures under short headings, and the main reason below each reply."""
    table = [_SHORT, *(line[:-1] for line in lines)]
    sizes = [max(map(len, column)) for column in zip(*table, strict=True)]
    for figures, reason in zip(table, ["", *(line[-1] for line in lines)], strict=True):
        cells = (figure.rjust(size) for figure, size in zip(figures, sizes, strict=True))
        shown.say("  ".join(cells))
        if reason:
            shown.hang(reason, by=sizes[0] + 2)


def _row(each: ScoredReply) -> tuple[str, ...]:
    from rpterm.evaluation.reply_scores import reason, worst

    score = each.score
    parts = [score.dimensions.get(name) for name in
             ("persona", "behaviour", "conversation", "boundaries")]  # fmt: skip
    found = worst(score)
    against = reason(*found, each.reply.text).text if found else ""
    at = f"{each.reply.line}.{each.reply.turn}" if each.reply.turn else str(each.reply.line)
    return (
        at, f"{score.probability:.0%}", f"{score.low:.0%}–{score.high:.0%}",
        *(f"{part:.0%}" if part is not None else "–" for part in parts), against,
    )  # fmt: skip
