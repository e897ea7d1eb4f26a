"""Maps by activations of ResNet-18's stages: GradCAM, LayerCAM, and RefineCAM's product of maps of all stages."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from benchmarks.scenes.resnet import ResNet18

AT_ONCE = 32
"""Images that go through the network at a time."""


def activation_maps(module: ResNet18, images: np.ndarray, target: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Name, and maps (n, 1, height, width), of each method.

    Parameters
    ----------
    module : ResNet18
        In evaluation mode.
    images : ndarray of shape (n, 3, height, width), float32
    target : ndarray of int, shape (n,)
        Index of the explained score of each image.
    """
    found: dict[str, list[Tensor]] = {"grad-cam": [], "layer-cam": [], "layer-cam, stage 2": [], "refined cam": []}
    device, size = next(module.parameters()).device, images.shape[2:]
    for start in range(0, len(images), AT_ONCE):
        x = torch.from_numpy(images[start : start + AT_ONCE]).to(device)
        explained = torch.from_numpy(target[start : start + AT_ONCE]).to(device)
        stages = [enlarged(a, size) for a in layer_cams(module, x, explained)]
        found["grad-cam"].append(grad_cam(module, x, explained))
        found["layer-cam"].append(stages[-1])
        found["layer-cam, stage 2"].append(stages[1])
        found["refined cam"].append(refined(stages))
    for name, parts in found.items():
        yield name, torch.cat(parts)[:, None].cpu().numpy()


def grad_cam(module: ResNet18, x: Tensor, target: Tensor) -> Tensor:
    """GradCAM (Selvaraju and others, 2017; captum) at the last stage, enlarged: (b, height, width)."""
    from captum.attr import LayerGradCam

    coarse = LayerGradCam(module, module.layer4).attribute(x, target=target, relu_attributions=True)
    return enlarged(coarse[:, 0].detach(), x.shape[2:])


def layer_cams(module: ResNet18, x: Tensor, target: Tensor) -> list[Tensor]:
    """LayerCAM (Jiang and others, 2021) at each stage: positive gradients times activations, summed over channels.

    Captum does not have it.

    Parameters
    ----------
    module : ResNet18
    x : Tensor of shape (b, 3, height, width)
    target : Tensor of int, shape (b,)

    Returns
    -------
    list of Tensor of shape (b, height_i, width_i)
        From the first stage, whose maps are finest, to the last.
    """
    kept: list[Tensor] = []
    hooks = [stage.register_forward_hook(lambda _, __, out: kept.append(out)) for stage in module.stages]
    try:
        with torch.enable_grad():
            explained = module(x.detach().requires_grad_()).gather(1, target[:, None]).sum()
            gradients = torch.autograd.grad(explained, kept)
    finally:
        for hook in hooks:
            hook.remove()
    return [(gradient.relu() * a.detach()).sum(dim=1).relu() for a, gradient in zip(kept, gradients, strict=True)]


def refined(maps: list[Tensor]) -> Tensor:
    """RefineCAM (arXiv 2605.14641), its summary's rule: the product of maps (b, height, width), each from 0 to 1.

    Its repository combines them by another formula for ImageNet.
    """
    out = torch.ones_like(maps[0])
    for a in maps:
        low, high = a.amin(dim=(1, 2), keepdim=True), a.amax(dim=(1, 2), keepdim=True)
        out = out * (a - low) / (high - low).clamp_min(torch.finfo(a.dtype).tiny)
    return out


def enlarged(maps: Tensor, size: tuple[int, ...]) -> Tensor:
    """Maps (b, h, w) at the size of the images, bilinearly."""
    return interpolate(maps[:, None], size, mode="bilinear", align_corners=False)[:, 0]
