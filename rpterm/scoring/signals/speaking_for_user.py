"""``speaking_for_user``: the reply speaks, acts or feels for the user.

- Measures: a line that begins with the user's name and a colon, and narration of what "you" or the
  named user does or feels. Narration is the text in asterisks or, in a reply with quotation marks,
  the text outside them; in prose with neither, only bodily actions that nobody would tell the
  listener count. Speech to the user ("you look tired") and what the user may yet do ("if you turn
  the key") do not count.
- Value: 1 if found, else 0. Confidence: 1. Cost: words.
- Method: rules written for rpterm; measured by ``bench planted``.
- Blind spots: languages other than English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import Cost, Dimension, Evidence, Reading
from rpterm.scoring.texts import QUOTES

_ACTIONS = re.compile(r"\*([^*\n]+)\*")
_NOT_A_SUBJECT_AFTER = re.compile(
    r"\b(?:if|when|whether|unless|until|before|while|as|where|what|whatever|how|that|than|which|"
    r"whom|who|because|since|though|like|once|after|all|everything|anything|nothing|something|"
    r"lets?|watch(?:es|ed)?|sees?|hears?|wants?|do|did|would|could|can|should|will|may|might|"
    r"must|shall|for|of|to|at|with|from|between|behind|beside|toward|towards|against|near|"
    r"around|past|on|upon|about|over|above|below|under|by|into|and|or|but)$",
    re.IGNORECASE,
)
_NOT_ACTIONS_TEXT = (
    "are were can could may might must shall should will would ought need have had has with and "
    "or but in on at to for from by of the a an up down over across again there here now too "
    "through into like as until while back before so not is was do did both all either alone "
    "instead then who whom whose that which what"
)
_NOT_ACTIONS = frozenset(_NOT_ACTIONS_TEXT.split())
_ADDRESS = re.compile(r"(?:see|know|understand|mean|remember)\s*(?:[,.;:!…–—-]|$)", re.IGNORECASE)
"""After "you", words that address somebody: "You see, I was there, you know" is no action."""
_FEELING = re.compile(
    r"\b(?:are|were|is|was)\s+(?:\w+ly\s+|so\s+|too\s+|now\s+)?(?:\w+ing\b|\w+ed\b|afraid|angry|"
    r"glad|happy|sad|scared|certain|unable|speechless|in love|relieved|breathless)",
    re.IGNORECASE,
)
_YOUR_BODY = re.compile(
    r"\byour (?:own )?(?:heart|breath|hands?|knees|stomach|eyes|mouth|legs?|fingers|voice|pulse|"
    r"lips|cheeks|feet|throat|face|mind|thoughts|body|shoulders) "
    r"(?!on\b|in\b|at\b|to\b|and\b|or\b|with\b|for\b|of\b|from\b|into\b|like\b|is\b|are\b|was\b)"
    r"(?:\w+s|\w+ed|\w+t|go|fall|leap|grow|shake|open|close|turn|give|went|fell|shook|grew|ran)\b",
    re.IGNORECASE,
)
_YOU_BODILY = re.compile(
    r"(?:(?<=[.!?…\n] )|^|(?<=, )|(?<=and )|(?<=as )|(?<=while ))[Yy]ou (?:\w+ly )?(?:nod|smile|"
    r"gasp|blush|shiver|shudder|sigh|laugh softly|giggle|whisper|hesitate|tremble|flinch|freeze|"
    r"gulp|swallow hard|take a (?:deep breath|step)|step (?:back|forward|closer|inside)|"
    r"lean (?:in|back|closer|forward)|feel (?:a|an|your|the) \w+|can(?:not|'t) help but|"
    r"reach (?:out|for)|stare (?:at|in)|gaze|blink|shrug|wince|grin|chuckle|nervously|burst into|"
    r"follow (?:me|him|her) (?:into|to|through|inside)|look (?:around|away|down)|sit down|"
    r"stand up|turn (?:around|away|to leave)|decide to|agree to|realis?ze|"
    r"your heart)\b(?![^.!\n]*\?)"
)
_ADVERB = r"(?:\w+ly |then |just |now |both |also |at last |finally |slowly )?"
_YOU = re.compile(rf"\byou {_ADVERB}(?P<deed>[a-z]+)\b", re.IGNORECASE)


class SpeakingForUser:
    """See the module."""

    name = "speaking_for_user"
    dimension: Dimension = "boundaries"
    cost: Cost = "words"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        evidence = (*_labels(reply, scene), *_narrated(reply, scene), *_in_plain_prose(reply))
        return Reading(float(bool(evidence)), 1.0 if reply.strip() else 0.0, evidence)


def _in_plain_prose(reply: str) -> Iterator[Evidence]:
    """Bodily actions of the user in prose without quotation marks and asterisks."""
    if not re.search(r"[\"“«*]", reply):
        for match in _YOU_BODILY.finditer(reply):
            yield _evidence(0, match)


def _labels(reply: str, scene: ReplyScene) -> Iterator[Evidence]:
    """Lines that begin with the user's name and a colon."""
    names = dict.fromkeys(filter(None, (scene.user, "You", "User")))
    label = rf"^[ \t*_\[]*(?:{'|'.join(map(re.escape, names))})[ \t*_\]]*:"
    for match in re.finditer(label, reply, re.I | re.M):
        yield Evidence(match.start(), match.end(), "a line that is yours to say")


