"""Recognises sentences that say something lasting: looks, age, work, manner, home, likings. Pure.

A claim is a sentence of the book, or its first part, whose predicate says what somebody is, has,
likes or always does. It is recognised by the form of the predicate and by word lists; events of the
story have other forms. Its worth says how informative it is. Whether a later chapter contradicts it
is not known here.
"""

from __future__ import annotations

import re
from typing import Literal

from rpterm.novels import trait_patterns as patterns

Kind = Literal["age", "looks", "work", "manner", "habit", "being", "own"]


_MIN_WORDS = 4
_MAX_WORDS = 100
"""Words of a claim at least, and of the sentence it is cut from at most."""
_CUT_WORDS = 28
"""A longer sentence is cut."""
_MAX_APPOSITION = 16
"""Words of an apposition at most."""
_UNFIT = re.compile(r"[“”\"?]|[:,]$")
"""Quotations, questions and fragments are no claims."""
_DANGLING = re.compile(r"^[^,;:—-]*\b(?:it|them)\b")
"""A claim that refers to something named before it."""
_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|had|will|would|can|could|shall|should|did|does|do)\b"
)
WORTH: dict[Kind, float] = {
    "work": 3.0, "age": 3.0, "looks": 3.0, "being": 2.5, "manner": 2.5, "habit": 2.0, "own": 2.0
}  # fmt: skip
_CALLED_WOMAN = re.compile(r"\b(?:an?|the|no|wronged) (?:[\w-]+,? ){0,4}?(?:woman|lady|girl)\b")
_CALLED_MAN = re.compile(r"\b(?:an?|the|no) (?:[\w-]+,? ){0,4}?(?:man|gentleman|boy|fellow)\b")


def classify(text: str, subject_end: int, is_possession: bool = False) -> tuple[Kind, str] | None:
    """The kind of a claim and the part of the sentence to keep; ``None`` if it is not lasting.

    Args:
        text: The sentence, with a name in the place of a pronoun.
        subject_end: Where the words for the person end.
        is_possession: Whether they end with ``'s``: the sentence is about something of theirs.
    """
    if not _MIN_WORDS <= len(text.split()) <= _MAX_WORDS or _UNFIT.search(text):
        return None
    if not is_possession:
        found = apposition(text[:subject_end], text[subject_end:])
        if found is not None:
            return found
    text = cut(text)
    rest = text[subject_end:]
    kind = (
        _kind_of_possession(rest.strip()) if is_possession else _kind_of_predicate(_predicate(rest))
    )
    if kind is None or patterns.MOMENT.search(text) or _DANGLING.search(text):
        return None
    return kind, text


def apposition(name: str, rest: str, verb: str = "was") -> tuple[Kind, str] | None:
    """An apposition after a name as a sentence: "Mr. Pell, the printer, came."

    Args:
        verb: What joins the two: "was" in narration, "is" in dialogue.
    """
    found = patterns.BESIDE.match(rest)
    if found is None or patterns.MOMENT.search(found["what"]):
        return None
    if found["what"].count(" ") > _MAX_APPOSITION:
        return None
    has_verb = found["what"].startswith("who ")
    if not has_verb and _FINITE.search(found["what"]):
        return None
    predicate = found["what"].removeprefix("who ") if has_verb else f"{verb} {found['what']}"
    kind = _kind_of_predicate(predicate)
    if kind is None and patterns.PAIRED.search(predicate):
        kind = "manner"
    return (kind, f"{name} {predicate}.") if kind is not None else None


def about_self(sentence: str) -> str:
    """A lasting statement that a speaker makes about themselves; "" if it is none."""
    text = cut(patterns.CONNECTED.sub("", sentence))
    found = re.match(r"I(?=\b)(?:\s+(?:\w+ly|also|really)\s+(?=\w))?|My\s", text)
    if found is None or patterns.MOMENT.search(text) or _UNFIT.search(sentence):
        return ""
    rest = text[found.end() :].strip()
    is_lasting = _kind_of_possession(rest) if found.group() == "My " else patterns.SELF.match(rest)
    return text if is_lasting and not patterns.DEPENDENT.search(text) else ""


