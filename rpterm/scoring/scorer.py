"""The Scorer turns one reply in its scene into a probability, with the readings that led to it.

``score_quickly`` uses words, and embeddings where the embedder is ready and already knows the card;
it runs right after the last token. ``score_fully`` also asks the fixed language model; it runs when
idle and can be stopped. Which signals count, and how much, was fitted: see ``combine`` and
``coefficients``. Knows no chat, no store and no screen.

Only signals on words measure a reply that is not in English. The others are contrasts with English
lines, and any two lines in another language are more alike than they are like those: an evasive
reply to a Chinese, German, French, Russian, Japanese or Korean card scored 0.74 to 0.91, and its
English translation 0.15. Of 16 scenes with Chinese cards the score prefers the right reply to an
evasive and to a wrong one in 16, with those signals as without; its means are 0.84, 0.41 and 0.31
(with them, in version 12: 0.99, 0.82 and 0.85) (``tests/bench/reply_orders.py``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpterm.errors import RptermError
from rpterm.scoring import word_frequency
from rpterm.scoring.coefficients import load_coefficients
from rpterm.scoring.combine import (
    confidence_interval,
    dimension_values,
    log_odds,
    sigmoid,
    standard_deviation,
)
from rpterm.scoring.embedding import Embedder, EmbeddingCache
from rpterm.scoring.embedding_folder import EmbeddingFolder
from rpterm.scoring.likelihood import Likelihood, Stopped
from rpterm.scoring.nli import NliModel
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Reading, Signal
from rpterm.scoring.signals.card_and_context import own_words, recent_text
from rpterm.scoring.signals.voice import first_words, lines_to_embed
from rpterm.scoring.similarity import ContrastiveSimilarity
from rpterm.text.sentences import sentences

if TYPE_CHECKING:
    from rpterm.scoring.signal import PatientSignal

_MOST_TO_EMBED = 4
"""Texts that may be embedded between the last token and the score."""


@dataclass(frozen=True, slots=True)
class Score:
    """How far a reply is in character.

    Attributes:
        probability: That the reply is this character's and not what somebody else would say in its
            place, both being equally likely a priori. Calibrated: see ``rpterm bench persona``
            (``ece_on_topic``) and ``bench voice``.
        low, high: A 90 % interval: the uncertainty of the fitted weights and, where slow signals
            are missing or cannot read the language, their typical contribution. It does not cover
            chats unlike the labelled data.
        dimensions: 0 to 1 each; ``None`` if no signal of the dimension had data.
        readings: By signal, with evidence; a ``confidence`` of 0 means no data.
        complete: Whether the slow signals are included.
        version: Of the coefficients; scores of different versions are not comparable.
    """

    probability: float
    low: float
    high: float
    dimensions: Mapping[Dimension, float | None]
    readings: Mapping[str, Reading]
    complete: bool
    version: str


class Scorer:
    """Scores replies. Thread-safe.

    Args:
        embed: Computes sentence embeddings; ``None`` skips the signals that need them.
        kept: A folder for the embeddings of the everyday lines and of the cards' facts and lines;
            ``None`` recomputes them.
        likelihood: The fixed language model; ``None`` skips the signals that need it.
        infer: An NLI model for contradictions; ``None`` finds them by rules only.
        signals: Use these instead of all signals that the other arguments allow.
    """

    def __init__(
        self,
        *,
        embed: Embedder | None = None,
        kept: EmbeddingFolder | None = None,
        likelihood: Likelihood | None = None,
        infer: NliModel | None = None,
        signals: Sequence[Signal] | None = None,
    ) -> None:
        from rpterm.scoring.signals.registry import available_signals

        self._embeddings = EmbeddingCache(embed) if embed is not None else None
        self._similarity = (
            ContrastiveSimilarity(self._embeddings, kept) if self._embeddings is not None else None
        )
        self._kept = kept
        self._likelihood = likelihood
        self._signals = tuple(
            signals
            if signals is not None
            else available_signals(self._similarity, likelihood, infer)
        )
        self._coefficients = load_coefficients()
        self._lock = threading.Lock()

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The signals it measures, in order of cost."""
        return self._signals

    def score_quickly(self, reply: str, scene: ReplyScene) -> Score:
        """Score by words, and by embeddings if few are missing: within 150 ms."""
        if unread := self._unreadable(reply, scene):
            return self._score(self._measure("words", reply, scene) | unread, unread)
        embeddings = self._embeddings_at_hand(reply, scene)
        wait = (
            embeddings.start_embedding(_texts_of(reply, scene)) if embeddings is not None else None
        )
        readings = self._measure("words", reply, scene)
        if wait is not None:
            wait()
            readings |= self._measure("embedding", reply, scene)
        return self._score(readings)

    def _measure(self, cost: Cost, reply: str, scene: ReplyScene) -> dict[str, Reading]:
        signals = (signal for signal in self._signals if signal.cost == cost)
        return {signal.name: signal.measure(reply, scene) for signal in signals}

    def _unreadable(self, reply: str, scene: ReplyScene) -> dict[str, Reading]:
        """Empty readings of the signals that cannot read the reply's language."""
        read = readable(self._signals, reply, scene)
        return {signal.name: NO_DATA for signal in self._signals if signal not in read}

    def warm_embeddings(self, scene: ReplyScene) -> None:
        """Embed what stays the same from turn to turn, for ``score_quickly`` to use.

        Blocks.

        Raises:
            RptermError: The embedder cannot be used.
        """
        word_frequency.load()
        if self._embeddings is not None and self._similarity is not None:
            self._similarity.warm()
            self._load_kept(self._embeddings, scene)
            # The name is in no file: at least one text, to start the embedder.
            self._embeddings([scene.char, *_lasting_texts(scene)])

    def _load_kept(self, embeddings: EmbeddingCache, scene: ReplyScene) -> None:
        """Load the embeddings of the cards' lines, or compute and store them."""
        if (kept := self._kept) is None:
            return
        for lines in (tuple(fact.text for fact in scene.facts), *lines_to_embed(scene)):
            if embeddings.missing(lines):
                rows = kept.rows(lines, embeddings)
                embeddings.put(dict(zip(lines, rows, strict=True)))

    def warm_models(self, reply: str, scene: ReplyScene) -> None:
        """``warm_embeddings`` for a first reply somebody waits for: both models load in parallel.

        The language model's answers about the reply are cached, so ``score_fully`` does not ask
        twice. If the model cannot be used, ``score_fully`` reports it.

        Raises:
            RptermError: The embedder cannot be used.
        """
        slow_signals = [each for each in self._signals if each.cost == "likelihood"]
        if not slow_signals or self._unreadable(reply, scene):
            return self.warm_embeddings(scene)

        def measure() -> None:
            for signal in slow_signals:
                with suppress(RptermError):
                    signal.measure(reply, scene)

        thread = threading.Thread(target=measure, name="likelihood", daemon=True)
        thread.start()
        self.warm_embeddings(scene)
        thread.join()
        return None

    def read_ahead(self, reply: str, scene: ReplyScene) -> None:
        """Embed the finished part of a growing reply, so that its score takes less time.

        Raises:
            RptermError: The embedder cannot be used.
        """
        texts = [] if self._unreadable(reply, scene) else _finished_texts_of(reply, scene)
        if texts and self._embeddings is not None and self._embeddings.ready:
            self._embeddings(texts)

    def score_fully(
        self, reply: str, scene: ReplyScene, stopped: Callable[[], bool] = lambda: False
    ) -> Score | None:
        """Score with every signal; ``None`` if ``stopped`` returned true in between.

        A signal whose model fails has no data, and the score is then not complete.
        """
        unread = self._unreadable(reply, scene)
        readings, failed = dict(unread), False
        with self._lock:
            for signal in (each for each in self._signals if each.name not in readings):
                if stopped():
                    return None
                try:
                    readings[signal.name] = _measured(signal, reply, scene, stopped)
                except Stopped:
                    return None
                except RptermError:
                    readings[signal.name], failed = NO_DATA, True
        return self._score(readings, unread, complete=not failed)

    def close(self) -> None:
        """End the language model's process; the embedder belongs to the caller."""
        if self._likelihood is not None:
            self._likelihood.close()

    def _embeddings_at_hand(self, reply: str, scene: ReplyScene) -> EmbeddingCache | None:
        """The embeddings, if they are ready and already hold nearly all that stays the same."""
        if self._embeddings is None or self._similarity is None:
            return None
        if not (self._embeddings.ready and self._similarity.warmed):
            return None
        missing = self._embeddings.missing([reply, scene.asked, *_lasting_texts(scene)])
        return self._embeddings if missing <= _MOST_TO_EMBED else None

    def _score(
        self,
        readings: Mapping[str, Reading],
        unread: Collection[str] = (),
        complete: bool = False,
    ) -> Score:
        has_likelihood = any(
            each.cost == "likelihood" and readings.get(each.name, NO_DATA).confidence > 0
            for each in self._signals
        )
        slow = self._coefficients.slow
        terms = slow if has_likelihood else self._coefficients.fast
        names = [each.name for each in self._signals]
        unmeasured = {each for each in names if each not in readings and not complete}
        waiting = [slow[each] for each in names if each in unmeasured | {*unread} and each in slow]
        total = log_odds(readings, terms)
        low, high = confidence_interval(total, standard_deviation(readings, terms, waiting))
        dimension_of = {each.name: each.dimension for each in self._signals}
        return Score(
            probability=sigmoid(total),
            low=low,
            high=high,
            dimensions=dimension_values(readings, terms, dimension_of),
            readings=dict(readings),
            complete=complete,
            version=self._coefficients.version,
        )


