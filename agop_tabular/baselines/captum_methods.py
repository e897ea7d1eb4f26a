"""Gradient methods of captum."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agop_tabular.baselines.base import Baseline

MAX_ROWS, MAX_COPIES, MAX_NUMBERS = 2048, 2**17, 2**23
"""Limits of one call of the network: explained rows, their copies, of which some methods make 50 of each, and numbers
in all copies. Tables reach the first two; an image of 3 × 128 × 128 is evaluated 170 times at once."""


def copies_at_once(p: int) -> int:
    """Rows of p coordinates that the network is evaluated on in one call."""
    return max(1, min(MAX_COPIES, MAX_NUMBERS // max(1, p)))


class CaptumMethod(Baseline):
    """A method of captum, which is given the explained score of each row as ``target``."""

    package = "captum"

    @property
    def copies(self) -> int:
        """How often the method evaluates the network on each row."""
        return 1

    def _prepare(self, background: Any) -> None:
        rows = self._coordinates(background).double()
        self.mean_ = rows.mean(dim=0, keepdim=True).to(self.adapter_.dtype)
        self.range_ = (rows.amax(dim=0) - rows.amin(dim=0)).to(self.adapter_.dtype)

    def _one(self, X: Any, index: np.ndarray) -> np.ndarray:
        target = torch.as_tensor(index, device=self.adapter_.device)
        n = max(1, min(MAX_ROWS, copies_at_once(len(self.feature_map_.column_of)) // self.copies))
        parts = [
            self._folded(self._attributions(x.requires_grad_(), target[rows]))
            for rows, x in self.adapter_.batches(X, n)
        ]
        return np.concatenate(parts)

    @abstractmethod
    def _attributions(self, x: Tensor, target: Tensor) -> Tensor:
        """Attributions (b, p) of the coordinates (b, p)."""


class IntegratedGradients(CaptumMethod):
    """Integrated Gradients (Sundararajan and others, 2017; captum).

    Parameters
    ----------
    n_steps : int
    baseline : {"mean", "zero"}
        Start of the paths: the mean of the background rows, or zero.
    """

    def __init__(self, *, n_steps: int = 50, baseline: str = "mean"):
        self.n_steps = n_steps
        self.baseline = baseline

    @property
    def copies(self) -> int:
        """One for each step."""
        return self.n_steps

    def _attributions(self, x: Tensor, target: Tensor) -> Tensor:
        from captum.attr import IntegratedGradients

        if self.baseline not in ("mean", "zero"):
            raise ValueError(f'baseline={self.baseline!r} is not "mean" or "zero".')
        start = self.mean_ if self.baseline == "mean" else torch.zeros_like(self.mean_)
        method = IntegratedGradients(self.network_)
        out: Tensor = method.attribute(
            x, start, target=target, n_steps=self.n_steps, internal_batch_size=copies_at_once(x.shape[1])
        )
        return out


class InputXGradient(CaptumMethod):
    """Input × gradient (captum), with the input itself and not its difference from a baseline."""

    def _attributions(self, x: Tensor, target: Tensor) -> Tensor:
        from captum.attr import InputXGradient

        out: Tensor = InputXGradient(self.network_).attribute(x, target=target)
        return out


class SmoothGrad(CaptumMethod):
    """Mean gradient over noisy copies of each row (Smilkov and others, 2017; captum), signed and not times the input.

    Parameters
    ----------
    n_samples : int
    noise : float
        Standard deviation of the noise, as a share of each coordinate's range over the background.
    """

    def __init__(self, *, n_samples: int = 50, noise: float = 0.15):
        self.n_samples = n_samples
        self.noise = noise

    @property
    def copies(self) -> int:
        """One for each draw of the noise."""
        return self.n_samples

    def _attributions(self, x: Tensor, target: Tensor) -> Tensor:
        from captum.attr import NoiseTunnel, Saliency

        scaled = _Scaled(self.network_, self.noise * self.range_, self.mean_)
        tunnel = NoiseTunnel(Saliency(scaled))
        u = (x / scaled.unit).detach().requires_grad_()
        out: Tensor = tunnel.attribute(
            u,
            nt_type="smoothgrad",
            nt_samples=self.n_samples,
            nt_samples_batch_size=min(self.n_samples, copies_at_once(x.shape[1])),
            stdevs=1.0,
            target=target,
            abs=False,
        )
        return out / scaled.unit


class _Scaled(torch.nn.Module):
    """The network on coordinates measured in units of their noise.

    NoiseTunnel adds noise of one standard deviation to all coordinates; in these units it is each coordinate's own. A
    coordinate that is constant over the background gets no noise: it keeps its value and has gradient 0.
    """

    def __init__(self, network: torch.nn.Module, unit: Tensor, mean: Tensor):
        super().__init__()
        self.network = network
        self.unit = torch.where(unit > 0, unit, torch.ones_like(unit))
        self.noisy, self.mean = unit > 0, mean

    def forward(self, u: Tensor) -> Tensor:
        return self.network(torch.where(self.noisy, u * self.unit, self.mean))


class DeepLift(CaptumMethod):
    """DeepLIFT with the mean of the background as reference (Shrikumar and others, 2017; captum)."""

    def _attributions(self, x: Tensor, target: Tensor) -> Tensor:
        from captum.attr import DeepLift

        out: Tensor = DeepLift(self.network_).attribute(x, self.mean_, target=target)
        return out
