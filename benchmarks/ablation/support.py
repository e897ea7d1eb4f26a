"""Does support tell how far an explanation can be trusted? Support and errors of test rows and of shifted ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from agop_tabular import AGOPExplainer
from agop_tabular.baselines import NetworkShapley
from benchmarks.shared.families import Trained
from benchmarks.shared.scores import centred

SHIFTED_ROWS = 25
"""Test rows that are shifted in each way: the Shapley values of shifted rows are as costly as those of test rows."""


def support_and_errors(
    trained: Trained, explainer: AGOPExplainer, own: np.ndarray, target: np.ndarray, permutations: int, seed: int
) -> dict[str, dict[str, list[float]]]:
    """Support and relative errors of the default's explanations, by kind of rows.

    Parameters
    ----------
    trained : Trained
    explainer : AGOPExplainer
    own : ndarray of shape (n, d)
        The network's own Shapley values of the test rows, centred over classes.
    target : ndarray of int, shape (n,)
    permutations : int
        For the network's own Shapley values; shifted rows get half as many.
    seed : int
    """
    explanation = explainer(trained.test, trained.explained()[0])
    out = {"test": _by_row(explanation, own)}
    if trained.truth is not None:
        truth = trained.truth.attributions(trained.test, target, contrast=True)
        out["test"]["error_of_truth"] = _row_error(explanation.values, truth)
    if isinstance(trained.test, np.ndarray):
        for name, rows in shifted(trained.test[:SHIFTED_ROWS], seed).items():
            labels, index = trained.explained(rows)
            sampled = NetworkShapley(n_permutations=permutations // 2).fit(trained.model, trained.train, seed)
            every = trained.all_scores(sampled.explain, rows)
            out[name] = _by_row(explainer(rows, labels), centred(every, index))
    return out


def shifted(X: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Rows moved by two standard deviations, with another covariance, and in a corner without training rows."""
    rng = np.random.RandomState(seed)
    d = X.shape[1]
    mixed = np.linalg.qr(rng.standard_normal((d, d)))[0] * np.sqrt(np.linspace(0.1, 1.9, d))
    side = rng.choice([-1.0, 1.0], d)
    return {
        "moved means": (X + 2 * side * (rng.rand(d) < 0.5)).astype(X.dtype),
        "rotated covariance": (rng.standard_normal(X.shape) @ mixed.T).astype(X.dtype),
        "unseen corner": (np.abs(X) * 1.5 * side).astype(X.dtype),
    }


def _by_row(explanation: Any, own: np.ndarray) -> dict[str, list[float]]:
    return {"support": explanation.support.tolist(), "error": _row_error(explanation.values, own)}


def _row_error(values: Any, truth: np.ndarray) -> list[float]:
    norm = np.linalg.norm(truth, axis=1).clip(1e-12)
    return (np.linalg.norm(np.asarray(values, dtype=float) - truth, axis=1) / norm).tolist()
