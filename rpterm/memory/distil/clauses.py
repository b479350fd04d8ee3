"""Finds what a person plainly stated in a turn: declarative clauses. Knows English only.

Anything doubtful is left out: questions, conditions, wishes, guesses, jokes, stage directions
between asterisks, remarks in brackets, and words attributed to somebody else. A missed fact costs
little, because the turn itself can still be recalled; a wrong one misleads for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rpterm.memory.distil.casual import write_out
from rpterm.text.sentences import sentences

_NON_SPEECH = re.compile(r"\*+[^*]*\*+|\([^)]*\)|\[[^\]]*\]|```.*?```|(?m:^>.*$)", re.DOTALL)
_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]*)[\"”“»]")
_QUOTE_MARK = re.compile(r"[\"“”„«»]")
_SEPARATOR = re.compile(r"\s+[-–—]+\s+|;\s*|[—]")
_CLAUSE = re.compile(
    r"(?:,\s*(?:(?:and|but|so|though|because|since|for|yet)\s+)?|\s+(?:and|but|because|though)\s+)"
    r"(?=(?:now\s+|then\s+)?(?:I|i|I['’](?:m|ve|d|ll)|my|we)\b)"
    # Split off a clause without a subject of its own: "I love herring and hate the dark".
    r"|\s+(?:and|but)\s+(?=(?:also\s+|really\s+)?(?:hate|dislike|detest|despise|adore|enjoy|"
    r"prefer|(?:love|like)\s+(?:the|my|to|a|an|it|when|how)|live\s+in|work\s+(?:as|at|for|in)|"
    r"come\s+from|(?:have|own|drive|speak|study|quit)\s+\w)\b(?!-))"
)
_FINITE = re.compile(
    r"(?:(?:also|really)\s+)?(?:hate|dislike|love|like|enjoy|live|work|come|have|own|drive|speak|"
    r"study)\b"
)
_BY_SPEAKER = re.compile(r"(?:[\w']+,? )?I(?:['’]m|['’]ve)?\b(?!['’])", re.IGNORECASE)
_REPORTING = (
    r"(?:says?|said|asks?|asked|tells?|told|writes?|wrote|replie[sd]|shout(?:s|ed)|"
    r"whisper(?:s|ed)|claim(?:s|ed)|thinks?|thought|believe[sd]?|insist(?:s|ed)|sings?|sang|"
    r"hears?|heard|quote[sd]?)"
)
_REPORTED = re.compile(rf"(?<![\w'’])(?![Ii]\b)[\w'’]+\s+(?:\w+\s+)?{_REPORTING}\b")
_REPORTED_BY_SPEAKER = re.compile(rf"\b[Ii](?:['’]ve)?\s+(?:\w+\s+)?{_REPORTING}\b")
_HYPOTHETICAL = re.compile(
    r"\b(?:if|unless|wish(?:ed|es)?|would(?:n['’]t)?|could(?:n['’]t)?|might|maybe|perhaps|"
    r"probably|possibly|suppos(?:e|ed|ing)|imagin(?:e|ed|ing)|pretend(?:ed|ing|s)?|"
    r"dream(?:ed|t|ing|s)?|hopefully|as though|let['’]?s say|what about|not sure|"
    r"until you|someday|one day|in another life|in my next life|play(?:ing)? the (?:part|role)|"
    r"[Ii] (?:think|guess|believe|bet|reckon|fear|doubt)|[Ii]['’]d)\b",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W_]")
_JOKE = re.compile(
    r"(?<!\bnot )(?<!n['’]t )\b(?:jok(?:e|ed|es|ing)|kidding)\b|"
    r"\b(?:ha(?:ha)+|hehe|lol|lmao|rofl|sarcas\w+|lied|lying|"
    r"once upon a time|true or false|two truths)\b|[;:]-?[)P]|[😂🤣😜😉]",
    re.IGNORECASE,
)
_TOOK_BACK = re.compile(
    r"\bI(?:['’]ve|['’]m| have| was| am)? (?:been )?(?:lied|lying)\b[^.!?,;\n]*"
)
"""After these words the truth follows; what was said before them was not true."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One plain statement.

    Attributes:
        text: As it was said, without the punctuation at its end.
        place: Its number in the turn, from 0.
    """

    text: str
    place: int


def clauses(text: str) -> list[Clause]:
    """The plain statements of a turn, in order."""
    text = _TOOK_BACK.split(text)[-1]
    if _JOKE.search(text):
        return []
    parts = [part for sentence in _sentences(write_out(text)) for part in _split_clauses(sentence)]
    return [Clause(part, place) for place, part in enumerate(parts)]


def _sentences(text: str) -> Iterator[str]:
    plain = _NON_SPEECH.sub(" ", text)
    # Speech that the narration attributes to somebody else is dropped. Otherwise quotation marks
    # enclose a title, a name, or the user's own speech.
    outside = _QUOTED.sub(" ", plain)
    if _REPORTED.search(outside):
        plain = outside
    for sentence in sentences(_QUOTE_MARK.sub("", plain)):
        # One space between words: the patterns take quadratic time on a long run of spaces.
        yield from _SEPARATOR.split(" ".join(sentence.split()))


def _split_clauses(sentence: str) -> Iterator[str]:
    if not sentence or sentence.endswith("?") or _HYPOTHETICAL.search(sentence):
        return
    subject = ""
    for part in _CLAUSE.split(sentence.rstrip(".!…, ")):
        part = part.strip(" ,:")
        if subject and _FINITE.match(part):
            part = f"{subject} {part}"
        subject = "I" if _BY_SPEAKER.match(part) else ""
        if _REPORTED.search(part) or _REPORTED_BY_SPEAKER.search(part):
            return  # This clause and the rest may be somebody else's opinion of the speaker.
        if _LETTER.search(part):
            yield part
