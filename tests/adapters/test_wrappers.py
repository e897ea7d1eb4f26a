"""A search is explained as its best estimator."""

import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier

from agop_tabular import AGOPExplainer


def test_a_search_is_its_winner(X):
    y = (X[:, 0] > 1).astype(int)
    search = GridSearchCV(MLPClassifier(max_iter=5, random_state=0), {"alpha": [0.1, 1]}, cv=2).fit(X, y)
    best = AGOPExplainer(search.best_estimator_).fit(X).explain(X)
    np.testing.assert_array_equal(AGOPExplainer(search).fit(X).explain(X), best)
