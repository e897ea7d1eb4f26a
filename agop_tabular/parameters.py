"""What the parameters of AGOPExplainer may be."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from torch import nn

from agop_tabular.adapters import adapt
from agop_tabular.attribution.methods import method_named
from agop_tabular.fitting.moment_choice import MOMENTS
from agop_tabular.gate.find import check_gate


def check_parameters(params: dict[str, Any]) -> None:
    """Refuse a parameter that is none of its choices, as far as it can be told without rows.

    Parameters
    ----------
    params : dict
        Of AGOPExplainer, by name.

    Raises
    ------
    ValueError, TypeError
    """
    estimator, method = params["estimator"], method_named(params["method"])
    if estimator is None:
        raise ValueError("AGOPExplainer needs an estimator: AGOPExplainer(net), with a skorch net or a pipeline.")
    for name, otherwise in (("batch_size", "auto"), ("max_samples", None)):
        value = params[name]
        if value != otherwise and (not isinstance(value, Integral) or value < 1):
            raise ValueError(f"{name}={value!r} is neither {otherwise!r} nor a positive whole number.")
    check_gate(params["gate"], method)
    check_refine(params["refine"], params["method"])
    if not isinstance(estimator, nn.Module) and not hasattr(estimator, "fit"):
        adapt(estimator)  # which refuses what it does not know
    for name in ("prefit", "contrast"):
        value = params[name]
        if value != "auto" and not isinstance(value, (bool, np.bool_)):
            raise ValueError(f'{name}={value!r} is not "auto", True or False.')
    baseline, moment = params["baseline"], params["moment"]
    if isinstance(baseline, str) and baseline not in ("mean", "zero"):
        raise ValueError(f'baseline={baseline!r} is not "mean", "zero" or one row of the table.')
    if moment not in MOMENTS:
        raise ValueError(f"moment={moment!r} is not one of {', '.join(map(repr, MOMENTS))}.")


def check_refine(refine: Any, method: str) -> None:
    """Refuse what is no number of permutations, or a method that has nothing to refine."""
    if not isinstance(refine, Integral) or refine < 0:
        raise ValueError(f"refine={refine!r} is not a whole number of pairs of permutations, 0 for none.")
    if refine and not method_named(method).tables:
        raise ValueError(f'refine={refine} corrects what method="agop" looks up; method="{method}" has no tables.')
