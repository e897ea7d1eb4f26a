"""The noise floor: columns that a network does not use more than noise, nor differently from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agop_tabular.results.cells import cut_names
from agop_tabular.results.facts import facts_html, facts_text, named_list

# The constants below were chosen together on development networks (benchmarks/shared/families.py, seeds below 1000), so
# that floors are found where there are noise columns, and never where every column matters; docs/ablation.md has what
# they achieve on other seeds.

EVIDENCE = 8.0
"""Evidence, in log units, above which a floor is taken: odds of about 3,000 to 1."""

PER_COLUMN = 0.4
"""Evidence needed for each column of a wide table, since the best of many cuts has some by chance."""

DIFFUSE = 0.3
"""Added to a column's log ratio of diffuse to own effects before it counts as evidence: a column counts as noise where
its diffuse effects are more than three quarters of its own."""

BOUND = 1.5
"""Evidence of one column's effects, at most, for or against, so that no single column decides."""

USEFUL_COSTS = BOUND + 4.0
"""Evidence taken from a cut for each column below it that lowers the loss: more than its effects can add."""

ABOVE = 1.0
"""Log ratio by which the largest importance must exceed the floor; otherwise no column stands out."""

SMALLEST = 3
"""Columns of a floor, at least: fewer do not show that they lie close together."""

USEFUL = 2.5
"""Standard errors by which a column must lower the loss on labelled rows to be no noise: chance reaches it once in 160
columns."""

NARROWEST_CLUSTER = 0.1
"""Width of a cluster of log importances, at least: narrower ones would count as evidence without bound."""

WIDEST_CLUSTER = 0.999
"""Share of the whole range that a cluster may fill, so that the density above the cut stays finite."""

MUCH = 0.1
"""Share of the scores' variance from which a gate says that the network relies on the columns below the floor all the
same; well-trained networks that were given columns of noise lose less by leaving them out."""

SHOWN = 12
"""Columns that are named when a gate is printed."""

NAME_LENGTH = 30
"""Characters of a name that is printed."""


@dataclass(frozen=True, eq=False)
class NoiseFloor:
    """Which columns stand above the noise floor of a network.

    Attributes
    ----------
    mask : ndarray of bool, shape (d,)
        True where a column stands above it; all of them where no floor was found.
    floor : float
        Largest importance (share of diag M) below it; NaN where there is none.
    margin : float
        Smallest importance above the floor, as a multiple of it; NaN where there is none.
    evidence : float
        Log-likelihood ratio for the best floor; one is taken from :data:`EVIDENCE` on.
    """

    mask: np.ndarray
    floor: float
    margin: float
    evidence: float


@dataclass(frozen=True, eq=False)
class Gate(NoiseFloor):
    """A noise floor, and what the model loses without the columns below it.

    Attributes
    ----------
    mask, floor, margin, evidence : as in :class:`NoiseFloor`
    predictions_changed : float
        Share of rows whose prediction changes with those columns at the baseline.
    variance_changed : float
        Mean square of the change in the scores, centred over classes, as a share of their variance.
    labelled : bool
        Whether labels were used.
    feature_names : tuple of str, length d, or empty
        The columns that the mask is over.
    """

    predictions_changed: float
    variance_changed: float
    labelled: bool
    feature_names: tuple[str, ...] = ()

    def facts(self) -> tuple[str, list[tuple[str, str]]]:
        """What is printed: a title, and names with what they are."""
        d, below = len(self.mask), np.flatnonzero(~self.mask)
        searched = not np.isnan(self.evidence)
        if not len(below):
            title = f"Gate: no column of {d} is used like noise" if searched else f"Gate: a mask of all {d} columns"
            return title, [("evidence", self._evidence())] if searched else []
        title = f"Gate: {len(below)} of {d} columns " + ("are used like noise" if searched else "are masked")
        names = cut_names(self.feature_names or [f"column {j}" for j in range(d)], NAME_LENGTH)
        facts = [("columns", named_list([names[j] for j in below], SHOWN))]
        lost = f"{self.predictions_changed:.1%} of the predictions change"
        lost += f", and the scores by {self.variance_changed:.1%} of their variance"
        facts.append(("without them", lost))
        if searched:
            facts.append(("evidence", self._evidence()))
        if searched and self.variance_changed > MUCH:
            said = "they are used alike, but not little, so this is no reason to leave them out"
            facts.append(("but", said if self.labelled else f"{said}; labels, given to fit, tell more"))
        return title, facts

    def _evidence(self) -> str:
        """What speaks for the floor."""
        if self.evidence == -np.inf:
            return "none: too few columns, or none stands out"
        labels = ", with labels" if self.labelled else ""
        margin = "" if np.isnan(self.margin) else f"; the next column is {self.margin:.1f} times as important as any"
        return f"{self.evidence:.1f} log units, of at least {EVIDENCE:g}{labels}{margin}"

    def __repr__(self) -> str:
        return facts_text(*self.facts())

    def _repr_html_(self) -> str:
        """Table for notebooks."""
        return facts_html(*self.facts())


