"""The questions of an evaluation: from the card's examples, an interview, and the user's probes.

An example dialogue of the card becomes a question with a reference answer: its user line and its
character line. The card is then played without that example.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from rpterm.cards.card import CharacterCard, Probe
from rpterm.cards.macros import expand
from rpterm.errors import RptermError
from rpterm.scoring.resources import load_toml

Kind = Literal["reference", "knowledge", "later", "personality"]
KINDS: tuple[Kind, ...] = ("reference", "knowledge", "later", "personality")
TRAITS = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
_ALLOWED = frozenset(("user", "reference", "references", "name", "kind"))


@dataclass(frozen=True, slots=True)
class Question:
    """One question: one or more user lines, of which the reply to the last one counts.

    Attributes:
        references: Good replies.
        without: Index of the card's example that must not be in the prompt, or ``None``.
        trait, key: For a statement of the personality interview: its trait, and 1, or -1 if it is
            reversed.
        year: For the kind ``later``: nobody could know the answer before this year.
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
        """The question as a probe of a card, without checks."""
        return Probe(self.user, self.name)

    def card(self, card: CharacterCard) -> CharacterCard:
        """The card without the example from which this question was made."""
        if self.without is None:
            return card
        kept = tuple(each for at, each in enumerate(card.examples) if at != self.without)
        return replace(card, examples=kept)


def builtin(card: CharacterCard, kinds: Sequence[Kind] = KINDS) -> list[Question]:
    """The built-in questions of these kinds for a card."""
    questions = [*_from_examples(card), *_interview(_knows_until(card))]
    return [question for question in questions if question.kind in kinds]


def read(text: str, where: str) -> list[Question]:
    """Parse the user's probes: ``[[probe]]`` tables with ``user`` and optionally ``reference``.

    Raises:
        RptermError: Names the file and the number of the invalid probe.
    """
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # A number may have 5,000 digits.
        raise RptermError(f"{where} is not valid TOML: {error}.") from None
    probes = raw.get("probe")
    if not isinstance(probes, list) or not probes:
        raise RptermError(f'{where}: there is no [[probe]] with user = "…".')
    questions = [_parse(each, f"{where}, [[probe]] {at}", at) for at, each in enumerate(probes, 1)]
    names = [question.name for question in questions]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise RptermError(f"{where}, [[probe]] {at + 1}: there is another one named {name}.")
    return questions


def _parse(raw: Any, where: str, number: int) -> Question:
    if not isinstance(raw, Mapping) or not set(raw) <= _ALLOWED:
        unknown = ", ".join(sorted(set(raw) - _ALLOWED)) if isinstance(raw, Mapping) else "a value"
        allowed = ", ".join(sorted(_ALLOWED))
        raise RptermError(f"{where}: {unknown} is unknown; a probe may have {allowed}.")
    kind = raw.get("kind", "reference")
    if kind not in ("reference", "knowledge", "later"):
        raise RptermError(f'{where}: kind must be "reference", "knowledge" or "later".')
    user = _texts(raw.get("user"), f"{where}, user")
    if not user:
        raise RptermError(f"{where}: user is missing.")
    references = raw.get("reference", raw.get("references"))
    name = raw.get("name") or f"probe {number}"
    return Question(str(name), kind, user, _texts(references, f"{where}, reference"))


def _texts(value: Any, where: str) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise RptermError(f"{where}: expected a text, or a list of texts.")
    return tuple(texts)


def _from_examples(card: CharacterCard) -> Iterator[Question]:
    user = card.user_name or "User"
    for at, example in enumerate(card.examples):
        lines = [(who, expand(text, char=card.char, user=user)) for who, text in example.dialogue]
        if len(lines) >= 2 and lines[0][0] == "user" and lines[1][0] == "char":
            name = f"example {at + 1}"
            yield Question(name, "reference", (lines[0][1],), (lines[1][1],), without=at)


def _interview(knows_until: int | None) -> Iterator[Question]:
    raw = load_toml("interview.toml", "rpterm.evaluation")
    for at, item in enumerate(raw["knowledge"], 1):
        yield Question(f"self {at}", "knowledge", (item["text"],))
    for item in raw["later"]:
        if knows_until is not None and knows_until < item["year"]:
            yield Question(f"later {item['year']}", "later", (item["text"],), year=item["year"])
    for at, item in enumerate(raw["item"], 1):
        yield Question(
            f"item {at}", "personality", (item["text"],), trait=item["trait"], key=item["key"]
        )


def _knows_until(card: CharacterCard) -> int | None:
    from rpterm.scoring.scene import scene_of

    return scene_of(card).knows_until
