"""GradCAM for image networks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from agop_tabular.adapters.images import ShapedModule
from agop_tabular.baselines.captum_methods import CaptumMethod

LAYERS = ("first", "last")
"""Convolutions that can be chosen."""


class GradCam(CaptumMethod):
    """GradCAM at a convolution (Selvaraju and others, 2017; captum), scaled to the image's size; never negative.

    It explains image models, given as :class:`~agop_tabular.adapters.images.FlatImages`. All channels get the same map.

    Parameters
    ----------
    layer : {"last", "first"}
        The network's convolution to use.
    """

    def __init__(self, *, layer: str = "last"):
        self.layer = layer

    def _prepare(self, background: Any) -> None:
        if self.layer not in LAYERS:
            raise ValueError(f'layer={self.layer!r} is not "first" or "last".')
        shaped = [m for m in self.network_.modules() if isinstance(m, ShapedModule)]
        convolutions = [m for m in self.network_.modules() if isinstance(m, nn.Conv2d)]
        if not shaped or not convolutions:
            raise ValueError("GradCAM needs an image network, wrapped in FlatImages, with a Conv2d layer.")
        self.shape_ = shaped[0].shape
        self.convolution_ = convolutions[0 if self.layer == "first" else -1]

    def _attributions(self, x: Tensor, target: Tensor) -> Tensor:
        from captum.attr import LayerAttribution, LayerGradCam

        # One map at the convolution's resolution, enlarged, and shared equally by the channels to keep its sum.
        coarse = LayerGradCam(self.network_, self.convolution_).attribute(x, target=target, relu_attributions=True)
        maps = LayerAttribution.interpolate(coarse.detach(), self.shape_[1:], interpolate_mode="bilinear")
        return torch.as_tensor(maps.expand(-1, self.shape_[0], -1, -1)).flatten(1) / self.shape_[0]
