"""AGOPExplainer: the estimator."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MetaEstimatorMixin, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_feature_names, check_is_fitted, validate_data
from torch import Tensor, nn

from agop_tabular.adapters import adapt
from agop_tabular.attribution.attributor import Attributed, attribute
from agop_tabular.attribution.fitted_method import Attribution
from agop_tabular.attribution.methods import Method, method_named
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.distributed.fitting import explained, hold_rows, plus_partitions
from agop_tabular.distributed.partitions import Partitions, is_collection, labels_at
from agop_tabular.effects.refinement import Refinement
from agop_tabular.fitting.shuffled_rows import POOL, SHUFFLED, SHUFFLED_A_ROW, with_effects
from agop_tabular.fitting.statistics import Batches, Gathered
from agop_tabular.gate.find import GATED_UP_TO, applied, check_gate, find_gate, tried_rows
from agop_tabular.gate.noise_floor import Gate
from agop_tabular.global_effects import GlobalEffects, column_effects
from agop_tabular.kept import Kept
from agop_tabular.models.adapter import take_rows
from agop_tabular.models.fitted import is_fitted
from agop_tabular.models.rows import one_row, result_dtype
from agop_tabular.models.targets import ALL, PREDICTED, resolve_target
from agop_tabular.parameters import check_parameters, check_refine
from agop_tabular.passthrough import PassThrough
from agop_tabular.results.explanation import Explanation


def _estimator_is_fitted(self: AGOPExplainer) -> bool:
    if not is_fitted(self.estimator):
        raise AttributeError("partial_fit needs a fitted estimator: AGOPExplainer does not train it in parts.")
    return True


class AGOPExplainer(
    GlobalEffects, Kept, PassThrough, OneToOneFeatureMixin, TransformerMixin, MetaEstimatorMixin, BaseEstimator
):
    """Explain the predictions of a tabular network through its average gradient outer product (AGOP).

    One pass over the training rows collects M, the mean over rows of the outer products of the class scores'
    gradients, on standardised coordinates; a second one, over rows whose columns are shuffled, the conditional means
    of the gradients, which integrate to main and pair effects. A row is then explained for the price of a few
    predictions.

    Parameters
    ----------
    estimator : object
        A skorch net, a ``torch.nn.Module``, an MLP or linear model of scikit-learn, or a Pipeline ending in one of
        these. A fitted one is used as it is.
    method : {"agop", "agop-ixg", "agop-weighted", "agop-local", "agop-global", "ixg"}, default="agop"
        "agop" looks up the Shapley values of the network's main and pair effects, which are integrated from gradients
        on shuffled training rows; a row's attributions add up to its score minus the mean score. "agop-ixg" is [1]_.
        "agop-weighted" (gradient × sqrt(diag M / max diag M)), "agop-local" (the gradient) and "agop-global" (diag M,
        the same for every row, without a call of the model) are [2]_, unsigned. "ixg" is Input×Gradient.
    rank : int, float or "auto", default="auto"
        Number of components kept by "agop-ixg", a share of the trace in (0, 1], or "auto", 95% of the trace.
    standardize : bool, default=True
        Measure every coordinate in training standard deviations, so that attributions do not depend on units.
    baseline : "mean", "zero" or one row in the user's columns, default="mean"
        The reference x₀ that attributions are differences from; those of "agop" are differences from the mean score.
    contrast : bool or "auto", default="auto"
        Explain the score minus its mean over classes, which is all that labels identify. "auto": on for "agop", off
        for the published methods. Always on where only log-probabilities are to be
        had, since nothing else is identified there.
    gate : "auto", True, None or mask of shape (d,), default="auto"
        "auto" looks for columns that the network uses no otherwise than noise and reports them in ``gate_``; values are
        left alone, since the network does use them. True sets their attributions to zero, as a mask does for columns
        where it is False; None looks for nothing. Published methods take a mask or are not gated.
    refine : int, default=0
        Pairs of permutations a row that correct what "agop" looked up, each at ``2 · (d + 1)`` evaluations of the
        network, towards the network's exact Shapley values; ``Explanation.standard_errors`` tells how near they came.
    moment : {"auto", "dense", "factored", "sketched", "diagonal"}, default="auto"
        What is gathered of M; ``moment_`` says what was. "dense": all of it, p × p. "factored": all of it, exactly, by
        way of the outputs of the Linear layer that the input goes straight into, which costs next to nothing however
        many coordinates there are. "sketched": its leading directions, within ``agop_error_``, and its exact diagonal.
        "diagonal": diag M alone, which is enough for "agop-weighted", "agop-local", "agop-global" and "ixg"; there is
        no spectrum and no support then. "auto" takes the cheapest that will do.
    batch_size : int or "auto", default="auto"
        Rows a batch; it does not change the result beyond rounding.
    max_samples : int or None, default=None
        Fit on this many rows drawn at random, and on 16 times as many shuffled ones at most; None for all.
    prefit : bool or "auto", default="auto"
        "auto" uses a fitted estimator as it is and fits a clone of an unfitted one; True demands a fitted one; False
        always fits a clone.
    device : str, torch.device or None, default=None
        Where to compute; None for where the network is. Elsewhere a copy of the network is used.
    random_state : int, RandomState or None, default=None
        Draws the rows of ``max_samples``, and shuffles the columns for "agop"; None shuffles them always alike.
    verbose : int, default=0
        Above 0, show progress bars.

    Attributes
    ----------
    gate_ : Gate or None
        The noise floor: which columns stand above it, and what the model loses without the others.
    effects_ : ColumnEffects
        Main and pair effects in the user's columns, for "agop". Made on demand.
    interaction_importances_ : ndarray of shape (d, d)
        Share of the variance of all effects that each pair has, main effects on the diagonal, for "agop".
    estimator_ : object
        The fitted estimator.
    agop_ : ndarray of shape (p, p), float64
        M over the p coordinates at the network's input, standardised. Made on demand.
    agop_diagonal_ : ndarray of shape (p,), float64
    agop_error_ : float
        Bound of the spectral norm of what M lacks, before it is standardised; 0 unless it was sketched.
    moment_ : str
        "dense", "factored", "sketched" or "diagonal".
    eigenvalues_ : ndarray of shape (p,), float64
        Spectrum of M, falling.
    components_ : ndarray of shape (K, p), float64
        The K = ``rank_`` kept eigenvectors of M, as rows.
    rank_ : int
        Number of components kept.
    baseline_, scale_ : ndarray of shape (p,), float64
        x₀ and the diagonal of D (training standard deviations); a constant coordinate has scale 0.
    coordinate_names_ : ndarray of str, shape (p,)
    feature_map_ : FeatureMap
        Which of the user's columns each coordinate comes from.
    feature_importances_ : ndarray of shape (d,)
        diag M in variance units, folded to the user's columns; sums to 1.
    classes_ : ndarray of shape (n_classes,)
        Only for classifiers.
    n_samples_seen_ : int
    n_features_in_ : int
        Number of the user's columns, d.
    feature_names_in_ : ndarray of str, shape (d,)
        Only when fitted on a DataFrame.

    Notes
    -----
    Attributions of "agop-ixg" do not add up to the prediction; those of "agop" do. Inside a one-hot block gradients are
    known only up to a common constant, so they are centred with the block's training frequencies first ("ixg" leaves
    them).

    References
    ----------
    .. [1] Katakam, R. K. G., "AGOP-IxG", arXiv 2605.15700, 2026.
    .. [2] Katakam, R. K. G., "AGOP as Explanation", arXiv 2605.12816, 2026.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from agop_tabular import AGOPExplainer
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = make_pipeline(StandardScaler(), MLPClassifier(random_state=0, max_iter=1000)).fit(X, y)
    >>> explainer = AGOPExplainer(model).fit(X)
    >>> explainer.explain(X).shape
    (150, 4)
    >>> explainer.explain(X, target="all").shape
    (150, 4, 3)
    """

    estimator_: Any
    gate_: Gate | None
    rank_: int
    n_samples_seen_: int
    feature_map_: FeatureMap

    def __init__(
        self,
        estimator: Any = None,
        *,
        method: str = "agop",
        rank: int | float | str = "auto",
        standardize: bool = True,
        baseline: Any = "mean",
        contrast: bool | str = "auto",
        gate: Any = "auto",
        refine: int = 0,
        moment: str = "auto",
        batch_size: int | str = "auto",
        max_samples: int | None = None,
        prefit: bool | str = "auto",
        device: str | torch.device | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ):
        self.estimator = estimator
        self.method = method
        self.rank = rank
        self.standardize = standardize
        self.baseline = baseline
        self.contrast = contrast
        self.gate = gate
        self.refine = refine
        self.moment = moment
        self.batch_size = batch_size
        self.max_samples = max_samples
        self.prefit = prefit
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    # Fitting ----------------------------------------------------------------------------------------------------

    def fit(self, X: ArrayLike, y: ArrayLike | None = None, **fit_params: Any) -> AGOPExplainer:
        """Collect the AGOP over training rows; first fit the estimator where it is not fitted.

        Parameters
        ----------
        X : ndarray, DataFrame, dask array or dask DataFrame, of shape (n_samples, d)
        y : array-like of shape (n_samples,), optional
            Needed where the estimator is to be fitted. Otherwise labels sharpen ``gate_``, if these are rows that the
            estimator was not trained on.
        **fit_params : dict
            Passed to the estimator's ``fit``.

        Returns
        -------
        AGOPExplainer
            Itself.
        """
        check_parameters(self.get_params(deep=False))
        rows = self._rows(X, reset=True)
        estimator = self._fitted_estimator(rows, y, fit_params)
        if self.max_samples is not None and self.max_samples < len(rows):
            chosen = check_random_state(self.random_state).choice(len(rows), self.max_samples, replace=False)
            rows, y = take_rows(rows, np.sort(chosen)), labels_at(y, np.sort(chosen), len(rows))
        return self._learn(estimator, rows, labels=y if estimator is self.estimator else None)

    @available_if(_estimator_is_fitted)
    def partial_fit(self, X: ArrayLike, y: ArrayLike | None = None, classes: ArrayLike | None = None) -> AGOPExplainer:
        """Add rows to the AGOP of a fitted estimator.

        Parameters
        ----------
        X : ndarray, DataFrame, dask array or dask DataFrame, of shape (n_samples, d)
        y : array-like of shape (n_samples,), optional
            As in :meth:`fit`, for these rows.
        classes : ignored

        Returns
        -------
        AGOPExplainer
            Itself.
        """
        check_parameters(self.get_params(deep=False))
        started = hasattr(self, "n_samples_seen_")
        if started and (self.estimator_ is not self.estimator or self.contrast != self._fitted_params["contrast"]):
            raise ValueError(
                "partial_fit goes on with the estimator and the contrast that it began with; call fit to begin anew."
            )
        rows = self._rows(X, reset=not started)
        if started and self._attribution.method.tables is not method_named(self.method).tables:
            raise ValueError(
                f'partial_fit goes on with what it gathers for method="{self._attribution.method.name}"; call fit to '
                f'begin anew with method="{self.method}".'
            )
        if started:
            return self._learn(self.estimator_, rows, self._gathered, labels=y)
        return self._learn(self.estimator, rows, labels=y)

    def _rows(self, X: Any, *, reset: bool) -> Any:
        """The user's rows at the door: names and width checked; values are checked at the network's input."""
        if is_collection(X):
            parts = Partitions.of(X)
            self._rows(parts.example(), reset=reset)
            return parts
        if isinstance(X, pd.DataFrame):
            X = validate_data(self, X, reset=reset, skip_check_array=True)
            if len(X) == 0:
                raise ValueError("Found array with 0 sample(s); a minimum of 1 is required by AGOPExplainer.")
            return X
        return validate_data(self, X, reset=reset, dtype=None, ensure_all_finite=False)

    def _fitted_estimator(self, X: Any, y: Any, fit_params: dict[str, Any]) -> Any:
        fitted = is_fitted(self.estimator)
        if isinstance(X, Partitions) and not (fitted and self.prefit):
            raise NotFittedError(
                f"A dask table can be explained, but {type(self.estimator).__name__} cannot be trained on it here: fit "
                "the estimator first, and leave prefit as it is."
            )
        if self.prefit != "auto" and self.prefit and not fitted:
            raise NotFittedError(
                f"prefit=True, but {type(self.estimator).__name__} is not fitted; fit it, or set prefit='auto'."
            )
        if fitted and (self.prefit == "auto" or self.prefit):
            return self.estimator
        if isinstance(self.estimator, nn.Module):
            raise ValueError("prefit=False, but a bare torch module cannot be fitted; wrap it in a skorch net.")
        if y is None:
            raise ValueError(
                "This AGOPExplainer estimator requires y to be passed, but the target y is None: its estimator "
                f"({type(self.estimator).__name__}) is not fitted. Cloning, as in GridSearchCV or cross_val_score, "
                "loses the weights of a fitted net; to keep them, give sklearn.frozen.FrozenEstimator(net)."
            )
        return clone(self.estimator).fit(X, y, **fit_params)

    def _learn(self, estimator: Any, rows: Any, gathered: Gathered | None = None, *, labels: Any) -> AGOPExplainer:
        """Gather rows, from nothing or beside what there is; where that fails, nothing of it is kept."""
        method = method_named(self.method)
        check_gate(self.gate, method, self.n_features_in_)
        if isinstance(rows, Partitions):
            hold_rows(rows, method, self.gate)
        with torch.inference_mode(False):
            if gathered is None:
                adapter = adapt(estimator).on(self.device)
                if not adapter.preprocessing and hasattr(estimator, "feature_names_in_"):
                    named = rows.example() if isinstance(rows, Partitions) else rows
                    _check_feature_names(estimator, named, reset=False)
                gathered = Gathered.nothing(
                    estimator, adapter, rows, method, moment=self.moment, contrast=self._contrast(method)
                )
            encoded = None
            if isinstance(rows, Partitions):
                gathered = plus_partitions(gathered, rows, self.batch_size, scored=method.tables)
            else:
                parts: Batches = gathered.batches(rows, self.batch_size, "fit", verbose=self.verbose)
                if method.tables and len(rows) <= POOL:  # the next passes look at all of them once more
                    parts = list(parts)
                    encoded = torch.cat([x for _, x in parts])
                gathered = gathered.plus(parts, scored=method.tables)
            if method.tables:
                most = SHUFFLED if self.max_samples is None else SHUFFLED_A_ROW * self.max_samples
                gathered = with_effects(gathered, rows, self._seed(), min(SHUFFLED, most), encoded)
            if isinstance(rows, Partitions):
                tried = tried_rows(self.gate, method, len(rows))
                rows, labels = rows[tried], labels_at(labels, tried, len(rows))
            self._settle(gathered, self._baseline_row(gathered), (rows, labels, encoded))
            self.estimator_ = estimator
            return self

    def _contrast(self, method: Method) -> bool | None:
        """Whether scores are taken minus their mean over classes; None for where there are classes."""
        if self.contrast == "auto":
            return None if method.tables else False
        return bool(self.contrast)

    def _seed(self) -> int:
        return 0 if self.random_state is None else int(check_random_state(self.random_state).randint(2**31))

    def _settle(self, gathered: Gathered, baseline: Tensor, gated_by: tuple[Any, ...] | None = None) -> AGOPExplainer:
        """Everything that follows from what was gathered, and a gate from rows and labels; kept whole or not at all."""
        fitted = Attribution.fitted(
            method_named(self.method),
            gathered.feature_map,
            gathered.moment,
            gathered.coordinates,
            rank=self.rank,
            standardize=self.standardize,
            baseline=baseline,
            effects=gathered.effects,
            score_total=gathered.score_total if method_named(self.method).tables else None,
        )
        fitted.warn(stacklevel=4)
        if gated_by is not None:
            variances = None
            if fitted.effects is not None:
                network = gathered.network
                fitted.tabulated(network.device, network.dtype)  # laid out here, not at the first explanation
                narrow = gathered.feature_map.n_columns <= GATED_UP_TO or not isinstance(self.gate, str)
                variances = column_effects(gathered, fitted).variances() if self.gate is not None and narrow else None
            self.gate_ = find_gate(gathered, fitted, self.gate, variances, *gated_by)
        self._gathered, self._attribution = gathered, fitted
        self._fitted_params = {k: v for k, v in self.get_params(deep=False).items() if k != "estimator"}
        self.n_samples_seen_ = gathered.moment.n
        self.feature_map_ = gathered.feature_map
        if gathered.classes is not None:
            self.classes_ = gathered.classes
        elif hasattr(self, "classes_"):
            del self.classes_
        self.baseline_, self.scale_ = fitted.baseline.numpy(), fitted.scale.numpy()
        for name in ("rank_", "eigenvalues_", "components_"):
            self.__dict__.pop(name, None)
        if fitted.spectrum is not None:
            self.rank_ = fitted.rank
            eigenvalues = fitted.spectrum.eigenvalues.numpy()
            self.eigenvalues_ = np.pad(eigenvalues, (0, fitted.spectrum.p - len(eigenvalues)))
            self.components_ = fitted.spectrum.components[: fitted.rank].numpy()
        self.agop_diagonal_ = fitted.diagonal.numpy()
        self.agop_error_, self.moment_ = gathered.moment.error, gathered.moment.kind
        self.feature_importances_ = fitted.importances.numpy()
        self.coordinate_names_ = np.array(self.feature_map_.coordinate_names, dtype=object)
        return self

    def _baseline_row(self, gathered: Gathered) -> Tensor:
        """x₀ (p,), float64."""
        if isinstance(self.baseline, str):
            mean = gathered.coordinates.mean
            return mean.clone() if self.baseline == "mean" else torch.zeros_like(mean)
        row = self._rows(one_row(self.baseline, getattr(self, "feature_names_in_", None)), reset=False)
        if len(row) != 1:
            raise ValueError(f"baseline has {len(row)} rows; give one row in the columns of X.")
        return gathered.encoded(row)

    # Explaining -------------------------------------------------------------------------------------------------

    def explain(self, X: ArrayLike, target: Any = PREDICTED) -> Any:
        """Attributions of each row.

        Parameters
        ----------
        X : ndarray, DataFrame, dask array or dask DataFrame, of shape (n_samples, d)
        target : "predicted", "all", a label of ``classes_``, or one label per row, default="predicted"
            The score that is explained. A regressor with one output takes only "predicted"; with several, an index.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, d)
            In the dtype of X (float64 for integers); a DataFrame where X is one. For ``target="all"`` an ndarray of
            shape (n_samples, d, n_classes). Of a dask collection, one in the same partitions, not computed yet.
        """
        rows = self._explainable(X)
        if isinstance(rows, Partitions):
            return explained(self, X, target)
        values = self._attribute(rows, target, with_support=False).values
        if isinstance(rows, pd.DataFrame) and values.ndim == 2:
            return pd.DataFrame(values, index=rows.index, columns=rows.columns)
        return values

    def transform(self, X: ArrayLike) -> Any:
        """Attributions for each row's predicted class: ``explain(X)``.

        Parameters
        ----------
        X : ndarray, DataFrame, dask array or dask DataFrame, of shape (n_samples, d)

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, d)
            As :meth:`explain` returns it.
        """
        return self.explain(X)

    def __call__(self, X: ArrayLike, target: Any = PREDICTED) -> Explanation:
        """Attributions with what it takes to read, plot and trust them.

        Parameters
        ----------
        X, target : as in :meth:`explain`
            Rows in memory.

        Returns
        -------
        Explanation
        """
        rows = self._explainable(X)
        if isinstance(rows, Partitions):
            raise ValueError(
                "An Explanation is held in memory, and a dask table may be larger: explain a part, such as X.head(), "
                "or call explain(X), which stays lazy."
            )
        found = self._attribute(rows, target, with_support=True)
        labels: Any = ALL if found.values.ndim == 3 else None
        if found.index is not None:
            labels = getattr(self, "classes_", np.arange(len(self._gathered.score_names)))[found.index]
        method = self._attribution.method
        base = None if method.constant else self._base_values(found.index, len(rows))
        gap = None
        if base is not None and found.scores is not None and not method.norm:
            gap = found.scores - base - found.values.sum(axis=1)
        return Explanation(
            values=found.values,
            data=rows,
            feature_names=self.feature_map_.names,
            target=labels,
            target_names=self._gathered.score_names,
            base_values=base,
            support=found.support,
            gap=gap,
            method=method.name,
            standard_errors=found.errors,
            residual=found.residual,
            about=dict(getattr(self, "about_", {})),
        )

    def _explainable(self, X: Any) -> Any:
        check_is_fitted(self, "n_samples_seen_")
        return self._rows(X, reset=False)

    def _attribute(self, X: Any, target: Any, *, with_support: bool, first_row: int = 0) -> Attributed:
        n, dtype, gathered = len(X), result_dtype(X), self._gathered
        mask = applied(self.gate, self.gate_, gathered.feature_map.n_columns)
        if self._attribution.method.constant:
            row = self.feature_map_.fold(self._attribution.diagonal).numpy().astype(dtype)
            every = isinstance(target, str) and target == ALL
            tiled = np.tile(row[:, None], (n, 1, len(gathered.score_names))) if every else np.tile(row, (n, 1))
            return Attributed(tiled, None, None, None).gated(mask)
        wanted = resolve_target(target, gathered.network, n)
        looked_up = self._attribution.method.tables
        parts = gathered.batches(X, self.batch_size, "explain", verbose=self.verbose, looked_up=looked_up)
        with torch.inference_mode(False):
            return attribute(
                gathered,
                self._attribution,
                parts,
                n,
                wanted,
                dtype,
                with_support=with_support,
                refinement=self._refinement(),
                first_row=first_row,
            ).gated(mask)

    def _refinement(self) -> Refinement | None:
        check_refine(self.refine, self._attribution.method.name)
        if not self.refine:
            return None
        background = self._gathered.background
        if background is None:
            raise ValueError(
                "refine= needs training rows, which a saved file does not hold: fit again, or set_params(refine=0)."
            )
        seed = int(self.random_state) if isinstance(self.random_state, Integral) else 0
        return self._attribution.refinement(background, int(self.refine), seed)

    def _base_values(self, index: np.ndarray | None, n: int) -> np.ndarray:
        """Explained score at the baseline, or its mean, (n,), or of all classes (n, C)."""
        fitted = self._attribution
        s = fitted.mean_scores.numpy() if fitted.method.tables else self._gathered.scores_at(fitted.baseline)
        return np.tile(s, (n, 1)) if index is None else s[index]

    @property
    def agop_(self) -> np.ndarray:
        """M over the p coordinates, standardised: (p, p), float64."""
        check_is_fitted(self, "n_samples_seen_")
        if self._attribution.spectrum is None:
            raise AttributeError('Only agop_diagonal_ was gathered; fit with moment="dense" for all of M.')
        standard = self._attribution.standard
        return standard(standard(self._gathered.moment.mean()).T).numpy()
