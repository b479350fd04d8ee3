"""Does the score put a right reply above an evasive and a wrong one? Needs no data.

``python tests/bench/reply_orders.py [--lm]`` scores the three replies to each scene of
``remembered.toml`` (something said earlier in the conversation) and ``chinese.toml`` (cards in
Chinese). It prints in how many scenes the right one scores highest, and the mean probabilities.
``--lm`` adds the language model's likelihoods (many minutes).
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path
from typing import Any

from rpterm.cards.card import CharacterCard
from rpterm.cli.scoring_setup import running_scorer
from rpterm.scoring.scene import ReplyScene, scene_of
from rpterm.scoring.scorer import Scorer

FILES = ("remembered.toml", "chinese.toml")
_KINDS = ("right", "evasive", "wrong")


def measure(scorer: Scorer, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Score all replies of all scenes."""
    rows = []
    for entry in entries:
        scores = [scorer.score_fully(entry[kind], _scene(entry)) for kind in _KINDS]
        rows.append([score.probability for score in scores if score is not None])
    means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    return {
        "scenes": len(rows),
        "right above evasive": sum(row[0] > row[1] for row in rows),
        "right above wrong": sum(row[0] > row[2] for row in rows),
        **{f"mean {kind}": round(mean, 3) for kind, mean in zip(_KINDS, means, strict=True)},
    }


def _scene(entry: dict[str, Any]) -> ReplyScene:
    """The user has the last of the alternating turns."""
    count = len(entry["talk"])
    history = tuple(((count - at) % 2 == 0, text) for at, text in enumerate(entry["talk"]))
    card = CharacterCard(entry["char"], attributes=tuple(entry["facts"]))
    return scene_of(card, history=history)


def main() -> None:
    """Print the figures of each file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lm", action="store_true", help="with the language model's likelihoods")
    options = parser.parse_args()
    with running_scorer(slow=options.lm) as scorer:
        for name in FILES:
            text = Path(__file__).with_name(name).read_text(encoding="utf-8")
            print(name, measure(scorer, tomllib.loads(text)["scene"]))  # noqa: T201


if __name__ == "__main__":
    main()
