"""TrainingGuidedExplainer: the contract of AGOPExplainer, where it applies."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data
from skorch import NeuralNetClassifier
from support.column_swaps import attributions
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.training_guided import TrainingGuidedExplainer, TrajectoryCallback


@pytest.fixture
def data(table):
    return table[0].astype("float32"), table[1]


@pytest.fixture
def net(make_net, data):
    return make_net().fit(*data)


def preparation():
    return make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["age", "income"]),
        (OneHotEncoder(sparse_output=False), ["city", "plan"]),
    )


@pytest.fixture
def pipeline(make_net, frame, labels):
    width = preparation().fit_transform(frame).shape[1]
    net = make_net(n_in=width, n_out=2)
    return make_pipeline(preparation(), FunctionTransformer(np.float32), net).fit(frame, labels)


# Columns and tables -------------------------------------------------------------------------------------------------


def test_one_hot_blocks_are_swapped_as_one_column(pipeline, frame, callback_of):
    """City is four coordinates, whose weights are swapped together; columns that are dropped get zero."""
    explainer = TrainingGuidedExplainer(pipeline).fit(frame)
    found = explainer.explain(frame, target=1)
    assert list(found.columns) == list(frame.columns)
    assert found.index.equals(frame.index)
    net = pipeline.steps[-1][1]
    x = torch.from_numpy(pipeline[:-1].transform(frame))
    blocks = [np.flatnonzero(explainer.feature_map_.column_of == j).tolist() for j in range(frame.shape[1])]
    assert [len(block) for block in blocks] == [1, 1, 3, 0, 2, 0]
    slow = attributions("xtrain", net.module_, callback_of(net).trajectory_, blocks, x, ["0"])[..., 1]
    assert_allclose(found, slow.numpy(), atol=2e-6)
    assert (found[["member", "visits"]] == 0).all(axis=None)


def test_arrays_frames_and_dtypes(net, data):
    X = data[0]
    explainer = TrainingGuidedExplainer(net).fit(X)
    assert explainer.explain(X).dtype == np.float32
    assert explainer.explain(X.astype(float)).dtype == np.float64
    assert explainer.explain(X.round().astype(int)).dtype == np.float64
    frame = pd.DataFrame(X, columns=list("abcde"), index=range(7, 97))
    explainer = TrainingGuidedExplainer(net).fit(frame)
    assert explainer.explain(frame).columns.tolist() == list("abcde")
    assert_array_equal(explainer.feature_names_in_, list("abcde"))
    assert_array_equal(explainer.get_feature_names_out(), list("abcde"))
    with pytest.raises(ValueError, match="feature names should match"):
        explainer.explain(frame[list("edcba")])
    polars = pytest.importorskip("polars")
    assert isinstance(explainer.explain(polars.from_pandas(frame)), polars.DataFrame)


def test_an_explanation_has_what_other_explanations_have(net, data):
    X, y = data
    explainer = TrainingGuidedExplainer(net, class_names=["a", "b", "c"]).fit(X)
    explanation = explainer(X[:5])
    assert explanation.method == "xtrain"
    assert explanation.unit == "score"
    assert_array_equal(explanation.target, net.predict(X[:5]))
    assert explanation.target_names == ("a", "b", "c")
    assert explanation.top(2).shape == (10, 3)
    assert explanation.support is None
    assert "xtrain, score" in explanation._repr_html_()
    with torch.no_grad():
        scores = net.forward(X[:5]).numpy()[np.arange(5), explanation.target]
    assert_allclose(explanation.base_values + explanation.values.sum(axis=1) + explanation.gap, scores, rtol=1e-5)
    assert explainer.score(X, y) == net.score(X, y)
    assert_array_equal(explainer.predict(X), net.predict(X))
    assert_array_equal(explainer.classes_, net.classes_)


def test_a_net_that_is_not_fitted_is_fitted_as_a_clone(make_net, data):
    net = make_net()
    explainer = TrainingGuidedExplainer(net).fit(*data)
    assert not net.initialized_
    assert explainer.explain(data[0]).shape == (90, 5)
    assert len(explainer.trajectory_) == 5
    again = clone(explainer).fit(*data)
    assert again.method == "xtrain"


def test_one_logit_and_a_regressor(train, data):
    X, y = data
    run = train(lambda: nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3)), X, y)
    module = nn.Sequential(run.module, nn.Linear(3, 1)).double()
    with pytest.raises(ValueError, match="target"):
        TrainingGuidedExplainer(module, trajectory=run.trajectory).fit(X).explain(X, target=1)
    found = TrainingGuidedExplainer(module, trajectory=run.trajectory).fit(X)(X)
    assert found.unit == "output"
    assert found.values.shape == (90, 5)


# Parameters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"method": "agop"}, "is not one of 'xtrain'"),
        ({"method": "xstep", "checkpoints": 1}, "checkpoints=1 is not a whole number from 2"),
        ({"checkpoints": 5}, 'checkpoints= has no effect on method="xtrain"'),
        ({"contrast": "auto"}, "contrast='auto' is not True or False"),
        ({"batch_size": 0}, "batch_size=0 is neither"),
        ({"prefit": "yes"}, "prefit='yes'"),
        ({"model_output": "logit"}, "model_output='logit'"),
        ({"class_names": ["a"]}, "has 1 names for the model's 3 scores"),
        ({"device": "nowhere"}, 'device="nowhere" cannot be used'),
        ({"trajectory": 3}, "trajectory= takes"),
    ],
)
def test_bad_parameters_leave_nothing_behind(net, data, params, message):
    explainer = TrainingGuidedExplainer(net, **params)
    before = dict(vars(explainer))
    with pytest.raises((ValueError, TypeError), match=message):
        explainer.fit(data[0])
    assert vars(explainer) == before


def test_no_estimator_no_training_and_no_fit(data):
    with pytest.raises(ValueError, match="needs an estimator"):
        TrainingGuidedExplainer().fit(data[0])
    with pytest.raises(ValueError, match="need the training"):
        TrainingGuidedExplainer(nn.Linear(5, 2)).fit(data[0])
    with pytest.raises(NotFittedError):
        TrainingGuidedExplainer(nn.Linear(5, 2)).explain(data[0])


def test_a_dask_table_is_refused(net, data):
    dask = pytest.importorskip("dask.array")
    with pytest.raises(ValueError, match="takes rows in memory"):
        TrainingGuidedExplainer(net).fit(dask.from_array(data[0]))
    with pytest.raises(ValueError, match="takes rows in memory"):
        TrainingGuidedExplainer(net).fit(data[0]).explain(dask.from_array(data[0]))


def test_the_same_input_gives_the_same_bits_twice_and_the_net_is_as_found(net, data):
    X = data[0]
    state = {k: v.clone() for k, v in net.module_.state_dict().items()}
    explainer = TrainingGuidedExplainer(net).fit(X)
    assert_array_equal(explainer.explain(X), explainer.explain(X))
    assert all(torch.equal(v, net.module_.state_dict()[k]) for k, v in state.items())
    agop = AGOPExplainer(net, method="ixg").fit(X).explain(X)
    assert agop.shape == (90, 5)


# scikit-learn's contract --------------------------------------------------------------------------------------------


class AnyTable(NeuralNetClassifier):
    """A skorch net as scikit-learn's checks need one: it takes any dtype, labels of any type, and its own width."""

    def __init__(self, module=nn.Linear, *, callbacks=None):
        super().__init__(
            module, criterion=nn.CrossEntropyLoss, max_epochs=2, verbose=0, callbacks=callbacks, train_split=None
        )

    def get_params(self, deep=True, **kwargs):
        return {"module": self.module, "callbacks": self.callbacks}

    def fit(self, X, y):
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        self.labels_, codes = np.unique(y, return_inverse=True)
        self.module__in_features, self.module__out_features = X.shape[1], max(2, len(self.labels_))
        torch.manual_seed(0)
        return super().fit(X.astype("float32"), codes.astype("int64"))

    def predict_proba(self, X):
        return super().predict_proba(validate_data(self, X, reset=False).astype("float32"))

    def predict(self, X):
        return self.labels_[self.predict_proba(X)[:, : len(self.labels_)].argmax(axis=1)]

    @property
    def classes_(self):
        return self.labels_


@parametrize_with_checks([TrainingGuidedExplainer(AnyTable(callbacks=[TrajectoryCallback()]))])
def test_estimator_check(estimator, check):
    check(estimator)
