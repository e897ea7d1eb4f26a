"""Steps of a user's own: those that transform a row by other rows, or anew at every call, are refused."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.frozen import FrozenEstimator
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from agop_tabular import AGOPExplainer
from agop_tabular.models.no_gradient import NoGradientError
from agop_tabular.models.step_checks import check_rows_apart, is_known


@pytest.fixture
def rows():
    return np.random.default_rng(0).standard_normal((60, 3))


def check(function, rows):
    step = FunctionTransformer(function)
    check_rows_apart(step, rows, step.transform(rows))


@pytest.mark.parametrize(
    "function",
    [
        lambda X: X - X.mean(axis=0),
        lambda X: X / np.abs(X).max(axis=0),
        lambda X: np.argsort(np.argsort(X, axis=0), axis=0),
        lambda X: np.cumsum(X, axis=0),
        lambda X: np.vstack([X[:1] * 0, X[:-1]]),
        lambda X: np.diff(X, axis=0, prepend=0),
        lambda X: X[:, X.std(axis=0) > 0],
    ],
)
def test_rows_that_are_transformed_by_others(function, rows):
    with pytest.raises(NoGradientError, match="transforms a row by the rows that come with it"):
        check(function, rows)


def test_codes_and_dummies_by_the_rows_at_hand():
    table = pd.DataFrame({"kind": list("abcb") * 5, "size": list("smls") * 5})
    codes = FunctionTransformer(lambda X: X.apply(lambda cells: cells.astype("category").cat.codes))
    for step in (codes, FunctionTransformer(pd.get_dummies)):
        with pytest.raises(NoGradientError, match="OrdinalEncoder"):
            check_rows_apart(step, table, step.transform(table))


def test_steps_that_differ_from_call_to_call(rows):
    rng = np.random.default_rng(0)
    with pytest.raises(NoGradientError, match="other values for the same rows when it is called again"):
        check(lambda X: X + 0.01 * rng.standard_normal(X.shape), rows)


@pytest.mark.parametrize("form", [np.asarray, pd.DataFrame, scipy.sparse.csr_matrix, scipy.sparse.coo_matrix])
def test_rows_by_themselves_pass_in_any_form(form, rows):
    check(lambda X: X * 2, form(rows))


def test_what_passes(rows):
    weights = np.random.default_rng(1).standard_normal((3, 300)).astype(np.float32)
    check(lambda X: np.float32(X) @ weights, rows)  # sums in another order
    check(lambda X: np.where(X > 1, np.inf, np.where(X < -1, np.nan, X)), rows)
    check(lambda X: X.astype(str), rows)
    check(lambda X: X, rows[:1])

    def many(X):
        if len(X) < 60:
            raise ValueError("too few rows")
        return X

    check(many, rows)


def test_which_transformers_are_known():
    class Own(StandardScaler):
        pass

    assert all(map(is_known, (StandardScaler(), FunctionTransformer(np.log1p), FunctionTransformer(np.float32))))
    assert not any(map(is_known, (Own(), FunctionTransformer(lambda X: X), FrozenEstimator(Own()))))
    assert is_known(FrozenEstimator(StandardScaler()))


def test_a_network_behind_such_a_step_is_refused_by_name(rows):
    y = rows @ [1.0, 2.0, 3.0]
    step = FunctionTransformer(lambda X: (X - X.mean(axis=0)) / X.std(axis=0))
    model = make_pipeline(step, MLPRegressor(hidden_layer_sizes=(8,), max_iter=20, random_state=0))
    with pytest.warns(match="Stochastic Optimizer"):
        model.fit(rows, y)
    with pytest.raises(ValueError, match="FunctionTransformer transforms a row by the rows that come with it"):
        AGOPExplainer(model).fit(rows)
