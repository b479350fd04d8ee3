"""Makes ``scoring/assistant.json``: ``python -m rpterm.bench.refit_assistant CONVAI2 PDNC > FILE``.

A balanced logistic regression on sentence vectors. Right are the planted sentences of assistants
(all but ``assistant_third``, which ``bench planted`` judges by), whole and sentence by sentence;
wrong are lines of people: drawn from both data sets, from half of what the packaged characters
say, from half of the clean lines, and planted deeds of the user.
"""

from __future__ import annotations

import json
import random
import sys
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from rpterm.bench.opening import models
from rpterm.cards import library, reader
from rpterm.scoring import convai2, pdnc
from rpterm.scoring.calibrate import fit
from rpterm.scoring.fit import Encode
from rpterm.scoring.records import scene_of
from rpterm.scoring.texts import sentences

RIDGE = 1e-2
LOWERED = 1.2
"""Taken from the constant: 0.75 then accuses one sentence of characters in a hundred."""
_PEOPLE = 3000
_SEED = 3
_DEAD = 1e-6
"""Three dimensions of the embedder are always 0 but for rounding."""
_MADE = (
    "Balanced logistic regression, ridge 0.01, on vectors of all-MiniLM-L6-v2, by "
    "rpterm.bench.refit_assistant; the constant lowered by 1.2 so that 0.75 accuses about one "
    "sentence of characters in a hundred."
)


def planted() -> tuple[list[str], list[str], list[str]]:
    """Sentences of assistants, clean lines, and deeds of the user."""

    def table(name: str) -> dict[str, Any]:
        return tomllib.loads(files("rpterm.bench").joinpath(name).read_text("utf-8"))

    known, fresh = table("planted.toml"), table("planted_fresh.toml")
    whole = [*known["develop"]["assistant"], *known["held"]["assistant"]]
    whole += [*fresh["assistant"], *fresh["assistant_second"]]
    parts = [part for text in whole for _, part in sentences(text) if len(part.split()) > 1]
    deeds = [text.replace("{user}", "Tom") for text in fresh["speaking"][:60]]
    return list(dict.fromkeys([*whole, *parts])), fresh["clean"][:50], deeds


def characters() -> list[str]:
    """Half of the sentences that the packaged characters say."""
    found = [
        sentence
        for path in sorted(library.files(library.folders(None)).values())
        for line in scene_of(reader.load(path)).own_lines
        for _, sentence in sentences(line)
        if len(sentence.split()) > 2
    ]
    random.Random(_SEED).shuffle(found)
    return found[: len(found) // 2]


def refit(people: Sequence[str], encode: Encode) -> dict[str, Any]:
    """The table of the package."""
    right, clean, deeds = planted()
    # What is nearest to role-play counts three times.
    wrong = [*people, *[each for each in (*characters(), *clean) for _ in range(3)], *deeds]
    rows = np.concatenate([encode(right), encode(wrong)]).astype(np.float64)
    labels = np.arange(len(rows)) < len(right)
    weights, constant = fit(rows, labels, RIDGE)
    weights = np.where(rows.std(axis=0) < _DEAD, 0.0, weights)
    return {
        "made": f"{_MADE} {len(right)} sentences of assistants, {len(people)} lines of people.",
        "constant": round(constant - LOWERED, 4),
        "weights": [round(float(each), 4) for each in weights],
    }


def main() -> None:
    """Embed, fit and write JSON to standard output."""
    lines = [text for each in convai2.read(Path(sys.argv[1])) for text in each.candidates]
    novels = pdnc.read(Path(sys.argv[2]))
    lines += [x for novel in novels for voice in novel.voices for x in voice.examples]
    people = random.Random(_SEED).sample(sorted(set(lines)), _PEOPLE)
    with models() as (encode, _):
        sys.stdout.write(json.dumps(refit(people, encode)) + "\n")


if __name__ == "__main__":
    main()
