"""TabularMLP and the student network: the net of the pipeline inside, with the user's labels."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from support.model_scores import probabilities, scores

from agop_tabular import AGOPExplainer, automl


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    return pd.DataFrame({"a": rng.standard_normal(300), "kind": rng.choice(["x", "y"], 300)})


def test_a_classifier_has_its_own_labels_and_probabilities(table):
    y = np.where(table["a"] > 0, "yes", "no")
    model = automl.TabularMLPClassifier((8,), max_epochs=2, random_state=0).fit(table, y)
    explainer = AGOPExplainer(model, method="ixg").fit(table)
    assert explainer.classes_.tolist() == ["no", "yes"]
    np.testing.assert_allclose(probabilities(explainer, table), model.predict_proba(table), atol=1e-6)


def test_a_regressor_has_the_units_of_its_target(table):
    model = automl.TabularMLPRegressor((8,), max_epochs=2, random_state=0).fit(table, 1000 * table["a"])
    explainer = AGOPExplainer(model, method="ixg").fit(table)
    np.testing.assert_allclose(scores(explainer, table)[:, 0], model.predict(table), rtol=1e-4, atol=1e-2)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_a_student_has_the_labels_of_its_teacher(table):
    X, y = table[["a"]], np.where(table["a"] > 0, "yes", "no")
    student = automl.Student(random_state=0).fit(RandomForestClassifier(5, random_state=0).fit(X, y), X)
    explainer = AGOPExplainer(student, method="ixg").fit(X)
    assert explainer.classes_.tolist() == ["no", "yes"]
    np.testing.assert_allclose(probabilities(explainer, X), student.predict_proba(X), atol=1e-5)
