"""``inventions``: names and years in the reply that nothing the model was given mentions.

In a story an invention may be welcome; in an account of what the card or the user said it is a
hallucination. Only the player can tell, so it is shown and has no part in the probability: 134 of
1,289 replies of ``bench rated`` have one, and their mean grade is 2.4 instead of 2.8, but among
those of the best writers, and of those who were asked to mislead about the card, it is no lower.

- Value: the number of different new names and years.
- Confidence: 1; 0 if the reply is not in English, because other languages capitalise differently.
- Cost: words.
- Method: capitalised words within a sentence, and years, that occur neither on the card nor in the
  turns nor in the prompt (``ReplyScene.given``). A word that begins a sentence counts only as part
  of a longer name.
- Blind spots: inventions without a name ("my brother's dog"); famous names that need no source
  beyond those in ``_EVERYDAY``; a single name at the beginning of a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.scoring.texts import content_stems, words
from rpterm.scoring.word_frequency import is_english, rarity
from rpterm.text.calendar_names import MONTHS, WEEKDAYS

_CAPITALISED = r"[A-ZÀ-ÖØ-Þ](?:[\w'’-]*\w)?"
_NAME = re.compile(
    rf"(?<![\w'’-])(?:(?:Mrs?|Ms|Dr|St)\.? )?{_CAPITALISED}"
    rf"(?: (?:(?:of|de|di|da|du|von|van|le|la|the) ){{0,2}}{_CAPITALISED})*"
)
_YEAR = re.compile(r"(?<![\w.,-])(?:1\d|20)\d\d(?!\w|[.,]\d)")
_OPENING = re.compile(r"(?:^|[.!?…:\n]|[\"“”‘*_()\[\]—–-])[\s\"“”‘'*_(\[]*$")
"""What precedes a word that is capitalised because something begins with it."""
_BEFORE = 8
_TITLES = ("Mr", "Mrs", "Ms", "Dr", "St")
_NAME_RARITY = 5.0
"""From this rarity on (nats), a word that begins a sentence before another name belongs to it."""
_EVERYDAY_TEXT = (
    "i ok okay god gods lord lords heaven heavens jesus christ devil hell fate sir madam ma'am "
    "miss mister mr mrs ms dr st master mistress doctor captain professor inspector detective "
    "father mother mom mum dad papa mama aunt uncle grandma grandpa majesty highness lady king "
    "queen prince princess christmas easter english french german italian spanish russian chinese "
    "japanese greek roman latin european american british irish scottish earth sun moon north "
    "south east west bible internet tv"
)
_EVERYDAY = frozenset(_EVERYDAY_TEXT.split()) | {name.lower() for name in (*MONTHS, *WEEKDAYS)}
_CLITIC = re.compile(r"'(?:s|d|m|ll|re|ve)$")


class Inventions:
    """See the module."""

    name = "inventions"
    dimension: Dimension = "persona"
    cost: Cost = "words"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        if not reply.strip() or not is_english(reply):
            return NO_DATA
        known = _known_words(scene)
        found: dict[str, Evidence] = {}
        for start, end in (*_names(reply), *(match.span() for match in _YEAR.finditer(reply))):
            if new := [word for word in _parts(reply[start:end]) if word not in known]:
                found.setdefault(new[-1], Evidence(start, end, "nothing mentioned this before"))
        return Reading(float(len(found)), 1.0, tuple(found.values()))


def _names(reply: str) -> Iterator[tuple[int, int]]:
    """The spans of names, without a first word that is capitalised for another reason."""
    for match in _NAME.finditer(reply):
        start = match.start()
        first, _, rest = match.group().partition(" ")
        if _OPENING.search(reply[max(0, start - _BEFORE) : start]):
            if not rest:
                continue
            if not _begins_name(first):
                start += len(first) + 1
        yield start, match.end()


def _begins_name(word: str) -> bool:
    """Whether a word that begins a sentence is part of the name that follows it."""
    stems = content_stems(word)
    return word.rstrip(".") in _TITLES or (bool(stems) and min(map(rarity, stems)) > _NAME_RARITY)


def _parts(name: str) -> Iterator[str]:
    """The words of a name that identify it, in lower case."""
    for written in name.split():
        word = _bare(written.lower().replace("’", "'"))
        shouted = len(written) > 1 and written.isupper()
        if (written[0].isupper() or written[0].isdigit()) and not shouted and word not in _EVERYDAY:
            yield word


def _bare(word: str) -> str:
    return _CLITIC.sub("", word.strip("'.-"))


def _known_words(scene: ReplyScene) -> frozenset[str]:
    lines = [fact.text for fact in (*scene.facts, *scene.limits)]
    lines += [text for _, text in scene.history]
    lines += [*scene.own_lines, *scene.given, scene.char, scene.user]
    return frozenset().union(*map(_words_of, lines))


@lru_cache(maxsize=256)
def _words_of(text: str) -> frozenset[str]:
    """The words of a known text, each also without the ``s`` of a plural or of "the Talbots"."""
    said = {_bare(word) for word in words(text)}
    return frozenset(said | {word.removesuffix("s") for word in said})
