"""Tables of the image study's page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.images.cell import Cell
from benchmarks.images.comparisons import KEYS
from benchmarks.images.maps import CONTROLS, GRADIENT
from benchmarks.shared.markdown import number

NETWORK_COLUMNS = (*KEYS, "accuracy", "learned", "rate", "zero_gradient", "steadiness", "callback_share")


def networks(cells: list[Cell]) -> pd.DataFrame:
    """A row for each network, background and scenario."""
    nets = pd.DataFrame([{name: getattr(cell, name) for name in NETWORK_COLUMNS} for cell in cells])
    groups = nets.groupby(KEYS, sort=False)
    return pd.DataFrame(
        {
            "accuracy": groups["accuracy"].mean().map(number),
            "lowest": groups["accuracy"].min().map(number),
            "left out": (groups.size() - groups["learned"].sum()).map(str) + " of " + groups.size().map(str),
            "trained at the second rate": (groups["rate"].agg(lambda r: (r > 1e-3).sum())).map(str),
            "images without a gradient": groups["zero_gradient"].mean().map("{:.0%}".format),
            "steadiness": groups["steadiness"].mean().map(number),
            "AGOPCallback, share of training": groups["callback_share"].mean().map("{:.1%}".format),
        }
    ).reset_index()


def methods(part: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Mean ± sd over seeds; a row for each method, a column for each scenario."""
    groups = part.groupby(["method", "scenario"], sort=False)[metric]
    text = groups.mean().map(number) + " ±" + groups.std().map(number)
    out = text.unstack()[list(dict.fromkeys(part["scenario"]))].reindex(list(dict.fromkeys(part["method"])))
    out.index = [f"*{name}*" if name in CONTROLS else name for name in out.index]
    return out.rename_axis(index="method (*control*)").reset_index()


def shift_records(cells: list[Cell]) -> pd.DataFrame:
    """A row for each cell and level of a shift."""
    return pd.DataFrame(
        {"network": c.network, "scenario": c.scenario, "seed": c.seed} | row for c in cells for row in c.shift or []
    )


def shift(records: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds; a row for each network, scenario and level."""
    if records.empty:
        return pd.DataFrame({"shift": ["no network learned a task with fixed shapes"]})
    keys = ["network", "scenario", "kind", "level"]
    means = records.groupby(keys, sort=False).mean(numeric_only=True).reset_index()
    out = means[["network", "scenario", "kind"]].rename(columns={"kind": "shift"})
    out["level"] = means["level"].map("{:g}".format)
    for name in ("accuracy", "agop-weighted", GRADIENT, "agop-adaptive", "support"):
        out[name] = means[name].map(number)
    out["correlation with support"] = means["error_and_support"].map(number)
    out["with distance"] = means["error_and_distance"].map(number)
    return out


def digits(cells: list[dict[str, Any]]) -> pd.DataFrame:
    """Mean ± sd over seeds; a row for each method, and the network's accuracy."""
    changed = pd.DataFrame([cell["changed"] for cell in cells])
    accuracy = pd.Series([cell["accuracy"] for cell in cells])
    return pd.DataFrame(
        {
            "method": [*changed.columns, "accuracy of the network"],
            "predictions changed": [*(_mean_and_sd(changed[m]) for m in changed), _mean_and_sd(accuracy)],
        }
    )


def _mean_and_sd(values: pd.Series) -> str:
    return f"{number(values.mean())} ±{number(values.std())}"
