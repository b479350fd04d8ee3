"""Whose line is it: ``rpterm bench voice --pdnc DIR``.

For each line of a novel's character, drawn lines of the same length (within two words or 15 %) of
other characters of that novel: which of the two is the character's? Each voice is known by twenty
example lines; contrasts are the example lines of the novel's other speakers, and nothing else of
that novel. ``outside`` is the same with voices of two other novels as the only contrasts, as in a
chat, where contrasts are other cards. ``top1`` is the right one of the novel's two to five voices.
Novels that the terms were fitted on are left out; with ``--crossed``, and where every novel was
fitted on, none is: for each novel terms are fitted on the others. Intervals draw whole novels.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rpterm.bench.calibrate import terms
from rpterm.bench.figures import above, balanced_bins, error_figures, mean_figures
from rpterm.bench.pdnc import Novel, read
from rpterm.bench.printing import Step
from rpterm.scoring.combine import Term, chance, log_odds
from rpterm.scoring.embedding import Remembered
from rpterm.scoring.frozen import Frozen, frozen
from rpterm.scoring.likelihood import Likelihood
from rpterm.scoring.records import Reading, Scene, Signal
from rpterm.scoring.signals.voice import VoiceLikelihood, VoiceMeaning, VoiceWords
from rpterm.types import RptermError

FAST = ("voice_words", "voice_meaning")
SLOW = (*FAST, "voice_likelihood")
_LINES = 4
_OTHERS = 3
TableOf = Callable[[str], Frozen]
"""The terms to judge a novel by, from its name."""
TermsOf = Callable[[str], Mapping[str, Term]]
"""Those of one of its tables."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One line measured against one voice of its novel.

    Attributes:
        line: The novel, its speaker's place and its own place: the same for all voices.
        voice: The place of the voice it was measured against.
        values: By signal, with the novel's other voices as contrasts.
        outside: The same with other novels' voices as contrasts.
    """

    line: tuple[str, int, int]
    words: int
    voice: int
    values: Mapping[str, float]
    outside: Mapping[str, float]

    @property
    def own(self) -> bool:
        """Whether the voice is the speaker's."""
        return self.line[1] == self.voice


def main(
    pdnc: Path,
    json: bool = False,
    limit: int | None = None,
    cache: Path | None = None,
    picture: Path | None = None,
    crossed: bool = False,
) -> None:
    """Measure and print, with a bar on standard error."""
    from rpterm.bench.opening import models
    from rpterm.bench.printing import with_bar

    table = frozen()
    novels = read(pdnc, _LINES if limit is None else max(1, limit))
    unseen = [novel for novel in novels if novel.name not in table.novels]
    crossed = crossed or not unseen
    chosen = novels if crossed else unseen

    def measured(step: Step) -> dict[str, Any]:
        heard = measure(chosen, novels, encode, likelihood, step)
        figures = report(heard, cross(heard, table) if crossed else lambda _: table, picture)
        return {"crossed": crossed, **figures}

    with models(cache) as (encode, likelihood):
        with_bar(measured, json)


def measure(
    chosen: Sequence[Novel],
    novels: Sequence[Novel],
    encode: Remembered,
    likelihood: Likelihood | None,
    step: Step = lambda done, total: None,
) -> list[Heard]:
    """Every line of the chosen novels against every voice of its novel.

    Args:
        novels: Where the outside contrasts come from.
    """
    signals: list[Signal] = [VoiceWords(), VoiceMeaning(encode)]
    fast = list(signals)
    if likelihood is not None:
        signals.append(VoiceLikelihood(likelihood))
    total = sum(len(voice.tested) * len(novel.voices) for novel in chosen for voice in novel.voices)
    heard: list[Heard] = []
    for novel in chosen:
        outside = _outside(novel, novels)
        for at, voice in enumerate(novel.voices):
            cast = tuple(each.examples for each in novel.voices if each is not voice)
            near = Scene(own_lines=voice.examples, other_lines=cast)
            far = Scene(own_lines=voice.examples, other_lines=outside)
            for line, text in _lines(novel):
                values = {each.name: each.measure(text, near).value for each in signals}
                strange = {each.name: each.measure(text, far).value for each in fast}
                heard.append(Heard(line, len(text.split()), at, values, strange))
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


def pairs(heard: Sequence[Heard]) -> list[tuple[Heard, Heard]]:
    """An own line and a line of another speaker, both against the own line's voice."""
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
        chosen = random.Random(str(own.line)).sample(near, min(_OTHERS, len(near)))
        found += [(own, each) for each in chosen]
    return found


