"""Attributions of the test rows by the default method, by the default without one of its parts, and by peers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from agop_tabular import AGOPExplainer
from agop_tabular.baselines import NetworkShapley
from agop_tabular.models.rows import take_rows
from benchmarks.shared import methods
from benchmarks.shared.families import Trained
from benchmarks.shared.scores import centred, of_class

PEERS = (
    *methods.PAPER_PEERS,
    *("shap-deep-1000", "shap-gradient", "shap-gradient-1000", "shap-kernel", "agop-ixg"),
)

KERNEL_ROWS = 10
"""Test rows that KernelExplainer explains: with its defaults each costs 200,000 evaluations of the network."""

EQUAL_TIME = (10, 100, 1000)
"""Numbers of rows for which permutation sampling gets the time that the default takes to fit and to explain as many."""

TRIED, ROUNDS, LARGEST = 32, 3, 20_000
"""Permutations that the time of one is measured on first, how often it is measured, later with about as many as there
will be, and the most that are drawn of a row."""

REFINED = (4, 16)
"""Pairs of permutations of the refined rows: one budget at which refinement begins to help, and one where it clearly
does (see the budget study)."""

SEED_OFFSET = 7
"""Added to a cell's seed for peers and the second sample, so that they do not repeat the first one's draws."""


@dataclass(frozen=True)
class MethodAttributions:
    """Attributions of a method in each form, and seconds of explaining; or the error of a method that failed.

    Attributes
    ----------
    forms : dict of str to ndarray of shape (n, d)
        "plain", as they are, and "centred", minus the mean of the other classes'; of the first n test rows.
    about : dict
        How permutation sampling in equal time was done: permutations a row, and seconds that it was entitled to.
    """

    method: str
    forms: dict[str, np.ndarray]
    seconds: float | None = None
    failed: str | None = None
    about: dict[str, float] = field(default_factory=dict)


def all_attributions(
    trained: Trained, explainer: AGOPExplainer, target: np.ndarray, permutations: int, seed: int
) -> Iterator[MethodAttributions]:
    """Of the default, refined and without parts, and of all peers.

    Parameters
    ----------
    trained : Trained
    explainer : AGOPExplainer
        Fitted with its defaults.
    target : ndarray of int, shape (n,)
        The explained class of each test row.
    permutations : int
        Of a second sample of the network's own Shapley values, whose error is a row of the tables.
    seed : int
        Of the cell.
    """
    labels, _ = trained.explained()
    yield from _in_equal_time(trained, target, seed + SEED_OFFSET)
    plain = AGOPExplainer(trained.model, contrast=False, gate=None).fit(trained.train).explain(trained.test, labels)
    start = time.perf_counter()
    found = np.asarray(explainer.explain(trained.test, labels), dtype=float)
    seconds = time.perf_counter() - start
    yield MethodAttributions("agop", {"plain": np.asarray(plain, dtype=float), "centred": found}, seconds)
    for n_pairs in REFINED:
        refined = explainer.set_params(refine=n_pairs).explain(trained.test, labels)
        yield MethodAttributions(f"agop, refine={n_pairs}", {"centred": np.asarray(refined, dtype=float)})
    explainer.set_params(refine=0)
    for name, values in without_parts(trained, explainer, target):
        yield MethodAttributions(name, {"centred": values})
    for name in PEERS:
        rows = take_rows(trained.test, slice(0, KERNEL_ROWS)) if name == "shap-kernel" else trained.test
        yield _of_peer(name, trained, rows, target[: len(rows)], seed + SEED_OFFSET)
    start = time.perf_counter()
    every = _sample(trained, trained.test, permutations, seed + SEED_OFFSET)
    yield MethodAttributions("network-shapley", _forms(every, target), time.perf_counter() - start)


def sampled(n: int) -> str:
    """Name of permutation sampling in the time that the default takes for n rows."""
    return f"permutations, time of {n:,} rows"


def _in_equal_time(trained: Trained, target: np.ndarray, seed: int) -> Iterator[MethodAttributions]:
    """Permutation sampling in the time that the default takes to fit and to explain as many rows."""
    start = time.perf_counter()
    explainer = AGOPExplainer(trained.model, gate=None).fit(trained.train)
    fit_seconds = time.perf_counter() - start
    sampler = NetworkShapley().fit(trained.model, trained.train, seed)  # takes nothing of the time
    for n in EQUAL_TIME:
        start = time.perf_counter()
        explainer.explain(take_rows(trained.train, np.resize(np.arange(len(trained.train)), n)))
        a_row = (fit_seconds + time.perf_counter() - start) / n
        rows, permutations = take_rows(trained.test, slice(0, n)), TRIED
        for _ in range(ROUNDS):
            start = time.perf_counter()
            every = trained.all_scores(sampler.set_params(n_permutations=permutations).explain, rows)
            seconds, done = time.perf_counter() - start, permutations
            permutations = min(LARGEST, max(2, 2 * round(a_row * len(rows) / seconds * done / 2)))
        about = {"permutations": done, "entitled": a_row * len(rows)}
        yield MethodAttributions(sampled(n), _forms(every, target[: len(rows)]), seconds, about=about)


def _sample(trained: Trained, rows: Any, permutations: int, seed: int) -> np.ndarray:
    """Sampled Shapley values (n, d, C) of the network."""
    sampler = NetworkShapley(n_permutations=permutations).fit(trained.model, trained.train, seed)
    return trained.all_scores(sampler.explain, rows)


def _of_peer(name: str, trained: Trained, rows: Any, target: np.ndarray, seed: int) -> MethodAttributions:
    start = time.perf_counter()
    try:
        every = trained.all_scores(methods.fitted(name, trained.model, trained.train, seed).explain, rows)
    except Exception as error:  # a peer may fail in any way, and that is a result
        return MethodAttributions(name, {}, failed=f"{type(error).__name__}: {error}")
    return MethodAttributions(name, _forms(every, target), time.perf_counter() - start)


def _forms(every: np.ndarray, target: np.ndarray) -> dict[str, np.ndarray]:
    """Both forms (n, d), from attributions of all scores (n, d, C)."""
    return {"plain": of_class(every, target), "centred": centred(every, target)}


def without_parts(trained: Trained, explainer: AGOPExplainer, target: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Name of a variant of the default method, and its attributions (n, d)."""
    model, method = explainer.model_, explainer.attributor_.method
    x = model.network.tensor(model.network.encode(trained.test))
    index = torch.from_numpy(target)
    score = model.scores(x).gather(1, index[:, None])[:, 0]

    main_only = replace(method.effects, factors=tuple(torch.zeros_like(u) for u in method.effects.factors))
    reduced = replace(method, effects=main_only)
    yield "without pair effects", reduced.look_up(x.device).attributions(x, score, index)[0].double().numpy()

    look_up, remainder = method.look_up(x.device), method.remainder
    of_effects = look_up.of_effects(x, index).double() - remainder.constants[index]
    yield "without sharing out the rest", of_effects.numpy()
