"""Fits ``scoring/assistant.json``: ``python -m rpterm.bench.refit_assistant CONVAI2 PDNC > FILE``.

Two balanced logistic regressions, one on sentence embeddings and one on words. Positive examples
are texts of assistants, complete and sentence by sentence: the planted ones (all but
``assistant_third``) and those in ``assistants.toml`` under ``learn``. Negative examples are lines
of people: samples of both datasets, half of the packaged characters' sentences, half of the clean
lines, the people in ``assistants.toml``, and planted actions of the user. ``bench planted``
evaluates on the rest.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rpterm.bench import convai2, pdnc
from rpterm.bench.bundled import read_table
from rpterm.bench.logistic import fit_logistic
from rpterm.bench.scoring_models import open_models
from rpterm.cards import library
from rpterm.cards.format import reader
from rpterm.scoring.scene import scene_of
from rpterm.scoring.signals.assistant_voice import features
from rpterm.scoring.similarity import Encode
from rpterm.scoring.texts import everyday_lines
from rpterm.text.sentences import sentences

RIDGE = 1e-2
LOWERED, RAISED = 0.2, 0.55
"""Subtracted from the intercept of the model on words, which ``signals.assistant_voice`` uses, and
added to that of the model on embeddings, of which ``signals.assistant_meaning`` uses the sum with
the other: so few friendly lines of people are flagged. With 0.75 less, assistants are found in 0.82
instead of 0.83 of the lines of ``bench planted``, with 4 instead of 7 false alarms in 291."""
_INVERSE_C = 0.1
_LEAST_WEIGHT = 0.2
"""Word features with a smaller weight are dropped."""
_PEOPLE = 3000
_NEAR_WEIGHT = 3.0
"""The sample weight of the lines closest to role-play."""
_SEED = 3
_CONSTANT_DIMENSION = 1e-6
"""Three dimensions of the embedder are always 0, up to rounding."""
_MADE = (
    "By rpterm.bench.refit_assistant: balanced logistic regressions, on vectors of "
    "all-MiniLM-L6-v2 (ridge 0.01, constant raised by 0.55) and on words, pairs and gapped pairs "
    "(L2, C = 10, constant lowered by 0.2; weights below 0.2 left out)."
)


def machines() -> list[str]:
    """What assistants say, complete and sentence by sentence."""
    known, fresh = read_table("planted.toml"), read_table("planted_fresh.toml")
    whole = [*known["develop"]["assistant"], *known["held"]["assistant"]]
    whole += [*fresh["assistant"], *fresh["assistant_second"]]
    whole += read_table("assistants.toml")["learn"]["machines"]
    parts = [part for text in whole for part in sentences(text) if len(part.split()) > 1]
    return list(dict.fromkeys([*whole, *parts]))


def near() -> list[str]:
    """What people say in stories: the negative examples closest to role-play."""
    clean = read_table("planted_fresh.toml")["clean"][:50]
    return [*characters(), *clean, *read_table("assistants.toml")["learn"]["people"]]


def deeds() -> list[str]:
    """Planted actions of the user: a violation, but not assistant register."""
    return [
        text.replace("{user}", "Tom") for text in read_table("planted_fresh.toml")["speaking"][:60]
    ]


def characters() -> list[str]:
    """A random half of the packaged characters' sentences."""
    found = [
        sentence
        for path in sorted(library.card_files(library.card_folders(None)).values())
        for line in scene_of(reader.load(path)).own_lines
        for sentence in sentences(line)
        if len(sentence.split()) > 2
    ]
    random.Random(_SEED).shuffle(found)
    return found[: len(found) // 2]


def by_meaning(people: Sequence[str], encode: Encode) -> dict[str, Any]:
    """Intercept and weights for the dimensions of a sentence embedding."""
    positive = machines()
    negative = [*people, *[each for each in near() for _ in range(int(_NEAR_WEIGHT))], *deeds()]
    rows = np.concatenate([encode(positive), encode(negative)]).astype(np.float64)
    labels = np.arange(len(rows)) < len(positive)
    weights, constant = fit_logistic(rows, labels, RIDGE)
    weights = np.where(rows.std(axis=0) < _CONSTANT_DIMENSION, 0.0, weights)
    return {
        "constant": round(constant + RAISED, 4),
        "weights": [round(float(each), 4) for each in weights],
    }


def by_words(people: Sequence[str]) -> dict[str, Any]:
    """Intercept and weights for words and pairs; features that only people use are dropped."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    positive, close = machines(), near()
    far = [part for text in [*people, *everyday_lines()[1]] for part in sentences(text)]
    known = {feature for text in positive for feature in features(text)}
    rows = [
        dict.fromkeys(sorted(features(text) & known), 1.0) for text in (*positive, *close, *far)
    ]
    labels = [True] * len(positive) + [False] * (len(close) + len(far))
    sample_weights = np.array(
        [1.0] * len(positive) + [_NEAR_WEIGHT] * len(close) + [1.0] * len(far)
    )
    sample_weights[len(positive) :] *= len(positive) / sample_weights[len(positive) :].sum()
    vectors = DictVectorizer()
    model = LogisticRegression(C=1 / _INVERSE_C, max_iter=1000)
    model.fit(vectors.fit_transform(rows), labels, sample_weight=sample_weights)
    weighed = zip(vectors.get_feature_names_out(), model.coef_[0], strict=True)
    weights = {
        str(name): round(float(weight), 2)
        for name, weight in weighed
        if abs(weight) >= _LEAST_WEIGHT
    }
    return {"constant": round(float(model.intercept_[0]) - LOWERED, 4), "weights": weights}


def people(talk: Path, novels: Path) -> list[str]:
    """Lines of people, half from ConvAI2 and half from novels, as far as they have so many."""
    chats = {text for each in convai2.read(talk) for text in each.candidates}
    prose = {x for novel in pdnc.read(novels) for voice in novel.voices for x in voice.examples}
    rng = random.Random(_SEED)
    half = _PEOPLE // 2
    return [
        line
        for lines in (chats, prose)
        for line in rng.sample(sorted(lines), min(half, len(lines)))
    ]


def main() -> None:
    """Embed, fit and write JSON to standard output."""
    lines = people(Path(sys.argv[1]), Path(sys.argv[2]))
    made = f"{_MADE} {len(machines())} sentences of assistants, {len(lines)} lines of people."
    with open_models() as (encode, _):
        found = {"made": made, "words": by_words(lines), "meaning": by_meaning(lines, encode)}
    sys.stdout.write(json.dumps(found, indent=0) + "\n")


if __name__ == "__main__":
    main()
