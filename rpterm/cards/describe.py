"""Renders a card as prompt text: ordered sections, each with the name of its source.

``sections`` is pure and cheap. Its text still contains macros (``{{char}}``, ``{{user}}``), which
the prompt builder expands. It knows nothing of tokens, budgets, lorebooks, examples or chat
templates, and it omits ``system_prompt`` and ``post_history_instructions``, because those are
instructions to the model and not a description.
"""

from __future__ import annotations

from collections.abc import Iterable

from rpterm.cards.card import CharacterCard
from rpterm.text.calendar_names import MONTHS


def sections(card: CharacterCard) -> list[tuple[str, str]]:
    """Render what a card says about its character.

    Short headings and one claim per line, because a small model follows a list better than prose.

    Returns:
        ``(source, text)`` pairs in the order the model should read them; empty parts of the card
        are omitted. Sources are ``card.description``, ``card.attributes``,
        ``card.relations``, ``card.style``, ``card.scenario``, ``card.knows_until`` and
        ``card.limits``.
    """
    pieces = (
        ("card.description", _description(card)),
        ("card.attributes", _lines("Facts about {{char}}:", card.attributes)),
        ("card.relations", _lines("People {{char}} knows:", card.relations)),
        ("card.style", _lines("How {{char}} speaks and acts:", card.style)),
        ("card.scenario", _titled("Scenario:", card.scenario)),
        ("card.knows_until", _horizon(card.knows_until)),
        ("card.limits", _lines("Rules {{char}} never breaks:", card.limits)),
    )
    return [(source, text) for source, text in pieces if text]


def _description(card: CharacterCard) -> str:
    full = f" (full name: {card.name})" if card.nickname and card.nickname != card.name else ""
    return _titled(f"About {{{{char}}}}{full}:", card.description)


def _titled(title: str, text: str) -> str:
    return f"{title}\n{text.strip()}" if text.strip() else ""


def _lines(title: str, claims: Iterable[str]) -> str:
    return _titled(title, "\n".join(f"- {claim.strip()}" for claim in claims if claim.strip()))


def _horizon(until: str) -> str:
    if not until:
        return ""
    return (
        f"{{{{char}}}} knows nothing of anything after {date_in_words(until)}: no later events, "
        "people, inventions, books or words. Asked about them, {{char}} has never heard of them "
        "and says so in character."
    )


def date_in_words(until: str) -> str:
    """Write a ``knows_until`` value in words: ``1895-04-23`` becomes ``23 April 1895``.

    ``-0399`` becomes ``399 BC``. A year alone, or anything that is not a date, stays unchanged.
    """
    if until.startswith("-"):
        return f"{until[1:].lstrip('0') or '0'} BC"
    year, *rest = until.split("-")
    if len(rest) != 2 or not all(part.isdecimal() for part in rest):
        return until
    month, day = int(rest[0]), int(rest[1])
    return f"{day} {MONTHS[month - 1]} {year}" if 1 <= month <= 12 else until
