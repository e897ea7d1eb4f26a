"""The parameters that explainers share, and what they may be."""

from __future__ import annotations

from inspect import signature
from numbers import Integral, Number, Real
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from torch import nn

from agop_tabular.adapters import adapt
from agop_tabular.attribution.method import Method
from agop_tabular.attribution.methods import METHODS, method_named
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
        method = method_named(self.method)
        if self.estimator is None:
            raise ValueError("AGOPExplainer needs an estimator: AGOPExplainer(net), with a skorch net or a pipeline.")
        self.check_values()
        self.check_used(method)
        if not isinstance(self.estimator, nn.Module) and not hasattr(self.estimator, "fit"):
            adapt(self.estimator)  # refuses what has no adapter

    def check_values(self) -> None:
        """Raise if a parameter is not one of its allowed values, whatever the estimator and the method.

        Raises
        ------
        ValueError
        """
        for name, value, default in (
            ("batch_size", self.batch_size, "auto"),
            ("max_samples", self.max_samples, None),
        ):
            if not _is(value, default) and not is_whole(value, 1):
                raise ValueError(f"{name}={value!r} is neither {default!r} nor a positive whole number.")
        for name, value in (("prefit", self.prefit), ("contrast", self.contrast)):
            if not _is(value, "auto") and not isinstance(value, (bool, np.bool_)):
                raise ValueError(f'{name}={value!r} is not "auto", True or False.')
        if not isinstance(self.standardize, (bool, np.bool_)):
            raise ValueError(f"standardize={self.standardize!r} is not True or False.")
        if not isinstance(self.moment, str) or self.moment not in MOMENTS:
            raise ValueError(f"moment={self.moment!r} is not one of {', '.join(map(repr, MOMENTS))}.")
        if not _is(self.rank, "auto") and not is_whole(self.rank, 1) and not _is_share(self.rank):
            raise ValueError(
                f'rank={self.rank!r} is not understood: give an int, a share of the spectrum in (0, 1] or "auto".'
            )
        if isinstance(self.baseline, str) and self.baseline not in ("mean", "zero"):
            raise ValueError(f'baseline={self.baseline!r} is not "mean", "zero" or one row of the table.')
        if self.baseline is None or isinstance(self.baseline, (Number, np.generic)):
            raise ValueError(f'baseline={self.baseline!r} is not "mean", "zero" or one row of the table.')
        if not isinstance(self.verbose, (bool, np.bool_)) and not is_whole(self.verbose, 0):
            raise ValueError(f"verbose={self.verbose!r} is not a whole number, 0 for no progress bars.")
        check_seed(self.random_state)
        check_device(self.device)

    def check_used(self, method: Method) -> None:
        """Raise if a parameter is set that neither attributions of this method nor their support depend on.

        Parameters
        ----------
        method : Method

        Raises
        ------
        ValueError
        """
        defaults = signature(type(self).__init__).parameters
        for name in sorted(method.ignores & defaults.keys()):
            default = defaults[name].default
            if not _is(getattr(self, name), default):
                users = [repr(m.name) for m in METHODS.values() if name not in m.ignores]
                raise ValueError(
                    f'{name}= has no effect on attributions of method="{method.name}": leave it at {default!r}, or '
                    f"use a method that it has one on ({', '.join(users)})."
                )


def _is(value: Any, default: Any) -> bool:
    """Whether a value is a default, which an array that holds it is not."""
    return value is default or (isinstance(value, str | bool | np.bool_ | Integral) and bool(value == default))


def is_whole(value: Any, least: int) -> bool:
    """Whether a value is a whole number, of Python or numpy but no boolean, and not below ``least``."""
    return isinstance(value, Integral) and not isinstance(value, (bool, np.bool_)) and int(value) >= least


def _is_share(value: Any) -> bool:
    """Whether a value is a share in (0, 1]; a whole number is none."""
    return isinstance(value, Real) and not isinstance(value, (Integral, np.bool_)) and 0 < float(value) <= 1


def check_seed(random_state: Any) -> None:
    """Raise if ``random_state`` is nothing that rows can be drawn by, whether or not any are.

    Raises
    ------
    ValueError
    """
    legacy = random_state is None or random_state is np.random or isinstance(random_state, np.random.RandomState)
    if not legacy and not (is_whole(random_state, 0) and random_state < 2**32):
        raise ValueError(
            f"random_state={random_state!r} is not None, a whole number from 0 to 2**32 - 1, or a "
            "numpy.random.RandomState."
        )


def check_device(device: Any) -> None:
    """Raise if ``device`` is no device, or none that holds tensors here.

    Raises
    ------
    ValueError
    """
    if device is None:
        return
    if not isinstance(device, (str, torch.device)):
        raise ValueError(f'device={device!r} is not None, a torch.device, or the name of one such as "cpu".')
    try:
        usable = torch.empty(0, device=device).device.type != "meta"
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as error:  # each backend has its own
        why = str(error).partition("\n")[0].partition(". ")[0]
        raise ValueError(
            f'device="{device}" cannot be used here ({why}); leave device=None, which computes where the network is.'
        ) from error
    if not usable:
        raise ValueError(f'device="{device}" holds no values; leave device=None, which computes where the network is.')


MOST_PAIRS = 100_000
"""Pairs of permutations a row: some hundred halve the error, and so many of a thousand columns are a gigabyte."""


def check_refine(refine: Any, method: str) -> None:
    """Raise if ``refine`` is no number of permutations, or the method has nothing to refine.

    Raises
    ------
    ValueError
    """
    if not is_whole(refine, 0):
        raise ValueError(f"refine={refine!r} is not a whole number of pairs of permutations, 0 for none.")
    if refine > MOST_PAIRS:
        raise ValueError(f"refine={refine} pairs of permutations are drawn at once; take {MOST_PAIRS:,} at most.")
    if refine and not method_named(method).gathers_effects:
        raise ValueError(f'refine={refine} corrects what method="agop" looks up; method="{method}" has no tables.')
