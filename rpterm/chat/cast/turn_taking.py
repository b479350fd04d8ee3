"""Who speaks next in a group chat: a pure function of the cast and the branch shown.

So a swipe, another branch or a restart arrives at the same speaker, and it can be asked in advance.
Letting a model choose is done by ``choice_by_model``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from rpterm.errors import RptermError
from rpterm.prompt.perspective import speaker_of
from rpterm.text.unspaced import whole_words
from rpterm.types import Cast, Member, Turn, TurnTaking

_TITLES = frozenset(
    re.findall(
        r"\w+",
        "mr mrs ms miss dr doctor prof professor sir lady lord captain colonel king queen prince "
        "princess saint st the of de da di du la le van von der den del ibn bin al el and old "
        "young little great",
    )
)
_WORDS = frozenset(
    re.findall(
        r"\w+",
        "amber angel art ash autumn bear bill bird bishop black blade bob bright brook "
        "castle cat chance chase church clay cliff cloud cook cross crow crown dawn day "
        "dean dog dragon drew eagle earth faith fire fisher flower forest fox frank frost "
        "ghost gold golden grace grant gray green grey guy hall hawk heart heather hill "
        "holly honey hope hunter ice iris iron ivory jack joy judge june knight lake lane "
        "leaf light lily lion long love luck mark may mercy mist moon nick night noble "
        "north olive page park pat pearl pepper poppy price rain raven ray red reed rich "
        "ring river rob robin rock rose ruby sage sand sea shadow shepherd ship silver "
        "sky snow south spring star stone storm sue summer sun swan swift sword thorn "
        "tower tree violet ward water west white wild will willow wind winter witch wolf "
        "wood",
    )
)
"""Names that are also common words: they count as a name only in the spelling of the card."""


class GroupError(RptermError):
    """A request about the cast that cannot be carried out; the text says why and what to do."""


def eligible(cast: Cast) -> list[Member]:
    """The members who may speak: present and not muted."""
    return [member for member in cast.members if member.present and not member.muted]


def member_named(cast: Cast, name: str) -> Member:
    """The present member with this name, or with this word in their name.

    Raises:
        GroupError: Nobody present has that name.
    """
    present = [member for member in cast.members if member.present]
    wanted = name.strip().casefold()
    for member in present:
        if wanted in (member.card_name.casefold(), member.speaker.casefold()):
            return member
    found = mentioned_in(name, present)
    if not found:
        names = ", ".join(member.speaker for member in present)
        raise GroupError(f"Nobody here is called {name.strip()!r}. Present: {names}.")
    return found[0]


# Who speaks next -------------------------------------------------------------------------------
def next_speaker(cast: Cast, path: Sequence[Turn]) -> Member:
    """Who speaks next after this branch.

    Members mentioned by name come first, the latest mention before earlier ones, and each mention
    is answered once. If the user mentions nobody, whoever spoke last answers; without a message
    from the user, the next member in cast order speaks. Narrators speak only when mentioned, when
    it is their turn in round mode, or when chosen by hand. If a model is to choose the speaker,
    this is the answer until it has.

    Raises:
        GroupError: Nobody may speak.
    """
    allowed = eligible(cast)
    if not allowed:
        raise GroupError("Everybody here is muted: unmute somebody first.")
    if cast.taking is TurnTaking.HAND:
        return next((m for m in allowed if m.card_name == cast.held), allowed[0])
    if cast.taking is TurnTaking.ROUND:
        return _after(cast, allowed, _last_speaker(cast, path))
    players = [member for member in allowed if not member.narrator] or allowed
    if (waiting := _mentioned_unanswered(cast, allowed, path)) is not None:
        return waiting
    last = _last_speaker(cast, path, players)
    if path and path[-1].role == "user":
        return last or players[0]
    return _after(cast, players, last)


def expected_speaker(cast: Cast, path: Sequence[Turn]) -> Member:
    """Who will most likely answer the user's next message: the one whose prompt to prepare.

    Raises:
        GroupError: Nobody may speak.
    """
    if not path or path[-1].role == "user":
        return next_speaker(cast, path)
    if cast.taking in (TurnTaking.MENTIONED, TurnTaking.MODEL):
        speaker = speaker_of(cast, path[-1])
        mentioned = [m for m in mentioned_in(path[-1].text, eligible(cast)) if m != speaker]
        if mentioned:
            return mentioned[0]
    return next_speaker(cast, [*path, replace(path[-1], role="user", text="")])


def _mentioned_unanswered(
    cast: Cast, allowed: Sequence[Member], path: Sequence[Turn]
) -> Member | None:
    """The member mentioned in the user's last turn or since who has not spoken after that."""
    answered: set[str] = set()
    for turn in reversed(path):
        speaker = speaker_of(cast, turn)
        for member in mentioned_in(turn.text, allowed):
            if member != speaker and member.card_name not in answered:
                return member
        if speaker is None:
            break
        answered.add(speaker.card_name)
    return None


def _last_speaker(
    cast: Cast, path: Sequence[Turn], among: Sequence[Member] | None = None
) -> Member | None:
    """The member who spoke last, optionally only among some."""
    for turn in reversed(path):
        member = speaker_of(cast, turn)
        if member is not None and (among is None or member in among):
            return member
    return None


def _after(cast: Cast, allowed: Sequence[Member], last: Member | None) -> Member:
    """The allowed member who follows ``last`` in cast order, starting over at the end."""
    if last is None:
        return allowed[0]
    start = cast.members.index(last) + 1
    order = (*cast.members[start:], *cast.members[:start])
    return next(member for member in order if member in allowed)


# Names in a text -------------------------------------------------------------------------------
def mentioned_in(text: str, members: Iterable[Member]) -> list[Member]:
    """The members mentioned in a text, in the order of their first mention.

    Only complete words count: the full name, the name shown, or a word of either (a first or last
    name) that no other member shares.
    """
    found = []
    members = tuple(members)
    names = tuple((member.card_name, member.speaker) for member in members)
    for member, patterns in zip(members, _patterns(names), strict=True):
        offsets = [match.start() for each in patterns if (match := each.search(text))]
        if offsets:
            found.append((min(offsets), member))
    return [member for _, member in sorted(found, key=lambda each: each[0])]


@lru_cache(maxsize=64)
def _patterns(names: tuple[tuple[str, str], ...]) -> tuple[tuple[re.Pattern[str], ...], ...]:
    """For each member (card name, shown name), the patterns of every name that means them."""
    words = [{word for name in pair for word in _name_words(name)} for pair in names]
    found = []
    for pair, own in zip(names, words, strict=True):
        shared = {word.casefold() for other in words if other is not own for word in other}
        aliases = {*pair, *(word for word in own if word.casefold() not in shared)}
        found.append(tuple(_pattern(alias) for alias in aliases if alias.strip()))
    return tuple(found)


def _name_words(name: str) -> list[str]:
    """The words of a name, without titles and initials."""
    words = re.findall(r"[^\W\d_][\w'’-]*", name)
    return [word for word in words if len(word) > 1 and word.casefold() not in _TITLES]


def _pattern(alias: str) -> re.Pattern[str]:
    flags = re.NOFLAG if alias.casefold() in _WORDS else re.IGNORECASE
    return re.compile(whole_words(alias.strip()), flags)
