"""Maps of images against the pixels that decide the class: AGOP as Explanation on XAI-TRIS.

A cell is one network on one scenario, background and seed, kept under OUTPUT/images.cells as soon as it is done, so
that a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from skorch import NeuralNetClassifier
from torch import nn

from agop_tabular import AGOPCallback
from agop_tabular.datasets import XaiTris, make_xai_tris
from agop_tabular.datasets.xai_tris import BACKGROUNDS, SCENARIOS
from agop_tabular.evaluation import (
    earth_movers_distance,
    importance_mass,
    intersection_over_union,
    precision_recall_area,
)
from agop_tabular.image import AGOPImageExplainer, CNN8by8, MLP8by8, image_net
from benchmarks import image_maps, report_images
from benchmarks.cells import Cell, Cells, run_all
from benchmarks.machine import machine

RESULTS = Path(__file__).parent / "results"
NETWORKS = {"CNN8by8": CNN8by8, "MLP": MLP8by8}
FIRST_SEED = 1000
"""Seeds below 200 were used while the methods were chosen."""

LEARNED = 0.8
"""Accuracy that a network must have on test images to be counted."""

RATES = (5e-4, 5e-3)
"""Learning rates; the second where the first does not learn the validation images."""

MOVED = ((0, 0), (0, 1), (1, 0), (1, 1))
SMOOTHED = (0.0, 0.5, 1.0, 2.0)
COPIES = (1, 2, 3)
"""Shifts of the test side: places, smoothing of the background, and how often a shape is there."""

DIGIT_EPOCHS, REMOVED = 60, 8
"""Of the networks for digits, and pixels that are taken from each."""

EMD_IMAGES, SHOWN_IMAGES, SHIFTED_IMAGES = 100, 3, 1000


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--backgrounds", nargs="+", choices=BACKGROUNDS, default=list(BACKGROUNDS))
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--seeds", type=int, default=5, help="how many; of data, training and sampling")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--images", type=int, default=10_000, help="of which 80%% train, 10%% validate, 10%% test")
    parser.add_argument("--jobs", type=int, default=2, help="cells at a time, one thread each")
    parser.add_argument("--output", type=Path, default=RESULTS)


def run(**options: Any) -> None:
    seeds = range(options["first_seed"], options["first_seed"] + options["seeds"])
    settings = {"epochs": options["epochs"], "images": options["images"]}
    cells = Cells(options["output"] / "images.cells", settings)
    wanted = [
        (network, scenario, background, seed)
        for seed in seeds
        for network in options["networks"]
        for background in options["backgrounds"]
        for scenario in options["scenarios"]
    ]
    open_ = [c for c in wanted if not cells.read(name_of(*c))]
    print(f"{len(wanted) - len(open_)} of {len(wanted)} cells are there", flush=True)
    started = time.perf_counter()
    run_all(one_cell, [(cells, *cell) for cell in open_], options["jobs"], "cells")
    run_all(digits_cell, [(cells, s) for s in seeds if not cells.read(f"digits-{s}")], options["jobs"], "digits")
    result = {
        "machine": machine(),
        "digits": [cells.read(f"digits-{seed}") for seed in seeds],
        "settings": settings | {"seeds": list(seeds), "learned": LEARNED, "rates": RATES},
        "seconds_of_this_run": round(time.perf_counter() - started),
        "cells_of_this_run": len(open_),
    }
    report_images.write(options["output"], result, [cells.read(name_of(*c)) for c in wanted])
    print(f"written to {options['output'] / 'images.md'}")


def name_of(network: str, scenario: str, background: str, seed: int) -> str:
    """Of a cell's file."""
    return f"{network}-{scenario}-{background}-{seed}"


