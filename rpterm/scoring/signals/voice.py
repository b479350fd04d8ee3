"""Whether a reply sounds like the character's example lines rather than those of other characters.

Three signals: by words, by meaning, and by the likelihood of the fixed language model. Each is a
contrast between the character's lines and as many of up to six other characters, at least three and
at most twenty lines each; confidence is 1, and 0 without that. Blind spot of all three: they
separate a voice from the contrast voices, and do not recognise a stranger that sounds like neither.
``bench voice`` measures them.

As many, because words that no voice uses count for the one with the fewest lines: with three lines
against twenty, ``voice_words`` prefers a character's own line to one of another novel in 0.39 of
pairs, with three against three in 0.56 (five: 0.43 and 0.58; twelve: 0.57 and 0.64; fourteen
novels). Lines of the same novel, which are the contrast, are told apart less well: 0.62 and 0.60.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.scoring.signals.likelihood_signal import LikelihoodSignal
from rpterm.scoring.similarity import Encode, log_mean_exp
from rpterm.scoring.texts import find_word
from rpterm.scoring.voice_classifier import VIEWS, VoiceClassifier
from rpterm.scoring.word_frequency import is_english

_LEAST_LINES = 3
_MOST_LINES = 20
_MOST_OTHERS = 6
_MOST_OTHERS_BY_LIKELIHOOD = 4
_MOST_WORDS = 40
_SHARPNESS = 4.0
_CACHED_SCENES = 8
SCALES = {"runs": 1.0, "letters": 0.6, "words": 0.75, "turns": 0.37}
"""Standard deviations of the views on the development novels, which give each view equal weight."""


class VoiceWords:
    """``voice_words``: the reply's characters, words and function words are the character's.

    - Value: the mean of the four views of ``scoring.voice_classifier`` (naive Bayes log-likelihood
      ratios against the contrast voices), each divided by its standard deviation; 0 is neutral.
    - Cost: words. Blind spot: a mood or topic of the example lines counts as voice.
    """

    name = "voice_words"
    dimension: Dimension = "behaviour"
    cost: Cost = "words"

    def __init__(self) -> None:
        self._classifiers: OrderedDict[tuple[object, ...], VoiceClassifier] = OrderedDict()

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        if not _has_contrast(scene) or not reply.strip():
            return NO_DATA
        classifier = self._classifier(scene)
        views = classifier.measure(reply)
        value = sum(views[view] / SCALES[view] for view in VIEWS) / len(VIEWS)
        return Reading(value, 1.0, tuple(_telling_words(reply, classifier, value)))

    def _classifier(self, scene: ReplyScene) -> VoiceClassifier:
        own, others = compared_lines(scene)
        key = (*own, None, *others)
        if key not in self._classifiers:
            self._classifiers[key] = VoiceClassifier(own, others)
            while len(self._classifiers) > _CACHED_SCENES:
                self._classifiers.popitem(last=False)
        return self._classifiers[key]


class VoiceMeaning:
    """``voice_meaning``: the reply means the kind of thing the character says.

    - Value: ln mean exp(K cos(reply, line)) over the character's lines, minus the mean of the same
      over the contrast voices; K = 4, 0 is neutral. The first forty words of every text are used.
    - Cost: embedding. No evidence.
    """

    name = "voice_meaning"
    dimension: Dimension = "behaviour"
    cost: Cost = "embedding"

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        if not _has_contrast(scene) or not reply.strip():
            return NO_DATA
        row = self._encode([first_words(reply)])
        own, *others = (
            float(log_mean_exp(row @ self._encode(voice).T, _SHARPNESS)[0])
            for voice in lines_to_embed(scene)
        )
        return Reading(own - float(np.mean(others)))


class VoiceLikelihood(LikelihoodSignal):
    """``voice_likelihood``: the reply is likelier after the character's lines than after others'.

    - Value: with n the tokens of the reply::

          [sum over tokens of ln p(token | own) - ln mean over others of p(token | other)] / sqrt(n)

      Each prompt is up to twenty lines of one voice, one per line, cut at forty words like the
      reply; at most four contrast voices. 0 is neutral.
    - Cost: likelihood (two evaluations of the reply per voice; prompts are cached). No evidence.
    - Variants, by the share of right pairs. The order of the lines matters to the model and to
      nobody else, so the value is the mean of two orders, one reversed: 0.782 instead of 0.773 on
      542 pairs of fourteen novels, each left out once; alone 0.757 instead of 0.733. Orders mixed
      token by token give 0.773, two prompts of ten lines each 0.764. The mixture of contrasts is
      slightly better than the mean of their logarithms: with words and meaning 0.772 against 0.765
      of 1151 pairs, each of twelve novels left out once. Clipping differences at one or two nats,
      leaving out the first tokens, and whole-line mixtures are no better.
    """

    name = "voice_likelihood"
    dimension: Dimension = "behaviour"

    def measure_until(self, reply: str, scene: ReplyScene, stopped: Callable[[], bool]) -> Reading:
        if not _has_contrast(scene) or not reply.strip():
            return NO_DATA
        own, others = compared_lines(scene)
        voices = [own, *others[:_MOST_OTHERS_BY_LIKELIHOOD]]
        prompts = [prompt(order) for voice in voices for order in (voice, voice[::-1])]
        logprobs = self._likelihood.logprobs(first_words(reply), prompts, stopped)
        if not logprobs[0]:
            return NO_DATA
        return Reading((_log_ratio(logprobs[::2]) + _log_ratio(logprobs[1::2])) / 2)


def compared_lines(scene: ReplyScene) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The lines of the character, at most twenty, and as many of each contrast voice.

    Against voices in another language, any line in the right language would sound like the
    character: an English voice is compared with English ones, another with others.
    """
    own = scene.own_lines[:_MOST_LINES]
    voices = [voice[: len(own)] for voice in scene.other_lines if len(voice) >= _LEAST_LINES]
    comparable = [voice for voice in voices if _is_english(voice) == _is_english(own)]
    return own, tuple(comparable[:_MOST_OTHERS])


