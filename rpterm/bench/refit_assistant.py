"""Makes ``scoring/assistant.json``: ``python -m rpterm.bench.refit_assistant CONVAI2 PDNC > FILE``.

Two balanced logistic regressions, one on sentence vectors and one on words. Right are sentences of
assistants, whole and sentence by sentence: the planted ones (all but ``assistant_third``) and
those of ``assistants.toml`` under ``learn``. Wrong are lines of people: drawn from both data sets,
half of what the packaged characters say, half of the clean lines, the people of
``assistants.toml``, and planted deeds of the user. ``bench planted`` judges by the rest.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rpterm.bench import convai2, pdnc
from rpterm.bench.calibrate import fit
from rpterm.bench.opening import models
from rpterm.bench.written import read_table
from rpterm.cards import library, reader
from rpterm.scoring.fit import Encode
from rpterm.scoring.records import scene_of
from rpterm.scoring.signals.assistant import features
from rpterm.scoring.texts import everyday
from rpterm.sentences import sentences

RIDGE = 1e-2
LOWERED = 1.7
RAISED = 1.3
"""Taken from the constant of meaning, and added to that of words: 0.75 then accuses about one line
of the packaged characters in a hundred, and one in twenty-five with polite people among them."""
_PULL = 0.1
_LEAST = 0.2
"""Smaller weights of words are left out."""
_PEOPLE = 3000
_NEAR = 3.0
"""What is nearest to role-play counts three times."""
_SEED = 3
_DEAD = 1e-6
"""Three dimensions of the embedder are always 0 but for rounding."""
_MADE = (
    "By rpterm.bench.refit_assistant: balanced logistic regressions, on vectors of "
    "all-MiniLM-L6-v2 (ridge 0.01, constant lowered by 1.7) and on words, pairs and gapped pairs "
    "(L2, C = 10, constant raised by 1.3; weights below 0.2 left out)."
)


def machines() -> list[str]:
    """What assistants say, whole and sentence by sentence."""
    known, fresh = read_table("planted.toml"), read_table("planted_fresh.toml")
    whole = [*known["develop"]["assistant"], *known["held"]["assistant"]]
    whole += [*fresh["assistant"], *fresh["assistant_second"]]
    whole += read_table("assistants.toml")["learn"]["machines"]
    parts = [part for text in whole for part in sentences(text) if len(part.split()) > 1]
    return list(dict.fromkeys([*whole, *parts]))


def near() -> list[str]:
    """What people say in stories, written for rpterm."""
    clean = read_table("planted_fresh.toml")["clean"][:50]
    return [*characters(), *clean, *read_table("assistants.toml")["learn"]["people"]]


def deeds() -> list[str]:
    """Planted deeds of the user: another break, but no assistant's."""
    return [
        text.replace("{user}", "Tom") for text in read_table("planted_fresh.toml")["speaking"][:60]
    ]


def characters() -> list[str]:
    """Half of the sentences that the packaged characters say."""
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
    """Weights of the dimensions of a sentence vector."""
    right = machines()
    wrong = [*people, *[each for each in near() for _ in range(int(_NEAR))], *deeds()]
    rows = np.concatenate([encode(right), encode(wrong)]).astype(np.float64)
    labels = np.arange(len(rows)) < len(right)
    weights, constant = fit(rows, labels, RIDGE)
    weights = np.where(rows.std(axis=0) < _DEAD, 0.0, weights)
    return {
        "constant": round(constant - LOWERED, 4),
        "weights": [round(float(each), 4) for each in weights],
    }


def by_words(people: Sequence[str]) -> dict[str, Any]:
    """Weights of words and pairs that assistants use; words of ``people`` alone are not kept."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    right, close = machines(), near()
    far = [part for text in [*people, *everyday()[1]] for part in sentences(text)]
    known = Counter(each for text in right for each in features(text))
    rows = [dict.fromkeys(features(text) & known.keys(), 1.0) for text in (*right, *close, *far)]
    labels = [True] * len(right) + [False] * (len(close) + len(far))
    shares = np.array([1.0] * len(right) + [_NEAR] * len(close) + [1.0] * len(far))
    shares[len(right) :] *= len(right) / shares[len(right) :].sum()
    vectors = DictVectorizer()
    model = LogisticRegression(C=1 / _PULL, max_iter=1000)
    model.fit(vectors.fit_transform(rows), labels, sample_weight=shares)
    weighed = zip(vectors.get_feature_names_out(), model.coef_[0], strict=True)
    kept = {str(name): round(float(each), 2) for name, each in weighed if abs(each) >= _LEAST}
    return {"constant": round(float(model.intercept_[0]) + RAISED, 4), "weights": kept}


def people(talk: Path, novels: Path) -> list[str]:
    """Lines of people, half out of ConvAI2 and half out of novels, where these have as many."""
    said = {text for each in convai2.read(talk) for text in each.candidates}
    told = {x for novel in pdnc.read(novels) for voice in novel.voices for x in voice.examples}
    rng = random.Random(_SEED)
    half = _PEOPLE // 2
    return [
        line for lines in (said, told) for line in rng.sample(sorted(lines), min(half, len(lines)))
    ]


def main() -> None:
    """Embed, fit and write JSON to standard output."""
    lines = people(Path(sys.argv[1]), Path(sys.argv[2]))
    made = f"{_MADE} {len(machines())} sentences of assistants, {len(lines)} lines of people."
    with models() as (encode, _):
        found = {"made": made, "words": by_words(lines), "meaning": by_meaning(lines, encode)}
    sys.stdout.write(json.dumps(found, indent=0) + "\n")


if __name__ == "__main__":
    main()
