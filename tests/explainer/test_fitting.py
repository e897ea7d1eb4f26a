"""prefit=, clones, searches and pipelines around the explainer."""

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    StandardScaler,
)
from skorch import NeuralNetClassifier
from support.nets import MLP
from support.preprocessing import PREPROCESSING, float32, skorch_net

from agop_tabular import AGOPExplainer


class TestFitting:
    def test_unfitted_use(self, net, X):
        for use in ("explain", "transform", "__call__", "predict"):
            with pytest.raises(NotFittedError):
                getattr(AGOPExplainer(net), use)(X)

    def test_no_estimator(self, X):
        with pytest.raises(ValueError, match="needs an estimator"):
            AGOPExplainer().fit(X)

    def test_unfitted_estimator_without_y(self, net, X):
        with pytest.raises(ValueError, match="FrozenEstimator"):
            AGOPExplainer(clone(net)).fit(X)
        with pytest.raises(ValueError, match="FrozenEstimator"):
            clone(AGOPExplainer(net)).fit(X)
        with pytest.raises(AttributeError, match="partial_fit"):
            AGOPExplainer(clone(net)).partial_fit(X)

    def test_prefit(self, net, X):
        y = np.arange(200) % 3
        assert AGOPExplainer(net).fit(X).estimator_ is net
        assert AGOPExplainer(net, prefit=True).fit(X).estimator_ is net
        with pytest.raises(NotFittedError, match="prefit=True"):
            AGOPExplainer(clone(net), prefit=True).fit(X, y)
        again = AGOPExplainer(net, prefit=False).fit(X, y.astype("int64"))
        assert again.estimator_ is not net
        with pytest.raises(ValueError, match="bare torch module cannot be fitted"):
            AGOPExplainer(MLP(6, 2), prefit=False).fit(X, y)

    def test_a_pipeline_of_which_only_the_end_is_fitted(self, net, X):
        model = make_pipeline(StandardScaler(), net)
        with pytest.raises(ValueError, match="is not fitted"):
            AGOPExplainer(model).fit(X)

    def test_frozen_survives_clone_and_cross_validation(self, net, X):
        frozen = clone(AGOPExplainer(FrozenEstimator(net))).fit(X)
        assert frozen.estimator_.estimator is net
        np.testing.assert_array_equal(frozen.explain(X), AGOPExplainer(net).fit(X).explain(X))
        scores = cross_val_score(AGOPExplainer(FrozenEstimator(net)), X, net.predict(X), cv=3)
        np.testing.assert_array_equal(scores, 1.0)

    def test_uninitialized_net(self, X):
        net = NeuralNetClassifier(MLP, module__n_in=6)
        with pytest.raises(ValueError, match="is not fitted"):
            AGOPExplainer(net).fit(X)


def test_fitting_inside(X):
    y = (X[:, 0] > 1).astype(int)
    explainer = AGOPExplainer(MLPClassifier(random_state=0, max_iter=20)).fit(X, y)
    assert explainer.predict(X).shape == (200,)
    assert explainer.predict_proba(X).shape == (200, 2)
    assert explainer.score(X, y) == explainer.estimator_.score(X, y)
    assert not hasattr(explainer, "decision_function")
    assert not hasattr(explainer.estimator, "coefs_")


def test_refit_with_another_model_forgets_the_classes(X):
    explainer = AGOPExplainer(MLP(6, 3)).fit(X)
    assert explainer.classes_.tolist() == [0, 1, 2]
    explainer.set_params(estimator=MLP(6, 1)).fit(X)
    assert not hasattr(explainer, "classes_")


def test_a_stateless_transformer_does_not_retrain_the_model(X):
    class Clip(TransformerMixin, BaseEstimator):
        def fit(self, X, y=None):
            return self

        def transform(self, X):
            return np.clip(X, -2, 2)

    y = (X[:, 0] > 1).astype(int)
    model = make_pipeline(Clip(), LogisticRegression()).fit(X, y)
    assert AGOPExplainer(model).fit(X, 1 - y).estimator_ is model


def test_grid_search_over_rank_does_not_retrain(frame, labels):
    model = make_pipeline(PREPROCESSING["dense one-hot"](), float32(), skorch_net()).fit(frame, labels)
    weights = {k: v.clone() for k, v in model[-1].module_.state_dict().items()}
    explainer = AGOPExplainer(FrozenEstimator(model), method="agop-ixg")
    search = GridSearchCV(explainer, {"rank": [1, 2, 3]}, cv=2).fit(frame, labels)
    assert search.best_estimator_.estimator_.estimator is model
    assert all(torch.equal(v, weights[k]) for k, v in model[-1].module_.state_dict().items())
    assert len(model[-1].history) == 2


def test_as_a_step_of_a_pipeline(X):
    y = (X[:, 0] > 1).astype(int)
    net = MLPClassifier(random_state=0, max_iter=50).fit(X, y)
    explained = make_pipeline(AGOPExplainer(FrozenEstimator(net)), LogisticRegression(max_iter=1000)).fit(X, y)
    attributions = AGOPExplainer(net).fit(X).explain(X)
    np.testing.assert_allclose(explained[0].transform(X), attributions)
    by_hand = LogisticRegression(max_iter=1000).fit(attributions, y)
    np.testing.assert_array_equal(explained.predict(X), by_hand.predict(attributions))
    selector = SelectFromModel(AGOPExplainer(net), threshold=-np.inf, max_features=2).fit(X, y)
    largest = np.sort(np.argsort(selector.estimator_.feature_importances_)[-2:])
    np.testing.assert_array_equal(selector.transform(X), X[:, largest])


def test_set_output(net, X):
    explainer = AGOPExplainer(net).fit(X).set_output(transform="pandas")
    out = explainer.transform(X)
    assert list(out.columns) == [f"x{i}" for i in range(6)] == list(explainer.get_feature_names_out())


def test_a_small_table_goes_through_the_preprocessing_once():
    X = np.random.default_rng(0).standard_normal((1000, 3)).astype(np.float32)
    lengths = []

    def seen(table):
        lengths.append(len(table))
        return table

    step = FunctionTransformer(seen, feature_names_out="one-to-one", check_inverse=False)
    model = make_pipeline(step, skorch_net()).fit(X, np.arange(1000) % 2)
    lengths.clear()
    explainer = AGOPExplainer(model, gate=True).fit(X, np.arange(1000) % 2)
    assert lengths.count(1000) == 1
    assert explainer.gate_.labelled


def test_a_fit_that_fails_leaves_a_fitted_explainer_as_it_was(module, X):
    """Also where it fails after the columns were checked: the new table has another width."""
    explainer = AGOPExplainer(module).fit(X)
    before, attributes = explainer.explain(X), set(vars(explainer))
    with pytest.raises(ValueError, match="cannot be run"):
        explainer.fit(X[:, :4])
    assert set(vars(explainer)) == attributes
    assert explainer.n_features_in_ == X.shape[1]
    np.testing.assert_array_equal(explainer.explain(X), before)
