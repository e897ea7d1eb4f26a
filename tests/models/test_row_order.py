"""Labels, groups and targets whose index says that they are in another order than the rows are refused."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from agop_tabular import AGOPExplainer, automl
from agop_tabular.baselines import RandomOrder
from agop_tabular.models.row_order import check_row_order


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"], index=[f"row {i}" for i in range(60)])
    y = (X["a"] > 0).astype(int)
    return X, y, y.sample(frac=1, random_state=0)


@pytest.fixture(scope="module")
def explainer(table):
    X, y, _ = table
    return AGOPExplainer(LogisticRegression().fit(X, y)).fit(X)


REFUSED = r"The index of {} has the labels of the rows of X in another order.* give {}.loc\[X.index\]"


@pytest.mark.filterwarnings("ignore")
def test_every_place_that_takes_values_of_rows(table, explainer, tmp_path):
    X, y, mixed = table
    model, explanation, path = explainer.estimator, explainer(X, 1), tmp_path / "report.html"
    calls = {
        "target": [
            lambda values: explainer.explain(X, values),
            lambda values: explainer(X, values),
            lambda values: automl.explain(model, X, X, target=values),
            lambda values: RandomOrder()(model, X, values, X, 0),
        ],
        "y": [
            lambda values: AGOPExplainer(model).fit(X, values),
            lambda values: AGOPExplainer(LogisticRegression()).fit(X, values),
            lambda values: AGOPExplainer(model).partial_fit(X, values),
            lambda values: explainer.report(X, values, path),
            lambda values: automl.report({"one": model, "two": model}, X, X, values, path),
        ],
        "groups": [
            lambda values: explanation.cohorts(values),
            lambda values: explainer.report(X, y, path, groups=values, target=1),
        ],
        "the mask": [lambda values: explanation[values == 1]],
    }
    for name, each in calls.items():
        for call in each:
            with pytest.raises(ValueError, match=REFUSED.format(name, name)):
                call(mixed)
            call(mixed.loc[X.index])
            call(y.to_numpy())
    assert not list(tmp_path.glob("*.tmp"))


def test_other_indices_say_nothing(table):
    X, y, mixed = table
    for fine in (y, y.to_numpy(), list(y), y.reset_index(drop=True), mixed[:30], mixed.rename(str.upper), "all", None):
        check_row_order(fine, X, "y")
        check_row_order(fine, X.to_numpy(), "y")
    twice = X.rename({"row 1": "row 0"})
    check_row_order(mixed.rename({"row 1": "row 0"}), twice, "y")
    with pytest.raises(ValueError, match="another order"):
        check_row_order(mixed.to_frame(), X, "y")
