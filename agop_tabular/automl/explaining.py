"""The post-hoc step: one call from a fitted predictor to explanations, within a time budget."""

from __future__ import annotations

import time
from dataclasses import replace
from numbers import Real
from typing import Any

from agop_tabular.attribution.methods import method_named
from agop_tabular.automl.student import Student
from agop_tabular.core.warning import warn_user
from agop_tabular.distributed.partitions import is_collection
from agop_tabular.explainer import AGOPExplainer
from agop_tabular.models.inputs import readable_table
from agop_tabular.models.no_gradient import NoGradientError
from agop_tabular.models.rows import spread_rows, take_rows
from agop_tabular.models.targets import ALL, PREDICTED
from agop_tabular.models.units import PROBABILITY
from agop_tabular.results.about import About
from agop_tabular.results.explanation import Explanation

ROWS = 2048
"""Training rows that effects are gathered from unless ``max_samples`` is given: relative errors were .086, with all
rows .084 (development networks), in a small part of the time."""

PILOT = 512
"""Rows of the first fit under a time budget, from whose time that of more rows is estimated."""

SPENT = 0.8
"""Share of a time budget that is planned for; the rest is for estimates that are too low."""

STUDYING = 0.5
"""Share of a time budget that a student may take; the other half is for fitting and explaining."""

MIN_FIDELITY = 0.7
"""R² of a student's log-odds, below which an explanation of it would be one of another model."""


def explain(
    predictor: Any,
    X_train: Any,
    X: Any,
    *,
    target: Any = PREDICTED,
    surrogate: str = "auto",
    min_fidelity: float = MIN_FIDELITY,
    time_budget: float | None = None,
    random_state: int | None = None,
    verbose: int = 0,
    **params: Any,
) -> Explanation:
    """Explain a fitted predictor: a search, an AutoML winner, an ensemble, a pipeline, or a network.

    Parameters
    ----------
    predictor, X_train, surrogate, min_fidelity, time_budget, random_state, verbose, **params
        As in :func:`fit_explainer`.
    X : ndarray, DataFrame (of pandas or polars) or pyarrow Table of shape (n, d)
        Rows to explain.
    target : "predicted", "all", a label, or one label per row
        As in :meth:`agop_tabular.AGOPExplainer.explain`.

    Returns
    -------
    Explanation
        Its ``about`` says what was explained: the predictor, by its gradient or by a student and how faithful that is,
        on how many rows the explainer was fitted, and how long it took.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from agop_tabular import automl
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = automl.TabularMLPClassifier(max_epochs=20, random_state=0)
    >>> search = GridSearchCV(model, {"lr": [1e-3, 1e-2]}, cv=3).fit(X, y)
    >>> explanation = automl.explain(search, X, X[:5])
    >>> explanation.values.shape, explanation.about["by"]
    ((5, 4), 'gradient')
    """
    started = time.perf_counter()
    explainer = fit_explainer(
        predictor,
        X_train,
        surrogate=surrogate,
        min_fidelity=min_fidelity,
        time_budget=time_budget,
        n_explained=X.shape[0] if hasattr(X, "shape") else len(X),
        target=target,
        random_state=random_state,
        verbose=verbose,
        **params,
    )
    explanation = explainer(X, target)
    seconds = time.perf_counter() - started
    return replace(explanation, about=replace(explanation.about, seconds=seconds))


def fit_explainer(
    predictor: Any,
    X_train: Any,
    *,
    surrogate: str = "auto",
    min_fidelity: float = MIN_FIDELITY,
    time_budget: float | None = None,
    n_explained: int = 0,
    target: Any = ALL,
    random_state: int | None = None,
    verbose: int = 0,
    **params: Any,
) -> AGOPExplainer:
    """An explainer of a fitted predictor.

    Parameters
    ----------
    predictor : object
        Anything that :class:`~agop_tabular.AGOPExplainer` takes, such as searches, ensembles and AutoML tools; or
        anything with ``predict_proba``, or ``predict``, which is then explained through a student.
    X_train : ndarray, DataFrame (of pandas or polars) or pyarrow Table of shape (n, d)
        Training rows, without the label.
    surrogate : {"auto", "never", "always"}, default="auto"
        "auto" teaches a network, the student, where the predictor has no gradient, as trees have none.
    min_fidelity : float, default=0.7
        Least R² of the student's log-odds (outputs) on held-out rows, in every class or output to explain; below,
        it is refused, since an explanation of it would be one of another model. A classifier's log-odds are clipped at
        probabilities of .001 and .999, with a warning where that takes much away.
    time_budget : float, optional
        Seconds for fitting and for explaining ``n_explained`` rows. Training rows are left out to keep it; a warning
        says so where even the fewest rows take longer.
    n_explained : int
        Rows that will be explained within the budget.
    target : as in :meth:`agop_tabular.AGOPExplainer.explain`
        What will be explained; a student need only be faithful in these classes or outputs.
    random_state : int or None
    verbose : int
        Above 0, progress bars, and the student's fidelity is printed.
    **params : dict
        Of :class:`~agop_tabular.AGOPExplainer`. Where neither ``max_samples`` nor ``time_budget`` is given, "agop" is
        fitted on 2,048 rows at most, so that the step takes little of the time that the tool took; None for all rows.

    Returns
    -------
    AGOPExplainer
        Fitted, with ``about_``: what was explained and how.

    Raises
    ------
    ValueError
        Where the predictor has no gradient and no student may, or can, stand for it.
    """
    _check_arguments(surrogate, min_fidelity, time_budget)
    started = time.perf_counter()
    X_train = X_train if is_collection(X_train) else readable_table(X_train, "X_train")
    settings = {"random_state": random_state, "verbose": verbose} | params
    if time_budget is None and len(X_train) > ROWS and method_named(settings.get("method", "agop")).gathers_effects:
        settings.setdefault("max_samples", ROWS)
    about = About(predictor=type(predictor).__name__, by="gradient")
    why: Exception | None = None
    explainer = None
    if surrogate != "always":
        try:
            explainer = _fitted(predictor, X_train, settings, _time_left(time_budget, started), n_explained)
        except NoGradientError as error:  # and no other: a wrong parameter or row is not a reason for a student
            if surrogate == "never":
                raise
            why = error
    if explainer is None:
        seconds = None if time_budget is None else STUDYING * time_budget
        student = Student(max_seconds=seconds, random_state=random_state)
        fidelity = _teach(student, predictor, X_train, target, min_fidelity, why)
        if settings.get("model_output") != PROBABILITY:
            student.fidelity_by_score_.warn_of_clipping(type(predictor).__name__)
        about = replace(about, by="student", fidelity=fidelity, why=str(why or "surrogate='always'"))
        if verbose:
            print(f"{about.predictor} is explained through a student: {_fidelity_text(fidelity)}")
        explainer = _fitted(student, X_train, settings, _time_left(time_budget, started), n_explained)
    adapter = explainer.model_.network
    explainer.about_ = replace(about, rows=explainer.n_samples_seen_, of_rows=len(X_train), coverage=adapter.coverage)
    if time_budget is not None and time.perf_counter() - started > time_budget:
        warn_user(
            f"The explanation took longer than time_budget={time_budget:g} s with the fewest rows that make one; "
            'method="agop-ixg" takes less.'
        )
    return explainer


