"""The scene of a reply: what the card says, the turns before it, and other characters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from rpterm.cards import macros
from rpterm.cards.card import CharacterCard
from rpterm.scoring.card_claims import claims, split_long
from rpterm.types import History


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the card, or a turn, that a reply can agree with or contradict.

    Attributes:
        source: A card field and the line's index in it (``card.attributes:3``), or a turn counted
            back from the reply (``turn:-2``).
    """

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class ReplyScene:
    """What a reply is measured against. All texts have their macros expanded.

    Attributes:
        facts: What the card says about the character.
        limits: The rules of the card.
        history: The turns before the reply, oldest first, as (spoken by the character, text).
        own_lines: Lines that show the character's voice.
        other_lines: The same for other characters, as contrast: without it voice and likelihood
            say little.
        knows_until: The last year the character can know about; ``None`` means no limit.
        given: What else the model was given: the scenario, lore, memories.
    """

    char: str = "Character"
    user: str = "User"
    facts: tuple[Fact, ...] = ()
    limits: tuple[Fact, ...] = ()
    history: History = ()
    own_lines: tuple[str, ...] = ()
    other_lines: tuple[tuple[str, ...], ...] = ()
    knows_until: int | None = None
    given: tuple[str, ...] = ()

    @property
    def turns(self) -> tuple[tuple[bool, Fact], ...]:
        """The history with the source of each turn, counted back from the reply."""
        count = len(self.history)
        return tuple(
            (own, Fact(f"turn:-{count - at}", text)) for at, (own, text) in enumerate(self.history)
        )

    @property
    def known(self) -> tuple[Fact, ...]:
        """What was known before the last turn: the card's facts, then the turns, oldest first."""
        return (*self.facts, *(turn for _, turn in self.turns[:-1] if turn.text.strip()))

    @property
    def own_texts(self) -> tuple[str, ...]:
        """All that the character is known to have said: the card's lines, then the turns."""
        return (*self.own_lines, *(text for own, text in self.history if own))

    @property
    def asked(self) -> str:
        """The user's last turn, or ""."""
        return next((text for own, text in reversed(self.history) if not own), "")

    @property
    def asked_at(self) -> str:
        """The source of ``asked``: not the last turn if the character spoke after it."""
        return next((fact.source for own, fact in reversed(self.turns) if not own), "")

    @property
    def last(self) -> str:
        """The last turn, whoever spoke: the one the reply answers or continues. "" if none."""
        return self.history[-1][1].strip() if self.history else ""


def scene_of(
    card: CharacterCard,
    *,
    user: str = "",
    history: History = (),
    others: tuple[CharacterCard, ...] = (),
    expand: Callable[[str], str] | None = None,
    prompt: str = "",
) -> ReplyScene:
    """The scene that a card provides.

    The facts are the attributes, the relations and the sentences of the description: most authors
    put into prose what they do not repeat as an attribute. With the attributes and relations alone,
    replies that rest on the description score as if the character did not know it (22 scenes with
    shipped cards, without the language model: above an evasive reply in 11, with the description
    in 20).

    Args:
        user: The user's name; "" takes the card's.
        others: Cards of other characters, for contrast.
        expand: Expands macros as in the prompt of the reply, so that what was drawn at random there
            is the same here; ``None`` fills in the names.
        prompt: The complete prompt of the reply, or "".
    """
    person = user or card.user_name or "User"
    fill = expand or partial(macros.expand, char=card.char, user=person)

    def facts(source: str, lines: tuple[str, ...]) -> list[Fact]:
        return [
            Fact(f"{source}:{index}", claim)
            for index, line in enumerate(lines)
            for claim in split_long(fill(line))
        ]

    return ReplyScene(
        char=card.char,
        user=person,
        facts=(
            *facts("card.attributes", card.attributes),
            *facts("card.relations", card.relations),
            *facts("card.description", claims(card.description)),
        ),
        limits=tuple(facts("card.limits", card.limits)),
        history=history,
        own_lines=voice_lines(card, person),
        other_lines=tuple(voice_lines(other, person) for other in others),
        knows_until=_year(card.knows_until),
        given=(*map(fill, _background(card)), prompt),
    )


def _background(card: CharacterCard) -> list[str]:
    """What the card says besides the facts and the character's lines."""
    asked = [text for example in card.examples for _, text in example.dialogue]
    lore = [f"{' '.join(entry.keys)} {entry.content}" for entry in card.lorebook.entries]
    about = [card.description, card.scenario, card.user_description, *card.style]
    return [*about, card.system_prompt, card.post_history_instructions, *asked, *lore]


def voice_lines(card: CharacterCard, user: str) -> tuple[str, ...]:
    """The lines a card lets its character say: from its example dialogues and greetings."""
    lines = [text for example in card.examples for role, text in example.dialogue if role == "char"]
    lines += card.greetings
    return tuple(macros.expand(line, char=card.char, user=user) for line in lines)


def _year(date: str) -> int | None:
    sign = -1 if date.startswith("-") else 1
    digits = date.lstrip("-").split("-")[0]
    return sign * int(digits) if digits.isdecimal() else None
