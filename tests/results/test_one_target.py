"""One score of each row, and the same for all rows."""

import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from agop_tabular import AGOPExplainer
from agop_tabular.results.one_target import explained_name, one_target, predicts_classes, same_target


@pytest.fixture
def two(explainer, frame):
    return AGOPExplainer(explainer.estimator, class_names=["stays", "leaves"]).fit(frame)


def agree(one, other):
    for field in ("values", "base_values", "support", "probabilities", "gap"):
        if getattr(one, field) is not None:
            np.testing.assert_allclose(getattr(one, field), getattr(other, field), atol=1e-5, err_msg=field)
    assert one.row_targets().tolist() == other.row_targets().tolist()
    assert one.predictions.tolist() == other.predictions.tolist()


@pytest.mark.parametrize("unit", ["raw", "probability"])
def test_rows_of_two_classes_turn_to_one(two, frame, unit):
    two = two.set_params(model_output=unit).fit(frame)
    predicted = two(frame)
    assert explained_name(predicted) is None
    for label, name in (("yes", "leaves"), ("no", "stays")):
        agree(one_target(predicted, name), two(frame, target=label))
        agree(one_target(predicted, label), two(frame, target=label))
    turned = same_target(predicted)
    assert explained_name(turned) == "leaves"
    agree(turned, two(frame, target="yes"))


def test_one_of_all(two, frame):
    every = two(frame, target="all")
    agree(one_target(every, "yes"), two(frame, target="yes"))
    agree(one_target(every), two(frame))
    with pytest.raises(ValueError, match="target 'maybe' is not one of 'stays', 'leaves'"):
        one_target(every, "maybe")


def test_published_methods_do_not_mirror(explainer, frame):
    explanation = explainer(frame)
    with pytest.raises(ValueError, match="explainer\\(X, target='yes'\\)"):
        one_target(explanation, "yes")
    assert same_target(explanation) is explanation


def test_outputs_are_no_classes(X):
    explainer = AGOPExplainer(MLPRegressor(max_iter=20, random_state=0).fit(X, X[:, :2])).fit(X)
    every = explainer(X, target="all")
    assert not predicts_classes(every)
    with pytest.raises(ValueError, match="none is predicted: choose one with target="):
        one_target(every)
    agree(one_target(every, 1), explainer(X, target=1))
