"""Attributions of the test rows by the default method, by the default without one of its parts, and by peers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from agop_tabular import AGOPExplainer
from agop_tabular.baselines import NetworkShapley
from benchmarks.shared import methods
from benchmarks.shared.families import Trained
from benchmarks.shared.scores import centred, of_class

PEERS = (*methods.PAPER_PEERS, "shap-deep-1000", "agop-ixg")

SAMPLED = "permutations in equal time"

TRIED = 4
"""Permutations that the time of one is measured on."""

REFINED = (4, 16)
"""Pairs of permutations of the refined rows: one budget at which refinement begins to help, and one where it clearly
does (see the budget study)."""

SECOND_SAMPLE = 400
"""Permutations of a second sample of the network's own Shapley values, whose error is a row of the tables: half as many
as the first has, so an upper limit to the first one's error."""

SEED_OFFSET = 7
"""Added to a cell's seed for peers and the second sample, so that they do not repeat the first one's draws."""


@dataclass(frozen=True)
class MethodAttributions:
    """Attributions of a method in each form, and seconds of explaining; or the error of a method that failed.

    Attributes
    ----------
    forms : dict of str to ndarray of shape (n, d)
        "plain", as they are, and "centred", minus the mean of the other classes'.
    """

    method: str
    forms: dict[str, np.ndarray]
    seconds: float | None = None
    failed: str | None = None


def all_attributions(
    trained: Trained, explainer: AGOPExplainer, target: np.ndarray, seed: int
) -> Iterator[MethodAttributions]:
    """Of the default, refined and without parts, and of all peers."""
    labels, _ = trained.explained()
    start = time.perf_counter()
    AGOPExplainer(trained.model, gate=None).fit(trained.train).explain(trained.test, labels)
    yield _sampled(trained, target, seed + SEED_OFFSET, time.perf_counter() - start)
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
    for name in (*PEERS, "network-shapley"):
        yield _of_peer(name, trained, target, seed + SEED_OFFSET)


def _sampled(trained: Trained, target: np.ndarray, seed: int, seconds: float) -> MethodAttributions:
    """Permutation sampling in the time that the default takes to fit and to explain the same rows."""
    start = time.perf_counter()
    NetworkShapley(n_permutations=TRIED).fit(trained.model, trained.train, seed).explain(trained.test, "predicted")
    a_permutation = (time.perf_counter() - start) / TRIED
    n = max(2, 2 * round(seconds / a_permutation / 2))
    start = time.perf_counter()
    every = trained.all_scores(NetworkShapley(n_permutations=n).fit(trained.model, trained.train, seed).explain)
    forms = {"plain": of_class(every, target), "centred": centred(every, target)}
    return MethodAttributions(SAMPLED, forms, time.perf_counter() - start)


def _of_peer(name: str, trained: Trained, target: np.ndarray, seed: int) -> MethodAttributions:
    peer: Any
    if name == "network-shapley":
        peer = NetworkShapley(n_permutations=SECOND_SAMPLE).fit(trained.model, trained.train, seed)
    else:
        peer = methods.fitted(name, trained.model, trained.train, seed)
    start = time.perf_counter()
    try:
        every = trained.all_scores(peer.explain)
    except Exception as error:  # a peer may fail in any way, and that is a result
        return MethodAttributions(name, {}, failed=f"{type(error).__name__}: {error}")
    forms = {"plain": of_class(every, target), "centred": centred(every, target)}
    return MethodAttributions(name, forms, time.perf_counter() - start)


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
