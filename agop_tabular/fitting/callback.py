"""AGOPCallback: a skorch callback that gathers the AGOP while the net trains."""

from __future__ import annotations

import time
import warnings
import weakref
from copy import deepcopy
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from skorch.callbacks import Callback
from torch import Tensor
from torch.utils.data import Subset

from agop_tabular.adapters import adapt
from agop_tabular.adapters.images import FlatImages
from agop_tabular.attribution.methods import Method
from agop_tabular.core.coordinate_moment import CoordinateMoment
from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.core.gradients import class_gradients, score_jacobian
from agop_tabular.core.moments import DenseMoment, DiagonalMoment, GradientMoment
from agop_tabular.fitting.moment_choice import DENSE_UP_TO
from agop_tabular.fitting.statistics import Gathered
from agop_tabular.models.adapter import Adapter
from agop_tabular.models.column_tracing import traced
from agop_tabular.models.embeddings import has_embeddings
from agop_tabular.models.fingerprint import weights_digest
from agop_tabular.models.refusals import check_finite, check_gradient
from agop_tabular.models.rows import column_names
from agop_tabular.models.targets import score_names

PROBE_ROWS = 64
"""Rows of the net's input that are kept, for a look at the network when an explainer is made."""


class AGOPCallback(Callback):
    """Gathers the AGOP of a skorch net on its own training rows, so that no pass is needed after training.

    At the end of an epoch the gradients of the class scores, in evaluation mode, are taken on training rows; the
    training is not disturbed by a bit. ``AGOPExplainer.from_callback`` and ``AGOPImageExplainer.from_callback`` make an
    explainer of it.

    Parameters
    ----------
    accumulate : {"last", "every", "average"}, default="last"
        M of the network as it is when training ends; the mean over epochs; or an exponential average over them. For
        "last" the callback must stand behind those that restore weights when training ends.
    every : int, default=1
        For "every" and "average": gather at each so-many-th epoch.
    decay : float, default=0.9
        Weight of what was gathered before, for "average".
    max_samples : int or None, default=None
        Training rows, drawn at random, each time; None for all.
    moment : {"auto", "dense", "diagonal"}, default="auto"
        All of M, or diag M alone; "auto" for all of it where rows have up to 2,048 values.
    contrast : bool, default=False
        Take scores minus their mean over classes.
    snapshots : bool, default=False
        For "every" and "average": keep diag M of every gathered epoch.
    random_state : int, RandomState or None, default=None
        Draws the rows; None draws always alike.

    Attributes
    ----------
    diagonal_ : ndarray of shape (p,), float64
        diag M; p is the number of values in a row of the net's input.
    snapshots_ : dict of int to ndarray of shape (p,)
        diag M by epoch, of the network as it was at the end of that epoch.
    input_shape_ : tuple of int
        Shape of a row of the net's input.
    seconds_, share_ : float
        What it took, and as a share of the rest of the training.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from skorch import NeuralNetClassifier
    >>> from agop_tabular import AGOPCallback, AGOPExplainer
    >>> X = np.random.RandomState(0).randn(200, 5).astype("float32")
    >>> y = (X[:, 0] > 0).astype("int64")
    >>> callback = AGOPCallback()
    >>> net = NeuralNetClassifier(torch.nn.Sequential(torch.nn.Linear(5, 2)), criterion=torch.nn.CrossEntropyLoss,
    ...                           callbacks=[callback], verbose=0).fit(X, y)
    >>> AGOPExplainer.from_callback(callback, net).explain(X).shape
    (200, 5)
    """

    def __init__(
        self,
        *,
        accumulate: str = "last",
        every: int = 1,
        decay: float = 0.9,
        max_samples: int | None = None,
        moment: str = "auto",
        contrast: bool = False,
        snapshots: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ):
        self.accumulate = accumulate
        self.every = every
        self.decay = decay
        self.max_samples = max_samples
        self.moment = moment
        self.contrast = contrast
        self.snapshots = snapshots
        self.random_state = random_state

    # What skorch calls ------------------------------------------------------------------------------------------

    def initialize(self) -> AGOPCallback:
        """Check the parameters, before any training."""
        if self.accumulate not in ("last", "every", "average"):
            raise ValueError(f'accumulate={self.accumulate!r} is not "last", "every" or "average".')
        if self.moment not in ("auto", "dense", "diagonal"):
            raise ValueError(f'moment={self.moment!r} is not "auto", "dense" or "diagonal".')
        for name, least in (("every", 1), ("max_samples", 1)):
            value = getattr(self, name)
            if not (name == "max_samples" and value is None) and (not isinstance(value, Integral) or value < least):
                raise ValueError(f"{name}={value!r} is not a positive whole number.")
        if not isinstance(self.decay, Real) or not 0 <= self.decay < 1:
            raise ValueError(f"decay={self.decay!r} is not in [0, 1).")
        return self

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **_: Any) -> None:
        """Forget an earlier training."""
        self.initialize()
        self.moment_: GradientMoment | None = None
        self.coordinates_: CoordinateMoment | None = None
        self.snapshots_: dict[int, np.ndarray] = {}
        self.seconds_, self.share_ = 0.0, float("nan")
        self._rng_ = check_random_state(0 if self.random_state is None else self.random_state)
        self._started_, self._epoch_ = time.perf_counter(), 0
        self._data_: Any = None
        self._net_ = weakref.ref(net)

    def on_epoch_end(self, net: Any, dataset_train: Any = None, **_: Any) -> None:
        """Gather, where it is this epoch's turn."""
        self._epoch_ += 1
        self._data_ = dataset_train
        if self.accumulate != "last" and self._epoch_ % self.every == 0:
            self._gather(net)

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **_: Any) -> None:
        """Gather for "last", and where no epoch had its turn."""
        if self._data_ is not None and self.moment_ is None:
            self._gather(net)
        self._data_ = None
        rest = time.perf_counter() - self._started_ - self.seconds_
        self.share_ = self.seconds_ / rest if rest > 0 else float("nan")

    # What an explainer takes over ---------------------------------------------------------------------------------

    @property
    def net_(self) -> Any:
        """The net that was trained, as long as it is there."""
        return self._net_() if getattr(self, "_net_", None) is not None else None

    def probe_rows(self) -> np.ndarray:
        """Some rows of the net's input (m, p)."""
        self.gathered_moment()
        rows: np.ndarray = self.probe_.numpy()
        return rows

    def gathered(self, estimator: Any, adapter: Adapter | None, rows: Any, method: Method) -> Gathered:
        """What a pass over the training rows would have gathered.

        Parameters
        ----------
        estimator : object or None
        adapter : Adapter or None
            Of the estimator.
        rows : ndarray or DataFrame of shape (m, d)
            Some rows of the user's table.
        method : Method

        Raises
        ------
        ValueError
            Where the method needs more than was gathered, or the estimator has another width or other scores.
        """
        moment, coordinates = self.gathered_moment(), self.coordinates_
        assert coordinates is not None
        if method.tables:
            raise ValueError(
                f'method="{method.name}" gathers effects on shuffled rows, which no callback has; fit the explainer, '
                'or use method="agop-ixg".'
            )
        if not method.diagonal and isinstance(moment, DiagonalMoment):
            raise ValueError(
                f'method="{method.name}" needs all of M, and the callback gathered diag M only: train with '
                'AGOPCallback(moment="dense").'
            )
        if adapter is None:
            names = column_names(rows)
            known = FeatureMap.identity(names) if self.map_.is_identity else replace(self.map_, names=names)
            return Gathered(None, known, moment, coordinates, self.contrast_, self.score_names_, self.classes_)
        wanted = "diagonal" if isinstance(moment, DiagonalMoment) else "dense"
        found = Gathered.nothing(estimator, adapter, rows, method, moment=wanted, contrast=self.contrast_)
        p, n_scores = found.feature_map.n_coordinates, len(found.score_names)
        if p != moment.p or n_scores != len(self.score_names_):
            raise ValueError(
                f"The callback gathered gradients of {len(self.score_names_)} scores at {moment.p} coordinates; the "
                f"estimator has {n_scores} scores at {p}. Give the net that was trained, behind a pipeline with X=, "
                "some rows of the user's table."
            )
        if self.weights_ is not None and weights_digest(adapter.module) != self.weights_:
            warnings.warn(
                "The network's weights are not those that the callback saw when training ended; its AGOP belongs to "
                "another model. Put AGOPCallback behind the callback that restores weights, or fit the explainer.",
                UserWarning,
                stacklevel=4,
            )
        return replace(found, moment=deepcopy(moment), coordinates=deepcopy(coordinates))

    # What it gathers --------------------------------------------------------------------------------------------

    @property
    def diagonal_(self) -> np.ndarray:
        """The diagonal of M, (p,)."""
        diagonal: np.ndarray = (self.gathered_moment().diagonal() / self.gathered_moment().n).numpy()
        return diagonal

    def gathered_moment(self) -> GradientMoment:
        """The moment, once there is one."""
        moment = getattr(self, "moment_", None)
        if moment is None:
            raise ValueError(
                "This AGOPCallback has gathered nothing: fit the net that holds it. skorch trains with copies of the "
                "callbacks where the net was cloned; they are in net.callbacks_."
            )
        return moment

    def _gather(self, net: Any) -> None:
        """One pass over training rows, of the network as it is."""
        started = time.perf_counter()
        adapter, moment, coordinates = None, None, CoordinateMoment(0)
        with evaluating(net.module_):
            for batch in self._batches(net):
                x = _rows(batch)
                if adapter is None:
                    adapter = self._adapter(net, batch, x)
                    moment, coordinates = self._nothing(adapter.p), CoordinateMoment(adapter.p)
                assert moment is not None
                if adapter.preprocessing:  # codes of embeddings, one-hot
                    x = adapter.tensor(adapter.encode(x.cpu().numpy()))
                x = x.to(adapter.device, adapter.dtype)
                check_finite(x, self.map_)
                coordinates.update(x)
                moment.update(class_gradients(adapter.scores, x, contrast=self.contrast or adapter.contrast_only))
                if not moment.is_finite():
                    check_gradient(score_jacobian(adapter.scores, x), 0, squared=True)
        if adapter is None or moment is None:
            return
        self._keep(moment, coordinates)
        self.score_names_, self.classes_ = score_names(adapter), adapter.classes
        self.contrast_ = self.contrast or adapter.contrast_only
        self.weights_ = weights_digest(net.module_) if self.accumulate == "last" else None
        if self.snapshots and self.accumulate != "last":
            self.snapshots_[self._epoch_] = (moment.diagonal() / moment.n).numpy()
        self.seconds_ += time.perf_counter() - started

    def _keep(self, moment: GradientMoment, coordinates: CoordinateMoment) -> None:
        """Beside what there is."""
        if self.moment_ is None or self.coordinates_ is None:
            self.moment_, self.coordinates_ = moment, coordinates
            return
        if self.accumulate == "average":
            share = (1 - self.decay) * self.moment_.n / moment.n
            self.moment_.total = self.decay * self.moment_.total + share * moment.total
        else:
            self.moment_.merge(moment)
        self.coordinates_.merge(coordinates)

    def _batches(self, net: Any) -> Any:
        """Inputs of the chosen training rows."""
        data = self._data_
        if self.max_samples is not None and self.max_samples < len(data):
            data = Subset(data, np.sort(self._rng_.choice(len(data), self.max_samples, replace=False)).tolist())
        for batch in net.get_iterator(data, training=False):
            yield batch[0] if isinstance(batch, (tuple, list)) else batch

    def _adapter(self, net: Any, batch: Tensor, x: Tensor) -> Adapter:
        self.input_shape_ = tuple(batch.shape[1:])
        adapter = adapt(net if batch.ndim == 2 else FlatImages(net, self.input_shape_))
        self.probe_ = x[:PROBE_ROWS].detach().cpu().clone()
        probe = self.probe_.to(adapter.device, adapter.dtype)
        self.map_ = FeatureMap.identity(column_names(probe))
        if has_embeddings(net.module_):
            self.map_, probe = traced(adapter, self.map_.names, self.probe_.numpy())
        adapter.confirm(probe)
        return adapter

    def _nothing(self, p: int) -> GradientMoment:
        dense = self.moment == "dense" or (self.moment == "auto" and p <= DENSE_UP_TO)
        return DenseMoment(p) if dense else DiagonalMoment(p)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_data_", "_net_")}

    def __deepcopy__(self, memo: dict[int, Any]) -> AGOPCallback:
        twin = object.__new__(type(self))
        memo[id(self)] = twin
        twin.__dict__.update({name: deepcopy(value, memo) for name, value in self.__getstate__().items()})
        return twin


def _rows(batch: Any) -> Tensor:
    """A batch of the net's inputs as rows (b, p)."""
    if not isinstance(batch, Tensor):
        raise ValueError(
            f"AGOPCallback gathers gradients at one tensor of inputs; this net takes a {type(batch).__name__}."
        )
    return batch.reshape(len(batch), -1)
