"""Votes and bags: their own probabilities and predictions, as one network."""

import copy

import pytest
from sklearn.ensemble import BaggingClassifier, BaggingRegressor, VotingClassifier, VotingRegressor
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import LinearSVC
from support.ensembles import (
    MEMBERS,
    REGRESSORS,
    check_kept,
    check_near_shapley_values,
    check_probabilities,
    check_regressor,
    data,
    mlp,
    regressor,
)

from agop_tabular import AGOPExplainer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

VOTES = {
    "vote": VotingClassifier(MEMBERS, voting="soft", weights=[1, 2, 3]),
    "bag": BaggingClassifier(mlp(), n_estimators=3, random_state=0),
    "vote behind a scaler": make_pipeline(MinMaxScaler(), VotingClassifier(MEMBERS, voting="soft")),
    "vote of votes": VotingClassifier([("v", VotingClassifier(MEMBERS[:2], voting="soft")), MEMBERS[2]], voting="soft"),
}


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", VOTES)
def test_probabilities_are_the_ensembles_own(name, n_classes):
    check_probabilities(VOTES[name], n_classes)


@pytest.mark.parametrize("name", ["vote", "bag"])
def test_near_the_ensembles_shapley_values(name):
    check_near_shapley_values(VOTES[name])


@pytest.mark.parametrize("name", ["vote"])
def test_save_load_and_copies(name, tmp_path):
    check_kept(VOTES[name], tmp_path)


@pytest.mark.parametrize("model", [VotingRegressor(REGRESSORS), BaggingRegressor(regressor(), 3)])
def test_regressors(model):
    check_regressor(model)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (VotingClassifier(MEMBERS), "counts votes"),
        (BaggingClassifier(mlp(), 2, max_features=0.5), "see different columns"),
    ],
)
def test_refusals(model, message):
    X, y = data(2)
    with pytest.raises(ValueError, match=message):
        AGOPExplainer(copy.deepcopy(model).fit(X, y)).fit(X)


@pytest.mark.parametrize("member", [SGDClassifier(loss="modified_huber"), LinearSVC()])
def test_members_whose_probabilities_are_of_another_kind_are_refused(member):
    X, y = data(2)
    model = BaggingClassifier(member, 2, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="probabilities of its own kind|no predict_proba"):
        AGOPExplainer(model).fit(X)