def _time_left(time_budget: float | None, started: float) -> float | None:
    """Seconds that are left of the budget that is planned for."""
    return None if time_budget is None else SPENT * time_budget - (time.perf_counter() - started)


def _pilot(predictor: Any, X_train: Any, settings: dict[str, Any]) -> AGOPExplainer:
    """Fitted on few rows, from all over the table."""
    few = take_rows(X_train, spread_rows(len(X_train), PILOT))
    return AGOPExplainer(predictor, **{**settings, "max_samples": PILOT, "prefit": True, "verbose": 0}).fit(few)


def _fitted(
    estimator: Any, X_train: Any, settings: dict[str, Any], budget: float | None, n_explained: int
) -> AGOPExplainer:
    """Fitted on as many rows as the budget allows."""
    settings = {**settings, "prefit": True}
    if budget is None:
        return AGOPExplainer(estimator, **settings).fit(X_train)
    started = time.perf_counter()
    pilot = _pilot(estimator, X_train, settings)
    a_row = (time.perf_counter() - started) / min(PILOT, len(X_train))
    few = take_rows(X_train, slice(0, PILOT))
    started_explaining = time.perf_counter()
    if n_explained:
        pilot.explain(few)
    explaining = (time.perf_counter() - started_explaining) / len(few) * n_explained
    rest = budget - (time.perf_counter() - started) - explaining
    wanted = settings.get("max_samples") or len(X_train)
    rows = int(min(wanted, len(X_train), rest / a_row))
    if rows <= PILOT < len(X_train) or rows < 1:  # no time for more than the pilot
        return pilot
    return AGOPExplainer(estimator, **{**settings, "max_samples": rows if rows < len(X_train) else None}).fit(X_train)


def _check_arguments(surrogate: Any, min_fidelity: Any, time_budget: Any) -> None:
    """Raise if an argument is none of its allowed values."""
    if surrogate not in ("auto", "never", "always"):
        raise ValueError(f'surrogate={surrogate!r} is not "auto", "never" or "always".')
    if not isinstance(min_fidelity, Real) or not float(min_fidelity) <= 1:
        raise ValueError(f"min_fidelity={min_fidelity!r} is not a number, at most 1.")
    if time_budget is not None and (not isinstance(time_budget, Real) or not float(time_budget) > 0):
        raise ValueError(f"time_budget={time_budget!r} is not a positive number of seconds.")


def _teach(
    student: Student, predictor: Any, X_train: Any, target: Any, min_fidelity: float, why: Exception | None
) -> dict[str, float]:
    """Fit the student, and return its fidelity; where it is not faithful enough, an error says why there is none."""
    if not hasattr(predictor, "predict_proba") and not hasattr(predictor, "predict"):
        raise why or TypeError(f"{type(predictor).__name__} has neither predict_proba nor predict.")
    if is_collection(X_train):
        raise ValueError(
            f"{type(predictor).__name__} is explained through a student, which learns from rows in memory: give a part "
            "of the dask table, such as X_train.head(20_000)."
        ) from why
    measured = student.fit(predictor, X_train).fidelity_by_score_
    fidelity = measured.of(target)
    if not fidelity["r2"] >= min_fidelity:
        raise ValueError(
            f"A student of {type(predictor).__name__} explains {fidelity['r2']:.2f} of the variance of its "
            f"{measured.worst(target)} on held-out rows, less than min_fidelity={min_fidelity:g}, so an explanation "
            "would be of another model. Give more training rows, ask by target= for what it has learned, or lower "
            "min_fidelity; for trees, shap.TreeExplainer is exact."
        ) from why
    return fidelity


def _fidelity_text(fidelity: dict[str, float]) -> str:
    agreement = f", same class on {fidelity['agreement']:.1%}" if "agreement" in fidelity else ""
    return f"R² {fidelity['r2']:.3f}{agreement} of {fidelity['rows']:.0f} held-out rows"
