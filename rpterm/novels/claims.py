"""Which sentences tell something that lasts: looks, age, work, ways, home, likings. Pure.

A claim is a sentence of the book, or the first part of one, whose predicate says what somebody is,
has, likes or always does, by the form of the predicate and lists of words; what happens in the
story has other forms. Its worth says how much it tells. Whether the last chapter takes it back,
nobody here knows.
"""

from __future__ import annotations

import re
from typing import Literal

from rpterm.novels import lasting as form

Kind = Literal["age", "looks", "work", "manner", "habit", "being", "own"]


_LEAST, _MOST, _LONG = 4, 100, 28
"""Words of a claim, of a sentence that one is cut from, and those from which on it is cut."""
_APPOSED = 16
"""Words beside a name."""
_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|had|will|would|can|could|shall|should|did|does|do)\b"
)
WORTH: dict[Kind, float] = {
    "work": 3.0, "age": 3.0, "looks": 3.0, "being": 2.5, "manner": 2.5, "habit": 2.0, "own": 2.0
}  # fmt: skip
_KNOWN_WOMAN = re.compile(r"\b(?:an?|the|no|wronged) (?:[\w-]+,? ){0,4}?(?:woman|lady|girl)\b")
_KNOWN_MAN = re.compile(r"\b(?:an?|the|no) (?:[\w-]+,? ){0,4}?(?:man|gentleman|boy|fellow)\b")


def of(told: str, ends: int, owned: bool = False) -> tuple[Kind, str] | None:
    """The kind of a sentence and what is kept of it; ``None`` where it holds for a moment alone.

    Args:
        told: The sentence, with the name in the place of a pronoun.
        ends: Where the words for the person end.
        owned: Whether they end with ``'s``: it is about something of theirs.
    """
    if not _LEAST <= len(told.split()) <= _MOST or re.search(r"[“”\"?]|[:,]$", told):
        return None
    if not owned and (found := beside(told[:ends], told[ends:])) is not None:
        return found
    text = cut(told)
    kind = _owned(text[ends:].strip()) if owned else _kind(_predicate(text[ends:]))
    return (kind, text) if kind is not None and not form.MOMENT.search(text) else None


def beside(name: str, rest: str, verb: str = "was") -> tuple[Kind, str] | None:
    """What stands after a name between commas, told as a sentence: "Mr. Pell, the printer, came."

    Args:
        verb: What joins the two: "was" in narration, "is" in talk.
    """
    found = form.BESIDE.match(rest)
    if found is None or form.MOMENT.search(found["what"]) or found["what"].count(" ") > _APPOSED:
        return None
    own = found["what"].startswith("who ")
    if not own and _FINITE.search(found["what"]):
        return None
    told = found["what"].removeprefix("who ") if own else f"{verb} {found['what']}"
    kind = _kind(told) or ("manner" if form.PAIRED.search(told) else None)
    return (kind, f"{name} {told}.") if kind is not None else None


def of_self(told: str) -> str:
    """What somebody says of themselves that is more than an answer; "" where it is none."""
    text = cut(form.CONNECTED.sub("", told))
    found = re.match(r"I(?=\b)(?:\s+(?:\w+ly|also|really)\s+(?=\w))?|My\s", text)
    if found is None or form.MOMENT.search(text) or re.search(r"[“”\"?]|[:,]$", text):
        return ""
    rest = text[found.end() :].strip()
    tells = _owned(rest) if found.group() == "My " else form.SELF.match(rest)
    return text if tells and not form.LEANS.search(text) else ""


def fits(text: str, female: bool | None) -> bool:
    """Whether a claim does not call a woman a man, or a man a woman."""
    head = " ".join(text.split()[:12])
    wrong = _KNOWN_MAN if female else _KNOWN_WOMAN
    return female is None or not wrong.search(head)


def worth(kind: Kind, text: str) -> float:
    """How much a claim tells: more where it names traits, less where it is long or leans on what
    was said before it."""
    words = len(text.split())
    telling = len({word.lower() for word in form.TELLING.findall(text)})
    leans = len(form.LEANS.findall(text))
    return WORTH[kind] + 0.5 * min(4, telling) - 0.07 * max(0, words - 18) - 0.8 * leans


def _predicate(rest: str) -> str:
    """What is told of the subject, without what stands between commas before the verb."""
    bare = re.sub(
        r"^,[^,;]{3,90},\s+|^,?\s+(?:who|which|however|too|also|indeed|then),?\s+", " ", rest
    )
    return bare.strip()


def _kind(told: str) -> Kind | None:
    """What a predicate tells, by its form."""
    if (noun := form.NOUN.match(told)) is not None and _is_description(noun):
        if form.AGED.search(told):
            return "age"
        if re.fullmatch(form.WORK, noun["noun"]) or re.search(
            rf"\b(?:{form.WORK})\b", noun["rest"]
        ):
            return "work"
        return "looks" if form.SEEN.search(told) else "being"
    if (found := form.ADJECTIVE.match(told)) is not None and _is_steady(found, told):
        return "looks" if re.fullmatch(form.LOOKS, found["word"]) else "manner"
    if re.match(rf"{form.BE}\s", told) and form.AGED.search(told[:60]):
        return "age"
    if form.HAS.match(told):
        return "looks" if re.search(rf"\b(?:{form.BODY})\b", told) else "manner"
    if form.PASSIVE.match(told):
        return "being"
    return "habit" if form.STATE.match(told) or form.HABIT.match(told) else None


def _is_description(noun: re.Match[str]) -> bool:
    """ "the man who had spoken" and "a friend to the party" tell nothing."""
    rest = noun["rest"].split()
    the = noun["a"] == "the"
    person = noun["noun"] in ("man", "woman", "girl", "boy", "person", "lady", "fellow", "child")
    superlative = any(word.endswith("est") or word in ("most", "only", "youngest") for word in rest)
    if the and person and not superlative:
        return False
    if {"who", "which", "whom", "when", "to", "that", "been", "from"} & set(rest):
        return False
    bare = not rest and person
    return not bare and noun["noun"] != "whom"


def _is_steady(found: re.Match[str], told: str) -> bool:
    """A mood is a trait beside another trait, or where it is so always."""
    if not re.fullmatch(form.MOODY, found["word"]):
        return not re.match(
            r"\s+(?:to|at|about|until|till|during|when|while|that)\b", told[found.end() :]
        )
    always = re.search(r"always|never|naturally|by nature|generally|at all times", found["degree"])
    return bool(always) or bool(form.PAIRED.match(told, found.start("word")))


def _owned(rest: str) -> Kind | None:
    """What is told of something of theirs: "Her eyes were grey." """
    found = form.OWNED.match(rest)
    if found is None or not form.TRAIT.match(rest[found.end() :]):
        return None
    after = rest[found.end() :]
    if found["what"] == "name" and not re.match(r"[A-Z]", after):
        return None
    if re.search(rf"\b(?:{form.BODY})\b", found["what"]):
        return "looks"
    if found["what"] in ("father", "mother", "parents", "name", "profession"):
        return "being"
    return "age" if found["what"] == "age" else "manner"


def cut(text: str) -> str:
    """A long sentence up to the end of a clause, the last one that keeps it short."""
    if len(text.split()) <= _LONG:
        return text
    best = ""
    for mark in form.CUT.finditer(text):
        head = text[: mark.start()].rstrip(" ,;:")
        words = len(head.split())
        if words > _LONG and best:
            break
        if words > _LEAST and not form.LOOSE.search(head):
            best = head
    return f"{best}." if best else text
