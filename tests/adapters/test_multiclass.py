"""OneVsRestClassifier of networks and linear models, against its own probabilities."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from support.ensembles import check_kept, check_near_shapley_values, check_probabilities, data, mlp
from support.model_scores import probabilities

from agop_tabular import AGOPExplainer
from agop_tabular.models.no_gradient import NoGradientError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("member", [mlp(), LogisticRegression()])
def test_probabilities(member):
    check_probabilities(OneVsRestClassifier(member), 3)


def test_two_classes_are_those_of_the_only_member():
    X, y = data(2)
    model = OneVsRestClassifier(mlp()).fit(X, np.array(["no", "yes"])[y])
    explainer = AGOPExplainer(model).fit(X)
    assert_allclose(probabilities(explainer, X), model.predict_proba(X), atol=1e-9)
    assert explainer(X[:20]).target.tolist() == model.predict(X[:20]).tolist()
    alone = AGOPExplainer(model.estimators_[0]).fit(X)
    assert_allclose(explainer.explain(X, "yes"), alone.explain(X, 1))


def test_shapley_values():
    check_near_shapley_values(OneVsRestClassifier(mlp()))


@pytest.mark.filterwarnings("ignore")
def test_kept(tmp_path):
    check_kept(OneVsRestClassifier(mlp()), tmp_path)


@pytest.mark.filterwarnings("ignore")
def test_refused():
    X, y = data(3)
    with pytest.raises(NoGradientError, match="several labels a row"):
        AGOPExplainer(OneVsRestClassifier(LogisticRegression()).fit(X, (X[:, :2] > 0).astype(int))).fit(X)
    with pytest.raises(NoGradientError, match="is a regressor"):
        AGOPExplainer(OneVsRestClassifier(LinearRegression()).fit(X, y)).fit(X)
