"""Error against model evaluations: the look-up, its refinement, permutation sampling and KernelSHAP.

A cell is one family and one seed, kept under OUTPUT/budget.cells as soon as it is done.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd

from agop_tabular import AGOPExplainer
from agop_tabular.baselines import KernelShap, NetworkShapley
from agop_tabular.models.rows import take_rows
from benchmarks import families
from benchmarks.cells import Cell, Cells, run_all
from benchmarks.machine import machine
from benchmarks.page import made_with, markdown, number
from benchmarks.scores import centred

matplotlib.use("Agg")
import matplotlib.pyplot as plt

RESULTS = Path(__file__).parent / "results"
FIRST_SEED = 2100
"""Seeds below were used by another study, or while the methods were chosen."""

FAMILIES = ("sparse-nonlinear", "interaction", "switched", "random", "three-way", "adult", "credit-default")
PAIRS = (1, 2, 4, 8, 16, 32, 64, 128)
BACKGROUNDS = (10, 50)
"""Background rows of KernelSHAP; the one with the lower mean error at a budget counts."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--families", nargs="+", choices=families.FAMILIES, default=list(FAMILIES))
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--jobs", type=int, default=2, help="cells at a time, one thread each")
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--permutations", type=int, default=10_000, help="of the network's own Shapley values")
    parser.add_argument("--pairs", nargs="+", type=int, default=list(PAIRS))
    parser.add_argument("--output", type=Path, default=RESULTS)


def run(**options: Any) -> None:
    rows, permutations, pairs = options["rows"], options["permutations"], options["pairs"]
    seeds = range(options["first_seed"], options["first_seed"] + options["seeds"])
    settings = {"rows": rows, "permutations": permutations, "pairs": pairs}
    cells = Cells(options["output"] / "budget.cells", settings)
    wanted = [(family, seed) for seed in seeds for family in options["families"]]
    open_ = [c for c in wanted if not cells.read("{}-{}".format(*c))]
    print(f"{len(wanted) - len(open_)} of {len(wanted)} cells are there", flush=True)
    started = time.perf_counter()
    run_all(one_cell, [(cells, *c, rows, permutations, pairs) for c in open_], options["jobs"], "cells")
    result = {
        "machine": machine(),
        "settings": settings | {"families": options["families"], "seeds": list(seeds)},
        "seconds_of_this_run": round(time.perf_counter() - started),
        "cells_of_this_run": len(open_),
    }
    write(options["output"], result, [cells.read(f"{family}-{seed}") for family, seed in wanted])
    print(f"written to {options['output'] / 'budget.md'}")


def one_cell(cells: Cells, family: str, seed: int, n: int, permutations: int, pairs: list[int]) -> None:
    """Mean relative error of every method at every budget."""
    warnings.simplefilter("ignore")
    trained = families.train(family, seed)
    model, train = trained.model, trained.train
    rows = take_rows(trained.test, slice(0, n))
    labels = model.predict(rows)
    target = np.searchsorted(model.classes_, labels)
    own = centred(NetworkShapley(n_permutations=permutations)(model, rows, "all", train, seed), target)
    explainer = AGOPExplainer(model, random_state=seed, gate=None).fit(train)
    d = rows.shape[1]

    def error(values: Any) -> float:
        off = np.linalg.norm(np.asarray(values, dtype=float) - own, axis=1)
        return float((off / np.linalg.norm(own, axis=1).clip(1e-12)).mean())

    records = [{"method": "look-up", "pairs": 0, "evaluations": 1, "error": error(explainer.explain(rows, labels))}]
    for k in pairs:
        at = {"pairs": k, "evaluations": 2 * k * (d + 1)}
        explainer.set_params(refine=k)
        records.append({"method": "refined"} | at | {"error": error(explainer.explain(rows, labels))})
        sampled = NetworkShapley(n_permutations=2 * k)(model, rows, "all", train, seed + 1)
        records.append({"method": "permutations"} | at | {"error": error(centred(sampled, target))})
        for n_background in BACKGROUNDS:
            n_samples = at["evaluations"] // n_background
            if n_samples >= d + 2:
                kernel = KernelShap(n_background=n_background, n_samples=n_samples)
                values = kernel(model, rows, "all", train, seed + 1)
                name = f"KernelSHAP, {n_background} background rows"
                records.append({"method": name} | at | {"error": error(centred(values, target))})
    cells.write(f"{family}-{seed}", {"family": family, "seed": seed, "columns": d, "errors": records})


# Results ----------------------------------------------------------------------------------------------------------


