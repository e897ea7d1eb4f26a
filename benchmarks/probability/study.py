"""What explaining probabilities costs: accuracy of scores and of probabilities explained, on development networks."""

from __future__ import annotations

import argparse
import time
import warnings
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state

from agop_tabular import AGOPExplainer
from agop_tabular.core.evaluating import evaluating
from agop_tabular.effects.permutations import permutation_gains
from agop_tabular.evaluation import cosine, relative_error
from agop_tabular.models.rows import take_rows
from benchmarks.probability import page
from benchmarks.shared import families
from benchmarks.shared.machine import machine
from benchmarks.shared.options import add_output

FAMILIES = ("linear", "interaction", "switched", "sparse-nonlinear", "adult", "categorical")
SEED = 705
"""Of development: nothing is claimed here of networks that were not looked at."""

OUTPUTS = ("raw", "probability")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--families", nargs="+", choices=families.FAMILIES, default=list(FAMILIES))
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--permutations", type=int, default=1000, help="for the network's own Shapley values")
    parser.add_argument("--refine", type=int, default=32, help="pairs of permutations of the refined explanation")
    add_output(parser)


def run(**options: Any) -> None:
    settings = {name: options[name] for name in ("families", "seed", "rows", "permutations", "refine")}
    records = [record for family in settings["families"] for record in measured(family, settings)]
    page.write(options["output"], {"machine": machine(), "settings": settings, "networks": records})
    print(f"written to {options['output'] / 'probability.md'}")


def measured(family: str, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Cosine and relative error of each output's explanation, against the network's own Shapley values of it."""
    warnings.simplefilter("ignore")
    trained = families.train(family, settings["seed"])
    rows = take_rows(trained.test, slice(0, settings["rows"]))
    records = []
    for output in OUTPUTS:
        started = time.perf_counter()
        explainer = AGOPExplainer(trained.model, model_output=output, gate=None).fit(trained.train)
        seconds = time.perf_counter() - started
        found = explainer(rows)
        index = np.searchsorted(explainer.classes_, found.target)
        own = shapley(explainer.model_, rows, trained.train, settings["permutations"] // 2)
        own = own[np.arange(len(rows)), :, index]
        refined = explainer.set_params(refine=settings["refine"]).explain(rows)
        records.append(
            {
                "family": family,
                "output": output,
                "cosine": float(cosine(found.values, own).mean()),
                "error": relative_error(found.values, own),
                "refined": relative_error(np.asarray(refined), own),
                "gap": float(np.abs(found.gap).max()),
                "support": float(np.nanmean(found.support)),
                "fit seconds": seconds,
            }
        )
    return records


@torch.no_grad()
def shapley(model: Any, rows: Any, background: Any, pairs: int) -> np.ndarray:
    """The network's own Shapley values (n, d, C) of what is explained, by pairs of permutations."""
    rng, d = check_random_state(0), model.feature_map.n_columns
    x, absent = model.coordinates(rows), model.coordinates(background)
    column = torch.from_numpy(model.feature_map.column_of)
    found = []
    with evaluating(model.network.module):
        for row in x:
            chosen = torch.from_numpy(rng.randint(len(absent), size=pairs))
            orders = torch.from_numpy(rng.random_sample((pairs, d)).argsort(axis=1))
            gains = permutation_gains(model.scores, row[None], absent[chosen], orders, column)
            found.append(gains.mean(dim=(1, 2))[0].numpy())
    return np.stack(found)