@lru_cache(maxsize=64)
def _is_english(voice: tuple[str, ...]) -> bool:
    return is_english(" ".join(voice))


def lines_to_embed(scene: ReplyScene) -> list[tuple[str, ...]]:
    """The lines that ``voice_meaning`` embeds, the character's own first."""
    own, others = compared_lines(scene)
    return [tuple(first_words(line) for line in voice) for voice in (own, *others)]


def prompt(voice: Sequence[str]) -> str:
    """The lines as a text that another line of the same voice could continue."""
    return "".join(f"{first_words(line)}\n" for line in voice)


def _log_ratio(logprobs: Sequence[Sequence[float]]) -> float:
    """The formula of ``VoiceLikelihood`` for one order; the first row is the own voice's."""
    others = np.logaddexp.reduce(logprobs[1:], axis=0) - math.log(len(logprobs) - 1)
    return float(np.sum(np.asarray(logprobs[0]) - others)) / math.sqrt(len(logprobs[0]))


def first_words(line: str) -> str:
    """The first forty words of a line."""
    return " ".join(line.split()[:_MOST_WORDS])


def _has_contrast(scene: ReplyScene) -> bool:
    own, others = compared_lines(scene)
    return len(own) >= _LEAST_LINES and bool(others)


def _telling_words(reply: str, classifier: VoiceClassifier, value: float) -> list[Evidence]:
    """Where the words with the largest evidence stand."""
    note = "sounds like the examples" if value > 0 else "sounds like somebody else"
    places = ((find_word(word, reply), word) for word in classifier.telling(reply, own=value > 0))
    return [Evidence(at, at + len(word), note) for at, word in places if at >= 0]
