"""Asks a model and writes down what it answered, so that an evaluation can be taken up again.

Open questions are chats of their own, through the same path as every reply. Statements of the
personality interview are answered by one digit under a grammar.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from rpterm.asking import ask
from rpterm.cards.card import CharacterCard
from rpterm.evaluation import probing
from rpterm.evaluation.probing import Bench, Trial
from rpterm.evaluation.questions import Question
from rpterm.types import History, RptermError, Sampling

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
        card: What was played and asked: ``fingerprint``.
        rating: 1 to 5 for personality, else ``None``.
        said: What was said before the reply.
    """

    card: str
    model: str
    question: str
    kind: str
    seed: int
    reply: str
    rating: int | None = None
    said: History = ()

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
        self._write("")  # A folder that takes nothing is told before anything is asked.
        self._known: dict[tuple[str, str, str, int], Answer] = {}
        try:
            for line in _whole_lines(path):
                answer = _answer(json.loads(line))
                self._known[answer.key] = answer
        except (OSError, ValueError, TypeError) as error:
            raise RptermError(f"{path} holds no answers of an evaluation: {error}.") from None

    def __contains__(self, key: tuple[str, str, str, int]) -> bool:
        return key in self._known

    def add(self, answer: Answer) -> None:
        """Keep an answer, on disk at once."""
        self._known[answer.key] = answer
        self._write(json.dumps(asdict(answer), ensure_ascii=False) + "\n")

    def of(self, marks: Mapping[str, str], model: str, seeds: Sequence[int]) -> list[Answer]:
        """What one model is known to answer under these seeds.

        Args:
            marks: ``fingerprint`` of each question, by its name.
        """
        wanted = set(seeds)
        return [
            answer
            for answer in self._known.values()
            if answer.model == model
            and answer.card == marks.get(answer.question)
            and answer.seed in wanted
        ]

    def _write(self, text: str) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise RptermError(
                f"{self._path} cannot be written: {error.strerror}. Name another folder."
            ) from None


def _answer(raw: dict[str, Any]) -> Answer:
    said = tuple((own, text) for own, text in raw.pop("said", ()))
    return Answer(**raw, said=said)


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


def fingerprint(card: CharacterCard, question: Question, setup: str = "") -> str:
    """Tells apart what was changed between two runs: the card, what was asked, and ``setup``."""
    return sha256(repr((card, question.user, setup)).encode()).hexdigest()[:12]


def interview(
    card: CharacterCard,
    bench: Bench,
    questions: Sequence[Question],
    seeds: Sequence[int],
    answers: Answers,
    model: str,
    on_step: Callable[[str], None] = lambda name: None,
    setup: str = "",
) -> list[Answer]:
    """Ask everything that is not answered yet.

    Args:
        model: What to call this contender.
        setup: How it is set; with other settings it is asked anew.

    Returns:
        All its answers.

    Raises:
        RptermError: The model cannot be used, or an answer cannot be kept.
    """
    marks = {question.name: fingerprint(card, question, setup) for question in questions}
    for question in questions:
        mark = marks[question.name]
        left = [seed for seed in seeds if (mark, model, question.name, seed) not in answers]
        for trial, rating in _asked(card, bench, question, left) if left else ():
            if trial.reply:
                answers.add(Answer(
                    mark, model, question.name, question.kind, trial.seed, trial.reply, rating,
                    trial.said,
                ))  # fmt: skip
        for _ in seeds:
            on_step(question.name)
    return answers.of(marks, model, seeds)


def _asked(
    card: CharacterCard, bench: Bench, question: Question, seeds: Sequence[int]
) -> Iterator[tuple[Trial, int | None]]:
    if question.kind == "personality":
        for seed in seeds:
            rating = _rated(card, bench, question, seed)
            yield Trial(seed, str(rating or ""), ()), rating
        return
    (result,) = probing.run(question.card(card), bench, seeds, probes=[question.probe()])
    for trial in result.trials:
        yield trial, None


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
