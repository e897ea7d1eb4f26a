"""The parameters that explainers share, and what they may be."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from torch import nn

from agop_tabular.adapters import adapt
from agop_tabular.attribution.methods import method_named
from agop_tabular.fitting.moment_choice import MOMENTS


class ExplainerParameters(BaseEstimator):
    """Parameters of the explainers of tables and of images.

    A subclass has them in the signature of its own ``__init__``, where scikit-learn looks for them, with its own
    defaults; :class:`~agop_tabular.AGOPExplainer` documents them.
    """

    def __init__(
        self,
        estimator: Any,
        *,
        method: str,
        rank: int | float | str,
        standardize: bool,
        baseline: Any,
        contrast: bool | str,
        moment: str,
        batch_size: int | str,
        max_samples: int | None,
        prefit: bool | str,
        device: str | torch.device | None,
        random_state: int | np.random.RandomState | None,
        verbose: int,
    ):
        self.estimator = estimator
        self.method = method
        self.rank = rank
        self.standardize = standardize
        self.baseline = baseline
        self.contrast = contrast
        self.moment = moment
        self.batch_size = batch_size
        self.max_samples = max_samples
        self.prefit = prefit
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def check_parameters(self) -> None:
        """Raise if a parameter is not one of its allowed values, as far as that can be decided without rows.

        Raises
        ------
        ValueError, TypeError
        """
        method_named(self.method)
        if self.estimator is None:
            raise ValueError("AGOPExplainer needs an estimator: AGOPExplainer(net), with a skorch net or a pipeline.")
        for name, value, default in (
            ("batch_size", self.batch_size, "auto"),
            ("max_samples", self.max_samples, None),
        ):
            if value != default and (not isinstance(value, Integral) or value < 1):
                raise ValueError(f"{name}={value!r} is neither {default!r} nor a positive whole number.")
        if not isinstance(self.estimator, nn.Module) and not hasattr(self.estimator, "fit"):
            adapt(self.estimator)  # refuses what has no adapter
        for name, value in (("prefit", self.prefit), ("contrast", self.contrast)):
            if value != "auto" and not isinstance(value, (bool, np.bool_)):
                raise ValueError(f'{name}={value!r} is not "auto", True or False.')
        if isinstance(self.baseline, str) and self.baseline not in ("mean", "zero"):
            raise ValueError(f'baseline={self.baseline!r} is not "mean", "zero" or one row of the table.')
        if self.moment not in MOMENTS:
            raise ValueError(f"moment={self.moment!r} is not one of {', '.join(map(repr, MOMENTS))}.")


def check_refine(refine: Any, method: str) -> None:
    """Raise if ``refine`` is no number of permutations, or the method has nothing to refine.

    Raises
    ------
    ValueError
    """
    if not isinstance(refine, Integral) or refine < 0:
        raise ValueError(f"refine={refine!r} is not a whole number of pairs of permutations, 0 for none.")
    if refine and not method_named(method).gathers_effects:
        raise ValueError(f'refine={refine} corrects what method="agop" looks up; method="{method}" has no tables.')
