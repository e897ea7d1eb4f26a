"""Comparisons of the default with its peers, paired over networks or over families."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from agop_tabular.evaluation import holm, paired_comparison
from benchmarks.ablation.attributions import EQUAL_TIME, PEERS, sampled
from benchmarks.shared.families import CHOSEN_ON


@dataclass(frozen=True)
class Metric:
    title: str
    higher_is_better: bool = True


NETWORK = {
    "cosine": Metric("cosine"),
    "error": Metric("relative error ↓", False),
    "raw_relative_error": Metric("with the reference's noise ↓", False),
    "relative_error": Metric("with it, at the best scale ↓", False),
}
TRUTH = {
    "cosine": Metric("cosine"),
    "signs": Metric("signs"),
    "spearman": Metric("Spearman"),
    "noise_mass": Metric("noise mass ↓", False),
}
GATED = {name: TRUTH[name] for name in ("spearman", "noise_mass")}
RAW = {
    "spearman": Metric("Spearman"),
    "noise_mass": Metric("noise mass ↓", False),
    "top_k": Metric("top-k"),
}


@dataclass(frozen=True)
class Block:
    """Comparisons on one page section, whose p-values are adjusted together.

    Attributes
    ----------
    name : str
    truth, form : str
        What is scored against what.
    metrics : dict of str to Metric
    peers : tuple of str
    """

    name: str
    truth: str
    form: str
    metrics: dict[str, Metric]
    peers: tuple[str, ...]

    def compared(self, table: pd.DataFrame) -> pd.DataFrame:
        """A row for each group of networks, metric and peer."""
        rows = []
        for group, unit, part in by_group(table[(table["truth"] == self.truth) & (table["form"] == self.form)]):
            for metric in (name for name in self.metrics if name in part):
                values = part.pivot_table(index=unit, columns="method", values=metric, aggfunc="mean")
                for peer in self.peers:
                    if peer in values and "agop" in values:
                        higher = self.metrics[metric].higher_is_better
                        compared = paired_comparison(values["agop"], values[peer], higher_is_better=higher)
                        rows.append(
                            {"block": self.name, "group": group, "metric": metric, "against": peer}
                            | {"ours": values["agop"][values[peer].notna()].mean(), "theirs": values[peer].mean()}
                            | compared
                        )
        found = pd.DataFrame(rows)
        return found.assign(holm_wilcoxon=holm(found["p_wilcoxon"])) if len(found) else found


NOT_CHOSEN_ON = "nothing was chosen on"
"""The group of networks whose results are those to be quoted."""

BLOCKS = (
    Block("network", "network contrast", "centred", NETWORK, (*PEERS, *map(sampled, EQUAL_TIME))),
    Block("contrast truth", "contrast", "centred", TRUTH, ("shap-deep", "input-x-gradient")),
    Block("contrast truth, gated", "contrast", "centred gated", GATED, ("shap-deep",)),
)


def comparisons(table: pd.DataFrame) -> pd.DataFrame:
    """The default against its peers, in all that was listed before the run."""
    return pd.concat([block.compared(table) for block in BLOCKS], ignore_index=True)


NETWORKS = ["family", "seed"]


def by_group(table: pd.DataFrame) -> Iterator[tuple[str, list[str], pd.DataFrame]]:
    """Groups of networks, and what the units of a comparison are in them.

    Families, with networks that failed to learn separate; then all networks that passed, by kind and together, and
    the same with families as units, each with the mean of its networks.
    """
    for (family, passed), part in table.groupby(["family", "passed"], sort=False):
        yield f"{family}" + ("" if passed else ", failed"), NETWORKS, part
    for name, part in together(table):
        yield f"{name}, mean", NETWORKS, part
        yield f"{name}, mean of families", ["family"], part


def together(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Networks that learned their task: by kind, those of families that nothing was chosen on, and all."""
    passed = table[table["passed"]]
    for kind in passed["kind"].unique():
        yield f"all {kind}", passed[passed["kind"] == kind]
    yield NOT_CHOSEN_ON, passed[~passed["kind"].isin(CHOSEN_ON)]
    yield "all", passed
