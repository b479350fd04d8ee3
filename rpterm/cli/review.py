"""``rpterm review``: asks for ratings of the replies in all chats, one after the other."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from rpterm.cli import out
from rpterm.cli.app import new_app, one_of
from rpterm.cli.options import Plain, complete_card
from rpterm.cli.user_files import load_settings, open_store
from rpterm.cli.verdict_words import VERDICTS

if TYPE_CHECKING:
    from rpterm.preference.rating import Rater
    from rpterm.preference.review_queue import Filter, QueueItem, ReviewQueue

app = new_app()

_RATING_HELP = "1-5 stars, + good, - bad, Enter skip, q quit."
_DUEL_HELP = "l or r for the better one, = for a tie, 0 if both are bad, Enter skip, q quit."


@app.command()
def review(
    card: Annotated[
        str | None,
        typer.Argument(
            metavar="CARD",
            help="Only replies of this character.",
            show_default=False,
            autocompletion=complete_card,
        ),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            "--show",
            metavar="KIND",
            help="Which replies: unrated, doubtful, flagged, rated or all.",
        ),
    ] = "unrated",
    model: Annotated[
        str, typer.Option(metavar="NAME", help="Only replies of this model.", show_default=False)
    ] = "",
    plain: Plain = False,
) -> None:
    """Rate replies one after the other: one key rates a reply and shows the next.

    Doubtful replies are those whose rating contradicts the live score, and those of close duels.
    """
    from rpterm import config
    from rpterm import paths as folders
    from rpterm.cli.memory import resolve_character
    from rpterm.preference.review_queue import KINDS, Filter, ReviewQueue

    shown = one_of(KINDS, kind, "kind of reply to --show")
    with open_store() as store:
        names = {chat.card_name for chat in store.chats()}
        wanted = Filter(shown, resolve_character(card, sorted(names)) if card else "", model)
        if plain or not out.can_show_screens():
            review_plain(ReviewQueue(store), wanted)
            return
        from rpterm.tui.screen_app import ScreenApp
        from rpterm.tui.screens.review import ReviewScreen

        settings, keep = load_settings(), partial(config.save, folders.find().config_file)
        ScreenApp(settings, keep, ReviewScreen(store, wanted)).run()


def review_plain(queue: ReviewQueue, wanted: Filter) -> None:
    """Ask on standard input, one reply after the other."""
    queue.read()
    items = queue.queue(wanted)
    out.say(f"{len(items)} to review: {_RATING_HELP}")
    for number, item in enumerate(items, 1):
        turns = queue.store.path(item.reply.turn_id, 2)
        out.say(f"\n{number} of {len(items)}  {item.reply.card}  {item.doubt}".rstrip())
        if item.rival is not None:
            turns[-1] = replace(turns[-1], speaker="Left")
            turns.append(replace(queue.store.turn(item.rival.turn_id), speaker="Right"))
            queue.rater.mark_seen(item.rival.turn_id)
        for turn in turns:
            out.say(f"{out.one_line(turn.speaker)}: {turn.text}")
        queue.rater.mark_seen(item.reply.turn_id)
        if item.rival is not None:
            out.say(_DUEL_HELP)
        if not _ask(queue, item):
            return


def _ask(queue: ReviewQueue, item: QueueItem) -> bool:
    """Read answers until one can be stored; whether to go on."""
    while line := sys.stdin.readline():
        answer = line.strip()
        if answer in ("", "q"):
            return not answer
        if _store(queue.rater, item, answer):
            return True
        out.say(_RATING_HELP if item.rival is None else _DUEL_HELP)
    return False


def _store(rater: Rater, item: QueueItem, answer: str) -> bool:
    """Store an answer; whether it was a valid one."""
    turn = item.reply.turn_id
    if item.rival is not None and answer in VERDICTS:
        rater.duel(turn, item.rival.turn_id, VERDICTS[answer], method=rater.method)
    elif item.rival is None and answer in tuple("12345"):
        rater.stars(turn, int(answer))
    elif item.rival is None and answer in ("+", "-"):
        rater.thumb(turn, answer == "+")
    else:
        return False
    return True
