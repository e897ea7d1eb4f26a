"""Paired comparisons of explainers over seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.utils import check_consistent_length

MARGIN = 0.01
"""Margin of non-inferiority: 1% of the range of a metric between 0 and 1.

A method is non-inferior if the lower bound of the interval of its advantage is above minus this.
"""


MOST_EXACT = 50
"""Differences whose signed ranks are tested exactly; scipy's own limit, beyond which the normal distribution serves."""


def holm(p_values: np.ndarray) -> np.ndarray:
    """p-values adjusted for all tests of a family (Holm, 1979; statsmodels); NaN stays NaN and does not count.

    Parameters
    ----------
    p_values : array-like of shape (m,)

    Returns
    -------
    ndarray of shape (m,)
    """
    try:
        from statsmodels.stats.multitest import multipletests
    except ImportError as error:
        raise ImportError(
            "holm(), and cohorts(), need the package statsmodels: pip install 'agop-tabular[cohorts]'"
        ) from error
    p = np.asarray(p_values, dtype=float)
    out = np.full(p.shape, np.nan)
    known = ~np.isnan(p)
    if known.any():
        out[known] = multipletests(p[known], method="holm")[1]
    return out


def paired_comparison(
    ours: np.ndarray, theirs: np.ndarray, *, higher_is_better: bool = True, confidence: float = 0.95
) -> dict[str, float]:
    """Compare one metric of two methods, paired over seeds; a positive difference is in favour of ``ours``.

    Parameters
    ----------
    ours, theirs : array-like of shape (n_seeds,)
        One value for each seed; seeds where either is NaN are left out.
    higher_is_better : bool
    confidence : float
        Confidence of the two-sided interval of the mean difference (Student's t).

    Returns
    -------
    dict
        ``n`` seeds, mean ``difference``, ``low`` and ``high`` of the interval, ``wins`` (seeds in favour, a tie counts
        one half), two-sided p-values ``p_t`` (paired t-test) and ``p_wilcoxon`` (signed ranks: exact, or by random
        signs if differences tie or are zero; by the normal distribution of more than 50). NaN with fewer than two
        seeds; p is 1 if all differences are zero.
    """
    check_consistent_length(ours, theirs)
    d = np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float)
    d = d[~np.isnan(d)] * (1 if higher_is_better else -1)
    n = len(d)
    out = {"n": n, "difference": float(d.mean()) if n else np.nan, "wins": float((d > 0).sum() + (d == 0).sum() / 2)}
    if n < 2:
        return out | dict.fromkeys(("low", "high", "p_t", "p_wilcoxon"), np.nan)
    if np.ptp(d) == 0:
        same = 1.0 if d[0] == 0 else 0.0
        wilcoxon = 1.0 if d[0] == 0 else 2.0 ** (1 - n)
        return out | {"low": d[0], "high": d[0], "p_t": same, "p_wilcoxon": wilcoxon}
    half = stats.t.ppf(0.5 + confidence / 2, n - 1) * d.std(ddof=1) / np.sqrt(n)
    return out | {
        "low": float(d.mean() - half),
        "high": float(d.mean() + half),
        "p_t": float(stats.ttest_1samp(d, 0.0).pvalue),
        "p_wilcoxon": float(stats.wilcoxon(d, method=_signed_ranks(d)).pvalue),
    }


def _signed_ranks(d: np.ndarray) -> Any:
    """How scipy is to find the p-value of differences (n,)."""
    if len(d) > MOST_EXACT:
        return "asymptotic"
    tied = len(np.unique(np.abs(d))) < len(d) or (d == 0).any()
    return stats.PermutationMethod(rng=np.random.default_rng(0)) if tied else "exact"


def compare_methods(
    values: pd.DataFrame, ours: str, *, higher_is_better: bool = True, margin: float = MARGIN
) -> pd.DataFrame:
    """Compare one method with every other, over seeds.

    Parameters
    ----------
    values : DataFrame of shape (n_seeds, n_methods)
        One metric, with a column for each method.
    ours : str
        The method that is compared.
    higher_is_better : bool
    margin : float
        Margin of non-inferiority, in units of the metric.

    Returns
    -------
    DataFrame
        One row for each other method with the results of :func:`paired_comparison`, and ``non_inferior``: whether
        ``low`` is above ``-margin``. p-values are not adjusted, since the family of tests may be larger than one
        table; :func:`holm` adjusts them.
    """
    rows = {
        other: paired_comparison(values[ours].to_numpy(), values[other].to_numpy(), higher_is_better=higher_is_better)
        for other in values.columns
        if other != ours
    }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table["non_inferior"] = table["low"] > -margin
    return table.rename_axis(index="against")
