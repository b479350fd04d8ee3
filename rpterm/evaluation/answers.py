"""Asks a model the questions of an evaluation and saves its answers, so that it can be resumed.

Each open question is a chat of its own, generated in the same way as every reply. Statements of the
personality interview are answered with one digit, enforced by a grammar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rpterm.cards.card import CharacterCard
from rpterm.evaluation import probing
from rpterm.evaluation.probing import ProbeSetup, Trial
from rpterm.evaluation.questions import Question
from rpterm.evaluation.result_cache import AppendOnlyFile, cache_key
from rpterm.prompt.oneshot import ask
from rpterm.types import History, Sampling

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
        card: The ``fingerprint`` of card, question and settings.
        rating: 1 to 5 for a statement of the personality interview, else ``None``.
        said: The turns before the reply.
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


class Answers:
    """All answers of an evaluation, saved in a file."""

    def __init__(self, path: Path) -> None:
        """Load the answers.

        Raises:
            RptermError: The file cannot be used, or contains something else.
        """
        self._file = AppendOnlyFile(path, '{"card": ', "answers of an evaluation")
        self._known = {answer.key: answer for answer in self._file.read(_answer)}

    def __contains__(self, key: tuple[str, str, str, int]) -> bool:
        return key in self._known

    def add(self, answer: Answer) -> None:
        """Add an answer and save it at once."""
        self._known[answer.key] = answer
        self._file.add(asdict(answer))

    def of(self, marks: Mapping[str, str], model: str, seeds: Sequence[int]) -> list[Answer]:
        """One model's saved answers with these seeds.

        Args:
            marks: The ``fingerprint`` of each question, by its name.
            model: The model's name.
            seeds: The seeds.
        """
        wanted = set(seeds)
        return [
            answer
            for answer in self._known.values()
            if answer.model == model
            and answer.card == marks.get(answer.question)
            and answer.seed in wanted
        ]


def _answer(raw: dict[str, Any]) -> Answer:
    said = tuple((is_character, text) for is_character, text in raw.pop("said", ()))
    return Answer(**raw, said=said)


def fingerprint(card: CharacterCard, question: Question, setup: str = "") -> str:
    """A hash that changes with the card, the question and the settings (``setup``)."""
    return cache_key(card, question.user, setup)[:12]


def interview(
    card: CharacterCard,
    bench: ProbeSetup,
    questions: Sequence[Question],
    seeds: Sequence[int],
    answers: Answers,
    model: str,
    on_step: Callable[[str], object] = lambda name: None,
    setup: str = "",
) -> list[Answer]:
    """Ask a model everything that it has not answered yet.

    Args:
        card: The character.
        bench: The engine and its settings.
        questions: What to ask.
        seeds: One answer to each question for each seed.
        answers: The saved answers; new ones are added.
        model: The model's name in the report.
        on_step: Called with the question's name for each of its answers.
        setup: The model's settings; with other settings everything is asked anew.

    Returns:
        All its answers.

    Raises:
        RptermError: The model cannot be used, or an answer cannot be saved.
    """
    marks = {question.name: fingerprint(card, question, setup) for question in questions}
    for question in questions:
        mark = marks[question.name]
        missing = [seed for seed in seeds if (mark, model, question.name, seed) not in answers]
        for trial, rating in _ask(card, bench, question, missing) if missing else ():
            if trial.reply:
                answers.add(Answer(
                    mark, model, question.name, question.kind, trial.seed, trial.reply, rating,
                    trial.history,
                ))  # fmt: skip
        for _ in seeds:
            on_step(question.name)
    return answers.of(marks, model, seeds)


def _ask(
    card: CharacterCard, bench: ProbeSetup, question: Question, seeds: Sequence[int]
) -> Iterator[tuple[Trial, int | None]]:
    if question.kind == "personality":
        for seed in seeds:
            rating = _ask_rating(card, bench, question, seed)
            yield Trial(seed, str(rating or ""), ()), rating
        return
    (result,) = probing.run(question.card(card), bench, seeds, probes=[question.probe()])
    for trial in result.trials:
        yield trial, None


def _ask_rating(
    card: CharacterCard, bench: ProbeSetup, question: Question, seed: int
) -> int | None:
    lines = (*card.attributes, *card.relations, *card.style) or (card.description,)
    system = _SYSTEM.format(char=card.char, about=" ".join(lines)[:2000])
    sampling = Sampling(
        seed=seed, max_tokens=2, temperature=1.0, min_p=0.0, repeat_penalty=1.0,
        dry_multiplier=0.0, grammar=_RATING,
    )  # fmt: skip
    answer = ask(bench.engine, system, f"Statement: {question.user[0]}", sampling).strip()
    return int(answer[0]) if answer[:1] in tuple("12345") else None