def readable(signals: Sequence[Signal], reply: str, scene: ReplyScene) -> Sequence[Signal]:
    """The signals that read the language of a reply: all of them read English, some only that."""
    if word_frequency.is_english(f"{scene.asked} {reply}"):
        return signals
    return [signal for signal in signals if signal.cost == "words"]


def _lasting_texts(scene: ReplyScene) -> list[str]:
    """The texts to embed that were there before the last turn."""
    voices = (line for voice in lines_to_embed(scene) for line in voice)
    return [*(line.text for line in scene.known), *voices]


def _texts_of(reply: str, scene: ReplyScene) -> list[str]:
    """The texts that the signals embed for a finished reply."""
    compared = own_words(reply, scene)
    return [
        *_context_texts(scene),
        reply,
        first_words(reply),
        *sentences(reply),
        compared,
        *sentences(compared),
    ]


def _finished_texts_of(reply: str, scene: ReplyScene) -> list[str]:
    """Those of ``_texts_of`` that will not change while the reply grows."""
    beginning = first_words(reply)
    compared = own_words(reply, scene)
    finished = [*sentences(reply)[:-1], *sentences(compared)[:-1]]
    if beginning and beginning != " ".join(reply.split()):  # Longer than what is cut off.
        finished.insert(0, beginning)
    return [*_context_texts(scene), *finished]


def _context_texts(scene: ReplyScene) -> list[str]:
    """What the reply answers, in each form in which the signals embed it."""
    return [text for text in (scene.asked, scene.last, recent_text(scene)) if text]


def _measured(
    signal: Signal | PatientSignal, reply: str, scene: ReplyScene, stopped: Callable[[], bool]
) -> Reading:
    """Measure one signal; slow signals check ``stopped`` meanwhile."""
    measure_until = getattr(signal, "measure_until", None)
    if measure_until is None:
        return signal.measure(reply, scene)
    reading: Reading = measure_until(reply, scene, stopped)
    return reading
