"""What AGOP costs at the size of photographs: seconds an image and peak memory of each step, beside a forward pass.

Seconds are those of the processor, on one thread, so that what else a machine does hardly matters.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from skorch import NeuralNetClassifier
from torch import Tensor, nn

from agop_tabular import AGOPCallback
from agop_tabular.baselines import IntegratedGradients, SmoothGrad
from agop_tabular.image import AGOPImageExplainer
from benchmarks.scenes import maps
from benchmarks.scenes.activation_maps import grad_cam
from benchmarks.scenes.resnet import ResNet18
from benchmarks.shared.cells import Cells
from benchmarks.shared.measure import in_own_process, peak_growth

CLASSES = 3
"""Of the network: as many as the study's main task has. Its weights are random, which costs what others do."""

BATCH = 8
"""Images a batch of passes that are not an explainer's, as many as it takes of 224 × 224 pixels."""

PEER_IMAGES = 2
"""Images for methods of 50 gradients each."""


def add_cost(cells: Cells, size: int, step: str) -> None:
    """Measure a step in a process of its own, whose peak memory no other step has raised, and save."""
    found = in_own_process(measured, step, size, cells.settings["images"], cells.settings["width"])
    cells.write(cost_cell(size, step), {"step": step, "size": size, **found})


def cost_cell(size: int, step: str) -> str:
    """Name of a cell with a step's cost."""
    return f"cost-{size}-{step.replace(' ', '-').replace(',', '')}"


def measured(step: str, size: int, n_images: int, width: int) -> dict[str, float]:
    """Seconds an image, and megabytes that the peak memory grows by while the step runs.

    Parameters
    ----------
    step : str
        A key of ``STEPS``.
    size : int
        Pixels along each side.
    n_images : int
        At least two batches; fewer are taken for methods that take long. A network is tried on up to 21 images of
        128 × 128 pixels before M is gathered, which half of the images should be, to tell the cost of an image.
    width : int
        Of the network.
    """
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    module = ResNet18(CLASSES, width).eval()
    module.classes_ = list(range(CLASSES))
    images = np.random.RandomState(0).standard_normal((n_images, 3, size, size)).astype(np.float32)
    with torch.no_grad():
        module(torch.from_numpy(images[:BATCH]))  # caches are warm
    call, n, others = STEPS[step](module, images)
    started = time.process_time()
    _, grown = peak_growth(call)
    seconds = time.process_time() - started
    return {"seconds": seconds / n, "megabytes": grown / 1e6, **others(seconds)}


Prepared = tuple[Callable[[], Any], int, Callable[[float], dict[str, float]]]
"""What is measured, the images that it works on, and what else its seconds say."""


def _nothing(seconds: float) -> dict[str, float]:
    return {}


def _forward(module: ResNet18, images: np.ndarray) -> Prepared:
    def call() -> None:
        with torch.no_grad():
            for x in torch.from_numpy(images).split(BATCH):
                module(x)

    return call, len(images), _nothing


def _gradient(module: ResNet18, images: np.ndarray) -> Prepared:
    def call() -> None:
        for x in torch.from_numpy(images).split(BATCH):
            x = x.requires_grad_()
            torch.autograd.grad(module(x).amax(dim=1).sum(), x)

    module.requires_grad_(False)
    return call, len(images), _nothing


def _fit(method: str, **params: Any) -> Callable[[ResNet18, np.ndarray], Prepared]:
    def prepared(module: ResNet18, images: np.ndarray) -> Prepared:
        """A fit tries the network before it gathers: by a fit on half of the images the two are told apart."""
        explainer = AGOPImageExplainer(module, method=method, **params)
        half = images[: len(images) // 2]
        explainer.fit(half[:BATCH])
        started = time.process_time()
        explainer.fit(half)
        first = time.process_time() - started

        def split(seconds: float) -> dict[str, float]:
            an_image = (seconds - first) / (len(images) - len(half))
            return {"seconds": an_image, "fixed": first - len(half) * an_image}

        return lambda: explainer.fit(images), len(images), split

    return prepared


def _explain(method: str) -> Callable[[ResNet18, np.ndarray], Prepared]:
    def prepared(module: ResNet18, images: np.ndarray) -> Prepared:
        explainer = AGOPImageExplainer(module, method=method).fit(images)
        return lambda: explainer.explain(images), len(images), _nothing

    return prepared


def _from_disk(module: ResNet18, images: np.ndarray) -> Prepared:
    """AGOP-Global by a process that has no network."""
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "maps.agop"
    AGOPImageExplainer(module, method="agop-global").fit(images[:BATCH]).save(path)

    def size_of_file(seconds: float) -> dict[str, float]:
        found = {"file": path.stat().st_size / 1e6}
        folder.cleanup()
        return found

    return lambda: AGOPImageExplainer.load(path).explain(images), len(images), size_of_file


def _peer(peer: Any) -> Callable[[ResNet18, np.ndarray], Prepared]:
    def prepared(module: ResNet18, images: np.ndarray) -> Prepared:
        few = images[:PEER_IMAGES]
        e = maps.Explained(module, images, np.zeros(len(images), int), few, np.zeros(len(few), int), 0, 0)
        return lambda: maps.peer_maps(peer, e), len(few), _nothing

    return prepared


def _grad_cam(module: ResNet18, images: np.ndarray) -> Prepared:
    def call() -> list[Tensor]:
        return [grad_cam(module, x, torch.zeros(len(x), dtype=int)) for x in torch.from_numpy(images).split(BATCH)]

    return call, len(images), _nothing


def _epoch(*callbacks: AGOPCallback) -> Callable[[ResNet18, np.ndarray], Prepared]:
    def prepared(module: ResNet18, images: np.ndarray) -> Prepared:
        net = NeuralNetClassifier(
            module,
            criterion=nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            max_epochs=1,
            batch_size=BATCH,
            train_split=None,
            callbacks=list(callbacks),
            verbose=0,
        )
        return lambda: net.fit(images, np.arange(len(images)) % CLASSES), len(images), _nothing

    return prepared


STEPS: dict[str, Callable[[ResNet18, np.ndarray], Prepared]] = {
    "forward pass": _forward,
    "gradient": _gradient,
    "diag M, all classes": _fit("agop-weighted"),
    "diag M, one class": _fit("agop-weighted", moment_target="predicted"),
    "sketch of M, all classes": _fit("agop-ixg"),
    "sketch of M, one class": _fit("agop-ixg", moment_target="predicted"),
    "explain, agop-weighted": _explain("agop-weighted"),
    "explain, agop-ixg": _explain("agop-ixg"),
    "explain, agop-global from disk": _from_disk,
    "explain, grad-cam": _grad_cam,
    "explain, integrated-gradients": _peer(IntegratedGradients(baseline="zero")),
    "explain, smoothgrad": _peer(SmoothGrad()),
    "training epoch": _epoch(),
    "training epoch with AGOPCallback": _epoch(AGOPCallback(moment="diagonal")),
}
"""What is measured, in the order of the page."""
