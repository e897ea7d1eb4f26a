"""Calibrated classifiers: their own probabilities, as one network."""

import numpy as np
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.utils.fixes import parse_version
from support.ensembles import check_kept, check_near_shapley_values, check_probabilities, mlp

from agop_tabular import AGOPExplainer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CALIBRATED = {
    "sigmoid": CalibratedClassifierCV(mlp(), cv=3),
    "isotonic": CalibratedClassifierCV(LogisticRegression(), method="isotonic", cv=3),
    "temperature": CalibratedClassifierCV(mlp(), method="temperature", cv=3),
    "temperature of decisions": CalibratedClassifierCV(LogisticRegression(), method="temperature", ensemble=False),
}
if parse_version(sklearn.__version__) < parse_version("1.8"):  # which calibrates by no temperature
    CALIBRATED = {name: model for name, model in CALIBRATED.items() if model.method != "temperature"}


@pytest.mark.filterwarnings("ignore:.* have a probability of exactly 0 or 1")
@pytest.mark.filterwarnings("ignore:The network's gradients are not")  # isotonic calibration has steps
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", CALIBRATED)
def test_probabilities_are_the_ensembles_own(name, n_classes):
    check_probabilities(CALIBRATED[name], n_classes)


@pytest.mark.parametrize("name", ["sigmoid"])
def test_near_the_ensembles_shapley_values(name):
    check_near_shapley_values(CALIBRATED[name])


@pytest.mark.filterwarnings("ignore:.* have a probability of exactly 0 or 1")
@pytest.mark.filterwarnings("ignore:The network's gradients are not")
@pytest.mark.parametrize("name", [name for name in ("sigmoid", "isotonic", "temperature") if name in CALIBRATED])
def test_save_load_and_copies(name, tmp_path):
    check_kept(CALIBRATED[name], tmp_path)


@pytest.mark.skipif("temperature" not in CALIBRATED, reason="scikit-learn calibrates by no temperature")
def test_log_odds_of_small_probabilities_are_the_ensembles_own():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 3))
    y = np.digitize(X[:, 0] * 1.5 + X[:, 1] * X[:, 2], [-0.5, 1])
    member = MLPClassifier((8,), max_iter=400, learning_rate_init=0.02, random_state=0)
    model = CalibratedClassifierCV(member, method="temperature", cv=2).fit(X, y)
    explanation = AGOPExplainer(model).fit(X)(X, target="all")
    logarithms = np.log(model.predict_proba(X))
    odds = 1.5 * (logarithms - logarithms.mean(axis=1, keepdims=True))
    surest = min(part.estimator.predict_proba(X).min() for part in model.calibrated_classifiers_)
    assert surest < 1e-12, "members are so sure that what is added to their probabilities shows"
    scores = explanation.base_values + explanation.values.sum(axis=1) + explanation.gap
    np.testing.assert_allclose(scores, odds, atol=1e-6)
