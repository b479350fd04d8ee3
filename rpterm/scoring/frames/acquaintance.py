"""Whether a reply treats the user as a stranger: asks their name again or gets it wrong, forgot.

English and Chinese. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import Evidence

_NAME = r"(?-i:[A-ZÀ-Þ][\w'-]+)"
_NO_NAME = r"(?![\w'-]*(?:ish|ese|ian|can|ench|olic|man|I|The)\b)"
_GIVES_NAME = re.compile(
    rf"\b(?:my name(?:'s| is)|call me) {_NAME}|\b(?:I'm|I am) {_NO_NAME}{_NAME}"
    rf"(?: (?-i:[A-ZÀ-Þ])[\w'-]+)?(?=[.,;!]|$)|(?:我叫|叫我|我的名字(?:是|叫))[^\W\d_]",
    re.IGNORECASE,
)
_ASKS_NAME = re.compile(
    r"\b(?:what(?:'s| is| was)|tell me|may I (?:have|know|ask)) your name\b|\bwho are you\?"
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
    r"\bremind me (?:again|who|what|where|which|how|of your)\b"
    r"|\bwhat was (?:it|that|the name) again\b"
    r"|\b(?:don't|do not|can't|cannot) (?:remember|recall) (?:you|your|what you|that you)\b"
    r"|\byou (?:never|didn't|haven't) (?:tell|told|mention|mentioned|said|say)\b"
    r"|记不清|不记得|想不起来|来着[？?]|你没(?:跟我|告诉我|有)?(?:说|提)过",
    re.IGNORECASE,
)
_SAYS_NAME = re.compile(
    rf"\b(?:your name(?:'s| is)|you(?:'re| are) called) (?P<name>{_NAME})", re.I
)
_STRANGERS = 3
"""As many turns of the character belong to getting acquainted."""


def greets_anew(reply: str, scene: ReplyScene) -> Iterator[Evidence]:
    """Where the reply has forgotten who it talks to."""
    plain = reply.replace("’", "'")
    asks, meets = _ASKS_NAME.search(plain), _MEETS.search(plain)
    said = [turn for own, turn in scene.turns if not own]
    given = [turn for turn in said if _GIVES_NAME.search(turn.text.replace("’", "'"))]
    if asks and given:
        turn = given[-1]
        yield Evidence(*asks.span(), "asks for the name that was given", turn.source, turn.text)
    if given and (wrong := _other_name(plain, scene, [turn.text for turn in said])):
        yield Evidence(*wrong.span("name"), "not your name", given[-1].source, given[-1].text)
    if said[:-1] and (forgets := _FORGETS.search(plain)):
        yield Evidence(*forgets.span(), "has forgotten what was said")
    if meets and sum(own for own, _ in scene.turns) >= _STRANGERS:
        yield Evidence(*meets.span(), "takes you for a stranger")


def _other_name(plain: str, scene: ReplyScene, said: Sequence[str]) -> re.Match[str] | None:
    """Where the reply says that the user has a name they never mentioned."""
    found = _SAYS_NAME.search(plain)
    if found is None or any(found["name"] in text for text in (scene.user, *said)):
        return None
    return found
