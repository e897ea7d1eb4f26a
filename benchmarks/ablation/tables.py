"""Tables of the ablation study's page."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from benchmarks.ablation.cell import Cell, GateOutcome
from benchmarks.ablation.comparisons import NETWORK, NETWORKS, NOT_CHOSEN_ON, RAW, TRUTH, by_group, together
from benchmarks.shared.markdown import difference, number
from benchmarks.shared.tasks import PAPER

SUPPORT_BINS = ((0.0, 0.5), (0.5, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 1.01))
"""Narrower near 1, where most rows are; the last one includes 1."""


def networks(nets: pd.DataFrame) -> pd.DataFrame:
    """A row for each family."""
    groups = nets.groupby(["kind", "family"], sort=False)
    return pd.DataFrame(
        {
            "training rows": groups["n_train"].median().map("{:.0f}".format),
            "columns": groups["n_columns"].median().map("{:.0f}".format),
            "accuracy": groups["accuracy"].mean().map(number),
            "of the true scores": groups["best_accuracy"].mean().map(number),
            "majority": groups["majority"].mean().map(number),
            "failed": (groups.size() - groups["passed"].sum()).map(str) + " of " + groups.size().map(str),
            "reliability of the oracle": groups["reliability"].mean().map(lambda v: f"{v:.4f}"),
        }
    ).reset_index()


def network_errors(table: pd.DataFrame, methods: tuple[str, ...]) -> pd.DataFrame:
    """Cosine with the network's own Shapley values (relative error); a row for each group of networks."""
    rows = []
    for group, _, part in by_group(_of_network(table)):
        if group.endswith("families"):
            continue
        means = part.groupby("method")[["cosine", "error"]].mean()
        cells = {
            name: f"{number(means.loc[name, 'cosine'])} ({number(means.loc[name, 'error'])})"
            for name in methods
            if name in means.index
        }
        rows.append({"family": group, "networks": _count(part)} | cells)
    return pd.DataFrame(rows)


def overview(table: pd.DataFrame, methods: tuple[str, ...], metric: str) -> pd.DataFrame:
    """Means over networks, in brackets over families; a row for each method, a column for each group of networks."""
    columns = {}
    groups = sorted(together(_of_network(table)), key=lambda found: found[0] != NOT_CHOSEN_ON)
    for group, part in groups:
        means = part.groupby("method")[metric].mean()
        of_families = part.groupby(["family", "method"])[metric].mean().groupby("method").mean()
        title = f"{group} ({_count(part)} of {part['family'].nunique()} families)"
        columns[title] = {
            name: f"{number(means[name])} ({number(of_families[name])})" for name in methods if name in means
        }
    first = {name: float(text.split()[0]) for name, text in next(iter(columns.values())).items()}
    found = pd.DataFrame(columns).loc[sorted(first, key=first.get, reverse=NETWORK[metric].higher_is_better)]
    return found.rename_axis(index="method").reset_index()


def _of_network(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["truth"] == "network contrast") & (table["form"] == "centred")]


def _count(part: pd.DataFrame) -> int:
    """Number of networks."""
    return len(part[NETWORKS].drop_duplicates())


def differences(found: pd.DataFrame, block: str, metrics: tuple[str, ...]) -> pd.DataFrame:
    """A row for each metric and group of networks, a column for each peer."""
    of = found[(found["block"] == block) & found["metric"].isin(metrics)]
    rows = []
    for (metric, group), part in of.groupby(["metric", "group"], sort=False):
        title = (TRUTH | NETWORK)[metric].title
        row = {"metric": title, "family": group, "units": f"{part['n'].max():.0f}"}
        for r in part.itertuples():
            row[str(r.against)] = difference(r) + (" *" if r.holm_wilcoxon < 0.05 else "")
        rows.append(row)
    return pd.DataFrame(rows)