def fit(heard: Sequence[Heard], names: Sequence[str], *, outside: bool = False) -> dict[str, Term]:
    """Terms that know the own voice from the others of the novel, or from those of other novels."""
    values = [each.outside if outside else each.values for each in heard]
    rows = np.array([[each[name] for name in names] for each in values])
    right = np.array([each.own for each in heard])
    return terms(names, rows, right, [each.line[0] for each in heard])


def cross(heard: Sequence[Heard], table: Frozen) -> TableOf:
    """Each novel's terms are fitted on the other novels."""
    names = {each.line[0] for each in heard}
    if len(names) < 2:
        raise RptermError("Two novels are needed to fit terms on one and judge the other.")
    tables = {}
    for name in names:
        rest = [each for each in heard if each.line[0] != name]
        tables[name] = replace(
            table,
            fast={**table.fast, **fit(rest, FAST, outside=True)},
            cast_fast=fit(rest, FAST),
            cast_slow=fit(rest, SLOW) if _slow(rest) else {},
        )
    return tables.__getitem__


def _slow(heard: Sequence[Heard]) -> bool:
    return bool(heard) and SLOW[-1] in heard[0].values


def report(heard: Sequence[Heard], of: TableOf, picture: Path | None = None) -> dict[str, Any]:
    """The figures, their intervals, and what is left when one signal is taken away."""
    matched = pairs(heard)

    def cast_fast(novel: str) -> Mapping[str, Term]:
        return of(novel).cast_fast

    def full(novel: str) -> Mapping[str, Term]:
        return of(novel).cast_slow if _slow(heard) else of(novel).cast_fast

    def outside(novel: str) -> Mapping[str, Term]:
        return of(novel).fast

    figures: dict[str, Any] = {
        "novels": len({own.line[0] for own, _ in matched}), "pairs": len(matched)
    }  # fmt: skip
    if _slow(heard):
        figures |= _rate("pairwise", matched, full)
    figures |= _rate("pairwise_no_lm", matched, cast_fast)
    tops = _tops(heard, full)
    figures |= mean_figures("top1", [hit for _, hit in tops], [name for name, _ in tops])
    judged = _judged(heard, full)
    bins = balanced_bins(each for part in judged for each in part)
    figures |= error_figures("ece", judged)
    figures |= error_figures("ece_no_lm", _judged(heard, cast_fast))
    figures |= error_figures("ece_outside", _judged(heard, outside, outside=True))
    figures |= _rate("pairwise_outside_no_lm", matched, outside, outside=True)
    figures["ablations"] = _ablations(matched, full, SLOW if _slow(heard) else FAST)
    figures["reliability"] = [list(each) for each in bins]
    if picture is not None:
        from rpterm.bench.picture import reliability

        reliability(bins, picture, "In character, novels")
    return figures


def _judged(
    heard: Sequence[Heard], of: TermsOf, *, outside: bool = False
) -> list[list[tuple[float, bool]]]:
    """What was said of each line and voice, and whether it was so; one part a novel."""
    parts: dict[str, list[tuple[float, bool]]] = {}
    for each in heard:
        said = chance(_odds(each, of, outside=outside))
        parts.setdefault(each.line[0], []).append((said, each.own))
    return list(parts.values())


def _odds(each: Heard, of: TermsOf, *, outside: bool = False) -> float:
    values = each.outside if outside else each.values
    return log_odds({name: Reading(value) for name, value in values.items()}, of(each.line[0]))


def _rate(
    name: str, matched: Sequence[tuple[Heard, Heard]], of: TermsOf, *, outside: bool = False
) -> dict[str, Any]:
    won = []
    for own, other in matched:
        left, right = (_odds(each, of, outside=outside) for each in (own, other))
        won.append(above(left, [right]))
    return mean_figures(name, won, [own.line[0] for own, _ in matched])


def _tops(heard: Sequence[Heard], of: TermsOf) -> list[tuple[str, float]]:
    """For each line whether its speaker's voice fits best."""
    by_line: dict[tuple[str, int, int], list[tuple[float, bool]]] = {}
    for each in heard:
        by_line.setdefault(each.line, []).append((_odds(each, of), each.own))
    return [(line[0], float(max(found)[1])) for line, found in by_line.items()]


def _ablations(
    matched: Sequence[tuple[Heard, Heard]], of: TermsOf, names: Sequence[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        found |= _rate(f"without {name}", matched, _only(of, frozenset(names) - {name}))
        found |= _rate(f"{name} alone", matched, _only(of, frozenset([name])))
    return found


def _only(of: TermsOf, kept: frozenset[str]) -> TermsOf:
    return lambda novel: {name: term for name, term in of(novel).items() if name in kept}
