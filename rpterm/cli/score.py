"""``rpterm score``: how much in character every reply of a chat file is, and why."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rpterm import config
from rpterm import paths as folders
from rpterm.cards.card import CharacterCard
from rpterm.cards.library import FOREIGN_EXTENSIONS
from rpterm.cli import card_source, out, rich_out
from rpterm.cli.app import new
from rpterm.cli.guard import INTERRUPTED, complain
from rpterm.marks import why
from rpterm.paths import Paths
from rpterm.plural import counted
from rpterm.types import RptermError

if TYPE_CHECKING:
    from rich.console import Console

    from rpterm.evaluation.agreement import Agreement
    from rpterm.evaluation.dialogues import Said
    from rpterm.evaluation.scored import Scored
    from rpterm.scoring.scorer import Scorer

app = new("")
_HEADS = ("line", "in character", "from–to", "persona", "behaviour", "conversation", "boundaries")
_SHORT = ("line", "in char.", "from–to", "pers.", "behav.", "conv.", "bound.")
_WIDE = 120
"""Columns from which on the reasons have room beside the figures."""


@app.command()
def score(
    card: Annotated[
        str, typer.Argument(metavar="CARD", help="A name, or a card file of any kind.")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="A chat, or rows of replies.")],
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="CARD", help="Characters to contrast with; else those at hand."),
    ] = None,
    fast: Annotated[bool, typer.Option(help="Without the language model's likelihoods.")] = False,
    label: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="A numeric field of the file to correlate with."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="JSON instead of a table, with all evidence.")
    ] = False,
    csv: Annotated[
        bool, typer.Option("--csv", help="CSV instead: a row for each reply, for statistics.")
    ] = False,
) -> None:
    """Score every reply of a chat file: probability of being in character, interval, evidence.

    Read are chat logs, exports, messages with roles, and rows of a reply and its context. line and
    turn say where a reply stands in the file. Ctrl+C ends early and shows what is done.
    """
    from rpterm.evaluation import dialogues
    from rpterm.evaluation.agreement import LEAST
    from rpterm.evaluation.scored import flat, with_labels

    paths = folders.find()
    mine = card_of(card)
    others = tuple(card_of(name) for name in against) if against else others_than(mine, paths)
    names = (mine.name, mine.char, mine.nickname)
    replies = dialogues.read(_bytes(file), names, str(file))
    if others_speak := dialogues.strangers(replies, names):
        complain(
            f"{file} names {', '.join(others_speak[:3])}, not {mine.name}: scored all the same."
        )
    if label and sum(each.number(label) is not None for each in replies) < LEAST:
        raise RptermError(
            f"{file} has fewer than {LEAST} replies with a number in the field {label!r}."
        )
    with opened_scorer(paths, slow=not fast) as scorer:
        scored = list(_scored(scorer, mine, replies, others))
    labels = with_labels(scored, label) if label else {}
    if csv:
        out.csv([flat(each) for each in scored])
    elif json:
        out.data(_document(mine, scored, labels))
    elif scored:
        _show(scored, labels)
    if len(scored) < len(replies):
        complain(f"Stopped: {len(scored)} of {len(replies)} replies are scored.")
        raise typer.Exit(INTERRUPTED)


def card_of(target: str) -> CharacterCard:
    """The card of a name, of a TOML file, or of a file of another program.

    Raises:
        RptermError: There is none, or it cannot be read.
    """
    path = Path(target)
    if path.suffix.lower() not in FOREIGN_EXTENSIONS or not path.is_file():
        return card_source.find(target).card
    from rpterm.cards.exchange.errors import ExchangeError
    from rpterm.cards.exchange.importer import read_any

    try:
        return read_any(path).card
    except ExchangeError as error:
        raise RptermError(f"{path}: {error}") from error


def others_than(mine: CharacterCard, paths: Paths) -> tuple[CharacterCard, ...]:
    """The cards that came with the program and the user's own, but not this character's."""
    from rpterm.cards import library

    found = library.summaries(library.card_folders(paths.characters))
    cards = (each.card for each in found if each.card is not None)
    return tuple(card for card in cards if card.name.casefold() != mine.name.casefold())


def _bytes(file: Path) -> bytes:
    """As much of a file as ``dialogues.read`` takes, and one byte by which it sees the rest."""
    from rpterm.evaluation.dialogues import MOST_BYTES

    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise RptermError(f"{file} cannot be read: {why(error)}.") from None


@contextmanager
def opened_scorer(paths: Paths, *, slow: bool = True) -> Iterator[Scorer]:
    """The scorer of this installation, closed at the end."""
    from rpterm.opening.launch import Launch

    settings = config.load(paths.config_file, os.environ)
    scoring = replace(settings.scoring, slow=slow)
    launch = Launch(replace(settings, scoring=scoring), paths, polite=False)
    try:
        yield launch.scorer()
    finally:
        launch.close()


def _scored(
    scorer: Scorer,
    card: CharacterCard,
    replies: Sequence[Said],
    others: tuple[CharacterCard, ...],
) -> Iterator[Scored]:
    """Score under a bar; Ctrl+C ends it."""
    from rpterm.evaluation.scored import score_all

    with rich_out.progress() as bar:
        task = bar.add_task(f"scoring {card.char}", total=len(replies))
        try:
            for each in score_all(scorer, card, replies, others):
                bar.advance(task)
                yield each
        except KeyboardInterrupt:
            return


def _document(
    card: CharacterCard, scored: Sequence[Scored], labels: dict[str, Agreement | None]
) -> dict[str, Any]:
    from rpterm.evaluation.scored import as_data

    chances = [each.score.probability for each in scored]
    return {
        "card": card.name,
        "version": scored[0].score.version if scored else "",
        "mean": sum(chances) / len(chances) if chances else None,
        "replies": [as_data(each) for each in scored],
        "agreement": labels,
    }


def _show(scored: Sequence[Scored], labels: dict[str, Agreement | None]) -> None:
    shown = rich_out.console()
    lines = [_row(each) for each in scored]
    if shown.width < _WIDE:
        _show_narrow(shown, lines)
    else:
        shown.print(rich_out.rows((*_HEADS, "what speaks against it"), lines, numbers=range(7)))
    mean = sum(each.score.probability for each in scored) / len(scored)
    count = "1 reply," if len(scored) == 1 else f"{len(scored)} replies, on average"
    shown.print(rich_out.text(f"\n{count} {mean:.0%} in character."))
    if lacking := sum(not each.score.complete for each in scored):
        shown.print(rich_out.text(
            f"{counted(lacking, 'score')} without a signal whose model cannot be used: "
            "`rpterm doctor` says why."
        ))  # fmt: skip
    _show_agreement(shown, labels)


def _show_agreement(shown: Console, labels: dict[str, Agreement | None]) -> None:
    """What goes with the label; what never changes goes with nothing and has no line."""
    known = {name: each for name, each in labels.items() if each and not isnan(each.spearman)}
    for name, found in known.items():
        shown.print(rich_out.text(
            f"{name:<28} Spearman {found.spearman:+.2f} "
            f"({found.spearman_low:+.2f} to {found.spearman_high:+.2f}), Pearson "
            f"{found.pearson:+.2f} over {found.count} replies"
        ))  # fmt: skip
    if labels and not known:
        shown.print(rich_out.text("No correlation: the labels or the replies are all alike."))


def _show_narrow(shown: Console, lines: Sequence[tuple[str, ...]]) -> None:
    """The figures under short heads, and below each reply what speaks against it."""
    table = [_SHORT, *(line[:-1] for line in lines)]
    sizes = [max(map(len, column)) for column in zip(*table, strict=True)]
    for figures, reason in zip(table, ["", *(line[-1] for line in lines)], strict=True):
        cells = (figure.rjust(size) for figure, size in zip(figures, sizes, strict=True))
        shown.print(rich_out.text("  ".join(cells)))
        if reason:
            shown.print(rich_out.hanging(reason, by=sizes[0] + 2))


def _row(each: Scored) -> tuple[str, ...]:
    from rpterm.evaluation.scored import reason, worst

    score = each.score
    parts = [score.dimensions.get(name) for name in
             ("persona", "behaviour", "conversation", "boundaries")]  # fmt: skip
    found = worst(score)
    against = reason(*found, each.said.text).text if found else ""
    if found and found[0].kind == "against":
        against = f"little: {against}"  # What it names speaks for a character, where there is more.
    at = f"{each.said.line}.{each.said.turn}" if each.said.turn else str(each.said.line)
    return (
        at, f"{score.probability:.0%}", f"{score.low:.0%}–{score.high:.0%}",
        *(f"{part:.0%}" if part is not None else "–" for part in parts), against,
    )  # fmt: skip
