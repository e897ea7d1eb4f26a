"""The report of a run."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from agop_tabular import automl


@pytest.fixture(scope="module")
def run():
    X, y = load_iris(return_X_y=True, as_frame=True)
    keep = y > 0
    X, y = X[keep], y[keep]
    linear = LogisticRegression(max_iter=1000).fit(X, y)
    return X, y, {"linear": linear, "none <i>": "no model"}


def test_the_first_that_can_be_explained_is_what_it_is_about(tmp_path, run):
    X, y, models = run
    models = {"none <i>": models["none <i>"], "linear": models["linear"]}
    html = automl.report(models, X, X, y, tmp_path / "x.html", n_rows=20).read_text(encoding="utf-8")
    assert "<title>linear: what it predicts, and why</title>" in html
    assert "The models of the run" in html
    assert "none &lt;i&gt;" in html
    assert "not explained: str cannot be explained" in html
    accuracy = (models["linear"].predict(X) == y).mean()
    assert f'<td class="number">{accuracy:.1%}</td>' in html


def test_one_predictor(tmp_path, run):
    X, _, models = run
    html = automl.report(models["linear"], X, X, path=tmp_path / "x.html", title="One").read_text(encoding="utf-8")
    assert "<title>One</title>" in html
    assert "The models of the run" not in html
    assert "its own gradient" in html


def test_a_student_is_said_to_be_one(tmp_path, run):
    X, y, _ = run
    forest = RandomForestClassifier(20, max_depth=2, random_state=0).fit(X, y)
    path = automl.report({"forest": forest}, X, X, y, tmp_path / "x.html", random_state=0, min_fidelity=0.1)
    html = path.read_text(encoding="utf-8")
    assert "How well the student predicts" in html
    assert "It is a student of RandomForestClassifier, and explained in its place." in html
    assert "What is explained is a student of the predictor" in html


def test_what_cannot_be_reported(tmp_path, run):
    X, _, models = run
    path = tmp_path / "x.html"
    with pytest.raises(ValueError, match="None of the predictors can be explained; of 'none <i>'"):
        automl.report({"none <i>": models["none <i>"]}, X, X, path=path)
    with pytest.raises(ValueError, match="no predictors"):
        automl.report({}, X, X, path=path)
    with pytest.raises(ValueError, match="y has 3 labels"):
        automl.report(models["linear"], X, X, np.ones(3), path)
    assert list(tmp_path.iterdir()) == []
