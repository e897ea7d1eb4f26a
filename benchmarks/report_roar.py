"""What the ROAR study writes: JSON, CSV, a Markdown page and pictures."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from agop_tabular.evaluation import area, holm, paired_comparison
from benchmarks.page import made_with, markdown, number, p_value

matplotlib.use("Agg")
import matplotlib.pyplot as plt

PAPER = ("agop-ixg", "shap-deep", "integrated-gradients", "input-x-gradient", "lime")
"""The methods that arXiv 2605.15700 compares."""

AGAINST = "input-x-gradient"
SCORES = {"roc_auc": "ROC-AUC", "accuracy": "accuracy"}
CURVES = {"remove": "removal (lower is better)", "keep": "keeping (higher is better)"}


def write(output: Path, result: dict, found: dict[str, dict[str, pd.DataFrame]]) -> None:
    """Everything from the curves of each table."""
    output.mkdir(parents=True, exist_ok=True)
    areas = {name: areas_of(parts["curves"]) for name, parts in found.items()}
    curves = pd.concat([parts["curves"].assign(data=name) for name, parts in found.items()])
    curves.to_csv(output / "roar.csv", index=False, float_format="%.5g")
    result["areas"] = {name: json.loads(table.to_json(orient="records")) for name, table in areas.items()}
    result["orders"] = {name: json.loads(parts["orders"].to_json(orient="records")) for name, parts in found.items()}
    result["by_row"] = {name: json.loads(parts["by_row"].to_json(orient="records")) for name, parts in found.items()}
    (output / "roar.json").write_text(json.dumps(result, indent=1) + "\n")
    (output / "roar.md").write_text(page(result, found, areas))
    for name, parts in found.items():
        draw(parts["curves"], output / f"roar-{name}.png")


def areas_of(curves: pd.DataFrame) -> pd.DataFrame:
    """A row for each method, seed and kind of curve: the area under each score."""
    rows = []
    for (method, seed, curve), part in curves.groupby(["method", "seed", "curve"], sort=False):
        ordered = part.sort_values("k")
        rows.append({"method": method, "seed": seed, "curve": curve} | {s: area(ordered[s]) for s in SCORES})
    return pd.DataFrame(rows)


def page(result: dict, found: dict[str, dict[str, pd.DataFrame]], areas: dict[str, pd.DataFrame]) -> str:
    """The Markdown page."""
    settings = result["settings"]
    lines = [
        "# ROAR: what a retrained network loses",
        "",
        f"`python -m benchmarks roar`: global rankings of the table's columns by mean absolute attribution over "
        f"{settings['ranking_rows']} training rows, {settings['seeds']} ranking seeds (network and explainer fitted "
        f"anew), {settings['retrainings']} retraining(s) at every point k = 1 … d - 1, the same seeds for all methods; "
        f"{settings['random']} random rankings. Removed columns are held at the training mean or mode, in training and "
        f"testing; networks have {settings['epochs']} epochs. An *area* is the mean score over k. *Against* "
        f"{AGAINST}: paired over seeds, positive in favour of the row, with 95% intervals. All curves: "
        "`roar.csv`.",
    ]
    for name, parts in found.items():
        table = areas[name]
        lines += ["", f"## {name}", ""]
        for curve, title in CURVES.items():
            lines += [f"Areas, {title}; ± is the standard deviation over ranking seeds.", ""]
            lines += [*markdown(_area_table(table, curve)), ""]
        lines += [*_spread(table), "", *_first(parts["orders"]), "", f"![Curves](roar-{name}.png)", ""]
        lines += [
            "Every row without its own top columns, scores after retraining. The pattern of what is missing can give "
            "the label away, so this is no ranking of methods: compare with *random*.",
            "",
            *markdown(_by_row_table(parts["by_row"])),
        ]
    lines += ["", made_with(result["machine"]), ""]
    return "\n".join(lines)


def _area_table(table: pd.DataFrame, curve: str) -> pd.DataFrame:
    of = table[table["curve"] == curve]
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
        own = part.set_index("seed")["roc_auc"]
        p_values.append(np.nan)
        if method not in ("random", AGAINST) and len(base):
            compared = paired_comparison(
                own.to_numpy(), base["roc_auc"].reindex(own.index).to_numpy(), higher_is_better=curve == "keep"
            )
            row[f"against {AGAINST}, ROC-AUC"] = (
                f"{compared['difference']:+.4f} ({compared['low']:+.4f} to {compared['high']:+.4f})"
            )
            p_values[-1] = compared["p_t"]
        rows.append(row)
    out = pd.DataFrame(rows)
    out["p (t, Holm)"] = [p_value(p) for p in holm(np.array(p_values))]
    return out


def _spread(table: pd.DataFrame) -> list[str]:
    """How far the paper's methods are apart, relative to their mean."""
    of = table[(table["curve"] == "remove") & table["method"].isin(PAPER)]
    lines = []
    for score, title in SCORES.items():
        means = of.groupby("method")[score].mean()
        if len(means) > 1:
            spread = (means.max() - means.min()) / means.mean()
            lines.append(
                f"The paper's methods lie within {spread:.1%} of their mean area of {title} (the paper: about 1.7%); "
                f"lowest {means.idxmin()}, highest {means.idxmax()}."
            )
    return lines


def _first(orders: pd.DataFrame) -> list[str]:
    """The columns that methods rank first."""
    named = orders[orders["method"] != "random"]
    rows = []
    for method, part in named.groupby("method", sort=False):
        first = part["order"].map(lambda order: order[0]).value_counts()
        second = part["order"].map(lambda order: order[1]).value_counts()
        rows.append({"method": method, "ranked first": _counted(first), "ranked second": _counted(second)})
    return markdown(pd.DataFrame(rows))


def _counted(counts: pd.Series) -> str:
    return ", ".join(f"{name} ({n})" if len(counts) > 1 else str(name) for name, n in counts.items())


def _by_row_table(records: pd.DataFrame) -> pd.DataFrame:
    means = records.groupby(["method", "share"], sort=False)["roc_auc"].mean().unstack()
    return (
        means.map(number).rename(columns=lambda share: f"{share:.0%} removed").reset_index().rename_axis(columns=None)
    )


def draw(curves: pd.DataFrame, path: Path) -> None:
    """ROC-AUC against the share of columns removed, or kept; random rankings as a band."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained", sharey=True)
    named = [m for m in curves["method"].unique() if m != "random"]
    styles = {m: {"color": f"C{i % 10}", "ls": ("-", "--")[i >= 10 or "as numbers" in m]} for i, m in enumerate(named)}
    for panel, (curve, title) in zip(axes, CURVES.items(), strict=True):
        of = curves[curves["curve"] == curve]
        random = of[of["method"] == "random"].groupby("k")["roc_auc"]
        share = np.array(sorted(of["k"].unique())) / of["k"].max()
        panel.fill_between(
            share, random.quantile(0.025), random.quantile(0.975), color="0.85", label="random, 95% band"
        )
        panel.plot(share, random.mean(), color="0.5", lw=1, ls="--", label="random, mean")
        for method, style in styles.items():
            mean = of[of["method"] == method].groupby("k")["roc_auc"].mean()
            panel.plot(mean.index / of["k"].max(), mean, **style, lw=1.3, label=method)
        panel.set_title(title, fontsize=10)
        panel.set_xlabel(f"share of columns {'removed' if curve == 'remove' else 'kept'}")
    axes[0].set_ylabel("test ROC-AUC after retraining")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)
    plt.close(figure)
