"""Comparisons of the default with its peers, paired over seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from agop_tabular.evaluation import holm, paired_comparison
from benchmarks.ablation.attributions import PEERS, SAMPLED


@dataclass(frozen=True)
class Metric:
    title: str
    higher_is_better: bool = True


NETWORK = {"cosine": Metric("cosine"), "relative_error": Metric("relative error ↓", False)}
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
        for group, part in by_group(table[(table["truth"] == self.truth) & (table["form"] == self.form)]):
            for metric in (name for name in self.metrics if name in part):
                values = part.pivot_table(index="seed", columns="method", values=metric, aggfunc="mean")
                for peer in self.peers:
                    if peer in values and "agop" in values:
                        higher = self.metrics[metric].higher_is_better
                        compared = paired_comparison(values["agop"], values[peer], higher_is_better=higher)
                        rows.append(
                            {"block": self.name, "group": group, "metric": metric, "against": peer}
                            | {"ours": values["agop"].mean(), "theirs": values[peer].mean()}
                            | compared
                        )
        found = pd.DataFrame(rows)
        return found.assign(holm_wilcoxon=holm(found["p_wilcoxon"])) if len(found) else found


BLOCKS = (
    Block("network", "network contrast", "centred", NETWORK, (*PEERS, SAMPLED)),
    Block("contrast truth", "contrast", "centred", TRUTH, ("shap-deep", "input-x-gradient")),
    Block("contrast truth, gated", "contrast", "centred gated", GATED, ("shap-deep",)),
)


def comparisons(table: pd.DataFrame) -> pd.DataFrame:
    """The default against its peers, in all that was listed before the run."""
    return pd.concat([block.compared(table) for block in BLOCKS], ignore_index=True)


def by_group(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Families, with networks that failed to learn separate; then all networks that passed, by kind and together."""
    for (family, passed), part in table.groupby(["family", "passed"], sort=False):
        yield f"{family}" + ("" if passed else ", failed"), part
    passed_only = table[table["passed"]]
    for kind in passed_only["kind"].unique():
        yield f"all {kind}, mean", passed_only[passed_only["kind"] == kind]
    yield "all, mean", passed_only
