"""Finds gestures while talking, adverbs of speech, and things somebody always has. Pure.

Phrases count by how often they recur: "rubbing his hands", "she said, grimly", "his pipe". What
anybody in a book does ("turned his head") is compared with what the others do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rpterm.novels.attribution import Line
from rpterm.novels.coreference import Sentence
from rpterm.novels.people import Person
from rpterm.novels.speech_tags import SPEECH_VERBS
from rpterm.novels.style import characteristic

_MIN_COUNT, _MAX_LISTED = 2, 4
"""Least occurrences, and how many possessions are listed."""
_MIN_THINGS = 2
"""Possessions that are worth mentioning; a single one may be chance."""
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
_COMMON_GESTURES_TEXT = "turning lifting raising having being opening closing looking seeing taking"
_COMMON_GESTURES = frozenset(_COMMON_GESTURES_TEXT.split())
_ADVERB = re.compile(
    rf"\b(?:{'|'.join(sorted(SPEECH_VERBS))})\b(?:\s+[\w.’'-]+){{0,3}}?,?\s+(?:(?:very|rather|quite|"
    rf"and)\s+)?([a-z]+ly)\b"
)
_COMMON_ADVERBS_TEXT = (
    "only suddenly presently immediately merely simply hardly scarcely nearly really directly "
    "finally instantly slowly quickly hastily abruptly shortly evidently apparently certainly "
    "particularly exactly early family reply fully possibly partly lately likely usually "
    "generally recently newly entirely quite perfectly completely utterly absolutely extremely "
    "exceedingly equally especially chiefly probably momently previously subsequently loudly"
)
_COMMON_ADVERBS = frozenset(_COMMON_ADVERBS_TEXT.split())
_POSSESSION = re.compile(
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


def mannerisms(own: Sequence[Line], others: Sequence[Line]) -> Iterator[str]:
    """Style traits, one per line: gestures, and adverbs of how somebody speaks."""
    if gestures := characteristic(own, others, _gestures, _MIN_COUNT):
        yield f"While talking, often {', '.join(gestures)}."
    if adverbs := characteristic(own, others, _adverbs, _MIN_COUNT):
        yield f"Often speaks {', '.join(adverbs)}."


def possessions(sentences: Iterable[Sentence], person: Person) -> tuple[str, str]:
    """What the book repeatedly calls somebody's, as a list, and the first sentences that do.

    Returns:
        Two empty strings if there is nothing of that kind.
    """
    counts: Counter[str] = Counter()
    sentence_of: dict[str, str] = {}
    for sentence in sentences:
        for match in _POSSESSION.finditer(sentence.text):
            if sentence.owner(match["whose"], match.start()) == person:
                counts[match["what"]] += 1
                sentence_of.setdefault(match["what"], sentence.text)
    kept = [thing for thing, count in counts.most_common(_MAX_LISTED) if count >= _MIN_COUNT]
    if len(kept) < _MIN_THINGS:
        return "", ""
    owned = [thing if re.search(r"(?<!len)s$", thing) else f"a {thing}" for thing in kept]
    listed = f"{', '.join(owned[:-1])} and {owned[-1]}"
    return listed, " ".join(dict.fromkeys(sentence_of[thing] for thing in kept))


def _gestures(line: Line) -> set[str]:
    found = set()
    for match in _GESTURE.finditer(line.paragraph.narration):
        verb = _IRREGULAR.get(match["verb"], re.sub(r"ed$", "ing", match["verb"]))
        if verb not in _COMMON_GESTURES:
            whose = {"my": "his" if line.speaker and line.speaker.female is False else "her"}
            found.add(f"{verb} {whose.get(match['whose'], match['whose'])} {match['what']}")
    return found


def _adverbs(line: Line) -> set[str]:
    return set(_ADVERB.findall(line.paragraph.narration)) - _COMMON_ADVERBS
