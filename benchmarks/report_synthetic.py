"""What the synthetic study writes: JSON, CSV, a Markdown page and pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from agop_tabular.evaluation import compare_methods, holm
from benchmarks import tasks
from benchmarks.page import made_with, markdown, number, p_value

matplotlib.use("Agg")
import matplotlib.pyplot as plt

PEERS = ("shap-deep", "integrated-gradients", "input-x-gradient", "lime")
"""The paper's."""


@dataclass(frozen=True)
class Family:
    """Comparisons that were listed before they were made, and whose p-values are adjusted together.

    Attributes
    ----------
    ours : str
        The method that is compared with ``PEERS``.
    tasks : tuple of str
    entries : tuple of (truth, form, metric, whether higher is better)
    """

    ours: str
    tasks: tuple[str, ...]
    entries: tuple[tuple[str, str, str, bool], ...]

    def compared(self, table: pd.DataFrame) -> pd.DataFrame:
        """A row for each task, entry and peer: paired over seeds."""
        parts = []
        for truth, form, metric, higher in self.entries:
            of = table[(table["truth"] == truth) & (table["form"] == form)]
            for task in self.tasks:
                values = of[of["task"] == task].pivot(index="seed", columns="method", values=metric)
                columns = [name for name in (self.ours, *PEERS) if name in values]
                if self.ours in columns and len(columns) > 1:
                    compared = compare_methods(values[columns], self.ours, higher_is_better=higher).reset_index()
                    mean = values[self.ours].mean()
                    parts.append(compared.assign(task=task, truth=truth, metric=metric, ours=mean))
        if not parts:
            return pd.DataFrame(columns=["task", "truth", "metric", "against"])
        found = pd.concat(parts, ignore_index=True)
        return found.assign(holm_t=holm(found["p_t"]), holm_wilcoxon=holm(found["p_wilcoxon"]))


PAPER = Family(
    "agop-ixg",
    tasks.PAPER,
    (("raw", "plain", "spearman", True), ("raw", "plain", "noise_mass", False), ("raw", "plain", "top_k", True)),
)
DEFAULT = Family(
    "agop",
    tasks.DEFAULT,
    (
        ("network contrast", "centred", "cosine", True),
        ("network contrast", "centred", "relative_error", False),
        ("contrast", "centred", "cosine", True),
        ("contrast", "centred", "signs", True),
        ("contrast", "centred", "spearman", True),
        ("contrast", "centred", "noise_mass", False),
    ),
)

METRICS = {
    "spearman": "Spearman",
    "spearman_random_zeros": "zeros in random order",
    "spearman_informative": "informative only",
    "cosine": "cosine",
    "relative_error": "relative error ↓",
    "signs": "signs",
    "top_one": "top-1",
    "top_k": "top-k",
    "auprc": "AUPRC",
    "noise_mass": "noise mass ↓",
}
OF_NETWORK = ("spearman", "cosine", "relative_error", "signs", "top_one")


def write(output: Path, result: dict, nets: pd.DataFrame, table: pd.DataFrame, failed: pd.DataFrame) -> None:
    """Everything from the records of the cells."""
    kept = table[table["passed"]]
    paper, default = PAPER.compared(kept), DEFAULT.compared(kept)
    output.mkdir(parents=True, exist_ok=True)
    table.to_csv(output / "synthetic.csv", index=False, float_format="%.5g")
    result |= {
        "networks": json.loads(nets.to_json(orient="records")),
        "failures": json.loads(failed.to_json(orient="records")),
        "paper_family": json.loads(paper.to_json(orient="records")),
        "default_family": json.loads(default.to_json(orient="records")),
    }
    (output / "synthetic.json").write_text(json.dumps(result, indent=1) + "\n")
    (output / "synthetic.md").write_text(page(result, nets, kept, failed, paper, default))
    order = result["settings"]["tasks"]
    draw(kept, order, "raw", "plain", ["spearman", "noise_mass", "top_k"], output / "synthetic-raw.png")
    draw(kept, order, "network contrast", "centred", ["cosine", "relative_error"], output / "synthetic-network.png")


