"""Pipelines of pipelines, of frozen steps, and of what has no gradient."""

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier
from support.preprocessing import COLUMNS, PREPROCESSING

from agop_tabular import AGOPExplainer


def test_nested_pipelines(frame, labels):
    inner = Pipeline([("scale", StandardScaler()), ("nothing", "passthrough"), ("net", MLPClassifier(random_state=0))])
    outer = Pipeline([("encode", PREPROCESSING["dense one-hot"]()), ("none", None), ("model", inner)])
    outer.fit(frame, labels)
    flat = make_pipeline(outer[0], inner[0], inner[2])
    nested, plain = AGOPExplainer(outer).fit(frame), AGOPExplainer(flat).fit(frame)
    np.testing.assert_array_equal(nested.explain(frame).to_numpy(), plain.explain(frame).to_numpy())


def test_frozen_steps(frame, labels):
    model = make_pipeline(
        FrozenEstimator(PREPROCESSING["dense one-hot"]().fit(frame, labels)), MLPClassifier(random_state=0, max_iter=10)
    ).fit(frame, labels)
    explainer = AGOPExplainer(FrozenEstimator(model)).fit(frame)
    assert list(explainer.explain(frame).columns) == COLUMNS


def test_ensembles_of_trees_are_refused(X):
    y = (X[:, 0] > 1).astype(int)
    with pytest.raises(TypeError, match="RandomForestClassifier cannot be explained"):
        AGOPExplainer(RandomForestClassifier(5).fit(X, y)).fit(X)
    with pytest.raises(TypeError, match="DecisionTreeClassifier cannot be explained"):
        AGOPExplainer(VotingClassifier([("a", DecisionTreeClassifier())], voting="soft").fit(X, y)).fit(X)


@pytest.fixture
def imblearn():
    pytest.importorskip("imblearn")
    from imblearn import over_sampling, pipeline, under_sampling

    return (
        pipeline.make_pipeline,
        over_sampling.SMOTE(random_state=0),
        under_sampling.RandomUnderSampler(random_state=0),
    )


def test_samplers_are_passed_over(imblearn, X):
    build, over, under = imblearn
    y = (X[:, 0] > 2).astype(int)
    for steps in ((StandardScaler(), over), (over, StandardScaler()), (under, StandardScaler(), over)):
        model = build(*steps, LogisticRegression()).fit(X, y)
        explanation = AGOPExplainer(model).fit(X)(X)
        total = explanation.values.sum(axis=1) + explanation.base_values
        np.testing.assert_allclose(total, np.abs(model.decision_function(X)), rtol=1e-4, atol=1e-4)
        assert AGOPExplainer(model, prefit=True).fit(X).estimator_ is model
    unfitted = build(StandardScaler(), over, LogisticRegression())
    assert AGOPExplainer(unfitted).fit(X, y).explain(X).shape == X.shape


def test_samplers_inside_a_column_transformer_and_a_pipeline(imblearn, X):
    build, over, _ = imblearn
    y = (X[:, 0] > 2).astype(int)
    same = pytest.importorskip("imblearn").FunctionSampler()
    scaled = ColumnTransformer([("some", build(same, StandardScaler()), [0, 1])], remainder="passthrough")
    model = make_pipeline(scaled, build(over, LogisticRegression())).fit(X, y)
    plain = make_pipeline(model[0], model[1][-1])
    np.testing.assert_allclose(AGOPExplainer(model).fit(X).explain(X), AGOPExplainer(plain).fit(X).explain(X))
