"""How an audit is made: which rows, how many permutations, which coverage."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from agop_tabular.audit.error_bound import fewest_rows
from agop_tabular.audit.sampled_values import evaluations_a_pair

MOST_EVALUATIONS = 2**20
"""Evaluations of the network that ``n_permutations="auto"`` takes at most: a second or two for a usual network."""

FIRST_PAIRS, MOST_PAIRS = 16, 2048
"""Permutations of a row, each with its reverse, that "auto" begins with, and that it ends at."""

FEWEST_PAIRS = 2
"""Permutations of a row, each with its reverse, that their variance is estimated from at least."""

QUIET = 0.1
"""Variance of the samples, as a multiple of the squared error, at which "auto" is content: errors of single rows, which
bounds are made from, are then hardly blurred."""


@dataclass(frozen=True, eq=False)
class AuditPlan:
    """How an audit is made.

    Attributes
    ----------
    n_rows : int
        Rows that are drawn from a table.
    n_permutations : int or "auto"
        Even.
    coverage : float
        Of the bound of a row's error.
    random_state : int, RandomState or None
        None draws the same rows and permutations always.
    """

    n_rows: int = 64
    n_permutations: int | str = "auto"
    coverage: float = 0.9
    random_state: Any = None

    def check(self) -> None:
        """Raise if a parameter is not one of its allowed values.

        Raises
        ------
        ValueError
        """
        n, coverage = self.n_permutations, self.coverage
        if not isinstance(self.n_rows, Integral) or isinstance(self.n_rows, bool) or self.n_rows < 1:
            raise ValueError(f"n_rows={self.n_rows!r} is not a positive whole number.")
        whole = isinstance(n, Integral) and not isinstance(n, bool) and n >= 2 * FEWEST_PAIRS and n % 2 == 0
        if not whole and not (isinstance(n, str) and n == "auto"):
            raise ValueError(f'n_permutations={n!r} is not "auto" or an even number from {2 * FEWEST_PAIRS} on.')
        if not isinstance(coverage, Real) or not 0 < coverage < 1:
            raise ValueError(f"coverage={coverage!r} is not a share between 0 and 1.")

    def draw(self, n: int, n_columns: int) -> tuple[np.ndarray, int]:
        """Draw the audited rows' places in a table, ascending, and a seed for their permutations.

        Parameters
        ----------
        n, n_columns : int
            Of the table.

        Raises
        ------
        ValueError
            Where the rows are too few for the coverage, or take too many evaluations.
        """
        n_rows, few = min(int(self.n_rows), n), fewest_rows(self.coverage)
        if n_rows < few:
            raise ValueError(
                f"An audit with coverage={self.coverage} needs at least {few} rows, but there are {n_rows}: give more "
                "rows, or a lower coverage."
            )
        least = n_rows * FEWEST_PAIRS * evaluations_a_pair(n_columns)
        if self.n_permutations == "auto" and least > MOST_EVALUATIONS:
            raise ValueError(
                f"An audit of {n_rows} rows with {n_columns:,} columns takes at least {least:,} evaluations of the "
                f'network, and n_permutations="auto" spends {MOST_EVALUATIONS:,} at most: set '
                f"n_permutations={2 * FEWEST_PAIRS}, or audit fewer rows (n_rows=)."
            )
        rng = check_random_state(0 if self.random_state is None else self.random_state)
        return np.sort(rng.choice(n, n_rows, replace=False)), int(rng.randint(2**31))

    def most_pairs(self, n_rows: int, n_columns: int) -> int:
        """Permutations of each row, each with its reverse, that may be drawn."""
        if self.n_permutations != "auto":
            return int(self.n_permutations) // 2
        return min(MOST_PAIRS, MOST_EVALUATIONS // (n_rows * evaluations_a_pair(n_columns)))