def noise_floor(importances: np.ndarray, variances: np.ndarray, useful: np.ndarray | None = None) -> NoiseFloor:
    """Find the noise floor of a network, if it has one.

    A network treats all columns of noise alike: their importances lie close together, below all others, and their
    effects are spread over interactions with many columns, while a column that was learned acts by itself or with few
    others. For every cut of the ordered importances two kinds of evidence are added up: the log-likelihood ratio of two
    uniform densities, one on either side of the cut, against a single one; and, over the columns below, the log ratio
    of diffuse to own effects. The cut with most evidence is the floor if it has enough. Any number of columns may be
    noise, or none.

    Parameters
    ----------
    importances : ndarray of shape (d,)
        diag M in variance units, folded to the user's columns.
    variances : ndarray of shape (d, d)
        Variances of main effects (diagonal) and pair effects.
    useful : ndarray of shape (d,), optional
        Standard errors by which each column lowers the loss on labelled rows.

    Returns
    -------
    NoiseFloor
        A column without any gradient is below every floor only where one is found.
    """
    d = len(importances)
    none = NoiseFloor(np.ones(d, dtype=bool), np.nan, np.nan, 0.0)
    used = np.flatnonzero(importances > 0)
    if len(used) <= SMALLEST:
        return none
    order = used[np.argsort(importances[used], kind="stable")]
    level = np.log(importances[order])
    below = np.arange(1, len(level))
    # evidence[k] is for a floor of the k + 1 least important columns
    evidence = _density_evidence(level, below) + np.cumsum(_diffuseness(variances)[order])[:-1]
    keep = np.zeros(d, dtype=bool)
    if useful is not None:
        keep = useful > USEFUL
        evidence = evidence - USEFUL_COSTS * np.cumsum(keep[order])[:-1]
    evidence[(below < SMALLEST) | (level[-1] - level[below - 1] < ABOVE)] = -np.inf
    best = int(np.argmax(evidence))
    found = float(evidence[best])
    if found < max(EVIDENCE, PER_COLUMN * len(level)):
        return NoiseFloor(none.mask, np.nan, np.nan, found)
    mask = np.ones(d, dtype=bool)
    mask[order[: best + 1]] = False
    mask |= keep
    floor = float(importances[order[best]])
    return NoiseFloor(mask, floor, float(importances[order[best + 1]] / floor), found)


def _density_evidence(level: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Log-likelihood ratio of two uniform densities, the denser one below each cut, against a single one."""
    n, span = len(level), max(level[-1] - level[0], 1e-9)
    width = level[below - 1] - level[0]
    width = width + width / np.maximum(below - 1, 1)  # estimate the range of the distribution from the observed range
    width = np.clip(width, min(NARROWEST_CLUSTER, span / 2), span * WIDEST_CLUSTER)
    left, right = below / n, 1 - below / n
    ratio = below * np.log(left * span / width) + (n - below) * np.log(right * span / (span - width))
    return np.where(left * span > width, ratio, -np.inf)


def _diffuseness(variances: np.ndarray) -> np.ndarray:
    """Evidence for noise in each column's effects: weaker interactions against main effect and strongest pair."""
    pairs = np.maximum(variances, 0.0) / max(float(variances.max()), 1e-300)
    main = np.diagonal(pairs).copy()
    pairs = pairs - np.diag(main)
    largest = pairs.max(axis=1)
    ratio = np.log((pairs.sum(axis=1) - largest + 1e-12) / (main + largest + 1e-12))
    return np.clip(ratio + DIFFUSE, -BOUND, BOUND)
