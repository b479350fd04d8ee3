"""What choosing the best of four is worth: ``python tests/bench/bestof.py [--card NAME] [--json]``.

Four replies of the model in use to each opening line of the card's own examples (that example is
left out of the prompt). The quick score chooses one of them, as ``--best-of 4`` does. Judged is by
likelihoods of the fixed scorer, which the choice does not see, and by the quick score itself, which
is biased and only shows how far the four differ. The baseline is a reply taken at random: the mean
of the four.
"""

from __future__ import annotations

import argparse
import json
import os
import sys

import numpy as np

from rpterm import config, paths
from rpterm.chat.live import shipped_cards
from rpterm.evaluation import probing
from rpterm.evaluation.metrics import LIKELIHOODS, mean_interval
from rpterm.evaluation.probing import Bench
from rpterm.evaluation.questions import builtin
from rpterm.opening.launch import Launch, find_card
from rpterm.scoring.choose import choose
from rpterm.scoring.records import scene_of
from rpterm.scoring.scorer import Score


def unseen(score: Score) -> dict[str, float]:
    """What the quick score does not know."""
    found = {name: score.readings[name] for name in LIKELIHOODS if name in score.readings}
    return {name: reading.value for name, reading in found.items() if reading.confidence > 0}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--card", default="sherlock")
    parser.add_argument("--limit", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    where = paths.find()
    launch = Launch(config.load(where.config_file, os.environ), where)
    card = find_card(asked.card, where).card
    others = tuple(each for each in shipped_cards(where.characters) if each.name != card.name)
    gains: dict[str, list[float]] = {}
    try:
        scorer = launch.scorer()
        scorer.warm(scene_of(card, others=others))
        questions = [each for each in builtin(card) if each.kind == "reference"][: asked.limit]
        for question in questions:
            played = question.card(card)
            bench = Bench(launch.engine(), launch.settings)
            (result,) = probing.run(played, bench, (1, 2, 3, 4), probes=[question.probe()])
            scene = scene_of(played, history=((False, question.user[0]),), others=others)
            replies = [trial.reply for trial in result.trials]
            quick = [scorer.cheap(reply, scene) for reply in replies]
            best = choose(quick)
            rows = [unseen(full) for r in replies if (full := scorer.full(r, scene)) is not None]
            for name in LIKELIHOODS:
                values = [row[name] for row in rows if name in row]
                if len(values) == len(replies):
                    gains.setdefault(name, []).append(values[best] - float(np.mean(values)))
            chances = [score.probability for score in quick]
            gain = chances[best] - float(np.mean(chances))
            gains.setdefault("quick_score_biased", []).append(gain)
            sys.stderr.write(f"{question.name}: {[round(c, 2) for c in chances]}\n")
    finally:
        launch.close()
    report = {name: (*mean_interval(values), len(values)) for name, values in gains.items()}
    if asked.json:
        sys.stdout.write(json.dumps(report) + "\n")
        return
    for name, (mean, low, high, many) in report.items():
        sys.stdout.write(f"{name:<20}{mean:+.3f}  ({low:+.3f} to {high:+.3f}), {many} questions\n")


if __name__ == "__main__":
    main()
