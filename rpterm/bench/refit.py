"""Makes the frozen terms again: ``python -m rpterm.bench.refit CONVAI2 LOCOMO PDNC [CACHE]``.

Writes to stdout. Fitted on 600 questions of ConvAI2, one or two a persona, on 200 about the talks
of LoCoMo's first two conversations, and on every novel: what a benchmark says of this very data it
says crossed, of other data as it is. CACHE is a file of likelihoods (``bench.cached``), which makes
a second run short.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rpterm.bench import persona, told, voice
from rpterm.bench.choices import FAST
from rpterm.bench.convai2 import draw, read
from rpterm.bench.locomo import read as read_talks
from rpterm.bench.opening import models
from rpterm.bench.pdnc import read as read_novels
from rpterm.bench.rivals import Rivals
from rpterm.scoring.combine import Term
from rpterm.scoring.embedding import Remembered
from rpterm.scoring.likelihood import Likelihood

VERSION = "9"
"""Of what is measured and of the weights; 9 has the weights of 8, but reads replies without the
character's own name."""
QUESTIONS = 600
_TOLD = 200
"""Questions about what was said long ago, which ConvAI2's short talks hardly have.

What people answer each other there leans less on what they know than what models answer: by the
terms of 70 such questions the score went with the grades of replies that models made
(``bench rated``, artless) by 0.644 (card) and 0.704 (talk), by those of 200 by 0.674 and 0.727.
With more weight on memory alone, set by hand, it would be more, but that is not what a fit says."""
_TOLD_DRAWN = 70
"""Of them for lines drawn from other talks, which answers about one's own talk are not."""
_TALKS = 2
_RIVALS = 4
_LINES = 12
_ASKED_LINES = 6
_MADE = (
    "Balanced logistic regressions (rpterm.bench.calibrate) by rpterm.bench.refit. Facts and "
    "memory: along the direction of a conditional logit, scaled by sums of unseen folds, on "
    "{questions} questions of ConvAI2 (valid, self original), the right reply against what others "
    "said to the {rivals} likest turns, and {told} questions about {talks} conversations of "
    "LoCoMo. 'drawn': the same questions with ConvAI2's own candidates, which are drawn from other "
    "talks, and {told_drawn} about conversations; with the language model the {asked} best each. "
    "Group 'topic' has the weights of 'drawn' and only takes away, from where a tenth of the right "
    "replies lie. Voice: "
    "{novels} novels of PDNC, {lines} lines of each of up to five characters, against voices of "
    "other novels; 'cast' against the voices of the same novel, and with the language model "
    "{asked_lines} lines each. Faults were set by hand and are not fitted: labelled replies that "
    "have them are rare."
)
# What sounds half like an assistant is as often a person who explains or thanks.
FAULTS = {
    "speaking_for_user": Term(-3.0, most=3.0),
    "addresses_itself": Term(-3.0, most=3.0),
    "assistant_voice": Term(-8.0, middle=0.5, most=4.0),
    "assistant_meaning": Term(-4.0, middle=0.5, most=2.0),
    "anachronism": Term(-3.0, most=3.0),
    "contradiction": Term(-2.0, most=2.0),
    "relations": Term(-2.0, most=2.0),
    "limits": Term(-0.7, most=1.0),
    "repetition": Term(-2.0, most=2.0),
    "parroting": Term(-1.5, most=1.5),
}


def refit(
    convai2: Path, locomo: Path, pdnc: Path, encode: Remembered, likelihood: Likelihood
) -> dict[str, Any]:
    """The table that ``scoring.frozen`` reads."""
    talks = read_talks(locomo)[:_TALKS]
    about = told.measure(told.draw(talks, _TOLD), encode, likelihood)
    people, personas = _fit_personas(convai2, about, encode, likelihood)
    outside, cast_fast, cast_slow, novels = _fit_novels(pdnc, encode, likelihood)
    # What the language model adds about a voice was measured within novels alone.
    likely = {"voice_likelihood": cast_slow["voice_likelihood"]}
    made = _MADE.format(
        questions=QUESTIONS, rivals=_RIVALS, told=len(about), talks=len(talks),
        told_drawn=_TOLD_DRAWN, asked=persona.RERANKED, novels=len(novels), lines=_LINES,
        asked_lines=_ASKED_LINES,
    )  # fmt: skip
    return {
        "version": VERSION,
        "made": made,
        "fast": _plain({**people["fast"], **outside, **FAULTS}),
        "slow": _plain({**people["slow"], **outside, **likely, **FAULTS}),
        "drawn_fast": _plain(people["drawn_fast"]),
        "drawn_slow": _plain(people["drawn_slow"]),
        "cast_fast": _plain(cast_fast),
        "cast_slow": _plain(cast_slow),
        "personas": personas,
        "talks": [talk.name for talk in talks],
        "novels": novels,
    }


def _plain(table: Mapping[str, Term]) -> dict[str, dict[str, float]]:
    return {name: asdict(term) for name, term in table.items()}


def _fit_personas(
    path: Path, about: Sequence[told.Answered], encode: Remembered, likelihood: Likelihood
) -> tuple[dict[str, dict[str, Term]], list[str]]:
    every = read(path)
    chosen, rivals = draw(every, QUESTIONS, frozenset()), Rivals(every, encode, _RIVALS)
    heard = persona.measure(chosen, rivals, encode, None, FIRST)
    told_fast, told_slow = (told.choices(about, slow=slow) for slow in (False, True))
    drawn_fast = persona.drawn_terms(heard, told_fast[:_TOLD_DRAWN], slow=False)
    asked = persona.measure(chosen, rivals, encode, likelihood, drawn_fast)
    drawn_slow = persona.drawn_terms(asked, told_slow[:_TOLD_DRAWN], slow=True)
    found = {
        "fast": persona.live_terms(heard, drawn_fast, told_fast, slow=False),
        "slow": persona.live_terms(asked, drawn_slow, told_slow, slow=True),
        "drawn_fast": drawn_fast,
        "drawn_slow": drawn_slow,
    }
    return found, sorted({question.key for question in chosen})


FIRST = {name: Term(1.0) for name in FAST}


def _fit_novels(
    path: Path, encode: Remembered, likelihood: Likelihood
) -> tuple[dict[str, Term], dict[str, Term], dict[str, Term], list[str]]:
    novels = read_novels(path, _LINES)
    heard = voice.measure(novels, novels, encode, None)
    outside = voice.fit(heard, voice.FAST, outside=True)
    cast_fast = voice.fit(heard, voice.FAST)
    fewer = read_novels(path, _ASKED_LINES)
    asked = voice.measure(fewer, fewer, encode, likelihood)
    cast_slow = voice.fit(asked, voice.SLOW)
    return outside, cast_fast, cast_slow, [novel.name for novel in novels]


def main() -> None:
    """Measure, fit and write JSON to standard output."""
    convai2, locomo, pdnc, *cache = (Path(each) for each in sys.argv[1:5])
    with models(cache[0] if cache else None) as (encode, likelihood):
        table = refit(convai2, locomo, pdnc, encode, likelihood)
    sys.stdout.write(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
