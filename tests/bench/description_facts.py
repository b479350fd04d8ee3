"""Does the score notice what only a card's description tells? Needs the shipped cards, no data.

``python tests/bench/description_facts.py [--lm]`` scores three replies to each question in
``description_facts.toml``: one that rests on the description, in other words, an evasive and a
wrong one. It prints in how many scenes the first scores above the others and the mean
probabilities, with the description among the facts and, as the baseline, without it. ``--lm`` adds
the language model's likelihoods (several minutes). The scenes were written after the change that
they measure had been thought of, by its author.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rpterm.cards.card import CharacterCard
from rpterm.cli.card_source import load_card
from rpterm.cli.scoring_setup import choose_contrast, running_scorer
from rpterm.scoring.scene import scene_of
from rpterm.scoring.scorer import Scorer

SCENES = Path(__file__).with_suffix(".toml")
_KINDS = ("right", "evasive", "wrong")


def measure(scorer: Scorer, cards: dict[str, CharacterCard], described: bool) -> dict[str, Any]:
    """Score all scenes, with or without the descriptions."""
    rows: list[Sequence[float]] = []
    contrast = choose_contrast()
    for name, scenes in tomllib.loads(SCENES.read_text(encoding="utf-8")).items():
        card = cards[name] if described else replace(cards[name], description="")
        others = contrast(card)
        for question, *replies in scenes:
            scene = scene_of(card, history=((False, question),), others=others)
            scores = [scorer.score_fully(reply, scene) for reply in replies]
            rows.append([score.probability for score in scores if score is not None])
    means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    return {
        "scenes": len(rows),
        "right above evasive": sum(row[0] > row[1] for row in rows),
        "right above wrong": sum(row[0] > row[2] for row in rows),
        **{f"mean {kind}": round(mean, 3) for kind, mean in zip(_KINDS, means, strict=True)},
    }


def main() -> None:
    """Print both measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lm", action="store_true", help="with the language model's likelihoods")
    options = parser.parse_args()
    names = tomllib.loads(SCENES.read_text(encoding="utf-8"))
    cards = {name: load_card(name) for name in names}
    with running_scorer(slow=options.lm) as scorer:
        for described in (True, False):
            label = "with the description" if described else "without it (baseline)"
            print(label, measure(scorer, cards, described))  # noqa: T201


if __name__ == "__main__":
    main()
