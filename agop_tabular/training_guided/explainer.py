"""TrainingGuidedExplainer: the estimator."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MetaEstimatorMixin, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.distributed.fitting import DaskTable
from agop_tabular.distributed.validation import validated_table, validated_training
from agop_tabular.explainer.parameters import check_device, is_whole
from agop_tabular.fitting.connect import connect
from agop_tabular.fitting.tables import MemoryTable
from agop_tabular.models.delegation import delegate_tags, delegated, unchanged_on_error
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.fitted import fitted_estimator
from agop_tabular.models.frames import like
from agop_tabular.models.rows import own_rows
from agop_tabular.models.targets import ALL, PREDICTED
from agop_tabular.models.units import RAW, check_names, check_output
from agop_tabular.results.explanation import Explanation
from agop_tabular.training_guided.found import find_trajectory
from agop_tabular.training_guided.guided_attributor import GuidedAttributor
from agop_tabular.training_guided.guided_method import GuidedMethod
from agop_tabular.training_guided.guided_methods import GUIDED_METHODS, guided_method
from agop_tabular.training_guided.replay import input_layer, recorded_module
from agop_tabular.training_guided.saved_training import SavedTraining, load_training, save_training
from agop_tabular.training_guided.trajectory import Trajectory

CHECKPOINTS = 13
"""Default of "xstep": with as many of 343 to 1,217 batches its attributions had a cosine of .993 to .999 with those of
all batches, on six networks of the tasks "interaction", "sparse-nonlinear" and "switched"."""


class TrainingGuidedExplainer(OneToOneFeatureMixin, TransformerMixin, MetaEstimatorMixin, BaseEstimator):
    """Explain the predictions of a fully connected network by what its training did to each column's weights.

    The columns' weights in the first layer are set to those of other checkpoints of the training, which
    :class:`~agop_tabular.training_guided.TrajectoryCallback` kept; a column's attribution is the change of the score.
    The methods are reconstructed from abstracts and summaries of [1]_ and [2]_, whose texts and code could not be had.

    Parameters
    ----------
    estimator : object
        A skorch net that was trained with a ``TrajectoryCallback``, or a Pipeline ending in one; or, with
        ``trajectory=``, any network that :class:`~agop_tabular.AGOPExplainer` takes. One that is not fitted is cloned
        and fitted. Its whole input must go straight into Linear layers.
    method : {"xtrain", "xstep", "xtrain+", "xwp", "xwp-c"}, default="xtrain"
        "xtrain": the mean of switching the column's update on and of taking it back, summed over all checkpoints [1]_.
        "xstep": the same over ``checkpoints`` of them [1]_. "xtrain+": over those steps that raised the row's score
        [1]_. "xwp": what the trained network loses by the column's initial weights [2]_. "xwp-c": what the initial
        network gains by its trained weights, a guess at the second variant of [2]_.
    trajectory : Trajectory, TrajectoryCallback or None, default=None
        The training; None for that of the callback in the estimator.
    checkpoints : int, default=13
        For "xstep": how many, the first and the last among them, spread evenly over those that there are.
    contrast : bool, default=False
        Explain a class's score minus the mean of the other classes'. Always on where only log-probabilities are known.
    model_output : {"raw", "probability"}, default="raw"
        Explain scores, as published, or the probabilities that ``predict_proba`` returns.
    class_names, output_name, batch_size, prefit, device, verbose
        As in :class:`~agop_tabular.AGOPExplainer`.

    Attributes
    ----------
    trajectory_ : Trajectory
        The checkpoints that the method takes.
    model_ : ExplainedModel
        The network, how its columns reach it, and which scores are explained.
    method_ : str
        The method, when the explainer was fitted.
    estimator_ : object
        The fitted estimator.
    feature_map_ : FeatureMap
        Which of the user's columns each coordinate comes from.
    classes_, n_features_in_, feature_names_in_
        As scikit-learn's estimators have them; classes only for classifiers, names only when fitted on a DataFrame.

    Notes
    -----
    Attributions do not add up to the score. ``Explanation.base_values`` are the scores of the network before its
    training, and ``Explanation.gap`` is what no column gets of the difference: the part of biases and later layers,
    and of what columns did together. For a row, T checkpoints and d columns "xtrain" takes ``2 d (T - 1)`` forward
    passes of the layers behind the first one, which is run once for each checkpoint.

    References
    ----------
    .. [1] Lymperopoulos, Kakogeorgiou and Kanellopoulou, "XtrAIn", arXiv 2606.10877, 2026.
    .. [2] Lymperopoulos and Kanellopoulou, "XWP", arXiv 2605.15328, 2026.

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
    >>> explainer = TrainingGuidedExplainer(net, method="xstep", checkpoints=5).fit(X)
    >>> explainer.explain(X, target="all").shape
    (200, 5, 2)
    """

    estimator_: Any
    model_: ExplainedModel
    trajectory_: Trajectory
    method_: str

    def __init__(
        self,
        estimator: Any = None,
        *,
        method: str = "xtrain",
        trajectory: Any = None,
        checkpoints: int = CHECKPOINTS,
        contrast: bool = False,
        model_output: str = RAW,
        class_names: Sequence[str] | None = None,
        output_name: str | None = None,
        batch_size: int | str = "auto",
        prefit: bool | str = "auto",
        device: str | torch.device | None = None,
        verbose: int = 0,
    ):
        self.estimator = estimator
        self.method = method
        self.trajectory = trajectory
        self.checkpoints = checkpoints
        self.contrast = contrast
        self.model_output = model_output
        self.class_names = class_names
        self.output_name = output_name
        self.batch_size = batch_size
        self.prefit = prefit
        self.device = device
        self.verbose = verbose

    def check_parameters(self) -> GuidedMethod:
        """Raise if a parameter is not one of its allowed values; return the method.

        Raises
        ------
        ValueError
        """
        method = guided_method(self.method)
        if self.estimator is None:
            raise ValueError(
                "TrainingGuidedExplainer needs an estimator: TrainingGuidedExplainer(net), with a skorch net that was "
                "trained with a TrajectoryCallback."
            )
        if not is_whole(self.checkpoints, 2):
            raise ValueError(f"checkpoints={self.checkpoints!r} is not a whole number from 2, the first and the last.")
        if self.checkpoints != CHECKPOINTS and not method.chooses_checkpoints:
            users = [repr(m.name) for m in GUIDED_METHODS.values() if m.chooses_checkpoints]
            raise ValueError(
                f'checkpoints= has no effect on method="{method.name}": leave it at {CHECKPOINTS}, or use '
                f"{', '.join(users)}."
            )
        if not isinstance(self.contrast, (bool, np.bool_)):
            raise ValueError(f"contrast={self.contrast!r} is not True or False.")
        automatic = isinstance(self.batch_size, str) and self.batch_size == "auto"
        if not automatic and not is_whole(self.batch_size, 1):
            raise ValueError(f"batch_size={self.batch_size!r} is neither 'auto' nor a positive whole number.")
        if not isinstance(self.prefit, (bool, np.bool_)) and self.prefit != "auto":
            raise ValueError(f'prefit={self.prefit!r} is not "auto", True or False.')
        check_output(self.model_output, self.contrast)
        check_names(self.class_names, self.output_name)
        check_device(self.device)
        return method

    @unchanged_on_error
    def fit(self, X: ArrayLike, y: ArrayLike | None = None, **fit_params: Any) -> TrainingGuidedExplainer:
        """Find the training of the network and its first layer; first fit the estimator where it is not fitted.

        Parameters
        ----------
        X : array-like or DataFrame (of pandas or polars) of shape (n_samples, d)
            Some rows, on which the network is tried; all training rows where the estimator is to be fitted.
        y : array-like of shape (n_samples,), optional
            Needed where the estimator is to be fitted.
        **fit_params : dict
            Passed to the estimator's ``fit``; refused where it is fitted already.

        Returns
        -------
        TrainingGuidedExplainer
            Itself.

        Raises
        ------
        ValueError
            Where there is no recorded training, it is another network's, weights have changed since, or columns have no
            weights of their own.
        """
        method = self.check_parameters()
        table, y = validated_training(self, X, y, reset=True)
        _check_in_memory(table)
        estimator = fitted_estimator(self.estimator, table.trainable, y, self.prefit, fit_params)
        trajectory = find_trajectory(estimator, self.trajectory)
        contrast, output = bool(self.contrast), self.model_output
        with torch.inference_mode(False):
            how: dict[str, Any] = {"first_layer": True, "device": self.device, "batch_size": self.batch_size}
            model = connect(estimator, table, contrast=contrast, output=output, **how)
            model = model.named(self.class_names, self.output_name)
            recorded = recorded_module(model, trajectory)
            input_layer(model, recorded)
            trajectory.check(model.network.module.get_submodule(recorded))
        self.estimator_, self.method_ = estimator, method.name
        return self._set_fitted(model, method.replayed(trajectory, int(self.checkpoints)))

    def _set_fitted(self, model: ExplainedModel, trajectory: Trajectory) -> TrainingGuidedExplainer:
        self.model_, self.trajectory_ = model, trajectory
        self.__dict__.pop("classes_", None)
        if model.classes is not None:
            self.classes_ = model.classes
        return self

    @property
    def feature_map_(self) -> FeatureMap:
        """Which of the user's columns each coordinate comes from."""
        check_is_fitted(self, "trajectory_")
        return self.model_.feature_map

    @property
    def attributor_(self) -> GuidedAttributor:
        """What attributes rows, with the sizes as they are set now."""
        check_is_fitted(self, "trajectory_")
        return GuidedAttributor(
            self.model_, self.trajectory_, guided_method(self.method_), self.batch_size, self.verbose
        )

    def explain(self, X: ArrayLike, target: Any = PREDICTED) -> Any:
        """Attributions of each row.

        Parameters
        ----------
        X : array-like or DataFrame (of pandas or polars) of shape (n_samples, d)
        target : "predicted", "all", a label of ``classes_``, or one label per row, default="predicted"
            As in :meth:`agop_tabular.AGOPExplainer.explain`.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, d)
            In the dtype of X (float64 for integers); a table of X's kind where it is one. For ``target="all"`` an
            ndarray of shape (n_samples, d, n_classes).
        """
        return like(X, self.attributor_.attribute(self._rows(X), target).values)

    def transform(self, X: ArrayLike) -> Any:
        """Attributions (n_samples, d) for each row's predicted class, as :meth:`explain` returns them."""
        return self.explain(X)

    def __call__(self, X: ArrayLike, target: Any = PREDICTED) -> Explanation:
        """Attributions with what is needed to read and plot them.

        Parameters
        ----------
        X, target : as in :meth:`explain`

        Returns
        -------
        Explanation
            ``base_values`` are scores before the training; ``gap`` is the part that no column gets.
        """
        attributor, rows = self.attributor_, self._rows(X)
        found = attributor.attribute(rows, target)
        return Explanation(
            values=found.values,
            data=own_rows(rows),
            feature_names=self.feature_map_.names,
            target=ALL if found.index is None else self.model_.labels[found.index],
            target_names=self.model_.score_names,
            base_values=found.base_values,
            support=None,
            gap=found.gap,
            method=self.method_,
            unit=self.model_.unit,
            label_names=self.model_.label_names,
        )

    def _rows(self, X: Any) -> Any:
        """Rows, checked."""
        check_is_fitted(self, "trajectory_")
        table = validated_table(self, X, reset=False)
        return _check_in_memory(table).example

    predict = delegated("predict", "Predictions of the estimator.")
    predict_proba = delegated("predict_proba", "Class probabilities of the estimator.")
    decision_function = delegated("decision_function", "Decision function of the estimator.")
    score = delegated("score", "Score of the estimator: it measures the model, not the explanation.", with_y=True)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the fitted explainer with its checkpoints, without its estimator, to one file.

        Parameters
        ----------
        path : str or path-like
            Written whole or not at all.
        """
        check_is_fitted(self, "trajectory_")
        save_training(SavedTraining.of(self), path)

    @classmethod
    def load(cls, path: str | PathLike[str], estimator: Any, device: Any = None) -> TrainingGuidedExplainer:
        """Read an explainer that :meth:`save` wrote.

        Parameters
        ----------
        path : str or path-like
        estimator : object
            The trained network that was explained, with the same weights.
        device : str or torch.device, optional
            Where to compute; None for where the estimator is.

        Returns
        -------
        TrainingGuidedExplainer

        Raises
        ------
        ValueError
            Where the file is no whole one of :meth:`save`, or the estimator is another one or has changed.
        """
        check_device(device)
        saved = load_training(path)
        explainer = cls(estimator, **saved.params | {"device": device})
        explainer.n_features_in_ = saved.n_features_in
        if saved.feature_names_in is not None:
            explainer.feature_names_in_ = np.array(saved.feature_names_in, dtype=object)
        explainer.estimator_, explainer.method_ = estimator, saved.method
        return explainer._set_fitted(saved.connected(estimator, device), saved.trajectory)

    def __sklearn_tags__(self) -> Tags:
        return delegate_tags(super().__sklearn_tags__(), self.estimator, self.prefit)


def _check_in_memory(table: Any) -> MemoryTable:
    """Raise for a dask table."""
    if isinstance(table, DaskTable):
        raise ValueError("TrainingGuidedExplainer takes rows in memory: give a part of the dask table, as X.head().")
    found: MemoryTable = table
    return found
