"""scikit-learn's CalibratedClassifierCV."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.isotonic import IsotonicRegression
from torch import Tensor, nn

from agop_tabular.adapters.ensemble_module import DECISION, PROBA
from agop_tabular.adapters.ensembles import ensemble_of_estimators
from agop_tabular.adapters.registry import adapts
from agop_tabular.models.adapter import Adapter

ABOVE_ZERO = 1e-12
"""What scikit-learn adds to probabilities, in either precision, before it takes their logarithms."""


class Calibrated(nn.Module):
    """The mean of the members' calibrated probabilities."""

    def __init__(self, calibrators: list[nn.Module]):
        super().__init__()
        self.calibrators = nn.ModuleList(calibrators)

    def forward(self, each: list[Tensor]) -> Tensor:
        """Probabilities of all classes."""
        found = [calibrate(part) for calibrate, part in zip(self.calibrators, each, strict=True)]
        return torch.stack(found).mean(dim=0)


class ByClass(nn.Module):
    """Calibrates each class by its own curve, then divides by the sum over classes.

    Parameters
    ----------
    curves : list of torch.nn.Module
        One for each class, or the second class's of two.
    """

    def __init__(self, curves: list[nn.Module]):
        super().__init__()
        self.curves = nn.ModuleList(curves)

    def forward(self, response: Tensor) -> Tensor:
        """Probabilities of all classes."""
        if len(self.curves) == 1:
            second = self.curves[0](response[:, -1:])
            return torch.cat((1 - second, second), dim=1)
        each = torch.cat([curve(response[:, [c]]) for c, curve in enumerate(self.curves)], dim=1)
        total = each.sum(dim=1, keepdim=True)
        return torch.where(total > 0, each / total.clamp_min(torch.finfo(each.dtype).tiny), 1 / each.shape[1])


class Temperature(nn.Module):
    """Softmax of a factor times the scores, or times the logarithms of probabilities."""

    def __init__(self, beta: float, *, probabilities: bool):
        super().__init__()
        self.beta, self.probabilities = beta, probabilities

    def forward(self, response: Tensor) -> Tensor:
        """Probabilities of all classes."""
        if response.shape[1] == 1:
            response = torch.cat((-response, response), dim=1)
        elif self.probabilities:
            response = torch.log(response + ABOVE_ZERO)
        return torch.softmax(self.beta * response, dim=1)


class Sigmoid(nn.Module):
    """Platt's curve, 1 / (1 + exp(a t + b))."""

    def __init__(self, a: float, b: float):
        super().__init__()
        self.a, self.b = a, b

    def forward(self, t: Tensor) -> Tensor:
        """Probabilities."""
        return torch.sigmoid(-(self.a * t + self.b))


class Isotonic(nn.Module):
    """Piecewise linear curve through the points (x, y), constant beyond them.

    Parameters
    ----------
    x, y : ndarray of shape (n_points,), float64
        Kept in double precision, whatever the network's dtype.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray):
        super().__init__()
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)

    def forward(self, t: Tensor) -> Tensor:
        """Probabilities."""
        x, y = self.x.to(t), self.y.to(t)
        if len(x) == 1:
            return y[0] + 0 * t
        t = t.clamp(x[0], x[-1])
        i = torch.searchsorted(x, t.detach().contiguous()).clamp(1, len(x) - 1)
        width = (x[i] - x[i - 1]).clamp_min(torch.finfo(t.dtype).tiny)
        return y[i - 1] + (t - x[i - 1]) / width * (y[i] - y[i - 1])


@adapts("sklearn.CalibratedClassifierCV")
def calibrated_classifier(estimator: Any) -> Adapter:
    """CalibratedClassifierCV by sigmoid, isotonic regression or temperature."""
    members = [part.estimator for part in estimator.calibrated_classifiers_]
    responses = [DECISION if hasattr(member, DECISION) else PROBA for member in members]
    calibrators = [_calibrator(p, r) for p, r in zip(estimator.calibrated_classifiers_, responses, strict=True)]
    return ensemble_of_estimators(members, responses, Calibrated(calibrators), classes=estimator.classes_)


def _calibrator(part: Any, response: str) -> nn.Module:
    if part.method == "temperature":
        return Temperature(float(part.calibrators[0].beta_), probabilities=response == PROBA)
    return ByClass([_curve(calibrator) for calibrator in part.calibrators])


def _curve(calibrator: Any) -> nn.Module:
    """A fitted curve as a differentiable function."""
    if isinstance(calibrator, IsotonicRegression):
        return Isotonic(*(np.asarray(v, dtype=float) for v in (calibrator.X_thresholds_, calibrator.y_thresholds_)))
    return Sigmoid(float(calibrator.a_), float(calibrator.b_))
