"""Files of the ROAR study: JSON, CSV, a Markdown page and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from agop_tabular.evaluation import area, holm, paired_comparison
from benchmarks.roar.pictures import CURVES, draw
from benchmarks.shared.markdown import made_with, markdown_table, number, p_value
from benchmarks.shared.methods import PAPER_PEERS
from benchmarks.shared.records import rows_of, write_csv, write_json

PAPER = ("agop-ixg", *PAPER_PEERS)
"""The methods that arXiv 2605.15700 compares."""

AGAINST = "input-x-gradient"
SCORES = {"roc_auc": "ROC-AUC", "accuracy": "accuracy"}


@dataclass(frozen=True)
class TableResult:
    """What the study found on one table.

    Attributes
    ----------
    rankings : DataFrame with method, seed and order
    curves : DataFrame with method, seed, curve, k and scores
    by_row : DataFrame with seed, method, share and scores
    """

    rankings: pd.DataFrame
    curves: pd.DataFrame
    by_row: pd.DataFrame


def write(output: Path, result: dict[str, Any], found: dict[str, TableResult]) -> None:
    """Write everything from what was found on each table."""
    output.mkdir(parents=True, exist_ok=True)
    areas = {name: areas_under(table.curves) for name, table in found.items()}
    curves = pd.concat([table.curves.assign(data=name) for name, table in found.items()])
    write_csv(output / "roar.csv", curves)
    result["areas"] = {name: rows_of(table) for name, table in areas.items()}
    result["orders"] = {name: rows_of(table.rankings) for name, table in found.items()}
    result["by_row"] = {name: rows_of(table.by_row) for name, table in found.items()}
    write_json(output / "roar.json", result)
    (output / "roar.md").write_text(page(result, found, areas))
    for name, table in found.items():
        draw(table.curves, output / f"roar-{name}.png")


def areas_under(curves: pd.DataFrame) -> pd.DataFrame:
    """The area under each score; a row for each method, seed and kind of curve."""
    rows = []
    for (method, seed, curve), part in curves.groupby(["method", "seed", "curve"], sort=False):
        ordered = part.sort_values("k")
        rows.append({"method": method, "seed": seed, "curve": curve} | {s: area(ordered[s]) for s in SCORES})
    return pd.DataFrame(rows)


def page(result: dict[str, Any], found: dict[str, TableResult], areas: dict[str, pd.DataFrame]) -> str:
    """The Markdown page."""
    settings = result["settings"]
    lines = [
        "# ROAR: what a retrained network loses",
        "",
        f"`python -m benchmarks roar`: global rankings of the table's columns by mean absolute attribution over "
        f"{settings['ranking_rows']} training rows, {settings['seeds']} ranking seeds (network and explainer fitted "
        f"anew), {settings['retrainings']} retraining(s) at every point k = 1 … d - 1, the same seeds for all methods; "
        f"{settings['random']} random rankings. Removed columns are set to the training mean or mode, in training and "
        f"testing; networks have {settings['epochs']} epochs. An *area* is the mean score over k. *Against* "
        f"{AGAINST}: paired over seeds, positive in favour of the row, with 95% intervals. All curves: "
        "`roar.csv`.",
    ]
    for name, table in found.items():
        lines += ["", f"## {name}", "", *_table_section(name, table, areas[name])]
    return "\n".join([*lines, "", made_with(result["machine"]), ""])


def _table_section(name: str, table: TableResult, areas: pd.DataFrame) -> list[str]:
    lines = []
    for curve, title in CURVES.items():
        lines += [f"Areas, {title}; ± is the standard deviation over ranking seeds.", ""]
        lines += [*markdown_table(area_table(areas, curve)), ""]
    return [
        *lines,
        *_spread_lines(areas),
        "",
        *markdown_table(_first_columns(table.rankings)),
        "",
        f"![Curves](roar-{name}.png)",
        "",
        "Every row without its own top columns, scores after retraining. The pattern of missing values can reveal the "
        "label, so this does not rank methods: compare with *random*.",
        "",
        *markdown_table(_by_row_table(table.by_row)),
    ]


def area_table(areas: pd.DataFrame, curve: str) -> pd.DataFrame:
    """A row for each method: areas, random rankings beaten, difference from ``AGAINST``."""
    of = areas[areas["curve"] == curve]
    random = of[of["method"] == "random"]
    sign = -1 if curve == "remove" else 1
    base = of[of["method"] == AGAINST].set_index("seed")
    rows, p_values = [], []
    for method, part in of.groupby("method", sort=False):
        row = {"method": method}
        for score, title in SCORES.items():
            row[title] = f"{part[score].mean():.4f} ±{part[score].std():.4f}"
        better = sign * (part["roc_auc"].mean() - random["roc_auc"].to_numpy())
        row["random rankings beaten"] = "–" if method == "random" else f"{(better > 0).mean():.0%}"
        p_values.append(np.nan)
        if method not in ("random", AGAINST) and len(base):
            own = part.set_index("seed")["roc_auc"]
            peer = base["roc_auc"].reindex(own.index)
            r = paired_comparison(own.to_numpy(), peer.to_numpy(), higher_is_better=curve == "keep")
            row[f"against {AGAINST}, ROC-AUC"] = f"{r['difference']:+.4f} ({r['low']:+.4f} to {r['high']:+.4f})"
            p_values[-1] = r["p_t"]
        rows.append(row)
    out = pd.DataFrame(rows)
    out["p (t, Holm)"] = [p_value(p) for p in holm(np.array(p_values))]
    return out


def spread(areas: pd.DataFrame, score: str) -> tuple[float, str, str]:
    """How far the areas of the paper's methods are apart, relative to their mean; the lowest method, the highest."""
    of = areas[(areas["curve"] == "remove") & areas["method"].isin(PAPER)]
    means = of.groupby("method")[score].mean()
    return float((means.max() - means.min()) / means.mean()), str(means.idxmin()), str(means.idxmax())


def _spread_lines(areas: pd.DataFrame) -> list[str]:
    if len(set(PAPER) & set(areas["method"])) < 2:
        return []
    found = [(title, *spread(areas, score)) for score, title in SCORES.items()]
    return [
        f"The paper's methods lie within {share:.1%} of their mean area of {title} (the paper: about 1.7%); "
        f"lowest {lowest}, highest {highest}."
        for title, share, lowest, highest in found
    ]


def _first_columns(rankings: pd.DataFrame) -> pd.DataFrame:
    """The columns that each method ranks first and second."""
    named = rankings[rankings["method"] != "random"]
    rows = []
    for method, part in named.groupby("method", sort=False):
        first = part["order"].map(lambda order: order[0]).value_counts()
        second = part["order"].map(lambda order: order[1]).value_counts()
        rows.append({"method": method, "ranked first": _counted(first), "ranked second": _counted(second)})
    return pd.DataFrame(rows)


def _counted(counts: pd.Series) -> str:
    return ", ".join(f"{name} ({n})" if len(counts) > 1 else str(name) for name, n in counts.items())


def _by_row_table(by_row: pd.DataFrame) -> pd.DataFrame:
    """ROC-AUC; a row for each method, a column for each share removed."""
    means = by_row.groupby(["method", "share"], sort=False)["roc_auc"].mean().unstack()
    return (
        means.map(number).rename(columns=lambda share: f"{share:.0%} removed").reset_index().rename_axis(columns=None)
    )
