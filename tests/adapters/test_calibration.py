"""Calibrated classifiers: their own probabilities, as one network."""

import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.utils.fixes import parse_version
from support.ensembles import check_kept, check_near_shapley_values, check_probabilities, mlp

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CALIBRATED = {
    "sigmoid": CalibratedClassifierCV(mlp(), cv=3),
    "isotonic": CalibratedClassifierCV(LogisticRegression(), method="isotonic", cv=3),
    "temperature": CalibratedClassifierCV(mlp(), method="temperature", cv=3),
    "temperature of decisions": CalibratedClassifierCV(LogisticRegression(), method="temperature", ensemble=False),
}
if parse_version(sklearn.__version__) < parse_version("1.8"):  # which calibrates by no temperature
    CALIBRATED = {name: model for name, model in CALIBRATED.items() if model.method != "temperature"}


@pytest.mark.filterwarnings("ignore:The network's gradients are not")  # isotonic calibration has steps
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", CALIBRATED)
def test_probabilities_are_the_ensembles_own(name, n_classes):
    check_probabilities(CALIBRATED[name], n_classes)


@pytest.mark.parametrize("name", ["sigmoid"])
def test_near_the_ensembles_shapley_values(name):
    check_near_shapley_values(CALIBRATED[name])


@pytest.mark.filterwarnings("ignore:The network's gradients are not")
@pytest.mark.parametrize("name", [name for name in ("sigmoid", "isotonic", "temperature") if name in CALIBRATED])
def test_save_load_and_copies(name, tmp_path):
    check_kept(CALIBRATED[name], tmp_path)
