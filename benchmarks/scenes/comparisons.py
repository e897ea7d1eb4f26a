"""Comparisons of methods on scenes: paired over images and over networks, and the claims of the paper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from agop_tabular.evaluation import paired_comparison
from benchmarks.scenes.maps import BLACK_IG, GRADIENT, IG, WITH_SD
from benchmarks.scenes.pooling import ORDERS, USUAL
from benchmarks.scenes.scoring import TRUTHS
from benchmarks.shared.markdown import difference, number, p_value

CLAIMS = {"agop-weighted": 1.18, "agop-global": 1.37}
"""How many times the mIoU of Integrated Gradients the paper has on CLEVR-XAI."""

VARIANTS = {method: (method, f"{method}, one class") for method in CLAIMS}
"""M of all classes, and of one, as the paper has it."""

PRIOR = (("agop-weighted", GRADIENT), ("agop-weighted", WITH_SD), ("agop-global", "data: variance"))
"""What M adds to the gradient alone, and to what the pixels' variance over training images would do in its place."""

METRICS = {"iou": "IoU", "rank": "rank", "mass": "mass"}


def records(cells: list[dict[str, Any]]) -> pd.DataFrame:
    """A row for each network, method, rule of pooling and truth: means over images."""
    return pd.DataFrame(
        {"task": cell["task"], "seed": cell["seed"], "method": method, "pooling": rule, "truth": truth}
        | {"iou": float(np.mean(found["iou"])), "rank": found["rank"], "mass": found["mass"]}
        | {"images": len(cell["scenes"])}
        for cell in cells
        for method, rules in cell["methods"].items()
        for rule, truths in rules.items()
        for truth, found in truths.items()
    )


def by_image(cells: list[dict[str, Any]]) -> pd.Series:
    """IoU of each image, by task, seed, method, rule of pooling, truth and scene."""
    parts = {
        (cell["task"], cell["seed"], method, rule, truth): pd.Series(found["iou"], index=cell["scenes"])
        for cell in cells
        for method, rules in cell["methods"].items()
        for rule, truths in rules.items()
        for truth, found in truths.items()
    }
    return pd.concat(parts, names=["task", "seed", "method", "pooling", "truth", "scene"])


def compared(values: pd.Series, ours: str, theirs: str) -> dict[str, Any] | None:
    """One method against another, under one rule and truth.

    Parameters
    ----------
    values : Series
        IoU by seed, method and scene.
    ours, theirs : str

    Returns
    -------
    dict or None
        Means of ``ours`` and ``theirs``, their ``ratio``, and :func:`paired_comparison` over images, of which each
        counts once, with the mean over the networks that explain it; ``networks`` is that over networks. None where
        one is missing.
    """
    table = values.unstack("method")
    if ours not in table or theirs not in table:
        return None
    pair = table[[ours, theirs]].dropna()
    images, networks = pair.groupby("scene").mean(), pair.groupby("seed").mean()
    means = networks.mean()
    return {
        "ours": float(means[ours]),
        "theirs": float(means[theirs]),
        "ratio": float(means[ours] / means[theirs]),
        **paired_comparison(images[ours].to_numpy(), images[theirs].to_numpy()),
        "networks": paired_comparison(networks[ours].to_numpy(), networks[theirs].to_numpy()),
    }


def claims(values: pd.Series) -> pd.DataFrame:
    """The claims under every rule of pooling and truth, for both starts of IG and both M."""
    rows = []
    for (task, rule, truth), part in values.groupby(["task", "pooling", "truth"], sort=False):
        own = part.droplevel(["task", "pooling", "truth"])
        for method, size in CLAIMS.items():
            for ours in VARIANTS[method]:
                for theirs in (IG, BLACK_IG):
                    found = compared(own, ours, theirs)
                    if found is not None:
                        keys = {"task": task, "pooling": rule, "truth": truth, "method": ours, "against": theirs}
                        rows.append(keys | found | {"claimed": size, "verdict": verdict(found, size)})
    return pd.DataFrame(rows)


def verdict(found: dict[str, Any], claimed: float) -> str:
    """In a word: whether the interval over images is above zero, and whether the ratio is as large as claimed."""
    if np.isnan(found["low"]):
        return "one image"
    if found["low"] > 0:
        return "holds" if found["ratio"] >= claimed else "better, by less"
    return "worse" if found["high"] < 0 else "no difference"


def verdict_lines(found: pd.DataFrame) -> list[str]:
    """The claims in words, under the usual rule, for the single object."""
    usual = found[(found["pooling"] == USUAL) & (found["truth"] == "target") & (found["against"] == IG)]
    lines = []
    for row in usual.to_dict("records"):
        networks = row["networks"]
        over = ""
        if networks["n"] > 1:
            over = f"; over {networks['n']} networks {networks['low']:+.3f} to {networks['high']:+.3f}"
        lines.append(
            f"- {row['task']}: {row['method']} {number(row['ours'])}, IG {number(row['theirs'])}: "
            f"{row['ratio']:.2f}× (claimed {row['claimed']:.2f}×), difference {row['difference']:+.3f} "
            f"({row['low']:+.3f} to {row['high']:+.3f} over {row['n']} images, p {p_value(row['p_t'])}{over}): "
            f"**{row['verdict']}**."
        )
    return lines


def prior_lines(values: pd.Series) -> list[str]:
    """What M adds, under the usual rule, for the single object."""
    usual = values.xs((USUAL, "target"), level=["pooling", "truth"])
    lines = []
    for task, part in usual.groupby("task", sort=False):
        for ours, theirs in PRIOR:
            found = compared(part.droplevel("task"), ours, theirs)
            if found is not None:
                lines.append(
                    f"- {task}: {ours} {number(found['ours'])}, {theirs} {number(found['theirs'])}: difference "
                    f"{difference(pd.Series(found))}, p {p_value(found['p_t'])}."
                )
    return lines


def claims_table(found: pd.DataFrame, task: str) -> pd.DataFrame:
    """A row for each method, start of IG and truth; ratios and verdicts by rule of pooling."""
    found = found[found["task"] == task]
    text = found["ratio"].map("{:.2f}× ".format) + found["verdict"]
    keys = ["method", "against", "truth"]
    table = found[keys].assign(text=text, pooling=found["pooling"])
    out = table.pivot_table(index=keys, columns="pooling", values="text", aggfunc="first", sort=False)
    out = out[[rule for rule in ORDERS if rule in out]].reset_index()
    return out.assign(truth=out["truth"].map(TRUTHS))
