"""Few weights for few numbers: a balanced logistic regression; knows no files.

ln odds = sum of weight * (value - middle). Right and wrong replies count the same in sum, however
many there are of each, so that even odds beforehand are meant. Groups (personas, novels) are drawn
again with replacement for the spread of each weight.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rpterm.scoring.combine import Term

Floats = NDArray[np.float64]
_STEPS = 40
_TINY = 1e-9
_DRAWS = 60
_FOLDS = 10


def fit(rows: Floats, right: NDArray[np.bool_], ridge: float = 1e-3) -> tuple[Floats, float]:
    """Weights and the constant, by Newton's method.

    Args:
        rows: One row of numbers for each reply.
        right: Whether it is the right one.
        ridge: Pull towards 0, in units of the numbers' spread.
    """
    scale = rows.std(axis=0) + 1e-9
    design = np.column_stack([rows / scale, np.ones(len(rows))])
    share = np.where(right, 0.5 / max(1, right.sum()), 0.5 / max(1, (~right).sum()))
    pull = np.diag([ridge] * rows.shape[1] + [1e-9])
    weights = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (share * (right - chances)) - pull @ weights
        bend = (design * (share * chances * (1 - chances))[:, None]).T @ design + pull
        step = np.linalg.solve(bend, slope)
        weights += step
        if np.abs(step).max() < _TINY:
            break
    return weights[:-1] / scale, float(weights[-1])


def choose(rows: Floats, right: NDArray[np.bool_], groups: Sequence[str]) -> Floats:
    """Weights that choose the right one of each group: a conditional logit, ridge 1, by Newton.

    P(reply i of a group) is proportional to exp(w . x_i); each group has one right reply.
    """
    scale = rows.std(axis=0) + 1e-9
    design = rows / scale
    labels = np.array(groups)
    parts = [np.flatnonzero(labels == name) for name in sorted(set(groups))]
    parts = [part for part in parts if right[part].any()]
    sets = [(design[part], design[part][right[part]][0]) for part in parts]
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        step = _newton(weights, sets)
        while _worth(weights + step, sets) < _worth(weights, sets) and np.abs(step).max() > _TINY:
            step /= 2  # Far from the top a whole step may lead away from it.
        weights += step
        if np.abs(step).max() < _TINY:
            break
    chosen: Floats = weights / scale
    return chosen


def _newton(weights: Floats, sets: Sequence[tuple[Floats, Floats]]) -> Floats:
    """One step towards the weights that choose best."""
    slope, bend = -weights, np.eye(len(weights))
    for rows, best in sets:
        raised = np.exp(rows @ weights - (rows @ weights).max())
        shares = raised / raised.sum()
        mean = shares @ rows
        slope = slope + best - mean
        bend = bend + (rows * shares[:, None]).T @ rows - np.outer(mean, mean)
    return np.asarray(np.linalg.solve(bend, slope), np.float64)


def _worth(weights: Floats, sets: Sequence[tuple[Floats, Floats]]) -> float:
    """The log-likelihood of the right choices, less the ridge."""
    total = -0.5 * float(weights @ weights)
    for rows, best in sets:
        sums = rows @ weights
        total += float(best @ weights - sums.max() - np.log(np.exp(sums - sums.max()).sum()))
    return total


def _fit(
    rows: Floats, right: NDArray[np.bool_], groups: Sequence[str] | None
) -> tuple[Floats, float]:
    """With ``groups``: weights that choose, brought to the scale of log-odds.

    The scale comes from sums of replies whose groups the weights had not seen (ten folds; Platt
    1999): sums of seen ones are too sure.
    """
    if groups is None:
        return fit(rows, right)
    weights = choose(rows, right, groups)
    slope, constant = fit(_unseen(rows, right, groups)[:, None], right)
    return weights * slope[0], constant


def _unseen(rows: Floats, right: NDArray[np.bool_], groups: Sequence[str]) -> Floats:
    """The sum of each reply by weights that choose in the other folds' groups."""
    names = sorted(set(groups))
    fold = np.array([names.index(name) % min(_FOLDS, len(names)) for name in groups])
    labels = np.array(groups)
    sums = np.zeros(len(rows))
    for at in np.unique(fold):
        seen = fold != at if len(names) > 1 else fold == at
        sums[fold == at] = rows[fold == at] @ choose(rows[seen], right[seen], list(labels[seen]))
    return sums


def terms(
    names: Sequence[str],
    rows: Floats,
    right: NDArray[np.bool_],
    groups: Sequence[str],
    *,
    choice: bool = False,
) -> dict[str, Term]:
    """One ``Term`` for each column.

    Args:
        choice: Each group is one question with one right reply: the weights are those that choose
            it (``choose``), which on ConvAI2 ranks a little better than a plain regression.

    The constant is shared out among the middles, so that a number that is missing takes its part
    of the constant with it.
    """
    weights, constant = _fit(rows, right, groups if choice else None)
    spreads = _spreads(rows, right, groups)
    middles = (rows[right].mean(axis=0) + rows[~right].mean(axis=0)) / 2
    rest = (constant + float(weights @ middles)) / len(names)
    found = {}
    for at, name in enumerate(names):
        weight = float(weights[at])
        middle = float(middles[at]) - (rest / weight if abs(weight) > 1e-6 else 0.0)
        adds = float((weight * rows[:, at]).std())
        found[name] = Term(
            round(weight, 4), round(middle, 4), round(float(spreads[at]), 4), round(adds, 4)
        )
    return found


def _spreads(rows: Floats, right: NDArray[np.bool_], groups: Sequence[str]) -> Floats:
    rng = np.random.default_rng(5)
    names = sorted(set(groups))
    places = {name: np.flatnonzero(np.array(groups) == name) for name in names}
    drawn = []
    for _ in range(_DRAWS):
        chosen = np.concatenate([places[name] for name in rng.choice(names, len(names))])
        if right[chosen].any() and not right[chosen].all():
            drawn.append(fit(rows[chosen], right[chosen])[0])
    spreads: Floats = np.std(drawn, axis=0)
    return spreads
