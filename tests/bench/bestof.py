"""The benefit of best-of-four by score: ``python tests/bench/bestof.py [CARD…] [--keep FILE]``.

- Task: the model in use answers each opening line of the cards' own examples four times; that
  example is left out of the prompt and of the scene. The quick score picks one of the four, as
  ``--best-of 4`` does.
- Metrics: the gain over a random reply (the mean of the four), in measures that the choice does not
  see: similarity to the left-out example (chrF, ROUGE-L, cosine), and the likelihoods of the fixed
  scorer. The gain in the quick score itself is biased and only shows how far the four differ.
  Intervals are 95 %, by bootstrap over the questions.
- Baselines: picking the longest reply, and the oracle, which picks the best of the four by each
  measure.

Ctrl+C reports what was measured until then.

Result with the starter model, 46 questions of five cards: of the oracle's gain, the quick score
(which does not use the scorer's language model) achieves a third in voice likelihood (+0.36, +0.07
to +0.66, of +1.01) and about a fifth in likelihood given the card (+0.028, -0.001 to +0.063, of
+0.117) and the conversation (+0.019, -0.002 to +0.043, of +0.104). Replies do not become more
similar to the left-out example: chrF -0.32 (-0.90 to +0.22) of +1.95, cosine +0.00. The longest
reply loses everywhere.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rpterm import config, paths
from rpterm.cards.card import CharacterCard
from rpterm.chat.live_scores import shipped_cards
from rpterm.evaluation.answers import Answers, interview
from rpterm.evaluation.metrics import LIKELIHOODS, against_references, mean_interval
from rpterm.evaluation.probing import ProbeSetup
from rpterm.evaluation.questions import Question, builtin
from rpterm.memory.embedding.embed import STARTER, WorkerEmbedder
from rpterm.models.starter import embedder_folder
from rpterm.scoring.best_of import best_index
from rpterm.scoring.scene import scene_of
from rpterm.scoring.scorer import Score, Scorer
from rpterm.startup.launch import Launch
from rpterm.startup.scorer import open_scorer

SEEDS = (1, 2, 3, 4)
CHOICES = ("score", "longest", "oracle")
OWN = "quick score (biased)"


@dataclass(frozen=True, slots=True)
class Four:
    """Four replies to one question.

    Attributes:
        quick: Their quick scores.
        values: The values of each measure, one per reply.
    """

    replies: tuple[str, ...]
    quick: tuple[Score, ...]
    values: dict[str, list[float]]

    def gain(self, measure: str, choice: str) -> float:
        """The value of the chosen reply minus that of a random one."""
        values = self.values[measure]
        if choice == "score":
            chosen = values[best_index(self.quick)]
        elif choice == "longest":
            chosen = values[max(range(len(values)), key=lambda at: len(self.replies[at]))]
        else:
            chosen = max(values)
        return chosen - float(np.mean(values))


def fours(
    card: CharacterCard, launch: Launch, scorer: Scorer, embedder: WorkerEmbedder,
    answers: Answers, limit: int,
) -> Iterator[Four]:  # fmt: skip
    """Generate the answers that are missing, then measure."""
    others = tuple(each for each in shipped_cards(None) if each.name != card.name)
    questions = builtin(card, ("reference",))[:limit]
    bench = ProbeSetup(launch.engine(), launch.settings)
    found = interview(card, bench, questions, SEEDS, answers, "player")
    for question in questions:
        said = tuple(each.reply for each in found if each.question == question.name)
        if len(said) == len(SEEDS):
            yield _measured(card, question, said, scorer, others, embedder)


def _measured(
    card: CharacterCard, question: Question, replies: tuple[str, ...], scorer: Scorer,
    others: tuple[CharacterCard, ...], embedder: WorkerEmbedder,
) -> Four:  # fmt: skip
    played = question.card(card)
    scene = scene_of(played, history=((False, question.user[0]),), others=others)
    scorer.warm_embeddings(scene)
    quick = tuple(scorer.score_quickly(reply, scene) for reply in replies)
    rows = embedder.encode([*replies, question.references[0]])
    values: dict[str, list[float]] = {
        "cosine to the example": [float(row @ rows[-1]) for row in rows[:-1]],
        "words": [float(len(reply.split())) for reply in replies],
        OWN: [score.probability for score in quick],
    }
    for reply in replies:
        for name, value in against_references(reply, question.references).items():
            values.setdefault(f"{name} to the example", []).append(value)
        full = scorer.score_fully(reply, scene)
        assert full is not None
        for name in LIKELIHOODS:
            values.setdefault(name, []).append(full.readings[name].value)
    return Four(replies, quick, values)


def report(found: list[Four]) -> dict[str, dict[str, tuple[float, float, float]]]:
    """For each measure and choice: the mean gain and its interval."""
    return {
        measure: {
            choice: mean_interval([each.gain(measure, choice) for each in found])
            for choice in CHOICES
        }
        for measure in found[0].values
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cards", nargs="*", help="names of shipped cards; default: all")
    parser.add_argument("--limit", type=int, default=99, help="questions per card")
    parser.add_argument("--keep", type=Path, help="a file that keeps the answers between runs")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    places = paths.find()
    launch = Launch(config.load(places.config_file, os.environ), places)
    embedder = WorkerEmbedder(lambda: embedder_folder(places.cache), STARTER)
    scorer = open_scorer(launch.settings, places, embed=embedder, polite=False)
    cards = [x for x in shipped_cards(None) if not options.cards or x.name in options.cards]
    found: list[Four] = []
    with tempfile.TemporaryDirectory(prefix="rpterm-bench-") as folder:
        answers = Answers(options.keep or Path(folder) / "answers.jsonl")
        try:
            for card in cards:
                for each in fours(card, launch, scorer, embedder, answers, options.limit):
                    found.append(each)
                    sys.stderr.write(f"{card.name}: {len(found)} questions so far\n")
        except KeyboardInterrupt:
            if not found:
                raise
        finally:
            scorer.close()
            embedder.close()
            launch.close()
    gains_by_measure = report(found)
    if options.json:
        sys.stdout.write(json.dumps({"questions": len(found), "gains": gains_by_measure}) + "\n")
        return
    sys.stdout.write(f"{len(found)} questions; gain over a random reply, by way of choosing\n")
    for measure, gains in gains_by_measure.items():
        cells = "".join(
            f"  {choice} {mean:+.3f} ({low:+.3f} to {high:+.3f})"
            for choice, (mean, low, high) in gains.items()
        )
        sys.stdout.write(f"{measure:<24}{cells}\n")


if __name__ == "__main__":
    main()
