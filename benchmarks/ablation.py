"""The default on families that it was not chosen on: peers, parts left out, gate, trust and refinement.

A cell is one family and one seed, kept under OUTPUT/ablation.cells as soon as it is done, so that a run that was
stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from agop_tabular import AGOPExplainer
from agop_tabular.baselines import NetworkShapley
from agop_tabular.evaluation import cosine, relative_error
from agop_tabular.models.rows import take_rows
from benchmarks import families, methods, report_ablation, tasks
from benchmarks.cells import Cell, Cells, run_all
from benchmarks.machine import machine
from benchmarks.scores import centred, chosen, metrics

RESULTS = Path(__file__).parent / "results"
FIRST_SEED = 2000
"""Seeds below were used while the methods were chosen, or by another study."""

PEERS = ("shap-deep", "integrated-gradients", "input-x-gradient", "lime", "agop-ixg")

REFINED = (4, 16)
"""Pairs of permutations of the refined rows."""

SECOND = 400
"""Permutations of a second sample of the network's own Shapley values, a row of the tables."""

SHIFTED_ROWS = 25


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--families", nargs="+", choices=families.FAMILIES, default=list(families.FAMILIES))
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--jobs", type=int, default=2, help="cells at a time, one thread each")
    parser.add_argument("--permutations", type=int, default=800, help="of the network's own Shapley values")
    parser.add_argument("--rows", type=int, default=families.EXPLAINED, help="that are explained of each network")
    parser.add_argument("--output", type=Path, default=RESULTS)


def run(**options: Any) -> None:
    permutations = options["permutations"]
    seeds = range(options["first_seed"], options["first_seed"] + options["seeds"])
    settings = {"permutations": permutations, "rows": options["rows"]}
    cells = Cells(options["output"] / "ablation.cells", settings)
    wanted = [(family, seed) for seed in seeds for family in options["families"]]
    open_ = [c for c in wanted if not cells.read("{}-{}".format(*c))]
    print(f"{len(wanted) - len(open_)} of {len(wanted)} cells are there", flush=True)
    started = time.perf_counter()
    run_all(one_cell, [(cells, *cell, permutations, options["rows"]) for cell in open_], options["jobs"], "cells")
    result = {
        "machine": machine(),
        "settings": settings | {"families": options["families"], "seeds": list(seeds), "gate": tasks.GATE},
        "seconds_of_this_run": round(time.perf_counter() - started),
        "cells_of_this_run": len(open_),
    }
    report_ablation.write(options["output"], result, [cells.read(f"{family}-{seed}") for family, seed in wanted])
    print(f"written to {options['output'] / 'ablation.md'}")


