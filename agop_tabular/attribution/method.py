"""What a method is: how attributions are made, before and after it is fitted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from agop_tabular.attribution.attributions import Attributions
from agop_tabular.attribution.moment_summary import MomentSummary
from agop_tabular.core.coordinate_moment import CoordinateMoment
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.core.moments import GradientMoment
from agop_tabular.effects.remainder import Remainder
from agop_tabular.effects.sums import EffectSums
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.row_means import RowMeans


class Statistics(Protocol):
    """What a method is fitted to: sums over training rows.

    :class:`~agop_tabular.fitting.statistics.TrainingStatistics` has these attributes, and documents them.
    """

    @property
    def gradients(self) -> GradientMoment:
        """Products of the gradients."""
        ...

    @property
    def coordinates(self) -> CoordinateMoment:
        """Mean and variance of the coordinates."""
        ...

    @property
    def constants(self) -> Tensor | None:
        """Values of the coordinates that are constant in the background rows."""
        ...

    @property
    def effects(self) -> EffectSums | None:
        """Conditional sums of gradients on shuffled rows."""
        ...

    @property
    def remainder(self) -> Remainder | None:
        """What main and pair effects leave of the scores."""
        ...

    @property
    def mean_scores(self) -> Tensor:
        """Mean of the scores, (n_scores,)."""
        ...


@dataclass(frozen=True, eq=False)
class Settings:
    """What a user chooses of a method when it is fitted.

    Attributes
    ----------
    rank : int, float or "auto"
        As in :class:`~agop_tabular.AGOPExplainer`.
    standardize : bool
        Whether coordinates are measured in training standard deviations.
    baseline : Tensor of shape (p,), float64
        x₀, the row that attributions are differences from.
    """

    rank: int | float | str
    standardize: bool
    baseline: Tensor


@dataclass(frozen=True, eq=False)
class Refine:
    """Permutations that correct attributions which were looked up.

    Attributes
    ----------
    background : Tensor of shape (m, p)
        Coordinates of training rows.
    n_pairs : int
        Permutations, each with its reverse.
    seed : int
    """

    background: Tensor
    n_pairs: int
    seed: int

    @classmethod
    def of(cls, n_pairs: int, background: Tensor | None, random_state: Any) -> Refine | None:
        """From the parameters of an explainer; None for no permutations.

        Parameters
        ----------
        n_pairs : int
        background : Tensor of shape (m, p) or None
        random_state : int, RandomState or None
            A whole number is the seed; otherwise the same permutations are drawn every time.

        Raises
        ------
        ValueError
            Where there are no background rows.
        """
        if not n_pairs:
            return None
        if background is None:
            raise ValueError(
                "refine= needs training rows, which a saved file does not hold: fit again, or set_params(refine=0)."
            )
        return cls(background, int(n_pairs), int(random_state) if isinstance(random_state, Integral) else 0)


@dataclass(frozen=True, eq=False)
class Run:
    """How some rows are attributed.

    Attributes
    ----------
    batch_size : int or "auto"
    progress : str or None
        Title of a progress bar.
    with_support : bool
        Whether support and scores are wanted, too.
    refine : Refine or None
    first_row : int
        Place of the first row in a larger table, for messages.
    """

    batch_size: int | str = "auto"
    progress: str | None = None
    with_support: bool = False
    refine: Refine | None = None
    first_row: int = 0


@dataclass(frozen=True)
class Method(ABC):
    """A way to attribute a score to the coordinates of a row. Tables have three kinds, which are subclasses.

    :class:`~agop_tabular.attribution.by_effects.EffectsMethod` looks effects up,
    :class:`~agop_tabular.attribution.by_gradient.GradientMethod` filters a row's gradient, and
    :class:`~agop_tabular.attribution.constant.ConstantMethod` gives every row the same attributions.

    Attributes
    ----------
    name : str
        What ``method=`` calls it.
    signed : bool
        Whether attributions have a sign, so that the coordinates of a column are summed; otherwise the column gets
        their L2 norm.
    needs_all_of_m : bool
        Whether all of M has to be gathered; otherwise its diagonal is enough.
    """

    name: str
    signed: bool = True
    needs_all_of_m: bool = True

    @property
    def gathers_effects(self) -> bool:
        """Whether fitting takes a second pass, over shuffled rows, for main and pair effects."""
        return False

    @property
    def needs_network(self) -> bool:
        """Whether rows cannot be explained without the network."""
        return True

    @property
    def ignores(self) -> frozenset[str]:
        """Parameters that neither attributions nor their support depend on, so that setting one is refused.

        ``gate`` and ``refine`` are not among them: they have checks of their own.
        """
        return frozenset()

    @abstractmethod
    def fit(self, feature_map: FeatureMap, statistics: Statistics, settings: Settings) -> FittedMethod:
        """Fit the method to sums over training rows.

        Parameters
        ----------
        feature_map : FeatureMap
        statistics : TrainingStatistics
        settings : Settings
        """


@dataclass(frozen=True, eq=False)
class FittedMethod(ABC):
    """A method, fitted to training statistics.

    Attributes
    ----------
    method : Method
    feature_map : FeatureMap
    summary : MomentSummary
        Scale, spectrum, rank, diagonal and importances.
    """

    method: Method
    feature_map: FeatureMap
    summary: MomentSummary

    @property
    def uses_rank(self) -> bool:
        """Whether attributions depend on ``rank``."""
        return False

    @abstractmethod
    def attribute(self, model: ExplainedModel, X: Any, target: Any, run: Run) -> Attributions:
        """Attribute the scores of rows.

        Parameters
        ----------
        model : ExplainedModel
        X : ndarray or DataFrame of shape (n, d)
            The user's rows.
        target : "predicted", "all", a label, or an array-like of n labels
        run : Run
        """

    def against(self, model: ExplainedModel, x: Tensor, means: RowMeans) -> FittedMethod:
        """The same for attributions that are differences from other rows.

        Parameters
        ----------
        model : ExplainedModel
        x : Tensor of shape (m, p)
            Coordinates of these rows, or of some from all over their table.
        means : RowMeans
            Over all of them.

        Raises
        ------
        ValueError
            Where attributions are no differences.
        """
        raise ValueError(
            f'reference= has no meaning for method="{self.method.name}", whose attributions are no differences from '
            'anything; use "agop", or one that multiplies by the distance from a baseline ("agop-ixg", "ixg").'
        )

    @abstractmethod
    def base_scores(self, model: ExplainedModel) -> np.ndarray | None:
        """Scores (C,) that attributions are differences from; None where they are no differences."""

    def for_workers(self) -> FittedMethod:
        """The same without the spectrum, which may be large, and without caches, for other processes."""
        return replace(self, summary=self.summary.without_spectrum())