def page(
    result: dict,
    nets: pd.DataFrame,
    kept: pd.DataFrame,
    failed: pd.DataFrame,
    paper: pd.DataFrame,
    default: pd.DataFrame,
) -> str:
    """The Markdown page."""
    settings = result["settings"]
    lines = [
        "# Attributions against known ground truth",
        "",
        f"`python -m benchmarks synthetic`: {len(settings['seeds'])} seeds ({settings['seeds'][0]} to "
        f"{settings['seeds'][-1]}), {settings['train_rows']:,} training rows, {settings['rows']} explained rows, "
        f"MLP {settings['width']}-{settings['width'] // 2}. Every figure is a mean over the seeds whose network "
        "passed; ± is the standard deviation over seeds. All records: `synthetic.csv`.",
        "",
        "## Networks",
        "",
        f"A network passes if it goes {settings['gate']:.0%} of the way from the majority class's rate to the accuracy "
        "of the true scores; *failed* are those that do not, and no other table counts them. *Reliability* is the "
        "cosine between two halves of the sampled Shapley values of the "
        "network.",
        "",
        *markdown(_network_table(nets)),
        "",
        "## Does the paper's ordering hold?",
        "",
        f"{PAPER.ours} against the paper's peers, raw truth, attributions as they are. Differences are paired over "
        f"seeds and positive in favour of {PAPER.ours}, with 95% intervals; p-values are Holm-adjusted over all rows "
        "of this table, paired t-test and exact Wilcoxon.",
        "",
        *markdown(_claims_table(paper)),
        "",
        *_verdicts(paper),
        "",
        "## Is the default better than its peers?",
        "",
        f"{DEFAULT.ours} against the same peers, all of them centred over classes: against the network's own Shapley "
        "values (faithfulness to the network), and against the contrast truth. Differences are paired over seeds and "
        f"positive in favour of {DEFAULT.ours}, with 95% intervals. A star: p < .05 by exact Wilcoxon, Holm-adjusted "
        "over the whole table.",
        "",
        *markdown(_default_table(default)),
    ]
    for truth, title, note in (
        ("raw", "Against the true score (raw truth)", "Attributions as they are."),
        (
            "contrast",
            "Against the true score minus its mean over classes (contrast truth)",
            "What labels can identify. *Centred* attributions are minus their mean over classes.",
        ),
        (
            "network",
            "Against the network's own Shapley values",
            "Interventional Shapley values of the explained logit.",
        ),
        (
            "network contrast",
            "Against the network's own Shapley values, centred",
            "The same of the logit minus its mean over classes.",
        ),
    ):
        lines += ["", f"## {title}", "", note]
        part = kept[kept["truth"] == truth]
        shown = list(OF_NETWORK) if truth.startswith("network") else list(METRICS)
        for task in settings["tasks"]:
            of_task = part[part["task"] == task]
            accuracy = nets.loc[(nets["task"] == task) & nets["passed"], "accuracy"].mean()
            lines += [
                "",
                f"### {task}",
                "",
                f"{of_task['seed'].nunique()} seeds, accuracy {number(accuracy)}.",
                "",
            ]
            lines += markdown(_method_table(of_task, shown))
        lines += ["", "### Mean over the tasks", "", *markdown(_method_table(part, shown, spread=False))]
    lines += [
        "",
        "## Time, and the randomisation check",
        "",
        "Seconds on one core beside another busy one: an indication; `timing.md` has measurements. The last column is "
        "the Spearman correlation of absolute attributions before and after all parameters are random; what stays near "
        "1 does not explain the network.",
        "",
        *markdown(_time_table(kept)),
        "",
        "## Failures",
        "",
        *(markdown(_failure_table(failed)) if len(failed) else ["None."]),
        "",
        made_with(result["machine"]),
        "",
    ]
    return "\n".join(lines)


def _network_table(nets: pd.DataFrame) -> pd.DataFrame:
    groups = nets.groupby("task", sort=False)
    return pd.DataFrame(
        {
            "accuracy": groups["accuracy"].mean().map(number),
            "of the true scores": groups["best_accuracy"].mean().map(number),
            "majority": groups["majority"].mean().map(number),
            "failed": (groups["passed"].count() - groups["passed"].sum()).map(str) + " of " + groups.size().map(str),
            "reliability": groups["reliability"].mean().map(lambda v: f"{v:.4f}"),
            "cosine of the network's Shapley values with the truth": groups["own_cosine_with_truth"].mean().map(number),
            "informative": groups["informative"].mean().map(lambda v: f"{v:.1f}"),
        }
    ).reset_index()


def _default_table(found: pd.DataFrame) -> pd.DataFrame:
    """A row for each truth, metric and task, a column for each peer."""
    rows = []
    for (truth, metric, task), part in found.groupby(["truth", "metric", "task"], sort=False):
        row = {"truth": truth, "metric": METRICS[metric], "task": task, DEFAULT.ours: number(part["ours"].iloc[0])}
        for r in part.itertuples():
            star = " *" if r.holm_wilcoxon < 0.05 else ""
            row[r.against] = f"{r.difference:+.3f} ({r.low:+.3f} to {r.high:+.3f}){star}"
        rows.append(row)
    return pd.DataFrame(rows)


