"""Lets the model choose who speaks next, from the characters' names and the last turns.

The model is prompted as a director and not as a character. It reads names, taglines and what
everybody heard, so that no private card influences the choice. If the engine reports logprobs, each
name is scored by how much the conversation raises its log-probability, compared to the same prompt
without the conversation: no name wins because it is a common word. This runs in the scoring
context, so the chat's KV cache is unaffected. Other engines generate under a grammar of the names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rpterm.engine.protocol import Engine, Piece
from rpterm.errors import RptermError
from rpterm.prompt.oneshot import ask, build_request
from rpterm.types import Sampling, Turn

_TURNS = 8
_MAX_CHARACTERS = 300
_SYSTEM = (
    "You direct a scene with several characters. You read who is there and what was said last, and "
    "answer with the name of the character who speaks next, and with nothing else."
)
_GREEDY = Sampling(
    seed=0, max_tokens=24, temperature=0.0, repeat_penalty=1.0, dry_multiplier=0.0, min_p=0.0
)

Option = tuple[str, str]
"""A name and its tagline."""


def choose_speaker(engine: Engine, options: Sequence[Option], path: Sequence[Turn]) -> str | None:
    """The name of the character that speaks next; ``None`` if the model gives no valid answer.

    Args:
        options: The characters that may speak; each name occurs once.
        path: The shown branch.
    """
    if len(options) < 2:
        return options[0][0] if options else None
    try:
        if engine.load().can_score:
            return _most_raised(engine, options, path)
        return _generated(engine, options, path)
    except RptermError:
        return None


def names_grammar(names: Sequence[str]) -> str:
    """A GBNF grammar that accepts exactly these names."""
    return "root ::= " + " | ".join(_quoted(name) for name in names)


def _most_raised(engine: Engine, options: Sequence[Option], path: Sequence[Turn]) -> str:
    """The name whose log-probability the conversation raises most."""
    prompts = [
        build_request(engine, _SYSTEM, _question(options, turns), _GREEDY).prompt_ids
        for turns in (path, ())
    ]
    names = [name for name, _ in options]

    def gain(ids: Sequence[int]) -> float:
        with_turns, without = (sum(each) for each in engine.logprobs(ids, prompts))
        return with_turns - without

    gains = [gain(ids) for ids in engine.tokenize([Piece(name) for name in names])]
    return names[gains.index(max(gains))]


def _generated(engine: Engine, options: Sequence[Option], path: Sequence[Turn]) -> str | None:
    """The name that the engine generates under the grammar."""
    names = [name for name, _ in options]
    sampling = replace(_GREEDY, grammar=names_grammar(names))
    answer = ask(engine, _SYSTEM, _question(options, path), sampling).strip().casefold()
    matches = [name for name in names if answer.startswith(name.casefold())]
    return max(matches, key=len, default=None)  # "Anna" begins with "Ann", too.


def _question(options: Sequence[Option], path: Sequence[Turn]) -> str:
    names = [f"- {name}: {tagline}" if tagline else f"- {name}" for name, tagline in options]
    lines = [f"{turn.speaker}: {_last_characters(turn.text)}" for turn in path[-_TURNS:]]
    conversation = ["", "What was said last:", *lines] if lines else []
    return "\n".join(["Characters:", *names, *conversation, "", "Who speaks next?"])


def _last_characters(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_CHARACTERS else "… " + line[-_MAX_CHARACTERS:]


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
