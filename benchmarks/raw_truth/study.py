"""Paired tests on raw truth, from the records of the ablation study."""

from __future__ import annotations

import argparse
from typing import Any

import pandas as pd

from agop_tabular.evaluation import holm, paired_comparison
from benchmarks.ablation.comparisons import RAW
from benchmarks.raw_truth.page import page
from benchmarks.shared.methods import PAPER_PEERS
from benchmarks.shared.options import add_output
from benchmarks.shared.tasks import PAPER

OURS = ("agop", "agop-ixg")


def add_options(parser: argparse.ArgumentParser) -> None:
    add_output(parser, help="folder with ablation.csv.gz")


def run(**options: Any) -> None:
    records = pd.read_csv(options["output"] / "ablation.csv.gz")
    path = options["output"] / "ablation-raw.md"
    path.write_text(page(comparisons(records)))
    print(f"written to {path}")


def comparisons(records: pd.DataFrame) -> pd.DataFrame:
    """Both of our methods against each peer, attributions as they are, ungated: a row for each pair."""
    of = records[(records["truth"] == "raw") & (records["form"] == "plain") & records["passed"]]
    rows = []
    for family in PAPER:
        for name, metric in RAW.items():
            values = of[of["family"] == family].pivot_table(index="seed", columns="method", values=name)
            for ours in OURS:
                for peer in PAPER_PEERS:
                    compared = paired_comparison(
                        values[ours].to_numpy(), values[peer].to_numpy(), higher_is_better=metric.higher_is_better
                    )
                    rows.append(
                        {"task": family, "metric": metric.title, "method": ours, "against": peer}
                        | {"ours": values[ours].mean(), "theirs": values[peer].mean()}
                        | compared
                    )
    table = pd.DataFrame(rows)
    return table.assign(holm_t=holm(table["p_t"].to_numpy()), holm_wilcoxon=holm(table["p_wilcoxon"].to_numpy()))
