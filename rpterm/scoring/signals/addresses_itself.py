"""``addresses_itself``: the character calls the user by the character's own name.

- Measures: the character's name used as a form of address in speech ("Dear Holmes, …", "Is it true,
  Mrs Holmes?"), a typical error of small models. Saying one's own name, signing with it, or
  reporting what others call one does not count, nor does a name shared with the user or with
  somebody on the card.
- Value: 1 if found, else 0. Confidence: 1. Cost: words.
- Method: rules written for rpterm.
- Accuracy: of 15,133 lines of fourteen novels (PDNC) it flags 25, of which 20 are spoken to a
  husband or wife of the same name. Of 140 replies of the starter model to Watson and clients it
  flags 5, all rightly, and misses 2.
- Blind spots: nicknames, and languages other than English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.scoring.signals.recital import is_open
from rpterm.scoring.texts import QUOTES

_TITLES_TEXT = (
    "Mr Mrs Miss Ms Dr Sir Lady Lord Captain Master Doctor Detective Inspector Professor Madam "
    "King Queen Prince Princess Brother Sister Father Mother Uncle Aunt Saint The"
)
_TITLES = frozenset(_TITLES_TEXT.split())
_FORM_OF_ADDRESS = (
    r"(?:[Aa]h,? |[Oo]h,? |[Ww]ell,? )?(?:[Mm]y )?(?:[Dd]ear(?:est)? |[Gg]ood |[Oo]ld |[Pp]oor )*"
    rf"(?:(?:{'|'.join(sorted(_TITLES))})\.? )?"
)
_SPEAKS_ON = (
    r"(?:I|I['’]\w+|[Yy]ou|[Yy]our|[Yy]ou['’]\w+|[Ww]e|[Mm]y|[Ll]et|[Dd]o|[Dd]on['’]t|[Aa]re|[Ii]s|"
    r"[Ww]hat|[Ww]hy|[Hh]ow|[Ww]here|[Cc]ome|[Ll]ook|[Pp]lease|[Ii]t|[Ii]t['’]s|[Tt]his|[Tt]hat)\b"
)
_NAME_IS_MENTIONED = re.compile(
    r"\b(?:names?|named|thought|think|tells?|told|call(?:s|ed)?|known|sa(?:id|y|ys)|cr(?:y|ies|ied)|asks?|asked|"
    r"repl(?:y|ies|ied)|whisper(?:s|ed)?|shout(?:s|ed)?|sincerely|yours|"
    r"I(?:['’]m| am) (?:an?|the|your|his|her))\b",
    re.IGNORECASE,
)
"""In the clause before the name: the name is mentioned, not used to address somebody."""
_NAME_IS_OF_SPEAKER = re.compile(
    r"\b(?:I|I['’]m|me|my|mine|myself|am|and|or|of|the|only|just|like|as)\b(?:\W+\w+)?\W*$",
    re.IGNORECASE,
)
_AFTER_COMMA = r"(?<=[\w’'])[,;] "
_CLAUSE_END = r"(?=[,.!?;:])"
_SENTENCE_START = r"(?:^|(?<=[.!?…\"“«] )|(?<=[\"“«]))"
_OPENING_QUOTES = ('"', "“", "«")
_ACTION = re.compile(r"\*[^*\n]*\*?")


class AddressesItself:
    """See the module."""

    name = "addresses_itself"
    dimension: Dimension = "boundaries"
    cost: Cost = "words"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        names = _unambiguous_names(scene)
        if not names or not reply.strip():
            return NO_DATA
        if is_open(scene.asked):
            return Reading(0.0, 1.0)  # Who is asked for their name says it.
        evidence = tuple(_forms_of_address(_only_speech(reply), names))
        return Reading(float(bool(evidence)), 1.0, evidence)


def _unambiguous_names(scene: ReplyScene) -> list[str]:
    """The full name, and those of its parts that can only mean the character."""
    parts = [part for part in scene.char.split() if part[:1].isupper()]
    user = set(scene.user.split())
    titles = {part.rstrip(".") for part in parts} & _TITLES
    single = [
        part
        for part in parts
        if len(part) > 2
        and part.rstrip(".") not in _TITLES
        and part not in user
        and not (len(parts) > 1 and _is_shared(part, parts, scene, titled=bool(titles)))
    ]
    full = [scene.char] if len(parts) > 1 and scene.char != scene.user else []
    return [*full, *single]


def _is_shared(part: str, parts: list[str], scene: ReplyScene, *, titled: bool) -> bool:
    """Whether somebody else on the card has this name: "Mycroft Holmes"; Mr Bennet's wife.

    Args:
        titled: The character's own name has a title, so another title means another person.
    """
    before = rf"\b([A-ZÀ-Þ][\w’'-]+)\.? {re.escape(part)}\b"
    others = {word for fact in scene.facts for word in re.findall(before, fact.text)}
    return any(
        word not in parts and f"{word}." not in parts and (titled or word not in _TITLES)
        for word in others
    )


def _only_speech(reply: str) -> str:
    """The character's speech at its offsets in the reply; everything else is replaced by spaces.

    Quotation marks enclose the character's speech if the reply has *actions* or begins with a
    quotation; otherwise they quote somebody else.
    """
    unacted = _ACTION.sub(_blank, reply)
    is_play = unacted != reply or unacted.lstrip().startswith(_OPENING_QUOTES)
    quotes = [match.span() for match in QUOTES.finditer(unacted)]
    if not is_play or not quotes:
        return QUOTES.sub(_blank, unacted)
    speech, after = "", 0
    for start, end in quotes:
        speech += " " * (start - after) + unacted[start:end]
        after = end
    return speech


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _forms_of_address(speech: str, names: list[str]) -> Iterator[Evidence]:
    called = rf"(?P<called>{_FORM_OF_ADDRESS}(?:{'|'.join(map(re.escape, names))}))"
    at_the_end = rf"{_AFTER_COMMA}{called}{_CLAUSE_END}"
    at_the_start = rf"{_SENTENCE_START}{called}[,!] {_SPEAKS_ON}"
    for pattern in (at_the_end, at_the_start):
        for match in re.finditer(pattern, speech):
            clause = re.split(r"[.!?…\n]", speech[: match.start("called")])[-1]
            if clause.strip(' "“,') in names:
                continue  # "Holmes, Sherlock."
            if not _NAME_IS_MENTIONED.search(clause) and not _NAME_IS_OF_SPEAKER.search(clause):
                yield Evidence(*match.span("called"), "calls you by the character's own name")
