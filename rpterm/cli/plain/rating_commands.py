"""The commands of plain mode for ratings and duels; ``rpterm.preference.rating`` stores them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from rpterm.cli import out
from rpterm.errors import RptermError
from rpterm.preference.rating import DIMENSIONS, verdict_words
from rpterm.types import Intent, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from rpterm.cli.plain.chat import PlainChat
    from rpterm.store.judgement_records import Verdict

    Command = Callable[[PlainChat, str], None]


def _last_reply(chat: PlainChat) -> Turn:
    path = chat.session.path(2)
    turn = next((turn for turn in reversed(path) if turn.role == "assistant"), None)
    if turn is None:
        raise RptermError("There is no reply to rate yet.")
    return turn


def _rate(chat: PlainChat, rest: str) -> None:
    stars, *more = rest.split() or [""]
    if stars not in tuple("12345"):
        raise RptermError("Say /rate and a number from 1 to 5, for example /rate 4 style=2.")
    turn = _last_reply(chat)
    chat.session.rater.stars(turn.id, int(stars), _dimensions(more))
    out.tell(f"{chat.session.rater.mark(turn.id).text}  /unrate undoes it.")


def _dimensions(parts: list[str]) -> dict[str, int]:
    known = {name: each.id for each in DIMENSIONS for name in (each.id, each.label, each.key)}
    found = {}
    for part in parts:
        name, sign, value = part.partition("=")
        if name not in known or not sign or value not in tuple("12345"):
            names = ", ".join(each.id for each in DIMENSIONS)
            raise RptermError(f"{part!r} is not valid: write NAME=1 to NAME=5 with one of {names}.")
        found[known[name]] = int(value)
    return found


def _thumb(up: bool) -> Command:
    def rate(chat: PlainChat, rest: str) -> None:
        turn = _last_reply(chat)
        chat.session.rater.thumb(turn.id, up)
        out.tell(f"The last reply is rated {'good' if up else 'bad'}. /unrate undoes it.")

    return rate


def _flag(chat: PlainChat, rest: str) -> None:
    turn = _last_reply(chat)
    start = turn.text.find(rest) if rest else -1
    span = (start, start + len(rest)) if start >= 0 else None
    chat.session.rater.flag(turn.id, span, "" if span else rest)
    out.tell("These words are flagged." if span else "The last reply is flagged.")


def _unrate(chat: PlainChat, rest: str) -> None:
    undone = chat.session.rater.undo(chat.session.chat_id)
    if undone is None:
        raise RptermError("Nothing was rated in this chat.")
    out.tell("Your last rating in this chat is undone.")


def _consent(allowed: bool) -> Command:
    def set_exportable(chat: PlainChat, rest: str) -> None:
        chat.session.rater.judgements.consent(chat.session.chat_id, allowed)
        out.tell(
            "`rpterm export` may export this chat; /deny forbids it again."
            if allowed
            else "`rpterm export` does not export this chat."
        )

    return set_exportable


# Duel ------------------------------------------------------------------------------------------
def _duel(chat: PlainChat, rest: str) -> None:
    from rpterm.chat.request import ReplyRequest
    from rpterm.dueling import chat_duel, contender

    session = chat.session
    intent = Intent.SEND if rest else Intent.REGENERATE
    rival = contender.parse("B", session.settings.duel.b)
    turns = chat.collect(chat_duel.duel(session, ReplyRequest(intent, rest), rival))
    if len(turns) != 2:
        raise RptermError("Two replies could not be generated; /duel tries again.")
    session.rater.mark_seen(*(turn.id for turn in turns))
    if secrets.randbelow(2):
        turns.reverse()
    chat.duel = (turns[0], turns[1])
    for side, turn in zip(("Left", "Right"), turns, strict=True):
        chat.write(f"{side}: {turn.text}\n")
    out.tell("Say /left, /right, /tie or /neither; anything else leaves the duel undecided.")


def _verdict(verdict: Verdict) -> Command:
    def judge(chat: PlainChat, rest: str) -> None:
        from rpterm.dueling.contender import differences

        if chat.duel is None:
            raise RptermError("There is no duel to judge; /duel begins one.")
        left, right = chat.duel
        session = chat.session
        session.rater.duel(left.id, right.id, verdict)
        chat.duel = None
        kept = right if verdict == "right" else left
        session.select(kept.id)
        left_origin = session.store.generation(left.id)
        right_origin = session.store.generation(right.id)
        if left_origin is not None and right_origin is not None:
            made = differences(left_origin, right_origin)
            out.tell(f"You said: {verdict_words(verdict)}. {made}")
        chat.show([session.store.turn(kept.id)])

    return judge


RATING_COMMANDS: dict[str, tuple[Command, str]] = {
    "rate": (_rate, "N [style=N …] gives the last reply 1 to 5 stars."),
    "good": (_thumb(True), "rates the last reply as good."),
    "bad": (_thumb(False), "rates the last reply as bad."),
    "flag": (_flag, "[WORDS] flags the last reply: these words in it, or else with this reason."),
    "unrate": (_unrate, "undoes your last rating in this chat."),
    "duel": (_duel, "[MESSAGE] generates two replies, which you compare blind."),
    "left": (_verdict("left"), "says that the left reply is better."),
    "right": (_verdict("right"), "says that the right reply is better."),
    "tie": (_verdict("tie"), "says that both replies are equally good."),
    "neither": (_verdict("both_bad"), "says that both replies are bad."),
    "allow": (_consent(True), "allows `rpterm export` to export this chat."),
    "deny": (_consent(False), "excludes this chat from exports."),
}
"""The function and the line of help of each command, by name."""
