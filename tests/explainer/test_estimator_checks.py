"""scikit-learn's own contract, every check of it."""

from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from agop_tabular import AGOPExplainer


@parametrize_with_checks(
    [
        AGOPExplainer(MLPClassifier(random_state=0)),
        AGOPExplainer(LogisticRegression()),
        AGOPExplainer(MLPRegressor(random_state=0)),
    ]
)
def test_estimator_check(estimator, check):
    check(estimator)
