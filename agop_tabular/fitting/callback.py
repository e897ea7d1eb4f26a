"""AGOPCallback: a skorch callback that gathers the AGOP while the net trains."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import replace
from itertools import chain
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state
from skorch.callbacks import Callback
from torch import Tensor
from torch.utils.data import Subset

from agop_tabular.adapters import adapt
from agop_tabular.adapters.images import FlatImages
from agop_tabular.attribution.method import Method
from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.core.moments import DiagonalMoment
from agop_tabular.core.warning import warn_user
from agop_tabular.fitting.connect import connect
from agop_tabular.fitting.gather import gather
from agop_tabular.fitting.moment_choice import DENSE_UP_TO, choose_moment
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.fitting.tables import MemoryTable
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.fingerprint import weights_digest
from agop_tabular.models.rows import column_names
from agop_tabular.models.units import RAW

PROBE_ROWS = 64
"""Rows of the net's input that are kept, on which the network is tried when an explainer is made; they are pickled with
the callback, so they are few."""


class AGOPCallback(Callback):
    """Gathers the AGOP of a skorch net on its own training rows, so that no pass is needed after training.

    At the end of an epoch the gradients of the class scores, in evaluation mode, are taken on training rows. Weights,
    losses and random states are to the bit those of a training without the callback.
    ``AGOPExplainer.from_callback`` and ``AGOPImageExplainer.from_callback`` make an explainer of it.

    Parameters
    ----------
    accumulate : {"last", "every", "average"}, default="last"
        M of the network as it is when training ends; the mean over epochs; or an exponential average over them. For
        "last" the callback must stand behind those that restore weights when training ends.
    every : int, default=1
        For "every" and "average": epochs from one gathering to the next.
    decay : float, default=0.9
        Weight of what was gathered before, for "average".
    max_samples : int or None, default=None
        Training rows, drawn at random, each time; None for all.
    moment : {"auto", "dense", "diagonal"}, default="auto"
        All of M, or diag M alone; "auto" for all of it where rows have up to 2,048 values.
    contrast : bool, default=False
        Take a class's score minus the mean of the other classes'; no effect where there are none.
    snapshots : bool, default=False
        For "every" and "average": keep diag M of every gathered epoch.
    random_state : int, RandomState or None, default=None
        Draws the rows; None draws the same ones every time.

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
        for name in ("every", "max_samples"):
            value = getattr(self, name)
            whole = isinstance(value, Integral) and not isinstance(value, (bool, np.bool_)) and int(value) >= 1
            if not whole and not (name == "max_samples" and value is None):
                raise ValueError(f"{name}={value!r} is not a positive whole number.")
        if not isinstance(self.decay, Real) or not 0 <= self.decay < 1:
            raise ValueError(f"decay={self.decay!r} is not in [0, 1).")
        return self

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **_: Any) -> None:
        """Forget an earlier training."""
        self.initialize()
        self.statistics_: TrainingStatistics | None = None
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
        if self._data_ is not None and self.statistics_ is None:
            self._gather(net)
        self._data_ = None
        rest = time.perf_counter() - self._started_ - self.seconds_
        self.share_ = self.seconds_ / rest if rest > 0 else float("nan")

    # What an explainer takes over ---------------------------------------------------------------------------------

    @property
    def net_(self) -> Any:
        """The net that was trained; None where it exists no longer."""
        return self._net_() if getattr(self, "_net_", None) is not None else None

    @property
    def diagonal_(self) -> np.ndarray:
        """The diagonal of M, (p,)."""
        gradients = self.gathered().gradients
        diagonal: np.ndarray = (gradients.diagonal() / gradients.n).numpy()
        return diagonal

    def gathered(self) -> TrainingStatistics:
        """The statistics of the training rows.

        Raises
        ------
        ValueError
            Where none have been gathered yet.
        """
        statistics = getattr(self, "statistics_", None)
        if statistics is None:
            raise ValueError(
                "This AGOPCallback has gathered nothing: fit the net that holds it. skorch trains with copies of the "
                "callbacks where the net was cloned; they are in net.callbacks_."
            )
        return statistics

    def rows_for(self, estimator: Any, X: Any) -> Any:
        """Rows of the user's table on which an estimator is tried: X, or some that the net was trained on.

        Parameters
        ----------
        estimator : object or None
        X : ndarray or DataFrame of shape (m, d), or None

        Raises
        ------
        ValueError
            Where there is no X, and the net's input is not the user's table.
        """
        self.gathered()
        if X is not None:
            return X
        if estimator is not None and adapt(estimator).preprocessing:
            raise ValueError(
                "Steps in front of the network make its input from the user's columns: give X=, some rows of the "
                "user's table, to see which column each coordinate comes from."
            )
        return self.probe_.numpy()

    def explained(
        self, estimator: Any, rows: Any, method: Method, device: str | torch.device | None, output: str = RAW
    ) -> tuple[ExplainedModel, TrainingStatistics]:
        """The model, and the statistics that a pass over the training rows would have gathered.

        Parameters
        ----------
        estimator : object or None
        rows : ndarray or DataFrame of shape (m, d)
            Some rows of the user's table.
        method : Method
        device : str, torch.device or None
        output : {"raw", "probability"}

        Raises
        ------
        ValueError
            Where the method, or the output, needs more than was gathered, or the estimator has another width or other
            scores.
        """
        statistics = self.gathered()
        diagonal_only = isinstance(statistics.gradients, DiagonalMoment)
        self._check_method(method, diagonal_only=diagonal_only)
        if output != RAW:
            raise ValueError(
                f'AGOPCallback gathers gradients of scores; model_output="{output}" needs others: fit the explainer.'
            )
        if estimator is None:
            names, known = column_names(rows), self.model_.feature_map
            feature_map = FeatureMap.identity(names) if known.is_identity else replace(known, names=names)
            return replace(self.model_, feature_map=feature_map), statistics
        contrast = bool(self.model_.contrast)
        model = connect(estimator, MemoryTable(rows), contrast=contrast, first_layer=diagonal_only, device=device)
        choose_moment("diagonal" if diagonal_only else "dense", method, model)  # refuses what is not enough
        p, n_scores = model.feature_map.n_coordinates, model.n_scores
        if p != statistics.gradients.p or n_scores != self.model_.n_scores:
            raise ValueError(
                f"The callback gathered gradients of {self.model_.n_scores} scores at {statistics.gradients.p} "
                f"coordinates; the estimator has {n_scores} scores at {p}. Give the net that was trained, behind a "
                "pipeline with X=, some rows of the user's table."
            )
        if self.weights_ is not None and weights_digest(model.network.module) != self.weights_:
            warn_user(
                "The network's weights are not those that the callback saw when training ended; its AGOP belongs to "
                "another model. Put AGOPCallback behind the callback that restores weights, or fit the explainer."
            )
        return model, deepcopy(statistics)

    def _check_method(self, method: Method, *, diagonal_only: bool) -> None:
        """Refuse a method that needs more than was gathered."""
        if method.gathers_effects:
            raise ValueError(
                f'method="{method.name}" gathers effects on shuffled rows, which no callback has; fit the explainer, '
                'or use method="agop-ixg".'
            )
        if method.needs_all_of_m and diagonal_only:
            raise ValueError(
                f'method="{method.name}" needs all of M, and the callback gathered diag M only: train with '
                'AGOPCallback(moment="dense").'
            )

    # Gathering --------------------------------------------------------------------------------------------------

    def _gather(self, net: Any) -> None:
        """One pass over training rows, of the network as it is."""
        started = time.perf_counter()
        with evaluating(net.module_):  # around the data loader too, which draws from torch's random state
            inputs = self._inputs(net)
            first = next(inputs, None)
            if first is None:
                return
            model = self._connected(net, first)
            p = model.feature_map.n_coordinates
            dense = self.moment == "dense" or (self.moment == "auto" and p <= DENSE_UP_TO)
            empty = TrainingStatistics.empty("dense" if dense else "diagonal", model)
            found = gather(model, empty, _batches(model, chain([first], inputs)))
        self._keep(found)
        self.model_ = replace(model, adapter=None, probe=None)
        self.weights_ = weights_digest(net.module_) if self.accumulate == "last" else None
        if self.snapshots and self.accumulate != "last":
            self.snapshots_[self._epoch_] = (found.gradients.diagonal() / found.n).numpy()
        self.seconds_ += time.perf_counter() - started

    def _keep(self, found: TrainingStatistics) -> None:
        """Add this epoch's sums to those of earlier epochs, or average them."""
        earlier = self.statistics_
        if earlier is None:
            self.statistics_ = found
        elif self.accumulate == "average":
            gradients = deepcopy(earlier.gradients)
            share = (1 - self.decay) * gradients.n / found.n
            gradients.total = self.decay * gradients.total + share * found.gradients.total
            self.statistics_ = replace(earlier.merged(found), gradients=gradients)
        else:
            self.statistics_ = earlier.merged(found)

    def _inputs(self, net: Any) -> Iterator[Tensor]:
        """Inputs of the chosen training rows, batch by batch."""
        data = self._data_
        if self.max_samples is not None and self.max_samples < len(data):
            data = Subset(data, np.sort(self._rng_.choice(len(data), self.max_samples, replace=False)).tolist())
        for batch in net.get_iterator(data, training=False):
            yield batch[0] if isinstance(batch, (tuple, list)) else batch

    def _connected(self, net: Any, first: Tensor) -> ExplainedModel:
        """The net as a model over flat rows of its input, tried on the first of them."""
        rows = _flat(first)
        self.input_shape_ = tuple(first.shape[1:])
        self.probe_ = rows[:PROBE_ROWS].detach().cpu().clone()
        adapter = adapt(net if first.ndim == 2 else FlatImages(net, self.input_shape_))
        return ExplainedModel.connect(adapter, self.probe_.numpy(), contrast=None if self.contrast else False)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_data_", "_net_")}

    def __deepcopy__(self, memo: dict[int, Any]) -> AGOPCallback:
        twin = object.__new__(type(self))
        memo[id(self)] = twin
        twin.__dict__.update({name: deepcopy(value, memo) for name, value in self.__getstate__().items()})
        return twin


def _batches(model: ExplainedModel, inputs: Iterable[Tensor]) -> Iterator[tuple[slice, Tensor]]:
    """Coordinates of batches of the net's inputs, with their places."""
    adapter, start = model.network, 0
    for batch in inputs:
        x = _flat(batch)
        if adapter.preprocessing:  # codes of embeddings become one-hot
            x = adapter.tensor(adapter.encode(x.cpu().numpy()))
        yield slice(start, start + len(x)), x.to(adapter.device, adapter.dtype)
        start += len(x)


def _flat(batch: Any) -> Tensor:
    """A batch of the net's inputs as rows (b, p)."""
    if not isinstance(batch, Tensor):
        raise ValueError(
            f"AGOPCallback gathers gradients at one tensor of inputs; this net takes a {type(batch).__name__}."
        )
    return batch.reshape(len(batch), -1)
