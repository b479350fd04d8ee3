"""Who speaks in greetings and examples, and in which form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rpterm.cards.card import CharacterCard
from rpterm.cards.checks.finding import Finding, prose
from rpterm.cards.macros import expand

_FEW_EXAMPLES = 3
_QUOTED = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»")
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
_LEFT_OVER = re.compile(r"\{\{\s*([A-Za-z_]+)[^{}\n]{0,40}\}\}")
_KNOWN = ("original", "time", "isotime", "date", "isodate", "weekday", "idle_duration", "persona")


def greetings(card: CharacterCard) -> Iterator[Finding]:
    """No greeting, or one that puts words or feelings into the user's mouth."""
    if not card.greetings:
        remedy = 'Add greetings = ["…"]: the model takes its style from it.'
        yield Finding((), "warning", "The card has no greeting.", remedy)
    for field, texts in (("greetings", card.greetings), ("group_greetings", card.group_greetings)):
        for index, text in enumerate(texts):
            said = speaks_for_user(text)
            if said:
                remedy = "Leave to the user what they say, do and feel."
                message = f"The greeting speaks for the user: “{said}”."
                yield Finding((field, index), "warning", message, remedy)


def speaks_for_user(text: str) -> str:
    """The words that say what the user says, does or feels; "" when there are none."""
    line = _USER_LINE.search(text)
    if line:
        return line[0].strip()
    told = _QUOTED.sub("“”", text)
    match = _USER_ACTS.search(told)
    if not match and "*" in told:
        told = " ".join(re.findall(r"\*([^*\n]+)\*", told))
    match = match or _YOU_ACT.search(told)
    return match[0] if match else ""


def examples(card: CharacterCard) -> Iterator[Finding]:
    """Too few of them, or lines that teach the model a wrong form."""
    if len(card.examples) < _FEW_EXAMPLES:
        message = f"The card has {len(card.examples)} examples."
        remedy = "Add [[examples]]: with eight or more the voice holds."
        yield Finding((), "warning", message, remedy)
    for index, example in enumerate(card.examples):
        if example.dialogue[-1][0] != "char":
            message = "The example does not end with the character."
            yield Finding(("examples", index), "warning", message, "Add what the character says.")
        for role, text in example.dialogue:
            fault = _fault(card, role, text)
            if fault:
                yield Finding(("examples", index, role), "warning", *fault)


def _fault(card: CharacterCard, role: str, text: str) -> tuple[str, str] | None:
    """What breaks the form of one line of an example."""
    name = re.match(rf"[ \t*_]*(?:{re.escape(card.char)}|{re.escape(card.name)})[ \t*_]*:", text)
    if not text.strip():
        return "The line is empty.", "Write what is said, or remove it."
    if _START.search(text):
        return "<START> belongs to other programs.", "Begin another [[examples]] instead."
    if name or _CHAR_LINE.search(text) or _USER_LINE.search(text):
        return "The line has a speaker's name in it.", "Remove the name and the colon."
    if role == "char" and speaks_for_user(text):
        return f"It speaks for the user: “{speaks_for_user(text)}”.", "Leave that to the user."
    if text.count("*") % 2:
        return "An asterisk * is not closed.", "Close it."
    if text.count('"') % 2:
        return "A quotation mark is not closed.", "Close it."
    return None


def macros(card: CharacterCard) -> Iterator[Finding]:
    """Macros that nobody knows: the model would read the braces."""
    for path, text in prose(card):
        left = _LEFT_OVER.search(expand(text, char="", user=""))
        if left and left[1].lower() not in _KNOWN:
            message = f"Nobody knows the macro {left[0]}."
            yield Finding(path, "warning", message, "Mend its name, or remove it.")
