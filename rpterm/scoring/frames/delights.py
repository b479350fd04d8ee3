"""Delight in what the card says the character dislikes: "Skyr! Hand me the whole tub!". Pure.

``tastes`` reads "I like" and "I hate"; people say it in a hundred other ways, and of what was just
named rather than by its name.
"""

from __future__ import annotations

from collections.abc import Iterator

from rpterm.scoring.frames.known import is_negated
from rpterm.scoring.frames.tastes import DISLIKED, is_same, tastes_of
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import Evidence
from rpterm.scoring.texts import content_stems, phrase_pattern
from rpterm.text.sentences import with_offsets

_GLAD = phrase_pattern(
    [
        "(?:love|adore)s? (?:it|them|that|these|those|this)", "the one I love", "I live for",
        "(?:my|an? old) favou?rites?", "(?:could|would|I'd) (?:eat|drink|live on|listen to)",
        "can(?:'|no)t get enough", "always (?:loved|wanted)", "makes my day", "to my heart",
        r"(?:no|nothing) (?:\w+ )?(?:I (?:love|like)|finer|better|sweeter)",
        r"(?:best|loveliest|finest|sweetest) (?:\w+ ){0,3}(?:ever|in the world)",
        r"(?:best|loveliest|finest|sweetest) (?:\w+ ){0,3}(?:there (?:is|are)|of the \w+)",
        "(?:hand|give|pass) me (?:it|that|those|one|the|some|a|another)", "gimme", "delicious",
        "you remembered", "yes,? please", "oh my god,? yes", "what a (?:treat|joy|delight)",
    ]
)  # fmt: skip
_UNGLAD = phrase_pattern(["hate", "ugh", "awful", "dislike", "loathe", "detest"])
_NEAR = 3
"""Sentences after which a reply no longer speaks of what the last turn named."""


def delights_in_disliked(reply: str, scene: ReplyScene) -> Iterator[Evidence]:
    """The sentences that delight in something disliked that they, or what came before, name."""
    disliked = [
        (fact, what)
        for fact in scene.facts
        for attitude, what in tastes_of(fact.text, True)
        if attitude == DISLIKED
    ]
    named = tuple(content_stems(scene.last))
    for at, (start, sentence) in enumerate(with_offsets(reply) if disliked else ()):
        plain = sentence.replace("’", "'")
        left = _GLAD.sub("", plain)
        if is_negated(left) or _UNGLAD.search(left):
            named = ()
            continue
        named = (*(named if at < _NEAR else ()), *content_stems(sentence))
        for fact, what in disliked if left != plain else ():
            if is_same(named, what):
                end = start + len(sentence)
                yield Evidence(start, end, f"the card: {DISLIKED} this", fact.source, fact.text)
