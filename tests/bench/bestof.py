"""What choosing the best of four is worth: ``python tests/bench/bestof.py [CARD…] [--keep FILE]``.

Four replies of the model in use to each opening line of the cards' own examples; that example is
left out of the prompt and of the scene. The quick score chooses one of the four, as ``--best-of 4``
does. What it gains over a reply taken at random (the mean of the four) is told in numbers that the
choice does not see: how near the reply is to the example that was left out (chrF, ROUGE-L, cosine),
and the likelihoods of the fixed scorer. Beside it stands what the longest reply would gain, which
must be beaten, and the most that any choice could. The quick score's own gain is biased; it only
shows how far the four differ. Intervals are 95 %, by bootstrap over the questions. Ctrl+C tells
what was measured until then.

Starter model, 46 questions of five cards: of what any choice could gain, the quick score (which
does not ask the scorer's model) gains a third in likelihood of the voice (+0.36, +0.07 to +0.66, of
+1.01) and about a fifth in likelihood given the card (+0.028, -0.001 to +0.063, of +0.117) and the
talk (+0.019, -0.002 to +0.043, of +0.104). The example that was left out does not come nearer: chrF
-0.32 (-0.90 to +0.22) of +1.95, cosine +0.00; the longest reply loses everywhere.
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
from rpterm.chat.live import shipped_cards
from rpterm.evaluation.answers import Answers, interview
from rpterm.evaluation.metrics import LIKELIHOODS, against_references, mean_interval
from rpterm.evaluation.probing import Bench
from rpterm.evaluation.questions import Question, builtin
from rpterm.memory.embed import STARTER, WorkerEmbedder
from rpterm.models.starter import embedder_folder
from rpterm.opening.judge import open_scorer
from rpterm.opening.launch import Launch
from rpterm.scoring.choose import choose
from rpterm.scoring.records import scene_of
from rpterm.scoring.scorer import Score, Scorer

SEEDS = (1, 2, 3, 4)
CHOICES = ("score", "longest", "oracle")
OWN = "quick score (biased)"


@dataclass(frozen=True, slots=True)
class Four:
    """Four replies to one question.

    Attributes:
        values: Measure → its value for each reply.
        quick: Their quick scores.
    """

    replies: tuple[str, ...]
    quick: tuple[Score, ...]
    values: dict[str, list[float]]

    def gain(self, measure: str, choice: str) -> float:
        """How much more than a reply taken at random."""
        values = self.values[measure]
        if choice == "score":
            taken = values[choose(self.quick)]
        elif choice == "longest":
            taken = values[max(range(len(values)), key=lambda at: len(self.replies[at]))]
        else:
            taken = max(values)
        return taken - float(np.mean(values))


def fours(
    card: CharacterCard, launch: Launch, scorer: Scorer, embedder: WorkerEmbedder,
    answers: Answers, limit: int,
) -> Iterator[Four]:  # fmt: skip
    """Ask what is not answered yet, then measure."""
    others = tuple(each for each in shipped_cards(None) if each.name != card.name)
    questions = builtin(card, ("reference",))[:limit]
    bench = Bench(launch.engine(), launch.settings)
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
    scorer.warm(scene)
    quick = tuple(scorer.cheap(reply, scene) for reply in replies)
    rows = embedder.encode([*replies, question.references[0]])
    values: dict[str, list[float]] = {
        "cosine to the example": [float(row @ rows[-1]) for row in rows[:-1]],
        "words": [float(len(reply.split())) for reply in replies],
        OWN: [score.probability for score in quick],
    }
    for reply in replies:
        for name, value in against_references(reply, question.references).items():
            values.setdefault(f"{name} to the example", []).append(value)
        full = scorer.full(reply, scene)
        assert full is not None
        for name in LIKELIHOODS:
            values.setdefault(name, []).append(full.readings[name].value)
    return Four(replies, quick, values)


def report(found: list[Four]) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Measure → choice → mean gain and its interval."""
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
    parser.add_argument("cards", nargs="*", help="names of cards that ship; all without one")
    parser.add_argument("--limit", type=int, default=99, help="questions of each card")
    parser.add_argument("--keep", type=Path, help="a file of answers to go on with")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    where = paths.find()
    launch = Launch(config.load(where.config_file, os.environ), where)
    embedder = WorkerEmbedder(lambda: embedder_folder(where.cache), STARTER)
    scorer = open_scorer(launch.settings, where, embed=embedder, polite=False)
    cards = [each for each in shipped_cards(None) if not asked.cards or each.name in asked.cards]
    found: list[Four] = []
    with tempfile.TemporaryDirectory(prefix="rpterm-bench-") as folder:
        answers = Answers(asked.keep or Path(folder) / "answers.jsonl")
        try:
            for card in cards:
                for each in fours(card, launch, scorer, embedder, answers, asked.limit):
                    found.append(each)
                    sys.stderr.write(f"{card.name}: {len(found)} questions so far\n")
        except KeyboardInterrupt:
            if not found:
                raise
        finally:
            scorer.close()
            embedder.close()
            launch.close()
    told = report(found)
    if asked.json:
        sys.stdout.write(json.dumps({"questions": len(found), "gains": told}) + "\n")
        return
    sys.stdout.write(f"{len(found)} questions; gain over a reply taken at random, by choosing\n")
    for measure, gains in told.items():
        cells = "".join(
            f"  {choice} {mean:+.3f} ({low:+.3f} to {high:+.3f})"
            for choice, (mean, low, high) in gains.items()
        )
        sys.stdout.write(f"{measure:<24}{cells}\n")


if __name__ == "__main__":
    main()