def truth_scores(table: pd.DataFrame, methods: tuple[str, ...]) -> pd.DataFrame:
    """Means against the contrast truth; a row for each group of networks and method."""
    of = table[(table["truth"] == "contrast") & (table["form"] == "centred")]
    rows = []
    for group, _, part in by_group(of):
        for name in methods:
            own = part[part["method"] == name]
            means = {metric.title: number(own[key].mean()) for key, metric in TRUTH.items()}
            rows.append({"family": group, "method": name} | means)
    return pd.DataFrame(rows)


def raw_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Means against the raw truth; a row for each task of the paper, method and form."""
    of = table[(table["truth"] == "raw") & table["passed"] & table["family"].isin(PAPER)]
    rows = []
    for (family, method, form), part in of.groupby(["family", "method", "form"], sort=False):
        means = {metric.title: number(part[key].mean()) for key, metric in RAW.items()}
        rows.append({"family": family, "method": method + (", gated" if "gated" in form else "")} | means)
    return pd.DataFrame(rows)


def gates(cells: list[Cell]) -> pd.DataFrame:
    """A row for each family, and for the rows that the gate was found with."""
    rows = []
    for family in dict.fromkeys(cell.family for cell in cells):
        for passed in (True, False):
            own = [c for c in cells if c.family == family and c.passed is passed]
            title = family + ("" if passed else ", failed")
            for name in own[0].gate if own else ():
                rows.append({"family": title, "with": name} | _gate_row([c.gate[name] for c in own]))
    return pd.DataFrame(rows)


def _gate_row(outcomes: list[GateOutcome]) -> dict[str, str | None]:
    def total(name: str) -> int:
        return sum(getattr(outcome, name) for outcome in outcomes)

    known = outcomes[0].noise is not None
    evidence = _finite_mean([outcome.evidence for outcome in outcomes])
    return {
        "networks gated": f"{sum(outcome.gated > 0 for outcome in outcomes)} of {len(outcomes)}",
        "noise kept": f"{total('noise_kept')} of {total('noise')}" if known else None,
        "informative lost": f"{total('informative_lost')} of {total('informative')}" if known else None,
        "gated": str(total("gated")),
        "evidence": None if np.isnan(evidence) else f"{evidence:.1f}",
        "changed": f"{np.mean([outcome.predictions_changed for outcome in outcomes]):.1%}",
    }


def errors_by_support(support: pd.DataFrame) -> pd.DataFrame:
    """Median errors in each bin of support, of test rows and of shifted rows."""
    rows = []
    is_test = support["rows"] == "test"
    for name, part in (("test rows", support[is_test]), ("shifted rows", support[~is_test])):
        for low, high in SUPPORT_BINS:
            inside = part[(part["support"] >= low) & (part["support"] < high)]
            rows.append(
                {
                    "rows": name,
                    "support": f"{low:g} to {min(high, 1.0):g}",
                    "number": len(inside),
                    "error, network": number(inside["error"].median()) if len(inside) else None,
                    "error, truth": number(inside["error_of_truth"].median()) if len(inside) else None,
                }
            )
    return pd.DataFrame(rows)


def shifts(support: pd.DataFrame) -> pd.DataFrame:
    """Medians for each kind of rows, over families whose rows were shifted."""
    shifted = support.groupby("family")["rows"].transform("nunique") > 1
    rows = []
    for name, part in support[shifted].groupby("rows", sort=False):
        correlation = [
            spearmanr(own["support"], own["error"]).statistic for _, own in part.groupby(NETWORKS) if len(own) > 10
        ]
        rows.append(
            {
                "rows": name,
                "median support": number(part["support"].median()),
                "median error, network": number(part["error"].median()),
                "correlation": number(float(np.mean(correlation))),
            }
        )
    return pd.DataFrame(rows)


def _finite_mean(values: list[float | None]) -> float:
    """Mean over the finite values; NaN if there are none."""
    array = np.array(values, dtype=float)
    finite = array[np.isfinite(array)]
    return float(finite.mean()) if len(finite) else float("nan")
