"""One score of each row, and the same for all rows."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPRegressor

from agop_tabular import AGOPExplainer
from agop_tabular.results.one_target import (
    explained_name,
    one_target,
    place_among,
    place_of_target,
    predicts_classes,
    same_target,
    with_score,
)


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


@pytest.mark.parametrize("n_classes", [2, 3])
def test_names_that_are_labels_of_other_classes(rng, n_classes):
    X = rng.normal(size=(300, 2))
    y = np.digitize(X[:, 0], [-0.5, 0.5][: n_classes - 1]).astype(str)
    names = ["1", "0"] if n_classes == 2 else ["1", "2", "0"]
    explainer = AGOPExplainer(LogisticRegression().fit(X, y), class_names=names).fit(X)
    every, predicted = explainer(X, target="all"), explainer(X)
    expected = [names[int(label)] for label in explainer.predict(X)]
    for one in (one_target(every), predicted):
        assert one.row_targets().tolist() == expected
    for place, label in enumerate(map(str, range(n_classes))):
        own = explainer(X, target=label)
        assert set(own.row_targets()) == {names[place]}
        agree(one_target(every, label), own)
        agree(with_score(every, place), own)
        if n_classes == 2:
            agree(one_target(predicted, label), own)
    assert explained_name(same_target(predicted)) == (None if n_classes == 3 else names[1])
    assert f"predicts {expected[7]} for row 7, with probability" in every.to_text(7)
    assert every.to_frame(long=True)["target"].tolist()[: 2 * n_classes] == list(np.repeat(names, 2))


@pytest.mark.parametrize("labels", [[0.0, 1.0], [False, True], [0, 1]])
@pytest.mark.parametrize("target", [1, 1.0, True, np.float32(1)])
def test_a_number_is_the_label_that_equals_it(labels, target):
    X = np.random.default_rng(0).normal(size=(200, 3))
    explainer = AGOPExplainer(LogisticRegression().fit(X, np.array(labels)[(X[:, 0] > 0).astype(int)])).fit(X)
    every = explainer(X[:5], target="all")
    for explanation in (every, explainer(X[:5], target=target)):
        assert place_of_target(explanation, target) == 1
        np.testing.assert_array_equal(one_target(explanation, target).values, every.values[:, :, 1])
    assert explainer.effects_.target_index(target) == 1
    with pytest.raises(ValueError, match="target 2 is not one of"):
        place_of_target(every, 2)


def test_text_that_is_no_number_is_none():
    assert place_among(1, ("no", "yes"), ("no", "yes")) is None
    assert place_among("1", ("1.0", "0.0"), ("b", "1")) == 1
