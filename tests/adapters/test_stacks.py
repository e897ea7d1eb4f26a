"""Stacks: their own probabilities and predictions, as one network."""

import copy

import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.ensemble import StackingClassifier, StackingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from support.ensembles import (
    MEMBERS,
    REGRESSORS,
    check_kept,
    check_near_shapley_values,
    check_probabilities,
    check_regressor,
    data,
)
from support.model_scores import probabilities

from agop_tabular import AGOPExplainer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

STACKS = {
    "stack": StackingClassifier(MEMBERS, cv=2),
    "stack, scaled": StackingClassifier(MEMBERS, make_pipeline(StandardScaler(), LogisticRegression()), cv=2),
    "stack of decisions": StackingClassifier([("b", LogisticRegression())], stack_method="decision_function", cv=2),
}


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", STACKS)
def test_probabilities_are_the_ensembles_own(name, n_classes):
    check_probabilities(STACKS[name], n_classes)


@pytest.mark.parametrize("name", ["stack"])
def test_near_the_ensembles_shapley_values(name):
    check_near_shapley_values(STACKS[name])


@pytest.mark.parametrize("name", ["stack"])
def test_save_load_and_copies(name, tmp_path):
    check_kept(STACKS[name], tmp_path)


@pytest.mark.parametrize("model", [StackingRegressor(REGRESSORS)])
def test_regressors(model):
    check_regressor(model)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (StackingClassifier(MEMBERS, passthrough=True, cv=2), "passthrough=True"),
        (
            StackingClassifier(MEMBERS, make_pipeline(MinMaxScaler(), LogisticRegression()), cv=2),
            "MinMaxScaler in front",
        ),
        (StackingClassifier(MEMBERS, stack_method="predict", cv=2), "passes labels to the final model"),
    ],
)
def test_refusals(model, message):
    X, y = data(2)
    with pytest.raises(ValueError, match=message):
        AGOPExplainer(copy.deepcopy(model).fit(X, y)).fit(X)


@pytest.mark.parametrize("scaler", [StandardScaler(with_mean=False), StandardScaler(with_std=False)])
def test_a_final_models_scaler_without_mean_or_without_deviation(scaler):
    X, y = data(2)
    model = StackingClassifier(MEMBERS, make_pipeline(scaler, LogisticRegression()), cv=2).fit(X, y)
    before = torch.random.get_rng_state()
    explainer = AGOPExplainer(model).fit(X)
    assert torch.equal(before, torch.random.get_rng_state())
    assert_allclose(probabilities(explainer, X), model.predict_proba(X), atol=1e-6)
