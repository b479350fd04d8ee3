"""What somebody does while they talk, how they say things, and what is always about them. Pure.

Single words tell it by how often they come back: "rubbing his hands", "she said, grimly", "his
pipe". What anybody in a book does ("turned his head") is held against what the others do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from rpterm.novels.people import Person
from rpterm.novels.reading import Sentence
from rpterm.novels.speakers import Line
from rpterm.novels.tags import SAID

_OFTEN, _TIMES, _MOST = 2, 1.5, 4
"""How often a way must be seen, how many times the others' share, and how many are told."""
_THINGS = 2
"""Things about somebody that are worth a word; one alone may be chance."""
_IRREGULAR = {
    "shook": "shaking", "threw": "throwing", "bent": "bending", "bit": "biting",
    "wrung": "wringing", "hung": "hanging", "drew": "drawing", "shrugged": "shrugging",
    "laid": "laying", "hid": "hiding", "ran": "running", "swung": "swinging", "struck": "striking",
}  # fmt: skip
_GESTURE = re.compile(
    rf"\b(?P<verb>[a-z]+ing|[a-z]+ed|{'|'.join(_IRREGULAR)})\s(?P<whose>his|her|my)\s"
    r"(?P<what>(?:long |big |great |little |thin |white |old )?(?:head|hands|eyes|eyebrows|brows?|"
    r"shoulders|lips?|fingers|arms|nose|chin|beard|moustache|hair|fists?|feet|teeth|pipe|"
    r"hat|cap|stick|cane|umbrella|spectacles|glasses|fan|apron|knitting|handkerchief|whip|"
    r"throat))\b"
)
_DULL = frozenset(
    [
        "turning",
        "lifting",
        "raising",
        "having",
        "being",
        "opening",
        "closing",
        "looking",
        "seeing",
        "taking",
    ]
)
_ADVERB = re.compile(
    rf"\b(?:{'|'.join(sorted(SAID))})\b(?:\s+[\w.’'-]+){{0,3}}?,?\s+(?:(?:very|rather|quite|"
    rf"and)\s+)?([a-z]+ly)\b"
)
_PLAIN = frozenset(
    [
        "only",
        "suddenly",
        "presently",
        "immediately",
        "merely",
        "simply",
        "hardly",
        "scarcely",
        "nearly",
        "really",
        "directly",
        "finally",
        "instantly",
        "slowly",
        "quickly",
        "hastily",
        "abruptly",
        "shortly",
        "evidently",
        "apparently",
        "certainly",
        "particularly",
        "exactly",
        "early",
        "family",
        "reply",
        "fully",
        "possibly",
        "partly",
        "lately",
        "likely",
        "usually",
        "generally",
        "recently",
        "newly",
        "entirely",
        "quite",
        "perfectly",
        "completely",
        "utterly",
        "absolutely",
        "extremely",
        "exceedingly",
        "equally",
        "especially",
        "chiefly",
        "probably",
        "momently",
        "previously",
        "subsequently",
        "loudly",
    ]
)
_PROP = re.compile(
    r"\b(?P<whose>[Hh]is|[Hh]er|[’']s)\s(?:own |old |little |favourite |new |big |long |black |"
    r"brier-root |silver |gold )?(?P<what>pipe|cigar|cigarettes?|violin|fiddle|piano|guitar|flute|"
    r"sword|rifle|gun|pistol|revolver|dagger|knife|sabre|spectacles|glasses|eyeglass|monocle|lens|"
    r"umbrella|parasol|cane|stick|walking-stick|whip|riding-whip|cocked hat|wig|"
    r"dressing-gown|cloak|shawl|apron|uniform|snuff-box|ring|brooch|locket|fan|knitting|"
    r"needlework|embroidery|sewing|work-basket|note-book|notebook|diary|Bible|books|poems|verses|"
    r"paintings|sketches|pictures|easel|microscope|laboratory|test-tubes|horses?|dogs?|cat|parrot|"
    r"monkey|pony|gig|carriage|phaeton|curricle|chariot|coach|garden|roses|orchard|farm|cottage|"
    r"shop|inn|school|parish|mill|factory|ship|yacht|boat|crutch|wooden leg|wheel-chair|hypodermic|"
    r"bottle|whisky|brandy|gin|snuff|tobacco|hookah|throne|crown)\b"
)


def style_of(own: Sequence[Line], others: Sequence[Line]) -> Iterator[str]:
    """Traits of style, one a line: gestures, and adverbs of the ways somebody speaks."""
    if gestures := _usual(own, others, _gestures):
        yield f"While talking, often {', '.join(gestures)}."
    if adverbs := _usual(own, others, _adverbs):
        yield f"Often speaks {', '.join(adverbs)}."


def things_of(sentences: Iterable[Sentence], person: Person) -> tuple[str, str]:
    """What the book names again and again as somebody's, as a list, and the first sentences.

    Returns:
        Two empty texts where it names nothing so.
    """
    counts: Counter[str] = Counter()
    said: dict[str, str] = {}
    for sentence in sentences:
        for match in _PROP.finditer(sentence.text):
            if sentence.owner(match["whose"], match.start()) == person:
                counts[match["what"]] += 1
                said.setdefault(match["what"], sentence.text)
    kept = [what for what, count in counts.most_common(_MOST) if count >= _OFTEN]
    if len(kept) < _THINGS:
        return "", ""
    owned = [what if re.search(r"(?<!len)s$", what) else f"a {what}" for what in kept]
    told = f"{', '.join(owned[:-1])} and {owned[-1]}"
    return told, " ".join(dict.fromkeys(said[what] for what in kept))


def _gestures(line: Line) -> set[str]:
    found = set()
    for match in _GESTURE.finditer(line.paragraph.narration):
        verb = _IRREGULAR.get(match["verb"], re.sub(r"ed$", "ing", match["verb"]))
        if verb not in _DULL:
            whose = {"my": "his" if line.speaker and line.speaker.female is False else "her"}
            found.add(f"{verb} {whose.get(match['whose'], match['whose'])} {match['what']}")
    return found


def _adverbs(line: Line) -> set[str]:
    return {word for word in _ADVERB.findall(line.paragraph.narration) if word not in _PLAIN}


def _usual(
    own: Sequence[Line], others: Sequence[Line], read: Callable[[Line], set[str]]
) -> list[str]:
    """What is seen of somebody several times, and oftener than of the others."""
    mine = Counter(each for line in own for each in read(line))
    theirs = Counter(each for line in others for each in read(line))
    able = [
        (count, each)
        for each, count in mine.items()
        if count >= _OFTEN and count / len(own) >= _TIMES * theirs[each] / max(1, len(others))
    ]
    return [each for _, each in sorted(able, key=lambda item: (-item[0], item[1]))[:_MOST]]
