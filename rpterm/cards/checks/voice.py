"""Checks greetings and examples: whether they speak for the user, and their format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from rpterm.cards.card import CharacterCard
from rpterm.cards.checks.finding import CardFinding, prose
from rpterm.cards.format.locate import Path
from rpterm.cards.lore.rules import LoreRules
from rpterm.cards.macros import OF_CARD, OF_TURN, MacroScope, expand_with
from rpterm.cards.variables import names_read, names_set
from rpterm.humanize import counted

_MIN_EXAMPLES = 3
_SPEECH = re.compile(r"\"[^\"\n]*\"|“[^“”\n]*”|«[^«»\n]*»")
_VERBS = (
    "say|reply|replie|answer|ask|nod|smile|laugh|sigh|think|feel|decide|agree|shrug|whisper|"
    "gasp|blush|scream|shout|mutter|grin|cry|crie|realize|realise|wonder|want"
)
_PAST = "said|thought|felt|replied|answered|asked|nodded|smiled|laughed|sighed|decided|agreed"
_USER_ACTS = re.compile(
    rf"(?:\{{\{{user\}}\}}|<user>) (?:(?:{_VERBS})e?s|{_PAST})\b", re.IGNORECASE
)
_YOU_ACT = re.compile(rf"\byou (?:{_VERBS.replace('|want', '')}|{_PAST})\b", re.IGNORECASE)
_USER_LINE = re.compile(r"^[ \t*_]*(?:\{\{user\}\}|<user>|you|user)[ \t*_]*:", re.I | re.M)
_CHAR_LINE = re.compile(r"^[ \t*_]*(?:\{\{char\}\}|<bot>|<char>)[ \t*_]*:", re.I | re.M)
_START = re.compile(r"<START>", re.IGNORECASE)
_MARKUP = re.compile(
    r"!\[[^]\n]*\]\([^)\n]*\)?|<(?:img|audio|video|iframe|style|div|span|details)\b[^>\n]*>?", re.I
)
_UNEXPANDED = re.compile(
    r"\{\{\s*/?([A-Za-z_]+)[^{}\n]{0,40}\}\}|\{\{(?![^{}\n]*\}\})[^{}\n]{0,20}"
    r"|(?<!\{)\{\s*(?:char|user)\s*\}(?!\})",
    re.IGNORECASE,
)
"""An unknown macro, one that never ends, and one with single braces."""
_STATIC_SCOPE = MacroScope(
    "", "", now=datetime(2000, 1, 1), idle=0, values=dict.fromkeys(OF_CARD, "")
)
_TURN_SCOPE = replace(_STATIC_SCOPE, values=dict.fromkeys(OF_CARD | OF_TURN, ""))
_TAKES_ORIGINAL = (("system_prompt",), ("post_history_instructions",))


def greetings(card: CharacterCard) -> Iterator[CardFinding]:
    """A missing greeting, or one that decides what the user says, does or feels."""
    if not card.greetings:
        remedy = 'Add greetings = ["…"]: the model copies its style from them.'
        yield CardFinding((), "warning", "The card has no greeting.", remedy)
    for field, texts in (("greetings", card.greetings), ("group_greetings", card.group_greetings)):
        for index, text in enumerate(texts):
            words = speaks_for_user(text)
            if words:
                remedy = "Leave it to the user what they say, do and feel."
                message = f"The greeting speaks for the user: “{words}”."
                yield CardFinding((field, index), "warning", message, remedy)
            if markup := _MARKUP.search(text):
                message = f"The model reads {markup[0][:60]} as text, and imitates it."
                yield CardFinding((field, index), "note", message, "Remove pictures and HTML.")


def speaks_for_user(text: str) -> str:
    """The words that decide what the user says, does or feels; "" if there are none."""
    line = _USER_LINE.search(text)
    if line:
        return line[0].strip()
    narration = _SPEECH.sub("“”", text)
    match = _USER_ACTS.search(narration)
    if not match and "*" in narration:
        narration = " ".join(re.findall(r"\*([^*\n]+)\*", narration))
    match = match or _YOU_ACT.search(narration)
    return match[0] if match else ""


def examples(card: CharacterCard) -> Iterator[CardFinding]:
    """Too few examples, or lines that teach the model a wrong format."""
    if len(card.examples) < _MIN_EXAMPLES:
        number = len(card.examples)
        few = f"only {counted(number, 'example')}" if number else "no examples"
        message = f"The card has {few}."
        remedy = "Add [[examples]]: eight or more keep the voice consistent."
        yield CardFinding((), "warning", message, remedy)
    for index, example in enumerate(card.examples):
        if example.dialogue[-1][0] != "char":
            message = "The example does not end with a line of the character."
            yield CardFinding(
                ("examples", index), "warning", message, "Add what the character says."
            )
        for role, text in example.dialogue:
            fault = _format_error(card, role, text)
            if fault:
                yield CardFinding(("examples", index, role), "warning", *fault)


def _format_error(card: CharacterCard, role: str, text: str) -> tuple[str, str] | None:
    """Message and remedy for a format error in one line of an example, if it has one."""
    name = re.match(rf"[ \t*_]*(?:{re.escape(card.char)}|{re.escape(card.name)})[ \t*_]*:", text)
    if not text.strip():
        return "The line is empty.", "Write what is said, or remove it."
    if _START.search(text):
        return "<START> is other programs' syntax.", "Begin another [[examples]] instead."
    if name or _CHAR_LINE.search(text) or _USER_LINE.search(text):
        return "The line begins with a speaker's name.", "Remove the name and the colon."
    if role == "char" and speaks_for_user(text):
        return (
            f"The line speaks for the user: “{speaks_for_user(text)}”.",
            "Leave that to the user.",
        )
    if text.count("*") % 2:
        return "An asterisk * has no closing one.", "Add it."
    if text.count('"') % 2:
        return "A quotation mark has no closing one.", "Add it."
    return None


def macros(card: CharacterCard) -> Iterator[CardFinding]:
    """Macros that no prompt expands, so that the model would see their braces."""
    for path, macro, name in unexpanded_macros(card):
        if name in OF_TURN:
            message = f"The macro {macro} changes with every message, so it is not filled in here."
            remedy = "Move it to post_history_instructions, or to lore that keys trigger."
            yield CardFinding(path, "warning", message, remedy)
        else:
            message = f"The macro {macro} is not supported here."
            yield CardFinding(path, "warning", message, "Correct or remove it.")


def variables(card: CharacterCard) -> Iterator[CardFinding]:
    """Variables that are read but that no text of the card sets, and so are probably empty."""
    texts = list(prose(card))
    known = {name for _, text in texts for name in names_set(text)}
    for path, text in texts:
        for name in dict.fromkeys(names_read(text)):
            if name not in known:
                message = f"No text of the card sets the variable {name}."
                remedy = f"Set it with {{{{setvar::{name}::…}}}}, here or in a message."
                yield CardFinding(path, "note", message, remedy)


def unexpanded_macros(card: CharacterCard) -> Iterator[tuple[Path, str, str]]:
    """The macros that no prompt expands, each once per text: where it is, its text, its name."""
    static_lore = {rule.index for rule in LoreRules(card.lorebook, str).all if rule.static}
    for path, text in prose(card):
        triggered = path[0] == "lore" and path[1] not in static_lore
        anew = triggered or path == ("post_history_instructions",)
        scope = replace(_TURN_SCOPE if anew else _STATIC_SCOPE, variables={})
        expanded = expand_with(text, scope)
        left = {match[0]: (match[1] or "").lower() for match in _UNEXPANDED.finditer(expanded)}
        for macro, name in left.items():
            if not (name == "original" and path in _TAKES_ORIGINAL):
                yield path, macro, name
