"""Explainers of shap: DeepExplainer, GradientExplainer and KernelExplainer."""

from __future__ import annotations

import copy
from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agop_tabular.baselines.base import Baseline
from agop_tabular.baselines.numeric_coding import NumericCoding


class _OneScore(nn.Module):
    """The score of one class (b, 1), so that shap explains no other and checks the additivity of this one."""

    def __init__(self, network: nn.Module, c: int):
        super().__init__()
        self.network, self._class = network, c

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.network(x)[:, self._class : self._class + 1]
        return out


class _ShapOfNetwork(Baseline):
    """An explainer of shap that works on the network's coordinates, one for each score."""

    package = "shap"

    n_background: int | None

    def _prepare(self, background: Any) -> None:
        rows = self._coordinates(self._sampled(background, self.n_background)).clone()
        self.explainers_ = [self._explainer(_OneScore(self.network_, c), rows) for c in range(self.adapter_.n_scores)]

    def _one(self, X: Any, index: np.ndarray) -> np.ndarray:
        out = np.empty((len(X), self.feature_map_.n_columns))
        x = self._coordinates(X).clone()
        for c in np.unique(index):
            chosen = np.flatnonzero(index == c)
            values = np.asarray(self._values(self.explainers_[c], x[torch.from_numpy(chosen)]))
            out[chosen] = self._folded(values.reshape(len(chosen), -1))
        return out

    @abstractmethod
    def _explainer(self, network: nn.Module, background: Tensor) -> Any:
        """Shap's explainer of one score."""

    @abstractmethod
    def _values(self, explainer: Any, x: Tensor) -> Any:
        """Shap's values of the rows x."""


class DeepShap(_ShapOfNetwork):
    """shap.DeepExplainer (Lundberg and Lee, 2017).

    Parameters
    ----------
    n_background : int or None
        Background rows, drawn at random; None for all.
    check_additivity : bool
        Let shap raise an error if the values do not add up to the score.
    """

    def __init__(self, *, n_background: int | None = 100, check_additivity: bool = True):
        self.n_background = n_background
        self.check_additivity = check_additivity

    def _explainer(self, network: nn.Module, background: Tensor) -> Any:
        import shap

        return shap.DeepExplainer(network, background)

    def _values(self, explainer: Any, x: Tensor) -> Any:
        return explainer.shap_values(x, check_additivity=self.check_additivity)


class GradientShap(_ShapOfNetwork):
    """shap.GradientExplainer, expected gradients.

    Parameters
    ----------
    n_background : int or None
        Background rows, drawn at random; None for all.
    n_samples : int
        Random draws for each row, the same for all classes, as in shap.
    """

    def __init__(self, *, n_background: int | None = 100, n_samples: int = 200):
        self.n_background = n_background
        self.n_samples = n_samples

    def _prepare(self, background: Any) -> None:
        super()._prepare(background)
        self.seed_ = self.random_state_.randint(10**6)

    def _explainer(self, network: nn.Module, background: Tensor) -> Any:
        import shap

        return shap.GradientExplainer(
            copy.deepcopy(network).float(), background.float()
        )  # GradientExplainer draws in float32

    def _values(self, explainer: Any, x: Tensor) -> Any:
        return explainer.shap_values(x.float(), nsamples=self.n_samples, rseed=self.seed_)


class KernelShap(Baseline):
    """shap.KernelExplainer on the user's columns, with text and categories as numbers.

    Parameters
    ----------
    n_background : int or None
        Background rows, drawn at random; None for all.
    n_samples : int or "auto"
        Coalitions for each row; "auto" is shap's default, 2·d + 2048.
    l1_reg : bool, str or float
        As shap takes it. Its own default, "num_features(10)", gives all but ten columns exactly 0; False, the default
        here, keeps every column.
    """

    package = "shap"

    def __init__(
        self, *, n_background: int | None = 100, n_samples: int | str = "auto", l1_reg: bool | str | float = False
    ):
        self.n_background = n_background
        self.n_samples = n_samples
        self.l1_reg = l1_reg

    def _prepare(self, background: Any) -> None:
        import shap

        self.coding_ = NumericCoding.of(background)
        rows = self.coding_.encode(self._sampled(background, self.n_background))
        self.explainer_ = shap.KernelExplainer(self._scores, rows)

    def _scores(self, codes: np.ndarray) -> np.ndarray:
        return self._scores_of(self.coding_.decode(codes))

    def _every(self, X: Any) -> np.ndarray:
        values = self.explainer_.shap_values(
            self.coding_.encode(X), nsamples=self.n_samples, l1_reg=self.l1_reg, silent=True
        )
        return np.asarray(values).reshape(len(X), self.feature_map_.n_columns, self.adapter_.n_scores)

    def _one(self, X: Any, index: np.ndarray) -> np.ndarray:
        every = self._every(X)
        return every[np.arange(len(X)), :, index]
