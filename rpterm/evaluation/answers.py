"""Asks a model and writes down what it answered, so that an evaluation can be taken up again.

Open questions are chats of their own, through the same path as every reply. Statements of the
personality interview are answered by one digit under a grammar.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from rpterm.cards.card import CharacterCard
from rpterm.evaluation import probing
from rpterm.evaluation.probing import Bench
from rpterm.evaluation.questions import Question
from rpterm.prompt.asking import ask
from rpterm.types import RptermError, Sampling

_FILE = re.compile(r"[^\s=]+\.gguf")
_RATING = "root ::= [1-5]"
_SYSTEM = (
    "You are {char}. {about}\n\nSomebody reads statements to you. Answer as {char} would, with one "
    "digit and nothing else: 1 is not me at all, 2 is hardly me, 3 is partly me, 4 is much like "
    "me, 5 is exactly me."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes:
        card: The start of the hash of what was played.
        rating: 1 to 5 for personality, else ``None``.
    """

    card: str
    model: str
    question: str
    kind: str
    seed: int
    reply: str
    rating: int | None = None

    @property
    def key(self) -> tuple[str, str, str, int]:
        return self.card, self.model, self.question, self.seed


_BEGINS = '{"card": '


class Answers:
    """All answers of one evaluation: a file of JSON lines that only grows."""

    def __init__(self, path: Path) -> None:
        """Raises:
        RptermError: The file cannot be read or is another one, or its folder cannot be made.
        """
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RptermError(
                f"{path.parent} is no folder for answers: {error.strerror}. Name another one."
            ) from None
        self._known: dict[tuple[str, str, str, int], Answer] = {}
        try:
            for line in _whole_lines(path) if path.exists() else ():
                answer = Answer(**json.loads(line))
                self._known[answer.key] = answer
        except (OSError, ValueError, TypeError) as error:
            raise RptermError(f"{path} holds no answers of an evaluation: {error}.") from None

    def __contains__(self, key: tuple[str, str, str, int]) -> bool:
        return key in self._known

    def add(self, answer: Answer) -> None:
        """Keep an answer, on disk at once."""
        self._known[answer.key] = answer
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(answer), ensure_ascii=False) + "\n")

    def of(self, card: str, questions: Sequence[Question], seeds: Sequence[int]) -> list[Answer]:
        """What is known of these questions under these seeds, by all models."""
        names, wanted = {question.name for question in questions}, set(seeds)
        return [
            answer
            for answer in self._known.values()
            if answer.card == card and answer.question in names and answer.seed in wanted
        ]


def _whole_lines(path: Path) -> list[str]:
    """The lines of a file of answers; one that was cut while it was written is taken out of it."""
    # Not splitlines(): other separators may stand within a reply.
    *lines, last = path.read_text(encoding="utf-8").split("\n")
    if last.startswith(_BEGINS):
        lines += [last] if last.endswith("}") else []  # whole, but an editor took its line end
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")
    elif last:
        lines.append(last)
    return lines


def fingerprint(card: CharacterCard) -> str:
    """Tells cards apart that were changed between two runs."""
    return sha256(repr(card).encode()).hexdigest()[:12]


def interview(
    card: CharacterCard,
    bench: Bench,
    questions: Sequence[Question],
    seeds: Sequence[int],
    answers: Answers,
    model: str,
    on_step: Callable[[str], None] = lambda name: None,
) -> None:
    """Ask everything that is not answered yet.

    Args:
        model: What to call this contender.

    Raises:
        RptermError: The model cannot be used.
    """
    mark = fingerprint(card)
    for question in questions:
        left = [seed for seed in seeds if (mark, model, question.name, seed) not in answers]
        for seed, reply, rating in _asked(card, bench, question, left) if left else ():
            if reply:
                answers.add(Answer(mark, model, question.name, question.kind, seed, reply, rating))
        for _ in seeds:
            on_step(question.name)


def _asked(
    card: CharacterCard, bench: Bench, question: Question, seeds: Sequence[int]
) -> Iterator[tuple[int, str, int | None]]:
    if question.kind == "personality":
        for seed in seeds:
            rating = _rated(card, bench, question, seed)
            yield seed, str(rating or ""), rating
        return
    (result,) = probing.run(question.card(card), bench, seeds, probes=[question.probe()])
    for seed, trial in zip(seeds, result.trials, strict=True):
        yield seed, trial.reply, None


def _rated(card: CharacterCard, bench: Bench, question: Question, seed: int) -> int | None:
    lines = (*card.attributes, *card.relations, *card.style) or (card.description,)
    system = _SYSTEM.format(char=card.char, about=" ".join(lines)[:2000])
    sampling = Sampling(
        seed=seed, max_tokens=2, temperature=1.0, min_p=0.0, repeat_penalty=1.0,
        dry_multiplier=0.0, grammar=_RATING,
    )  # fmt: skip
    said = ask(bench.engine, system, f"Statement: {question.user[0]}", sampling).strip()
    return int(said[0]) if said[:1] in tuple("12345") and said else None


def short_names(models: Sequence[str]) -> dict[str, str]:
    """What a report calls models: files by their names alone, while that tells them apart."""
    short = {model: _FILE.sub(lambda found: Path(found[0]).stem, model) for model in models}
    return short if len(set(short.values())) == len(short) else {model: model for model in models}
