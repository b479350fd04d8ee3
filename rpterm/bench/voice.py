"""Speaker verification on novels, by voice: ``rpterm bench voice --pdnc DIR``.

- Task: given a line of a character and a line of equal length (within two words or 15 %) of another
  character of the same novel, which is the character's? Each voice is known by twenty example
  lines; the contrast is the example lines of the novel's other speakers, nothing else of the novel.
- Metrics: ``pairwise`` (win rate over pairs); ``top1``, the share of lines for which the speaker's
  voice ranks first among the novel's two to five voices; the expected calibration error (ECE) with
  ``_interval`` and ``_noise`` as in ``bench persona``. Bootstraps resample whole novels.
- ``outside``: the same with voices of two other novels as the only contrast, as in a chat, where
  the contrasts are other cards.
- Baselines: ``_no_lm`` without the language model, ``ablations`` with one signal left out or alone.
- Protocol: novels in the training data of the coefficients are left out. With ``--crossed``, or if
  all novels are in the training data, none is: each novel's terms are fitted on the others.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rpterm.bench import scoring_models
from rpterm.bench.logistic import fit_terms
from rpterm.bench.metrics import Judged, balanced_bins, calibration_figures, mean_figures, win_rate
from rpterm.bench.pdnc import Novel, read
from rpterm.bench.progress import ReportProgress
from rpterm.bench.reliability_diagram import draw_reliability_diagram
from rpterm.errors import RptermError
from rpterm.scoring.coefficients import Coefficients, load_coefficients
from rpterm.scoring.combine import Term, log_odds, sigmoid
from rpterm.scoring.embedding import EmbeddingCache
from rpterm.scoring.likelihood import Likelihood
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import Reading, Signal
from rpterm.scoring.signals.voice import VoiceLikelihood, VoiceMeaning, VoiceWords

FAST = ("voice_words", "voice_meaning")
SLOW = (*FAST, "voice_likelihood")
_LINES = 4
_OTHERS = 3
TableOf = Callable[[str], Coefficients]
"""Maps a novel's name to the coefficients to judge it by."""
TermsOf = Callable[[str], Mapping[str, Term]]
"""Maps a novel's name to one of the tables of these coefficients."""


@dataclass(frozen=True, slots=True)
class MeasuredLine:
    """A line measured against one voice of its novel.

    Attributes:
        line: Identifies the line: the novel, the index of the speaker, the index of the line.
        words: The length of the line.
        voice: The index of the voice it was measured against.
        values: By signal, with the novel's other voices as contrast.
        outside: The same with other novels' voices as contrast.
    """

    line: tuple[str, int, int]
    words: int
    voice: int
    values: Mapping[str, float]
    outside: Mapping[str, float]

    @property
    def own(self) -> bool:
        """Whether the voice is that of the line's speaker."""
        return self.line[1] == self.voice


def run(
    step: ReportProgress,
    pdnc: Path,
    limit: int | None = None,
    cache: Path | None = None,
    picture: Path | None = None,
    crossed: bool = False,
) -> dict[str, Any]:
    """Measure the novels that the coefficients were not fitted on, or cross-validate on all."""
    table = load_coefficients()
    novels = read(pdnc, _LINES if limit is None else max(1, limit))
    unseen = [novel for novel in novels if novel.name not in table.novels]
    crossed = crossed or not unseen
    chosen = novels if crossed else unseen
    with scoring_models.open_models(cache) as (encode, likelihood):
        heard = measure(chosen, novels, encode, likelihood, step)
    figures = report(heard, cross_validate(heard, table) if crossed else lambda _: table)
    if picture is not None:
        draw_reliability_diagram(figures["reliability"], picture, "In character, novels")
    return {"crossed": crossed, **figures}


def measure(
    chosen: Sequence[Novel],
    novels: Sequence[Novel],
    encode: EmbeddingCache,
    likelihood: Likelihood | None,
    step: ReportProgress = lambda done, total: None,
) -> list[MeasuredLine]:
    """Measure every line of the chosen novels against every voice of its novel.

    Args:
        novels: Where the contrast voices of ``outside`` come from.
    """
    fast_signals: list[Signal] = [VoiceWords(), VoiceMeaning(encode)]
    signals = list(fast_signals)
    if likelihood is not None:
        signals.append(VoiceLikelihood(likelihood))
    total = sum(len(voice.tested) * len(novel.voices) for novel in chosen for voice in novel.voices)
    heard: list[MeasuredLine] = []
    for novel in chosen:
        others = _outside(novel, novels)
        for at, voice in enumerate(novel.voices):
            cast = tuple(each.examples for each in novel.voices if each is not voice)
            near = ReplyScene(own_lines=voice.examples, other_lines=cast)
            far = ReplyScene(own_lines=voice.examples, other_lines=others)
            for line, text in _lines(novel):
                inside = {each.name: each.measure(text, near).value for each in signals}
                outside = {each.name: each.measure(text, far).value for each in fast_signals}
                heard.append(MeasuredLine(line, len(text.split()), at, inside, outside))
                step(len(heard), total)
    return heard


def _lines(novel: Novel) -> Iterator[tuple[tuple[str, int, int], str]]:
    for speaker, voice in enumerate(novel.voices):
        for at, text in enumerate(voice.tested):
            yield (novel.name, speaker, at), text


def _outside(novel: Novel, novels: Sequence[Novel]) -> tuple[tuple[str, ...], ...]:
    """Three voices of each of the two novels that come after this one."""
    names = [each.name for each in novels]
    at = names.index(novel.name)
    after = [novels[(at + more) % len(novels)] for more in (1, 2)]
    return tuple(voice.examples for each in after if each is not novel for voice in each.voices[:3])


