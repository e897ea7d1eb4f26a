"""A regressor of a transformed target is explained on the scale of the target."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.compose import TransformedTargetRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, StandardScaler
from support.model_scores import scores

from agop_tabular import AGOPExplainer


def fitted(n_outputs=1, **options):
    rng = np.random.RandomState(0)
    X = rng.randn(300, 5)
    y = np.exp(0.5 * X[:, 0] * X[:, 1] + 0.3 * X[:, 2])
    y = y if n_outputs == 1 else np.column_stack([y, 100 * X[:, 3]])
    net = make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(16,), max_iter=200, random_state=0))
    return TransformedTargetRegressor(net, **options).fit(X, y), X


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"func": np.log, "inverse_func": np.exp},
        {"func": np.log1p, "inverse_func": np.expm1, "check_inverse": False},
        {"func": np.sqrt, "inverse_func": np.square, "check_inverse": False},
        {"transformer": StandardScaler()},
        {"transformer": make_pipeline(StandardScaler(), MinMaxScaler())},
        {"transformer": StandardScaler(), "n_outputs": 2},
    ],
)
@pytest.mark.parametrize("method", ["agop", "agop-ixg"])
def test_scores_are_its_predictions(options, method):
    model, X = fitted(**options)
    explainer = AGOPExplainer(model, method=method).fit(X)
    found = scores(explainer, X)
    assert_allclose(found.squeeze(), model.predict(X), rtol=1e-9, atol=1e-9)
    explanation = explainer(X[:20], target=0 if found.shape[1] > 1 else "predicted")
    if method == "agop":
        predicted = model.predict(X[:20]).reshape(20, -1)[:, 0]
        assert_allclose(explanation.values.sum(axis=1) + explanation.base_values, predicted, atol=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {"transformer": QuantileTransformer(n_quantiles=50)},
        {"func": np.cbrt, "inverse_func": lambda z: z**3},
    ],
)
def test_an_inverse_without_a_known_gradient_is_refused_with_the_way_out(options):
    model, X = fitted(**options)
    with pytest.raises(ValueError, match="explain its regressor_"):
        AGOPExplainer(model).fit(X)
    AGOPExplainer(model.regressor_).fit(X)
