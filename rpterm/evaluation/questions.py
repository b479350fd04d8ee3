"""What characters are asked: the card's own examples, an interview, and a user's probes. Pure.

An example dialogue of the card makes a question with a reference: what the user says in it, and
what the card lets the character answer. The card is then played without that example.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any, Literal

from rpterm.cards.card import CharacterCard, Probe
from rpterm.cards.macros import expand
from rpterm.types import RptermError

Kind = Literal["reference", "knowledge", "later", "personality"]
KINDS: tuple[Kind, ...] = ("reference", "knowledge", "later", "personality")
TRAITS = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
_ALLOWED = frozenset(("user", "reference", "references", "name", "kind"))


@dataclass(frozen=True, slots=True)
class Question:
    """One question, or several user lines in a row of which the last reply counts.

    Attributes:
        references: Replies that would be good ones.
        without: Index of the card's example that must not be in the prompt, or ``None``.
        trait, key: For personality: which trait the statement belongs to, and 1 or -1.
        year: For ``later``: before it nobody could know.
    """

    name: str
    kind: Kind
    user: tuple[str, ...]
    references: tuple[str, ...] = ()
    without: int | None = None
    trait: str = ""
    key: int = 1
    year: int | None = None

    def probe(self) -> Probe:
        """The same as a probe of a card, without anything that must hold."""
        return Probe(self.user, self.name)

    def card(self, card: CharacterCard) -> CharacterCard:
        """The card without the example this question was made from."""
        if self.without is None:
            return card
        kept = tuple(each for at, each in enumerate(card.examples) if at != self.without)
        return replace(card, examples=kept)


def builtin(card: CharacterCard, kinds: Sequence[Kind] = KINDS) -> list[Question]:
    """The questions that come with the program, for this card."""
    asked = [*_examples(card), *_interview(_until(card))]
    return [question for question in asked if question.kind in kinds]


def read(text: str, where: str) -> list[Question]:
    """A user's probes: ``[[probe]]`` with ``user`` and, if there is one, ``reference``.

    Raises:
        RptermError: With the file and the probe's number.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RptermError(f"{where}: this is no TOML: {error}.") from None
    probes = raw.get("probe")
    if not isinstance(probes, list) or not probes:
        raise RptermError(f'{where}: there is no [[probe]] with user = "…".')
    found = [_probe(each, f"{where}, [[probe]] {at}", at) for at, each in enumerate(probes, 1)]
    for at, question in enumerate(found):
        if any(each.name == question.name for each in found[:at]):
            name = question.name
            raise RptermError(f"{where}, [[probe]] {at + 1}: there is another one named {name}.")
    return found


def _probe(raw: Any, where: str, number: int) -> Question:
    if not isinstance(raw, Mapping) or not set(raw) <= _ALLOWED:
        unknown = ", ".join(sorted(set(raw) - _ALLOWED)) if isinstance(raw, Mapping) else "a value"
        raise RptermError(f"{where}: {unknown} is not known; there are {', '.join(_ALLOWED)}.")
    kind = raw.get("kind", "reference")
    if kind not in ("reference", "knowledge", "later"):
        raise RptermError(f'{where}: kind is "reference", "knowledge" or "later".')
    user = _texts(raw.get("user"), f"{where}, user")
    if not user:
        raise RptermError(f"{where}: user is missing.")
    given = raw.get("reference", raw.get("references"))
    name = raw.get("name") or f"probe {number}"
    return Question(str(name), kind, user, _texts(given, f"{where}, reference"))


def _texts(value: Any, where: str) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise RptermError(f"{where}: expected a text, or a list of texts.")
    return tuple(texts)


def _examples(card: CharacterCard) -> Iterator[Question]:
    user = card.user_name or "User"
    for at, example in enumerate(card.examples):
        lines = [(who, expand(text, char=card.char, user=user)) for who, text in example.dialogue]
        if len(lines) >= 2 and lines[0][0] == "user" and lines[1][0] == "char":
            name = f"example {at + 1}"
            yield Question(name, "reference", (lines[0][1],), (lines[1][1],), without=at)


def _interview(until: int | None) -> Iterator[Question]:
    raw = _file()
    for at, item in enumerate(raw["knowledge"], 1):
        yield Question(f"self {at}", "knowledge", (item["text"],))
    for item in raw["later"]:
        if until is not None and until < item["year"]:
            yield Question(f"later {item['year']}", "later", (item["text"],), year=item["year"])
    for at, item in enumerate(raw["item"], 1):
        yield Question(
            f"item {at}", "personality", (item["text"],), trait=item["trait"], key=item["key"]
        )


def _until(card: CharacterCard) -> int | None:
    from rpterm.scoring.records import scene_of

    return scene_of(card).knows_until


@cache
def _file() -> Mapping[str, Any]:
    text = resources.files("rpterm.evaluation").joinpath("interview.toml").read_text("utf-8")
    return tomllib.loads(text)
