"""Several characters in one chat: who speaks next, and what each of them sees. Pure.

Whose turn it is follows from the cast and the branch shown alone, so that a swipe, another branch
or a restart finds the same speaker, and everybody may ask beforehand. Knows no store, no model and
no prompt; the choice by a model is in ``scene``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from rpterm.cards.card import CharacterCard
from rpterm.types import Cast, Member, RptermError, Taking, Turn

NARRATOR = CharacterCard(
    name="Narrator",
    tagline="Tells what is seen and heard, and speaks for nobody",
    system_prompt=(
        "You are the narrator of a scene that others play. In one short paragraph, in the third "
        "person and the present tense, tell what happens around them now: the place, the light, "
        "sounds, smells, what people who are not listed here do. Never write what {{user}} or one "
        "of those listed says, thinks or decides."
    ),
    tags=("narrator",),
)
"""The narrator where the user gives none of their own."""

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
        "art bill bob chance chase dawn drew faith frank grace grant guy hope iris jack joy june "
        "mark may mercy nick olive pat pearl ray rich rob rose ruby sky sue summer violet ward "
        "will",
    )
)
"""Names that are common words, too: they count only with a capital."""
_NO_SPACES = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")


class GroupError(RptermError):
    """What was asked of the cast cannot be; the text says why and what to do."""


# Who is there ----------------------------------------------------------------------------------
def is_narrator(card: CharacterCard) -> bool:
    """Whether a card says of itself that it tells the scene: by its tag ``narrator``."""
    return "narrator" in {tag.casefold() for tag in card.tags}


def able(cast: Cast) -> list[Member]:
    """Those who may speak."""
    return [member for member in cast.members if member.present and not member.muted]


def by_name(cast: Cast, name: str) -> Member:
    """The member that a name means: whole, or one of its words.

    Raises:
        GroupError: Nobody who is there is called so.
    """
    here = [member for member in cast.members if member.present]
    wanted = name.strip().casefold()
    for member in here:
        if wanted in (member.card_name.casefold(), member.speaker.casefold()):
            return member
    found = called(name, here)
    if not found:
        names = ", ".join(member.speaker for member in here)
        raise GroupError(f"Nobody here is called {name.strip()!r}: here are {names}.")
    return found[0]


def owner(cast: Cast, turn: Turn) -> Member | None:
    """Whose turn it is; of a name that nobody has, the chat's own character's. ``None``: the
    user's."""
    if turn.role != "assistant":
        return None
    same = (m for m in cast.members if turn.speaker in (m.speaker, m.card_name))
    return next(same, cast.members[0])


# Who speaks next -------------------------------------------------------------------------------
def next_speaker(cast: Cast, path: Sequence[Turn]) -> Member:
    """Whose turn it is after this branch.

    Called by name goes first, the latest call before older ones, each answered once. A user who
    names nobody is answered by whoever spoke last; without a word of the user the word goes
    round. Narrators speak when they are called, when it is their turn in the round, or by hand.
    Where a model shall choose, this is what holds until it did.

    Raises:
        GroupError: Nobody may speak.
    """
    free = able(cast)
    if not free:
        raise GroupError("Everybody here is muted: let somebody speak again.")
    if cast.taking is Taking.HAND:
        return next((m for m in free if m.card_name == cast.held), free[0])
    if cast.taking is Taking.ROUND:
        return _after(cast, free, _last(cast, path))
    players = [member for member in free if not member.narrator] or free
    if (waiting := _called_and_silent(cast, free, path)) is not None:
        return waiting
    last = _last(cast, path, players)
    if path and path[-1].role == "user":
        return last or players[0]
    return _after(cast, players, last)


def expected(cast: Cast, path: Sequence[Turn]) -> Member:
    """Who most likely speaks next, seen while the user has said nothing yet: the one to prepare.

    Raises:
        GroupError: Nobody may speak.
    """
    if not path or path[-1].role == "user":
        return next_speaker(cast, path)
    if cast.taking in (Taking.MENTIONED, Taking.MODEL):
        me = owner(cast, path[-1])
        named = [member for member in called(path[-1].text, able(cast)) if member != me]
        if named:
            return named[0]
    return next_speaker(cast, [*path, replace(path[-1], role="user", text="")])


