"""Cohorts: mean attributions of groups of rows, and how sure their differences are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.utils import check_random_state

from agop_tabular.models.frames import cells_of
from agop_tabular.models.row_order import check_row_order
from agop_tabular.results.cells import cell_texts, signed_text
from agop_tabular.results.facts import facts_html, facts_text, named_list
from agop_tabular.results.one_target import explained_name, same_target
from agop_tabular.results.plots.canvas import score_label
from agop_tabular.results.plots.cohorts import plot_cohorts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from agop_tabular.results.explanation import Explanation

MOST_GROUPS = 20
"""Groups at most: more are the values of a number, which want cutting into ranges."""

RESAMPLES = 2000
"""Bootstrap samples: the ends of a 95% interval are then the 50th from either side."""

ROUNDING = 1e-6
"""Share of the largest attribution below which attributions are the same, since networks run in float32."""

SHOWN = 5
"""Differences that are named when cohorts are printed."""

SURE = 0.05
"""Adjusted p-value below which a difference is printed as one."""

OTHERS = "the other rows"
"""What a group is compared with unless ``against`` says so."""


@dataclass(frozen=True, eq=False)
class Cohorts:
    """Mean attributions of groups of rows, and differences between them.

    Attributes
    ----------
    means : DataFrame
        Mean attributions: a line for each group, the largest first, and the columns of the table.
    sizes : Series
        Rows of each group.
    differences : DataFrame
        One line for each comparison and column, the most certain first: ``group``, ``against``, ``feature``,
        ``difference`` of the means, ``low`` and ``high`` (bootstrap, percentiles), ``p`` (Welch's t-test) and
        ``p_holm``, adjusted for all lines.
    target : str or None
        Name of the explained score; None where each row has its predicted class.
    unit : str
    method : str
    confidence : float
        Of the intervals.
    """

    means: pd.DataFrame
    sizes: pd.Series
    differences: pd.DataFrame
    target: str | None
    unit: str
    method: str
    confidence: float

    def to_frame(self) -> pd.DataFrame:
        """The differences, as :attr:`differences` has them."""
        return self.differences.copy()

    def plot(self, ax: Axes | None = None, *, n: int = 10) -> Axes:
        """Draw the mean attributions of the groups, those columns first whose groups differ most.

        Parameters
        ----------
        ax : matplotlib Axes, optional
        n : int, default=10
            Columns.
        """
        return plot_cohorts(self, ax, n=n)

    def facts(self) -> tuple[str, list[tuple[str, str]]]:
        """What is printed: a title, and names with what they are."""
        title = f"Mean attributions to the {score_label(self.unit, self.target)} in {len(self.sizes)} groups of rows"
        facts = [("groups", ", ".join(f"{name} ({n:,} rows)" for name, n in self.sizes.items()))]
        sure = self.differences[self.differences["p_holm"] < SURE]
        for line in sure.head(SHOWN).to_dict("records"):
            said = f"{signed_text(line['difference'])} ({self.confidence:.0%}: {signed_text(line['low'])} to "
            said += f"{signed_text(line['high'])}) in {line['group']} against {line['against']}"
            facts.append((str(line["feature"]), said))
        more = f"{len(sure)} of {len(self.differences)} differences have p < {SURE:g} after Holm's adjustment"
        return title, [*facts, ("in all", more)]

    def __repr__(self) -> str:
        return facts_text(*self.facts())

    def _repr_html_(self) -> str:
        """Table for notebooks."""
        return facts_html(*self.facts())


def compare_cohorts(
    explanation: Explanation, groups: Any, target: Any, against: Any, confidence: float, random_state: Any
) -> Cohorts:
    """Compare mean attributions of groups of rows; see :meth:`agop_tabular.Explanation.cohorts`.

    Parameters
    ----------
    explanation : Explanation
    groups, target, against, confidence, random_state : as there

    Raises
    ------
    ValueError
        Where groups are of another length, fewer than two, too many, or too small, rows explain several classes, or
        there is no such column, group or class.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence!r} is not between 0 and 1.")
    if len(explanation) == 0:
        raise ValueError("The explanation has no rows; explain at least some of each group.")
    one = same_target(explanation, target)
    target_name = explained_name(one)
    if target_name is None and one.target is not None:
        several = named_list(sorted(set(one.row_targets())), 3)
        raise ValueError(
            f"Rows explain different classes ({several}), whose attributions have no common mean: choose "
            "one with target=, of explainer(X, target='all')."
        )
    of_row, other_group = _groups(one, groups, against)
    names = [str(name) for name in pd.Series(of_row).value_counts().index]
    _check_sizes(of_row, names)
    values = np.asarray(one.values, dtype=float)
    rng = np.random.default_rng(check_random_state(0 if random_state is None else random_state).randint(2**31))
    parts = [
        _difference(values, of_row == group, others, group, label, one.feature_names, confidence, rng)
        for group, others, label in _comparisons(of_row, names, other_group)
    ]
    differences = pd.concat(parts, ignore_index=True)
    from agop_tabular.evaluation.statistics import holm  # with it come all metrics

    differences["p_holm"] = holm(differences["p"].to_numpy())
    differences = differences.sort_values(["p_holm", "p"], kind="stable", ignore_index=True)
    means = pd.DataFrame([values[of_row == name].mean(axis=0) for name in names], names, list(one.feature_names))
    sizes = pd.Series([int((of_row == name).sum()) for name in names], names, name="rows")
    return Cohorts(means, sizes, differences, target_name, one.unit, one.method, confidence)


