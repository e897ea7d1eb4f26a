"""Tables of the page on scenes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from agop_tabular.evaluation import paired_comparison
from benchmarks.scenes.comparisons import METRICS, compared
from benchmarks.scenes.maps import ADAPTIVE, CONTROLS, GRADIENT, IG
from benchmarks.scenes.pooling import ORDERS, USUAL
from benchmarks.scenes.scoring import TRUTHS
from benchmarks.scenes.shift import NONE, WEIGHTED
from benchmarks.shared.markdown import difference, number
from benchmarks.shared.segments import COLUMNS


def networks(cells: list[dict[str, Any]]) -> pd.DataFrame:
    """A row for each network."""
    return pd.DataFrame(
        {
            "task": cell["task"],
            "seed": cell["seed"],
            "classes": len(cell["classes"]),
            "most frequent class": number(cell["majority"]),
            **{f"accuracy, {part}": number(value) for part, value in cell["accuracy"].items()},
            "explained": "yes" if cell["learned"] else "no",
            "minutes of training": f"{cell['seconds'] / 60:.0f}",
        }
        for cell in cells
    )


def methods(table: pd.DataFrame, values: pd.Series, task: str) -> pd.DataFrame:
    """A row for each method under the usual rule, best first: all metrics, and the difference from IG.

    Without agop-adaptive, whose rule was chosen on small images and does not hold for photographs.
    """
    part = table[(table["task"] == task) & (table["pooling"] == USUAL)]
    own = values.xs((task, USUAL, "target"), level=["task", "pooling", "truth"])
    means = part.groupby(["method", "truth"])[list(METRICS)].mean().unstack()
    rows = []
    for name in means["iou", "target"].drop(ADAPTIVE, errors="ignore").sort_values(ascending=False).index:
        chosen = part[part["method"] == name]
        row = {"method (*control*)": f"*{name}*" if name in CONTROLS else name}
        for truth, title in TRUTHS.items():
            for metric, name_of_metric in METRICS.items():
                row[f"{name_of_metric}, {title}"] = _mean_and_sd(chosen[chosen["truth"] == truth][metric])
        against = None if name == IG else compared(own, name, IG)
        row["IoU less that of IG"] = None if against is None else difference(pd.Series(against))
        rows.append(row)
    return pd.DataFrame(rows)


def adaptive(table: pd.DataFrame, task: str) -> str:
    """IoU of agop-adaptive with the single object; empty where it was not computed."""
    part = table[(table["task"] == task) & (table["pooling"] == USUAL) & (table["truth"] == "target")]
    found = part.loc[part["method"] == ADAPTIVE, "iou"]
    return _mean_and_sd(found) if len(found) else ""


def poolings(table: pd.DataFrame, task: str) -> pd.DataFrame:
    """A row for each method with channels, a column for each rule of pooling: IoU with the single object."""
    part = table[(table["task"] == task) & (table["truth"] == "target")]
    means = part.groupby(["method", "pooling"])["iou"].mean().unstack()[list(ORDERS)]
    means = means[means.nunique(axis=1) > 1]
    means = means.loc[means[USUAL].sort_values(ascending=False).index]
    text = means.map(number)
    text.index = [f"*{name}*" if name in CONTROLS else name for name in text.index]
    return text.rename_axis(index="method (*control*)").reset_index()


def shift(cells: list[dict[str, Any]]) -> pd.DataFrame:
    """A row for each task and set of scenes: means over networks and images."""
    rows = []
    for task in dict.fromkeys(cell["task"] for cell in cells):
        own = [cell["sets"] for cell in cells if cell["task"] == task]
        for name in own[0]:
            found = [sets[name] for sets in own]
            iou = {m: np.mean([f["iou"][m] for f in found], axis=0) for m in found[0]["iou"]}
            against = paired_comparison(iou[WEIGHTED], iou[GRADIENT])
            rows.append(
                {
                    "task": task,
                    "scenes": kind_of_scenes(name),
                    "images": len(found[0]["correct"]),
                    "accuracy": number(float(np.mean([f["correct"] for f in found]))),
                    "support": number(float(np.median([f["support"] for f in found]))),
                    **{m: number(float(values.mean())) for m, values in iou.items()},
                    "Weighted less gradient": difference(pd.Series(against)),
                    "correlation of error and support": number(float(np.mean([_correlation(f) for f in found]))),
                }
            )
    return pd.DataFrame(rows)


def kind_of_scenes(name: str) -> str:
    """What the scenes of a set are like, without the name of the folder that such sets lie beside."""
    return "as in training" if name == NONE else name.removeprefix("scenes-")


def segments(cells: list[dict[str, Any]]) -> pd.DataFrame:
    """A row for each task and map, best threshold first: means over networks."""
    rows = []
    for task in dict.fromkeys(cell["task"] for cell in cells):
        own = [cell["methods"] for cell in cells if cell["task"] == task]
        of_task = [
            {"task": task, "map (*control*)": f"*{name}*" if name in CONTROLS else name}
            | {title: float(np.mean([m[name][way][what] for m in own])) for (way, what), title in COLUMNS.items()}
            for name in own[0]
        ]
        rows += sorted(of_task, key=lambda row: -row[COLUMNS["threshold", "iou"]])
    return pd.DataFrame(rows).map(lambda value: number(value) if isinstance(value, float) else value)


def cost(cells: list[dict[str, Any]]) -> pd.DataFrame:
    """A row for each step and size."""
    forward = {cell["size"]: cell["seconds"] for cell in cells if cell["step"] == "forward pass"}
    return pd.DataFrame(
        {
            "pixels": f"3 × {cell['size']} × {cell['size']}",
            "step": cell["step"],
            "ms an image": f"{1000 * cell['seconds']:.1f}",
            "forward passes": f"{cell['seconds'] / forward[cell['size']]:.1f}",
            "once, s": f"{cell['fixed']:.1f}" if "fixed" in cell else None,
            "peak memory, MB": f"{cell['megabytes']:.0f}",
            "file, MB": f"{cell['file']:.1f}" if "file" in cell else None,
        }
        for cell in cells
    )


def _correlation(found: dict[str, Any]) -> float:
    """Of the error of AGOP-Weighted, one less its IoU, with support, over images (Spearman)."""
    return float(spearmanr(1 - np.array(found["iou"][WEIGHTED]), found["support"]).statistic)


def _mean_and_sd(values: pd.Series) -> str:
    return number(values.mean()) + (f" ±{number(values.std())}" if len(values) > 1 else "")
