"""Whether a reply calls the other side by the character's own name, as small models do.

By rule: the name as a form of address in speech ("Dear Holmes, …", "Is it true, Mrs Holmes?"). Who
says the own name of themselves, signs with it or tells what others call them is not meant, nor is a
name that the user or somebody on the card shares. Of 15,133 lines of fourteen novels (PDNC) it
accuses 25, of which 20 are spoken to a husband or a wife; of 140 replies of the starter model to
Watson and clients it finds 5, which are, and misses 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rpterm.scoring.records import NOTHING, Cost, Dimension, Evidence, Reading, Scene
from rpterm.scoring.texts import QUOTES

_TITLES_TEXT = (
    "Mr Mrs Miss Ms Dr Sir Lady Lord Captain Master Doctor Detective Inspector Professor Madam "
    "King Queen Prince Princess Brother Sister Father Mother Uncle Aunt Saint The"
)
_TITLES = frozenset(_TITLES_TEXT.split())
_CALLED = (
    r"(?:[Aa]h,? |[Oo]h,? |[Ww]ell,? )?(?:[Mm]y )?(?:[Dd]ear(?:est)? |[Gg]ood |[Oo]ld |[Pp]oor )*"
    rf"(?:(?:{'|'.join(sorted(_TITLES))})\.? )?"
)
_SPEAKS_ON = (
    r"(?:I|I['’]\w+|[Yy]ou|[Yy]our|[Yy]ou['’]\w+|[Ww]e|[Mm]y|[Ll]et|[Dd]o|[Dd]on['’]t|[Aa]re|[Ii]s|"
    r"[Ww]hat|[Ww]hy|[Hh]ow|[Ww]here|[Cc]ome|[Ll]ook|[Pp]lease|[Ii]t|[Ii]t['’]s|[Tt]his|[Tt]hat)\b"
)
_NAMED = re.compile(
    r"\b(?:names?|named|thought|think|tells?|told|call(?:s|ed)?|known|sa(?:id|y|ys)|cr(?:y|ies|ied)|asks?|asked|"
    r"repl(?:y|ies|ied)|whisper(?:s|ed)?|shout(?:s|ed)?|sincerely|yours|"
    r"I(?:['’]m| am) (?:an?|the|your|his|her))\b",
    re.IGNORECASE,
)
"""In the clause before it: the name is told, not used."""
_OF_ONESELF = re.compile(
    r"\b(?:I|I['’]m|me|my|mine|myself|am|and|or|of|the|only|just|like|as)\b(?:\W+\w+)?\W*$",
    re.IGNORECASE,
)
_AFTER = r"(?<=[\w’'])[,;] "
_STOP = r"(?=[,.!?;:])"
_BEFORE = r"(?:^|(?<=[.!?…\"“«] )|(?<=[\"“«]))"
_MARKS = ('"', "“", "«")
_DONE = re.compile(r"\*[^*\n]*\*?")


class Addressing:
    """Value: 1 where the character's own name is given to the other side, else 0."""

    name = "addresses_itself"
    dimension: Dimension = "boundaries"
    cost: Cost = "words"

    def measure(self, reply: str, scene: Scene) -> Reading:
        names = _own(scene)
        if not names or not reply.strip():
            return NOTHING
        found = tuple(_addressed(_speech(reply), names))
        return Reading(float(bool(found)), 1.0, found)


def _own(scene: Scene) -> list[str]:
    """The parts of the name that can only mean the character, longest first."""
    parts = [part for part in scene.char.split() if part[:1].isupper()]
    user = set(scene.user.split())
    titles = {part.rstrip(".") for part in parts} & _TITLES
    single = [
        part
        for part in parts
        if len(part) > 2
        and part.rstrip(".") not in _TITLES
        and part not in user
        and not (len(parts) > 1 and _shared(part, parts, scene, titled=bool(titles)))
    ]
    whole = [scene.char] if len(parts) > 1 and scene.char != scene.user else []
    return [*whole, *single]


def _shared(part: str, parts: list[str], scene: Scene, *, titled: bool) -> bool:
    """Whether the card names somebody else so: "Mycroft Holmes", "Mr Bennet" beside his wife."""
    before = rf"\b([A-ZÀ-Þ][\w’'-]+)\.? {re.escape(part)}\b"
    others = {word for fact in scene.facts for word in re.findall(before, fact.text)}
    return any(
        word not in parts and f"{word}." not in parts and (titled or word not in _TITLES)
        for word in others
    )


def _speech(reply: str) -> str:
    """What the character says, everything else blanked: places stay as they are.

    Quotes are speech beside *deeds* or where the reply begins with one; else they quote somebody.
    """
    said = _DONE.sub(_blank, reply)
    played = said != reply or said.lstrip().startswith(_MARKS)
    if not played or not QUOTES.search(said):
        return QUOTES.sub(_blank, said)
    quotes = [match.span() for match in QUOTES.finditer(said)]
    ends = [0, *(end for _, end in quotes)]
    told = (" " * (start - end) for (start, _), end in zip(quotes, ends, strict=False))
    spoken = (said[start:end] for start, end in quotes)
    return "".join(part for pair in zip(told, spoken, strict=True) for part in pair)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _addressed(speech: str, names: list[str]) -> Iterator[Evidence]:
    called = rf"(?P<called>{_CALLED}(?:{'|'.join(map(re.escape, names))}))"
    for pattern in (rf"{_AFTER}{called}{_STOP}", rf"{_BEFORE}{called}[,!] {_SPEAKS_ON}"):
        for match in re.finditer(pattern, speech):
            clause = re.split(r"[.!?…\n]", speech[: match.start("called")])[-1]
            if not _NAMED.search(clause) and not _OF_ONESELF.search(clause):
                yield Evidence(*match.span("called"), "calls you by its own name")