def _groups(explanation: Explanation, groups: Any, against: Any) -> tuple[np.ndarray, str | None]:
    """The group of each row, (n,) of str, and the one that others are compared with, where one is asked for."""
    n = len(explanation)
    if isinstance(groups, str):
        if groups not in explanation.feature_names:
            raise ValueError(f"{groups!r} is not a column of the table: {', '.join(explanation.feature_names[:20])}.")
        groups = cells_of(explanation.data, explanation.feature_names.index(groups))
    check_row_order(groups, explanation.data, "groups")
    cells = list(groups) if np.ndim(groups) == 1 or isinstance(groups, Sequence) else None
    if cells is None or len(cells) != n:
        found = f"{len(cells):,} values" if cells is not None else f"shape {np.shape(groups)}"
        raise ValueError(f"groups has {found}, but {n:,} rows are explained: give the name of a column, or one each.")
    if against is None:
        return np.array(cell_texts(cells), dtype=object), None
    *of_row, other = cell_texts([*cells, against])
    if other not in of_row:
        known = ", ".join(dict.fromkeys(of_row))
        raise ValueError(f"against={against!r} is not a group: {known}.")
    return np.array(of_row, dtype=object), other


def _check_sizes(of_row: np.ndarray, names: list[str]) -> None:
    """Raise unless there are some groups of some rows."""
    if len(names) < 2:
        raise ValueError(f"All rows are in one group ({names[0]}); a comparison takes two.")
    if len(names) > MOST_GROUPS:
        raise ValueError(
            f"groups has {len(names):,} different values, and at most {MOST_GROUPS} are compared: cut numbers into "
            "ranges first, such as with pandas.qcut(column, 4)."
        )
    for name in names:
        if (of_row == name).sum() < 2:
            raise ValueError(f"Group {name!r} has one row, which has no interval: join it with another group.")


def _comparisons(of_row: np.ndarray, names: list[str], other: str | None) -> list[tuple[str, np.ndarray, str]]:
    """Groups, the rows that each is compared with, and what these are called."""
    if other is not None:
        return [(name, of_row == other, other) for name in names if name != other]
    if len(names) == 2:
        return [(names[0], of_row == names[1], names[1])]
    return [(name, of_row != name, OTHERS) for name in names]


def _difference(
    values: np.ndarray,
    own: np.ndarray,
    others: np.ndarray,
    group: str,
    against: str,
    feature_names: tuple[str, ...],
    confidence: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Differences of the means of two groups of rows, by column."""
    first, second = values[own], values[others]
    lines = pd.DataFrame({"group": group, "against": against, "feature": feature_names})
    lines["difference"] = first.mean(axis=0) - second.mean(axis=0)
    lines["low"], lines["high"] = lines["difference"], lines["difference"]
    alike = ROUNDING * np.abs(values).max(initial=0.0)
    lines["p"] = np.where(np.abs(lines["difference"]) <= alike, 1.0, 0.0)  # where both groups are constant
    vary = np.flatnonzero((np.ptp(first, axis=0) > alike) | (np.ptp(second, axis=0) > alike))
    if len(vary):
        first, second = first[:, vary], second[:, vary]
        resampled = _resampled_means(first, rng) - _resampled_means(second, rng)
        outer = (1 - confidence) / 2
        lines.loc[vary, "low"], lines.loc[vary, "high"] = np.quantile(resampled, [outer, 1 - outer], axis=0)
        each = [(part.mean(axis=0), part.std(axis=0, ddof=1), len(part)) for part in (first, second)]
        lines.loc[vary, "p"] = stats.ttest_ind_from_stats(*each[0], *each[1], equal_var=False).pvalue
    return lines


def _resampled_means(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Means (:data:`RESAMPLES`, k) of the rows (m, k), each row as often as it was drawn.

    Counting draws and multiplying takes a tenth of the time of ``scipy.stats.bootstrap``, which copies the rows.
    """
    m = len(values)
    drawn = (np.bincount(rng.integers(m, size=m), minlength=m) for _ in range(RESAMPLES))
    return np.array([counts @ values for counts in drawn]) / m
