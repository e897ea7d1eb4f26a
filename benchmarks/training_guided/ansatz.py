"""The Neural Feature Ansatz over tasks, optimisers, initial scale, depth and width, with its course over epochs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.random import RandomState
from skorch import NeuralNetClassifier
from torch import nn

from agop_tabular.evaluation import cosine, feature_ansatz
from agop_tabular.training_guided import TrajectoryCallback
from benchmarks.shared.cells import Cells
from benchmarks.shared.networks import perceptron
from benchmarks.shared.tasks import TASKS

ROWS, COLUMNS, EPOCHS = 2000, 20, 60
"""Of the tables, and of the trainings."""

CURVE = 7
"""Checkpoints at which the ansatz is measured, the start and the end among them."""


@dataclass(frozen=True)
class Kind:
    """A training that the ansatz is measured in.

    Attributes
    ----------
    task : str
    optimizer : {"SGD", "Adam"}
    scale : float
        Factor of the initial weights.
    depth, width : int
        Hidden layers, and their units.
    decay : float
        Weight decay.
    """

    task: str = "interaction"
    optimizer: str = "SGD"
    scale: float = 1.0
    depth: int = 2
    width: int = 64
    decay: float = 0.0

    @property
    def name(self) -> str:
        """What differs from the usual one."""
        usual = asdict(Kind())
        return ", ".join(f"{k} {v}" for k, v in asdict(self).items() if k == "task" or v != usual[k])


KINDS = (
    *(Kind(task) for task in ("linear", "interaction", "sparse-nonlinear")),
    *(replace(Kind(task), optimizer="Adam") for task in ("linear", "interaction", "sparse-nonlinear")),
    *(replace(Kind(task), scale=0.1) for task in ("linear", "interaction")),
    *(replace(Kind(), depth=depth) for depth in (1, 4)),
    *(replace(Kind(), width=width) for width in (16, 256)),
    replace(Kind(), decay=1e-3),
)
"""One thing at a time."""


def ansatz_calls(seeds: Iterable[int]) -> dict[str, tuple[Any, ...]]:
    """Arguments of :func:`add_ansatz_cell` by the name of the cell."""
    seeds = list(seeds)
    calls = {f"ansatz-{i}-{seed}": (i, seed) for i in range(len(KINDS)) for seed in seeds}
    return calls | {f"ansatz-xrfm-{seed}": ("xrfm", seed) for seed in seeds[:1]}


def add_ansatz_cell(cells: Cells, kind: Any, seed: int) -> None:
    """Compute a cell and save it."""
    found = beside_xrfm(seed) if kind == "xrfm" else measured(KINDS[kind], seed)
    cells.write(f"ansatz-{kind}-{seed}", found)


def _rows(task: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    X, y, _ = TASKS[task](ROWS, n_features=COLUMNS, n_classes=3, random_state=RandomState(seed))
    return X.astype(np.float32), y


def measured(kind: Kind, seed: int) -> dict[str, Any]:
    """Train, and measure at some checkpoints."""
    X, y = _rows(kind.task, seed)
    torch.manual_seed(seed)
    module = perceptron(COLUMNS, [kind.width] * kind.depth, 3)
    with torch.no_grad():
        for p in module.parameters():
            p.mul_(kind.scale)
    adam = kind.optimizer == "Adam"
    net = NeuralNetClassifier(
        module,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam if adam else torch.optim.SGD,
        optimizer__weight_decay=kind.decay,
        lr=1e-3 if adam else 0.1,
        max_epochs=EPOCHS,
        batch_size=64,
        iterator_train__shuffle=True,
        train_split=None,
        callbacks=[TrajectoryCallback()],
        verbose=0,
    ).fit(X, y)
    callback = next(c for _, c in net.callbacks_ if isinstance(c, TrajectoryCallback))
    start = callback.trajectory_.checkpoints[0].state()
    curve = []
    for checkpoint in callback.trajectory_.thinned(CURVE).checkpoints:
        with torch.no_grad():
            for name, p in net.module_.named_parameters():
                p.copy_(checkpoint.state()[name])
        table = feature_ansatz(net, X, initial=start)
        curve.append({"epoch": checkpoint.step, "layers": table.astype(object).where(table.notna(), None).to_dict()})
    return {"kind": kind.name, "seed": seed, "accuracy": float((net.predict(X) == y).mean()), "curve": curve}


def beside_xrfm(seed: int) -> dict[str, Any]:
    """xRFM's own AGOP beside that of its predictions' gradients, on the same rows."""
    from xrfm import xRFM

    from agop_tabular import AGOPExplainer

    X, y = _rows("interaction", seed)
    model = xRFM(device="cpu", tuning_metric="accuracy", verbose=False, random_state=seed)
    model.fit(X[:1500], y[:1500], X[1500:], y[1500:])
    theirs = np.mean([np.asarray(m.cpu()) for m in model.collect_best_agops()], axis=0)
    ours = AGOPExplainer(model, method="agop-ixg", standardize=False).fit(X).agop_
    diagonal = np.diag(theirs) if theirs.ndim == 2 else theirs
    found = {"diagonal": float(cosine(diagonal[None], np.diag(ours)[None])[0])}
    if theirs.ndim == 2:
        found["all"] = float(cosine(theirs.reshape(1, -1), ours.reshape(1, -1))[0])
    return {"xrfm": found, "leaves": len(model.collect_best_agops()), "seed": seed}