def write(output: Path, result: dict, cells: list[Cell]) -> None:
    """JSON, CSV, a Markdown page and a picture."""
    table = pd.DataFrame(
        {"family": c["family"], "seed": c["seed"]} | record for c in cells if c for record in c["errors"]
    )
    output.mkdir(parents=True, exist_ok=True)
    table.to_csv(output / "budget.csv", index=False, float_format="%.5g")
    worth = equivalents(table)
    result["equivalents"] = json.loads(worth.to_json(orient="records"))
    (output / "budget.json").write_text(json.dumps(result, indent=1) + "\n")
    settings = result["settings"]
    lines = [
        "# Error against model evaluations",
        "",
        "`python -m benchmarks budget`: mean relative error against the network's own Shapley values "
        f"({settings['permutations']:,} permutations a row), {settings['rows']} rows of each network, seeds "
        f"{settings['seeds'][0]} to {settings['seeds'][-1]}, zero-sum scores of the predicted class. K antithetic "
        "pairs of permutations cost 2 K (d + 1) evaluations of the network a row; KernelSHAP gets as many, coalitions "
        "times background rows, with whichever of 10 and 50 background rows has the lower error, where the budget "
        "reaches for more coalitions than columns. The look-up evaluates the network once.",
        "",
        *markdown(_table(table)),
        "",
        "## How many evaluations is the look-up worth?",
        "",
        "Pairs of permutations, and evaluations of the network a row, at which plain sampling reaches the error of the "
        "look-up and of 16 refined pairs (log-log interpolation of the means; > where it never does).",
        "",
        *markdown(_worth_table(worth)),
        "",
        "![Error against evaluations](budget.png)",
        "",
        made_with(result["machine"]),
        "",
    ]
    (output / "budget.md").write_text("\n".join(lines))
    draw(table, output / "budget.png")


def _means(table: pd.DataFrame) -> pd.DataFrame:
    """Mean error over seeds: a row for each family and number of pairs, a column a method."""
    kernel = table["method"].str.startswith("KernelSHAP")
    best = table[kernel].groupby(["family", "pairs", "method"])["error"].mean().groupby(["family", "pairs"]).min()
    rest = table[~kernel].groupby(["family", "pairs", "method"], sort=False)["error"].mean().unstack()
    return rest.assign(KernelSHAP=best).reindex(columns=["look-up", "refined", "permutations", "KernelSHAP"])


def _table(table: pd.DataFrame) -> pd.DataFrame:
    means = _means(table)
    rows = []
    for family, part in means.groupby(level="family", sort=False):
        for name in part.columns:
            cells = {"0": part[name].get((family, 0), np.nan)}
            cells |= {str(k): part[name].get((family, k), np.nan) for k in sorted(table["pairs"].unique()) if k}
            rows.append({"family": family, "pairs K:": name} | {k: number(v) for k, v in cells.items()})
    return pd.DataFrame(rows)


def equivalents(table: pd.DataFrame) -> pd.DataFrame:
    """Pairs of permutations that plain sampling needs for the errors of the look-up and of its refinement."""
    means = _means(table)
    columns = table[table["pairs"] == table["pairs"].max()].groupby("family")["evaluations"].first()
    rows = []
    for family, part in means.groupby(level="family", sort=False):
        curve = part["permutations"].droplevel("family").dropna()
        per_pair = columns[family] / table["pairs"].max()
        refined = part["refined"].droplevel("family").dropna()
        for name, wanted in (("look-up", part["look-up"].dropna().iloc[0]), ("refined", refined.get(16, np.nan))):
            pairs = np.inf
            if np.isfinite(wanted) and wanted >= curve.min():
                order = np.argsort(curve.to_numpy())
                pairs = np.exp(np.interp(np.log(wanted), np.log(curve.to_numpy())[order], np.log(curve.index)[order]))
            evaluations = pairs * per_pair
            rows.append({"family": family, "of": name, "error": wanted, "pairs": pairs, "evaluations": evaluations})
    return pd.DataFrame(rows)


def _worth_table(worth: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for family, part in worth.groupby("family", sort=False):
        row = {"family": family}
        for r in part.itertuples():
            title = "look-up" if r.of == "look-up" else "16 refined pairs"
            row[f"error of the {title}"] = number(r.error)
            reached = np.isfinite(r.pairs)
            row[f"worth of the {title}"] = f"{r.pairs:.0f} pairs, {r.evaluations:,.0f} evaluations" if reached else ">"
        rows.append(row)
    return pd.DataFrame(rows)


def draw(table: pd.DataFrame, path: Path) -> None:
    """A panel a family: error against evaluations, both logarithmic."""
    means = _means(table)
    names = means.index.get_level_values("family").unique()
    columns = min(4, len(names))
    figure, axes = plt.subplots(
        -(-len(names) // columns),
        columns,
        figsize=(3.1 * columns, 5.2),
        layout="constrained",
        squeeze=False,
        sharey=True,
    )
    for panel in axes.ravel()[len(names) :]:
        panel.remove()
    evaluations = table.groupby(["family", "pairs"])["evaluations"].first()
    for panel, family in zip(axes.ravel(), names, strict=False):
        part = means.loc[family]
        for name, colour in (("refined", "C3"), ("permutations", "C0"), ("KernelSHAP", "C2")):
            there = part[name].dropna()
            panel.plot(evaluations[family][there.index], there, color=colour, marker="o", ms=3, label=name)
        panel.axhline(part["look-up"].dropna().iloc[0], color="C1", ls="--", label="look-up")
        panel.set(xscale="log", yscale="log", title=family, xlabel="evaluations a row")
    axes[0, 0].set_ylabel("relative error")
    axes[0, 0].legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)
    plt.close(figure)
