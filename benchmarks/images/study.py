"""Maps of images against the pixels that decide the class: AGOP as Explanation on XAI-TRIS.

A cell is one network on one scenario, background and seed. Each is saved under OUTPUT/images.cells when it is done; a
stopped run resumes there.
"""

from __future__ import annotations

import argparse
import time
import warnings
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from skorch import NeuralNetClassifier

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
from benchmarks.images import maps, page
from benchmarks.images.cell import Cell
from benchmarks.images.digits import compute_digits_cell
from benchmarks.images.shift import scores_under_shift
from benchmarks.shared.cells import Cells, run_missing
from benchmarks.shared.machine import machine
from benchmarks.shared.options import add_jobs, add_output, add_seeds

NETWORKS = {"CNN8by8": CNN8by8, "MLP": MLP8by8}
FIRST_SEED = 1000
"""Seeds below 200 were used while the methods were chosen."""

LEARNED = 0.8
"""Accuracy on test images that a network must have to be counted; a guess is right half of the time."""

RATES = (5e-4, 5e-3)
"""Learning rates; the second is used if the first does not learn the validation images."""

SNAPSHOTS, CALLBACK_IMAGES = 20, 1000
"""Points of the curves over epochs, and images of which AGOPCallback takes gradients at each of them."""

EMD_IMAGES, SHOWN_IMAGES = 100, 3
"""Images for the earth mover's distance, which is slow, and for the picture."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--backgrounds", nargs="+", choices=BACKGROUNDS, default=list(BACKGROUNDS))
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    add_seeds(parser, 5, FIRST_SEED, help="how many; of data, training and sampling")
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--images", type=int, default=10_000, help="80%% to train, 10%% to validate, 10%% to test")
    add_jobs(parser)
    add_output(parser)


def run(**options: Any) -> None:
    seeds, jobs = range(options["first_seed"], options["first_seed"] + options["seeds"]), options["jobs"]
    settings = {"epochs": options["epochs"], "images": options["images"]}
    cells = Cells(options["output"] / "images.cells", settings, "images")
    calls = {
        cell_name(network, scenario, background, seed): (network, scenario, background, seed)
        for seed in seeds
        for network in options["networks"]
        for background in options["backgrounds"]
        for scenario in options["scenarios"]
    }
    started = time.perf_counter()
    computed = run_missing(cells, compute_cell, calls, jobs)
    run_missing(cells, compute_digits_cell, {f"digits-{seed}": (seed,) for seed in seeds}, jobs, "digits")
    result = {
        "machine": machine(),
        "digits": [cells.read(f"digits-{seed}") for seed in seeds],
        "settings": settings | {"seeds": list(seeds), "learned": LEARNED, "rates": RATES},
        "seconds_of_this_run": round(time.perf_counter() - started),
        "cells_of_this_run": computed,
    }
    page.write(options["output"], result, [Cell(**cells.read(name)) for name in calls])
    print(f"written to {options['output'] / 'images.md'}")


def cell_name(network: str, scenario: str, background: str, seed: int) -> str:
    return f"{network}-{scenario}-{background}-{seed}"


def compute_cell(cells: Cells, network: str, scenario: str, background: str, seed: int) -> None:
    """Train a network, compute and score the maps of each method, and save."""
    warnings.simplefilter("ignore")
    data = make_xai_tris(scenario, background, n_samples=cells.settings["images"], random_state=seed)
    train, valid, test = data.split(seed)
    net, rate, seconds = train_network(network, train, valid, cells.settings["epochs"], seed)
    callback = next(c for _, c in net.callbacks_ if isinstance(c, AGOPCallback))
    correct = net.predict(test.X) == test.y
    cell = Cell(
        network=network,
        scenario=scenario,
        background=background,
        seed=seed,
        rate=rate,
        accuracy=float(correct.mean()),
        learned=bool(correct.mean() >= LEARNED),
        train_seconds=seconds,
        callback_share=callback.share_,
        steadiness=AGOPImageExplainer(net, method="agop-adaptive").fit(train.X).steadiness_,
        epochs=curve(net, callback, data.masks[0], data, seed),
        shown={
            "image": test.X[correct][:SHOWN_IMAGES, 0].tolist(),
            "mask": test.own_masks[correct][:SHOWN_IMAGES].astype(int).tolist(),
        },
    )
    for name, values in maps.all_maps(net, train, test.X, seed):
        cell.methods[name] = scores(values, test, correct, seed)
        if name == maps.GRADIENT:
            cell.zero_gradient = float((values.reshape(len(values), -1).max(axis=1) == 0).mean())
        cell.shown[name] = np.asarray(values[correct][:SHOWN_IMAGES], dtype=float).round(6).tolist()
    if scenario != "translations_rotations" and background == "white" and cell.learned:
        cell.shift = scores_under_shift(net, train, scenario, seed)
    cells.write(cell_name(network, scenario, background, seed), asdict(cell))


def train_network(
    network: str, train: XaiTris, valid: XaiTris, epochs: int, seed: int
) -> tuple[NeuralNetClassifier, float, float]:
    """A network fitted at the first learning rate that learns the validation images; the rate, and seconds."""
    for rate in RATES:
        callback = AGOPCallback(
            accumulate="every",
            every=max(1, epochs // SNAPSHOTS),
            snapshots=True,
            max_samples=CALLBACK_IMAGES,
            random_state=seed,
        )
        torch.manual_seed(seed)
        net = image_net(NETWORKS[network], valid=(valid.X, valid.y), epochs=epochs, lr=rate, callbacks=[callback])
        started = time.perf_counter()
        net.fit(train.X, train.y)
        seconds = time.perf_counter() - started
        if (net.predict(valid.X) == valid.y).mean() >= LEARNED:
            break
    return net, rate, seconds


def scores(values: np.ndarray, test: XaiTris, correct: np.ndarray, seed: int) -> dict[str, float]:
    """Score maps (n, height, width) by each metric over correctly classified images, IoU over all images too."""
    out = {}
    for rule, masks in (("union", test.masks), ("own", test.own_masks)):
        iou = intersection_over_union(values, masks, seed)
        out |= {f"iou_{rule}": iou[correct].mean(), f"iou_{rule}_all": iou.mean()}
        out[f"precision_recall_{rule}"] = precision_recall_area(values, masks)[correct].mean()
    out["mass"] = importance_mass(values, test.masks)[correct].mean()
    few = np.flatnonzero(correct)[:EMD_IMAGES]
    out["earth_movers"] = earth_movers_distance(values[few], test.masks[few]).mean()
    return {name: float(value) for name, value in out.items()}


def curve(net: NeuralNetClassifier, callback: AGOPCallback, mask: np.ndarray, data: XaiTris, seed: int) -> list[dict]:
    """Validation accuracy and IoU of diag M over the epochs; None for the IoU if images have different true pixels."""
    is_fixed = (data.masks == mask).all()
    return [
        {
            "epoch": epoch,
            "valid_accuracy": float(net.history[epoch - 1]["valid_acc"]),
            "iou": float(intersection_over_union(diagonal.reshape(1, *mask.shape), mask[None], seed)[0])
            if is_fixed
            else None,
        }
        for epoch, diagonal in callback.snapshots_.items()
    ]