def pairs(heard: Sequence[MeasuredLine]) -> list[tuple[MeasuredLine, MeasuredLine]]:
    """Pairs of a line and another speaker's line, both measured against the first one's voice."""
    found = []
    for own in (each for each in heard if each.own):
        near = [
            each
            for each in heard
            if each.line[0] == own.line[0]
            and each.voice == own.voice
            and not each.own
            and abs(each.words - own.words) <= max(2, 0.15 * own.words)
        ]
        sample = random.Random(str(own.line)).sample(near, min(_OTHERS, len(near)))
        found += [(own, each) for each in sample]
    return found


def fit(
    heard: Sequence[MeasuredLine], names: Sequence[str], *, outside: bool = False
) -> dict[str, Term]:
    """Terms that separate a voice from those of the same novel, or (``outside``) of others."""
    values = [each.outside if outside else each.values for each in heard]
    rows = np.array([[each[name] for name in names] for each in values])
    right = np.array([each.own for each in heard])
    return fit_terms(names, rows, right, [each.line[0] for each in heard])


def cross_validate(heard: Sequence[MeasuredLine], table: Coefficients) -> TableOf:
    """Cross-validation: each novel's terms are fitted on the other novels."""
    names = sorted({each.line[0] for each in heard})
    if len(names) < 2:
        raise RptermError("Cross-validation needs at least two novels: one to fit, one to judge.")
    tables = {}
    for name in names:
        train = [each for each in heard if each.line[0] != name]
        tables[name] = replace(
            table,
            fast={**table.fast, **fit(train, FAST, outside=True)},
            cast_fast=fit(train, FAST),
            cast_slow=fit(train, SLOW) if _has_likelihood(train) else {},
        )
    return tables.__getitem__


def _has_likelihood(heard: Sequence[MeasuredLine]) -> bool:
    return bool(heard) and SLOW[-1] in heard[0].values


def report(heard: Sequence[MeasuredLine], of: TableOf) -> dict[str, Any]:
    """All figures with their intervals, and the ablations."""
    matched = pairs(heard)
    slow = _has_likelihood(heard)

    def cast_fast(novel: str) -> Mapping[str, Term]:
        return of(novel).cast_fast

    def full(novel: str) -> Mapping[str, Term]:
        return of(novel).cast_slow if slow else of(novel).cast_fast

    def outside(novel: str) -> Mapping[str, Term]:
        return of(novel).fast

    figures: dict[str, Any] = {
        "novels": len({own.line[0] for own, _ in matched}), "pairs": len(matched)
    }  # fmt: skip
    if slow:
        figures |= _win_rate("pairwise", matched, full)
    figures |= _win_rate("pairwise_no_lm", matched, cast_fast)
    hits = _top1_hits(heard, full)
    figures |= mean_figures("top1", [hit for _, hit in hits], [novel for novel, _ in hits])
    judged = _judged(heard, full)
    bins = balanced_bins(each for part in judged for each in part)
    figures |= calibration_figures("ece", judged)
    figures |= calibration_figures("ece_no_lm", _judged(heard, cast_fast))
    figures |= calibration_figures("ece_outside", _judged(heard, outside, outside=True))
    figures |= _win_rate("pairwise_outside_no_lm", matched, outside, outside=True)
    figures["ablations"] = _ablations(matched, full, SLOW if slow else FAST)
    figures["reliability"] = [list(each) for each in bins]
    return figures


def _judged(
    heard: Sequence[MeasuredLine], of: TermsOf, *, outside: bool = False
) -> list[list[Judged]]:
    """The probability of each line and voice, and whether they belong together; by novel."""
    parts: dict[str, list[Judged]] = {}
    for each in heard:
        probability = sigmoid(_odds(each, of, outside=outside))
        parts.setdefault(each.line[0], []).append((probability, each.own))
    return list(parts.values())


def _odds(each: MeasuredLine, of: TermsOf, *, outside: bool = False) -> float:
    values = each.outside if outside else each.values
    return log_odds({name: Reading(value) for name, value in values.items()}, of(each.line[0]))


def _win_rate(
    name: str,
    matched: Sequence[tuple[MeasuredLine, MeasuredLine]],
    of: TermsOf,
    *,
    outside: bool = False,
) -> dict[str, Any]:
    wins = [
        win_rate(_odds(own, of, outside=outside), [_odds(other, of, outside=outside)])
        for own, other in matched
    ]
    return mean_figures(name, wins, [own.line[0] for own, _ in matched])


def _top1_hits(heard: Sequence[MeasuredLine], of: TermsOf) -> list[tuple[str, float]]:
    """For each line its novel, and 1 if its speaker's voice ranks first, else 0."""
    by_line: dict[tuple[str, int, int], list[tuple[float, bool]]] = {}
    for each in heard:
        by_line.setdefault(each.line, []).append((_odds(each, of), each.own))
    return [(line[0], float(max(found)[1])) for line, found in by_line.items()]


def _ablations(
    matched: Sequence[tuple[MeasuredLine, MeasuredLine]], of: TermsOf, names: Sequence[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        found |= _win_rate(f"without {name}", matched, _only(of, frozenset(names) - {name}))
        found |= _win_rate(f"{name} alone", matched, _only(of, frozenset([name])))
    return found


def _only(of: TermsOf, kept: frozenset[str]) -> TermsOf:
    return lambda novel: {name: term for name, term in of(novel).items() if name in kept}