def _narrated(reply: str, scene: ReplyScene) -> Iterator[Evidence]:
    """Actions and feelings of the user in narration."""
    name = re.escape(scene.user.split()[0]) if scene.user.strip() else "User"
    third_person = re.compile(
        rf"(?<![\w'’])(?:{name}|The user) {_ADVERB}(?P<deed>[a-z]+(?:s|ed)|said|felt|went)\b"
    )
    for start, text in narration(reply):
        for match in _YOU.finditer(text):
            if _is_action(text, match):
                yield _evidence(start, match)
        for match in _YOUR_BODY.finditer(text):
            yield _evidence(start, match)
        for match in third_person.finditer(text):
            is_verb = match["deed"] not in ("is", "was", "has", "needs")
            if is_verb and _begins_clause(text, match.start()):
                yield _evidence(start, match)


def _is_action(text: str, match: re.Match[str]) -> bool:
    """Whether a match of ``_YOU`` says that the user does or feels something."""
    before = text[: match.start()].rstrip()
    clause_end = re.search(r"[.!?\n]", text[match.end() :])
    if clause_end and clause_end[0] == "?":
        return False
    joined = re.search(r"(?:[,;:—-]|\b(?:and|but|then|so|as|while|until))$", before, re.IGNORECASE)
    if not joined and _NOT_A_SUBJECT_AFTER.search(before):
        return False
    if not joined and before and before[-1] not in '.!?…"”*':
        return False  # "you" is the object of the verb before it.
    verb = match["deed"].lower()
    if verb in ("are", "were"):
        return bool(_FEELING.match(text[match.start("deed") :]))
    if _ADDRESS.match(text[match.start("deed") :]):
        return False
    return verb not in _NOT_ACTIONS and not verb.endswith(("ing", "self"))


def _begins_clause(text: str, at: int) -> bool:
    before = text[:at].rstrip()
    return not before or before[-1] in '.!?…,;"”' or before.endswith((" and", " while", " as"))


def _evidence(start: int, match: re.Match[str]) -> Evidence:
    note = "tells what the user does or feels"
    return Evidence(start + match.start(), start + match.end(), note)


def narration(reply: str) -> list[tuple[int, str]]:
    """The narrated passages of a reply, each with its offset; quoted speech is masked with ”."""
    if '"' in reply or "“" in reply or "«" in reply:
        masked = QUOTES.sub(lambda match: "”" * len(match[0]), reply).replace("*", " ")
        return [(match.start(), match[0]) for match in re.finditer(r"\n+|[^\n]+", masked)]
    return [(match.start(1), match[1]) for match in _ACTIONS.finditer(reply)]
