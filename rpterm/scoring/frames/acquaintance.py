"""Whether a reply treats the user as a stranger: asks what was told, gets the name wrong, forgot.

The same for a person on the card: "Kim who?". English and Chinese. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rpterm.scoring.frames.persons import ROLES
from rpterm.scoring.frames.trades import words_of
from rpterm.scoring.resources import load_toml
from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.signal import Evidence
from rpterm.scoring.texts import content_stems

_NAME = r"(?-i:[A-ZÀ-Þ][\w'-]+)"
_NO_NAME = r"(?![\w'-]*(?:ish|ese|ian|can|ench|olic|man|I|The)\b)"
_GIVES_NAME = re.compile(
    rf"\b(?:my name(?:'s| is)|call me) {_NAME}|\b(?:I'm|I am) {_NO_NAME}{_NAME}"
    rf"(?: (?-i:[A-ZÀ-Þ])[\w'-]+)?(?=[.,;!]|$)|(?:我叫|叫我|我的名字(?:是|叫))[^\W\d_]",
    re.IGNORECASE,
)
_ASKS_NAME = re.compile(
    r"\b(?:what(?:'s| is| was)|tell me|may I (?:have|know|ask)) your name\b|\bwho are you[?,]"
    r"|你叫什么|您?贵姓|你是谁[？?]|怎么称呼",
    re.IGNORECASE,
)
_MEETS = re.compile(
    r"\b(?:I don't (?:believe|think) we(?:'ve| have)(?: ever)? met|have we met|do I know you"
    r"|we haven't met|(?:nice|pleased|good|pleasure|delighted) to meet you)\b"
    r"|我们(?:以前)?(?:见过|认识)吗|很高兴认识[你您]|初次见面",
    re.IGNORECASE,
)
_FORGETS = re.compile(
    r"\bremind me,? (?:again|who|what|where|which|how|of your)\b"
    r"|\b(?:what|who|where|when|which|how)\b[^.?!]*\bdid you say (?:you|it|that|he|she|your|was)\b"
    r"|\bwhat was (?:it|that|the name) again\b|\bwhat are you \w+ing again\b"
    r"|\b(?:don't|do not|can't|cannot) (?:remember|recall) (?:you|your|what you|that you)\b"
    r"|\byou (?:never|didn't|haven't) (?:tell|told|mention|mentioned|said|say)\b"
    r"|记不清|不记得|想不起来|来着[？?]|[你您](?:还)?没(?:跟我|告诉我|有)?(?:说|提)过|还没告诉我",
    re.IGNORECASE,
)
_DID_NOT_KNOW = re.compile(
    r"\bI (?:didn't|never) kn[eo]w (?:that )?you (?:had|were|have)\b([^.!?]*)", re.I
)
_SAYS_NAME = re.compile(
    rf"\b(?:your name(?:'s| is)|you(?:'re| are) called) (?P<name>{_NAME})", re.I
)
_KNOWS_NOBODY = re.compile(
    rf"(?:^|[.!?*\"“] ?)(?P<who>{_NAME}) who\?|\bwho(?:'s| is) (?P<is>{_NAME})\?"
    rf"|\bnever (?:met|heard of) (?:any(?:body|one) )?(?:called |named )?(?P<met>{_NAME})(?!')"
    rf"|\bdon't know any(?:body|one) (?:called|named) (?P<know>{_NAME})",
    re.IGNORECASE,
)
_LOST = re.compile(
    rf"\b(?P<name>{_NAME}) and I (?:broke up|split up|separated|(?:got |are )?divorced)"
    rf"|\b(?:broke|split) up with (?:my (?:\w+ )?(?P<ex>\w+)|(?P<exname>{_NAME}))"
    rf"|\bmy (?P<role>{ROLES})(?:,? (?P<dead>{_NAME}),?)? (?:just |has )?"
    r"(?:died|passed away|was killed|is dead)|\bmy late (?P<late>\w+)"
    r"|我的?(?P<chinese>[^\W\d_]{1,3}?)(?:去年|上个?月|前年|刚|已经)?(?:去世|过世|走|死)(?:了|以?后)"
    r"|[跟和](?P<parted>[^\W\d_]{1,3}?)(?:也|已经)?分手",
    re.IGNORECASE,
)
"""Who is no longer there, or no longer with the user."""
_STRANGERS = 3
"""As many turns of the character belong to getting acquainted."""


def greets_anew(reply: str, scene: ReplyScene) -> Iterator[Evidence]:
    """Where the reply has forgotten who it talks to, or whom it knows."""
    plain = reply.replace("’", "'")
    said = [turn for own, turn in scene.turns if not own]
    named = re.compile(rf"\b{re.escape(scene.user)}\b" if scene.user else r"\Z(?!)")
    for what, question, told in _asked():
        turn = _last(told, said) or (_last(named, said) if what == "name" else None)
        if turn and (asks := question.search(plain)):
            yield Evidence(
                *asks.span(), f"asks for the {what} that was given", turn.source, turn.text
            )
    given = _last(_GIVES_NAME, said)
    if given and (wrong := _other_name(plain, scene, [turn.text for turn in said])):
        yield Evidence(*wrong.span("name"), "not your name", given.source, given.text)
    if said[:-1] and (forgets := _FORGETS.search(plain) or _is_surprised(plain, said)):
        yield Evidence(*forgets.span(), "has forgotten what was said")
    meets = _MEETS.search(plain)
    if meets and sum(own for own, _ in scene.turns) >= _STRANGERS:
        yield Evidence(*meets.span(), "takes you for a stranger")
    yield from _disowned(plain, scene)
    yield from _lost(plain, said)


@lru_cache(maxsize=1)
def _asked() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]:
    """What may be asked: its name, the question, and how the user tells it."""
    name = (_ASKS_NAME, _GIVES_NAME)
    others = (
        (
            what,
            re.compile(each["question"], re.I),
            re.compile(each["told"].replace("TRADES", words_of("trades")), re.I),
        )
        for what, each in load_toml("frames.toml")["asked"].items()
    )
    return (("name", *name), *others)


def _last(pattern: re.Pattern[str], said: Sequence[Fact]) -> Fact | None:
    """The last turn with the pattern."""
    return next(
        (turn for turn in reversed(said) if pattern.search(turn.text.replace("’", "'"))), None
    )


def _is_surprised(plain: str, said: Sequence[Fact]) -> re.Match[str] | None:
    """Where the reply never knew what was told before the last turn."""
    found = _DID_NOT_KNOW.search(plain)
    stems = set(content_stems(found[1])) if found else set()
    earlier = {stem for turn in said[:-1] for stem in content_stems(turn.text)}
    return found if stems & earlier - {*content_stems(said[-1].text)} else None


def _lost(plain: str, said: Sequence[Fact]) -> Iterator[Evidence]:
    """Where the reply asks after somebody the user has lost."""
    for turn in said:
        for match in _LOST.finditer(turn.text.replace("’", "'")):
            who = "|".join(map(re.escape, filter(None, match.groups())))
            here = re.compile(
                rf"\b(?:how(?:'s| is| are)|(?:hi|hello|regards|love) to|bring|and how does) "
                rf"(?:your )?(?:{who})\b|\byour (?:{who})(?:'ll| is| must| will| works| says)\b"
                rf"|(?:问候|代我问|替我谢谢)[你您]?的?(?:{who})|[你您]的?(?:{who})(?:最近|身体|现在|还好)",
                re.IGNORECASE,
            )
            if found := here.search(plain):
                yield Evidence(*found.span(), "you said that they are gone", turn.source, turn.text)


def _disowned(plain: str, scene: ReplyScene) -> Iterator[Evidence]:
    """Where the reply does not know a person that the card names."""
    for match in _KNOWS_NOBODY.finditer(plain):
        name = next(filter(None, match.groups()))
        known = re.compile(rf"\b{re.escape(name)}\b")
        fact = next((each for each in scene.facts if known.search(each.text)), None)
        if fact is not None and name not in scene.char:
            yield Evidence(*match.span(), f"the card knows {name}", fact.source, fact.text)


def _other_name(plain: str, scene: ReplyScene, said: Sequence[str]) -> re.Match[str] | None:
    """Where the reply says that the user has a name they never mentioned."""
    found = _SAYS_NAME.search(plain)
    if found is None or any(found["name"] in text for text in (scene.user, *said)):
        return None
    return found