def fits_gender(text: str, female: bool | None) -> bool:
    """Whether a claim does not call a woman a man, or a man a woman."""
    head = " ".join(text.split()[:12])
    wrong = _CALLED_MAN if female else _CALLED_WOMAN
    return female is None or not wrong.search(head)


def worth(kind: Kind, text: str) -> float:
    """How informative a claim is: more if it names traits, less if it is long or refers back."""
    words = len(text.split())
    traits = len({word.lower() for word in patterns.TRAIT_WORD.findall(text)})
    references = len(patterns.DEPENDENT.findall(text))
    return WORTH[kind] + 0.5 * min(4, traits) - 0.07 * max(0, words - 18) - 0.8 * references


def _predicate(rest: str) -> str:
    """What is said of the subject, without insertions between commas before the verb."""
    return re.sub(
        r"^,[^,;]{3,90},\s+|^,?\s+(?:who|which|however|too|also|indeed|then),?\s+", " ", rest
    ).strip()


def _kind_of_predicate(text: str) -> Kind | None:
    """The kind of claim a predicate makes, by its form."""
    if (noun := patterns.NOUN.match(text)) is not None and _is_description(noun):
        if patterns.AGED.search(text):
            return "age"
        if re.fullmatch(patterns.WORK, noun["noun"]) or re.search(
            rf"\b(?:{patterns.WORK})\b", noun["rest"]
        ):
            return "work"
        return "looks" if patterns.APPEARANCE.search(text) else "being"
    if (found := patterns.ADJECTIVE.match(text)) is not None and _is_lasting(found, text):
        return "looks" if re.fullmatch(patterns.LOOKS, found["word"]) else "manner"
    if re.match(rf"{patterns.BE}\s", text) and patterns.AGED.search(text[:60]):
        return "age"
    if patterns.HAS.match(text):
        return "looks" if re.search(rf"\b(?:{patterns.BODY})\b", text) else "manner"
    if patterns.PASSIVE.match(text):
        return "being"
    return "habit" if patterns.STATE.match(text) or patterns.HABIT.match(text) else None


def _is_description(noun: re.Match[str]) -> bool:
    """Whether it describes: "the man who had spoken" and "a friend to the party" do not."""
    rest = noun["rest"].split()
    is_definite = noun["a"] == "the"
    person = noun["noun"] in ("man", "woman", "girl", "boy", "person", "lady", "fellow", "child")
    superlative = any(word.endswith("est") or word in ("most", "only", "youngest") for word in rest)
    if is_definite and person and not superlative:
        return False
    if {"who", "which", "whom", "when", "to", "that", "been", "from"} & set(rest):
        return False
    bare = not rest and person
    return not bare and noun["noun"] != "whom"


def _is_lasting(found: re.Match[str], text: str) -> bool:
    """Whether an adjective for a mood means a trait: next to another trait, or with "always"."""
    if not re.fullmatch(patterns.MOODY, found["word"]):
        return not re.match(
            r"\s+(?:to|at|about|until|till|during|when|while|that)\b", text[found.end() :]
        )
    always = re.search(r"always|never|naturally|by nature|generally|at all times", found["degree"])
    return bool(always) or bool(patterns.PAIRED.match(text, found.start("word")))


def _kind_of_possession(rest: str) -> Kind | None:
    """The kind of claim about something of the person's: "Her eyes were grey." """
    found = patterns.OWNED.match(rest)
    if found is None or not patterns.TRAIT.match(rest[found.end() :]):
        return None
    after = rest[found.end() :]
    if found["what"] == "name" and not re.match(r"[A-Z]", after):
        return None
    if re.search(rf"\b(?:{patterns.BODY})\b", found["what"]):
        return "looks"
    if found["what"] in ("father", "mother", "parents", "name", "profession"):
        return "being"
    return "age" if found["what"] == "age" else "manner"


def cut(text: str) -> str:
    """A long sentence up to the end of a clause, as late as keeps it short."""
    if len(text.split()) <= _CUT_WORDS:
        return text
    best = ""
    for mark in patterns.CUT.finditer(text):
        head = text[: mark.start()].rstrip(" ,;:")
        words = len(head.split())
        if words > _CUT_WORDS and best:
            break
        if words > _MIN_WORDS and not patterns.INCOMPLETE_END.search(head):
            best = head
    return f"{best}." if best else text