def one_cell(cells: Cells, network: str, scenario: str, background: str, seed: int) -> None:
    """Train, explain with every method, score, and keep."""
    warnings.simplefilter("ignore")
    n, epochs = cells.settings["images"], cells.settings["epochs"]
    data = make_xai_tris(scenario, background, n_samples=n, random_state=seed)
    train, valid, test = data.split(seed)
    for rate in RATES:
        callback = AGOPCallback(
            accumulate="every", every=max(1, epochs // 20), snapshots=True, max_samples=1000, random_state=seed
        )
        torch.manual_seed(seed)
        net = image_net(NETWORKS[network], valid=(valid.X, valid.y), epochs=epochs, lr=rate, callbacks=[callback])
        started = time.perf_counter()
        net.fit(train.X, train.y)
        seconds = time.perf_counter() - started
        if (net.predict(valid.X) == valid.y).mean() >= LEARNED:
            break
    callback = next(c for _, c in net.callbacks_ if isinstance(c, AGOPCallback))
    correct = net.predict(test.X) == test.y
    cell: Cell = {
        "network": network,
        "scenario": scenario,
        "background": background,
        "seed": seed,
        "rate": rate,
        "accuracy": float(correct.mean()),
        "learned": bool(correct.mean() >= LEARNED),
        "train_seconds": seconds,
        "callback_share": callback.share_,
        "steadiness": AGOPImageExplainer(net, method="agop-adaptive").fit(train.X).steadiness_,
        "epochs": curve(net, callback, data.masks[0], data, seed),
        "methods": {},
        "shown": {"image": test.X[correct][:SHOWN_IMAGES, 0].tolist(), "mask": test.own_masks[:1].tolist()},
    }
    cell["shown"]["mask"] = test.own_masks[correct][:SHOWN_IMAGES].astype(int).tolist()
    for name, maps in image_maps.all_maps(net, train, test.X, seed):
        cell["methods"][name] = scored(maps, test, correct, seed)
        if name == image_maps.GRADIENT:
            cell["zero_gradient"] = float((maps.reshape(len(maps), -1).max(axis=1) == 0).mean())
        cell["shown"][name] = np.asarray(maps[correct][:SHOWN_IMAGES], dtype=float).round(6).tolist()
    if scenario != "translations_rotations" and background == "white" and cell["learned"]:
        cell["shift"] = shifted(net, train, scenario, seed)
    cells.write(name_of(network, scenario, background, seed), cell)


def scored(maps: np.ndarray, test: XaiTris, correct: np.ndarray, seed: int) -> dict[str, float]:
    """Every metric, over correctly classified images; IoU over all images too."""
    out = {}
    for rule, masks in (("union", test.masks), ("own", test.own_masks)):
        iou = intersection_over_union(maps, masks, seed)
        out |= {f"iou_{rule}": iou[correct].mean(), f"iou_{rule}_all": iou.mean()}
        out[f"precision_recall_{rule}"] = precision_recall_area(maps, masks)[correct].mean()
    out["mass"] = importance_mass(maps, test.masks)[correct].mean()
    few = np.flatnonzero(correct)[:EMD_IMAGES]
    out["earth_movers"] = earth_movers_distance(maps[few], test.masks[few]).mean()
    return {name: float(value) for name, value in out.items()}


def curve(net: NeuralNetClassifier, callback: AGOPCallback, mask: np.ndarray, data: XaiTris, seed: int) -> list[dict]:
    """diag M over the epochs: its IoU with the truth where that is the same for all images, beside accuracy."""
    fixed = (data.masks == mask).all()
    return [
        {
            "epoch": epoch,
            "valid_accuracy": float(net.history[epoch - 1]["valid_acc"]),
            "iou": float(intersection_over_union(diagonal.reshape(1, *mask.shape), mask[None], seed)[0])
            if fixed
            else None,
        }
        for epoch, diagonal in callback.snapshots_.items()
    ]


# Digits -----------------------------------------------------------------------------------------------------------


def digits_cell(cells: Cells, seed: int) -> None:
    """scikit-learn's digits: how often the prediction changes when a map's largest pixels are set to their mean."""
    warnings.simplefilter("ignore")
    digits = load_digits()
    X, y = (digits.images[:, None] / 16).astype(np.float32), digits.target.astype(np.int64)
    train, test = train_test_split(np.arange(len(X)), test_size=0.2, stratify=y, random_state=seed)
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(576, 10))
    net = image_net(module, valid=(X[test], y[test]), epochs=DIGIT_EPOCHS, lr=3e-3).fit(X[train], y[train])
    images, mean = X[test], X[train].mean(axis=0)
    before = net.predict(images)
    maps = dict(image_maps.network_maps(net, X[train], images, seed))
    maps |= {"|x|": np.abs(images[:, 0]), "random": np.random.RandomState(seed).uniform(size=images[:, 0].shape)}
    changed = {name: without(images, values, mean, seed) for name, values in maps.items()}
    cell = {
        "seed": seed,
        "accuracy": float((before == y[test]).mean()),
        "changed": {name: float((net.predict(emptied) != before).mean()) for name, emptied in changed.items()},
        "dead": float(np.abs(maps["agop-weighted"][:, X[train].std(axis=0)[0] == 0]).max(initial=0.0)),
    }
    cells.write(f"digits-{seed}", cell)


