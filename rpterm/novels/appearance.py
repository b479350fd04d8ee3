"""Somebody's looks, collected from phrases such as "his long, thin fingers". Pure.

A book often describes a face in no sentence of its own but mentions its parts in passing. Only
words for lasting features are used: a pale cheek may be red tomorrow.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from rpterm.novels.coreference import Sentence
from rpterm.novels.people import Person
from rpterm.novels.trait_patterns import alternatives

_LASTING_TEXT = (
    "long short thin lean bony keen grey gray blue black brown dark hazel green blonde fair golden "
    "red auburn curly curling straight aquiline hooked hawk-like eager square broad strong "
    "delicate sharp piercing big large huge great small little tiny bald heavy bushy thick clear "
    "deep soft low shrill harsh high slim slender stout round fat plump tall sunken hollow "
    "wrinkled withered beautiful handsome pretty fine lovely homely plain rosy freckled ruddy "
    "swarthy tanned weather-beaten sunburnt grizzled shaggy protruding prominent expressive "
    "sinewy muscular powerful massive narrow pointed pale-blue light flaxen sandy yellow silver "
    "silvery white nervous bright beady cold gentle sweet musical hoarse husky quiet rich mellow "
    "noble stately elegant graceful clever intelligent open honest good-humoured melancholy "
    "iron-gray iron-grey steel-gray dimpled ugly coarse rugged rough crooked toothless smooth"
)
_LASTING_WORDS = alternatives(_LASTING_TEXT)
_WEAK_TEXT = "little great long poor fine big white low soft cold high short light red"
_WEAK = frozenset(_WEAK_TEXT.split())
"""Words that say nothing without another one."""
_BODY_PARTS = (
    "eyes|hair|face|figure|beard|moustaches?|mustache|whiskers|nose|complexion|forehead|brows?|"
    "eyebrows|chin|jaws?|cheeks|lips|mouth|teeth|hands|fingers|shoulders|frame|build|features|"
    "voice|person|mien|form|countenance|curls|locks|eyelashes|neck|legs|arms"
)
_PART_PHRASE = re.compile(
    r"(?P<whose>\b[Hh]is|\b[Hh]er|[’']s|s[’'])\s"
    rf"(?P<words>(?:(?:very\s)?(?:{_LASTING_WORDS}|[a-z]+-[a-z]+(?:ed|en))(?:,?\sand\s|,\s|"
    rf"\s)){{1,4}})(?P<part>{_BODY_PARTS})\b"
)
_TRAITS = (
    "temper|disposition|imagination|spirits|manners?|air|tongue|wit|humour|conscience|fancy|nature|"
    "mind|smile|laugh|walk"
)
_TRAIT_WORDS = (
    "lively|quick|sharp|warm|uncertain|hot|cold|gentle|sweet|easy|cheerful|grave|quiet|vivid|"
    "active|"
    "generous|timid|proud|haughty|pleasant|kindly|genial|stern|dry|ready|restless|nervous|"
    "sensitive|"
    "affectionate|sanguine|placid|calm|bluff|hearty|nonchalant|masterly|energetic|frank|open|"
    "amiable"
)
_TRAIT_PHRASE = re.compile(
    r"(?P<whose>\b[Hh]is|\b[Hh]er|[’']s|s[’'])\s(?:own\s|usual\s|natural\s|customary\s)?"
    rf"(?P<words>(?:(?:{_TRAIT_WORDS})(?:,?\sand\s|,\s|\s)){{1,3}})(?P<part>{_TRAITS})\b"
)
_PLURAL = re.compile(r"(?:s|hair|teeth|complexion|humour)$")
_MAX_FEATURES = 5
"""Features named in one sentence."""


def appearance_features(sentences: Iterable[Sentence], person: Person) -> tuple[str, str]:
    """The features the book mentions of somebody, as a list, and the sentences it mentions them in.

    Returns:
        Two empty strings if it mentions none.
    """
    counts: Counter[str] = Counter()
    found: dict[str, tuple[str, str]] = {}
    for sentence in sentences:
        text = sentence.text
        for match in [*_PART_PHRASE.finditer(text), *_TRAIT_PHRASE.finditer(text)]:
            words = [each for each in re.split(r",?\sand\s|,?\s", match["words"].strip()) if each]
            owner = sentence.owner(match["whose"], match.start())
            if owner != person or (len(words) < 2 and words[0] in _WEAK):
                continue
            part = match["part"]
            counts[part] += 1
            if part not in found or len(words) > len(found[part][0].split()):
                found[part] = (match["words"].strip(" ,"), sentence.text)
    kept = [part for part, _ in counts.most_common(_MAX_FEATURES)]
    parts = [_with_article(f"{found[part][0]} {part}") for part in found if part in kept]
    evidence = " ".join(dict.fromkeys(found[part][1] for part in found if part in kept))
    return _join(parts), evidence


def _with_article(feature: str) -> str:
    if _PLURAL.search(feature):
        return feature
    return f"{'an' if feature[0] in 'aeiou' else 'a'} {feature}"


def _join(parts: list[str]) -> str:
    return " and ".join([*(["; ".join(parts[:-1])] if parts[:-1] else []), *parts[-1:]])