def _claims_table(claims: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "task": claims["task"],
            "metric": [METRICS[m] for m in claims["metric"]],
            PAPER.ours: [number(v) for v in claims.get("ours", ())],
            "against": claims["against"],
            "difference": [f"{r.difference:+.3f} ({r.low:+.3f} to {r.high:+.3f})" for r in claims.itertuples()],
            "seeds won": [f"{r.wins:g} of {r.n:.0f}" for r in claims.itertuples()],
            "p (t)": [p_value(r.holm_t) for r in claims.itertuples()],
            "p (Wilcoxon)": [p_value(r.holm_wilcoxon) for r in claims.itertuples()],
        }
    )


def _verdicts(claims: pd.DataFrame) -> list[str]:
    lines = []
    for (metric, task), part in claims.groupby(["metric", "task"], sort=False):
        behind = part[part["difference"] <= 0]["against"]
        sure = part[(part["difference"] > 0) & (part["holm_wilcoxon"] < 0.05)]["against"]
        verdict = "leads all of them" if behind.empty else f"is behind {', '.join(behind)}"
        ahead = ", ".join(sure) or "none"
        lines.append(
            f"- {METRICS[metric].removesuffix(' ↓')}, {task}: {PAPER.ours} {verdict}; significantly ahead of {ahead}."
        )
    return lines


def _method_table(part: pd.DataFrame, shown: list[str], *, spread: bool = True) -> pd.DataFrame:
    """Mean (± sd over seeds) of every metric, a row for each method and form."""
    shown = [metric for metric in shown if metric in part]
    per_seed = part.groupby(["method", "form", "task", "seed"], sort=False)[shown].mean()
    means = (
        per_seed.groupby(["method", "form", "task"], sort=False).mean().groupby(["method", "form"], sort=False).mean()
    )
    sds = per_seed.groupby(["method", "form"], sort=False).std()
    rows = []
    for key in means.index:
        cells = {"method": key[0] if key[1] == "plain" else f"{key[0]}, {key[1]}"}
        for metric in shown:
            cells[METRICS[metric]] = number(means.loc[key, metric]) + (
                f" ±{number(sds.loc[key, metric])}" if spread and not np.isnan(sds.loc[key, metric]) else ""
            )
        rows.append(cells)
    return pd.DataFrame(rows)


def _time_table(kept: pd.DataFrame) -> pd.DataFrame:
    once = kept[(kept["truth"] == "raw") & (kept["form"] == "plain")].groupby("method", sort=False)
    return pd.DataFrame(
        {
            "fit, s": once["fit_seconds"].median().map(lambda v: f"{v:.3f}"),
            "row, all classes, ms": once["row_seconds"].median().map(lambda v: f"{1e3 * v:.3f}"),
            "after randomisation": once["randomised_spearman"].mean().map(number),
        }
    ).reset_index()


def _failure_table(failed: pd.DataFrame) -> pd.DataFrame:
    groups = failed.groupby(["task", "method"], sort=False)["failed"]
    return pd.DataFrame({"cells": groups.size().map(str), "first message": groups.first()}).reset_index()


def draw(table: pd.DataFrame, order: list[str], truth: str, form: str, metrics: list[str], path: Path) -> None:
    """A panel a task and metric: every method's mean over seeds, with its 95% interval."""
    part = table[(table["truth"] == truth) & (table["form"] == form)]
    names = list(dict.fromkeys(part["method"]))[::-1]
    shown = [task for task in order if task in set(part["task"])]
    if not shown:
        return
    figure, axes = plt.subplots(
        len(metrics),
        len(shown),
        figsize=(2.3 * len(shown) + 1.6, (0.24 * len(names) + 0.7) * len(metrics)),
        sharey=True,
        sharex="row",
        squeeze=False,
        layout="constrained",
    )
    for i, metric in enumerate(metrics):
        for j, task in enumerate(shown):
            axis = axes[i][j]
            for y, name in enumerate(names):
                values = part.loc[(part["task"] == task) & (part["method"] == name), metric].dropna()
                if len(values):
                    half = 1.96 * values.std() / np.sqrt(len(values)) if len(values) > 1 else 0.0
                    ours = name.startswith("agop")
                    axis.errorbar(values.mean(), y, xerr=half, fmt="o", ms=4, color="tab:red" if ours else "tab:gray")
            axis.grid(axis="x", alpha=0.3)
            axis.set_yticks(range(len(names)), names, fontsize=8)
            axis.tick_params(axis="x", labelsize=8)
            axis.set_xlabel(METRICS[metric], fontsize=8)
            if i == 0:
                axis.set_title(task, fontsize=9)
    figure.savefig(path, dpi=110)
    plt.close(figure)
