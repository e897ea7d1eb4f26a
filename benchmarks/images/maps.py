"""Maps of images by each method, and by controls that need no network or no gradient."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import sobel
from skorch import NeuralNetClassifier

from agop_tabular.baselines import Baseline, GradCam, InputXGradient, IntegratedGradients, SmoothGrad
from agop_tabular.datasets import XaiTris
from agop_tabular.image import AGOPImageExplainer, FlatImages

OURS = ("agop-adaptive", "agop-weighted", "agop-global", "agop-ixg")
PEERS: dict[str, Baseline] = {
    "integrated-gradients": IntegratedGradients(baseline="zero"),
    "smoothgrad": SmoothGrad(),
    "input-x-gradient": InputXGradient(),
    "grad-cam, last": GradCam(layer="last"),
    "grad-cam, first": GradCam(layer="first"),
}
GRADIENT = "vanilla-gradient"
"""The same as agop-local."""

GRADIENT_IMAGES = 512
"""Training images that agop-local is fitted on; a sample will do, since it uses no moment of their gradients."""

PRODUCTS = ("smoothgrad × sqrt(diag M)", "integrated-gradients × sqrt(diag M)")
"""A peer's map times AGOP-Weighted's weights of the pixels."""

CONSTANT = ("class means", "variance", "class variances", "class correlations")
"""Maps made of training images and labels alone, the same for every image."""

CONTROLS = ("|x|", "sobel", "random", *CONSTANT, *(f"{name} × |gradient|" for name in CONSTANT))

NamedMaps = Iterator[tuple[str, np.ndarray]]
"""Name, and maps (n, height, width), of each method."""


def all_maps(net: NeuralNetClassifier, train: XaiTris, images: np.ndarray, seed: int) -> NamedMaps:
    """Of all methods that can be applied to the network, and of all controls."""
    found: dict[str, np.ndarray] = {}
    for name, values in network_maps(net, train.X, images, seed):
        found[name] = values
        yield name, values
    weights = np.sqrt(_relative(AGOPImageExplainer(net).fit(train.X).diagonal_map_))
    for name in PRODUCTS:
        yield name, found[name.split(" ×")[0]] * weights
    yield from controls(train, images, found[GRADIENT], seed)


def network_maps(net: NeuralNetClassifier, background: np.ndarray, images: np.ndarray, seed: int) -> NamedMaps:
    """Of the methods that explain the network; GradCAM only if it has a convolution."""
    for name in OURS:
        yield name, AGOPImageExplainer(net, method=name).fit(background).explain(images)
    yield GRADIENT, AGOPImageExplainer(net, method="agop-local").fit(background[:GRADIENT_IMAGES]).explain(images)
    flat, rows = FlatImages(net, images.shape[1:]), images.reshape(len(images), -1)
    for name, peer in PEERS.items():
        if name.startswith("grad-cam") and not _is_convolutional(net):
            continue
        values = peer(flat, rows, "predicted", background.reshape(len(background), -1), seed)
        yield name, values.reshape(images.shape).sum(axis=1)


def controls(train: XaiTris, images: np.ndarray, gradient: np.ndarray, seed: int) -> NamedMaps:
    """Of the images, the training images, the plain gradient, or chance."""
    size = np.abs(images).sum(axis=1)
    yield "|x|", size
    yield "sobel", np.stack([np.hypot(sobel(image, axis=0), sobel(image, axis=1)) for image in images.sum(axis=1)])
    yield "random", np.random.RandomState(seed).uniform(size=size.shape)
    constant = constant_maps(train)
    for name, one in constant.items():
        yield name, np.broadcast_to(one, size.shape)
    for name, one in constant.items():
        yield f"{name} × |gradient|", one * gradient


def constant_maps(train: XaiTris) -> dict[str, np.ndarray]:
    """One map (height, width) of each kind, from training images and labels."""
    pixels = train.X.sum(axis=1).astype(float)
    of_class = [pixels[train.y == c] for c in (0, 1)]
    variances = [part.var(axis=0) for part in of_class]
    correlations = [np.corrcoef(part.reshape(len(part), -1), rowvar=False) for part in of_class]
    return {
        "class means": np.abs(of_class[0].mean(axis=0) - of_class[1].mean(axis=0)),
        "variance": pixels.var(axis=0),
        "class variances": np.abs(np.log(variances[0] / variances[1])),
        "class correlations": np.abs(correlations[0] - correlations[1]).sum(axis=0).reshape(pixels.shape[1:]),
    }


def _relative(diagonal: np.ndarray) -> np.ndarray:
    return diagonal / diagonal.max() if diagonal.max() > 0 else diagonal


def _is_convolutional(net: NeuralNetClassifier) -> bool:
    return any(type(m).__name__ == "Conv2d" for m in net.module_.modules())
