"""AGOPExplainer: the estimator."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import MetaEstimatorMixin, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from agop_tabular.attribution.attributions import Attributions
from agop_tabular.attribution.attributor import Attributor
from agop_tabular.attribution.method import Refine
from agop_tabular.attribution.methods import method_named
from agop_tabular.audit.measure import audited_background, measure_audit
from agop_tabular.audit.plan import AuditPlan
from agop_tabular.audit.result import Audit, AuditedAs
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.distributed.explaining import explain_lazily
from agop_tabular.distributed.fitting import DaskTable
from agop_tabular.distributed.validation import (
    validated_baseline,
    validated_reference,
    validated_table,
    validated_training,
)
from agop_tabular.explainer.global_explanation import GlobalExplanation
from agop_tabular.explainer.parameters import ExplainerParameters, check_refine
from agop_tabular.fitting.fit import (
    OPTIONAL_ATTRIBUTES,
    Fit,
    fit_method,
    fit_table,
)
from agop_tabular.fitting.plan import FitPlan
from agop_tabular.fitting.shuffled_rows import pool_rows
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.fitting.tables import Table
from agop_tabular.gate.noise_floor import Gate
from agop_tabular.gate.parameter import GateParameter
from agop_tabular.models.delegation import delegate_tags, delegated, if_estimator_is_fitted, unchanged_on_error
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.fitted import fitted_estimator
from agop_tabular.models.frames import like
from agop_tabular.models.rows import own_rows
from agop_tabular.models.targets import ALL, PREDICTED
from agop_tabular.models.units import check_names, check_output
from agop_tabular.report.options import ROWS, ReportOptions
from agop_tabular.results.about import About
from agop_tabular.results.explanation import Explanation

if TYPE_CHECKING:
    from agop_tabular.persistence import NetworkRecord


class AGOPExplainer(GlobalExplanation, OneToOneFeatureMixin, TransformerMixin, MetaEstimatorMixin, ExplainerParameters):
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
        The reference x₀ of "agop-ixg" and "ixg", from which their attributions are differences; those of "agop" are
        differences from the mean score. As any parameter, it is refused by a method that it has no effect on.
    contrast : bool or "auto", default="auto"
        Explain a class's score minus the mean of the other classes', which is all that labels identify: of two classes
        the log-odds. "auto": on for "agop", off for the published methods. Always on where only log-probabilities are
        known.
    model_output : {"raw", "probability"}, default="raw"
        Explain scores, or the probabilities that ``predict_proba`` returns, without contrast.
    class_names : sequence of str or None, default=None
        Names of the classes, in the order of ``classes_``, in tables and plots; None for their labels, which
        ``target=`` takes in any case.
    output_name : str or None, default=None
        The same for a regressor's output; None for "output".
    gate : "auto", True, None or mask of shape (d,), default="auto"
        "auto" looks for columns that the network does not use differently from noise and reports them in ``gate_``;
        attributions stay as they are, since the network does use these columns. True sets their attributions to zero,
        as a mask does for columns where it is False; None looks for nothing. Published methods take a mask only.
    refine : int, default=0
        Pairs of permutations for each row, at ``2 · (d + 1)`` evaluations of the network each, that move what "agop"
        looked up towards the exact Shapley values; ``Explanation.standard_errors`` says how close they are.
    moment : {"auto", "dense", "factored", "sketched", "diagonal"}, default="auto"
        The form in which M is gathered; ``moment_`` says which was chosen. "dense": all of M, p × p. "factored": all
        of M, exactly, through the outputs of the Linear layer that the input goes straight into, at little cost for
        any number of coordinates. "sketched": its leading directions, within ``agop_error_``, and its exact diagonal.
        "diagonal": diag M alone, which is enough for "agop-weighted", "agop-local", "agop-global" and "ixg"; there is
        no spectrum and no support then. "auto": the cheapest that is enough.
    batch_size : int or "auto", default="auto"
        Rows a batch; it does not change the result beyond rounding.
    max_samples : int or None, default=None
        Fit on this many rows drawn at random, and on at most 16 times as many shuffled ones; None for all.
    prefit : bool or "auto", default="auto"
        "auto" uses a fitted estimator as it is and fits a clone of an unfitted one; True demands a fitted one; False
        always fits a clone.
    device : str, torch.device or None, default=None
        Where to compute; None for where the network is. On another device a copy of the network is used.
    random_state : int, RandomState or None, default=None
        Draws the rows of ``max_samples``, and shuffles the columns for "agop"; None shuffles them the same way always.
    verbose : int, default=0
        Above 0, show progress bars.

    Attributes
    ----------
    model_ : ExplainedModel
        The network, how its columns reach it, and which scores are explained.
    statistics_ : TrainingStatistics
        What was gathered from the training rows.
    attributor_ : Attributor
        Attributes rows, with the parameters as they are now.
    gate_ : Gate or None
        The noise floor: which columns stand above it, and what the model loses without the others.
    audit_ : Audit
        What :meth:`audit` measured last, since the fit.
    effects_ : ColumnEffects
        Main and pair effects in the user's columns, for "agop". Made on demand.
    interaction_importances_ : ndarray of shape (d, d)
        Share of the variance of all effects that each pair has, main effects on the diagonal, for "agop"; symmetric,
        the diagonal and the upper triangle sum to 1.
    feature_importances_ : ndarray of shape (d,)
        Share of each column in the variance of all effects, for "agop": of its main effect, and half of its pairs'. For
        the published methods diag M in variance units, folded to the user's columns. Sums to 1.
    feature_importance_intervals_ : ndarray of shape (d, 2)
        95% intervals of these, from two halves of the shuffled rows, for "agop".
    agop_, agop_diagonal_ : ndarray of shape (p, p) and (p,), float64
        M over the p coordinates at the network's input, standardised, made on demand, and its diagonal.
    eigenvalues_, components_, rank_ : ndarray of shape (p,) and (K, p), float64, and int
        Spectrum of M, falling; its K kept eigenvectors, as rows; K.
    agop_error_ : float
        Bound of the spectral norm of what M lacks, before it is standardised; 0 unless it was sketched.
    moment_ : str
        "dense", "factored", "sketched" or "diagonal".
    baseline_, scale_ : ndarray of shape (p,), float64
        x₀ and the diagonal of D (training standard deviations); a constant coordinate has scale 0.
    feature_map_, coordinate_names_ : FeatureMap, and ndarray of str, shape (p,)
        Which of the user's columns each coordinate comes from, and its name.
    estimator_ : object
        The fitted estimator.
    fitted_params_ : dict
        The parameters, without the estimator, when the explainer was fitted.
    classes_, n_samples_seen_, n_features_in_, feature_names_in_
        As scikit-learn's estimators have them; classes only for classifiers, names only when fitted on a DataFrame.

    Notes
    -----
    Attributions of "agop-ixg" do not add up to the prediction; those of "agop" do. Inside a one-hot block gradients are
    known only up to a constant, so all methods but "ixg" centre them with the block's training frequencies first.

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
    model_: ExplainedModel
    statistics_: TrainingStatistics
    network_record_: NetworkRecord
    fitted_params_: dict[str, Any]

    def __init__(
        self,
        estimator: Any = None,
        *,
        method: str = "agop",
        rank: int | float | str = "auto",
        standardize: bool = True,
        baseline: Any = "mean",
        contrast: bool | str = "auto",
        model_output: str = "raw",
        class_names: Sequence[str] | None = None,
        output_name: str | None = None,
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
        super().__init__(
            estimator,
            method=method,
            rank=rank,
            standardize=standardize,
            baseline=baseline,
            contrast=contrast,
            moment=moment,
            batch_size=batch_size,
            max_samples=max_samples,
            prefit=prefit,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )
        self.model_output, self.class_names, self.output_name = model_output, class_names, output_name
        self.gate = gate
        self.refine = refine

    def check_parameters(self) -> None:
        """Raise if a parameter is not one of its allowed values, as far as that can be decided without rows."""
        super().check_parameters()
        check_output(self.model_output, self.contrast)
        check_names(self.class_names, self.output_name)
        GateParameter.read(self.gate).check(method_named(self.method))
        check_refine(self.refine, self.method)

    @unchanged_on_error
    def fit(self, X: ArrayLike, y: ArrayLike | None = None, **fit_params: Any) -> AGOPExplainer:
        """Collect the AGOP over training rows; first fit the estimator where it is not fitted.

        Parameters
        ----------
        X : array-like, DataFrame (of pandas, polars or dask), pyarrow Table or dask array, of shape (n_samples, d)
        y : array-like of shape (n_samples,), optional
            Needed where the estimator is to be fitted. Otherwise labels sharpen ``gate_``, if these are rows that the
            estimator was not trained on.
        **fit_params : dict
            Passed to the estimator's ``fit``; refused where it is fitted already.

        Returns
        -------
        AGOPExplainer
            Itself.
        """
        self.check_parameters()
        table, y = validated_training(self, X, y, reset=True)
        estimator = fitted_estimator(self.estimator, table.trainable, y, self.prefit, fit_params)
        if self.max_samples is not None:
            table, y = table.sampled(self.max_samples, y, self.random_state)
        return self._learn(estimator, table, y if estimator is self.estimator else None)

    @if_estimator_is_fitted
    @unchanged_on_error
    def partial_fit(self, X: ArrayLike, y: ArrayLike | None = None, classes: ArrayLike | None = None) -> AGOPExplainer:
        """Add rows to the AGOP of a fitted estimator.

        Parameters
        ----------
        X : array-like, DataFrame (of pandas, polars or dask), pyarrow Table or dask array, of shape (n_samples, d)
        y : array-like of shape (n_samples,), optional
            As in :meth:`fit`, for these rows.
        classes : ignored

        Returns
        -------
        AGOPExplainer
            Itself.
        """
        self.check_parameters()
        started = hasattr(self, "n_samples_seen_")
        fitted = self.fitted_params_ if started else {}
        if started and (
            self.estimator_ is not self.estimator
            or self.contrast != fitted["contrast"]
            or self.model_output != fitted.get("model_output", "raw")
        ):
            raise ValueError(
                "partial_fit goes on with the estimator, the contrast and the model_output that it began with; call "
                "fit to begin anew."
            )
        table, y = validated_training(self, X, y, reset=not started)
        if not started:
            return self._learn(self.estimator, table, y)
        begun = self._fitted_method.method
        if begun.gathers_effects is not method_named(self.method).gathers_effects:
            raise ValueError(
                f'partial_fit goes on with what it gathers for method="{begun.name}"; call fit to begin anew with '
                f'method="{self.method}".'
            )
        return self._learn(self.estimator_, table, y, Fit(self.model_, self.statistics_, self._fitted_method))

    def _learn(self, estimator: Any, table: Table, labels: Any, earlier: Fit | None = None) -> AGOPExplainer:
        """Collect statistics from rows, starting anew or adding to earlier ones."""
        with torch.inference_mode(False):
            return self._set_fitted(fit_table(estimator, table, labels, self._plan(), earlier), estimator)

    def _plan(self) -> FitPlan:
        """The parameters as fitting reads them, once the columns are known."""
        return FitPlan.of(self, validated_baseline(self, self.baseline), self.n_features_in_)

    def _set_fitted(self, fit: Fit, estimator: Any) -> AGOPExplainer:
        """Set all fitted attributes; no estimator where one was loaded without it."""
        for name in (*OPTIONAL_ATTRIBUTES, "network_record_", "about_", "audit_"):
            self.__dict__.pop(name, None)
        self.__dict__.update(fit.attributes())
        self._fitted_method = fit.method
        self.fitted_params_ = {k: v for k, v in self.get_params(deep=False).items() if k != "estimator"}
        if estimator is not None:
            self.estimator_ = estimator
        return self

    def explain(self, X: ArrayLike, target: Any = PREDICTED, *, reference: Any = None) -> Any:
        """Attributions of each row.

        Parameters
        ----------
        X : array-like, DataFrame (of pandas, polars or dask), pyarrow Table or dask array, of shape (n_samples, d)
        target : "predicted", "all", a label of ``classes_``, or one label per row, default="predicted"
            The score that is explained. A regressor with one output takes only "predicted"; with several, an index.
        reference : ndarray, DataFrame or dask table of shape (m, d), or one row, optional
            Rows whose mean score attributions are differences from: why this row rather than those? The training rows,
            or ``baseline=``, by default. The mean score is that of all; of more than 8,192 rows as many, from all over
            the table, say how columns depend on each other.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, d)
            In the dtype of X (float64 for integers); a table of X's kind where it is one. For ``target="all"`` an
            ndarray of shape (n_samples, d, n_classes). Of a dask collection, one in its partitions, not computed yet.
        """
        check_is_fitted(self, "n_samples_seen_")
        table = validated_table(self, X, reset=False)
        if isinstance(table, DaskTable):
            return explain_lazily(self._attributor_against(reference), X, target)
        return like(X, self._attributor_against(reference).attribute(table.example, target).values)

    def transform(self, X: ArrayLike) -> Any:
        """Attributions (n_samples, d) for each row's predicted class, as :meth:`explain` returns them."""
        return self.explain(X)

    def __call__(self, X: ArrayLike, target: Any = PREDICTED, *, reference: Any = None) -> Explanation:
        """Attributions with all that is needed to read, plot and trust them.

        Parameters
        ----------
        X, target, reference : as in :meth:`explain`
            Rows in memory.
        """
        check_is_fitted(self, "n_samples_seen_")
        table = validated_table(self, X, reset=False)
        if isinstance(table, DaskTable):
            raise ValueError(
                "An Explanation is held in memory, and a dask table may be larger: explain a part, such as X.head(), "
                "or call explain(X), which stays lazy."
            )
        attributor = self._attributor_against(reference)
        found = attributor.attribute(table.example, target, with_support=True)
        labels: Any = ALL if found.values.ndim == 3 else None
        if found.index is not None:
            labels = self.model_.labels[found.index]
        return Explanation(
            values=found.values,
            data=own_rows(table.example),
            feature_names=self.feature_map_.names,
            target=labels,
            target_names=self.model_.score_names,
            base_values=found.base_values,
            support=found.support,
            gap=found.gap,
            method=attributor.method.method.name,
            standard_errors=found.errors,
            residual=found.residual,
            error=None if reference is not None else self._row_errors(attributor, found, target),
            about=getattr(self, "about_", About()),
            unit=self.model_.unit,
            label_names=self.model_.label_names,
            predictions=self.model_.predictions(found.predicted),
            probabilities=found.probabilities,
        )

    def audit(
        self,
        X: ArrayLike,
        *,
        n_rows: int = 64,
        n_permutations: int | str = "auto",
        coverage: float = 0.9,
        random_state: int | np.random.RandomState | None = None,
    ) -> Audit:
        """Measure how near explanations are to the network's own Shapley values, on rows that were held out.

        It is kept as ``audit_``, and from then on an :class:`~agop_tabular.Explanation` has an ``error`` of each row.

        Parameters
        ----------
        X : array-like, DataFrame (of pandas, polars or dask), pyarrow Table or dask array, of shape (n_samples, d)
            Rows that neither network nor explainer was fitted on, drawn as those that will be explained.
        n_rows : int, default=64
            Rows that are drawn from X; all of them where there are no more.
        n_permutations : int or "auto", default="auto"
            Permutations of the columns for each row, an even number from 4 on; a row takes ``n_permutations · (d + 1)``
            evaluations of the network. "auto": until the samples are much less noisy than attributions are wrong, with
            no more than 1,048,576 evaluations.
        coverage : float, default=0.9
            Share of rows, drawn as these are, whose relative error is to stay below ``Explanation.error``.
        random_state : int, RandomState or None, default=None
            Draws rows and permutations; None draws the same ones always.

        Returns
        -------
        Audit

        Raises
        ------
        ValueError
            Where the method is not "agop", rows are too few for the coverage or take too many evaluations, or the
            training rows are gone, as after :meth:`load`.
        """
        check_is_fitted(self, "n_samples_seen_")
        plan = AuditPlan(n_rows, n_permutations, coverage, random_state)
        plan.check()
        attributor = self.attributor_
        background = audited_background(attributor, self.statistics_.background)
        table = validated_table(self, X, reset=False)
        places, seed = plan.draw(*table.shape)
        self.audit_ = measure_audit(attributor, background, table.take(places), places, plan, seed)
        return self.audit_

    def _row_errors(self, attributor: Attributor, found: Attributions, target: Any) -> np.ndarray | None:
        """Bounds of the rows' relative errors; None without an audit of explanations like these."""
        audit = getattr(self, "audit_", None)
        if audit is None or audit.of != AuditedAs.now(attributor):
            return None
        return audit.error_bound.bounds(found, predicted=isinstance(target, str) and target == PREDICTED)

    @property
    def attributor_(self) -> Attributor:
        """What attributes rows: the model, the fitted method, and gate, refinement and sizes as they are set now."""
        check_is_fitted(self, "n_samples_seen_")
        check_refine(self.refine, self._fitted_method.method.name)
        refine = Refine.of(self.refine, self.statistics_.background, self.random_state)
        mask = GateParameter.read(self.gate, self.feature_map_.n_columns).applied_mask(self.gate_)
        return Attributor(self.model_, self._fitted_method, mask, refine, self.batch_size, self.verbose)

    def _attributor_against(self, reference: Any) -> Attributor:
        """What attributes rows, as differences from reference rows where some are given."""
        if reference is None:
            return self.attributor_
        table, attributor = validated_reference(self, reference), self.attributor_
        some = pool_rows(len(table))
        means = table.means(self.model_, self.batch_size) if len(some) < len(table) else None
        return attributor.against(table.take(some), means)

    @property
    def agop_(self) -> np.ndarray:
        """M over the p coordinates, standardised: (p, p), float64."""
        check_is_fitted(self, "n_samples_seen_")
        return self._fitted_method.summary.agop(self.statistics_.gradients).numpy()

    def report(
        self,
        X: Any,
        y: Any = None,
        path: str | PathLike[str] = "report.html",
        *,
        title: str | None = None,
        date: Any = None,
        groups: Any = None,
        target: Any = None,
        n_rows: int = ROWS,
    ) -> Path:
        """Write one HTML file about the model for a reader who has to judge it, and return where it is.

        It makes an :meth:`audit` on X where there is none yet, as it would be made by itself.

        Parameters
        ----------
        X : array-like, DataFrame or pyarrow Table of shape (n_samples, d)
            Rows that neither network nor explainer was fitted on.
        y : array-like of shape (n_samples,), optional
            Their labels: the report then says how well the model predicts.
        path : str or path-like, default="report.html"
        title, date : str, optional
            Of the report. It has no date by default, so that the same inputs give the same bytes.
        groups, target : as in :meth:`Explanation.cohorts`, optional
            Groups of rows to compare; the one class, or output, whose attributions are shown, by default the one that
            is "predicted", or the first of several outputs.
        n_rows : int, default=10_000
            Rows that are listed, from all over X where it has more.
        """
        from agop_tabular.report.explainers import write_report

        return write_report(self, X, y, path, ReportOptions(title, date, groups, target, n_rows))

    predict = delegated("predict", "Predictions of the estimator.")
    predict_proba = delegated("predict_proba", "Class probabilities of the estimator.")
    decision_function = delegated("decision_function", "Decision function of the estimator.")
    score = delegated("score", "Score of the estimator: it measures the model, not the explanation.", with_y=True)

    def __sklearn_tags__(self) -> Tags:
        return delegate_tags(super().__sklearn_tags__(), self.estimator, self.prefit)

    @classmethod
    def from_callback(
        cls, callback: Any, estimator: Any = None, X: Any = None, *, method: str = "agop-ixg", **params: Any
    ) -> AGOPExplainer:
        """An explainer from what :class:`~agop_tabular.AGOPCallback` gathered while the net trained, without a pass.

        Parameters
        ----------
        callback : AGOPCallback
            Of a fitted skorch net.
        estimator : skorch net, torch module or Pipeline ending in one, optional
            The fitted network; None for the net that was trained. Where that does not exist any more, as after
            unpickling the callback alone, only ``method="agop-global"`` can explain.
        X : ndarray or DataFrame of shape (m, d), optional
            Some rows in the user's columns: needed behind a pipeline, and for the columns' names.
        method : str, default="agop-ixg"
            Any but "agop", whose tables are gathered on shuffled rows.
        **params : dict
            Of AGOPExplainer.
        """
        estimator = callback.net_ if estimator is None else estimator
        explainer = cls(estimator, method=method, **params)
        if estimator is not None:
            explainer.check_parameters()
        rows = validated_table(explainer, callback.rows_for(estimator, X), reset=True).example
        plan = explainer._plan()
        with torch.inference_mode(False):
            model, statistics = callback.explained(estimator, rows, plan.method, plan.device, plan.output)
            model = model.named(plan.class_names, plan.output_name)
            fitted = fit_method(plan.method, model, statistics, plan.settings(model, statistics))
        return explainer._set_fitted(Fit(model, statistics, fitted), estimator)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the fitted explainer, without its estimator, to one file.

        Parameters
        ----------
        path : str or path-like
            Written whole or not at all. A link is followed; a file that is there keeps its mode.
        """
        check_is_fitted(self, "n_samples_seen_")
        from agop_tabular.persistence import SavedExplainer, save

        save(SavedExplainer.of(self), path)

    @classmethod
    def load(cls, path: str | PathLike[str], estimator: Any = None, device: Any = None) -> AGOPExplainer:
        """Read an explainer that :meth:`save` wrote.

        Parameters
        ----------
        path : str or path-like
        estimator : object, optional
            The fitted estimator that was explained. Without it only ``method="agop-global"`` can explain.
        device : str or torch.device, optional
            Where to compute. None for the device that was set when it was saved, or, on a machine without that one, for
            where the estimator is.

        Returns
        -------
        AGOPExplainer

        Raises
        ------
        ValueError
            Where the file is no whole one of :meth:`save`, the estimator has another width, or the device is none.
        """
        from agop_tabular.persistence import load  # here, since few who import the explainer read or write a file

        saved = load(path, estimator, device)
        explainer = cls(estimator, **saved.params)
        explainer.n_features_in_ = saved.n_features_in
        if saved.feature_names_in is not None:
            explainer.feature_names_in_ = np.array(saved.feature_names_in, dtype=object)
        explainer._set_fitted(saved.fit(), estimator)
        explainer.network_record_, explainer.fitted_params_ = saved.network, saved.fitted
        if saved.audit is not None:
            explainer.audit_ = saved.audit
        return explainer
