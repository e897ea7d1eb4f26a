"""Families of comparisons: listed before they were made, with p-values adjusted together."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from agop_tabular.evaluation import compare_methods, holm
from benchmarks.shared import tasks
from benchmarks.shared.methods import PAPER_PEERS


@dataclass(frozen=True)
class Entry:
    """Attributions in one form, scored against one truth by one metric."""

    truth: str
    form: str
    metric: str
    higher_is_better: bool


@dataclass(frozen=True)
class Family:
    """Comparisons of one of our methods with the paper's peers.

    Attributes
    ----------
    ours : str
    tasks : tuple of str
    entries : tuple of Entry
    """

    ours: str
    tasks: tuple[str, ...]
    entries: tuple[Entry, ...]

    def compared(self, table: pd.DataFrame) -> pd.DataFrame:
        """Compare, paired over seeds: a row for each task, entry and peer."""
        parts = []
        for entry in self.entries:
            of = table[(table["truth"] == entry.truth) & (table["form"] == entry.form)]
            for task in self.tasks:
                values = of[of["task"] == task].pivot(index="seed", columns="method", values=entry.metric)
                columns = [name for name in (self.ours, *PAPER_PEERS) if name in values]
                if self.ours in columns and len(columns) > 1:
                    higher = entry.higher_is_better
                    compared = compare_methods(values[columns], self.ours, higher_is_better=higher).reset_index()
                    mean = values[self.ours].mean()
                    parts.append(compared.assign(task=task, truth=entry.truth, metric=entry.metric, ours=mean))
        if not parts:
            return pd.DataFrame(columns=["task", "truth", "metric", "against"])
        found = pd.concat(parts, ignore_index=True)
        return found.assign(holm_t=holm(found["p_t"]), holm_wilcoxon=holm(found["p_wilcoxon"]))


PAPER = Family(
    "agop-ixg",
    tasks.PAPER,
    (
        Entry("raw", "plain", "spearman", True),
        Entry("raw", "plain", "noise_mass", False),
        Entry("raw", "plain", "top_k", True),
    ),
)
"""The claims of arXiv 2605.15700."""

DEFAULT = Family(
    "agop",
    tasks.DEFAULT,
    (
        Entry("network contrast", "centred", "cosine", True),
        Entry("network contrast", "centred", "relative_error", False),
        Entry("contrast", "centred", "cosine", True),
        Entry("contrast", "centred", "signs", True),
        Entry("contrast", "centred", "spearman", True),
        Entry("contrast", "centred", "noise_mass", False),
    ),
)
"""The claims of this package's default method."""
