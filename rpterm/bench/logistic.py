"""Fits ``Term`` coefficients: logistic regressions with few features. Knows no files.

log-odds = sum of weight * (value - center). Right and wrong replies have equal total weight,
however many there are of each, because the probability assumes an even prior. The standard errors
come from a bootstrap that resamples whole groups (personas, novels).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rpterm.scoring.combine import Term

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
_STEPS = 40
_CONVERGED = 1e-9
_DRAWS = 60
_FOLDS = 10


def fit_logistic(rows: Floats, right: Bools, ridge: float = 1e-3) -> tuple[Floats, float]:
    """Weights and intercept of a balanced logistic regression, by Newton's method.

    Args:
        rows: The features, one row per reply.
        right: Whether each reply is the right one.
        ridge: L2 penalty, on standardised features.
    """
    scale = rows.std(axis=0) + 1e-9
    design = np.column_stack([rows / scale, np.ones(len(rows))])
    sample_weights = np.where(right, 0.5 / max(1, right.sum()), 0.5 / max(1, (~right).sum()))
    penalty = np.diag([ridge] * rows.shape[1] + [1e-9])
    weights = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (sample_weights * (right - chances)) - penalty @ weights
        curvature = (sample_weights * chances * (1 - chances))[:, None]
        hessian = (design * curvature).T @ design + penalty
        step = np.linalg.solve(hessian, gradient)
        weights += step
        if np.abs(step).max() < _CONVERGED:
            break
    return weights[:-1] / scale, float(weights[-1])


def fit_conditional_logit(rows: Floats, right: Bools, groups: Sequence[str]) -> Floats:
    """Weights of a conditional logit that picks the right reply of each group.

    P(reply i of a group) is proportional to exp(w · x_i); each group has one right reply. Newton's
    method with step halving, L2 penalty 1 on standardised features.
    """
    scale = rows.std(axis=0) + 1e-9
    design = rows / scale
    labels = np.array(groups)
    members = [np.flatnonzero(labels == name) for name in sorted(set(groups))]
    members = [part for part in members if right[part].any()]
    sets = [(design[part], design[part][right[part]][0]) for part in members]
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        step = _newton_step(weights, sets)
        while (
            _objective(weights + step, sets) < _objective(weights, sets)
            and np.abs(step).max() > _CONVERGED
        ):
            step /= 2  # Far from the maximum a full step may overshoot.
        weights += step
        if np.abs(step).max() < _CONVERGED:
            break
    chosen: Floats = weights / scale
    return chosen


def _newton_step(weights: Floats, sets: Sequence[tuple[Floats, Floats]]) -> Floats:
    gradient, hessian = -weights, np.eye(len(weights))
    for rows, best in sets:
        raised = np.exp(rows @ weights - (rows @ weights).max())
        chances = raised / raised.sum()
        mean = chances @ rows
        gradient = gradient + best - mean
        hessian = hessian + (rows * chances[:, None]).T @ rows - np.outer(mean, mean)
    return np.asarray(np.linalg.solve(hessian, gradient), np.float64)


def _objective(weights: Floats, sets: Sequence[tuple[Floats, Floats]]) -> float:
    """The log-likelihood of the right choices, minus the penalty."""
    total = -0.5 * float(weights @ weights)
    for rows, best in sets:
        sums = rows @ weights
        total += float(best @ weights - sums.max() - np.log(np.exp(sums - sums.max()).sum()))
    return total


def _fit(rows: Floats, right: Bools, groups: Sequence[str] | None) -> tuple[Floats, float]:
    """A logistic regression; with ``groups``, a conditional logit scaled to log-odds.

    The scale comes from a regression on out-of-fold sums (ten folds; Platt 1999), because sums on
    the training data are overconfident.
    """
    if groups is None:
        return fit_logistic(rows, right)
    weights = fit_conditional_logit(rows, right, groups)
    slope, intercept = fit_logistic(_out_of_fold_sums(rows, right, groups)[:, None], right)
    return weights * slope[0], intercept


def _out_of_fold_sums(rows: Floats, right: Bools, groups: Sequence[str]) -> Floats:
    """The weighted sum of each reply, with weights fitted on the groups of the other folds."""
    names = sorted(set(groups))
    fold = np.array([names.index(name) % min(_FOLDS, len(names)) for name in groups])
    labels = np.array(groups)
    sums = np.zeros(len(rows))
    for held_out in np.unique(fold):
        train = fold != held_out if len(names) > 1 else fold == held_out
        weights = fit_conditional_logit(rows[train], right[train], list(labels[train]))
        sums[fold == held_out] = rows[fold == held_out] @ weights
    return sums


def fit_terms(
    names: Sequence[str],
    rows: Floats,
    right: Bools,
    groups: Sequence[str],
    *,
    choice: bool = False,
) -> dict[str, Term]:
    """One ``Term`` per feature.

    The intercept is divided among the centers, so that a missing feature takes its share of it.

    Args:
        names: The features' names, one per column of ``rows``.
        groups: The group of each reply, for the bootstrap.
        choice: Each group is one question with one right reply: fit a conditional logit
            (``fit_conditional_logit``), which ranks slightly better on ConvAI2 than a plain
            regression.
    """
    weights, intercept = _fit(rows, right, groups if choice else None)
    standard_errors = _bootstrap_standard_errors(rows, right, groups)
    midpoints = (rows[right].mean(axis=0) + rows[~right].mean(axis=0)) / 2
    offset = (intercept + float(weights @ midpoints)) / len(names)
    found = {}
    for at, name in enumerate(names):
        weight = float(weights[at])
        center = float(midpoints[at]) - (offset / weight if abs(weight) > 1e-6 else 0.0)
        deviation = float((weight * rows[:, at]).std())
        found[name] = Term(
            round(weight, 4),
            center=round(center, 4),
            standard_error=round(float(standard_errors[at]), 4),
            contribution_sd=round(deviation, 4),
        )
    return found


def _bootstrap_standard_errors(rows: Floats, right: Bools, groups: Sequence[str]) -> Floats:
    rng = np.random.default_rng(5)
    names = sorted(set(groups))
    members = {name: np.flatnonzero(np.array(groups) == name) for name in names}
    weights = []
    for _ in range(_DRAWS):
        sample = np.concatenate([members[name] for name in rng.choice(names, len(names))])
        if right[sample].any() and not right[sample].all():
            weights.append(fit_logistic(rows[sample], right[sample])[0])
    standard_errors: Floats = np.std(weights, axis=0)
    return standard_errors
