"""Questions of the user about themselves, and the facts that settle them. Pure; English only.

"Where do I live?" shares hardly a word with "Ann moved to York", and small embedding models see no
likeness either. But a fact states what it settles (its slot, see ``distil.rules``), and so does
the question.
"""

from __future__ import annotations

import re

from rpterm.memory.distil.casual import write_out
from rpterm.memory.distil.word_lists import KIN, PETS, alternatives
from rpterm.memory.search.questions import asks
from rpterm.text.sentences import sentences

_ANY = "%"
"""In a slot: any words, as in SQL's LIKE."""

_ABOUT_SELF = re.compile(r"\b(?:I|me|my|we|our)\b", re.IGNORECASE)
_REQUESTS = re.compile(r"\W*(?:remember|remind|tell me|guess)\b", re.IGNORECASE)
_AUX = r"(?:do|did|can|could|may|should|must|am|was|don['’]t|can['’]t|cannot)"
_SLOTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"my (?:\w+ )?name|who (?:I am|am I)|am I called|(?:to )?call me", ("name",)),
    (rf"{_AUX} (?:I|we) (?:\w+ )?live|where (?:I|we) (?:\w+ )?live|my (?:home|house|address)",
     ("home", "home before")),
    (r"(?:am I|I['’]m|I am|(?:do|did) I come|I come) from|I (?:was )?born|I gr[eo]w up",
     ("origin", "birth", "childhood", f"work:{_ANY} from {_ANY}")),
    (r"old (?:am I|I am|I['’]m)|my age", ("age", "birthday")),
    (r"my birthday|was I born|I was born", ("birthday", "birth")),
    (r"(?:my|what|which) (?:\w+ )?(?:job|work|profession|trade|career)|what (?:do|did) I do$|"
     r"for a living|(?:do|did) I work|I work", ("work", "work at", "study")),
    (r"(?:do|did) I study|my studies", ("study",)),
    (r"am I (?:still )?(?:married|engaged|single|divorced)|my (?:husband|wife|partner|spouse)",
     ("partner",)),
    (r"allerg\w+|my (?:health|illness|diet)", ("health", "diet")),
    (rf"food|meal|{_AUX} I (?:not )?(?:ever )?(?:eat|drink)|I {_AUX} (?:not )?(?:eat|drink)",
     ("health", "diet", "taste")),
    (r"(?:am|was) I (?:most )?(?:afraid|scared|frightened)|(?:scare|frighten)s? me|my fears?",
     ("fear",)),
    (r"languages?|(?:do|can) I speak", ("speaks", "learns")),
    (r"(?:do|can) I play|my instrument|instruments?", ("plays", "learns")),
    (r"am I learning", ("learns",)),
    (r"my favou?rite", (f"favourite {_ANY}",)),
    (r"(?:do|did) I (?:really )?(?:like|love|hate|enjoy|dislike)|my (?:tastes|hobby|hobbies)",
     ("taste", f"favourite {_ANY}")),
    (r"my plans?|(?:am I|are we|was I|were we) (?:going|planning)|(?:did|do) I plan|"
     r"did I promise|I promised", ("plan",)),
    (r"my pets?|(?:do|did) I (?:have|own|keep) (?:\w+ )?pets?",
     ("pet", f"named {_ANY}", f"death of {_ANY}")),
    (r"my (?:family|relatives|siblings|parents|children|kids)|"
     r"(?:do|did) I have (?:\w+ )?(?:family|relatives|siblings|children|kids)",
     ("kin", f"named {_ANY}", f"{_ANY} of {_ANY}")),
    (r"know about me|remember about me|know of me", ("name", "home", "work", "age", "partner",
     "kin", "pet", "health", "origin", "taste")),
)  # fmt: skip
_READERS = [(re.compile(rf"\b(?:{words})\b", re.IGNORECASE), slots) for words, slots in _SLOTS]
_RELATIVE = re.compile(rf"\bmy (?:[\w-]+ )?({alternatives(KIN)}|{alternatives(PETS)})s?\b", re.I)


def slots_asked(draft: str) -> tuple[str, ...]:
    """The slots whose facts answer what a text asks about the user.

    A slot may be followed by a colon and a pattern for what fills it; % stands for any words.
    """
    found: dict[str, None] = {}
    for sentence in sentences(write_out(draft)):
        if not ((asks(sentence) or _REQUESTS.match(sentence)) and _ABOUT_SELF.search(sentence)):
            continue
        for pattern, slots in _READERS:
            if pattern.search(sentence):
                found |= dict.fromkeys(slots)
        for match in _RELATIVE.finditer(sentence):
            who = match[1].lower()
            kind = "pet" if who in PETS.split() else "kin"
            has = f"{kind}:{_ANY}{who}{_ANY}"
            found |= dict.fromkeys((f"{_ANY} {who}", f"{_ANY} {who}s", has))
    return tuple(found)