def one_cell(cells: Cells, family: str, seed: int, permutations: int, n: int) -> None:
    """Train, attribute with every method, score, and keep."""
    warnings.simplefilter("ignore")
    trained = families.train(family, seed)
    trained = replace(trained, test=take_rows(trained.test, slice(0, n)))
    explainer = AGOPExplainer(trained.model).fit(trained.train)
    labels = trained.model.predict(trained.test)
    target = np.searchsorted(trained.model.classes_, labels)
    halves = [
        NetworkShapley(n_permutations=permutations // 2)(trained.model, trained.test, "all", trained.train, seed + i)
        for i in range(2)
    ]
    own = (halves[0] + halves[1]) / 2
    informative = None if trained.truth is None else trained.truth.informative
    cell: Cell = {
        "family": family,
        "kind": families.FAMILIES[family][0],
        "seed": seed,
        "n_train": len(trained.train),
        "n_columns": trained.test.shape[1],
        "accuracy": trained.accuracy,
        "best_accuracy": trained.best_accuracy,
        "majority": trained.majority,
        "passed": trained.truth is None or tasks.passes(trained.accuracy, trained.best_accuracy, trained.majority),
        "reliability": float(cosine(centred(halves[0], target), centred(halves[1], target)).mean()),
        "gate": judged_gate(trained, explainer, informative),
        "methods": {},
    }
    mask = explainer.gate_.mask
    for name, forms, seconds in attributions(trained, explainer, target, seed):
        scores = [
            {"truth": truth, "form": form + suffix} | scored
            for form, values in forms.items()
            for suffix, shown in (("", values), (" gated", values * mask))
            for truth, scored in against(shown, form, suffix, trained, own, target, seed)
        ]
        failed = {"failed": seconds} if isinstance(seconds, str) else {"seconds": seconds}
        cell["methods"][name] = {"scores": scores} | failed
    cell["trust"] = trust(trained, explainer, own, target, permutations, seed)
    cells.write(f"{family}-{seed}", cell)


# Attributions -----------------------------------------------------------------------------------------------------


def attributions(trained: families.Trained, explainer: AGOPExplainer, target: np.ndarray, seed: int):
    """Name, attributions in each form, and seconds of explaining, of every method; or what failed, without any form."""
    labels = trained.model.classes_[target]
    plain = AGOPExplainer(trained.model, contrast=False, gate=None).fit(trained.train).explain(trained.test, labels)
    start = time.perf_counter()
    found = np.asarray(explainer.explain(trained.test, labels), dtype=float)
    seconds = time.perf_counter() - start
    yield "agop", {"plain": np.asarray(plain, dtype=float), "centred": found}, seconds
    for n_pairs in REFINED:
        refined = explainer.set_params(refine=n_pairs).explain(trained.test, labels)
        yield f"agop, refine={n_pairs}", {"centred": np.asarray(refined, dtype=float)}, None
    explainer.set_params(refine=0)
    for name, values in parts_left_out(trained, explainer, target):
        yield name, {"centred": values}, None
    for name in (*PEERS, "network-shapley"):
        if name == "network-shapley":
            peer: Any = NetworkShapley(n_permutations=SECOND).fit(trained.model, trained.train, seed + 7)
        else:
            peer = methods.fitted(name, trained.model, trained.train, seed + 7)
        start = time.perf_counter()
        try:
            every = np.asarray(peer.explain(trained.test, "all"), dtype=float)
        except Exception as error:  # a peer may fail in any way, and that is a result
            yield name, {}, f"{type(error).__name__}: {error}"
            continue
        yield name, {"plain": chosen(every, target), "centred": centred(every, target)}, time.perf_counter() - start


def parts_left_out(trained: families.Trained, explainer: AGOPExplainer, target: np.ndarray):
    """The default without one of its parts."""
    gathered, fitted = explainer._gathered, explainer._attribution
    x = gathered.network.tensor(gathered.network.encode(trained.test))
    index = torch.from_numpy(target)
    tables = fitted.tabulated(x.device)
    scores = gathered.scores(x).gather(1, index[:, None])[:, 0]

    def read(tables: Any) -> np.ndarray:
        return tables.values(x, scores, index)[0].double().numpy()

    alone = replace(fitted.effects, factors=tuple(torch.zeros_like(u) for u in fitted.effects.factors))
    without_pairs = replace(fitted, effects=alone, _laid_out={}).tabulated(x.device)
    yield "without pair effects", read(without_pairs)
    found = tables.look_up.attributions(x, index)
    if tables.column is not None:
        found = torch.zeros(len(x), tables.n_columns).index_add_(1, tables.column, found)
    yield "without sharing out the rest", found.double().numpy()


def against(values: np.ndarray, form: str, suffix: str, trained: families.Trained, own: Any, target: Any, seed: int):
    """Metrics against the truths that a form is held to; gated attributions only against the task's."""
    if form == "centred" and not suffix:
        network = centred(own, target)
        yield (
            "network contrast",
            {
                "cosine": float(np.nanmean(cosine(values, network))),
                "relative_error": float(np.nanmean(relative_error(values, network))),
            },
        )
    if trained.truth is not None:
        truth = trained.truth.attributions(trained.test, target, contrast=form == "centred")
        name = "contrast" if form == "centred" else "raw"
        yield name, metrics(values, truth, trained.truth, trained.test, seed)


# Gate and trust ---------------------------------------------------------------------------------------------------


def judged_gate(trained: families.Trained, explainer: AGOPExplainer, informative: np.ndarray | None) -> Cell:
    """What the gate kept and lost, with training rows alone and with labelled held-out rows."""
    labelled = AGOPExplainer(trained.model).fit(*trained.held_out)
    out: Cell = {}
    for name, gate in (("training rows", explainer.gate_), ("labelled held-out rows", labelled.gate_)):
        out[name] = {
            "gated": int((~gate.mask).sum()),
            "evidence": gate.evidence,
            "predictions_changed": gate.predictions_changed,
            "variance_changed": gate.variance_changed,
        }
        if informative is not None:
            real = np.isin(np.arange(len(gate.mask)), informative)
            out[name] |= {
                "noise": int((~real).sum()),
                "noise_kept": int((gate.mask & ~real).sum()),
                "informative": int(real.sum()),
                "informative_lost": int((~gate.mask & real).sum()),
            }
    return out


def trust(trained: families.Trained, explainer: AGOPExplainer, own: Any, target: Any, permutations: int, seed: int):
    """Support and relative error against the network's own Shapley values, of test rows and shifted ones."""
    explanation = explainer(trained.test, trained.model.classes_[target])
    out = {"test": _by_row(explanation, centred(own, target))}
    if trained.truth is not None:
        truth = trained.truth.attributions(trained.test, target, contrast=True)
        out["test"]["error_of_truth"] = _row_error(explanation.values, truth)
    if isinstance(trained.test, np.ndarray):
        for name, rows in shifted(trained.test[:SHIFTED_ROWS], seed).items():
            index = np.searchsorted(trained.model.classes_, trained.model.predict(rows))
            every = NetworkShapley(n_permutations=permutations // 2)(trained.model, rows, "all", trained.train, seed)
            out[name] = _by_row(explainer(rows, trained.model.classes_[index]), centred(every, index))
    return out


def shifted(X: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Rows moved by two standard deviations, with another covariance, and in a corner that training never saw."""
    rng = np.random.RandomState(seed)
    d = X.shape[1]
    mixed = np.linalg.qr(rng.standard_normal((d, d)))[0] * np.sqrt(np.linspace(0.1, 1.9, d))
    side = rng.choice([-1.0, 1.0], d)
    return {
        "moved means": (X + 2 * side * (rng.rand(d) < 0.5)).astype(X.dtype),
        "rotated covariance": (rng.standard_normal(X.shape) @ mixed.T).astype(X.dtype),
        "unseen corner": (np.abs(X) * 1.5 * side).astype(X.dtype),
    }


def _by_row(explanation: Any, own: np.ndarray) -> Cell:
    return {"support": explanation.support.tolist(), "error": _row_error(explanation.values, own)}


def _row_error(values: Any, truth: np.ndarray) -> list[float]:
    norm = np.linalg.norm(truth, axis=1).clip(1e-12)
    return (np.linalg.norm(np.asarray(values, dtype=float) - truth, axis=1) / norm).tolist()
