"""The refusal that a student is taught for is of both kinds that scikit-learn's users catch."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from agop_tabular import AGOPExplainer
from agop_tabular.models.no_gradient import NoGradientError


@pytest.mark.parametrize("model", [RandomForestClassifier(5), make_pipeline(PCA(), LogisticRegression())])
def test_models_whose_columns_have_no_gradient(model):
    X = np.random.default_rng(0).normal(size=(60, 3))
    explainer = AGOPExplainer(model.fit(X, X[:, 0] > 0))
    for kind in (NoGradientError, TypeError, ValueError):
        with pytest.raises(kind):
            explainer.fit(X)


def test_a_broken_row_is_no_such_refusal():
    X = np.random.default_rng(0).normal(size=(60, 3))
    model = LogisticRegression().fit(X, X[:, 0] > 0)
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN") as raised:
        AGOPExplainer(model).fit(X)
    assert not isinstance(raised.value, NoGradientError)
