"""TrajectoryCallback: a skorch callback that keeps a net's weights while it trains."""

from __future__ import annotations

import time
from numbers import Integral
from pathlib import Path
from typing import Any

from skorch.callbacks import Callback

from agop_tabular.models.fingerprint import weights_digest
from agop_tabular.training_guided.recorder import TrajectoryRecorder, check_keeping
from agop_tabular.training_guided.trajectory import Trajectory


class TrajectoryCallback(Callback):
    """Keeps the weights of a skorch net at its initialisation and at some steps of its training.

    Only copies are taken: weights, losses and random states are to the bit those of a training without the callback.
    :class:`~agop_tabular.training_guided.TrainingGuidedExplainer` finds it in the net. It must stand behind callbacks
    that restore weights when training ends, such as ``EarlyStopping(load_best=True)``.

    Parameters
    ----------
    every : "epoch" or int, default="epoch"
        Keep the weights at the end of every epoch, or after every so many batches.
    budget : int or None, default=None
        Checkpoints at most, the first and the last among them: when there are more, every second one is dropped, and
        from then on only every second step is kept. None keeps all: each takes as much memory as the network. Two are
        enough for "xwp" and "xwp-c", some 20 for "xstep".
    precision : {"full", "half"}, default="full"
        "half" keeps those between the first and the last in float16: half the memory, rounded.
    folder : str, Path or None, default=None
        Keep them on disk, in a new folder in this one, which is yours to remove; None for main memory.

    Attributes
    ----------
    trajectory_ : Trajectory
        After training.
    nbytes_ : int
        Bytes of all checkpoints.
    seconds_, share_ : float
        What it took, and as a share of the rest of the training.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from skorch import NeuralNetClassifier
    >>> from agop_tabular.training_guided import TrainingGuidedExplainer, TrajectoryCallback
    >>> X = np.random.RandomState(0).randn(200, 5).astype("float32")
    >>> y = (X[:, 0] > 0).astype("int64")
    >>> module = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    >>> net = NeuralNetClassifier(module, criterion=torch.nn.CrossEntropyLoss, callbacks=[TrajectoryCallback()],
    ...                           verbose=0).fit(X, y)
    >>> TrainingGuidedExplainer(net).fit(X).explain(X).shape
    (200, 5)
    """

    def __init__(
        self,
        *,
        every: str | int = "epoch",
        budget: int | None = None,
        precision: str = "full",
        folder: str | Path | None = None,
    ):
        self.every = every
        self.budget = budget
        self.precision = precision
        self.folder = folder

    def __repr__(self) -> str:
        parameters = ", ".join(f"{name}={value!r}" for name, value in self.get_params(deep=False).items())
        return f"{type(self).__name__}({parameters})"

    def initialize(self) -> TrajectoryCallback:
        """Check the parameters, before any training."""
        whole = isinstance(self.every, Integral) and not isinstance(self.every, bool) and int(self.every) >= 1
        if self.every != "epoch" and not whole:
            raise ValueError(f'every={self.every!r} is not "epoch" or a positive whole number of batches.')
        check_keeping(self.budget, self.precision)
        return self

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **_: Any) -> None:
        """Forget an earlier training that this one does not go on with."""
        self.initialize()
        self._batch_, self._begun_, self._resumed_ = 0, False, len(net.history) > 0
        self._earlier_ = self.__dict__.pop("trajectory_", None)  # there is none, should this training be interrupted
        self._started_ = time.perf_counter()

    def on_epoch_begin(self, net: Any, **_: Any) -> None:
        """Keep the start, once other callbacks have made the module what it is, such as of another width."""
        if not self._begun_:
            self._begin(net)

    def _begin(self, net: Any) -> None:
        """Keep the network as it is; go on with an earlier recording where this training goes on with its network."""
        started = time.perf_counter()
        known, earlier = getattr(self, "_recorder_", None), self._earlier_
        if (
            self._resumed_
            and known is not None
            and earlier is not None
            and weights_digest(net.module_) == earlier.digest
        ):
            known.module = net.module_
        else:
            self._recorder_ = TrajectoryRecorder(
                net.module_,
                unit="epoch" if self.every == "epoch" else "batch",
                budget=self.budget,
                precision=self.precision,
                folder=self.folder,
            )
            self._recorder_.resumed = self._resumed_
            self.seconds_, self._rest_ = 0.0, 0.0
        self._begun_, self._before_, self._earlier_ = True, self.seconds_, None
        self.seconds_ += time.perf_counter() - started

    def on_batch_end(self, net: Any, batch: Any = None, training: bool = False, **_: Any) -> None:
        """Keep the weights, where batches are counted and it is this one's turn."""
        if not training or self.every == "epoch":
            return
        self._batch_ += 1
        if self._batch_ % int(self.every) == 0:
            self._record(int(self.every))

    def on_epoch_end(self, net: Any, **_: Any) -> None:
        """Keep the weights, where epochs are counted."""
        if self.every == "epoch":
            self._record()

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **_: Any) -> None:
        """Keep the network as it is."""
        if not self._begun_:  # not one epoch
            self._begin(net)
        started = time.perf_counter()
        self.trajectory_: Trajectory = self._recorder_.finish()
        self.nbytes_ = self.trajectory_.nbytes
        self.seconds_ += time.perf_counter() - started
        self._rest_ += time.perf_counter() - self._started_ - (self.seconds_ - self._before_)
        self.share_ = self.seconds_ / self._rest_ if self._rest_ > 0 else float("nan")

    def _record(self, steps: int = 1) -> None:
        started = time.perf_counter()
        self._recorder_.record(steps)
        self.seconds_ += time.perf_counter() - started

    def __getstate__(self) -> dict[str, Any]:
        """Without the recorder, which holds the net; a training that goes on after a copy is a resumed one."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_recorder_", "_earlier_")}
