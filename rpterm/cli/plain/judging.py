"""Rating and duels in plain mode; what a judgement is, ``rpterm.preference.rating`` knows."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from rpterm.preference.rating import DIMENSIONS, verdict_words
from rpterm.types import Intent, RptermError, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from rpterm.cli.plain.loop import Talk
    from rpterm.store.judgement_records import Verdict

    Command = Callable[[Talk, str], None]


class JudgingError(RptermError):
    """This cannot be judged so."""


def _reply(talk: Talk) -> Turn:
    path = talk.session.path(2)
    turn = next((turn for turn in reversed(path) if turn.role == "assistant"), None)
    if turn is None:
        raise JudgingError("There is no reply to rate yet.")
    return turn


def _rate(talk: Talk, rest: str) -> None:
    stars, *more = rest.split() or [""]
    if stars not in tuple("12345"):
        raise JudgingError("Say /rate and a number from 1 to 5, such as /rate 4 style=2.")
    turn = _reply(talk)
    talk.session.rater.stars(turn.id, int(stars), _dimensions(more))
    talk.tell(f"{talk.session.rater.mark(turn.id).text}  /unrate takes it back.")


def _dimensions(parts: list[str]) -> dict[str, int]:
    known = {name: each.id for each in DIMENSIONS for name in (each.id, each.label, each.key)}
    found = {}
    for part in parts:
        name, sign, value = part.partition("=")
        if name not in known or not sign or value not in tuple("12345"):
            names = ", ".join(each.id for each in DIMENSIONS)
            raise JudgingError(f"{part!r} says nothing: write NAME=1 to NAME=5 of {names}.")
        found[known[name]] = int(value)
    return found


def _thumb(up: bool) -> Command:
    def rate(talk: Talk, rest: str) -> None:
        turn = _reply(talk)
        talk.session.rater.thumb(turn.id, up)
        talk.tell(f"The last reply is {'good' if up else 'bad'}. /unrate takes it back.")

    return rate


def _flag(talk: Talk, rest: str) -> None:
    turn = _reply(talk)
    at = turn.text.find(rest) if rest else -1
    span = (at, at + len(rest)) if at >= 0 else None
    talk.session.rater.flag(turn.id, span, "" if span else rest)
    talk.tell("The marked words are flagged." if span else "The last reply is flagged.")


def _unrate(talk: Talk, rest: str) -> None:
    undone = talk.session.rater.undo(talk.session.chat_id)
    if undone is None:
        raise JudgingError("Nothing was rated in this chat.")
    talk.tell("Your last judgement in this chat is taken back.")


def _consent(allowed: bool) -> Command:
    def say(talk: Talk, rest: str) -> None:
        talk.session.rater.allow(talk.session.chat_id, allowed)
        talk.tell(
            "This chat may leave by `rpterm export`; /deny forbids it again."
            if allowed
            else "This chat stays here: `rpterm export` passes it over."
        )

    return say


# Duel ------------------------------------------------------------------------------------------
def _duel(talk: Talk, rest: str) -> None:
    from rpterm.chat.request import ReplyRequest
    from rpterm.dueling import contender, inchat

    session = talk.session
    intent = Intent.SEND if rest else Intent.REGENERATE
    rival = contender.parse("B", session.settings.duel.b)
    turns = talk.collect(inchat.duel(session, ReplyRequest(intent, rest), rival))
    if len(turns) != 2:
        raise JudgingError("There are not two replies to judge between; /duel tries again.")
    session.rater.see(*(turn.id for turn in turns))
    if secrets.randbelow(2):
        turns.reverse()
    talk.duel = (turns[0], turns[1])
    for side, turn in zip(("Left", "Right"), turns, strict=True):
        talk.write(f"{side}: {turn.text}\n")
    talk.tell("/left, /right, /tie or /neither; anything else leaves it open.")


def _verdict(verdict: Verdict) -> Command:
    def judge(talk: Talk, rest: str) -> None:
        from rpterm.dueling.contender import differences

        if talk.duel is None:
            raise JudgingError("There is no duel to judge; /duel makes two replies.")
        left, right = talk.duel
        session = talk.session
        session.rater.duel(left.id, right.id, verdict)
        talk.duel = None
        kept = right if verdict == "right" else left
        session.select(kept.id)
        made = session.store.generation(left.id), session.store.generation(right.id)
        if made[0] is not None and made[1] is not None:
            one, other = differences(made[0], made[1])
            talk.tell(f"{verdict_words(verdict)}: left was {one}; right was {other}.")
        talk.show([session.store.turn(kept.id)])

    return judge


JUDGING: dict[str, tuple[Command, str]] = {
    "rate": (_rate, "N [style=N …] gives the last reply 1 to 5 stars."),
    "good": (_thumb(True), "says that the last reply is good."),
    "bad": (_thumb(False), "says that the last reply is bad."),
    "flag": (_flag, "[WORDS] flags the last reply, these words of it, or why."),
    "unrate": (_unrate, "takes back your last judgement in this chat."),
    "duel": (_duel, "[MESSAGE] makes two blind replies to judge between."),
    "left": (_verdict("left"), "says that the left one is better."),
    "right": (_verdict("right"), "says that the right one is better."),
    "tie": (_verdict("tie"), "says that both are equally good."),
    "neither": (_verdict("both_bad"), "says that both are bad."),
    "allow": (_consent(True), "lets this chat leave by `rpterm export`."),
    "deny": (_consent(False), "keeps this chat out of exports."),
}
"""Name → what it does, and its line of help."""
