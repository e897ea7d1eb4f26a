"""Attributions of scenes by each method, and by controls that need no network or no gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from agop_tabular.baselines import Baseline, IntegratedGradients, SmoothGrad
from agop_tabular.core.gradients import score_gradient
from agop_tabular.image import AGOPImageExplainer, FlatImages
from agop_tabular.image.averaged_gradients import path_gradient
from benchmarks.scenes.activation_maps import AT_ONCE, activation_maps
from benchmarks.scenes.path_methods import guided_ig, spectral_ig
from benchmarks.scenes.resnet import ResNet18
from benchmarks.scenes.training import MEAN, STD

GRADIENT, IG, BLACK_IG = "vanilla-gradient", "integrated-gradients", "integrated-gradients, black"
"""The first is agop-local. The zero image, from which IG starts, is ImageNet's mean colour; the other is black."""

WITH_SD = "gradient × sd of pixels"
"""A control: AGOP-Weighted with the variance of the training images' pixels in place of diag M."""

ADAPTIVE_IMAGES = 256
"""Training images that agop-adaptive is fitted on: 24 shifts of each go through the network."""

ADAPTIVE = "agop-adaptive"

BLACK_POINTS = 20
"""Points of the path from black, by Gauss-Legendre quadrature: as exact as 50 equal steps."""

NamedMaps = Iterator[tuple[str, np.ndarray]]
"""Name, and attributions (n, channels, height, width) of three channels, or of one."""


@dataclass(frozen=True, eq=False)
class Explained:
    """What is explained, and what methods are fitted on.

    Attributes
    ----------
    module : ResNet18
        In evaluation mode, with ``classes_``.
    background : ndarray of shape (m, 3, height, width), float32
        Training images as the network takes them.
    labels : ndarray of int, shape (m,)
        Of the training images; only a control uses them.
    images : ndarray of shape (n, 3, height, width), float32
    target : ndarray of int, shape (n,)
        The predicted class of each image.
    seed : int
    steps : int
        Of Guided and Spectral IG.
    """

    module: ResNet18
    background: np.ndarray
    labels: np.ndarray
    images: np.ndarray
    target: np.ndarray
    seed: int
    steps: int

    def gradient(self, x: Tensor, target: Tensor, *, of_probability: bool = False) -> Tensor:
        """Gradient of one score, or its probability, of each image, (b, 3, height, width)."""
        link = (lambda s: s.softmax(dim=1)) if of_probability else None
        return score_gradient(self.module, x, lambda _: target, link=link)[0]

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Images and explained classes, where the network is."""
        device = next(self.module.parameters()).device
        for start in range(0, len(self.images), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            yield torch.from_numpy(self.images[rows]).to(device), torch.from_numpy(self.target[rows]).to(device)

    @cached_property
    def gradients(self) -> np.ndarray:
        """Gradients at the images, (n, 3, height, width)."""
        return _joined(self.gradient(x, target) for x, target in self.batches())


def agop_maps(e: Explained) -> NamedMaps:
    """This project's methods, with M of all classes, and of the predicted class alone, as the paper has it."""
    explainer = sketched(e)
    yield GRADIENT, e.gradients
    for name, fitted in (("", explainer), (", one class", one_class(e))):
        diagonal = diagonal_of(fitted)
        yield f"agop-weighted{name}", e.gradients * relative(diagonal).astype(np.float32)
        yield f"agop-global{name}", np.broadcast_to(diagonal, e.images.shape)
    values = explainer.tabular_.explain(e.images.reshape(len(e.images), -1), e.target)
    yield "agop-ixg", values.reshape(e.images.shape)
    yield "input-x-gradient", e.gradients * e.images
    yield WITH_SD, e.gradients * relative(e.background.var(axis=0))


def sketched(e: Explained) -> AGOPImageExplainer:
    """The explainer whose sketch of M has both its diagonal and its directions."""
    return AGOPImageExplainer(e.module, method="agop-ixg", moment="sketched").fit(e.background)


def one_class(e: Explained) -> AGOPImageExplainer:
    """The explainer whose M sums the gradient of each training image's predicted class."""
    return AGOPImageExplainer(e.module, moment="diagonal", moment_target="predicted").fit(e.background)


def diagonal_of(explainer: AGOPImageExplainer) -> np.ndarray:
    """Diag M by channel, (3, height, width)."""
    return explainer.tabular_.agop_diagonal_.reshape(explainer.image_shape_)