def without(images: np.ndarray, maps: np.ndarray, mean: np.ndarray, seed: int) -> np.ndarray:
    """Images whose pixels of largest absolute map are the training mean; ties at random."""
    size = np.abs(maps).reshape(len(maps), -1)
    order = np.lexsort((np.random.RandomState(seed).uniform(size=size.shape), -size), axis=1)[:, :REMOVED]
    out = images.reshape(len(images), -1).copy()
    np.put_along_axis(out, order, np.broadcast_to(mean.ravel(), out.shape)[np.arange(len(out))[:, None], order], axis=1)
    return out.reshape(images.shape)


# Shift ------------------------------------------------------------------------------------------------------------


def shifts() -> list[tuple[str, float, dict[str, Any]]]:
    """Kind, level and arguments of the generator; the first level of each kind is no shift."""
    return [
        *(("places moved", float(sum(offset)), {"offset": offset}) for offset in MOVED),
        *(("background smoothed", level, {"smoothing": level}) for level in SMOOTHED),
        *(("shapes added", float(copies - 1), {"copies": copies}) for copies in COPIES),
    ]


def shifted(net: NeuralNetClassifier, train: XaiTris, scenario: str, seed: int) -> list[dict[str, Any]]:
    """Weighted, the plain gradient and the adaptive maps on test images that are shifted more and more."""
    weighted = AGOPImageExplainer(net).fit(train.X)
    peers = {
        "agop-weighted": weighted,
        image_maps.GRADIENT: AGOPImageExplainer(net, method="agop-local").fit(train.X[:512]),
        "agop-adaptive": AGOPImageExplainer(net, method="agop-adaptive").fit(train.X),
    }
    mean, precision = _gaussian(train.X)
    out = []
    for kind, level, arguments in shifts():
        images = make_xai_tris(scenario, "white", n_samples=SHIFTED_IMAGES, random_state=seed + 500, **arguments)
        correct = net.predict(images.X) == images.y
        support = weighted(images.X).support
        gap = images.X.reshape(len(images), -1) - mean
        distance = np.sqrt(np.einsum("ij,jk,ik->i", gap, precision, gap))
        row: dict[str, Any] = {"kind": kind, "level": level, "accuracy": float(correct.mean())}
        row |= {"support": float(np.nanmedian(support)), "distance": float(np.median(distance))}
        for name, explainer in peers.items():
            iou = intersection_over_union(explainer.explain(images.X), images.own_masks, seed)
            row[name] = float(iou.mean())
            if name == "agop-weighted":
                known = np.isfinite(support)
                row["error_and_support"] = float(spearmanr(1 - iou[known], support[known]).statistic)
                row["error_and_distance"] = float(spearmanr(1 - iou, distance).statistic)
        out.append(row)
    return out


def _gaussian(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and inverse covariance of the training images."""
    rows = X.reshape(len(X), -1).astype(float)
    return rows.mean(axis=0), np.linalg.inv(np.cov(rows, rowvar=False) + 1e-6 * np.eye(rows.shape[1]))
