"""Paired tests on raw truth, from the records that the ablation study left."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from agop_tabular.evaluation import holm, paired_comparison
from benchmarks.page import markdown, number, p_value
from benchmarks.report_ablation import PAPER, RAW

RESULTS = Path(__file__).parent / "results"
OURS = ("agop", "agop-ixg")
PEERS = ("shap-deep", "integrated-gradients", "input-x-gradient", "lime")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", type=Path, default=RESULTS, help="where ablation.csv.gz is")


def run(**options: Any) -> None:
    records = pd.read_csv(options["output"] / "ablation.csv.gz")
    found = comparisons(records)
    path = options["output"] / "ablation-raw.md"
    path.write_text(page(found))
    print(f"written to {path}")


def comparisons(records: pd.DataFrame) -> pd.DataFrame:
    """Both rows of the project against every peer, on attributions as they are, ungated."""
    of = records[(records["truth"] == "raw") & (records["form"] == "plain") & records["passed"]]
    rows = []
    for family in PAPER:
        for metric, (title, higher) in RAW.items():
            values = of[of["family"] == family].pivot_table(index="seed", columns="method", values=metric)
            for ours in OURS:
                for peer in PEERS:
                    compared = paired_comparison(
                        values[ours].to_numpy(), values[peer].to_numpy(), higher_is_better=higher
                    )
                    rows.append(
                        {"task": family, "metric": title, "method": ours, "against": peer}
                        | {"ours": values[ours].mean(), "theirs": values[peer].mean()}
                        | compared
                    )
    table = pd.DataFrame(rows)
    return table.assign(holm_t=holm(table["p_t"].to_numpy()), holm_wilcoxon=holm(table["p_wilcoxon"].to_numpy()))


def page(found: pd.DataFrame) -> str:
    """The Markdown page."""
    lines = [
        "# Raw truth: paired tests",
        "",
        "`python -m benchmarks raw-truth`, from the records of `python -m benchmarks ablation`: the paper's tasks, "
        "attributions as they are, ungated. Differences are paired over the networks that learned their task and "
        "positive in favour of this project's row, with 95% intervals; p-values Holm-adjusted over the whole table.",
        "",
    ]
    for (task, metric), part in found.groupby(["task", "metric"], sort=False):
        best = part.groupby("method")["difference"].min().idxmax()
        ahead = part[(part["method"] == best) & (part["low"] > 0) & (part["holm_t"] < 0.05)]["against"]
        lines.append(f"- {task}, {metric}: {best} is significantly ahead of {', '.join(ahead) or 'none'}.")
    shown = pd.DataFrame(
        {
            "task": found["task"],
            "metric": found["metric"],
            "row": found["method"] + " " + found["ours"].map(number),
            "against": found["against"] + " " + found["theirs"].map(number),
            "difference": [f"{r.difference:+.3f} ({r.low:+.3f} to {r.high:+.3f})" for r in found.itertuples()],
            "seeds won": [f"{r.wins:g} of {r.n}" for r in found.itertuples()],
            "p (t)": found["holm_t"].map(p_value),
            "p (Wilcoxon)": found["holm_wilcoxon"].map(p_value),
        }
    )
    return "\n".join([*lines, "", *markdown(shown), ""])