def _called_and_silent(cast: Cast, free: Sequence[Member], path: Sequence[Turn]) -> Member | None:
    """Who was called since the user spoke, that turn included, and has not answered yet."""
    answered: set[str] = set()
    for turn in reversed(path):
        me = owner(cast, turn)
        for member in called(turn.text, free):
            if member != me and member.card_name not in answered:
                return member
        if me is None:
            break
        answered.add(me.card_name)
    return None


def _last(cast: Cast, path: Sequence[Turn], among: Sequence[Member] | None = None) -> Member | None:
    """Who spoke last, of these."""
    for turn in reversed(path):
        member = owner(cast, turn)
        if member is not None and (among is None or member in among):
            return member
    return None


def _after(cast: Cast, free: Sequence[Member], last: Member | None) -> Member:
    """The next of those who may speak, in the order of the cast, and round again."""
    if last is None:
        return free[0]
    place = cast.members.index(last) + 1
    order = (*cast.members[place:], *cast.members[:place])
    return next(member for member in order if member in free)


# Names in a text -------------------------------------------------------------------------------
def called(text: str, members: Iterable[Member]) -> list[Member]:
    """Who is named in a text, in the order of the first call.

    Whole words only: the whole name, the name shown, or a word of either (a first name, a last
    name) that nobody else here bears.
    """
    found = []
    members = tuple(members)
    names = tuple((member.card_name, member.speaker) for member in members)
    for member, patterns in zip(members, _patterns(names), strict=True):
        places = [match.start() for each in patterns if (match := each.search(text))]
        if places:
            found.append((min(places), member))
    return [member for _, member in sorted(found, key=lambda each: each[0])]


@lru_cache(maxsize=64)
def _patterns(names: tuple[tuple[str, str], ...]) -> tuple[tuple[re.Pattern[str], ...], ...]:
    words = [{word for name in both for word in _parts(name)} for both in names]
    found = []
    for both, own in zip(names, words, strict=True):
        shared = {word.casefold() for other in words if other is not own for word in other}
        handles = {*both, *(word for word in own if word.casefold() not in shared)}
        found.append(tuple(_pattern(handle) for handle in handles if handle.strip()))
    return tuple(found)


def _parts(name: str) -> list[str]:
    parts = re.findall(r"[^\W\d_][\w'’-]*", name)
    return [part for part in parts if len(part) > 1 and part.casefold() not in _TITLES]


def _pattern(handle: str) -> re.Pattern[str]:
    edges = ("", "") if _NO_SPACES.search(handle) else (r"(?<!\w)", r"(?!\w)")
    flags = re.NOFLAG if handle.casefold() in _WORDS else re.IGNORECASE
    return re.compile(edges[0] + re.escape(handle.strip()) + edges[1], flags)


# What each one sees ----------------------------------------------------------------------------
def view(cast: Cast, me: Member, path: Iterable[Turn]) -> list[Turn]:
    """The branch as one member lives it: its own turns are what it said, all others it heard."""
    return [
        turn if turn.role != "assistant" or owner(cast, turn) == me else replace(turn, role="user")
        for turn in path
    ]


def heard(turn: Turn) -> Turn:
    """A turn that was heard, headed by who said it; one's own words stay as they are."""
    return headed(turn) if turn.role == "user" else turn


def headed(turn: Turn) -> Turn:
    """A turn headed by who said it."""
    return replace(turn, text=f"{turn.speaker}: {turn.text}" if turn.text else f"{turn.speaker}:")


def company(me: Member, others: Iterable[tuple[Member, str]], user: str) -> str:
    """What everybody may know of everybody: names and taglines, and how lines are headed.

    Args:
        others: The others who are there, each with its tagline. Nothing else of their cards may
            come in here: it becomes part of this member's prompt.
    """
    lines = []
    for member, tagline in others:
        said = " ".join(tagline.split())
        lines.append(f"- {member.speaker}: {said}" if said else f"- {member.speaker}")
    if not lines:
        return ""
    return "\n".join(
        (
            f"Others in this scene beside {user}:",
            *lines,
            "Everything is headed by the name of who says it. "
            f"Write only what {me.speaker} says and does next, and nothing for the others.",
        )
    )


def labels(cast: Cast, user: str) -> tuple[str, ...]:
    """Every name that may head a line: where somebody else's line would begin."""
    names = [name for m in cast.members for name in (m.speaker, m.card_name)]
    return tuple(dict.fromkeys((user, *names)))
