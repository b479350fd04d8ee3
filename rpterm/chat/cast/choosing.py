"""Who speaks next, asked of the model: public names and the last words in, one name out.

The model is asked outside of any character: it reads names, taglines and what everybody heard, so
that no private card decides for another. Where the engine tells probabilities, each name is
weighed in the scoring context by how much the talk makes it likelier than it was without: the
chat's cache stays as it is, and no name wins for being a common word. Other engines answer under a
grammar of the names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rpterm.asking import ask, request_of
from rpterm.engine.protocol import Engine, Piece
from rpterm.types import RptermError, Sampling, Turn

_TURNS = 8
_LONGEST = 300
_SYSTEM = (
    "You direct a scene with several characters. You read who is there and what was said last, and "
    "answer with the name of the character who speaks next, and with nothing else."
)
_EXACT = Sampling(
    seed=0, max_tokens=24, temperature=0.0, repeat_penalty=1.0, dry_multiplier=0.0, min_p=0.0
)

Option = tuple[str, str]
"""A name and its tagline."""


def choose(engine: Engine, options: Sequence[Option], path: Sequence[Turn]) -> str | None:
    """The name of who speaks next; ``None`` where the engine cannot tell.

    Args:
        options: Those who may speak, each name once.
        path: The branch shown.
    """
    if len(options) < 2:
        return options[0][0] if options else None
    try:
        if engine.load().can_score:
            return _weighed(engine, options, path)
        return _answered(engine, options, path)
    except RptermError:
        return None


def grammar(names: Sequence[str]) -> str:
    """A GBNF grammar of exactly these names."""
    return "root ::= " + " | ".join(_quoted(name) for name in names)


def _weighed(engine: Engine, options: Sequence[Option], path: Sequence[Turn]) -> str:
    prompts = [
        request_of(engine, _SYSTEM, _question(options, turns), _EXACT).prompt_ids
        for turns in (path, ())
    ]
    names = [name for name, _ in options]

    def weight(name: str, ids: Sequence[int]) -> float:
        after, before = (sum(each) for each in engine.logprobs(ids, prompts))
        return after - before

    tokens = engine.tokenize([Piece(name) for name in names])
    weights = [weight(name, ids) for name, ids in zip(names, tokens, strict=True)]
    return names[weights.index(max(weights))]


def _answered(engine: Engine, options: Sequence[Option], path: Sequence[Turn]) -> str | None:
    names = [name for name, _ in options]
    sampling = replace(_EXACT, grammar=grammar(names))
    answer = ask(engine, _SYSTEM, _question(options, path), sampling).strip().casefold()
    fitting = [name for name in names if answer.startswith(name.casefold())]
    return max(fitting, key=len, default=None)  # "Anna" begins with "Ann", too.


def _question(options: Sequence[Option], path: Sequence[Turn]) -> str:
    who = [f"- {name}: {tagline}" if tagline else f"- {name}" for name, tagline in options]
    said = [f"{turn.speaker}: {_short(turn.text)}" for turn in path[-_TURNS:]]
    talk = ["", "What was said last:", *said] if said else []
    return "\n".join(["Characters:", *who, *talk, "", "Who speaks next?"])


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else "… " + line[-_LONGEST:]


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