def relative(squares: np.ndarray) -> np.ndarray:
    """Roots of squares, the largest of which is 1."""
    return np.sqrt(squares / squares.max()) if squares.max() > 0 else squares


def adaptive_maps(e: Explained) -> NamedMaps:
    """This project's own method, whose maps have no channels."""
    explainer = AGOPImageExplainer(e.module, method=ADAPTIVE).fit(e.background[:ADAPTIVE_IMAGES])
    yield ADAPTIVE, explainer.explain(e.images, e.target)[:, None]


def integrated_maps(e: Explained) -> NamedMaps:
    """Integrated Gradients from the mean colour, and from black."""
    yield IG, peer_maps(IntegratedGradients(baseline="zero"), e)
    yield from black_maps(e)


def black_maps(e: Explained) -> NamedMaps:
    """Integrated Gradients from black."""
    yield BLACK_IG, _joined(_from_black(e, x, target) for x, target in e.batches())


def smooth_maps(e: Explained) -> NamedMaps:
    """SmoothGrad."""
    yield "smoothgrad", peer_maps(SmoothGrad(), e)


def peer_maps(peer: Baseline, e: Explained) -> np.ndarray:
    """Attributions of another library's method."""
    flat = FlatImages(e.module, e.images.shape[1:])
    peer.fit(flat, e.background.reshape(len(e.background), -1), e.seed)
    return peer.explain(e.images.reshape(len(e.images), -1), e.target).reshape(e.images.shape)


def guided_maps(e: Explained) -> NamedMaps:
    """Guided IG, of the score."""
    start = torch.zeros(e.images.shape[1:], device=next(e.module.parameters()).device)
    yield (
        "guided-ig",
        _joined(
            guided_ig(lambda z, target=target: e.gradient(z, target), x, start, steps=e.steps)
            for x, target in e.batches()
        ),
    )


def spectral_maps(e: Explained) -> NamedMaps:
    """Spectral IG, of the probability, as its authors have it."""
    start = torch.zeros(e.images.shape[1:], device=next(e.module.parameters()).device)
    yield (
        "spectral-ig",
        _joined(
            spectral_ig(lambda z, target=target: e.gradient(z, target, of_probability=True), x, start, steps=e.steps)
            for x, target in e.batches()
        ),
    )


def cam_maps(e: Explained) -> NamedMaps:
    """Maps by activations."""
    yield from activation_maps(e.module, e.images, e.target)


def controls(e: Explained) -> NamedMaps:
    """Of the images, the training images and their labels, the middle of the image, or chance."""
    size = e.images.shape[2:]
    mean = e.background.mean(axis=0)
    yield "|x|", e.images
    yield "|x - mean image|", e.images - mean
    places = [(np.arange(n) + 0.5) / n - 0.5 for n in size]
    middle = np.exp(-8 * (places[0][:, None] ** 2 + places[1] ** 2))
    yield "centre", np.broadcast_to(middle, (len(e.images), 1, *size))
    yield "random", np.random.RandomState(e.seed).uniform(size=(len(e.images), 1, *size))
    yield "data: variance", np.broadcast_to(e.background.var(axis=0), e.images.shape)
    means = np.stack([e.background[e.labels == c].mean(axis=0) for c in np.unique(e.labels)])
    yield "data: class means", np.broadcast_to(means.std(axis=0), e.images.shape)


GROUPS: dict[str, Callable[[Explained], NamedMaps]] = {
    "agop": agop_maps,
    "adaptive": adaptive_maps,
    "integrated": integrated_maps,
    "smooth": smooth_maps,
    "guided": guided_maps,
    "spectral": spectral_maps,
    "cam": cam_maps,
    "controls": controls,
}
"""Methods that are computed together, so that a study that is stopped has something to go on from."""

CONTROLS = (
    *("|x|", "|x - mean image|", "centre", "random", "data: variance", "data: class means"),
    WITH_SD,
)
"""Methods that say what the others' numbers are worth."""


def _from_black(e: Explained, x: Tensor, target: Tensor) -> Tensor:
    """Integrated Gradients from the black image."""
    black = -torch.tensor(MEAN, device=x.device) / torch.tensor(STD, device=x.device)
    start = black[:, None, None].expand(x.shape[1:])
    return (x - start) * path_gradient(e.module, x, target, start, BLACK_POINTS)


def _joined(parts: Iterator[Tensor]) -> np.ndarray:
    return torch.cat([part.detach().float().cpu() for part in parts]).numpy()
